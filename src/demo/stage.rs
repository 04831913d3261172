//! Sets the demo's shop up: settings with short times, the sample catalog, the live. Doing it
//! again changes nothing.

use std::sync::Arc;

use crate::catalog::{self, Currency};
use crate::commands::{Failure, put_all};
use crate::domain::{
    Actor, Command, Component, CustomerId, LiveId, LiveSpec, Request, Role, Settings, ShopId,
    SkuId, SkuSpec, Video,
};
use crate::engine::Engine;

/// The SKU of the demo's combination.
const BUNDLE: &str = "TM-PAKET-AKAD";

/// Who and where.
pub(super) struct Stage {
    pub(super) shop: ShopId,
    pub(super) live: LiveId,
    pub(super) host: Actor,
    /// What the carousel shows, in this order.
    pub(super) skus: Vec<SkuId>,
}

/// Sets the stage.
pub(super) async fn set(engine: &Engine) -> Result<Stage, Failure> {
    let id = |text: &str| Failure::Usage(format!("{text:?} is no id"));
    let shop = ShopId::new(super::SHOP).map_err(|_| id(super::SHOP))?;
    let live = LiveId::new(super::LIVE).map_err(|_| id(super::LIVE))?;
    let name = CustomerId::new("melati").map_err(|_| id("melati"))?;
    let admin = Actor {
        role: Role::Admin,
        name: name.clone(),
    };
    let give = |command| Request {
        by: admin.clone(),
        key: None,
        command,
    };
    let settings = give(Command::ChangeSettings(Arc::new(settings())));
    let put_live = give(Command::PutLive {
        live: live.clone(),
        spec: Arc::new(live_spec()),
    });
    for request in [settings, put_live] {
        done(engine, &shop, request).await?;
    }
    let (products, _) = catalog::read(catalog::sample().as_bytes(), Currency::IDR)?;
    // What is there already is refused or the same; stock that was sold stays sold.
    let known = engine.skus_known(&shop).await.map_err(Failure::io)?.value;
    put_all(engine, &shop, &known, &products).await?;
    let skus: Vec<SkuId> = products
        .iter()
        .filter(|p| p.active && p.stock != Some(0))
        .filter_map(|p| SkuId::new(&p.sku).ok())
        .collect();
    let bundled = known.keys().any(|sku| sku.as_str() == BUNDLE);
    if let Some(bundle) = bundle(&products).filter(|_| !bundled) {
        done(engine, &shop, give(bundle)).await?;
    }
    let host = Actor {
        role: Role::Host,
        name,
    };
    Ok(Stage {
        shop,
        live,
        host,
        skus,
    })
}

async fn done(engine: &Engine, shop: &ShopId, request: Request) -> Result<(), Failure> {
    let reply = engine.submit(shop, request).await.map_err(Failure::io)?;
    reply
        .outcome
        .map(drop)
        .map_err(|no| Failure::Config(format!("the demo's shop: {}", no.code())))
}

/// Short times, so that an evening's events fit into some minutes.
fn settings() -> Settings {
    Settings {
        booking_timeout_ms: 90_000,
        offer_ms: 45_000,
        penalty_cancel: 5,
        penalty_timeout: 10,
        penalty_unpaid: 10,
        reward_paid: 5,
        max_item_qty: 3,
        rebook_cooldown_ms: 10_000,
        waitlist_after_end_ms: 60_000,
        vat_bp: 1_100,
        order_auto_expire_ms: 120_000,
        payment_grace_ms: 5_000,
        late_wait_ms: 120_000,
        ..Settings::default()
    }
}

fn live_spec() -> LiveSpec {
    LiveSpec {
        title: "Toko Melati — live malam ini".into(),
        lang: "id".into(),
        currency: "IDR".into(),
        accent: Some("#e11d48".into()),
        video: Video::Demo,
        links: vec![("Instagram".into(), "https://www.instagram.com/".into())],
    }
}

/// Two things sold as one, to show a combination SKU.
fn bundle(products: &[catalog::Product]) -> Option<Command> {
    let plain = |prefix: &str| {
        let fits = |p: &&catalog::Product| p.track_stock && p.sku.starts_with(prefix);
        products.iter().find(fits).map(|p| p.sku.clone())
    };
    let components = [plain("TM-STM")?, plain("TM-PRH")?]
        .iter()
        .filter_map(|sku| {
            Some(Component {
                sku: SkuId::new(sku).ok()?,
                units: 1,
            })
        })
        .collect();
    let spec = SkuSpec {
        title: "Paket Akad: setelan dan perhiasan".into(),
        image: None,
        price: 499_000,
        active: true,
        preorder: false,
        physical: true,
        track_stock: true,
        components,
    };
    let sku = SkuId::new(BUNDLE).ok()?;
    Some(Command::PutSku {
        sku,
        spec: Arc::new(spec),
        on_hand: None,
    })
}
