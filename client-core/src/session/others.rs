//! What the other pages of the browser, which share the cookie, mean to a session. It knows no way to them.

use shared::{api::SignedIn, json};

use super::{Outcome, Pending, Session};
use crate::{
    call::Call,
    io::{News, Output},
    out::Out,
    token::Token,
    view::SessionState,
};

impl Session {
    /// Another page of this browser was signed in, or has renewed it: its token serves this page too, if it is newer
    /// and of the same person, or where nobody is here. It is used now or never, so that none is tried twice.
    pub(crate) fn heard(&mut self, now: u64, news: &News, age_ms: u64, out: &mut Out) -> Option<Outcome> {
        let answer: SignedIn = json::from_str(&news.answer).ok()?;
        let is_ours = match &self.state {
            // It has asked the same server with the same cookie.
            SessionState::Unknown => true,
            SessionState::SignedIn(profile) => profile.id == answer.user.id,
            // A renewal may be of the person who has left.
            SessionState::SignedOut { .. } => news.signs_in,
        };
        let token = Token::new(now.saturating_sub(age_ms), &answer);
        if !is_ours || !self.tokens.are_older_than(&token) {
            return None;
        }
        if !token.is_young(age_ms) {
            // A page that slept hears late.
            if news.signs_in {
                self.refresh_now(out);
            }
            return None;
        }
        self.give_up_cookies(out);
        Some(self.signed_in(now, token, answer.user, out))
    }

    /// Whether somebody may have come on another page since the server said that nobody is here.
    pub(super) fn may_look(&self) -> bool {
        self.looks && !self.is_taken()
    }

    /// Waits for nothing any more that changes the cookie: there is one that is to stay.
    pub(super) fn give_up_cookies(&mut self, out: &mut Out) {
        self.give_up_refresh(out);
        let signs_in = |pending: &mut Pending| matches!(pending.call, Call::SignIn { .. });
        let sign_ins =
            self.calls.extract_if(.., signs_in).filter_map(|pending| pending.sent_with.map(|_| pending.id));
        let leaving = self.leaving.take().and_then(|leaving| leaving.asked);
        for id in sign_ins.chain(leaving) {
            out.push(Output::GiveUp(id));
        }
    }
}
