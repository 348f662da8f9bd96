"""Restore drills: a backup restored into a scratch database, compared with its record, dropped again."""
