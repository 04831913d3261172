//! Finds the series that a query of Prometheus names, without a full parser: Prometheus itself judges
//! the grammar, this only has to know names of series from functions, keywords and labels.

use lapak::telemetry::{Kind, Metric, catalogue};

/// A name with its matchers as written, `lapak_viewers{job=~".+"}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// The name of the series.
    pub(crate) name: String,
    /// Name and matchers.
    pub(crate) text: String,
}

impl Selector {
    /// The metric of the catalogue that has this series.
    pub(crate) fn metric(&self) -> Option<&'static Metric> {
        catalogue().find(|metric| match metric.kind {
            Kind::Histogram => {
                let rest = self.name.strip_prefix(metric.name);
                matches!(rest, Some("_bucket" | "_sum" | "_count"))
            }
            Kind::Counter | Kind::Gauge => self.name == metric.name,
        })
    }
}

impl Selector {
    /// What must match something: the selector, or one for each word of a list `=~"a|b"`, so that a
    /// wrong word does not hide behind a right one.
    pub(crate) fn choices(&self) -> Vec<String> {
        let list = self.text.match_indices("=~\"").find_map(|(place, sign)| {
            let (before, rest) = self.text.split_at(place + sign.len());
            let (words, after) = rest.split_once('"')?;
            words.contains('|').then_some((before, words, after))
        });
        match list {
            Some((before, words, after)) => {
                let words = words.split('|');
                words
                    .map(|word| format!("{before}{word}\"{after}"))
                    .collect()
            }
            None => vec![self.text.clone()],
        }
    }
}

/// Words that may stand where a name may, and are none.
const KEYWORDS: &[&str] = &[
    "and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end",
];

/// Words after which a list of labels stands.
const LABEL_LISTS: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// All selectors of a query, in order.
pub(crate) fn selectors(query: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => quoted(rest, first),
            '[' => enclosed(rest, ']'),
            '{' => enclosed(rest, '}'),
            _ if starts_word(first) => {
                let word = word(rest);
                let after = rest[word.len()..].trim_start();
                if LABEL_LISTS.contains(&word) && after.starts_with('(') {
                    rest.len() - after.len() + enclosed(after, ')')
                } else {
                    if is_name(word, after) {
                        let matchers = if after.starts_with('{') {
                            &after[..enclosed(after, '}')]
                        } else {
                            ""
                        };
                        found.push(Selector {
                            name: word.to_owned(),
                            text: format!("{word}{matchers}"),
                        });
                    }
                    word.len()
                }
            }
            // A number with its unit, as 5m or 1e9.
            _ if first.is_ascii_digit() => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
                .unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        rest = rest[length..].trim_start();
    }
    found
}

/// A word is a name unless it is a keyword, or a function or an aggregation by what follows it.
fn is_name(word: &str, after: &str) -> bool {
    let followed_by_list = LABEL_LISTS.contains(&self::word(after));
    !(after.starts_with('(')
        || followed_by_list
        || KEYWORDS.contains(&word.to_lowercase().as_str()))
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(starts_word(c) || c.is_ascii_digit()))
        .unwrap_or(text.len());
    &text[..end]
}

/// The length of a quoted text, quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            _ if c == quote => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of what a bracket encloses, brackets included; brackets in quotes do not count.
fn enclosed(text: &str, close: char) -> usize {
    let mut place = 1;
    while let Some(c) = text[place..].chars().next() {
        match c {
            '"' | '\'' | '`' => place += quoted(&text[place..], c),
            _ if c == close => return place + 1,
            _ => place += c.len_utf8(),
        }
    }
    text.len()
}

#[test]
fn names_are_told_from_functions_keywords_and_labels() {
    let cases: &[(&str, &[&str])] = &[
        ("up", &["up"]),
        ("up == 0", &["up"]),
        (
            "sum by (job, le) (rate(a_total{x=\"}\",y=~'b|c'}[5m]))",
            &["a_total{x=\"}\",y=~'b|c'}"],
        ),
        ("sum(a) by (job) / on (job) group_left (v) b", &["a", "b"]),
        (
            "histogram_quantile(0.99, sum without (i) (rate(a_bucket[1m])))",
            &["a_bucket"],
        ),
        (
            "rate(a_total[1h] offset 2m) > 10 and b unless c == bool 1",
            &["a_total", "b", "c"],
        ),
        (
            "lapak:share:5m > 1e-9 or vector(0) + Inf",
            &["lapak:share:5m"],
        ),
        ("avg_over_time(rate(a[1m])[1h:1m])", &["a"]),
        (
            "label_replace(a {j=\"b(\"}, \"c\", \"$1\", 'd', \"(e)\")",
            &["a{j=\"b(\"}"],
        ),
    ];
    for (query, wanted) in cases {
        let have: Vec<_> = selectors(query)
            .into_iter()
            .map(|selector| selector.text)
            .collect();
        assert_eq!(have, *wanted, "{query}");
    }
}

#[test]
fn a_list_of_words_is_looked_up_word_by_word() {
    let choices = |text: &str| selectors(text)[0].choices();
    assert_eq!(choices("a{b=~\".+\"}"), ["a{b=~\".+\"}"]);
    assert_eq!(
        choices("a{b=~\".+\",c=~\"x|y\"}"),
        ["a{b=~\".+\",c=~\"x\"}", "a{b=~\".+\",c=~\"y\"}"]
    );
}
