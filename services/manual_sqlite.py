"""The hand procedure's two parts that are about a SQLite file: dumped, and put back from a dump."""

from __future__ import annotations

from collections.abc import Callable

from services.commands import words
from services.commands.command import Word, command
from services.projects import Project, SqliteDatabase

STAMP = "$(date -u +%Y%m%d-%H%M%S)"
_DUMP = (
    "import shutil,sqlite3,sys,tempfile;p=tempfile.mkdtemp()+'/x';"
    "a=sqlite3.connect('file:'+sys.argv[1]+'?mode=rw',uri=True);b=sqlite3.connect(p);a.backup(b);b.close();"
    "shutil.copyfileobj(open(p,'rb'),sys.stdout.buffer)"
)
_UNPACKED = "s=sys.stdin.buffer;g=gzip.open(s) if s.peek(2)[:2]==b'\\x1f\\x8b' else s;"
_PROVE = "bad=sqlite3.connect('file:'+p+'?immutable=1',uri=True).execute('PRAGMA integrity_check').fetchone()!=('ok',);bad and sys.exit('NOT WHOLE');"
_CHECK = (
    "import gzip,shutil,sqlite3,sys,tempfile;p=tempfile.mkdtemp()+'/x';"
    f"{_UNPACKED}shutil.copyfileobj(g,open(p,'wb'));{_PROVE}"
)
_LOAD = (
    "import gzip,os,shutil,sqlite3,sys;live,p,old=sys.argv[1:];st=os.stat(live);"
    f"{_UNPACKED}shutil.copyfileobj(g,open(p,'xb'));{_PROVE}"
    "os.chmod(p,st.st_mode&0o7777);os.chown(p,st.st_uid,st.st_gid);os.link(live,old);"
    "[os.rename(live+e,old+e) for e in ('-wal','-journal','-shm') if os.path.exists(live+e)];os.replace(p,live)"
)

Compose = Callable[..., str]
"""Makes a Compose command for the shell of its words."""


def _line(*argv: Word) -> str:
    return command(*argv).render()


def _and(*lines: str) -> str:
    return " &&\n  ".join(lines)


def _python(database: SqliteDatabase, compose: Compose, program: str) -> str:
    """The program in a container that sees the service's volumes, whether the service runs or not."""
    service = words.service(database.service)
    if database.tools_image is None:
        return compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "python3", service, "-c", program)
    seen = f'"$({compose("ps", "--all", "--quiet", service)} | head -n 1)"'
    image = words.image_name(database.tools_image)
    inner = _line("--entrypoint", "python3", image, "-c", program)
    return f"docker run --rm -i --network none --volumes-from {seen} {inner}"


def dump(project: Project, database: SqliteDatabase, enter: str, compose: Compose) -> tuple[str, ...]:
    """R-DB-3: the checksum is printed only when the copy was made and integrity_check found it whole."""
    folder = project.backup_dir / "database"
    return (
        _and(
            enter,
            _line("mkdir", "-p", "-m", 700, "--", project.backup_dir, folder),
            f"DUMP={_line(folder)}/by-hand-{STAMP}.dump",
            f'{_python(database, compose, _DUMP)} {database.file} < /dev/null > "$DUMP.part"',
            f'{_python(database, compose, _CHECK)} < "$DUMP.part"',
            'mv -- "$DUMP.part" "$DUMP"',
            'sha256sum -- "$DUMP"',
        ),
    )


def load(project: Project, database: SqliteDatabase, enter: str, compose: Compose) -> tuple[str, ...]:
    """R-DB-5: into a new file first, proven; then it takes the place of the old one, which is kept beside it."""
    service, folder = words.service(database.service), project.backup_dir / "database"
    names = f'{database.file} {database.file}.by_hand_"$AT" {database.file}.before_"$AT"'
    return (
        _line("ls", "-lt", "--", folder),
        f"DUMP={_line(folder / 'NAME-OF-THE-DUMP')}",
        _and(
            'ls -l -- "$DUMP"',
            '[ -f "$DUMP" ]',
            enter,
            f"AT={STAMP}",
            compose("stop", service) + " < /dev/null",
            f'{_python(database, compose, _LOAD)} {names} < "$DUMP"',
            "echo THE DUMP SERVES",
        ),
        _and(enter, compose("start", service) + " < /dev/null"),
    )
