//! What a frame of the server is as facts. It knows no client: what that makes of the frame is seen elsewhere.

use shared::{ErrorCode, ServerFrame, UserId, api::RoomState, frame::Ack};
use sim::oracle::{Count, Fact, Rule, Screen, Violation};

use super::witness::{Counts, Witness};

/// A frame that came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    /// To whom.
    pub(crate) screen: Screen,
    /// When, by the clock of the client.
    pub(crate) at_ms: u64,
    /// As it came.
    pub(crate) text: &'a str,
}

impl Heard<'_> {
    /// Tells the witness, and who the client is where the frame says that. The ack, where it is one.
    pub(crate) fn tell(self, witness: &Witness, user: &mut Option<UserId>) -> Option<Ack> {
        let Self { screen, at_ms, text } = self;
        let Ok(frame) = ServerFrame::decode(text) else {
            let detail = format!("{screen:?} was sent a frame that can't be read: {text}");
            witness.break_rule(Violation::new(Rule::Body, detail));
            return None;
        };
        let counts = witness.counts();
        match frame {
            ServerFrame::Connected(connected) => {
                Counts::add(&counts.connected);
                *user = Some(connected.user.id);
                connected.rooms.iter().for_each(|state| counted(witness, connected.user.id, state));
            }
            ServerFrame::Ack(ack) => {
                Counts::add(&counts.acks);
                if ack.duplicate {
                    Counts::add(&counts.duplicates);
                }
                if let Some(author) = *user {
                    witness.note(Fact::Acked { author, ack });
                }
                return Some(ack);
            }
            ServerFrame::Event(event) => {
                Counts::add(&counts.deliveries);
                witness.note(Fact::Delivered { screen, event: *event });
            }
            ServerFrame::Events(page) => {
                for event in page.events {
                    Counts::add(&counts.deliveries);
                    witness.note(Fact::Paged { screen, event });
                }
            }
            ServerFrame::Typing(signal) => witness.note(Fact::Typed {
                screen,
                room: signal.room_id,
                user: signal.user_id,
                active: signal.active,
                at_ms,
            }),
            ServerFrame::Error(error) => {
                Counts::add(&counts.refusals);
                witness.remark(format_args!("{screen:?} hears {error:?}"));
                if let (Some(author), Some(txn_id)) = (*user, error.txn_id) {
                    // That a token has ended is not the fault of what came with it.
                    let definite = !error.retryable && error.code != ErrorCode::Unauthenticated;
                    witness.note(Fact::Refused { author, txn_id, code: error.code, definite });
                }
            }
            _ => {}
        }
        None
    }
}

fn counted(witness: &Witness, user: UserId, state: &RoomState) {
    let RoomState { head, msg_no, read_seq, unread, .. } = *state;
    let count = Count { head, msg_no, read_seq, unread };
    witness.note(Fact::Counted { user, room: state.room.id, count });
}
