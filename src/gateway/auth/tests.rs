//! Tokens as anybody could make them, and how the door takes them.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::*;
use crate::gateway::keys::Secret;

mod vectors;

const NOW_S: u64 = 1_700_000_000;
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &[u8] = b"fedcba9876543210fedcba9876543210";
/// A pair made for these tests; it is good for nothing else.
const ED_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAeSmnwD51zOgtE5486VDbZng8Um72cZJ3yewG51KyM70=
-----END PUBLIC KEY-----
";
const ED_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIH5cI8c70cysFZqjV3Kc1ayMuGEMHDSnhO3qh3ojqbwi
-----END PRIVATE KEY-----
";
const ED_OTHER_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEICruBEy+F3w7tvqCFOfBsMEK69Hg9hS/yhFQnp3EwKD4
-----END PRIVATE KEY-----
";

/// Two keys, as in a rotation: `hs` and `ed`.
fn auth_with(issuer: Option<&str>, audience: Option<&str>) -> Auth {
    let config = AuthConfig {
        keys: vec![
            KeyConfig::hs256("hs", Secret::new(SECRET)),
            KeyConfig::eddsa("ed", ED_PUBLIC),
        ],
        issuer: issuer.map(str::to_owned),
        audience: audience.map(str::to_owned),
        ..AuthConfig::default()
    };
    Auth::new(&config, Clock::manual(NOW_S * 1_000)).unwrap()
}

fn auth() -> Auth {
    auth_with(None, None)
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0_u8; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            let index = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap();
            text.push(char::from(ALPHABET[index]));
        }
    }
    text
}

enum Signer<'a> {
    Hmac(&'a [u8]),
    Ed(&'a str),
    Nobody,
}

/// A token of any header and claims, signed by anybody.
fn raw(header: &str, claims: &str, signer: &Signer<'_>) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let (key, algorithm) = match signer {
        Signer::Hmac(secret) => (EncodingKey::from_secret(secret), Algorithm::HS256),
        Signer::Ed(pem) => (
            EncodingKey::from_ed_pem(pem.as_bytes()).unwrap(),
            Algorithm::EdDSA,
        ),
        Signer::Nobody => return format!("{message}."),
    };
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({"sub": "alice", "shop": "toko", "role": "viewer", "exp": NOW_S + 600})
}

/// The usual claims with one put in, or taken out where it is null.
fn claims_with(claim: &str, value: Value) -> String {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(claim);
    } else {
        claims[claim] = value;
    }
    claims.to_string()
}

/// The usual header of key `hs` with one member put in.
fn header_with(member: &str, value: Value) -> String {
    let mut header = json!({"alg": "HS256", "typ": "JWT", "kid": "hs"});
    header[member] = value;
    header.to_string()
}

fn hs(claims: &str) -> String {
    raw(
        r#"{"alg":"HS256","typ":"JWT","kid":"hs"}"#,
        claims,
        &Signer::Hmac(SECRET),
    )
}

fn headed(header: &str) -> String {
    raw(header, &claims().to_string(), &Signer::Hmac(SECRET))
}

fn ed(pem: &str) -> String {
    raw(
        r#"{"alg":"EdDSA","kid":"ed"}"#,
        &claims().to_string(),
        &Signer::Ed(pem),
    )
}

fn check(table: Vec<(&str, String, Result<(), Error>)>) {
    for (case, token, expected) in table {
        assert_eq!(auth().verify(&token).map(|_| ()), expected, "{case}");
    }
}

#[test]
fn the_leeway_ends_on_the_millisecond() {
    let clock = Clock::manual(NOW_S * 1_000);
    let config = AuthConfig {
        keys: vec![KeyConfig::hs256("hs", Secret::new(SECRET))],
        ..AuthConfig::default()
    };
    let auth = Auth::new(&config, clock.clone()).unwrap();
    let token = hs(&claims_with("exp", json!(NOW_S)));
    clock.advance(5_000);
    assert!(auth.verify(&token).is_ok());
    clock.advance(1);
    assert_eq!(auth.verify(&token), Err(Error::Expired));
}

#[test]
fn four_kibibytes_are_looked_at() {
    let padded = |pad: usize| hs(&claims_with("pad", json!("x".repeat(pad))));
    let mut pad = 2_800;
    while padded(pad + 1).len() <= TOKEN_BYTES_MAX {
        pad += 1;
    }
    assert!(auth().verify(&padded(pad)).is_ok());
    assert_eq!(auth().verify(&padded(pad + 2)).unwrap_err(), Error::TooLong);
}

