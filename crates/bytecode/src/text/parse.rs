//! The parser of the text form: lines → words and map entries; the grammar is in [`crate::text`].
//!
//! Two passes: the first reads every line and gives it its place, so that names are known; the
//! second emits. Strict about what it reads: a written word index must be the true one, a value
//! must fit its operand.

use crate::candidate::MapEntry;
use crate::encode::{CodeBuffer, WORDS_MAX, fits};
use crate::ops::{Class, Kind, Marks, OPS, Op, Role};
use core::fmt;
use std::collections::BTreeMap;

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The fault in the line.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// The words that `text` describes; the map column is read and dropped.
///
/// # Errors
/// The first line that is no line of the text form.
pub fn parse(text: &str) -> Result<Vec<u64>, ParseError> {
    parse_with_map(text).map(|(words, _)| words)
}

/// The words that `text` describes, and its map column.
///
/// # Errors
/// The first line that is no line of the text form.
pub fn parse_with_map(text: &str) -> Result<(Vec<u64>, Vec<MapEntry>), ParseError> {
    let ops: BTreeMap<&str, Op> = OPS.iter().map(|&op| (op.mnemonic(), op)).collect();
    let mut names = BTreeMap::new();
    let mut map = Vec::new();
    let mut lines = Vec::new();
    let mut at = 0u32;
    for (n, line) in text.lines().enumerate() {
        let fail = |message: String| ParseError { line: n + 1, message };
        let line = line.split(';').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('@').and_then(|l| l.strip_suffix(':')) {
            if names.insert(name, i64::from(at)).is_some() {
                return Err(fail(format!("second definition of @{name}")));
            }
            continue;
        }
        let mut tokens: Vec<&str> = line.split_whitespace().collect();
        if let Some(hex) = tokens.first().and_then(|t| t.strip_prefix("0x")) {
            let offset = u32::from_str_radix(hex, 16).map_err(|e| fail(e.to_string()))?;
            map.push(MapEntry { word: at, offset });
            tokens.remove(0);
        }
        if let Some(index) = tokens.first().and_then(|t| t.strip_suffix(':')) {
            if index.parse() != Ok(at) {
                return Err(fail(format!("word {index} is word {at}")));
            }
            tokens.remove(0);
        }
        if tokens.is_empty() {
            continue;
        }
        let line = Line::read(&ops, &tokens, at).map_err(fail)?;
        at = match usize::try_from(at).map(|a| a.saturating_add(line.words())) {
            Ok(next) if next <= WORDS_MAX => next as u32,
            _ => return Err(fail("too many words".into())),
        };
        lines.push((n + 1, line));
    }
    let mut words = Vec::with_capacity(at as usize);
    for (n, line) in lines {
        let fail = |message| ParseError { line: n, message };
        line.emit(&names, &mut words).map_err(fail)?;
    }
    Ok((words, map))
}

enum Line<'t> {
    Word(u64),
    Inst { op: Op, at: u32, tokens: Vec<&'t str>, targets: usize },
}

