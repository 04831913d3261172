//! What is asked about checkouts and orders in a random program. Which one is meant is known only
//! when it is asked: the n-th of those that are then there.

use std::sync::Arc;

use lapak::domain::command::OrderSpec;
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, Order, OrderId, OrderOrigin, OrderState, Role, Secured,
    Shop,
};

use super::dice::Dice;
use super::paying::Pay;
use super::program::{CUSTOMERS, Make, SKUS, Step, customer, sku};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// A checkout of up to so many bookings of one customer; perhaps of one that is not theirs.
    Checkout {
        id: u128,
        most: usize,
        odd: bool,
    },
    Place,
    Take(Box<OrderSpec>),
    Pay(Pay),
    Confirm(Secured),
    CancelOwn(Vec<(u32, u32)>),
    Cancel {
        lines: Vec<(u32, u32)>,
        requested: bool,
    },
    Ship,
    Finish,
    Refuse,
    Return {
        line: u32,
        qty: u32,
        restock: bool,
    },
    Refund {
        part: u64,
    },
    /// What only time may ask.
    Leave,
    Expire,
}

/// Ids of checkouts and orders, also of such that are not there.
pub(super) fn order_id(n: u128) -> OrderId {
    OrderId(0xabc0_0000 + n)
}

impl Make {
    pub(super) fn order(&mut self) {
        let nth = usize::try_from(self.dice.below(1_000)).unwrap();
        let (serial, other) = (self.steps.len() as u64, self.dice.percent(3));
        let wish = self.wish(u128::from(serial));
        let placed = matches!(wish, Wish::Checkout { .. }) && self.dice.percent(70);
        self.steps.push(Step::Order {
            serial,
            nth,
            other,
            wish,
        });
        if placed {
            let serial = serial + 1;
            self.steps.push(Step::Order {
                serial,
                // Of all that are open.
                nth,
                other,
                wish: Wish::Place,
            });
        }
    }

    fn wish(&mut self, n: u128) -> Wish {
        let d = &mut self.dice;
        match d.below(100) {
            0..=25 => Wish::Checkout {
                id: if d.percent(3) { n / 2 } else { n },
                most: usize::try_from(d.below(4) + 1).unwrap(),
                odd: d.percent(4),
            },
            26..=32 => Wish::Place,
            33..=37 => Wish::Take(Box::new(order_spec(d, n))),
            38..=73 => Wish::Pay(Pay::random(d)),
            74..=76 => Wish::Confirm(if d.percent(70) {
                Secured::Cod
            } else {
                Secured::Credit
            }),
            77..=79 => Wish::CancelOwn(lines(d)),
            80..=82 => Wish::Cancel {
                lines: lines(d),
                requested: d.percent(50),
            },
            83..=86 => Wish::Ship,
            87..=89 => Wish::Finish,
            90 => Wish::Refuse,
            91..=93 => Wish::Return {
                line: d.small(2),
                qty: d.small(3),
                restock: d.percent(60),
            },
            94..=97 => Wish::Refund { part: d.below(4) },
            98 => Wish::Leave,
            _ => Wish::Expire,
        }
    }
}

fn lines(d: &mut Dice) -> Vec<(u32, u32)> {
    let n = d.pick(&[0, 0, 1, 1, 2]);
    (0..n).map(|_| (d.small(3), d.small(3))).collect()
}

fn order_spec(d: &mut Dice, n: u128) -> OrderSpec {
    let line = |d: &mut Dice| {
        let qty = if d.percent(3) {
            d.pick(&super::program::BIG)
        } else {
            d.small(4)
        };
        let price = d.maybe(20, |d| d.pick(&[0, 1, 5_000, 1_000_000_000_000]));
        (sku(d.pick(&SKUS)), qty, price)
    };
    let count = d.below(4);
    OrderSpec {
        order: order_id(if d.percent(10) { n / 2 } else { n }),
        customer: customer(d.pick(&CUSTOMERS)),
        origin: d.pick(&[
            OrderOrigin::Web,
            OrderOrigin::Web,
            OrderOrigin::Channel,
            OrderOrigin::Channel,
            OrderOrigin::Channel,
            OrderOrigin::Live,
        ]),
        currency: d.pick(&["IDR", "IDR", "IDR", "MYR", "rp"]).into(),
        lines: (0..count).map(|_| line(d)).collect(),
    }
}

