//! The real program: how it starts, and how it ends.
#![cfg(unix)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt};

use common::Program;
use shared::{CloseCode, ServerFrame};

#[tokio::test]
async fn told_to_stop_it_says_when_to_come_back_closes_with_1012_and_ends_well() {
    for signal in ["TERM", "INT"] {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::start(dir.path(), &[]).await;
        let (guest, _) = program.guest("Ada").await;
        let mut socket = program.socket(&guest).await;
        program.signal(signal).await;
        let after_ms = socket
            .expect_frame(|frame| match frame {
                ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms }) => {
                    Some(reconnect_after_ms)
                }
                _ => None,
            })
            .await;
        assert!(after_ms <= 5_000);
        assert_eq!(socket.closed().await.0, CloseCode::Restart);
        drop(socket);
        let (status, log) = program.end().await;
        assert!(status.success(), "{signal}: {status} {log:#?}");
        assert!(log.iter().any(|line| line.contains("stopped")), "{log:#?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_let_go_does_not_keep_it() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &["--shutdown-grace", "1s"]).await;
    let (guest, _) = program.guest("Ada").await;
    // Never reads, so that it never answers the close.
    let _deaf = program.socket(&guest).await;
    let _half = {
        use tokio::io::AsyncWriteExt;
        let address = program.url.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
        stream
    };
    program.signal("TERM").await;
    let (status, log) = program.end().await;
    assert!(status.success(), "{status} {log:#?}");
    assert!(log.iter().any(|line| line.contains("some did not let go in time")), "{log:#?}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &[]).await;
    let data_dir = dir.path().to_str().unwrap();
    let second = Program::run(&["serve", "--listen", "127.0.0.1:0"], &[("CONFAB_DATA_DIR", data_dir)]).await;
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(said, format!("confab: the data directory {data_dir} is in use by another server\n"));
    program.signal("KILL").await;
    assert!(!program.end().await.0.success());
    Program::start(dir.path(), &[]).await;
}

#[tokio::test]
async fn what_it_writes_is_for_its_user_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("made");
    let _program = Program::start(&data_dir, &[]).await;
    let mode = |name: &str| fs::metadata(data_dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("token-secret"), mode("confab.db"), mode("")), (0o600, 0o600, 0o700));
}

#[tokio::test]
async fn a_weak_secret_and_a_senseless_setting_stop_the_start_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let secret = dir.path().join("secret");
    let (data_dir, secret_path) = (data_dir.to_str().unwrap(), secret.to_str().unwrap());
    let given =
        ["serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0", "--token-secret-file", secret_path];
    for (text, mode, why) in [
        ("too-short", 0o600, "is weak: it has fewer than 32 bytes"),
        ("my-secret-my-secret-my-secret-0123456789", 0o600, "is weak: it contains a well-known word"),
        ("q7Zr1mJt0vYw9LxKc5HnPdBg3FsEa8Ui", 0o644, "is weak: everybody on this machine can read the file"),
    ] {
        fs::write(&secret, text).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        let output = Program::run(&given, &[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(secret_path) && said.contains(why), "{said}");
    }
    let output = Program::run(&["serve", "--listen", "nowhere"], &[]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.starts_with("confab: --listen: "), "{said}");
}
