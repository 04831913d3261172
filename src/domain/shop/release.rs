//! What happens to units that leave a booking: `rel` of D.4. A shortage is repaid first; the
//! rest goes back to the drop it came from, and from there to who waits (in `follow_up`).

use std::sync::Arc;

use super::draft::Draft;
use crate::domain::booking::{Booking, BookingEnd};
use crate::domain::drop::Mode;
use crate::domain::event::Event;
use crate::domain::id::{BookingId, DropId, SkuId};
use crate::domain::time::Millis;

impl Draft<'_> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one event")]
    pub(super) fn release(
        &mut self,
        id: BookingId,
        booking: &Booking,
        qty: u32,
        end: BookingEnd,
        reason: Arc<str>,
        oops: bool,
        cooldown_until: Option<Millis>,
    ) {
        self.emit(Event::Released {
            booking: id,
            customer: booking.customer.clone(),
            drop: booking.drop,
            qty,
            left: booking.qty - qty,
            deadline: booking.deadline,
            end,
            reason,
            oops,
            cooldown_until,
        });
        let sku = self.drops.get(&booking.drop).map(|d| d.sku.clone());
        let parts = sku.map_or_else(Vec::new, |sku| {
            let parts = self.tracked_parts(&sku);
            parts.map(|(id, _, ratio)| (id.clone(), ratio)).collect()
        });
        self.take_back(Some(booking.drop), &parts, qty);
    }

    /// Units, made of these counted parts each, have become available: repays shortages, and
    /// gives a drop that is not settled its units back. What it cannot get back leaves it for good.
    pub(super) fn take_back(&mut self, drop: Option<DropId>, parts: &[(SkuId, u32)], qty: u32) {
        let mut whole = qty;
        for (part, ratio) in parts {
            let repaid = self.repay(part, qty * ratio);
            whole = whole.min((qty * ratio - repaid) / ratio);
        }
        let Some(id) = drop else { return };
        let Some(drop) = self.drops.get(&id).filter(|d| d.takes_back()) else {
            return;
        };
        let carved = drop.mode == Mode::Carved;
        if carved && whole > 0 && !parts.is_empty() {
            self.emit(Event::Reserved {
                drop: id,
                qty: whole,
            });
        }
        let capped = self.drops.get(&id).is_some_and(|d| d.cap.is_some());
        if capped && whole < qty {
            self.emit(Event::CapCut {
                drop: id,
                qty: qty - whole,
            });
        }
    }

    /// Repays a shortage with up to `qty` units that have just become available.
    pub(super) fn repay(&mut self, sku: &SkuId, qty: u32) -> u32 {
        let repaid = self
            .skus
            .get(sku)
            .map_or(0, |s| s.buckets.shortage.min(qty));
        if repaid > 0 {
            self.emit(Event::Repaid {
                sku: sku.clone(),
                qty: repaid,
            });
        }
        repaid
    }
}
