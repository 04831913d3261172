//! One request, over whatever wire: counted, translated, decided, answered once.

use std::net::IpAddr;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::app::{App, actor};
use super::auth::Identity;
use super::denied::Tried;
use super::{paying, translate};
use crate::domain::{Command, LiveId, Rejection, Request, RequestKey, Role, ShopId};
use crate::engine::{Failure, Reply};
use crate::protocol::Lang;
use crate::protocol::asked::Asked;
use crate::protocol::from_client::Ask;
use crate::protocol::settings::SettingsMessage;
use crate::protocol::to_client::{About, answer, failed, turned_away};
use crate::telemetry::{CommandResult, CommandType, ReplayMatch, metrics};

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answered {
    /// Accepted: what the caller is told.
    Accepted(Value),
    /// Refused, with the code.
    Refused(&'static str, Value),
    /// Surely not done.
    Unavailable(Value),
    /// Not known.
    Unknown(Value),
}

impl Answered {
    /// What the caller is told.
    pub(super) fn message(&self) -> &Value {
        match self {
            Self::Accepted(value)
            | Self::Refused(_, value)
            | Self::Unavailable(value)
            | Self::Unknown(value) => value,
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

/// Answers a request.
pub(super) async fn ask(app: &App, place: &Place<'_>, ask: &Ask) -> Answered {
    let kind = CommandType::from_text(ask.what.kind());
    let began = app.clock.monotonic();
    let _inflight = metrics().commands.inflight.hold();
    let (answered, result) = decide(app, place, ask).await;
    metrics().commands.answered.of((kind, result)).increment();
    let took = app.clock.monotonic().saturating_sub(began);
    metrics().commands.duration.of(kind).record_duration(took);
    answered
}

async fn decide(app: &App, place: &Place<'_>, ask: &Ask) -> (Answered, CommandResult) {
    let refuse = |code: &'static str, extra: Value| {
        let message = turned_away(Some(&ask.shown), code, extra, place.lang);
        (Answered::Refused(code, message), CommandResult::Refused)
    };
    let Some(who) = place.who else {
        return refuse("unauthorized", json!({}));
    };
    if who.expired(app.clock.now_ms()) {
        return refuse("unauthorized", json!({"reason": "token_expired"}));
    }
    let denied = || {
        let tried = Tried {
            what: ask.what.kind(),
            place: place.live.as_str(),
            from: place.from,
        };
        app.denied(Some(who), tried, "forbidden");
        refuse("forbidden", json!({}))
    };
    let Some(by) = actor(who) else {
        return denied();
    };
    let command = match command(app, place, by.role, &ask.what).await {
        Ok(command) => command,
        Err(NoCommand::Forbidden) => return denied(),
        Err(NoCommand::Wrong(field)) => return refuse("invalid", json!({"field": field})),
        Err(NoCommand::Failed(failure)) => return no_reply(ask, failure, place.lang),
    };
    if elsewhere(app, place, &ask.what) {
        return refuse("drop_not_found", json!({}));
    }
    if let Some(retry_ms) = too_fast(app, who, by.role, &command) {
        return refuse("rate_limited", json!({"retry_ms": retry_ms}));
    }
    let command = match paying::begin(app, place, command).await {
        Ok(command) => command,
        Err(NoCommand::Forbidden) => return refuse("forbidden", json!({})),
        Err(NoCommand::Wrong(field)) => return refuse("invalid", json!({"field": field})),
        Err(NoCommand::Failed(failure)) => return no_reply(ask, failure, place.lang),
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
        Ok(reply) => replied(app, place, ask, &reply).await,
        Err(failure) => no_reply(ask, failure, place.lang),
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

async fn replied(
    app: &App,
    place: &Place<'_>,
    ask: &Ask,
    reply: &Reply,
) -> (Answered, CommandResult) {
    let about = about(app, place, &ask.what).await;
    let mut message = answer(&ask.shown, reply, &about, place.lang);
    // What a host asks is answered by `done`, also when a booking was taken back.
    if reply.outcome.is_ok() && matches!(ask.what, Asked::BookingCancel { .. }) {
        message["type"] = json!("done");
    }
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
        Ok(_) => (Answered::Accepted(message), result),
        Err(rejection) => (Answered::Refused(rejection.code(), message), result),
    }
}

fn no_reply(ask: &Ask, failure: Failure, lang: Lang) -> (Answered, CommandResult) {
    let message = failed(&ask.shown, failure, lang);
    match failure {
        Failure::Unknown => {
            metrics().commands.unknown_outcomes.increment();
            (Answered::Unknown(message), CommandResult::Unknown)
        }
        Failure::Unavailable { .. } => (Answered::Unavailable(message), CommandResult::Refused),
    }
}

/// The names an answer carries besides what was decided. Who taps the moment a drop is made may be
/// answered before the mirror has it: then the engine is asked.
async fn about(app: &App, place: &Place<'_>, asked: &Asked) -> About {
    let Some(drop) = translate::drop_of(asked) else {
        return About {
            methods: paying::methods(app, place.shop),
            ..About::default()
        };
    };
    let row = app.mirror.drop_row(place.shop, drop);
    let row = row.map(|row| (row.sku.to_string(), row.spec.title.to_string()));
    let row = match row {
        Some(named) => Some(named),
        None => app.engine.drop_named(place.shop, drop).await.ok().flatten(),
    };
    let live = app.mirror.live_row(place.shop, place.live);
    let (sku, title) = row.unzip();
    About {
        drop: Some(drop.to_string()),
        sku,
        title,
        currency: live.map(|live| live.spec.currency.to_string()),
        methods: Vec::new(),
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
