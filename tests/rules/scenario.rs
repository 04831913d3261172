//! Plays one scenario of a table, line by line.
//!
//! A line is a command with what must come of it (`book b1 alice KAOS-M x2 -> held 2, due 15m`),
//! a look (`stock KAOS-M -> available 1`), or time (`wait 15m`, `clock-back 1h`). A command
//! without an expectation must be accepted. Facts after the arrow are divided by commas, brackets
//! or two spaces, and each must be true; those not named may be anything.
//!
//! | words | meaning |
//! |---|---|
//! | `by ROLE`, `as NAME` | somebody else gives the command |
//! | `id NAME` | the request id; the same name again is the same id |
//! | `body NAME` | a request with this id, but of another body |
//! | `minted 2m` | the request id claims to be so much younger |
//! | `partial`, `or-wait` | takes fewer; waits for what is not there |
//!
//! An order has the name of its checkout: `checkout o1 alice b1 b2`, `place o1`. What a gateway tells
//! is `settled p1 o1 99000` (also `pending`, `failed`, `expired`, `refund-pending`, `refunded`).

mod ask;
mod orders;
mod say;
mod say_orders;
mod words;

use std::collections::BTreeMap;

use lapak::domain::{
    Actor, BookingId, Command, CustomerId, DropId, Millis, OrderId, Request, RequestKey, Role,
    Settings,
};

use super::subject::{Subject, violations};
use words::{Words, duration};

/// The live that every scenario starts with.
const LIVE: &str = "malam";
/// When every table begins.
pub(crate) const START: Millis = Millis(1_700_000_000_000);

/// A scenario being played.
pub(crate) struct Play {
    subject: Subject,
    clock: Millis,
    settings: Settings,
    drops: BTreeMap<String, DropId>,
    sku_of: BTreeMap<String, String>,
    bookings: BTreeMap<String, (BookingId, CustomerId)>,
    /// Checkouts and the orders after them.
    orders: BTreeMap<String, (OrderId, Option<CustomerId>)>,
    /// Named requests: id and body.
    ids: BTreeMap<String, RequestKey>,
    asked: u64,
}

impl Play {
    pub(crate) fn new(subject: Subject) -> Self {
        let mut play = Self {
            subject,
            clock: START,
            settings: Settings::default(),
            drops: BTreeMap::new(),
            sku_of: BTreeMap::new(),
            bookings: BTreeMap::new(),
            orders: BTreeMap::new(),
            ids: BTreeMap::new(),
            asked: 0,
        };
        play.line(&format!("live {LIVE}")).expect("a live");
        play
    }

    pub(crate) fn restart(&mut self) {
        self.subject.restart();
    }

