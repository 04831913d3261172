//! The audit trail (S-35): what people with a role did or tried to do, one row each, in a chain
//! of hashes per shop. Changing, removing or inserting a row breaks the chain there.

use std::fmt::Write;

use aws_lc_rs::digest::{Context, SHA256};

use super::cell::Row;
use super::db::{Conflict, Tx, columns};
use super::tables::{Trail, TrailHead};
use super::{Error, Ledger};
use crate::ledger::cell::{Cell, Text};

/// Before a shop's first row.
const START: &str = "";

/// What is to be written; number and hash follow from what is there.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) shop: Text,
    pub(super) at_ms: i64,
    pub(super) role: Text,
    pub(super) actor: Text,
    pub(super) request: Option<Text>,
    pub(super) what: Text,
    pub(super) before: Option<Text>,
    pub(super) after: Option<Text>,
    pub(super) outcome: Text,
    pub(super) place: Option<(i64, i64, i64)>,
}

/// The hash of a row after another: SHA-256 over every field, each with its length before it.
fn hash(before: &str, row: &Trail) -> String {
    let mut context = Context::new(&SHA256);
    let mut put = |field: Option<&str>| {
        let field = field.map(str::as_bytes);
        // No text is as long as "there is none".
        let length = field.map_or(u64::MAX, |bytes| bytes.len() as u64);
        context.update(&length.to_le_bytes());
        context.update(field.unwrap_or_default());
    };
    let numbers = [
        Some(row.n),
        Some(row.at_ms),
        row.partition,
        row.epoch,
        row.seq,
    ];
    put(Some(before));
    for number in numbers {
        put(number.map(|n| n.to_string()).as_deref());
    }
    let texts = [
        Some(&row.shop),
        Some(&row.role),
        Some(&row.actor),
        row.request.as_ref(),
        Some(&row.what),
        row.before.as_ref(),
        row.after.as_ref(),
        Some(&row.outcome),
    ];
    for text in texts {
        put(text.map(|text| &**text));
    }
    let mut hex = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Appends notes to their shops' trails, in order.
pub(super) async fn append(tx: &mut Tx<'_>, notes: Vec<Note>) -> Result<(), Error> {
    let mut heads: Vec<TrailHead> = Vec::new();
    let mut rows = Vec::new();
    for note in notes {
        let known = heads.iter().position(|head| *head.shop == *note.shop);
        let head = if let Some(at) = known {
            &mut heads[at]
        } else {
            heads.push(head(tx, &note.shop).await?);
            let last = heads.len() - 1;
            &mut heads[last]
        };
        let mut row = Trail {
            shop: note.shop,
            n: head.n + 1,
            at_ms: note.at_ms,
            role: note.role,
            actor: note.actor,
            request: note.request,
            what: note.what,
            before: note.before,
            after: note.after,
            outcome: note.outcome,
            partition: note.place.map(|(partition, ..)| partition),
            epoch: note.place.map(|(_, epoch, _)| epoch),
            seq: note.place.map(|(.., seq)| seq),
            hash: String::new(),
        };
        row.hash = hash(&head.hash, &row);
        head.n = row.n;
        head.hash.clone_from(&row.hash);
        rows.push(row);
    }
    let (wanted, written) = (rows.len() as u64, tx.insert(rows, Conflict::Ignore).await?);
    if wanted != written {
        return Err(Error::Moved);
    }
    tx.insert(heads, Conflict::Replace).await?;
    Ok(())
}

/// Where a shop's trail ends; whoever else wants to add waits for this transaction.
async fn head(tx: &mut Tx<'_>, shop: &str) -> Result<TrailHead, Error> {
    let first = TrailHead {
        shop: shop.to_owned(),
        n: 0,
        hash: START.to_owned(),
    };
    tx.insert(vec![first], Conflict::Ignore).await?;
    let lock = if matches!(tx, Tx::Postgres(_)) {
        " FOR UPDATE"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {} FROM trail_head WHERE shop = $1{lock}",
        columns::<TrailHead>("")
    );
    let rows = tx.fetch(&sql, vec![Cell::Text(shop.into())]).await?;
    let cells = rows.into_iter().next();
    TrailHead::from_cells(cells.ok_or_else(|| Error::Strange("no end of a trail".into()))?)
}

/// Who did something beside the journal, such as taking an export.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    /// The shop.
    pub shop: &'a str,
    /// When.
    pub at_ms: u64,
    /// The role used.
    pub role: &'a str,
    /// Who.
    pub actor: &'a str,
    /// What, in a word.
    pub what: &'a str,
    /// Of what.
    pub subject: &'a str,
    /// `ok` or the code of the refusal.
    pub outcome: &'a str,
}

