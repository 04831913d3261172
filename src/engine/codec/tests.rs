//! Everything that is written is read back equal; nothing that is read can do harm.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use std::fmt::Write as _;

use super::any::Gen;
use super::*;
use crate::domain::event::Terms;
use crate::domain::shop::Kept;
use crate::domain::{
    Actor, Answer, Booking, BookingId, BookingState, CommandName, Customer, CustomerId, Event,
    Millis, Origin, Rejection, RequestKey, Role, Settings,
};
use crate::engine::program::Program;

fn encoded(shop: &ShopId, decision: &Decision) -> Vec<u8> {
    let mut out = Vec::new();
    encode_entry(shop, decision, &mut out);
    out
}

proptest! {
    #[test]
    fn any_decision_is_read_back_equal(seed: u64) {
        let mut g = Gen::new(seed);
        let (shop, decision): (ShopId, Decision) = g.any();
        let bytes = encoded(&shop, &decision);
        prop_assert_eq!(decode_entry(&bytes), Ok((shop, decision)));
    }

    #[test]
    fn any_bytes_are_an_entry_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_entry(&bytes);
        let _ = decode_snapshot(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = 1 + *first % 3;
        }
        let _ = decode_entry(&bytes);
        let _ = decode_snapshot(&bytes);
    }

    #[test]
    fn a_cut_or_a_flipped_bit_is_an_error_or_another_entry(seed: u64, cut: prop::sample::Index, bit: prop::sample::Index) {
        let mut g = Gen::new(seed);
        let (shop, decision): (ShopId, Decision) = g.any();
        let mut bytes = encoded(&shop, &decision);
        prop_assert!(decode_entry(&bytes[..cut.index(bytes.len())]).is_err());
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(decode_entry(&bytes), Ok((shop, decision)));
    }
}

#[test]
fn every_variant_is_made_up_and_read_back() {
    let mut g = Gen::new(1);
    for _ in 0..2_000 {
        let (shop, decision): (ShopId, Decision) = g.any();
        assert_eq!(
            decode_entry(&encoded(&shop, &decision)),
            Ok((shop, decision))
        );
    }
    let used: Vec<_> = g.used.iter().map(|(of, tags)| (*of, tags.len())).collect();
    let variants = [
        ("Answer", 10),
        ("BookingEnd", 4),
        ("CommandName", 44),
        ("Count", 3),
        ("Event", 42),
        ("Method", 8),
        ("Mode", 2),
        ("OrderOrigin", 3),
        ("OrderState", 11),
        ("Origin", 3),
        ("PayBy", 2),
        ("PaymentStatus", 6),
        ("Rejection", 27),
        ("ReputationCause", 7),
        ("Role", 5),
        ("Secured", 2),
        ("Video", 5),
    ];
    assert_eq!(used, variants);
}

/// The bytes of both formats, for good: a journal of today is read by every later version.
#[test]
fn formats_stay_as_they_are() {
    let decision = Decision {
        at: Millis(1_700_000_000_000),
        by: Actor {
            role: Role::Viewer,
            name: CustomerId::new("alice").unwrap(),
        },
        key: Some(RequestKey {
            id: 5,
            body: 0x0102_0304_0506_0708,
        }),
        command: CommandName::Book,
        outcome: Err(Rejection::SoldOut {
            available: 1,
            waiting: 300,
        }),
        events: vec![Event::Extended {
            booking: BookingId(9),
            customer: CustomerId::new("alice").unwrap(),
            deadline: Millis(1_700_000_060_000),
        }],
        counts: Vec::new(),
    };
    let shop = ShopId::new("demo").unwrap();
    let hex = encoded(&shop, &decision)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    let parts = [
        "03",                               // format
        "0464656d6f",                       // shop "demo"
        "80a0abfef962",                     // at, twice the milliseconds
        "00",                               // viewer
        "0005616c696365",                   // text 0, spelled: "alice"
        "01",                               // there is a key
        "05000000000000000000000000000000", // id
        "0807060504030201",                 // body
        "01",                               // refused
        "0f01ac02",                         // sold out: 1 left, 300 wait
        "01",                               // one event
        "07",                               // extended
        "09000000000000000000000000000000", // booking
        "00",                               // text 0 again
        "c0a907",                           // 60 s later
        "00",                               // no counts
        "01",                               // book
    ];
    assert_eq!(hex, parts.concat());
    let nameless = Decision {
        command: CommandName::Unknown,
        ..decision.clone()
    };
    for format in [1, 2] {
        let mut earlier = encoded(&shop, &decision);
        earlier[0] = format;
        earlier.pop();
        assert_eq!(decode_entry(&earlier), Ok((shop.clone(), nameless.clone())));
    }
}

