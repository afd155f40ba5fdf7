//! A message as it stands: what its author wrote, and what later events have made of it. Server and page fold the
//! same events with the same function, so a page of history and a live screen come out the same.

pub use crate::event::Message;
use crate::event::{Event, EventBody};

impl Message {
    /// A message of that text, with nothing else said or done.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// Folds an event about this message into its state. Returns false where the event changes nothing.
    pub fn apply(&mut self, event: &Event) -> bool {
        match &event.body {
            EventBody::Message(_) | EventBody::Join | EventBody::Leave | EventBody::Other { .. } => false,
        }
    }
}
