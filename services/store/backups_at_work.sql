-- When a schedule last came due and was taken up: what was missed is caught up once.
CREATE TABLE schedules (
    project TEXT NOT NULL,
    job     TEXT NOT NULL,
    due_at  REAL NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, job)
) STRICT;

-- R-DB-6: what became of each migration script. The host has the same beside its releases; it is the truth.
CREATE TABLE migrations (
    project TEXT NOT NULL,
    script  TEXT NOT NULL,
    at      REAL NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, script)
) STRICT;
