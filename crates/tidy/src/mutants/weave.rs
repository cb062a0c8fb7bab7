//! Sources and mutants → the same sources with every function that has mutants as a choice between
//! its bodies.
//!
//! ```text
//! fn f(a: u8) -> u8 { a + 1 }   ─►   fn f(a: u8) -> u8 { match crate::mutant_in_force() {
//!                                        /*@7*/ 7 => { a - 1 }
//!                                        /*@0*/ _ => { a + 1 }
//!                                        /*@-*/ } }
//! ```
//!
//! `build` compiles the result and asks [`Woven::at`] which mutant a line belongs to.
//!
//! Limits: a function's body is found by its tokens (the first brace outside of brackets). A mutant
//! is not woven outside of functions, in a function inside another one, or in one whose result has
//! an opaque type (its bodies would differ in type); methods that give an `impl Iterator` are
//! woven, with the iterator boxed. A `const fn` loses its `const`, and keeps it (unwoven) where a
//! constant needs it.

use super::Mutant;
use crate::source::{SourceFile, words};
use std::collections::{BTreeMap, BTreeSet};

/// The environment variable that says which mutant is in force.
pub const VARIABLE: &str = "PROVA_MUTANT";

/// The function that reads the mutant's number, put at the end of the root of each crate that has
/// mutants. It has another name for `std`, because a crate may be `no_std`.
const SWITCH: &str = r#"
extern crate std as mutants_std;
#[inline]
pub(crate) fn mutant_in_force() -> usize {
    use mutants_std::{env, sync::LazyLock};
    static NUMBER: LazyLock<usize> = LazyLock::new(|| {
        env::var("PROVA_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0)
    });
    *NUMBER
}
"#;

/// A woven file.
#[derive(Clone, Debug)]
pub struct Woven {
    /// Its text.
    pub text: String,
    /// For each line the mutant whose body it belongs to; 0 for the body of before.
    lines: Vec<Option<usize>>,
}

impl Woven {
    /// The mutant whose body a line (from 1) belongs to.
    pub fn at(&self, line: usize) -> Option<usize> {
        self.lines.get(line.checked_sub(1)?).copied().flatten().filter(|&number| number > 0)
    }
}

/// Which mutants can be switched while the tests run: all but those that the limits name.
/// `constants` are the names of functions that constants need.
pub fn switched(
    file: &SourceFile,
    mutants: &[&Mutant],
    constants: &BTreeSet<String>,
) -> BTreeSet<usize> {
    let extents: BTreeSet<(usize, usize)> = mutants.iter().filter_map(|x| x.extent).collect();
    let woven = mutants.iter().filter(|mutant| {
        mutant.extent.is_some_and(|(start, end)| {
            let inside =
                extents.iter().any(|&(a, b)| a < start && end <= b || a <= start && end < b);
            let Some(body) = body(file, (start, end)) else { return false };
            let head = &file.code[start..body.0];
            let constant = constant(head).is_some()
                && constants.iter().any(|name| words(head, name).next().is_some());
            let result = head.rfind("->").map_or("", |at| &head[at..]);
            let opaque = words(result, "impl").next().is_some();
            !inside && !constant && (!opaque || boxed(head).is_some())
        })
    });
    woven.map(|mutant| mutant.number).collect()
}

/// The file with these mutants, which [`switched`] allows; `root` says that it is the root of its
/// crate.
pub fn weave(file: &SourceFile, mutants: &[&Mutant], root: bool) -> Woven {
    let mut functions: BTreeMap<(usize, usize), Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        if let Some(extent) = mutant.extent {
            functions.entry(extent).or_default().push(mutant);
        }
    }
    let mut text = file.text.clone();
    for (&extent, mutants) in functions.iter().rev() {
        let Some((open, close)) = body(file, extent) else { continue };
        let head = &file.code[extent.0..open];
        let opaque = boxed(head);
        let (before, after) = if opaque.is_some() { (" Box::new({", "})") } else { ("", "") };
        let mut choice = String::from(" match crate::mutant_in_force() {\n");
        for mutant in mutants {
            let body = edited(&file.text, (open, close), mutant);
            choice
                .push_str(&format!("/*@{0}*/ {0} => {{{before}{body}\n{after}}}\n", mutant.number));
        }
        let body = &file.text[open..close];
        choice.push_str(&format!("/*@0*/ _ => {{{before}{body}\n{after}}}\n/*@-*/ }} "));
        text.replace_range(open..close, &choice);
        if let Some((at, ty)) = opaque {
            text.replace_range(extent.0 + at..open - 1, &ty);
        }
        if let Some(at) = constant(head) {
            text.replace_range(extent.0 + at..extent.0 + at + "const".len(), "     ");
        }
    }
    // With a body for each mutant, what is small in the tree is not small here.
    for attribute in ["#[inline]", "#[inline(always)]"] {
        text = text.replace(attribute, "#[inline(never)]");
    }
    if root {
        text.push_str(SWITCH);
    }
    let mut now = None;
    let lines = text.lines().map(|line| {
        if let Some((number, _)) = line.strip_prefix("/*@").and_then(|line| line.split_once('*')) {
            now = number.parse().ok();
        }
        now
    });
    let lines = lines.collect();
    Woven { text, lines }
}

/// Where a function's head says that it is constant.
fn constant(head: &str) -> Option<usize> {
    let name = words(head, "fn").next()?;
    words(&head[..name], "const").next()
}

