//! The rules of `lapak::domain`, held against what the sources say: scenario tables that a
//! seller can read, and random programs against a second, naive model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fixtures/redis.rs"]
mod redis_fixture;

mod rules {
    mod model;
    mod random;
    mod scenario;
    mod storm;
    mod subject;
    mod tables;
}