impl Ledger {
    /// Writes into a shop's audit trail what is not a decision of the journal.
    pub async fn note(&self, access: &Access<'_>) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let note = Note {
            shop: access.shop.into(),
            at_ms: super::cursor::signed(access.at_ms),
            role: access.role.into(),
            actor: access.actor.into(),
            request: None,
            what: access.what.into(),
            before: None,
            after: Some(access.subject.into()),
            outcome: access.outcome.into(),
            place: None,
        };
        append(&mut tx, vec![note]).await?;
        tx.commit().await
    }

    /// Walks every shop's chain; gives each row that does not fit, as shop, number and why.
    pub async fn verify_trail(&self) -> Result<Vec<(String, i64, String)>, Error> {
        let mut wrong = Vec::new();
        let heads = format!(
            "SELECT {} FROM trail_head ORDER BY shop",
            columns::<TrailHead>("")
        );
        for cells in self.fetch(&heads, Vec::new()).await? {
            let head = TrailHead::from_cells(cells)?;
            self.verify_shop(&head, &mut wrong).await?;
        }
        // One statement, which sees both as they were at one instant.
        let beyond = "SELECT shop, n FROM trail_head \
                      WHERE n < (SELECT MAX(n) FROM audit_trail a WHERE a.shop = trail_head.shop)";
        for cells in self.fetch(beyond, Vec::new()).await? {
            let mut cells = cells.into_iter();
            if let (Some(Cell::Text(shop)), Some(Cell::Int(n))) = (cells.next(), cells.next()) {
                let what = format!("the trail goes on, and was written up to {n}");
                wrong.push((shop.as_ref().to_owned(), n + 1, what));
            }
        }
        let orphans = "SELECT DISTINCT shop FROM audit_trail \
                       WHERE shop NOT IN (SELECT shop FROM trail_head)";
        for cells in self.fetch(orphans, Vec::new()).await? {
            if let Some(Cell::Text(shop)) = cells.into_iter().next() {
                let what = "its trail has no end".to_owned();
                wrong.push((shop.as_ref().to_owned(), 1, what));
            }
        }
        Ok(wrong)
    }

    /// Checks a shop's rows up to where its trail was said to end; a server may write meanwhile.
    pub(super) async fn verify_shop(
        &self,
        head: &TrailHead,
        wrong: &mut Vec<(String, i64, String)>,
    ) -> Result<(), Error> {
        let sql = format!(
            "SELECT {} FROM audit_trail WHERE shop = $1 AND n > $2 AND n <= $3 \
             ORDER BY n LIMIT 1000",
            columns::<Trail>("")
        );
        let (mut n, mut last) = (0, START.to_owned());
        loop {
            let args = vec![
                Cell::Text(head.shop.as_str().into()),
                Cell::Int(n),
                Cell::Int(head.n),
            ];
            let rows = self.fetch(&sql, args).await?;
            if rows.is_empty() {
                break;
            }
            for cells in rows {
                let row = Trail::from_cells(cells)?;
                if row.n != n + 1 {
                    let what = format!("rows {} to {} are missing", n + 1, row.n - 1);
                    wrong.push((head.shop.clone(), n + 1, what));
                } else if hash(&last, &row) != row.hash {
                    let what = "it is not what was written, or not after the row before it";
                    wrong.push((head.shop.clone(), row.n, what.to_owned()));
                }
                (n, last) = (row.n, row.hash);
            }
        }
        if n != head.n || last != head.hash {
            let what = format!("the trail ends at {n}, and was written up to {}", head.n);
            wrong.push((head.shop.clone(), n + 1, what));
        }
        Ok(())
    }
}
