//! An artifact judged without running it: is each piece accepted, and is it what the module inside
//! gives when it is compiled again?
//!
//! ```text
//! Artifact, Module ─ Layout::derive, check of each piece ─► accepted, or the rule that is broken
//!                  └ compile again, compare ─► the same bytes, or where they differ first
//! ```
//!
//! The first answer is the check's and holds for any maker. The second compares with this
//! build's compiler, so it says nothing where the file's maker is another one ([`same_maker`]).
//!
//! Limits: threads as asked for; memory in proportion to the file and to one function a thread.
//! Pieces of what the module does not have are counted, and told in one row.

use crate::{Line, NativeCode, NativeCompiler, listing};
use prova_artifact::{Artifact, Piece};
use prova_certify::in_parallel;
use prova_check::{CallRow, Code, CodeKind, Layout, TrapRow};
use prova_core::{MachineCode, MachineCompiler, accepted_code};
use prova_equal::{EqualCode, Setting, Unproved, prove};
use prova_module::{FuncIdx, Module};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicBool;

/// The verdict on an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Functions whose code the check accepts.
    pub functions: Vec<FuncIdx>,
    /// Accepted thunks.
    pub thunks: usize,
    /// Functions of which the file has no code: they run as bytecode.
    pub bytecode: Vec<FuncIdx>,
    /// Pieces that do not run: damaged, or refused by the check.
    pub refused: Vec<(CodeKind, String)>,
    /// Bytes of accepted code, with thunks.
    pub code_bytes: u64,
    /// Functions whose code is proved to do what they say, by the relations in the file.
    pub proved: Vec<FuncIdx>,
    /// Functions whose code comes with a relation that does not prove it, and why.
    pub unproved: Vec<(FuncIdx, String)>,
}

/// How a piece differs from what is compiled now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The code, from this offset on.
    Code(usize),
    /// The certificate or a map; the code is the same.
    Metadata(&'static str),
    /// The file has it; it cannot be compiled here, for this reason.
    Added(String),
    /// It can be compiled; the file lacks it.
    Missing,
}

/// Checks each piece of an artifact. `module` is the one inside, decoded.
///
/// # Errors
/// If there can be no machine code of the module in the file's configuration.
pub fn verify<B: AsRef<[u8]> + Sync>(
    artifact: &Artifact<B>,
    module: &Module,
    jobs: usize,
) -> Result<Verification, String> {
    let layout = layout(artifact, module)?;
    let (kinds, strays) = of_module(artifact, module);
    let setting = Setting::new(module, &layout)
        .map(|setting| setting.with_deterministic(artifact.settings().deterministic));
    let judged = in_parallel(jobs, kinds.len(), |at| {
        judge(artifact, &layout, kinds[at])
            .map(|bytes| (bytes, equal(artifact, setting.as_ref(), kinds[at])))
    });
    let mut verification = Verification { refused: strays, ..Verification::default() };
    for (&kind, judged) in kinds.iter().zip(judged) {
        match (judged, kind) {
            (Ok((bytes, equal)), CodeKind::Func(func)) => {
                verification.functions.push(FuncIdx(func));
                match equal {
                    Some(Ok(_)) => verification.proved.push(FuncIdx(func)),
                    Some(Err(why)) => verification.unproved.push((FuncIdx(func), why.to_string())),
                    None => {}
                }
                verification.code_bytes += bytes as u64;
            }
            (Ok((bytes, _)), CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_)) => {
                verification.thunks += 1;
                verification.code_bytes += bytes as u64;
            }
            (Ok(_), CodeKind::Loop { .. } | CodeKind::Way(_)) => {
                verification.refused.push((kind, "files hold no such code".to_owned()));
            }
            (Err(why), _) => verification.refused.push((kind, why)),
        }
    }
    let refused: BTreeSet<CodeKind> = verification.refused.iter().map(|(kind, _)| *kind).collect();
    let inside: BTreeSet<CodeKind> = kinds.into_iter().collect();
    for ty in (0..module.types().len() as u32).filter(|&ty| layout.is_callable(ty)) {
        for way in [CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)] {
            if !inside.contains(&way) || refused.contains(&way) {
                let why = "there is no way to functions of its type: all run as bytecode";
                verification.refused.push((way, why.to_owned()));
            }
        }
    }
    let lacks = |func: &FuncIdx| !inside.contains(&CodeKind::Func(func.0));
    verification.bytecode = module.defined_funcs().filter(lacks).collect();
    Ok(verification)
}

