//! TELLS. One audience a live; a frame is encoded once and shared.
//!
//! Two lanes for each connection. Counters are conflated: a seat has no queue for them, only a
//! position, and gets one frame from there to now when it is ready. Replies, drop news and facts
//! about the customer's own bookings are lossless: a small bounded queue; when it overflows the
//! connection is closed with "too slow, resume". One slow viewer costs others nothing and never
//! holds up the feed.

mod audience;
mod facts;
mod hub;
mod seat;

pub use audience::{Audience, Tick};
pub use hub::{Hub, Person};
pub use seat::{Seat, SeatRole};
