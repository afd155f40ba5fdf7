//! What a frame of the server is as facts. It knows no client: what that makes of the frame is seen elsewhere.

use oracle::{Count, Fact, Rule, Screen, Violation};
use shared::{ErrorCode, ServerFrame, UserId, api::RoomState, frame::Ack};

use super::recorder::{Counts, Recorder};

/// A frame that came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameFacts<'a> {
    /// To whom.
    pub(crate) screen: Screen,
    /// When, by the clock of the client.
    pub(crate) at_ms: u64,
    /// As it came.
    pub(crate) text: &'a str,
}

impl FrameFacts<'_> {
    /// Tells the recorder, and who the client is where the frame says that. The ack, where it is one.
    pub(crate) fn tell(self, recorder: &Recorder, user: &mut Option<UserId>) -> Option<Ack> {
        let Self { screen, at_ms, text } = self;
        let Ok(frame) = ServerFrame::decode(text) else {
            let detail = format!("{screen:?} was sent a frame that can't be read: {text}");
            recorder.break_rule(Violation::new(Rule::Body, detail));
            return None;
        };
        let counts = recorder.counts();
        match frame {
            ServerFrame::Connected(connected) => {
                Counts::add(&counts.connected);
                *user = Some(connected.user.id);
                connected.rooms.iter().for_each(|state| counted(recorder, connected.user.id, state));
            }
            ServerFrame::Ack(ack) => {
                Counts::add(&counts.acks);
                if ack.duplicate {
                    Counts::add(&counts.duplicates);
                }
                if let Some(author) = *user {
                    recorder.note(Fact::Acked { author, ack });
                }
                return Some(ack);
            }
            ServerFrame::Event(event) => {
                Counts::add(&counts.deliveries);
                recorder.note(Fact::Delivered { screen, event: *event });
            }
            ServerFrame::Events(page) => {
                for event in page.events {
                    Counts::add(&counts.deliveries);
                    recorder.note(Fact::Paged { screen, event });
                }
            }
            ServerFrame::Typing(signal) => recorder.note(Fact::Typed {
                screen,
                room: signal.room_id,
                user: signal.user_id,
                active: signal.active,
                at_ms,
            }),
            ServerFrame::Error(error) => {
                Counts::add(&counts.refusals);
                recorder.remark(format_args!("{screen:?} hears {error:?}"));
                if let (Some(author), Some(txn_id)) = (*user, error.txn_id) {
                    // That a token has ended is not the fault of what came with it.
                    let definite = !error.retryable && error.code != ErrorCode::Unauthenticated;
                    recorder.note(Fact::Refused { author, txn_id, code: error.code, definite });
                }
            }
            _ => {}
        }
        None
    }
}

fn counted(recorder: &Recorder, user: UserId, state: &RoomState) {
    let RoomState { head, msg_no, read_seq, unread, .. } = *state;
    let count = Count { head, msg_no, read_seq, unread };
    recorder.note(Fact::Counted { user, room: state.room.id, count });
}
