//! The client core over a native socket: what the page is in a browser, as one tokio task. It decides
//! nothing about the protocol.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use client_core::{Answer, CallId, Change, Client, Command, Input, Method, Now, Output, Request, SocketId};
use futures_util::{SinkExt, StreamExt};
use shared::Timestamp;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Answers of calls that wait to be taken in.
const ANSWERS: usize = 64;

/// What a client does in a measurement, in the place of a person.
pub(crate) trait Person: Send {
    /// Something that can be seen is different; `say` takes what the person wants now.
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>);
    /// Whether the measurement is over for this person.
    fn is_done(&self) -> bool;
}

/// Runs a client for a person until the person is done.
pub(crate) async fn run<P: Person>(address: SocketAddr, seed: u64, person: &mut P) -> anyhow::Result<()> {
    let (answers, mut inbox) = mpsc::channel(ANSWERS);
    let mut driver = Driver {
        client: Client::new(seed),
        started: Instant::now(),
        address,
        http: reqwest::Client::new(),
        answers,
        socket: None,
    };
    driver.handle(Input::Started, person).await?;
    while !person.is_done() {
        let wait = driver.until_timeout();
        tokio::select! {
            Some((call, answer)) = inbox.recv() => driver.handle(Input::Answered(call, answer), person).await?,
            (id, message) = next(&mut driver.socket) => match message {
                Some(Message::Text(text)) => driver.handle(Input::Frame(id, &text), person).await?,
                Some(Message::Close(frame)) => {
                    driver.socket = None;
                    let code = frame.map(|frame| u16::from(frame.code));
                    driver.handle(Input::Closed(id, code), person).await?;
                }
                Some(_) => {}
                None => {
                    driver.socket = None;
                    driver.handle(Input::Closed(id, None), person).await?;
                }
            },
            () = tokio::time::sleep(wait) => driver.handle(Input::Tick, person).await?,
        }
    }
    Ok(())
}

type Socket = WebSocketStream<TcpStream>;

struct Driver {
    client: Client,
    started: Instant,
    address: SocketAddr,
    http: reqwest::Client,
    answers: mpsc::Sender<(CallId, Answer)>,
    socket: Option<(SocketId, Socket)>,
}

impl Driver {
    fn now(&self) -> Now {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            ms: self.started.elapsed().as_millis() as u64,
            wall: Timestamp::from_unix_ms(since_1970.as_millis() as u64),
        }
    }

    fn until_timeout(&self) -> Duration {
        let at = self.client.timeout().unwrap_or(u64::MAX);
        Duration::from_millis(at.saturating_sub(self.now().ms).min(60_000))
    }

    /// Feeds one input and carries out everything that comes of it, what the person says included.
    async fn handle<P: Person>(&mut self, input: Input<'_>, person: &mut P) -> anyhow::Result<()> {
        let mut commands = Vec::new();
        self.client.handle(self.now(), input);
        loop {
            while let Some(output) = self.client.poll() {
                match output {
                    Output::Changed(change) => person.see(&self.client, &change, &mut commands),
                    Output::Send(id, text) => self.send(id, text).await,
                    Output::Open { socket, token } => self.open(socket, &token).await,
                    Output::Close(..) => self.socket = None,
                    Output::Call(call, request) => self.call(call, &request),
                }
            }
            match commands.pop() {
                Some(command) => self.client.handle(self.now(), Input::Command(command)),
                None => return Ok(()),
            }
        }
    }

    async fn send(&mut self, id: SocketId, text: String) {
        if let Some((current, socket)) = &mut self.socket
            && *current == id
            && socket.send(Message::text(text)).await.is_err()
        {
            self.socket = None;
            self.client.handle(self.now(), Input::Closed(id, None));
        }
    }

    async fn open(&mut self, id: SocketId, token: &str) {
        let opened = connect(self.address, token).await;
        let input = match opened {
            Ok(socket) => {
                self.socket = Some((id, socket));
                Input::Opened(id)
            }
            Err(_) => Input::Closed(id, None),
        };
        self.client.handle(self.now(), input);
    }

    fn call(&self, call: CallId, request: &Request) {
        let url = format!("http://{}{}", self.address, request.path);
        let mut builder = match request.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
            Method::Delete => self.http.delete(url),
        };
        if let Some(body) = &request.body {
            builder = builder.header("content-type", "application/json").body(body.clone());
        }
        if let Some(bearer) = &request.bearer {
            builder = builder.bearer_auth(bearer);
        }
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let answer = match builder.send().await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    answer.text().await.map_or(Answer::None, |body| Answer::Http { status, body })
                }
                Err(_) => Answer::None,
            };
            // Nobody waits for it any more when the person is done.
            let _ = answers.send((call, answer)).await;
        });
    }
}

async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}{}?token={token}", shared::SOCKET_PATH);
    let config = WebSocketConfig::default();
    Ok(tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?.0)
}

/// The next message of the socket; for ever where there is none.
async fn next(socket: &mut Option<(SocketId, Socket)>) -> (SocketId, Option<Message>) {
    match socket {
        Some((id, socket)) => (*id, socket.next().await.and_then(Result::ok)),
        None => std::future::pending().await,
    }
}
