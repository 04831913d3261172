//! Making and changing SKUs (R-INV-1, R-INV-2, R-INV-6, R-INV-11, R-SHARE-9).

use std::sync::Arc;

use super::Outcome;
use super::draft::Draft;
use super::read::parts;
use crate::domain::answer::Answer;
use crate::domain::event::Event;
use crate::domain::id::SkuId;
use crate::domain::rejection::Rejection;
use crate::domain::sku::{COMPONENTS_MAX, Kind, Sku, SkuSpec, UNITS_MAX};

/// The highest price of a unit, in minor units.
pub(super) const PRICE_MAX: u64 = 1_000_000_000_000;
/// The longest text people give, in bytes.
pub(super) const TEXT_MAX: usize = 512;
/// Most units of one component in a combination.
const RATIO_MAX: u32 = 1_000;
/// Why the first units of a SKU came.
const FIRST_STOCK: &str = "new sku";

/// A reason that a person gave: not empty, not endless.
pub(super) fn reason(text: &Arc<str>) -> Result<(), Rejection> {
    if text.trim().is_empty() || text.len() > TEXT_MAX {
        Err(Rejection::Invalid("reason"))
    } else {
        Ok(())
    }
}

impl Draft<'_> {
    pub(super) fn put_sku(
        &mut self,
        id: &SkuId,
        spec: &Arc<SkuSpec>,
        on_hand: Option<u32>,
    ) -> Outcome {
        self.check_sku(id, spec, on_hand)?;
        match self.skus.get(id).cloned() {
            None => self.make_sku(id, spec, on_hand)?,
            Some(was) => self.change_sku(id, &was, spec, on_hand)?,
        }
        Ok(Answer::Done { drop: None })
    }

    fn check_sku(&self, id: &SkuId, spec: &SkuSpec, on_hand: Option<u32>) -> Result<(), Rejection> {
        let long = |text: &Arc<str>| text.len() > TEXT_MAX;
        if spec.title.trim().is_empty() || long(&spec.title) {
            return Err(Rejection::Invalid("title"));
        }
        if spec
            .image
            .as_ref()
            .is_some_and(|i| i.len() > 2_048 || !i.starts_with("https://"))
        {
            return Err(Rejection::Invalid("image"));
        }
        if spec.price > PRICE_MAX {
            return Err(Rejection::Invalid("price"));
        }
        if on_hand.is_some_and(|n| n > UNITS_MAX) {
            return Err(Rejection::Invalid("on_hand"));
        }
        self.check_components(id, spec)?;
        if !spec.physical && spec.track_stock {
            return Err(Rejection::DigitalCannotTrack);
        }
        Ok(())
    }

    /// At most ten plain components, each once, none of them the SKU itself.
    fn check_components(&self, id: &SkuId, spec: &SkuSpec) -> Result<(), Rejection> {
        let parts = &spec.components;
        let plain = |sku: &SkuId| self.skus.get(sku).is_some_and(|s| !s.spec.is_combination());
        let fits = parts.len() <= COMPONENTS_MAX
            && parts.iter().enumerate().all(|(i, c)| {
                (1..=RATIO_MAX).contains(&c.units)
                    && c.sku != *id
                    && plain(&c.sku)
                    && parts[..i].iter().all(|other| other.sku != c.sku)
            });
        let is_part = || {
            self.skus
                .values()
                .any(|s| s.spec.components.iter().any(|c| c.sku == *id))
        };
        if fits && (parts.is_empty() || !is_part()) {
            Ok(())
        } else {
            Err(Rejection::Invalid("components"))
        }
    }

    fn make_sku(
        &mut self,
        id: &SkuId,
        spec: &Arc<SkuSpec>,
        on_hand: Option<u32>,
    ) -> Result<(), Rejection> {
        if on_hand.is_some() && (spec.is_combination() || spec.kind() != Kind::Tracked) {
            return Err(Rejection::NotTracked);
        }
        self.emit(Event::SkuPut {
            sku: id.clone(),
            spec: Arc::clone(spec),
        });
        if let Some(came) = on_hand.filter(|n| *n > 0) {
            let reason = FIRST_STOCK.into();
            self.emit(Event::StockMoved {
                sku: id.clone(),
                came,
                went: 0,
                short: 0,
                reason,
            });
        }
        Ok(())
    }

    fn change_sku(
        &mut self,
        id: &SkuId,
        was: &Sku,
        spec: &Arc<SkuSpec>,
        on_hand: Option<u32>,
    ) -> Result<(), Rejection> {
        let recounts = was.spec.kind() != spec.kind() || was.spec.components != spec.components;
        if !recounts && on_hand.is_some() {
            return Err(Rejection::Invalid("on_hand"));
        }
        if !recounts {
            if was.spec != *spec {
                self.emit(Event::SkuPut {
                    sku: id.clone(),
                    spec: Arc::clone(spec),
                });
            }
            return Ok(());
        }
        if on_hand.is_some() && spec.is_combination() {
            return Err(Rejection::NotTracked);
        }
        let committed = was.buckets.committed().max(self.held_units(id));
        // A booking gives back what its SKU is made of then, so that may not have changed.
        let recomposed = was.spec.components != spec.components;
        if self.is_dropped(id) || (committed > 0 && (recomposed || on_hand.is_none())) {
            return Err(Rejection::InUse { committed });
        }
        if on_hand.is_some_and(|n| n < committed) {
            return Err(Rejection::BelowCommitted { committed });
        }
        self.emit(Event::SkuPut {
            sku: id.clone(),
            spec: Arc::clone(spec),
        });
        self.emit(Event::Rebased {
            sku: id.clone(),
            on_hand: on_hand.unwrap_or(committed),
        });
        Ok(())
    }

    /// R-INV-6: each SKU for itself.
    pub(super) fn activate_skus(&mut self, skus: &[SkuId], active: bool) -> Outcome {
        if skus.is_empty() || skus.len() > 1_000 {
            return Err(Rejection::Invalid("skus"));
        }
        let mut unknown = Vec::new();
        for id in skus {
            match self.skus.get(id) {
                None => unknown.push(id.clone()),
                Some(sku) if sku.spec.active != active => {
                    self.emit(Event::SkuActivated {
                        sku: id.clone(),
                        active,
                    });
                }
                Some(_) => {}
            }
        }
        Ok(if unknown.is_empty() {
            Answer::Done { drop: None }
        } else {
            Answer::DoneExcept { unknown }
        })
    }

    /// The plain, counted SKU of this id.
    pub(super) fn counted(&self, id: &SkuId) -> Result<&Sku, Rejection> {
        let sku = self.skus.get(id).ok_or(Rejection::Invalid("sku"))?;
        let plain = parts(id, &sku.spec).all(|(part, _)| part == id);
        if plain && sku.spec.kind() == Kind::Tracked {
            Ok(sku)
        } else {
            Err(Rejection::NotTracked)
        }
    }
}
