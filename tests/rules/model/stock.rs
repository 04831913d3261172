//! SKUs and their stock: A.1, R-SHARE-9, D.7 E-6, E-7, E-32.

use lapak::domain::drop::DropState;
use lapak::domain::shop::Outcome;
use lapak::domain::{Answer, DropId, Rejection, SkuId, SkuSpec};

use super::book::u32_of;
use super::count::MOST;
use super::drops::done;
use super::{Drop, Model, Sku};

/// Reading: whoever changes stock, or takes something back, says why.
pub(super) fn check_reason(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() || reason.len() > 512 {
        return Err(Rejection::Invalid("reason"));
    }
    Ok(())
}

impl Model {
    /// E-6. The shortage is repaid first; that follows from the sums.
    pub(super) fn add_stock(&mut self, sku: &SkuId, qty: u32, reason: &str) -> Outcome {
        check_reason(reason)?;
        if qty == 0 || u64::from(qty) > MOST {
            return Err(Rejection::Invalid("qty"));
        }
        self.plain_counted(sku)?;
        let qty = u64::from(qty);
        if self.on_hand(sku).max(0) + i128::from(qty) > i128::from(MOST) {
            return Err(Rejection::Invalid("qty"));
        }
        self.sku_mut(sku).came += qty;
        Ok(done(None))
    }

    /// E-7. Reading: below what is promised, but above what is there, is no lowering.
    pub(super) fn set_stock(&mut self, sku: &SkuId, n: u32, reason: &str, force: bool) -> Outcome {
        check_reason(reason)?;
        let counted = u64::from(n);
        if counted > MOST {
            return Err(Rejection::Invalid("on_hand"));
        }
        self.plain_counted(sku)?;
        let (is, committed) = (self.on_hand(sku), self.committed(sku));
        let more = i128::from(counted) - is;
        let units = u64::try_from(more.unsigned_abs()).expect("small");
        if more >= 0 {
            self.sku_mut(sku).came += units;
            return Ok(done(None));
        }
        if counted < committed && !force {
            return Err(Rejection::BelowCommitted {
                committed: u32_of(committed),
            });
        }
        self.sku_mut(sku).went += units;
        self.uncarve(sku);
        Ok(done(None))
    }

    /// What is missing is taken from `available`, then from what is set aside, newest drop
    /// first; what is missing then is the shortage. Each drop loses those units for good.
    pub(super) fn uncarve(&mut self, sku: &SkuId) {
        let mut newest: Vec<DropId> = self.drops.iter().map(|d| d.id).collect();
        newest.sort();
        newest.reverse();
        for id in newest {
            let d = self.drop(id).expect("a known drop").clone();
            let ratio = self
                .counted_parts(&d.sku)
                .into_iter()
                .find(|(part, _)| part == sku);
            let Some((_, ratio)) = ratio else { continue };
            let aside = self.set_aside(&d);
            let cut = self.shortage(sku).div_ceil(ratio).min(aside);
            if cut > 0 {
                self.drop_mut(id).cap = d.cap.map(|cap| cap - cut);
            }
        }
    }

    /// Units that came back and cannot be sold.
    pub(super) fn write_off(&mut self, sku: &SkuId, units: u64) {
        self.sku_mut(sku).went += units;
    }

    fn plain_counted(&self, sku: &SkuId) -> Result<(), Rejection> {
        let s = self.sku(sku).ok_or(Rejection::Invalid("sku"))?;
        if s.spec.components.is_empty() && self.recorded(sku) {
            Ok(())
        } else {
            Err(Rejection::NotTracked)
        }
    }

    fn sku_mut(&mut self, sku: &SkuId) -> &mut Sku {
        self.skus
            .iter_mut()
            .find(|s| s.id == *sku)
            .expect("a known SKU")
    }

