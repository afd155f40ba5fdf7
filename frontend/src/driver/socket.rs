//! One WebSocket of the browser. Passes texts on as they come and knows none of them.

use std::{cell::RefCell, future::poll_fn, rc::Rc, task::Poll};

use futures::{SinkExt, StreamExt};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use leptos::task::spawn_local;
use shared::{SOCKET_PATH, SUBPROTOCOL};

use crate::browser::window;

/// The codes that a page may close with: done, and those of its own.
const DONE: u16 = 1000;

/// What a socket tells.
pub(super) enum SocketEvent {
    /// It is open.
    Opened,
    /// A text came.
    Text(String),
    /// It has closed, or never opened; the code where there was one.
    Closed(Option<u16>),
}

/// A socket that closes when it is dropped, and tells nothing after that.
pub(super) struct Socket {
    socket: Rc<RefCell<Option<WebSocket>>>,
}

impl Socket {
    /// Opens a socket with that connection token and tells what happens to it, never before this returns.
    pub(super) fn open(token: &str, mut tell: impl FnMut(SocketEvent) + 'static) -> Self {
        let socket = Rc::new(RefCell::new(WebSocket::open_with_protocol(&address(token), SUBPROTOCOL).ok()));
        let reader = Rc::clone(&socket);
        spawn_local(async move {
            if !wait_for_opening(&reader).await {
                return;
            }
            tell(SocketEvent::Opened);
            let mut code = None;
            // The handle is held by nobody while a text is told, so that it may be dropped meanwhile.
            while let Some(message) = next(&reader).await {
                match message {
                    Ok(Message::Text(text)) => tell(SocketEvent::Text(text)),
                    Ok(Message::Bytes(_)) => {}
                    Err(WebSocketError::ConnectionClose(close)) => code = Some(close.code),
                    Err(_) => {}
                }
            }
            if reader.borrow_mut().take().is_some() {
                tell(SocketEvent::Closed(code));
            }
        });
        Self { socket }
    }

    /// Sends a text. A socket that can't take it is about to tell that it has closed.
    pub(super) fn send(&self, text: String) {
        if let Some(socket) = self.socket.borrow_mut().as_mut() {
            let _ = socket.start_send_unpin(Message::Text(text));
        }
    }

    /// Closes the socket with a code. A page may name only some of them.
    pub(super) fn close(self, code: u16) {
        let code = if code == DONE || (3000..5000).contains(&code) { code } else { DONE };
        if let Some(socket) = self.socket.borrow_mut().take() {
            // Fails only for codes that a page may not name.
            let _ = socket.close(Some(code), None);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The socket closes when it is dropped, and takes its listeners and the reader's waker with it.
        drop(self.socket.borrow_mut().take());
    }
}

type Shared = Rc<RefCell<Option<WebSocket>>>;

/// Waits until the socket is no longer connecting. `false` when it was dropped meanwhile.
async fn wait_for_opening(socket: &Shared) -> bool {
    poll_fn(|context| match socket.borrow_mut().as_mut() {
        Some(socket) => socket.poll_ready_unpin(context).map(|_| true),
        None => Poll::Ready(false),
    })
    .await
}

/// The next message; `None` at the end, also when the socket was dropped.
async fn next(socket: &Shared) -> Option<Result<Message, WebSocketError>> {
    poll_fn(|context| match socket.borrow_mut().as_mut() {
        Some(socket) => socket.poll_next_unpin(context),
        None => Poll::Ready(None),
    })
    .await
}

fn address(token: &str) -> String {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss:" } else { "ws:" };
    let host = location.host().unwrap_or_default();
    format!("{scheme}//{host}{SOCKET_PATH}?token={token}")
}
