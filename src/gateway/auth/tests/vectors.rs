//! The vectors of S-07: what is taken, and which reason refuses the rest.

use super::*;

#[test]
#[rustfmt::skip] // one vector a line
fn algorithms_and_keys() {
    let ed_header = |alg: &str| format!(r#"{{"alg":"{alg}","kid":"ed"}}"#);
    let body = claims().to_string();
    let unsigned = |alg: &str| {
        raw(
            &format!(r#"{{"alg":"{alg}","kid":"hs"}}"#),
            &body,
            &Signer::Nobody,
        )
    };
    let pem = ED_PUBLIC.as_bytes();
    let trimmed = ED_PUBLIC.trim().as_bytes();
    check(vec![
        ("HS256", hs(&body), Ok(())),
        ("EdDSA", ed(ED_PRIVATE), Ok(())),
        ("none", unsigned("none"), Err(Error::Malformed)),
        ("None", unsigned("None"), Err(Error::Malformed)),
        ("NONE", unsigned("NONE"), Err(Error::Malformed)),
        ("nOnE", unsigned("nOnE"), Err(Error::Malformed)),
        ("none with a right signature", headed(r#"{"alg":"none","kid":"hs"}"#), Err(Error::Malformed)),
        ("HS256 with no signature", unsigned("HS256"), Err(Error::Signature)),
        ("no alg", headed(r#"{"kid":"hs"}"#), Err(Error::Malformed)),
        ("alg a number", headed(r#"{"alg":256,"kid":"hs"}"#), Err(Error::Malformed)),
        ("alg twice", headed(r#"{"alg":"none","alg":"HS256","kid":"hs"}"#), Err(Error::Malformed)),
        ("hs256", headed(r#"{"alg":"hs256","kid":"hs"}"#), Err(Error::Malformed)),
        ("HS384 with the HS256 key", headed(r#"{"alg":"HS384","kid":"hs"}"#), Err(Error::Algorithm)),
        ("HS512 with the HS256 key", headed(r#"{"alg":"HS512","kid":"hs"}"#), Err(Error::Algorithm)),
        ("RS256", headed(r#"{"alg":"RS256","kid":"hs"}"#), Err(Error::Algorithm)),
        ("ES256", headed(r#"{"alg":"ES256","kid":"ed"}"#), Err(Error::Algorithm)),
        ("HS256 signed with the public key", raw(&ed_header("HS256"), &body, &Signer::Hmac(pem)), Err(Error::Algorithm)),
        ("the same without the last newline", raw(&ed_header("HS256"), &body, &Signer::Hmac(trimmed)), Err(Error::Algorithm)),
        ("EdDSA by the HMAC key's name", raw(r#"{"alg":"EdDSA","kid":"hs"}"#, &body, &Signer::Ed(ED_PRIVATE)), Err(Error::Algorithm)),
        ("EdDSA said, HMAC signed", raw(&ed_header("EdDSA"), &body, &Signer::Hmac(pem)), Err(Error::Signature)),
        ("another secret", raw(r#"{"alg":"HS256","kid":"hs"}"#, &body, &Signer::Hmac(OTHER_SECRET)), Err(Error::Signature)),
        ("another private key", ed(ED_OTHER_PRIVATE), Err(Error::Signature)),
        ("unknown kid", headed(r#"{"alg":"HS256","kid":"old"}"#), Err(Error::UnknownKey)),
        ("kid a path", headed(r#"{"alg":"HS256","kid":"../../dev/null"}"#), Err(Error::UnknownKey)),
        ("kid SQL", headed(r#"{"alg":"HS256","kid":"hs' OR '1'='1"}"#), Err(Error::UnknownKey)),
        ("kid empty", headed(r#"{"alg":"HS256","kid":""}"#), Err(Error::UnknownKey)),
        ("kid a list", headed(r#"{"alg":"HS256","kid":["hs"]}"#), Err(Error::Malformed)),
        ("no kid while there are two keys", headed(r#"{"alg":"HS256"}"#), Err(Error::UnknownKey)),
    ]);
}

#[test]
#[rustfmt::skip] // one vector a line
fn headers() {
    let jwk = json!({"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"});
    check(vec![
        ("jku", headed(&header_with("jku", json!("https://evil.example/keys"))), Err(Error::Header("jku"))),
        ("x5u", headed(&header_with("x5u", json!("https://evil.example/cert"))), Err(Error::Header("x5u"))),
        ("jwk", headed(&header_with("jwk", jwk)), Err(Error::Header("jwk"))),
        ("x5c", headed(&header_with("x5c", json!(["AA"]))), Err(Error::Header("x5c"))),
        ("crit", headed(&header_with("crit", json!(["exp"]))), Err(Error::Header("crit"))),
        ("zip", headed(&header_with("zip", json!("DEF"))), Err(Error::Header("zip"))),
        ("nested token", headed(&header_with("cty", json!("JWT"))), Err(Error::Header("cty"))),
        ("typ JWT", headed(&header_with("typ", json!("JWT"))), Ok(())),
        ("typ jwt", headed(&header_with("typ", json!("jwt"))), Ok(())),
        ("no typ", headed(r#"{"alg":"HS256","kid":"hs"}"#), Ok(())),
        ("typ JWE", headed(&header_with("typ", json!("JWE"))), Err(Error::Header("typ"))),
        ("typ a number", headed(&header_with("typ", json!(1))), Err(Error::Malformed)),
        ("a header nobody knows", headed(&header_with("x-shop", json!("toko"))), Ok(())),
    ]);
}

#[test]
#[rustfmt::skip] // one vector a line
fn times() {
    let exp = |offset: i64| hs(&claims_with("exp", json!(NOW_S.strict_add_signed(offset))));
    let nbf = |offset: i64| hs(&claims_with("nbf", json!(NOW_S.strict_add_signed(offset))));
    check(vec![
        ("exp in a second", exp(1), Ok(())),
        ("exp now", exp(0), Ok(())),
        ("exp 5 s ago, the leeway", exp(-5), Ok(())),
        ("exp 6 s ago", exp(-6), Err(Error::Expired)),
        ("exp in 1970", hs(&claims_with("exp", json!(0))), Err(Error::Expired)),
        ("exp at the end of numbers", hs(&claims_with("exp", json!(u64::MAX))), Ok(())),
        ("no exp", hs(&claims_with("exp", Value::Null)), Err(Error::Claim("exp"))),
        ("exp null", hs(&claims().to_string().replace("1700000600", "null")), Err(Error::Claim("exp"))),
        ("exp a text", hs(&claims_with("exp", json!("1800000000"))), Err(Error::Claim("exp"))),
        ("exp a fraction", hs(&claims_with("exp", json!(1.8e9))), Err(Error::Claim("exp"))),
        ("exp negative", hs(&claims_with("exp", json!(-1))), Err(Error::Claim("exp"))),
        ("nbf an hour ago", nbf(-3_600), Ok(())),
        ("nbf in 5 s, the leeway", nbf(5), Ok(())),
        ("nbf in 6 s", nbf(6), Err(Error::Early)),
        ("nbf at the end of numbers", hs(&claims_with("nbf", json!(u64::MAX))), Err(Error::Early)),
        ("nbf a text", hs(&claims_with("nbf", json!("0"))), Err(Error::Claim("nbf"))),
    ]);
}

#[test]
#[rustfmt::skip] // one vector a line
fn who_and_where() {
    let long = "x".repeat(65);
    let many: Vec<String> = (0..65).map(|n| format!("live-{n}")).collect();
    check(vec![
        ("64 characters", hs(&claims_with("sub", json!("x".repeat(64)))), Ok(())),
        ("65 characters", hs(&claims_with("sub", json!(long))), Err(Error::Claim("sub"))),
        ("no sub", hs(&claims_with("sub", Value::Null)), Err(Error::Claim("sub"))),
        ("empty sub", hs(&claims_with("sub", json!(""))), Err(Error::Claim("sub"))),
        ("sub a number", hs(&claims_with("sub", json!(7))), Err(Error::Claim("sub"))),
        ("sub a list", hs(&claims_with("sub", json!(["alice"]))), Err(Error::Malformed)),
        ("sub with NUL", hs(&claims_with("sub", json!("a\0b"))), Err(Error::Claim("sub"))),
        ("sub with a line", hs(&claims_with("sub", json!("a\nb"))), Err(Error::Claim("sub"))),
        ("sub with a space", hs(&claims_with("sub", json!("a b"))), Err(Error::Claim("sub"))),
        ("sub of look-alikes", hs(&claims_with("sub", json!("аlice"))), Err(Error::Claim("sub"))),
        ("sub of markup stays text", hs(&claims_with("sub", json!("<img/onerror=x>"))), Ok(())),
        ("no shop", hs(&claims_with("shop", Value::Null)), Err(Error::Claim("shop"))),
        ("65 of shop", hs(&claims_with("shop", json!(long))), Err(Error::Claim("shop"))),
        ("shop with DEL", hs(&claims_with("shop", json!("a\u{7f}"))), Err(Error::Claim("shop"))),
        ("another shop is the caller's to judge", hs(&claims_with("shop", json!("warung"))), Ok(())),
        ("no role", hs(&claims_with("role", Value::Null)), Err(Error::Claim("role"))),
        ("role root", hs(&claims_with("role", json!("root"))), Err(Error::Claim("role"))),
        ("role Admin", hs(&claims_with("role", json!("Admin"))), Err(Error::Claim("role"))),
        ("roles", hs(&claims_with("role", json!(["viewer", "admin"]))), Err(Error::Claim("role"))),
        ("lives a text", hs(&claims_with("lives", json!("live-1"))), Err(Error::Claim("lives"))),
        ("lives null", hs(&claims().to_string().replace('}', ",\"lives\":null}")), Err(Error::Claim("lives"))),
        ("lives of numbers", hs(&claims_with("lives", json!([1]))), Err(Error::Claim("lives"))),
        ("64 lives", hs(&claims_with("lives", json!(many[..64]))), Ok(())),
        ("65 lives", hs(&claims_with("lives", json!(many))), Err(Error::Claim("lives"))),
    ]);
}

#[test]
#[rustfmt::skip] // one vector a line
fn garbage() {
    let good = hs(&claims().to_string());
    let [head, body, signature]: [&str; 3] =
        good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let flipped = format!("{head}.{body}.{first}{}", &signature[1..]);
    check(vec![
        ("nothing", String::new(), Err(Error::Malformed)),
        ("one part", head.to_owned(), Err(Error::Malformed)),
        ("two parts", format!("{head}.{body}"), Err(Error::Malformed)),
        ("four parts", format!("{good}.x"), Err(Error::Malformed)),
        ("five parts, as encrypted ones have", format!("{good}.x.y"), Err(Error::Malformed)),
        ("dots", "...".to_owned(), Err(Error::Malformed)),
        ("no base64", "!!.??.**".to_owned(), Err(Error::Malformed)),
        ("no JSON", format!("{}.{body}.{signature}", base64url(b"alg=HS256")), Err(Error::Malformed)),
        ("control characters", "\0\x01\x02.\r\n.\x7f".to_owned(), Err(Error::Malformed)),
        ("not ASCII", "é.ü.💥".to_owned(), Err(Error::Malformed)),
        ("padding", format!("{good}="), Err(Error::Malformed)),
        ("space in front", format!(" {good}"), Err(Error::Malformed)),
        ("scheme in front", format!("Bearer {good}"), Err(Error::Malformed)),
        ("one bit of the signature", flipped, Err(Error::Signature)),
        ("other claims under the signature", format!("{head}.{}.{signature}", base64url(claims_with("role", json!("admin")).as_bytes())), Err(Error::Signature)),
        ("claims no object", hs("[]"), Err(Error::Malformed)),
        ("claims no JSON", hs("{"), Err(Error::Malformed)),
        ("claims nested a thousand deep", hs(&format!("{{\"a\":{deep}}}")), Err(Error::Malformed)),
        ("claims in another encoding", hs("\u{feff}{}"), Err(Error::Malformed)),
        ("4 KiB and one byte", "a".repeat(TOKEN_BYTES_MAX + 1), Err(Error::TooLong)),
        ("64 MiB", "a".repeat(64 << 20), Err(Error::TooLong)),
    ]);
}
