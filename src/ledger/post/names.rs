//! Texts that come again and again, made once and shared by the rows: words, and ids of numbers.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::domain::id::RequestId;
use crate::domain::{BookingId, CustomerId, DropId, LiveId, OrderId, PaymentId, ShopId, SkuId};
use crate::ledger::cell::Text;

/// Ids of numbers that are remembered: an entry speaks of a few, and the next of one of them.
const NUMBERS: usize = 8;

/// What was made of late.
#[derive(Default)]
pub(super) struct Names {
    words: HashMap<&'static str, Text, RandomState>,
    numbers: [Option<(u128, Text)>; NUMBERS],
    next: usize,
}

impl Names {
    fn number(&mut self, id: u128) -> Text {
        if let Some((_, text)) = self
            .numbers
            .iter()
            .flatten()
            .find(|(known, _)| *known == id)
        {
            return Text::clone(text);
        }
        let mut letters = Uuid::encode_buffer();
        let text: &str = Uuid::from_u128(id).hyphenated().encode_lower(&mut letters);
        let text = Text::from(text);
        self.numbers[self.next] = Some((id, Text::clone(&text)));
        self.next = (self.next + 1) % NUMBERS;
        text
    }
}

/// What rows name by a text.
pub(super) trait Named {
    fn text(self, names: &mut Names) -> Text;
}

impl Named for &'static str {
    fn text(self, names: &mut Names) -> Text {
        Text::clone(names.words.entry(self).or_insert_with(|| self.into()))
    }
}

impl Named for &Text {
    fn text(self, _: &mut Names) -> Text {
        Text::clone(self)
    }
}

macro_rules! named {
    ($($Text:ty),+; $($Number:ty),+) => {
        $(impl Named for &$Text {
            fn text(self, _: &mut Names) -> Text {
                self.shared()
            }
        })+
        $(impl Named for $Number {
            fn text(self, names: &mut Names) -> Text {
                names.number(self.0)
            }
        })+
    };
}

named!(ShopId, LiveId, SkuId, CustomerId, PaymentId; BookingId, DropId, OrderId, RequestId);
