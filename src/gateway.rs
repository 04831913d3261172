//! THE DOOR. Everything a stranger reaches comes in here.

pub mod app;
mod asking;
pub mod auth;
pub mod books;
pub mod denied;
pub mod edge;
mod events;
pub mod headers;
pub mod health;
mod hooks;
pub mod keys;
pub mod limits;
pub mod listener;
mod lives;
mod office;
mod orders;
pub mod origin;
mod pages;
mod paying;
mod presence;
pub mod problem;
pub mod router;
mod socket;
mod translate;
pub mod upgrade;
mod welcome;

pub use app::{App, GatewayConfig, Shared};
pub use router::router;
pub use socket::loops::Loops;
