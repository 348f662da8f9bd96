"""What is done to a SQLite file, carried out by the python3 of a container (services.commands.sqlite).

A program of its own: only the standard library, nothing newer than Python 3.8, nothing of the rest of Opsgate.
Exit statuses: 1 no whole SQLite database, 64 asked wrongly, 66 not there, 73 no room, 75 busy, 77 not allowed.
"""
