//! A connection without a task: somebody else says when it looks. It does what a connection does, in the same order.

use std::time::Duration;

use super::{
    close,
    connection::{Connection, Start},
    wire::Transport,
};
use crate::{address::ClientAddress, app::App};

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There is more to do at once.
    Now,
    /// It looks again when something came, when it [was woken](SteppedSocket::take_woken), when its client takes
    /// bytes again, or at that moment since the start of the server.
    At(Duration),
    /// It has ended; its last bytes were given to the transport.
    Over,
}

/// A connection that is stepped.
pub struct SteppedSocket {
    connection: Box<Connection>,
    start: Option<Start>,
}

impl SteppedSocket {
    /// A socket that a client opens with a connection token in its address, or without one. `None` when this
    /// address has too many, or the server goes down.
    pub(crate) fn open(
        app: &App,
        transport: Box<dyn Transport>,
        from: ClientAddress,
        token: Option<String>,
    ) -> Option<Self> {
        if app.hub.is_closing() {
            return None;
        }
        let admission = app.hub.addresses().admit(from.for_limits(), &app.options.limits).ok()?;
        let connection = Box::new(Connection::new(app.clone(), transport, Vec::new(), admission));
        let start = token.map_or(Start::FirstFrame, Start::Token);
        Some(Self { connection, start: Some(start) })
    }

    /// Looks once at everything. Waits for the database only.
    pub async fn step(&mut self) -> Next {
        let connection = &mut self.connection;
        if let Some(start) = self.start.take() {
            connection.begin(start).await;
        }
        connection.is_unread = true;
        let now = connection.hub().now();
        if let Err(ended) = connection.step(now).await {
            // Others learn at once that the person has gone.
            drop(connection.attendance.take());
            if close::put_last_words(&mut connection.wire, &ended) {
                // Who does not listen any more misses nothing.
                let _ended_anyhow = connection.wire.flush_queue();
            }
            return Next::Over;
        }
        if connection.has_more() { Next::Now } else { Next::At(connection.deadline()) }
    }

    /// The pages that it wants read; each leaves its answer for the connection.
    pub fn take_pages(&mut self) -> Vec<impl Future<Output = ()> + Send + use<>> {
        self.connection.take_pages()
    }

    /// Whether it was woken since this was last asked.
    pub fn take_woken(&self) -> bool {
        self.connection.mailbox.take_woken()
    }

    /// Bytes that wait for the client.
    pub fn waiting_bytes(&self) -> usize {
        self.connection.wire.waiting()
    }
}

impl Drop for SteppedSocket {
    fn drop(&mut self) {
        drop(self.connection.attendance.take());
        self.connection.app.hub.close_socket(self.connection.number);
    }
}
