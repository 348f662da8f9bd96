"""Schedules: when backups and drills come due, and the loop that begins them, exactly once each."""
