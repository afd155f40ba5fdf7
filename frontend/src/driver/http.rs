//! One HTTP call of the browser. Brings back whatever was answered and judges nothing.

use client_core::{Answer, Method, Request};
use gloo_net::http::{Method as HttpMethod, RequestBuilder, Response};
use leptos::task::spawn_local;
use web_sys::{AbortController, RequestCredentials};

use crate::browser::Timeout;

/// How long a call may take: longer than any answer of a living server, shorter than anybody's patience.
const PATIENCE_MS: u64 = 15_000;

/// A call on its way, given up when it is dropped.
pub(super) struct HttpCall {
    controller: AbortController,
    _patience: Timeout,
}

impl HttpCall {
    /// Makes the call and tells the answer, never before this returns. A call that was dropped tells
    /// [`Answer::None`] as well; whoever dropped it passes that over.
    pub(super) fn start(request: Request, tell: impl FnOnce(Answer) + 'static) -> Self {
        let controller = AbortController::new().expect("a browser can give a call up");
        let patience = Timeout::new(PATIENCE_MS, {
            let controller = controller.clone();
            move || controller.abort()
        });
        let signal = controller.signal();
        spawn_local(async move {
            let builder = RequestBuilder::new(&request.path)
                .method(match request.method {
                    Method::Get => HttpMethod::GET,
                    Method::Post => HttpMethod::POST,
                    Method::Delete => HttpMethod::DELETE,
                })
                .credentials(RequestCredentials::SameOrigin)
                .abort_signal(Some(&signal));
            tell(answer(builder, request).await.unwrap_or(Answer::None));
        });
        Self { controller, _patience: patience }
    }
}

impl Drop for HttpCall {
    fn drop(&mut self) {
        self.controller.abort();
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
