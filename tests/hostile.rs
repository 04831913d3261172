//! What strangers send: tables of bad input over every door, each case with the answer it gets,
//! and the table of who may do what. One server serves them all, and stays well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile {
    mod command_line;
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
