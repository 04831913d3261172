//! The vectors of S-03, and what counts as our own page.

use axum::http::{HeaderMap, HeaderValue};

use super::*;

fn origins() -> Origins {
    let config = OriginConfig {
        allow: vec![
            "https://a.com".into(),
            "https://b.com:8443".into(),
            "https://xn--bcher-kva.example".into(),
        ],
        shops: HashMap::from([("toko".to_owned(), vec!["https://toko.example".to_owned()])]),
        hosts: Vec::new(),
        https_only: false,
    };
    Origins::new(&config).unwrap()
}

fn request(host: &str, origins: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(host).unwrap());
    for origin in origins {
        headers.append("origin", HeaderValue::from_bytes(origin).unwrap());
    }
    headers
}

/// 36 origins of requests to `live.example`, about no shop.
#[test]
fn vectors() {
    let allowed: [&[u8]; 5] = [
        b"https://a.com",
        b"https://b.com:8443",
        b"https://xn--bcher-kva.example",
        b"https://live.example",
        b"http://live.example",
    ];
    let refused: [&[u8]; 31] = [
        b"",
        b"null",
        b"*",
        b"a.com",
        b"//a.com",
        b"https://",
        b"https:a.com",
        b"https://a.com.evil.com",
        b"https://evil.com/https://a.com",
        b"https://evil-a.com",
        b"https://evila.com",
        b"https://sub.a.com",
        b"https://a.co",
        b"https://a.comm",
        b"https://a.com.",
        b"http://a.com",
        b"wss://a.com",
        b"file://a.com",
        b"https://A.com",
        b"HTTPS://a.com",
        b"https://a.com:443",
        b"https://a.com:444",
        b"https://b.com",
        b"https://b.com:84430",
        b"https://a.com/",
        b"https://a.com/path",
        b"https://user@a.com",
        b"https://a.com https://evil.com",
        "https://bücher.example".as_bytes(),
        b"https://toko.example",
        b"https://live.example.evil.com",
    ];
    let origins = origins();
    for origin in allowed {
        let headers = request("live.example", &[origin]);
        let value = HeaderValue::from_bytes(origin).unwrap();
        assert_eq!(
            origins.judge(&headers, None),
            Verdict::Allowed(value),
            "{origin:?}"
        );
    }
    for origin in refused {
        let headers = request("live.example", &[origin]);
        assert_eq!(
            origins.judge(&headers, None),
            Verdict::Refused,
            "{:?}",
            String::from_utf8_lossy(origin)
        );
        assert_eq!(origins.check(&headers, None).unwrap_err().status(), 403);
    }
}

#[test]
fn two_origins_are_refused_even_when_both_are_allowed() {
    let headers = request("live.example", &[b"https://a.com", b"https://a.com"]);
    assert_eq!(origins().judge(&headers, None), Verdict::Refused);
}

#[test]
fn no_origin_is_no_page_and_may_come() {
    let headers = request("live.example", &[]);
    assert_eq!(origins().judge(&headers, None), Verdict::Absent);
    assert_eq!(origins().check(&headers, None), Ok(()));
}

#[test]
fn a_shop_s_own_site_may_use_that_shop_only() {
    let headers = request("live.example", &[b"https://toko.example"]);
    assert_eq!(origins().check(&headers, Some("toko")), Ok(()));
    assert!(origins().check(&headers, Some("warung")).is_err());
    assert!(origins().check(&headers, None).is_err());
}

#[test]
fn our_own_pages_are_known_by_the_name_they_came_by() {
    for (host, origin, own) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", false),
        ("127.0.0.1:8080", "http://localhost:8080", false),
        ("[::1]:8080", "http://[::1]:8080", true),
        ("Live.Example", "https://live.example", true),
        ("live.example:443", "https://live.example", true),
        ("live.example:80", "http://live.example", true),
        ("live.example:80", "https://live.example", false),
        ("live.example:443", "http://live.example", false),
        ("live.example, evil.com", "https://evil.com", false),
        ("user@live.example", "https://live.example", false),
    ] {
        let verdict = origins().judge(&request(host, &[origin.as_bytes()]), None);
        assert_eq!(verdict != Verdict::Refused, own, "{origin} at {host}");
    }
}

#[test]
fn with_names_of_our_own_a_rebound_name_is_nobody() {
    let config = OriginConfig {
        hosts: vec!["live.example".into()],
        https_only: true,
        ..OriginConfig::default()
    };
    let origins = Origins::new(&config).unwrap();
    let own = request("live.example", &[b"https://live.example"]);
    assert_eq!(
        (origins.check(&own, None), origins.check_host(&own)),
        (Ok(()), Ok(()))
    );
    let rebound = request("evil.com", &[b"https://evil.com"]);
    assert!(origins.check(&rebound, None).is_err());
    assert_eq!(origins.check_host(&rebound).unwrap_err().status(), 421);
    assert_eq!(
        origins.check_host(&HeaderMap::new()).unwrap_err().status(),
        421
    );
    let plain = request("live.example", &[b"http://live.example"]);
    assert!(origins.check(&plain, None).is_err());
}

#[test]
fn settings_have_to_be_exact_origins() {
    let with = |origin: &str| OriginConfig {
        allow: vec![origin.to_owned()],
        ..OriginConfig::default()
    };
    for good in [
        "https://a.com",
        "https://a.com:443",
        "http://127.0.0.1:3000",
        "https://[::1]:3000",
    ] {
        assert!(Origins::new(&with(good)).is_ok(), "{good}");
    }
    for bad in [
        "*",
        "",
        "null",
        "a.com",
        "https://",
        "https://*.a.com",
        "https://a.com/",
        "https://A.com",
        "https://bücher.example",
        "ftp://a.com",
        "https://a.com:0x50",
        "https://a.com:99999",
        "https://u@a.com",
        "https://[::g]",
        "https://[::1]x",
        "https://a.com:",
    ] {
        assert_eq!(
            Origins::new(&with(bad)).unwrap_err(),
            Error::Origin(bad.to_owned())
        );
    }
}

#[test]
fn the_default_port_of_a_setting_is_left_out_as_browsers_do() {
    let config = OriginConfig {
        allow: vec!["https://a.com:443".into()],
        ..OriginConfig::default()
    };
    let headers = request("live.example", &[b"https://a.com"]);
    assert_eq!(Origins::new(&config).unwrap().check(&headers, None), Ok(()));
}
