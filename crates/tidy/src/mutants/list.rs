//! Output of `cargo mutants --list --json` → mutants with byte offsets and keys.
//!
//! A mutant that cargo-mutants names in a way that is not understood is an error, not left out.

use super::Mutant;
use crate::Tree;
use serde_json::Value;
use std::collections::BTreeMap;

/// The mutants of a list over the files of `tree`.
///
/// # Errors
/// What is not as cargo-mutants writes it.
pub fn parse(json: &str, tree: &Tree) -> Result<Vec<Mutant>, String> {
    let list: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let list = list.as_array().ok_or("the list of mutants is no array")?;
    let mutants = list.iter().enumerate().map(|(i, entry)| {
        mutant(i + 1, entry, tree).ok_or_else(|| format!("not a mutant of this tree: {entry}"))
    });
    let mut mutants: Vec<Mutant> = mutants.collect::<Result<_, _>>()?;
    tell_apart(&mut mutants);
    Ok(mutants)
}

/// The mutants of `operands` in the files of `tree` whose paths `is_wanted` takes.
pub fn operands(tree: &Tree, is_wanted: impl Fn(&str) -> bool) -> Vec<Mutant> {
    let is_code = |path: &str| path.ends_with(".rs") && !path.contains("/tests");
    let files = tree.files.iter().filter(|file| is_code(&file.path) && is_wanted(&file.path));
    let mut mutants: Vec<Mutant> = files.flat_map(super::operands::of).collect();
    for (i, mutant) in mutants.iter_mut().enumerate() {
        mutant.number = i + 1;
    }
    tell_apart(&mut mutants);
    mutants
}

/// Mutants with equal keys are told apart by their order in the source.
fn tell_apart(mutants: &mut [Mutant]) {
    let mut seen: BTreeMap<[String; 4], usize> = BTreeMap::new();
    for mutant in mutants {
        let times = seen.entry(mutant.key().map(str::to_owned)).or_default();
        *times += 1;
        if *times > 1 {
            mutant.line = format!("{} #{times}", mutant.line);
        }
    }
}

fn mutant(number: usize, entry: &Value, tree: &Tree) -> Option<Mutant> {
    let text = |key: &str| Some(entry.get(key)?.as_str()?.to_owned());
    let (file, name) = (text("file")?, text("name")?);
    let source = tree.text(&file)?;
    let span = span(source, entry.get("span")?)?;
    let function = entry.get("function").filter(|function| !function.is_null());
    let extent = match function {
        Some(function) => Some(self::span(source, function.get("span")?)?),
        None => None,
    };
    let function = match function {
        Some(function) => function.get("function_name")?.as_str()?.to_owned(),
        None => "-".to_owned(),
    };
    // `FILE:LINE:COLUMN: WHAT [in FUNCTION]`
    let what = name.strip_prefix(&file)?.splitn(4, ':').nth(3)?.trim();
    let mutation = what.strip_suffix(&format!(" in {function}")).unwrap_or(what).to_owned();
    let line = match text("genre")?.as_str() {
        "FnValue" => "-".to_owned(),
        _ => {
            let start = source[..span.0].rfind('\n').map_or(0, |at| at + 1);
            source[start..].lines().next()?.trim().to_owned()
        }
    };
    let (package, replacement) = (text("package")?, text("replacement")?);
    Some(Mutant { number, package, file, function, extent, span, replacement, mutation, line })
}

/// Byte offsets of `{start: {line, column}, end: {line, column}}`, lines and columns (in
/// characters) from 1.
fn span(source: &str, value: &Value) -> Option<(usize, usize)> {
    let place = |key: &str| {
        let number = |part: &str| usize::try_from(value.get(key)?.get(part)?.as_u64()?).ok();
        let (line, column) = (number("line")?.checked_sub(1)?, number("column")?.checked_sub(1)?);
        let start = match line {
            0 => 0,
            _ => source.match_indices('\n').nth(line - 1)?.0 + 1,
        };
        let mut ends = source[start..].char_indices().map(|(at, _)| start + at);
        ends.nth(column).or_else(|| (start <= source.len()).then_some(source.len()))
    };
    let (start, end) = (place("start")?, place("end")?);
    (start <= end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "// Ä\nfn f(a: u8) -> bool {\n    a < 1 && a < 1 && a > 1\n}\nconst C: u8 = 1 + 2;\n";

    fn entry(name: &str, line: usize, columns: [usize; 2], function: bool) -> String {
        let span = |a: [usize; 2], b: [usize; 2]| {
            format!(
                r#"{{"start": {{"line": {}, "column": {}}}, "end": {{"line": {}, "column": {}}}}}"#,
                a[0], a[1], b[0], b[1]
            )
        };
        let function = match function {
            true => format!(r#"{{"function_name": "f", "span": {}}}"#, span([2, 1], [4, 2])),
            false => "null".to_owned(),
        };
        let span = span([line, columns[0]], [line, columns[1]]);
        format!(
            r#"{{"file": "a.rs", "name": "a.rs:{line}:{}: {name}", "genre": "BinaryOperator", "package": "p",
                "replacement": "==", "function": {function}, "span": {span}}}"#,
            columns[0]
        )
    }

    fn parsed(entries: &[String]) -> Result<Vec<Mutant>, String> {
        parse(&format!("[{}]", entries.join(",")), &Tree::of(&[("a.rs", SOURCE)]))
    }

    #[test]
    fn a_mutant_is_known_by_its_line_and_not_by_the_number() {
        let mutants = parsed(&[
            entry("replace < with == in f", 3, [7, 8], true),
            entry("replace < with == in f", 3, [16, 17], true),
            entry("replace + with -", 5, [17, 18], false),
        ])
        .expect("mutants");
        let line = "a < 1 && a < 1 && a > 1";
        assert_eq!(mutants[0].key(), ["a.rs", "f", "replace < with ==", line]);
        assert_eq!(mutants[1].line, format!("{line} #2"));
        assert_eq!(mutants[2].key(), ["a.rs", "-", "replace + with -", "const C: u8 = 1 + 2;"]);
        let texts: Vec<&str> = mutants.iter().map(|x| &SOURCE[x.span.0..x.span.1]).collect();
        assert_eq!(texts, ["<", "<", "+"]);
        let (start, end) = mutants[0].extent.expect("a function");
        assert!(SOURCE[start..end].starts_with("fn f") && SOURCE[start..end].ends_with('}'));
        let shards: u64 = (0..7).map(|i| u64::from(mutants[0].shard(7) == i)).sum();
        assert_eq!((shards, mutants[0].shard(1)), (1, 0));
        assert_ne!(mutants[0].shard(u64::MAX), mutants[1].shard(u64::MAX));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let known = entry("replace < with == in f", 3, [7, 8], true);
        for (from, to) in [("a.rs", "b.rs"), ("\"line\": 3", "\"line\": 30"), ("genre", "kind")] {
            let error = parsed(&[known.replace(from, to)]);
            assert!(error.is_err(), "{from} {to}");
        }
        assert!(parse("{}", &Tree::default()).is_err());
    }
}
