//! The currency of a file: its code and how many decimals its minor unit has.

/// A currency by ISO code, with the decimals prices have *here*: rupiah are kept whole, although
/// ISO 4217 still gives them two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

const KNOWN: [Currency; 14] = [
    Currency::IDR,
    Currency::MYR,
    Currency::USD,
    known("AUD", 2),
    known("BND", 2),
    known("CNY", 2),
    known("EUR", 2),
    known("GBP", 2),
    known("HKD", 2),
    known("JPY", 0),
    known("PHP", 2),
    known("SGD", 2),
    known("THB", 2),
    known("VND", 0),
];

const fn known(code: &'static str, exponent: u8) -> Currency {
    Currency { code, exponent }
}

impl Currency {
    /// Rupiah, whole.
    pub const IDR: Self = known("IDR", 0);
    /// Ringgit, in sen.
    pub const MYR: Self = known("MYR", 2);
    /// US dollar, in cents.
    pub const USD: Self = known("USD", 2);

    /// The currency of this ISO code in any case; `None` if it is not one a shop here can use.
    pub fn of(code: &str) -> Option<Self> {
        KNOWN
            .into_iter()
            .find(|known| known.code.eq_ignore_ascii_case(code))
    }

    /// Three capital letters.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Decimals of the minor unit: 0 for rupiah, 2 for ringgit.
    pub fn exponent(self) -> u8 {
        self.exponent
    }

    /// Whether a word beside an amount ("Rp", "US$", "MYR") means this currency; `None` when it
    /// is no word for money at all.
    pub(super) fn is_meant_by(self, word: &str) -> Option<bool> {
        let word = word.to_lowercase();
        let codes: &[&str] = match word.trim_end_matches('.') {
            "rp" => &["IDR"],
            "rm" => &["MYR"],
            "us$" => &["USD"],
            "s$" => &["SGD"],
            "a$" => &["AUD"],
            "b$" => &["BND"],
            "hk$" => &["HKD"],
            "$" => &["USD", "SGD", "AUD", "BND", "HKD"],
            "€" => &["EUR"],
            "£" => &["GBP"],
            "¥" => &["JPY", "CNY"],
            "฿" => &["THB"],
            "₱" => &["PHP"],
            "₫" | "đ" => &["VND"],
            code => return Self::of(code).map(|known| known == self),
        };
        Some(codes.contains(&self.code))
    }
}
