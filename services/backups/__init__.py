"""Database backups: made, proven, copied, kept for as long as the rules say."""
