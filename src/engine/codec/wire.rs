//! Bytes in and out: numbers, texts that are spelled once, times as differences, and the two
//! macros with which a type lists its fields or variants.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::domain::id::IdError;
use crate::domain::{CustomerId, DropId, GroupId, LiveId, Millis, SkuId};

/// Why bytes are no entry or snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end in the middle of something.
    #[error("ends in the middle")]
    Short,
    /// Written by another version, or not by this program.
    #[error("format {0} is not known")]
    Format(u8),
    /// A variant that does not exist.
    #[error("{what} has no variant {tag}")]
    Tag {
        /// The type.
        what: &'static str,
        /// The tag that was read.
        tag: u8,
    },
    /// A value does not fit.
    #[error("out of range: {0}")]
    Range(&'static str),
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A text is no id.
    #[error("an id is {0}")]
    Id(#[from] IdError),
    /// Bytes are left over.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

/// A value that can be written and read back.
pub(super) trait Code: Sized {
    /// Appends the value.
    fn put(&self, w: &mut Writer<'_>);
    /// Reads what [`Code::put`] has written.
    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError>;
}

/// What has been spelled out, and under which number.
struct Spelled<T> {
    /// Number 0: in most entries the only one, which then takes no list.
    first: Option<T>,
    /// Those from number 1 on.
    others: Vec<T>,
    /// Made when the list has become long.
    index: Option<HashMap<T, usize, RandomState>>,
}

impl<T> Default for Spelled<T> {
    fn default() -> Self {
        Self {
            first: None,
            others: Vec::new(),
            index: None,
        }
    }
}

/// Up to here a walk through the list is faster than an index: most entries stay below.
const WALK_MAX: usize = 12;

impl<T: Clone + Eq + Hash> Spelled<T> {
    /// The number of an item, and whether it is new and must be spelled out.
    fn number(&mut self, item: &T) -> (usize, bool) {
        let Some(first) = &self.first else {
            self.first = Some(item.clone());
            return (0, true);
        };
        if first == item {
            return (0, false);
        }
        let known = match &self.index {
            None => self.others.iter().position(|known| known == item),
            Some(index) => index.get(item).copied(),
        };
        if let Some(place) = known {
            return (place + 1, false);
        }
        let place = self.others.len();
        self.others.push(item.clone());
        if let Some(index) = &mut self.index {
            index.insert(item.clone(), place);
        } else if place == WALK_MAX {
            self.index = Some(self.others.iter().cloned().zip(0..).collect());
        }
        (place + 1, true)
    }
}

/// Appends values to a buffer.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    customers: Spelled<CustomerId>,
    skus: Spelled<SkuId>,
    lives: Spelled<LiveId>,
    groups: Spelled<GroupId>,
    drops: Spelled<DropId>,
    texts: Spelled<Arc<str>>,
    time: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            customers: Spelled::default(),
            skus: Spelled::default(),
            lives: Spelled::default(),
            groups: Spelled::default(),
            drops: Spelled::default(),
            texts: Spelled::default(),
            time: 0,
        }
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.out.push(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        self.out.push(n.to_le_bytes()[0]);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    /// A count that is known only after the items were written: they come from `items`.
    pub(super) fn counted(&mut self, items: impl FnOnce(&mut Self) -> u32) {
        let at = self.out.len();
        self.bytes(&[0; 4]);
        let count = items(self).to_le_bytes();
        if let Some(place) = self.out.get_mut(at..at + 4) {
            place.copy_from_slice(&count);
        }
    }
}

/// Reads values from bytes.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Of the bytes: what was added later is not in them.
    pub(super) format: u8,
    customers: Vec<CustomerId>,
    skus: Vec<SkuId>,
    lives: Vec<LiveId>,
    groups: Vec<GroupId>,
    drops: Vec<DropId>,
    texts: Vec<Arc<str>>,
    time: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            format: 0,
            customers: Vec::new(),
            skus: Vec::new(),
            lives: Vec::new(),
            groups: Vec::new(),
            drops: Vec::new(),
            texts: Vec::new(),
            time: 0,
        }
    }

    /// Reads the format byte, which must be one of those `known`.
    pub(super) fn format(&mut self, known: std::ops::RangeInclusive<u8>) -> Result<(), CodecError> {
        self.format = self.byte()?;
        if known.contains(&self.format) {
            Ok(())
        } else {
            Err(CodecError::Format(self.format))
        }
    }

    pub(super) fn end(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CodecError::Trailing(self.rest.len()))
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, CodecError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(CodecError::Range("number"))
    }

    pub(super) fn count(&mut self) -> Result<usize, CodecError> {
        usize::try_from(self.number()?).map_err(|_| CodecError::Range("count"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, CodecError> {
        let count = self.count()?;
        std::str::from_utf8(self.bytes(count)?).map_err(|_| CodecError::Text)
    }

    /// The count that [`Writer::counted`] left, and how many items it is safe to make room for
    /// if each takes at least `least` bytes.
    pub(super) fn counted(&mut self, least: usize) -> Result<(u32, usize), CodecError> {
        let count = u32::from_le_bytes(self.array()?);
        let room = usize::try_from(count).unwrap_or(usize::MAX);
        Ok((count, self.room(room, least)))
    }

    /// For how many of `count` items it is safe to make room if each takes `least` bytes.
    pub(super) fn room(&self, count: usize, least: usize) -> usize {
        count.min(self.rest.len() / least)
    }
}

impl Code for Millis {
    fn put(&self, w: &mut Writer<'_>) {
        let step = self.0.wrapping_sub(w.time).cast_signed();
        w.time = self.0;
        w.number(((step << 1) ^ (step >> 63)).cast_unsigned());
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let n = r.number()?;
        r.time = r.time.wrapping_add((n >> 1) ^ (n & 1).wrapping_neg());
        Ok(Self(r.time))
    }
}

/// Values that are spelled out once: `field of the two tables, how to spell, how to read`.
macro_rules! spelled {
    ($($name:ty, $table:ident, |$w:ident, $item:ident| $put:expr, |$r:ident| $take:expr;)+) => {$(
        impl Code for $name {
            fn put(&self, $w: &mut Writer<'_>) {
                let (number, new) = $w.$table.number(self);
                $w.count(number);
                if new {
                    let $item = self;
                    $put;
                }
            }

            fn take($r: &mut Reader<'_>) -> Result<Self, CodecError> {
                let number = $r.count()?;
                if let Some(known) = $r.$table.get(number) {
                    return Ok(known.clone());
                }
                if number != $r.$table.len() {
                    return Err(CodecError::Range("a reference"));
                }
                let item: Self = $take;
                $r.$table.push(item.clone());
                Ok(item)
            }
        }
    )+};
}

spelled! {
    CustomerId, customers, |w, id| w.text(id.as_str()), |r| Self::new(r.text()?)?;
    SkuId, skus, |w, id| w.text(id.as_str()), |r| Self::new(r.text()?)?;
    LiveId, lives, |w, id| w.text(id.as_str()), |r| Self::new(r.text()?)?;
    GroupId, groups, |w, id| w.text(id.as_str()), |r| Self::new(r.text()?)?;
    DropId, drops, |w, id| w.bytes(&id.0.to_le_bytes()),
        |r| Self(u128::from_le_bytes(r.array()?));
    Arc<str>, texts, |w, text| w.text(text), |r| Arc::from(r.text()?);
}

/// A struct and its fields, in the order in which they are written. Fields behind `+` are of
/// that format and later; bytes of an earlier one leave them at their defaults.
macro_rules! record {
    (since $format:literal, $name:ident {
        $($field:ident),*, + $($later:ident),* $(,)?
    }) => {
        impl Code for $name {
            fn put(&self, w: &mut Writer<'_>) {
                let Self { $($field,)* $($later),* } = self;
                $($field.put(w);)*
                $($later.put(w);)*
            }

            fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
                let mut value = Self { $($field: Code::take(r)?,)* ..Self::default() };
                if r.format >= $format {
                    $(value.$later = Code::take(r)?;)*
                }
                Ok(value)
            }
        }

        #[cfg(test)]
        impl crate::engine::codec::any::Any for $name {
            fn any(g: &mut crate::engine::codec::any::Gen) -> Self {
                Self { $($field: g.any(),)* $($later: g.any()),* }
            }
        }
    };
    ($($name:ident { $($field:ident),* $(,)? })+) => {$(
        impl Code for $name {
            fn put(&self, w: &mut Writer<'_>) {
                let Self { $($field),* } = self;
                $($field.put(w);)*
            }

            fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(Self { $($field: Code::take(r)?),* })
            }
        }

        #[cfg(test)]
        impl crate::engine::codec::any::Any for $name {
            fn any(g: &mut crate::engine::codec::any::Gen) -> Self {
                Self { $($field: g.any()),* }
            }
        }
    )+};
}

