//! The columns of an export by their names: the old ones, the new ones, in any case and order.

use super::error::Error;

/// A column that is read. All others are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Handle,
    Title,
    Body,
    Tags,
    Published,
    Status,
    GiftCard,
    Option1,
    Option2,
    Option3,
    Sku,
    Tracker,
    Quantity,
    Policy,
    Price,
    Ships,
    Barcode,
    Image,
    ImagePosition,
    VariantImage,
}

/// Names as [`plain`] leaves them: small letters and digits only.
const NAMES: [(Column, &[&str]); 20] = [
    (Column::Handle, &["handle", "urlhandle", "producthandle"]),
    (Column::Title, &["title", "producttitle"]),
    (
        Column::Body,
        &["bodyhtml", "description", "body", "productdescription"],
    ),
    (Column::Tags, &["tags", "producttags"]),
    (Column::Published, &["published", "publishedononlinestore"]),
    (Column::Status, &["status", "productstatus"]),
    (Column::GiftCard, &["giftcard"]),
    (Column::Option1, &["option1value"]),
    (Column::Option2, &["option2value"]),
    (Column::Option3, &["option3value"]),
    (Column::Sku, &["variantsku", "sku"]),
    (
        Column::Tracker,
        &["variantinventorytracker", "inventorytracker"],
    ),
    (
        Column::Quantity,
        &[
            "variantinventoryqty",
            "inventoryquantity",
            "variantinventoryquantity",
            "inventoryqty",
        ],
    ),
    (
        Column::Policy,
        &[
            "variantinventorypolicy",
            "continuesellingwhenoutofstock",
            "inventorypolicy",
        ],
    ),
    (Column::Price, &["variantprice", "price"]),
    (
        Column::Ships,
        &["variantrequiresshipping", "requiresshipping"],
    ),
    (Column::Barcode, &["variantbarcode", "barcode", "barcodes"]),
    (Column::Image, &["imagesrc", "productimageurl", "imageurl"]),
    (Column::ImagePosition, &["imageposition"]),
    (Column::VariantImage, &["variantimage", "variantimageurl"]),
];

/// Where each column stands. When two carry the same meaning, the first one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    at: [Option<usize>; NAMES.len()],
    /// Fields of the header line; a row with more is out of step.
    pub(super) width: usize,
}

impl Columns {
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut columns = Self::default();
        for (index, name) in names.enumerate() {
            columns.width = index + 1;
            let name = plain(name);
            let found = NAMES
                .iter()
                .find(|(_, known)| known.contains(&name.as_str()));
            if let Some((column, _)) = found {
                columns.at[*column as usize].get_or_insert(index);
            }
        }
        columns
    }

    /// How many columns are known: the separator that makes the most sense has the most.
    pub(super) fn known(&self) -> usize {
        self.at.iter().flatten().count()
    }

    pub(super) fn position(&self, column: Column) -> Option<usize> {
        self.at[column as usize]
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.position(column).is_some()
    }

    /// A product needs a price and a name to be told by; nothing else is indispensable.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.known() == 0 {
            return Err(Error::NoHeader);
        }
        if !self.has(Column::Handle) && !self.has(Column::Title) {
            return Err(Error::MissingColumn { column: "Handle" });
        }
        if !self.has(Column::Price) {
            return Err(Error::MissingColumn {
                column: "Variant Price",
            });
        }
        Ok(())
    }
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}
