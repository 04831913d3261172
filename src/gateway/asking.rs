//! One request, over whatever wire: counted, translated, decided, answered once.

use std::net::IpAddr;

use tokio::time::timeout;

use super::app::{App, actor};
use super::auth::Identity;
use super::denied::Tried;
use super::{paying, translate};
use crate::domain::{Command, LiveId, Rejection, Request, RequestKey, Role, ShopId};
use crate::engine::{Failure, Reply};
use crate::protocol::from_client::Ask;
use crate::protocol::settings::SettingsMessage;
use crate::protocol::{About, Asked, Detail, Lang, Told};
use crate::telemetry::{CommandResult, CommandType, ReplayMatch, metrics};

/// What became of a request, with what the caller is told, as the wire has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answered<T> {
    /// Accepted.
    Accepted(T),
    /// Refused, with the code.
    Refused(&'static str, T),
    /// Surely not done.
    Unavailable(T),
    /// Not known.
    Unknown(T),
}

impl<T> Answered<T> {
    /// What the caller is told.
    pub(super) fn told(self) -> T {
        match self {
            Self::Accepted(told)
            | Self::Refused(_, told)
            | Self::Unavailable(told)
            | Self::Unknown(told) => told,
        }
    }
}

/// Where and by whom something is asked.
pub(super) struct Place<'a> {
    pub(super) live: &'a LiveId,
    pub(super) shop: &'a ShopId,
    pub(super) who: Option<&'a Identity>,
    /// The address, where it is at hand.
    pub(super) from: Option<IpAddr>,
    pub(super) lang: Lang,
}

