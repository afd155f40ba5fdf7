//! The client core over a native socket: what the page is in a browser, as one tokio task. It decides
//! nothing about the protocol.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use client_core::{
    Answer, CallId, Change, Client, Command, Input, Method, Now, Output, Request, SocketId, keep::Memory,
};
use futures_util::{SinkExt, StreamExt};
use reqwest::cookie::Jar;
use shared::Timestamp;
use tokio::{
    net::TcpStream,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

/// How long a call may take, as in the page.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a goodbye, or a write that the system does not take, may last.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a client does in a measurement or a trial, in the place of a person.
pub trait Person: Send {
    /// Something that can be seen is different; `say` takes what the person wants now.
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>);

    /// Whether it is over for this person.
    fn is_done(&self) -> bool;

    /// Something happened beside what can be seen.
    fn note(&mut self, _client: &Client, _noted: Noted<'_>) {}

    /// Everything that came of an input is done, and so many calls are on their way; `say` as in [`Self::see`].
    fn rest(&mut self, _client: &Client, _calls: usize, _say: &mut Vec<Command>) {}

    /// Waits until the person wants something by themselves. May be dropped while it waits.
    fn moved(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// What a person who was moved wants.
    fn act(&mut self, _client: &Client) -> Wish {
        Wish::Nothing
    }
}

/// What happened beside what can be seen.
#[derive(Debug)]
pub enum Noted<'a> {
    /// The client is about to be told that it is that moment, in milliseconds of its clock.
    At(u64),
    /// A command was taken in; nothing of what comes of it has been done yet.
    Said(&'a Command),
    /// A frame came, and was taken in.
    Heard(&'a str),
    /// A socket that was open has closed, with that code where there was one.
    Closed(Option<u16>),
    /// The page is about to be loaded anew: of what the client knows only what is kept outlives it.
    Reloading,
}

/// What a person does with a page.
#[derive(Debug)]
pub enum Wish {
    /// Nothing after all.
    Nothing,
    /// Uses it.
    Command(Command),
    /// Hides it for good reasons: the client stops.
    Leave,
    /// Shows it again.
    Return,
    /// Looks at it.
    Look,
    /// Has the network back.
    NetworkBack,
    /// Loads it anew; the seed is that of the new client.
    Reload(u64),
}

/// Milliseconds of the one clock of all clients.
pub fn now() -> Now {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now {
        ms: STARTED.elapsed().as_millis() as u64,
        wall: Timestamp::from_unix_ms(since_1970.as_millis() as u64),
    }
}

/// What several pages of one person share: a cookie jar, the connections of HTTP, and what is kept for the next page.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    store: Option<Arc<Mutex<Memory>>>,
}

impl Browser {
    /// One in which nobody is known and nothing is kept.
    pub fn new() -> anyhow::Result<Self> {
        Self::with_jar(Arc::default())
    }

    /// One that is known by what is in that jar, now or later.
    pub fn with_jar(jar: Arc<Jar>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().cookie_provider(jar).timeout(PATIENCE).no_proxy().build()?;
        Ok(Self { http, store: None })
    }

    /// The same with a store, which outlives its pages.
    pub fn with_store(self) -> Self {
        Self { store: Some(Arc::default()), ..self }
    }

    /// The same for a page that finds nothing kept, and keeps nothing.
    pub fn without_store(self) -> Self {
        Self { store: None, ..self }
    }

    fn store(&self) -> Option<MutexGuard<'_, Memory>> {
        self.store.as_ref().map(|store| store.lock().expect("nothing panics while it keeps something"))
    }
}

/// Runs a client for a person until the person is done.
pub async fn run<P: Person>(address: SocketAddr, seed: u64, person: &mut P) -> anyhow::Result<()> {
    run_in(Browser::new()?, address, seed, person).await;
    Ok(())
}

/// The same in a browser that may know the person.
pub async fn run_in<P: Person>(browser: Browser, address: SocketAddr, seed: u64, person: &mut P) {
    let client = Client::new(seed);
    let mut driver = Driver { client, address, browser, calls: JoinSet::new(), socket: Socket::None };
    driver.begin(person).await;
    while !person.is_done() {
        let wait = driver.until_timeout();
        tokio::select! {
            Some(Ok((call, answer))) = driver.calls.join_next() => {
                driver.handle(Input::Answered(call, answer), person).await;
            }
            (id, happened) = driver.socket.next() => driver.happened(id, happened, person).await,
            () = tokio::time::sleep(wait) => driver.handle(Input::Tick, person).await,
            () = person.moved() => driver.act(person).await,
        }
    }
}

type Stream = WebSocketStream<TcpStream>;

struct Driver {
    client: Client,
    address: SocketAddr,
    browser: Browser,
    /// Calls under way; given up when the page goes.
    calls: JoinSet<(CallId, Answer)>,
    socket: Socket,
}

/// The socket that the client wants.
enum Socket {
    None,
    Opening(SocketId, JoinHandle<anyhow::Result<Stream>>),
    Open(SocketId, Box<Stream>),
}

/// What happened to a socket.
enum Happened {
    Opened(Box<Stream>),
    Text(String),
    Closed(Option<u16>),
    Nothing,
}

impl Socket {
    /// Waits for what happens next; for ever where there is no socket.
    async fn next(&mut self) -> (SocketId, Happened) {
        match self {
            Self::None => std::future::pending().await,
            Self::Opening(id, opening) => {
                let opened = opening.await.map_err(anyhow::Error::from).flatten();
                (*id, opened.map_or(Happened::Closed(None), |stream| Happened::Opened(Box::new(stream))))
            }
            Self::Open(id, stream) => {
                let happened = match stream.next().await {
                    Some(Ok(Message::Text(text))) => Happened::Text(text.to_string()),
                    Some(Ok(Message::Close(frame))) => Happened::Closed(frame.map(|frame| frame.code.into())),
                    Some(Ok(_)) => Happened::Nothing,
                    Some(Err(_)) | None => Happened::Closed(None),
                };
                (*id, happened)
            }
        }
    }

    /// Forgets it, and says goodbye where somebody may hear it.
    fn close(&mut self, code: u16) {
        match std::mem::replace(self, Self::None) {
            Self::None => {}
            Self::Opening(_, opening) => opening.abort(),
            Self::Open(_, mut stream) => {
                let frame = CloseFrame { code: code.into(), reason: "".into() };
                tokio::spawn(async move {
                    timeout(GOODBYE, WebSocketStream::close(&mut stream, Some(frame))).await
                });
            }
        }
    }
}

impl Driver {
    /// A page begins with what an earlier one has kept.
    async fn begin<P: Person>(&mut self, person: &mut P) {
        let saved = self.browser.store().and_then(|store| store.last());
        if let Some(saved) = saved {
            self.take_in(Input::Restored(saved), person);
        }
        self.handle(Input::Started, person).await;
    }

    fn until_timeout(&self) -> Duration {
        let at = self.client.timeout().unwrap_or(u64::MAX);
        Duration::from_millis(at.saturating_sub(now().ms).min(60_000))
    }

    async fn happened<P: Person>(&mut self, id: SocketId, happened: Happened, person: &mut P) {
        match happened {
            Happened::Opened(stream) => {
                self.socket = Socket::Open(id, stream);
                self.handle(Input::Opened(id), person).await;
            }
            Happened::Text(text) => {
                self.take_in(Input::Frame(id, &text), person);
                person.note(&self.client, Noted::Heard(&text));
                self.carry_on(person).await;
            }
            Happened::Closed(code) => {
                if matches!(self.socket, Socket::Open(..)) {
                    person.note(&self.client, Noted::Closed(code));
                }
                // The other side may wait for an answer to its goodbye.
                self.socket.close(1000);
                self.handle(Input::Closed(id, code), person).await;
            }
            Happened::Nothing => {}
        }
    }

    async fn act<P: Person>(&mut self, person: &mut P) {
        match person.act(&self.client) {
            Wish::Nothing => self.carry_on(person).await,
            Wish::Command(command) => {
                self.say(&command, person);
                self.carry_on(person).await;
            }
            Wish::Leave => self.handle(Input::Stopped, person).await,
            Wish::Return => self.handle(Input::Started, person).await,
            Wish::Look => self.handle(Input::Visible(true), person).await,
            Wish::NetworkBack => self.handle(Input::NetworkBack, person).await,
            Wish::Reload(seed) => {
                person.note(&self.client, Noted::Reloading);
                self.socket.close(1001);
                self.calls = JoinSet::new();
                self.client = Client::new(seed);
                self.begin(person).await;
            }
        }
    }

    fn say<P: Person>(&mut self, command: &Command, person: &mut P) {
        self.take_in(Input::Command(command.clone()), person);
        person.note(&self.client, Noted::Said(command));
    }

    fn take_in<P: Person>(&mut self, input: Input<'_>, person: &mut P) {
        let now = now();
        person.note(&self.client, Noted::At(now.ms));
        self.client.handle(now, input);
    }

    async fn handle<P: Person>(&mut self, input: Input<'_>, person: &mut P) {
        self.take_in(input, person);
        self.carry_on(person).await;
    }

    /// Carries out everything that came of an input, what the person says to it included.
    async fn carry_on<P: Person>(&mut self, person: &mut P) {
        let (mut said, mut waiting) = (Vec::new(), VecDeque::new());
        loop {
            while let Some(output) = self.client.poll() {
                match output {
                    Output::Changed(change) => person.see(&self.client, &change, &mut said),
                    Output::Send(id, text) => self.send(id, text).await,
                    Output::Open { socket, token } => self.open(socket, token),
                    Output::Close(_, code) => self.socket.close(code),
                    Output::Call(call, request) => self.call(call, &request),
                    // A browser of one page.
                    Output::PassOn(_) | Output::GiveUp(_) => {}
                    Output::Keep(keep) => {
                        if let Some(mut store) = self.browser.store() {
                            store.apply(keep);
                        }
                    }
                    Output::Restore(user) => {
                        let saved = self.browser.store().map(|store| store.saved(user));
                        if let Some(saved) = saved {
                            self.take_in(Input::Restored(saved), person);
                        }
                    }
                }
            }
            if said.is_empty() && waiting.is_empty() {
                person.rest(&self.client, self.calls.len(), &mut said);
            }
            waiting.extend(said.drain(..));
            match waiting.pop_front() {
                Some(command) => self.say(&command, person),
                None => return,
            }
        }
    }

    async fn send(&mut self, id: SocketId, text: String) {
        if let Socket::Open(current, stream) = &mut self.socket
            && *current == id
            && !matches!(timeout(GOODBYE, stream.send(Message::text(text))).await, Ok(Ok(())))
        {
            self.socket = Socket::None;
            self.client.handle(now(), Input::Closed(id, None));
        }
    }

    fn open(&mut self, id: SocketId, token: String) {
        self.socket.close(1001);
        self.socket = Socket::Opening(id, tokio::spawn(connect(self.address, token)));
    }

    fn call(&mut self, call: CallId, request: &Request) {
        let url = format!("http://{}{}", self.address, request.path);
        let mut builder = match request.method {
            Method::Get => self.browser.http.get(url),
            Method::Post => self.browser.http.post(url),
            Method::Delete => self.browser.http.delete(url),
        };
        if let Some(body) = &request.body {
            builder = builder.header("content-type", "application/json").body(body.clone());
        }
        if let Some(bearer) = &request.bearer {
            builder = builder.bearer_auth(bearer);
        }
        self.calls.spawn(async move {
            let answer = match builder.send().await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    answer.text().await.map_or(Answer::None, |body| Answer::Http { status, body })
                }
                Err(_) => Answer::None,
            };
            (call, answer)
        });
    }
}

async fn connect(address: SocketAddr, token: String) -> anyhow::Result<Stream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}{}?token={token}", shared::SOCKET_PATH);
    let config = WebSocketConfig::default();
    Ok(tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?.0)
}
