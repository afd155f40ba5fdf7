//! A server that talks nonsense: the client survives it, comes to rest, and still works afterwards.

mod support;

use client_core::{Command, Input, LinkState};
use proptest::{collection::vec, prelude::*};
use shared::{
    Event, EventBody, RoomId, ServerFrame,
    api::Presence,
    error::ErrorCode,
    frame::{Ack, Behind, Events, PresenceSignal, ReadSignal, TypingSignal},
};
use support::{
    Page,
    wire::{
        ada, connected, error, event, live, message, msg_no, page as events, room, seq, state, txn, user,
    },
};

fn some_room() -> impl Strategy<Value = RoomId> {
    (1..4_u128).prop_map(room)
}

/// Mostly small, sometimes absurd.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..12_u64, 1 => Just((1 << 53) - 1), 1 => 1_000..5_000_u64]
}

fn wait() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), Just(Some(0)), (0..5_000_u64).prop_map(Some), Just(Some(u64::MAX))]
}

prop_compose! {
    fn some_event()(
        room in some_room(), at in number(), count in number(), who in 1..4_u128, id in 0..6_u128, kind in 0..4_u8,
    ) -> Event {
        let body = match kind {
            0 | 1 => message("x"),
            2 => EventBody::Join,
            _ => EventBody::Leave,
        };
        let author = if who == 1 { ada() } else { user(who, "Somebody") };
        let mut event = event(room, at, author, txn(id), body);
        event.msg_no = msg_no(count);
        event
    }
}

fn frame() -> impl Strategy<Value = ServerFrame> {
    let codes = vec![
        ErrorCode::NotMember,
        ErrorCode::RateLimited,
        ErrorCode::Unavailable,
        ErrorCode::Invalid,
        ErrorCode::Conflict,
        ErrorCode::Unauthenticated,
        ErrorCode::Unknown,
    ];
    let presences = vec![Presence::Online, Presence::Away, Presence::Offline];
    let page = (some_room(), vec(some_event(), 0..6), number(), any::<bool>());
    prop_oneof![
        4 => some_event().prop_map(|event| live(&event)),
        2 => page.prop_map(|(room_id, events, head, has_more)| {
            ServerFrame::Events(Events { room_id, events, head: seq(head), has_more })
        }),
        2 => (some_room(), 1..20_u64, 0..20_u64, number(), any::<bool>()).prop_map(
            |(room, first, length, head, has_more)| events(room, first..=first + length, head, has_more)
        ),
        1 => (some_room(), number(), number(), 0..6_u128).prop_map(|(room_id, at, count, id)| {
            ServerFrame::Ack(Ack {
                txn_id: txn(id),
                room_id,
                seq: seq(at),
                msg_no: msg_no(count),
                timestamp: support::BEGIN,
                duplicate: false,
            })
        }),
        1 => (some_room(), number())
            .prop_map(|(room_id, head)| ServerFrame::Behind(Behind { room_id, head: seq(head) })),
        1 => (some_room(), 1..4_u128, any::<bool>()).prop_map(|(room_id, who, active)| {
            ServerFrame::Typing(TypingSignal { room_id, user_id: user(who, "").id, active })
        }),
        1 => (some_room(), 1..4_u128, number()).prop_map(|(room_id, who, at)| {
            ServerFrame::Read(ReadSignal { room_id, user_id: user(who, "").id, seq: seq(at) })
        }),
        1 => (1..4_u128, proptest::sample::select(presences)).prop_map(|(who, status)| {
            ServerFrame::Presence(PresenceSignal { user_id: user(who, "").id, status, last_seen: None })
        }),
        2 => (proptest::sample::select(codes), some_room(), wait()).prop_map(|(code, room, wait)| {
            let mut frame = error(code).about_room(room);
            frame.retry_after_ms = wait;
            ServerFrame::Error(frame)
        }),
        1 => any::<u64>().prop_map(|reconnect_after_ms| ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms })),
        1 => any::<u64>().prop_map(|expires_in_ms| ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms })),
        1 => vec((1..4_u128, number()), 0..3).prop_map(|rooms| {
            let states = rooms.into_iter().map(|(id, head)| state(id, head, 0));
            connected(&states.collect::<Vec<_>>())
        }),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Hear(Box<ServerFrame>),
    Want(Command),
    Wait(u64),
    Lose(Option<u16>),
    /// The oldest call is answered, rightly or with this status; 0 is no answer.
    Answer(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        some_room().prop_map(Command::OpenRoom),
        some_room().prop_map(Command::PageBack),
        some_room().prop_map(|room| Command::Post { room, content: "x".into() }),
        (some_room(), number()).prop_map(|(room, at)| Command::Seen(room, seq(at))),
        Just(Command::CloseRoom),
        Just(Command::ConnectNow),
    ];
    prop_oneof![
        8 => frame().prop_map(|frame| Step::Hear(Box::new(frame))),
        3 => command.prop_map(Step::Want),
        1 => (0..12_000_u64).prop_map(Step::Wait),
        1 => proptest::sample::select(vec![None, Some(1012), Some(1008), Some(4001), Some(4003)]).prop_map(Step::Lose),
        2 => proptest::sample::select(vec![200, 200, 200, 401, 204, 429, 503, 0]).prop_map(Step::Answer),
    ]
}

/// Answers the oldest call.
fn answer(page: &mut Page, status: u16) {
    let Some(path) = page.oldest_call() else { return };
    let body = match path.rsplit('/').next() {
        _ if status != 200 => "",
        Some("refresh" | "guests") => &support::wire::signed_in(&ada()),
        Some("ws-token") => &support::wire::connection_token(),
        Some("rooms") => &support::wire::my_rooms(&[state(1, 5, 0), state(3, 7, 0)]),
        _ => &support::wire::members(&[support::wire::member(ada(), Presence::Online)]),
    };
    if status == 0 {
        page.no_answer(&path);
    } else {
        page.answer(&path, status, body);
    }
    page.open_if_wanted();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_breaks_nothing(steps in vec(step(), 1..60)) {
        let mut page = Page::online(&[state(1, 5, 0), state(2, 0, 0)]);
        for step in steps {
            match step {
                Step::Hear(frame) if page.socket.is_some() => page.frame(&frame),
                Step::Hear(_) => {}
                Step::Want(command) => page.command(command),
                Step::Wait(ms) => page.advance(ms),
                Step::Lose(code) if page.socket.is_some() => page.lose(code),
                Step::Lose(_) => {}
                Step::Answer(status) => answer(&mut page, status),
            }
            for id in 1..4 {
                page.rows(room(id)); // every listed row can be read
            }
            for view in page.client.rooms() {
                prop_assert!(view.unread < 1 << 53);
            }
        }
        page.input(Input::Stopped);
        page.forget();
        page.input(Input::Started);
        page.command(Command::SignIn { name: "Ada".into() });
        for _ in 0..20 {
            answer(&mut page, 200);
        }
        page.frame(&connected(&[state(1, 5, 0)]));
        prop_assert_eq!(page.client.link(), LinkState::Online);
        prop_assert_eq!(page.client.rooms().count(), 1);
    }
}