/// Who asks for a wish, and the command; none if there is nothing to ask it of.
pub(super) fn command(
    shop: &Shop,
    clock: u64,
    nth: usize,
    other: bool,
    wish: &Wish,
) -> Option<(Actor, Command)> {
    let host = |command| (actor(Role::Host, "host"), command);
    let system = |command| (actor(Role::System, "system"), command);
    let reason: Arc<str> = if nth % 50 == 7 { " " } else { "as it is" }.into();
    Some(match wish {
        Wish::Checkout { id, most, odd } => checkout(shop, nth, *id, *most, *odd)?,
        Wish::Place => {
            let open: Vec<_> = shop.checkouts.iter().filter(|(_, c)| !c.left).collect();
            let all: Vec<_> = shop.checkouts.iter().collect();
            let from = if open.is_empty() || nth % 10 == 3 {
                all
            } else {
                open
            };
            let (id, checkout) = *from.get(nth % from.len().max(1))?;
            let who = asker(&checkout.customer, other);
            (who, Command::PlaceOrder { checkout: *id })
        }
        Wish::Take(spec) => (
            actor(Role::Admin, "admin"),
            Command::TakeOrder(spec.clone()),
        ),
        Wish::Pay(pay) => pay.command(shop, clock, nth, other)?,
        Wish::Confirm(secured) => host(Command::ConfirmOrder {
            order: an_order(shop, nth)?.0,
            secured: *secured,
        }),
        Wish::CancelOwn(lines) => {
            let (order, o) = an_order(shop, nth)?;
            let lines = lines.clone();
            (
                asker(&o.customer, other),
                Command::CancelOwnOrder { order, lines },
            )
        }
        Wish::Cancel { lines, requested } => host(Command::CancelOrder {
            order: an_order(shop, nth)?.0,
            lines: lines.clone(),
            reason,
            at_customers_request: *requested,
        }),
        Wish::Ship => host(Command::ShipOrder {
            order: an_order(shop, nth)?.0,
        }),
        Wish::Finish => host(Command::FinishOrder {
            order: an_order(shop, nth)?.0,
        }),
        Wish::Refuse => {
            let secured = shop.orders.iter().filter(|(_, o)| o.secured.is_some());
            let secured: Vec<_> = secured.collect();
            let order = *secured.get(nth % secured.len().max(1))?.0;
            host(Command::RefuseOrder { order })
        }
        Wish::Return { line, qty, restock } => {
            let sold = shop
                .orders
                .iter()
                .filter(|(_, o)| o.lines.iter().any(|l| l.sold > 0));
            let sold: Vec<_> = sold.collect();
            let any = an_order(shop, nth)?.0;
            let order = sold
                .get(nth % sold.len().max(1))
                .map_or(any, |(id, _)| **id);
            host(Command::ReturnOrder {
                order,
                line: *line,
                qty: *qty,
                restock: *restock,
                reason,
            })
        }
        Wish::Refund { part } => {
            let owed = shop.orders.iter().filter(|(_, o)| o.refund_due > 0);
            let mut owed: Vec<_> = owed.collect();
            // First those whose only end it is.
            owed.sort_by_key(|(_, o)| o.state != OrderState::RefundDue);
            let (order, o) = *owed.get(nth % owed.len().clamp(1, 3))?;
            let amount = [o.refund_due, o.refund_due / 2, o.refund_due + 1, 1]
                [usize::try_from(*part).unwrap()];
            host(Command::RefundOrder {
                order: *order,
                amount,
                reference: "by hand".into(),
            })
        }
        Wish::Leave => {
            let all: Vec<_> = shop.checkouts.keys().collect();
            let checkout = **all.get(nth % all.len().max(1))?;
            system(Command::LeaveCheckout { checkout })
        }
        Wish::Expire => system(Command::ExpireOrder {
            order: an_order(shop, nth)?.0,
        }),
    })
}

fn checkout(shop: &Shop, nth: usize, id: u128, most: usize, odd: bool) -> Option<(Actor, Command)> {
    let mut held: Vec<BookingId> = shop
        .drops
        .values()
        .flat_map(|d| d.held.iter().copied())
        .collect();
    held.sort();
    let first = *held.get(nth % held.len().max(1))?;
    let who = shop.bookings.get(&first).unwrap().customer.clone();
    let of_them = |b: &BookingId| shop.bookings.get(b).unwrap().customer == who && *b != first;
    let mut bookings = vec![first];
    bookings.extend(held.iter().copied().filter(of_them).take(most - 1));
    if odd {
        // Another's, one that has ended, or the same again.
        let any = shop.bookings.keys().copied().nth(nth % shop.bookings.len());
        bookings.extend(any);
    }
    let command = Command::StartCheckout {
        checkout: order_id(id),
        bookings,
    };
    Some((asker(&who, false), command))
}

/// An order, more often one that is open; sometimes one that is not there.
pub(super) fn an_order(shop: &Shop, nth: usize) -> Option<(OrderId, &Order)> {
    let open: Vec<_> = shop
        .orders
        .iter()
        .filter(|(_, o)| o.state.is_open())
        .collect();
    let all: Vec<_> = shop.orders.iter().collect();
    let from = if open.is_empty() || nth % 10 == 3 {
        all
    } else {
        open
    };
    let (id, order) = *from.get(nth % from.len().max(1))?;
    let id = if nth % 97 == 5 { order_id(77_777) } else { *id };
    Some((id, order))
}

pub(super) fn actor(role: Role, name: &str) -> Actor {
    Actor {
        role,
        name: customer(name),
    }
}

pub(super) fn asker(owner: &CustomerId, other: bool) -> Actor {
    let name = if other {
        customer("fitri")
    } else {
        owner.clone()
    };
    Actor {
        role: Role::Viewer,
        name,
    }
}
