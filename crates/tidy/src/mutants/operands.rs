//! Source files → mutants that exchange *operands*, which cargo-mutants leaves alone.
//!
//! ```text
//! self.same(state, owed, address)?;   ─►   self.same(state, address, owed)?;   and six more
//! ```
//!
//! | operator | edit |
//! |---|---|
//! | literal | an integer by its neighbours, a width by half or twice of it, a truth by the other |
//! | argument | an argument by another one of the same call, two exchanged, an index by the next |
//! | statement | an expression statement, an assignment or an `if` without `else` deleted |
//! | variable | in a condition: by another of the same pattern, parameter list or stem |
//! | sibling | a function by the one of `SIBLINGS` |
//!
//! Invariants: (1) each edit lies inside the body of an outermost function; (2) nothing is edited
//! that the build leaves out: tests, and the faults of `planted!`.
//!
//! A width is replaced only by one that the file uses.
//!
//! Limits: tokens are told apart, nothing is parsed. Most mutants do not compile; `build` finds
//! those. Calls whose arguments are closures keep them.

use super::Mutant;
use super::tokens::{faults, function, name, names, number, parts, words_of};
use crate::source::{SourceFile, close, words};
use std::collections::BTreeSet;
use std::ops::Range;

/// Functions that are taken for each other.
const SIBLINGS: &[(&str, &str)] = &[
    ("zext", "sext"),
    ("min", "max"),
    ("first", "last"),
    ("low", "high"),
    ("add", "sub"),
    ("ult", "slt"),
    ("shr", "sar"),
    ("any", "all"),
    ("take", "skip"),
    ("saturating_add", "saturating_sub"),
    ("checked_add", "checked_sub"),
    ("next", "last"),
    ("least", "most"),
    ("base", "len"),
    ("memory_base", "memory_len"),
    ("table_base", "table_len"),
    ("position", "rposition"),
];

/// Widths of words, in bits.
const WIDTHS: [u128; 5] = [8, 16, 32, 64, 128];

/// Words that are no variables and begin no expression statement.
pub(super) const KEYWORDS: &[&str] = &[
    "as", "break", "const", "continue", "crate", "else", "false", "fn", "for", "if", "impl", "in",
    "let", "loop", "match", "move", "mut", "ref", "return", "self", "super", "true", "use",
    "while", "unsafe", "where",
];

/// Whether a mutation has a name of this module's.
pub fn is_one(mutation: &str) -> bool {
    mutation.starts_with("operand ") || mutation.starts_with("without ")
}

/// The mutants of a file, without numbers.
pub fn of(file: &SourceFile) -> Vec<Mutant> {
    let code = &file.code;
    // A module of tests in the file itself is its last item.
    let inline = code.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
    let mut inline = inline.filter(|&at| code[at..].find(';') > code[at..].find('{'));
    let end = inline.next().unwrap_or(code.len());
    let faults = faults(code);
    let widths: BTreeSet<u128> =
        words_of(code, 0..end).into_iter().filter_map(|at| number(&code[at])).collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((extent, head, body)) = function(code, from, end) {
        from = body.end;
        let mut scan = Scan { code, head, body, edits: Vec::new() };
        scan.literals(&widths);
        scan.arguments();
        scan.statements();
        scan.variables();
        scan.siblings();
        for (span, replacement, what) in scan.edits {
            if faults.iter().any(|fault| fault.start <= span.start && span.start < fault.end) {
                continue;
            }
            found.push(mutant(file, &extent, &span, replacement, &what));
        }
    }
    found.sort_by(|a, b| a.span.cmp(&b.span).then_with(|| a.mutation.cmp(&b.mutation)));
    found.dedup_by(|a, b| a.span == b.span && a.replacement == b.replacement);
    found
}

fn mutant(
    file: &SourceFile,
    extent: &Range<usize>,
    span: &Range<usize>,
    replacement: String,
    what: &str,
) -> Mutant {
    let start = file.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = file.text[start..].lines().next().unwrap_or_default().trim().to_owned();
    let package = format!("prova-{}", file.crate_name().unwrap_or_default());
    let mutation = match what {
        "" => format!("operand {} by {}", flat(&file.text[span.clone()]), flat(&replacement)),
        what => format!("{what} {}", flat(&file.text[span.clone()])),
    };
    let (function, path) = (name(&file.code, extent), file.path.clone());
    let (extent, span) = (Some((extent.start, extent.end)), (span.start, span.end));
    Mutant { number: 0, package, file: path, function, extent, span, replacement, mutation, line }
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A function and its edits: the place, the replacement, and the edit's name, empty where it is
/// that one operand takes another's place.
struct Scan<'a> {
    code: &'a str,
    head: Range<usize>,
    body: Range<usize>,
    edits: Vec<(Range<usize>, String, String)>,
}