/// Compiles the module inside again, with the file's settings, and compares each piece; in the
/// order of kinds. Empty: the file is what compiling its module gives.
///
/// # Errors
/// If there can be no machine code of the module in the file's configuration.
pub fn rebuild<B: AsRef<[u8]> + Sync>(
    artifact: &Artifact<B>,
    module: &Module,
    jobs: usize,
) -> Result<Vec<(CodeKind, Change)>, String> {
    let layout = layout(artifact, module)?;
    let compiler = compiler(artifact);
    let own = artifact.settings();
    let proved = Setting::new(module, &layout).ok().filter(|_| has_relations(artifact));
    let proved = proved.map(|setting| setting.with_deterministic(own.deterministic));
    let metering = prova_core::Metering::new(own.config.metering.fuel, own.config.metering.epoch);
    let settings = prova_core::Settings { metering, deterministic: own.deterministic };
    let types = 0..module.types().len() as u32;
    let ways = types.flat_map(|ty| [CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)]);
    let funcs = module.defined_funcs().map(|func| CodeKind::Func(func.0));
    // Pieces of a module that can be compiled are among these.
    let (_, strays) = of_module(artifact, module);
    let kinds: Vec<CodeKind> = funcs.chain(ways).collect();
    let changes = in_parallel(jobs, kinds.len(), |at| {
        let kind = kinds[at];
        let made = accepted_code(&compiler, module, &layout, &settings, kind);
        let made = made.map_err(|why| why.to_string()).and_then(|code| match proved {
            Some(setting) if matches!(kind, CodeKind::Func(_)) => {
                let stop = AtomicBool::new(false);
                let (code, ended) = compiler.related(module, &layout, &settings, code, &stop);
                let proof = match ended {
                    Some(ended) => Err(Unproved::Search(ended)),
                    None => prove(&setting, code_bytes(&code), &code.relation),
                };
                proof.map(|_| code).map_err(|why| why.to_string())
            }
            _ => Ok(code),
        });
        match (artifact.piece(kind), made) {
            (Ok(None), Err(_)) => None,
            (Ok(None), Ok(_)) => Some(Change::Missing),
            (Ok(Some(_)), Err(why)) => Some(Change::Added(why)),
            (Ok(Some(piece)), Ok(made)) => change(&piece, &made),
            (Err(_), _) => Some(Change::Metadata("digest")),
        }
    });
    let changed = kinds.into_iter().zip(changes);
    let changed = changed.filter_map(|(kind, change)| change.map(|change| (kind, change)));
    let strays = strays.into_iter().map(|(kind, why)| (kind, Change::Added(why)));
    let mut changed: Vec<_> = changed.chain(strays).collect();
    changed.sort_by_key(|(kind, _)| *kind);
    Ok(changed)
}

/// The kinds of an artifact's pieces that the module has something of; and for the others, which
/// never run, one row with their number, however many there are.
fn of_module<B: AsRef<[u8]>>(
    artifact: &Artifact<B>,
    module: &Module,
) -> (Vec<CodeKind>, Vec<(CodeKind, String)>) {
    let kinds = artifact.kinds().filter(|&kind| exists(module, kind)).collect();
    let mut strays = artifact.kinds().filter(|&kind| !exists(module, kind));
    let row = strays.next().map(|first| {
        let more = match strays.count() {
            0 => String::new(),
            more => format!(" (nor what {more} more are of)"),
        };
        (first, format!("the module does not have what it is of{more}"))
    });
    (kinds, row.into_iter().collect())
}

/// Whether an artifact says that it was made by the compiler of this build.
pub fn same_maker<B: AsRef<[u8]>>(artifact: &Artifact<B>) -> bool {
    artifact.settings().maker == compiler(artifact).maker()
}

/// The code of a piece, for a listing; which operator an instruction belongs to is known where it
/// may trap or calls. `None`: the file has no such piece, or it is damaged.
pub fn code_of<B: AsRef<[u8]>>(artifact: &Artifact<B>, kind: CodeKind) -> Option<NativeCode> {
    let piece = artifact.piece(kind).ok()??;
    let Piece { kind, bytes, certificate, traps, calls, .. } = piece;
    Some(listed((kind, bytes.to_vec()), certificate, (traps, calls)))
}

/// The instructions of a proposal, in order; which operator one belongs to is known where it may
/// trap or calls.
pub fn lines_of(code: &MachineCode) -> Vec<Line> {
    let MachineCode { kind, bytes, certificate, traps, calls, relation: _, sources: _ } = code;
    let rows = (traps.clone(), calls.clone());
    listing(&listed((*kind, bytes.clone()), certificate, rows))
}

