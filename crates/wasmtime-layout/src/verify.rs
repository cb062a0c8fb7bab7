//! All code of a compiled module: certified, and checked.

use crate::artifact::{Artifact, Symbol, SymbolKind};
use crate::error::Error;
use crate::layout::{self, Counts};
use crate::patches::Patches;
use crate::settings::Settings;
use prova_certify::{CertifyError, Draft, certified, in_parallel};
use prova_check::{CallRow, CodeKind, Layout, Rule, TrapRow};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The verdict on a compiled module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The SHA-256 of the compiled file.
    pub file_sha256: [u8; 32],
    /// The SHA-256 of the Wasm.
    pub wasm_sha256: [u8; 32],
    /// The settings that the file names, with the release of Wasmtime that compiled it.
    pub settings: Settings,
    /// The patch levels of that release for which the verdict holds: the file does not say which
    /// one compiled it.
    pub patches: Patches,
    /// The patch levels whose structures the refused code is right for, if all of it is.
    pub made_for: Option<Patches>,
    /// Functions that stay in their sandbox.
    pub confined: usize,
    /// Bytes of these.
    pub confined_bytes: u64,
    /// The code that was refused, in the order of the text.
    pub refused: Vec<Refusal>,
    /// The parts of the file that are neither checked nor compared: code by its name, or where it
    /// lies in the text; sections.
    pub unchecked: Vec<String>,
    /// The sections of which the same is true, but which can only make the host show something
    /// wrong.
    pub confusing: Vec<String>,
}

/// Code that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The symbol's name.
    pub name: String,
    /// The function that it is, by its index in the index space.
    pub func: Option<u32>,
    /// The kind of code that it is.
    pub kind: SymbolKind,
    /// Where the code begins in the text.
    pub start: u32,
    /// Offset of the guilty instruction in the text.
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
    /// The fault.
    pub what: &'static str,
}

impl Report {
    /// Whether all of the file was checked or compared, except for what can only confuse, and
    /// nothing refused.
    pub fn is_confined(&self) -> bool {
        self.refused.is_empty() && self.unchecked.is_empty()
    }
}

/// A comparison of what a file says beside its code with what it should say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Numbers of fields of the context; without them, code that copies data segments is refused.
    pub counts: Option<Counts>,
    /// The parts that were not compared, as [`Report::unchecked`] has them.
    pub unchecked: Vec<String>,
    /// The same, as [`Report::confusing`] has them.
    pub confusing: Vec<String>,
}

