//! The rule that turns looks at two clocks into one time that can be believed or not.

use super::source::Look;
use super::{ClockConfig, Reading};

/// What was told last, and since when the wall clock is not believed.
#[derive(Debug)]
pub(super) struct Watch {
    config: ClockConfig,
    last: Look,
    told_ms: u64,
    /// Half milliseconds still owed, or many short looks would stop a clock at half pace.
    owed_halves: u64,
    /// Monotonic milliseconds of the latest jump; `None` while the clocks agree.
    jumped_at_ms: Option<u64>,
}

impl Watch {
    pub(super) fn new(look: Look, config: ClockConfig) -> Self {
        Self {
            config,
            last: look,
            told_ms: look.wall_ms,
            owed_halves: 0,
            jumped_at_ms: None,
        }
    }

    pub(super) fn see(&mut self, look: Look) -> Reading {
        let elapsed_ms = look.monotonic_ms().saturating_sub(self.last.monotonic_ms());
        let expected_ms = self.last.wall_ms.saturating_add(elapsed_ms);
        if look.wall_ms.abs_diff(expected_ms) > self.config.jump_ms {
            self.jumped_at_ms = Some(look.monotonic_ms());
        } else if self.settled(look) {
            self.jumped_at_ms = None;
        }
        self.told_ms = if self.jumped_at_ms.is_some() {
            self.told_ms.saturating_add(elapsed_ms)
        } else {
            // Half pace while the wall clock is behind: time goes on, and the two meet again.
            let halves = self.owed_halves.saturating_add(elapsed_ms);
            self.owed_halves = halves % 2;
            look.wall_ms.max(self.told_ms.saturating_add(halves / 2))
        };
        self.last = look;
        Reading {
            now_ms: self.told_ms,
            suspect: self.jumped_at_ms.is_some(),
        }
    }

    pub(super) fn accept(&mut self, look: Look) {
        self.see(look);
        self.jumped_at_ms = None;
        self.told_ms = self.told_ms.max(look.wall_ms);
    }

    fn settled(&self, look: Look) -> bool {
        self.jumped_at_ms
            .is_some_and(|at| look.monotonic_ms().saturating_sub(at) >= self.config.settle_ms)
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::{Clock, Reading};

    const START: u64 = 1_700_000_000_000;
    const HOUR: i64 = 3_600_000;

    fn told(now_ms: u64, suspect: bool) -> Reading {
        Reading { now_ms, suspect }
    }

    #[test]
    fn follows_the_wall_clock_while_both_agree() {
        let clock = Clock::manual(START);
        clock.advance(1_500);
        assert_eq!(clock.read(), told(START + 1_500, false));
        assert_eq!(clock.monotonic().as_millis(), 1_500);
    }

    #[test]
    fn a_drift_of_two_seconds_is_believed_and_one_more_millisecond_is_not() {
        let clock = Clock::manual(START);
        clock.jump(2_000);
        assert_eq!(clock.read(), told(START + 2_000, false));
        clock.jump(2_001);
        assert_eq!(clock.read(), told(START + 2_000, true));
    }

    #[test]
    fn a_forward_jump_taken_back_leaves_no_trace() {
        let clock = Clock::manual(START);
        clock.jump(HOUR);
        assert_eq!(clock.read(), told(START, true));
        clock.advance(5_000);
        assert_eq!(clock.read(), told(START + 5_000, true));
        clock.jump(-HOUR);
        assert_eq!(clock.read(), told(START + 5_000, true));
        clock.advance(59_999);
        assert!(clock.suspect());
        clock.advance(1);
        assert_eq!(clock.read(), told(START + 65_000, false));
    }

    #[test]
    fn a_jump_that_stays_is_believed_after_a_minute() {
        let clock = Clock::manual(START);
        clock.jump(HOUR);
        assert!(clock.suspect());
        clock.advance(60_000);
        assert_eq!(clock.read(), told(START + 60_000 + 3_600_000, false));
    }

    #[test]
    fn an_operator_may_accept_it_at_once() {
        let clock = Clock::manual(START);
        clock.jump(HOUR);
        assert!(clock.suspect());
        clock.accept();
        assert_eq!(clock.read(), told(START + 3_600_000, false));
    }

    #[test]
    fn after_a_step_back_time_goes_on_at_half_pace_until_they_meet() {
        let clock = Clock::manual(START);
        clock.jump(-10_000);
        assert_eq!(clock.read(), told(START, true));
        clock.accept();
        for _ in 0..10_000 {
            clock.advance(1);
            clock.read();
        }
        assert_eq!(clock.read(), told(START + 5_000, false));
        clock.advance(10_000);
        assert_eq!(clock.read(), told(START + 10_000, false));
        clock.advance(1_000);
        assert_eq!(clock.read(), told(START + 11_000, false));
    }

    #[test]
    fn it_never_runs_backwards_whatever_the_wall_clock_does() {
        let clock = Clock::manual(START);
        let mut last = clock.now_ms();
        for step in [
            500_i64,
            -1_999,
            90_000,
            -7_200_000,
            3,
            -1,
            1_000_000_000,
            -1_000_000_000,
        ] {
            clock.jump(step);
            for _ in 0..70 {
                clock.advance(1_000);
                let now = clock.now_ms();
                assert!(now >= last, "{now} after {last} at step {step}");
                last = now;
            }
        }
    }

    #[test]
    fn the_system_clock_tells_this_century_and_is_not_suspect() {
        let clock = Clock::default();
        let reading = clock.read();
        assert!(reading.now_ms > START);
        clock.advance(HOUR.unsigned_abs());
        assert!(clock.now_ms() < reading.now_ms + HOUR.unsigned_abs());
    }
}
