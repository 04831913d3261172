//! Posting: a run of entries becomes rows, in one transaction with the cursor.
//!
//! Where units moved is told twice by an entry: by its facts, and by the absolute counters it left
//! behind. Movements are made of the facts, one for each, so that every unit's way has a cause and
//! a reference; then the balance is compared with the counters. What differs is posted too, as
//! `unexplained`, and shows in a view: so balances are always the engine's own, and a mistake in
//! reading the facts cannot hide.

mod balance;
mod bookings;
mod names;
mod orders;
mod people;
mod state;
mod stock;
mod units;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::cell::{Cell, Text};
use super::cursor::{At, Cursors, advance, load, signed};
use super::db::{Conflict, Db, Tx};
use super::schema::{self, Migrate};
use super::tables::{EntryRow, Money, Movement, Reputation, SettingsRow, Step};
use super::trail::{self, Note};
use super::{Config, Error, Kind, text};
use crate::domain::command::Role;
use crate::domain::event::Event;
use crate::domain::id::RequestId;
use crate::domain::{CommandName, Decision, Rejection};
use crate::journal::{Partition, Position, Sealed};
use names::Named;
use state::{Key, State};

/// What a posting came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Posted {
    /// Entries that are in the books now and were not before.
    pub entries: u64,
}

/// The one who posts: a connection, the cursors, and the state of the rows it keeps up to date.
pub struct Poster {
    config: Config,
    dir: PathBuf,
    db: Db,
    cursors: Cursors,
    state: State,
    /// Which file it is, to notice that another was put in its place.
    file: Option<u64>,
    /// Whether this connection holds the lock of the one who posts, of several nodes.
    leads: bool,
}

/// The lock of the one who posts: PostgreSQL's, for as long as the connection lives.
const LEAD: i64 = 0x004c_6170_616b;

impl Poster {
    /// Opens the books, and reads how far they are.
    pub async fn open(config: &Config, dir: &Path, migrate: Migrate) -> Result<Self, Error> {
        let mut db = schema::open(config, dir, migrate).await?;
        let cursors = load(&mut db).await?;
        Ok(Self {
            config: config.clone(),
            dir: dir.to_owned(),
            db,
            cursors,
            state: State::default(),
            file: file(config, dir),
            leads: false,
        })
    }

    /// Opens them anew after an error, and finds out what became of the last transaction. Never
    /// makes what is not there: [`Error::Missing`], [`Error::Emptied`].
    pub async fn reopen(&mut self) -> Result<(), Error> {
        self.state = State::default();
        let mut db = schema::open(&self.config, &self.dir, Migrate::No).await?;
        let cursors = load(&mut db).await?;
        for ((now, known), partition) in cursors.iter().zip(&self.cursors).zip(Partition::all()) {
            if now.position < known.position {
                return Err(Error::Emptied {
                    partition,
                    found: now.position,
                    known: known.position,
                });
            }
        }
        self.db = db;
        self.leads = false;
        self.cursors = cursors;
        self.file = file(&self.config, &self.dir);
        Ok(())
    }

    /// Whether this is the one who posts, of several nodes on one server: whoever came first, until
    /// its connection ends. The cursors are up to date afterwards, so that the others know them too.
    pub async fn lead(&mut self) -> Result<bool, Error> {
        if self.leads {
            return Ok(true);
        }
        if matches!(self.db, Db::Postgres(_)) {
            let sql = "SELECT pg_try_advisory_lock($1)::int::bigint";
            let rows = self.db.fetch(sql, vec![Cell::Int(LEAD)]).await?;
            self.leads = matches!(rows.first().and_then(|row| row.first()), Some(Cell::Int(1)));
        } else {
            self.leads = true;
        }
        self.state = State::default();
        self.cursors = load(&mut self.db).await?;
        Ok(self.leads)
    }

    /// How far a partition is posted.
    pub fn at(&self, partition: Partition) -> At {
        self.cursors
            .get(partition.index())
            .copied()
            .unwrap_or_default()
    }

