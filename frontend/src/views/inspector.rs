//! Where a message is and why, and how the connection does, in plain lines. What they say is the client's.

use client_core::{DeliveryState, LinkState, MessageReport, RowKey, WaitsFor};
use leptos::prelude::*;
use shared::RoomId;

use super::{
    copy::{Copy, CopyWords},
    dialog::Dialog,
};
use crate::{
    clock,
    driver::Driver,
    erase::{part, press},
    explain,
    store::{Inspected, Store},
    words::{fill, words},
};

/// A label and what it says. What names people is not copied with the rest.
struct Line {
    label: &'static str,
    value: String,
    names_people: bool,
}

impl Line {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), names_people: false }
    }
}

/// The inspector.
#[component]
pub fn Inspector() -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    on_cleanup(move || driver.inspect(None));
    let close = move || driver.inspect(None);
    let message = move || match store.inspected.get() {
        Some(Inspected::Message(room, key)) => Some((room, key)),
        _ => None,
    };
    let title = move || if message().is_some() { words().inspect.message } else { words().connection };
    let copied = move |()| {
        let message = untrack(message).map(|(room, key)| message_lines(driver, store, room, key));
        report(message.into_iter().flatten().chain(untrack(|| connection_lines(driver, store))))
    };
    let inside = move || {
        let inspect = &words().inspect;
        let words_of_copy =
            CopyWords { label: inspect.copy, copied: inspect.copied, not_copied: inspect.not_copied };
        view! {
            {part(move || match message() {
                Some((room, key)) => view! {
                    <h2>{inspect.message}</h2>
                    {drawn(message_lines(driver, store, room, key))}
                }
                .into_any(),
                None => ().into_any(),
            })}
            <h2>{words().connection}</h2>
            {part(move || drawn(connection_lines(driver, store)))}
            <div class="dialog-buttons">
                <Copy what=copied words=words_of_copy />
                <button class="button" on:click=press(close)>{words().close}</button>
            </div>
        }
        .into_any()
    };
    view! {
        <Dialog
            open=Signal::derive(move || store.inspected.with(Option::is_some))
            close=move |()| close()
            label=Signal::derive(move || title().to_owned())
            inside
        />
    }
}

fn drawn(lines: Vec<Line>) -> AnyView {
    let lines = lines
        .into_iter()
        .map(|line| view! { <div><dt>{line.label}</dt><dd>{line.value}</dd></div> }.into_any());
    view! { <dl class="report">{lines.collect::<Vec<_>>()}</dl> }.into_any()
}

/// What is copied.
fn report(lines: impl Iterator<Item = Line>) -> String {
    let lines = lines.filter(|line| !line.names_people);
    lines.map(|line| format!("{}: {}\n", line.label, line.value)).collect()
}

