//! Programs that once failed, and what each of them found. A seed belongs to the generator of
//! its day: when `program.rs` changes they are but more programs, and the scenario tables, which
//! have a table for each of these finds, are what keeps them found.

/// Seed, and what it found.
pub(super) const FOUND: &[(u64, &str)] = &[
    (
        1001,
        "a promotion overwrote a booking that had taken the waiting entry's id",
    ),
    (
        1003,
        "pinning made the end of a closed drop due again, and draining never ended",
    ),
    (
        1005,
        "a cancel of 0 units was judged by its booking before its quantity",
    ),
    (
        1017,
        "a late id of a client that is ahead passed after its answer was forgotten",
    ),
    (
        1018,
        "a cancel was free with a grace of 0, and in the very instant at which it ends",
    ),
    (1023, "an end before the opening was judged after the live"),
    (
        1029,
        "a count was taken for a combination, which has no stock of its own",
    ),
    (
        1052,
        "an absent waiter was marked as passed over and served in the same breath",
    ),
    (
        1055,
        "waiters were promoted after waiting for an ended drop was over",
    ),
    (
        1075,
        "a state put back had no end of a closed drop that was due in the original",
    ),
    (
        1080,
        "an absent waiter was served before those who were there",
    ),
    (1090, "waiting units of a drop overflowed their counter"),
    (1153, "units of a combination times their number overflowed"),
    (
        1211,
        "bookings of a drop that nobody waited for could not be withdrawn after its close",
    ),
    (
        1333,
        "bookings of a drop that nobody waited for could not be extended after its close",
    ),
    (
        1829,
        "a combination with bookings held was told that nothing is promised",
    ),
    (
        1091,
        "a count was wrong after units were sold that were short",
    ),
    (
        10_677,
        "a late wait that had lost a part of its money was paid without units",
    ),
    (2328, "a huge reward overflowed the reputation"),
    (
        1000,
        "an amount that was asked for counted where nothing came",
    ),
    (
        1043,
        "of parked money, what went back was captured instead of what came",
    ),
];
