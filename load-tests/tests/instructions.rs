//! What deciding, applying and encoding take may not grow unseen: instructions, counted by
//! callgrind on this build, against the committed figures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::instructions;

#[test]
fn deciding_applying_and_encoding_take_no_more_than_committed() {
    let program = Path::new(env!("CARGO_BIN_EXE_load-tests"));
    let report = instructions::compare(&instructions::count_all(program).unwrap()).unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}
