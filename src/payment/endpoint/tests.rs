//! Which settings make an endpoint, and which do not.

use super::*;

const LONG: &str = "a secret that is long enough";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn read_settings(text: &str) -> Result<Gateways, String> {
    let config: PaymentsConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    Gateways::open(&config).map_err(|error| error.to_string())
}

fn endpoint(name: &str, kind: &str, secret: &str) -> String {
    format!(
        "[[endpoints]]\nname = {name:?}\nshop = \"toko\"\nkind = {kind:?}\nsecrets = [{secret:?}]\n"
    )
}

#[test]
fn endpoints_of_every_kind_are_opened() {
    let text = endpoint("a", "standard", WHSEC)
        + &endpoint("b", "midtrans", LONG)
        + &endpoint("c", "xendit", LONG)
        + &endpoint("d", "sandbox", WHSEC);
    let gateways = read_settings(&text).unwrap();
    let names = ["a", "b", "c", "d"].map(|name| gateways.find(name).unwrap().gateway());
    assert_eq!(names, ["a", "midtrans", "xendit", "sandbox"]);
    assert!(gateways.find("e").is_none() && gateways.has_sandbox());
    assert!(!read_settings("").unwrap().has_sandbox());
}

#[test]
fn a_sandbox_makes_a_secret_if_it_is_given_none() {
    let text = "[[endpoints]]\nname = \"uji\"\nshop = \"toko\"\nkind = \"sandbox\"\n";
    let (one, two) = (read_settings(text).unwrap(), read_settings(text).unwrap());
    let sign = |gateways: &Gateways| {
        let sandbox = gateways.find("uji").unwrap().sandbox().unwrap();
        sandbox.keys().sign("a", "1", b"")
    };
    assert_ne!(sign(&one), sign(&two));
}

#[test]
fn wrong_settings_are_named_and_no_secret_is_told() {
    let of = |kind: &str, secret: &str| endpoint("bayar", kind, secret);
    for (text, wanted) in [
        (endpoint("", "midtrans", LONG), "name"),
        (endpoint("Bayar", "midtrans", LONG), "name"),
        (endpoint("a/b", "midtrans", LONG), "name"),
        (endpoint("a.b", "midtrans", LONG), "name"),
        (endpoint(&"a".repeat(25), "midtrans", LONG), "name"),
        (endpoint("midtrans", "standard", WHSEC), "name"),
        (endpoint("manual", "standard", WHSEC), "name"),
        (of("midtrans", LONG) + &of("xendit", LONG), "twice"),
        (of("midtrans", LONG).replace("toko", ""), "shop"),
        (of("midtrans", "hidden value"), "24 bytes"),
        (of("xendit", ""), "24 bytes"),
        (of("standard", LONG), "whsec_"),
        (of("sandbox", LONG), "whsec_"),
        (of("standard", "whsec_aGlkZGVu"), "whsec_"),
        (
            "[[endpoints]]\nname=\"a\"\nshop=\"t\"\nkind=\"xendit\"".into(),
            "secret",
        ),
        (of("stripe", LONG), "unknown variant"),
        (of("xendit", LONG) + "secret = \"hidden\"", "unknown field"),
        (
            of("xendit", LONG) + "secret_files = [\"/not/there\"]",
            "/not/there",
        ),
    ] {
        let said = read_settings(&text)
            .err()
            .unwrap_or_else(|| panic!("{text}"));
        assert!(said.contains(wanted), "{text}: {said}");
        let ours = said.lines().filter(|line| !line.contains('|'));
        for line in ours {
            assert!(
                !line.contains("hidden") || line.contains("unknown"),
                "{line}"
            );
            assert!(!line.contains(LONG), "{line}");
        }
    }
}

#[test]
fn secrets_are_read_from_files_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("\n{LONG} \n")).unwrap();
    let text = format!(
        "[[endpoints]]\nname = \"x\"\nshop = \"toko\"\nkind = \"xendit\"\nsecret_files = [{path:?}]\n"
    );
    let gateways = read_settings(&text).unwrap();
    let said = gateways.find("x").unwrap().hear(
        |name| (name == "x-callback-token").then_some(LONG),
        b"{}",
        0,
    );
    assert_eq!(said, Ok(Said::Beside));
    let config: PaymentsConfig = toml::from_str(&endpoint("x", "xendit", LONG)).unwrap();
    let shown = format!(
        "{gateways:?} {config:?} {}",
        toml::to_string(&config).unwrap()
    );
    assert!(!shown.contains(LONG), "{shown}");
    std::fs::write(&path, vec![b'x'; 20_000]).unwrap();
    assert!(read_settings(&text).unwrap_err().contains("too many"));
}

#[test]
fn gateways_are_asked_by_the_payments_prefix_and_the_shop() {
    let text = endpoint("d", "sandbox", WHSEC) + &endpoint("b", "midtrans", LONG);
    let gateways = read_settings(&text).unwrap();
    let (shop, other) = (ShopId::new("toko").unwrap(), ShopId::new("lain").unwrap());
    let wanted = Wanted {
        order: "order-1".into(),
        amount: 100,
        currency: crate::catalog::Currency::IDR,
        expires_at: 1_000,
    };
    let started = gateways.start(&shop, &wanted, 7 << 32, 0).unwrap();
    let Inquiry::Stands(notice) = gateways.ask(&shop, &started.payment) else {
        panic!("not known");
    };
    assert_eq!((notice.order.as_str(), notice.amount), ("order-1", 100));
    assert_eq!(gateways.ask(&shop, "sandbox/x"), Inquiry::Unknown);
    assert_eq!(gateways.ask(&shop, "midtrans/x"), Inquiry::CannotAsk);
    assert_eq!(gateways.ask(&shop, "manual/x"), Inquiry::CannotAsk);
    assert_eq!(gateways.ask(&other, &started.payment), Inquiry::CannotAsk);
    assert_eq!(gateways.start(&other, &wanted, 7, 0), None);
}
