//! The end of a connection: the close frame, and time for it to arrive.

use std::time::Duration;

use tokio::time::timeout;

use super::{connection::Ended, wire::Wire};
use crate::chat::encode;

/// How long the other side has to take our last bytes and end its half.
const GRACE: Duration = Duration::from_secs(2);

/// Ends a connection the way that fits how it ended.
pub(super) async fn say(mut wire: Wire, ended: &Ended) {
    match ended {
        Ended::ByUs(code, reason) => wire.push(encode::close_frame(*code, reason).into()),
        // The library has left its answer to the client's close frame on the wire.
        Ended::ByClient(_) => {}
        Ended::Lost(..) => return,
    }
    // Who does not listen any more misses nothing.
    let _ended_anyhow = timeout(GRACE, wire.finish()).await;
}
