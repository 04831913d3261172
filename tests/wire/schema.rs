//! Checks JSON against the schemas of the two API documents: the part of JSON Schema that they
//! use, and stricter in one thing: a field that is not documented is a fault.

use std::sync::OnceLock;

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// docs/asyncapi.yaml.
pub(crate) fn asyncapi() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = include_str!("../../docs/asyncapi.yaml");
        json(&YamlLoader::load_from_str(text).unwrap()[0])
    })
}

/// docs/openapi.json.
pub(crate) fn openapi() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap())
}

fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Integer(n) => (*n).into(),
        Yaml::String(text) => text.as_str().into(),
        Yaml::Boolean(is) => (*is).into(),
        Yaml::Array(all) => all.iter().map(json).collect(),
        Yaml::Hash(all) => {
            let fields = all
                .iter()
                .map(|(name, value)| (name.as_str().unwrap().to_owned(), json(value)));
            Value::Object(fields.collect())
        }
        Yaml::Null => Value::Null,
        other => panic!("not expected here: {other:?}"),
    }
}

/// The names of the messages of one direction: `say` or `told` of the operations.
pub(crate) fn messages(operation: &str, with_replies: bool) -> Vec<&'static str> {
    let operation = &asyncapi()["operations"][operation];
    let replies = operation["reply"]["messages"]
        .as_array()
        .filter(|_| with_replies);
    let own = operation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|_| !with_replies);
    let all = own.chain(replies.into_iter().flatten());
    all.map(|message| {
        message["$ref"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
    })
    .collect()
}

/// The schema of a message's payload.
pub(crate) fn payload(message: &str) -> &'static Value {
    resolve(
        asyncapi(),
        &asyncapi()["components"]["messages"][message]["payload"],
    )
}

/// The check of whatever the server says: it is a documented message, with documented fields.
pub(crate) fn told(message: &Value) {
    if message.get("snapshot").is_some() && message.get("type").is_none() {
        return matches(openapi(), "Standing", message);
    }
    let (told, answers) = (messages("told", false), messages("say", true));
    one_of(message, told.into_iter().chain(answers));
}

/// The check of what a client says in an example.
pub(crate) fn said(message: &Value) {
    one_of(message, messages("say", false).into_iter());
}

fn one_of(message: &Value, names: impl Iterator<Item = &'static str>) {
    let kind = &message["type"];
    let candidates: Vec<_> = names
        .map(payload)
        .filter(|s| s["properties"]["type"]["const"] == *kind)
        .collect();
    let faults: Vec<_> = candidates
        .iter()
        .map(|schema| fault(asyncapi(), schema, message, ""))
        .collect();
    assert!(
        faults.iter().any(Option::is_none),
        "not as documented: {message}\n{faults:?}"
    );
}

/// Checks a value against a schema of a document by its name.
pub(crate) fn matches(document: &Value, name: &str, value: &Value) {
    let schema = &document["components"]["schemas"][name];
    assert!(schema.is_object(), "no schema {name}");
    if let Some(fault) = fault(document, schema, value, "") {
        panic!("no {name}: {fault}\n{value}");
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(to) => document
            .pointer(to.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("no {to}")),
        None => schema,
    }
}

/// What is wrong with a value, and where; none if it fits.
pub(crate) fn fault(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let schema = resolve(document, schema);
    let say = |what: String| Some(format!("{at}: {what}"));
    if let Some(all) = schema["oneOf"].as_array() {
        let fit = all
            .iter()
            .filter(|one| fault(document, one, value, at).is_none())
            .count();
        return if fit == 1 {
            None
        } else {
            say(format!("{fit} of oneOf fit {value}"))
        };
    }
    if !types(&schema["type"]).any(|kind| is(kind, value)) && schema.get("type").is_some() {
        return say(format!("{value} is no {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return say(format!("{value} is not {}", schema["const"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|all| !all.contains(value))
    {
        return say(format!("{value} is none of {}", schema["enum"]));
    }
    if let Some(number) = value.as_i64() {
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            return say(format!("{number} is out of range"));
        }
    }
    if schema["format"] == "uuid"
        && value
            .as_str()
            .is_some_and(|text| uuid::Uuid::try_parse(text).is_err())
    {
        return say(format!("{value} is no UUID"));
    }
    match value {
        Value::Array(all) => {
            let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
            if all.len() as u64 > most {
                return say(format!("more than {most}"));
            }
            let each = |(n, one)| fault(document, &schema["items"], one, &format!("{at}[{n}]"));
            all.iter().enumerate().find_map(each)
        }
        Value::Object(fields) => object(document, schema, fields, at),
        _ => None,
    }
}

fn object(
    document: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    at: &str,
) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(name) = required
        .filter_map(Value::as_str)
        .find(|name| !fields.contains_key(*name))
    {
        return Some(format!("{at}: no {name}"));
    }
    fields.iter().find_map(|(name, value)| {
        let at = format!("{at}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) => Some(format!("{at} is not documented")),
            (Value::Null, Value::Bool(true)) => None,
            (Value::Null, other) => fault(document, other, value, &at),
            (known, _) => fault(document, known, value, &at),
        }
    })
}

fn types(kind: &Value) -> impl Iterator<Item = &str> {
    let many = kind.as_array().into_iter().flatten();
    kind.as_str()
        .into_iter()
        .chain(many.filter_map(Value::as_str))
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("a type that is not checked here: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_checker_finds_faults() {
        let good = json!({"type": "viewers", "count": 3, "approximate": true});
        told(&good);
        for (change, value) in [
            ("count", json!(-1)),
            ("count", json!("3")),
            ("count", json!(1.5)),
            ("approximate", json!(null)),
            ("extra", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[change] = value;
            assert!(
                fault(asyncapi(), payload("viewers"), &bad, "").is_some(),
                "{bad}"
            );
        }
        assert!(
            fault(
                asyncapi(),
                payload("viewers"),
                &json!({"type": "viewers"}),
                ""
            )
            .is_some()
        );
        let drop = json!({"type": "drop.pause", "id": "no uuid", "drop": "b"});
        assert!(fault(asyncapi(), payload("dropPause"), &drop, "").is_some());
    }
}
