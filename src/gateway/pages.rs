//! The pages, as the `lapak-web` crate embeds them.

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lapak_web::{Asset, Page};

use super::headers::PageKind;

/// `GET /`.
pub(super) async fn home(headers: HeaderMap) -> Response {
    page(Page::Home, PageKind::Page, &headers)
}

/// `GET /watch/{live}`. Which live is read by the page: every live has the same HTML.
pub(super) async fn watch(headers: HeaderMap) -> Response {
    page(Page::Watch, PageKind::Overlay, &headers)
}

/// `GET /overlay/{live}`.
pub(super) async fn overlay(headers: HeaderMap) -> Response {
    page(Page::Overlay, PageKind::Overlay, &headers)
}

/// `GET /host/{live}`.
pub(super) async fn host(headers: HeaderMap) -> Response {
    page(Page::Host, PageKind::Page, &headers)
}

/// `GET /admin/audit`: the proof of stock.
pub(super) async fn audit(headers: HeaderMap) -> Response {
    page(Page::Audit, PageKind::Page, &headers)
}

/// `GET /embed.js`, for pages of other origins.
pub(super) async fn embed(headers: HeaderMap) -> Response {
    file("embed.js", &headers)
}

/// `GET /assets/{file}`.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("assets/{name}"), &headers)
}

fn page(page: Page, kind: PageKind, headers: &HeaderMap) -> Response {
    let mut response = answer(lapak_web::page(page), headers);
    response.extensions_mut().insert(kind);
    response
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    match lapak_web::asset(path) {
        Some(asset) => (Extension(PageKind::Asset), answer(asset, headers)).into_response(),
        None => super::problem::Problem::new("not_found", "There is no such file.").into_response(),
    }
}

fn answer(asset: Asset, headers: &HeaderMap) -> Response {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let (status, body) = if known == Some(asset.etag.as_str()) {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(asset.bytes.into_owned()))
    };
    let kept = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = (status, body).into_response();
    let set = response.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    for (name, value) in [
        (header::CONTENT_TYPE, &asset.mime),
        (header::ETAG, &asset.etag),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            set.insert(name, value);
        }
    }
    response
}
