//! A module with its machine code as a file: [`Module::serialize`], [`Module::deserialize`].
//!
//! ```text
//! Module ─ each function: MachineCompiler, Layout::check ─► pieces ─ prova_artifact ─► bytes
//! bytes ─ prova_artifact ─► module ─ decode, validate ─► Module
//!                        └► pieces ─ Stored, a MachineCompiler ─ NativeCode::load_all ─► NativeCode
//! ```
//!
//! Loading is safe whoever made the bytes, so no function here is `unsafe`: the module inside is
//! validated as any other, its layout is derived from it, and a piece of code is one more proposal,
//! which runs only after the check of machine code has accepted it.
//!
//! Accepted code is confined; that it computes what the module says is not shown. Who replaces the
//! file gains what replacing the `.wasm` would give: another confined program with the same imports.
//!
//! # Invariants
//! * T1. Nothing that the file says reaches the runtime but through the check, and the settings that
//!   code is checked in are those of the engine.
//! * T2. A file is a function of the module, the engine's settings and the compiler: not of threads,
//!   paths or time.

use crate::compiler::{CompileError, RefusalReason};
use crate::engine::Engine;
use crate::error::{Context, Error, InvalidArtifact, Result, misuse};
use crate::machine::{MachineCode, MachineCompiler};
use crate::module::{self, Module};
use prova_artifact::{Artifact, Piece};
use prova_bytecode::Settings;
use prova_check::{CodeKind, Config, CpuLevel, Layout, MemoryShape, Metering};
use prova_module::FuncIdx;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of an artifact for each byte that a module may have: code, certificates and maps of a
/// function take some twenty times its body.
const BYTES_PER_MODULE_BYTE: u64 = 32;

/// The code in an artifact, as a compiler: it proposes what is stored.
struct Stored {
    artifact: Artifact<Arc<[u8]>>,
}

impl Module {
    /// The module with machine code of all its functions, as the bytes of an ELF file that
    /// [`Module::deserialize`] loads. Every piece has passed the check in this engine's settings;
    /// functions without code that passes are left out, and [`Module::refusals`] says why.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the engine has no compiler of machine code
    /// ([`Config::native`](crate::Config::native)), or if there can be none of this module.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let (settings, pieces) = self.code().proposals()?;
        let mut writer = prova_artifact::Writer::new(settings);
        for (name, code) in &pieces {
            let MachineCode { kind, bytes, certificate, traps, calls } = code;
            let (traps, calls) = (traps.clone(), calls.clone());
            writer.piece(name, &Piece { kind: *kind, bytes, certificate, traps, calls });
        }
        Ok(writer.finish(self.wasm().bytes())?.bytes)
    }

    /// Loads what [`Module::serialize`] made, from a place that need not be trusted: the module
    /// inside is validated, and machine code runs only after the check has accepted it, each
    /// function at its first call, or all of them here where the engine translates eagerly.
    ///
    /// Code that is refused, or was made for other settings than the engine's, does not run: the
    /// function runs as bytecode, and [`Module::refusals`] says why. No compiler is needed.
    ///
    /// # Errors
    /// [`InvalidArtifact`](crate::InvalidArtifact), and those of [`Module::new`] for the module
    /// inside.
    pub fn deserialize(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        of_artifact(engine, bytes.as_ref().into())
    }

    /// The same, of a file. It is copied before anything in it is looked at, so a change of the file
    /// changes nothing that was checked.
    ///
    /// # Errors
    /// If the file cannot be read, and those of [`Module::deserialize`].
    pub fn deserialize_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let max = engine.config().limits.module_bytes.saturating_mul(BYTES_PER_MODULE_BYTE);
        let bytes = module::read(file, max)
            .with_context(|| format!("failed to read `{}`", file.display()))?;
        if bytes.len() as u64 > max {
            misuse!("`{}` has more than the {max} bytes that an artifact may have", file.display());
        }
        of_artifact(engine, bytes)
    }
}

