//! A product's HTML body as a short plain text. One pass, linear in the body's length.

use super::text::clean;

/// Contents of these are not for readers.
const UNREAD: [&str; 6] = ["script", "style", "head", "template", "svg", "iframe"];

/// Tags that stand inside a line; all others part words.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "code", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub",
    "sup", "u", "wbr",
];

const ENTITIES: [(&str, &str); 24] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bull", "•"),
    ("middot", "·"),
    ("deg", "°"),
    ("times", "×"),
    ("frac12", "½"),
    ("eacute", "é"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("euro", "€"),
    ("shy", ""),
];

/// The text of an HTML body, at most `max` characters. The result is text, not markup: `&lt;b&gt;`
/// in the body is `<b>` here.
pub(super) fn plain_text(html: &str, max: usize) -> String {
    let mut text = String::new();
    let mut rest = html;
    let mut gone = Gone::default();
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        let tail = &rest[at..];
        rest = if tail.starts_with('&') {
            entity(tail, &mut text)
        } else if is_tag(tail) {
            past_tag(tail, &mut text, &mut gone)
        } else {
            text.push('<');
            &tail[1..]
        };
    }
    text.push_str(rest);
    clean(&text, max)
}

/// `<` opens a tag only before a letter, `/`, `!` or `?`; otherwise it is "less than".
fn is_tag(tail: &str) -> bool {
    let next = tail.as_bytes().get(1);
    next.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?'))
}

/// What is known not to come again, so that it is searched to the end but once.
#[derive(Default)]
struct Gone {
    single: bool,
    double: bool,
    end_of: [bool; UNREAD.len()],
}

/// What follows the tag (or comment, or unread element) at the start of `tail`.
fn past_tag<'a>(tail: &'a str, text: &mut String, gone: &mut Gone) -> &'a str {
    if let Some(comment) = tail.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let name_end = tail[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '/');
    let name = tail[1..name_end.map_or(tail.len(), |end| end + 1)].to_ascii_lowercase();
    if !INLINE.contains(&name.trim_matches('/')) {
        text.push(' ');
    }
    let after = past_bracket(tail, gone);
    match UNREAD.iter().position(|unread| *unread == name) {
        Some(which) => past_unread(after, which, gone),
        None => after,
    }
}

/// What follows the `>` of the tag; a `>` inside a quoted attribute is not it.
fn past_bracket<'a>(tag: &'a str, gone: &mut Gone) -> &'a str {
    let mut at = 0;
    while let Some(found) = tag[at..].find(['>', '=']) {
        at += found + 1;
        if tag.as_bytes()[at - 1] == b'>' {
            return &tag[at..];
        }
        let value = tag[at..].trim_start();
        let (mark, is_gone) = match value.as_bytes().first() {
            Some(b'"') => ('"', &mut gone.double),
            Some(b'\'') => ('\'', &mut gone.single),
            _ => continue,
        };
        let open = tag.len() - value.len() + 1;
        if *is_gone {
            continue;
        }
        match tag[open..].find(mark) {
            Some(length) => at = open + length + 1,
            None => *is_gone = true,
        }
    }
    ""
}

/// What follows `</script` or the like; an element that is never closed hides nothing but its tag.
fn past_unread<'a>(after: &'a str, which: usize, gone: &mut Gone) -> &'a str {
    if gone.end_of[which] {
        return after;
    }
    let end = format!("</{}", UNREAD[which]);
    let found = after.match_indices("</").find(|(at, _)| {
        after.as_bytes()[*at..]
            .get(..end.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(end.as_bytes()))
    });
    if let Some((at, _)) = found {
        return &after[at..];
    }
    gone.end_of[which] = true;
    after
}

/// Writes what the entity at the start of `tail` stands for, or the `&` as it is.
fn entity<'a>(tail: &'a str, text: &mut String) -> &'a str {
    let body: &str = &tail[1..];
    let end = body.bytes().take(10).position(|b| b == b';');
    if let Some(name) = end.map(|end| &body[..end]) {
        let named = ENTITIES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| (*text).to_owned());
        if let Some(meant) = named.or_else(|| numbered(name).map(String::from)) {
            text.push_str(&meant);
            return &body[name.len() + 1..];
        }
    }
    text.push('&');
    body
}

fn numbered(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn bodies_become_plain_text() {
        let rows = [
            ("plain, as it is", "plain, as it is"),
            ("<p>one</p><p>two</p>", "one two"),
            ("<b>bo</b>ld", "bold"),
            ("a<br/>b<BR>c", "a b c"),
            ("3 < 5 & 6 > 2", "3 < 5 & 6 > 2"),
            ("<a title=\"x > y\" href='z>'>link</a>", "link"),
            ("<p class=it's>don't</p>", "don't"),
            ("<p title='never closed>text</p> more", "text more"),
            ("<!-- hidden --> shown <!-- open", "shown"),
            ("<SCRIPT>alert('<p>')</script >after", "after"),
            ("<style>never closed", "never closed"),
            (
                "&lt;script&gt; &#x1F600; &#0; &#xD800; &amp;lt;",
                "<script> 😀 &#xD800; &lt;",
            ),
            ("cut <img src=x", "cut"),
            ("é<ü>", "é<ü>"),
        ];
        for (html, text) in rows {
            assert_eq!(plain_text(html, 300), text, "{html}");
        }
    }

    #[test]
    fn a_hostile_body_is_read_in_one_pass() {
        for piece in [
            "<a '", "<a ='", "<a =\"", "<script>", "<!--", "&", "</", "<", "= ",
        ] {
            let body = piece.repeat((1 << 20) / piece.len());
            assert!(plain_text(&body, 300).chars().count() <= 300, "{piece}");
        }
    }
}
