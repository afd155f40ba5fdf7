//! Who is signed in, the access token, and the HTTP calls under way. It knows no socket and no frame.

mod leaving;
mod others;

use shared::{api::SignedIn, error::ErrorCode, event::Profile, json};

use self::leaving::Leaving;
use crate::{
    backoff::Backoff,
    call::{Answer, Call, CallId},
    failure::{Failure, body},
    io::{Change, News, Output},
    out::Out,
    rng::Rng,
    time::{due, earliest},
    token::{Token, Tokens},
    view::SessionState,
};

/// Who is signed in.
pub(crate) struct Session {
    state: SessionState,
    pub(crate) tokens: Tokens,
    refresh: Refresh,
    /// The socket has to be told of a newer token: renewing is tried until it works.
    renew: bool,
    backoff: Backoff,
    calls: Vec<Pending>,
    last_id: u64,
    leaving: Option<Leaving>,
    /// Nobody is here, by the server's word. It is asked again when somebody looks: they may have signed in on another
    /// page while this one slept.
    looks: bool,
}

enum Refresh {
    Idle,
    Asked(CallId),
    Waiting(u64),
}

/// A call that waits for its answer, or for a token to go with.
struct Pending {
    id: CallId,
    call: Call,
    /// The how-manieth token it went with; `None` while it has not gone.
    sent_with: Option<u64>,
    /// Whether a 401 is answered with a newer token and one more try.
    again: bool,
}