    /// Looks whether the books are still those that were posted to, also while there is nothing
    /// to post.
    pub async fn check(&mut self) -> Result<(), Error> {
        if self.file != file(&self.config, &self.dir) {
            return Err(Error::Missing(self.place()));
        }
        let cursors = load(&mut self.db).await?;
        if cursors == self.cursors {
            Ok(())
        } else {
            Err(Error::Moved)
        }
    }

    /// Where the books are, for people.
    pub fn place(&self) -> String {
        schema::place(&self.config, &self.dir)
    }

    /// Posts entries of any partitions, of each in its order and beginning behind its cursor;
    /// entries at or before it are passed over. All of them are in the books when this returns.
    /// After an error [`Poster::reopen`] tells whether they are.
    pub async fn post(&mut self, entries: &[Sealed]) -> Result<Posted, Error> {
        if self.file != file(&self.config, &self.dir) {
            return Err(Error::Missing(self.place()));
        }
        let outcome = self.try_post(entries).await;
        if outcome.is_err() {
            self.state = State::default();
        }
        outcome
    }

    async fn try_post(&mut self, entries: &[Sealed]) -> Result<Posted, Error> {
        let mut cursors = self.cursors;
        let mut fresh = Vec::with_capacity(entries.len());
        for sealed in entries {
            let entry = &sealed.entry;
            let Some(at) = cursors.get_mut(entry.partition.index()) else {
                continue;
            };
            if entry.position <= at.position {
                continue;
            }
            if !entry.position.follows(at.position) {
                let what = format!("{} was to be posted after {}", entry.position, at.position);
                return Err(Error::Strange(what));
            }
            at.position = entry.position;
            at.crc = sealed.crc;
            at.at_ms = at.at_ms.max(entry.decision.at.0);
            at.entries += 1;
            fresh.push(sealed);
        }
        if fresh.is_empty() {
            return Ok(Posted::default());
        }
        let mut tx = self.db.begin().await?;
        for ((from, to), partition) in self.cursors.iter().zip(&cursors).zip(Partition::all()) {
            if from != to {
                advance(&mut tx, partition, *from, *to).await?;
            }
        }
        self.state.prepare(&mut tx, &fresh).await?;
        let mut out = Out::default();
        for sealed in &fresh {
            post_entry(&mut self.state, &mut out, sealed);
        }
        out.write(&mut tx).await?;
        self.state.write(&mut tx).await?;
        tx.commit().await?;
        self.cursors = cursors;
        Ok(Posted {
            entries: fresh.len() as u64,
        })
    }
}

/// The inode of the SQLite file.
fn file(config: &Config, dir: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    if config.kind != Kind::Sqlite {
        return None;
    }
    Some(std::fs::metadata(dir.join(super::db::FILE)).map_or(0, |meta| meta.ino()))
}

/// Rows to be appended.
#[derive(Default)]
struct Out {
    entries: Vec<EntryRow>,
    movements: Vec<Movement>,
    steps: Vec<Step>,
    money: Vec<Money>,
    reputations: Vec<Reputation>,
    settings: Vec<SettingsRow>,
    notes: Vec<Note>,
}

impl Out {
    async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.insert(self.entries, Conflict::Ignore).await?;
        tx.insert(self.movements, Conflict::Ignore).await?;
        tx.insert(self.steps, Conflict::Ignore).await?;
        tx.insert(self.money, Conflict::Ignore).await?;
        tx.insert(self.reputations, Conflict::Ignore).await?;
        tx.insert(self.settings, Conflict::Ignore).await?;
        trail::append(tx, self.notes).await
    }
}

/// An entry on its way into the books.
struct Posting<'a> {
    state: &'a mut State,
    out: &'a mut Out,
    decision: &'a Decision,
    shop: Text,
    partition: i64,
    position: Position,
    /// Rows made of this entry.
    n: i64,
}

