//! When the shops of a desk have something due.

use std::collections::BTreeSet;

use crate::domain::{Millis, ShopId};

#[derive(Default)]
pub(super) struct Dues(BTreeSet<(Millis, ShopId)>);

impl Dues {
    /// When anything is due next.
    pub(super) fn next(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The shop whose turn it is, if something of it is due by `now`.
    pub(super) fn first_by(&self, now: Millis) -> Option<ShopId> {
        let (at, shop) = self.0.first()?;
        (*at <= now).then(|| shop.clone())
    }

    /// Takes note that a shop's next time was another before; most requests change nothing.
    pub(super) fn moved(&mut self, shop: &ShopId, was: Option<Millis>, is: Option<Millis>) {
        if was == is {
            return;
        }
        if let Some(at) = was {
            self.0.remove(&(at, shop.clone()));
        }
        if let Some(at) = is {
            self.0.insert((at, shop.clone()));
        }
    }
}
