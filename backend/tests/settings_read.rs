//! Settings: which place wins, and what makes no sense.

use std::{collections::HashMap, ffi::OsString, path::Path, time::Duration};

use backend::settings::{self, Asked, LogFormat, Settings};

fn read(args: &[&str], env: &[(&str, &str)]) -> Result<Settings, String> {
    let env: HashMap<_, _> = env.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
    let args = ["confab", "serve"].iter().chain(args).map(OsString::from);
    match settings::read(args, |name| env.get(name).cloned())? {
        Asked::Serve(settings) => Ok(*settings),
        Asked::Help(text) => panic!("{text}"),
    }
}

/// A file of settings in a directory of its own.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confab.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn the_defaults_are_as_documented() {
    let settings = read(&[], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.log, LogFormat::Text);
    let server = settings.server;
    assert_eq!(server.data_dir, Path::new("data"));
    assert_eq!(server.access_token_ttl, Duration::from_secs(900));
    assert_eq!((server.allow_origin.len(), server.trusted_proxy.len()), (0, 0));
    assert_eq!((server.heartbeat, server.silence), (Duration::from_secs(25), Duration::from_secs(45)));
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let (_dir, path) = file(
        "listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\nlog = \"json\"\nconnections = 7\n\
         allow_origin = [\"https://a.example\", \"https://b.example\"]\n\
         [limit]\nmessages_per_minute = 1\npage_events = 1\nframes_burst = 1\n",
    );
    let env = [
        ("CONFAB_CONFIG", path.as_str()),
        ("CONFAB_LISTEN", "127.0.0.1:2"),
        ("CONFAB_DATA_DIR", "env"),
        ("CONFAB_PUBLIC_URL", ""),
        ("CONFAB_LIMIT", "page_events=2, frames_burst=2"),
        ("CONFAB_TRUSTED_PROXY", "10.0.0.0/8,192.0.2.1"),
    ];
    let flags = ["--listen", "127.0.0.1:3", "--limit", "frames_burst=3"];
    let Settings { listen, log, server } = read(&flags, &env).unwrap();
    assert_eq!(listen.port(), 3);
    assert_eq!(server.data_dir, Path::new("env"));
    assert_eq!((log, server.connections), (LogFormat::Json, 7));
    assert_eq!(server.allow_origin.len(), 2);
    assert_eq!(server.trusted_proxy.len(), 2);
    assert!(server.public_url.is_none());
    let limits = server.limits;
    assert_eq!((limits.messages_per_minute, limits.page_events, limits.frames_burst), (1, 2, 3));

    let (_other, other) = file("data_dir = \"flag's file\"");
    let settings = read(&["--config", &other], &[("CONFAB_CONFIG", &path)]).unwrap();
    assert_eq!(settings.server.data_dir, Path::new("flag's file"));
}

#[test]
fn a_setting_that_makes_no_sense_is_named_in_one_line() {
    for (args, line) in [
        (["--listen", "8080"], "--listen: \"8080\" is not an address and port such as 127.0.0.1:8080"),
        (["--public-url", "chat.example"], "--public-url: \"chat.example\": expected an origin"),
        (["--allow-origin", "*"], "--allow-origin: \"*\": expected an origin"),
        (["--trusted-proxy", "proxy"], "--trusted-proxy: \"proxy\" is neither an address nor a network"),
        (["--access-token-ttl", "soon"], "--access-token-ttl: \"soon\" is not a time such as 90s or 15m"),
        (["--access-token-ttl", "0s"], "--access-token-ttl: \"0s\" is not between 1 and 86400 whole seconds"),
        (["--access-token-ttl", "1500ms"], "--access-token-ttl: \"1500ms\" is not between"),
        (["--limit", "speed=1"], "--limit: there is no limit named \"speed\""),
        (["--limit", "page_events"], "--limit: \"page_events\" is not NAME=VALUE"),
        (["--limit", "page_events=0"], "--limit: the limit \"page_events\" must be at least 1"),
        (["--limit", "page_events=-1"], "--limit: page_events: \"-1\" is not a number"),
        (["--limit", "head_timeout_ms=18446744073709551615"], "--limit: head_timeout_ms: "),
        (["--limit", "frame_bytes=100"], "--limit frame_bytes=100: a message of message_chars=4000"),
        (["--connections", "0"], "--connections: \"0\" is not a number between 1 and 1000000"),
        (["--log", "xml"], "--log: \"xml\" is neither text nor json"),
        (["--speed", "1"], "unexpected argument '--speed' found"),
        (["--config", "/does/not/exist.toml"], "--config: /does/not/exist.toml: "),
        (["--data-dir", ""], "--data-dir: a path is missing"),
    ] {
        let said = read(&args, &[]).unwrap_err();
        assert!(said.starts_with(line) && said.lines().count() == 1, "{args:?}: {said}");
    }
    let said = read(&[], &[("CONFAB_LISTEN", "everywhere")]).unwrap_err();
    assert!(said.starts_with("CONFAB_LISTEN: \"everywhere\" is not an address"), "{said}");
}

#[test]
fn a_file_that_makes_no_sense_is_named_with_the_place() {
    for (text, line) in [
        ("lisen = \"127.0.0.1:1\"", "lisen: there is no setting of that name"),
        ("config = \"other.toml\"", "config: there is no setting of that name"),
        ("listen = 8080", "listen: \"8080\" is not an address and port"),
        ("listen = true", "listen: a boolean can't stand here"),
        ("listen = [\"127.0.0.1:1\"]", "listen: a array can't stand here"),
        ("[limit]\nspeed = 1", "limit: there is no limit named \"speed\""),
        ("[limit]\npage_events = 1.5", "limit: a float can't stand here"),
        ("log = \"text\"\nlisten = ", "line 2: "),
    ] {
        let (_dir, path) = file(text);
        let said = read(&["--config", &path], &[]).unwrap_err();
        let expected = format!("{path}: {line}");
        assert!(said.starts_with(&expected) && said.lines().count() == 1, "{text}: {said}");
    }
}

#[test]
fn what_is_likely_a_mistake_is_told_and_does_not_stop_the_start() {
    let names = ["CONFAB_LISTEN", "CONFAB_CONFIG", "CONFAB_LISTNE", "confab_listen", "CONFABULATE", "PATH"];
    let settings = read(&["--trusted-proxy", "10.0.0.0/8"], &[]).unwrap();
    let [told] = &settings::doubts(&settings, names.map(OsString::from))[..] else { panic!("one of them") };
    assert!(told.starts_with("CONFAB_LISTNE: there is no setting of that name"), "{told}");
    for everybody in ["0.0.0.0/0", "::/0"] {
        let settings = read(&["--trusted-proxy", everybody], &[]).unwrap();
        let [told] = &settings::doubts(&settings, [])[..] else { panic!("{everybody}") };
        assert!(told.starts_with(&format!("trusted-proxy: {everybody}")), "{told}");
    }
}

#[test]
fn help_explains_each_setting_with_its_default_and_its_variable() {
    let args = ["confab", "serve", "--help"].map(OsString::from);
    let Ok(Asked::Help(help)) = settings::read(args, |_| None) else { panic!("help was asked for") };
    let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, variable, default, meaning) in settings::list() {
        assert!(flat.contains(&format!("--{name} <")), "{name}");
        assert!(flat.contains(&format!("[env: {variable}]")), "{variable}");
        assert!(flat.contains(&format!("[default: {default}]")), "{default}");
        let first: String = meaning.chars().take(20).collect();
        assert!(flat.contains(&first), "{meaning}");
    }
}
