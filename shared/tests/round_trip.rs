//! Whatever is encoded decodes to the same.

mod arbitrary;

use arbitrary::{client_frame, event, member, room_state, server_frame};
use proptest::prelude::*;
use shared::{
    ClientFrame, Event, ServerFrame,
    api::{Member, RoomState},
    json,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_says_arrives_as_it_was_said(frame in client_frame()) {
        let text = frame.encode();
        prop_assert!(!text.contains('\n'), "one line");
        prop_assert_eq!(ClientFrame::decode(&text), Ok(frame));
    }

    #[test]
    fn what_a_server_says_arrives_as_it_was_said(frame in server_frame()) {
        let text = frame.encode();
        prop_assert!(!text.contains('\n'), "one line");
        prop_assert_eq!(ServerFrame::decode(&text), Ok(frame));
    }

    #[test]
    fn an_event_is_the_same_live_and_in_a_page(event in event()) {
        let alone = json::to_string(&event);
        let live = ServerFrame::Event(Box::new(event.clone())).encode();
        prop_assert_eq!(&alone, &live, "one encoding serves everybody");
        prop_assert_eq!(json::from_str::<Event>(&alone).unwrap(), event);
    }

    #[test]
    fn what_calls_answer_arrives_as_it_was_answered(room in room_state(), member in member()) {
        let text = json::to_string(&room);
        prop_assert_eq!(json::from_str::<RoomState>(&text).unwrap(), room);
        let text = json::to_string(&member);
        prop_assert_eq!(json::from_str::<Member>(&text).unwrap(), member);
    }
}
