//! Makes a failing program short enough to be understood.

use super::program::{Step, program};
use super::run::{Run, run};

/// Runs the program of a seed. If it fails, panics with the seed, what was wrong, and the
/// shortest program found that is still wrong.
pub(super) fn must_hold(seed: u64) -> Run {
    let steps = program(seed);
    match run(&steps) {
        Ok(told) => told,
        Err(first) => {
            let (short, what) = shrink(steps, first);
            let list: Vec<String> = short.iter().map(|step| format!("  {step:?}")).collect();
            panic!(
                "seed {seed} fails {what}\nwith these {} steps:\n{}",
                short.len(),
                list.join("\n")
            )
        }
    }
}

/// Drops steps, many at a time and then one by one, while the program still fails.
fn shrink(mut steps: Vec<Step>, mut what: String) -> (Vec<Step>, String) {
    let mut size = steps.len() / 2;
    while size > 0 {
        let (mut at, mut smaller) = (0, false);
        while at < steps.len() {
            let mut tried = steps.clone();
            tried.drain(at..(at + size).min(steps.len()));
            if let Err(error) = run(&tried) {
                (steps, what, smaller) = (tried, error, true);
            } else {
                at += size;
            }
        }
        if !smaller || size > 1 {
            size /= 2;
        }
    }
    (steps, what)
}