/// Settings as format 1 wrote them: what was added since is at its default.
#[test]
fn settings_of_format_1_are_read() {
    let mut w = vec![1];
    let mut writer = Writer::new(&mut w);
    for number in [1_100_u64, 3, 9, 1, 2, 4] {
        writer.number(number);
    }
    writer.bytes(&[10, 11, 12, 5]); // reputation lost and gained
    for number in [6_u64, 7, 8, 9, 10] {
        writer.number(number);
    }
    writer.bytes(&[1, 20]); // a pause freezes; least reputation
    writer.number(0);
    writer.bytes(&[0, 0]); // no groups, no bands
    let mut reader = Reader::new(&w);
    reader.format(1..=2).unwrap();
    let read = Settings::take(&mut reader).unwrap();
    reader.end().unwrap();
    let known = (read.vat_bp, read.booking_timeout_ms, read.reward_paid);
    assert_eq!(known, (1_100, 4, 5));
    assert_eq!((read.min_reputation, read.pause_freezes_holds), (20, true));
    let default = Settings::default();
    assert_eq!(read.late_wait_ms, default.late_wait_ms);
    assert!(read.checkout_extends_hold);
}

#[test]
fn a_lie_about_a_length_takes_no_memory() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let mut entry = vec![2];
    entry.extend(huge);
    assert_eq!(decode_entry(&entry), Err(CodecError::Short));
    let mut snapshot = vec![2];
    snapshot.extend(huge);
    assert_eq!(decode_snapshot(&snapshot), Err(CodecError::Short));
    assert_eq!(decode_entry(&[]), Err(CodecError::Short));
    assert_eq!(decode_entry(&[4]), Err(CodecError::Format(4)));
    assert_eq!(decode_snapshot(&[2, 0, 0]), Err(CodecError::Trailing(1)));
}

/// A field that a rule can name and that has no number here would be told to the client under
/// another name after a restart.
#[test]
fn every_field_that_a_rule_names_has_a_number() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain");
    let mut files = vec![std::path::PathBuf::from(rules)];
    let mut named = std::collections::BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(path.read_dir().unwrap().map(|file| file.unwrap().path()));
            continue;
        }
        // What must hold has names of its own.
        if path.components().any(|part| part.as_os_str() == "verify") {
            continue;
        }
        // A test's names are no field's names.
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for after in text
            .split("Invalid(\"")
            .skip(1)
            .chain(text.split(" (\"").skip(1))
        {
            let (name, rest) = after.split_once('"').unwrap();
            if rest.starts_with([')', ',']) {
                named.insert(name.to_owned());
            }
        }
    }
    assert!(named.len() > 30, "{named:?}");
    named.retain(|name| !super::outcome::FIELDS.contains(&name.as_str()));
    assert_eq!(named, std::collections::BTreeSet::new());
}

#[test]
fn a_shop_that_has_lived_is_read_back_equal() {
    for seed in 0..40 {
        let mut program = Program::new(seed);
        for step in 0..400 {
            program.step();
            if step % 57 == 0 {
                let shops = program.shops();
                let bytes = encode_snapshot(&shops);
                let back = decode_snapshot(&bytes).unwrap();
                assert_eq!(back, shops, "seed {seed}, step {step}");
                assert_eq!(encode_snapshot(&back), bytes, "seed {seed}, step {step}");
            }
        }
    }
}

#[test]
fn a_damaged_snapshot_never_panics() {
    let mut program = Program::new(3);
    (0..300).for_each(|_| program.step());
    let bytes = encode_snapshot(&program.shops());
    for cut in 0..bytes.len() {
        assert!(decode_snapshot(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for bit in (0..bytes.len() * 8).step_by(11) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _ = decode_snapshot(&flipped);
    }
}

/// A shop with so many bookings that two threads put them back.
#[test]
fn a_large_shop_is_read_back_equal_and_its_damage_is_noticed() {
    let mut program = Program::new(1);
    (0..100).for_each(|_| program.step());
    let mut booked = program.decisions.iter().flat_map(|d| &d.events);
    let (customer, drop) = booked
        .find_map(|event| match event {
            Event::Booked { customer, drop, .. } => Some((customer.clone(), *drop)),
            _ => None,
        })
        .unwrap();
    let bookings = (0..30_000_u128).map(|n| {
        let booking = Booking {
            customer: customer.clone(),
            drop,
            qty: 1,
            price: 5,
            booked_at: Millis(9),
            deadline: Millis(10 + u64::try_from(n / 3).unwrap()),
            terms: Terms::default(),
            origin: Origin::Tap,
            extended: false,
            state: BookingState::Held,
        };
        (BookingId(n.rotate_right(7)), booking)
    });
    program.shop = Shop::default();
    program
        .shop
        .customers
        .insert(customer.clone(), Customer::default());
    program.shop.put_back_bookings(30_000, bookings);
    let kept = Kept {
        body: 1,
        at: Millis(3),
        outcome: Ok(Answer::Left),
    };
    let answers = (0..30_000).map(|n| (customer.clone(), n, kept.clone()));
    program.shop.put_back_answers(30_000, answers);

    let shops = program.shops();
    let bytes = encode_snapshot(&shops);
    assert!(decode_snapshot(&bytes).unwrap() == shops);
    for cut in [bytes.len() / 5, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(decode_snapshot(&bytes[..cut]), Err(CodecError::Short));
    }
}
