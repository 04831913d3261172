//! What Prometheus reads in these tests: an address that answers `/metrics`.
//!
//! The checks take only the address, so the real server can stand in: start it and hand over the
//! `host:port` of its metrics listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use lapak::clock::{Clock, ClockConfig};
use lapak::telemetry::{
    self, BookingResult, CancelledBy, CommandResult, CommandType, Decision, FrameType, Metrics,
    Registry, ResumeResult, Role, Sign, Transport,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A registry behind HTTP; gone when dropped.
pub(crate) struct RegistryTarget {
    /// Where `/metrics` is.
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl RegistryTarget {
    /// Serves a registry in which a live night goes on: every look at it finds more of everything.
    pub(crate) async fn start() -> Self {
        let registry = Arc::new(Registry::new());
        let clock = Clock::system(ClockConfig::default());
        let page = move || {
            live_a_little(registry.metrics());
            let page = registry.render(clock.monotonic());
            async move { ([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], page) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/metrics", get(page));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, task }
    }
}

impl Drop for RegistryTarget {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn live_a_little(metrics: &Metrics) {
    let short = Duration::from_millis(3);
    connect_and_tell(metrics, short);
    let commands = &metrics.commands;
    commands
        .answered
        .of((CommandType::Book, CommandResult::Accepted))
        .increment();
    commands
        .duration
        .of(CommandType::Book)
        .record_duration(short);
    commands.decisions.of(Decision::ACCEPTED).increment();
    commands
        .decisions
        .of(Decision::refused("sold_out"))
        .increment();
    commands.decision_duration.record_duration(short);
    let bookings = &metrics.bookings;
    bookings.decided.of(BookingResult::Held).increment();
    bookings.decided.of(BookingResult::SoldOut).increment();
    bookings.units.add(2);
    bookings.held.set_count(1);
    bookings.cancelled.of(CancelledBy::Customer).increment();
    bookings.expired.increment();
    bookings.expiry_lateness.record_duration(short);
    bookings.reputation_changes.of(Sign::Down).increment();
    metrics.journal.commit_duration.record_duration(short);
    metrics.journal.commit_entries.record_count(4);
    metrics.journal.entries.add(4);
    metrics.runtime.poll_lag.record_duration(short);
}

fn connect_and_tell(metrics: &Metrics, short: Duration) {
    let connections = &metrics.connections;
    connections
        .open
        .of((Role::Viewer, Transport::WebSocket))
        .set_count(10);
    connections.opened.of(Transport::WebSocket).increment();
    connections.connect_duration.record_duration(short);
    connections.lifetime.record(70.0);
    connections.resumes.of(ResumeResult::Delta).increment();
    connections.resume_gap.record_count(12);
    let broadcast = &metrics.broadcast;
    broadcast.viewers.set_count(9);
    broadcast.frames_sent.of(FrameType::Stock).add(10);
    broadcast.sent_bytes.add(2_560);
    broadcast.deliveries.add(10);
    broadcast.ticks.increment();
    broadcast.tick_build_duration.record_duration(short);
    broadcast.fanout_duration.record_duration(short);
    broadcast.decision_to_frame.record_duration(short);
}
