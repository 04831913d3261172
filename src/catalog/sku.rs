//! SKUs: the file's own, bounded, or one derived from handle and options where the file has none.

use std::collections::{HashMap, HashSet};

use super::text::{clean, unquoted};

/// Longest SKU, in characters.
const SKU_MAX: usize = 64;

/// What tells a variation from all others of the file when it has no SKU.
pub(super) type Identity<'a> = (&'a str, [&'a str; 3]);

/// The file's SKU, cleaned; one over 64 characters is shortened to a stable, distinct one.
pub(super) fn given(cell: &str) -> Option<String> {
    let sku = clean(unquoted(cell), cell.len());
    let long = sku.chars().nth(SKU_MAX).is_some();
    let short = || shortened(&sku, crc32fast::hash(sku.as_bytes()));
    let sku = if long { short() } else { sku };
    Some(sku).filter(|sku| !sku.is_empty())
}

/// Derives SKUs, knowing the whole file, so that the answer does not depend on the order of rows.
#[derive(Default)]
pub(super) struct Deriver<'a> {
    given: HashSet<String>,
    asked: HashMap<String, Identity<'a>>,
    contested: HashSet<String>,
}

impl<'a> Deriver<'a> {
    /// Takes note of a SKU that stands in the file.
    pub(super) fn give(&mut self, sku: String) {
        self.given.insert(sku);
    }

    /// Takes note of a variation without SKU.
    pub(super) fn ask(&mut self, identity: Identity<'a>) {
        let Ok(readable) = readable(&identity) else {
            return;
        };
        match self.asked.get(&readable) {
            Some(other) if *other == identity => {}
            Some(_) => {
                self.contested.insert(readable);
            }
            None => {
                self.asked.insert(readable, identity);
            }
        }
    }

    /// `kaos-polos-m-hitam`; with eight more letters where that would be lossy or already taken.
    pub(super) fn derive(&self, identity: &Identity<'_>) -> String {
        match readable(identity) {
            Ok(sku) if !self.given.contains(&sku) && !self.contested.contains(&sku) => sku,
            Ok(sku) | Err(sku) => shortened(&sku, hash(identity)),
        }
    }
}

/// Handle and options in small ASCII letters and hyphens; `Err` with what is left of them when
/// letters were lost or it is too long, and a hash has to tell it from others.
fn readable(identity: &Identity<'_>) -> Result<String, String> {
    let (handle, options) = identity;
    let mut parts = Vec::new();
    let mut lossy = false;
    for part in std::iter::once(handle)
        .chain(options)
        .filter(|part| !part.is_empty())
    {
        let slug = slug(part);
        lossy |= slug.is_empty() || part.chars().any(|c| c.is_alphanumeric() && !c.is_ascii());
        parts.push(slug);
    }
    parts.retain(|part| !part.is_empty());
    let sku = parts.join("-");
    if lossy || sku.len() > SKU_MAX {
        Err(sku)
    } else {
        Ok(sku)
    }
}

/// ASCII letters and digits in small letters, a hyphen between what other characters part.
pub(super) fn slug(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn hash((handle, [one, two, three]): &Identity<'_>) -> u32 {
    crc32fast::hash([*handle, one, two, three].join("\u{1f}").as_bytes())
}

/// As much of the text as leaves room for the hash.
fn shortened(text: &str, hash: u32) -> String {
    let room: String = text.chars().take(SKU_MAX - 9).collect();
    match room.trim_end_matches(['-', ' ']) {
        "" => format!("sku-{hash:08x}"),
        start => format!("{start}-{hash:08x}"),
    }
}
