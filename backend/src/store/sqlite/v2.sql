-- Ids are the 16 bytes of a UUID, moments are milliseconds since 1970. Inside, people and rooms go by small numbers:
-- they are in every row and every index.

CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BLOB NOT NULL,
    made_at INTEGER NOT NULL
);

CREATE TABLE users (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    avatar TEXT,
    made_at INTEGER NOT NULL
);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (no),
    generation INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- head, msg_no and members are written in the transaction that changes what they count.
CREATE TABLE rooms (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
    code TEXT NOT NULL UNIQUE,
    head INTEGER NOT NULL,
    msg_no INTEGER NOT NULL,
    members INTEGER NOT NULL,
    made_at INTEGER NOT NULL
);

CREATE TABLE members (
    room INTEGER NOT NULL REFERENCES rooms (no),
    user INTEGER NOT NULL REFERENCES users (no),
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    read_seq INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    PRIMARY KEY (room, user)
) WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user);

-- What happened, in the order of storing: a batch appends to the end of one table, whatever rooms it is about. The
-- place in its room is (room, seq); (author, txn_id) finds what was asked for before. `body` holds the event's own
-- fields as JSON, so that a new kind of event changes nothing here.
CREATE TABLE events (
    no INTEGER PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (no),
    seq INTEGER NOT NULL,
    msg_no INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    author INTEGER NOT NULL REFERENCES users (no),
    txn_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE UNIQUE INDEX events_by_place ON events (room, seq);
CREATE UNIQUE INDEX events_by_request ON events (author, txn_id);

-- Requests that were refused for good: a copy that comes later stays refused, whichever process it comes to.
CREATE TABLE refusals (
    author INTEGER NOT NULL REFERENCES users (no),
    txn_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (author, txn_id)
) WITHOUT ROWID;

CREATE INDEX refusals_by_age ON refusals (at);
