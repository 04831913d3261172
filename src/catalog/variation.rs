//! From one row to one product: SKU, price, stock and flags, with a remark on whatever was decided.

use std::collections::HashMap;

use super::Product;
use super::currency::Currency;
use super::group::{Common, TITLE_MAX, usable_picture};
use super::header::{Column, Columns};
use super::price::minor_units;
use super::report::Report;
use super::sku::{Deriver, given};
use super::stock::{Cells, Stock};
use super::table::Row;
use super::text::{clean, is_rounded_number, quoted, unquoted};

/// Longest variation in characters; the product's part of a title gives way to it.
const VARIATION_MAX: usize = 120;
const BARCODE_MAX: usize = 64;

/// The option values as they stand; what a shop writes for "no options" is none.
pub(super) fn options(row: &Row) -> [&str; 3] {
    [Column::Option1, Column::Option2, Column::Option3].map(|column| {
        let value = row.cell(column);
        if value.eq_ignore_ascii_case("default title") {
            ""
        } else {
            value
        }
    })
}

/// Reads variations one by one and knows which SKUs are taken.
pub(super) struct Reader<'a> {
    columns: &'a Columns,
    currency: Currency,
    deriver: &'a Deriver<'a>,
    lines: HashMap<String, u64>,
    pub(super) products: Vec<Product>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(columns: &'a Columns, currency: Currency, deriver: &'a Deriver<'a>) -> Self {
        let (lines, products) = (HashMap::new(), Vec::new());
        Self {
            columns,
            currency,
            deriver,
            lines,
            products,
        }
    }

    /// Takes the row, or says in the report why not. The first of two rows with one SKU is taken.
    pub(super) fn read(&mut self, common: &Common<'_>, row: &Row, report: &mut Report) {
        let text = row.cell(Column::Price);
        let sku = self.sku(common, row);
        let price = match minor_units(text, self.currency) {
            Ok(price) => price,
            Err(fault) => {
                let why = fault.why(text, self.currency);
                return report.skip(row.line, Some(&sku), fault.code(), why);
            }
        };
        if let Some(line) = self.lines.get(&sku) {
            let why = format!("line {line} has the same SKU and was taken");
            return report.skip(row.line, Some(&sku), "duplicate_sku", why);
        }
        self.lines.insert(sku.clone(), row.line);
        remark_on_sku(&sku, row, report);
        if price == 0 {
            report.note(
                row.line,
                Some(&sku),
                "price_zero",
                "its price is 0".to_owned(),
            );
        }
        let product = self.product(common, row, sku, price, report);
        self.products.push(product);
    }

    fn sku(&self, common: &Common<'_>, row: &Row) -> String {
        given(row.cell(Column::Sku))
            .unwrap_or_else(|| self.deriver.derive(&(common.handle, options(row))))
    }

    fn product(
        &self,
        common: &Common<'_>,
        row: &Row,
        sku: String,
        price: u64,
        report: &mut Report,
    ) -> Product {
        let variation = variation(row);
        let stock = self.stock(common, row, &sku, report);
        let own = row.cell(Column::VariantImage);
        let own = Some(own).filter(|cell| !cell.is_empty());
        let image = own.and_then(|cell| usable_picture(cell, row, report));
        Product {
            title: titled(&common.title, variation.as_deref()),
            product: common.title.clone(),
            variation,
            description: common.description.clone(),
            image: image.or_else(|| common.image.clone()),
            price,
            stock: stock.count,
            track_stock: stock.tracked,
            physical: stock.physical,
            preorder: stock.preorder,
            active: common.active,
            barcode: barcode(row, &sku, report),
            line: row.line,
            sku,
        }
    }

    fn stock(&self, common: &Common<'_>, row: &Row, sku: &str, report: &mut Report) -> Stock {
        let cell = |column| row.cell(column);
        let told = |column| Some(cell(column)).filter(|_| self.columns.has(column));
        let cells = Cells {
            quantity: told(Column::Quantity),
            tracker: told(Column::Tracker),
            policy: cell(Column::Policy),
            ships: cell(Column::Ships),
            gift_card: common.gift_card,
            preorder: common.preorder,
        };
        let (stock, remarks) = cells.read();
        for (code, why) in remarks {
            report.note(row.line, Some(sku), code, why);
        }
        stock
    }
}

/// `Kaos Polos – M / Hitam`; the product's part is cut when both do not fit.
fn titled(product: &str, variation: Option<&str>) -> String {
    match variation {
        None => product.to_owned(),
        Some(variation) => {
            let room = TITLE_MAX - variation.chars().count() - " – ".chars().count();
            format!("{} – {variation}", clean(product, room))
        }
    }
}

fn remark_on_sku(sku: &str, row: &Row, report: &mut Report) {
    let cell = row.cell(Column::Sku);
    match given(cell) {
        None => {
            let why = format!("no SKU; named {sku} after its handle and options");
            report.note(row.line, Some(sku), "sku_derived", why);
        }
        Some(_) if is_rounded_number(cell) => {
            let why = format!(
                "the SKU {} looks like a number a spreadsheet has rounded",
                quoted(cell)
            );
            report.note(row.line, Some(sku), "sku_rounded", why);
        }
        Some(given) if clean(unquoted(cell), cell.len()) != given => {
            let why = format!("the SKU {} is longer than 64 characters", quoted(cell));
            report.note(row.line, Some(sku), "sku_shortened", why);
        }
        Some(_) => {}
    }
}

fn barcode(row: &Row, sku: &str, report: &mut Report) -> Option<String> {
    let cell = row.cell(Column::Barcode);
    if is_rounded_number(cell) {
        let why = format!(
            "the barcode {} was rounded by a spreadsheet: taken without it",
            quoted(cell)
        );
        report.note(row.line, Some(sku), "barcode_dropped", why);
        return None;
    }
    Some(clean(unquoted(cell), BARCODE_MAX)).filter(|barcode| !barcode.is_empty())
}

fn variation(row: &Row) -> Option<String> {
    let values = options(row).map(|value| clean(value, VARIATION_MAX));
    let given: Vec<String> = values
        .into_iter()
        .filter(|value| !value.is_empty())
        .collect();
    Some(clean(&given.join(" / "), VARIATION_MAX)).filter(|text| !text.is_empty())
}
