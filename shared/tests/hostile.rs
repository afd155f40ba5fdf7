//! Whatever somebody sends: an answer that says what is wrong, never a panic.

mod arbitrary;

use arbitrary::{client_frame, post, server_frame};
use proptest::{collection::vec, prelude::*};
use shared::{ClientFrame, ErrorCode, ErrorFrame, Limits, ServerFrame, Timestamp, TxnId};

const TXN: &str = "0192f0c1-2b3c-7d4e-8f50-112233445566";
const ROOM: &str = "0192f0c1-2b3c-7d4e-8f50-aabbccddeeff";

/// Both decoders have to say something about any text.
fn survive(text: &str) {
    let _ = ClientFrame::decode(text);
    let _ = ServerFrame::decode(text);
}

/// The code and the field of the error that a text brings.
fn refused(text: &str) -> (ErrorCode, Option<String>) {
    let error = ClientFrame::decode(text).expect_err("a text that is wrong");
    (error.code, error.field)
}

/// A text with some of its bytes cut out, doubled or replaced.
fn mutated(text: &str, edits: &[(usize, u8, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (place, kind, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let place = place % bytes.len();
        match kind % 4 {
            0 => drop(bytes.remove(place)),
            1 => bytes.insert(place, *byte),
            2 => bytes[place] = *byte,
            _ => bytes.truncate(place),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..400)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_of_the_right_letters_is_survived(text in r#"[\{\}\[\]":,a-z0-9_\\eE.+\- ]{0,80}"#) {
        survive(&text);
        survive(&format!("{{\"type\":\"message\",{text}}}"));
        survive(&format!("{{\"type\":{text}}}"));
    }

    #[test]
    fn damaged_frames_are_survived(
        client in client_frame(), server in server_frame(), edits in vec(any::<(usize, u8, u8)>(), 1..6),
    ) {
        survive(&mutated(&client.encode(), &edits));
        survive(&mutated(&server.encode(), &edits));
    }

    #[test]
    fn frames_of_one_side_are_survived_by_the_other(client in client_frame(), server in server_frame()) {
        survive(&client.encode());
        survive(&server.encode());
    }

    #[test]
    fn any_text_is_a_moment_or_is_not(text in any::<String>(), like in "[0-9]{1,5}-[0-9]{1,3}-[0-9]{1,3}[T ][0-9:.Z+]{0,20}") {
        let _ = text.parse::<Timestamp>();
        let _ = like.parse::<Timestamp>();
    }

    #[test]
    fn a_message_with_one_field_missing_names_it_and_its_request(post in post(), victim in 0..3_usize) {
        let mut json = serde_json::from_str::<serde_json::Value>(&ClientFrame::Message(post.clone()).encode()).unwrap();
        let name = ["txn_id", "room_id", "content"][victim];
        json.as_object_mut().unwrap().remove(name);
        let error = ClientFrame::decode(&json.to_string()).unwrap_err();
        prop_assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some(name)));
        prop_assert_eq!(error.txn_id, (name != "txn_id").then_some(post.txn_id));
        prop_assert_eq!(error.room_id, (name != "room_id").then_some(post.room_id));
    }

    #[test]
    fn no_error_repeats_what_was_sent(secret in "[a-z]{24}") {
        for text in [
            format!(r#"{{"type":"auth","token":["{secret}"]}}"#),
            format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":{{"{secret}":1}}}}"#),
            format!(r#"{{"type":"message","txn_id":"{secret}","room_id":"{ROOM}","content":"{secret}"}}"#),
            format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{secret}","content":"{secret}"}}"#),
            format!(r#"{{"type":"presence","status":"{secret}"}}"#),
            format!(r#"{{"type":"presence","status":{{"{secret}":null}}}}"#),
            format!(r#"{{"type":"typing","room_id":"{ROOM}","active":"{secret}"}}"#),
            format!(r#"{{"type":"read","room_id":"{ROOM}","seq":"{secret}"}}"#),
            format!(r#"{{"type":"{secret}"}}"#),
            format!(r#"{{"type":["{secret}"]}}"#),
            format!(r#"{{"{secret}"#),
        ] {
            let error = ClientFrame::decode(&text).unwrap_err();
            let answer = ServerFrame::Error(ErrorFrame::from(error)).encode();
            prop_assert!(!answer.contains(&secret), "{} was answered with {}", text, answer);
        }
    }
}

#[test]
fn a_field_that_is_there_twice_is_named() {
    for (text, field) in [
        (r#"{"type":"ping","type":"ping"}"#.to_owned(), "type"),
        (
            format!(
                r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":"a","content":"b"}}"#
            ),
            "content",
        ),
        (format!(r#"{{"type":"typing","room_id":"{ROOM}","room_id":"{ROOM}","active":true}}"#), "room_id"),
    ] {
        assert_eq!(refused(&text), (ErrorCode::Invalid, Some(field.to_owned())), "{text}");
        let said = ClientFrame::decode(&text).unwrap_err().detail;
        assert_eq!(said, format!("`{field}` is there twice"));
    }
}

#[test]
fn what_is_wrong_is_said_in_plain_words() {
    let at = |kind: &str, fields: &str| format!(r#"{{"type":"{kind}","room_id":"{ROOM}",{fields}}}"#);
    for text in [
        at("sync", r#""after":-1"#),
        at("sync", r#""after":1.5"#),
        at("sync", r#""after":"x""#),
        at("sync", r#""after":18446744073709551616"#),
        at("sync", r#""after":1e999"#),
        at("sync", r#""after":0,"limit":-1"#),
        at("sync", r#""after":0,"limit":[]"#),
        at("read", r#""seq":9007199254740992"#),
        at("read", r#""seq":null"#),
        at("typing", r#""active":1"#),
        at("message", &format!(r#""txn_id":"{TXN}","content":7"#)),
        at("message", &format!(r#""txn_id":"{TXN}","content":"x","reply_to":-7"#)),
        at("message", r#""txn_id":7,"content":"x""#),
        at("presence", r#""status":7"#),
    ] {
        let error = ClientFrame::decode(&text).unwrap_err();
        let of_rust =
            ["u64", "i64", "u8", "f64", "u128", "i128", "struct", "enum", "Option", "newtype", "variant"];
        assert!(!of_rust.iter().any(|word| error.detail.contains(word)), "{text}: {}", error.detail);
        assert!(!error.detail.is_empty());
    }
    let error = ClientFrame::decode(&at("sync", r#""after":-1"#)).unwrap_err();
    assert_eq!(error.detail, "expected a whole number that is not negative");
}

#[test]
fn half_a_character_is_refused_and_its_request_is_named() {
    let text = format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":"\ud800"}}"#);
    let error = ClientFrame::decode(&text).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some("content")));
    assert_eq!(error.txn_id.map(|id| id.to_string()).as_deref(), Some(TXN));
    assert_eq!(error.room_id.map(|id| id.to_string()).as_deref(), Some(ROOM));
}

#[test]
fn what_is_not_a_json_object_is_a_parse_error() {
    for text in
        ["", " ", "null", "1", "\"ping\"", "[]", "[{\"type\":\"ping\"}]", "{", "{}}", "ping", "\u{feff}{}"]
    {
        assert_eq!(refused(text), (ErrorCode::Parse, None), "{text}");
    }
}

#[test]
fn nesting_without_end_is_refused_or_passed_over() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        let kind = ClientFrame::decode(&format!("{{\"type\":{deep}}}")).map_err(|error| error.code);
        assert_eq!(kind, Err(ErrorCode::Invalid));
        let content = format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":{deep}}}"#);
        let content = ClientFrame::decode(&content).map_err(|error| error.field);
        assert_eq!(content, Err(Some("content".into())));
        let unknown = ClientFrame::decode(&format!("{{\"type\":\"ping\",\"x\":{deep}}}"));
        assert_eq!(unknown, Ok(ClientFrame::Ping), "nobody looks into it");
    }
}

#[test]
fn a_type_that_is_missing_or_no_string_is_named() {
    for text in ["{}", r#"{"type":null}"#, r#"{"type":7}"#, r#"{"type":{}}"#] {
        assert_eq!(refused(text), (ErrorCode::Invalid, Some("type".into())), "{text}");
    }
    assert_eq!(refused(r#"{"type":"dance"}"#), (ErrorCode::UnknownType, Some("type".into())));
}

#[test]
fn what_the_protocol_knows_and_this_server_does_not_do_is_unsupported() {
    for kind in ["edit", "delete", "reaction"] {
        let text = format!(r#"{{"type":"{kind}","txn_id":"{TXN}","room_id":"{ROOM}","target":1}}"#);
        let error = ClientFrame::decode(&text).unwrap_err();
        assert_eq!((error.code, error.txn_id), (ErrorCode::Unsupported, TXN.parse().ok()));
    }
    let message = |more: &str| format!(r#"{{"type":"message","txn_id":"{TXN}","content":"x",{more}}}"#);
    let direct = message(&format!(r#""recipient_id":"{ROOM}""#));
    assert_eq!(refused(&direct), (ErrorCode::Unsupported, Some("recipient_id".into())));
    let attached = message(&format!(r#""room_id":"{ROOM}","attachments":["{ROOM}"]"#));
    assert_eq!(refused(&attached), (ErrorCode::Unsupported, Some("attachments".into())));
    for none in ["[]", "null"] {
        let text = message(&format!(r#""room_id":"{ROOM}","attachments":{none},"recipient_id":null"#));
        assert!(ClientFrame::decode(&text).is_ok(), "{none}");
    }
}

#[test]
fn a_field_that_is_wrong_is_named() {
    for (text, field) in [
        (format!(r#"{{"type":"message","txn_id":"x","room_id":"{ROOM}","content":"x"}}"#), "txn_id"),
        (format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":7,"content":"x"}}"#), "room_id"),
        (format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":7}}"#), "content"),
        (
            format!(
                r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":"x","reply_to":-1}}"#
            ),
            "reply_to",
        ),
        (r#"{"type":"auth"}"#.into(), "token"),
        (format!(r#"{{"type":"typing","room_id":"{ROOM}"}}"#), "active"),
        (format!(r#"{{"type":"read","room_id":"{ROOM}","seq":9007199254740992}}"#), "seq"),
        (format!(r#"{{"type":"read","room_id":"{ROOM}","seq":1.5}}"#), "seq"),
        (r#"{"type":"presence","status":"dancing"}"#.into(), "status"),
        (format!(r#"{{"type":"sync","room_id":"{ROOM}"}}"#), "after"),
        (format!(r#"{{"type":"sync","room_id":"{ROOM}","after":1,"before":2}}"#), "before"),
        (format!(r#"{{"type":"sync","room_id":"{ROOM}","after":1,"limit":0}}"#), "limit"),
        (format!(r#"{{"type":"sync","room_id":"{ROOM}","after":"1"}}"#), "after"),
        (format!(r#"{{"type":"sync","room_id":"{}","after":1}}"#, ROOM.to_uppercase()), "room_id"),
    ] {
        assert_eq!(refused(&text), (ErrorCode::Invalid, Some(field.into())), "{text}");
    }
}

#[test]
fn fields_that_nobody_knows_are_passed_over() {
    let text = format!(r#"{{"type":"ping","x":[1,{{"y":"{TXN}"}}],"z":null}}"#);
    assert_eq!(ClientFrame::decode(&text), Ok(ClientFrame::Ping));
}

#[test]
fn an_error_that_answers_a_broken_request_carries_what_could_be_read_of_it() {
    let text = format!(r#"{{"type":"message","txn_id":"{TXN}","room_id":"{ROOM}","content":null}}"#);
    let frame = ErrorFrame::from(ClientFrame::decode(&text).unwrap_err());
    assert_eq!(frame.txn_id, Some(TXN.parse::<TxnId>().unwrap()));
    assert_eq!(frame.room_id, Some(ROOM.parse().unwrap()));
    assert_eq!((frame.code, frame.field.as_deref()), (ErrorCode::Invalid, Some("content")));
    assert!(!frame.retryable);
}

#[test]
fn an_error_code_of_a_newer_server_is_an_error_all_the_same() {
    let text = r#"{"type":"error","code":"on_holiday","message":"later","retryable":true}"#;
    let Ok(ServerFrame::Error(error)) = ServerFrame::decode(text) else { panic!("an error") };
    assert_eq!((error.code, error.retryable), (ErrorCode::Unknown, true));
}

#[test]
fn a_limit_that_an_older_server_does_not_know_has_its_default() {
    let limits: Limits = shared::json::from_str(r#"{"message_chars":7}"#).unwrap();
    assert_eq!(limits, Limits { message_chars: 7, ..Limits::default() });
}

#[test]
fn an_event_of_a_newer_server_takes_its_place_and_another_frame_is_unknown() {
    let text = format!(
        r#"{{"type":"poll","room_id":"{ROOM}","seq":3,"msg_no":2,"timestamp":"2026-01-31T12:00:00.000Z",
            "user":{{"id":"{ROOM}","name":"Ada"}},"txn_id":"{TXN}","question":"?"}}"#
    );
    let Ok(ServerFrame::Event(event)) = ServerFrame::decode(&text) else { panic!("an event") };
    assert_eq!((event.body.kind(), event.seq.get()), ("poll", 3));
    let error = ServerFrame::decode(r#"{"type":"weather","seq":3}"#).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnknownType);
}

#[test]
fn an_event_without_its_author_or_its_text_says_so() {
    let event = |kind: &str, more: &str| {
        format!(
            r#"{{"type":"{kind}","room_id":"{ROOM}","seq":3,"msg_no":2,"timestamp":"2026-01-31T12:00:00.000Z",
                "txn_id":"{TXN}"{more}}}"#
        )
    };
    let author = format!(r#","sender":{{"id":"{ROOM}","name":"Ada"}}"#);
    for (text, field) in [(event("join", ""), "sender"), (event("message", &author), "content")] {
        let error = ServerFrame::decode(&text).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some(field)));
    }
}
