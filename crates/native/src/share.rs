//! How much of a module's machine code is proved to do what its functions say, and where the rest
//! differs first. Nothing runs.
//!
//! ```text
//! module, compiler ─ function, related ─► code, relation ─ prova_equal::prove ─► Share
//! ```
//!
//! A function counts if the sandbox check accepts its code.

use crate::NativeCompiler;
use crate::verify::code_bytes;
use prova_certify::in_parallel;
use prova_check::certificate::Certificate;
use prova_check::x64::Instructions;
use prova_check::{CodeKind, Layout};
use prova_core::{MachineCode, MachineCompiler, Settings, accepted_code};
use prova_equal::{Ended, Setting, Unproved, prove};
use prova_module::{FuncIdx, Module};
use std::iter::Sum;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A number of functions, of their instructions, and of their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Functions.
    pub functions: u64,
    /// Instructions of their code.
    pub instructions: u64,
    /// Bytes of their code, with jump tables and constants.
    pub bytes: u64,
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Size>>(sizes: I) -> Size {
        sizes.fold(Size::default(), |a, b| Size {
            functions: a.functions + b.functions,
            instructions: a.instructions + b.instructions,
            bytes: a.bytes + b.bytes,
        })
    }
}

/// The outcome of a function.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The function.
    pub func: FuncIdx,
    /// Its code.
    pub size: Size,
    /// Bytes of the relation.
    pub relation_bytes: u64,
    /// Why it is not proved.
    pub outcome: Result<(), Unproved>,
}

/// The outcomes of the functions whose code is accepted, in order.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// One each.
    pub proofs: Vec<Proof>,
    /// The time of one thread that compiling and certifying took.
    pub compile: Duration,
    /// The search of relations, and compiling again for it.
    pub relate: Duration,
    /// The proofs, with the sandbox check.
    pub prove: Duration,
}

/// A proof, and the times of its three stages.
pub(crate) type Row = (Proof, [Duration; 3]);

impl Share {
    /// The outcomes of functions, in order.
    pub(crate) fn of(rows: impl Iterator<Item = Row>) -> Share {
        let mut share = Share::default();
        for (proof, times) in rows {
            share.proofs.push(proof);
            share.compile += times[0];
            share.relate += times[1];
            share.prove += times[2];
        }
        share
    }

    /// How many functions have no proof because the search for one ended at its bound.
    pub fn ended(&self) -> usize {
        let is_ended = |proof: &&Proof| proof.outcome == Err(Unproved::Search(Ended::Bound));
        self.proofs.iter().filter(is_ended).count()
    }

    /// All accepted code.
    pub fn all(&self) -> Size {
        self.proofs.iter().map(|proof| proof.size).sum()
    }

    /// The code that is proved.
    pub fn proved(&self) -> Size {
        self.proofs.iter().filter(|proof| proof.outcome.is_ok()).map(|proof| proof.size).sum()
    }

    /// Bytes of the relations of what is proved.
    pub fn relation_bytes(&self) -> u64 {
        let proved = self.proofs.iter().filter(|proof| proof.outcome.is_ok());
        proved.map(|proof| proof.relation_bytes).sum()
    }
}

/// Compiles functions of a module and asks for a proof of each, on `jobs` threads.
///
/// # Errors
/// If there can be no machine code of the module.
pub fn share(
    (module, funcs): (&Module, &[FuncIdx]),
    compiler: &NativeCompiler,
    settings: &Settings,
    jobs: usize,
) -> Result<Share, String> {
    let layout = Layout::derive(module.bytes(), &compiler.config(settings));
    let layout = layout.map_err(|error| error.to_string())?;
    let setting = Setting::new(module, &layout).map_err(|why| why.to_string())?;
    let setting = setting.with_deterministic(settings.deterministic);
    let rows =
        in_parallel(jobs, funcs.len(), |at| function(compiler, &setting, settings, funcs[at]));
    Ok(Share::of(rows.into_iter().flatten()))
}

/// The outcome of a function, and the times of the three stages; none without accepted code.
fn function(
    compiler: &NativeCompiler,
    setting: &Setting<'_>,
    settings: &Settings,
    func: FuncIdx,
) -> Option<Row> {
    let (module, layout) = (setting.module(), setting.layout());
    let start = Instant::now();
    let code = accepted_code(compiler, module, layout, settings, CodeKind::Func(func.0)).ok()?;
    let (proof, mut times) = proved(compiler, setting, settings, code)?;
    times[0] = start.elapsed().saturating_sub(times[1] + times[2]);
    Some((proof, times))
}

/// The outcome for accepted code of a function, and the times of search and proof; none for other
/// code.
pub(crate) fn proved(
    compiler: &NativeCompiler,
    setting: &Setting<'_>,
    settings: &Settings,
    code: MachineCode,
) -> Option<Row> {
    let (module, layout) = (setting.module(), setting.layout());
    let CodeKind::Func(func) = code.kind else { return None };
    let start = Instant::now();
    let stop = AtomicBool::new(false);
    let (code, ended) = compiler.related(module, layout, settings, code, &stop);
    let related = start.elapsed();
    let start = Instant::now();
    let outcome = match ended {
        Some(ended) => Err(Unproved::Search(ended)),
        None => prove(setting, code_bytes(&code), &code.relation).map(|_| ()),
    };
    let proved = start.elapsed();
    let size =
        Size { functions: 1, instructions: instructions(&code), bytes: code.bytes.len() as u64 };
    let relation_bytes = code.relation.len() as u64;
    let proof = Proof { func: FuncIdx(func), size, relation_bytes, outcome };
    Some((proof, [Duration::ZERO, related, proved]))
}

/// How many instructions code has.
fn instructions(code: &MachineCode) -> u64 {
    let data = Certificate::read(&code.certificate).map(|read| read.data).unwrap_or_default();
    let mut insns = Instructions::new(&code.bytes);
    let (mut at, mut count) = (0, 0);
    while (at as usize) < code.bytes.len() {
        if let Some(&(_, end)) = data.iter().find(|(start, end)| (*start..*end).contains(&at)) {
            at = end;
            continue;
        }
        // Accepted code is instructions up to its end.
        let Ok(insn) = insns.at(at) else { break };
        (at, count) = (insn.end(), count + 1);
    }
    count
}
