//! What pages of other origins may do over HTTP (S-28, S-29).
//!
//! An allowed origin is named exactly, never reflected unchecked, and never with credentials:
//! a token travels in `Authorization`, which a page has to hold itself. A page that is not allowed
//! reads nothing (no CORS header) and changes nothing (403 before the handler).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::{Origins, Verdict, refused};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id");
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after, idempotency-key");
/// Seconds for which a browser keeps the answer to a preflight.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// What the layer needs: the list, and how to learn which shop a request is about.
#[derive(Clone)]
pub struct Cors {
    origins: Origins,
    shop_of: ShopOf,
}

/// Finds the shop a request is about, where its path tells; it decides only which list of origins
/// counts.
pub type ShopOf = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;

impl Cors {
    /// See [`ShopOf`].
    pub fn new(origins: Origins, shop_of: ShopOf) -> Self {
        Self { origins, shop_of }
    }

    /// Puts the layer around `router`.
    pub fn around<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        router.layer(from_fn_with_state(self, cors))
    }
}

/// The middleware itself.
pub async fn cors(State(layer): State<Cors>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let shop = (layer.shop_of)(&parts);
    let verdict = layer.origins.judge(&parts.headers, shop.as_deref());
    let preflight = parts.method == Method::OPTIONS
        && parts
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = match &verdict {
        Verdict::Refused if preflight || changes => refused().into_response(),
        Verdict::Allowed(_) if preflight => granted(),
        Verdict::Absent | Verdict::Allowed(_) | Verdict::Refused => {
            next.run(Request::from_parts(parts, body)).await
        }
    };
    name_origin(response.headers_mut(), verdict);
    response
}

fn granted() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    response
}

/// `Vary` goes on every answer, or a proxy would hand one origin's answer to another.
fn name_origin(headers: &mut HeaderMap, verdict: Verdict) {
    headers.append(
        header::VARY,
        HeaderValue::from(HeaderName::from_static("origin")),
    );
    if let Verdict::Allowed(origin) = verdict {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::super::OriginConfig;
    use super::*;

    struct Answer {
        status: u16,
        origin: Option<String>,
        reached: bool,
        headers: HeaderMap,
    }

    async fn ask(method: &str, origin: Option<&str>, preflight: bool) -> Answer {
        let reached = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&reached);
        let handler = move || async move { flag.store(true, Ordering::SeqCst) };
        let config = OriginConfig {
            allow: vec!["https://a.com".into()],
            ..OriginConfig::default()
        };
        let layer = Cors::new(Origins::new(&config).unwrap(), Arc::new(|_| None));
        let app = layer.around(Router::new().route("/", get(handler.clone()).post(handler)));
        let mut request = Request::builder()
            .method(method)
            .uri("/")
            .header("host", "live.example");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if preflight {
            request = request.header("access-control-request-method", "POST");
        }
        let response = app
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let headers = response.headers().clone();
        let origin = headers
            .get("access-control-allow-origin")
            .map(|v| v.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            origin,
            reached: reached.load(Ordering::SeqCst),
            headers,
        }
    }

    #[tokio::test]
    async fn vectors() {
        let (a, own, evil) = ("https://a.com", "https://live.example", "https://evil.com");
        for (method, origin, preflight, status, named, reached) in [
            ("GET", None, false, 200, None, true),
            ("GET", Some(a), false, 200, Some(a), true),
            ("GET", Some(own), false, 200, Some(own), true),
            ("GET", Some(evil), false, 200, None, true),
            ("GET", Some("null"), false, 200, None, true),
            ("POST", None, false, 200, None, true),
            ("POST", Some(a), false, 200, Some(a), true),
            ("POST", Some(evil), false, 403, None, false),
            ("POST", Some("null"), false, 403, None, false),
            (
                "POST",
                Some("https://a.com.evil.com"),
                false,
                403,
                None,
                false,
            ),
            ("OPTIONS", Some(a), true, 204, Some(a), false),
            ("OPTIONS", Some(evil), true, 403, None, false),
            ("OPTIONS", Some("null"), true, 403, None, false),
        ] {
            let answer = ask(method, origin, preflight).await;
            let case = format!("{method} from {origin:?}");
            assert_eq!(answer.status, status, "{case}");
            assert_eq!(answer.origin.as_deref(), named, "{case}");
            assert_eq!(answer.reached, reached, "{case}");
            assert_eq!(answer.headers["vary"], "origin", "{case}");
            assert!(
                !answer
                    .headers
                    .contains_key("access-control-allow-credentials"),
                "{case}"
            );
        }
    }

    #[tokio::test]
    async fn a_preflight_names_a_fixed_list() {
        let headers = ask("OPTIONS", Some("https://a.com"), true).await.headers;
        assert_eq!(headers["access-control-allow-methods"], METHODS);
        assert_eq!(headers["access-control-allow-headers"], REQUEST_HEADERS);
    }
}
