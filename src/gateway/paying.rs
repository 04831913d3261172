//! Beginning to pay: the shop's gateway is asked for a payment before the engine hears of it.

use uuid::Uuid;

use super::app::App;
use super::asking::{NoCommand, Place};
use crate::domain::{Command, Method, Millis, Order, PayBy, PaymentId, ShopId};
use crate::payment::Currency;
use crate::payment::sandbox::Wanted;

/// The longest a payment is asked for at a gateway; an order that ends sooner ends it sooner.
const PAYMENT_MS: u64 = 15 * 60_000;

/// The ways to pay that a shop's customers are offered.
pub(super) fn methods(app: &App, shop: &ShopId) -> Vec<&'static str> {
    let gateway = app.payments.sandbox_of(shop).map(|_| Method::Qris);
    let by_hand = [Method::Transfer, Method::Cash];
    let all = gateway.into_iter().chain(by_hand);
    all.map(Method::as_str).collect()
}

/// The same command, with what the gateway says of the payment that it begins. Where the order is
/// not the caller's or cannot be paid, the gateway is not asked and the engine says so.
pub(super) async fn begin(
    app: &App,
    place: &Place<'_>,
    command: Command,
) -> Result<Command, NoCommand> {
    let Command::StartPayment { order, method, .. } = &command else {
        return Ok(command);
    };
    match method {
        Method::Transfer | Method::Cash | Method::Credit => return Ok(command),
        Method::Qris => {}
        _ => return Err(NoCommand::Wrong("method".to_owned())),
    }
    let seen = app.engine.order(place.shop, *order).await;
    let known = seen.map_err(NoCommand::Failed)?.value;
    let own = |o: &Order| place.who.is_some_and(|who| who.sub == o.customer.as_str());
    let Some(known) = known.filter(|o| own(o) && o.deadline.is_some() && !o.checking) else {
        return Ok(command);
    };
    let wrong = || NoCommand::Wrong("method".to_owned());
    let now_ms = app.clock.now_ms();
    let ends = known.placed_at.plus(known.expire_ms);
    let wanted = Wanted {
        order: order.to_string(),
        amount: known.outstanding(),
        currency: Currency::of(&known.currency).ok_or_else(wrong)?,
        expires_at: ends.min(Millis(now_ms).plus(PAYMENT_MS)).0,
    };
    let random = Uuid::new_v4().as_u128();
    let started = app.payments.start(place.shop, &wanted, random, now_ms);
    let started = started.ok_or_else(wrong)?;
    Ok(Command::StartPayment {
        order: *order,
        payment: PaymentId::new(&started.payment).map_err(|_| wrong())?,
        method: *method,
        expires_at: Some(Millis(started.expires_at)),
        by: Some(PayBy::Qr(started.qr.into())),
    })
}
