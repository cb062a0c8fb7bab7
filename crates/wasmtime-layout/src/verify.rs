//! Every function of a compiled module: certified, and checked.

use crate::artifact::{Artifact, Symbol, SymbolKind};
use crate::error::Error;
use crate::layout::{self, Counts};
use prova_certify::{CertifyError, Draft};
use prova_check::{CallRow, Clause, Code, CodeKind, Layout, Rejection, Rule, Says, TrapRow, Way};
use std::collections::BTreeSet;

/// The verdict on a compiled module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The release of Wasmtime that compiled it.
    pub release: String,
    /// Functions that stay in their sandbox.
    pub confined: usize,
    /// Bytes of these.
    pub confined_bytes: u64,
    /// The code that was refused, in the order of the text.
    pub refused: Vec<Refusal>,
    /// The parts of the file for which there is no check yet: code by its name, or where it lies in
    /// the text; sections.
    pub unchecked: Vec<String>,
}

/// Code that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The symbol's name.
    pub name: String,
    /// Offset of the guilty instruction in the text.
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
    /// The fault.
    pub what: &'static str,
}

impl Report {
    /// Whether all of the file was checked, and nothing refused. As long as [`UNCHECKED`] is one of
    /// its sections, it is not.
    pub fn is_confined(&self) -> bool {
        self.refused.is_empty() && self.unchecked.is_empty()
    }
}

/// The section that says which code Wasmtime enters, and what the module is to it. It is compared
/// with nothing yet.
pub const UNCHECKED: &str = ".wasmtime.info";

/// Checks the code of a compiled module against its Wasm, as [`verify_with`] without counts.
///
/// # Errors
///
/// As there.
pub fn verify(compiled: &[u8], wasm: &[u8]) -> Result<Report, Error> {
    verify_with(compiled, wasm, None)
}

/// Checks the code of a compiled module against its Wasm. Without counts, code that copies data
/// segments is refused.
///
/// # Errors
///
/// If either file cannot be read, has what the derivation of the layout does not know, or the
/// compiled one has no code of a function that the Wasm defines.
pub fn verify_with(compiled: &[u8], wasm: &[u8], counts: Option<Counts>) -> Result<Report, Error> {
    let artifact = Artifact::read(compiled)?;
    let layout = layout::derive(&artifact, wasm, counts)?;
    let release = artifact.settings.release.clone();
    let mut report = Report { release, ..Report::default() };
    let named: BTreeSet<u32> = artifact.symbols.iter().filter_map(Symbol::func).collect();
    let mut defined = layout.imported_funcs()..layout.funcs();
    if let Some(func) = defined.find(|func| !named.contains(func)) {
        return Err(Error::compiled(".symtab", format!("it names no code of function {func}")));
    }
    for symbol in &artifact.symbols {
        let Some(kind) = layout.code_at(symbol.start).filter(|_| symbol.kind != SymbolKind::Other)
        else {
            report.unchecked.push(symbol.name.clone());
            continue;
        };
        match check(&artifact, &layout, symbol, kind) {
            Ok(()) => {
                report.confined += 1;
                report.confined_bytes += u64::from(symbol.len);
            }
            Err((offset, rule, what)) => {
                let offset = symbol.start.saturating_add(offset);
                report.refused.push(Refusal { name: symbol.name.clone(), offset, rule, what });
            }
        }
    }
    report.unchecked.extend(artifact.unnamed());
    report.unchecked.push(UNCHECKED.to_owned());
    Ok(report)
}

/// Certifies and checks one function; a refusal has the offset in its code.
fn check(
    artifact: &Artifact<'_>,
    layout: &Layout,
    symbol: &Symbol,
    kind: CodeKind,
) -> Result<(), (u32, Rule, &'static str)> {
    let (start, end) = (symbol.start, symbol.start.saturating_add(symbol.len));
    if matches!(kind, CodeKind::Func(_)) && !start.is_multiple_of(16) {
        return Err((0, Rule::Metadata, "a function that does not lie at a multiple of 16"));
    }
    let from = artifact.traps.partition_point(|row| row.code_offset < start);
    let to = artifact.traps.partition_point(|row| row.code_offset < end);
    let rows = artifact.traps.get(from..to).unwrap_or(&[]);
    let own = |row: &TrapRow| TrapRow { code_offset: row.code_offset - start, ..*row };
    let traps: Vec<TrapRow> = rows.iter().map(own).collect();
    let bytes = artifact.bytes(symbol);
    let calls = unwound(artifact, symbol, kind)?;
    let calls = &calls[..];
    let draft = Draft { kind, bytes, traps: &traps, calls };
    let certificate = prova_certify::certify(layout, &draft)
        .map_err(|CertifyError { offset, rule, what }| (offset, rule, what))?;
    let code = Code { kind, bytes, certificate: &certificate, traps: &traps, calls };
    let checked = layout.check(code);
    checked.map(|_| ()).map_err(|Rejection { offset, rule, what, .. }| (offset, rule, what))
}

/// The handlers of the section of exceptions, as rows of the calls of ways in; of other code they
/// have no rule.
fn unwound(
    artifact: &Artifact<'_>,
    symbol: &Symbol,
    kind: CodeKind,
) -> Result<Vec<CallRow>, (u32, Rule, &'static str)> {
    let (start, end) = (symbol.start, symbol.start.saturating_add(symbol.len));
    let from = artifact.handled.partition_point(|call| call.return_offset <= start);
    let to = artifact.handled.partition_point(|call| call.return_offset <= end);
    let mut rows = Vec::new();
    for call in artifact.handled.get(from..to).unwrap_or(&[]) {
        let return_offset = call.return_offset - start;
        let landing = call.handler.and_then(|handler| handler.checked_sub(start));
        let Some(landing) = landing.filter(|_| matches!(kind, CodeKind::Way(Way::In(_)))) else {
            let what = "a handler of exceptions, which has no rule";
            return Err((return_offset, Rule::Landing, what));
        };
        let frame_bytes = call.frame_bytes;
        let clause = Clause { tag: None, with_ref: false, landing, frame_bytes };
        rows.push(CallRow::operator(return_offset, 0));
        rows.push(CallRow { return_offset, says: Says::Clause(clause) });
    }
    Ok(rows)
}
