//! From a line's words to a command about checkouts, orders and money: one arm a verb.

use std::sync::Arc;

use lapak::domain::command::OrderSpec;
use lapak::domain::{
    Command, CustomerId, Method, OrderId, OrderOrigin, PaymentId, PaymentNote, PaymentStatus, Role,
    Secured, Settings,
};

use super::Play;
use super::ask::{Asked, customer, reason, set, sku};
use super::say_orders;
use super::words::{Words, number};

impl Play {
    /// The command of a verb; none if the verb is no command.
    pub(super) fn order_command(
        &mut self,
        verb: &str,
        w: &mut Words<'_>,
    ) -> Result<Option<Asked>, String> {
        let system = |c| Ok(Some((Role::System, "system".to_owned(), c)));
        let host = |c| Ok(Some((Role::Host, "host".to_owned(), c)));
        match verb {
            "checkout" => self.checkout(w).map(Some),
            "place" => {
                let (checkout, who) = self.of_customer(w)?;
                Ok(Some((Role::Viewer, who, Command::PlaceOrder { checkout })))
            }
            "pay" => {
                let (order, who) = self.of_customer(w)?;
                let payment = payment(w.next("payment")?)?;
                let expires_at = w.time("expires")?.map(|ms| self.clock.plus(ms));
                let method = method(w.next("method")?)?;
                let command = Command::StartPayment {
                    order,
                    payment,
                    method,
                    expires_at,
                    by: None,
                };
                Ok(Some((Role::Viewer, who, command)))
            }
            "cancel-order" => {
                let (order, who) = self.of_customer(w)?;
                let lines = w.pairs()?;
                Ok(Some((
                    Role::Viewer,
                    who,
                    Command::CancelOwnOrder { order, lines },
                )))
            }
            "pending" | "failed" | "expired" | "settled" | "refund-pending" | "refunded" => {
                system(self.notice(verb, w)?)
            }
            "expire-order" => system(Command::ExpireOrder {
                order: self.order(w.next("order")?),
            }),
            "leave-checkout" => system(Command::LeaveCheckout {
                checkout: self.order(w.next("checkout")?),
            }),
            "web" | "channel" => {
                let spec = self.order_spec(verb, w)?;
                let command = Command::TakeOrder(Box::new(spec));
                Ok(Some((Role::Admin, "admin".to_owned(), command)))
            }
            _ => match self.seller(verb, w)? {
                Some(command) => host(command),
                None => Ok(None),
            },
        }
    }

    /// What the seller does with an order.
    fn seller(&mut self, verb: &str, w: &mut Words<'_>) -> Result<Option<Command>, String> {
        let command = match verb {
            "transfer" => Command::ReceivePayment {
                payment: payment(w.next("payment")?)?,
                order: self.order(w.next("order")?),
                amount: number(w.next("amount")?)?,
                method: method(w.after("as")?.unwrap_or("transfer"))?,
                reference: "seen at the bank".into(),
            },
            "confirm" => Command::ConfirmOrder {
                order: self.order(w.next("order")?),
                secured: match w.next("cod or credit")? {
                    "cod" => Secured::Cod,
                    "credit" => Secured::Credit,
                    other => return Err(format!("nothing is secured by {other:?}")),
                },
            },
            "take-back-order" => Command::CancelOrder {
                order: self.order(w.next("order")?),
                lines: w.pairs()?,
                reason: reason(w),
                at_customers_request: w.flag("at-request"),
            },
            "ship" => Command::ShipOrder {
                order: self.order(w.next("order")?),
            },
            "finish" => Command::FinishOrder {
                order: self.order(w.next("order")?),
            },
            "refuse" => Command::RefuseOrder {
                order: self.order(w.next("order")?),
            },
            "return" => Command::ReturnOrder {
                order: self.order(w.next("order")?),
                line: number(w.next("line")?)?,
                qty: w.times()?.unwrap_or(1),
                restock: !w.flag("write-off"),
                reason: reason(w),
            },
            "refund" => Command::RefundOrder {
                order: self.order(w.next("order")?),
                amount: number(w.next("amount")?)?,
                reference: "by hand".into(),
            },
            _ => return Ok(None),
        };
        Ok(Some(command))
    }

    fn checkout(&mut self, w: &mut Words<'_>) -> Result<Asked, String> {
        let (name, who) = (w.next("checkout")?, w.next("customer")?);
        let checkout = self.order(name);
        let owner = customer(who)?;
        if let Some(known) = self.orders.get_mut(name) {
            known.1.get_or_insert(owner);
        }
        let bookings = w.rest();
        let bookings = bookings.into_iter().map(|b| Ok(self.booking(b)?.0));
        let bookings = bookings.collect::<Result<_, String>>()?;
        let command = Command::StartCheckout { checkout, bookings };
        Ok((Role::Viewer, who.to_owned(), command))
    }

    /// An order, and its customer or whoever is said to act.
    fn of_customer(&mut self, w: &mut Words<'_>) -> Result<(OrderId, String), String> {
        let name = w.next("order")?;
        let id = self.order(name);
        let other = w.after("as")?.map(str::to_owned);
        let owner = self.orders.get(name).and_then(|o| o.1.as_ref());
        let who = other.or_else(|| owner.map(CustomerId::to_string));
        Ok((id, who.ok_or_else(|| format!("{name} is nobody's"))?))
    }

