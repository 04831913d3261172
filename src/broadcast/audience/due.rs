//! What a connection is still to be told of what everybody is told: by its place, which is all that
//! is kept of it.

use std::collections::VecDeque;

use super::{Audience, lock};
use crate::broadcast::seat::QUEUE_MAX;
use crate::journal::Position;
use crate::mirror::LiveView;
use crate::protocol::rows::{self, ItemMessage};
use crate::protocol::{Frame, ServerMessage};
use crate::telemetry::{FrameType, metrics};

/// News to everybody that are kept for those who have not been told yet.
const KEPT_MAX: usize = 512;

/// How far a connection has been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Of counters: everything up to here.
    pub at: Position,
    /// Number of the next news to everybody.
    news: u64,
    /// Number of the newest slow telling.
    slow: u64,
}

impl Place {
    /// The same for somebody who has been shown counters up to another position.
    #[must_use]
    pub fn shown(self, at: Position) -> Self {
        Self { at, ..self }
    }
}

/// What somebody at a place is to be told next. Everybody at the same place is told the same.
#[derive(Debug, Clone, Default)]
pub struct Due {
    /// In this order.
    pub frames: Vec<(FrameType, Frame)>,
    /// Where one stands then.
    pub to: Place,
    /// Ticks were skipped: one frame covers them.
    pub conflated: bool,
}

impl Due {
    /// Counts what so many connections were told.
    pub fn count(&self, connections: u64) {
        let broadcast = &metrics().broadcast;
        for (kind, frame) in &self.frames {
            broadcast.frames_sent.of(*kind).add(connections);
            broadcast
                .sent_bytes
                .add((frame.len() as u64).saturating_mul(connections));
        }
        let frames = (self.frames.len() as u64).saturating_mul(connections);
        broadcast.deliveries.add(frames);
        if self.conflated {
            broadcast.conflated_frames.add(connections);
        }
    }
}

/// News that nobody may miss, shared by all; a connection keeps the number it has come to.
#[derive(Debug, Default)]
pub(super) struct Lane {
    frames: VecDeque<(FrameType, Frame)>,
    /// Number of the next one.
    next: u64,
}

impl Lane {
    pub(super) fn push(&mut self, kind: FrameType, frame: Frame) {
        if self.frames.len() == KEPT_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back((kind, frame));
        self.next += 1;
    }

    fn since(&self, number: u64) -> Option<impl Iterator<Item = &(FrameType, Frame)>> {
        let behind = usize::try_from(self.next.saturating_sub(number)).ok()?;
        let skipped = self.frames.len().checked_sub(behind)?;
        Some(self.frames.iter().skip(skipped))
    }
}

impl Audience {
    /// Where somebody stands who has just been shown everything up to a position.
    pub fn place(&self, at: Position) -> Place {
        Place {
            at,
            news: lock(&self.lane).next,
            slow: self.slow.load().0,
        }
    }

    /// Where those stand who have been told everything.
    pub fn newest(&self) -> Place {
        self.place(self.latest.load().s)
    }

    /// Whether a place has been told everything up to the newest.
    pub fn is_current(place: &Place, newest: &Place) -> bool {
        place.at >= newest.at && place.news >= newest.news && place.slow >= newest.slow
    }

    /// Whether somebody who cannot be told now is behind by more news than may wait for them.
    pub fn is_too_far_behind(place: &Place, newest: &Place) -> bool {
        newest.news.saturating_sub(place.news) > QUEUE_MAX as u64
    }

    /// What somebody at `from` is to be told; none if news have gone that they were not told.
    /// Who skipped ticks gets one frame over all of them.
    pub fn due(&self, from: &Place) -> Option<Due> {
        let mut due = Due {
            to: *from,
            ..Due::default()
        };
        {
            let lane = lock(&self.lane);
            due.frames.extend(lane.since(from.news)?.cloned());
            due.to.news = lane.next;
        }
        let slow = self.slow.load();
        if slow.0 > from.slow {
            due.to.slow = slow.0;
            due.frames.extend(slow.1.iter().cloned());
        }
        let tick = self.latest.load();
        if tick.s <= from.at {
            return Some(due);
        }
        if tick.p <= from.at {
            due.to.at = tick.s;
            due.frames.push((FrameType::Stock, tick.stock.clone()));
        } else if let Some((to, frames)) = self.catch_up(from.at) {
            due.to.at = to;
            due.conflated = true;
            let kinds = frames.into_iter().map(|frame| (FrameType::Stock, frame));
            due.frames.extend(kinds);
        }
        due.frames.retain(|(_, frame)| !frame.is_empty());
        Some(due)
    }

    /// What moved after a position: the frame that brings a connection from there to the
    /// mirror's position, and drops that changed meanwhile.
    pub fn catch_up(&self, from: Position) -> Option<(Position, Vec<Frame>)> {
        let view = self.mirror.since(&self.live, from)?;
        let mut frames: Vec<Frame> = drop_frames(&view);
        frames.push(stock_frame(from, &view));
        Some((view.position, frames))
    }
}

fn drop_frames(view: &LiveView) -> Vec<Frame> {
    let currency = &view.live.spec.currency;
    let frame = |row| {
        let drop = rows::DropMessage::of(row, currency);
        let event = if drop.state == "closed" {
            "closed"
        } else {
            "changed"
        };
        let at = view.position;
        ServerMessage::Drop {
            event,
            drop: &drop,
            epoch: at.epoch,
            s: at.seq,
        }
        .frame()
    };
    view.drops.iter().map(frame).collect()
}

pub(super) fn stock_frame(p: Position, view: &LiveView) -> Frame {
    let items: Vec<ItemMessage> = view.items.iter().map(ItemMessage::of).collect();
    // A position of another epoch has no place in this one's range: everything is covered.
    let p = if p.epoch == view.position.epoch {
        p.seq
    } else {
        0
    };
    let (epoch, s) = (view.position.epoch, view.position.seq);
    ServerMessage::Stock {
        epoch,
        p,
        s,
        items: &items,
    }
    .frame()
}
