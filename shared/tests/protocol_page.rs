//! Holds PROTOCOL.md against the types: what the page says and what the code does are the same.

use shared::{ClientFrame, ErrorCode, Limits, ServerFrame, json};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../PROTOCOL.md");
    std::fs::read_to_string(path).unwrap()
}

/// The lines of JSON under a heading, joined where one goes on in the next line.
fn frames_under(heading: &str) -> Vec<String> {
    let page = page();
    let section = page.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
    let code: String =
        section.split("```").skip(1).step_by(2).flat_map(|block| block.lines().skip(1)).collect();
    let frames = code.replace("}{\"type\"", "}\n{\"type\"");
    frames.lines().map(str::to_owned).collect()
}

/// Puts an id and a moment where the page has an ellipsis.
fn filled(frame: &str) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(frame).unwrap();
    fill(&mut value, "");
    value
}

fn fill(value: &mut serde_json::Value, key: &str) {
    match value {
        serde_json::Value::String(text) if text == "…" => {
            *text = match key {
                "timestamp" | "server_time" | "token_expires_at" | "last_seen" => {
                    "2026-01-31T12:00:00.000Z".into()
                }
                _ => "0192f0c1-2b3c-7d4e-8f50-112233445566".into(),
            };
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|item| fill(item, key)),
        serde_json::Value::Object(map) => {
            if key == "limits" {
                let limits = json::to_string(&Limits::default());
                *map = serde_json::from_str(&limits).unwrap();
            }
            map.iter_mut().for_each(|(key, item)| fill(item, key));
        }
        _ => {}
    }
}

#[test]
fn every_frame_of_a_client_on_the_page_is_read_and_written_as_it_stands_there() {
    let frames = frames_under("## What a client says");
    assert_eq!(frames.len(), 8, "{frames:#?}");
    for frame in frames {
        let value = filled(&frame);
        let decoded = ClientFrame::decode(&value.to_string()).unwrap();
        let mut written: serde_json::Value = serde_json::from_str(&decoded.encode()).unwrap();
        assert_eq!(written.as_object_mut().unwrap(), value.as_object().unwrap(), "{frame}");
    }
}

#[test]
fn every_frame_of_the_server_on_the_page_is_read_and_written_as_it_stands_there() {
    let frames = frames_under("## What the server says");
    assert_eq!(frames.len(), 15, "{frames:#?}");
    for frame in frames {
        let value = filled(&frame);
        let decoded = ServerFrame::decode(&value.to_string()).unwrap();
        let written: serde_json::Value = serde_json::from_str(&decoded.encode()).unwrap();
        assert_eq!(written, value, "{frame}");
    }
}

#[test]
fn every_limit_is_on_the_page_with_its_default_and_its_reason() {
    let lines: Vec<String> = Limits::default()
        .list()
        .map(|(name, value, reason)| format!("| `{name}` | {value} | {} |\n", reason.trim_end_matches('.')))
        .collect();
    let table = lines.concat();
    assert!(page().ends_with(&table), "the page should end with\n{table}");
}

#[test]
fn every_error_code_is_on_the_page() {
    let codes = [
        ErrorCode::Parse,
        ErrorCode::UnknownType,
        ErrorCode::Invalid,
        ErrorCode::Unauthenticated,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::NotMember,
        ErrorCode::TooLong,
        ErrorCode::Empty,
        ErrorCode::RateLimited,
        ErrorCode::Conflict,
        ErrorCode::Unsupported,
        ErrorCode::Unavailable,
        ErrorCode::Internal,
    ];
    let page = page();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for code in codes {
        let name = format!("`{code}`");
        let row = rows.iter().find(|row| row.split('|').nth(1).unwrap().contains(&name));
        let row = row.unwrap_or_else(|| panic!("{name} is not on the page"));
        assert_eq!(row.ends_with("| yes |"), code.is_retryable(), "{row}");
    }
}

#[test]
fn every_call_is_on_the_page() {
    let page = page();
    for (method, path, _) in shared::calls::CALLS {
        let call = format!("| `{} {path}", method.as_str());
        assert!(page.contains(&format!("{call}`")) || page.contains(&format!("{call} {{")), "{call}");
    }
}

#[test]
fn every_frame_and_every_event_is_on_the_page() {
    let page = page();
    for kind in ClientFrame::KINDS.iter().chain(ServerFrame::KINDS).chain(shared::EventBody::KINDS) {
        assert!(page.contains(&format!("{{\"type\":\"{kind}\"")), "{kind}");
    }
}
