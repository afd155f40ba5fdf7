//! What is written for a setting, to what it means. Each says in a few words what it would have liked.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use shared::Limits;

use super::model::Settings;
use crate::origin::Origin;

/// The largest value of a limit: eleven days in milliseconds, and as good as none for everything that is counted.
const LARGEST_LIMIT: u64 = 1_000_000_000;
/// The largest `frame_bytes`: each socket may have one frame in memory.
const LARGEST_FRAME: u64 = 16 * 1024 * 1024;
/// Bytes of a `message` frame beside its text: ids, field names and quotes.
const FRAME_AROUND: u64 = 512;

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a path is missing".to_owned()) } else { Ok(PathBuf::from(text)) }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let localhost = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = localhost.as_deref().unwrap_or(text).parse();
    parsed.map_err(|_| format!("{text:?} is not an address and port such as 127.0.0.1:8080"))
}

pub(super) fn origin(text: &str) -> Result<Origin, String> {
    text.parse().map_err(|wrong| format!("{text:?}: {wrong}"))
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse().ok().or_else(one);
    network.ok_or_else(|| format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
}

pub(super) fn seconds(text: &str, least: u64, most: u64) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    let time = parsed.map_err(|_| format!("{text:?} is not a time such as 90s or 15m"))?;
    if time.subsec_nanos() != 0 || !(least..=most).contains(&time.as_secs()) {
        return Err(format!("{text:?} is not between {least} and {most} whole seconds"));
    }
    Ok(time)
}

pub(super) fn count(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number between {least} and {most}"))
}

pub(super) fn limit(text: &str, limits: &mut Limits) -> Result<(), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    let (name, value) = (name.trim(), value.trim());
    let number: u64 = value.parse().map_err(|_| format!("{name}: {value:?} is not a number"))?;
    let most = if name == "frame_bytes" { LARGEST_FRAME } else { LARGEST_LIMIT };
    if number > most {
        return Err(format!("{name}: {number} is more than {most}"));
    }
    limits.set(name, number).map_err(|wrong| wrong.to_string())
}

pub(super) fn each<T>(list: &[String], parse: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    list.iter().map(|text| parse(text)).collect()
}

/// What the line of a setting says in the file, as the texts that a flag would have. `many` where it takes several.
pub(super) fn from_toml(name: &str, many: bool, value: &toml::Value) -> Result<Vec<String>, String> {
    match value {
        toml::Value::Array(list) if many => list.iter().map(plain).collect(),
        toml::Value::Table(table) if name == "limit" => {
            table.iter().map(|(name, value)| Ok(format!("{name}={}", plain(value)?))).collect()
        }
        other => Ok(vec![plain(other)?]),
    }
}

fn plain(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        other => Err(format!("a {} can't stand here", other.type_str())),
    }
}

/// Looks at settings that only make sense together.
pub(super) fn sensible_together(settings: &Settings) -> Result<(), String> {
    let limits = &settings.server.limits;
    // A character takes up to 4 bytes.
    let longest = limits.message_chars.saturating_mul(4).saturating_add(FRAME_AROUND);
    if limits.frame_bytes < longest {
        let (frame, chars) = (limits.frame_bytes, limits.message_chars);
        return Err(format!(
            "--limit frame_bytes={frame}: a message of message_chars={chars} would not fit; that takes {longest}"
        ));
    }
    Ok(())
}
