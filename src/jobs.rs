//! RUNS BY ITSELF. The feed reads the journal into mirror and broadcast; gauges look around now
//! and then.

pub mod feed;
pub mod gauges;
