//! Writing: one writer for each socket, and one write for all that waits for it.
//!
//! Everybody who watches a live stands in one gathering. A round goes through it and tells each
//! what is due by its place; who stands at the same place is written the same bytes, which are
//! put together once. Whoever does not take them is passed over, and told what is due then when
//! the socket takes more.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::turn::Loop;
use crate::broadcast::{Audience, Due, Place};
use crate::gateway::socket::connection::{Connection, Ear};
use crate::gateway::socket::greeting::Seated;
use crate::gateway::socket::wheel::{NEVER, Turn};
use crate::protocol::{Close, Frame};
use crate::telemetry::{CloseCode, Transport, metrics};

/// Connections that are told before the loop looks for what else has come.
const STEP: usize = 128;
/// Places of which what is due is remembered.
const BATCHES_MAX: usize = 8;

/// Everybody of one loop who watches one live.
pub(super) struct Gathering {
    audience: Arc<Audience>,
    members: Vec<u64>,
    batches: Vec<Batch>,
    /// When the round that is under way began.
    round: Option<Instant>,
    /// Who is told next in it.
    next: usize,
    /// Something has been published since; another round follows.
    again: bool,
}

/// What is due at a place, in one piece.
struct Batch {
    from: Place,
    due: Due,
    bytes: Bytes,
    /// How many have been told it.
    told: u64,
}

impl Drop for Batch {
    fn drop(&mut self) {
        if self.told > 0 {
            self.due.count(self.told);
        }
    }
}

impl Gathering {
    /// What is due at a place; none for who is too far behind.
    fn batch(&mut self, from: &Place) -> Option<&mut Batch> {
        if let Some(known) = self.batches.iter().position(|b| b.from == *from) {
            return self.batches.get_mut(known);
        }
        let due = self.audience.due(from)?;
        let bytes = match due.frames.as_slice() {
            [(_, one)] => one.wire().clone(),
            many => {
                let mut joined = BytesMut::new();
                for (_, frame) in many {
                    joined.extend_from_slice(frame.wire());
                }
                joined.freeze()
            }
        };
        if self.batches.len() == BATCHES_MAX {
            self.batches.remove(0);
        }
        self.batches.push(Batch {
            from: *from,
            due,
            bytes,
            told: 0,
        });
        self.batches.last_mut()
    }
}

/// What came of telling somebody.
enum Telling {
    Told,
    Current,
    Lagging,
    Fails(CloseCode),
}

impl Loop {
    /// Somebody has been let in.
    pub(super) fn seat(&mut self, name: u64, seated: Seated) {
        let (now, ping) = (self.now, self.bounds.ping);
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if !matches!(connection.ear, Ear::Busy(_)) {
            return;
        }
        let audience = &seated.chair.audience;
        let gathering = self
            .gatherings
            .entry(audience.number)
            .or_insert_with(|| Gathering {
                audience: Arc::clone(audience),
                members: Vec::new(),
                batches: Vec::new(),
                round: None,
                next: 0,
                again: false,
            });
        connection.member = gathering.members.len();
        gathering.members.push(name);
        let role = seated.talk.role_label();
        let open = &metrics().connections.open;
        connection.kept.open = Some(open.of((role, Transport::WebSocket)).hold());
        connection.kept.permit = seated.permit;
        connection.longest = seated.talk.longest();
        connection.place = seated.place;
        connection.chair = Some(seated.chair);
        // A phase of its own, so that ten thousand pings do not fall together.
        let phase = name.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let phase = u32::try_from(phase % u64::from(ping.max(1))).unwrap_or(0);
        connection.timers.ping = now + 1 + phase;
        self.answered(name, seated.talk, &seated.first, None);
    }

