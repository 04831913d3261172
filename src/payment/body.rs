//! Reads the JSON of notifications: an object, no name twice, texts without control characters.
//!
//! A name that stands twice means one thing to one reader and another to the next, so it is
//! refused, at any depth.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::Error;
use super::money;
use crate::catalog::Currency;

/// Longest text that is looked at, in bytes.
const TEXT_MAX: usize = 256;

/// A notification's body.
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(bytes) {
            Ok(Strict(Value::Object(fields))) => Ok(Self(fields)),
            _ => Err(Error::Malformed("body")),
        }
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields(&self.0)
    }
}

/// The members of an object. Null means the same as absent, everywhere.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that has to be there and to say something.
    pub(super) fn text(self, name: &'static str) -> Result<&'a str, Error> {
        self.text_if(name)?.ok_or(Error::Malformed(name))
    }

    /// A text; an empty one says nothing.
    pub(super) fn text_if(self, name: &'static str) -> Result<Option<&'a str>, Error> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or(Error::Malformed(name))?;
        if text.len() > TEXT_MAX || text.chars().any(char::is_control) {
            return Err(Error::Malformed(name));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// A whole number from 0.
    pub(super) fn count_if(self, name: &'static str) -> Result<Option<u64>, Error> {
        let count = |value: &Value| value.as_u64().ok_or(Error::Malformed(name));
        self.get(name).map(count).transpose()
    }

    /// An object.
    pub(super) fn part(self, name: &'static str) -> Result<Fields<'a>, Error> {
        self.part_if(name)?.ok_or(Error::Malformed(name))
    }

    /// An object that may be absent.
    pub(super) fn part_if(self, name: &'static str) -> Result<Option<Fields<'a>>, Error> {
        let part = |value: &'a Value| value.as_object().ok_or(Error::Malformed(name));
        Ok(self.get(name).map(part).transpose()?.map(Fields))
    }

    /// The objects of a list; none if there is no list.
    pub(super) fn parts(self, name: &'static str) -> Result<Vec<Fields<'a>>, Error> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().ok_or(Error::Malformed(name))?;
        let part = |item: &'a Value| item.as_object().map(Fields).ok_or(Error::Malformed(name));
        items.iter().map(part).collect()
    }

    /// An amount, as number or text, in minor units.
    pub(super) fn amount(self, name: &'static str, currency: Currency) -> Result<u64, Error> {
        self.amount_if(name, currency)?
            .ok_or(Error::Malformed(name))
    }

    /// The same, if it is there.
    pub(super) fn amount_if(
        self,
        name: &'static str,
        currency: Currency,
    ) -> Result<Option<u64>, Error> {
        let minor = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => money::minor(text, currency),
            Some(Value::Number(number)) => money::minor(&number.to_string(), currency),
            Some(_) => None,
        };
        minor.map(Some).ok_or(Error::Malformed(name))
    }

    /// The amounts of all objects of a list; none if the list is empty or absent.
    pub(super) fn sum(
        self,
        list: &'static str,
        name: &'static str,
        currency: Currency,
    ) -> Result<Option<u64>, Error> {
        let mut total: Option<u64> = None;
        for part in self.parts(list)? {
            let one = part.amount(name, currency)?;
            let sum = total.unwrap_or(0).checked_add(one);
            total = Some(sum.ok_or(Error::Malformed(name))?);
        }
        Ok(total)
    }

    /// A currency; what the gateway leaves out is its only one.
    pub(super) fn currency(self, absent: Option<Currency>) -> Result<Currency, Error> {
        const NAME: &str = "currency";
        match self.text_if(NAME)? {
            Some(code) => money::currency(code),
            None => absent,
        }
        .ok_or(Error::Malformed(NAME))
    }
}

/// A value in which no object has a name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no object has a name twice")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Strict(value))) = from.next_entry::<String, Strict>()? {
            if fields.insert(name, value).is_some() {
                return Err(de::Error::custom("a name stands twice"));
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_repetition_is_read() {
        let body = Body::read(br#"{"a":"x","b":{"c":[{"d":"1.00"},{"d":2}]},"e":null,"n":-1}"#);
        let body = body.unwrap();
        let fields = body.fields();
        assert_eq!(fields.text("a"), Ok("x"));
        assert_eq!(fields.text("e"), Err(Error::Malformed("e")));
        let items = fields.part("b").unwrap().parts("c").unwrap();
        let amounts = items.iter().map(|item| item.amount("d", Currency::IDR));
        assert_eq!(amounts.collect::<Vec<_>>(), [Ok(1), Ok(2)]);
        assert_eq!(fields.count_if("n"), Err(Error::Malformed("n")));
    }

    #[test]
    fn anything_else_is_refused() {
        let deep = "[".repeat(100_000);
        for bad in [
            "",
            "[]",
            "null",
            "{\"a\":1}{}",
            "{\"a\":1,\"a\":1}",
            "{\"b\":[{\"a\":1,\"a\":2}]}",
            "{\"a\":1e999}",
            "{\"a\":\"\u{1}\"}",
            deep.as_str(),
        ] {
            assert!(Body::read(bad.as_bytes()).is_err(), "{bad:.40}");
        }
        assert!(Body::read(b"{\"a\":\"\xff\"}").is_err());
    }
}
