//! The record's contract: what the engine writes, in which order, and what a reader may rely on.
//!
//! Every decision of a shop is one entry of the shop's partition. For each partition:
//!
//! * **Order.** Positions rise strictly; entries are read in the order in which they were decided.
//! * **Contiguity.** Within an epoch each entry's `seq` is its predecessor's plus one. A new epoch
//!   begins where history may have been cut; it may begin at any `seq` of at least 1. A reader that
//!   sees a jump inside an epoch has lost entries and must start anew from what is stored.
//! * **Durable before visible.** An entry that anybody sees is on disk: after a crash it is there
//!   again, at the same position, with the same content. Entries are never changed.
//! * **At least once.** A reader that keeps the position of the last entry it has finished, and
//!   asks for what comes after it, misses nothing and may see the newest entry twice.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::domain::{Decision, ShopId};

/// How many partitions there are. Fixed for the life of a journal.
pub const PARTITIONS: u16 = 16;

/// The unit of order: shops are spread over partitions by a stable hash of their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u16);

impl Partition {
    /// The partition of a shop, the same on every machine and in every version.
    pub fn of(shop: &ShopId) -> Self {
        let hash = fnv1a(shop.as_str().as_bytes());
        // Low bits of FNV-1a see only the low bits of each byte, so the upper half joins in.
        let folded = (hash >> 32) ^ hash;
        Self(u16::try_from(folded % u64::from(PARTITIONS)).unwrap_or(0))
    }

    /// Every partition.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..PARTITIONS).map(Self)
    }

    /// The partition's number as an index into an array of [`PARTITIONS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where an entry stands in its partition. Ordered by epoch, then by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Rises whenever history may have been cut.
    pub epoch: u64,
    /// Counts entries within the epoch, from 1.
    pub seq: u64,
}

impl Position {
    /// Before every entry.
    pub const START: Self = Self { epoch: 0, seq: 0 };

    /// The position after this one in the same epoch.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            epoch: self.epoch,
            seq: self.seq.saturating_add(1),
        }
    }

    /// Whether an entry here may stand right after one at `earlier`: the next of its epoch, or
    /// any of a later epoch.
    pub fn follows(self, earlier: Self) -> bool {
        let same = self.epoch == earlier.epoch && self.seq.checked_sub(1) == Some(earlier.seq);
        same || (self.epoch > earlier.epoch && self.seq >= 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// The text is no position; it should read `epoch:seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position reads epoch:seq, two numbers")]
pub struct PositionError;

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (epoch, seq) = text.split_once(':').ok_or(PositionError)?;
        Ok(Self {
            epoch: number(epoch)?,
            seq: number(seq)?,
        })
    }
}

/// Digits only: what [`str::parse`] takes besides (a plus sign) is not what is printed.
fn number(text: &str) -> Result<u64, PositionError> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PositionError);
    }
    text.parse().map_err(|_| PositionError)
}

/// One decision of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The partition it belongs to.
    pub partition: Partition,
    /// Where it stands.
    pub position: Position,
    /// The shop that was decided for.
    pub shop: ShopId,
    /// What was decided; shared by all readers.
    pub decision: Arc<Decision>,
}

/// An entry with the bytes it is stored as: what the books keep, so that a journal can be made
/// again.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry.
    pub entry: Entry,
    /// Its payload, as the engine wrote it.
    pub payload: Vec<u8>,
    /// The chain's checksum up to and with it.
    pub crc: u32,
}

/// FNV-1a, 64 bits: a stable hash for short keys. Not for keeping secrets or fending off
/// chosen collisions.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_gives_the_published_vectors() {
        let vectors: [(&str, u64); 6] = [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("b", 0xaf63_df4c_8601_f1a5),
            ("foo", 0xdcb2_7518_fed9_d577),
            ("foobar", 0x8594_4171_f739_67e8),
            ("chongo was here!\n", 0x4681_0940_eff5_f915),
        ];
        for (text, hash) in vectors {
            assert_eq!(fnv1a(text.as_bytes()), hash, "{text:?}");
        }
    }

    #[test]
    fn shops_spread_over_all_partitions_and_stay_there() {
        let mut counts = [0_u32; PARTITIONS as usize];
        for n in 0..16_000 {
            counts[Partition::of(&ShopId::new(&format!("shop-{n}")).unwrap()).index()] += 1;
        }
        assert!(
            counts.iter().all(|n| (800..1_200).contains(n)),
            "{counts:?}"
        );
        assert_eq!(Partition::of(&ShopId::new("demo").unwrap()), Partition(1));
    }

    #[test]
    fn positions_order_by_epoch_first_and_read_as_they_print() {
        let at = |epoch, seq| Position { epoch, seq };
        assert!(at(1, 900) < at(2, 1));
        assert!(at(2, 1) < at(2, 2));
        for position in [Position::START, at(3, 71), at(u64::MAX, u64::MAX)] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for bad in [
            "",
            ":",
            "1",
            "1:",
            ":1",
            "a:1",
            "1:-1",
            "+1:1",
            "1:1:1",
            " 1:1",
            "1:99999999999999999999",
        ] {
            assert_eq!(bad.parse::<Position>(), Err(PositionError), "{bad:?}");
        }
    }

    #[test]
    fn only_the_next_number_or_a_later_epoch_follows() {
        let at = |epoch, seq| Position { epoch, seq };
        assert!(at(1, 1).follows(Position::START));
        assert!(at(1, 5).follows(at(1, 4)));
        assert!(at(2, 1).follows(at(1, 4)));
        assert!(at(2, 9).follows(at(1, 4)));
        assert!(!at(1, 6).follows(at(1, 4)));
        assert!(!at(1, 4).follows(at(1, 4)));
        assert!(!at(1, 0).follows(at(0, 0)));
        assert!(!at(0, 9).follows(at(1, 4)));
    }
}
