//! Proposals of machine code: module, layout, function → a [`MachineCode`], which runs only after
//! `prova-check` accepted it.
//!
//! `pipeline` derives the layout, asks, and hands proposals to the runtime, whose
//! `NativeCode::load_all` is the check; [`Config::native`](crate::Config::native) plugs a compiler
//! in. Where there is no code that passes, the function runs as bytecode, and
//! [`Module::refusals`](crate::Module::refusals) says why. Where a proof is required
//! ([`Config::require_proved`](crate::Config::require_proved)), the compiler is asked for a
//! relation too, and `prova-equal` judges it.

use crate::compiler::{CodeRefusal, CompileError, RefusalReason};
use crate::pipeline::{bytes_of, of_kind};
use prova_artifact::Piece;
use prova_bytecode::Settings;
use prova_check::{CallRow, CodeKind, Config, Layout, TrapRow};
use prova_equal::Ended;
use prova_module::{FuncIdx, Module};
use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::atomic::AtomicBool;

/// Machine code as a compiler proposes it, with the certificate that the check reads.
#[derive(Clone, Debug)]
pub struct MachineCode {
    /// The kind of code.
    pub kind: CodeKind,
    /// Code, jump tables, constants.
    pub bytes: Vec<u8>,
    /// The certificate for the check.
    pub certificate: Vec<u8>,
    /// The instructions that may trap, by offset.
    pub traps: Vec<TrapRow>,
    /// Calls, by offset.
    pub calls: Vec<CallRow>,
    /// The relation by which `prova_equal` proves that it does what its function says; of no bytes
    /// if there is none.
    pub relation: Vec<u8>,
    /// The operators, by offset in the module, that ranges `[start, end)` of code belong to, as far
    /// as the compiler says it: a hint for who looks for a relation. Files do not have it.
    pub sources: Vec<(u32, u32, u32)>,
}

impl MachineCode {
    /// From a file.
    pub(crate) fn of(piece: &Piece<'_>) -> MachineCode {
        let Piece { kind, bytes, certificate, traps, calls, relation } = piece;
        let (bytes, certificate) = (bytes.to_vec(), certificate.to_vec());
        let (traps, calls, relation) = (traps.clone(), calls.clone(), relation.to_vec());
        let sources = Vec::new();
        MachineCode { kind: *kind, bytes, certificate, traps, calls, relation, sources }
    }

    /// As it is written to a file.
    pub(crate) fn piece(&self) -> Piece<'_> {
        let MachineCode { kind, bytes, certificate, traps, calls, relation, .. } = self;
        let (traps, calls) = (traps.clone(), calls.clone());
        Piece { kind: *kind, bytes, certificate, traps, calls, relation }
    }
}

/// Makes machine code of functions.
pub trait MachineCompiler: Send + Sync + RefUnwindSafe {
    /// A short name, for [`Refusal`](crate::Refusal).
    fn name(&self) -> &str;

    /// Its name and version, as an artifact has them: code of the same module, settings and maker
    /// is the same to the byte.
    fn maker(&self) -> String {
        self.name().to_owned()
    }

    /// The target of the code in these settings: the shape of memories, metering, the machine. The
    /// engine may still ask for explicit accesses and no signals
    /// ([`Config::signals_based_traps`](crate::Config::signals_based_traps)): the layout's
    /// configuration decides.
    fn config(&self, settings: &Settings) -> Config;

    /// Proposes code of a defined function. May be called from several threads at once.
    ///
    /// # Errors
    /// Why there is none.
    fn function(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError>;

    /// Proposes the way into functions of a type ([`CodeKind::ThunkIn`]), or out of native code to
    /// them ([`CodeKind::ThunkOut`]).
    ///
    /// # Errors
    /// Why there is none; functions of the type run as bytecode.
    fn thunk(
        &self,
        module: &Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError>;

    /// Proposes code of a defined function from a round of one of its loops on
    /// ([`CodeKind::Loop`]); `offset` is the place of the `loop` in the module.
    ///
    /// # Errors
    /// Why there is none; then the function goes on as bytecode.
    fn of_loop(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &Settings,
        (func, offset): (FuncIdx, u32),
    ) -> Result<MachineCode, CompileError> {
        let _ = (module, layout, settings, func, offset);
        Err(CompileError::Declined("it makes no code of loops".to_owned()))
    }

    /// Code that this compiler made of a function, or other code of that function, with a relation
    /// by which it is proved to do what the function says; as it is if there is none, with the
    /// reason if the search for one ended early: at its bound, or since `stop` was set. Asked for
    /// where only proved code may run ([`Config::require_proved`](crate::Config::require_proved)).
    fn related(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &Settings,
        code: MachineCode,
        stop: &AtomicBool,
    ) -> (MachineCode, Option<Ended>) {
        let _ = (module, layout, settings, stop);
        (code, None)
    }

    /// Code that the check refused, with another certificate; none if there is none.
    fn certified(&self, layout: &Layout, refused: MachineCode) -> Option<MachineCode> {
        let _ = (layout, refused);
        None
    }
}

/// Called while machine code is made ([`Config::code_watch`](crate::Config::code_watch)), to show
/// progress, by the threads that make it.
pub trait CodeWatch: Send + Sync + RefUnwindSafe {
    /// Code of a function of a module begins to be made; the module has `functions` functions.
    fn begins(&self, functions: usize);

    /// It is made, or there is none.
    fn ends(&self);
}

impl fmt::Debug for dyn CodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeWatch").finish_non_exhaustive()
    }
}

impl fmt::Debug for dyn MachineCompiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MachineCompiler").field(&self.name()).finish()
    }
}

/// The code of a kind that a compiler proposes and the check accepts: where it refuses the first
/// certificate, with the other one. Nothing is loaded.
///
/// # Errors
/// Why there is none.
pub fn accepted_code(
    compiler: &dyn MachineCompiler,
    module: &Module,
    layout: &Layout,
    settings: &Settings,
    kind: CodeKind,
) -> Result<MachineCode, RefusalReason> {
    let code = match kind {
        CodeKind::Func(func) => compiler.function(module, layout, settings, FuncIdx(func)),
        CodeKind::Loop { func, offset } => {
            compiler.of_loop(module, layout, settings, (FuncIdx(func), offset))
        }
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) => compiler.thunk(module, layout, kind),
        CodeKind::Way(_) => {
            Err(CompileError::Bug("ways are the code of another runtime's texts".to_owned()))
        }
    };
    let code = code.map_err(RefusalReason::from)?;
    let code = of_kind(code, kind).map_err(RefusalReason::Rejected)?;
    accepted(compiler, layout, code)
}

/// Code that the check accepts: where it refuses the certificate, with another one of the compiler.
///
/// # Errors
/// What the check says of the first certificate, if there is none that it accepts.
pub fn accepted(
    compiler: &dyn MachineCompiler,
    layout: &Layout,
    code: MachineCode,
) -> Result<MachineCode, RefusalReason> {
    let kind = code.kind;
    let rejected = match layout.check(bytes_of(&code)) {
        Ok(_) => return Ok(code),
        Err(rejection) => rejection,
    };
    let again = compiler.certified(layout, code);
    let again = again.filter(|code| code.kind == kind && layout.check(bytes_of(code)).is_ok());
    let refusal = || RefusalReason::Rejected(CodeRefusal::Machine(rejected.to_string()));
    again.ok_or_else(refusal)
}
