//! The log of the real program: what it says of people, and what it never says.
#![cfg(unix)]

mod common;

use common::{Program, Socket, problem};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{ClientFrame, CloseCode, ErrorCode, TxnId, frame::PostMessage};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

#[tokio::test]
async fn the_log_has_neither_token_nor_name_nor_text_however_much_it_says() {
    for level in ["info", "trace", "trace,tungstenite::protocol=trace"] {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::start_in(dir.path(), &[], &[("RUST_LOG", level)]).await;
        let (guest, cookie) = program.guest("Ada Lovelace").await;
        let room = program.make_room(&guest, "Tea at five").await;
        let mut socket = program.socket(&guest).await;
        let post = PostMessage {
            txn_id: TxnId::mint(1, [1; 10]),
            room_id: room.room.id,
            content: "the parrot is dead".into(),
            reply_to: None,
        };
        socket.send(&ClientFrame::Message(post)).await;
        socket.ack().await;
        let token = program.connection_token(&guest).await;
        let mut second = Socket::open(program.address(), Some(&token)).await;
        second.connected().await;
        second.send_raw(Message::Close(Some(CloseFrame { code: 1000.into(), reason: "".into() }))).await;
        assert_eq!(second.closed().await.0, CloseCode::Normal);
        drop(second);
        program.signal("TERM").await;
        assert_eq!(socket.closed().await.0, CloseCode::Restart);
        drop(socket);

        let (_, log) = program.end().await;
        let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
        let secrets = [
            signature(&guest.access_token),
            signature(&token),
            signature(&cookie),
            "Lovelace".into(),
            "parrot".into(),
            room.room.code,
            "Tea at five".into(),
        ];
        for line in &log {
            assert!(!secrets.iter().any(|secret| line.contains(secret.as_str())), "{level}: {line}");
        }
        let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(log.iter().any(|line| line.contains("/api/v1/guests")), "{log:#?}");
        for (code, reason) in [(1000, "closed by the client"), (1012, "the server is about to restart")] {
            let line = lines
                .iter()
                .find(|line| line["fields"]["message"] == "disconnected" && line["fields"]["code"] == code);
            let line = line.unwrap_or_else(|| panic!("{level}: no line of {code}: {log:#?}"));
            assert_eq!(line["fields"]["reason"], reason);
            assert_eq!(line["span"]["user"], guest.user.id.to_string());
        }
    }
}

#[tokio::test]
async fn a_call_is_logged_with_who_made_it_and_only_what_was_done_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &["--limit", "rooms_per_user=1"]).await;
    let ((ada, _), (ben, _)) = (program.guest("Ada").await, program.guest("Ben").await);
    let room = program.make_room(&ada, "Tea").await.room;
    let join = async |who| {
        let call = program.call(Method::POST, "/rooms/join", who);
        call.json(&json!({ "code": room.code })).send().await.unwrap()
    };
    assert_eq!(join(&ben).await.status(), StatusCode::OK);
    assert_eq!(join(&ben).await.status(), StatusCode::OK, "once more, which is no news");
    let (cat, _) = program.guest("Cat").await;
    program.make_room(&cat, "Alone").await;
    problem(join(&cat).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    program.signal("TERM").await;

    let (_, log) = program.end().await;
    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |what: &str| lines.iter().filter(|line| line["fields"]["message"] == what).collect::<Vec<_>>();
    let [joined] = said("room joined")[..] else { panic!("{log:#?}") };
    assert_eq!(joined["fields"]["room"], room.id.to_string());
    assert_eq!(joined["span"]["user"], ben.user.id.to_string());
    let answered = said("answered");
    let by_ada = answered.iter().find(|line| line["span"]["user"] == ada.user.id.to_string());
    let by_ada = by_ada.unwrap_or_else(|| panic!("{log:#?}"));
    assert_eq!(by_ada["span"]["session"], common::claims(&ada.access_token)["sid"]);
}

#[tokio::test]
async fn a_mistyped_variable_and_a_filter_that_makes_no_sense_are_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    // An address that is not this machine's: the start ends by itself.
    let args = ["serve", "--data-dir", dir.path().to_str().unwrap(), "--listen", "203.0.113.1:1"];
    let output = Program::run(&args, &[("CONFAB_LISTNE", "127.0.0.1:0"), ("RUST_LOG", "backend=loud")]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    for line in ["WARN", "CONFAB_LISTNE: there is no setting of that name", "RUST_LOG: \"backend=loud\""] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!output.status.success());
}
