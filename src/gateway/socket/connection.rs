//! What a loop keeps of each of its connections, and where it finds them.

use mio::net::TcpStream;

use super::greeting::{CONNECT_BYTES_MAX, Chair, Stranger};
use super::inbox::Inbox;
use super::loops::errand::Errand;
use super::outbox::Outbox;
use super::talk::Talk;
use super::wheel::{NEVER, Turn};
use crate::broadcast::Place;
use crate::gateway::limits::Permit;
use crate::gateway::listener::Hold;
use crate::telemetry::Held;

/// A connection.
pub(super) struct Connection {
    /// How far it has been told what everybody is told.
    pub(super) place: Place,
    pub(super) socket: TcpStream,
    pub(super) outbox: Outbox,
    /// Its index among those who watch the same live.
    pub(super) member: usize,
    /// It is behind the newest tick, and counted so.
    pub(super) lagging: bool,
    /// There is something to read, as far as is known.
    pub(super) readable: bool,
    /// The other side says no more.
    pub(super) hung_up: bool,
    pub(super) timers: Timers,
    pub(super) ear: Ear,
    pub(super) chair: Option<Chair>,
    pub(super) inbox: Inbox,
    /// Bytes of the longest message.
    pub(super) longest: usize,
    pub(super) kept: Box<Kept>,
}

/// There are thousands: what is rare is in boxes.
const _: () = assert!(size_of::<Connection>() <= 224);

/// Who hears what is said.
pub(super) enum Ear {
    /// Nobody knows yet who it is.
    Stranger(Box<Stranger>),
    /// Ready for the next message.
    Talk(Box<Talk>),
    /// A message is being answered; what else is said waits. None while the loop is at it.
    Busy(Option<Errand>),
    /// It ends: what is said is not listened to.
    Deaf,
}

/// When to look at it again, whatever happens.
pub(super) struct Timers {
    /// Where it stands in the wheel.
    pub(super) due: Turn,
    /// The end of patience, with a stranger or with a good-bye.
    pub(super) patience: Turn,
    pub(super) ping: Turn,
    /// The token has been out of date for too long.
    pub(super) expiry: Turn,
    /// What waits has not been taken for too long.
    pub(super) stall: Turn,
    /// When it last said something.
    pub(super) heard: Turn,
    /// When it was last told some news.
    pub(super) told: Turn,
}

/// What a look at a silent line comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It is asked at a later look.
    Later,
    /// It is asked now.
    Ask,
    /// It has been silent for too long.
    Lost,
}

impl Timers {
    pub(super) fn first(&self) -> Turn {
        self.patience
            .min(self.ping)
            .min(self.expiry)
            .min(self.stall)
    }

    /// Looks at how long it has been silent, and sets when to look again. Who has been told some
    /// news since the last look needs no ping to keep the line open, and is asked only when there
    /// is no later look before the silence is too long.
    pub(super) fn life(&mut self, now: Turn, ping: Turn, silence: Turn) -> Life {
        let silent = now - self.heard;
        if silent > silence {
            return Life::Lost;
        }
        self.ping = now + ping;
        if now - self.told <= ping && silent + ping <= silence {
            Life::Later
        } else {
            Life::Ask
        }
    }

    /// Nothing but the end of patience.
    pub(super) fn only(patience: Turn, now: Turn) -> Self {
        Self {
            due: NEVER,
            patience,
            ping: NEVER,
            expiry: NEVER,
            stall: NEVER,
            heard: now,
            told: now,
        }
    }
}

/// What is held for as long as the connection is there.
pub(super) struct Kept {
    pub(super) came: Turn,
    pub(super) _hold: Hold,
    pub(super) permit: Option<Permit>,
    pub(super) open: Option<Held>,
}

impl Connection {
    pub(super) fn new(
        socket: TcpStream,
        stranger: Stranger,
        hold: Hold,
        waiting: &[u8],
        now: Turn,
        patience: Turn,
    ) -> Self {
        Self {
            place: Place::default(),
            socket,
            outbox: Outbox::default(),
            member: 0,
            lagging: false,
            readable: false,
            hung_up: false,
            timers: Timers::only(patience, now),
            ear: Ear::Stranger(Box::new(stranger)),
            chair: None,
            inbox: Inbox::with(waiting),
            longest: CONNECT_BYTES_MAX,
            kept: Box::new(Kept {
                came: now,
                _hold: hold,
                permit: None,
                open: None,
            }),
        }
    }

    /// Whether it is to be listened to now: one message at a time, and nobody who does not take
    /// what was answered before.
    pub(super) fn is_heard(&self) -> bool {
        matches!(self.ear, Ear::Stranger(_) | Ear::Talk(_)) && self.outbox.is_clear()
    }

    pub(super) fn is_deaf(&self) -> bool {
        matches!(self.ear, Ear::Deaf)
    }
}

/// Slots that are made at once: they stay where they are, so growing copies nothing.
const BLOCK: usize = 128;

