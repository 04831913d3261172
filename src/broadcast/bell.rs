//! How a loop that owns many sockets hears that there is something to tell.
//!
//! One publication rings each loop once, however many of its sockets are concerned; what is meant
//! is looked up by the loop itself, when it comes to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a loop is to look at. Bounded by what there is: a seat stands here once until it has been
/// looked at, an audience too.
#[derive(Debug, Default)]
pub struct Rung {
    /// Names under which seats listen.
    pub seats: Vec<u64>,
    /// Numbers of audiences.
    pub audiences: Vec<u64>,
}

/// The bell of one loop. Seats and audiences ring, the loop [`take`](Self::take)s.
pub struct Bell {
    rung: Mutex<Rung>,
    awake: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Bell {
    /// `wake` ends the loop's wait; it is called once until the loop has looked.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            rung: Mutex::default(),
            awake: AtomicBool::new(false),
            wake: Box::new(wake),
        }
    }

    /// There is something to look at.
    pub fn ring(&self) {
        if !self.awake.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
    }

    /// Takes what is to be looked at, in exchange for lists that are empty. Whatever else the loop
    /// looks at when it is rung for, it looks at after this: who rings from here on wakes it again.
    pub fn take(&self, into: &mut Rung) {
        self.awake.store(false, Ordering::Release);
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *rung, into);
    }

    pub(super) fn seat(&self, name: u64) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        rung.seats.push(name);
        drop(rung);
        self.ring();
    }

    pub(super) fn audience(&self, number: u64) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        if !rung.audiences.contains(&number) {
            rung.audiences.push(number);
        }
        drop(rung);
        self.ring();
    }
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}
