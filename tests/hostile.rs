//! What strangers send: tables of bad input over every door, each case with the answer it gets,
//! and the table of who may do what. One server serves them all, and stays well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "a table is as it is"
)]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "requests are put together once"
)]
#![allow(
    clippy::decimal_bitwise_operands,
    reason = "126 and 127 are the numbers of RFC 6455"
)]

mod hostile {
    mod command_line;
    mod denied;
    mod doors;
    mod foreign;
    mod frames;
    mod handshake;
    mod headers;
    mod house;
    mod http;
    mod journal;
    mod messages;
    mod raw;
    mod requests;
    mod secrets;
    mod socket;
}
