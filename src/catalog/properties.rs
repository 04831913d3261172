//! Whatever the bytes, the reader answers; whatever the catalog, it comes back as it was written.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::cases::adds_up;
use super::{Currency, Product, read, sample};

/// A product as the generator writes it: handle, title and its variations.
#[derive(Debug, Clone)]
struct Written {
    title: String,
    body: String,
    picture_rows: usize,
    variations: Vec<Variation>,
}

#[derive(Debug, Clone)]
struct Variation {
    option: String,
    own_sku: bool,
    cents: u64,
    stock: Option<u32>,
    tracked: bool,
}

fn variation() -> impl Strategy<Value = Variation> {
    let option = "[A-Za-z0-9 \"',;\n/é♥+-]{1,12}";
    let stock = prop::option::of(0..100_000_u32);
    (
        option,
        any::<bool>(),
        0..1_000_000_000_u64,
        stock,
        any::<bool>(),
    )
        .prop_map(|(option, own_sku, cents, stock, tracked)| Variation {
            option: format!("v{option}"),
            own_sku,
            cents,
            stock,
            tracked,
        })
}

fn catalog() -> impl Strategy<Value = Vec<Written>> {
    let text = "[A-Za-z0-9 \"',;\t\n<>&é♥-]{0,40}";
    let variations = prop::collection::vec(variation(), 1..5);
    let product = (text, text, 0..3_usize, variations).prop_map(
        |(title, body, picture_rows, mut variations)| {
            let mut seen = BTreeSet::new();
            variations.retain(|variation| seen.insert(words(&variation.option)));
            Written {
                title: format!("T{title}"),
                body,
                picture_rows,
                variations,
            }
        },
    );
    prop::collection::vec(product, 1..8)
}

/// A text as the reader shows it.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of each product, header apart.
fn rows_of(catalog: &[Written]) -> Vec<Vec<[String; 9]>> {
    let product = |(number, product): (usize, &Written)| {
        let handle = format!("p-{number}");
        let mut rows = Vec::new();
        for (index, v) in product.variations.iter().enumerate() {
            let first = |text: &str| {
                if index == 0 {
                    text.to_owned()
                } else {
                    String::new()
                }
            };
            rows.push([
                handle.clone(),
                first(&product.title),
                first(&product.body),
                v.option.clone(),
                if v.own_sku {
                    format!("OWN-{number}-{index}")
                } else {
                    String::new()
                },
                if v.tracked {
                    "shopify".to_owned()
                } else {
                    String::new()
                },
                v.stock.map_or_else(String::new, |stock| stock.to_string()),
                format!("{}.{:02}", v.cents / 100, v.cents % 100),
                String::new(),
            ]);
        }
        for picture in 0..product.picture_rows {
            let mut row: [String; 9] = Default::default();
            row[0].clone_from(&handle);
            row[8] = format!("https://cdn.example.com/{picture}.jpg");
            rows.push(row);
        }
        rows
    };
    catalog.iter().enumerate().map(product).collect()
}

fn file_of(groups: &[Vec<[String; 9]>], separator: u8, crlf: bool) -> Vec<u8> {
    let end = if crlf {
        csv::Terminator::CRLF
    } else {
        csv::Terminator::Any(b'\n')
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(end)
        .from_writer(Vec::new());
    let header = [
        "Handle",
        "Title",
        "Body (HTML)",
        "Option1 Value",
        "Variant SKU",
        "Variant Inventory Tracker",
        "Variant Inventory Qty",
        "Variant Price",
        "Image Src",
    ];
    writer.write_record(header).unwrap();
    for row in groups.iter().flatten() {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

/// All that must not depend on where a row stands.
fn contents(products: &[Product]) -> BTreeSet<(String, String, u64, Option<u32>, bool)> {
    let content = |p: &Product| {
        (
            p.sku.clone(),
            p.title.clone(),
            p.price,
            p.stock,
            p.track_stock,
        )
    };
    products.iter().map(content).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok((_, report)) = read(&bytes[..], Currency::USD) {
            adds_up(&report);
        }
    }

    /// The header is there, so that the rest reaches every later step.
    #[test]
    fn any_rows_are_accounted_for(rows in "([a-z\"\n,;.\\-0-9♥\u{0}\u{1b}<&=/' ]|RM|Rp|https://|continue|false){0,300}") {
        let header = "Handle,Title,Option1 Value,SKU,Price,Inventory quantity,Inventory tracker,Image Src,Tags\n";
        if let Ok((products, report)) = read(format!("{header}{rows}").as_bytes(), Currency::MYR) {
            adds_up(&report);
            let skus: BTreeSet<_> = products.iter().map(|p| &p.sku).collect();
            prop_assert_eq!(skus.len(), products.len());
            for p in &products {
                prop_assert!((1..=64).contains(&p.sku.chars().count()));
                prop_assert!(p.title.chars().count() <= 256 && !p.title.is_empty());
                prop_assert!(!p.title.chars().chain(p.sku.chars()).any(char::is_control));
                prop_assert!(p.physical || !p.track_stock);
            }
        }
    }

    #[test]
    fn a_spoiled_byte_never_panics(at in 0..9_000_usize, byte: u8) {
        let mut bytes = sample().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok((_, report)) = read(&bytes[..], Currency::IDR) {
            adds_up(&report);
        }
    }

    #[test]
    fn a_written_catalog_comes_back(catalog in catalog(), separator in prop::sample::select(&b",;\t|"[..]), crlf: bool) {
        let groups = rows_of(&catalog);
        let (products, report) = read(&file_of(&groups, separator, crlf)[..], Currency::USD).unwrap();
        adds_up(&report);
        prop_assert_eq!(&report.skipped, &[]);
        prop_assert_eq!(usize::try_from(report.products), Ok(catalog.len()));
        let written = catalog.iter().flat_map(|p| p.variations.iter().map(move |v| (p, v)));
        prop_assert_eq!(products.len(), written.clone().count());
        for (read, (product, v)) in products.iter().zip(written) {
            prop_assert_eq!(&read.product, &words(&product.title));
            prop_assert_eq!(read.variation.as_ref(), Some(&words(&v.option)));
            // Without a policy a quantity limits what is sold, whether a tracker is named or not.
            let tracked = v.tracked || v.stock.is_some();
            prop_assert_eq!((read.price, read.stock, read.track_stock), (v.cents, v.stock, tracked));
            prop_assert_eq!(read.sku.starts_with("OWN-"), v.own_sku);
        }
    }

    #[test]
    fn skus_do_not_depend_on_the_order_of_rows(
        (catalog, order) in catalog().prop_flat_map(|catalog| {
            let order: Vec<usize> = (0..catalog.len()).collect();
            (Just(catalog), Just(order).prop_shuffle())
        }),
        backwards: bool,
    ) {
        let groups = rows_of(&catalog);
        let mut moved: Vec<_> = order.iter().map(|&at| groups[at].clone()).collect();
        if backwards {
            for rows in &mut moved {
                rows.reverse();
            }
        }
        let (before, _) = read(&file_of(&groups, b',', false)[..], Currency::USD).unwrap();
        let (after, _) = read(&file_of(&moved, b',', false)[..], Currency::USD).unwrap();
        prop_assert_eq!(contents(&before), contents(&after));
    }
}
