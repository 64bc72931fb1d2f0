CREATE TABLE rooms (
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    tombstone_ms INTEGER NOT NULL,
    plan TEXT,
    PRIMARY KEY (sdk_app_id, room_id, room_id_type)
);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    over_ms INTEGER
);
CREATE INDEX sessions_by_room ON sessions (sdk_app_id, room_id, room_id_type, opened_ms);
CREATE INDEX sessions_by_end ON sessions (over_ms) WHERE over_ms IS NOT NULL;
CREATE TABLE people (
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    present INTEGER NOT NULL,
    microphone INTEGER NOT NULL,
    event_ms INTEGER NOT NULL,
    microphone_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
);
CREATE TABLE sentences (
    session_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session_id, key)
);
CREATE UNIQUE INDEX sentences_by_version ON sentences (session_id, version);
CREATE TABLE deletions (
    session_id TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE agenda (
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    look_ms INTEGER,
    living INTEGER NOT NULL,
    PRIMARY KEY (sdk_app_id, room_id, room_id_type)
);
CREATE INDEX agenda_by_look ON agenda (look_ms) WHERE look_ms IS NOT NULL;
CREATE TABLE living (
    sdk_app_id INTEGER PRIMARY KEY,
    total INTEGER NOT NULL
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
