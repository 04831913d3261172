//! Requests about checkouts and orders.

use std::sync::Arc;

use uuid::Uuid;

use super::{Wrong, at_most, booking_id, customer_id, sku_id};
use crate::domain::command::OrderSpec;
use crate::domain::{Command, Method, OrderId, OrderOrigin, PaymentId, Role, Secured, SkuId};
use crate::protocol::asked::{Asked, NewLine, Origin, PayMethod, Security};

/// The command for what is asked about orders. For a payment that begins, the gateway may still
/// have its say: see `paying`.
pub(super) fn command(asked: &Asked, role: Role) -> Result<Command, Wrong> {
    Ok(match asked {
        Asked::CheckoutStart { bookings } => Command::StartCheckout {
            checkout: OrderId(Uuid::now_v7().as_u128()),
            bookings: bookings
                .iter()
                .map(|booking| booking_id(booking).map_err(|_| "bookings"))
                .collect::<Result<_, _>>()?,
        },
        Asked::CheckoutPlace { checkout } => Command::PlaceOrder {
            checkout: checkout.parse().map_err(|_| "checkout")?,
        },
        Asked::PaymentStart { order, method } => Command::StartPayment {
            order: order_id(order)?,
            payment: by_hand()?,
            method: method_of(*method),
            expires_at: None,
            by: None,
        },
        Asked::OrderPlace {
            customer,
            currency,
            origin,
            lines,
        } => Command::TakeOrder(Box::new(OrderSpec {
            order: OrderId(Uuid::now_v7().as_u128()),
            customer: customer_id(customer)?,
            origin: match origin {
                Origin::Web => OrderOrigin::Web,
                Origin::Channel => OrderOrigin::Channel,
            },
            currency: Arc::from(&**currency),
            lines: lines.iter().map(new_line).collect::<Result<_, _>>()?,
        })),
        Asked::OrderConfirm { order, secured } => Command::ConfirmOrder {
            order: order_id(order)?,
            secured: match secured {
                Security::Cod => Secured::Cod,
                Security::Credit => Secured::Credit,
            },
        },
        Asked::OrderPay {
            order,
            amount,
            method,
            reference,
        } => Command::ReceivePayment {
            order: order_id(order)?,
            payment: by_hand()?,
            amount: *amount,
            method: method_of(*method),
            reference: Arc::from(&**reference),
        },
        Asked::OrderCancel { .. } => cancel(asked, role)?,
        _ => fulfil(asked)?,
    })
}

/// Who runs the shop says why; without a reason it is the caller's own order.
fn cancel(asked: &Asked, role: Role) -> Result<Command, Wrong> {
    let Asked::OrderCancel {
        order,
        lines,
        reason,
        at_customers_request,
    } = asked
    else {
        return Err("type");
    };
    let order = order_id(order)?;
    let lines = lines.iter().map(|l| (l.line, l.qty)).collect();
    Ok(match reason {
        Some(reason) if role >= Role::Host => Command::CancelOrder {
            order,
            lines,
            reason: Arc::from(&**reason),
            at_customers_request: *at_customers_request,
        },
        _ => Command::CancelOwnOrder { order, lines },
    })
}

fn fulfil(asked: &Asked) -> Result<Command, Wrong> {
    Ok(match asked {
        Asked::OrderShip { order } => Command::ShipOrder {
            order: order_id(order)?,
        },
        Asked::OrderFinish { order } => Command::FinishOrder {
            order: order_id(order)?,
        },
        Asked::OrderRefuse { order } => Command::RefuseOrder {
            order: order_id(order)?,
        },
        Asked::OrderReturn {
            order,
            line,
            qty,
            restock,
            reason,
        } => Command::ReturnOrder {
            order: order_id(order)?,
            line: *line,
            qty: *qty,
            restock: *restock,
            reason: Arc::from(&**reason),
        },
        Asked::OrderRefund {
            order,
            amount,
            reference,
        } => Command::RefundOrder {
            order: order_id(order)?,
            amount: *amount,
            reference: Arc::from(&**reference),
        },
        _ => return Err("type"),
    })
}

/// An order's id.
pub(in crate::gateway) fn order_id(text: &str) -> Result<OrderId, Wrong> {
    text.parse().map_err(|_| "order")
}

/// The domain's word for a method.
pub(in crate::gateway) fn method_of(method: PayMethod) -> Method {
    match method {
        PayMethod::Qris => Method::Qris,
        PayMethod::Transfer => Method::Transfer,
        PayMethod::Va => Method::VirtualAccount,
        PayMethod::Ewallet => Method::Ewallet,
        PayMethod::Card => Method::Card,
        PayMethod::Cod => Method::Cash,
        PayMethod::Credit => Method::Credit,
    }
}

/// A payment that no gateway knows.
fn by_hand() -> Result<PaymentId, Wrong> {
    PaymentId::new(&format!("manual/{}", Uuid::now_v7())).map_err(|_| "payment")
}

fn new_line(line: &NewLine) -> Result<(SkuId, u32, Option<u64>), Wrong> {
    Ok((sku_id(&line.sku)?, at_most(line.qty)?, line.price))
}
