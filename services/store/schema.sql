-- One row per update, stored before Telegram is told that we have it.
CREATE TABLE inbox (
    update_id   INTEGER PRIMARY KEY,
    received_at REAL NOT NULL,
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done', 'failed', 'poison')),
    attempts    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inbox_new ON inbox (update_id) WHERE state = 'new';

CREATE TABLE operations (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    project      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'queued', 'running', 'succeeded', 'failed',
                                                'rolled_back', 'needs_human', 'dismissed', 'expired')),
    phase        TEXT NOT NULL DEFAULT 'forward' CHECK (phase IN ('forward', 'rollback')),
    nonce        TEXT NOT NULL UNIQUE,
    update_id    INTEGER UNIQUE,
    chat_id      INTEGER NOT NULL,
    created_at   REAL NOT NULL,
    expires_at   REAL NOT NULL,
    body         TEXT NOT NULL          -- the Operation as JSON; the columns above are what queries guard on
) STRICT;
-- Exclusivity lives here: one operation of a project is queued or running, never two.
CREATE UNIQUE INDEX one_active_per_project ON operations (project) WHERE state IN ('queued', 'running');
CREATE INDEX operations_newest ON operations (created_at);

CREATE TABLE steps (
    operation_id TEXT NOT NULL REFERENCES operations (id),
    phase        TEXT NOT NULL,
    name         TEXT NOT NULL,
    position     INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('running', 'done', 'skipped', 'failed')),
    body         TEXT NOT NULL,
    PRIMARY KEY (operation_id, phase, name)
) STRICT;

-- What Telegram must be told. Sends of a chat go out in order of id; a dirty row that was sent is edited.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id         INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('card', 'progress', 'verdict', 'notice')),
    operation_id    TEXT REFERENCES operations (id),
    phrase          TEXT,
    created_at      REAL NOT NULL,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'dead')),
    dirty           INTEGER NOT NULL DEFAULT 0,
    final           INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    message_id      INTEGER,
    uncertain       INTEGER NOT NULL DEFAULT 0,
    shown           TEXT NOT NULL DEFAULT ''
) STRICT;
-- One card, one progress message, one verdict per operation and chat, whatever happens in between.
CREATE UNIQUE INDEX outbox_once ON outbox (operation_id, chat_id, kind) WHERE operation_id IS NOT NULL;
CREATE INDEX outbox_due ON outbox (chat_id, id) WHERE state IN ('pending', 'sending') OR dirty = 1;

CREATE TABLE backups (
    id      TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    at      REAL NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE INDEX backups_newest ON backups (project, at);

CREATE TABLE releases (
    id      TEXT NOT NULL,
    project TEXT NOT NULL,
    at      REAL NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, id)
) STRICT;

-- Admins as Telegram shows them: language, whether our messages reach them. Strangers: seen once.
CREATE TABLE people (
    user_id    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL DEFAULT '',
    language   TEXT NOT NULL DEFAULT 'en',
    chosen     INTEGER NOT NULL DEFAULT 0,
    reachable  INTEGER NOT NULL DEFAULT 1,
    stranger   INTEGER NOT NULL DEFAULT 0,
    first_seen REAL NOT NULL
) STRICT;
