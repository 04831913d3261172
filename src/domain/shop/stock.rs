//! Units that come in and go out other than by sale (R-INV-8..10, D.7 E-6, E-7).

use std::sync::Arc;

use super::Outcome;
use super::draft::Draft;
use super::skus::reason;
use crate::domain::answer::Answer;
use crate::domain::event::Event;
use crate::domain::id::SkuId;
use crate::domain::rejection::Rejection;
use crate::domain::sku::UNITS_MAX;

impl Draft<'_> {
    /// Stock-in: a shortage is repaid first, then who waits is served.
    pub(super) fn add_stock(&mut self, sku: &SkuId, qty: u32, why: &Arc<str>) -> Outcome {
        reason(why)?;
        if qty == 0 || qty > UNITS_MAX {
            return Err(Rejection::Invalid("qty"));
        }
        if self.counted(sku)?.buckets.on_hand() + qty > UNITS_MAX {
            return Err(Rejection::Invalid("qty"));
        }
        self.stock_in(sku, qty, why);
        Ok(Answer::Done { drop: None })
    }

    fn stock_in(&mut self, sku: &SkuId, came: u32, why: &Arc<str>) {
        let reason = Arc::clone(why);
        self.emit(Event::StockMoved {
            sku: sku.clone(),
            came,
            went: 0,
            short: 0,
            reason,
        });
        self.repay(sku, came);
    }

    /// A count. Below what is promised it needs force; what is then missing is taken from
    /// `available`, then from carved drops, and the rest is a shortage.
    pub(super) fn set_stock(
        &mut self,
        sku: &SkuId,
        on_hand: u32,
        why: &Arc<str>,
        force: bool,
    ) -> Outcome {
        reason(why)?;
        if on_hand > UNITS_MAX {
            return Err(Rejection::Invalid("on_hand"));
        }
        let buckets = self.counted(sku)?.buckets;
        let committed = buckets.committed();
        // Below zero where units were sold that are short: those must have been there.
        let is = i64::from(buckets.available + committed) - i64::from(buckets.shortage);
        let more = i64::from(on_hand) - is;
        if on_hand < committed && more < 0 && !force {
            return Err(Rejection::BelowCommitted { committed });
        }
        let units = u32::try_from(more.unsigned_abs()).unwrap_or(UNITS_MAX);
        if more > 0 {
            self.stock_in(sku, units, why);
        } else if more < 0 {
            let missing = units;
            self.uncarve(sku, missing);
            let available = self.skus.get(sku).map_or(0, |s| s.buckets.available);
            let went = missing.min(available);
            let (short, reason) = (missing - went, Arc::clone(why));
            self.emit(Event::StockMoved {
                sku: sku.clone(),
                came: 0,
                went,
                short,
                reason,
            });
        }
        Ok(Answer::Done { drop: None })
    }
}
