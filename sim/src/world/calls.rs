//! The HTTP calls of a schedule: there and back, or not.

use client_core::{Answer, CallId, Input, Method, Request};
use shared::api::{API, RoomState};

use super::{CallState, Happening, Loss, World};
use crate::{
    plan::{MS, SECOND},
    server_under_test::{CallAnswer, Done},
};
use oracle::{Rule, Violation};

/// Of no page: nobody waits for the answer.
pub(super) const NO_LIFE: u32 = u32::MAX;

/// Between two looks whether another tab has renewed the sign-in.
const PAUSE: u64 = 50 * MS;

impl World<'_> {
    /// A client makes a call.
    pub(super) fn begin_call(&mut self, tab: usize, id: CallId, request: Request) -> usize {
        let loss = (self.calls_to_lose > 0).then(|| {
            self.calls_to_lose -= 1;
            self.dice.one_of(&[Loss::OnItsWay, Loss::OnTheWayBack])
        });
        let life = self.tabs[tab].life;
        let call = self.calls.len();
        self.calls.push(CallState { tab, life, id, request, with: None, answer: None, cookie: None, loss });
        self.at(self.now, Happening::CallDeparts { call });
        call
    }

    /// Nobody waits for the answer of a call any more, and its cookie is not taken.
    pub(super) fn give_up_call(&mut self, tab: usize, id: CallId) {
        let life = self.tabs[tab].life;
        let is_it = |call: &&mut CallState| (call.tab, call.life, call.id) == (tab, life, id);
        if let Some(call) = self.calls.iter_mut().rev().find(is_it) {
            call.life = NO_LIFE;
        }
    }

    /// The call leaves the browser. The tabs of a person renew their sign-in one after the other.
    pub(super) fn call_departs(&mut self, call: usize) -> Result<(), Violation> {
        let person = self.tabs[self.calls[call].tab].person;
        let path = &self.calls[call].request.path;
        if *path == format!("{API}/session/refresh") {
            if self.people[person].renewing.is_some() {
                self.at(self.now + PAUSE, Happening::CallDeparts { call });
                return Ok(());
            }
            self.people[person].renewing = Some(call);
        }
        if path.starts_with(&format!("{API}/session")) {
            self.calls[call].with = self.people[person].cookie.clone();
        }
        let at = self.now + self.travel();
        self.at(at, Happening::CallArrives { call });
        Ok(())
    }

    pub(super) fn call_arrives(&mut self, call: usize) -> Result<(), Violation> {
        let CallState { tab, request, with, loss, .. } = &self.calls[call];
        let from = self.people[self.tabs[*tab].person].address;
        if *loss == Some(Loss::OnItsWay) {
            let at = self.now + self.dice.between(SECOND, 15 * SECOND);
            self.at(at, Happening::CallAnswered { call });
            return Ok(());
        }
        self.host.turn_to(self.now);
        let errand = if self.now < self.refused_until {
            None
        } else {
            self.host.call(call, request, with.as_deref(), from)
        };
        let Some(mut errand) = errand else {
            let at = self.now + self.travel();
            self.at(at, Happening::CallAnswered { call });
            return Ok(());
        };
        match self.host.drive(&mut errand) {
            Some(Done::Call(answer)) => self.call_done(call, answer, true),
            Some(Done::Nothing) => {}
            None => self.parked.push(errand),
        }
        self.after_server();
        Ok(())
    }

    /// The server has an answer.
    pub(super) fn call_done(&mut self, call: usize, answer: CallAnswer, is_heard: bool) {
        let CallAnswer { status, body, cookie } = answer;
        let state = &mut self.calls[call];
        let makes_room = state.request.method == Method::Post && state.request.path == format!("{API}/rooms");
        if makes_room && let Ok(room) = shared::json::from_str::<RoomState>(&body) {
            self.logged.entry(room.room.id).or_insert(0);
        }
        let mut at = self.now;
        if state.loss.is_none() && is_heard {
            state.answer = Some(Answer::Http { status, body });
            state.cookie = cookie;
            at += self.travel();
        } else {
            at += self.dice.between(SECOND, 15 * SECOND);
        }
        let (tab, path) = (self.calls[call].tab, self.calls[call].request.path.clone());
        self.trace.note(self.now, (call, status), || format!("tab {tab} calls {path} -> {status}"));
        self.at(at, Happening::CallAnswered { call });
    }

    pub(super) fn call_answered(&mut self, call: usize) -> Result<(), Violation> {
        let CallState { tab, life, id, .. } = self.calls[call];
        if self.now < self.tabs[tab].asleep_until && self.tabs[tab].life == life {
            self.at(self.now + SECOND, Happening::CallAnswered { call });
            return Ok(());
        }
        let (path, is_there) = (self.calls[call].request.path.clone(), self.calls[call].answer.is_some());
        self.trace.note(self.now, (call, is_there), || {
            format!("tab {tab} is answered {path}{}", if is_there { "" } else { " with nothing" })
        });
        let person = self.tabs[tab].person;
        self.people[person].renewing.take_if(|renewing| *renewing == call);
        // A browser gives up the calls of a page that is gone, and their cookies with them.
        let is_there = self.tabs[tab].life == life;
        if let Some(cookie) = self.calls[call].cookie.take().filter(|_| is_there) {
            self.people[person].cookie = Some(cookie).filter(|cookie| !cookie.is_empty());
        }
        if self.tabs[tab].life != life {
            return Ok(());
        }
        let answer = self.calls[call].answer.take().unwrap_or(Answer::None);
        if let Answer::Http { status, body } = &answer
            && !matches!(status, 200..=299 | 401 | 403 | 404 | 429 | 503)
        {
            return Err(Violation::new(Rule::Mistake, format!("{path} is answered with {status}: {body}")));
        }
        self.handle(tab, Input::Answered(id, answer))
    }
}
