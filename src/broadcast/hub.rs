//! All audiences, and who sits where: a customer is told their own facts on every connection.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;

use super::audience::Audience;
use super::seat::{Keeper, Seat, SeatRole};
use crate::clock::Clock;
use crate::domain::{CustomerId, LiveId, ShopId};
use crate::engine::Engine;
use crate::lifecycle::Lifecycle;
use crate::mirror::Mirror;
use crate::protocol::{Close, Frame};
use crate::telemetry::FrameType;

/// A customer of a shop.
pub type Person = (ShopId, CustomerId);

/// All audiences of this node.
#[derive(Debug)]
pub struct Hub {
    mirror: Arc<Mirror>,
    engine: Engine,
    clock: Clock,
    house: Lifecycle,
    audiences: DashMap<LiveId, Arc<Audience>>,
    people: DashMap<Person, Vec<Arc<Seat>>>,
    /// Customers who left while they waited, and have been reported away.
    away: Mutex<BTreeSet<Person>>,
    numbers: AtomicU64,
    seats: AtomicUsize,
}

impl Hub {
    /// A hub without audiences.
    pub fn new(mirror: Arc<Mirror>, engine: Engine, clock: Clock, house: Lifecycle) -> Self {
        Self {
            mirror,
            engine,
            clock,
            house,
            audiences: DashMap::new(),
            people: DashMap::new(),
            away: Mutex::default(),
            numbers: AtomicU64::new(0),
            seats: AtomicUsize::new(0),
        }
    }

    /// The audience of a live that exists.
    pub fn audience(self: &Arc<Self>, live: &LiveId, shop: &ShopId) -> Arc<Audience> {
        let made = self.audiences.entry(live.clone()).or_insert_with(|| {
            let (number, mirror) = (self.number(), Arc::clone(&self.mirror));
            let audience = Arc::new(Audience::new(number, live.clone(), shop.clone(), mirror));
            let run = Arc::clone(&audience).run(
                self.engine.clone(),
                self.clock.clone(),
                Arc::clone(self),
                self.house.stopping().clone(),
            );
            self.house.spawn("audience", run);
            audience
        });
        Arc::clone(&made)
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The audience of a live, if anybody has ever watched it here.
    pub(super) fn known(&self, live: &LiveId) -> Option<Arc<Audience>> {
        self.audiences
            .get(live)
            .map(|audience| Arc::clone(&audience))
    }

    /// Takes a seat. Give it back with [`Hub::leave`].
    pub fn join(
        &self,
        audience: &Audience,
        customer: Option<CustomerId>,
        role: SeatRole,
        keeper: Keeper,
    ) -> Arc<Seat> {
        let seat = Arc::new(Seat::new(self.number(), customer, role, keeper));
        if let Some(customer) = &seat.customer {
            let person = (audience.shop.clone(), customer.clone());
            // Most have one: a list grows to four at once.
            self.people
                .entry(person)
                .or_insert_with(|| Vec::with_capacity(1))
                .push(Arc::clone(&seat));
        }
        audience.join(&seat);
        self.seats.fetch_add(1, Ordering::Relaxed);
        seat
    }

    /// Gives a seat back; the person if this was their last.
    pub fn leave(&self, audience: &Audience, seat: &Seat) -> Option<Person> {
        audience.leave(seat);
        self.seats.fetch_sub(1, Ordering::Relaxed);
        let person = (audience.shop.clone(), seat.customer.clone()?);
        let mut gone = false;
        self.people.remove_if_mut(&person, |_, seats| {
            seats.retain(|other| other.number != seat.number);
            gone = seats.is_empty();
            gone
        });
        gone.then_some(person)
    }

    /// Whether a customer sits anywhere.
    pub fn is_here(&self, person: &Person) -> bool {
        self.people.contains_key(person)
    }

    /// How many connections a customer has.
    pub(super) fn seats_of(&self, shop: &ShopId, customer: &CustomerId) -> usize {
        self.people
            .get(&(shop.clone(), customer.clone()))
            .map_or(0, |seats| seats.len())
    }

    /// Whether a customer waits for anything.
    pub fn waits(&self, person: &Person) -> bool {
        self.mirror.waits(&person.0, &person.1)
    }

    /// Notes that a customer was reported away; true if that is news.
    pub fn note_away(&self, person: &Person) -> bool {
        self.away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(person.clone())
    }

    /// Notes that a customer is back; true if they had been reported away.
    pub fn note_back(&self, person: &Person) -> bool {
        self.away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(person)
    }

    /// Tells a customer something on every connection.
    pub(super) fn tell(&self, shop: &ShopId, customer: &CustomerId, frame: &Frame) {
        if let Some(seats) = self.people.get(&(shop.clone(), customer.clone())) {
            for seat in seats.iter() {
                seat.send(frame.clone());
            }
        }
    }

    /// Tells everybody on this node something.
    pub fn tell_all(&self, kind: FrameType, frame: &Frame) {
        self.audiences
            .iter()
            .for_each(|audience| audience.tell_all(kind, frame.clone()));
    }

    /// Closes every connection.
    pub fn close_all(&self, why: Close) {
        self.audiences
            .iter()
            .for_each(|audience| audience.each(|seat| seat.close(why)));
    }

    /// Connections on this node.
    pub fn connections(&self) -> usize {
        self.seats.load(Ordering::Relaxed)
    }

    /// Viewers of all lives of this node.
    pub fn viewers(&self) -> usize {
        self.audiences
            .iter()
            .map(|audience| audience.viewers())
            .sum()
    }

    pub(super) fn mirror(&self) -> &Mirror {
        &self.mirror
    }
}
