//! A live as the back office puts it.

use std::sync::Arc;

use serde::Deserialize;

use crate::domain::{LiveSpec, Video};

/// The body of `PUT /v1/shops/{shop}/lives/{live}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveMessage {
    /// Its name.
    pub title: String,
    /// `id`, `ms` or `en`.
    #[serde(default = "lang")]
    pub lang: String,
    /// ISO currency of its prices.
    #[serde(default = "currency")]
    pub currency: String,
    /// Accent colour, `#rrggbb`.
    #[serde(default)]
    pub accent: Option<String>,
    /// What plays under the overlay.
    #[serde(default)]
    pub video: VideoMessage,
    /// The shop card.
    #[serde(default)]
    pub links: Vec<LinkMessage>,
}

/// What plays under the overlay; an address is https.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(tag = "kind", content = "url", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the kinds of domain::Video")]
pub enum VideoMessage {
    #[default]
    None,
    Demo,
    Hls(String),
    Mp4(String),
    Embed(String),
}

/// A link of the shop card.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkMessage {
    /// What it says.
    pub label: String,
    /// Where it leads, https.
    pub url: String,
}

fn lang() -> String {
    "id".to_owned()
}

fn currency() -> String {
    "IDR".to_owned()
}

impl LiveMessage {
    /// The fields, to say which one is wrong.
    pub const FIELDS: [&'static str; 6] = ["title", "lang", "currency", "accent", "video", "links"];

    /// The domain's words for it; they are checked when it is decided.
    pub fn spec(&self) -> LiveSpec {
        let text = |text: &String| Arc::<str>::from(text.as_str());
        LiveSpec {
            title: text(&self.title),
            lang: text(&self.lang),
            currency: text(&self.currency),
            accent: self.accent.as_ref().map(text),
            video: match &self.video {
                VideoMessage::None => Video::None,
                VideoMessage::Demo => Video::Demo,
                VideoMessage::Hls(url) => Video::Hls(text(url)),
                VideoMessage::Mp4(url) => Video::Mp4(text(url)),
                VideoMessage::Embed(url) => Video::Embed(text(url)),
            },
            links: self
                .links
                .iter()
                .map(|l| (text(&l.label), text(&l.url)))
                .collect(),
        }
    }
}