fn message_lines(driver: Driver, store: Store, room: RoomId, key: RowKey) -> Vec<Line> {
    store.rows.track();
    store.members.track();
    store.link.track();
    store.now_ms.track();
    if let Some(live) = store.live().borrow().get(&key) {
        live.row.track();
    }
    let inspect = &words().inspect;
    let Some(report) = driver.message_report(room, key) else { return Vec::new() };
    let row = &report.row;
    let mut lines = vec![Line::new(inspect.state, state(&report, store))];
    if let (Some(seq), Some(n)) = (row.seq, row.msg_no) {
        let values = [("seq", seq.to_string()), ("n", n.to_string())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        lines.push(Line::new(inspect.place, fill(inspect.place_of, &values)));
    }
    lines.push(Line::new(inspect.time, clock::full_label(row.timestamp)));
    if report.sent_before {
        lines.push(Line::new(inspect.tries, inspect.sent_before.to_owned()));
    } else if report.tries > 0 {
        lines.push(Line::new(inspect.tries, inspect.times.of(report.tries.into())));
    }
    if row.seq.is_some() {
        let names: Vec<_> = report.read_by.iter().map(|reader| reader.name.as_str()).collect();
        let value = if names.is_empty() { inspect.nobody_yet.to_owned() } else { names.join(", ") };
        lines.push(Line { names_people: true, ..Line::new(inspect.read_by, value) });
    }
    lines.push(Line::new(inspect.id, key.txn_id.to_string()));
    lines
}

/// How far the message has come, and what it waits for.
fn state(report: &MessageReport, store: Store) -> String {
    let inspect = &words().inspect;
    let seconds_to = |until: u64| until.saturating_sub(store.now_ms.get()).div_ceil(1_000);
    match (&report.row.state, report.waits_for) {
        (DeliveryState::Stored, _) => inspect.stored.to_owned(),
        (DeliveryState::Held { .. }, _) => inspect.held.to_owned(),
        (DeliveryState::Failed { code, detail }, _) => {
            fill(words().not_sent, &[("reason", &explain::message(*code, detail))])
        }
        (DeliveryState::Sending { since_ms }, waits_for) => {
            let ago = store.now_ms.get().saturating_sub(*since_ms) / 1_000;
            let again = match waits_for {
                Some(WaitsFor::Answer { until_ms }) => seconds_to(until_ms),
                _ => 0,
            };
            fill(inspect.on_its_way, &[("ago", &ago.to_string()), ("again", &again.to_string())])
        }
        (DeliveryState::Queued { .. }, waits_for) => match waits_for {
            Some(WaitsFor::Connection(LinkState::Waiting { until_ms, .. })) => {
                inspect.waits_for_next_try.of(seconds_to(until_ms))
            }
            Some(WaitsFor::Connection(_)) => inspect.waits_for_connection.to_owned(),
            Some(WaitsFor::Earlier(count)) => inspect.waits_for_earlier.of(count as u64),
            Some(WaitsFor::RateLimit { until_ms }) => inspect.waits_for_limit.of(seconds_to(until_ms)),
            Some(WaitsFor::Server { until_ms }) => inspect.waits_for_server.of(seconds_to(until_ms)),
            Some(WaitsFor::Answer { .. }) | None => words().waits.to_owned(),
        },
    }
}

fn connection_lines(driver: Driver, store: Store) -> Vec<Line> {
    store.link.track();
    let now = store.now_ms.get();
    let inspect = &words().inspect;
    let report = driver.connection_report();
    let link = report.link;
    let said = match link.state {
        LinkState::Online => {
            let seconds = now.saturating_sub(link.since_ms.unwrap_or(now)) / 1_000;
            fill(inspect.online_for, &[("time", &duration(seconds))])
        }
        LinkState::Connecting { attempt } => inspect.connecting.of(attempt.into()),
        LinkState::Waiting { until_ms, .. } => {
            words().reconnecting_in.of(until_ms.saturating_sub(now).div_ceil(1_000))
        }
        LinkState::Idle => inspect.offline.to_owned(),
        LinkState::Refused => words().refused.to_owned(),
    };
    let round_trip =
        link.round_trip_ms.map_or_else(|| inspect.not_measured.to_owned(), |ms| format!("{ms}\u{a0}ms"));
    let mut lines = vec![
        Line::new(inspect.state, said),
        Line::new(inspect.round_trip, round_trip),
        Line::new(inspect.connections, link.connections.to_string()),
    ];
    if let Some((last, head)) = report.room {
        let (last, head) = (last.to_string(), head.to_string());
        lines.push(Line::new(inspect.last_event, fill(inspect.last_of, &[("last", &last), ("head", &head)])));
    }
    lines.push(Line::new(inspect.gaps, report.gaps_repaired.to_string()));
    lines.push(Line::new(inspect.unconfirmed, report.unconfirmed.to_string()));
    lines
}

/// So many seconds, as a stopwatch shows them.
fn duration(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_nobody() {
        let lines = [Line::new("State", "x"), Line { names_people: true, ..Line::new("Read by", "Ada") }];
        assert_eq!(report(lines.into_iter()), "State: x\n");
    }

    #[test]
    fn a_duration_is_written_as_a_stopwatch_does() {
        assert_eq!([duration(59), duration(3_661)], ["0:00:59", "1:01:01"]);
    }
}
