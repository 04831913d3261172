//! A live show: where drops are opened and viewers watch.

use std::sync::Arc;

/// What the shop says of a live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSpec {
    /// Its name.
    pub title: Arc<str>,
    /// Language of the shop's audience: `id`, `ms` or `en`.
    pub lang: Arc<str>,
    /// ISO currency of its prices.
    pub currency: Arc<str>,
    /// Accent colour, `#rrggbb`.
    pub accent: Option<Arc<str>>,
    /// What plays under the overlay.
    pub video: Video,
    /// The shop card: label and https address (R-SET-1).
    pub links: Vec<(Arc<str>, Arc<str>)>,
}

/// What plays under the overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Video {
    /// Nothing.
    None,
    /// A drawn stand-in.
    Demo,
    /// An HLS playlist.
    Hls(Arc<str>),
    /// An MP4 file.
    Mp4(Arc<str>),
    /// A page of another site in a frame.
    Embed(Arc<str>),
}

/// A live of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What the shop said last.
    pub spec: Arc<LiveSpec>,
    /// No drop can be opened any more.
    pub ended: bool,
}
