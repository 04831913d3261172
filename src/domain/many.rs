//! The map of what a shop has very many of. It grows a stretch at a time: a list that doubles
//! would copy a hundred megabytes in the middle of a rush, and everybody who taps would wait.
//!
//! A restart puts millions of keys back, and strangers choose some of them: so the hash is short,
//! and keyed anew in every process.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::hint::black_box;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use indexmap::Equivalent;

/// How many keys are looked up ahead.
pub const AHEAD: usize = 64;
/// Items of a stretch.
const STRETCH: usize = 1_024;

/// Such a map. It keeps the order of insertion, but for what [`Many::remove`] moves, so that walking it
/// never depends on the hash.
#[derive(Clone)]
pub struct Many<K, V> {
    index: HashTable<Spot>,
    hasher: RandomState,
    /// The items. All stretches but the last are full, though the first may have lost some of its
    /// first ones; none is left without any.
    stretches: VecDeque<Vec<Option<(K, V)>>>,
    /// Items that the first stretch has lost.
    lost: usize,
    /// The number of the first place of the first stretch. Numbers go round.
    first: u32,
}

/// Where an item is. With the hash beside it, growing the index reads nothing but the index.
#[derive(Clone, Copy)]
struct Spot {
    hash: u32,
    number: u32,
}

/// The hash as the index wants it: its lowest bits say where, its highest tell neighbours apart.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl<K, V> Default for Many<K, V> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            hasher: RandomState::default(),
            stretches: VecDeque::new(),
            lost: 0,
            first: 0,
        }
    }
}

impl<K, V> Many<K, V> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The one that has been there the longest, unless one was taken out ([`Many::remove`]).
    pub fn first(&self) -> Option<(&K, &V)> {
        self.slot(self.lost).map(|(key, value)| (key, value))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let all = self.stretches.iter().flatten().flatten();
        all.map(|(key, value)| (key, value))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let all = self.stretches.iter_mut().flatten().flatten();
        all.map(|(_, value)| value)
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        self.index.clear();
        self.tidy();
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.index.reserve(more, |spot| spread(spot.hash));
        self.stretches.reserve(more / STRETCH);
    }

    /// Takes out so many of the first.
    pub fn remove_first(&mut self, count: usize) {
        let count = count.min(self.len());
        let (first, gone) = (self.first, self.lost + count);
        self.index
            .retain(|spot| spot.number.wrapping_sub(first) as usize >= gone);
        for place in self.lost..gone {
            if let Some(item) = self.slot_mut(place) {
                *item = None;
            }
        }
        let whole = gone / STRETCH;
        self.stretches.drain(..whole.min(self.stretches.len()));
        (self.first, self.lost) = (number(first, whole * STRETCH), gone % STRETCH);
        self.tidy();
    }

    /// Nothing is kept of a map that is empty.
    fn tidy(&mut self) {
        if self.index.is_empty() {
            self.stretches.clear();
            self.lost = 0;
        }
    }

    fn slot(&self, place: usize) -> Option<&(K, V)> {
        let stretch = self.stretches.get(place / STRETCH)?;
        stretch.get(place % STRETCH)?.as_ref()
    }

    fn slot_mut(&mut self, place: usize) -> Option<&mut Option<(K, V)>> {
        let stretch = self.stretches.get_mut(place / STRETCH)?;
        stretch.get_mut(place % STRETCH)
    }

    /// Puts an item behind the last; where that is.
    fn push(&mut self, item: (K, V)) -> usize {
        if self.stretches.back().is_none_or(|s| s.len() == STRETCH) {
            // One that follows another will be filled; the only one may stay small.
            let room = if self.stretches.is_empty() {
                0
            } else {
                STRETCH
            };
            self.stretches.push_back(Vec::with_capacity(room));
        }
        let before = (self.stretches.len() - 1) * STRETCH;
        self.stretches.back_mut().map_or(before, |last| {
            last.push(Some(item));
            before + last.len() - 1
        })
    }

    /// Takes the last item off.
    fn pop(&mut self) -> Option<(K, V)> {
        let last = self.stretches.back_mut()?;
        let item = last.pop()?;
        if last.is_empty() {
            self.stretches.pop_back();
        }
        item
    }
}

