"""A proven backup put back (R-DB-5): loaded beside the live database, checked, swapped in by rename, undone in seconds."""