/// Answers a request; `tell` makes of the answer what the wire has.
pub(super) async fn ask<T>(
    app: &App,
    place: &Place<'_>,
    ask: &Ask,
    tell: fn(&Told<'_>) -> T,
) -> Answered<T> {
    let kind = CommandType::from_text(ask.what.kind());
    let began = app.clock.monotonic();
    let _inflight = metrics().commands.inflight.hold();
    let (answered, result) = decide(app, place, ask, tell).await;
    metrics().commands.answered.of((kind, result)).increment();
    let took = app.clock.monotonic().saturating_sub(began);
    metrics().commands.duration.of(kind).record_duration(took);
    answered
}

async fn decide<T>(
    app: &App,
    place: &Place<'_>,
    ask: &Ask,
    tell: fn(&Told<'_>) -> T,
) -> (Answered<T>, CommandResult) {
    let refuse = |code: &'static str, detail: Detail<'_>| {
        let told = Told::turned_away(Some(&ask.shown), code, detail, place.lang);
        (Answered::Refused(code, tell(&told)), CommandResult::Refused)
    };
    let Some(who) = place.who else {
        return refuse("unauthorized", Detail::None {});
    };
    if who.expired(app.clock.now_ms()) {
        return refuse(
            "unauthorized",
            Detail::Reason {
                reason: "token_expired",
            },
        );
    }
    let denied = || {
        let tried = Tried {
            what: ask.what.kind(),
            place: place.live.as_str(),
            from: place.from,
        };
        app.denied(Some(who), tried, "forbidden");
        refuse("forbidden", Detail::None {})
    };
    let Some(by) = actor(who) else {
        return denied();
    };
    let command = match command(app, place, by.role, &ask.what).await {
        Ok(command) => command,
        Err(NoCommand::Forbidden) => return denied(),
        Err(NoCommand::Wrong(field)) => return refuse("invalid", Detail::Field { field: &field }),
        Err(NoCommand::Failed(failure)) => return no_reply(ask, failure, place.lang, tell),
    };
    if elsewhere(app, place, &ask.what) {
        return refuse("drop_not_found", Detail::None {});
    }
    if let Some(retry_ms) = too_fast(app, who, by.role, &command) {
        return refuse("rate_limited", Detail::Retry { retry_ms });
    }
    let command = match paying::begin(app, place, command).await {
        Ok(command) => command,
        Err(NoCommand::Forbidden) => return refuse("forbidden", Detail::None {}),
        Err(NoCommand::Wrong(field)) => return refuse("invalid", Detail::Field { field: &field }),
        Err(NoCommand::Failed(failure)) => return no_reply(ask, failure, place.lang, tell),
    };
    let key = RequestKey {
        id: ask.id.as_u128(),
        body: ask.body,
    };
    let request = Request {
        by,
        key: Some(key),
        command,
    };
    let decided = timeout(
        app.config.answer_timeout(),
        app.engine.submit(place.shop, request),
    );
    match decided.await.unwrap_or(Err(Failure::Unknown)) {
        Ok(reply) => replied(app, place, ask, &reply, tell).await,
        Err(failure) => no_reply(ask, failure, place.lang, tell),
    }
}

/// Whether a drop is meant that belongs to another live of the shop: a token may be good for this
/// one only, and what it may not enter it may not change. Of bookings the engine knows better.
fn elsewhere(app: &App, place: &Place<'_>, asked: &Asked) -> bool {
    if matches!(asked, Asked::Book { .. }) {
        return false;
    }
    let row = translate::drop_of(asked).and_then(|drop| app.mirror.drop_row(place.shop, drop));
    row.is_some_and(|row| row.live != *place.live)
}

/// How long to wait, for who asks faster than a person taps (S-13). Of those who run the live
/// only bookings are counted: opening a row of drops is their work.
fn too_fast(app: &App, who: &Identity, role: Role, command: &Command) -> Option<u64> {
    if role > Role::Viewer && !matches!(command, Command::Book { .. }) {
        return None;
    }
    let limited = app.limiter.check_booking(&who.shop, &who.sub).err()?;
    metrics()
        .commands
        .rate_limited
        .of(crate::telemetry::RateScope::Customer)
        .increment();
    Some(limited.retry_ms)
}

async fn replied<T>(
    app: &App,
    place: &Place<'_>,
    ask: &Ask,
    reply: &Reply,
    tell: fn(&Told<'_>) -> T,
) -> (Answered<T>, CommandResult) {
    let about = about(app, place, &ask.what).await;
    let told = tell(&Told::decided(&ask.shown, reply, &about, place.lang));
    let result = match (&reply.outcome, reply.replayed) {
        (_, true) => CommandResult::Replayed,
        (Ok(_), false) => CommandResult::Accepted,
        (Err(_), false) => CommandResult::Refused,
    };
    let replays = &metrics().commands.replays;
    if reply.replayed {
        replays.of(ReplayMatch::Same).increment();
    } else if reply.outcome == Err(Rejection::IdempotencyConflict) {
        replays.of(ReplayMatch::Conflict).increment();
    }
    match &reply.outcome {
        Ok(_) => (Answered::Accepted(told), result),
        Err(rejection) => (Answered::Refused(rejection.code(), told), result),
    }
}

fn no_reply<T>(
    ask: &Ask,
    failure: Failure,
    lang: Lang,
    tell: fn(&Told<'_>) -> T,
) -> (Answered<T>, CommandResult) {
    let told = tell(&Told::failed(&ask.shown, failure, lang));
    match failure {
        Failure::Unknown => {
            metrics().commands.unknown_outcomes.increment();
            (Answered::Unknown(told), CommandResult::Unknown)
        }
        Failure::Unavailable { .. } => (Answered::Unavailable(told), CommandResult::Refused),
    }
}

/// The names an answer carries besides what was decided. Who taps the moment a drop is made may be
/// answered before the mirror has it: then the engine is asked.
async fn about(app: &App, place: &Place<'_>, asked: &Asked) -> About {
    let Some(drop) = translate::drop_of(asked) else {
        return About {
            methods: paying::methods(app, place.shop),
            // What a host asks is answered by `done`, also when a booking was taken back.
            taken_back: matches!(asked, Asked::BookingCancel { .. }),
            ..About::default()
        };
    };
    let named = match app.mirror.drop_named(place.shop, drop) {
        Some(named) => Some(named),
        None => app.engine.drop_named(place.shop, drop).await.ok().flatten(),
    };
    let (sku, title) = named.unzip();
    About {
        drop: Some(drop),
        sku,
        title,
        currency: app.mirror.currency_of(place.shop, place.live),
        ..About::default()
    }
}

/// Why there is no command for what is asked.
pub(super) enum NoCommand {
    Forbidden,
    Wrong(String),
    Failed(Failure),
}

/// The command, if the role may give it: what somebody may not do is refused before what is
/// wrong with it is said.
async fn command(
    app: &App,
    place: &Place<'_>,
    role: Role,
    asked: &Asked,
) -> Result<Command, NoCommand> {
    let Asked::SettingsChange { settings } = asked else {
        let command = translate::command(asked, place.live, role);
        let command = command.map_err(|field| NoCommand::Wrong(field.to_owned()))?;
        let command = command.ok_or_else(|| NoCommand::Wrong("type".to_owned()))?;
        return if role < command.least_role() {
            Err(NoCommand::Forbidden)
        } else {
            Ok(command)
        };
    };
    if role < Role::Admin {
        return Err(NoCommand::Forbidden);
    }
    let now = app
        .engine
        .settings(place.shop)
        .await
        .map_err(NoCommand::Failed)?;
    let changed = SettingsMessage::of(&now.value)
        .changed_by(settings)
        .map_err(NoCommand::Wrong)?;
    Ok(Command::ChangeSettings(std::sync::Arc::new(changed)))
}
