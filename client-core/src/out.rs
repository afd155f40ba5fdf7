//! Where the parts of the client put what they want done. It knows only which socket is in use.

use std::collections::VecDeque;

use shared::ClientFrame;

use crate::{
    call::Call,
    io::{Change, Output, SocketId},
};

/// The outputs of one [`Client::handle`](crate::Client::handle) and those not polled yet.
#[derive(Default)]
pub(crate) struct Out {
    queue: VecDeque<Output>,
    changes: Vec<Change>,
    calls: Vec<Call>,
    socket: Option<SocketId>,
}

impl Out {
    /// Something for the driver, as it is.
    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// From now on frames go there, or nowhere.
    pub(crate) fn use_socket(&mut self, socket: Option<SocketId>) {
        self.socket = socket;
    }

    /// Whether frames go anywhere.
    pub(crate) fn online(&self) -> bool {
        self.socket.is_some()
    }

    /// Sends a frame, if there is a connection.
    pub(crate) fn send(&mut self, frame: &ClientFrame) {
        if self.socket.is_some() {
            self.send_text(frame.encode());
        }
    }

    /// Sends a frame that is encoded already.
    pub(crate) fn send_text(&mut self, text: String) {
        if let Some(socket) = self.socket {
            self.queue.push_back(Output::Send(socket, text));
        }
    }

    /// Something can be seen. The same is said once.
    pub(crate) fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Wants a call made.
    pub(crate) fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    /// The next wanted call.
    pub(crate) fn next_call(&mut self) -> Option<Call> {
        if self.calls.is_empty() { None } else { Some(self.calls.remove(0)) }
    }

    /// Puts the changes behind everything else: what goes over the network goes first.
    pub(crate) fn flush(&mut self) {
        self.queue.extend(self.changes.drain(..).map(Output::Changed));
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    impl Out {
        /// A place to put things while a connection is open.
        pub(crate) fn connected() -> Self {
            Self { socket: Some(SocketId(1)), ..Self::default() }
        }

        /// The frames since the last look.
        pub(crate) fn sent(&mut self) -> Vec<ClientFrame> {
            let is_frame = |output: &Output| matches!(output, Output::Send(..));
            let (frames, others) = self.queue.drain(..).partition::<Vec<_>, _>(is_frame);
            self.queue = others.into();
            let decode = |output| match output {
                Output::Send(_, text) => ClientFrame::decode(&text).unwrap(),
                _ => unreachable!("only frames"),
            };
            frames.into_iter().map(decode).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_change_is_said_once_and_behind_what_goes_over_the_network() {
        let mut out = Out::connected();
        out.changed(Change::Rooms);
        out.changed(Change::Link);
        out.changed(Change::Rooms);
        out.send(&ClientFrame::Ping);
        out.flush();
        out.changed(Change::Rooms);
        out.flush();
        let socket = SocketId(1);
        let expected = [
            Output::Send(socket, ClientFrame::Ping.encode()),
            Output::Changed(Change::Rooms),
            Output::Changed(Change::Link),
            Output::Changed(Change::Rooms),
        ];
        assert_eq!(std::iter::from_fn(|| out.poll()).collect::<Vec<_>>(), expected);
    }
}
