//! Everything random in a schedule: a stream of numbers that its seed decides, on every machine and for ever.
//!
//! Splitmix64 and not a crate, because a seed that is kept as a test must mean the same after every update.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of that seed.
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

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.draw() % (most - least + 1)
    }

    /// A number from `least` to `most`, small ones more often.
    pub(crate) fn mostly_small(&mut self, least: u64, most: u64) -> u64 {
        let end = self.between(least, most);
        let end = self.between(least, end);
        self.between(least, end)
    }

    /// An index below `count`, which is not 0.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.draw() % count as u64).expect("it is below a count in memory")
    }

    /// True in `parts` of `whole` cases.
    pub(crate) fn chance(&mut self, parts: u64, whole: u64) -> bool {
        self.draw() % whole < parts
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// The index of one of these weights, which are not all 0.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut at = self.draw() % weights.iter().sum::<u64>();
        for (index, weight) in weights.iter().enumerate() {
            if at < *weight {
                return index;
            }
            at -= weight;
        }
        unreachable!("the weights add up")
    }
}
