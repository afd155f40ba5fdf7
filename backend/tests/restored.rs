//! A backup is taken and put back as the README says: the log is that of the backup, under another name.
#![cfg(unix)]

mod common;

use std::{fs, path::Path};

use common::{Program, Socket};
use shared::{
    ClientFrame, RoomId, ServerFrame, TxnId,
    api::SignedIn,
    frame::{Auth, Connected, PostMessage, Sync, SyncFrom},
};

const README: &str = include_str!("../../README.md");

async fn greeted(program: &Program, who: &SignedIn) -> (Socket, Connected) {
    let mut socket = Socket::open(program.address(), None).await;
    socket.send(&ClientFrame::Auth(Auth { token: who.access_token.clone() })).await;
    let greeting = socket.connected().await;
    (socket, greeting)
}

async fn say(socket: &mut Socket, number: u64, room_id: RoomId) -> u64 {
    let (txn_id, content) = (TxnId::mint(number, [1; 10]), format!("number {number}"));
    socket.send(&ClientFrame::Message(PostMessage { txn_id, room_id, content, reply_to: None })).await;
    socket.ack().await.seq.get()
}

/// The copy that the README has SQLite make.
fn back_up(data: &Path, backup: &Path) {
    let line = README.lines().find(|line| line.starts_with("sqlite3 ")).expect("the README says how");
    let statement = line.split('"').nth(1).unwrap().replace("backup/", &format!("{}/", backup.display()));
    rusqlite::Connection::open(data.join("confab.db")).unwrap().execute_batch(&statement).unwrap();
    assert!(line.ends_with("cp -p data/token-secret backup/"));
    fs::copy(data.join("token-secret"), backup.join("token-secret")).unwrap();
}

fn put_back(backup: &Path, data: &Path) {
    fs::remove_dir_all(data).unwrap();
    fs::create_dir(data).unwrap();
    for file in fs::read_dir(backup).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), data.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_backup_that_is_put_back_goes_on_from_where_it_was_under_a_new_epoch() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = dir.path().join("data");
    let program = Program::start(&data, &[]).await;
    let (ada, _) = program.guest("Ada").await;
    let room = program.make_room(&ada, "Tea").await.room.id;
    let (mut socket, before) = greeted(&program, &ada).await;
    let first = say(&mut socket, 1, room).await;
    back_up(&data, backup.path());
    let lost = say(&mut socket, 2, room).await;
    program.signal("KILL").await;
    assert!(!program.end().await.0.success());

    put_back(backup.path(), &data);
    let program = Program::start(&data, &["--restored"]).await;
    let (mut socket, greeting) = greeted(&program, &ada).await;
    assert_ne!(greeting.epoch, before.epoch, "nobody takes it for the log that went on");
    assert_eq!(greeting.rooms[0].head.get(), first);
    assert_eq!(say(&mut socket, 3, room).await, lost, "the place of what is no more");
    let sync = Sync { room_id: room, from: SyncFrom::After(greeting.rooms[0].head), limit: None };
    socket.send(&ClientFrame::Sync(sync)).await;
    let pick = |frame| if let ServerFrame::Events(page) = frame { Some(page.events) } else { None };
    let events = socket.expect_frame(pick).await;
    assert_eq!(events.iter().map(|event| event.txn_id).collect::<Vec<_>>(), [TxnId::mint(3, [1; 10])]);
    program.signal("TERM").await;
    assert!(program.end().await.0.success());

    let program = Program::start(&data, &[]).await;
    assert_eq!(greeted(&program, &ada).await.1.epoch, greeting.epoch, "one start is enough");
}

#[tokio::test]
async fn a_directory_that_was_copied_while_the_server_was_stopped_is_a_backup() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = dir.path().join("data");
    let program = Program::start(&data, &[]).await;
    let (ada, _) = program.guest("Ada").await;
    let room = program.make_room(&ada, "Tea").await.room.id;
    let first = say(&mut greeted(&program, &ada).await.0, 1, room).await;
    program.signal("TERM").await;
    assert!(program.end().await.0.success());
    put_back(&data, backup.path());

    let program = Program::start(&data, &[]).await;
    say(&mut greeted(&program, &ada).await.0, 2, room).await;
    program.signal("KILL").await;
    program.end().await;

    put_back(backup.path(), &data);
    let program = Program::start(&data, &["--restored"]).await;
    assert_eq!(greeted(&program, &ada).await.1.rooms[0].head.get(), first);
}

#[tokio::test]
async fn a_directory_without_a_database_was_not_restored_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let output =
        Program::run(&["serve", "--data-dir", path, "--restored", "--listen", "127.0.0.1:0"], &[]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(path) && said.contains("nothing was restored there"), "{said}");
    assert!(!dir.path().join("confab.db").exists() && !dir.path().join("token-secret").exists());
}