fn of_artifact(engine: &Engine, bytes: Arc<[u8]>) -> Result<Module> {
    let artifact = Artifact::read(bytes).map_err(|error| Error::new(InvalidArtifact(error)))?;
    let wasm = artifact.module().into();
    let stored = Stored { artifact };
    let config = engine.config();
    let unfit = stored.unfit(&config.machine_of(&stored), config.settings().deterministic);
    Module::with_machine_code(engine, wasm, Arc::new(stored), unfit)
}

impl MachineCompiler for Stored {
    fn name(&self) -> &str {
        "artifact"
    }

    fn config(&self, settings: &Settings) -> Config {
        let metering = settings.metering;
        let metering = Metering { fuel: metering.has_fuel(), epoch: metering.has_epoch() };
        Config { metering, ..self.artifact.settings().config }
    }

    fn function(
        &self,
        _: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        self.stored(layout.config(), settings.deterministic, CodeKind::Func(func.0))
    }

    fn thunk(
        &self,
        _: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        let deterministic = self.artifact.settings().deterministic;
        self.stored(layout.config(), deterministic, kind)
    }
}

impl Stored {
    /// Why the code is not for this configuration, if it is not.
    fn unfit(&self, asked: &Config, deterministic: bool) -> Option<String> {
        let own = self.artifact.settings();
        if own.config == *asked && own.deterministic == deterministic {
            return None;
        }
        let (own, asked) = (told(&own.config, own.deterministic), told(asked, deterministic));
        Some(format!("the artifact was made for {own}; the engine runs with {asked}"))
    }

    /// A piece, if it was made for this configuration.
    fn stored(
        &self,
        config: &Config,
        deterministic: bool,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        if let Some(why) = self.unfit(config, deterministic) {
            return Err(CompileError::Declined(why));
        }
        let piece = self.artifact.piece(kind);
        let piece = piece.map_err(|error| CompileError::Declined(error.to_string()))?;
        let Some(Piece { kind, bytes, certificate, traps, calls }) = piece else {
            return Err(CompileError::Declined("the artifact has no code of it".to_owned()));
        };
        let (bytes, certificate) = (bytes.to_vec(), certificate.to_vec());
        Ok(MachineCode { kind, bytes, certificate, traps, calls })
    }
}

/// A configuration in words.
fn told(config: &Config, deterministic: bool) -> String {
    let Config { memory, metering, cpu, signals } = config;
    let memory = match *memory {
        MemoryShape::Explicit => "explicit accesses".to_owned(),
        MemoryShape::GUARD => "guarded memories".to_owned(),
        MemoryShape::Guard { reservation_bytes, guard_bytes } => {
            format!("memories of {reservation_bytes} bytes and {guard_bytes} behind")
        }
    };
    let metering = match (metering.fuel, metering.epoch) {
        (false, false) => "no metering",
        (true, false) => "fuel",
        (false, true) => "epochs",
        (true, true) => "fuel and epochs",
    };
    let cpu = match cpu {
        CpuLevel::V2 => "x86-64-v2",
        CpuLevel::V3 => "x86-64-v3",
    };
    let signals = if *signals { "signals" } else { "no signals" };
    let nans = if deterministic { "canonical NaNs" } else { "NaNs of the machine" };
    format!("{memory}, {metering}, {cpu}, {signals}, {nans}")
}

/// Why a module has no machine code at all, as an error of who asked for it.
pub(crate) fn none(reason: Option<RefusalReason>) -> Error {
    let why = match reason {
        Some(RefusalReason::OfModule(why) | RefusalReason::Declined(why)) => why,
        Some(RefusalReason::Rejected(why)) => why.to_string(),
        None => "the engine has no compiler of machine code".to_owned(),
    };
    Error::new(crate::error::Misuse(format!("there is no machine code to write: {why}")))
}
