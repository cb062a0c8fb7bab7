//! Rust code → `match` expressions over instructions that have a wildcard arm.
//!
//! A new op must break the build exactly where work is due, so a match over `Op` or `Class` names
//! every one. wasmparser's `Operator` may grow in any release (`non_exhaustive`), so a match over
//! it needs a wildcard: there the arm refuses (an error, or `false` for "no operator of this
//! family"), and an arm that does anything else is listed with a reason.
//!
//! Limits: a match counts as one over ops if an arm's pattern says `Op::`, `Opcode::`, `Class::` or
//! `Operator::`; names brought in by `use Op::*` are not seen, nor arms that a macro repeats. Tests
//! may have wildcards: one that meets a new op panics.

use super::source::{close, is_word, words};
use super::{Finding, Tree};

/// The enum of the decoder, over which a wildcard may only refuse.
const DECODED: &str = "Operator";
/// The enums over which no wildcard may stand, and [`DECODED`].
const ENUMS: [&str; 4] = ["Op", "Opcode", "Class", DECODED];
/// The beginnings of expressions that refuse.
const REFUSALS: [&str; 6] =
    ["Err(", "return Err(", "false", "return false", "Ok(false)", "return Ok(false)"];

/// Finds wildcard arms.
pub(super) fn wildcards(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust().filter(|file| !file.path.contains("/tests/")) {
        let tests = file.code.find("#[cfg(test)]").unwrap_or(file.code.len());
        for at in words(&file.code[..tests], "match") {
            let Some(open) = body(&file.code, at + 5) else { continue };
            let end = close(&file.code, open).unwrap_or(file.code.len());
            let arms = patterns(&file.code, open + 1, end.saturating_sub(1));
            // A macro's repetition (`$( … )*`) before an arm stands for arms over the macro's
            // input; the arm's own pattern begins behind it.
            let own = |pattern: &'_ str| pattern.rfind(")*").map_or(0, |at| at + 2);
            // A guard compares; it is no pattern, and no arm is missing where it names an op.
            let unguarded = |pattern: &'_ str| pattern.find(" if ").unwrap_or(pattern.len());
            let over = arms.iter().find_map(|(_, pattern)| {
                let start = own(pattern);
                over_ops(&pattern[start..unguarded(pattern).max(start)])
            });
            let wildcard = arms.iter().find(|(_, pattern)| is_wildcard(pattern));
            if let (Some(over), Some((offset, pattern))) = (over, wildcard) {
                if over == DECODED && refuses(&file.code[offset + pattern.len()..]) {
                    continue;
                }
                findings.push(Finding {
                    path: file.path.clone(),
                    line: file.line_of(*offset),
                    rule: "wildcard",
                    item: over.to_owned(),
                    message:
                        "a wildcard arm over instructions: name the ones that are left, or refuse"
                            .to_owned(),
                });
            }
        }
    }
}

/// The brace that opens the arms.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match code.as_bytes().get(at)? {
            b'{' => return Some(at),
            b';' | b'}' | b')' => return None,
            b'(' | b'[' => at = close(code, at)?,
            _ => at += 1,
        }
    }
}

/// The arms' patterns (with their guards) and offsets.
fn patterns(code: &str, start: usize, end: usize) -> Vec<(usize, &str)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut arm) = (start, start);
    while at < end {
        match bytes[at] {
            b'(' | b'[' | b'{' => at = close(code, at).unwrap_or(end),
            b'=' if bytes.get(at + 1) == Some(&b'>') => {
                let pattern = &code[arm..at];
                let lead = pattern.len() - pattern.trim_start().len();
                found.push((arm + lead, pattern.trim()));
                at = expression(code, at + 2, end);
                arm = at;
            }
            _ => at += 1,
        }
    }
    found
}

/// The end of an arm's expression: after its block, or after its comma.
fn expression(code: &str, from: usize, end: usize) -> usize {
    let bytes = code.as_bytes();
    let lead = code[from..end].len() - code[from..end].trim_start().len();
    let mut at = from + lead;
    if bytes.get(at) == Some(&b'{') {
        at = close(code, at).unwrap_or(end);
        let rest = code[at..end].trim_start();
        return if rest.starts_with(',') { end - rest.len() + 1 } else { at };
    }
    while at < end {
        match bytes[at] {
            b'(' | b'[' | b'{' => at = close(code, at).unwrap_or(end),
            b',' => return at + 1,
            _ => at += 1,
        }
    }
    end
}

/// The enum of ours that a pattern names.
fn over_ops(pattern: &str) -> Option<&'static str> {
    ENUMS
        .into_iter()
        .find(|name| words(pattern, name).any(|at| pattern[at + name.len()..].starts_with("::")))
}

/// Whether a pattern takes everything: `_`, or a name alone.
fn is_wildcard(pattern: &str) -> bool {
    let pattern = pattern.split(" if ").next().unwrap_or(pattern).trim();
    pattern.bytes().all(is_word) && pattern.starts_with(|c: char| c == '_' || c.is_lowercase())
}

/// Whether the arm whose `=>` comes first in `code` only refuses.
fn refuses(code: &str) -> bool {
    let arm = code.trim_start().trim_start_matches("=>").trim_start();
    REFUSALS.iter().any(|refusal| {
        arm.strip_prefix(refusal)
            .is_some_and(|rest| refusal.ends_with('(') || rest.trim_start().starts_with([',', '}']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn wildcards_over_ops_are_found() {
        for wildcard in ["_", "other", "_ if odd(x)"] {
            let text = format!(
                "f(match op {{\n    Op::A | Op::B {{ x: 1 }} => {{ 1 }}\n    {wildcard} => 2,\n}})"
            );
            found(wildcards, &[("a.rs", &text)], &["a.rs:3 Op"]);
        }
        let class = "match row(op).class { Class::Pure => 1, _ => 2 }";
        found(wildcards, &[("a.rs", class)], &["a.rs:1 Class"]);
    }

    #[test]
    fn wildcards_over_the_decoders_operators_only_refuse() {
        for arm in ["{}", "None", "falsely(x)", "return", "Some(Err(1))"] {
            let text = format!("match op {{ Operator::Nop => f(), _ => {arm}, }}");
            found(wildcards, &[("a.rs", &text)], &["a.rs:1 Operator"]);
        }
    }

    #[test]
    fn other_matches_may_have_one() {
        for good in [
            "match op { Op::A => 1, Op::B => match x { 1 => 2, _ => 3 }, Op::C => { 3 } }",
            "match x { Other::A => Op::A, _ => Op::B }",
            "match operator { Operator::I32Add => Op::I32Add, _ => return false }",
            "match operator { Operator::I32Add => Ok(1), _ => Err(Stop::Bug(1)), }",
            "match operator { Operator::Nop => {} _ => return Err(unknown(1)) }",
            "match operator { $(Operator::$x => cx.plain(Op::$x),)* Operator::Nop => {} _ => return false }",
            "match *values { [x] if class == Class::load => 1, _ => 2 }",
            "let match_ = 1;",
            "#[cfg(test)] mod tests { match op { Op::A => 1, _ => 2 } }",
        ] {
            found(wildcards, &[("a.rs", good)], &[]);
        }
    }
}