/// Where the result of a method's head that gives an `impl Iterator` begins, and the type of the
/// same in a box.
fn boxed(head: &str) -> Option<(usize, String)> {
    let at = head.rfind("-> impl Iterator<")? + "-> ".len();
    let result = head[at..].trim_end().trim_end_matches('{').trim_end();
    let (bound, life) = match result.strip_suffix("+ use<>") {
        Some(bound) => (bound.trim_end(), ""),
        None => (result, " + '_"),
    };
    let is_plain = bound.ends_with('>') && !bound.contains(['\'', '+']) && head.contains("&self");
    is_plain.then(|| (at, format!("Box<dyn {}{life}> ", bound.trim_start_matches("impl "))))
}

/// A part of a text with a mutant's edit.
pub fn edited(text: &str, (start, end): (usize, usize), mutant: &Mutant) -> String {
    let (from, to) = mutant.span;
    format!("{}{}{}", &text[start..from], mutant.replacement, &text[to..end])
}

/// The byte range between the braces of a function's body.
fn body(file: &SourceFile, (start, end): (usize, usize)) -> Option<(usize, usize)> {
    let mut depth = 0usize;
    for (at, byte) in file.code.bytes().enumerate().take(end).skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b'{' if depth == 0 => {
                return file.code[..end].ends_with('}').then_some((at + 1, end - 1));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(number: usize, text: &str, function: &str, from: &str, to: &str) -> Mutant {
        let start = text.find(function).expect("the function");
        let end = start + text[start..].find("\n}").expect("its end") + 2;
        let at = start + text[start..].find(from).expect("the place");
        Mutant {
            number,
            package: "p".to_owned(),
            file: "a.rs".to_owned(),
            function: "f".to_owned(),
            extent: Some((start, end)),
            span: (at, at + from.len()),
            replacement: to.to_owned(),
            mutation: format!("replace {from} with {to}"),
            line: "-".to_owned(),
        }
    }

    const TEXT: &str = "//! Idea.\n#[a({})]\npub const fn f<const N: u8>(a: [u8; 2]) -> u8 {\n    a[0] + 1 // why\n}\nfn g() -> impl Fn() {\n    || 1 + 2\n}\n";

    #[test]
    fn bodies_stand_side_by_side_and_lines_know_their_mutant() {
        let file = SourceFile::new("a.rs", TEXT);
        let mutants = [
            mutant(4, TEXT, "#[a", "+", "-"),
            mutant(5, TEXT, "#[a", "a[0] + 1", "Default::default()"),
        ];
        let woven = weave(&file, &mutants.iter().collect::<Vec<_>>(), true);
        let lines: Vec<&str> = woven.text.lines().collect();
        assert_eq!(
            lines[2],
            "pub       fn f<const N: u8>(a: [u8; 2]) -> u8 { match crate::mutant_in_force() {"
        );
        let number = |text: &str| {
            let line = lines.iter().position(|line| line.contains(text)).expect("the line");
            woven.at(line + 1)
        };
        assert_eq!(number("a[0] - 1 // why"), Some(4));
        assert_eq!(number("Default::default() // why"), Some(5));
        assert_eq!((number("a[0] + 1 // why"), number("fn g")), (None, None));
        assert!(woven.text.contains(VARIABLE));
    }

    #[test]
    fn iterators_are_boxed() {
        let text = "fn f(&self) -> impl Iterator<Item = u8> {\n    self.a.iter()\n}\n";
        let file = SourceFile::new("a.rs", text);
        let mutant = mutant(3, text, "fn f", "self.a.iter()", "::std::iter::empty()");
        assert_eq!(switched(&file, &[&mutant], &BTreeSet::new()), BTreeSet::from([3]));
        let woven = weave(&file, &[&mutant], false);
        let head = "fn f(&self) -> Box<dyn Iterator<Item = u8> + '_> { match crate::mutant";
        assert!(woven.text.starts_with(head), "{}", woven.text);
        assert!(woven.text.contains("3 => { Box::new({\n    ::std::iter::empty()\n"));
        assert_eq!(
            boxed("fn f(&self) -> impl Iterator<Item = u8> + use<> {"),
            Some((15, "Box<dyn Iterator<Item = u8>> ".to_owned()))
        );
        assert_eq!(boxed("fn f(a: &[u8]) -> impl Iterator<Item = u8> {"), None);
    }

    #[test]
    fn what_cannot_be_switched_is_left_out() {
        let file = SourceFile::new("a.rs", TEXT);
        let outside = Mutant { extent: None, ..mutant(6, TEXT, "#[a", "+", "-") };
        let inside = Mutant { extent: Some((30, 60)), ..mutant(7, TEXT, "#[a", "+", "-") };
        let mutants =
            [mutant(4, TEXT, "#[a", "+", "-"), mutant(5, TEXT, "fn g", "+", "-"), outside];
        let all: Vec<&Mutant> = mutants.iter().collect();
        let numbers = |all: &[&Mutant], constants: &[&str]| -> Vec<usize> {
            let constants = constants.iter().map(|&name| name.to_owned()).collect();
            switched(&file, all, &constants).into_iter().collect()
        };
        assert_eq!(numbers(&all, &[]), [4]);
        assert_eq!(numbers(&all, &["f"]), [0; 0]);
        assert_eq!(numbers(&[all[0], &inside], &[]), [4]);
        let file = SourceFile::new("a.rs", TEXT);
        assert_eq!(
            edited(&file.text, (0, 9), &Mutant { span: (4, 8), ..mutants[0].clone() }),
            "//! -."
        );
    }
}
