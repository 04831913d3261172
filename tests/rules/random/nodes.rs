//! The same programs on two nodes with one Redis or Valkey between them: after every step the answer
//! and the whole state of both are those of the domain, at the end every entry of both journals.
//!
//! `LAPAK_NODE_STEPS=2000000 cargo test --test rules on_nodes` runs more of them.

use std::sync::Mutex;

use lapak::domain::{Millis, ShopId};

use super::number;
use super::program::program;
use super::run::{Run, run_beside};
use crate::redis_fixture::Program;
use crate::rules::subject::Nodes;

/// Steps of all programs together on Redis, unless `LAPAK_NODE_STEPS` says otherwise.
const STEPS: u64 = 200_000;
/// The same on Valkey.
const VALKEY_STEPS: u64 = 60_000;
/// Programs that share two nodes, one after the other; in the middle of it a node is restarted.
const TOGETHER: u64 = 40;
/// Programs run so many at a time: most of the time goes into waiting for disks.
const AT_ONCE: u64 = 6;
/// A program begins after the last one has ended, by the nodes' clock.
const APART_MS: u64 = 1_000_000_000_000;
const START_MS: u64 = 1_700_000_000_000;

#[test]
fn random_programs_agree_on_nodes_with_redis() {
    agree(Program::Redis, STEPS);
}

#[test]
fn random_programs_agree_on_nodes_with_valkey() {
    if Program::all().contains(&Program::Valkey) {
        agree(Program::Valkey, VALKEY_STEPS);
    }
}

fn agree(server: Program, steps: u64) {
    let goal = number("LAPAK_NODE_STEPS").unwrap_or(steps);
    let (told, next) = (Mutex::new(Run::default()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while told.lock().unwrap().steps < goal {
                    let first = {
                        let mut next = next.lock().unwrap();
                        *next += TOGETHER;
                        *next - TOGETHER
                    };
                    let run = together(server, first);
                    told.lock().unwrap().add(&run);
                }
            });
        }
    });
    let told = told.into_inner().unwrap();
    println!("{told}");
    assert!(told.steps >= goal && told.accepted * 3 > told.decided);
}

fn together(server: Program, first: u64) -> Run {
    let mut told = Run::default();
    let mut nodes = Nodes::start(server, Millis(START_MS));
    for number in 0..TOGETHER {
        let seed = 50_000 + first + number;
        let shop = ShopId::new(&format!("shop-{seed}")).unwrap();
        let start = Millis(START_MS + number * APART_MS);
        if number == TOGETHER / 2 {
            nodes.restart();
        }
        match run_beside(&program(seed), &mut nodes, &shop, start) {
            Ok(run) => told.add(&run),
            Err(what) => panic!("seed {seed} fails {what}"),
        }
    }
    told
}
