//! A set of which there are very many, and which is small as a rule.

/// Such a set, in order. One list: a tree's smallest node takes three times
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
}
