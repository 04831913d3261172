//! Values, rows and tables as both databases know them: numbers, texts, bytes. Each table is a
//! struct made by [`table!`], so that a column is named in one place.

use std::sync::Arc;

use super::Error;

/// A text, which rows share.
pub(super) type Text = Arc<str>;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A 64-bit number.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(Text),
    Bytes(Vec<u8>),
}

/// A type that a column may have.
pub(super) trait Field: Sized {
    const KIND: Kind;
    fn into_cell(self) -> Cell;
    fn from_cell(cell: Cell) -> Result<Self, Error>;
}

fn strange(wanted: &str, found: &Cell) -> Error {
    Error::Strange(format!("{wanted} was expected, and {found:?} is there"))
}

impl Field for i64 {
    const KIND: Kind = Kind::Int;
    fn into_cell(self) -> Cell {
        Cell::Int(self)
    }
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        match cell {
            Cell::Int(n) => Ok(n),
            other => Err(strange("a number", &other)),
        }
    }
}

impl Field for Text {
    const KIND: Kind = Kind::Text;
    fn into_cell(self) -> Cell {
        Cell::Text(self)
    }
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        match cell {
            Cell::Text(text) => Ok(text),
            other => Err(strange("a text", &other)),
        }
    }
}

impl Field for String {
    const KIND: Kind = Kind::Text;
    fn into_cell(self) -> Cell {
        Cell::Text(self.into())
    }
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        Text::from_cell(cell).map(|text| text.as_ref().to_owned())
    }
}

impl Field for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn into_cell(self) -> Cell {
        Cell::Bytes(self)
    }
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        match cell {
            Cell::Bytes(bytes) => Ok(bytes),
            other => Err(strange("bytes", &other)),
        }
    }
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;
    fn into_cell(self) -> Cell {
        self.map_or(Cell::Null, F::into_cell)
    }
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        match cell {
            Cell::Null => Ok(None),
            some => F::from_cell(some).map(Some),
        }
    }
}

/// A row of a table. The first [`Row::KEYS`] columns are its key.
pub(super) trait Row: Sized {
    const NAME: &'static str;
    const KEYS: usize;
    const COLUMNS: &'static [(&'static str, Kind)];
    /// Hands over the cells, in the order of the columns, until one is not taken.
    fn into_cells(self, put: impl FnMut(Cell) -> Result<(), Error>) -> Result<(), Error>;
    fn from_cells(cells: Vec<Cell>) -> Result<Self, Error>;
}

/// The next cell of a row as a field.
pub(super) fn next<F: Field>(cells: &mut std::vec::IntoIter<Cell>) -> Result<F, Error> {
    F::from_cell(
        cells
            .next()
            .ok_or_else(|| Error::Strange("a column is missing".into()))?,
    )
}

/// Declares a table: `pub struct Name = "table", keys { column: Type, … }`.
macro_rules! table {
    ($(#[$doc:meta])* pub struct $Name:ident = $table:literal, $keys:literal {
        $($(#[$about:meta])* $field:ident: $Type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(in crate::ledger) struct $Name {
            $($(#[$about])* pub(in crate::ledger) $field: $Type,)+
        }

        impl $crate::ledger::cell::Row for $Name {
            const NAME: &'static str = $table;
            const KEYS: usize = $keys;
            const COLUMNS: &'static [(&'static str, $crate::ledger::cell::Kind)] = &[
                $((stringify!($field), <$Type as $crate::ledger::cell::Field>::KIND)),+
            ];

            fn into_cells(
                self,
                mut put: impl FnMut($crate::ledger::cell::Cell) -> Result<(), $crate::ledger::Error>,
            ) -> Result<(), $crate::ledger::Error> {
                $(put($crate::ledger::cell::Field::into_cell(self.$field))?;)+
                Ok(())
            }

            fn from_cells(
                cells: Vec<$crate::ledger::cell::Cell>,
            ) -> Result<Self, $crate::ledger::Error> {
                let mut cells = cells.into_iter();
                Ok(Self { $($field: $crate::ledger::cell::next(&mut cells)?),+ })
            }
        }
    };
}
pub(super) use table;