    /// Plays a line without its comment; the error says what is wrong with it or with the rules.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), String> {
        let (left, expected) = match line.split_once("->") {
            Some((left, right)) => (left, Some(facts(right))),
            None => (line, None),
        };
        let mut words = Words::of(left);
        let verb = words.next("a word")?;
        let told = self.play(verb, &mut words)?;
        words.end()?;
        if let Some(violation) = violations(&self.subject.shop()).first() {
            return Err(format!("violates {violation}"));
        }
        compare(verb, &told, expected.as_deref())
    }

    fn play(&mut self, verb: &str, w: &mut Words<'_>) -> Result<Vec<String>, String> {
        match verb {
            "wait" => self.pass(duration(w.next("time")?)?),
            "clock-back" => self.clock = Millis(self.clock.0 - duration(w.next("time")?)?),
            "restart" => self.subject.restart(),
            "stock" => return say::stock(&self.subject.shop(), &ask::sku(w.next("SKU")?)?),
            "show" => {
                let (id, shop) = (self.drop(w.next("drop")?), self.subject.shop());
                let drop = shop.drops.get(&id).ok_or("there is no such drop")?;
                return Ok(say::drop_facts(&shop, drop, self.clock));
            }
            "waiting" => {
                let id = self.drop(w.next("drop")?);
                return Ok(say::waiting(&self.subject.shop(), id));
            }
            "booking" => {
                let (id, _) = self.booking(w.next("booking")?)?;
                let shop = self.subject.shop();
                let booking = shop.bookings.get(&id);
                return Ok(booking.map_or(vec!["none".into()], |b| say::booking(b, self.clock)));
            }
            "reputation" => {
                let customer = ask::customer(w.next("customer")?)?;
                return Ok(vec![self.subject.shop().reputation(&customer).to_string()]);
            }
            "order" | "session" | "payment" => return self.look_at_order(verb, w),
            _ => return self.ask(verb, w),
        }
        Ok(Vec::new())
    }

    fn pass(&mut self, ms: u64) {
        self.clock = self.clock.plus(ms);
        self.subject.advance(self.clock);
    }

    fn ask(&mut self, verb: &str, w: &mut Words<'_>) -> Result<Vec<String>, String> {
        let role = w.after("by")?.map(role).transpose()?;
        let (id, body) = (w.after("id")?, w.after("body")?);
        let ahead = w.time("minted")?.unwrap_or(0);
        let asked = match self.command(verb, w)? {
            Some(asked) => Some(asked),
            None => self.order_command(verb, w)?,
        };
        let Some((usual, name, command)) = asked else {
            return Err(format!("no such word: {verb:?}"));
        };
        let name = if role.is_some() && verb != "book" && verb != "cancel" {
            "somebody".to_owned()
        } else {
            name
        };
        let by = Actor {
            role: role.unwrap_or(usual),
            name: ask::customer(&name)?,
        };
        let key = self.key(id, body, ahead);
        let settings = match &command {
            Command::ChangeSettings(settings) => Some(settings.clone()),
            _ => None,
        };
        let outcome = self.subject.submit(
            self.clock,
            &Request {
                by,
                key: Some(key),
                command,
            },
        );
        if let (Ok(_), Some(settings)) = (&outcome, settings) {
            self.settings = (*settings).clone();
        }
        Ok(say::outcome(&outcome, self.clock))
    }

    fn key(&mut self, id: Option<&str>, body: Option<&str>, ahead: u64) -> RequestKey {
        self.asked += 1;
        let time = u128::from(self.clock.0 + ahead);
        let fresh = (time << 80) | (7 << 76) | u128::from(self.asked);
        let fresh = RequestKey {
            id: fresh,
            body: self.asked,
        };
        if let Some(other) = body {
            let known = self.ids.get(other).copied().unwrap_or(fresh);
            return RequestKey {
                id: known.id,
                body: self.asked,
            };
        }
        match id {
            Some(name) => *self.ids.entry(name.to_owned()).or_insert(fresh),
            None => fresh,
        }
    }
}

fn role(word: &str) -> Result<Role, String> {
    match word {
        "viewer" => Ok(Role::Viewer),
        "moderator" => Ok(Role::Moderator),
        "host" => Ok(Role::Host),
        "admin" => Ok(Role::Admin),
        "system" => Ok(Role::System),
        _ => Err(format!("no such role: {word:?}")),
    }
}

fn facts(text: &str) -> Vec<String> {
    let divided = text.replace("  ", ",");
    let facts = divided
        .split([',', '(', ')'])
        .map(str::trim)
        .filter(|fact| !fact.is_empty());
    facts.map(str::to_owned).collect()
}

/// Without an expectation a command must be accepted; of a waitlist the whole list counts.
fn compare(verb: &str, told: &[String], expected: Option<&[String]>) -> Result<(), String> {
    let Some(expected) = expected else {
        let refused = told.first().is_some_and(|fact| fact.starts_with("refused"));
        return if refused {
            Err(format!("is {}", told.join(", ")))
        } else {
            Ok(())
        };
    };
    let fits = if verb == "waiting" {
        told == expected
    } else {
        !expected.is_empty() && expected.iter().all(|fact| told.contains(fact))
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "expected {}\n    but it is {}",
        expected.join(", "),
        told.join(", ")
    ))
}
