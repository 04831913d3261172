//! READS product exports: a Shopify product CSV becomes a list of products and a report.
//!
//! Pure: bytes and a currency in, values out; no clock, no async, nothing of the rules. What a
//! row means for stock (digital is never tracked, R-INV-2; a pre-order may have a quota, R-INV-3)
//! is said with the flags of [`Product`], and the importer turns them into commands.
//!
//! ```text
//! bytes ─▶ encoding ─▶ table (header, rows) ─▶ group (by handle) ─▶ variation ─▶ Product
//!                                                      └──────────▶ Report: every row accounted for
//! ```
//!
//! What is decided where the format leaves room:
//! - Stock is tracked where a tracker is named, and where a quantity is given that may not be sold
//!   beyond (inventory policy *deny*, or none): exports often leave the tracker out, and taking those
//!   goods as unlimited would sell what is not there (`tracker_missing`). With *continue* and no
//!   tracker, or with the tracker `none`, goods stay untracked; the quantity is still handed over in
//!   `stock`. A file without a tracker column tracks its goods if it has a quantity column.
//! - `Variant Inventory Policy` *continue* never makes us sell more than there is. With stock left
//!   it is only remarked; with none left the goods are promised ahead, so it becomes a pre-order
//!   whose quota the seller sets. A tag such as `pre-order` says so too, with the quantity as quota.
//! - A price is read exactly or not at all: what has too many decimals, or could mean two amounts,
//!   is skipped with the reason.
//! - A row without SKU gets one from its handle and option values, the same at each reading and in
//!   any row order.

mod currency;
mod encoding;
mod error;
mod group;
mod header;
mod html;
mod picture;
mod price;
mod report;
mod sku;
mod stock;
mod table;
mod text;
mod variation;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod quirks;

use std::io::Read;

pub use currency::Currency;
pub use error::Error;
pub use report::{Remark, Report};

/// One variation of a product as it can be sold: a SKU with its flags, price and stock.
// The four flags are the four that R-INV-1 calls independent.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The file's SKU, or one derived from handle and option values; unique in the file, 1–64
    /// characters.
    pub sku: String,
    /// Product title and variation, `Kaos Polos – M / Hitam`, at most 256 characters.
    pub title: String,
    /// The product's own title, shared by its variations.
    pub product: String,
    /// The option values, `M / Hitam`; `None` for a product that comes in one kind only.
    pub variation: Option<String>,
    /// The description as plain text, at most 300 characters. Not markup: escape it like any text.
    pub description: String,
    /// Address of a picture, always `https://`.
    pub image: Option<String>,
    /// Price in minor units of the currency (whole rupiah, sen, cents).
    pub price: u64,
    /// Quantity in the file; `None` when it gives none. A negative quantity is read as 0.
    pub stock: Option<u32>,
    /// Stock is counted (R-INV-1). Never true with `physical: false` (R-INV-2).
    pub track_stock: bool,
    /// False for what is not shipped: vouchers, downloads, gift cards.
    pub physical: bool,
    /// Sold against future stock; `stock` is then the quota.
    pub preorder: bool,
    /// False for drafts, archived and unpublished products.
    pub active: bool,
    /// The barcode as text, at most 64 characters.
    pub barcode: Option<String>,
    /// The line of the file on which the row begins, counted from 1.
    pub line: u64,
}

/// How large a file may be; over it the whole file is refused with `too_large`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the whole file.
    pub file_bytes: usize,
    /// Rows below the header.
    pub rows: usize,
    /// Bytes of one field.
    pub field_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            rows: 200_000,
            field_bytes: 1 << 20,
        }
    }
}

/// Reads an export within the default [`Limits`]. Prices are taken to be in `currency`.
///
/// # Errors
/// The file as a whole cannot be used: see [`Error`]. A row that cannot be used is no error; it
/// stands in the report.
pub fn read(input: impl Read, currency: Currency) -> Result<(Vec<Product>, Report), Error> {
    read_within(input, currency, &Limits::default())
}

/// Reads an export within the given limits.
///
/// # Errors
/// As [`read`].
pub fn read_within(
    input: impl Read,
    currency: Currency,
    limits: &Limits,
) -> Result<(Vec<Product>, Report), Error> {
    let (text, remark) = encoding::text_of(input, limits.file_bytes)?;
    let sheet = table::sheet_of(text, limits)?;
    let mut report = Report {
        lines: sheet.rows.len() as u64,
        ..Report::default()
    };
    if let Some((code, why)) = remark {
        report.note(1, None, code, why);
    }
    let products = group::products_of(&sheet, currency, &mut report);
    report.finish(products.len());
    Ok((products, report))
}

/// The sample catalog, in the same format: Toko Melati, an invented Indonesian clothing shop with
/// prices in rupiah ([`Currency::IDR`]).
pub fn sample() -> &'static str {
    include_str!("catalog/sample.csv")
}
