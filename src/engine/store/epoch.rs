//! The epoch in which a journal goes on that was made again: a number in a file of its own,
//! `epoch`. What was decided after the last entry that was brought back is lost, and its numbers
//! may have been seen; so they are not given to other entries.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::error::Error;

const FILE: &str = "epoch";
/// The first epoch; a position of epoch 0 is before every entry.
const FIRST: u64 = 1;

/// The epoch of the file, or the first.
pub(super) fn read(dir: &Path) -> Result<u64, Error> {
    let path = dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FIRST),
        Err(error) => return Err(Error::io(&path, &error)),
    };
    let epoch: Option<u64> = text.trim().parse().ok();
    match epoch.filter(|epoch| (FIRST..=u64::from(u32::MAX)).contains(epoch)) {
        Some(epoch) => Ok(epoch),
        None => Err(Error::Foreign {
            path,
            what: "no number of an epoch".to_owned(),
        }),
    }
}

/// Writes the file, whole or not at all.
pub(super) fn write(dir: &Path, epoch: u64) -> Result<(), Error> {
    let (path, new) = (dir.join(FILE), dir.join("epoch.new"));
    let written = File::create(&new)
        .and_then(|mut file| {
            writeln!(file, "{epoch}")?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&new, &path))
        .and_then(|()| File::open(dir)?.sync_all());
    written.map_err(|error| Error::io(&path, &error))
}
