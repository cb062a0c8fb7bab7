//! A module with its machine code as a file: [`Module::serialize`], [`Module::deserialize`].
//!
//! ```text
//! Module ─ each function: MachineCompiler, Layout::check ─► pieces ─ prova_artifact ─► bytes
//! bytes ─ prova_artifact ─► module ─ decode, validate ─► Module
//!                        └► pieces ─ Stored, a MachineCompiler ─ NativeCode::load_all ─► NativeCode
//! ```
//!
//! Loading is safe for every maker of the bytes, so no function here is `unsafe`: the module inside
//! is validated as any other, its layout is derived from it, and a piece of code is one more
//! proposal, which runs only after the check of machine code has accepted it.
//!
//! Accepted code is confined; that it computes what the module says is shown only where that is
//! required. Who replaces the file gains what replacing the `.wasm` would give: another confined
//! program with the same imports.
//!
//! # Invariants
//! * T1. Nothing that the file says reaches the runtime but through the check, and the settings
//!   that code is checked in are those of the engine.
//! * T2. In a configuration where the host relies on more than the check proves (a deadline that
//!   code polls; divisions without a handler of faults), no code of files runs that is not proved
//!   equal to its function ([`Config::require_proved`](crate::Config::require_proved)).
//! * T3. Where code has to be proved, the ways into functions and out of them, which no proof
//!   covers, are made by the engine's compiler, and never taken from a file.
//! * T4. A file is a function of the module, the engine's settings and the compiler: not of
//!   threads, paths or time.

use crate::compiler::{CompileError, RefusalReason};
use crate::engine::Engine;
use crate::error::{Context, Error, InvalidArtifact, Result, misuse};
use crate::machine::{MachineCode, MachineCompiler};
use crate::module::{self, Module};
use prova_artifact::{Artifact, Settings};
use prova_check::{CodeKind, Config, Layout, Metering};
use prova_module::FuncIdx;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of an artifact for each byte that a module may have: code, certificates and maps of a
/// function take some twenty times its body.
const BYTES_PER_MODULE_BYTE: u64 = 32;

/// Most bytes of any artifact.
const BYTES_MAX: u64 = 1 << 30;

/// The most bytes of an artifact where a module may have `module_bytes`.
pub(crate) fn bytes_max(module_bytes: u64) -> u64 {
    module_bytes.saturating_mul(BYTES_PER_MODULE_BYTE).min(BYTES_MAX)
}

/// Why nothing of an artifact runs in an engine that was not told to take machine code.
const NOT_TAKEN: &str = "the engine takes no machine code (`Config::precompiled`)";

/// Why nothing of an artifact runs where a proof is required and there is nobody who makes ways.
const NO_WAYS: &str = "ways into functions of a file and out of them are not proved, and the engine has \
                       no compiler that makes others (`Config::native`)";

/// The code in an artifact, as a compiler: it proposes what is stored.
struct Stored {
    artifact: Artifact<Arc<[u8]>>,
    /// Makes the ways into functions and out of them in place of the artifact's (T3).
    ways: Option<Arc<dyn MachineCompiler>>,
}

impl Module {
    /// The module with machine code of all its functions, as the bytes of an ELF file that
    /// [`Module::deserialize`] loads. Every piece has passed the check in this engine's settings;
    /// functions without code that passes are left out, and [`Module::refusals`] says why.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the engine has no compiler of machine code
    /// ([`Config::native`](crate::Config::native)), if it counts epochs or does without signals and
    /// requires no proof ([`Config::require_proved`](crate::Config::require_proved)), or if there
    /// can be no machine code of this module.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let (settings, pieces) = self.code().proposals()?;
        if let Some(why) = unproved(self.engine().config(), &settings.config) {
            misuse!("{why}");
        }
        let mut writer = prova_artifact::Writer::new(settings);
        for (name, code) in &pieces {
            writer.piece(name, &code.piece());
        }
        Ok(writer.finish(self.wasm().bytes())?.bytes)
    }

    /// Loads what [`Module::serialize`] made, from a place that need not be trusted: the module
    /// inside is validated, and machine code runs only after the check has accepted it, each
    /// function at its first call, or all of them here where the engine translates eagerly.
    ///
    /// Code that is refused, or was made for other settings than the engine's, does not run: the
    /// function runs as bytecode, and [`Module::refusals`] says why; where the engine has a
    /// compiler, that makes the code then, and [`Module::unused_code`] says why. No compiler is
    /// needed, but the engine has to take machine code
    /// ([`Config::precompiled`](crate::Config::precompiled)).
    /// Engines that count epochs or do without signals take none, unless they require a proof: what
    /// they rely on is not proved of other code.
    ///
    /// Code that is taken stays in its sandbox, and ends where fuel is metered. Its results, the
    /// amount of fuel and the bits of NaNs are those of the file's maker; where a proof is required
    /// ([`Config::require_proved`](crate::Config::require_proved)), those of the module inside.
    ///
    /// # Errors
    /// [`InvalidArtifact`](crate::InvalidArtifact), and those of [`Module::new`] for the module
    /// inside.
    pub fn deserialize(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        of_artifact(engine, bytes.as_ref().into())
    }

    /// The same, of a file. It is copied before anything in it is looked at, so a change of the
    /// file changes nothing that was checked.
    ///
    /// # Errors
    /// If the file cannot be read, and those of [`Module::deserialize`].
    pub fn deserialize_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let max = bytes_max(engine.config().limits.module_bytes);
        let bytes = module::read(file, max)
            .with_context(|| format!("failed to read `{}`", file.display()))?;
        if bytes.len() as u64 > max {
            misuse!("`{}` has more than the {max} bytes that an artifact may have", file.display());
        }
        of_artifact(engine, bytes)
    }
}

