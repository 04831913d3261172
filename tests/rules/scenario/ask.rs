//! From a line's words to a command: one arm a verb.

use std::sync::Arc;

use lapak::domain::command::DropSpec;
use lapak::domain::live::Video;
use lapak::domain::{
    Band, BookingId, Command, Component, CustomerId, DropId, GroupId, LiveId, LiveSpec, Millis,
    Mode, Role, Settings, SkuId, SkuSpec,
};

use super::Play;
use super::words::{Words, duration, number};

/// Who gives a command, and what it is.
pub(super) type Asked = (Role, String, Command);

/// Why things are done in the tables.
const REASON: &str = "as the table says";

pub(super) fn customer(name: &str) -> Result<CustomerId, String> {
    CustomerId::new(name).map_err(|e| format!("customer {name:?}: {e}"))
}

pub(super) fn sku(name: &str) -> Result<SkuId, String> {
    SkuId::new(name).map_err(|e| format!("SKU {name:?}: {e}"))
}

fn live(name: &str) -> Result<LiveId, String> {
    LiveId::new(name).map_err(|e| format!("live {name:?}: {e}"))
}

impl Play {
    /// The command of a verb; none if the verb is no command.
    #[expect(clippy::too_many_lines, reason = "one arm a verb")]
    pub(super) fn command(
        &mut self,
        verb: &str,
        w: &mut Words<'_>,
    ) -> Result<Option<Asked>, String> {
        let admin = |c| Ok(Some((Role::Admin, "admin".to_owned(), c)));
        let host = |c| Ok(Some((Role::Host, "host".to_owned(), c)));
        let moderator = |c| Ok(Some((Role::Moderator, "mod".to_owned(), c)));
        let system = |c| Ok(Some((Role::System, "system".to_owned(), c)));
        match verb {
            "settings" => {
                let settings = self.settings(w)?;
                admin(Command::ChangeSettings(Arc::new(settings)))
            }
            "sku" => {
                let command = sku_command(w)?;
                admin(command)
            }
            "activate" | "deactivate" => {
                let skus = w.rest().into_iter().map(sku).collect::<Result<_, _>>()?;
                host(Command::ActivateSkus {
                    skus,
                    active: verb == "activate",
                })
            }
            "live" => admin(Command::PutLive {
                live: live(w.next("live")?)?,
                spec: live_spec(w.after("currency")?.unwrap_or("IDR")),
            }),
            "end-live" => admin(Command::EndLive {
                live: live(w.next("live")?)?,
            }),
            "drop" => {
                let spec = self.drop_spec(w)?;
                host(Command::OpenDrop(Box::new(spec)))
            }
            "change" => {
                let drop = self.drop(w.next("drop")?);
                let ends_at = w.time("ends")?.map(|ms| self.clock.plus(ms));
                let (units, price) = (w.number("units")?, w.number("price")?);
                let per_customer_limit = w.number("limit")?;
                host(Command::ChangeDrop {
                    drop,
                    units,
                    price,
                    per_customer_limit,
                    ends_at,
                })
            }
            "pause" => moderator(Command::PauseDrop {
                drop: self.drop(w.next("drop")?),
            }),
            "resume" => moderator(Command::ResumeDrop {
                drop: self.drop(w.next("drop")?),
            }),
            "pin" | "unpin" => {
                let drop = self.drop(w.next("drop")?);
                moderator(Command::PinDrop {
                    drop,
                    pinned: verb == "pin",
                })
            }
            "close" | "withdraw" => {
                let drop = self.drop(w.next("drop")?);
                host(Command::CloseDrop {
                    drop,
                    withdraw: verb == "withdraw",
                })
            }
            "extend" => {
                let drop = self.drop(w.next("drop")?);
                host(Command::ExtendDrop {
                    drop,
                    by_ms: duration(w.next("time")?)?,
                })
            }
            "add" => {
                let (sku, qty) = (sku(w.next("SKU")?)?, w.times()?.ok_or("xN is missing")?);
                host(Command::AddStock {
                    sku,
                    qty,
                    reason: reason(w),
                })
            }
            "count" => {
                let (sku, on_hand) = (sku(w.next("SKU")?)?, number(w.next("count")?)?);
                let force = w.flag("force");
                let command = Command::SetStock {
                    sku,
                    on_hand,
                    reason: reason(w),
                    force,
                };
                if force { admin(command) } else { host(command) }
            }
            "book" => self.book(w).map(Some),
            "cancel" => {
                let (booking, owner) = self.booking(w.next("booking")?)?;
                let qty = w.times()?;
                let who = w.after("as")?.map_or(owner.to_string(), str::to_owned);
                Ok(Some((Role::Viewer, who, Command::Cancel { booking, qty })))
            }
            "leave" => {
                let (drop, who) = (self.drop(w.next("drop")?), w.next("customer")?);
                Ok(Some((
                    Role::Viewer,
                    who.to_owned(),
                    Command::Leave { drop },
                )))
            }
            "take-back" => {
                let (booking, _) = self.booking(w.next("booking")?)?;
                moderator(Command::CancelBooking {
                    booking,
                    reason: reason(w),
                })
            }
            "restrict" | "allow" => {
                let (customer, restricted) = (customer(w.next("customer")?)?, verb == "restrict");
                moderator(Command::RestrictCustomer {
                    customer,
                    restricted,
                })
            }
            "group" => {
                let customer = customer(w.next("customer")?)?;
                let group = Some(w.next("group")?).filter(|g| *g != "none");
                let group = group
                    .map(|g| GroupId::new(g).map_err(|e| e.to_string()))
                    .transpose()?;
                admin(Command::GroupCustomer { customer, group })
            }
            "adjust" => {
                let (customer, delta) = (customer(w.next("customer")?)?, w.next("+N or -N")?);
                let delta = number(delta.trim_start_matches('+'))?;
                admin(Command::AdjustReputation {
                    customer,
                    delta,
                    reason: reason(w),
                })
            }
            "away" | "here" => {
                let (customer, absent) = (customer(w.next("customer")?)?, verb == "away");
                system(Command::SeeCustomer { customer, absent })
            }
            "expire" => {
                let (booking, _) = self.booking(w.next("booking")?)?;
                system(Command::Expire { booking })
            }
            "settle" => system(Command::SettleDrop {
                drop: self.drop(w.next("drop")?),
            }),
            "forget" => {
                let ago = duration(w.next("time")?)?;
                system(Command::Forget {
                    before: Millis(self.clock.0 - ago),
                })
            }
            _ => Ok(None),
        }
    }

