//! `lapak import`: a product CSV into a shop, through the same door as everything else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::{Failure, StatePlace, say};
use crate::catalog::{self, Currency, Product, Report};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::many::Many;
use crate::domain::{Actor, Command, CustomerId, Request, Role, ShopId, Sku, SkuId, SkuSpec};
use crate::engine::redis::{self, Settled};
use crate::engine::{self, Engine};
use crate::jobs::{join, settle};
use crate::ledger;
use crate::lifecycle::{Lifecycle, StopBounds};
use crate::server;

/// How long an import waits until it follows the other nodes.
const FOLLOW_MAX: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Options of `lapak import`.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// A Shopify product CSV.
    file: PathBuf,
    /// The shop; it is made if there is none of this name.
    #[arg(long)]
    shop: String,
    /// Currency of the file's prices.
    #[arg(long, default_value = "IDR")]
    currency: String,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: StatePlace,
}

/// What an import did to the shop.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// SKUs that were new.
    pub made: usize,
    /// SKUs whose title, price, picture or flags changed.
    pub changed: usize,
    /// SKUs that were as the file says.
    pub same: usize,
    /// SKUs the shop refused, with its code.
    pub refused: Vec<(String, &'static str)>,
}

/// Reads the file, puts every product into the shop, prints what was taken, skipped and why.
/// The stock of a SKU that the shop already has is left alone: the shop's own count is newer.
pub async fn import(options: ImportOptions) -> Result<(), Failure> {
    let unknown = || Failure::Usage(format!("{:?} is no currency known here", options.currency));
    let currency = Currency::of(&options.currency).ok_or_else(unknown)?;
    let shop =
        ShopId::new(&options.shop).map_err(|error| Failure::Usage(format!("--shop is {error}")))?;
    let file = std::fs::File::open(&options.file)
        .map_err(|error| Failure::Io(format!("{}: {error}", options.file.display())))?;
    let (products, report) = catalog::read(file, currency)?;
    let config = options.place.load()?;
    let house = Lifecycle::new();
    let imported = async {
        let engine = start(&config, &house).await?;
        let known = engine.skus_known(&shop).await.map_err(Failure::io)?.value;
        put_all(&engine, &shop, &known, &products).await
    };
    let imported = imported.await;
    house.stop();
    house.run(StopBounds::default()).await?;
    print(&report, &imported?, options.json)
}

/// Starts the engine of the state folder: alone, or as one more of the nodes that share a Redis, once
/// it follows them.
async fn start(config: &Config, house: &Lifecycle) -> Result<Engine, Failure> {
    let clock = Clock::system(config.clock);
    let connector = match &config.redis {
        Some(redis) => {
            let joined = join::join(redis, &config.ledger, &config.state, &clock);
            Some(joined.map_err(server::Error::from)?)
        }
        None => None,
    };
    let opened = engine::open(&config.state)?;
    let fits = settle::check(&config.ledger, &config.state).await;
    fits.map_err(|error| Failure::Io(error.to_string()))?;
    let (entries, mut committed) = mpsc::channel(64);
    house.spawn_core("reader", async move {
        while committed.recv().await.is_some() {}
        Ok::<_, Failure>(())
    });
    let Some(connector) = connector else {
        return Ok(opened.start(&clock, house, entries)?);
    };
    // The nodes that serve post to the ledger; nothing is told of it here.
    let shared = config.ledger.kind == ledger::Kind::Postgres;
    let (_, settled) = watch::channel(Settled::of(shared));
    let state = &config.state;
    let engine = redis::start(opened, state, &connector, &clock, house, entries, &settled)
        .map_err(server::Error::from)?;
    let following = async {
        while !engine.follows() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let late = |_| Failure::Io("the other nodes' turns could not be followed in time".into());
    tokio::time::timeout(FOLLOW_MAX, following)
        .await
        .map_err(late)?;
    Ok(engine)
}

fn print(report: &Report, imported: &Imported, json: bool) -> Result<(), Failure> {
    if json {
        let all = serde_json::json!({"file": report, "shop": imported});
        say(&serde_json::to_string_pretty(&all).map_err(Failure::io)?)?;
        return Ok(());
    }
    say(&report.to_string())?;
    let Imported {
        made,
        changed,
        same,
        refused,
    } = imported;
    say(&format!(
        "In the shop: {made} new, {changed} changed, {same} as before, {} refused.",
        refused.len()
    ))?;
    for (sku, code) in refused {
        say(&format!("  {sku}: {code}"))?;
    }
    Ok(())
}

/// Puts products into a shop that has the SKUs of `known`.
pub async fn put_all(
    engine: &Engine,
    shop: &ShopId,
    known: &Many<SkuId, Sku>,
    products: &[Product],
) -> Result<Imported, Failure> {
    let name = CustomerId::new("import").map_err(|error| Failure::Usage(error.to_string()))?;
    let by = Actor {
        role: Role::Admin,
        name,
    };
    let mut imported = Imported::default();
    for product in products {
        let Ok(sku) = SkuId::new(&product.sku) else {
            imported.refused.push((product.sku.clone(), "invalid"));
            continue;
        };
        let spec = spec(product);
        let was = known.get(&sku);
        // A combination that the shop made of a SKU stays one: files know nothing of those.
        if was.is_some_and(|was| *was.spec == spec || was.spec.is_combination()) {
            imported.same += 1;
            continue;
        }
        let on_hand = product
            .stock
            .filter(|_| was.is_none() && product.track_stock);
        let command = Command::PutSku {
            sku,
            spec: Arc::new(spec),
            on_hand,
        };
        let request = Request {
            by: by.clone(),
            key: None,
            command,
        };
        let reply = engine.submit(shop, request).await.map_err(Failure::io)?;
        match reply.outcome {
            Ok(_) if was.is_none() => imported.made += 1,
            Ok(_) => imported.changed += 1,
            Err(rejection) => imported
                .refused
                .push((product.sku.clone(), rejection.code())),
        }
    }
    Ok(imported)
}

fn spec(product: &Product) -> SkuSpec {
    SkuSpec {
        title: Arc::from(&*product.title),
        image: product.image.as_deref().map(Arc::from),
        price: product.price,
        active: product.active,
        preorder: product.preorder,
        physical: product.physical,
        track_stock: product.track_stock,
        components: Vec::new(),
    }
}
