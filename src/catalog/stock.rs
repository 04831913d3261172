//! What a row says about stock: shipped or digital, tracked or not, how many, ready or pre-order.

use super::text::{flag, quoted, unquoted};

/// The cells that bear on stock, and what the product says.
pub(super) struct Cells<'a> {
    /// `None` when the file has no such column.
    pub(super) quantity: Option<&'a str>,
    /// `None` when the file has no such column.
    pub(super) tracker: Option<&'a str>,
    pub(super) policy: &'a str,
    pub(super) ships: &'a str,
    pub(super) gift_card: bool,
    pub(super) preorder: bool,
}

/// Stock as it is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stock {
    pub(super) count: Option<u32>,
    pub(super) tracked: bool,
    pub(super) physical: bool,
    pub(super) preorder: bool,
}

/// A code and a sentence for the report.
type Remarks = Vec<(&'static str, String)>;

impl Cells<'_> {
    /// Reads the cells as described at the top of the room.
    pub(super) fn read(&self) -> (Stock, Remarks) {
        let mut remarks = Remarks::new();
        let cell = self.quantity.unwrap_or("");
        let quantity = whole_number(cell);
        if quantity.is_none() && !cell.is_empty() {
            let cell = quoted(cell);
            let why = format!("the quantity {cell} is not a whole number: taken as none given");
            remarks.push(("stock_unreadable", why));
        }
        let physical = !self.gift_card && flag(self.ships) != Some(false);
        let wanted = self.is_counted();
        let tracked = wanted && physical;
        if physical {
            remarks.extend(self.remark_on_tracker(tracked));
            remarks.extend(self.remark_on_count(tracked, quantity));
        } else {
            remarks.extend(self.remark_on_digital(wanted));
        }
        let none_left = quantity.is_some_and(|count| count <= 0);
        let preorder = self.preorder || (tracked && self.goes_on() && none_left);
        if tracked && self.goes_on() && !self.preorder {
            remarks.push(remark_on_going_on(preorder));
        }
        let count = quantity.map(|count| u32::try_from(count.max(0)).unwrap_or(u32::MAX));
        (
            Stock {
                count,
                tracked,
                physical,
                preorder,
            },
            remarks,
        )
    }

    /// A named tracker counts, and so does a quantity that nobody wants to sell beyond: exports
    /// often leave the tracker out, and goods without a limit would be sold without being there.
    /// `none` says no by name.
    fn is_counted(&self) -> bool {
        match self.tracker {
            None => self.quantity.is_some(),
            Some("") => !self.quantity.unwrap_or("").is_empty() && !self.goes_on(),
            Some(tracker) => is_tracked(tracker),
        }
    }

    fn remark_on_tracker(&self, tracked: bool) -> Option<(&'static str, String)> {
        let why = "it names no inventory tracker, but a quantity: taken as tracked".to_owned();
        (tracked && self.tracker == Some("")).then_some(("tracker_missing", why))
    }

    /// Sold on when there is nothing left.
    fn goes_on(&self) -> bool {
        self.policy.eq_ignore_ascii_case("continue") || flag(self.policy) == Some(true)
    }

    fn remark_on_count(
        &self,
        tracked: bool,
        quantity: Option<i64>,
    ) -> Option<(&'static str, String)> {
        let (code, why) = match (tracked, quantity) {
            (true, Some(count)) if count < 0 => {
                let beyond = count.unsigned_abs();
                (
                    "stock_negative",
                    format!("{beyond} more sold than there were: taken as 0"),
                )
            }
            (true, None) if self.quantity.is_none_or(str::is_empty) => (
                "stock_missing",
                "its stock is tracked, but the file gives no quantity".to_owned(),
            ),
            (false, Some(count)) => {
                let why = format!(
                    "its stock is not tracked: always for sale, the quantity {count} does not limit it"
                );
                ("stock_not_tracked", why)
            }
            (false, None) if self.tracker.is_none() => (
                "stock_not_told",
                "the file says nothing of its stock: taken as always for sale".to_owned(),
            ),
            _ => return None,
        };
        Some((code, why))
    }

    /// Digital goods are never tracked (R-INV-2).
    fn remark_on_digital(&self, wanted: bool) -> Option<(&'static str, String)> {
        let gift = "a gift card: taken as digital, always for sale".to_owned();
        let digital = "digital goods have no stock: taken as not tracked".to_owned();
        match (self.gift_card, wanted) {
            (true, _) => Some(("gift_card", gift)),
            (false, true) => Some(("digital_untracked", digital)),
            (false, false) => None,
        }
    }
}

fn remark_on_going_on(preorder: bool) -> (&'static str, String) {
    if preorder {
        (
            "preorder_no_quota",
            "sold on without stock: taken as a pre-order with a quota of 0".to_owned(),
        )
    } else {
        (
            "oversell_ignored",
            "may be sold beyond its stock there; here it is not".to_owned(),
        )
    }
}

fn is_tracked(tracker: &str) -> bool {
    !tracker.eq_ignore_ascii_case("none") && flag(tracker) != Some(false)
}

/// `12`, `-3`, `12.0`, `1,200`. Not `1.200`, which could be one or a thousand and more.
fn whole_number(cell: &str) -> Option<i64> {
    let cell = unquoted(cell);
    let digits = cell.strip_prefix(['-', '−']);
    let (whole, decimals) = digits
        .unwrap_or(cell)
        .split_once('.')
        .unwrap_or((digits.unwrap_or(cell), ""));
    let mut groups = whole.split(',');
    let leading = groups.next().unwrap_or("").len();
    let grouped = groups.all(|group| group.len() == 3) && (leading <= 3 || !whole.contains(','));
    let whole = whole.replace(',', "");
    let numeric = leading > 0 && whole.bytes().all(|byte| byte.is_ascii_digit());
    if !grouped || !numeric || decimals.len() == 3 || !decimals.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let count: i64 = whole.parse::<u32>().ok()?.into();
    Some(if digits.is_some() { -count } else { count })
}

#[cfg(test)]
mod tests {
    use super::whole_number;

    #[test]
    fn quantities_are_whole_numbers_or_nothing() {
        let good = [
            ("0", 0),
            ("12", 12),
            ("-3", -3),
            ("−3", -3),
            ("12.0", 12),
            ("1,200", 1200),
            ("'7", 7),
            ("4294967295", 4_294_967_295),
        ];
        for (cell, count) in good {
            assert_eq!(whole_number(cell), Some(count), "{cell}");
        }
        for cell in [
            "",
            "-",
            "2.5",
            "1.000",
            "1,20",
            "1234,567",
            ",5",
            "4294967296",
            "1e3",
            "many",
            "--1",
        ] {
            assert_eq!(whole_number(cell), None, "{cell}");
        }
    }
}
