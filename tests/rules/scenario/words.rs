//! The words of a line, taken one by one; what is left over at the end was not understood.

use std::str::FromStr;

/// The words of a line that have not been taken.
pub(super) struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.split_whitespace().collect())
    }

    /// The next word, which must be there.
    pub(super) fn next(&mut self, what: &str) -> Result<&'a str, String> {
        if self.0.is_empty() {
            Err(format!("{what} is missing"))
        } else {
            Ok(self.0.remove(0))
        }
    }

    /// Whether this word stands anywhere.
    pub(super) fn flag(&mut self, word: &str) -> bool {
        let at = self.0.iter().position(|w| *w == word);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// The word after this one, wherever it stands.
    pub(super) fn after(&mut self, word: &str) -> Result<Option<&'a str>, String> {
        let Some(at) = self.0.iter().position(|w| *w == word) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at == self.0.len() {
            return Err(format!("something must follow {word:?}"));
        }
        Ok(Some(self.0.remove(at)))
    }

    /// The number after a word.
    pub(super) fn number<N: FromStr>(&mut self, word: &str) -> Result<Option<N>, String> {
        self.after(word)?.map(number).transpose()
    }

    /// The duration after a word, in milliseconds.
    pub(super) fn time(&mut self, word: &str) -> Result<Option<u64>, String> {
        self.after(word)?.map(duration).transpose()
    }

    /// `x3` is 3.
    pub(super) fn times(&mut self) -> Result<Option<u32>, String> {
        let is = |w: &&str| {
            w.strip_prefix('x')
                .is_some_and(|n| n.parse::<u64>().is_ok())
        };
        let Some(at) = self.0.iter().position(is) else {
            return Ok(None);
        };
        number(&self.0.remove(at)[1..]).map(Some)
    }

    /// `0*1` words, each two numbers: a line of an order and units of it.
    pub(super) fn pairs(&mut self) -> Result<Vec<(u32, u32)>, String> {
        let (pairs, rest): (Vec<&str>, Vec<&str>) = self.0.iter().partition(|w| w.contains('*'));
        self.0 = rest;
        let pair = |word: &str| {
            let (line, qty) = word.split_once('*').unwrap_or((word, ""));
            Ok((number(line)?, number(qty)?))
        };
        pairs.into_iter().map(pair).collect()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Vec<&'a str> {
        std::mem::take(&mut self.0)
    }

    pub(super) fn end(self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("not understood: {}", self.0.join(" ")))
        }
    }
}

pub(super) fn number<N: FromStr>(word: &str) -> Result<N, String> {
    word.parse()
        .map_err(|_| format!("{word:?} is no number that fits here"))
}

/// `15m`, `30s`, `2h`, `500ms`, `1d`.
pub(super) fn duration(word: &str) -> Result<u64, String> {
    let digits = word.trim_end_matches(char::is_alphabetic);
    let unit = match &word[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("{word:?} is no duration")),
    };
    Ok(number::<u64>(digits)? * unit)
}

/// The same, said.
pub(super) fn say(ms: u64) -> String {
    for (size, unit) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if ms > 0 && ms.is_multiple_of(size) {
            return format!("{}{unit}", ms / size);
        }
    }
    format!("{ms}ms")
}
