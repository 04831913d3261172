//! A sheet as CSV (RFC 4180). A spreadsheet takes a cell that begins like a formula for one, so
//! such a cell gets an apostrophe before it (S-23); negative numbers too, as nobody can tell.

use serde_json::Value;

use super::queries::Sheet;

/// How a formula begins.
const TRIGGERS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

impl Sheet {
    /// The sheet with a line of names before it.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        line(&mut out, self.columns.iter().map(|name| (*name).to_owned()));
        for row in &self.rows {
            line(&mut out, row.iter().map(cell));
        }
        out
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            out.push(',');
        }
        put(out, &cell);
    }
    out.push_str("\r\n");
}

fn put(out: &mut String, text: &str) {
    let apostrophe = if text.starts_with(TRIGGERS) { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) {
        out.push('"');
        out.push_str(apostrophe);
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(apostrophe);
        out.push_str(text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        /// S-23: whatever stands in the books, no cell begins like a formula, and but for the
        /// apostrophe every cell is read back as it was.
        #[test]
        fn no_cell_begins_like_a_formula(
            texts in prop::collection::vec("[=+\\-@\t\r\0a,\"\n']{0,6}", 1..5),
            number in any::<i64>(),
        ) {
            let mut row: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
            row.push(json!(number));
            let sheet = Sheet {
                columns: vec!["c"; row.len()],
                rows: vec![row.clone()],
                next: None,
            };
            let text = sheet.csv();
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(true)
                .from_reader(text.as_bytes());
            let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].len(), row.len());
            for (cell_read, value) in read[0].iter().zip(&row) {
                prop_assert!(!cell_read.starts_with(TRIGGERS), "{:?}", cell_read);
                let plain = cell(value);
                let stripped = cell_read.strip_prefix('\'').unwrap_or(cell_read);
                prop_assert!(cell_read == plain || stripped == plain);
            }
        }
    }
}