/// Code with its certificate and maps, for a listing. Without a certificate, what only jump tables
/// lead to is not known.
pub fn listed(
    (kind, bytes): (CodeKind, Vec<u8>),
    certificate: &[u8],
    (traps, calls): (Vec<TrapRow>, Vec<CallRow>),
) -> NativeCode {
    let certificate = prova_check::certificate::Certificate::read(certificate);
    let blocks = certificate.map(|read| read.blocks.iter().map(|block| block.offset).collect());
    // No operator lies at 0: there the maker has not said which one it is.
    let known = traps.iter().filter(|row| row.wasm_offset != 0);
    let sources =
        known.map(|row| (row.code_offset, row.code_offset.saturating_add(1), row.wasm_offset));
    let sources = sources.collect();
    let blocks = blocks.unwrap_or_default();
    NativeCode { kind, bytes, traps, calls, sources, blocks, frame_bytes: 0, reaches: Vec::new() }
}

/// The layout that an artifact's code is checked in.
///
/// # Errors
/// Why there is none.
pub fn layout<B: AsRef<[u8]>>(artifact: &Artifact<B>, module: &Module) -> Result<Layout, String> {
    Layout::derive(module.bytes(), &artifact.settings().config).map_err(|error| error.to_string())
}

fn compiler<B: AsRef<[u8]>>(artifact: &Artifact<B>) -> NativeCompiler {
    NativeCompiler::of(&artifact.settings().config)
}

/// Whether a module has what code of this kind is of.
fn exists(module: &Module, kind: CodeKind) -> bool {
    match kind {
        CodeKind::Func(func) => {
            (func as usize) < module.func_count() && module.body(FuncIdx(func)).is_some()
        }
        CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) => (ty as usize) < module.types().len(),
        CodeKind::Loop { .. } | CodeKind::Way(_) => false,
    }
}

/// How many bytes an accepted piece has, with the certificate in the file.
///
/// # Errors
/// Why it is refused.
pub fn judge<B: AsRef<[u8]>>(
    artifact: &Artifact<B>,
    layout: &Layout,
    kind: CodeKind,
) -> Result<usize, String> {
    let piece = artifact.piece(kind).map_err(|error| error.to_string())?;
    let Some(Piece { kind, bytes, certificate, traps, calls, .. }) = piece else {
        return Err("the file has no such piece".to_owned());
    };
    let code = Code { kind, bytes, certificate, traps: &traps, calls: &calls };
    layout.check(code).map(|_| bytes.len()).map_err(|rejection| rejection.to_string())
}

/// The proof that a piece does what its function says; none if it comes without a relation.
fn equal<B: AsRef<[u8]>>(
    artifact: &Artifact<B>,
    setting: Result<&Setting<'_>, &Unproved>,
    kind: CodeKind,
) -> Option<Result<EqualCode, Unproved>> {
    let Piece { kind, bytes, certificate, traps, calls, relation } =
        artifact.piece(kind).ok()??;
    let code = Code { kind, bytes, certificate, traps: &traps, calls: &calls };
    (!relation.is_empty()).then(|| prove(setting.map_err(Unproved::clone)?, code, relation))
}

/// Whether a file was made for those who require a proof.
pub fn has_relations<B: AsRef<[u8]>>(artifact: &Artifact<B>) -> bool {
    artifact.kinds().any(|kind| artifact.relation_bytes(kind) > 0)
}

/// The parts of a proposal that the check reads.
pub fn code_bytes(code: &MachineCode) -> Code<'_> {
    let MachineCode { kind, bytes, certificate, traps, calls, relation: _, sources: _ } = code;
    Code { kind: *kind, bytes, certificate, traps, calls }
}

fn change(piece: &Piece<'_>, made: &MachineCode) -> Option<Change> {
    if piece.bytes != made.bytes {
        let pairs = piece.bytes.iter().zip(&made.bytes);
        return Some(Change::Code(pairs.take_while(|(one, other)| one == other).count()));
    }
    let same = [
        ("certificate", piece.certificate == made.certificate),
        ("trap map", piece.traps == made.traps),
        ("call map", piece.calls == made.calls),
        ("relation", piece.relation == made.relation),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(what, _)| Change::Metadata(what))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Code(offset) => write!(f, "other code from {offset:#x} on"),
            Change::Metadata(what) => write!(f, "the same code with another {what}"),
            Change::Added(why) => write!(f, "code that compiling does not give: {why}"),
            Change::Missing => f.write_str("no code, and compiling gives some"),
        }
    }
}
