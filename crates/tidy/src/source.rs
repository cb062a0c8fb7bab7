//! Rust source text → the same text with comments and the contents of literals blanked, so that
//! rules see code alone; and the places of the comments.
//!
//! Invariants: (1) `code` has the same number of bytes and the same line breaks as `text`; (2)
//! outside of comments and literals the two are equal; (3) `comments` ascend and do not overlap.
//!
//! Limits: tokens are told apart, nothing is parsed: macros look like what they contain. Linear in
//! the text. A fault here shows in the tests below, and in rules that suddenly find nothing: every
//! rule has a planted violation.

use std::ops::Range;

/// One file of the repository.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path from the root of the repository, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// For Rust, the text with comments and literals blanked; otherwise the text.
    pub code: String,
    /// For Rust, the byte ranges of the comments in `text`, with their marks; otherwise none.
    pub comments: Vec<Range<usize>>,
}

impl SourceFile {
    /// A file of this path and text.
    pub fn new(path: &str, text: &str) -> SourceFile {
        let (code, comments) =
            if path.ends_with(".rs") { blank(text) } else { (text.to_owned(), Vec::new()) };
        SourceFile { path: path.to_owned(), text: text.to_owned(), code, comments }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The line of a byte offset, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        1 + self.text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count()
    }

    /// The crate that it belongs to, by the name of its folder.
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

/// Blanks comments and the contents of string and character literals; the comments' places.
fn blank(text: &str) -> (String, Vec<Range<usize>>) {
    let mut out = text.as_bytes().to_vec();
    let mut comments = Vec::new();
    let mut at = 0;
    while at < out.len() {
        let rest = &text.as_bytes()[at..];
        let (keep, end) = match rest {
            [b'/', b'/', ..] => (0, rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())),
            [b'/', b'*', ..] => (0, block_comment(rest)),
            [b'"', ..] => (1, quoted(rest)),
            [b'r', b'"' | b'#', ..] if !continues_word(text, at) => (1, raw_string(rest)),
            [b'\'', ..] => (1, character(rest)),
            _ => (1, 1),
        };
        if keep == 0 {
            comments.push(at..at + end);
        }
        let last = if keep == 0 { end } else { end.saturating_sub(1) };
        for byte in &mut out[at + keep.min(last)..at + last] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += end.max(1);
    }
    (String::from_utf8(out).unwrap_or_default(), comments)
}

/// Whether the byte before `at` belongs to a word, other than the prefixes of literals (`br"…"`).
fn continues_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before {
        [.., x, b'b' | b'c'] => is_word(*x),
        [b'b' | b'c'] | [] => false,
        [.., x] => is_word(*x),
    }
}

/// Whether a byte can stand in an identifier.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A raw string, or one byte if the `r` begins something else (`r#name`).
fn raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 1;
    }
    let body = 2 + hashes;
    let end = (body..rest.len()).find(|&at| {
        rest[at] == b'"'
            && rest[at + 1..].iter().take(hashes).filter(|&&b| b == b'#').count() == hashes
    });
    end.map_or(rest.len(), |at| at + 1 + hashes)
}

/// A character literal, or one byte if the quote begins a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        let close = rest.iter().skip(3).position(|&b| b == b'\'');
        return close.map_or(1, |at| at + 4);
    }
    let width = match rest.get(1) {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        _ => 1,
    };
    if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 1 }
}

/// The offsets at which a word stands in code, as a whole word.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).is_some_and(|i| is_word(bytes[i]));
        let after = bytes.get(at + word.len()).is_some_and(|&b| is_word(b));
        !before && !after
    })
}

/// The offset after the bracket that closes the one at `open`.
pub fn close(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn blanked(text: &str, code: &str) {
        let file = SourceFile::new("x.rs", text);
        assert_eq!(file.code, code);
        assert_eq!(file.code.len(), text.len());
    }

    #[test]
    fn comments_and_literals_are_blanked() {
        blanked("a // b\nc", "a     \nc");
        blanked("a /* b /* c */ d */ e", "a                   e");
        blanked(r#"f("unsafe \" x") + 1"#, r#"f("           ") + 1"#);
        blanked("'u' + '\\'' + '\\u{1F}' 'é'", "' ' + '  ' + '      ' '  '");
        blanked("b\"ab\" c", "b\"  \" c");
        blanked("r#\"a \" b\"# c", "r        # c");
        blanked("\"a\nb\"", "\" \n \"");
    }

    #[test]
    fn comments_have_their_places() {
        let text = "a // b\nlet c = \"// d\"; /* e */ '/'\n/// f";
        let file = SourceFile::new("x.rs", text);
        let comments: Vec<&str> = file.comments.iter().map(|at| &text[at.clone()]).collect();
        assert_eq!(comments, ["// b", "/* e */", "/// f"]);
        assert!(SourceFile::new("x.md", text).comments.is_empty());
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        for code in
            ["fn f<'a>(x: &'a str) -> Foo<'_> {}", "r#match + 1", "for_each!(x)", "a / b * c"]
        {
            blanked(code, code);
        }
    }

    #[test]
    fn words_are_whole_and_brackets_match() {
        assert_eq!(words("fn a_fn fn", "fn").collect::<Vec<_>>(), [0, 8]);
        assert_eq!(close("a(b[c]{d})e", 1), Some(10));
        assert_eq!(close("a(b", 1), None);
    }
}
