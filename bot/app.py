"""The composition root: builds every service once, owns their lifetimes, starts and drains."""
