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

/// All of them, in the order in which a row keeps its cells.
pub(super) const COLUMNS: [Column; 20] = [
    Column::Handle,
    Column::Title,
    Column::Body,
    Column::Tags,
    Column::Published,
    Column::Status,
    Column::GiftCard,
    Column::Option1,
    Column::Option2,
    Column::Option3,
    Column::Sku,
    Column::Tracker,
    Column::Quantity,
    Column::Policy,
    Column::Price,
    Column::Ships,
    Column::Barcode,
    Column::Image,
    Column::ImagePosition,
    Column::VariantImage,
];

impl Column {
    /// Names as [`plain`] leaves them: small letters and digits only. The old name stands first.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Handle => &["handle", "urlhandle", "producthandle"],
            Self::Title => &["title", "producttitle"],
            Self::Body => &["bodyhtml", "description", "body", "productdescription"],
            Self::Tags => &["tags", "producttags"],
            Self::Published => &["published", "publishedononlinestore"],
            Self::Status => &["status", "productstatus"],
            Self::GiftCard => &["giftcard"],
            Self::Option1 => &["option1value"],
            Self::Option2 => &["option2value"],
            Self::Option3 => &["option3value"],
            Self::Sku => &["variantsku", "sku"],
            Self::Tracker => &["variantinventorytracker", "inventorytracker"],
            Self::Quantity => &[
                "variantinventoryqty",
                "inventoryquantity",
                "variantinventoryquantity",
                "inventoryqty",
            ],
            Self::Policy => &[
                "variantinventorypolicy",
                "continuesellingwhenoutofstock",
                "inventorypolicy",
            ],
            Self::Price => &["variantprice", "price"],
            Self::Ships => &["variantrequiresshipping", "requiresshipping"],
            Self::Barcode => &["variantbarcode", "barcode", "barcodes"],
            Self::Image => &["imagesrc", "productimageurl", "imageurl"],
            Self::ImagePosition => &["imageposition"],
            Self::VariantImage => &["variantimage", "variantimageurl"],
        }
    }
}

/// Where each column stands. When two carry the same meaning, the first one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    at: [Option<usize>; COLUMNS.len()],
    /// Fields of the header line; a row with more is out of step.
    pub(super) width: usize,
}

impl Columns {
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut columns = Self::default();
        for (index, name) in names.enumerate() {
            columns.width = index + 1;
            let name = plain(name);
            let found = COLUMNS
                .into_iter()
                .find(|column| column.names().contains(&name.as_str()));
            if let Some(column) = found {
                columns.at[column as usize].get_or_insert(index);
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
