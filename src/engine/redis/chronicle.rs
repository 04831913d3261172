//! What befell a node's journal among the others, kept beside it for `lapak audit`: epochs that
//! it opened, entries that others or the ledger brought, journals that were set aside. One line each.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::journal::{Partition, Position};

/// The file in the state folder.
const FILE: &str = "nodes.jsonl";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// This node had come furthest when Redis had lost something or was new, and opened an epoch; the
    /// entries went first, for nodes that might lack them.
    Opened,
    /// This node lacked them, and another that opened an epoch brought them.
    Brought,
    /// This node lacked them, and they were taken from the ledger.
    Restored,
    /// The others went on without them: the journal was set aside. Across epochs the count is not
    /// known here, and 1.
    SetAside,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Unix milliseconds, by this node's clock.
    pub at_ms: u64,
    /// The partition.
    pub partition: u16,
    /// What happened.
    pub what: What,
    /// The entry before the first, as `epoch:seq`.
    pub after: String,
    /// The last.
    pub until: String,
    /// How many.
    pub entries: u64,
}

impl Note {
    /// Something that happened to entries between two places.
    pub fn new(
        at_ms: u64,
        partition: Partition,
        what: What,
        (after, until): (Position, Position),
        entries: u64,
    ) -> Self {
        Self {
            at_ms,
            partition: partition.0,
            what,
            after: after.to_string(),
            until: until.to_string(),
            entries,
        }
    }

    /// Keeps it. The log has it too: a note that cannot be kept holds nothing up.
    pub fn keep(&self, dir: &Path) {
        let kept = serde_json::to_string(self)
            .map_err(std::io::Error::from)
            .and_then(|line| {
                let mut file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(dir.join(FILE))?;
                file.write_all(format!("{line}\n").as_bytes())
            });
        if let Err(error) = kept {
            tracing::warn!(%error, "cannot note in {FILE} what happened to the journal");
        }
    }
}

/// All that were kept, oldest first. A line that was cut off is passed over.
pub fn notes(dir: &Path) -> std::io::Result<Vec<Note>> {
    let text = match std::fs::read_to_string(dir.join(FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        found => found?,
    };
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Opened => "this node opened an epoch; for others there went first",
            What::Brought => "another node brought",
            What::Restored => "taken from the ledger",
            What::SetAside => "set aside, as the others went on without",
        };
        let Self {
            at_ms,
            partition,
            after,
            until,
            entries,
            ..
        } = self;
        write!(
            f,
            "partition {partition} at {at_ms}: {what}: {entries} entries after {after} up to {until}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_kept() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(notes(dir.path()).unwrap(), []);
        let at = |seq| Position { epoch: 2, seq };
        let one = |what| Note::new(7, Partition(3), what, (at(4), at(9)), 5);
        let all = [What::Opened, What::Brought, What::Restored, What::SetAside].map(one);
        for note in &all {
            note.keep(dir.path());
        }
        let cut = std::fs::read_to_string(dir.path().join(FILE)).unwrap() + "{\"at_ms\":";
        std::fs::write(dir.path().join(FILE), cut).unwrap();
        assert_eq!(notes(dir.path()).unwrap(), all);
        let text = all[3].to_string();
        assert!(text.contains("5 entries after 2:4 up to 2:9"), "{text}");
    }
}