    fn book(&mut self, w: &mut Words<'_>) -> Result<Asked, String> {
        let (name, who, drop) = (w.next("booking")?, w.next("customer")?, w.next("drop")?);
        let qty = w.times()?.unwrap_or(1);
        let live = live(w.after("in")?.unwrap_or(super::LIVE))?;
        let of = w.after("sku")?.map(str::to_owned);
        let of = of
            .or_else(|| self.sku_of.get(drop).cloned())
            .unwrap_or(drop.to_owned());
        let booking = self.new_booking(name, customer(who)?);
        let command = Command::Book {
            booking,
            live,
            drop: self.drop(drop),
            sku: sku(&of)?,
            qty,
            accept_partial: w.flag("partial"),
            join_waitlist: w.flag("or-wait"),
        };
        Ok((Role::Viewer, who.to_owned(), command))
    }

    /// `b1`, or `b1+1`, the second booking of an entry in a waitlist.
    pub(super) fn booking(&self, name: &str) -> Result<(BookingId, CustomerId), String> {
        let (base, more) = name.split_once('+').unwrap_or((name, "0"));
        let known = self
            .bookings
            .get(base)
            .ok_or_else(|| format!("no booking {base:?} yet"))?;
        Ok((
            BookingId(known.0.0 + number::<u128>(more)?),
            known.1.clone(),
        ))
    }

    fn new_booking(&mut self, name: &str, who: CustomerId) -> BookingId {
        let next = BookingId((self.bookings.len() as u128 + 1) << 32);
        self.bookings
            .entry(name.to_owned())
            .or_insert((next, who))
            .0
    }

    pub(super) fn drop(&mut self, name: &str) -> DropId {
        let next = DropId(self.drops.len() as u128 + 1);
        *self.drops.entry(name.to_owned()).or_insert(next)
    }

