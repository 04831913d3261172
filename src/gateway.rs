//! THE DOOR. Everything a stranger reaches comes in here.

pub mod problem;
pub mod headers;
