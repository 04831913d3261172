//! The quirks of real exports as a table: a file, what is taken of it, what is skipped and remarked.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use super::quirks::QUIRKS;
use super::{Currency, Error, Limits, Product, Report, read, read_within, sample};

const RP: Currency = Currency::IDR;

fn fixture(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/catalog");
    std::fs::read(folder.join(file)).unwrap()
}

fn shown(product: &Product) -> String {
    let mut flags = vec![match (product.physical, product.track_stock) {
        (true, true) => "tracked",
        (true, false) => "untracked",
        (false, false) => "digital",
        (false, true) => panic!("{} is digital and tracked", product.sku),
    }];
    flags.extend(product.preorder.then_some("preorder"));
    flags.extend((!product.active).then_some("inactive"));
    let stock = product
        .stock
        .map_or_else(|| "–".to_owned(), |stock| stock.to_string());
    let Product {
        line,
        sku,
        title,
        price,
        ..
    } = product;
    format!(
        "{line} {sku} | {title} | {price} | {stock} {}",
        flags.join(" ")
    )
}

fn codes(remarks: &[super::Remark]) -> Vec<String> {
    remarks
        .iter()
        .map(|remark| format!("{} {}", remark.line, remark.code))
        .collect()
}

pub(super) fn adds_up(report: &Report) {
    let accounted = report.taken + report.skipped.len() as u64 + report.pictures;
    assert_eq!(
        report.lines, accounted,
        "a row is unaccounted for: {report}"
    );
}

fn one(file: &str, sku: &str) -> Product {
    let (products, _) = read(&fixture(file)[..], RP).unwrap();
    products
        .into_iter()
        .find(|product| product.sku == sku)
        .unwrap()
}

#[test]
fn every_quirk_is_taken_skipped_or_remarked_as_written() {
    for case in QUIRKS {
        let (products, report) = read(&fixture(case.file)[..], case.currency).unwrap();
        let taken: Vec<String> = products.iter().map(shown).collect();
        assert_eq!(taken, case.taken, "{}: taken", case.file);
        assert_eq!(
            codes(&report.skipped),
            case.skipped,
            "{}: skipped",
            case.file
        );
        assert_eq!(codes(&report.notes), case.notes, "{}: notes", case.file);
        adds_up(&report);
    }
}

#[test]
fn encodings_and_line_ends_make_no_difference() {
    let files = [
        "bom.csv",
        "crlf.csv",
        "cr.csv",
        "utf16-le.csv",
        "utf16-be.csv",
        "utf16-no-mark.csv",
        "windows-1252.csv",
    ];
    for file in files {
        let (products, report) = read(&fixture(file)[..], RP).unwrap();
        let taken: Vec<String> = products.iter().map(shown).collect();
        let expected = [
            "2 KOPI | Kopi \"Café\" Susu | 15000 | 4 tracked",
            "4 TEH | Teh | 8000 | 6 tracked",
        ];
        assert_eq!(taken, expected, "{file}");
        let remarked = file.starts_with("utf16") || file.starts_with("windows");
        assert_eq!(
            report.notes.iter().any(|note| note.code == "encoding"),
            remarked,
            "{file}"
        );
    }
}

#[test]
fn an_unusable_file_is_refused_with_a_stable_code() {
    let files: [(&str, &str, Option<u64>); 6] = [
        ("bad-empty.csv", "empty_file", None),
        ("bad-no-header.csv", "no_header", None),
        ("bad-no-names.csv", "missing_column", None),
        ("bad-inventory-export.csv", "missing_column", None),
        ("bad-open-quote.csv", "malformed_csv", Some(3)),
        ("bad-damaged-utf8.csv", "not_utf8", Some(5)),
    ];
    for (file, code, line) in files {
        let error = read(&fixture(file)[..], RP).unwrap_err();
        assert_eq!(
            (error.code(), error.line()),
            (code, line),
            "{file}: {error}"
        );
    }
    let bytes: [(&[u8], &str); 7] = [
        (b"", "empty_file"),
        (b"PK\x03\x04\x14\0\x06\0", "not_text"),
        (b"\xFF\xFE\0\0H\0\0\0", "not_utf8"),
        (b"\xFF\xFEH\0a\0n", "not_utf8"),
        (b"\xFF\xFE\x00\xD8H\0", "not_utf8"),
        (
            b"Handle,Title,Price\n\x83\x4A\x83\x5E\x83\x4A\x83\x69,\x83\x4A,1\n",
            "not_utf8",
        ),
        (b"\0\x01\x02\x03\xFF", "not_utf8"),
    ];
    for (bytes, code) in bytes {
        assert_eq!(read(bytes, RP).unwrap_err().code(), code, "{bytes:?}");
    }
}

#[test]
fn missing_columns_are_named() {
    let error = read(&fixture("bad-inventory-export.csv")[..], RP).unwrap_err();
    assert!(
        matches!(
            error,
            Error::MissingColumn {
                column: "Variant Price"
            }
        ),
        "{error}"
    );
    let error = read(&fixture("bad-no-names.csv")[..], RP).unwrap_err();
    assert!(
        matches!(error, Error::MissingColumn { column: "Handle" }),
        "{error}"
    );
}