impl<'a> Scan<'a> {
    fn edit(&mut self, at: &Range<usize>, by: impl Into<String>) {
        let by = by.into();
        if self.code[at.clone()] != by {
            self.edits.push((at.clone(), by, String::new()));
        }
    }

    fn before(&self, at: usize) -> &'a str {
        self.code[..at].trim_end()
    }

    fn after(&self, at: usize) -> &'a str {
        self.code[at..].trim_start()
    }

    fn literals(&mut self, widths: &BTreeSet<u128>) {
        for at in words_of(self.code, self.body.clone()) {
            let (code, word) = (self.code, &self.code[at.clone()]);
            // A place of a tuple, or a part of a float.
            let dotted = code[..at.start].ends_with('.') && !code[..at.start].ends_with("..")
                || code[at.end..].starts_with('.') && !code[at.end..].starts_with("..");
            match (word, number(word)) {
                ("true", _) => self.edit(&at, "false"),
                ("false", _) => self.edit(&at, "true"),
                (_, Some(n)) if !dotted => {
                    let other = |by: &u128| widths.contains(by) && WIDTHS.contains(by);
                    let by: Vec<u128> = if WIDTHS.contains(&n) {
                        [n / 2, n.wrapping_mul(2)].into_iter().filter(other).collect()
                    } else {
                        n.checked_sub(1).into_iter().chain(n.checked_add(1)).collect()
                    };
                    by.into_iter().for_each(|by| self.edit(&at, by.to_string()));
                }
                _ => {}
            }
        }
    }

    fn arguments(&mut self) {
        for at in words_of(self.code, self.body.clone()) {
            let code = self.code;
            if !code[at.end..].starts_with('(') || self.before(at.start).ends_with("fn") {
                continue;
            }
            let Some(end) = close(code, at.end) else { continue };
            let args = parts(code, at.end + 1..end - 1);
            if let ([arg], "get" | "nth") = (&args[..], &code[at.clone()]) {
                self.edit(arg, format!("({}) + 1", &code[arg.clone()]));
            }
            let is_closure = |arg: &Range<usize>| code[arg.clone()].contains('|');
            if KEYWORDS.contains(&&code[at]) || args.len() > 6 || args.iter().any(is_closure) {
                continue;
            }
            for (i, one) in args.iter().enumerate() {
                for (j, other) in args.iter().enumerate().filter(|&(j, _)| j != i) {
                    let [a, b] = [one, other].map(|arg| &code[arg.clone()]);
                    self.edit(one, b);
                    if i < j && a != b {
                        let between = &code[one.end..other.start];
                        self.edit(&(one.start..other.end), format!("{b}{between}{a}"));
                    }
                }
            }
        }
    }

    fn statements(&mut self) {
        let starts = self.body.clone().filter(|&at| b"{};".contains(&self.code.as_bytes()[at]));
        let starts: Vec<usize> =
            std::iter::once(self.body.start).chain(starts.map(|at| at + 1)).collect();
        for start in starts {
            let text = &self.code[start..self.body.end];
            let start = start + text.len() - text.trim_start().len();
            let text = &self.code[start..self.body.end];
            let word = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            let is_if = word == "if";
            if word.is_empty() && !text.starts_with('*')
                || KEYWORDS.contains(&word) && !is_if && word != "self"
            {
                continue;
            }
            let Some(end) = self.statement(start, is_if) else { continue };
            if !is_if || !self.after(end).starts_with("else") {
                self.edits.push((start..end, String::new(), "without".to_owned()));
            }
        }
    }

    /// The end of an expression statement: behind its semicolon, or behind the block of an `if`.
    fn statement(&self, start: usize, is_if: bool) -> Option<usize> {
        let mut at = start;
        while at < self.body.end {
            match self.code.as_bytes()[at] {
                b'{' if is_if => return close(self.code, at),
                b'(' | b'[' | b'{' => at = close(self.code, at)?,
                b';' => return Some(at + 1),
                b'}' | b')' | b']' | b',' => return None,
                _ if self.code[at..].starts_with("=>") => return None,
                _ => at += 1,
            }
        }
        None
    }

    /// The names that the patterns of the function bind, pattern by pattern.
    fn patterns(&self) -> Vec<Vec<&'a str>> {
        let code = self.code;
        let params = self.head.start + code[self.head.clone()].find('(').unwrap_or(0);
        let params = parts(code, params + 1..close(code, params).map_or(params + 1, |at| at - 1));
        let params = params.iter().filter_map(|at| code[at.clone()].split(':').next());
        let mut patterns = vec![params.flat_map(names).collect()];
        for (word, end) in [("let", "="), ("for", " in ")] {
            for at in words(&code[..self.body.end], word).filter(|&at| at >= self.body.start) {
                let rest = &code[at + word.len()..self.body.end];
                patterns.push(names(&rest[..rest.find(end).unwrap_or(0)]).collect());
            }
        }
        patterns
    }

    fn variables(&mut self) {
        let code = self.code;
        let patterns = self.patterns();
        let all: BTreeSet<&str> = patterns.iter().flatten().copied().collect();
        let stem = |name: &'a str| name.split('_').next().unwrap_or(name).trim_end_matches('s');
        let start = self.body.start;
        for at in words(&code[..self.body.end], "if").filter(|&at| at >= start) {
            let Some(end) = self.condition(at) else { continue };
            for place in words_of(code, at + 2..end) {
                let name = &code[place.clone()];
                let is_part = self.before(place.start).ends_with(['.', ':'])
                    && !code[..place.start].ends_with("..");
                if is_part
                    || self.after(place.end).starts_with(['(', ':', '!', '{'])
                    || !all.contains(name)
                {
                    continue;
                }
                let near = patterns.iter().filter(|names| names.contains(&name)).flatten().copied();
                let alike = all.iter().copied().filter(|other| stem(other) == stem(name));
                let others: BTreeSet<&str> =
                    near.chain(alike).filter(|other| *other != name).collect();
                others.into_iter().for_each(|other| self.edit(&place, other));
            }
        }
    }

    /// The end of the condition behind an `if`.
    fn condition(&self, at: usize) -> Option<usize> {
        let mut at = at;
        while at < self.body.end {
            match self.code.as_bytes()[at] {
                b'{' => return Some(at),
                b'(' | b'[' => at = close(self.code, at)?,
                _ if self.code[at..].starts_with("=>") => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    fn siblings(&mut self) {
        for at in words_of(self.code, self.body.clone()) {
            if !self.code[at.end..].starts_with('(') {
                continue;
            }
            let word = &self.code[at.clone()];
            for &(one, other) in SIBLINGS {
                if word == one {
                    self.edit(&at, other);
                } else if word == other {
                    self.edit(&at, one);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "impl Core<'_> {
    fn f(&self, one: u8, two: u8) -> Result<bool, E> {
        let (low, high) = self.pair(one, two);
        check(low)?;
        if low < 64 { return Ok(planted!(Any, high.zext(32), true)); }
        x.1 = 7;
        Ok(false)
    }
}
#[cfg(test)]
mod tests {
    fn g() { h(1, 2); }
}
";

    #[test]
    fn each_operator_makes_its_edits() {
        let found = of(&SourceFile::new("crates/equal/src/a.rs", TEXT));
        let edits: BTreeSet<&str> = found.iter().map(|x| x.mutation.as_str()).collect();
        for wanted in [
            "operand one by two",
            "operand one, two by two, one",
            "without check(low)?;",
            "without if low < 64 { return Ok(planted!(Any, high.zext(32), true)); }",
            "operand low by high",
            "operand 64 by 32",
            "operand 7 by 6",
            "operand 7 by 8",
            "operand zext by sext",
            "operand false by true",
            "without x.1 = 7;",
        ] {
            assert!(edits.contains(wanted) && is_one(wanted), "{wanted} is not in {edits:#?}");
        }
        // Not the fault of `planted!`, not a place of a tuple, nothing of tests.
        for other in ["operand true by false", "operand 1 by 2", "operand 1 by 0"] {
            assert!(!edits.contains(other), "{other}");
        }
        assert!(found.iter().all(|x| x.function == "Core<'_>::f" && x.package == "prova-equal"));
    }

    #[test]
    fn edits_lie_in_their_functions() {
        for mutant in of(&SourceFile::new("crates/equal/src/a.rs", TEXT)) {
            let (start, end) = mutant.extent.expect("a function");
            assert!(start < mutant.span.0 && mutant.span.1 < end, "{mutant:?}");
            assert!(TEXT[start..end].ends_with('}'));
        }
    }
}
