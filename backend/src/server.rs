//! The server: made, listening, shut down. `main` and the tests use it alike.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, sleep, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{
    address,
    app::App,
    chat::hub::Hub,
    commit::committer::Committer,
    http,
    lock::DataDirLock,
    metrics::Metrics,
    options::ServerOptions,
    secret::{Secret, SecretError},
    store::{DATABASE, Store, StoreError},
    tokens::Tokens,
};

/// Bytes of the head of a request. Ours have a cookie, a token and what a browser adds.
const HEAD_BYTES: usize = 16 * 1024;
/// How much longer than a socket's own patience the kernel waits for a reader that takes nothing.
#[cfg(target_os = "linux")]
const UNREAD_MARGIN: Duration = Duration::from_secs(2);
/// Connections that wait to be accepted, as far as the system allows. With tokio's 128 every second of a thousand that
/// came at once had to knock again after a second.
const BACKLOG: u32 = 4_096;
/// After the system had no file or memory for one more connection: long enough for one to end.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// One server with its database. Dropping it ends nothing gracefully; [`Server::shutdown`] does.
pub struct Server {
    /// There until the server shuts down. The thread that writes ends when nobody can ask it for anything.
    running: Mutex<Option<Running>>,
    /// Cancelled when the server begins to stop.
    stopping: CancellationToken,
    connections: TaskTracker,
    places: Arc<Semaphore>,
    _lock: DataDirLock,
}

