//! The one answer to a request, written straight from what was decided: it is said as often as
//! people tap.

use std::fmt::Display;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::orders;
use super::words::{self, Lang};
use crate::domain::rejection::Limit;
use crate::domain::{Answer, BookingEnd, BookingId, DropId, Rejection, SkuId};
use crate::engine::{Failure, Reply};

/// What an answer says besides what was decided.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The drop that was meant.
    pub drop: Option<DropId>,
    /// Its SKU.
    pub sku: Option<SkuId>,
    /// The SKU's title.
    pub title: Option<Arc<str>>,
    /// The live's currency.
    pub currency: Option<Arc<str>>,
    /// The ways to pay that are offered here.
    pub methods: Vec<&'static str>,
    /// Somebody's booking was taken back by the seller, who is told that it is done.
    pub taken_back: bool,
}

/// The one answer to a request.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    #[serde(flatten)]
    what: What<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(flatten)]
    decided: Option<Decided>,
}

/// How and where it was decided; none of it for what the engine was not asked.
#[derive(Debug, Serialize)]
struct Decided {
    replayed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_memory: bool,
    epoch: u64,
    s: u64,
    server_now_ms: u64,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What<'a> {
    Held {
        booking: Shown<BookingId>,
        drop: Option<Shown<DropId>>,
        sku: Option<&'a str>,
        title: Option<&'a str>,
        qty: u32,
        qty_waiting: u32,
        price: u64,
        currency: Option<&'a str>,
        booked_at_ms: u64,
        deadline_ms: u64,
    },
    Waiting {
        drop: Option<Shown<DropId>>,
        sku: Option<&'a str>,
        qty: u32,
        ahead_units: u32,
    },
    Cancelled(Back),
    #[serde(rename = "done")]
    TakenBack(Back),
    Left {
        drop: Option<Shown<DropId>>,
        sku: Option<&'a str>,
    },
    Done {
        #[serde(skip_serializing_if = "Option::is_none")]
        drop: Option<Shown<DropId>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unknown: Option<Vec<&'a str>>,
    },
    Refused {
        code: &'a str,
        message: &'static str,
        #[serde(flatten)]
        detail: Detail<'a>,
    },
    Unknown {
        retry_ms: u64,
    },
    /// Of checkouts, orders and payments, with its own `type`.
    #[serde(untagged)]
    Order(Value),
}

/// Units that were given back.
#[derive(Debug, Serialize)]
struct Back {
    booking: Shown<BookingId>,
    qty: u32,
    penalty: u8,
    reputation: u8,
}

/// The numbers and words behind a refusal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub enum Detail<'a> {
    None {},
    Field {
        field: &'a str,
    },
    Reason {
        reason: &'static str,
    },
    Retry {
        retry_ms: u64,
    },
    Reputation {
        reputation: u8,
        needed: u8,
    },
    Limit {
        limit: u32,
        in_cart: u32,
        current: u32,
        max_allowed: u32,
    },
    Stock {
        available: u32,
        waiting: u32,
    },
    Ended {
        final_state: &'static str,
    },
    State {
        state: &'static str,
    },
    Committed {
        committed: u32,
    },
}

/// Written as people read it.
#[derive(Debug, Clone, Copy)]
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'a> Told<'a> {
    /// What the engine decided.
    pub fn decided(id: &'a str, reply: &'a Reply, about: &'a About, lang: Lang) -> Self {
        let what = match &reply.outcome {
            Ok(answer) => What::accepted(answer, about),
            Err(rejection) => What::refused(rejection.code(), Detail::of(rejection), lang),
        };
        let decided = Decided {
            replayed: reply.replayed,
            from_memory: reply.from_memory,
            epoch: reply.position.epoch,
            s: reply.position.seq,
            server_now_ms: reply.at.0,
        };
        Self {
            what,
            id: Some(id),
            decided: Some(decided),
        }
    }

    /// A request that was not even asked of the engine.
    pub fn turned_away(id: Option<&'a str>, code: &'a str, detail: Detail<'a>, lang: Lang) -> Self {
        Self {
            what: What::refused(code, detail, lang),
            id,
            decided: None,
        }
    }

    /// There is no reply: surely not done, or not known.
    pub fn failed(id: &'a str, failure: Failure, lang: Lang) -> Self {
        match failure {
            Failure::Unknown => Self {
                what: What::Unknown { retry_ms: 500 },
                id: Some(id),
                decided: None,
            },
            Failure::Unavailable { retry_ms } => {
                Self::turned_away(Some(id), "stale_epoch", Detail::Retry { retry_ms }, lang)
            }
        }
    }
}

