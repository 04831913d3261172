//! A seat: what one connection is still to be told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::bell::Bell;
use crate::domain::CustomerId;
use crate::protocol::{Close, Frame};
use crate::telemetry::metrics;

/// Frames that may wait in a viewer's lossless lane; one more closes the connection (4104).
pub(super) const QUEUE_MAX: usize = 128;
/// The same for a host, who is told of every booking.
const HOST_QUEUE_MAX: usize = 1_024;

/// What a seat may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatRole {
    /// What everybody sees, and what is the customer's own.
    Viewer,
    /// Also bookings, waiters and stock as they change.
    Host,
}

/// Who looks after a seat.
#[derive(Debug)]
pub enum Keeper {
    /// A task of its own, which waits for [`Seat::woken`].
    Task(Box<Notify>),
    /// A loop that looks after many, under this name.
    Loop(Arc<Bell>, u64),
}

/// One connection's place in an audience. Written by the audience, emptied by the connection.
#[derive(Debug)]
pub struct Seat {
    /// Unique in this process.
    pub number: u64,
    /// Who sits here; none for a guest.
    pub customer: Option<CustomerId>,
    /// What it may see.
    pub role: SeatRole,
    keeper: Keeper,
    /// The keeper has been woken and has not looked yet.
    rung: AtomicBool,
    ended: AtomicBool,
    lane: Mutex<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    frames: VecDeque<Frame>,
    end: Option<Close>,
}

impl Seat {
    pub(super) fn new(
        number: u64,
        customer: Option<CustomerId>,
        role: SeatRole,
        keeper: Keeper,
    ) -> Self {
        Self {
            number,
            customer,
            role,
            keeper,
            rung: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            lane: Mutex::default(),
        }
    }

    /// Puts a frame into the lossless lane. When it is full the connection is to be closed.
    pub fn send(&self, frame: Frame) {
        let most = if self.role == SeatRole::Host {
            HOST_QUEUE_MAX
        } else {
            QUEUE_MAX
        };
        let full = {
            let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
            let full = lane.frames.len() >= most;
            if !full {
                lane.frames.push_back(frame);
                metrics().broadcast.control_queue.increment();
            }
            full
        };
        if full {
            self.close(Close::TooSlow);
        } else {
            self.wake();
        }
    }

    /// Asks the connection to close. The first reason stays.
    pub fn close(&self, why: Close) {
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        lane.end.get_or_insert(why);
        drop(lane);
        self.ended.store(true, Ordering::Release);
        self.wake();
    }

    /// Why the connection is to close, if it is.
    pub fn ending(&self) -> Option<Close> {
        if !self.ended.load(Ordering::Acquire) {
            return None;
        }
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).end
    }

    /// Takes all that waits in the lossless lane.
    pub fn take(&self, into: &mut Vec<Frame>) {
        // First, so that what comes from here on wakes the keeper once more.
        self.rung.store(false, Ordering::Release);
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        if lane.frames.is_empty() {
            return;
        }
        metrics()
            .broadcast
            .control_queue
            .sub_count(lane.frames.len());
        into.extend(std::mem::take(&mut lane.frames));
    }

    /// Takes note that the keeper has looked and can do nothing now: it will be woken again by
    /// what comes next.
    pub fn looked(&self) {
        self.rung.store(false, Ordering::Release);
    }

    pub(super) fn bell(&self) -> Option<&Arc<Bell>> {
        match &self.keeper {
            Keeper::Task(_) => None,
            Keeper::Loop(bell, _) => Some(bell),
        }
    }

    fn wake(&self) {
        match &self.keeper {
            Keeper::Task(woken) => woken.notify_one(),
            Keeper::Loop(bell, name) => {
                if !self.rung.swap(true, Ordering::AcqRel) {
                    bell.seat(*name);
                }
            }
        }
    }

    /// Waits until there is something to look at; for ever where a loop looks after the seat.
    pub async fn woken(&self) {
        match &self.keeper {
            Keeper::Task(woken) => woken.notified().await,
            Keeper::Loop(..) => std::future::pending().await,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let lane = self.lane.get_mut().unwrap_or_else(PoisonError::into_inner);
        metrics()
            .broadcast
            .control_queue
            .sub_count(lane.frames.len());
    }
}
