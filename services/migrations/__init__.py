"""R-DB-6: the migration scripts of the deployed release: what became of each, and running them. Never re-run by itself."""
