//! Names of things. Text ids are chosen by people or by the shop platform; number ids are
//! 128-bit and hard to guess (S-11).

use std::fmt;
use std::sync::Arc;

/// The longest text id, in bytes.
pub const TEXT_MAX: usize = 64;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("empty")]
    Empty,
    /// More than [`TEXT_MAX`] bytes.
    #[error("longer than 64 bytes")]
    TooLong,
    /// A control character stands in it.
    #[error("contains a control character")]
    Control,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes 1 to [`TEXT_MAX`] bytes without control characters.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, to be kept by others too.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > TEXT_MAX {
        Err(IdError::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(IdError::Control)
    } else {
        Ok(())
    }
}

text_id!(
    /// A shop: the tenant, and the unit that one engine task decides for.
    ShopId
);
text_id!(
    /// A live show of a shop.
    LiveId
);
text_id!(
    /// A sellable, countable item: one variation of a product, or a combination.
    SkuId
);
text_id!(
    /// A person of one shop: a viewer, a moderator, a host.
    CustomerId
);
text_id!(
    /// A customer group with a cap of its own (R-BOOK-11).
    GroupId
);

text_id!(
    /// A payment at a gateway: the gateway's name, `/`, and its own id for the transaction.
    PaymentId
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        // There are millions: kept at 8 bytes, they leave no gaps in what holds them.
        #[repr(Rust, packed(8))]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", uuid::Uuid::from_u128(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(uuid::Uuid::try_parse(text)?.as_u128()))
            }
        }
    };
}

number_id!(
    /// A booking. The `k`-th booking promoted from a waiting entry has the entry's id plus `k`, or
    /// the next one that is not taken.
    BookingId
);
number_id!(
    /// A request id, as its caller has made it.
    RequestId
);
number_id!(
    /// A drop: one SKU opened for booking in one live.
    DropId
);
number_id!(
    /// A checkout, and the order that is placed from it: placing twice gives one order (D.11).
    OrderId
);
