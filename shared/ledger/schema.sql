CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    dated_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    rule TEXT NOT NULL
);
CREATE INDEX sessions_by_room ON sessions (sdk_app_id, room_id, room_id_type, opened_ms);
CREATE TABLE tombstones (
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    closed_ms INTEGER NOT NULL,
    PRIMARY KEY (sdk_app_id, room_id, room_id_type)
);
CREATE TABLE plans (
    sdk_app_id INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    room_id_type INTEGER NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (sdk_app_id, room_id, room_id_type)
);
CREATE TABLE people (
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    present INTEGER NOT NULL,
    microphone INTEGER NOT NULL,
    event_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
);
CREATE TABLE tasks (
    session_id TEXT NOT NULL,
    target TEXT NOT NULL,
    service TEXT NOT NULL,
    state TEXT NOT NULL,
    token TEXT NOT NULL DEFAULT '',
    lease_until_ms INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    unsure INTEGER NOT NULL DEFAULT 0,
    "trigger" TEXT NOT NULL DEFAULT '',
    error_code TEXT NOT NULL DEFAULT '',
    changed_ms INTEGER NOT NULL,
    task_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (session_id, target)
);
CREATE TABLE task_ids (
    session_id TEXT NOT NULL,
    target TEXT NOT NULL,
    task_id TEXT NOT NULL,
    service TEXT NOT NULL,
    region TEXT NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, target, task_id)
);
