//! JSON, read member by member into what is kept of it: no tree of the whole file is made.
//!
//! A [`Reader`] goes once over the text. The reader's user gives a function for an object or a
//! list, which is called for each member or element, and takes its value or passes over it. Strings
//! without escapes are borrowed, and hexadecimal digits are decoded where they stand. Kept values
//! are counted, as the memory that they take, against a limit.
//!
//! # Invariants
//! * J1. Accepted text is JSON (RFC 8259), passed-over parts included: the test compares with
//!   `serde_json`.
//!
//! # Limits
//! [`DEPTH_MAX`], and the limit that the reader was given ([`Rule::StateBytes`]).

use crate::error::{Rule, broken};
use prova_core::Result;
use std::borrow::Cow;

/// How deep objects and lists may lie in each other.
const DEPTH_MAX: u32 = 128;

/// The mark of a byte that is no hexadecimal digit: all bits, so that it shows after any
/// combination with `|`.
const NO_DIGIT: u8 = 0xff;

/// The hexadecimal digit that each byte is.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// A text of JSON, a place in it, and what may still be kept.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    max: u64,
    kept: u64,
}

/// The error of a file that is not of its form.
pub(crate) fn refuse(at: &str, why: &str) -> prova_core::Error {
    let at: String = at.chars().take(200).collect();
    broken(at, Rule::File(why.to_owned()))
}

impl<'a> Reader<'a> {
    /// Reads a text whose one value is an object: its members. At most `max` bytes may be kept.
    ///
    /// # Errors
    /// [`Rule::File`], [`Rule::StateBytes`], and those of `member`.
    pub(crate) fn read(
        text: &'a [u8],
        max: u64,
        member: impl FnMut(&mut Reader<'a>, &str) -> Result<()>,
    ) -> Result<()> {
        let mut reader = Reader { text, at: 0, depth: 0, max, kept: 0 };
        reader.object("file", member)?;
        match reader.peek() {
            None => Ok(()),
            Some(_) => Err(reader.no_json("something stands behind its end")),
        }
    }

    /// Counts bytes that are kept.
    pub(crate) fn keep(&mut self, bytes: u64) -> Result<()> {
        self.kept = self.kept.saturating_add(bytes);
        match self.kept > self.max {
            true => Err(broken("file", Rule::StateBytes(self.max))),
            false => Ok(()),
        }
    }

    /// An object's members; each call takes the member's value.
    pub(crate) fn object(
        &mut self,
        at: &str,
        mut member: impl FnMut(&mut Reader<'a>, &str) -> Result<()>,
    ) -> Result<()> {
        if self.peek() != Some(b'{') {
            return Err(refuse(at, "it is no object"));
        }
        self.each(b'}', |reader| {
            if reader.peek() != Some(b'"') {
                return Err(reader.no_json("the name of a member is missing"));
            }
            let name = reader.string("")?;
            if reader.peek() != Some(b':') {
                return Err(reader.no_json("`:` is missing behind a name"));
            }
            reader.at += 1;
            member(reader, &name)
        })
    }

    /// A list's elements; each call takes one.
    pub(crate) fn list(
        &mut self,
        at: &str,
        element: impl FnMut(&mut Reader<'a>) -> Result<()>,
    ) -> Result<()> {
        match self.peek() {
            Some(b'[') => self.each(b']', element),
            _ => Err(refuse(at, "it is no list")),
        }
    }

    /// Reads the items between the bracket here and its end, separated by commas.
    fn each(&mut self, end: u8, mut one: impl FnMut(&mut Reader<'a>) -> Result<()>) -> Result<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.no_json("it is nested too deeply"));
        }
        if self.peek() != Some(end) {
            loop {
                one(self)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(next) if next == end => break,
                    _ => return Err(self.no_json("a comma or the end of an object is missing")),
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Whether an object comes next.
    pub(crate) fn is_object(&mut self) -> bool {
        self.peek() == Some(b'{')
    }

    /// A string.
    fn string(&mut self, at: &str) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(refuse(at, "it is no string"));
        }
        let (start, mut escaped) = (self.at, false);
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
            self.at += rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len());
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(_) | None => return Err(self.no_json("a string does not end")),
            }
        }
        self.at += 1;
        let quoted = &self.text[start..self.at];
        let text = match escaped {
            true => serde_json::from_slice(quoted).ok().map(Cow::Owned),
            false => std::str::from_utf8(&quoted[1..quoted.len() - 1]).ok().map(Cow::Borrowed),
        };
        text.ok_or_else(|| self.no_json("a string has a wrong escape, or is no UTF-8"))
    }

    /// A string's bytes, written as hexadecimal digits after `0x`.
    pub(crate) fn hex(&mut self, at: &str) -> Result<Vec<u8>> {
        let text = self.string(at)?;
        self.bytes(at, &text)
    }

    /// Hexadecimal digits after `0x`. The bytes are counted.
    pub(crate) fn bytes(&mut self, at: &str, text: &str) -> Result<Vec<u8>> {
        let wrong = || {
            let shown: String = text.chars().take(40).collect();
            let more = if shown.len() < text.len() { "…" } else { "" };
            let what = "is not hexadecimal with `0x` before it and an even number of digits";
            refuse(at, &format!("`{shown}{more}` {what}"))
        };
        let digits = text.strip_prefix("0x").ok_or_else(wrong)?.as_bytes();
        if digits.len() % 2 != 0 {
            return Err(wrong());
        }
        self.keep(digits.len() as u64 / 2)?;
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        let mut all = 0;
        for pair in digits.chunks_exact(2) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            all |= high | low;
            bytes.push(high << 4 | low & 15);
        }
        if all == NO_DIGIT { Err(wrong()) } else { Ok(bytes) }
    }

