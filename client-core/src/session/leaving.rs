//! The end of a session, said to the server until it has heard of it. It knows no store and nothing of who comes next.

use super::{Outcome, Pending, Session};
use crate::{
    call::{Call, CallId},
    failure::Failure,
    io::Output,
    out::Out,
    rng::Rng,
};

/// The end of a session that the server has not confirmed.
pub(super) struct Leaving {
    pub(super) bearer: Option<String>,
    pub(super) asked: Option<CallId>,
    pub(super) at: Option<u64>,
}

impl Session {
    /// Ends the session, here at once and on the server as soon as it can be reached.
    pub(crate) fn sign_out(&mut self, out: &mut Out) {
        let bearer = self.end(out);
        self.leaving = Some(Leaving { bearer, asked: None, at: None });
        self.leave(out);
    }

    /// Whether the server has yet to hear that somebody has left.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// When the old session's end is said again. Not while somebody signs in: it would take the new cookie away.
    pub(super) fn leave_at(&self) -> Option<u64> {
        let signs_in = |is: &Pending| matches!(is.call, Call::SignIn { .. }) && is.sent_with.is_some();
        self.leaving.as_ref()?.at.filter(|_| !self.calls.iter().any(signs_in))
    }

    pub(super) fn leave(&mut self, out: &mut Out) {
        let id = self.mint_id();
        if let Some(leaving) = &mut self.leaving {
            (leaving.asked, leaving.at) = (Some(id), None);
            out.push(Output::Call(id, Call::SignOut.request(leaving.bearer.as_deref())));
        }
    }

    pub(super) fn left(
        &mut self,
        now: u64,
        result: Result<String, Failure>,
        rng: &mut Rng,
        out: &mut Out,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        match (result, &mut self.leaving) {
            // The cookie is still there and would sign the person in again.
            (Err(failure), Some(leaving)) if failure.code.is_retryable() => {
                if self.backoff.failures() == 0 {
                    outcomes.push(Outcome::Done(Call::SignOut, Err(failure.clone())));
                }
                let delay = self.backoff.fail(rng).max(failure.retry_after_ms.unwrap_or(0));
                (leaving.asked, leaving.at) = (None, Some(now.saturating_add(delay)));
            }
            _ => self.leaving = None,
        }
        self.send_waiting(now, out);
        outcomes
    }
}
