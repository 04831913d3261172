//! Customers, settings, lives, and forgetting (R-BOOK-12, R-BOOK-15, E-25, D.11).

use std::sync::Arc;

use super::Outcome;
use super::draft::Draft;
use super::skus::{TEXT_MAX, reason};
use crate::domain::answer::Answer;
use crate::domain::customer::{REPUTATION_FULL, ReputationCause, clamp};
use crate::domain::event::Event;
use crate::domain::id::{CustomerId, GroupId, LiveId};
use crate::domain::live::{LiveSpec, Video};
use crate::domain::rejection::Rejection;
use crate::domain::settings::Settings;
use crate::domain::time::{ANSWER_KEPT_MS, Millis};

const DONE: Answer = Answer::Done { drop: None };

impl Draft<'_> {
    #[expect(clippy::unnecessary_wraps, reason = "every rule has an outcome")]
    pub(super) fn restrict(&mut self, customer: &CustomerId, restricted: bool) -> Outcome {
        let is = self.customers.get(customer).is_some_and(|c| c.restricted);
        if is != restricted {
            self.emit(Event::CustomerRestricted {
                customer: customer.clone(),
                restricted,
            });
        }
        Ok(DONE)
    }

    #[expect(clippy::unnecessary_wraps, reason = "every rule has an outcome")]
    pub(super) fn group(&mut self, customer: &CustomerId, group: Option<&GroupId>) -> Outcome {
        let is = self.customers.get(customer).and_then(|c| c.group.as_ref());
        if is != group {
            let group = group.cloned();
            self.emit(Event::CustomerGrouped {
                customer: customer.clone(),
                group,
            });
        }
        Ok(DONE)
    }

    pub(super) fn adjust_reputation(
        &mut self,
        customer: &CustomerId,
        delta: i32,
        why: &Arc<str>,
    ) -> Outcome {
        reason(why)?;
        if delta == 0 || delta.unsigned_abs() > u32::from(REPUTATION_FULL) {
            return Err(Rejection::Invalid("delta"));
        }
        let (after, applied) = clamp(self.reputation(customer), delta);
        self.emit(Event::ReputationChanged {
            customer: customer.clone(),
            cause: ReputationCause::Adjust,
            booking: None,
            nominal: delta,
            applied,
            after,
            reason: Some(Arc::clone(why)),
        });
        Ok(DONE)
    }

    pub(super) fn change_settings(&mut self, settings: &Arc<Settings>) -> Outcome {
        if let Some(field) = settings.fault() {
            return Err(Rejection::Invalid(field));
        }
        if self.settings != *settings {
            self.emit(Event::SettingsChanged(Arc::clone(settings)));
        }
        Ok(DONE)
    }

    pub(super) fn put_live(&mut self, live: &LiveId, spec: &Arc<LiveSpec>) -> Outcome {
        check_live(spec)?;
        let known = self.lives.get(live);
        if known.is_some_and(|l| l.ended) {
            return Err(Rejection::LiveNotFound);
        }
        if known.is_none_or(|l| l.spec != *spec) {
            self.emit(Event::LivePut {
                live: live.clone(),
                spec: Arc::clone(spec),
            });
        }
        Ok(DONE)
    }

    /// Only of customers who wait is it kept whether they are there.
    #[expect(clippy::unnecessary_wraps, reason = "every rule has an outcome")]
    pub(super) fn see_customer(&mut self, customer: &CustomerId, absent: bool) -> Outcome {
        let news = self
            .customers
            .get(customer)
            .is_some_and(|c| !c.waits.is_empty() && c.absent != absent);
        if news {
            self.emit(Event::CustomerSeen {
                customer: customer.clone(),
                absent,
            });
        }
        Ok(DONE)
    }

    pub(super) fn forget(&mut self, before: Millis) -> Outcome {
        if before.plus(ANSWER_KEPT_MS) > self.now {
            return Err(Rejection::Invalid("before"));
        }
        self.emit(Event::Forgotten { before });
        Ok(DONE)
    }
}

fn check_live(spec: &LiveSpec) -> Result<(), Rejection> {
    let url = |u: &Arc<str>| u.starts_with("https://") && u.len() <= 2_048;
    let video = match &spec.video {
        Video::None | Video::Demo => true,
        Video::Hls(u) | Video::Mp4(u) | Video::Embed(u) => url(u),
    };
    let accent = |a: &Arc<str>| {
        a.len() == 7 && a.starts_with('#') && a[1..].chars().all(|c| c.is_ascii_hexdigit())
    };
    let currency =
        spec.currency.len() == 3 && spec.currency.chars().all(|c| c.is_ascii_uppercase());
    let links = spec.links.len() <= 20
        && spec
            .links
            .iter()
            .all(|(label, to)| label.len() <= TEXT_MAX && url(to));
    let checks = [
        (
            "title",
            !spec.title.trim().is_empty() && spec.title.len() <= TEXT_MAX,
        ),
        ("lang", matches!(&*spec.lang, "id" | "ms" | "en")),
        ("currency", currency),
        ("accent", spec.accent.as_ref().is_none_or(accent)),
        ("video", video),
        ("links", links),
    ];
    match checks.into_iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(Rejection::Invalid(field)),
        None => Ok(()),
    }
}
