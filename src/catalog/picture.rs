//! Addresses of pictures that a page may show.

/// Longest address kept, in bytes.
const BYTES_MAX: usize = 2_048;

/// Kept as they are in an address; everything else is percent-encoded, so that the address is safe
/// in an attribute and in a style sheet.
const KEPT: &[u8] = b"-._~/?#@!$&*+,;=:%[]";

/// The address if it is `https://` (or `//`, as shops write it) on a named host, or why it is not
/// used. Nothing is fetched.
pub(super) fn address(text: &str) -> Result<String, &'static str> {
    let rest = match text.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.eq_ignore_ascii_case("https:") => rest,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http:") => {
            return Err("is not https and would not show on a secure page");
        }
        _ => return Err("is not an https:// address"),
    };
    if rest.chars().any(|c| c.is_control() || c == '\\') {
        return Err("has characters that do not belong in an address");
    }
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    if !is_public_name(host) {
        return Err("does not name a public host");
    }
    let address = format!("https://{}{}", host.to_ascii_lowercase(), encoded(path));
    if address.len() > BYTES_MAX {
        return Err("is longer than 2048 bytes");
    }
    Ok(address)
}

/// `cdn.example.com` or `cdn.example.com:8443`: no user, no bare number, no local name.
fn is_public_name(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let label = |label: &str| {
        let fits =
            (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
        fits && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let top = name.rsplit_once('.').map(|(_, top)| top);
    let local = ["local", "localhost", "internal", "test", "invalid"];
    name.len() <= 253
        && name.split('.').all(label)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && top.is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()))
        && top.is_some_and(|top| !local.iter().any(|name| top.eq_ignore_ascii_case(name)))
}

fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || KEPT.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                encoded
                    .extend(char::from_digit(u32::from(half), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_https_on_a_public_name_is_kept() {
        let kept = [
            (
                "https://cdn.example.com/a.jpg?v=1",
                "https://cdn.example.com/a.jpg?v=1",
            ),
            (
                "HTTPS://CDN.Example.com/A.jpg",
                "https://cdn.example.com/A.jpg",
            ),
            (
                "//cdn.example.com/a b.jpg",
                "https://cdn.example.com/a%20b.jpg",
            ),
            (
                "https://cdn.example.com:8443/é\"'<>()",
                "https://cdn.example.com:8443/%C3%A9%22%27%3C%3E%28%29",
            ),
        ];
        for (text, expected) in kept {
            assert_eq!(address(text).as_deref(), Ok(expected));
        }
        let long = format!("https://cdn.example.com/{}", "a".repeat(2_048));
        let refused = [
            "",
            "a.jpg",
            "/a.jpg",
            "http://cdn.example.com/a.jpg",
            "ftp://cdn.example.com/a",
            "javascript:alert(1)//x.com/",
            "data:image/png;base64,AA//",
            "https://",
            "https:///a",
            "https://localhost/a",
            "https://x.local/a",
            "https://10.0.0.1/a",
            "https://[::1]/a",
            "https://2130706433/a",
            "https://user@cdn.example.com/a",
            "https://cdn.example.com:0/a",
            "https://cdn.example.com:http/a",
            "https://cdn..com/a",
            "https://-a.com/",
            "https://cdn.example.com\\a",
            "https://cdn.example.com/a\nb",
            "https://cdn.exa mple.com/",
            long.as_str(),
        ];
        for text in refused {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
