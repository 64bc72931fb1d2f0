CREATE TABLE documents (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL
);
CREATE TABLE older (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL,
    session_id TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX older_by_room ON older (room);
CREATE INDEX older_by_session ON older (session_id);
CREATE TABLE people (
    owner TEXT NOT NULL,
    user_id TEXT NOT NULL,
    presence BLOB NOT NULL,
    PRIMARY KEY (owner, user_id)
) WITHOUT ROWID;
CREATE TABLE lines (
    index_name TEXT NOT NULL,
    member TEXT NOT NULL,
    score INTEGER NOT NULL,
    PRIMARY KEY (index_name, member)
) WITHOUT ROWID;
CREATE INDEX lines_by_score ON lines (index_name, score);
CREATE TABLE counters (
    sdk_app_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (sdk_app_id, name)
) WITHOUT ROWID;
CREATE TABLE sentences (
    session_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (session_id, key)
);
CREATE UNIQUE INDEX sentences_by_version ON sentences (session_id, version);
CREATE TABLE deletions (
    session_id TEXT PRIMARY KEY,
    body BLOB NOT NULL
);
CREATE TABLE slots (
    name TEXT PRIMARY KEY,
    given TEXT NOT NULL
);
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    until_ms INTEGER NOT NULL
);
