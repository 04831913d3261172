//! A set in order, of which there may be millions, and whose new items are mostly the greatest:
//! ids that carry the time, deadlines.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::collections::btree_set::Iter;
use std::iter::{Map, Rev};

/// Such a set. It is kept greatest first: a tree looks through each node from the beginning, so
/// the greatest has found its place at the first look, and not at the last of eleven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rising<T>(BTreeSet<Reverse<T>>);

/// The items of a [`Rising`] set, least first.
pub type Items<'a, T> = Map<Rev<Iter<'a, Reverse<T>>>, fn(&'a Reverse<T>) -> &'a T>;

impl<T> Default for Rising<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Ord + Copy> Rising<T> {
    /// Adds an item; whether it was new.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(Reverse(item))
    }

    /// Takes an item out; whether it was there.
    pub fn remove(&mut self, item: &T) -> bool {
        self.0.remove(&Reverse(*item))
    }

    /// Whether an item is there.
    pub fn contains(&self, item: &T) -> bool {
        self.0.contains(&Reverse(*item))
    }

    /// The least.
    pub fn first(&self) -> Option<&T> {
        self.0.last().map(|Reverse(item)| item)
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
    pub fn iter(&self) -> Items<'_, T> {
        self.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Rising<T> {
    type Item = &'a T;
    type IntoIter = Items<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        let item: fn(&'a Reverse<T>) -> &'a T = |Reverse(item)| item;
        self.0.iter().rev().map(item)
    }
}

impl<T: Ord> Extend<T> for Rising<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.0.extend(items.into_iter().map(Reverse));
    }
}

impl<T: Ord> FromIterator<T> for Rising<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().map(Reverse).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_rising_set_is_a_set(steps in vec((any::<bool>(), 0_u8..40), 0..120)) {
            let (mut rising, mut set) = (Rising::default(), BTreeSet::new());
            for (add, item) in steps {
                let (one, other) = if add {
                    (rising.insert(item), set.insert(item))
                } else {
                    (rising.remove(&item), set.remove(&item))
                };
                prop_assert_eq!(one, other);
                prop_assert_eq!((rising.len(), rising.first()), (set.len(), set.first()));
                prop_assert_eq!(rising.contains(&item), set.contains(&item));
                prop_assert!(rising.iter().eq(&set) && rising.iter().rev().eq(set.iter().rev()));
            }
            let again: Rising<u8> = set.iter().copied().collect();
            prop_assert_eq!(again, rising);
        }
    }
}
