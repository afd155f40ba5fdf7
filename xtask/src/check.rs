//! `cargo xtask test`: everything that must hold, one step after the other, and the sum at the end. Knows
//! which step needs which, not what they test.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{
    browser,
    count::Count,
    page,
    repo::Repo,
    run::{answer, cargo, run},
    tools, trial,
};

const WASM: &str = "wasm32-unknown-unknown";

/// Runs every step and says whether all of them held. The last line is the count of tests; a step that
/// fails and is no test counts as one failed.
pub(crate) fn test(repo: &Repo) -> bool {
    let mut report = Report::default();

    let tools = report.step("the tools", &[], || {
        tools::prepare(repo)?;
        run(&mut cargo(repo, &["fetch", "--locked", "--quiet"])).map(none)
    });
    report.step("format", &[], || run(&mut cargo(repo, &["fmt", "--all", "--check"])).map(none));
    report.step("clippy", &[], || clippy(repo, &["--all-targets"]));
    report.step("clippy for the page", &[tools], || {
        clippy(repo, &["--target", WASM, "-p", "shared", "-p", "client-core"])?;
        clippy(repo, &["--target", WASM, "-p", "frontend", "--all-targets"])
    });
    report.step("documentation", &[], || documentation(repo));
    let licences = "licences, sources and bans";
    if answer(&mut cargo(repo, &["deny", "--version"])).is_some() {
        report.step(licences, &[], || deny(repo));
    } else {
        report.pass_over(licences, "cargo-deny is not installed");
    }
    let built = report.step("the server", &[], || {
        run(&mut cargo(repo, &["build", "--locked", "--quiet", "-p", "backend"])).map(none)
    });
    report.step("tests", &[], || browser::counted(&mut cargo(repo, &["test", "--locked", "--no-fail-fast"])));
    report.step("tests of the page", &[], || {
        browser::counted(&mut cargo(repo, &["test", "--locked", "--lib", "-p", "frontend"]))
    });
    report.step("a minute of trial", &[built], || trial::minute(repo));
    let page = report.step("the page", &[tools], || page::build(repo).map(none));
    report.step("the page's size", &[page], || page::within_budget(repo).map(none));
    let chromium = report.step("Chromium", &[], || browser::prepare(repo).map(none));
    report.step("tests of the page in Chromium", &[tools, chromium], || browser::unit_tests(repo));
    report.step("browser tests", &[built, page, chromium], || {
        browser::packages(repo)?;
        browser::tests(repo, &[])
    });

    report.sum_up()
}

fn none(_: ()) -> Count {
    Count::default()
}

fn clippy(repo: &Repo, what: &[&str]) -> Result<Count> {
    let mut clippy = cargo(repo, &["clippy", "--locked", "--quiet"]);
    run(clippy.args(what).args(["--", "-D", "warnings"])).map(none)
}

fn documentation(repo: &Repo) -> Result<Count> {
    let strict = |what: &[&str]| {
        let mut doc = cargo(repo, &["doc", "--locked", "--quiet", "--no-deps", "--document-private-items"]);
        run(doc.args(what).env("RUSTDOCFLAGS", "-D warnings"))
    };
    strict(&[])?;
    strict(&["-p", "frontend", "--target", WASM]).map(none)
}

fn deny(repo: &Repo) -> Result<Count> {
    run(&mut cargo(repo, &["deny", "--offline", "check", "bans", "sources", "licenses"])).map(none)
}

/// What has been done and how it ended.
#[derive(Default)]
struct Report {
    steps: Vec<(&'static str, Outcome, Duration)>,
}

enum Outcome {
    Done(Count),
    Failed(String),
    PassedOver(&'static str),
}

impl Report {
    /// Does a step when everything that it needs has held; says whether it held itself.
    fn step(&mut self, name: &'static str, needs: &[bool], work: impl FnOnce() -> Result<Count>) -> bool {
        let begun = Instant::now();
        println!("\n▸ {name} …");
        let outcome = if needs.iter().all(|held| *held) {
            work().map_or_else(|error| Outcome::Failed(format!("{error:#}")), Outcome::Done)
        } else {
            Outcome::PassedOver("what it needs has failed")
        };
        let held = matches!(outcome, Outcome::Done(Count { failed: 0, .. }));
        let took = begun.elapsed();
        println!(
            "{} {name}: {} ({:.1} s)",
            if held { '✓' } else { '✗' },
            outcome.words(),
            took.as_secs_f64()
        );
        self.steps.push((name, outcome, took));
        held
    }

    /// Leaves out a step that this machine can't do: it neither holds nor fails.
    fn pass_over(&mut self, name: &'static str, why: &'static str) {
        let outcome = Outcome::PassedOver(why);
        println!("\n– {name}: {}", outcome.words());
        self.steps.push((name, outcome, Duration::ZERO));
    }

    fn sum_up(&self) -> bool {
        println!("\n");
        for (name, outcome, took) in &self.steps {
            println!("{name:<28} {:>7.1} s  {}", took.as_secs_f64(), outcome.words());
        }
        let sum = self.sum();
        println!("{} passed, {} failed", sum.passed, sum.failed);
        sum.failed == 0
    }

    fn sum(&self) -> Count {
        let mut sum = Count::default();
        for (_, outcome, _) in &self.steps {
            match outcome {
                Outcome::Done(count) => sum.add(*count),
                Outcome::Failed(_) => sum.failed += 1,
                Outcome::PassedOver(_) => {}
            }
        }
        sum
    }
}

impl Outcome {
    fn words(&self) -> String {
        match self {
            Self::Done(Count { passed: 0, failed: 0 }) => "holds".to_owned(),
            Self::Done(Count { passed, failed }) => format!("{passed} passed, {failed} failed"),
            Self::Failed(why) => format!("failed: {why}"),
            Self::PassedOver(why) => format!("passed over, because {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_counts_as_one_and_stops_only_what_needs_it() {
        let mut report = Report::default();
        let built = report.step("build", &[], || anyhow::bail!("does not compile"));
        let tested = report.step("unit", &[], || Ok(Count { passed: 7, failed: 0 }));
        let driven = report.step("browser", &[built], || Ok(Count { passed: 5, failed: 0 }));
        assert_eq!((built, tested, driven), (false, true, false));
        assert_eq!(report.sum(), Count { passed: 7, failed: 1 });
        assert!(!report.sum_up());
    }

    #[test]
    fn what_this_machine_can_not_do_is_passed_over_and_not_said_to_hold() {
        let mut report = Report::default();
        report.pass_over("licences", "cargo-deny is not installed");
        let (_, outcome, _) = &report.steps[0];
        assert_eq!(outcome.words(), "passed over, because cargo-deny is not installed");
        assert_eq!(report.sum(), Count::default());
        assert!(report.sum_up());
    }

    #[test]
    fn a_failed_test_fails_its_step() {
        let mut report = Report::default();
        assert!(!report.step("unit", &[], || Ok(Count { passed: 7, failed: 2 })));
        assert_eq!(report.sum(), Count { passed: 7, failed: 2 });
    }
}
