-- Ids are the 16 bytes of a UUID, moments are milliseconds since 1970.

CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BLOB NOT NULL,
    made_at BIGINT NOT NULL
);

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    avatar TEXT,
    made_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    generation BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    revoked BOOLEAN NOT NULL DEFAULT FALSE
) WITHOUT ROWID;

-- head, msg_no and members are written in the transaction that changes what they count.
CREATE TABLE rooms (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
    code TEXT NOT NULL UNIQUE,
    head BIGINT NOT NULL,
    msg_no BIGINT NOT NULL,
    members BIGINT NOT NULL,
    made_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE members (
    room_id BLOB NOT NULL REFERENCES rooms (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    read_seq BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id);

-- What happened in a room, in its one order.
CREATE TABLE events (
    room_id BLOB NOT NULL REFERENCES rooms (id),
    seq BIGINT NOT NULL,
    msg_no BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    author BLOB NOT NULL REFERENCES users (id),
    txn_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    content TEXT,
    reply_to BIGINT,
    PRIMARY KEY (room_id, seq)
) WITHOUT ROWID;

-- What was asked for, for ever: asking again finds the first result.
CREATE TABLE txns (
    user_id BLOB NOT NULL,
    txn_id BLOB NOT NULL,
    room_id BLOB NOT NULL,
    seq BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (user_id, txn_id),
    -- Checked at the commit: a large batch goes in pieces, and a piece may be ahead of its events.
    FOREIGN KEY (room_id, seq) REFERENCES events (room_id, seq) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
