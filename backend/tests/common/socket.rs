//! A client's end of a socket, as a test holds it.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use shared::{
    ClientFrame, CloseCode, ErrorCode, Event, ServerFrame,
    frame::{Ack, Connected},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{Request, Response},
        protocol::WebSocketConfig,
    },
};

use super::soon;

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The answer to the handshake.
    pub answer: Response<Option<Vec<u8>>>,
}

impl Socket {
    /// Opens a socket, with a token in its address or without.
    pub async fn open(server: SocketAddr, token: Option<&str>) -> Self {
        let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
        let request = format!("ws://{server}{}{query}", shared::SOCKET_PATH).into_client_request().unwrap();
        Self::ask(server, request).await.unwrap()
    }

    /// Opens a socket with a handshake of the test's own.
    pub async fn ask(server: SocketAddr, request: Request<()>) -> Result<Self, tungstenite::Error> {
        Self::over(TcpStream::connect(server).await.unwrap(), request).await
    }

    /// Opens a socket over a connection of the test's own.
    pub async fn over(stream: TcpStream, request: Request<()>) -> Result<Self, tungstenite::Error> {
        let (stream, answer) = soon("the handshake", client_async(request, stream)).await?;
        Ok(Self { stream, answer })
    }

    /// The connection below.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Settings of the client's end.
    pub fn config(&self) -> &WebSocketConfig {
        self.stream.get_config()
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) {
        self.send_text(&frame.encode()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        self.send_raw(Message::text(text)).await;
    }

    /// Sends any WebSocket message.
    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next WebSocket message; `None` where the connection ended.
    pub async fn next_raw(&mut self) -> Option<Message> {
        soon("a message", self.stream.next()).await?.ok()
    }

    /// The next frame. Pings are answered below.
    pub async fn next(&mut self) -> ServerFrame {
        loop {
            match self.next_raw().await {
                Some(Message::Text(text)) => {
                    return ServerFrame::decode(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("a frame was expected, not {other:?}"),
            }
        }
    }

    /// Passes over frames until one is what is looked for.
    pub async fn expect_frame<T>(&mut self, mut pick: impl FnMut(ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.next().await) {
                return picked;
            }
        }
    }

    /// The `connected` that every socket begins with.
    pub async fn connected(&mut self) -> Connected {
        match self.next().await {
            ServerFrame::Connected(connected) => *connected,
            other => panic!("`connected` was expected first, not {other:?}"),
        }
    }

    /// The next `ack`.
    pub async fn ack(&mut self) -> Ack {
        self.expect_frame(|frame| if let ServerFrame::Ack(ack) = frame { Some(ack) } else { None }).await
    }

    /// Sends a post as often as it takes: while the queue to the disk is short, a note of the sign-in may be in it.
    pub async fn insist(&mut self, post: &ClientFrame) -> Ack {
        loop {
            self.send(post).await;
            let answer = self.expect_frame(|frame| match frame {
                ServerFrame::Ack(ack) => Some(Ok(ack)),
                ServerFrame::Error(error) => Some(Err(error)),
                _ => None,
            });
            match answer.await {
                Ok(ack) => return ack,
                Err(error) => assert_eq!(error.code, ErrorCode::Unavailable, "{error:?}"),
            }
        }
    }

    /// The next event of a room.
    pub async fn event(&mut self) -> Event {
        self.expect_frame(|frame| if let ServerFrame::Event(event) = frame { Some(*event) } else { None })
            .await
    }

    /// The next error.
    pub async fn error(&mut self) -> shared::ErrorFrame {
        self.expect_frame(|frame| if let ServerFrame::Error(error) = frame { Some(error) } else { None })
            .await
    }

    /// Passes over frames until the server closes, and tells why.
    pub async fn closed(&mut self) -> (CloseCode, String) {
        loop {
            match self.next_raw().await {
                Some(Message::Close(Some(frame))) => {
                    return (CloseCode::from_u16(frame.code.into()), frame.reason.to_string());
                }
                Some(Message::Close(None)) | None => return (CloseCode::Abnormal, String::new()),
                Some(_) => {}
            }
        }
    }
}