impl<'t> Line<'t> {
    fn read(ops: &BTreeMap<&str, Op>, tokens: &[&'t str], at: u32) -> Result<Line<'t>, String> {
        let mnemonic = tokens[0];
        if mnemonic == ".word" {
            let word = tokens.get(1).and_then(|t| t.strip_prefix("0x"));
            let word = word.and_then(|hex| u64::from_str_radix(hex, 16).ok());
            return match (word, tokens.len()) {
                (Some(word), 2) => Ok(Line::Word(word)),
                _ => Err("`.word` takes one hexadecimal number".into()),
            };
        }
        let op = *ops.get(mnemonic).ok_or_else(|| format!("unknown mnemonic {mnemonic}"))?;
        let tokens = tokens[1..].to_vec();
        let targets = if op.class() == Class::br_table {
            tokens.iter().skip_while(|&&t| t != "->").skip(1).count()
        } else {
            0
        };
        Ok(Line::Inst { op, at, tokens, targets })
    }

    fn words(&self) -> usize {
        match self {
            Line::Word(_) => 1,
            Line::Inst { op, targets, .. } => op.words() + targets,
        }
    }

    fn emit(&self, names: &BTreeMap<&'t str, i64>, words: &mut Vec<u64>) -> Result<(), String> {
        match self {
            Line::Word(word) => words.push(*word),
            Line::Inst { op, at, tokens, targets } => {
                let mut operands = Operands { tokens: tokens.iter(), names, at: *at };
                let (values, marks) = operands.values(*op, *targets)?;
                let mut code = CodeBuffer::new();
                code.emit_marked(*op, marks, &values);
                if op.class() == Class::br_table {
                    operands.expect("->")?;
                    for _ in 0..*targets {
                        code.emit_target(operands.target()?);
                    }
                }
                if let Some(token) = operands.tokens.next() {
                    return Err(format!("{token} is one too many"));
                }
                words.extend_from_slice(code.words());
            }
        }
        Ok(())
    }
}

struct Operands<'n, 't> {
    tokens: core::slice::Iter<'n, &'t str>,
    names: &'n BTreeMap<&'t str, i64>,
    at: u32,
}

impl<'t> Operands<'_, 't> {
    fn values(&mut self, op: Op, targets: usize) -> Result<(Vec<u64>, Marks), String> {
        let operands = op.operands();
        let mut accumulated = Vec::new();
        let results = operands.iter().filter(|o| o.role == Role::Result).count();
        let mut values = Vec::new();
        for (i, operand) in operands.iter().enumerate() {
            if i == results && results > 0 {
                self.expect("<-")?;
            }
            match operand.kind {
                Kind::count => match targets.checked_sub(1).map(u32::try_from) {
                    Some(Ok(count)) => values.push(u64::from(count)),
                    _ => return Err("br_table takes at least the default target".into()),
                },
                Kind::rel => {
                    self.expect("->")?;
                    values.push(i64::from(self.target()?) as u64);
                }
                Kind::v128c => {
                    let token = self.next()?;
                    let value = token.strip_prefix("0x");
                    let value = value.and_then(|hex| u128::from_str_radix(hex, 16).ok());
                    let value = value.ok_or_else(|| format!("{token} is no v128"))?;
                    values.extend([value as u64, (value >> 64) as u64]);
                }
                _ if self.tokens.as_slice().first() == Some(&"acc") => {
                    self.next()?;
                    accumulated.push(values.len());
                    values.push(0);
                }
                kind => values.push(self.value(kind)?),
            }
        }
        Ok((values, marks(op, &accumulated)?))
    }

    fn value(&mut self, kind: Kind) -> Result<u64, String> {
        let token = self.next()?;
        let (prefix, suffix) = affixes(kind);
        let number = token.strip_prefix(prefix).and_then(|t| t.strip_suffix(suffix));
        let number = number.and_then(|digits| digits.parse::<i128>().ok());
        let value = number.and_then(|number| match kind {
            // Signed or unsigned, as it is written.
            Kind::i32c => i32::try_from(number)
                .map(|n| n as u32)
                .or_else(|_| u32::try_from(number))
                .ok()
                .map(u64::from),
            Kind::i64c | Kind::f64c => {
                i64::try_from(number).map(|n| n as u64).or_else(|_| u64::try_from(number)).ok()
            }
            Kind::i32s | Kind::i64s | Kind::i64w => i64::try_from(number).ok().map(|n| n as u64),
            _ => u64::try_from(number).ok(),
        });
        match value {
            Some(value) if fits(kind, value) => Ok(value),
            _ => Err(format!("{token} is no operand of kind {kind:?}")),
        }
    }

    /// The offset from this instruction to the target that comes next.
    fn target(&mut self) -> Result<i32, String> {
        let token = self.next()?;
        let name = token.strip_prefix('@').ok_or_else(|| format!("{token} is no target"))?;
        let to = self.names.get(name).copied().or_else(|| name.parse().ok());
        let to = to.ok_or_else(|| format!("no definition of {token}"))?;
        let offset = to.checked_sub(i64::from(self.at)).and_then(|o| i32::try_from(o).ok());
        offset.ok_or_else(|| format!("{token} is too far away"))
    }

    fn next(&mut self) -> Result<&'t str, String> {
        self.tokens.next().copied().ok_or_else(|| "an operand is missing".into())
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        match self.next()? {
            token if token == mark => Ok(()),
            token => Err(format!("{token} where {mark} belongs")),
        }
    }
}

/// The marks of an instruction with these operand values in accumulators.
fn marks(op: Op, accumulated: &[usize]) -> Result<Marks, String> {
    let is_result = |&&value: &&usize| value == 0 && op.info().accumulators.result.is_some();
    let muted = accumulated.first().filter(is_result).is_some();
    let mut source = 0;
    for &value in &accumulated[usize::from(muted)..] {
        let sources = &op.info().accumulators.sources;
        let found = sources.iter().position(|it| it.is_some_and(|it| usize::from(it.0) == value));
        match found {
            Some(n) if source == 0 => source = n as u8 + 1,
            _ => return Err(format!("`acc` where {} takes none", op.mnemonic())),
        }
    }
    let marks = Marks::new(source, muted);
    let refused = || format!("`acc` where {} takes none", op.mnemonic());
    op.takes(marks).then_some(marks).ok_or_else(refused)
}

/// The text before and after the number of an operand.
fn affixes(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64 | Kind::ref_ | Kind::addr | Kind::any => {
            ("s", "")
        }
        Kind::v128 => ("s", ":2"),
        Kind::win => ("s", ".."),
        Kind::i32c
        | Kind::i32s
        | Kind::i64s
        | Kind::i64w
        | Kind::i64c
        | Kind::f64c
        | Kind::v128c
        | Kind::rel
        | Kind::count => ("", ""),
        Kind::off16 | Kind::off32 | Kind::off64 => ("+", ""),
        Kind::lane => ("lane", ""),
        Kind::func => ("func", ""),
        Kind::type_ => ("type", ""),
        Kind::table => ("table", ""),
        Kind::mem => ("mem", ""),
        Kind::global => ("global", ""),
        Kind::elem => ("elem", ""),
        Kind::data => ("data", ""),
        Kind::tag => ("tag", ""),
    }
}
