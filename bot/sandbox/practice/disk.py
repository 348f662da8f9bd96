"""`df` as the practice host's commands find it: the real one, and with a flag file a disk that is full."""

import shlex
from pathlib import Path

FLAG = "disk-full"
_FREE_KB = 5 * 1024
_DF = """#!/bin/sh
# The system's df; while FLAG exists it tells of a full disk. Of df's options only -P and -k are known then.
PATH={path}
flag={flag}
[ -e "$flag" ] || exec df "$@"
for word; do
    case "$word" in
        -P | -k | -Pk | -kP) ;;
        -*)
            printf 'df: the practice host cannot tell of a full disk with %s, only with -Pk\\n' "$word" >&2
            exit 2
            ;;
    esac
done
table=$(df -Pk "$@") || exit
printf '%s\\n' "$table" | awk -v free={free} '
    NR == 1 {{ print; next }}
    {{ $3 = ($2 > free ? $2 - free : 0); $4 = free; $5 = "100%"; print }}'
"""


def write_df(folder: Path, flag: Path, system_path: str) -> None:
    """Puts a `df` into a folder of commands; it lies while `flag` exists."""
    file = folder / "df"
    file.write_text(_DF.format(path=shlex.quote(system_path), flag=shlex.quote(str(flag)), free=_FREE_KB))
    file.chmod(0o755)
