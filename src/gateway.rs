//! THE DOOR. Everything a stranger reaches comes in here.

pub mod headers;
pub mod origin;
pub mod problem;
pub mod upgrade;
