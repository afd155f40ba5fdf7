//! Every frame that travels over the socket, as two tables: [what a client says](ClientFrame) and
//! [what the server says](ServerFrame). To add a frame, add its line to one of them, and its fields where they are new.

#[macro_use]
mod tables;

pub(crate) mod client;
pub(crate) mod server;

pub use self::{
    client::{Activity, Auth, ClientFrame, PostMessage, Read, SetPresence, Sync, SyncFrom, Typing},
    server::{
        Ack, AuthExpiring, Authenticated, Behind, Connected, ErrorFrame, Events, Pong, PresenceSignal,
        ReadSignal, ServerFrame, ServerShutdown, TypingSignal,
    },
};
