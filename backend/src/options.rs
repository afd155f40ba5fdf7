//! What a server is told when it is made, as types. Knows nothing of flags, environment or files.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;
use shared::Limits;

use crate::origin::Origin;

/// Everything that can be set on a server. [`ServerOptions::new`] gives the defaults that the documentation names.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where the database, the secret and the lock lie. Made when missing.
    pub data_dir: PathBuf,
    /// Whether the database is a copy that was put back: the log gets a new epoch, so that clients forget what they
    /// knew of the one that went on after the copy was made.
    pub restored: bool,
    /// What the page is reached by; its origin may call, and `https` makes the cookie `Secure`.
    pub public_url: Option<Origin>,
    /// Pages of other origins that may call. The refresh cookie is `SameSite=Strict`, so that only those of the
    /// same site bring it along. Nobody by default.
    pub allow_origin: Vec<Origin>,
    /// Networks whose `X-Forwarded-For` is believed. Nobody by default.
    pub trusted_proxy: Vec<IpNet>,
    /// Where the token secret lies, when not in `data_dir`.
    pub token_secret_file: Option<PathBuf>,
    /// How long an access token is good: short, because it can't be taken back from a program that ignores us.
    pub access_token_ttl: Duration,
    /// How long a connection token is good: it is used at once, and it is seen in addresses.
    pub connection_token_ttl: Duration,
    /// By how much clocks may differ when an expiry is checked: our own tokens come back to our own clock, so
    /// only a step of that clock matters.
    pub clock_leeway: Duration,
    /// The limits that clients are told.
    pub limits: Limits,

    /// Open TCP connections of all kinds; more wait in the kernel's queue. Each costs a file and some KiB.
    pub connections: usize,
    /// Bytes that the kernel may hold for a reader that does not read (`SO_SNDBUF`). Left alone it grows to
    /// 4 MiB a socket, so that 1,000 slow readers would take 4 GiB that no figure of ours shows.
    pub send_buffer_bytes: u32,
    /// Bytes of the body of an HTTP request: the longest is a room's name.
    pub body_bytes: usize,
    /// From the head of an HTTP request to its answer: longer than any disk stall that a person would wait for.
    pub request_timeout: Duration,
    /// From the signal to stop to the end of the program: below the 10 s after which most supervisors kill.
    pub shutdown_grace: Duration,
    /// The latest that a client is told to come back after a restart. Each draws its own, so that they don't
    /// come all at once.
    pub reconnect_spread: Duration,

    /// Silence after which a client pings, as it is told; the server pings as often. Below the 30 s after
    /// which the shortest usual proxies and routers forget a connection.
    pub heartbeat: Duration,
    /// Silence after which a connection is dropped: one heartbeat may be lost.
    pub silence: Duration,
    /// A reader that takes no byte for so long is hopelessly slow: dropped, because a close frame would wait behind
    /// what it does not take.
    pub write_stall: Duration,
    /// How long somebody stays online after their last connection has gone: a reload is not a leave.
    pub presence_offline: Duration,
    /// Events of a room kept in memory for those who read live; who is further behind asks `sync`.
    pub room_ring_events: usize,
    /// Bytes of a room kept in memory, whichever of the two is reached first.
    pub room_ring_bytes: usize,
    /// Posts of one socket that wait for the disk; at more the socket is not read, so that TCP slows its sender.
    pub posts_in_flight: usize,
    /// Requests that wait for the disk, of everybody; at more the answer is `unavailable`.
    pub commit_queue: usize,
    /// Used connection tokens kept in mind, about 10 MB: 2,000 new sockets a second for a minute. At more, new
    /// sockets are refused rather than old tokens forgotten, which would let them be used again.
    pub used_tokens: usize,
    /// Requests in one transaction: bounds how long the first of them waits for the last.
    pub commit_batch: usize,
}

impl ServerOptions {
    /// The origins whose pages may call, beside the host that they call.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.public_url.iter().chain(&self.allow_origin)
    }

    /// The defaults, with everything kept in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            restored: false,
            public_url: None,
            allow_origin: Vec::new(),
            trusted_proxy: Vec::new(),
            token_secret_file: None,
            access_token_ttl: Duration::from_secs(15 * 60),
            connection_token_ttl: Duration::from_secs(60),
            clock_leeway: Duration::from_secs(5),
            limits: Limits::default(),
            connections: 16_384,
            send_buffer_bytes: 128 * 1024,
            body_bytes: 64 * 1024,
            request_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(8),
            reconnect_spread: Duration::from_secs(5),
            heartbeat: Duration::from_secs(25),
            silence: Duration::from_secs(45),
            write_stall: Duration::from_secs(30),
            presence_offline: Duration::from_secs(10),
            room_ring_events: 4_096,
            room_ring_bytes: 1024 * 1024,
            posts_in_flight: 64,
            commit_queue: 4_096,
            used_tokens: 131_072,
            commit_batch: 512,
        }
    }
}