impl<'a> What<'a> {
    fn refused(code: &'a str, detail: Detail<'a>, lang: Lang) -> Self {
        Self::Refused {
            code,
            message: words::refusal(code, lang),
            detail,
        }
    }

    fn accepted(answer: &'a Answer, about: &'a About) -> Self {
        let drop = about.drop.map(Shown);
        let sku = about.sku.as_ref().map(SkuId::as_str);
        match answer {
            Answer::Held {
                booking,
                qty,
                waiting,
                price,
                booked_at,
                deadline,
            } => Self::Held {
                booking: Shown(*booking),
                drop,
                sku,
                title: about.title.as_deref(),
                qty: *qty,
                qty_waiting: *waiting,
                price: *price,
                currency: about.currency.as_deref(),
                booked_at_ms: booked_at.0,
                deadline_ms: deadline.0,
            },
            Answer::Waiting { qty, ahead } => Self::Waiting {
                drop,
                sku,
                qty: *qty,
                ahead_units: *ahead,
            },
            Answer::Cancelled {
                booking,
                qty,
                penalty,
                reputation,
            } => {
                let back = Back {
                    booking: Shown(*booking),
                    qty: *qty,
                    penalty: *penalty,
                    reputation: *reputation,
                };
                if about.taken_back {
                    Self::TakenBack(back)
                } else {
                    Self::Cancelled(back)
                }
            }
            Answer::Left => Self::Left { drop, sku },
            Answer::Done { drop } => Self::Done {
                drop: drop.map(Shown),
                unknown: None,
            },
            Answer::DoneExcept { unknown } => Self::Done {
                drop: None,
                unknown: Some(unknown.iter().map(SkuId::as_str).collect()),
            },
            Answer::Checkout(_)
            | Answer::Ordered { .. }
            | Answer::Paying(_)
            | Answer::DoneOrder { .. } => Self::Order(orders::accepted(answer, about)),
        }
    }
}

impl Detail<'_> {
    /// Of a rejection.
    pub fn of(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::Invalid(field) => Self::Field { field },
            Rejection::ReputationLow { reputation, needed } => Self::Reputation {
                reputation: *reputation,
                needed: *needed,
            },
            Rejection::MaxItemQty(limit)
            | Rejection::CartLimit(limit)
            | Rejection::CustomerLimit(limit)
            | Rejection::BookingCap(limit) => {
                let Limit {
                    limit,
                    current,
                    max_allowed,
                } = *limit;
                Self::Limit {
                    limit,
                    in_cart: current,
                    current,
                    max_allowed,
                }
            }
            Rejection::RebookCooldown { retry_ms } => Self::Retry {
                retry_ms: *retry_ms,
            },
            Rejection::SoldOut { available, waiting } => Self::Stock {
                available: *available,
                waiting: *waiting,
            },
            Rejection::NotHeld(end) => Self::Ended {
                final_state: end.map_or("unknown", BookingEnd::as_str),
            },
            Rejection::OrderNotPayable(state) | Rejection::OrderState(state) => Self::State {
                state: state.as_str(),
            },
            Rejection::BelowCommitted { committed } | Rejection::InUse { committed } => {
                Self::Committed {
                    committed: *committed,
                }
            }
            _ => Self::None {},
        }
    }
}
