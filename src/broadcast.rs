//! TELLS. One audience a live; a frame is encoded once and shared.
//!
//! What everybody is told is kept once, by its number, and a connection has a place: how far it has
//! been told. Counters are conflated: whoever skipped some gets one frame from there to now. Drop
//! news are lossless: whoever is too far behind is closed with "too slow, resume". So are the facts
//! about the customer's own bookings, in a small bounded queue of each seat. One slow viewer costs
//! others nothing and never holds up the feed; a publication rings each loop of sockets once.

mod audience;
mod bell;
mod facts;
mod hub;
mod seat;

pub use audience::{Audience, Due, Place, Tick};
pub use bell::{Bell, Rung};
pub use hub::{Hub, Person};
pub use seat::{Keeper, Seat, SeatRole};
