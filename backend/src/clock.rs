//! The server's clock and its randomness: the one place where both come from.
//!
//! A simulator that has to repeat itself bit for bit replaces both on its own thread (feature `sim`).

#[cfg(feature = "sim")]
use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use shared::Timestamp;

#[cfg(feature = "sim")]
thread_local! {
    /// The moment and the state of the dice of this thread, where a simulator has replaced the real ones.
    static SIMULATED: Cell<Option<(Timestamp, u64)>> = const { Cell::new(None) };
}

/// Replaces clock and randomness on this thread from now on: it is `now` until [`turn_to`], and all that is drawn
/// follows from `seed` and can be guessed by anybody.
#[cfg(feature = "sim")]
pub fn simulate(now: Timestamp, seed: u64) {
    SIMULATED.set(Some((now, seed)));
}

/// Turns a simulated clock to that moment; does nothing to a real one.
#[cfg(feature = "sim")]
pub fn turn_to(now: Timestamp) {
    SIMULATED.set(SIMULATED.get().map(|(_, dice)| (now, dice)));
}

/// The moment.
pub fn now() -> Timestamp {
    #[cfg(feature = "sim")]
    if let Some((now, _)) = SIMULATED.get() {
        return now;
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Bytes that nobody can guess, from a generator that the operating system has seeded.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[cfg(feature = "sim")]
    if let Some((now, mut dice)) = SIMULATED.get() {
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&roll(&mut dice)[..chunk.len()]));
        SIMULATED.set(Some((now, dice)));
        return bytes;
    }
    rand::fill(&mut bytes);
    bytes
}

/// Splitmix64: for simulators only.
#[cfg(feature = "sim")]
fn roll(dice: &mut u64) -> [u8; 8] {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*dice ^ (*dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_stands_until_it_is_turned_and_its_dice_follow_from_the_seed() {
        let drawn = |seed| {
            let at = Timestamp::from_unix_ms(1_000);
            simulate(at, seed);
            assert_eq!(now(), at);
            turn_to(at.plus_ms(5));
            assert_eq!(now(), at.plus_ms(5));
            (random_bytes::<10>(), random_bytes::<3>())
        };
        let other_thread = std::thread::spawn(|| (now(), random_bytes::<10>()));
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let (real, bytes) = other_thread.join().unwrap();
        assert!(real > Timestamp::from_unix_ms(1_700_000_000_000));
        assert_ne!(bytes, drawn(1).0, "other threads have the real ones");
    }
}
