//! Customers, settings and lives: R-BOOK-12, R-BOOK-15, R-SET-1, E-25.

use std::sync::Arc;

use lapak::domain::live::Video;
use lapak::domain::shop::Outcome;
use lapak::domain::{Answer, CustomerId, GroupId, LiveId, LiveSpec, Rejection, Settings};

use super::drops::done;
use super::{Live, Model};

const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

impl Model {
    pub(super) fn restrict(&mut self, customer: &CustomerId, restricted: bool) -> Answer {
        self.customer_mut(customer).restricted = restricted;
        done(None)
    }

    pub(super) fn group(&mut self, customer: &CustomerId, group: Option<&GroupId>) -> Answer {
        self.customer_mut(customer).group = group.cloned();
        done(None)
    }

    /// R-BOOK-4: clamped after each step.
    pub(super) fn adjust(&mut self, customer: &CustomerId, delta: i32, reason: &str) -> Outcome {
        super::stock::check_reason(reason)?;
        if delta == 0 || !(-100..=100).contains(&delta) {
            return Err(Rejection::Invalid("delta"));
        }
        let c = self.customer_mut(customer);
        let step = u64::from(delta.unsigned_abs());
        c.reputation = if delta > 0 {
            (c.reputation + step).min(100)
        } else {
            c.reputation.saturating_sub(step)
        };
        Ok(done(None))
    }

    /// Whether a customer is there matters only while they wait.
    pub(super) fn see_customer(&mut self, customer: &CustomerId, away: bool) -> Answer {
        if self.waits_any(customer) {
            self.customer_mut(customer).away = away;
        }
        done(None)
    }

    pub(super) fn change_settings(&mut self, settings: &Settings) -> Outcome {
        check(settings)?;
        self.settings = settings.clone();
        Ok(done(None))
    }

    pub(super) fn put_live(&mut self, live: &LiveId, spec: &Arc<LiveSpec>) -> Outcome {
        check_live(spec)?;
        match self.lives.iter_mut().find(|l| l.id == *live) {
            Some(known) if known.ended => return Err(Rejection::LiveNotFound),
            Some(known) => known.spec = Arc::clone(spec),
            None => {
                let (id, spec) = (live.clone(), Arc::clone(spec));
                self.lives.push(Live {
                    id,
                    spec,
                    ended: false,
                });
            }
        }
        Ok(done(None))
    }
}

/// Source 5's ranges: times of a second to a day, steps of 0 to 100.
fn check(s: &Settings) -> Result<(), Rejection> {
    let time = |ms: u64| (1_000..=DAY_MS).contains(&ms);
    let ranges = [
        ("vat_bp", s.vat_bp <= 10_000),
        ("checkout_timeout_ms", time(s.checkout_timeout_ms)),
        ("order_auto_expire_ms", time(s.order_auto_expire_ms)),
        ("booking_timeout_ms", time(s.booking_timeout_ms)),
        ("offer_ms", time(s.offer_ms)),
        ("offer_absent_ms", time(s.offer_absent_ms)),
        ("oops_grace_ms", s.oops_grace_ms <= 10 * MINUTE_MS),
        ("rebook_cooldown_ms", s.rebook_cooldown_ms <= 60 * MINUTE_MS),
        (
            "waitlist_after_end_ms",
            s.waitlist_after_end_ms <= 60 * MINUTE_MS,
        ),
        ("penalty_cancel", s.penalty_cancel <= 100),
        ("penalty_timeout", s.penalty_timeout <= 100),
        ("penalty_unpaid", s.penalty_unpaid <= 100),
        ("reward_paid", s.reward_paid <= 100),
        ("min_reputation", s.min_reputation <= 100),
        ("cod_min_reputation", s.cod_min_reputation <= 100),
        ("qris_max_hold_ms", time(s.qris_max_hold_ms)),
        ("payment_grace_ms", s.payment_grace_ms <= 5 * MINUTE_MS),
        ("late_wait_ms", s.late_wait_ms <= DAY_MS),
    ];
    for (field, fits) in ranges {
        if !fits {
            return Err(Rejection::Invalid(field));
        }
    }
    // Reading: at most ten bands, the lowest first, no two with the same bound.
    let mut last = None;
    for band in &s.bands {
        let rises = last.is_none_or(|below| below < band.below);
        if !rises || band.below > 101 || !band.hold_ms.is_none_or(time) || s.bands.len() > 10 {
            return Err(Rejection::Invalid("bands"));
        }
        last = Some(band.below);
    }
    if s.group_max_bookings.len() > 100 {
        return Err(Rejection::Invalid("group_max_bookings"));
    }
    Ok(())
}

fn check_live(spec: &LiveSpec) -> Result<(), Rejection> {
    let https = |url: &str| url.starts_with("https://") && url.len() <= 2_048;
    let colour = |c: &str| {
        c.len() == 7 && c.starts_with('#') && c.chars().skip(1).all(|d| d.is_ascii_hexdigit())
    };
    let video = match &spec.video {
        Video::None | Video::Demo => true,
        Video::Hls(url) | Video::Mp4(url) | Video::Embed(url) => https(url),
    };
    let fits = [
        (
            "title",
            !spec.title.trim().is_empty() && spec.title.len() <= 512,
        ),
        ("lang", ["id", "ms", "en"].contains(&&*spec.lang)),
        (
            "currency",
            spec.currency.len() == 3 && spec.currency.bytes().all(|b| b.is_ascii_uppercase()),
        ),
        ("accent", spec.accent.as_ref().is_none_or(|c| colour(c))),
        ("video", video),
        (
            "links",
            spec.links.len() <= 20 && spec.links.iter().all(|(l, u)| l.len() <= 512 && https(u)),
        ),
    ];
    match fits.into_iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(Rejection::Invalid(field)),
        None => Ok(()),
    }
}
