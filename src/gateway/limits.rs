//! How much a stranger may ask for (S-13, S-14): rates, sockets, and when it is abuse.
//!
//! [`Limits`] are the settings, [`Limiter`] the handle that counts. Per customer first, then per
//! address, and addresses are counted widely: a mobile carrier puts thousands of people behind one.
//!
//! ```text
//! a connection    messages in it                       Meter
//! a customer      bookings, greetings, sockets         check_booking, check_hello, admit_customer
//! an address      requests, connects, sockets,         check_request, admit_address,
//!                 failed authentications               auth_failed
//! this node       sockets, sockets not greeted yet     admit_connection, admit_ungreeted
//! ```

mod address;
mod config;
mod meter;
mod rates;
mod sockets;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use crate::clock::Clock;
use address::Address;
use rates::{Rate, Rates};
use sockets::Counts;

pub use config::{Limits, open_files_max};
pub use meter::{Meter, Verdict};
pub use sockets::Permit;

/// How often what nobody uses any more is forgotten.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// What one is told to wait where no rate says how long: somebody else has to leave first.
const FULL_RETRY_MS: u64 = 5_000;
/// Refusals a minute that are noted of one caller, and of one shop: more would fill the audit trail,
/// and say nothing new.
const DENIALS_PER_MIN: NonZeroU32 = NonZeroU32::new(10).unwrap();
const SHOP_DENIALS_PER_MIN: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Which limit was reached. Few and fixed: also the label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Messages of one connection.
    Messages,
    /// Bookings of one customer.
    Bookings,
    /// Greetings of one customer.
    Hellos,
    /// Refusals noted of one caller, or of one shop.
    Denials,
    /// Sockets of one customer.
    CustomerSockets,
    /// HTTP requests of one address.
    Requests,
    /// Connects of one address.
    Connects,
    /// Sockets of one address.
    AddressSockets,
    /// Sockets of this node.
    Sockets,
    /// Sockets of this node that have not greeted yet.
    Ungreeted,
}

impl Scope {
    /// The value of the metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Bookings => "bookings",
            Self::Hellos => "hellos",
            Self::Denials => "denials",
            Self::CustomerSockets => "customer_sockets",
            Self::Requests => "requests",
            Self::Connects => "connects",
            Self::AddressSockets => "address_sockets",
            Self::Sockets => "sockets",
            Self::Ungreeted => "ungreeted",
        }
    }
}

/// A limit was reached: nothing was done, and it may be asked again after `retry_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limit of {} reached, again in {retry_ms} ms", scope.as_str())]
pub struct Limited {
    /// Which one.
    pub scope: Scope,
    /// Milliseconds until it may be asked again; at least 1.
    pub retry_ms: u64,
}

impl Limited {
    fn full(scope: Scope) -> Self {
        Self {
            scope,
            retry_ms: FULL_RETRY_MS,
        }
    }
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        let problem = match limited.scope {
            Scope::Sockets | Scope::Ungreeted => Problem::new("overloaded", "This server is full."),
            _ => Problem::new("rate_limited", "Too many requests."),
        };
        problem.with("retry_ms", limited.retry_ms)
    }
}

/// Counts for everybody; a cheap handle.
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    limits: Limits,
    clock: Clock,
    bookings: Rates<Box<str>>,
    hellos: Rates<Box<str>>,
    denials: Rates<Box<str>>,
    denials_of_shop: Rates<Box<str>>,
    requests: Rates<Address>,
    connects: Rates<Address>,
    auth_failures: Rates<Address>,
    customer_sockets: Counts<Box<str>>,
    address_sockets: Counts<Address>,
    sockets: Counts<()>,
    ungreeted: Counts<()>,
}