    fn drop_spec(&mut self, w: &mut Words<'_>) -> Result<DropSpec, String> {
        let name = w.next("drop")?;
        let of = w.after("of")?.unwrap_or(name);
        self.sku_of.insert(name.to_owned(), of.to_owned());
        let mode = if w.flag("carved") {
            Mode::Carved
        } else {
            Mode::Shared
        };
        w.flag("shared");
        Ok(DropSpec {
            drop: self.drop(name),
            live: live(w.after("in")?.unwrap_or(super::LIVE))?,
            sku: sku(of)?,
            price: w.number("price")?,
            units: w.number("units")?,
            mode,
            opens_at: w.time("opens")?.map(|ms| self.clock.plus(ms)),
            ends_at: w.time("ends")?.map(|ms| self.clock.plus(ms)),
            per_customer_limit: w.number("limit")?.unwrap_or(0),
            booking_timeout_ms: w.time("timeout")?,
            pinned: w.flag("pinned"),
        })
    }

    /// What is not said stays as it was in this table.
    fn settings(&mut self, w: &mut Words<'_>) -> Result<Settings, String> {
        let mut s = self.settings.clone();
        if w.flag("band") {
            s.bands.push(Band {
                below: w.number("below")?.ok_or("below is missing")?,
                hold_ms: w.time("hold")?,
                max_bookings: w.number("bookings")?,
                max_units: w.number("units")?,
                priority: w.number("priority")?.unwrap_or(100),
            });
        }
        if let Some(group) = w.after("group")? {
            let group = GroupId::new(group).map_err(|e| e.to_string())?;
            s.group_max_bookings
                .insert(group, w.number("bookings")?.ok_or("bookings is missing")?);
        }
        if let Some(n) = w.number("penalty")? {
            (s.penalty_cancel, s.penalty_timeout, s.penalty_unpaid) = (n, n, n);
        }
        set(&mut s.penalty_cancel, w.number("penalty_cancel")?);
        set(&mut s.penalty_timeout, w.number("penalty_timeout")?);
        set(&mut s.penalty_unpaid, w.number("penalty_unpaid")?);
        set(&mut s.reward_paid, w.number("reward")?);
        set(&mut s.max_item_qty, w.number("max_item_quantity")?);
        set(&mut s.max_cart_units, w.number("total_item_cart")?);
        set(&mut s.min_reputation, w.number("min_reputation")?);
        set(&mut s.max_bookings, w.number("max_bookings")?);
        set(&mut s.vat_bp, w.number("vat_bp")?);
        set(&mut s.booking_timeout_ms, w.time("booking_timeout")?);
        set(&mut s.checkout_timeout_ms, w.time("checkout_timeout")?);
        set(&mut s.oops_grace_ms, w.time("grace")?);
        set(&mut s.rebook_cooldown_ms, w.time("cooldown")?);
        set(&mut s.offer_ms, w.time("offer")?);
        set(&mut s.offer_absent_ms, w.time("offer_absent")?);
        set(&mut s.waitlist_after_end_ms, w.time("waitlist_after_end")?);
        set(
            &mut s.pause_freezes_holds,
            w.after("pause_freezes")?.map(|yes| yes == "yes"),
        );
        super::orders::settings(&mut s, w)?;
        Ok(s)
    }
}

fn sku_command(w: &mut Words<'_>) -> Result<Command, String> {
    let id = w.next("SKU")?;
    let mut components = Vec::new();
    for part in w
        .after("made-of")?
        .into_iter()
        .flat_map(|list| list.split(','))
    {
        let (name, units) = part.split_once('*').unwrap_or((part, "1"));
        components.push(Component {
            sku: sku(name)?,
            units: number(units)?,
        });
    }
    let (tracked, digital) = (w.flag("tracked"), w.flag("digital"));
    w.flag("untracked");
    let spec = SkuSpec {
        title: id.into(),
        image: None,
        price: w.number("price")?.unwrap_or(99_000),
        active: !w.flag("not-active"),
        preorder: w.flag("pre-order"),
        physical: !digital,
        track_stock: tracked,
        components,
    };
    Ok(Command::PutSku {
        sku: sku(id)?,
        spec: Arc::new(spec),
        on_hand: w.number("stock")?,
    })
}

pub(super) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

pub(super) fn reason(w: &mut Words<'_>) -> Arc<str> {
    if w.flag("without-reason") {
        " ".into()
    } else {
        REASON.into()
    }
}

fn live_spec(currency: &str) -> Arc<LiveSpec> {
    Arc::new(LiveSpec {
        title: "Live malam ini".into(),
        lang: "id".into(),
        currency: currency.into(),
        accent: None,
        video: Video::Demo,
        links: Vec::new(),
    })
}
