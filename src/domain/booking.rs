//! A booking: units held for a customer until a deadline, with the terms of the moment it was
//! made (decision 5, D.2).

use super::event::Terms;
use super::id::{CustomerId, DropId};
use super::time::Millis;

/// A booking of one drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Whose it is.
    pub customer: CustomerId,
    /// What was booked.
    pub drop: DropId,
    /// Units still held; 0 once it has ended.
    pub qty: u32,
    /// Price of a unit in minor units.
    pub price: u64,
    /// When it was made, or promoted.
    pub booked_at: Millis,
    /// When it ends if nothing is ordered.
    pub deadline: Millis,
    /// The reputation terms it was made on.
    pub terms: Terms,
    /// How it came about.
    pub origin: Origin,
    /// A checkout has moved its deadline; that happens once (AMB-BOOK-d).
    pub extended: bool,
    /// Where it stands.
    pub state: BookingState,
}

/// How a booking came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The customer tapped.
    Tap,
    /// Promoted from the waitlist.
    Waitlist,
    /// Promoted while not connected: its timeout costs nothing (B3).
    WaitlistAbsent,
}

/// Where a booking stands (D.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    /// Units are held.
    Held,
    /// It left `held`, once and for good, at this time.
    Ended(BookingEnd, Millis),
}

/// How a booking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingEnd {
    /// It became part of an order.
    Ordered,
    /// The customer gave all of it back.
    Cancelled,
    /// The seller took it back; costs nothing.
    CancelledBySeller,
    /// The deadline passed.
    Expired,
}

impl BookingEnd {
    /// The wire's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Cancelled | Self::CancelledBySeller => "cancelled",
            Self::Expired => "expired",
        }
    }
}