fn post_entry(state: &mut State, out: &mut Out, sealed: &Sealed) {
    let entry = &sealed.entry;
    state.before.clear();
    let mut posting = Posting {
        state,
        out,
        decision: &entry.decision,
        shop: entry.shop.shared(),
        partition: i64::from(entry.partition.0),
        position: entry.position,
        n: 0,
    };
    posting.entry(sealed);
    let before = posting.privileged().then(|| posting.settings());
    for event in &entry.decision.events {
        posting.event(event);
    }
    posting.settle_counts();
    if let Some(settings) = before {
        posting.note(settings);
    }
}

impl Posting<'_> {
    fn at_ms(&self) -> i64 {
        signed(self.decision.at.0)
    }

    fn place(&self) -> (i64, i64, i64) {
        let Position { epoch, seq } = self.position;
        (self.partition, signed(epoch), signed(seq))
    }

    fn next(&mut self) -> i64 {
        self.n += 1;
        self.n
    }

    fn text(&mut self, named: impl Named) -> Text {
        named.text(&mut self.state.names)
    }

    fn key(&mut self, id: impl Named) -> Key {
        (self.shop.clone(), self.text(id))
    }

    fn actor(&self) -> Text {
        self.decision.by.name.shared()
    }

    fn request(&mut self) -> Option<Text> {
        let id = self.decision.key?.id;
        Some(self.text(RequestId(id)))
    }

    fn outcome(&mut self) -> Text {
        let code = self.decision.outcome.as_ref().err().map(Rejection::code);
        self.text(code.unwrap_or("ok"))
    }

    fn settings(&mut self) -> Option<Text> {
        self.state.shop(&self.shop).settings.clone()
    }

    fn entry(&mut self, sealed: &Sealed) {
        let (partition, epoch, seq) = self.place();
        let row = EntryRow {
            partition,
            epoch,
            seq,
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            role: self.text(text::role(self.decision.by.role)),
            actor: self.actor(),
            request: self.request(),
            outcome: self.outcome(),
            payload: sealed.payload.clone(),
            crc: i64::from(sealed.crc),
        };
        self.out.entries.push(row);
    }

    fn event(&mut self, event: &Event) {
        self.stock(event);
        self.booking(event);
        self.order(event);
        self.person(event);
    }

    /// Whether the audit trail is to know of it: somebody used a role, or wanted to use one that
    /// they do not have.
    fn privileged(&self) -> bool {
        match self.decision.by.role {
            Role::Moderator | Role::Host | Role::Admin => true,
            Role::Viewer => self.decision.outcome == Err(Rejection::Forbidden),
            Role::System => false,
        }
    }

    fn note(&mut self, settings: Option<Text>) {
        let events = &self.decision.events;
        let mut facts: Vec<&str> = Vec::new();
        for fact in events.iter().map(text::fact) {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        let command = self.decision.command;
        let what = match (facts.as_slice(), &self.decision.outcome) {
            _ if command != CommandName::Unknown => command.as_str().to_owned(),
            // Decisions of before commands were named.
            ([], Ok(_)) => "no change".to_owned(),
            ([], Err(_)) => "refused".to_owned(),
            (facts, _) => facts.join(" "),
        };
        let changed = events
            .iter()
            .any(|e| matches!(e, Event::SettingsChanged(_)));
        let (before, after) = if changed {
            (settings, self.settings())
        } else {
            (
                self.buckets_before().map(Text::from),
                self.told().map(Text::from),
            )
        };
        let note = Note {
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            role: self.text(text::role(self.decision.by.role)),
            actor: self.actor(),
            request: self.request(),
            what: what.into(),
            before,
            after,
            outcome: self.outcome(),
            place: Some(self.place()),
        };
        self.out.notes.push(note);
    }

    /// The facts themselves, cut where they are many.
    fn told(&self) -> Option<String> {
        const MOST: usize = 2_000;
        let events = &self.decision.events;
        if events.is_empty() {
            return None;
        }
        let mut told = String::new();
        for event in events {
            if told.len() > MOST {
                told.push_str("; …");
                break;
            }
            if !told.is_empty() {
                told.push_str("; ");
            }
            // Writing to a text does not fail.
            _ = write!(told, "{event:?}");
        }
        Some(told)
    }
}
