//! A TCP connection with a queue of ready-made frames before it. Knows frames as bytes only.
//!
//! The WebSocket library reads from it and leaves its pongs in the queue; everything else is put there whole.
//! So frames never interleave, and all that waits goes out in one vectored write.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice, Read, Write},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};

/// What carries the bytes: a TCP connection, or whatever a simulator puts in its place.
pub trait Transport: AsyncWrite + Send + Sync + Unpin {
    /// Takes what has come; [`io::ErrorKind::WouldBlock`] when nothing has, 0 when nothing more will.
    ///
    /// # Errors
    /// When the connection is broken.
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Gives what can be taken now; [`io::ErrorKind::WouldBlock`] when that is nothing.
    ///
    /// # Errors
    /// When the connection is broken.
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Ready when there may be something to read.
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Ready when more may be taken.
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Transport for TcpStream {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        // Polled and not tried: where less came than would fit, tokio knows that nothing is left, and the next look
        // asks the system nothing. Whoever waits does so by `poll_read_ready`, with a waker of its own.
        match Pin::new(self).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, slices)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_read_ready(self, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_write_ready(self, context)
    }
}

/// Slices of one write. Linux takes 1,024; the gain ends long before.
pub(super) const SLICES: usize = 64;

/// Room for slices that an idle connection keeps.
const KEPT: usize = 8;

/// The connection and what waits to be written.
pub(super) struct Wire {
    tcp: Box<dyn Transport>,
    queue: VecDeque<Bytes>,
    bytes: usize,
    heard: bool,
}

/// What a flush has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flushed {
    pub(super) bytes: usize,
    pub(super) writes: u64,
}

impl Wire {
    pub(super) fn new(tcp: Box<dyn Transport>) -> Self {
        Self { tcp, queue: VecDeque::new(), bytes: 0, heard: false }
    }

    /// Bytes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    /// Slices that wait to be written.
    pub(super) fn slices(&self) -> usize {
        self.queue.len()
    }

    /// Puts whole frames behind what waits.
    pub(super) fn push(&mut self, frames: Bytes) {
        self.bytes += frames.len();
        self.queue.push_back(frames);
    }

    /// Drops what waits.
    pub(super) fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether anything came since this was last asked.
    pub(super) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Writes until nothing waits or the system takes no more.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn flush_queue(&mut self) -> io::Result<Flushed> {
        let mut flushed = Flushed::default();
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            for (slice, frames) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(frames);
            }
            let count = self.queue.len().min(SLICES);
            match self.tcp.try_write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    flushed.bytes += written;
                    flushed.writes += 1;
                    self.advance(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(flushed),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(flushed)
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(front) = self.queue.front_mut() {
            if written < front.len() {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.queue.pop_front();
        }
    }

    /// Gives back the memory that a busy moment has left behind.
    pub(super) fn shrink(&mut self) {
        if self.queue.is_empty() {
            self.queue.shrink_to(KEPT);
        }
    }

    /// Ready when there may be something to read.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.tcp.poll_read_ready(context).map(drop)
    }

    /// Ready when the system may take more.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.tcp.poll_write_ready(context).map(drop)
    }

    /// Writes what waits, says that nothing more will come, and reads on until the other side has said the
    /// same: closing with bytes unread would throw away what it has not read yet.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        while let Some(frames) = self.queue.pop_front() {
            self.tcp.write_all(&frames).await?;
        }
        self.tcp.shutdown().await?;
        loop {
            poll_fn(|context| self.tcp.poll_read_ready(context)).await?;
            let mut unread = [0; 1024];
            match self.tcp.try_read(&mut unread) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.tcp.try_read(buffer)?;
        self.heard |= read > 0;
        Ok(read)
    }
}

impl Write for Wire {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.push(Bytes::copy_from_slice(frame));
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn after_a_read_that_took_all_nothing_is_asked_of_the_system_until_more_comes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 64];
        for frame in [b"one", b"two"] {
            client.write_all(frame).await.unwrap();
            poll_fn(|context| Transport::poll_read_ready(&server, context)).await.unwrap();
            assert_eq!(Transport::try_read(&mut server, &mut buffer).unwrap(), 3);
            assert_eq!(&buffer[..3], frame);
            let mut context = Context::from_waker(Waker::noop());
            assert!(Transport::poll_read_ready(&server, &mut context).is_pending(), "nothing is left");
            let again = Transport::try_read(&mut server, &mut buffer).unwrap_err();
            assert_eq!(again.kind(), io::ErrorKind::WouldBlock);
        }
        drop(client);
        poll_fn(|context| Transport::poll_read_ready(&server, context)).await.unwrap();
        assert_eq!(Transport::try_read(&mut server, &mut buffer).unwrap(), 0, "the end is seen");
    }
}