/// The one that compares, of a file, its bytes and the Wasm.
///
/// # Errors
///
/// If the file says something else than it should.
pub type Compare = fn(&Artifact<'_>, &[u8], &[u8]) -> Result<Rest, Error>;

/// The section that says which code Wasmtime enters, and what the module is to it.
pub const UNCHECKED: &str = ".wasmtime.info";

/// The question behind a fault that another Wasm than the file's has, too.
pub const ANOTHER: &str = "; is the file made of this WebAssembly?";

/// Compares nothing, and says so.
///
/// # Errors
///
/// None.
pub fn uncompared(artifact: &Artifact<'_>, _: &[u8], _: &[u8]) -> Result<Rest, Error> {
    let believed = artifact.believed.iter().chain([&UNCHECKED]);
    Ok(Rest { unchecked: believed.map(|&name| name.to_owned()).collect(), ..Rest::default() })
}

/// Checks the code of a compiled module against its Wasm, on the caller's thread; nothing else is
/// compared.
///
/// # Errors
///
/// As [`verify_on`].
pub fn verify(compiled: &[u8], wasm: &[u8]) -> Result<Report, Error> {
    verify_on(1, compiled, wasm, uncompared)
}

/// Checks the code of a compiled module against its Wasm, on this many threads (the report is the
/// same on any number), and the rest of the file by `compare`.
///
/// # Errors
///
/// If either file cannot be read, has what the derivation of the layout does not know, or the
/// compiled one has no code of a function that the Wasm defines; and those of `compare`.
pub fn verify_on(
    jobs: usize,
    compiled: &[u8],
    wasm: &[u8],
    compare: Compare,
) -> Result<Report, Error> {
    let artifact = Artifact::read(compiled)?;
    let Rest { counts, unchecked, confusing } = compare(&artifact, compiled, wasm)?;
    let layout = layout::derive(&artifact, wasm, counts)?;
    let mut report = Report {
        file_sha256: Sha256::digest(compiled).into(),
        wasm_sha256: Sha256::digest(wasm).into(),
        settings: artifact.settings.clone(),
        patches: layout::patches(wasm, counts)?,
        confusing,
        ..Report::default()
    };
    let named: BTreeSet<u32> = artifact.symbols.iter().filter_map(Symbol::func).collect();
    let mut defined = layout.imported_funcs()..layout.funcs();
    if let Some(func) = defined.find(|func| !named.contains(func)) {
        let what = format!("it names no code of function {func}{ANOTHER}");
        return Err(Error::compiled(".symtab", what));
    }
    let symbols = &artifact.symbols;
    let judged = in_parallel(jobs, symbols.len(), |at| {
        let symbol = &symbols[at];
        let known = symbol.kind != SymbolKind::Other;
        let kind = layout.code_at(symbol.start).filter(|_| known)?;
        Some(check(&layout, &Subject::of(&artifact, symbol, kind)))
    });
    for (symbol, judged) in symbols.iter().zip(judged) {
        match judged {
            None => report.unchecked.push(symbol.name.clone()),
            Some(Ok(())) => {
                report.confined += 1;
                report.confined_bytes += u64::from(symbol.len);
            }
            Some(Err((offset, rule, what))) => {
                let (name, func, start) = (symbol.name.clone(), symbol.func(), symbol.start);
                let offset = start.saturating_add(offset);
                let kind = symbol.kind;
                report.refused.push(Refusal { name, func, kind, start, offset, rule, what });
            }
        }
    }
    let older = counts.filter(|_| report.patches != Patches::ALL && !report.refused.is_empty());
    if let Some(counts) = older {
        let counts = Counts { older: true, ..counts };
        let layout = layout::derive(&artifact, wasm, Some(counts))?;
        report.made_for = are_right(jobs, &artifact, (&layout, &report.refused));
    }
    report.unchecked.extend(artifact.unnamed());
    report.unchecked.extend(unchecked);
    Ok(report)
}

/// The patch levels before the newer structures, if by the layout of theirs nothing is refused of
/// what was refused.
fn are_right(
    jobs: usize,
    artifact: &Artifact<'_>,
    (layout, refused): (&Layout, &[Refusal]),
) -> Option<Patches> {
    let judged = in_parallel(jobs, refused.len(), |at| {
        let start = refused[at].start;
        let found = artifact.symbols.binary_search_by_key(&start, |symbol| symbol.start);
        let symbol = artifact.symbols.get(found.ok()?)?;
        check(layout, &Subject::of(artifact, symbol, layout.code_at(start)?)).ok()
    });
    judged.into_iter().all(|right| right.is_some()).then_some(Patches::OLDER)
}

/// A piece of code as the check gets it, without its certificate.
pub(crate) struct Subject<'a> {
    pub(crate) kind: CodeKind,
    pub(crate) bytes: &'a [u8],
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
}

impl<'a> Subject<'a> {
    /// The code of a symbol, with the file's rows of it.
    pub(crate) fn of(artifact: &Artifact<'a>, symbol: &Symbol, kind: CodeKind) -> Subject<'a> {
        let (bytes, traps) = (artifact.bytes(symbol), artifact.traps_of(symbol));
        Subject { kind, bytes, traps, calls: artifact.calls_of(symbol) }
    }

    /// The code that a certificate is searched for.
    pub(crate) fn draft(&self) -> Draft<'_> {
        let Subject { kind, bytes, traps, calls } = self;
        Draft { kind: *kind, bytes, traps, calls }
    }
}

/// Certifies and checks one piece of code; a refusal has the offset in its code.
fn check(layout: &Layout, subject: &Subject<'_>) -> Result<(), (u32, Rule, &'static str)> {
    let checked = certified(layout, &subject.draft());
    checked.map(|_| ()).map_err(|CertifyError { offset, rule, what }| (offset, rule, what))
}
