//! Requests: what one node hands to all, before anybody has decided it.
//!
//! Every node decides what it reads here with the same rules, so a request has to be read by
//! every version that runs at the same time, and by a later one that finds it undecided.

use super::wire::{Code, CodecError, Reader, Writer, choice, record};
use crate::domain::command::{DropSpec, OrderSpec};
use crate::domain::{Command, PaymentNote, Request, ShopId};

/// The first byte of a request. It counts with the entries' formats, whose types it shares:
/// there was no request of format 1.
const REQUEST_FORMAT: u8 = 2;

/// Appends a shop's request to `out`.
pub fn encode_request(shop: &ShopId, request: &Request, out: &mut Vec<u8>) {
    out.push(REQUEST_FORMAT);
    let mut writer = Writer::new(out);
    shop.put(&mut writer);
    request.put(&mut writer);
}

/// Reads a request; the bytes must be one whole request and nothing else. Total: any bytes give
/// a result, and memory stays within a small multiple of their number.
pub fn decode_request(bytes: &[u8]) -> Result<(ShopId, Request), CodecError> {
    let mut reader = Reader::new(bytes);
    reader.format(REQUEST_FORMAT..=REQUEST_FORMAT)?;
    let request = (ShopId::take(&mut reader)?, Request::take(&mut reader)?);
    reader.end()?;
    Ok(request)
}

record! {
    Request { by, key, command }
    DropSpec {
        drop, live, sku, price, units, mode, opens_at, ends_at, per_customer_limit,
        booking_timeout_ms, pinned,
    }
    OrderSpec { order, customer, origin, currency, lines }
    PaymentNote { payment, named, status, amount, currency, method, expires_at }
}

