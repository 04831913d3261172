//! Taps of a crew's lines: each asks for one unit, and again with the same id until it is known what
//! became of it; what is left of the drop is followed in every frame.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use uuid::Uuid;

use super::frames::number;
use super::line::{Line, Notes, has};

/// When somebody asks again who is not told when.
const AGAIN_MS: u64 = 20;

/// What a line asked for.
#[derive(Debug)]
pub(super) struct Tap {
    id: String,
    planned_us: u64,
    answered: bool,
    /// When it is to be asked again.
    pub(super) again_us: Option<u64>,
}

/// Who taps when.
#[derive(Debug, Default)]
pub(super) struct Taps {
    drop: String,
    sku: String,
    due: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Taps {
    /// Every so manyth line taps at this time.
    pub(super) fn plan(
        drop: &str,
        sku: &str,
        from_us: u64,
        every: usize,
        lines: &mut [Line],
    ) -> Self {
        let (drop, sku) = (drop.to_owned(), sku.to_owned());
        let mut due = BinaryHeap::new();
        for (n, line) in lines.iter_mut().enumerate().step_by(every.max(1)) {
            line.tap = Some(Box::new(Tap {
                id: Uuid::now_v7().to_string(),
                planned_us: from_us,
                answered: false,
                again_us: None,
            }));
            due.push(Reverse((from_us, n)));
        }
        Self { drop, sku, due }
    }

    /// When the next one is due.
    pub(super) fn next_us(&self) -> u64 {
        self.due.peek().map_or(u64::MAX, |Reverse((at, _))| *at)
    }

    /// The next one that is due by now, and what it says.
    pub(super) fn due(&mut self, now_us: u64, lines: &[Line]) -> Option<(usize, String)> {
        let Reverse((at, n)) = *self.due.peek()?;
        if at > now_us {
            return None;
        }
        self.due.pop();
        let id = &lines.get(n)?.tap.as_ref()?.id;
        let (drop, sku) = (&self.drop, &self.sku);
        let text =
            format!(r#"{{"type":"book","id":"{id}","drop":"{drop}","sku":"{sku}","qty":1}}"#);
        Some((n, text))
    }

    /// A line asks again.
    pub(super) fn again(&mut self, n: usize, at_us: u64) {
        self.due.push(Reverse((at_us, n)));
    }
}

impl Tap {
    /// Takes a message in, if it is the answer.
    pub(super) fn hear(&mut self, text: &[u8], notes: &mut Notes) {
        if !has(text, self.id.as_bytes()) {
            return;
        }
        let is = |words: &str| has(text, words.as_bytes());
        let known = is(r#""type":"held""#) || is(r#""type":"refused""#);
        if is(r#""type":"booking""#) {
            // The news of one's own booking may name the request.
            return;
        }
        if !known || is(r#""code":"stale_epoch""#) || is(r#""code":"rate_limited""#) {
            notes.tally.again += 1;
            let wait = number(text, b"\"retry_ms\":").unwrap_or_default();
            self.again_us = Some(notes.now_us + wait.clamp(AGAIN_MS, 1_000) * 1_000);
            return;
        }
        if self.answered {
            notes
                .tally
                .fault(|| format!("answered again: {}", String::from_utf8_lossy(text)));
            return;
        }
        self.answered = true;
        let took = notes.now_us.saturating_sub(self.planned_us).max(1);
        notes.answered.saturating_record(took);
        if is(r#""type":"held""#) {
            notes.tally.held.push(self.id.clone());
        } else if is(r#""code":"sold_out""#) {
            notes.tally.sold_out += 1;
        } else {
            notes
                .tally
                .fault(|| format!("no booking but {}", String::from_utf8_lossy(text)));
        }
    }
}

/// What a message says is left of a drop.
pub(super) fn left_of(text: &[u8], drop: &[u8]) -> Option<u64> {
    let find = |text: &[u8], words: &[u8]| text.windows(words.len()).position(|part| part == words);
    let items = &text[find(text, b"\"items\":[")?..];
    let own = &items[find(items, drop)?..];
    number(own, b"\"available\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_of_the_drop_that_is_asked_for() {
        let text = br#"{"drops":[{"drop":"d2"}],"items":[{"drop":"d1","available":7},{"drop":"d2","sku":"S","available":3}]}"#;
        assert_eq!(left_of(text, b"\"d1\""), Some(7));
        assert_eq!(left_of(text, b"\"d2\""), Some(3));
        assert_eq!(left_of(text, b"\"d3\""), None);
    }

    #[test]
    fn an_answer_counts_once_and_what_was_not_done_is_asked_again() {
        let mut lines = vec![Line::new(), Line::new(), Line::new()];
        let mut taps = Taps::plan("d", "S", 5, 2, &mut lines);
        assert!(taps.due(4, &lines).is_none());
        let (n, text) = taps.due(5, &lines).unwrap();
        let id = serde_json::from_str::<serde_json::Value>(&text).unwrap()["id"].clone();
        assert!(taps.due(5, &lines).is_some() && taps.due(5, &lines).is_none());
        let mut notes = Notes::default();
        let tap = lines[n].tap.as_mut().unwrap();
        let mut say = |tap: &mut Tap, text: String| tap.hear(text.as_bytes(), &mut notes);
        say(
            tap,
            format!(r#"{{"type":"refused","id":{id},"code":"stale_epoch","retry_ms":100}}"#),
        );
        assert_eq!(tap.again_us.take(), Some(100_000));
        say(tap, r#"{"type":"held","id":"another"}"#.to_owned());
        say(tap, format!(r#"{{"type":"held","id":{id}}}"#));
        say(tap, format!(r#"{{"type":"held","id":{id}}}"#));
        assert_eq!((notes.tally.held.len(), notes.tally.again), (1, 1));
        assert_eq!(notes.tally.faults_total, 1);
    }
}