    /// Takes a connection out of its gathering and gives its seat back.
    pub(super) fn rise(&mut self, name: u64) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if std::mem::take(&mut connection.lagging) {
            metrics().broadcast.viewers_lagging.decrement();
        }
        let Some(chair) = connection.chair.take() else {
            return;
        };
        let (number, member) = (chair.audience.number, connection.member);
        if let Some(gathering) = self.gatherings.get_mut(&number) {
            gathering.members.swap_remove(member);
            if let Some(moved) = gathering.members.get(member).copied()
                && let Some(other) = self.connections.get_mut(moved)
            {
                other.member = member;
                // It may stand now where the round has been already.
                gathering.again |= gathering.round.is_some();
            }
            if gathering.members.is_empty() {
                self.gatherings.remove(&number);
            }
        }
        drop(chair);
    }

    /// There is something to tell an audience.
    pub(super) fn begin_round(&mut self, number: u64) {
        let Some(gathering) = self.gatherings.get_mut(&number) else {
            return;
        };
        gathering.again = gathering.round.is_some();
        if !gathering.again {
            gathering.round = Some(Instant::now());
            gathering.next = 0;
            gathering.batches.clear();
            self.rounds.push_back(number);
        }
    }

    /// Goes on with the first round for a few connections.
    pub(super) fn tell_some(&mut self) {
        let Some(number) = self.rounds.pop_front() else {
            return;
        };
        let mut failed = Vec::new();
        let Some(gathering) = self.gatherings.get_mut(&number) else {
            return;
        };
        let newest = gathering.audience.newest();
        let (now, stall) = (self.now, self.now + self.bounds.write);
        let (mut stalled, mut lagging) = (Vec::new(), 0);
        for _ in 0..STEP {
            let Some(name) = gathering.members.get(gathering.next).copied() else {
                break;
            };
            gathering.next += 1;
            let Some(connection) = self.connections.get_mut(name) else {
                continue;
            };
            match tell(gathering, connection, &newest, now) {
                Telling::Current => {}
                Telling::Told if connection.outbox.is_clear() => {}
                Telling::Told => {
                    connection.timers.stall = stall;
                    stalled.push(name);
                }
                Telling::Lagging => {
                    lagging += usize::from(!std::mem::replace(&mut connection.lagging, true));
                }
                Telling::Fails(how) => failed.push((name, how)),
            }
        }
        metrics().broadcast.viewers_lagging.add_count(lagging);
        if gathering.next < gathering.members.len() {
            self.rounds.push_back(number);
        } else if let Some(began) = gathering.round.take() {
            let took = began.elapsed();
            metrics().broadcast.fanout_duration.record_duration(took);
            gathering.batches.clear();
            if std::mem::take(&mut gathering.again) {
                self.begin_round(number);
            }
        }
        for name in stalled {
            self.wind(name);
        }
        for (name, how) in failed {
            match how {
                CloseCode::TooSlow => self.close(name, Close::TooSlow),
                how => self.remove(name, how),
            }
        }
    }

    /// Tells one connection what it has been asked, what is its own, and what is due.
    pub(super) fn attend(&mut self, name: u64, answers: &[Frame]) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        let Some(chair) = &connection.chair else {
            return;
        };
        let seat = Arc::clone(&chair.seat);
        let mut frames = answers.to_vec();
        let clear = connection.outbox.is_clear();
        if clear {
            seat.take(&mut frames);
        } else {
            seat.looked();
        }
        let broadcast = &metrics().broadcast;
        broadcast.deliveries.add(frames.len() as u64);
        let texts: usize = frames.iter().map(|frame| frame.len()).sum();
        broadcast.sent_bytes.add(texts as u64);
        let mut pieces: Vec<Bytes> = frames.iter().map(|frame| frame.wire().clone()).collect();
        if clear && let Some(gathering) = self.gatherings.get_mut(&chair.audience.number) {
            // What is due now may be more than what was due at the same place a while ago.
            if gathering.round.is_none() {
                gathering.batches.clear();
            }
            if !Audience::is_current(&connection.place, &gathering.audience.newest()) {
                match gathering.batch(&connection.place) {
                    Some(batch) => {
                        batch.told += 1;
                        connection.place = batch.due.to;
                        connection.timers.told = self.now;
                        pieces.push(batch.bytes.clone());
                    }
                    None => seat.close(Close::TooSlow),
                }
            }
            if std::mem::take(&mut connection.lagging) {
                broadcast.viewers_lagging.decrement();
            }
        }
        if !pieces.is_empty() {
            self.write(name, &pieces);
        }
        // Its last words have been said.
        if let Some(why) = seat.ending() {
            self.close(name, why);
        }
    }

    /// The socket takes more: first what waits, then what is due.
    pub(super) fn flush(&mut self, name: u64) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if connection.outbox.flush(&connection.socket).is_err() {
            return self.remove(name, CloseCode::Lost);
        }
        if connection.outbox.is_clear() {
            connection.timers.stall = NEVER;
            self.say_no_more(name);
            self.attend(name, &[]);
        }
    }

    /// Writes, or keeps what cannot be written now.
    pub(super) fn write(&mut self, name: u64, pieces: &[Bytes]) {
        let stall = self.now + self.bounds.write;
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        let was_clear = connection.outbox.is_clear();
        if connection.outbox.write(&connection.socket, pieces).is_err() {
            return self.remove(name, CloseCode::Lost);
        }
        if was_clear && !connection.outbox.is_clear() && !connection.is_deaf() {
            connection.timers.stall = stall;
            self.wind(name);
        }
    }
}

/// Tells a connection what is due.
fn tell(
    gathering: &mut Gathering,
    connection: &mut Connection,
    newest: &Place,
    now: Turn,
) -> Telling {
    if Audience::is_current(&connection.place, newest) {
        return Telling::Current;
    }
    if !connection.outbox.is_clear() {
        return if Audience::is_too_far_behind(&connection.place, newest) {
            Telling::Fails(CloseCode::TooSlow)
        } else {
            Telling::Lagging
        };
    }
    let Some(batch) = gathering.batch(&connection.place) else {
        return Telling::Fails(CloseCode::TooSlow);
    };
    let pieces = std::slice::from_ref(&batch.bytes);
    if connection.outbox.write(&connection.socket, pieces).is_err() {
        return Telling::Fails(CloseCode::Lost);
    }
    batch.told += 1;
    connection.place = batch.due.to;
    connection.timers.told = now;
    Telling::Told
}
