"""The file with the keys of S3-compatible storage, as AWS's tools write it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from services.projects import Project, S3Target
from services.redaction import Redactor


def credentials(file: Path) -> tuple[str, SecretStr]:
    """The two keys of a file as AWS's tools write it: `[default]`, aws_access_key_id, aws_secret_access_key.

    Raises ValueError, which says what is wrong and repeats nothing of the file.
    """
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{file} does not exist; write the two keys into it, chmod 600") from None
    except (OSError, UnicodeDecodeError, ConfigError):
        raise ValueError(
            f"{file} cannot be read as an AWS credentials file: [default] and key = value lines"
        ) from None
    section = "default" if parser.has_section("default") else next(iter(parser.sections()), "")
    names = ("aws_access_key_id", "aws_secret_access_key")
    values = [parser.get(section, name, fallback="").strip() for name in names]
    for name, value in zip(names, values, strict=True):
        if not value:
            raise ValueError(f"{file} has no {name} in [default]")
    return values[0], SecretStr(values[1])


Learn = Callable[[str | SecretStr], None]
"""Is told what must never reach a log or a chat."""


def untold(_secret: str | SecretStr) -> None:
    """Where nothing is logged."""


def usable(file: Path) -> tuple[str, SecretStr]:
    """The two keys as they are now. Raises ValueError, also for a file that others can read."""
    if problem := credentials_problem(file):
        raise ValueError(problem)
    return credentials(file)


def learn_keys(project: Project, redactor: Redactor) -> None:
    """The secrets never reach a log or a chat. A file that is bad by now is told when it is used."""
    for target in project.backups.offsite.values():
        if isinstance(target, S3Target):
            with suppress(ValueError):
                for one in credentials(target.credentials):
                    redactor.add(one)


def credentials_problem(file: Path) -> str | None:
    """What is wrong with a file of keys, or None. The same demands that ssh makes of a private key."""
    try:
        seen = file.stat()
        if seen.st_uid == os.getuid() and seen.st_mode & 0o077:
            return f"{file} can be read by others (mode {stat.S_IMODE(seen.st_mode):o}); chmod 600 {file}"
        credentials(file)
    except FileNotFoundError:
        return f"{file} does not exist; write the two keys into it, chmod 600"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    return None
