//! The cheapest client there is: it reads the headers of frames and passes over what is in them, so that
//! what is measured is the server. It masks with zeros, which RFC 6455 allows and which costs nothing.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// One socket.
pub struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl RawSocket {
    /// Opens a socket at that path, with `buffer` bytes to read into.
    pub async fn open(address: SocketAddr, path: &str, buffer: usize) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut socket = Self { stream, buffer: vec![0; buffer], start: 0, end: 0 };
        loop {
            socket.fill().await?;
            let head = &socket.buffer[..socket.end];
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                ensure!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head[..end]));
                socket.start = end + 4;
                return Ok(socket);
            }
        }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: &str) -> anyhow::Result<()> {
        self.send_frame(TEXT, text.as_bytes()).await
    }

    /// Waits for the next text frame and hands it to `see`; answers pings on the way.
    pub async fn next<T>(&mut self, see: impl FnOnce(&[u8]) -> T) -> anyhow::Result<T> {
        loop {
            while let Some((opcode, payload, end)) = self.parse()? {
                self.start = end;
                match opcode {
                    TEXT => return Ok(see(&self.buffer[payload])),
                    PING => {
                        let payload = self.buffer[payload].to_vec();
                        self.send_frame(PONG, &payload).await?;
                    }
                    CLOSE => {
                        bail!("closed by the server: {}", String::from_utf8_lossy(&self.buffer[payload]))
                    }
                    _ => {}
                }
            }
            self.fill().await?;
        }
    }

    /// The first frame in the buffer, when it is whole: its kind, where its payload is, where it ends.
    fn parse(&self) -> anyhow::Result<Option<(u8, std::ops::Range<usize>, usize)>> {
        let bytes = &self.buffer[self.start..self.end];
        let Some(&[first, second]) = bytes.first_chunk::<2>() else { return Ok(None) };
        ensure!(second & 0x80 == 0, "a server does not mask");
        let (length, head) = match second {
            126 => match bytes[2..].first_chunk::<2>() {
                Some(length) => (usize::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            127 => match bytes[2..].first_chunk::<8>() {
                Some(length) => (usize::try_from(u64::from_be_bytes(*length))?, 10),
                None => return Ok(None),
            },
            short => (usize::from(short), 2),
        };
        ensure!(head + length <= self.buffer.len(), "a frame of {length} bytes is larger than the buffer");
        let payload = self.start + head..self.start + head + length;
        Ok((payload.end <= self.end).then(|| (first & 0x0f, payload.clone(), payload.end)))
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        ensure!(self.end < self.buffer.len(), "a frame is larger than the buffer");
        let read = self.stream.read(&mut self.buffer[self.end..]).await.context("reading")?;
        ensure!(read > 0, "the server has ended the connection");
        self.end += read;
        Ok(())
    }

    async fn send_frame(&mut self, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
        let mut frame = Vec::with_capacity(payload.len() + 14);
        frame.push(0x80 | opcode);
        match u16::try_from(payload.len()) {
            Ok(length @ 0..126) => frame.push(0x80 | length as u8),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await.context("writing")
    }
}
