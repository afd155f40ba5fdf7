//! A database of the first schema is brought up to date where it is: nothing is lost, and open pages go on.
#![cfg(unix)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use common::{Socket, TestServer, cookie_of, read};
use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use shared::{
    ClientFrame, ErrorCode, Event, RoomId, Seq, ServerFrame, TxnId, UserId,
    api::SignedIn,
    frame::{Auth, PostMessage, Sync, SyncFrom},
};
use tempfile::TempDir;
use uuid::Uuid;

/// The refresh cookie of the person who made the first room.
const COOKIE: &str =
    "confab_refresh=AaIxGE9GdfaHLgksdhoidQAAAAAAAAAB3OXlTm11ZFZav_UJyL7dAc5SNmD9ZqhcTWy31OeQNUQ";

/// A row of the first schema's `events`, and what it says.
#[derive(Debug, PartialEq)]
struct OldEvent {
    seq: u64,
    msg_no: u64,
    timestamp: u64,
    author: UserId,
    txn_id: TxnId,
    kind: String,
    content: Option<String>,
    reply_to: Option<u64>,
}

impl From<Event> for OldEvent {
    fn from(event: Event) -> Self {
        let message = event.body.as_message();
        Self {
            seq: event.seq.get(),
            msg_no: event.msg_no.get(),
            timestamp: event.timestamp.unix_ms(),
            author: event.author.id,
            txn_id: event.txn_id,
            kind: event.body.kind().to_owned(),
            content: message.map(|message| message.content.clone()),
            reply_to: message.and_then(|message| message.reply_to).map(Seq::get),
        }
    }
}

/// A directory that the first release has left, as if its people had been here a moment ago.
fn old_directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/first-schema");
    for name in ["confab.db", "token-secret"] {
        fs::copy(fixture.join(name), dir.path().join(name)).unwrap();
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let now = backend::clock::now().unix_ms().cast_signed();
    open(&dir).execute("UPDATE sessions SET rotated_at = ?1", [now]).unwrap();
    dir
}

fn open(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("confab.db")).unwrap()
}

fn old_events(dir: &TempDir, room: RoomId) -> Vec<OldEvent> {
    let connection = open(dir);
    let mut query = connection
        .prepare(
            "SELECT seq, msg_no, timestamp, author, txn_id, kind, content, reply_to FROM events \
             WHERE room_id = ?1 ORDER BY seq",
        )
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok(OldEvent {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            msg_no: row.get::<_, i64>(1)?.cast_unsigned(),
            timestamp: row.get::<_, i64>(2)?.cast_unsigned(),
            author: UserId::from_uuid(row.get(3)?),
            txn_id: TxnId::from_uuid(row.get(4)?),
            kind: row.get(5)?,
            content: row.get(6)?,
            reply_to: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    };
    query.query_map([room.as_uuid()], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The first sign-in over the cookie that the old release has set, and its socket.
async fn come_back(server: &TestServer) -> (SignedIn, Socket) {
    let call = server.call(Method::POST, "/session/refresh").header("cookie", COOKIE);
    let answer = call.send().await.unwrap();
    assert!(cookie_of(&answer).is_none(), "it has the newest");
    let signed_in: SignedIn = read(answer, StatusCode::OK).await;
    let mut socket = Socket::open(server.address, None).await;
    socket.send(&ClientFrame::Auth(Auth { token: signed_in.access_token.clone() })).await;
    (signed_in, socket)
}

#[tokio::test]
async fn nothing_of_an_older_database_is_lost_and_its_epoch_stays() {
    let dir = old_directory();
    let epoch: Uuid = open(&dir).query_row("SELECT epoch FROM meta", [], |row| row.get(0)).unwrap();
    let people: i64 = open(&dir).query_row("SELECT COUNT(*) FROM users", [], |row| row.get(0)).unwrap();
    let revoked: i64 =
        open(&dir).query_row("SELECT SUM(revoked) FROM sessions", [], |row| row.get(0)).unwrap();
    let rooms: Vec<(Uuid, i64, i64, i64)> = {
        let connection = open(&dir);
        let mut query =
            connection.prepare("SELECT id, head, msg_no, members FROM rooms ORDER BY id").unwrap();
        let rooms = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        rooms.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let logs: Vec<_> = rooms.iter().map(|room| old_events(&dir, RoomId::from_uuid(room.0))).collect();
    assert!(people == 4 && revoked == 1 && logs.iter().map(Vec::len).sum::<usize>() == 25);

    let server = TestServer::in_dir(dir, |_| {}).await;
    let (ada, mut socket) = come_back(&server).await;
    assert_eq!(ada.user.name, "Ada");
    let greeting = socket.connected().await;
    assert_eq!(greeting.epoch.as_uuid(), &epoch, "open pages go on");
    let said: Vec<_> = greeting.rooms.iter().map(|room| (room.read_seq.get(), room.unread)).collect();
    assert_eq!(said, [(10, 2), (5, 6)], "as the old release said it");
    for ((state, old), log) in greeting.rooms.iter().zip(rooms).zip(logs) {
        let counts = [state.head.get(), state.msg_no.get(), state.room.members].map(u64::cast_signed);
        assert_eq!((*state.room.id.as_uuid(), counts), (old.0, [old.1, old.2, old.3]));
        let sync = Sync { room_id: state.room.id, from: SyncFrom::After(Seq::ZERO), limit: None };
        socket.send(&ClientFrame::Sync(sync)).await;
        let page = |frame| if let ServerFrame::Events(page) = frame { Some(page.events) } else { None };
        let events: Vec<OldEvent> = socket.expect_frame(page).await.into_iter().map(Into::into).collect();
        assert_eq!(events, log);
    }
    let count = |table: &str| -> i64 {
        let question = format!("SELECT COUNT(*) FROM {table}");
        server.database().query_row(&question, [], |row| row.get(0)).unwrap()
    };
    assert_eq!([count("users"), count("sessions WHERE revoked")], [people, revoked]);
}

#[tokio::test]
async fn what_was_asked_of_an_older_release_is_recognised_and_the_log_goes_on() {
    let server = TestServer::in_dir(old_directory(), |_| {}).await;
    let (_, mut socket) = come_back(&server).await;
    let room_id = socket.connected().await.rooms[0].room.id;
    let post = |number: u64, content: &str| {
        let txn_id = format!("01900000-0000-7000-8000-{number:012x}").parse().unwrap();
        ClientFrame::Message(PostMessage { txn_id, room_id, content: content.into(), reply_to: None })
    };
    // One whose text needed escapes, which SQLite has written.
    socket.send(&post(5, "\u{1}\u{1b}[31m\u{7f} controls")).await;
    let again = socket.ack().await;
    assert!(again.duplicate && again.seq.get() == 8, "{again:?}");
    socket.send(&post(1, "Goodbye")).await;
    assert_eq!(socket.error().await.code, ErrorCode::Conflict);
    socket.send(&post(100, "I am new")).await;
    assert_eq!(socket.ack().await.seq.get(), 15);

    // The next start finds nothing to do.
    let server = TestServer::in_dir(server.stop().await, |_| {}).await;
    let (_, mut socket) = come_back(&server).await;
    assert_eq!(socket.connected().await.rooms[0].head.get(), 15);
}