#[test]
fn issuer_and_audience_count_where_they_are_configured() {
    let auth = auth_with(Some("https://id.example"), Some("lapak"));
    let token = |iss: Value, aud: Value| {
        let mut claims = claims();
        (claims["iss"], claims["aud"]) = (iss, aud);
        hs(&claims.to_string())
    };
    let right = json!("https://id.example");
    for (iss, aud, expected) in [
        (right.clone(), json!("lapak"), Ok(())),
        (right.clone(), json!(["other", "lapak"]), Ok(())),
        (right.clone(), json!("other"), Err(Error::Foreign("aud"))),
        (right.clone(), json!([]), Err(Error::Foreign("aud"))),
        (right.clone(), json!({"lapak": 1}), Err(Error::Claim("aud"))),
        (right.clone(), json!([["lapak"]]), Err(Error::Claim("aud"))),
        (
            json!("https://id.example/"),
            json!("lapak"),
            Err(Error::Foreign("iss")),
        ),
        (json!(7), json!("lapak"), Err(Error::Claim("iss"))),
    ] {
        assert_eq!(
            auth.verify(&token(iss.clone(), aud.clone())).map(|_| ()),
            expected,
            "{iss} {aud}"
        );
    }
    assert_eq!(
        auth.verify(&hs(&claims().to_string())),
        Err(Error::Foreign("iss"))
    );
}

#[test]
fn an_identity_says_what_the_token_said() {
    let token = hs(&claims_with("lives", json!(["live-1"])));
    let identity = auth().verify(&token).unwrap();
    assert_eq!(
        (identity.sub.as_str(), identity.shop.as_str()),
        ("alice", "toko")
    );
    assert_eq!(
        (identity.role, identity.exp_ms),
        (Role::Viewer, (NOW_S + 600) * 1_000)
    );
    assert!(identity.may_enter("live-1") && !identity.may_enter("live-2"));
    assert!(!identity.expired(identity.exp_ms) && identity.expired(identity.exp_ms + 1));
}

#[test]
fn what_we_issue_we_take() {
    let auth = auth_with(Some("https://id.example"), Some("lapak"));
    for role in ["viewer", "moderator", "host", "admin", "service"] {
        let identity = Identity {
            sub: "alice-1".into(),
            shop: "toko".into(),
            role: role.parse().unwrap(),
            lives: Some(vec!["live-1".into()]),
            exp_ms: (NOW_S + 60) * 1_000,
        };
        assert_eq!(
            auth.verify(&auth.issue(&identity).unwrap()).unwrap(),
            identity
        );
    }
}

#[test]
fn keys_rotate_while_the_door_is_open() {
    let auth = auth();
    let token = hs(&claims().to_string());
    assert!(auth.verify(&token).is_ok());
    let fresh = KeyConfig::hs256("new", Secret::new(OTHER_SECRET));
    auth.replace_keys(KeySet::load(&[fresh]).unwrap());
    assert_eq!(auth.verify(&token), Err(Error::UnknownKey));
    let unnamed = raw(
        r#"{"alg":"HS256"}"#,
        &claims().to_string(),
        &Signer::Hmac(OTHER_SECRET),
    );
    assert!(
        auth.verify(&unnamed).is_ok(),
        "with one key the name may be left out"
    );
}

#[test]
fn the_caller_learns_only_that_it_expired_or_is_not_valid() {
    assert_eq!(Error::Expired.code(), "token_expired");
    let mut said: Vec<String> = [
        Error::Signature,
        Error::UnknownKey,
        Error::Malformed,
        Error::Claim("sub"),
        Error::Foreign("aud"),
        Error::TooLong,
    ]
    .map(|error| Problem::from(error).body().to_string())
    .to_vec();
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn the_bearer_header() {
    let ask = |values: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                "authorization",
                axum::http::HeaderValue::from_bytes(value).unwrap(),
            );
        }
        bearer(&headers).map(|token| token.map(str::to_owned))
    };
    assert_eq!(ask(&[]), Ok(None));
    assert_eq!(ask(&[b"Bearer abc"]), Ok(Some("abc".into())));
    assert_eq!(ask(&[b"bearer abc "]), Ok(Some("abc".into())));
    for bad in [
        &[&b"Basic abc"[..]][..],
        &[b"abc"],
        &[b""],
        &[b"Bearer"],
        &[b"Bearer \xff"],
        &[b"Bearer a", b"Bearer b"],
    ] {
        assert_eq!(ask(bad), Err(Error::Malformed), "{bad:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_token_makes_it_panic(token in "\\PC{0,200}|[A-Za-z0-9_.-]{0,400}") {
        proptest::prop_assert!(auth().verify(&token).is_err());
    }
}
