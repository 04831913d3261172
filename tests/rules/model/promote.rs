//! Who waits, and who is served: B10 of D.2, the third part of `rel` and the end of a drop in D.4.

use lapak::domain::drop::DropState;
use lapak::domain::{BookingId, CustomerId, DropId, Origin};

use super::{Drop, Model, Wait};

impl Model {
    /// What every accepted decision does last: free units go to who waits (E-8, I-10), and an
    /// ended drop that has nothing to do any more is over.
    pub(super) fn follow_up(&mut self) {
        let mut passed_over = Vec::new();
        loop {
            self.serve_late();
            if let Some((ticket, units)) = self.next_waiter(&passed_over) {
                self.serve(ticket, units, &mut passed_over);
            } else if let Some(id) = self.idle_drop() {
                self.settle(id);
            } else {
                return;
            }
        }
    }

    /// I-10: the first waiter who could be served, if anybody still can.
    pub(crate) fn eligible_waiter(&self) -> Option<(DropId, CustomerId)> {
        let (ticket, _) = self.next_waiter(&[])?;
        let wait = self.waits.iter().find(|w| w.ticket == ticket)?;
        Some((wait.drop, wait.customer.clone()))
    }

    /// Highest priority, then lowest sequence, over all drops; who has just been passed over
    /// comes after everybody else.
    fn next_waiter(&self, passed_over: &[u64]) -> Option<(u64, u64)> {
        let key = |w: &Wait| (passed_over.contains(&w.ticket), 255 - w.priority, w.ticket);
        let servable = self
            .waits
            .iter()
            .filter_map(|w| Some((w, self.servable(w)?)));
        servable
            .min_by_key(|(w, _)| key(w))
            .map(|(w, units)| (w.ticket, units))
    }

    fn servable(&self, w: &Wait) -> Option<u64> {
        let d = self.drop(w.drop).expect("a wait has a drop");
        let stock = self.bookable(d);
        if !self.promotes(d) || stock == 0 || (!w.partial && stock < w.qty) {
            return None;
        }
        let allowed = self.allowance(d, &w.customer, w.qty, w.partial).ok()?;
        Some(allowed.min(stock))
    }

    /// Open, or ended not longer ago than waiting lasts. Reading: not from the last instant on,
    /// so that with no time to wait nobody is promoted after the end.
    fn promotes(&self, d: &Drop) -> bool {
        match d.state {
            DropState::Open => true,
            DropState::Ended => d.settles_at.is_some_and(|at| self.now < at),
            _ => false,
        }
    }

    /// Reading of "absent customers: skip once, keep place": all who can be served come first
    /// this once. If units are left then, the absent one is served, since nobody is passed over
    /// twice and no unit goes to the public while a waiter could have it (I-10).
    fn serve(&mut self, ticket: u64, units: u64, passed_over: &mut Vec<u64>) {
        let i = self
            .waits
            .iter()
            .position(|w| w.ticket == ticket)
            .expect("waits");
        let w = self.waits[i].clone();
        let away = self.customer(&w.customer).is_some_and(|c| c.away);
        if away && !w.skipped {
            self.waits[i].skipped = true;
            passed_over.push(ticket);
            return;
        }
        let d = self.drop(w.drop).expect("a wait has a drop").clone();
        let (offer_ms, origin) = if away {
            (self.settings.offer_absent_ms, Origin::WaitlistAbsent)
        } else {
            (self.settings.offer_ms, Origin::Waitlist)
        };
        let deadline = self.now + self.hold_ms(&d, &w.customer).min(offer_ms);
        // Reading: an id that a tap has taken meanwhile is left out.
        let mut id = w.booking;
        while self.held.iter().any(|b| b.id == id) || self.ended.iter().any(|b| b.id == id) {
            id = BookingId(id.0 + 1);
        }
        self.hold(id, &w.customer, w.drop, units, deadline, origin);
        if units == w.qty {
            self.end_waits(|other| other.ticket == ticket);
        } else {
            self.waits[i].qty -= units;
            self.waits[i].booking = BookingId(w.booking.0 + 1);
        }
    }

    /// Units wanted by those who are served earlier.
    pub(super) fn ahead(&self, drop: DropId, customer: &CustomerId) -> u64 {
        let line = self.line(drop);
        line.iter()
            .take_while(|w| w.customer != *customer)
            .map(|w| w.qty)
            .sum()
    }

    /// Who waits for a drop, first to be served first.
    pub(super) fn line(&self, drop: DropId) -> Vec<&Wait> {
        let mut line: Vec<&Wait> = self.waits.iter().filter(|w| w.drop == drop).collect();
        line.sort_by_key(|w| (255 - w.priority, w.ticket));
        line
    }

    /// Whether somebody is there is known only while they wait for something.
    pub(super) fn end_waits(&mut self, which: impl Fn(&Wait) -> bool) {
        self.waits.retain(|w| !which(w));
        for i in 0..self.customers.len() {
            let id = self.customers[i].id.clone();
            if !self.waits_any(&id) {
                self.customers[i].away = false;
            }
        }
    }

    /// D.4: ended, and the time to wait has passed or nothing is held. Reading: also if nobody
    /// waits, since only for them is anything kept; the oldest first.
    fn idle_drop(&self) -> Option<DropId> {
        let idle = |d: &&Drop| {
            let over = d.settles_at.is_none_or(|at| at <= self.now);
            let nobody = !self.waits.iter().any(|w| w.drop == d.id);
            let nothing = !self.held.iter().any(|b| b.drop == d.id);
            d.state == DropState::Ended && (over || nobody || nothing)
        };
        self.drops.iter().filter(idle).map(|d| d.id).min()
    }

    pub(super) fn settle(&mut self, id: DropId) {
        self.end_waits(|w| w.drop == id);
        self.drop_mut(id).state = DropState::Settled;
    }
}
