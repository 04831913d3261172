//! Labels: closed lists of words, so that no series is ever added by what users do.
//!
//! No shop, customer, live, SKU, booking, address or token is a label. A label is an enum made by
//! [`label!`]; a metric with two labels takes a pair of them.

/// The labels of one metric: every combination has a number.
pub trait Labels: Copy {
    /// Label names, in order.
    const NAMES: &'static [&'static str];
    /// How many combinations there are.
    const COUNT: usize;
    /// The number of this combination, below [`Self::COUNT`].
    fn index(self) -> usize;
    /// The label values of a combination, in the order of the names.
    fn texts(index: usize) -> Vec<&'static str>;
}

/// One label: a name and the closed list of its values.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value, as it is written.
    const TEXTS: &'static [&'static str];
    /// The place of this value in [`Self::TEXTS`].
    fn place(self) -> usize;
}

impl<L: Label> Labels for L {
    const NAMES: &'static [&'static str] = &[L::NAME];
    const COUNT: usize = L::TEXTS.len();

    fn index(self) -> usize {
        self.place()
    }

    fn texts(index: usize) -> Vec<&'static str> {
        vec![L::TEXTS[index]]
    }
}

impl<A: Label, B: Label> Labels for (A, B) {
    const NAMES: &'static [&'static str] = &[A::NAME, B::NAME];
    const COUNT: usize = A::TEXTS.len() * B::TEXTS.len();

    fn index(self) -> usize {
        self.0.place() * B::TEXTS.len() + self.1.place()
    }

    fn texts(index: usize) -> Vec<&'static str> {
        let rows = B::TEXTS.len();
        vec![A::TEXTS[index / rows], B::TEXTS[index % rows]]
    }
}

/// Declares a label: `pub enum Role as "role" { Guest = "guest", … }`.
///
/// With `else Other`, `from_text` answers that value for a word that is not in the list.
macro_rules! label {
    ($(#[$doc:meta])+ pub enum $Label:ident as $name:literal {
        $($Value:ident = $text:literal),+ $(,)?
    } $(else $Other:ident)?) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Label {
            $(#[doc = concat!("`", $name, "=\"", $text, "\"`")] $Value),+
        }

        impl $Label {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$Value),+];

            /// The value as it is written.
            pub fn text(self) -> &'static str {
                match self { $(Self::$Value => $text),+ }
            }

            $(
                /// The value written so, or the one for everything else. Compares words, allocates nothing.
                pub fn from_text(text: &str) -> Self {
                    Self::ALL.iter().copied().find(|value| value.text() == text).unwrap_or(Self::$Other)
                }
            )?
        }

        impl $crate::telemetry::label::Label for $Label {
            const NAME: &'static str = $name;
            const TEXTS: &'static [&'static str] = &[$($text),+];
            fn place(self) -> usize {
                self as usize
            }
        }
    };
}
pub(crate) use label;
