//! Which sets of keys are taken, and that nothing of a secret is ever shown.

use super::*;

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAeSmnwD51zOgtE5486VDbZng8Um72cZJ3yewG51KyM70=
-----END PUBLIC KEY-----
";
const CANARY: &str = "canary-canary-canary-canary-canary";

fn hs(kid: &str, secret: &str) -> KeyConfig {
    KeyConfig::hs256(kid, Secret::new(secret.as_bytes()))
}

#[test]
fn a_key_without_kid_is_found_only_when_it_is_the_only_one() {
    let one = KeySet::load(&[hs("a", CANARY)]).unwrap();
    assert!(
        one.find(None).is_some() && one.find(Some("a")).is_some() && one.find(Some("b")).is_none()
    );
    let two = KeySet::load(&[hs("a", CANARY), KeyConfig::eddsa("b", PUBLIC)]).unwrap();
    assert!(two.find(None).is_none());
    assert_eq!(two.find(Some("b")).unwrap().algorithm(), Algorithm::EdDSA);
}

#[test]
fn the_first_key_that_can_sign_does() {
    let set = KeySet::load(&[
        KeyConfig::eddsa("a", PUBLIC),
        hs("b", CANARY),
        hs("c", CANARY),
    ])
    .unwrap();
    assert_eq!(set.signing().unwrap().0, "b");
    let set = KeySet::load(&[KeyConfig::eddsa("a", PUBLIC)]).unwrap();
    assert!(matches!(set.signing(), Err(Error::CannotSign)));
}

#[test]
fn keys_come_from_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = (
        folder.path().join("secret"),
        folder.path().join("public.pem"),
    );
    std::fs::write(&secret, format!("{CANARY}\n")).unwrap();
    std::fs::write(&public, PUBLIC).unwrap();
    let hs = KeyConfig {
        secret: None,
        secret_file: Some(secret),
        ..hs("a", "")
    };
    let ed = KeyConfig {
        public_key: None,
        public_key_file: Some(public),
        ..KeyConfig::eddsa("b", "")
    };
    let set = KeySet::load(&[hs, ed]).unwrap();
    assert_eq!(set.signing().unwrap().1.as_bytes(), CANARY.as_bytes());
    assert!(set.find(Some("b")).is_some());
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    let missing = PathBuf::from("/nonexistent/key");
    let folder = tempfile::tempdir().unwrap();
    let huge = folder.path().join("huge");
    std::fs::write(&huge, "x".repeat(16 * 1024 + 1)).unwrap();
    let from = |path: &PathBuf| KeyConfig {
        secret: None,
        secret_file: Some(path.clone()),
        ..hs("a", "")
    };
    let both = KeyConfig {
        secret_file: Some(missing.clone()),
        ..hs("a", CANARY)
    };
    let foreign = KeyConfig {
        public_key: Some(PUBLIC.into()),
        secret: None,
        ..hs("a", "")
    };
    let table: Vec<(Vec<KeyConfig>, &str)> = vec![
        (vec![], "no key is configured"),
        (vec![hs("", CANARY)], "kid has to be"),
        (vec![hs("../../etc/passwd", CANARY)], "kid has to be"),
        (vec![hs("a'; DROP", CANARY)], "kid has to be"),
        (vec![hs(&"k".repeat(65), CANARY)], "kid has to be"),
        (vec![hs("a", CANARY), hs("a", CANARY)], "configured twice"),
        (vec![hs("a", &CANARY[..31])], "the secret has 31 bytes"),
        (vec![both], "exactly one of secret, secret_file"),
        (vec![foreign], "exactly one of secret, secret_file"),
        (
            vec![KeyConfig {
                alg: KeyAlgorithm::EdDSA,
                ..hs("a", CANARY)
            }],
            "exactly one of public_key",
        ),
        (vec![from(&missing)], "cannot read /nonexistent/key"),
        (vec![from(&huge)], "too many for a key"),
        (
            vec![KeyConfig::eddsa("a", "no pem")],
            "no Ed25519 public key",
        ),
        (vec![KeyConfig::eddsa("a", "")], "no Ed25519 public key"),
        (
            vec![KeyConfig::eddsa("a", PUBLIC.replace("MCow", "AAAA"))],
            "no Ed25519 public key",
        ),
    ];
    for (configs, reason) in table {
        let error = KeySet::load(&configs).unwrap_err().to_string();
        assert!(error.contains(reason), "{error:?} does not say {reason:?}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn thirty_two_bytes_are_enough() {
    assert!(KeySet::load(&[hs("a", &CANARY[..32])]).is_ok());
}

#[test]
fn a_secret_is_shown_nowhere() {
    let config = hs("a", CANARY);
    let set = KeySet::load(std::slice::from_ref(&config)).unwrap();
    let shown = format!("{config:?} {set:?} {}", toml::to_string(&config).unwrap());
    assert!(
        shown.contains("[secret]") && !shown.contains("canary"),
        "{shown}"
    );
}

#[test]
fn the_settings_refuse_fields_they_do_not_know() {
    let config: KeyConfig =
        toml::from_str(&format!("kid = 'a'\nalg = 'HS256'\nsecret = '{CANARY}'")).unwrap();
    assert!(KeySet::load(&[config]).is_ok());
    for bad in [
        "kid = 'a'\nalg = 'none'",
        "kid = 'a'\nalg = 'RS256'",
        "kid = 'a'\nalg = 'HS256'\nsecrets = 'x'",
    ] {
        assert!(toml::from_str::<KeyConfig>(bad).is_err(), "{bad}");
    }
}
