//! The client's dice: jitter and the random part of ids. It knows no source of entropy: the seed is given.
//!
//! Splitmix64 and not a crate: two lines do what is needed here. Nothing secret is drawn from it, and
//! every crate of that kind brings traits and features whose only purpose is to be seeded by itself.

/// A stream of numbers that a seed decides.
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `most`. The bias of the remainder is far below what a wait can show.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.draw() % most.saturating_add(1)
    }

    /// The random part of an id.
    pub(crate) fn bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.draw().to_le_bytes());
        bytes[8..].copy_from_slice(&self.draw().to_le_bytes()[..2]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_everything() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            (rng.bytes(), rng.up_to(1_000), rng.draw())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn numbers_fill_the_range_and_never_leave_it() {
        let mut rng = Rng::new(1);
        let mut seen = [0_u32; 5];
        for _ in 0..10_000 {
            seen[usize::try_from(rng.up_to(4)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (1_700..2_300).contains(count)), "{seen:?}");
        assert_eq!(rng.up_to(0), 0);
    }
}
