//! What a session makes of frames and of time, on a clock of the test's own.

use shared::{
    Limits, Seq, TxnId, UserId,
    frame::{Auth, SyncFrom},
};

use super::*;
use crate::chat::rate::Rate;

const WALL: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const HEAD: u64 = 40;

fn at(ms: u64) -> Now {
    Now { tick: Duration::from_millis(ms), wall: WALL.plus_ms(ms) }
}

fn room() -> RoomId {
    RoomId::mint(1, [1; 10])
}

fn user(number: u8) -> UserId {
    UserId::mint(1, [number; 10])
}

fn sign_in(number: u8) -> SessionId {
    SessionId::mint(1, [number; 10])
}

/// A room at [`HEAD`], and a person with a limiter of their own.
#[derive(Default)]
struct World(Gcra);

impl Around<()> for World {
    fn head(&self, (): &()) -> Seq {
        Seq::new(HEAD).unwrap()
    }

    fn take_message(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        self.0.take(rate, now)
    }
}

struct Test {
    session: Session<()>,
    world: World,
}

impl Test {
    fn unknown() -> Self {
        let limits = Limits::default();
        let rules = Rules {
            frames: Rate::new(limits.frames_burst, limits.frames_per_second, Duration::from_secs(1)),
            messages: Rate::new(limits.messages_burst, limits.messages_per_minute, Duration::from_secs(60)),
            heartbeat: Duration::from_secs(25),
            silence: Duration::from_secs(45),
            posts_in_flight: 3,
            limits,
        };
        Self { session: Session::new(Arc::new(rules), Duration::ZERO), world: World::default() }
    }

    /// Known since the beginning, in one room, with a token that is good for 15 minutes.
    fn known() -> Self {
        let mut test = Self::unknown();
        let ada = Arc::new(Profile { id: user(1), name: "Ada".into(), avatar: None });
        let place = Place::new(room(), (), Seq::new(HEAD).unwrap());
        test.session.known(ada, sign_in(1), WALL.plus_ms(15 * 60_000), [place], at(0));
        test
    }

    fn text(&mut self, text: &str, ms: u64) -> Effect<()> {
        self.session.hear(at(ms).tick);
        self.session.text(text, at(ms), &mut self.world)
    }

    fn send(&mut self, frame: &ClientFrame, ms: u64) -> Effect<()> {
        self.text(&frame.encode(), ms)
    }

    fn post(&mut self, content: &str, ms: u64) -> Effect<()> {
        self.send(&post(content), ms)
    }

    fn error(&mut self, text: &str, ms: u64) -> ErrorFrame {
        error(self.text(text, ms))
    }
}

fn error(effect: Effect<()>) -> ErrorFrame {
    match effect {
        Effect::Reply(ServerFrame::Error(error)) => error,
        other => panic!("not an error: {other:?}"),
    }
}

fn txn() -> TxnId {
    TxnId::mint(1, [7; 10])
}

fn post(content: &str) -> ClientFrame {
    ClientFrame::Message(PostMessage {
        txn_id: txn(),
        room_id: room(),
        content: content.into(),
        reply_to: None,
    })
}

fn close(effect: &Effect<()>) -> Option<CloseCode> {
    match effect {
        Effect::Close(code, _) => Some(*code),
        _ => None,
    }
}

#[test]
fn the_first_frame_says_who_it_is_and_anything_else_ends_the_socket() {
    let auth = ClientFrame::Auth(Auth { token: "t".into() });
    assert_eq!(Test::unknown().send(&auth, 0), Effect::Authenticate("t".into()));
    for text in ["", "{}", r#"{"type":"ping"}"#, &post("hello").encode()] {
        let effect = Test::unknown().text(text, 0);
        assert_eq!(close(&effect), Some(CloseCode::Unauthenticated), "{text}");
    }
}

#[test]
fn a_socket_that_says_nothing_is_closed_in_time() {
    let mut test = Test::unknown();
    assert_eq!(test.session.deadline(), Duration::from_secs(5));
    assert_eq!(test.session.due(at(4_999)), None);
    let due = test.session.due(at(5_000));
    assert!(matches!(due, Some(Due::Close(CloseCode::Unauthenticated, _))), "{due:?}");
}

#[test]
fn a_message_with_something_in_it_is_to_be_stored() {
    let mut test = Test::known();
    let Effect::Append(append) = test.post(" Hello\n", 0) else { panic!("not stored") };
    assert_eq!(
        (append.body.content(), append.author.id, append.room_id),
        (Some(" Hello\n"), user(1), room())
    );
}

#[test]
fn what_is_wrong_with_a_message_is_said_with_its_txn_id_and_costs_no_message() {
    let mut test = Test::known();
    let too_long = "é".repeat(4_001);
    for (content, code) in [
        ("", ErrorCode::Empty),
        (" \t\r\n\u{a0}\u{3000}", ErrorCode::Empty),
        (too_long.as_str(), ErrorCode::TooLong),
        ("a\0b", ErrorCode::Invalid),
    ] {
        let error = error(test.post(content, 0));
        assert_eq!((error.code, error.field.as_deref()), (code, Some("content")), "{content:?}");
        assert_eq!((error.txn_id, error.room_id, error.retryable), (Some(txn()), Some(room()), false));
    }
    assert_eq!(test.world.0, Gcra::default());
    assert!(matches!(test.post(&"é".repeat(4_000), 0), Effect::Append(_)));
}

