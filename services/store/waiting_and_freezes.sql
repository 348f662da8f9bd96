-- An operation may wait for the one that runs. SQLite cannot widen a CHECK, so the table is made anew.
CREATE TABLE operations_anew (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    project      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'waiting', 'queued', 'running', 'succeeded', 'failed',
                                                'rolled_back', 'needs_human', 'dismissed', 'expired')),
    phase        TEXT NOT NULL DEFAULT 'forward' CHECK (phase IN ('forward', 'rollback')),
    nonce        TEXT NOT NULL UNIQUE,
    update_id    INTEGER UNIQUE,
    chat_id      INTEGER NOT NULL,
    created_at   REAL NOT NULL,
    expires_at   REAL NOT NULL,
    body         TEXT NOT NULL          -- the Operation as JSON; the columns above are what queries guard on
) STRICT;
INSERT INTO operations_anew (id, kind, project, state, phase, nonce, update_id, chat_id, created_at, expires_at, body)
    SELECT id, kind, project, state, phase, nonce, update_id, chat_id, created_at, expires_at, body FROM operations;
DROP TABLE operations;
ALTER TABLE operations_anew RENAME TO operations;
-- Exclusivity lives here: one operation of a project is queued or running, never two; and one may wait for it.
CREATE UNIQUE INDEX one_active_per_project ON operations (project) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX one_waiting_per_project ON operations (project) WHERE state = 'waiting';
CREATE INDEX operations_newest ON operations (created_at);

-- /lock: who froze a project, why and since when.
CREATE TABLE freezes (
    project TEXT PRIMARY KEY,
    at      REAL NOT NULL,
    body    TEXT NOT NULL
) STRICT;