fn number(first: u32, place: usize) -> u32 {
    // Numbers go round; there are never so many at once.
    #[allow(clippy::cast_possible_truncation)]
    first.wrapping_add(place as u32)
}

impl<K: Hash + Eq, V> Many<K, V> {
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        let hash = self.hasher.hash_one(key);
        // Both halves tell: the quick hash is not mixed to the end.
        #[allow(clippy::cast_possible_truncation)]
        {
            (hash ^ (hash >> 32)) as u32
        }
    }

    fn place<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<usize> {
        // The only one needs no looking for: many a shop sells one thing at a time.
        if self.len() == 1 {
            let (own, _) = self.slot(self.lost)?;
            return key.equivalent(own).then_some(self.lost);
        }
        let hash = self.hash(key);
        let is = |spot: &Spot| {
            let place = spot.number.wrapping_sub(self.first) as usize;
            spot.hash == hash && self.slot(place).is_some_and(|(own, _)| key.equivalent(own))
        };
        let spot = self.index.find(spread(hash), is)?;
        Some(spot.number.wrapping_sub(self.first) as usize)
    }

    /// The value of a key.
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        self.slot(self.place(key)?).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let place = self.place(key)?;
        self.slot_mut(place)?.as_mut().map(|(_, value)| value)
    }

    /// Whether a key is there.
    pub fn contains_key<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        self.place(key).is_some()
    }

    /// Puts a value under a key, in the place of the one that was there or behind the last; the
    /// one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(own) = self.get_mut(&key) {
            return Some(std::mem::replace(own, value));
        }
        self.append(key, value);
        None
    }

    /// The value of a key, to be changed; if it is new, the one that is made is put behind the last.
    pub fn get_or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V
    where
        K: Clone,
    {
        let place = match self.place(key) {
            Some(place) => place,
            None => self.append(key.clone(), make()),
        };
        match self.slot_mut(place) {
            Some(Some((_, value))) => value,
            _ => unreachable!("an item is where the index says"),
        }
    }

    /// The same with the usual value.
    pub fn get_or_default(&mut self, key: &K) -> &mut V
    where
        K: Clone,
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Puts a key that is new behind the last; where that is.
    fn append(&mut self, key: K, value: V) -> usize {
        let hash = self.hash(&key);
        let place = self.push((key, value));
        let number = number(self.first, place);
        let spot = Spot { hash, number };
        self.index
            .insert_unique(spread(hash), spot, |spot| spread(spot.hash));
        place
    }

    /// Takes a key out; the last item takes its place.
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        let place = self.place(key)?;
        let (hash, own) = (spread(self.hash(key)), number(self.first, place));
        if let Ok(spot) = self.index.find_entry(hash, |spot| spot.number == own) {
            spot.remove();
        }
        let last = self.pop()?;
        let end = self.stretches.back().map_or(0, Vec::len);
        let end = self.stretches.len().saturating_sub(1) * STRETCH + end;
        if place == end {
            self.tidy();
            return Some(last.1);
        }
        let (hash, was) = (spread(self.hash(&last.0)), number(self.first, end));
        if let Some(spot) = self.index.find_mut(hash, |spot| spot.number == was) {
            spot.number = own;
        }
        let item = self.slot_mut(place)?.replace(last)?;
        Some(item.1)
    }

    /// Puts many new items in, and tells `each` of them. Where some of them belong is looked up
    /// first, one right after another, so that waiting for the memory of one is waiting for all:
    /// put in one by one, a million take twice as long.
    pub fn put_many(
        &mut self,
        mut items: impl Iterator<Item = (K, V)>,
        mut each: impl FnMut(&K, &V),
    ) {
        let mut some = Vec::with_capacity(AHEAD);
        loop {
            some.extend(items.by_ref().take(AHEAD));
            if some.is_empty() {
                break;
            }
            black_box(
                some.iter()
                    .filter(|(key, _)| self.contains_key(key))
                    .count(),
            );
            for (key, value) in some.drain(..) {
                each(&key, &value);
                self.insert(key, value);
            }
        }
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for Many<K, V> {
    /// In whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Hash + Eq, V: Eq> Eq for Many<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Many<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
