"""`git` on Opsgate's own machine, as typed builders.

A ref from chat passes `words.git_ref` and stands behind `--end-of-options`, so it can be neither an option nor an
expression of several revisions.
"""

from __future__ import annotations

from pathlib import Path

from services.commands import words
from services.commands.command import Command, command
from services.projects import Word

FIELD, RECORD = "\x1f", "\x1e"
_FORMAT = "--format=%H%x1f%an%x1f%s%x1e"


def init_mirror(directory: Path) -> Command:
    return command("git", "init", "--bare", "--quiet", "--", str(directory))


def fetch(directory: Path, url: Word) -> Command:
    """Brings branches and tags of the repository, forgetting those that are gone there. The URL may hold credentials."""
    if url.startswith("-"):
        raise ValueError("not the address of a repository")
    refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    return _in(directory, "fetch", "--quiet", "--force", "--prune", "--no-auto-gc", "--", url, *refs)


def resolve(directory: Path, ref: str) -> Command:
    """Prints the full id of the commit a ref names; exit status other than 0 when there is none."""
    return _in(
        directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{words.git_ref(ref)}^{{commit}}"
    )


def read_tree(directory: Path, commit: str) -> Command:
    """Fills the index (GIT_INDEX_FILE, a fresh one) with the commit's files."""
    return _in(directory, "read-tree", words.commit(commit))


def export(directory: Path, destination: Path) -> Command:
    """Writes the index out as files, the way a checkout does; `git archive` would leave out what .gitattributes says."""
    tree = ("--git-dir", str(directory.absolute()), "--work-tree", str(destination.absolute()))
    return command("git", "-C", str(destination), *tree, "checkout-index", "--all", "--quiet")


def branch_head(directory: Path, branch: str) -> Command:
    """Prints the branch's newest commit; exit status other than 0 when there is no such branch."""
    ref = f"refs/heads/{words.git_ref(branch)}^{{commit}}"
    return _in(directory, "rev-parse", "--verify", "--quiet", ref)


def entry(directory: Path, commit: str, path: str) -> Command:
    """One entry, as `listing` prints it; nothing when there is none."""
    return _in(directory, "ls-tree", "-z", "--full-tree", words.commit(commit), "--", path)


def blob(directory: Path, blob: str) -> Command:
    return _in(directory, "cat-file", "blob", words.commit(blob))


def store_blob(directory: Path) -> Command:
    """Keeps its input as it is and prints its id."""
    return _in(directory, "hash-object", "-w", "--stdin", "--no-filters")


def put_entry(directory: Path, mode: str, blob: str, path: str) -> Command:
    """Changes one file of the index (GIT_INDEX_FILE)."""
    return _in(directory, "update-index", "--cacheinfo", f"{mode},{words.commit(blob)},{path}")


def write_tree(directory: Path) -> Command:
    """Keeps the index (GIT_INDEX_FILE) as a tree and prints its id."""
    return _in(directory, "write-tree")


def commit_tree(directory: Path, tree: str, parent: str, message: str) -> Command:
    """Makes a commit that no ref names yet and prints its id."""
    return _in(directory, "commit-tree", "-p", words.commit(parent), "-m", message, words.commit(tree))


def push(directory: Path, url: Word, commit: str, branch: str) -> Command:
    """Moves a branch of the repository forward to the commit, and nothing else; never by force."""
    if url.startswith("-"):
        raise ValueError("not the address of a repository")
    only = ("--quiet", "--no-force", "--no-follow-tags", "--recurse-submodules=no", "--no-verify")
    return _in(
        directory, "push", *only, "--", url, f"{words.commit(commit)}:refs/heads/{words.git_ref(branch)}"
    )


def listing(directory: Path, commit: str) -> Command:
    """All entries, NUL-terminated: `<mode> <type> <id>TAB<path>`."""
    return _in(directory, "ls-tree", "-r", "-z", "--full-tree", words.commit(commit))


def log(directory: Path, commit: str, since: str | None = None, *, limit: int) -> Command:
    """Commits that `commit` has and `since` has not, newest first: id, author, subject by FIELD, ended by RECORD."""
    return _in(directory, "log", _FORMAT, f"--max-count={limit:d}", _range(commit, since), "--")


def count(directory: Path, commit: str, since: str) -> Command:
    return _in(directory, "rev-list", "--count", _range(commit, since), "--")


def _range(commit: str, since: str | None) -> str:
    return words.commit(commit) if since is None else f"{words.commit(since)}..{words.commit(commit)}"


def head(directory: Path) -> Command:
    return _in(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def status(directory: Path) -> Command:
    """Changed and untracked files below the directory, NUL-terminated; nothing when it is clean."""
    return _in(directory, "status", "--porcelain", "-z", "--untracked-files=normal", "--", ".")


def _in(directory: Path, *rest: str) -> Command:
    return command("git", "-C", str(directory), *rest)
