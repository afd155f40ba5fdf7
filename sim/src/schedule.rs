//! One seed, played: the way into the simulator.

use crate::{
    defects::{Defect, Defects},
    plan::{FAULTS, Length, Plan},
    rng::Dice,
    server_under_test::{Bed, Host},
    world::{Counts, World},
};
use oracle::{Rule, Violation};

/// How a schedule is played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Something that the product does not do, to see that it would be noticed.
    pub defect: Option<Defect>,
    /// How long it is.
    pub length: Length,
    /// Only so many of the first kinds of faults, where a seed was kept when there were no more.
    pub kinds: Option<usize>,
    /// Whether the trace is wanted as text.
    pub is_readable: bool,
}

/// What has come of a schedule.
#[derive(Debug)]
pub struct Outcome {
    /// Which.
    pub seed: u64,
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// What happened, in figures.
    pub counts: Counts,
    /// A hash over everything that happened: two runs of a seed have the same.
    pub hash: u64,
    /// What happened, in lines, when that was wanted.
    pub trace: Vec<String>,
}

/// Plays the schedule of a seed.
pub fn play(bed: &mut Bed, seed: u64, manner: Manner) -> Outcome {
    let mut dice = Dice::new(seed);
    let plan = Plan::draw(&mut dice, manner.length, manner.kinds.unwrap_or(FAULTS.len()));
    let options = plan.options.clone();
    let host = match Host::start(bed, options, dice.draw()) {
        Ok(host) => host,
        Err(error) => {
            let violation = Some(Violation::new(Rule::NoRest, format!("no database: {error}")));
            return Outcome { seed, violation, counts: Counts::default(), hash: 0, trace: Vec::new() };
        }
    };
    let defects = Defects::new(manner.defect, dice.draw());
    let mut world = World::new(plan, dice, host, defects, manner.is_readable);
    let violation = world.play().err();
    let (hash, trace) = (world.trace.hash(), world.trace.take_lines());
    Outcome { seed, violation, counts: std::mem::take(&mut world.counts), hash, trace }
}
