//! How noisy the machine is at this moment: the same fixed piece of work, timed again and again.

use std::time::{Duration, Instant};

/// Minimum, median and maximum of a handful of figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// The smallest.
    pub(crate) min: f64,
    /// The middle one: the one to quote.
    pub(crate) median: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        assert!(!figures.is_empty(), "a spread of nothing");
        figures.sort_by(f64::total_cmp);
        Self { min: figures[0], median: figures[figures.len() / 2], max: figures[figures.len() - 1] }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} (min {:.3}, max {:.3})", self.median, self.min, self.max)
    }
}

/// One line about the machine: on a quiet one, minimum and maximum differ by a few per cent.
pub(crate) fn describe() -> String {
    let figures = (0..40).map(|_| spin().as_secs_f64() * 1e3).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("machine: {cores} cores; a fixed piece of work takes {} ms", Spread::of(figures))
}

fn spin() -> Duration {
    let started = Instant::now();
    let mut state = 1_u64;
    for _ in 0..2_000_000 {
        state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
    std::hint::black_box(state);
    started.elapsed()
}