/// An enum, the tag of each variant, and its fields. A tag is never used for another variant.
macro_rules! choice {
    ($($name:ident {
        $($tag:literal => $variant:ident
            $({ $($field:ident),* $(,)? })? $(( $($item:ident),* ))?),* $(,)?
    })+) => {$(
        impl Code for $name {
            fn put(&self, w: &mut Writer<'_>) {
                match self {
                    $(Self::$variant $({ $($field),* })? $(( $($item),* ))? => {
                        w.byte($tag);
                        $($($field.put(w);)*)?
                        $($($item.put(w);)*)?
                    })*
                }
            }

            fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(match r.byte()? {
                    $($tag => {
                        $($(let $field = Code::take(r)?;)*)?
                        $($(let $item = Code::take(r)?;)*)?
                        Self::$variant $({ $($field),* })? $(( $($item),* ))?
                    })*
                    tag => return Err(CodecError::Tag { what: stringify!($name), tag }),
                })
            }
        }

        #[cfg(test)]
        impl crate::engine::codec::any::Any for $name {
            fn any(g: &mut crate::engine::codec::any::Gen) -> Self {
                match g.tag(stringify!($name), &[$($tag),*]) {
                    $($tag => {
                        $($(let $field = g.any();)*)?
                        $($(let $item = g.any();)*)?
                        Self::$variant $({ $($field),* })? $(( $($item),* ))?
                    })*
                    _ => unreachable!("one of the tags given"),
                }
            }
        }
    )+};
}

pub(super) use {choice, record};
