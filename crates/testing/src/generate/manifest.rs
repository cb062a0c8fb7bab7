//! `manifest.tsv` → the cases of a collection of real programs.
//!
//! ```text
//! programs/{manifest,short}.tsv, or $PROVA_CORPUS/manifest.tsv ─► [Case] ─ corpus, bench
//! ```
//!
//! One case a row; `programs/README.md` names the columns. A row that is not understood is an
//! error: no case is lost.

use std::fs;
use std::path::Path;

/// The purpose of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Long enough to time.
    Bench,
    /// Shows that something works.
    Test,
    /// One of a pair that differs in a known place.
    Diff,
    /// Needs host functions that nobody has: validated and compiled only.
    Compile,
}

/// A program, what it is given, and what it must print.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// The module, from the collection's folder.
    pub file: String,
    /// SHA-256 of the module.
    pub file_sha256: String,
    /// The features that it needs.
    pub features: Vec<String>,
    /// The guest's arguments.
    pub args: Vec<String>,
    /// The guest's standard input, from the collection's folder.
    pub stdin: Option<String>,
    /// SHA-256 of what it prints and writes (`corpus` says how).
    pub expected: String,
    /// Its purpose.
    pub class: Class,
}

/// Reads the cases of a manifest.
///
/// # Errors
/// If it is missing or a row is not understood.
pub fn read(path: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Case>, String> {
    let rows = (1..).zip(text.lines()).skip(1).filter(|(_, row)| !row.is_empty());
    rows.map(|(line, row)| case(row).map_err(|error| format!("line {line}: {error}"))).collect()
}

fn case(row: &str) -> Result<Case, String> {
    let fields: Vec<&str> = row.split('\t').collect();
    let [id, file, _, sha256, _, features, args, stdin, expected, _, class, _] = fields[..] else {
        return Err(format!("{} fields of 12", fields.len()));
    };
    let given = |field: &str| (field != "-").then(|| field.to_owned());
    Ok(Case {
        id: id.to_owned(),
        file: file.to_owned(),
        file_sha256: sha256.to_owned(),
        features: features.split(',').map(str::to_owned).collect(),
        args: given(args).map_or(Ok(Vec::new()), |args| split(&args))?,
        stdin: given(stdin),
        expected: expected.to_owned(),
        class: match class {
            "bench" => Class::Bench,
            "test" => Class::Test,
            "diff" => Class::Diff,
            "compile" => Class::Compile,
            other => return Err(format!("no such class: {other}")),
        },
    })
}

/// Splits arguments as a shell does: at spaces that are not behind a backslash or between quotes.
///
/// # Errors
/// A quote that is not closed, or a backslash at the end.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let unclosed = || format!("a quote is not closed: {text}");
    while let Some(c) = chars.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next().ok_or_else(unclosed)?),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or_else(unclosed)? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(chars.next().ok_or_else(unclosed)?),
                        other => word.push(other),
                    }
                }
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_split_as_in_a_shell() {
        let words = |text: &str| split(text).map(|words| words.join("|"));
        assert_eq!(words("-a  b:c=d 12"), Ok("-a|b:c=d|12".to_owned()));
        assert_eq!(words(r#"'a b' "c \" d"e f\ g ''"#), Ok(r#"a b|c " de|f g|"#.to_owned()));
        assert!(words("a 'b").is_err());
        assert!(words("a\\").is_err());
    }

    #[test]
    fn rows_are_understood_or_refused() {
        let row = |class: &str| {
            format!("head\nx\tbin/x.wasm\t1\tab\to\ta,b\t-n 1\t-\tcd\to\t{class}\tMIT\n")
        };
        let cases = parse(&row("diff")).expect("a good row");
        assert_eq!(cases.len(), 1);
        assert_eq!((cases[0].id.as_str(), cases[0].class), ("x", Class::Diff));
        assert_eq!((cases[0].args.len(), &cases[0].stdin), (2, &None));
        assert!(parse(&row("tests")).is_err());
        assert!(parse("head\nx\ty\n").is_err());
    }
}
