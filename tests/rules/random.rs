//! Random programs: the same commands to the real shop and to the model, compared after every
//! step. A program follows from its seed alone; one that fails is shrunk and printed.
//!
//! `LAPAK_STEPS=5000000 cargo test --test rules random` runs more of them, and
//! `LAPAK_SEED=17` one only.

mod check;
pub(super) mod dice;
mod nodes;
mod ordering;
mod paying;
mod program;
mod run;
mod running;
mod seeds;
mod selling;
mod shrink;

use lapak::domain::OrderState;
use run::Run;

/// Steps of all programs together, unless `LAPAK_STEPS` says otherwise.
const STEPS: u64 = 400_000;

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is the tester's choice, not config"
)]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

#[test]
fn random_programs_agree_with_the_model() {
    let (goal, mut steps, mut programs) = (number("LAPAK_STEPS").unwrap_or(STEPS), 0, 0);
    if let Some(seed) = number("LAPAK_SEED") {
        shrink::must_hold(seed);
        return;
    }
    let mut told = Run::default();
    while steps < goal {
        let run = shrink::must_hold(1_000 + programs);
        steps += run.steps;
        programs += 1;
        told.add(&run);
    }
    println!("{programs} programs, {told}");
    // Programs that refuse everything would prove nothing.
    assert!(told.accepted * 3 > told.decided, "most is refused: {told}");
    assert!(
        told.promoted * 150 > told.steps,
        "hardly anybody is promoted: {told}"
    );
    for state in OrderState::ALL {
        let few = told.orders.get(&state).copied().unwrap_or(0);
        let enough = few * 100_000 > told.steps || state == OrderState::AwaitingPayment;
        assert!(enough, "hardly any order is {}: {told}", state.as_str());
    }
}

#[test]
fn seeds_that_once_failed_hold() {
    for (seed, found) in seeds::FOUND {
        println!("{seed}: {found}");
        shrink::must_hold(*seed);
    }
}