const A_MODULE: &str = "these bytes are a module, which `Module::new` loads (`wasmtime_module_new` in C): `deserialize` takes what `serialize` or `prova compile` made";

fn of_artifact(engine: &Engine, bytes: Arc<[u8]>) -> Result<Module> {
    let is_module = bytes.starts_with(b"\0asm");
    let artifact = Artifact::read(bytes).map_err(|error| {
        let error = Error::new(InvalidArtifact(error));
        match is_module {
            true => error.context(A_MODULE),
            false => error,
        }
    })?;
    let wasm = artifact.module().into();
    let config = engine.config();
    let ways = config.native.clone().filter(|_| config.proved);
    let stored = Stored { artifact, ways };
    let unfit = match config.machine() {
        Some(machine) => unproved(config, &machine)
            .map(str::to_owned)
            .or_else(|| stored.unfit(&machine, config.settings().deterministic))
            .or_else(|| stored.unrelated(config))
            .or_else(|| (config.proved && stored.ways.is_none()).then(|| NO_WAYS.to_owned())),
        None => Some(NOT_TAKEN.to_owned()),
    };
    if let (Some(why), true) = (&unfit, config.native.is_some()) {
        // The engine's own compiler makes code that fits.
        return Module::without_code_of_file(engine, wasm, why.clone());
    }
    Module::with_machine_code(engine, wasm, Arc::new(stored), unfit)
}

/// A property that the check does not prove, though a host relies on it in this configuration: code
/// of a compiler that we test is taken, code of a file is not. Where each function's code has to be
/// proved to do what the function says, it does that too.
fn unproved(config: &crate::Config, machine: &Config) -> Option<&'static str> {
    if config.proved {
        return None;
    }
    if machine.metering.epoch {
        return Some(
            "that code ends at a deadline is not proved, so code of files runs under epochs only \
             where a proof is required",
        );
    }
    if !machine.signals {
        return Some(
            "that divisions do not overflow is not proved, so code of files runs without signals \
             only where a proof is required",
        );
    }
    None
}

impl MachineCompiler for Stored {
    fn name(&self) -> &str {
        "artifact"
    }

    fn config(&self, settings: &prova_bytecode::Settings) -> Config {
        let metering = settings.metering;
        let metering = Metering { fuel: metering.has_fuel(), epoch: metering.has_epoch() };
        Config { metering, ..self.artifact.settings().config }
    }

    fn function(
        &self,
        _: &prova_module::Module,
        layout: &Layout,
        settings: &prova_bytecode::Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        self.stored(layout.config(), settings.deterministic, CodeKind::Func(func.0))
    }

    fn thunk(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        if let Some(own) = &self.ways {
            return own.thunk(module, layout, kind);
        }
        let deterministic = self.artifact.settings().deterministic;
        self.stored(layout.config(), deterministic, kind)
    }
}

impl Stored {
    /// Why the code is not for this configuration, if it is not.
    fn unfit(&self, asked: &Config, deterministic: bool) -> Option<String> {
        let own = self.artifact.settings();
        // The processor is compared with the one at hand where the layout is derived.
        let same = own.config == prova_check::Config { cpu: own.config.cpu, ..*asked };
        if same && own.deterministic == deterministic {
            return None;
        }
        let asked = Settings { config: *asked, deterministic, maker: String::new() };
        let other = own.differences(&asked).join(", ");
        Some(format!(
            "the artifact was made for {own}; the engine runs with {asked} (other: {other})"
        ))
    }

    /// Why no code runs where a proof is required, if that is known of all of it.
    fn unrelated(&self, config: &crate::Config) -> Option<String> {
        let mut kinds = self.artifact.kinds();
        let has_some = kinds.any(|kind| self.artifact.relation_bytes(kind) > 0);
        let why = "its code comes without proofs (`prova compile --require proved`)";
        (config.proved && !has_some).then(|| why.to_owned())
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
        let piece = piece.map_err(|error| CompileError::Damaged(error.to_string()))?;
        let none = || CompileError::Declined("the artifact has no code of it".to_owned());
        Ok(MachineCode::of(&piece.ok_or_else(none)?))
    }
}

/// Why a module has no machine code at all, as an error of who asked for it.
pub(crate) fn none(reason: Option<RefusalReason>) -> Error {
    let why = match reason {
        Some(reason) => reason.to_string(),
        None => "the engine has no compiler of machine code".to_owned(),
    };
    Error::new(crate::error::Misuse(format!("there is no machine code to write: {why}")))
}
