//! Every setting once: its name, what it takes, what it means and where it goes.

use super::{
    model::{LogFormat, Settings},
    values,
};

/// One setting, the same for flag, environment and file.
pub(super) struct Setting {
    /// As the flag has it; the file has `_` for `-`, the environment that in capitals behind `CONFAB_`.
    pub(super) name: &'static str,
    /// What stands for its value in `--help`.
    pub(super) value: &'static str,
    /// Its default, in words.
    pub(super) default: &'static str,
    /// What it means, for people who run a server.
    pub(super) help: &'static str,
    /// Whether it takes several values.
    pub(super) many: bool,
    set: Set,
}

enum Set {
    One(fn(&mut Settings, &str) -> Result<(), String>),
    Many(fn(&mut Settings, &[String]) -> Result<(), String>),
}

impl Setting {
    /// Sets it to what was given in one place, which replaces what another place gave before.
    pub(super) fn apply(&self, settings: &mut Settings, given: &[String]) -> Result<(), String> {
        match (&self.set, given) {
            (Set::One(set), [.., last]) => set(settings, last),
            (Set::One(_), []) => Err("a value is missing".to_owned()),
            (Set::Many(set), values) => set(settings, values),
        }
    }
}

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "data-dir",
        value: "DIR",
        default: "data",
        help: "Folder of the database and the token secret; created when missing",
        many: false,
        set: Set::One(|s, text| values::path(text).map(|path| s.server.data_dir = path)),
    },
    Setting {
        name: "listen",
        value: "ADDR:PORT",
        default: "127.0.0.1:8080",
        help: "Address and port to listen on; 0.0.0.0:8080 for every network interface, port 0 for any free port",
        many: false,
        set: Set::One(|s, text| values::address(text).map(|address| s.listen = address)),
    },
    Setting {
        name: "public-url",
        value: "URL",
        default: "none",
        help: "Address that people use, such as https://chat.example.org. Its origin may call the API, and https makes cookies Secure",
        many: false,
        set: Set::One(|s, text| values::origin(text).map(|origin| s.server.public_url = Some(origin))),
    },
    Setting {
        name: "allow-origin",
        value: "ORIGIN",
        default: "none",
        help: "Another origin that may call the API (repeatable). The sign-in cookie is sent only from the same site, for example from a sibling subdomain",
        many: true,
        set: Set::Many(|s, list| values::each(list, values::origin).map(|all| s.server.allow_origin = all)),
    },
    Setting {
        name: "trusted-proxy",
        value: "CIDR",
        default: "none",
        help: "A proxy, or a network of proxies, whose X-Forwarded-For is believed (repeatable)",
        many: true,
        set: Set::Many(|s, list| values::each(list, values::network).map(|all| s.server.trusted_proxy = all)),
    },
    Setting {
        name: "token-secret-file",
        value: "FILE",
        default: "token-secret in the data directory, made on the first start",
        help: "File with the secret that signs tokens: at least 32 random characters, not readable by everybody",
        many: false,
        set: Set::One(|s, text| values::path(text).map(|path| s.server.token_secret_file = Some(path))),
    },
    Setting {
        name: "access-token-ttl",
        value: "TIME",
        default: "15m",
        help: "How long an access token is valid; the page renews its own",
        many: false,
        set: Set::One(|s, text| values::seconds(text, 1, 86_400).map(|ttl| s.server.access_token_ttl = ttl)),
    },
    Setting {
        name: "limit",
        value: "NAME=VALUE",
        default: "as documented",
        help: "Another value for one of the published limits, such as messages_per_minute=600 (repeatable); a table [limit] in the file",
        many: true,
        set: Set::Many(|s, list| list.iter().try_for_each(|text| values::limit(text, &mut s.server.limits))),
    },
    Setting {
        name: "connections",
        value: "COUNT",
        default: "16384",
        help: "Connections of all kinds that may be open at once; more wait to be accepted",
        many: false,
        set: Set::One(|s, text| values::count(text, 1, 1_000_000).map(|count| s.server.connections = count)),
    },
    Setting {
        name: "heartbeat",
        value: "TIME",
        default: "25s",
        help: "Silence after which a socket is pinged; set it shorter if a proxy closes idle connections sooner",
        many: false,
        set: Set::One(|s, text| {
            let heartbeat = values::seconds(text, 1, 600)?;
            s.server.heartbeat = heartbeat;
            // Drops a connection after as many heartbeats as by default.
            s.server.silence = heartbeat * 9 / 5;
            Ok(())
        }),
    },
    Setting {
        name: "room-ring-events",
        value: "COUNT",
        default: "4096",
        help: "Events per room that are kept in memory for live readers",
        many: false,
        set: Set::One(|s, text| {
            values::count(text, 16, 1_000_000).map(|count| s.server.room_ring_events = count)
        }),
    },
    Setting {
        name: "room-ring-bytes",
        value: "BYTES",
        default: "1048576",
        help: "Bytes per room that are kept in memory, if that limit is reached first",
        many: false,
        set: Set::One(|s, text| {
            values::count(text, 65_536, 1 << 30).map(|bytes| s.server.room_ring_bytes = bytes)
        }),
    },
    Setting {
        name: "reconnect-spread",
        value: "TIME",
        default: "5s",
        help: "Longest reconnect delay after a restart; each client gets a random delay up to this value",
        many: false,
        set: Set::One(|s, text| {
            values::seconds(text, 1, 600).map(|spread| s.server.reconnect_spread = spread)
        }),
    },
    Setting {
        name: "shutdown-grace",
        value: "TIME",
        default: "8s",
        help: "How long a stopping server waits for open connections to close",
        many: false,
        set: Set::One(|s, text| values::seconds(text, 1, 600).map(|grace| s.server.shutdown_grace = grace)),
    },
    Setting {
        name: "log",
        value: "FORMAT",
        default: "text",
        help: "Log format on standard error: text or json. Set RUST_LOG to choose what is logged",
        many: false,
        set: Set::One(|s, text| {
            s.log = match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(format!("{text:?} is neither text nor json")),
            };
            Ok(())
        }),
    },
];
