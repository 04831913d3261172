//! The maps of what a shop has very many of. A restart puts millions of keys back, and strangers
//! choose some of them: so the hash is short, and keyed anew in every process.

use std::hash::Hash;
use std::hint::black_box;

use indexmap::IndexMap;

/// A map that keeps the order of insertion, so that walking it never depends on the hash.
pub type Map<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;

/// How many keys are looked up ahead.
pub const AHEAD: usize = 64;

/// Puts many new items in, and tells `each` of them. Where some of them belong is looked up first,
/// one right after another, so that waiting for the memory of one is waiting for all: put in one
/// by one, a million take twice as long.
pub fn put_many<K: Hash + Eq, V>(
    map: &mut Map<K, V>,
    mut items: impl Iterator<Item = (K, V)>,
    mut each: impl FnMut(&K, &V),
) {
    let mut some = Vec::with_capacity(AHEAD);
    loop {
        some.extend(items.by_ref().take(AHEAD));
        if some.is_empty() {
            break;
        }
        black_box(some.iter().filter(|(key, _)| map.contains_key(key)).count());
        for (key, value) in some.drain(..) {
            each(&key, &value);
            map.insert(key, value);
        }
    }
}

/// A set that is small as a rule, in order. One list: a tree's smallest node takes three times
/// the room of the usual four ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Few<T> {
    /// Adds an item; whether it was new.
    pub fn insert(&mut self, item: T) -> bool {
        // New ids are mostly the greatest.
        if self.0.last().is_none_or(|last| *last < item) {
            self.0.push(item);
            return true;
        }
        match self.0.binary_search(&item) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, item);
                true
            }
        }
    }

    /// Takes an item out; whether it was there.
    pub fn remove(&mut self, item: &T) -> bool {
        let place = self.0.binary_search(item);
        place.map(|place| self.0.remove(place)).is_ok()
    }

    /// Whether an item is there.
    pub fn contains(&self, item: &T) -> bool {
        self.0.binary_search(item).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all items out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The items, least first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shop::Kept;
    use crate::domain::{Booking, BookingId, CustomerId};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_few_are_a_set(steps in vec((any::<bool>(), 0_u8..12), 0..60)) {
            let (mut few, mut set) = (Few::default(), BTreeSet::new());
            for (add, item) in steps {
                let (one, other) = if add {
                    (few.insert(item), set.insert(item))
                } else {
                    (few.remove(&item), set.remove(&item))
                };
                prop_assert_eq!(one, other);
                prop_assert_eq!((few.len(), few.is_empty()), (set.len(), set.is_empty()));
                prop_assert_eq!(few.contains(&item), set.contains(&item));
                prop_assert!(few.iter().eq(&set) && (&few).into_iter().eq(&set));
            }
        }
    }

    proptest! {
        #[test]
        fn many_are_put_in_as_one_by_one(items in vec((0_u16..500, any::<u8>()), 0..400)) {
            let (mut many, mut one, mut seen) = (Map::default(), Map::default(), Vec::new());
            put_many(&mut many, items.iter().copied(), |k, v| seen.push((*k, *v)));
            for (key, value) in &items {
                one.insert(*key, *value);
            }
            prop_assert!(many.iter().eq(one.iter()));
            prop_assert_eq!(seen, items);
        }
    }

    /// A restart with a million bookings mostly waits for memory: what one takes is decided here.
    #[test]
    fn a_booking_and_its_answer_stay_small() {
        assert_eq!(size_of::<(BookingId, Booking)>(), 104);
        assert_eq!(size_of::<Kept>(), 72);
        assert_eq!(size_of::<(CustomerId, crate::domain::id::RequestId)>(), 32);
    }
}
