//! Whose word about an address is believed (S-42).

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use super::Error;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hops that are looked at; a longer list is somebody playing.
const HOPS_MAX: usize = 16;

/// The proxies of the settings.
#[derive(Debug, Default)]
pub struct Proxies {
    networks: Vec<Network>,
}

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Proxies {
    /// Reads addresses and networks in CIDR notation.
    pub fn new(entries: &[String]) -> Result<Self, Error> {
        let parse =
            |entry: &String| Network::parse(entry).ok_or_else(|| Error::Proxy(entry.clone()));
        Ok(Self {
            networks: entries.iter().map(parse).collect::<Result<_, _>>()?,
        })
    }

    /// Whether this address is one of our proxies.
    pub fn trust(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.iter().any(|network| network.contains(ip))
    }

    /// The client's address: the rightmost hop that is not ours. What stands left of it was
    /// written by the client and may say anything.
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = socket.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let hops = values
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            if !self.trust(client) {
                break;
            }
            let Some(ip) = address(hop) else { break };
            client = ip.to_canonical();
        }
        client
    }
}

/// An address as proxies write it: bare, or with a port.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let with_port = || {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    };
    bare.parse().ok().or_else(with_port)
}

impl Network {
    fn parse(entry: &str) -> Option<Self> {
        let (address, prefix) = match entry.split_once('/') {
            Some((address, prefix)) => (
                address.parse::<IpAddr>().ok()?,
                Some(prefix.parse::<u8>().ok()?),
            ),
            None => (entry.parse::<IpAddr>().ok()?, None),
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    fn contains(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let beyond = 32 - u32::from(self.prefix);
                let differ = network.to_bits() ^ ip.to_bits();
                differ.checked_shr(beyond).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let beyond = 128 - u32::from(self.prefix);
                let differ = network.to_bits() ^ ip.to_bits();
                differ.checked_shr(beyond).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proxies(entries: &[&str]) -> Proxies {
        Proxies::new(
            &entries
                .iter()
                .map(|entry| (*entry).to_owned())
                .collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_what_they_should() {
        for (entry, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.6/31", "192.0.2.7", true),
            ("192.0.2.7/32", "::ffff:192.0.2.7", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(
                proxies(&[entry]).trust(ip(address)),
                inside,
                "{address} in {entry}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "fd00::/129",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "proxy.example",
            "*",
        ] {
            assert!(
                matches!(Proxies::new(&[bad.to_owned()]), Err(Error::Proxy(named)) if named == bad)
            );
        }
    }

    #[test]
    fn the_client_is_the_rightmost_hop_that_is_not_ours() {
        let ours = proxies(&["10.0.0.0/8", "fd00::/8"]);
        let table: [(&str, &[&[u8]], &str); 16] = [
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &[b"198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &[b"127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            (
                "10.0.0.1",
                &[b"198.51.100.1, 203.0.113.9, 10.0.0.2"],
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                &[b"198.51.100.1", b"203.0.113.9"],
                "203.0.113.9",
            ),
            ("10.0.0.1", &[b"203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &[b"[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &[b"2001:db8::1"], "2001:db8::1"),
            ("fd00::1", &[b" 203.0.113.9 "], "203.0.113.9"),
            ("::ffff:10.0.0.1", &[b"203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &[b"203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.9, \xff\xfe"], "10.0.0.1"),
            ("10.0.0.1", &[b""], "10.0.0.1"),
            ("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ];
        for (socket, values, client) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(
                ours.client(ip(socket), &headers),
                ip(client),
                "{socket} {values:?}"
            );
        }
    }

    #[test]
    fn an_endless_list_is_not_walked_to_its_end() {
        let mut headers = HeaderMap::new();
        let list = "10.0.0.9,".repeat(1_000) + "10.0.0.2";
        headers.insert(
            FORWARDED_FOR,
            HeaderValue::from_str(&format!("203.0.113.9,{list}")).unwrap(),
        );
        assert_eq!(
            proxies(&["10.0.0.0/8"]).client(ip("10.0.0.1"), &headers),
            ip("10.0.0.9")
        );
    }
}
