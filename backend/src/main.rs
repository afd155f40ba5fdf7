//! The program `confab`: reads its settings, starts a server, stops it when told to.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

use std::{
    io::{self, IsTerminal},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
};

use backend::{
    server::{Server, StartError, listener},
    settings::{self, Asked, LogFormat, Settings},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, filter::FilterFn, layer::SubscriberExt, util::SubscriberInitExt};

/// The command line, the environment or the file makes no sense.
const BAD_SETTING: u8 = 2;

fn main() -> ExitCode {
    let settings = match settings::read(std::env::args_os(), |name| std::env::var_os(name)) {
        Ok(Asked::Serve(settings)) => *settings,
        Ok(Asked::Help(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(line) => return refuse(&line, BAD_SETTING),
    };
    start_log(settings.log);
    for doubt in settings::doubts(&settings, std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!("{doubt}");
    }
    // What is written from here on, the database too, is for this user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(serve(settings))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Refusal { line, code })) => refuse(&line, code),
        Err(error) => refuse(&format!("the threads can't be started: {error}"), 1),
    }
}

/// Why the server does not run, in one line.
struct Refusal {
    line: String,
    code: u8,
}

fn refuse(line: &str, code: u8) -> ExitCode {
    eprintln!("confab: {line}");
    ExitCode::from(code)
}

async fn serve(settings: Settings) -> Result<(), Refusal> {
    let address = settings.listen;
    let shown = settings.server.public_url.clone();
    let data_dir = settings.server.data_dir.clone();
    let server = Server::new(settings.server).await.map_err(|error| Refusal {
        code: if matches!(error, StartError::Secret(_)) { BAD_SETTING } else { 1 },
        line: error.to_string(),
    })?;
    let cannot = |error: io::Error| Refusal { line: format!("--listen: {address}: {error}"), code: 1 };
    let listener = listener(address).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let mut signals = Signals::new().map_err(cannot)?;
    let url = shown.map_or_else(|| format!("http://{address}"), |origin| origin.to_string());
    tracing::info!(%url, %address, data_dir = %data_dir.display(), "Confab is ready: open {}", door(&url, address));

    tokio::select! {
        ended = server.listen(listener) => ended.map_err(cannot)?,
        name = signals.next() => tracing::info!(signal = name, "stopping"),
    }
    tokio::select! {
        () = server.shutdown() => tracing::info!("stopped"),
        name = signals.next() => tracing::warn!(signal = name, "stopped at once"),
    }
    Ok(())
}

/// What a person on this machine opens: no browser takes 0.0.0.0, and one name keeps one sign-in.
fn door(url: &str, address: SocketAddr) -> String {
    let ip = address.ip();
    let here = ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    if here && url == format!("http://{address}") {
        format!("http://localhost:{}", address.port())
    } else {
        url.to_owned()
    }
}

/// The signals that mean: stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one and tells its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Below this level, the library that makes frames writes every one of them into the log, tokens and texts too.
const FRAMES_UNSEEN: LevelFilter = LevelFilter::INFO;

/// Log lines go to standard error. `RUST_LOG` says which; panics are among them.
fn start_log(format: LogFormat) {
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let parsed = (!asked.is_empty()).then(|| EnvFilter::try_new(&asked));
    let (filter, wrong) = match parsed {
        Some(Ok(filter)) => (Some(filter), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info,hyper=error"));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    // A filter of its own, because `RUST_LOG` may name modules, and the more precise name would win.
    let unseen = FilterFn::new(|line| {
        let makes_frames =
            line.target().starts_with("tungstenite") || line.target().starts_with("tokio_tungstenite");
        !makes_frames || *line.level() <= FRAMES_UNSEEN
    });
    let registry = tracing_subscriber::registry().with(filter).with(unseen);
    match format {
        LogFormat::Text => registry.with(lines.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
    if let Some(error) = wrong {
        tracing::warn!(
            "{}: {asked:?} makes no sense ({error}); the log is as without it",
            EnvFilter::DEFAULT_ENV
        );
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or_default();
        tracing::error!(place, words, "panicked");
    }));
}

/// Each socket is a file. Shells usually allow 1,024 of them and more when asked.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