/// All connections of a loop, by names that are never used twice.
#[derive(Default)]
pub(super) struct Connections {
    blocks: Vec<Box<[Slot]>>,
    /// Slots that nobody has, the next one last.
    free: Vec<u32>,
    count: usize,
}

#[derive(Default)]
struct Slot {
    /// Counts those who had the place before.
    generation: u32,
    connection: Option<Connection>,
}

impl Connections {
    /// The name that the next one will have.
    pub(super) fn next_name(&mut self) -> u64 {
        if self.free.is_empty() {
            let first = self.blocks.len() * BLOCK;
            let indices = (first..first + BLOCK).rev();
            self.free
                .extend(indices.filter_map(|index| u32::try_from(index).ok()));
            self.blocks
                .push((0..BLOCK).map(|_| Slot::default()).collect());
        }
        let index = self.free.last().copied().unwrap_or(u32::MAX);
        let generation = self.slot(index).map_or(0, |slot| slot.generation);
        name(index, generation)
    }

    /// Adds one under [`Self::next_name`].
    pub(super) fn add(&mut self, name: u64, connection: Connection) {
        self.free.pop();
        if let Some(slot) = self.slot(parts(name).0) {
            slot.connection = Some(connection);
            self.count += 1;
        }
    }

    fn slot(&mut self, index: u32) -> Option<&mut Slot> {
        let index = index as usize;
        self.blocks.get_mut(index / BLOCK)?.get_mut(index % BLOCK)
    }

    pub(super) fn remove(&mut self, name: u64) -> Option<Connection> {
        let (index, generation) = parts(name);
        let slot = self.slot(index)?;
        if slot.generation != generation {
            return None;
        }
        let gone = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        self.count -= 1;
        Some(gone)
    }

    pub(super) fn get_mut(&mut self, name: u64) -> Option<&mut Connection> {
        let (index, generation) = parts(name);
        let slot = self.slot(index)?;
        slot.connection
            .as_mut()
            .filter(|_| slot.generation == generation)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn names(&self) -> Vec<u64> {
        let named = |(index, slot): (usize, &Slot)| {
            slot.connection.as_ref()?;
            Some(name(u32::try_from(index).ok()?, slot.generation))
        };
        let slots = self.blocks.iter().flatten();
        slots.enumerate().filter_map(named).collect()
    }
}

fn name(index: u32, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(index)
}

fn parts(name: u64) -> (u32, u32) {
    let low = u32::try_from(name & u64::from(u32::MAX)).unwrap_or(0);
    (low, u32::try_from(name >> 32).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a line every `ping` turns that is told all the time or never again: when it was asked and
    /// when it was given up. Who answers is heard at once.
    fn looks(
        told: bool,
        answers: bool,
        phase: Turn,
        ping: Turn,
        silence: Turn,
    ) -> Vec<(Turn, Life)> {
        let mut timers = Timers::only(NEVER, 0);
        timers.ping = phase;
        let mut looks = Vec::new();
        while timers.ping <= 10 * silence {
            let now = timers.ping;
            if told {
                timers.told = now;
            }
            let life = timers.life(now, ping, silence);
            looks.push((now, life));
            match life {
                Life::Lost => break,
                Life::Ask if answers => timers.heard = now,
                _ => {}
            }
        }
        looks.retain(|(_, life)| *life != Life::Later);
        looks
    }

    #[test]
    fn who_is_silent_is_asked_in_time_and_given_up_and_who_answers_stays() {
        for (ping, silence) in [(400, 900), (400, 401), (10, 900), (300, 700)] {
            for phase in 1..=ping {
                for told in [false, true] {
                    let silent = looks(told, false, phase, ping, silence);
                    let (end, last) = silent[silent.len() - 1];
                    assert_eq!(last, Life::Lost, "{ping} {silence} {phase} {told}");
                    assert!(end > silence && end <= silence + ping, "{end}");
                    let asked = silent.len() > 1 && silent[silent.len() - 2].0 + ping == end;
                    assert!(asked, "{ping} {silence} {phase} {told}");
                    let lively = looks(told, true, phase, ping, silence);
                    assert!(lively.iter().all(|(_, life)| *life == Life::Ask));
                }
            }
        }
        // The usual bounds, in turns of 50 ms: while there are news, every second ping is spared.
        let asked = |told| looks(told, true, 1, 400, 900).len();
        assert_eq!((asked(false), asked(true)), (22, 11));
    }

    #[test]
    fn a_name_is_never_used_twice() {
        let mut connections = Connections::default();
        let first = connections.next_name();
        assert_eq!(connections.next_name(), first, "until somebody takes it");
        let mut names = std::collections::HashSet::new();
        for round in 0..3 {
            let taken: Vec<u64> = (0..=BLOCK)
                .map(|_| {
                    let name = connections.next_name();
                    // As adding does, without a socket.
                    connections.free.pop();
                    name
                })
                .collect();
            for name in taken {
                assert!(names.insert(name), "{name} in round {round}");
                let (index, _) = parts(name);
                connections.slot(index).unwrap().generation += 1;
                connections.free.push(index);
            }
        }
        assert!(connections.get_mut(first).is_none() && connections.is_empty());
    }
}
