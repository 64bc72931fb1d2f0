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
    body TEXT NOT NULL
);
CREATE INDEX sessions_by_room ON sessions (sdk_app_id, room_id, room_id_type, opened_ms);
CREATE TABLE people (
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    present INTEGER NOT NULL,
    microphone INTEGER NOT NULL,
    event_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
);
