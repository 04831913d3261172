//! Any value of every type that is written, for tests: the macros that write a type's fields
//! also make one up, so no variant and no field can be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::outcome::FIELDS;
use crate::domain::shop::Outcome;
use crate::domain::{
    BookingId, CustomerId, DropId, GroupId, LiveId, Millis, OrderId, PaymentId, RequestKey, ShopId,
    SkuId,
};

/// A value that can be made up.
pub(super) trait Any {
    fn any(g: &mut Gen) -> Self;
}

/// Makes up values from a seed (`SplitMix64`), and remembers which variants it has used.
pub(super) struct Gen {
    state: u64,
    pub(super) used: BTreeMap<&'static str, BTreeSet<u8>>,
}

impl Gen {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            used: BTreeMap::new(),
        }
    }

    pub(super) fn any<T: Any>(&mut self) -> T {
        T::any(self)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(super) fn tag(&mut self, of: &'static str, tags: &[u8]) -> u8 {
        let tag = tags[self.below(tags.len())];
        self.used.entry(of).or_default().insert(tag);
        tag
    }

    /// Short, long, of several alphabets; never a control character.
    fn text(&mut self) -> String {
        let length = [1, 1, 4, 9, 16][self.below(5)];
        (0..length)
            .map(|_| ['a', 'Z', '7', '-', 'é', '衣', '🧵'][self.below(7)])
            .collect()
    }

    /// Edges are as likely as all between them.
    fn number(&mut self) -> u64 {
        let bits = [0, 1, 7, 8, 14, 31, 32, 63][self.below(8)];
        [self.next() >> (63 - bits), (1 << bits) - 1, u64::MAX, 0][self.below(4)]
    }
}

macro_rules! any {
    ($($name:ty: |$g:ident| $make:expr;)+) => {$(
        impl Any for $name {
            fn any($g: &mut Gen) -> Self {
                $make
            }
        }
    )+};
}

any! {
    u8: |g| g.number().to_le_bytes()[0];
    bool: |g| g.next() & 1 == 1;
    u32: |g| u32::try_from(g.number() & u64::from(u32::MAX)).unwrap();
    u64: |g| g.number();
    i32: |g| g.any::<u32>().cast_signed();
    u128: |g| (u128::from(g.next()) << 64) | u128::from(g.next());
    Millis: |g| Millis(g.number());
    Arc<str>: |g| Arc::from(g.text());
    &'static str: |g| FIELDS[g.below(FIELDS.len())];
    ShopId: |g| Self::new(&g.text()).unwrap();
    CustomerId: |g| Self::new(&g.text()).unwrap();
    SkuId: |g| Self::new(&g.text()).unwrap();
    LiveId: |g| Self::new(&g.text()).unwrap();
    GroupId: |g| Self::new(&g.text()).unwrap();
    BookingId: |g| Self(g.any());
    OrderId: |g| Self(g.any());
    PaymentId: |g| Self::new(&g.text()).unwrap();
    DropId: |g| Self(u128::from(g.next() & 7));
    RequestKey: |g| Self { id: g.any(), body: g.any() };
    Outcome: |g| if g.any() { Ok(g.any()) } else { Err(g.any()) };
}

impl<T: Any> Any for Option<T> {
    fn any(g: &mut Gen) -> Self {
        g.any::<bool>().then(|| g.any())
    }
}

impl<T: Any> Any for Vec<T> {
    fn any(g: &mut Gen) -> Self {
        let length = [0, 1, 2, 30][g.below(4)];
        (0..length).map(|_| g.any()).collect()
    }
}

impl<K: Any + Ord, V: Any> Any for BTreeMap<K, V> {
    fn any(g: &mut Gen) -> Self {
        (0..g.below(4)).map(|_| (g.any(), g.any())).collect()
    }
}

impl<A: Any, B: Any> Any for (A, B) {
    fn any(g: &mut Gen) -> Self {
        (g.any(), g.any())
    }
}

impl<A: Any, B: Any, C: Any> Any for (A, B, C) {
    fn any(g: &mut Gen) -> Self {
        (g.any(), g.any(), g.any())
    }
}

impl<T: Any> Any for Box<T> {
    fn any(g: &mut Gen) -> Self {
        Self::new(g.any())
    }
}

impl<T: Any> Any for Arc<T> {
    fn any(g: &mut Gen) -> Self {
        Self::new(g.any())
    }
}

impl<T: Any> Any for Arc<[T]> {
    fn any(g: &mut Gen) -> Self {
        g.any::<Vec<T>>().into()
    }
}
