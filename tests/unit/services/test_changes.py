from __future__ import annotations

import pytest

from services.changes import EnvChanges, compare, env_changes, is_backend_input


def manifest(**files: str) -> bytes:
    lines = (f"{content * 64}  644  {path}\n" for path, content in sorted(files.items()))
    return "".join(lines).encode()


OLD = {"mobile/app.json": "1", "mobile/a.ts": "2", "backend/app.py": "3", "README": "4"}


def test_files_that_came_changed_or_went_are_counted_by_area() -> None:
    new = OLD | {"mobile/app.json": "9", "mobile/b.ts": "5", "backend/scripts/x.py": "6", "VERSION": "7"}
    del new["mobile/a.ts"]
    changes = compare(manifest(**OLD), manifest(**new))
    assert changes.areas == {"mobile": 3, "": 1, "backend": 1}
    assert list(changes.areas) == ["mobile", "", "backend"]
    assert (changes.frontend, changes.backend_inputs, changes.known) == (3, 1, True)


def test_another_mode_is_a_change() -> None:
    old = manifest(**OLD)
    assert compare(old, old.replace(b"  644  README", b"  755  README")).areas == {"": 1}


def test_the_same_manifest_changes_nothing() -> None:
    changes = compare(manifest(**OLD), manifest(**OLD))
    assert (changes.areas, changes.frontend, changes.known) == ({}, 0, True)


def test_on_a_first_deploy_everything_is_new() -> None:
    assert compare(b"", manifest(**OLD)).areas == {"mobile": 2, "": 1, "backend": 1}


def test_without_the_deployed_manifest_nothing_is_known() -> None:
    changes = compare(None, manifest(**OLD))
    assert (changes.known, changes.areas) == (False, {})


def test_names_with_spaces_and_other_letters_are_whole() -> None:
    new = manifest(**{"mobile/a  b.ts": "1", "données/é": "2"})
    assert compare(b"", new).areas == {"données": 1, "mobile": 1}


def test_data_files_and_scripts_of_the_backend_count_and_its_code_does_not() -> None:
    """R-FE-4."""
    yes = (
        "backend/plans.csv",
        "backend/data/a.json",
        "backend/x.sql",
        "backend/scripts/seed.py",
        "scripts/a.sh",
        "plans.csv",
    )
    no = ("backend/app.py", "mobile/app.json", "main.py", "backendx/a.csv", "docs/scripts/a.py", "db/a.sql")
    assert [path for path in (*yes, *no) if is_backend_input(path)] == list(yes)


@pytest.mark.parametrize("copies", [("db", "data/*.csv"), (".",)])
def test_data_that_the_backends_image_has_counts_wherever_it_lies(copies: tuple[str, ...]) -> None:
    """R-FE-4. The app's own JSON is built into the frontend, also where the backend copies all there is."""
    yes = ("data/plans.csv", "db/init.sql")
    no = ("mobile/app.json", "data/notes.txt", "db/tools/a.py")
    assert [path for path in (*yes, *no) if is_backend_input(path, copies)] == list(yes)
    changed = compare(b"", manifest(**dict.fromkeys((*yes, *no), "1")), copies)
    assert changed.backend_inputs == 2


def test_migrations_that_are_new_are_told_from_those_that_changed() -> None:
    """R-DB-6."""
    old = OLD | {
        "scripts/migrate_1.py": "1",
        "scripts/migrate_2.py": "2",
        "backend/scripts/migrate_0.py": "3",
    }
    new = old | {
        "scripts/migrate_2.py": "9",
        "scripts/migrate_4.py": "4",
        "backend/scripts/migrate_3.py": "5",
    }
    del new["scripts/migrate_1.py"]
    changes = compare(manifest(**old), manifest(**new))
    assert changes.migrations == ("backend/scripts/migrate_3.py", "scripts/migrate_4.py")
    assert changes.migrations_changed == ("scripts/migrate_2.py",)


def test_another_mode_is_no_other_migration() -> None:
    """R-DB-6."""
    old = manifest(**{"scripts/migrate_1.py": "1"})
    changes = compare(old, old.replace(b"  644  ", b"  755  "))
    assert (changes.areas, changes.migrations, changes.migrations_changed) == ({"scripts": 1}, (), ())


def test_only_migrate_files_of_the_two_scripts_folders_are_migrations() -> None:
    """R-DB-6."""
    no = (
        "migrate_1.py",
        "backend/migrate_1.py",
        "mobile/scripts/migrate_1.py",
        "scripts/old/migrate_1.py",
        "scripts/migrate_1.sql",
        "scripts/seed_1.py",
        "scripts/not_migrate_1.py",
    )
    assert compare(b"", manifest(**dict.fromkeys(no, "1"))).migrations == ()


def test_without_the_deployed_manifest_every_migration_counts() -> None:
    """R-DB-6."""
    changes = compare(None, manifest(**{"scripts/migrate_1.py": "1"}))
    assert (changes.known, changes.migrations) == (False, ("scripts/migrate_1.py",))


def test_env_changes_are_names_by_what_became_of_them() -> None:
    """R-FE-2."""
    assert env_changes({"A": "1", "B": "2", "D": "4"}, {"A": "1", "B": "3", "C": "4"}) == EnvChanges(
        added=("C",), changed=("B",), removed=("D",)
    )
    assert env_changes(None, {"A": "1"}) is None
