//! What must not be, by name.

/// A rule that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// What was acked or delivered is in the log, and what is in the log stays there.
    Stored,
    /// An acked request is stored once, and every ack of it names the same place.
    Once,
    /// What is acked, stored and shown is what was asked for.
    Body,
    /// Everybody sees the same event at the same place.
    OneOrder,
    /// A place is given to one event for ever.
    SeqTwice,
    /// A room's seqs are 1, 2, 3 … without holes, in the log and on a screen.
    Holes,
    /// `msg_no` counts the messages.
    MessageCount,
    /// What one sender said from one place is stored in the order of sending.
    OwnOrder,
    /// What was refused for good is not in the log.
    RefusedStored,
    /// What was taken back while no server could have it is not in the log.
    TakenBack,
    /// Nobody is told of, or shown, what nobody asked for.
    Unasked,
    /// What was asked for is in the log, unless it was refused or withdrawn.
    Lost,
    /// What was shown is not missing later.
    ShownMissing,
    /// Who comes back sees what a fresh login sees.
    Resumed,
    /// Unread counts are exact.
    Unread,
    /// Read markers never move back.
    MarkerBack,
    /// Who is shown as typing has typed a moment ago.
    Typing,
    /// Neither side does what the other has to call a mistake: frames can be read, and nobody says `internal`.
    Mistake,
    /// Nothing is kept in a browser after signing out.
    Wiped,
    /// Outboxes are empty at the end.
    OutboxLeft,
    /// The run comes to rest.
    NoRest,
}

/// A rule was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule:?}: {detail}")]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How, for people.
    pub detail: String,
}

impl Violation {
    /// That rule was broken in that way.
    pub fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }
}
