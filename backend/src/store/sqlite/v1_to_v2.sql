-- From the tables of the first schema, which were renamed to old_*, into those of the second. Rooms and people get
-- their small numbers in the order of their ids, events theirs in the order in which they were stored.

INSERT INTO meta SELECT id, epoch, made_at FROM old_meta;
INSERT INTO users (id, name, avatar, made_at) SELECT id, name, avatar, made_at FROM old_users ORDER BY id;
INSERT INTO sessions SELECT s.id, u.no, s.generation, s.confirmed, s.rotated_at, s.revoked
    FROM old_sessions s JOIN users u ON u.id = s.user_id;
INSERT INTO rooms (id, name, visibility, code, head, msg_no, members, made_at)
    SELECT id, name, visibility, code, head, msg_no, members, made_at FROM old_rooms ORDER BY id;
INSERT INTO members SELECT r.no, u.no, m.role, m.read_seq, m.joined_seq
    FROM old_members m JOIN rooms r ON r.id = m.room_id JOIN users u ON u.id = m.user_id;
INSERT INTO events (room, seq, msg_no, timestamp, author, txn_id, kind, body)
    SELECT r.no, e.seq, e.msg_no, e.timestamp, u.no, e.txn_id, e.kind,
        CASE e.kind WHEN 'message' THEN
            CASE WHEN e.reply_to IS NULL THEN json_object('content', e.content)
            ELSE json_object('content', e.content, 'reply_to', e.reply_to) END
        ELSE '{}' END
    FROM old_events e JOIN rooms r ON r.id = e.room_id JOIN users u ON u.id = e.author
    ORDER BY e.timestamp, e.room_id, e.seq;

DROP TABLE old_txns;
DROP TABLE old_events;
DROP TABLE old_members;
DROP TABLE old_rooms;
DROP TABLE old_sessions;
DROP TABLE old_users;
DROP TABLE old_meta;
