//! What one shop's entries say by themselves, counted without the rules' own state: that each
//! booking is made once and ends at most once (I-6), and nothing happens too late (I-7).

use std::collections::{HashMap, HashSet};

use crate::domain::{
    Answer, BookingEnd, BookingId, BookingState, Decision, DropId, Event, Millis, Origin, Shop,
};

/// What entries have said of a booking.
struct Track {
    drop: DropId,
    deadline: Millis,
    booked: u64,
    released: u64,
}

/// The count of one shop.
#[derive(Default)]
pub(super) struct Tally {
    bookings: HashMap<BookingId, Track>,
    /// When drops end; those that have ended are at time 0.
    ends: HashMap<DropId, Millis>,
    /// Drops whose countdowns stand still.
    frozen: HashSet<DropId>,
}

impl Tally {
    /// Counts a decision, and names what it may not do.
    pub(super) fn entry(&mut self, decision: &Decision, mut finding: impl FnMut(&str, String)) {
        let held = matches!(decision.outcome, Ok(Answer::Held { .. }));
        if decision.outcome.is_err() && !decision.events.is_empty() {
            finding("I-19", "a refusal has changed something".into());
        }
        for event in &decision.events {
            self.event(decision.at, held, event, &mut finding);
        }
    }

    fn event(
        &mut self,
        at: Millis,
        held: bool,
        event: &Event,
        finding: &mut impl FnMut(&str, String),
    ) {
        match event {
            Event::Booked {
                booking,
                drop,
                qty,
                deadline,
                origin,
                ..
            } => {
                let over = self.ends.get(drop).is_some_and(|end| at >= *end);
                if held && *origin == Origin::Tap && over {
                    finding(
                        "I-7",
                        format!("booking {booking} is made after its drop has ended"),
                    );
                }
                let booked = u64::from(*qty);
                let track = Track {
                    drop: *drop,
                    deadline: *deadline,
                    booked,
                    released: 0,
                };
                if self.bookings.insert(*booking, track).is_some() {
                    finding("I-6", format!("booking {booking} is made twice"));
                }
            }
            Event::Released {
                booking, qty, end, ..
            } => {
                self.released(at, *booking, *qty, *end, finding);
            }
            Event::Extended {
                booking, deadline, ..
            } => {
                if let Some(track) = self.bookings.get_mut(booking) {
                    track.deadline = *deadline;
                }
            }
            Event::OrderPlaced(placed) => {
                for line in &placed.lines {
                    if let Some(booking) = line.booking {
                        self.released(at, booking, line.qty, BookingEnd::Ordered, finding);
                    }
                }
            }
            Event::DropMade { drop, ends_at, .. } | Event::DropChanged { drop, ends_at, .. } => {
                self.change_end(*drop, *ends_at);
            }
            Event::DropEnded { drop, .. } => {
                self.ends.insert(*drop, Millis(0));
            }
            Event::DropPaused { drop, frozen: true } => {
                self.frozen.insert(*drop);
            }
            Event::DropResumed { drop } => {
                self.frozen.remove(drop);
            }
            _ => {}
        }
    }

    /// A drop that has ended stays so, whatever is changed of it.
    fn change_end(&mut self, drop: DropId, ends_at: Option<Millis>) {
        if self.ends.get(&drop) == Some(&Millis(0)) {
            return;
        }
        match ends_at {
            Some(end) => self.ends.insert(drop, end),
            None => self.ends.remove(&drop),
        };
    }

    fn released(
        &mut self,
        at: Millis,
        booking: BookingId,
        qty: u32,
        end: BookingEnd,
        finding: &mut impl FnMut(&str, String),
    ) {
        let Some(track) = self.bookings.get_mut(&booking) else {
            return finding(
                "I-6",
                format!("booking {booking} is released but was never made"),
            );
        };
        if track.released == track.booked {
            finding("I-6", format!("booking {booking} ends twice"));
        }
        track.released += u64::from(qty);
        if track.released > track.booked {
            let Track {
                booked, released, ..
            } = track;
            finding(
                "I-6",
                format!("booking {booking} gives back {released} of {booked} units"),
            );
        }
        let passed = at >= track.deadline && !self.frozen.contains(&track.drop);
        if end == BookingEnd::Cancelled && passed {
            finding(
                "I-7",
                format!("booking {booking} is cancelled after its deadline"),
            );
        }
        if end == BookingEnd::Expired && !passed {
            finding(
                "I-7",
                format!("booking {booking} expires before its deadline"),
            );
        }
    }

    /// Compares the count with the state at the end.
    pub(super) fn close(&self, shop: &Shop, mut finding: impl FnMut(&str, String)) {
        for (id, track) in &self.bookings {
            let left = track.booked.saturating_sub(track.released);
            let held = shop
                .bookings
                .get(id)
                .map(|b| (b.state == BookingState::Held, b.qty));
            let fits = match held {
                Some((true, qty)) => left > 0 && u64::from(qty) == left,
                Some((false, qty)) => left == 0 && qty == 0,
                None => left == 0,
            };
            if !fits {
                let found = format!("booking {id} has {left} units by its entries, not {held:?}");
                finding("I-6", found);
            }
        }
        for id in shop
            .bookings
            .keys()
            .filter(|id| !self.bookings.contains_key(*id))
        {
            finding("I-6", format!("booking {id} was never made"));
        }
    }
}
