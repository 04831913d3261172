//! What counts as one address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address, or the first 64 bits of an IPv6 one: every home and every phone is given a
/// whole network of that size, so single IPv6 addresses would limit nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Address {
    V4(Ipv4Addr),
    V6(u64),
}

/// The network of `::1`; nothing else in it is ever a client.
const LOOPBACK_V6: u64 = 0;

impl Address {
    pub(super) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(network(ip)),
        }
    }

    pub(super) fn is_loopback(self) -> bool {
        match self {
            Self::V4(ip) => ip.is_loopback(),
            Self::V6(network) => network == LOOPBACK_V6,
        }
    }
}

fn network(ip: Ipv6Addr) -> u64 {
    let [a, b, c, d, ..] = ip.segments();
    [a, b, c, d]
        .iter()
        .fold(0, |bits, segment| (bits << 16) | u64::from(*segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Address {
        Address::of(text.parse().unwrap())
    }

    #[test]
    fn one_home_is_one_address() {
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn loopback_is_known_in_all_its_forms() {
        for (ip, loopback) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("128.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("fe80::1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(of(ip).is_loopback(), loopback, "{ip}");
        }
    }
}
