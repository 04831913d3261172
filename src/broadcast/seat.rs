//! A seat: what one connection is still to be told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::CustomerId;
use crate::protocol::{Close, Frame};
use crate::telemetry::metrics;

/// Frames that may wait in a viewer's lossless lane; one more closes the connection (4104).
const QUEUE_MAX: usize = 128;
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

/// One connection's place in an audience. Written by the audience, emptied by the connection.
#[derive(Debug)]
pub struct Seat {
    /// Unique in this process.
    pub number: u64,
    /// Who sits here; none for a guest.
    pub customer: Option<CustomerId>,
    /// What it may see.
    pub role: SeatRole,
    queue: Mutex<VecDeque<Frame>>,
    woken: Notify,
    end: Mutex<Option<Close>>,
    ended: AtomicBool,
}

impl Seat {
    pub(super) fn new(number: u64, customer: Option<CustomerId>, role: SeatRole) -> Self {
        Self {
            number,
            customer,
            role,
            queue: Mutex::new(VecDeque::new()),
            woken: Notify::new(),
            end: Mutex::new(None),
            ended: AtomicBool::new(false),
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
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let full = queue.len() >= most;
            if !full {
                queue.push_back(frame);
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
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(why);
        self.ended.store(true, Ordering::Release);
        self.wake();
    }

    /// Why the connection is to close, if it is.
    pub fn ending(&self) -> Option<Close> {
        if !self.ended.load(Ordering::Acquire) {
            return None;
        }
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all that waits in the lossless lane.
    pub fn take(&self, into: &mut Vec<Frame>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_empty() {
            return;
        }
        metrics().broadcast.control_queue.sub_count(queue.len());
        into.extend(queue.drain(..));
        if queue.capacity() > 16 {
            queue.shrink_to(0);
        }
    }

    /// There is something to look at.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Waits until there is something to look at.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let queue = self.queue.get_mut().unwrap_or_else(PoisonError::into_inner);
        metrics().broadcast.control_queue.sub_count(queue.len());
    }
}
