//! The server's end of a simulated connection: it reads what has arrived and writes as much as the system would take.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};

use backend::socket::Transport;
use tokio::io::AsyncWrite;

/// How the client's half has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In order.
    Eof,
    /// By a reset.
    Reset,
}

/// What lies between the server and the network.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// What has arrived and was not read.
    pub(crate) arrived: VecDeque<u8>,
    /// How the client's half has ended, if it has.
    pub(crate) ended: Option<Ending>,
    /// What was written and has not left.
    pub(crate) written: Vec<u8>,
    /// How many bytes the system still takes.
    pub(crate) room: usize,
}

/// Both ends hold one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Buffers>>);

impl Pipe {
    /// A connection for which the system takes so many bytes ahead of the client.
    pub(crate) fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Buffers { room, ..Buffers::default() })))
    }

    pub(crate) fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.0.lock().expect("nothing panics while it holds the buffers")
    }
}

impl Transport for Pipe {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffers = self.buffers();
        let count = buffer.len().min(buffers.arrived.len());
        if count > 0 {
            for (to, from) in buffer.iter_mut().zip(buffers.arrived.drain(..count)) {
                *to = from;
            }
            return Ok(count);
        }
        match buffers.ended {
            None => Err(io::ErrorKind::WouldBlock.into()),
            Some(Ending::Eof) => Ok(0),
            Some(Ending::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut buffers = self.buffers();
        if buffers.ended == Some(Ending::Reset) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let mut written = 0;
        for slice in slices {
            let count = slice.len().min(buffers.room);
            buffers.written.extend_from_slice(&slice[..count]);
            buffers.room -= count;
            written += count;
        }
        if written == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(written) }
    }

    fn poll_read_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_write_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Only a server that is not stepped ends a connection this way.
impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write_vectored(&[IoSlice::new(bytes)]))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