    /// An order's id; also of one that is not there yet.
    pub(super) fn order(&mut self, name: &str) -> OrderId {
        let next = OrderId((0x0d << 96) + self.orders.len() as u128 + 1);
        self.orders.entry(name.to_owned()).or_insert((next, None)).0
    }

    /// What a gateway says of a payment: `settled p1 o1 99000`.
    fn notice(&mut self, verb: &str, w: &mut Words<'_>) -> Result<Command, String> {
        let named = w.after("named")?.map(str::to_owned);
        let currency = w.after("in")?.unwrap_or("IDR");
        let method = method(w.after("as")?.unwrap_or("other"))?;
        let expires_at = w.time("expires")?.map(|ms| self.clock.plus(ms));
        let payment = payment(w.next("payment")?)?;
        let order = self.order(w.next("order")?);
        let amount = number(w.next("amount")?)?;
        let status = match verb {
            "pending" => PaymentStatus::Pending,
            "failed" => PaymentStatus::Failed,
            "expired" => PaymentStatus::Expired,
            "settled" => PaymentStatus::Settled,
            "refund-pending" => PaymentStatus::RefundPending,
            _ => PaymentStatus::Refunded,
        };
        Ok(Command::NotePayment(Box::new(PaymentNote {
            payment,
            named: named.unwrap_or_else(|| order.to_string()).into(),
            status,
            amount,
            currency: currency.into(),
            method,
            expires_at,
        })))
    }

    /// `web o1 alice KAOS-M*2 PIN*1@5000`.
    fn order_spec(&mut self, verb: &str, w: &mut Words<'_>) -> Result<OrderSpec, String> {
        let (name, who) = (w.next("order")?, w.next("customer")?);
        let currency: Arc<str> = w.after("in")?.unwrap_or("IDR").into();
        let (order, who) = (self.order(name), customer(who)?);
        if let Some(known) = self.orders.get_mut(name) {
            known.1 = Some(who.clone());
        }
        let line = |word: &str| {
            let (word, price) = word.split_once('@').unwrap_or((word, ""));
            let (name, qty) = word.split_once('*').unwrap_or((word, "1"));
            let price = (!price.is_empty()).then(|| number(price)).transpose()?;
            Ok((sku(name)?, number(qty)?, price))
        };
        let lines = w.rest().into_iter().map(line);
        Ok(OrderSpec {
            order,
            customer: who,
            origin: if verb == "web" {
                OrderOrigin::Web
            } else {
                OrderOrigin::Channel
            },
            currency,
            lines: lines.collect::<Result<_, String>>()?,
        })
    }

    /// A look at an order, a checkout or a payment.
    pub(super) fn look_at_order(
        &mut self,
        verb: &str,
        w: &mut Words<'_>,
    ) -> Result<Vec<String>, String> {
        let name = w.next(verb)?;
        let shop = self.subject.shop();
        let none = || vec!["none".into()];
        Ok(match verb {
            "order" => {
                let order = shop.orders.get(&self.order(name));
                order.map_or_else(none, |o| say_orders::order(o, self.clock))
            }
            "session" => {
                let checkout = shop.checkouts.get(&self.order(name));
                checkout.map_or_else(none, |c| say_orders::session(c, self.clock))
            }
            _ => {
                let payment = shop.payments.get(&payment(name)?);
                payment.map_or_else(none, say_orders::payment)
            }
        })
    }
}

/// The settings that concern orders and money.
pub(super) fn settings(s: &mut Settings, w: &mut Words<'_>) -> Result<(), String> {
    let yes = |w: &mut Words<'_>, word| -> Result<Option<bool>, String> {
        Ok(w.after(word)?.map(|answer| answer == "yes"))
    };
    set(&mut s.order_auto_expire_ms, w.time("order_auto_expire")?);
    set(&mut s.qris_max_hold_ms, w.time("qris_max_hold")?);
    set(&mut s.payment_grace_ms, w.time("payment_grace")?);
    set(&mut s.late_wait_ms, w.time("late_wait")?);
    set(&mut s.cod_min_reputation, w.number("cod_min_reputation")?);
    set(&mut s.checkout_extends_hold, yes(w, "checkout_extends")?);
    set(&mut s.digital_finish_on_paid, yes(w, "digital_finish")?);
    set(&mut s.sold_at_ship, yes(w, "sold_at_ship")?);
    set(&mut s.return_reverses_reward, yes(w, "return_reverses")?);
    Ok(())
}

fn payment(name: &str) -> Result<PaymentId, String> {
    PaymentId::new(&format!("sandbox/{name}")).map_err(|e| format!("payment {name:?}: {e}"))
}

fn method(word: &str) -> Result<Method, String> {
    let all = [
        Method::Qris,
        Method::Transfer,
        Method::VirtualAccount,
        Method::Ewallet,
        Method::Card,
        Method::Cash,
        Method::Credit,
        Method::Other,
    ];
    let known = all.into_iter().find(|m| m.as_str() == word);
    known.ok_or_else(|| format!("no such method: {word:?}"))
}
