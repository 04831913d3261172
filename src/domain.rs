//! THE RULES: what a shop may promise, to whom, and when a promise ends.
//!
//! Pure and deterministic: no clock, async, I/O or serialisation. A [`Shop`] decides a
//! [`Request`] at a given time and returns a [`Decision`]: the answer for the caller and the
//! [`Event`]s that are now true. Every change of state is the application of an event, so a
//! replay of the journal does what deciding did, by construction.

pub mod answer;
pub mod booking;
pub mod command;
pub mod count;
pub mod customer;
pub mod drop;
pub mod event;
pub mod few;
pub mod id;
pub mod live;
pub mod many;
pub mod order;
pub mod payment;
pub mod rejection;
pub mod rising;
pub mod settings;
pub mod shop;
pub mod sku;
pub mod time;
pub mod waitlist;

pub use answer::Answer;
pub use booking::{Booking, BookingEnd, BookingState, Origin};
pub use command::{Actor, Command, CommandName, Request, RequestKey, Role};
pub use count::Count;
pub use customer::{Customer, ReputationCause};
pub use drop::{Drop, DropState, Mode};
pub use event::Event;
pub use id::{BookingId, CustomerId, DropId, GroupId, LiveId, OrderId, PaymentId, ShopId, SkuId};
pub use live::{Live, LiveSpec, Video};
pub use order::{Attempt, Checkout, Line, Order, OrderOrigin, OrderState, PayBy, Secured};
pub use payment::{Method, Payment, PaymentNote, PaymentStatus};
pub use rejection::Rejection;
pub use settings::{Band, Settings};
pub use shop::{Decision, Shop};
pub use sku::{Buckets, Component, Kind, Sku, SkuSpec};
pub use time::Millis;
pub use waitlist::{Place, WaitEntry};
