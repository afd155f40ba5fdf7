//! The house rules that no compiler knows, held against every file of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toml::Table;

/// Longer files usually hold two ideas.
const MOST_LINES: usize = 420;

/// Styles are declarations, one to a line, which say less than a line of code.
const MOST_LINES_OF_STYLE: usize = 500;

/// Made by tools, or by the programs themselves.
const NOT_OURS: &[&str] = &["target", "dist", "data", "node_modules", "output", ".git", ".tools"];

/// The crates of this repository.
const OURS: &[&str] = &[
    "shared",
    "client-core",
    "client-native",
    "frontend",
    "backend",
    "oracle",
    "sim",
    "trial",
    "bench",
    "xtask",
];

/// A file of the repository.
struct Source {
    /// From the top of the repository, with `/`.
    name: String,
    text: String,
}

impl Source {
    fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.name.ends_with(ending))
    }

    fn is_below(&self, folder: &str) -> bool {
        self.name.starts_with(folder)
    }

    /// The part that is compiled into tests alone.
    fn tests(&self) -> &str {
        if self.name.contains("/tests/") || self.is(&["/tests.rs"]) || self.is_below("end2end/") {
            return &self.text;
        }
        self.text.find("#[cfg(test)]").map_or("", |at| &self.text[at..])
    }

    /// Where one of the words stands, as `file:line`.
    fn lines_with<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        let lines = self.text.lines().enumerate();
        lines.filter(|(_, line)| words.iter().any(|word| line.contains(word))).map(|(at, line)| {
            let at = at + 1;
            format!("{}:{at}: {}", self.name, line.trim())
        })
    }
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_owned()
}

/// Every text file of the repository but this one, which names what it forbids.
fn sources() -> Vec<Source> {
    let top = top();
    let mut sources = Vec::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&top).unwrap().to_string_lossy().replace('\\', "/");
            let last = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !NOT_OURS.contains(&last.as_str()) {
                    folders.push(path);
                }
            } else if name != "xtask/tests/tidy.rs"
                && let Ok(text) = fs::read_to_string(&path)
            {
                sources.push(Source { name, text });
            }
        }
    }
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    sources
}

fn rust() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| source.is(&[".rs"]))
}

