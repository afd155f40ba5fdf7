//! The browser's clocks and calendar. Knows moments, not what happened at them.

use std::cell::{Cell, RefCell};

use client_core::Now;
use js_sys::{Array, Date, Intl::DateTimeFormat, Object};
use shared::Timestamp;
use wasm_bindgen::JsValue;

use crate::{browser::window, words::words};

const DAY_MS: i64 = 86_400_000;
const QUARTER_MS: u64 = 15 * MINUTE_MS;
const MINUTE_MS: u64 = 60_000;

/// The moment, by both clocks.
pub fn now() -> Now {
    Now { ms: monotonic_ms(), wall: Timestamp::from_unix_ms(Date::now() as u64) }
}

/// Milliseconds by the clock that never goes back.
pub fn monotonic_ms() -> u64 {
    window().performance().map_or(0, |clock| clock.now() as u64)
}

/// The day of the reader's calendar that a moment falls on, counted from 1970.
pub fn day_of(moment: Timestamp) -> i64 {
    local_ms(moment).div_euclid(DAY_MS)
}

/// Milliseconds until the reader's next day begins.
pub fn until_tomorrow_ms() -> u64 {
    let into_day = local_ms(now().wall).rem_euclid(DAY_MS);
    (DAY_MS - into_day).unsigned_abs()
}

/// A moment as the clock on the reader's wall shows it, written as if that were UTC.
fn local_ms(moment: Timestamp) -> i64 {
    let ms = moment.unix_ms();
    // Clocks change at quarters of an hour; rows beside each other mostly share theirs.
    let quarter = ms / QUARTER_MS;
    let offset = OFFSET.get().filter(|(known, _)| *known == quarter).map_or_else(
        || {
            let offset = Date::new(&JsValue::from_f64(ms as f64)).get_timezone_offset();
            let offset = (offset * 60_000.0) as i64;
            OFFSET.set(Some((quarter, offset)));
            offset
        },
        |(_, offset)| offset,
    );
    i64::try_from(ms).unwrap_or(i64::MAX) - offset
}

/// The three ways in which a moment is written.
struct Formats {
    time: DateTimeFormat,
    day: DateTimeFormat,
    full: DateTimeFormat,
}

thread_local! {
    /// The last quarter of an hour that was asked for, and its distance from UTC.
    static OFFSET: Cell<Option<(u64, i64)>> = const { Cell::new(None) };
    /// The last minute that was written, and how.
    static MINUTE: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    static FORMATS: Formats = Formats {
        time: format(&[("hour", "numeric"), ("minute", "2-digit")]),
        day: format(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
        full: format(&[("dateStyle", "full"), ("timeStyle", "medium")]),
    };
}

fn format(options: &[(&str, &str)]) -> DateTimeFormat {
    let object = Object::new();
    for (name, value) in options {
        // A plain object takes every property.
        let _ = js_sys::Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    DateTimeFormat::new(&Array::new(), &object)
}

fn write(format: &DateTimeFormat, moment: Timestamp) -> String {
    let date = Date::new(&JsValue::from_f64(moment.unix_ms() as f64));
    let text = format.format().call1(&JsValue::UNDEFINED, &date);
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// Hours and minutes.
pub fn time_label(moment: Timestamp) -> String {
    let minute = moment.unix_ms() / MINUTE_MS;
    MINUTE.with_borrow_mut(|(known, label)| {
        if *known != minute || label.is_empty() {
            *label = FORMATS.with(|formats| write(&formats.time, moment));
            *known = minute;
        }
        label.clone()
    })
}

/// Everything, for a tooltip.
pub fn full_label(moment: Timestamp) -> String {
    FORMATS.with(|formats| write(&formats.full, moment))
}

/// A day, as seen from today.
pub fn day_label(day: i64, today: i64) -> String {
    match today - day {
        0 => words().today.to_owned(),
        1 => words().yesterday.to_owned(),
        _ => {
            // Noon of that day, in the reader's zone.
            let noon = day * DAY_MS + DAY_MS / 2;
            let moment = Timestamp::from_unix_ms(noon.unsigned_abs());
            let offset = local_ms(moment) - noon;
            FORMATS
                .with(|formats| write(&formats.day, Timestamp::from_unix_ms((noon - offset).unsigned_abs())))
        }
    }
}