struct Running {
    app: App,
    /// Hears when the thread that writes has ended.
    writing: oneshot::Receiver<()>,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory can't be made or locked.
    #[error("the data directory {path} can't be used: {error}")]
    DataDir {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// Another server runs on it.
    #[error("the data directory {0} is in use by another server")]
    InUse(PathBuf),
    /// It is said to have been restored, and holds no database.
    #[error("there is no confab.db in the data directory {0}, so nothing was restored there")]
    NotRestored(PathBuf),
    /// There is no good secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database can't be opened.
    #[error("the database can't be opened: {0}")]
    Store(#[from] StoreError),
    /// The system has no thread for the one that writes.
    #[error("the thread that writes can't be started: {0}")]
    Thread(io::Error),
}

impl Server {
    /// Opens the database and makes everything ready to listen.
    ///
    /// # Errors
    /// When the data directory, the secret or the database can't be used.
    pub async fn new(options: ServerOptions) -> Result<Self, StartError> {
        let data_dir = options.data_dir.clone();
        let lock = DataDirLock::take(&data_dir)
            .map_err(|error| StartError::DataDir { path: data_dir.clone(), error })?
            .ok_or_else(|| StartError::InUse(data_dir.clone()))?;
        // A new database in the wrong directory would sign everybody out who comes.
        if options.restored && !data_dir.join(DATABASE).exists() {
            return Err(StartError::NotRestored(data_dir));
        }
        let secret = match &options.token_secret_file {
            Some(path) => Secret::read(path)?,
            None => Secret::read_or_make(&data_dir.join("token-secret"))?,
        };
        let (store, writer) = Store::open(&data_dir, options.restored).await?;
        if options.restored {
            tracing::info!(epoch = %store.epoch(), "the log has a new epoch: clients load it anew");
        }
        let tokens = Tokens::new(&secret, &options);
        let (options, metrics) = (Arc::new(options), Arc::new(Metrics::new()));
        let hub = Hub::new(store.clone(), &options, Arc::clone(&metrics));
        let (committer, writing) =
            Committer::start(writer, store.clone(), Arc::clone(&hub), Arc::clone(&metrics), &options)
                .map_err(StartError::Thread)?;
        let places = Arc::new(Semaphore::new(options.connections));
        let stopping = CancellationToken::new();
        let app = App::new(options, store, committer, hub, tokens, metrics, stopping.clone());
        let running = Mutex::new(Some(Running { app, writing }));
        Ok(Self { running, stopping, connections: TaskTracker::new(), places, _lock: lock })
    }

    /// Listens on an address until [`Server::shutdown`].
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.listen(listener(address)?).await
    }

    /// Takes connections until [`Server::shutdown`].
    ///
    /// # Errors
    /// When the server was shut down before.
    pub async fn listen(&self, listener: TcpListener) -> io::Result<()> {
        let app = self.running().as_ref().map(|running| running.app.clone());
        let app = app.ok_or_else(|| io::Error::other("this server was shut down"))?;
        self.stopping.run_until_cancelled(self.accept(listener, app)).await;
        Ok(())
    }

    async fn accept(&self, listener: TcpListener, app: App) {
        let router = http::router(app.clone());
        loop {
            let permit = Arc::clone(&self.places).acquire_owned().await.expect("the places are never closed");
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let place = Place::new(permit, &app);
                    self.connections.spawn(serve(app.clone(), router.clone(), stream, peer, place));
                }
                // The connection went before we took it, or the system has no file for it: others may come.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    /// Stops: takes nobody new, tells every socket when to come back, closes them when what they sent is stored,
    /// lets the calls that are under way finish, and closes the database; all within the grace of the options.
    pub async fn shutdown(&self) {
        let Some(Running { app, writing }) = self.running().take() else { return };
        let deadline = Instant::now() + app.options.shutdown_grace;
        let (hub, store) = (Arc::clone(&app.hub), app.store.clone());
        self.stopping.cancel();
        self.connections.close();
        drop(app);
        let all_gone = async {
            hub.begin_shutdown().await;
            self.connections.wait().await;
            store.close().await;
            writing.await
        };
        match timeout_at(deadline, all_gone).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the thread that writes did not end well"),
            Err(_) => {
                let left = self.connections.len();
                tracing::warn!(left, sockets = hub.socket_count(), "some did not let go in time");
            }
        }
    }

    /// Its parts, while it has not been shut down.
    #[cfg(test)]
    pub(crate) fn app(&self) -> App {
        self.running().as_ref().expect("this server was not shut down").app.clone()
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().expect("nobody panics while holding this lock")
    }
}

/// Takes hold of an address, with room for a herd that comes back at once after a restart.
///
/// # Errors
/// When the address can't be listened on.
pub fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server that is started again takes the address over from connections that are still ending.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Has a connection write at once, and limits what it may hold and how long it may take nothing.
fn prepare(stream: &TcpStream, options: &ServerOptions) -> io::Result<()> {
    // Frames are gathered before they are written; waiting for more would only delay them.
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_send_buffer_size(usize::try_from(options.send_buffer_bytes).unwrap_or(usize::MAX))?;
    // Sockets drop such a reader themselves when `write_stall` is over; this ends calls, and what is deaf.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(options.write_stall + UNREAD_MARGIN))?;
    Ok(())
}

/// One of the connections that may be open at once. A socket that a connection becomes holds it on; it is in the
/// extensions of every request.
#[derive(Clone)]
pub struct Place(#[expect(dead_code, reason = "held, and given back when dropped")] Arc<Taken>);

struct Taken {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, app: &App) -> Self {
        let metrics = Arc::clone(&app.metrics);
        metrics.connections_open.inc();
        Self(Arc::new(Taken { metrics, _permit: permit }))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.metrics.connections_open.dec();
    }
}

/// Serves one connection until it ends or becomes a socket.
async fn serve(app: App, router: Router, stream: TcpStream, peer: SocketAddr, place: Place) {
    if let Err(error) = prepare(&stream, &app.options) {
        return tracing::debug!(%error, "a connection was gone before it was served");
    }
    let service = {
        let app = app.clone();
        service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            let client = address::of_client(peer.ip(), request.headers(), &app.options.trusted_proxy);
            request.extensions_mut().insert(client);
            request.extensions_mut().insert(place.clone());
            router.clone().oneshot(request)
        })
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Also how long a connection may idle between two requests.
        .header_read_timeout(Duration::from_millis(app.options.limits.head_timeout_ms))
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = app.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
