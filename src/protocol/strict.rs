//! The one strict reader of what clients send as JSON (S-15): nothing nests deeper than eight, no
//! key stands twice, no text holds NUL. What two readers could take for two things is refused
//! before anybody acts on either.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep an object may nest.
const DEPTH_MAX: usize = 8;

/// What is wrong with a text that is JSON, and with which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The key stands twice in one object; only the first value was kept.
    Twice(String),
    /// Its text holds a NUL.
    Nul(String),
}

impl Fault {
    /// The field.
    pub fn field(&self) -> &str {
        match self {
            Self::Twice(field) | Self::Nul(field) => field,
        }
    }
}

/// Reads a text; `None` if it is not JSON or nests too deep. With a fault the value serves only to
/// say whose request it was.
pub fn parse(text: &str) -> Option<(Value, Option<Fault>)> {
    if nests_deeper(text, DEPTH_MAX) {
        return None;
    }
    let fault = RefCell::new(None);
    let mut from = serde_json::Deserializer::from_str(text);
    let whole = Strict {
        field: "",
        fault: &fault,
    };
    let value = whole.deserialize(&mut from).ok()?;
    from.end().ok()?;
    Some((value, fault.into_inner()))
}

/// Builds a value and keeps the first fault it meets.
struct Strict<'a> {
    field: &'a str,
    fault: &'a RefCell<Option<Fault>>,
}

impl Strict<'_> {
    fn keep(&self, fault: Fault) {
        self.fault.borrow_mut().get_or_insert(fault);
    }

    fn text(&self, text: String) -> Value {
        if text.contains('\0') {
            self.keep(Fault::Nul(self.field.to_owned()));
        }
        Value::String(text)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(self.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let (field, fault) = (self.field, self.fault);
        while let Some(value) = from.next_element_seed(Strict { field, fault })? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let (mut object, fault) = (Map::new(), self.fault);
        while let Some(key) = from.next_key::<String>()? {
            let value = from.next_value_seed(Strict { field: &key, fault })?;
            if object.contains_key(&key) {
                self.keep(Fault::Twice(key));
            } else {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}

fn nests_deeper(text: &str, most: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<Fault> {
        parse(text).unwrap().1
    }

    #[test]
    fn what_is_in_order_is_read_as_by_the_library() {
        for text in [
            "null",
            "[1,-2,3.5,true,\"a\"]",
            r#"{"a":{"b":[{"c":1},{"c":2}]},"c":18446744073709551615,"d":-9223372036854775808}"#,
            r#" {"a" : "\u00e9\ud83d\ude00\n" } "#,
        ] {
            assert_eq!(
                parse(text),
                Some((serde_json::from_str(text).unwrap(), None)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_told_wherever_it_is() {
        for (text, field) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"x":{"b":1,"b":2}}"#, "b"),
            (r#"{"x":[{"c":1},{"c":1,"c":2}]}"#, "c"),
        ] {
            assert_eq!(fault(text), Some(Fault::Twice(field.into())), "{text}");
        }
        assert_eq!(
            parse(r#"{"a":1,"a":2}"#).unwrap().0["a"],
            1,
            "the first one is kept"
        );
    }

    #[test]
    fn a_text_with_nul_is_told() {
        for (text, field) in [(r#"{"a":"x\u0000"}"#, "a"), (r#"{"a":["\u0000"]}"#, "a")] {
            assert_eq!(fault(text), Some(Fault::Nul(field.into())), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_nothing() {
        let (fits, deep) = (
            "[".repeat(8) + &"]".repeat(8),
            "[".repeat(9) + &"]".repeat(9),
        );
        assert!(parse(&fits).is_some());
        for text in ["", "{", "{}x", "{} {}", r#""\ud800""#, "01", "NaN", &deep] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(
            parse(r#"{"a":"[[[[[[[[[[["}"#).is_some(),
            "brackets in a text do not nest"
        );
    }
}
