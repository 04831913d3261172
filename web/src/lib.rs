//! The pages of Lapak, embedded: HTML, scripts and styles that the build script made with Vite
//! (see `build.rs`), handed out as bytes with what an HTTP answer needs to know about them.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/dist"]
struct Dist;

/// One file as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Asset {
    /// The body.
    pub bytes: Cow<'static, [u8]>,
    /// `Content-Type`, with a charset for text.
    pub mime: String,
    /// True if the name carries a hash of the content: may be kept for ever.
    /// Otherwise the client must ask again (`ETag`).
    pub immutable: bool,
    /// A strong entity tag, quotes included.
    pub etag: String,
}

/// The HTML pages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/`: what runs here.
    Home,
    /// `/watch/{live}`: the viewer's page.
    Watch,
    /// `/overlay/{live}`: transparent, for OBS.
    Overlay,
    /// `/host/{live}`: the host console.
    Host,
    /// `/admin/audit`: the proof of stock.
    Audit,
    /// What is shown for an address that is not there (status 404).
    Missing,
}

impl Page {
    /// Every page, for tests and for routers.
    pub const ALL: [Self; 6] = [
        Self::Home,
        Self::Watch,
        Self::Overlay,
        Self::Host,
        Self::Audit,
        Self::Missing,
    ];

    const fn file(self) -> &'static str {
        match self {
            Self::Home => "home.html",
            Self::Watch => "watch.html",
            Self::Overlay => "overlay.html",
            Self::Host => "host.html",
            Self::Audit => "audit.html",
            Self::Missing => "missing.html",
        }
    }
}

/// The file at a URL path: `/assets/…` and `/embed.js` (a leading slash is optional).
/// Pages are not found here, so that each has one address; `None` is a 404.
pub fn asset(path: &str) -> Option<Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path != "embed.js" && !path.starts_with("assets/") {
        return None;
    }
    Dist::get(path).map(|file| wrap(path, file))
}

/// The HTML of a page. Where the pages could not be built, a plain page that says what is missing.
pub fn page(page: Page) -> Asset {
    let file = page.file();
    match Dist::get(file).or_else(|| Dist::get("unbuilt.html")) {
        Some(found) => wrap(file, found),
        None => Asset {
            bytes: Cow::Borrowed(
                b"<!doctype html><title>Lapak</title><p>The pages are not in this build.",
            ),
            mime: "text/html; charset=utf-8".to_owned(),
            immutable: false,
            etag: "\"none\"".to_owned(),
        },
    }
}

/// True if the real pages are embedded, false if only the page that says what is missing.
pub fn built() -> bool {
    Dist::get("watch.html").is_some()
}

/// Paths of all embedded assets (not pages), without a leading slash.
pub fn paths() -> impl Iterator<Item = Cow<'static, str>> {
    Dist::iter().filter(|path| path == "embed.js" || path.starts_with("assets/"))
}

fn wrap(path: &str, file: EmbeddedFile) -> Asset {
    let mime = file.metadata.mimetype();
    let text =
        mime.starts_with("text/") || matches!(mime, "application/javascript" | "application/json");
    let etag =
        file.metadata.sha256_hash()[..12]
            .iter()
            .fold(String::from("\""), |mut tag, byte| {
                tag.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                tag.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                tag
            })
            + "\"";
    Asset {
        mime: if text {
            format!("{mime}; charset=utf-8")
        } else {
            mime.to_owned()
        },
        immutable: path.starts_with("assets/"),
        etag,
        bytes: file.data,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_page_is_html_without_inline_script_or_style() {
        for which in Page::ALL {
            let page = page(which);
            assert_eq!(page.mime, "text/html; charset=utf-8");
            assert!(!page.immutable);
            let html = String::from_utf8(page.bytes.into_owned())
                .unwrap()
                .to_lowercase();
            for script in html.split("<script").skip(1) {
                assert!(
                    script.split('>').next().unwrap().contains("src=\"/assets/"),
                    "{which:?}: inline script"
                );
            }
            assert!(
                !html.contains("<style") && !html.contains(" style="),
                "{which:?}: inline style"
            );
        }
    }

    #[test]
    fn every_asset_a_page_names_is_there_and_immutable() {
        for which in Page::ALL {
            let html = String::from_utf8(page(which).bytes.into_owned()).unwrap();
            for rest in html.split("\"/assets/").skip(1) {
                let name = rest.split('"').next().unwrap();
                let found = asset(&format!("/assets/{name}")).unwrap();
                assert!(found.immutable && !found.bytes.is_empty(), "{name}");
                assert!(found.etag.starts_with('"') && found.etag.len() == 26);
            }
        }
    }

    #[test]
    fn nothing_else_is_an_asset() {
        for path in [
            "/",
            "/watch.html",
            "watch.html",
            "/assets/",
            "/assets/../watch.html",
            "/assets/none.js",
            "",
        ] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn embed_is_one_script_that_may_change() {
        assert!(
            built(),
            "the pages were not built: run `npm ci` in web/ and read the warning of the build script"
        );
        let embed = asset("/embed.js").unwrap();
        assert!(!embed.immutable);
        assert_eq!(embed.mime, "text/javascript; charset=utf-8");
        assert!(
            !String::from_utf8(embed.bytes.into_owned())
                .unwrap()
                .contains("/assets/")
        );
    }
}
