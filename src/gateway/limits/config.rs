//! The settings of every limit, each with its unit and its reason.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// What a stranger may ask for. A rate is an average; its burst is what may come at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Messages a second in one connection. A person taps once or twice a second.
    pub messages_per_s: NonZeroU32,
    /// Messages at once: what a page asks again after a reconnect.
    pub messages_burst: NonZeroU32,
    /// How many times `messages_per_s`, kept up for `abuse_window_s`, is abuse and closes the
    /// connection (4429). No page of ours does that, so it is a program that ignores refusals.
    pub abuse_factor: NonZeroU32,
    /// Seconds over which abuse is measured: long enough to forgive one outburst. At most 60.
    pub abuse_window_s: NonZeroU32,
    /// Milliseconds an abuser is told to stay away.
    pub abuse_retry_ms: u64,
    /// Bookings a second of one customer, over all connections: a program wins nothing by tapping
    /// faster than a person.
    pub bookings_per_s: NonZeroU32,
    /// Bookings at once: a few items of one drop.
    pub bookings_burst: NonZeroU32,
    /// Greetings (`connect`, `refresh`) a minute of one customer: each builds a snapshot.
    pub hellos_per_min: NonZeroU32,
    /// Greetings at once: some pages and a bad line.
    pub hellos_burst: NonZeroU32,
    /// Sockets of one customer: phone, laptop, and a line that died without saying so.
    pub customer_sockets_max: NonZeroU32,
    /// HTTP requests a second of one address. Wide: a mobile carrier shares addresses.
    pub address_requests_per_s: NonZeroU32,
    /// HTTP requests at once of one address: pages with their assets.
    pub address_requests_burst: NonZeroU32,
    /// Connects a second of one address. Wide, as above.
    pub address_connects_per_s: NonZeroU32,
    /// Connects at once of one address: everybody behind it comes back after a restart.
    pub address_connects_burst: NonZeroU32,
    /// Sockets of one address. Wide, as above.
    pub address_sockets_max: NonZeroU32,
    /// Failed authentications a minute of one address that are answered without delay.
    pub address_auth_failures_per_min: NonZeroU32,
    /// Milliseconds a failure is delayed at most: longer would only hold our own sockets.
    pub auth_failure_delay_max_ms: u64,
    /// Sockets of this node; more are refused at once, so that those inside stay well served.
    pub sockets_max: NonZeroU32,
    /// Percent of `sockets_max` that may be upgraded without having greeted: silent sockets
    /// cannot take the room of customers.
    pub ungreeted_percent: u8,
    /// Bytes of one message of a viewer; commands are under 1 KiB, and a token is under 4 KiB.
    pub viewer_message_bytes_max: u32,
    /// Bytes of one message of a host or admin: lists of SKUs.
    pub host_message_bytes_max: u32,
    /// Bytes of an HTTP body.
    pub body_bytes_max: u32,
    /// Milliseconds an HTTP body may take to arrive: a body a byte at a time holds a socket no
    /// longer than this.
    pub body_timeout_ms: u64,
    /// Bytes of path and query together.
    pub uri_bytes_max: u32,
    /// Whether clients on this machine are free of the limits per address (the demo, load tests).
    pub exempt_loopback: bool,
}

const fn count(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_s: count(10),
            messages_burst: count(20),
            abuse_factor: count(3),
            abuse_window_s: count(10),
            abuse_retry_ms: 60_000,
            bookings_per_s: count(2),
            bookings_burst: count(5),
            hellos_per_min: count(5),
            hellos_burst: count(10),
            customer_sockets_max: count(5),
            address_requests_per_s: count(500),
            address_requests_burst: count(1_000),
            address_connects_per_s: count(50),
            address_connects_burst: count(500),
            address_sockets_max: count(2_000),
            address_auth_failures_per_min: count(10),
            auth_failure_delay_max_ms: 2_000,
            sockets_max: count(20_000),
            ungreeted_percent: 10,
            viewer_message_bytes_max: 4 * 1024,
            host_message_bytes_max: 64 * 1024,
            body_bytes_max: 64 * 1024,
            body_timeout_ms: 10_000,
            uri_bytes_max: 2 * 1024,
            exempt_loopback: false,
        }
    }
}

/// Files the process needs beside its sockets: journal, ledger, listener, epoll.
const FILES_KEPT: u32 = 256;

impl Limits {
    /// How many sockets may be upgraded without having greeted; at least one.
    pub fn ungreeted_max(&self) -> NonZeroU32 {
        let share =
            u64::from(self.sockets_max.get()) * u64::from(self.ungreeted_percent.min(100)) / 100;
        u32::try_from(share)
            .ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MIN)
    }

    /// Lowers `sockets_max` to what the open-file limit leaves: a node that runs out of files
    /// cannot write its journal either. Says whether it had to.
    pub fn fit_open_files(&mut self, open_files_max: u32) -> bool {
        let fits = count(open_files_max.saturating_sub(FILES_KEPT));
        let lowered = fits < self.sockets_max;
        self.sockets_max = self.sockets_max.min(fits);
        lowered
    }
}

/// The open-file limit of this process, where the system tells it.
pub fn open_files_max() -> Option<u32> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    parse_open_files(&limits)
}

fn parse_open_files(limits: &str) -> Option<u32> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_survive_a_round_through_toml() {
        let limits = Limits::default();
        let text = toml::to_string(&limits).unwrap();
        assert_eq!(toml::from_str::<Limits>(&text).unwrap(), limits);
        assert_eq!(toml::from_str::<Limits>("").unwrap(), limits);
    }

    #[test]
    fn zero_unknown_and_negative_are_refused() {
        for bad in [
            "messages_per_s = 0",
            "message_per_s = 1",
            "sockets_max = -1",
            "sockets_max = 1.5",
            "ungreeted_percent = 256",
        ] {
            assert!(toml::from_str::<Limits>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sockets_leave_room_for_files() {
        let mut limits = Limits::default();
        assert!(!limits.fit_open_files(65_536));
        assert!(limits.fit_open_files(1_024));
        assert_eq!(
            (limits.sockets_max.get(), limits.ungreeted_max().get()),
            (768, 76)
        );
        assert!(limits.fit_open_files(10));
        assert_eq!(limits.sockets_max.get(), 1);
    }

    #[test]
    fn the_open_file_limit_is_read_as_the_system_writes_it() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             15000                15000                processes \n\
                    Max open files            20000                524288               files     \n";
        assert_eq!(parse_open_files(text), Some(20_000));
        assert_eq!(
            parse_open_files("Max open files            unlimited            unlimited"),
            None
        );
        assert_eq!(parse_open_files(""), None);
        assert!(open_files_max().is_some_and(|files| files > 0));
    }
}
