//! What all handlers share: one server's parts, cheap to hand around.

use std::{net::IpAddr, ops::Deref, sync::Arc, time::Duration};

use shared::{SessionId, UserId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::hub::Hub, commit::committer::Committer, metrics::Metrics, options::ServerOptions, rates::Rates,
    store::Store, tokens::Tokens,
};

/// The parts of one server. Cloning it clones a pointer.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts themselves.
pub struct Inner {
    pub(crate) options: Arc<ServerOptions>,
    pub(crate) store: Store,
    pub(crate) committer: Committer,
    pub(crate) hub: Arc<Hub>,
    pub(crate) tokens: Tokens,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) rates: CallRates,
    /// Cancelled when the server begins to stop.
    pub(crate) stopping: CancellationToken,
    started: Instant,
}

/// How often one person, sign-in or address may call.
pub(crate) struct CallRates {
    pub(crate) guests: Rates<IpAddr>,
    pub(crate) codes: Rates<IpAddr>,
    pub(crate) rooms_made: Rates<UserId>,
    pub(crate) rooms_joined: Rates<UserId>,
    pub(crate) calls: Rates<SessionId>,
}

impl CallRates {
    fn new(options: &ServerOptions) -> Self {
        let limits = &options.limits;
        Self {
            guests: Rates::per_minute(limits.guests_made_per_minute),
            codes: Rates::per_minute(limits.codes_tried_per_minute),
            rooms_made: Rates::per_minute(limits.rooms_made_per_minute),
            rooms_joined: Rates::per_minute(limits.rooms_joined_per_minute),
            calls: Rates::per_minute(options.limits.calls_per_minute),
        }
    }
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(
        options: Arc<ServerOptions>,
        store: Store,
        committer: Committer,
        hub: Arc<Hub>,
        tokens: Tokens,
        metrics: Arc<Metrics>,
        stopping: CancellationToken,
    ) -> Self {
        let rates = CallRates::new(&options);
        let started = Instant::now();
        Self(Arc::new(Inner { options, store, committer, hub, tokens, metrics, rates, stopping, started }))
    }

    /// How long this server has been there: what rate limits measure by, because it never steps back.
    pub(crate) fn since_start(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether the server has begun to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
