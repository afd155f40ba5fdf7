//! The server without tasks and sockets: the same parts, and somebody else says when each of them moves. For
//! simulators, which have to repeat themselves exactly.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, response::Response};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    address::ClientAddress,
    app::App,
    chat::hub::Hub,
    commit::committer::{Committer, Committing},
    http,
    metrics::Metrics,
    options::ServerOptions,
    secret::Secret,
    socket::{Transport, sim_support::SteppedSocket},
    store::{Store, Writer},
    tokens::Tokens,
};

/// A server that is stepped. Dropping it is a kill: nothing of what waits is stored.
pub struct SteppedServer {
    app: App,
    router: Router,
    committing: Committing,
}

impl SteppedServer {
    /// A server on that database, whose tokens are signed with keys made from `secret`.
    pub fn new(options: ServerOptions, secret: &[u8], store: Store, writer: Writer) -> Self {
        let tokens = Tokens::new(&Secret::from_bytes(secret), &options);
        let (options, metrics) = (Arc::new(options), Arc::new(Metrics::new()));
        let hub = Hub::new(store.clone(), &options, Arc::clone(&metrics));
        let (committer, committing) =
            Committer::new(writer, store.clone(), Arc::clone(&hub), Arc::clone(&metrics), &options);
        let app = App::new(options, store, committer, hub, tokens, metrics, CancellationToken::new());
        let router = http::router(app.clone());
        Self { app, router, committing }
    }

    /// Answers an HTTP call. Waits for the database, and for [`Self::store_batch`] where something is to be stored.
    pub fn call(
        &self,
        request: axum::http::Request<Body>,
        from: ClientAddress,
    ) -> impl Future<Output = Response> + Send + use<> {
        let mut request: Request = request;
        request.extensions_mut().insert(from);
        let answer = self.router.clone().oneshot(request);
        async move { answer.await.unwrap_or_else(|never| match never {}) }
    }

    /// A client opens a socket, with a connection token in its address or without one. `None` when it is refused.
    pub fn open(
        &self,
        transport: Box<dyn Transport>,
        from: ClientAddress,
        token: Option<String>,
    ) -> Option<SteppedSocket> {
        SteppedSocket::open(&self.app, transport, from, token)
    }

    /// How many requests wait for the disk.
    pub fn waiting(&self) -> usize {
        self.committing.waiting()
    }

    /// How many requests were made since it began whose maker waits for the disk before anything else.
    pub fn awaited(&self) -> u64 {
        self.app.committer.awaited()
    }

    /// Stores what waits and leaves the answers, if anything waits.
    pub async fn store_batch(&mut self) {
        if self.waiting() > 0 {
            self.committing.store_batch().await;
        }
    }

    /// Has the disk take nothing from now on, or everything again.
    pub fn refuse(&mut self, refuses: bool) {
        self.committing.refuse(refuses);
    }

    /// Has the disk forget what it says it has stored from now on, or not: everybody is told of it, and it is nowhere.
    pub fn pretend(&mut self, pretends: bool) {
        self.committing.pretend(pretends);
    }

    /// The writing half of the database, for what is to happen behind the server's back.
    pub fn writer(&mut self) -> &mut Writer {
        self.committing.writer()
    }

    /// Begins to go down in order: sockets are told, and close when they are stepped.
    pub fn begin_shutdown(&self) -> impl Future<Output = ()> + Send + use<> {
        let hub = Arc::clone(&self.app.hub);
        async move { hub.begin_shutdown().await }
    }

    /// The reading half of the database.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Ends it, keeps the database, and forgets everything else.
    pub fn into_parts(self) -> (Store, Writer) {
        (self.app.store.clone(), self.committing.into_writer())
    }
}