    /// R-INV-1, R-INV-2, R-SHARE-9.
    pub(super) fn put_sku(&mut self, id: &SkuId, spec: &SkuSpec, count: Option<u32>) -> Outcome {
        let count = count.map(u64::from);
        let invalid = |field| Err(Rejection::Invalid(field));
        if spec.title.trim().is_empty() || spec.title.len() > 512 {
            return invalid("title");
        }
        if spec
            .image
            .as_ref()
            .is_some_and(|i| i.len() > 2_048 || !i.starts_with("https://"))
        {
            return invalid("image");
        }
        if spec.price > 1_000_000_000_000 {
            return invalid("price");
        }
        if count.is_some_and(|n| n > MOST) {
            return invalid("on_hand");
        }
        if !self.parts_fit(id, spec) {
            return invalid("components");
        }
        if spec.track_stock && !spec.physical {
            return Err(Rejection::DigitalCannotTrack);
        }
        let combination = !spec.components.is_empty();
        let counts = spec.physical && spec.track_stock && !combination;
        match self.sku(id).cloned() {
            None if count.is_some() && !counts => Err(Rejection::NotTracked),
            None => {
                let (spec, came) = (spec.clone(), count.unwrap_or(0));
                self.skus.push(Sku {
                    id: id.clone(),
                    spec,
                    came,
                    went: 0,
                });
                Ok(done(None))
            }
            Some(was) => self.change_sku(&was, spec, count),
        }
    }

    /// R-INV-11. Reading: the way of counting also means the parts. It cannot change at all while
    /// a drop of it is not over, and the parts cannot while one of its bookings is held: giving
    /// that back would move other units than booking it has.
    fn change_sku(&mut self, was: &Sku, spec: &SkuSpec, count: Option<u64>) -> Outcome {
        let id = &was.id;
        let flags = (was.spec.physical, was.spec.track_stock) != (spec.physical, spec.track_stock);
        let parts = was.spec.components != spec.components;
        if !flags && !parts {
            if count.is_some() {
                return Err(Rejection::Invalid("on_hand"));
            }
            self.sku_mut(id).spec = spec.clone();
            return Ok(done(None));
        }
        if count.is_some() && !spec.components.is_empty() {
            return Err(Rejection::NotTracked);
        }
        let touches = |d: &Drop| d.sku == *id || self.parts(&d.sku).iter().any(|(p, _)| p == id);
        let dropped = self
            .drops
            .iter()
            .any(|d| d.state != DropState::Settled && touches(d));
        let of_it = |d: &&Drop| d.sku == *id;
        let held: u64 = self
            .drops
            .iter()
            .filter(of_it)
            .map(|d| self.held_of(d.id))
            .sum();
        let committed = self.committed(id).max(held);
        if dropped || (parts && committed > 0) || (committed > 0 && count.is_none()) {
            return Err(Rejection::InUse {
                committed: u32_of(committed),
            });
        }
        if count.is_some_and(|n| n < committed) {
            return Err(Rejection::BelowCommitted {
                committed: u32_of(committed),
            });
        }
        let sold = self.sold(id);
        let s = self.sku_mut(id);
        s.spec = spec.clone();
        s.came = count.unwrap_or(committed) + sold;
        s.went = 0;
        Ok(done(None))
    }

    fn parts_fit(&self, id: &SkuId, spec: &SkuSpec) -> bool {
        let parts = &spec.components;
        let plain = |part: &SkuId| self.sku(part).is_some_and(|s| s.spec.components.is_empty());
        let twice = |part: &SkuId| parts.iter().filter(|c| c.sku == *part).count() > 1;
        let in_another = self
            .skus
            .iter()
            .any(|s| s.spec.components.iter().any(|c| c.sku == *id));
        parts.len() <= 10
            && (parts.is_empty() || !in_another)
            && parts.iter().all(|c| {
                c.sku != *id && plain(&c.sku) && !twice(&c.sku) && (1..=1_000).contains(&c.units)
            })
    }

    /// R-INV-6: each for itself.
    pub(super) fn activate(&mut self, skus: &[SkuId], active: bool) -> Outcome {
        if skus.is_empty() || skus.len() > 1_000 {
            return Err(Rejection::Invalid("skus"));
        }
        let mut unknown = Vec::new();
        for id in skus {
            match self.skus.iter_mut().find(|s| s.id == *id) {
                Some(sku) => sku.spec.active = active,
                None => unknown.push(id.clone()),
            }
        }
        Ok(if unknown.is_empty() {
            done(None)
        } else {
            Answer::DoneExcept { unknown }
        })
    }
}
