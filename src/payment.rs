//! THE GATEWAYS: what payment gateways say, and what is asked of them.
//!
//! A notification comes as bytes with headers. An [`Endpoint`] of the settings knows whose it is
//! and by which rules it is believed; out comes a [`Notice`], the same whichever gateway spoke,
//! or an [`Error`]. Nothing here decides anything: the engine compares amount, currency and order
//! with its own (S-20). Time is an argument, and nothing here opens a socket.
//!
//! ```text
//! bytes, headers ─▶ Endpoint::hear ─▶ standard_webhooks │ midtrans │ xendit ─▶ Notice ─▶ engine
//! start a payment ─▶ Gateways::start ─▶ sandbox ─▶ QR code
//! how does it stand? ─▶ Gateways::ask ─▶ sandbox ─▶ Notice
//! ```

mod body;
pub mod endpoint;
mod error;
pub mod inquiry;
pub mod midtrans;
mod money;
pub mod notice;
pub mod qr;
pub mod qris;
pub mod sandbox;
mod stamp;
pub mod standard_webhooks;
pub mod xendit;

pub use crate::catalog::Currency;
pub use endpoint::{Endpoint, EndpointConfig, Gateways, Kind, PaymentsConfig, SettingError};
pub use error::Error;
pub use inquiry::Inquiry;
pub use notice::{Method, Notice, Said, Status};
pub use sandbox::{Action, Sandbox, Started};

#[cfg(test)]
mod tests;