#[test]
fn broken_frames_are_answered_and_the_socket_lives() {
    let mut test = Test::known();
    assert_eq!(test.error("{", 0).code, ErrorCode::Parse);
    assert_eq!(test.error(r#"{"type":"dance"}"#, 0).code, ErrorCode::UnknownType);
    assert_eq!(test.error(r#"{"type":"edit"}"#, 0).code, ErrorCode::Unsupported);
    let missing = test.error(r#"{"type":"read","seq":1}"#, 0);
    assert_eq!((missing.code, missing.field.as_deref()), (ErrorCode::Invalid, Some("room_id")));
    assert_eq!(
        test.send(&ClientFrame::Ping, 7),
        Effect::Reply(ServerFrame::Pong(shared::frame::Pong { server_time: at(7).wall }))
    );
}

#[test]
fn messages_beyond_the_rate_are_refused_with_the_time_to_wait() {
    let mut test = Test::known();
    for _ in 0..10 {
        assert!(matches!(test.post("hello", 0), Effect::Append(_)));
        test.session.answered();
    }
    let refused = error(test.post("hello", 0));
    assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::RateLimited, Some(600)));
    assert_eq!((refused.txn_id, refused.retryable), (Some(txn()), true));
    assert!(matches!(test.post("hello", 600), Effect::Append(_)));
}

#[test]
fn a_post_that_was_on_its_way_does_not_overtake_a_refused_one() {
    let mut test = Test::known();
    for _ in 0..10 {
        assert!(matches!(test.post("hello", 0), Effect::Append(_)));
        test.session.answered();
    }
    // Refused a moment before the limiter would have let it through.
    assert_eq!(error(test.post("first", 599)).retry_after_ms, Some(250));
    assert_eq!(error(test.post("second", 601)).retry_after_ms, Some(248));
    assert!(matches!(test.post("first", 849), Effect::Append(_)));
}

#[test]
fn posts_that_wait_for_the_disk_keep_the_socket_from_being_read() {
    let mut test = Test::known();
    for _ in 0..3 {
        assert!(test.session.may_read() && matches!(test.post("hello", 0), Effect::Append(_)));
    }
    assert!(!test.session.may_read());
    test.session.answered();
    assert!(test.session.may_read() && !test.session.is_answered());
}

#[test]
fn a_server_that_goes_down_stores_nothing_more() {
    let mut test = Test::known();
    test.session.drain();
    let error = error(test.post("hello", 0));
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
    assert!(test.session.is_answered());
}

#[test]
fn frames_beyond_the_rate_are_refused_and_a_flood_that_goes_on_ends_the_socket() {
    let mut test = Test::known();
    for _ in 0..60 {
        assert!(matches!(test.send(&ClientFrame::Ping, 0), Effect::Reply(ServerFrame::Pong(_))));
    }
    for _ in 0..60 {
        let refused = error(test.send(&ClientFrame::Ping, 0));
        assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::RateLimited, Some(50)));
    }
    assert_eq!(close(&test.send(&ClientFrame::Ping, 0)), Some(CloseCode::Policy));
}

#[test]
fn who_waits_as_told_is_never_closed() {
    let mut test = Test::known();
    for n in 0..2_000 {
        assert_eq!(close(&test.send(&ClientFrame::Ping, n * 26)), None, "frame {n}");
    }
}

#[test]
fn a_refused_post_is_named_so_that_it_can_be_sent_again() {
    let mut test = Test::known();
    (0..60).for_each(|_| drop(test.send(&ClientFrame::Ping, 0)));
    let refused = error(test.post("hello", 0));
    assert_eq!((refused.txn_id, refused.room_id), (Some(txn()), Some(room())));
    assert_eq!(refused.retry_after_ms, Some(250));
}

#[test]
fn control_frames_count_as_frames() {
    let mut test = Test::known();
    let closed = (0..121).map(|_| test.session.control(Duration::ZERO)).find_map(|effect| close(&effect));
    assert_eq!(closed, Some(CloseCode::Policy));
}

#[test]
fn a_page_is_cut_at_the_head_and_at_the_limit() {
    let mut test = Test::known();
    let sync = |from, limit| ClientFrame::Sync(Sync { room_id: room(), from, limit });
    let after = SyncFrom::After(Seq::new(900).unwrap());
    let Effect::Page(page) = test.send(&sync(after, None), 0) else { panic!("no page") };
    assert_eq!((page.from, page.limit, page.head.get()), (after, 100, HEAD));
    let Effect::Page(page) = test.send(&sync(after, Some(7)), 0) else { panic!("no page") };
    assert_eq!(page.limit, 7);
    test.session.paged();
    let refused = error(test.send(&sync(after, Some(101)), 0));
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("limit")));
    assert_eq!(refused.room_id, Some(room()));
}

