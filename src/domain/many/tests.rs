//! The map of many is the map it replaces, and moves nothing.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::id::RequestId;
use crate::domain::shop::Kept;
use crate::domain::{Booking, BookingId, CustomerId};

/// What is done to a map; keys are few, so that they come again.
#[derive(Debug, Clone)]
enum Step {
    Insert(u16, u8),
    Add(u16),
    Change(u16, u8),
    Remove(u16),
    /// Takes this many thousandths of all, from the front.
    RemoveFirst(usize),
    /// Puts this many keys in that were never there.
    Fill(usize),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0_u16..60;
    prop_oneof![
        8 => (key.clone(), any::<u8>()).prop_map(|(k, v)| Step::Insert(k, v)),
        4 => key.clone().prop_map(Step::Add),
        4 => (key.clone(), any::<u8>()).prop_map(|(k, v)| Step::Change(k, v)),
        8 => key.prop_map(Step::Remove),
        2 => (0_usize..=1_000).prop_map(Step::RemoveFirst),
        3 => (0_usize..STRETCH * 3).prop_map(Step::Fill),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is done to it, it is what the plain map is, in the same order.
    #[test]
    fn many_are_a_map_that_keeps_its_order(
        steps in vec(step(), 0..60),
        first in prop_oneof![Just(0), Just(u32::MAX - 1_500)],
    ) {
        let mut many = Many { first, ..Many::default() };
        let mut map: IndexMap<u32, u8> = IndexMap::new();
        let mut fresh = 1_000;
        for step in steps {
            match step {
                Step::Insert(key, value) => {
                    let key = u32::from(key);
                    prop_assert_eq!(many.insert(key, value), map.insert(key, value));
                }
                Step::Add(key) => {
                    let key = u32::from(key);
                    let own = many.get_or_default(&key);
                    *own = own.wrapping_add(1);
                    let own = map.entry(key).or_default();
                    *own = own.wrapping_add(1);
                }
                Step::Change(key, value) => {
                    let key = u32::from(key);
                    let (own, other) = (many.get_mut(&key), map.get_mut(&key));
                    prop_assert_eq!(own.is_some(), other.is_some());
                    own.into_iter().chain(other).for_each(|own| *own = value);
                }
                Step::Remove(key) => {
                    let key = u32::from(key);
                    prop_assert_eq!(many.remove(&key), map.swap_remove(&key));
                }
                Step::RemoveFirst(share) => {
                    let count = map.len() * share / 1_000;
                    many.remove_first(count);
                    map.drain(..count);
                }
                Step::Fill(count) => {
                    many.put_many((fresh..).take(count).map(|key| (key, 7)), |_, _| {});
                    map.extend((fresh..).take(count).map(|key| (key, 7)));
                    fresh += u32::try_from(count).unwrap();
                }
                Step::Clear => {
                    many.clear();
                    map.clear();
                }
            }
            prop_assert!(many.iter().eq(map.iter()));
            prop_assert_eq!((many.len(), many.is_empty()), (map.len(), map.is_empty()));
            prop_assert_eq!(many.first(), map.first());
            for key in (0..60).chain(1_000..1_100) {
                prop_assert_eq!(many.get(&key), map.get(&key));
            }
            prop_assert!(map.keys().all(|key| many.contains_key(key)));
            let room: usize = many.stretches.iter().map(Vec::capacity).sum();
            prop_assert!(room <= many.len() + 2 * STRETCH, "{room} places for {}", many.len());
        }
    }
}

#[test]
fn maps_are_equal_in_whatever_order() {
    let of = |items: &[(u8, u8)]| {
        let mut many = Many::default();
        many.put_many(items.iter().copied(), |_, _| {});
        many
    };
    assert_eq!(of(&[(1, 2), (3, 4)]), of(&[(3, 4), (1, 2)]));
    assert_ne!(of(&[(1, 2), (3, 4)]), of(&[(1, 2), (3, 5)]));
    assert_ne!(of(&[(1, 2), (3, 4)]), of(&[(1, 2)]));
    assert_ne!(of(&[(1, 2), (3, 4)]), of(&[(1, 2), (5, 4)]));
    assert_eq!(format!("{:?}", of(&[(1, 2)])), "{1: 2}");
}

/// What has been put in stays where it is: nobody waits until millions have been copied.
#[test]
fn growing_moves_nothing() {
    let mut many = Many::default();
    let mut places = BTreeSet::new();
    let place = |many: &Many<usize, [u64; 12]>, key: usize| {
        std::ptr::from_ref(many.get(&key).unwrap()).addr()
    };
    // The first stretch begins small, and is moved until it is full.
    for key in 0..STRETCH * 20 {
        many.insert(key, [0; 12]);
        if key >= STRETCH {
            assert!(places.insert(place(&many, key)));
        }
    }
    for key in STRETCH..STRETCH * 20 {
        assert!(places.remove(&place(&many, key)), "{key} has moved");
    }
}

/// A restart with a million bookings mostly waits for memory: what one takes is decided here.
#[test]
fn a_booking_and_its_answer_stay_small() {
    assert_eq!(size_of::<Option<(BookingId, Booking)>>(), 104);
    assert_eq!(size_of::<Option<((CustomerId, RequestId), Kept)>>(), 104);
    assert_eq!(size_of::<Spot>(), 8);
}
