//! Names of a partition's keys, and where a cluster puts them.

use crate::journal::{PARTITIONS, Partition};

/// How many slots a cluster has.
pub const SLOTS: u16 = 16_384;

/// The hash tag of each partition. Fixed for good: they are in the names of what is stored. The
/// slot of each is near the middle of its sixteenth of all slots, so that equal ranges of slots
/// get equal numbers of partitions, however many primaries there are.
const TAGS: [&str; PARTITIONS as usize] = [
    "p0g", "p1qw", "p2rw", "p3sw", "p4tw", "p5uw", "p6l", "p7ww", "p8hs", "p9is", "p10uz", "p11tz",
    "p12fx", "p13gx", "p14qz", "p15pz",
];

/// The keys of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// What the last batch left behind.
    pub head: String,
    /// The requests, in order.
    pub requests: String,
    /// Who does a job for all nodes.
    pub claims: String,
    /// Tried at the start, and removed again.
    pub check: String,
}

impl Keys {
    /// The keys of a partition, `prefix:{tag}:name`.
    pub fn of(prefix: &str, partition: Partition) -> Self {
        let key = |name: &str| format!("{prefix}:{{{}}}:{name}", tag(partition));
        Self {
            head: key("head"),
            requests: key("requests"),
            claims: key("claims"),
            check: key("check"),
        }
    }
}

/// A partition's hash tag.
pub fn tag(partition: Partition) -> &'static str {
    TAGS.get(partition.index()).copied().unwrap_or_default()
}

/// The slot of all keys of a partition.
pub fn slot(partition: Partition) -> u16 {
    crc16(tag(partition).as_bytes()) % SLOTS
}

/// CRC-16/XMODEM, by which a cluster finds a key's slot.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let carry = crc & 0x8000 != 0;
            (crc << 1) ^ if carry { 0x1021 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_its_vector() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b""), 0);
    }

    /// The tags and slots for good: another tag would be another partition's past.
    #[test]
    fn names_stay_as_they_are() {
        let keys = Keys::of("lapak", Partition(6));
        assert_eq!(keys.head, "lapak:{p6l}:head");
        assert_eq!(keys.requests, "lapak:{p6l}:requests");
        assert_eq!(keys.claims, "lapak:{p6l}:claims");
        assert_eq!(keys.check, "lapak:{p6l}:check");
        let slots: Vec<u16> = Partition::all().map(slot).collect();
        let known = [
            476, 1528, 2555, 3578, 4605, 5628, 6673, 7678, 8710, 9735, 10_767, 11_790, 12_813,
            13_836, 14_859, 15_882,
        ];
        assert_eq!(slots, known);
    }

    #[test]
    fn partitions_spread_evenly_over_any_number_of_primaries() {
        for primaries in 1..=16_u16 {
            let mut counts = vec![0_u16; usize::from(primaries)];
            for partition in Partition::all() {
                let primary = u32::from(slot(partition)) * u32::from(primaries) / u32::from(SLOTS);
                counts[usize::try_from(primary).unwrap()] += 1;
            }
            let least = PARTITIONS / primaries;
            assert!(
                counts.iter().all(|n| (least..=least + 1).contains(n)),
                "{primaries}: {counts:?}"
            );
        }
    }
}
