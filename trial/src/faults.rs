//! What happens to each connection, decided by the seed and the number of the connection. It knows no socket.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server.
    Up,
    /// To the client.
    Down,
}

/// What becomes of a connection once so many bytes went one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing, as long as both ends live.
    Spared,
    /// It ends at once, before any byte.
    Refused,
    /// It ends there, wherever in a frame that is.
    Cut(Way, u64),
    /// From there on nothing goes that way any more, and neither end is told, not even that the other is gone.
    HalfOpen(Way, u64),
    /// Nothing goes either way for so many milliseconds; then all of it does.
    Stalled(Way, u64, u64),
}

/// The plan for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Its end.
    pub(crate) fate: Fate,
    /// Milliseconds that bytes to the server are late.
    pub(crate) late_up: u64,
    /// Milliseconds that bytes to the client are late.
    pub(crate) late_down: u64,
}

impl Plan {
    /// Of the connection of that number.
    pub(crate) fn of(seed: u64, connection: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed ^ connection.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let way = if dice.random_bool(0.5) { Way::Up } else { Way::Down };
        // A call is a few hundred bytes, a greeting a few thousand, a minute of chat some ten thousand: as many
        // faults in each decade.
        let after = 10_f64.powf(dice.random_range(1.0..if way == Way::Up { 4.0 } else { 5.0 })) as u64;
        let fate = match dice.random_range(0..100) {
            0..40 => Fate::Spared,
            40..45 => Fate::Refused,
            45..65 => Fate::Cut(way, after),
            65..82 => Fate::HalfOpen(way, after),
            _ => Fate::Stalled(way, after, dice.random_range(500..8_000)),
        };
        let mut late = || match dice.random_range(0..10) {
            0..4 => 0,
            4..7 => dice.random_range(1..20),
            7..9 => dice.random_range(20..150),
            _ => dice.random_range(150..600),
        };
        Self { fate, late_up: late(), late_down: late() }
    }

    /// Milliseconds that bytes are late that way.
    pub(crate) fn late(&self, way: Way) -> u64 {
        match way {
            Way::Up => self.late_up,
            Way::Down => self.late_down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_every_connection_and_no_two_seeds_alike() {
        let plans = |seed| (0..50).map(|number| Plan::of(seed, number)).collect::<Vec<_>>();
        assert_eq!(plans(7), plans(7));
        assert_ne!(plans(7), plans(8));
    }

    #[test]
    fn every_kind_of_fault_comes_in_every_direction() {
        let plans: Vec<_> = (0..2_000).map(|number| Plan::of(3, number)).collect();
        let share = |is: fn(&Fate) -> bool| plans.iter().filter(|plan| is(&plan.fate)).count();
        assert!(share(|fate| *fate == Fate::Spared) > 600);
        assert!(share(|fate| *fate == Fate::Refused) > 50);
        assert!(share(|fate| matches!(fate, Fate::Cut(Way::Up, _))) > 100);
        assert!(share(|fate| matches!(fate, Fate::Cut(Way::Down, _))) > 100);
        assert!(share(|fate| matches!(fate, Fate::HalfOpen(Way::Up, _))) > 100);
        assert!(share(|fate| matches!(fate, Fate::HalfOpen(Way::Down, _))) > 100);
        assert!(share(|fate| matches!(fate, Fate::Stalled(..))) > 200);
        assert!(plans.iter().any(|plan| plan.late_up > 100 && plan.late_down == 0));
    }
}
