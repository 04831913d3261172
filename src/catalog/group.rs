//! From rows to products: rows of one handle belong together, wherever they stand.

use std::collections::HashMap;

use super::Product;
use super::currency::Currency;
use super::header::Column;
use super::html::plain_text;
use super::picture;
use super::report::Report;
use super::sku::{Deriver, given, slug};
use super::table::{Row, Sheet};
use super::text::{clean, flag, quoted};
use super::variation::{Reader, options};

/// Longest title of a product and longest variation together, in characters.
pub(super) const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 300;

/// Cells that make a row a variation. One with none of them only adds a picture or text.
const OF_A_VARIATION: [Column; 6] = [
    Column::Sku,
    Column::Price,
    Column::Barcode,
    Column::Option1,
    Column::Option2,
    Column::Option3,
];

/// The rows of one product.
struct Group<'a> {
    handle: String,
    rows: Vec<&'a Row>,
}

/// What the variations of a product have in common.
pub(super) struct Common<'a> {
    pub(super) handle: &'a str,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) image: Option<String>,
    pub(super) active: bool,
    pub(super) gift_card: bool,
    pub(super) preorder: bool,
}

/// Reads all products, in the order in which their handles first appear.
pub(super) fn products_of(sheet: &Sheet, currency: Currency, report: &mut Report) -> Vec<Product> {
    let groups = grouped(sheet, report);
    let mut deriver = Deriver::default();
    for (group, row) in groups
        .iter()
        .flat_map(|group| group.rows.iter().map(move |row| (group, row)))
    {
        match given(row.cell(Column::Sku)) {
            Some(sku) => deriver.give(sku),
            None if is_variation(row) => deriver.ask((&group.handle, options(row))),
            None => {}
        }
    }
    let mut reader = Reader::new(&sheet.columns, currency, &deriver);
    report.products = groups.len() as u64;
    for group in &groups {
        read_group(group, &mut reader, report);
    }
    reader.products
}

fn read_group(group: &Group<'_>, reader: &mut Reader<'_>, report: &mut Report) {
    let (variations, others): (Vec<&Row>, Vec<&Row>) =
        group.rows.iter().partition(|row| is_variation(row));
    if variations.is_empty() {
        let why = "it has neither price nor options anywhere in the file".to_owned();
        report.skip(others[0].line, None, "no_variation", why);
        report.pictures += others.len() as u64 - 1;
        return;
    }
    report.pictures += others.len() as u64;
    report.variations += variations.len() as u64;
    let common = common_of(group, report);
    for row in variations {
        reader.read(&common, row, report);
    }
}

fn is_variation(row: &Row) -> bool {
    OF_A_VARIATION
        .iter()
        .any(|&column| !row.cell(column).is_empty())
}

/// Groups rows by handle. Rows out of step and rows that belong to no product are skipped here.
fn grouped<'a>(sheet: &'a Sheet, report: &mut Report) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut last = None;
    for row in &sheet.rows {
        if row.out_of_step {
            let why = "it has more fields than the header: is a field with commas not in quotes?";
            report.skip(row.line, None, "row_length", why.to_owned());
            continue;
        }
        let Some(handle) = handle_of(row).or_else(|| continued(sheet, last.clone())) else {
            let why = "it has neither handle nor title, so it belongs to no product";
            report.skip(row.line, None, "no_handle", why.to_owned());
            continue;
        };
        let place = *places.entry(handle.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group {
                handle: handle.clone(),
                rows: Vec::new(),
            });
        }
        groups[place].rows.push(row);
        last = Some(handle);
    }
    groups
}

/// The handle in small letters, or the one a shop would make of the title.
fn handle_of(row: &Row) -> Option<String> {
    let handle = row.cell(Column::Handle);
    let title = row.cell(Column::Title);
    let from_title = || Some(slug(title)).filter(|slug| !slug.is_empty());
    let texts = [
        Some(handle.to_owned()),
        from_title(),
        Some(title.to_owned()),
    ];
    let handles = texts
        .into_iter()
        .flatten()
        .map(|text| clean(&text.to_lowercase(), TITLE_MAX));
    handles.into_iter().find(|handle| !handle.is_empty())
}

/// In a file without a handle column, a row without title goes on with the product above it.
fn continued(sheet: &Sheet, last: Option<String>) -> Option<String> {
    last.filter(|_| !sheet.columns.has(Column::Handle))
}

fn common_of<'a>(group: &'a Group<'_>, report: &mut Report) -> Common<'a> {
    let first = |column| {
        let cells = group.rows.iter().map(|row| row.cell(column));
        cells
            .into_iter()
            .find(|cell| !cell.is_empty())
            .unwrap_or("")
    };
    let line = group.rows[0].line;
    let mut title = clean(first(Column::Title), TITLE_MAX);
    if title.is_empty() {
        title = clean(&group.handle.replace('-', " "), TITLE_MAX);
        if title.is_empty() {
            title.clone_from(&group.handle);
        }
        report.note(
            line,
            None,
            "no_title",
            format!("no title; named after its handle: {title}"),
        );
    }
    let inactive = not_active(first(Column::Status), first(Column::Published));
    if let Some(why) = &inactive {
        report.note(
            line,
            None,
            "not_active",
            format!("{title} {why}: taken as not active"),
        );
    }
    Common {
        handle: &group.handle,
        title,
        description: plain_text(first(Column::Body), DESCRIPTION_MAX),
        image: main_picture(group, report),
        active: inactive.is_none(),
        gift_card: flag(first(Column::GiftCard)) == Some(true),
        preorder: first(Column::Tags).split([',', ';']).any(says_preorder),
    }
}

/// Why a product is not for sale now. *Unlisted* is for sale to those who have the link.
fn not_active(status: &str, published: &str) -> Option<String> {
    match status.to_ascii_lowercase().as_str() {
        "" | "active" | "unlisted" if flag(published) == Some(false) => {
            Some("is not published".to_owned())
        }
        "" | "active" | "unlisted" => None,
        _ => Some(format!("has the status {}", quoted(status))),
    }
}

fn says_preorder(tag: &str) -> bool {
    matches!(
        slug(tag).as_str(),
        "pre-order" | "preorder" | "pra-pesan" | "pra-tempah"
    )
}

/// The picture with the lowest position, the topmost of equals.
fn main_picture(group: &Group<'_>, report: &mut Report) -> Option<String> {
    let position = |row: &&Row| row.cell(Column::ImagePosition).parse().unwrap_or(u32::MAX);
    let with = group
        .rows
        .iter()
        .filter(|row| !row.cell(Column::Image).is_empty());
    let mut rows: Vec<&Row> = with.copied().collect();
    rows.sort_by_key(position);
    rows.into_iter()
        .find_map(|row| usable_picture(row.cell(Column::Image), row, report))
}

/// The address if it can be used; otherwise a remark.
pub(super) fn usable_picture(cell: &str, row: &Row, report: &mut Report) -> Option<String> {
    match picture::address(cell) {
        Ok(address) => Some(address),
        Err(why) => {
            let why = format!("the picture {} {why}: taken without it", quoted(cell));
            report.note(row.line, None, "image_dropped", why);
            None
        }
    }
}