#[test]
fn each_limit_refuses_one_more_and_takes_the_limit() {
    let file = b"Handle,Title,Price\na,Kaos,1000\nb,Topi,2000\n";
    let exact = Limits {
        file_bytes: file.len(),
        rows: 2,
        field_bytes: 6,
    };
    assert_eq!(read_within(&file[..], RP, &exact).unwrap().0.len(), 2);
    let tighter = [
        (
            Limits {
                file_bytes: file.len() - 1,
                ..exact
            },
            None,
        ),
        (Limits { rows: 1, ..exact }, Some(3)),
        (
            Limits {
                field_bytes: 5,
                ..exact
            },
            Some(1),
        ),
    ];
    for (limits, line) in tighter {
        let error = read_within(&file[..], RP, &limits).unwrap_err();
        assert_eq!(
            (error.code(), error.line()),
            ("too_large", line),
            "{limits:?}"
        );
    }
}

#[test]
fn a_reader_that_fails_is_an_error_with_its_cause() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk gone"))
        }
    }
    let error = read(Broken, RP).unwrap_err();
    assert_eq!(error.code(), "unreadable_file");
    assert!(error.to_string().contains("disk gone"));
}

#[test]
fn texts_are_plain_bounded_and_without_control_characters() {
    let first = one("old-names.csv", "OMB-M-BR");
    assert_eq!(
        first.description,
        "Kaos katun, \"adem\". Sablon, bukan bordir"
    );
    assert_eq!(first.barcode.as_deref(), Some("8991234567890"));
    assert_eq!(
        (first.product.as_str(), first.variation.as_deref()),
        ("Kaos Ombak", Some("M / Biru"))
    );
    assert_eq!(
        one("bodies.csv", "A").description,
        "Satu, dua tiga & \"empat\" lima"
    );
    assert_eq!(one("bodies.csv", "B").description, "Aman");
    assert_eq!(
        one("bodies.csv", "C").description,
        "5 < 6 & 7 > 6 &tidak; tebal"
    );
    assert_eq!(one("bodies.csv", "D").description.chars().count(), 300);
    let title = "Ka\0os\u{1b}[31m \u{202E}lucu\u{7}".to_owned() + &"x".repeat(500);
    let file = format!("Handle,Title,SKU,Option1 Value,Price\na,{title},A\0B,M,1\n");
    let (products, _) = read(file.as_bytes(), RP).unwrap();
    assert!(products[0].title.starts_with("Kaos[31m lucux"));
    assert!(products[0].title.ends_with("x… – M"));
    assert_eq!(products[0].title.chars().count(), 256);
    assert_eq!(products[0].sku, "AB");
    let (products, _) = read(&b"Handle,Price\n-,1\n"[..], RP).unwrap();
    assert_eq!(products[0].title, "-");
}

#[test]
fn pictures_are_https_or_none() {
    let own = |sku| one("old-names.csv", sku).image;
    assert_eq!(
        own("OMB-M-BR").as_deref(),
        Some("https://cdn.example.com/ombak%201.jpg?v=1")
    );
    assert_eq!(
        own("OMB-L-BR").as_deref(),
        Some("https://cdn.example.com/l.jpg")
    );
    assert_eq!(own("TOPI"), None);
    assert_eq!(
        one("new-names.csv", "PND-B").image.as_deref(),
        Some("https://cdn.example.com/pandan.png")
    );
    assert_eq!(
        one("pictures.csv", "A").image.as_deref(),
        Some("https://cdn.example.com/pertama.jpg")
    );
    assert_eq!(
        one("pictures.csv", "B").image.as_deref(),
        Some("https://cdn.example.com/b2.jpg")
    );
    assert_eq!(one("pictures.csv", "C").image, None);
    assert_eq!(one("pictures.csv", "E").image, None);
}

#[test]
fn the_report_prints_as_a_table_and_serialises() {
    let (_, report) = read(&fixture("duplicate-sku.csv")[..], RP).unwrap();
    let printed = report.to_string();
    assert!(printed.contains("rows                7\n"), "{printed}");
    assert!(printed.contains("      3  DUP                           duplicate_sku         line 2 has the same SKU and was taken\n"), "{printed}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["skipped"][0]["code"], "duplicate_sku");
    assert_eq!(json["taken"], 4);
}

#[test]
fn the_sample_is_clean() {
    let (products, report) = read(sample().as_bytes(), RP).unwrap();
    adds_up(&report);
    assert_eq!((report.products, products.len()), (17, 45));
    assert_eq!(report.skipped, []);
    assert_eq!(codes(&report.notes), ["47 not_active"]);
    assert!(
        products
            .iter()
            .any(|p| p.preorder && p.track_stock && p.stock > Some(0))
    );
    assert_eq!(products.iter().filter(|p| !p.physical).count(), 2);
    assert!(products.iter().any(|p| p.physical && !p.track_stock));
    assert!(
        products
            .iter()
            .all(|p| p.image.is_none() && p.price >= 29_000)
    );
}
