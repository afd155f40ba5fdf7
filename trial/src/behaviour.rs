//! What a person feels like, and how long they wait before it, decided by the seed. It knows no client.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// What a person feels like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urge {
    /// Saying something in a room they know.
    Say,
    /// Looking into a room.
    Open,
    /// Looking into none.
    Close,
    /// Having read what is there.
    Read,
    /// Pressing a key.
    Type,
    /// Emptying the composer.
    StopTyping,
    /// Scrolling up.
    PageBack,
    /// Joining a room that they are not in.
    Join,
    /// Leaving one.
    Part,
    /// Taking back what they said last.
    Recall,
    /// Coming back to the page.
    Look,
    /// Having the network back.
    NetworkBack,
    /// Going away for so long.
    Leave(Duration),
    /// Loading the page anew.
    Reload(u64),
}

/// One person's dice.
#[derive(Debug)]
pub(crate) struct Behaviour(StdRng);

impl Behaviour {
    /// Of that person.
    pub(crate) fn new(seed: u64, person: u64) -> Self {
        Self(StdRng::seed_from_u64(seed.wrapping_add(person.wrapping_mul(0xd134_2543_de82_ef95))))
    }

    /// Heads or tails.
    pub(crate) fn tosses(&mut self) -> bool {
        self.0.random_bool(0.5)
    }

    /// Until they feel like something again.
    pub(crate) fn pause_ms(&mut self) -> u64 {
        self.0.random_range(50..900)
    }

    /// What they feel like.
    pub(crate) fn urge(&mut self) -> Urge {
        match self.0.random_range(0..200) {
            0..100 => Urge::Say,
            100..118 => Urge::Open,
            118..120 => Urge::Close,
            120..146 => Urge::Read,
            146..164 => Urge::Type,
            164..168 => Urge::StopTyping,
            168..174 => Urge::PageBack,
            174..177 => Urge::Join,
            177 => Urge::Part,
            178..180 => Urge::Recall,
            180..190 => Urge::Look,
            190..194 => Urge::NetworkBack,
            194..197 => Urge::Leave(Duration::from_millis(self.0.random_range(200..5_000))),
            _ => Urge::Reload(self.0.random()),
        }
    }

    /// Any of them.
    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.0.random_range(0..all.len())].clone())
    }

    /// A text that nobody else says: mostly a line, now and then as long as may be, in more than one script.
    pub(crate) fn text(&mut self, person: u32, number: u64) -> String {
        let words = ["tea", "für alle", "今日は", "at five", "🫖", "or <later>", "\"maybe\"\n"];
        let count = match self.0.random_range(0..40) {
            0 => 400,
            1..4 => 60,
            _ => self.0.random_range(1..12),
        };
        let mut text = format!("{person}:{number}");
        for _ in 0..count {
            text.push(' ');
            text.push_str(words[self.0.random_range(0..words.len())]);
        }
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_and_the_person_decide_everything() {
        let day = |seed, person| {
            let mut behaviour = Behaviour::new(seed, person);
            (0..40)
                .map(|n| (behaviour.urge(), behaviour.pause_ms(), behaviour.text(1, n)))
                .collect::<Vec<_>>()
        };
        assert_eq!(day(1, 2), day(1, 2));
        assert_ne!(day(1, 2), day(1, 3));
        assert_ne!(day(1, 2), day(2, 2));
    }

    #[test]
    fn every_text_may_be_said() {
        let limits = shared::Limits::default();
        let mut behaviour = Behaviour::new(1, 1);
        for number in 0..2_000 {
            let text = behaviour.text(1, number);
            assert!(
                (text.chars().count() as u64) <= limits.message_chars,
                "{} characters",
                text.chars().count()
            );
        }
    }
}
