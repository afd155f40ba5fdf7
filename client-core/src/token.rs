//! The access tokens of a session: the one in force, how long it is good, and whether the socket has it. They know
//! neither how a token is come by nor what it is used for.

use shared::api::SignedIn;

/// A token that ends sooner is renewed before it is used: the call has to get there, and clocks differ.
/// Of a token that lives for less than two minutes, its last quarter.
const MARGIN_MS: u64 = 30_000;

/// An access token.
pub(crate) struct Token {
    text: String,
    life_ms: u64,
    ends: u64,
}

impl Token {
    /// The token of an answer that came at that moment.
    pub(crate) fn new(at: u64, answer: &SignedIn) -> Self {
        let life_ms = answer.expires_in.saturating_mul(1_000);
        Self { text: answer.access_token.to_string(), life_ms, ends: at.saturating_add(life_ms) }
    }

    /// Whether more than half of its life is left at that age.
    pub(crate) fn is_young(&self, age_ms: u64) -> bool {
        age_ms < self.life_ms / 2
    }
}

/// All tokens that there were.
#[derive(Default)]
pub(crate) struct Tokens {
    /// The newest, while it is of use.
    in_force: Option<Token>,
    count: u64,
    /// The how-manieth of them the socket has.
    on_socket: u64,
}

impl Tokens {
    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The one in force.
    pub(crate) fn text(&self) -> Option<&str> {
        self.in_force.as_ref().map(|token| token.text.as_str())
    }

    /// Whether that may be used.
    pub(crate) fn is_good(&self, now: u64) -> bool {
        let may = |token: &Token| now < token.ends - MARGIN_MS.min(token.life_ms / 4);
        self.in_force.as_ref().is_some_and(may)
    }

    /// Whether that one ends before another.
    pub(crate) fn are_older_than(&self, other: &Token) -> bool {
        self.in_force.as_ref().is_none_or(|token| token.ends < other.ends)
    }

    /// There is a new one.
    pub(crate) fn put(&mut self, token: Token) {
        self.in_force = Some(token);
        self.count += 1;
    }

    /// The one in force is of no use, whatever its clock says. Gives it back.
    pub(crate) fn forget(&mut self) -> Option<String> {
        self.in_force.take().map(|token| token.text)
    }

    /// The one that the socket has is of no use. The one in force may be a newer one.
    pub(crate) fn forget_on_socket(&mut self) {
        if self.are_on_socket() {
            self.in_force = None;
        }
    }

    /// The socket has the how-manieth one.
    pub(crate) fn put_on_socket(&mut self, number: u64) {
        self.on_socket = number;
    }

    /// The socket has taken the newest one.
    pub(crate) fn put_all_on_socket(&mut self) {
        self.on_socket = self.count;
    }

    /// Whether the socket has the newest, or there is none that it could be given.
    pub(crate) fn are_on_socket(&self) -> bool {
        self.in_force.is_none() || self.on_socket == self.count
    }
}
