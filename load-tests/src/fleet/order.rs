//! What is said between a scenario and its crews: one JSON object a line, over a socket pair.

use std::net::{Ipv4Addr, SocketAddr};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::report::micros;

/// Most faults that are told in full.
const FAULTS_MAX: usize = 5;

/// Whose frames are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Ours: positions without a gap, counters that rise.
    Lapak,
    /// A peer's: `"n":…` counts up, `"at":…` is when it was to be sent, in Unix microseconds.
    Stamped,
}

/// What a crew is to connect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// Where to; lines take turns.
    pub to: Vec<SocketAddr>,
    /// From where; a source has room for 28,000 lines to one server.
    pub from: Vec<Ipv4Addr>,
    /// The path of the upgrade.
    pub path: String,
    /// What each line says first, as the payload of a frame; empty: nothing, and it is connected
    /// as soon as it is upgraded.
    pub hello: Vec<String>,
    /// Lines.
    pub lines: usize,
    /// Whose frames.
    pub kind: Kind,
    /// Handshakes at a time.
    pub opening: usize,
}

/// What a crew is told later.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// When which change was planned: change `first + n` at `from_us + n * every_us` (Unix
    /// microseconds). What was counted so far is forgotten.
    Plan {
        /// The number that the first change shows.
        first: u64,
        /// When the first one is planned.
        from_us: u64,
        /// Time between two.
        every_us: u64,
    },
    /// Every line breaks now, and comes back at its own planned time from `from_us` on, spread
    /// over `over_us`, in an order that the seed shuffles. What was counted so far is forgotten.
    Storm {
        /// When the first comes back.
        from_us: u64,
        /// Within which time all do.
        over_us: u64,
        /// Who comes when.
        seed: u64,
    },
    /// Every so manyth line asks for a unit of a drop at this time, each with an id of its own. What
    /// was counted so far is forgotten; from now on it is followed what is left of the drop.
    Tap {
        /// Its id.
        drop: String,
        /// What it sells.
        sku: String,
        /// When.
        from_us: u64,
        /// 1: every line.
        every: usize,
    },
    /// Tell what was heard since the counting began; it begins anew.
    Count,
}

/// What a crew says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// So many of the lines are connected.
    Connected(usize),
    /// So many messages were delivered since the counting began, and every line has got at least so
    /// many that are lossless (all but counters).
    Heard(u64, u64),
    /// What was counted.
    All(Box<Tally>),
    /// It cannot go on.
    Broken(String),
}

/// What the lines of a crew heard.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Frames.
    pub frames: u64,
    /// Their bytes, headers included.
    pub bytes: u64,
    /// Messages that tell a change (counters, a drop, a stamped one).
    pub deliveries: u64,
    /// Those of them that tell counters: of many changes one may tell.
    pub counters: u64,
    /// Planned change to its message: microseconds and how often.
    pub late: Vec<(u64, u64)>,
    /// Planned connection to welcome: microseconds and how often.
    pub greeted: Vec<(u64, u64)>,
    /// The lowest and the highest change that a line ended with.
    pub ended: Option<(u64, u64)>,
    /// Lossless messages (all but counters) of the line that got the fewest and of the one that got
    /// the most.
    pub each: Option<(u64, u64)>,
    /// Lines that went on where they were, after a storm.
    pub recovered: u64,
    /// Lines that were shown everything anew.
    pub anew: u64,
    /// Attempts to connect that were turned away, and made again.
    pub turned_away: u64,
    /// Lines that the server closed.
    pub closed: u64,
    /// Lines that were told to tap.
    pub asked: u64,
    /// Ids of taps that were held.
    pub held: Vec<String>,
    /// Taps for which nothing was left.
    pub sold_out: u64,
    /// Taps that were sent again, as they had not been done or nobody knew.
    pub again: u64,
    /// Planned tap to answer: microseconds and how often.
    pub answered: Vec<(u64, u64)>,
    /// The least and the most that a line was shown to be left of the drop that is tapped for.
    pub left: Option<(u64, u64)>,
    /// What was wrong, some of it.
    pub faults: Vec<String>,
    /// How often something was wrong.
    pub faults_total: u64,
}

impl Tally {
    /// Notes what was wrong.
    pub fn fault(&mut self, fault: impl FnOnce() -> String) {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault());
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.deliveries += other.deliveries;
        self.counters += other.counters;
        self.late.extend(other.late);
        self.greeted.extend(other.greeted);
        self.ended = wider(self.ended, other.ended);
        self.each = wider(self.each, other.each);
        self.recovered += other.recovered;
        self.anew += other.anew;
        self.turned_away += other.turned_away;
        self.closed += other.closed;
        self.asked += other.asked;
        self.held.extend(other.held);
        self.sold_out += other.sold_out;
        self.again += other.again;
        self.answered.extend(other.answered);
        self.left = wider(self.left, other.left);
        self.faults.extend(other.faults);
        self.faults_total += other.faults_total;
        self
    }
}

/// The range that holds both.
pub(super) fn wider(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (one, other) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}

/// A histogram as it is sent.
pub(super) fn packed(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    let recorded = histogram.iter_recorded();
    recorded
        .map(|one| (one.value_iterated_to(), one.count_at_value()))
        .collect()
}

/// A histogram as it was sent.
pub fn unpacked(counts: &[(u64, u64)]) -> Histogram<u64> {
    let mut all = micros();
    for (value, count) in counts {
        all.saturating_record_n(*value, *count);
    }
    all
}