#[test]
fn a_room_that_one_is_not_in_has_nothing_to_say() {
    let mut test = Test::known();
    let room_id = RoomId::mint(1, [2; 10]);
    let seq = Seq::new(1).unwrap();
    for frame in [
        ClientFrame::Sync(Sync { room_id, from: SyncFrom::After(seq), limit: None }),
        ClientFrame::Typing(Typing { room_id, active: true }),
        ClientFrame::Read(Read { room_id, seq }),
    ] {
        let refused = error(test.send(&frame, 0));
        assert_eq!((refused.code, refused.room_id), (ErrorCode::NotMember, Some(room_id)), "{frame:?}");
    }
}

#[test]
fn what_does_not_exist_yet_was_not_read() {
    let mut test = Test::known();
    let read = |seq| ClientFrame::Read(Read { room_id: room(), seq: Seq::new(seq).unwrap() });
    assert!(matches!(test.send(&read(HEAD), 0), Effect::Read(_)));
    let refused = error(test.send(&read(HEAD + 1), 0));
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("seq")));
}

#[test]
fn a_client_is_warned_before_its_token_ends_and_closed_when_it_does() {
    let mut test = Test::known();
    let end = 15 * 60_000;
    test.session.hear(at(end - 60_000).tick);
    assert_eq!(test.session.due(at(end - 60_001)), Some(Due::Ping));
    assert_eq!(test.session.due(at(end - 60_001)), None);
    let warning = ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 });
    assert_eq!(test.session.due(at(end - 60_000)), Some(Due::Send(warning)));
    assert_eq!(test.session.due(at(end - 60_000)), None, "once");
    test.session.hear(at(end).tick);
    let due = test.session.due(at(end));
    assert!(matches!(due, Some(Due::Close(CloseCode::Unauthenticated, _))), "{due:?}");
}

#[test]
fn a_newer_token_of_the_same_sign_in_keeps_the_socket() {
    let mut test = Test::known();
    let end = 15 * 60_000;
    test.session.hear(at(end - 1).tick);
    while test.session.due(at(end - 1)).is_some() {}
    let token_expires_at = WALL.plus_ms(2 * end);
    let answer = test.session.renew((user(1), sign_in(1)), token_expires_at, at(end - 1));
    assert_eq!(answer, ServerFrame::Authenticated(shared::frame::Authenticated { token_expires_at }));
    assert_eq!(test.session.due(at(end)), None);
    for other in [(user(2), sign_in(1)), (user(1), sign_in(2))] {
        let answer = test.session.renew(other, WALL.plus_ms(9 * end), at(end));
        assert!(matches!(answer, ServerFrame::Error(ErrorFrame { code: ErrorCode::Forbidden, .. })));
    }
}

#[test]
fn a_token_that_is_nearly_over_is_warned_about_at_once() {
    let mut test = Test::unknown();
    let ada = Arc::new(Profile { id: user(1), name: "Ada".into(), avatar: None });
    test.session.known(ada, sign_in(1), WALL.plus_ms(10_000), [], at(0));
    let warning = ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 10_000 });
    assert_eq!(test.session.due(at(0)), Some(Due::Send(warning)));
    assert_eq!(test.session.deadline(), Duration::from_secs(10));
}

#[test]
fn where_tokens_live_shortly_a_renewed_one_is_not_warned_about_at_once() {
    let mut test = Test::unknown();
    let ada = Arc::new(Profile { id: user(1), name: "Ada".into(), avatar: None });
    test.session.known(ada, sign_in(1), WALL.plus_ms(40_000), [], at(0));
    assert!(matches!(test.session.due(at(0)), Some(Due::Send(ServerFrame::AuthExpiring(_)))));
    test.session.renew((user(1), sign_in(1)), WALL.plus_ms(40_000), at(0));
    assert_eq!(test.session.due(at(0)), None);
    test.session.hear(at(30_000).tick);
    while test.session.due(at(29_999)) == Some(Due::Ping) {}
    assert_eq!(test.session.due(at(29_999)), None);
    let warning = ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 10_000 });
    assert_eq!(test.session.due(at(30_000)), Some(Due::Send(warning)));
}

#[test]
fn a_silent_client_is_pinged_and_then_dropped() {
    let mut test = Test::known();
    assert_eq!(test.session.deadline(), Duration::from_secs(25));
    assert_eq!(test.session.due(at(25_000)), Some(Due::Ping));
    assert_eq!(test.session.deadline(), Duration::from_secs(45));
    assert!(matches!(test.session.due(at(45_000)), Some(Due::Drop(_))));
    let mut test = Test::known();
    test.session.hear(at(30_000).tick);
    assert_eq!(test.session.due(at(45_000)), Some(Due::Ping));
    assert_eq!(test.session.due(at(45_000)), None);
}
