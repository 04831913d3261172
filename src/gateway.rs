//! THE DOOR. Everything a stranger reaches comes in here.

pub mod auth;
pub mod edge;
pub mod headers;
pub mod keys;
pub mod limits;
pub mod listener;
pub mod origin;
pub mod problem;
pub mod upgrade;
