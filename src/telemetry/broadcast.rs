//! Metrics of telling everyone: ticks, frames, bytes, and who cannot keep up.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::label;

label! {
    /// The kind of a message to a client: its `type`, replies to commands joined in one.
    pub enum FrameType as "type" {
        Welcome = "welcome",
        Stock = "stock",
        Drop = "drop",
        Viewers = "viewers",
        Ticker = "ticker",
        Activity = "activity",
        Resync = "resync",
        Drain = "drain",
        Reply = "reply",
        Booking = "booking",
        Waiting = "waiting",
        Reputation = "reputation",
        Error = "error",
        Other = "other",
    } else Other
}

group! {
    /// Metrics of broadcast and of what is written to sockets.
    pub struct Broadcast {
        /// Distinct viewers of all lives: customers once, however many connections they have, and guests.
        viewers: Gauge = "lapak_viewers", Things;
        /// Messages written to sockets, by type.
        frames_sent: Family<Counter, FrameType> = "lapak_frames_sent_total", Things;
        /// Bytes of messages written to sockets, without WebSocket framing.
        sent_bytes: Counter = "lapak_sent_bytes_total", Bytes;
        /// Shared frames handed to connections: one tick to 1,000 viewers counts 1,000.
        deliveries: Counter = "lapak_deliveries_total", Things;
        /// Ticks in which a live had something to tell.
        ticks: Counter = "lapak_ticks_total", Things;
        /// Time to build and encode the frames of one tick of one live.
        tick_build_duration: Histogram = "lapak_tick_build_duration_seconds", Seconds, WORK;
        /// Time from the first to the last connection told in one tick of one live.
        fanout_duration: Histogram = "lapak_fanout_duration_seconds", Seconds, WORK;
        /// The present pause between two ticks, of the live where it is longest.
        tick_interval: Gauge = "lapak_tick_interval_seconds", Seconds;
        /// Stock changes merged into a newer value before they were sent.
        conflated_events: Counter = "lapak_conflated_events_total", Things;
        /// Stock frames that a connection skipped because it was not ready; a later frame covers them.
        conflated_frames: Counter = "lapak_conflated_frames_total", Things;
        /// Connections that are behind the newest tick of their live.
        viewers_lagging: Gauge = "lapak_viewers_lagging", Things;
        /// Frames that wait in the lossless lanes of all connections.
        control_queue: Gauge = "lapak_control_queue_frames", Things;
        /// Time from a decision to handing the socket the frame that tells it, of the oldest decision in the frame.
        decision_to_frame: Histogram = "lapak_decision_to_frame_seconds", Seconds, LATENCY;
    }
}
