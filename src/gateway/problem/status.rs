//! Every code the door may answer, with its HTTP status (protocol section 2, D.12).

use axum::http::StatusCode;

/// Code and status; a test of the room that makes refusals checks that none is missing.
pub const CODES: &[(&str, StatusCode)] = &[
    // Refusals, in their order of precedence.
    ("unauthorized", StatusCode::UNAUTHORIZED),
    ("token_expired", StatusCode::UNAUTHORIZED),
    ("auth_required", StatusCode::UNAUTHORIZED),
    ("forbidden", StatusCode::FORBIDDEN),
    ("invalid", StatusCode::UNPROCESSABLE_ENTITY),
    ("rate_limited", StatusCode::TOO_MANY_REQUESTS),
    ("stale_epoch", StatusCode::SERVICE_UNAVAILABLE),
    ("live_not_found", StatusCode::NOT_FOUND),
    ("drop_not_found", StatusCode::NOT_FOUND),
    ("drop_not_open", StatusCode::CONFLICT),
    ("drop_paused", StatusCode::CONFLICT),
    ("sku_inactive", StatusCode::CONFLICT),
    ("restricted", StatusCode::FORBIDDEN),
    ("reputation_low", StatusCode::FORBIDDEN),
    ("max_item_qty", StatusCode::UNPROCESSABLE_ENTITY),
    ("cart_limit", StatusCode::UNPROCESSABLE_ENTITY),
    ("customer_limit", StatusCode::UNPROCESSABLE_ENTITY),
    ("booking_cap", StatusCode::TOO_MANY_REQUESTS),
    ("rebook_cooldown", StatusCode::TOO_MANY_REQUESTS),
    ("sold_out", StatusCode::CONFLICT),
    ("not_held", StatusCode::CONFLICT),
    ("deadline_passed", StatusCode::GONE),
    // Somebody else's object looks like one that does not exist (API1).
    ("not_yours", StatusCode::NOT_FOUND),
    ("checkout_ended", StatusCode::GONE),
    ("order_state", StatusCode::CONFLICT),
    ("not_arrived", StatusCode::CONFLICT),
    ("order_not_payable", StatusCode::CONFLICT),
    ("idempotency_conflict", StatusCode::CONFLICT),
    ("below_committed", StatusCode::CONFLICT),
    ("digital_cannot_track", StatusCode::UNPROCESSABLE_ENTITY),
    ("not_tracked", StatusCode::UNPROCESSABLE_ENTITY),
    ("in_use", StatusCode::CONFLICT),
    ("managed_by_shared_inventory", StatusCode::CONFLICT),
    ("cooldown", StatusCode::CONFLICT),
    // Of notifications of payments.
    ("bad_signature", StatusCode::UNAUTHORIZED),
    ("stale", StatusCode::UNAUTHORIZED),
    ("not_ours", StatusCode::UNPROCESSABLE_ENTITY),
    // The door's own.
    ("malformed", StatusCode::BAD_REQUEST),
    ("unknown_field", StatusCode::BAD_REQUEST),
    ("unknown_type", StatusCode::BAD_REQUEST),
    ("origin_not_allowed", StatusCode::FORBIDDEN),
    ("not_found", StatusCode::NOT_FOUND),
    ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED),
    ("not_acceptable", StatusCode::NOT_ACCEPTABLE),
    ("timeout", StatusCode::REQUEST_TIMEOUT),
    ("too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("uri_too_long", StatusCode::URI_TOO_LONG),
    ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ("misdirected", StatusCode::MISDIRECTED_REQUEST),
    ("upgrade_required", StatusCode::UPGRADE_REQUIRED),
    (
        "headers_too_large",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    ),
    ("internal", StatusCode::INTERNAL_SERVER_ERROR),
    // The books can be asked later.
    ("ledger_down", StatusCode::SERVICE_UNAVAILABLE),
    // Surely not done.
    ("overloaded", StatusCode::SERVICE_UNAVAILABLE),
    ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
    // It may have been done: ask again with the same id.
    ("unknown", StatusCode::GATEWAY_TIMEOUT),
];

/// The status of a code. One that is not in the table is a mistake of ours, not of the caller.
pub fn status_of(code: &str) -> StatusCode {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(StatusCode::INTERNAL_SERVER_ERROR, |(_, status)| *status)
}

/// The code for an answer that a library made, by its status.
pub(super) fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "malformed",
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::NOT_ACCEPTABLE => "not_acceptable",
        StatusCode::REQUEST_TIMEOUT => "timeout",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::URI_TOO_LONG => "uri_too_long",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::MISDIRECTED_REQUEST => "misdirected",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid",
        StatusCode::UPGRADE_REQUIRED => "upgrade_required",
        StatusCode::TOO_MANY_REQUESTS => "rate_limited",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "headers_too_large",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        StatusCode::GATEWAY_TIMEOUT => "unknown",
        other if other.is_client_error() => "malformed",
        _ => "internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_looks_like_a_code() {
        for (at, (code, status)) in CODES.iter().enumerate() {
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{code}"
            );
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code}"
            );
            assert!(
                CODES[..at].iter().all(|(other, _)| other != code),
                "{code} stands twice"
            );
        }
    }

    #[test]
    fn a_status_leads_to_a_code_that_leads_back_to_it() {
        for (_, status) in CODES
            .iter()
            .filter(|(_, status)| !matches!(*status, StatusCode::CONFLICT | StatusCode::GONE))
        {
            assert_eq!(status_of(code_of(*status)), *status);
        }
    }

    #[test]
    fn an_unknown_code_is_our_mistake() {
        assert_eq!(status_of("sold_uot"), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
