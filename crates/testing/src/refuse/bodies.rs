//! The check of SSA bodies: of random edits only those are accepted that change nothing.
//!
//! ```text
//! Body ─ print ─ one random edit ─ parse ─► Body ─ check ─► refused, or equal to the honest one except hints
//! ```
//!
//! An accepted edit is decided by form: without hints (`Origin`, places on the operand stack) and
//! with the zeros of locals in one order, its text is the honest one. Everything else that is
//! accepted is reported.
//!
//! A green run does not show that a builder's systematic fault is refused:
//! `crates/ssa/tests/check/twins.txt` has those by rule.

use super::Edits;
use crate::campaign::{self, Options, Totals};
use crate::generate::{Generator, Rng};
use prova_module::Module;
use prova_ssa::{Body, CheckedBody, Metering, build, parse, print, renumber};

/// Tries `count` edits of generated functions; those that are accepted are the same except hints.
pub fn edits(seed: u64, count: u64) -> Totals<Edits> {
    let options = Options { seed, count, ..Options::default() };
    // One module at least.
    let enough = |totals: &Totals<Edits>| totals.cases > 0 && totals.tally.tried >= count;
    campaign::campaign(&options, enough, |index| {
        let generator = if index % 3 == 2 { Generator::Smith } else { Generator::Biased };
        let case = generator.case(seed, index, 20);
        let mut edits = Edits::default();
        let Some(module) = case.module() else { return Ok(edits) };
        let mut rng = Rng::of(seed ^ 0x55a, index);
        for func in module.defined_funcs() {
            let metering = [Metering::NONE, Metering::BOTH][rng.below(2)];
            let Ok(body) = build(&module, func, metering) else { continue };
            let honest = print(&body);
            // Large bodies would take all the time.
            for _ in 0..if honest.len() < 20_000 { 12 } else { 1 } {
                one(&module, &honest, &mut rng, &mut edits)?;
            }
        }
        Ok(edits)
    })
}

fn one(module: &Module, honest: &str, rng: &mut Rng, edits: &mut Edits) -> Result<(), String> {
    let text = renumber(&edit(honest, rng));
    let Ok(body) = parse(&text) else { return Ok(()) };
    if print(&body) == honest {
        return Ok(());
    }
    let given: Result<CheckedBody, _> = CheckedBody::check(module, Body::clone(&body));
    let judged = given.map(drop).map_err(|rejection| rejection.rule.to_string());
    match edits.judged(judged, normal(&text) == normal(honest)) {
        true => Err(format!("{honest}\nwas edited to\n\n{text}")),
        false => Ok(()),
    }
}

/// One edit: a line less, twice or after the next one; or a word of a line that is another one of
/// its kind.
pub(crate) fn edit(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = 1 + rng.below(lines.len() - 1);
    match rng.below(12) {
        0 => drop(lines.remove(at)),
        1 => {
            let copy = match lines[at].split_once(" = ") {
                Some((results, rest)) => format!("{} = {rest}", results.replace('v', "v9999")),
                None => lines[at].clone(),
            };
            lines.insert(at + 1, copy);
        }
        2 if at + 1 < lines.len() => lines.swap(at, at + 1),
        3 => {
            let other = 1 + rng.below(lines.len() - 1);
            lines.swap(at, other);
        }
        _ => {
            let all = words(text);
            let here = words(&lines[at]);
            let &(start, word) = rng.pick(&here);
            let (start, word) = (start, word.to_owned());
            let new = another(&word, &all, rng);
            lines[at].replace_range(start..start + word.len(), &new);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The words of a text, with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_word(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, &text[from..at]));
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    words
}

/// Another word of the same kind: of the text, or a number beside it.
fn another(word: &str, all: &[(usize, &str)], rng: &mut Rng) -> String {
    let kind = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if kind.is_empty() || kind.starts_with("0x") {
        let digits = word.strip_prefix("0x");
        let number = digits.map_or(word.parse(), |digits| u64::from_str_radix(digits, 16));
        let number = number.unwrap_or(0);
        let bits = if rng.percent(50) { 3 } else { 32 };
        return format!("{}", number ^ 1 << rng.below(bits));
    }
    let other = |rng: &mut Rng| {
        let like = |other: &str| other.trim_end_matches(|c: char| c.is_ascii_digit()) == kind;
        (0..40).map(|_| rng.pick(all).1).find(|other| *other != word && like(other))
    };
    if kind.len() < word.len()
        && let Some(other) = other(rng)
    {
        return other.to_owned();
    }
    (*rng.pick(&[
        "i32",
        "i64",
        "f32",
        "p0",
        "p1",
        "none",
        "local0",
        "stack0",
        "i32.add",
        "unreachable",
    ]))
    .to_owned()
}

/// A text without hints, and with the zeros of locals that are used in one order.
fn normal(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_zero = |line: &String| {
        let is_const = ["i32", "i64", "f32", "f64"]
            .iter()
            .any(|ty| line.contains(&format!("{ty}.const bits=0x0 ")));
        is_const || line.contains("v128.const low=0x0 high=0x0 ") || line.contains(" ref.null ")
    };
    let zeros = lines.iter().skip(2).take_while(|line| is_zero(line)).count();
    let end = (2 + zeros).min(lines.len());
    let used = |line: &str| {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        words(text).iter().filter(|(_, word)| *word == name).count() > 1
    };
    let mut first: Vec<String> = lines.drain(2..end).filter(|line| used(line)).collect();
    first.sort_by(|a, b| a.split_once(':').cmp(&b.split_once(':')));
    first.sort_by_key(|line| line.split_once(':').map(|(_, rest)| rest.to_owned()));
    lines.splice(2..2, first);
    for (number, line) in lines.iter_mut().enumerate() {
        if !line.starts_with("block") {
            continue;
        }
        let Some((head, rest)) = line.split_once(" @") else { continue };
        let name = head.split(' ').next().unwrap_or_default();
        let mut new = format!("{name} @{rest}");
        for (at, word) in words(&new.clone()).into_iter().rev() {
            if word.starts_with("stack") || number == 1 && word.starts_with("local") {
                new.replace_range(at - 1..at + word.len(), "");
            }
        }
        *line = new;
    }
    renumber(&lines.join("\n"))
}