/// What an answer means to the rest of the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is a new access token, of this person.
    SignedIn(Profile),
    /// The server no longer knows anybody here.
    SignedOut,
    /// A call is done.
    Done(Call, Result<String, Failure>),
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            state: SessionState::Unknown,
            tokens: Tokens::default(),
            refresh: Refresh::Idle,
            renew: false,
            backoff: Backoff::default(),
            calls: Vec::new(),
            last_id: 0,
            leaving: None,
            looks: false,
        }
    }

    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    pub(crate) fn profile(&self) -> Option<&Profile> {
        match &self.state {
            SessionState::SignedIn(profile) => Some(profile),
            _ => None,
        }
    }

    /// When the server is asked again who is signed in.
    pub(crate) fn retry_at(&self) -> Option<u64> {
        match self.refresh {
            Refresh::Waiting(at) => Some(at),
            _ => None,
        }
    }

    /// Looks whether somebody is signed in, if that is not known.
    pub(crate) fn start(&mut self, out: &mut Out) {
        if self.state == SessionState::Unknown || self.may_look() {
            self.refresh_now(out);
        }
    }

    /// Waits for no answer any more.
    pub(crate) fn stop(&mut self, now: u64) {
        self.calls.clear();
        self.refresh = Refresh::Idle;
        self.renew = false;
        if let Some(leaving) = &mut self.leaving {
            (leaving.asked, leaving.at) = (None, Some(now));
        }
    }

    /// Makes a call, with a newer token first where it needs one.
    pub(crate) fn ask(&mut self, now: u64, call: Call, out: &mut Out) {
        if call == Call::ConnectionToken {
            // The link has given up on the one before.
            self.calls.retain(|pending| pending.call != call);
        }
        let pending = Pending { id: self.mint_id(), call, sent_with: None, again: true };
        self.calls.push(pending);
        self.send_waiting(now, out);
    }

    /// Whether somebody is signed in, or about to be.
    pub(crate) fn is_taken(&self) -> bool {
        let signs_in = |pending: &Pending| matches!(pending.call, Call::SignIn { .. });
        self.profile().is_some() || self.calls.iter().any(signs_in)
    }

    /// Whether the answer to joining a room is waited for.
    pub(crate) fn is_joining(&self) -> bool {
        self.calls.iter().any(|pending| matches!(pending.call, Call::JoinRoom { .. }))
    }

    /// Whether the answer to leaving a room is waited for.
    pub(crate) fn is_parting(&self) -> bool {
        self.calls.iter().any(|pending| matches!(pending.call, Call::Leave(..)))
    }

    /// The token of the socket ends. Gives back the one in force where that is newer, and renews it otherwise.
    pub(crate) fn expiring(&mut self, out: &mut Out) -> Option<&str> {
        if !self.tokens.are_on_socket() {
            return self.tokens.text();
        }
        self.renew = true;
        self.refresh_now(out);
        None
    }

    /// Somebody was here before, and it is not known that they are not any more: they are taken for signed in until
    /// the server says otherwise. False where somebody has spoken already.
    pub(crate) fn presume(&mut self, profile: Profile, out: &mut Out) -> bool {
        let nobody_said = self.state == SessionState::Unknown;
        if nobody_said {
            self.set_profile(profile, out);
        }
        nobody_said
    }

    /// The server sees this person under that name now.
    pub(crate) fn set_profile(&mut self, profile: Profile, out: &mut Out) {
        let state = SessionState::SignedIn(profile);
        if self.state != state {
            self.state = state;
            out.changed(Change::Session);
        }
    }

    /// Ends the session here. Gives back the access token that was in force.
    pub(crate) fn end(&mut self, out: &mut Out) -> Option<String> {
        let bearer = self.tokens.forget();
        self.calls.clear();
        self.give_up_refresh(out);
        self.renew = false;
        // The cookie may still be there, until the server has heard of it.
        self.looks = false;
        self.set_signed_out(false, out);
        self.backoff.reset();
        bearer
    }

    /// Takes in an answer. Answers that nobody waits for are passed over.
    pub(crate) fn answered(
        &mut self,
        now: u64,
        id: CallId,
        answer: Answer,
        rng: &mut Rng,
        out: &mut Out,
    ) -> Vec<Outcome> {
        if matches!(self.refresh, Refresh::Asked(asked) if asked == id) {
            self.refresh = Refresh::Idle;
            let result = match answer {
                // There is no cookie, so there is nobody to renew.
                Answer::Http { status: 204, .. } => Err(Failure::new(ErrorCode::Unauthenticated)),
                answer => body(answer),
            };
            return self.refreshed(now, result, rng, out);
        }
        if self.leaving.as_ref().is_some_and(|leaving| leaving.asked == Some(id)) {
            return self.left(now, body(answer), rng, out);
        }
        let Some(index) = self.calls.iter().position(|pending| pending.id == id) else { return Vec::new() };
        let mut pending = self.calls.remove(index);
        let result = body(answer);
        let refused = matches!(&result, Err(failure) if failure.code == ErrorCode::Unauthenticated);
        if refused && pending.again && self.profile().is_some() {
            if pending.sent_with == Some(self.tokens.count()) {
                self.tokens.forget();
            }
            (pending.sent_with, pending.again) = (None, false);
            self.calls.push(pending);
            self.send_waiting(now, out);
            return Vec::new();
        }
        if let (Call::ConnectionToken, Some(tokens)) = (&pending.call, pending.sent_with) {
            self.tokens.put_on_socket(tokens);
        }
        match (pending.call, result) {
            (call @ Call::SignIn { .. }, Ok(body)) => match json::from_str::<SignedIn>(&body) {
                Ok(signed_in) => {
                    self.refresh = Refresh::Idle;
                    self.leaving = None;
                    out.push(Output::PassOn(News { signs_in: true, answer: body }));
                    vec![self.signed_in(now, Token::new(now, &signed_in), signed_in.user, out)]
                }
                Err(_) => vec![Outcome::Done(call, Err(Failure::new(ErrorCode::Internal)))],
            },
            (call, result) => vec![Outcome::Done(call, result)],
        }
    }

    /// Somebody looks, or the network is back.
    pub(crate) fn hurry(&mut self, out: &mut Out) {
        if matches!(self.refresh, Refresh::Waiting(_)) || self.may_look() {
            self.refresh_now(out);
        }
        if self.leave_at().is_some() {
            self.leave(out);
        }
    }

    pub(crate) fn tick(&mut self, now: u64, out: &mut Out) {
        if due(self.retry_at(), now) {
            self.refresh_now(out);
        }
        if due(self.leave_at(), now) {
            self.leave(out);
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        earliest([self.retry_at(), self.leave_at()])
    }

    /// Waits for no renewal any more: an answer that comes late would replace, or take away, a newer cookie.
    fn give_up_refresh(&mut self, out: &mut Out) {
        if let Refresh::Asked(id) = std::mem::replace(&mut self.refresh, Refresh::Idle) {
            out.push(Output::GiveUp(id));
        }
    }

    fn mint_id(&mut self) -> CallId {
        self.last_id += 1;
        CallId(self.last_id)
    }

    fn refresh_now(&mut self, out: &mut Out) {
        if !matches!(self.refresh, Refresh::Asked(_)) {
            let id = self.mint_id();
            self.refresh = Refresh::Asked(id);
            out.push(Output::Call(id, Call::Refresh.request(None)));
        }
    }

    /// Sends every call that may go now, and gets a token for the others.
    fn send_waiting(&mut self, now: u64, out: &mut Out) {
        let fresh = self.tokens.is_good(now);
        let signed_in = self.profile().is_some();
        let leaving = self.leaving.as_ref().is_some_and(|leaving| leaving.asked.is_some());
        let bearer = self.tokens.text();
        let mut needs_token = false;
        for pending in self.calls.iter_mut().filter(|pending| pending.sent_with.is_none()) {
            let may_go = match pending.call {
                // The cookie that ends the old session must not come back after the new one.
                Call::SignIn { .. } => !leaving,
                Call::LookUp { .. } => fresh || !signed_in,
                _ => fresh,
            };
            if may_go {
                pending.sent_with = Some(self.tokens.count());
                out.push(Output::Call(pending.id, pending.call.request(bearer)));
            } else {
                needs_token |= signed_in;
            }
        }
        if needs_token {
            self.refresh_now(out);
        }
    }

    fn signed_in(&mut self, now: u64, token: Token, user: Profile, out: &mut Out) -> Outcome {
        if self.profile().is_some_and(|before| before.id != user.id) {
            // Another page of this browser has signed somebody else in; what is answered to the one before is not theirs.
            self.calls.retain(|pending| pending.sent_with.is_none() || is_anybodys(&pending.call));
        }
        self.tokens.put(token);
        self.renew = false;
        self.backoff.reset();
        self.set_profile(user.clone(), out);
        self.send_waiting(now, out);
        Outcome::SignedIn(user)
    }

    fn refreshed(
        &mut self,
        now: u64,
        result: Result<String, Failure>,
        rng: &mut Rng,
        out: &mut Out,
    ) -> Vec<Outcome> {
        let parsed = result.and_then(|body| match json::from_str::<SignedIn>(&body) {
            Ok(answer) => Ok((answer, body)),
            Err(_) => Err(Failure::new(ErrorCode::Internal)),
        });
        match parsed {
            Ok((answer, body)) => {
                self.give_up_cookies(out);
                out.push(Output::PassOn(News { signs_in: false, answer: body }));
                vec![self.signed_in(now, Token::new(now, &answer), answer.user, out)]
            }
            Err(failure) if failure.code == ErrorCode::Unauthenticated => {
                self.looks = true;
                if matches!(self.state, SessionState::SignedOut { .. }) {
                    return Vec::new();
                }
                let mut outcomes = self.fail_theirs(&failure);
                let expired = self.profile().is_some();
                self.tokens.forget();
                self.renew = false;
                self.set_signed_out(expired, out);
                outcomes.push(Outcome::SignedOut);
                outcomes
            }
            Err(failure) => {
                if self.renew || self.state == SessionState::Unknown {
                    let delay = self.backoff.fail(rng).max(failure.retry_after_ms.unwrap_or(0));
                    self.refresh = Refresh::Waiting(now.saturating_add(delay));
                }
                self.fail_waiting(&failure)
            }
        }
    }

    /// No call of somebody who was signed in gets an answer any more, because it would be taken for one to whoever
    /// comes next.
    fn fail_theirs(&mut self, failure: &Failure) -> Vec<Outcome> {
        let are_theirs = |pending: &mut Pending| match pending.call {
            Call::SignIn { .. } => false,
            Call::LookUp { .. } => pending.sent_with.is_none(),
            _ => true,
        };
        let theirs = self.calls.extract_if(.., are_theirs);
        theirs.map(|pending| Outcome::Done(pending.call, Err(failure.clone()))).collect()
    }

    /// The calls that wait for a token get none.
    fn fail_waiting(&mut self, failure: &Failure) -> Vec<Outcome> {
        let waits = |pending: &mut Pending| {
            pending.sent_with.is_none() && !matches!(pending.call, Call::SignIn { .. })
        };
        self.calls
            .extract_if(.., waits)
            .map(|pending| Outcome::Done(pending.call, Err(failure.clone())))
            .collect()
    }

    fn set_signed_out(&mut self, expired: bool, out: &mut Out) {
        let state = SessionState::SignedOut { expired };
        if self.state != state {
            self.state = state;
            out.changed(Change::Session);
        }
    }
}

/// Whether nobody has to be signed in for that call.
fn is_anybodys(call: &Call) -> bool {
    matches!(call, Call::SignIn { .. } | Call::LookUp { .. })
}
