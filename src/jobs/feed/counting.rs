//! Counts what was decided, for Prometheus: entries are the truth, so replays do not count twice.

use std::time::Duration;

use crate::domain::{Answer, BookingEnd, Count, Event, Millis, Origin, Role};
use crate::journal::Entry;
use crate::telemetry::{
    BookingResult, CancelledBy, Decision, PaymentLabel, Sign, StateLabel, metrics,
};

pub(super) fn count(entry: &Entry) {
    let decision = &entry.decision;
    let commands = &metrics().commands;
    match &decision.outcome {
        Ok(_) => commands.decisions.of(Decision::ACCEPTED).increment(),
        Err(rejection) => commands
            .decisions
            .of(Decision::refused(rejection.code()))
            .increment(),
    }
    let bookings = &metrics().bookings;
    match &decision.outcome {
        Ok(Answer::Held { waiting: 0, .. }) => bookings.decided.of(BookingResult::Held).increment(),
        Ok(Answer::Held { .. }) => bookings.decided.of(BookingResult::Partial).increment(),
        Ok(Answer::Waiting { .. }) => bookings.decided.of(BookingResult::Waiting).increment(),
        Err(rejection) if decision.by.role == Role::Viewer => {
            bookings
                .decided
                .of(BookingResult::from_refusal(rejection.code()))
                .increment();
        }
        _ => {}
    }
    for count in &decision.counts {
        // Never true: an alarm, should a defect ever take more through a drop than its cap.
        if let Count::Drop {
            cap: Some(cap),
            used,
            ..
        } = count
            && used > cap
        {
            bookings.oversold.increment();
        }
    }
    for event in &decision.events {
        of_event(event, decision.at, decision.by.role);
    }
}

fn of_event(event: &Event, at: Millis, by: Role) {
    let (bookings, orders) = (&metrics().bookings, &metrics().orders);
    match event {
        Event::Booked { qty, origin, .. } => {
            bookings.units.add(u64::from(*qty));
            bookings.held.increment();
            if *origin != Origin::Tap {
                bookings.promotions.increment();
            }
        }
        Event::Released {
            end,
            left,
            deadline,
            ..
        } => {
            if *left == 0 {
                bookings.held.decrement();
            }
            match end {
                BookingEnd::Expired => {
                    bookings.expired.increment();
                    let late = Duration::from_millis(at.since(*deadline));
                    bookings.expiry_lateness.record_duration(late);
                }
                BookingEnd::Cancelled => {
                    bookings.cancelled.of(CancelledBy::Customer).increment();
                }
                BookingEnd::CancelledBySeller => {
                    let by = if by == Role::System {
                        CancelledBy::System
                    } else {
                        CancelledBy::Host
                    };
                    bookings.cancelled.of(by).increment();
                }
                BookingEnd::Ordered => {}
            }
        }
        Event::OrderPlaced(placed) => {
            let booked = placed.lines.iter().filter(|line| line.booking.is_some());
            booked.for_each(|_| bookings.held.decrement());
            orders.moved.of(StateLabel::AwaitingPayment).increment();
        }
        Event::OrderMoved { to, .. } => {
            orders
                .moved
                .of(StateLabel::from_text(to.as_str()))
                .increment();
        }
        Event::OrderChecking { .. } => orders.checked.increment(),
        Event::PaymentStarted { .. } => orders.payments.of(PaymentLabel::Started).increment(),
        Event::PaymentNoted { order, status, .. } => {
            let told = match order {
                Some(_) => PaymentLabel::from_text(status.as_str()),
                None => PaymentLabel::Unmatched,
            };
            orders.payments.of(told).increment();
        }
        Event::ReputationChanged { applied, .. } => {
            let sign = if *applied < 0 { Sign::Down } else { Sign::Up };
            bookings.reputation_changes.of(sign).increment();
        }
        _ => {}
    }
}
