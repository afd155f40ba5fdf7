//! The end of a connection: the close frame, and time for it to arrive.

use std::{borrow::Cow, time::Duration};

use shared::CloseCode;
use tokio::time::timeout;

use super::wire::Wire;
use crate::chat::encode;

/// How long the other side has to take our last bytes and end its half.
const GRACE: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// We close it.
    ByUs(CloseCode, Cow<'static, str>),
    /// The client has closed it.
    ByClient(CloseCode),
    /// It is just gone, or drops because nobody is there.
    Lost(CloseCode, Cow<'static, str>),
}

/// Ends a connection the way that fits how it ended.
pub(super) async fn say(mut wire: Wire, ended: &Ended) {
    if put_last_words(&mut wire, ended) {
        // Who does not listen any more misses nothing.
        let _ended_anyhow = timeout(GRACE, wire.finish()).await;
    }
}

/// Puts what is left to say behind what waits. False when there is nobody to say it to.
pub(super) fn put_last_words(wire: &mut Wire, ended: &Ended) -> bool {
    match ended {
        Ended::ByUs(code, reason) => wire.push(encode::close_frame(*code, reason).into()),
        // The library has left its answer to the client's close frame on the wire.
        Ended::ByClient(_) => {}
        Ended::Lost(..) => return false,
    }
    true
}
