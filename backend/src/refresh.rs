//! When a refresh token is good: a pure judgement over what is stored of the session. Knows neither clock,
//! nor cookie, nor database.
//!
//! A session counts generations. Its newest refresh token names the newest generation, and presenting it makes the
//! next one, but not within [`REPEAT_MS`] of its making: then the newest is answered *again*. The token before the
//! newest is answered with the newest too, for so long, and for as long as it is not confirmed that a browser has
//! kept that: answers get lost, and so does a cookie that came a moment before its browser died. Whoever presents
//! anything older holds a copy: the session ends for everybody who has it.
//!
//! A browser that got a generation was given an access token with it. When that is used [`KEPT_MS`] after it was
//! made, the browser has lived for so long with the cookie, and has it on its disk: the generation is *confirmed*.
//!
//! So only two generations are good at a time, however many tabs ask and however often a page is loaded anew, and a
//! call that is under way for less than half of [`REPEAT_MS`] is never taken for a copy's. Whoever has the newest is
//! not given it once more: the answer could come after one with the next, and put it into its place.
//!
//! Whoever stole the newest token gains nothing by the wait beyond what the token gave them anyway: access tokens, for
//! as long as nobody notices. The first to present it after the wait makes the next generation, and the other one
//! gives the copy away, once either of them has used that for as long as a page does. What is not noticed: a thief
//! who throws every access token away within [`KEPT_MS`], and always renews between two renewals of the owner, which
//! nothing tells apart from a browser that keeps dying young; and one whose renewals always come within [`REPEAT_MS`]
//! of the owner's.

use shared::Timestamp;

/// Milliseconds after which a browser that still lives has a cookie on its disk: twice the 30 s for which Chromium
/// collects changes before it writes them.
pub const KEPT_MS: u64 = 60_000;

/// Milliseconds after a generation was made in which it is the answer to itself and to the one before it. At least
/// twice the 15 s that a page waits for an answer, so that no call of a page that is gone comes later; longer than
/// [`KEPT_MS`], so that at most one change of the cookie is not on the disk; and by a heartbeat and its answer, so
/// that a socket can confirm a generation before there is the next, however shortly access tokens live.
pub const REPEAT_MS: u64 = KEPT_MS + 30_000;

/// Milliseconds that a session lives without being renewed: 30 days, as the cookie says.
pub const IDLE_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What is stored of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionState {
    /// The newest generation; the first is 1.
    pub generation: u64,
    /// The newest generation that a browser is known to have kept, because its access token was
    /// [used so late](is_kept); 0 when there is none yet.
    pub confirmed: u64,
    /// When the newest generation was made, or last given to somebody who had the one before it and had lost the
    /// answer.
    pub rotated_at: Timestamp,
    /// Whether the session was ended.
    pub revoked: bool,
}

/// What to do with a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Store this as the newest generation, made now, and answer with it. It may be the newest one already.
    Renew {
        /// The generation.
        generation: u64,
    },
    /// Store nothing and answer with the newest generation again.
    Repeat {
        /// The generation.
        generation: u64,
    },
    /// A copy is about: end the session and close its sockets.
    Revoke,
    /// The session is over; there is nothing to do.
    Refuse,
}

/// Judges the token of generation `presented`, which was signed by this server, at the moment `now`.
pub fn judge(session: &SessionState, presented: u64, now: Timestamp) -> Verdict {
    let age_ms = now.unix_ms().saturating_sub(session.rotated_at.unix_ms());
    let newest = session.generation;
    if session.revoked || age_ms > IDLE_MS || presented > newest {
        return Verdict::Refuse;
    }
    let just_made = age_ms <= REPEAT_MS;
    match newest - presented {
        // The clock was put back: the wait begins anew, so that it ends.
        0 if now < session.rotated_at => Verdict::Renew { generation: newest },
        0 if !just_made => Verdict::Renew { generation: newest + 1 },
        // Whoever asks has not had the answer, and other calls of theirs may be under way: the wait begins anew.
        1 if session.confirmed < newest => Verdict::Renew { generation: newest },
        0 | 1 if just_made => Verdict::Repeat { generation: newest },
        _ => Verdict::Revoke,
    }
}

/// Whether the use, at the moment `now`, of an access token that was made at `issued_at` shows that the cookie that
/// came with it, or before it, is on the browser's disk.
pub fn is_kept(issued_at: Timestamp, now: Timestamp) -> bool {
    now >= issued_at.plus_ms(KEPT_MS)
}

/// What a socket has to say of the newest generation whose access token it was given: that it was kept, once its
/// client was heard of late enough.
#[derive(Debug, Default)]
pub struct Proof {
    generation: u64,
    issued_at: Option<Timestamp>,
}

impl Proof {
    /// An access token of this generation, made at that moment, was given and is good. The first one of a generation
    /// counts: it is the same page that goes on.
    pub fn expect(&mut self, generation: u64, issued_at: Timestamp) {
        if generation > self.generation {
            *self = Self { generation, issued_at: Some(issued_at) };
        }
    }

    /// Something came from the client at that moment: the generation that this shows to be kept, until it was
    /// [said](Self::said).
    pub fn at(&self, now: Timestamp) -> Option<u64> {
        self.issued_at.filter(|issued_at| is_kept(*issued_at, now)).map(|_| self.generation)
    }

    /// It was said.
    pub fn said(&mut self) {
        self.issued_at = None;
    }
}

#[cfg(test)]
mod tests;