    /// A number of at most three digits; `None` for any other number, and for what is none.
    pub(crate) fn small(&mut self) -> Option<u64> {
        self.peek();
        let start = self.at;
        self.skip().ok()?;
        let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if text.len() <= 3 { text.parse().ok() } else { None }
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{') => self.object("", |reader, _| reader.skip()),
            Some(b'[') => self.each(b']', Reader::skip),
            Some(b'"') => self.string("").map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = ["true", "false", "null"];
                let rest = &self.text[self.at..];
                let word = words.iter().find(|word| rest.starts_with(word.as_bytes()));
                self.at += word.map_or(0, |word| word.len());
                word.map(drop).ok_or_else(|| self.no_json("a value is missing"))
            }
        }
    }

    /// Passes over a number: `-? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)?`.
    fn number(&mut self) -> Result<()> {
        self.accept(b"-");
        // Digits behind a zero are no part of the number, and nothing else may follow there.
        let mut right = self.accept(b"0") || self.digits();
        if self.accept(b".") {
            right &= self.digits();
        }
        if self.accept(b"eE") {
            self.accept(b"+-");
            right &= self.digits();
        }
        if right { Ok(()) } else { Err(self.no_json("a number has no digits")) }
    }

    /// Passes over digits, if there are any.
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.accept(b"0123456789") {}
        self.at > start
    }

    /// Passes over a byte, if it is one of these.
    fn accept(&mut self, any: &[u8]) -> bool {
        let found = self.text.get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(found);
        found
    }

    /// The first byte behind spaces.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    fn no_json(&self, why: &str) -> prova_core::Error {
        refuse("file", &format!("it is no JSON: {why} at byte {}", self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_random::Rng;

    /// Texts of JSON with some bytes changed: accepted where `serde_json` accepts them.
    #[test]
    fn json_is_what_serde_json_takes_for_it() {
        const PARTS: &[&str] = &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\n",
            "\"a\"",
            "\"\\u00e9\"",
            "\"\\ud800\"",
            "\"\\n\\/\"",
            "\"\\x\"",
            "\"é\"",
            "\"\t\"",
            "\"",
            "0",
            "-",
            "1",
            "01",
            "-0.5",
            "1.",
            "1e5",
            "1E-2",
            "e",
            ".5",
            "true",
            "false",
            "null",
            "nul",
            "\u{b}",
        ];
        let seeds = [r#"{"a":[1,{"b":null},"c"],"d":{}}"#, r#"{"x":-1.5e3,"y":[[],[true]]}"#];
        let mut random = Rng::new(1408);
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..50_000 {
            let mut text = seeds[random.below(2)].as_bytes().to_vec();
            for _ in 0..random.below(3) {
                let (at, part) = (random.below(text.len()), PARTS[random.below(PARTS.len())]);
                let end = at + random.below(3).min(text.len() - at);
                text.splice(at..end, part.bytes());
            }
            let found = Reader::read(&text, 0, |reader, _| reader.skip()).is_ok();
            let parsed = serde_json::from_slice::<serde_json::Value>(&text);
            let expected = parsed.is_ok_and(|value| value.is_object());
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(&text));
            if found { accepted += 1 } else { refused += 1 }
        }
        assert!(accepted > 1_000 && refused > 1_000, "{accepted} {refused}");
    }

    #[test]
    fn the_depth_has_two_sides() {
        let nested = |depth: usize| {
            let text = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            Reader::read(text.as_bytes(), 0, |reader, _| reader.skip())
        };
        assert!(nested(DEPTH_MAX as usize - 1).is_ok());
        assert!(nested(DEPTH_MAX as usize).is_err());
        assert!(nested(1_000_000).is_err());
    }
}