choice! {
    Command {
        1 => Book { booking, live, drop, sku, qty, accept_partial, join_waitlist },
        2 => Cancel { booking, qty },
        3 => Leave { drop },
        4 => CancelBooking { booking, reason },
        5 => OpenDrop(spec),
        6 => ChangeDrop { drop, units, price, per_customer_limit, ends_at },
        7 => PauseDrop { drop },
        8 => ResumeDrop { drop },
        9 => CloseDrop { drop, withdraw },
        10 => PinDrop { drop, pinned },
        11 => ExtendDrop { drop, by_ms },
        12 => AddStock { sku, qty, reason },
        13 => SetStock { sku, on_hand, reason, force },
        14 => PutSku { sku, spec, on_hand },
        15 => ActivateSkus { skus, active },
        16 => RestrictCustomer { customer, restricted },
        17 => GroupCustomer { customer, group },
        18 => AdjustReputation { customer, delta, reason },
        19 => ChangeSettings(settings),
        20 => PutLive { live, spec },
        21 => EndLive { live },
        22 => SeeCustomer { customer, absent },
        23 => Expire { booking },
        24 => StartDrop { drop },
        25 => EndDrop { drop },
        26 => SettleDrop { drop },
        27 => Forget { before },
        28 => StartCheckout { checkout, bookings },
        29 => LeaveCheckout { checkout },
        30 => PlaceOrder { checkout },
        31 => TakeOrder(spec),
        32 => StartPayment { order, payment, method, expires_at, by },
        33 => NotePayment(note),
        34 => ReceivePayment { order, payment, amount, method, reference },
        35 => ConfirmOrder { order, secured },
        36 => CancelOwnOrder { order, lines },
        37 => CancelOrder { order, lines, reason, at_customers_request },
        38 => ShipOrder { order },
        39 => FinishOrder { order },
        40 => RefuseOrder { order },
        41 => ReturnOrder { order, line, qty, restock, reason },
        42 => RefundOrder { order, amount, reference },
        43 => ExpireOrder { order },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::any::Gen;
    use super::*;
    use crate::domain::{
        Actor, BookingId, CustomerId, DropId, LiveId, RequestKey, Role, Settings, SkuId,
    };

    fn encoded(shop: &ShopId, request: &Request) -> Vec<u8> {
        let mut out = Vec::new();
        encode_request(shop, request, &mut out);
        out
    }

    proptest! {
        #[test]
        fn any_request_is_read_back_equal(seed: u64) {
            let (shop, request): (ShopId, Request) = Gen::new(seed).any();
            let bytes = encoded(&shop, &request);
            prop_assert_eq!(decode_request(&bytes), Ok((shop, request)));
        }

        #[test]
        fn any_bytes_are_a_request_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_request(&bytes);
            if let Some(first) = bytes.first_mut() {
                *first = REQUEST_FORMAT;
            }
            let _ = decode_request(&bytes);
        }

        #[test]
        fn a_cut_or_a_flipped_bit_is_an_error_or_another_request(
            seed: u64, cut: prop::sample::Index, bit: prop::sample::Index,
        ) {
            let (shop, request): (ShopId, Request) = Gen::new(seed).any();
            let mut bytes = encoded(&shop, &request);
            prop_assert!(decode_request(&bytes[..cut.index(bytes.len())]).is_err());
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(decode_request(&bytes), Ok((shop, request)));
        }
    }

    /// A command that is new fails to compile in `choice!`, and then here until it has a tag.
    #[test]
    fn every_command_is_made_up_and_read_back() {
        let mut g = Gen::new(1);
        for _ in 0..2_000 {
            let (shop, request): (ShopId, Request) = g.any();
            let bytes = encoded(&shop, &request);
            assert_eq!(decode_request(&bytes), Ok((shop, request)));
        }
        let used: Vec<_> = g.used.iter().map(|(of, tags)| (*of, tags.len())).collect();
        let variants = [
            ("Command", 43),
            ("Method", 8),
            ("Mode", 2),
            ("OrderOrigin", 3),
            ("PayBy", 2),
            ("PaymentStatus", 6),
            ("Role", 5),
            ("Secured", 2),
            ("Video", 5),
        ];
        assert_eq!(used, variants);
        let tags: Vec<u8> = g.used["Command"].iter().copied().collect();
        assert_eq!(tags, (1..=43).collect::<Vec<_>>());
    }

    /// The bytes for good: nodes of two versions read each other's while one is replaced.
    #[test]
    fn the_format_stays_as_it_is() {
        let shop = ShopId::new("demo").unwrap();
        let request = Request {
            by: Actor {
                role: Role::Viewer,
                name: CustomerId::new("alice").unwrap(),
            },
            key: Some(RequestKey {
                id: 5,
                body: 0x0102_0304_0506_0708,
            }),
            command: Command::Book {
                booking: BookingId(9),
                live: LiveId::new("live").unwrap(),
                drop: DropId(7),
                sku: SkuId::new("hijab").unwrap(),
                qty: 300,
                accept_partial: true,
                join_waitlist: false,
            },
        };
        let hex = encoded(&shop, &request)
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        let parts = [
            "02",                                 // format
            "0464656d6f",                         // shop "demo"
            "00",                                 // viewer
            "0005616c696365",                     // customer 0, spelled: "alice"
            "01",                                 // there is a key
            "05000000000000000000000000000000",   // id
            "0807060504030201",                   // body
            "01",                                 // book
            "09000000000000000000000000000000",   // booking
            "00046c697665",                       // live 0, spelled: "live"
            "0007000000000000000000000000000000", // drop 0, spelled: 7
            "000568696a6162",                     // SKU 0, spelled: "hijab"
            "ac02",                               // 300 units
            "0100",                               // some will do; no waiting
        ];
        assert_eq!(hex, parts.concat());
    }

    /// All settings are in a request, those too that the first entries did not have.
    #[test]
    fn settings_are_whole() {
        let settings = Settings {
            late_wait_ms: 77,
            checkout_extends_hold: false,
            return_reverses_reward: true,
            ..Settings::default()
        };
        let request = Request {
            by: Actor {
                role: Role::Admin,
                name: CustomerId::new("ani").unwrap(),
            },
            key: None,
            command: Command::ChangeSettings(settings.into()),
        };
        let shop = ShopId::new("demo").unwrap();
        let bytes = encoded(&shop, &request);
        assert_eq!(decode_request(&bytes), Ok((shop, request)));
    }

    #[test]
    fn a_lie_about_a_length_takes_no_memory() {
        let shop = ShopId::new("demo").unwrap();
        let request = Request {
            by: Actor {
                role: Role::Host,
                name: CustomerId::new("ani").unwrap(),
            },
            key: None,
            command: Command::ActivateSkus {
                skus: Vec::new(),
                active: true,
            },
        };
        let mut bytes = encoded(&shop, &request);
        bytes.truncate(bytes.len() - 2);
        bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(decode_request(&bytes), Err(CodecError::Short));
        assert_eq!(decode_request(&[]), Err(CodecError::Short));
        for format in [0, 1, 3] {
            assert_eq!(decode_request(&[format]), Err(CodecError::Format(format)));
        }
        let mut more = encoded(&shop, &request);
        more.push(0);
        assert_eq!(decode_request(&more), Err(CodecError::Trailing(1)));
    }
}
