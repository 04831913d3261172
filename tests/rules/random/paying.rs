//! What is paid in a random program, and what gateways tell of it: in any order, again, late, too
//! little, too much, in other money, for nobody knows what.

use lapak::domain::{
    Actor, Command, Method, Millis, Order, OrderId, PaymentId, PaymentNote, PaymentStatus, Role,
    Shop,
};

use super::dice::Dice;
use super::ordering::{actor, an_order, asker, order_id};
use super::program::MINUTE;

/// Something about money.
#[derive(Debug, Clone)]
pub(super) enum Pay {
    Start {
        payment: u64,
        method: Method,
        expires_in: Option<u64>,
    },
    Receive {
        payment: u64,
        amount: u64,
    },
    /// Of a payment that is known, or of a new one.
    Note {
        payment: Option<u64>,
        status: PaymentStatus,
        amount: u64,
        method: Method,
        expires_in: Option<u64>,
        currency: &'static str,
        named: Named,
    },
}

/// What a gateway calls an order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    Order,
    /// An id that may be an order's one day.
    Later(u64),
    /// The same, in capitals and without hyphens.
    Odd(u64),
    Nothing,
}

const METHODS: [Method; 8] = [
    Method::Qris,
    Method::Qris,
    Method::Transfer,
    Method::VirtualAccount,
    Method::Ewallet,
    Method::Card,
    Method::Cash,
    Method::Other,
];

impl Pay {
    pub(super) fn random(d: &mut Dice) -> Self {
        let payment = d.below(100_000);
        let method = d.pick(&METHODS);
        let ends = |d: &mut Dice| d.pick(&[0, 5_000, 4 * MINUTE, 15 * MINUTE, 2_880 * MINUTE]);
        let expires_in = d.maybe(60, ends);
        match d.below(100) {
            0..=29 => Self::Start {
                payment,
                method,
                expires_in,
            },
            30..=36 => Self::Receive {
                payment,
                amount: d.below(7),
            },
            _ => Self::Note {
                payment: d.maybe(55, |_| payment),
                status: d.pick(&[
                    PaymentStatus::Settled,
                    PaymentStatus::Settled,
                    PaymentStatus::Settled,
                    PaymentStatus::Settled,
                    PaymentStatus::Pending,
                    PaymentStatus::Failed,
                    PaymentStatus::Expired,
                    PaymentStatus::RefundPending,
                    PaymentStatus::Refunded,
                ]),
                amount: d.pick(&[0, 0, 0, 0, 1, 2, 3, 4, 5, 6]),
                method,
                expires_in,
                currency: d.pick(&["IDR", "IDR", "IDR", "IDR", "IDR", "IDR", "USD", "RP"]),
                named: match d.below(20) {
                    0 | 1 => Named::Later(d.below(300)),
                    2 => Named::Odd(d.below(300)),
                    3 => Named::Nothing,
                    _ => Named::Order,
                },
            },
        }
    }

    pub(super) fn command(
        &self,
        shop: &Shop,
        clock: u64,
        nth: usize,
        other: bool,
    ) -> Option<(Actor, Command)> {
        let at = |ms: &u64| Millis(clock + ms);
        let (order, o) = an_order(shop, nth)?;
        Some(match self {
            Self::Start {
                payment,
                method,
                expires_in,
            } => {
                let command = Command::StartPayment {
                    order,
                    payment: id(*payment),
                    method: *method,
                    expires_at: expires_in.as_ref().map(at),
                    by: None,
                };
                (asker(&o.customer, other), command)
            }
            Self::Receive { payment, amount } => {
                let (order, o) = owing(shop, nth).unwrap_or((order, o));
                let command = Command::ReceivePayment {
                    order,
                    payment: id(*payment),
                    amount: sum(o, *amount),
                    method: Method::Transfer,
                    reference: "seen".into(),
                };
                (actor(Role::Host, "host"), command)
            }
            Self::Note {
                payment,
                status,
                amount,
                method,
                expires_in,
                currency,
                named,
            } => {
                let (order, o) = owing(shop, nth)
                    .filter(|_| !nth.is_multiple_of(3))
                    .unwrap_or((order, o));
                let known = shop.payments.keys().nth(nth % shop.payments.len().max(1));
                let fresh = payment.map(id);
                let payment = fresh.or_else(|| known.cloned())?;
                let begun = shop.payments.get(&payment).and_then(|p| p.order);
                let o = begun.and_then(|id| shop.orders.get(&id)).or(Some(o))?;
                let command = Command::NotePayment(Box::new(PaymentNote {
                    payment,
                    named: name(*named, order).into(),
                    status: *status,
                    amount: sum(o, *amount),
                    currency: (*currency).into(),
                    method: *method,
                    expires_at: expires_in.as_ref().map(at),
                }));
                (actor(Role::System, "system"), command)
            }
        })
    }
}

/// An order that money may still come for, expired ones too.
fn owing(shop: &Shop, nth: usize) -> Option<(OrderId, &Order)> {
    let late = |o: &Order| o.state == lapak::domain::OrderState::Expired;
    let all = shop.orders.iter();
    let all: Vec<_> = all
        .filter(|(_, o)| o.outstanding() > 0 || late(o))
        .collect();
    all.get(nth % all.len().max(1)).map(|(id, o)| (**id, *o))
}

fn id(n: u64) -> PaymentId {
    PaymentId::new(&format!("sandbox/{n}")).unwrap()
}

fn name(named: Named, order: OrderId) -> String {
    match named {
        Named::Order => order.to_string(),
        Named::Later(n) => order_id(u128::from(n)).to_string(),
        Named::Odd(n) => order_id(u128::from(n))
            .to_string()
            .replace('-', "")
            .to_uppercase(),
        Named::Nothing => "INV-7".into(),
    }
}

/// Amounts that matter: all that is due, the price, half, too much, nothing, and beyond.
fn sum(o: &Order, which: u64) -> u64 {
    let due = o.outstanding();
    match which {
        0 if due > 0 => due,
        0 | 1 => o.total(),
        2 => due / 2,
        3 => due + 1_000,
        4 => 0,
        5 => 1,
        _ => 1_000_000_000_000_001,
    }
}