fn none(offences: impl IntoIterator<Item = String>) {
    let offences: Vec<_> = offences.into_iter().collect();
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

fn manifest(of: &str) -> Table {
    fs::read_to_string(top().join(of).join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The names of all that a crate depends on, in whatever section.
fn dependencies(of: &str) -> Vec<String> {
    let manifest = manifest(of);
    let targets = manifest.get("target").and_then(|targets| targets.as_table()).cloned().unwrap_or_default();
    let mut tables = vec![manifest];
    tables.extend(targets.into_iter().filter_map(|(_, table)| table.as_table().cloned()));
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = tables.iter().flat_map(|table| {
        let sections = sections.iter().filter_map(|section| table.get(*section)?.as_table());
        sections.flat_map(|section| section.keys().cloned())
    });
    names.collect()
}

#[test]
fn every_module_opens_with_what_it_is() {
    none(rust().filter(|source| !source.text.starts_with("//! ")).map(|source| source.name));
    let scripts = sources().into_iter().filter(|source| source.is(&[".mjs"]));
    none(scripts.filter(|source| !source.text.starts_with("//! ")).map(|source| source.name));
}

#[test]
fn no_file_is_too_long_to_read() {
    let code = sources().into_iter().filter(|source| source.is(&[".rs", ".mjs", ".css", ".html", ".sql"]));
    let long = code.filter_map(|source| {
        let most = if source.is(&[".css"]) { MOST_LINES_OF_STYLE } else { MOST_LINES };
        let lines = source.text.lines().count();
        (lines > most).then(|| format!("{}: {lines} lines", source.name))
    });
    none(long);
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX", "HACK"];
    let written = sources().into_iter().filter(|source| !source.is(&[".lock", "package-lock.json"]));
    none(written.flat_map(|source| source.lines_with(&words).collect::<Vec<_>>()));
}

#[test]
fn no_test_is_left_out() {
    none(rust().flat_map(|source| source.lines_with(&["#[ignore"]).collect::<Vec<_>>()));
    let tests = sources().into_iter().filter(|source| source.is(&[".test.mjs", "situation.mjs"]));
    none(tests.flat_map(|source| source.lines_with(&[".skip", ".only", ".todo"]).collect::<Vec<_>>()));
}

#[test]
fn no_test_sleeps() {
    let words = ["sleep(", "waitForTimeout(", "setTimeout("];
    // The one clock of the browser tests, and the count of the page's own timers.
    let clocks = ["end2end/support/until.mjs", "end2end/support/resources.mjs"];
    let code = sources().into_iter().filter(|source| source.is(&[".rs", ".mjs"]));
    none(code.filter(|source| !clocks.contains(&&*source.name)).flat_map(|source| {
        let tests = Source { text: source.tests().to_owned(), name: source.name.clone() };
        tests.lines_with(&words).collect::<Vec<_>>()
    }));
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let top = format!("{}/", top().display());
    let home = std::env::var("HOME").map_or_else(|_| top.clone(), |home| format!("{home}/"));
    let words = [top.as_str(), home.as_str(), "/home/", "/Users/", "C:\\Users"];
    none(sources().into_iter().flat_map(|source| source.lines_with(&words).collect::<Vec<_>>()));
}

#[test]
fn lock_files_name_no_host() {
    let locks = sources().into_iter().filter(|source| source.is(&["package-lock.json"]));
    none(
        locks.flat_map(|source| {
            source.lines_with(&["\"resolved\"", "https://", "http://"]).collect::<Vec<_>>()
        }),
    );
    let lock = fs::read_to_string(top().join("Cargo.lock")).unwrap();
    let foreign = lock.lines().filter(|line| line.starts_with("source = "));
    let known = "registry+https://github.com/rust-lang/crates.io-index";
    none(foreign.filter(|line| !line.contains(known)).map(str::to_owned));
}

#[test]
fn every_package_takes_the_node_that_the_readme_asks_for() {
    let number = |text: &str| -> Option<u64> {
        let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        digits.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    };
    let readme = fs::read_to_string(top().join("README.md")).unwrap();
    let asked = number(readme.split("[Node.js](https://nodejs.org) ").nth(1).unwrap()).unwrap();
    let locks = sources().into_iter().filter(|source| source.is(&["package-lock.json"]));
    none(locks.flat_map(|source| {
        let newer = |line: &str| line.split("||").filter_map(number).min().is_some_and(|least| least > asked);
        let lines = source.text.lines().filter(|line| line.trim_start().starts_with("\"node\":"));
        lines.filter(|line| newer(line)).map(|line| format!("{}: {line}", source.name)).collect::<Vec<_>>()
    }));
}

#[test]
fn crates_depend_in_one_direction() {
    let allowed: [(&str, &[&str]); 10] = [
        ("shared", &[]),
        ("client-core", &["shared"]),
        ("frontend", &["client-core", "shared"]),
        ("backend", &["shared"]),
        ("client-native", &["client-core", "shared"]),
        ("oracle", &["shared"]),
        ("sim", &["backend", "client-core", "oracle", "shared"]),
        ("trial", &["client-core", "client-native", "oracle", "shared"]),
        ("bench", &["client-core", "client-native", "shared"]),
        ("xtask", &[]),
    ];
    for (name, allowed) in allowed {
        // A crate may name itself, to have a feature in its own tests.
        let ours = |other: &String| OURS.contains(&other.as_str()) && other != name;
        let ours = dependencies(name).into_iter().filter(ours);
        none(
            ours.filter(|other| !allowed.contains(&other.as_str())).map(|other| format!("{name} -> {other}")),
        );
    }
}

#[test]
fn no_release_has_the_hooks_of_the_simulator() {
    let wants = |table: &str, name: &str| {
        let manifest = manifest(name);
        let backend = manifest.get(table).and_then(|table| table.get("backend"));
        let features = backend.and_then(|backend| backend.get("features")).and_then(|list| list.as_array());
        features.is_some_and(|list| list.iter().any(|feature| feature.as_str() == Some("sim")))
    };
    let wanting: Vec<_> = OURS.iter().filter(|name| wants("dependencies", name)).collect();
    assert_eq!(wanting, [&"sim"]);
    assert!(manifest("backend")["features"].get("default").is_none());
    // The features of crates that are built together are added up: a release is built alone.
    let release = rust().find(|source| source.name == "xtask/src/serve.rs").expect("it builds the server");
    assert!(
        release.text.contains(r#"["build", "--release", "--locked", "-p", "backend", "--bin", "confab"]"#)
    );
}

#[test]
fn only_the_frontend_names_the_web() {
    let web = ["web-sys", "js-sys", "wasm-bindgen", "gloo", "leptos"];
    for name in OURS.iter().filter(|name| **name != "frontend") {
        let named =
            dependencies(name).into_iter().filter(|other| web.iter().any(|web| other.starts_with(web)));
        none(named.map(|other| format!("{name} -> {other}")));
    }
}

#[test]
fn the_wire_and_the_client_core_know_no_clock_and_never_wait() {
    let crates = [
        "tokio",
        "futures",
        "rand",
        "getrandom",
        "fastrand",
        "chrono",
        "jiff",
        "time",
        "instant",
        "web-time",
    ];
    for name in ["shared", "client-core"] {
        let manifest = manifest(name);
        let used = manifest.get("dependencies").and_then(|table| table.as_table()).unwrap();
        none(
            crates
                .iter()
                .filter(|other| used.contains_key(**other))
                .map(|other| format!("{name} -> {other}")),
        );
    }
    let words = ["SystemTime::now", "Instant::now", "std::thread", "std::net", "std::fs", "async ", ".await"];
    let pure = rust().filter(|source| source.is_below("shared/src/") || source.is_below("client-core/src/"));
    none(pure.flat_map(|source| source.lines_with(&words).collect::<Vec<_>>()));
}

#[test]
fn the_frontend_decides_nothing_about_the_protocol() {
    let words = ["ServerFrame", "ClientFrame"];
    let page = rust().filter(|source| source.is_below("frontend/src/"));
    none(page.flat_map(|source| source.lines_with(&words).collect::<Vec<_>>()));
}

#[test]
fn rooms_and_sessions_of_the_server_hold_no_socket_and_never_wait() {
    let pure = [
        "chat/rate",
        "chat/log",
        "chat/room",
        "chat/session",
        "chat/effect",
        "chat/signal",
        "chat/presence",
        "chat/place",
        "commit/ledger",
        "commit/error",
    ]
    .map(|name| format!("backend/src/{name}.rs"));
    let words = ["async ", ".await", "tokio", "axum", "rusqlite"];
    let sources: Vec<_> = rust().filter(|source| pure.contains(&source.name)).collect();
    assert_eq!(sources.len(), pure.len(), "the pure modules of the chat are where they were");
    none(sources.iter().flat_map(|source| source.lines_with(&words).collect::<Vec<_>>()));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    none(
        OURS.iter()
            .filter(|name| manifest(name)["lints"]["workspace"].as_bool() != Some(true))
            .map(|name| (*name).to_owned()),
    );
}

#[test]
fn what_can_fail_says_why_it_does_not() {
    // Not a lint of the workspace, because helpers of tests may unwrap.
    let line = "#![cfg_attr(not(test), warn(clippy::unwrap_used))]";
    let roots: Vec<_> = OURS.iter().map(|name| format!("{name}/src/")).collect();
    let is_root = |name: &str| {
        roots
            .iter()
            .any(|root| name.strip_prefix(root).is_some_and(|rest| ["lib.rs", "main.rs"].contains(&rest)))
    };
    let sources: Vec<_> = rust().filter(|source| is_root(&source.name)).collect();
    assert_eq!(sources.len(), 13);
    none(sources.into_iter().filter(|source| !source.text.contains(line)).map(|source| source.name));
}

#[test]
fn what_people_look_for_at_the_top_is_there() {
    let files = [
        "README.md",
        "ARCHITECTURE.md",
        "PROTOCOL.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "Trunk.toml",
        "index.html",
        "deny.toml",
        ".ci/run",
    ];
    none(files.iter().filter(|file| !top().join(file).is_file()).map(|file| (*file).to_owned()));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = sources().into_iter().filter(|source| source.is(&[".md"]));
    none(documents.flat_map(|document| {
        let folder = top().join(&document.name).parent().unwrap().to_owned();
        let links = document.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next());
        let inside =
            links.filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:"));
        let dead = inside.filter(|link| !folder.join(link).exists());
        dead.map(|link| format!("{} -> {link}", document.name)).collect::<Vec<_>>()
    }));
}
