"""Database dumps as files on the host, below <path>_backup/database. Only names that Opsgate makes itself."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from services.backups.models import Backup
from services.commands.command import Command, command

_MADE = re.compile(r"db-[0-9]{8}-[0-9]{6}-[a-z0-9]{4}\.dump")
_MARK = re.compile(r"[a-z0-9-]{1,40}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\.dump(\.part)?")


def _dump(path: PurePosixPath) -> PurePosixPath:
    if not path.is_absolute() or path.parent.name != "database" or not _NAME.fullmatch(path.name):
        raise ValueError(f"{path} is not a dump in a database/ folder")
    return path


def folder(path: PurePosixPath) -> Command:
    """Makes the folder, readable by its owner only; the safety copy's folder above it too."""
    if not path.is_absolute() or path.name != "database":
        raise ValueError(f"{path} is not a database/ folder")
    return command("mkdir", "-p", "-m", "700", "--", path.parent, path)


def sha256(path: PurePosixPath) -> Command:
    """Prints `<hash>  <path>`."""
    return command("sha256sum", "--", _dump(path))


def size(path: PurePosixPath) -> Command:
    """Prints the size in bytes."""
    return command("stat", "-c", "%s", "--", _dump(path))


def sizes(path: PurePosixPath) -> Command:
    """`<bytes> <path>` of every finished dump in the folder; exit status 1 when there is no such folder."""
    if not path.is_absolute() or path.name != "database":
        raise ValueError(f"{path} is not a database/ folder")
    only = ("-maxdepth", 1, "-type", "f", "-name", "*.dump")
    return command("find", path, *only, "-exec", "stat", "-c", "%s %n", "{}", "+")


def forgotten(path: PurePosixPath) -> Command:
    """The path of every dump in the folder, also in the making, that nobody wrote to for a day."""
    if not path.is_absolute() or path.name != "database":
        raise ValueError(f"{path} is not a database/ folder")
    return command("find", path, "-maxdepth", 1, "-type", "f", "-name", "db-*.dump*", "-mmin", "+1440")


def finish(part: PurePosixPath) -> Command:
    """Gives a proven dump its name; it was `….dump.part` before."""
    if part.suffix != ".part":
        raise ValueError(f"{part} is not a dump in the making")
    return command("mv", "-f", "--", _dump(part), _dump(part.with_suffix("")))


def damaged(path: PurePosixPath, mark: str) -> PurePosixPath:
    """What a dump is called that is not what was proven any more. Raises ValueError."""
    if not _MARK.fullmatch(mark):
        raise ValueError(f"{mark} does not name an operation")
    return path.with_name(f"{_dump(path).name}.damaged-{mark}")


def set_aside(path: PurePosixPath, mark: str) -> Command:
    """Gives a damaged dump a name that says so. What has that name already stays, and then the dump does too."""
    return command("mv", "-n", "-T", "--", path, damaged(path, mark))


def discard(part: PurePosixPath) -> Command:
    """Removes a dump in the making."""
    if part.suffix != ".part":
        raise ValueError(f"{part} is not a dump in the making")
    return command("rm", "-f", "--", _dump(part))


def made_by(path: PurePosixPath) -> str | None:
    """The id of the operation that made this dump, or was making it; None for any name that is not Opsgate's own."""
    name = path.name.removesuffix(".part")
    return f"op-{name.removeprefix('db-').removesuffix('.dump')}" if _MADE.fullmatch(name) else None


def remove(path: PurePosixPath) -> Command:
    """Removes a finished dump that Opsgate made and its manifest, gone already or not. Raises ValueError for any other name."""
    if not _MADE.fullmatch(path.name):
        raise ValueError(f"{path} is not a dump that Opsgate made")
    return command("rm", "-f", "--", _dump(path), path.with_suffix(".json"))


def remove_copied(backup: Backup) -> Command:
    """Removes the host's dump, whose very bytes, or their encrypted form, lie elsewhere. Raises ValueError where they do not."""
    same = (backup.size, backup.sha256)
    elsewhere = (one for one in backup.copies if one.where != "host")
    if not any(one.encrypted or (one.size, one.sha256) == same for one in elsewhere):
        raise ValueError(f"no other copy of {backup.id} is known")
    if backup.host_file.name != f"{backup.id}.dump":
        raise ValueError(f"{backup.host_file} is not the dump of {backup.id}")
    return remove(backup.host_file)


def exists(path: PurePosixPath) -> Command:
    """Exit status 0 when the dump is there, 1 when not."""
    return command("test", "-f", _dump(path))
