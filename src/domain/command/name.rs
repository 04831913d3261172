//! What a command is called where decisions are kept: without what it was about.

use super::Command;

/// The command of each name, and its word.
macro_rules! names {
    ($($variant:ident $fields:tt = $word:literal),+ $(,)?) => {
        /// The name of a command.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub enum CommandName {
            /// Not kept: decisions of before names were.
            #[default]
            Unknown,
            $(
                #[doc = concat!("[`Command::", stringify!($variant), "`].")]
                $variant,
            )+
        }

        impl CommandName {
            /// Its word, as clients say it where they do.
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::Unknown => "unknown",
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl Command {
            /// What it is called.
            pub fn name(&self) -> CommandName {
                match self {
                    $(Self::$variant $fields => CommandName::$variant,)+
                }
            }
        }
    };
}

names! {
    Book { .. } = "book",
    Cancel { .. } = "cancel",
    Leave { .. } = "wait.leave",
    CancelBooking { .. } = "booking.cancel",
    OpenDrop (_) = "drop.open",
    ChangeDrop { .. } = "drop.change",
    PauseDrop { .. } = "drop.pause",
    ResumeDrop { .. } = "drop.resume",
    CloseDrop { .. } = "drop.close",
    PinDrop { .. } = "drop.pin",
    ExtendDrop { .. } = "drop.extend",
    AddStock { .. } = "stock.add",
    SetStock { .. } = "stock.set",
    PutSku { .. } = "sku.put",
    ActivateSkus { .. } = "sku.activate",
    RestrictCustomer { .. } = "customer.restrict",
    GroupCustomer { .. } = "customer.group",
    AdjustReputation { .. } = "reputation.adjust",
    ChangeSettings (_) = "settings.change",
    PutLive { .. } = "live.put",
    EndLive { .. } = "live.end",
    SeeCustomer { .. } = "customer.see",
    Expire { .. } = "booking.expire",
    StartDrop { .. } = "drop.start",
    EndDrop { .. } = "drop.end",
    SettleDrop { .. } = "drop.settle",
    Forget { .. } = "forget",
    StartCheckout { .. } = "checkout.start",
    LeaveCheckout { .. } = "checkout.leave",
    PlaceOrder { .. } = "checkout.place",
    TakeOrder (_) = "order.place",
    StartPayment { .. } = "payment.start",
    NotePayment (_) = "payment.note",
    ReceivePayment { .. } = "order.pay",
    ConfirmOrder { .. } = "order.confirm",
    CancelOwnOrder { .. } = "order.cancel_own",
    CancelOrder { .. } = "order.cancel",
    ShipOrder { .. } = "order.ship",
    FinishOrder { .. } = "order.finish",
    RefuseOrder { .. } = "order.refuse",
    ReturnOrder { .. } = "order.return",
    RefundOrder { .. } = "order.refund",
    ExpireOrder { .. } = "order.expire",
}