impl Limiter {
    /// Nobody has asked for anything yet.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let rate = |count, per_s: u64, burst| Rate::new(count, Duration::from_secs(per_s), burst);
        let inner = Inner {
            bookings: Rates::new(
                rate(limits.bookings_per_s, 1, limits.bookings_burst),
                &clock,
            ),
            hellos: Rates::new(rate(limits.hellos_per_min, 60, limits.hellos_burst), &clock),
            denials: Rates::new(rate(DENIALS_PER_MIN, 60, DENIALS_PER_MIN), &clock),
            denials_of_shop: Rates::new(
                rate(SHOP_DENIALS_PER_MIN, 60, SHOP_DENIALS_PER_MIN),
                &clock,
            ),
            requests: Rates::new(
                rate(
                    limits.address_requests_per_s,
                    1,
                    limits.address_requests_burst,
                ),
                &clock,
            ),
            connects: Rates::new(
                rate(
                    limits.address_connects_per_s,
                    1,
                    limits.address_connects_burst,
                ),
                &clock,
            ),
            auth_failures: Rates::new(
                rate(
                    limits.address_auth_failures_per_min,
                    60,
                    limits.address_auth_failures_per_min,
                ),
                &clock,
            ),
            customer_sockets: Counts::new(limits.customer_sockets_max),
            address_sockets: Counts::new(limits.address_sockets_max),
            sockets: Counts::new(limits.sockets_max),
            ungreeted: Counts::new(limits.ungreeted_max()),
            limits,
            clock,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The settings it counts by.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// A meter for the messages of one connection.
    pub fn meter(&self) -> Meter {
        Meter::new(&self.inner.limits, self.inner.clock.clone())
    }

    /// A customer books (also cancels, waits: whatever makes a decision).
    pub fn check_booking(&self, shop: &str, customer: &str) -> Result<(), Limited> {
        self.inner
            .bookings
            .check(&customer_key(shop, customer))
            .map_err(limited(Scope::Bookings))
    }

    /// A customer greets (`connect` or `refresh`).
    pub fn check_hello(&self, shop: &str, customer: &str) -> Result<(), Limited> {
        self.inner
            .hellos
            .check(&customer_key(shop, customer))
            .map_err(limited(Scope::Hellos))
    }

    /// A refusal of this caller is to be noted in a shop's audit trail: some a minute of a caller,
    /// and of a shop.
    pub fn check_denial(&self, shop: &str, caller: &str) -> Result<(), Limited> {
        let of_caller = self.inner.denials.check(&customer_key(shop, caller));
        of_caller
            .and_then(|()| self.inner.denials_of_shop.check(&Box::from(shop)))
            .map_err(limited(Scope::Denials))
    }

    /// An HTTP request of an address.
    pub fn check_request(&self, ip: IpAddr) -> Result<(), Limited> {
        let Some(address) = self.counted(ip) else {
            return Ok(());
        };
        self.inner
            .requests
            .check(&address)
            .map_err(limited(Scope::Requests))
    }

    /// An authentication of this address failed. The answer is the delay to keep before saying
    /// so: nothing at first, then up to `auth_failure_delay_max_ms`. Who has a good token is not
    /// delayed, however many fail behind the same address.
    pub fn auth_failed(&self, ip: IpAddr) -> Duration {
        let Some(address) = self.counted(ip) else {
            return Duration::ZERO;
        };
        let delay_ms = self.inner.auth_failures.check(&address).err().unwrap_or(0);
        Duration::from_millis(delay_ms.min(self.inner.limits.auth_failure_delay_max_ms))
    }

    /// A socket of this node, whoever has it.
    pub fn admit_connection(&self) -> Result<Permit, Limited> {
        self.inner
            .sockets
            .admit(())
            .ok_or(Limited::full(Scope::Sockets))
    }

    /// A socket that was upgraded and has not said `connect`; give the permit back when it has.
    pub fn admit_ungreeted(&self) -> Result<Permit, Limited> {
        self.inner
            .ungreeted
            .admit(())
            .ok_or(Limited::full(Scope::Ungreeted))
    }

    /// A socket of an address, and how fast it makes them.
    pub fn admit_address(&self, ip: IpAddr) -> Result<Permit, Limited> {
        let Some(address) = self.counted(ip) else {
            return Ok(Permit::free());
        };
        self.inner
            .connects
            .check(&address)
            .map_err(limited(Scope::Connects))?;
        self.inner
            .address_sockets
            .admit(address)
            .ok_or(Limited::full(Scope::AddressSockets))
    }

    /// A socket of a customer.
    pub fn admit_customer(&self, shop: &str, customer: &str) -> Result<Permit, Limited> {
        let key = customer_key(shop, customer);
        self.inner
            .customer_sockets
            .admit(key)
            .ok_or(Limited::full(Scope::CustomerSockets))
    }

    /// Sockets of this node at this moment.
    pub fn connections(&self) -> u32 {
        self.inner.sockets.of(&())
    }

    /// Forgets customers and addresses that have their full allowance again.
    pub fn forget_idle(&self) {
        self.inner.bookings.forget_idle();
        self.inner.hellos.forget_idle();
        self.inner.denials.forget_idle();
        self.inner.denials_of_shop.forget_idle();
        self.inner.requests.forget_idle();
        self.inner.connects.forget_idle();
        self.inner.auth_failures.forget_idle();
    }

    /// Calls [`forget_idle`](Self::forget_idle) now and then until `stopping`.
    pub async fn upkeep(self, stopping: CancellationToken) {
        let mut ticks = interval(UPKEEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            self.forget_idle();
        }
    }

    /// What an address counts as; `None` when it does not count.
    fn counted(&self, ip: IpAddr) -> Option<Address> {
        let address = Address::of(ip);
        (!(self.inner.limits.exempt_loopback && address.is_loopback())).then_some(address)
    }
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter")
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

fn limited(scope: Scope) -> impl Fn(u64) -> Limited {
    move |retry_ms| Limited { scope, retry_ms }
}

/// NUL is in neither name, so no two pairs make one key.
fn customer_key(shop: &str, customer: &str) -> Box<str> {
    format!("{shop}\0{customer}").into_boxed_str()
}

#[cfg(test)]
mod tests;
