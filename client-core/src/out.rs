//! Where the parts of the client put what they want done. It knows only which socket is in use.

use std::collections::VecDeque;

use shared::{ClientFrame, json::ToJson};

use crate::{
    call::Call,
    io::{Change, Output, SocketId},
    keep::{Keep, Key, Record},
    records,
};

/// The outputs of one [`Client::handle`](crate::Client::handle) and those not polled yet.
#[derive(Default)]
pub(crate) struct Out {
    /// What is to be kept goes before everything else: a message is written before it is sent.
    keeps: VecDeque<Keep>,
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

    /// Whether that was said since the last flush.
    pub(crate) fn has_changed(&self, change: &Change) -> bool {
        self.changes.contains(change)
    }

    /// Wants a record written.
    pub(crate) fn write(&mut self, key: Key, record: impl ToJson) {
        self.keep(key, Keep::Write(Record { key, text: records::write(record) }));
    }

    /// Wants a record removed.
    pub(crate) fn remove(&mut self, key: Key) {
        self.keep(key, Keep::Remove(key));
    }

    /// Wants everything removed.
    pub(crate) fn wipe(&mut self) {
        self.keeps.clear();
        self.keeps.push_back(Keep::Wipe);
    }

    /// Of one record only the last wish counts.
    fn keep(&mut self, key: Key, keep: Keep) {
        let is_about_it = |known: &Keep| match known {
            Keep::Write(record) => record.key == key,
            Keep::Remove(known) => *known == key,
            Keep::Wipe => false,
        };
        self.keeps.retain(|known| !is_about_it(known));
        self.keeps.push_back(keep);
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
        self.keeps.pop_front().map(Output::Keep).or_else(|| self.queue.pop_front())
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
    use crate::keep::Slot;

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

    #[test]
    fn what_is_kept_goes_first_and_of_one_record_the_last_wish_counts() {
        let key = |slot| Key { user: shared::UserId::mint(0, [1; 10]), slot };
        let (person, page) = (key(Slot::Person), key(Slot::Page(shared::RoomId::mint(0, [1; 10]))));
        let mut out = Out::connected();
        out.send(&ClientFrame::Ping);
        out.write(person, 1_u64);
        out.write(page, 1_u64);
        out.remove(person);
        let kept = |keep| Some(Output::Keep(keep));
        assert!(matches!(out.poll(), Some(Output::Keep(Keep::Write(record))) if record.key == page));
        assert_eq!(out.poll(), kept(Keep::Remove(person)));
        assert!(matches!(out.poll(), Some(Output::Send(..))));
        out.write(page, 1_u64);
        out.wipe();
        assert_eq!((out.poll(), out.poll()), (kept(Keep::Wipe), None));
    }
}
