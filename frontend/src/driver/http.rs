//! One HTTP call of the browser, where it is to be made alone after those of the other pages. Brings back whatever was
//! answered and judges nothing.

use client_core::{Answer, Method, Request, Turn};
use gloo_net::http::{Method as HttpMethod, RequestBuilder, Response};
use leptos::task::spawn_local;
use web_sys::{AbortController, RequestCredentials};

use super::locks::{Lock, Locks};
use crate::browser::Timeout;

/// How long a call may take: longer than any answer of a living server, shorter than anybody's patience.
const PATIENCE_MS: u64 = 15_000;

/// The lock of the page that makes a call alone.
const ALONE: &str = "confab.alone";

/// How long such a call waits for that of another page, which may be asleep. A call that is made all the same has most
/// of its time left then.
const TURN_MS: u64 = 5_000;

/// A call on its way, given up when it is dropped.
pub(super) struct HttpCall {
    _call: GivenUpAfter,
    _turn: Option<GivenUpAfter>,
}

/// What is given up after some time, or when this is dropped.
struct GivenUpAfter {
    controller: AbortController,
    _time: Timeout,
}

impl GivenUpAfter {
    fn new(ms: u64) -> Self {
        let controller = AbortController::new().expect("a browser can give something up");
        let given_up = controller.clone();
        Self { controller, _time: Timeout::new(ms, move || given_up.abort()) }
    }
}

impl Drop for GivenUpAfter {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

impl HttpCall {
    /// Makes the call and tells the answer, never before this returns, with the lock of a call that was made alone and
    /// brought news. A call that was dropped tells [`Answer::None`] as well; whoever dropped it passes that over.
    pub(super) fn start(request: Request, tell: impl FnOnce(Answer, Option<Lock>) + 'static) -> Self {
        let call = GivenUpAfter::new(PATIENCE_MS);
        let turn = (request.turn != Turn::AtOnce).then(|| GivenUpAfter::new(TURN_MS));
        let (signal, waits) = (call.controller.signal(), turn.as_ref().map(|turn| turn.controller.signal()));
        spawn_local(async move {
            let lock = match (&waits, Locks::of_this_browser()) {
                (Some(waits), Some(locks)) => locks.lock(ALONE, waits).await,
                _ => None,
            };
            if request.turn == Turn::Needs && waits.is_some_and(|waits| waits.aborted()) {
                return tell(Answer::None, None);
            }
            let builder = RequestBuilder::new(&request.path)
                .method(match request.method {
                    Method::Get => HttpMethod::GET,
                    Method::Post => HttpMethod::POST,
                    Method::Delete => HttpMethod::DELETE,
                })
                .credentials(RequestCredentials::SameOrigin)
                .abort_signal(Some(&signal));
            let answer = answer(builder, request).await.unwrap_or(Answer::None);
            let is_news = matches!(answer, Answer::Http { status: 200 | 201, .. });
            tell(answer, lock.filter(|_| is_news));
        });
        Self { _call: call, _turn: turn }
    }
}

async fn answer(mut builder: RequestBuilder, request: Request) -> Option<Answer> {
    if let Some(bearer) = request.bearer {
        builder = builder.header("authorization", &format!("Bearer {bearer}"));
    }
    let response: Response = match request.body {
        Some(body) => {
            builder.header("content-type", "application/json").body(body).ok()?.send().await.ok()?
        }
        None => builder.send().await.ok()?,
    };
    let status = response.status();
    Some(Answer::Http { status, body: response.text().await.ok()? })
}
