//! Pieces of native code: proposed bytes → private memory, checked there, executable.
//!
//! [`NativeCode::load_all`] is the one way to make code executable, and the check over the very
//! bytes that will run stands in it (`docs/ARCHITECTURE.md`). Pieces that come together share
//! pages: these become executable only if the check has taken each of them. [`NativeCode::again`]
//! copies what was checked: code is position-independent, and sealed bytes never change.

use super::perf::{self, PerfNames};
use super::{canary, dump};
use crate::sys::CodeMemory;
use prova_bytecode::Settings;
use prova_check::{
    CallRow, CheckedCode, Code, CodeKind, Config, CpuLevel, Layout, LayoutError, Rejection, TrapRow,
};
use prova_module::{Module, TypeIdx};
use std::fmt;
use std::sync::Arc;

/// Native code of one function or thunk that the check has accepted, ready to run.
#[derive(Debug)]
pub struct NativeCode {
    memory: Arc<CodeMemory>,
    /// Which piece of `memory` it is.
    piece: usize,
    checked: CheckedCode,
    settings: Settings,
    /// Its name for `perf`, if it is there.
    name: Option<(Arc<str>, PerfNames)>,
}

/// Why code does not run.
#[derive(Clone, Debug)]
pub enum LoadError {
    /// The check refused it.
    Rejected(Rejection),
    /// There is no memory for code here: the system has none left, or this is no platform that has
    /// native code.
    NoMemory,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Rejected(rejection) => rejection.fmt(f),
            LoadError::NoMemory => f.write_str("no memory for code"),
        }
    }
}

impl std::error::Error for LoadError {}

impl NativeCode {
    /// Copies code to private memory, checks it there in `layout`, and makes it executable.
    /// `settings` are those that it was compiled for.
    ///
    /// # Errors
    /// If the check refuses it, or there is no memory.
    pub fn load(
        layout: &Layout,
        settings: Settings,
        code: Code<'_>,
    ) -> Result<NativeCode, LoadError> {
        let loaded = NativeCode::load_all(layout, settings, &[code]);
        loaded.into_iter().next().unwrap_or(Err(LoadError::NoMemory))
    }

    /// The same for several pieces of code, which lie together: for each, in their order, the code
    /// or why it does not run.
    pub fn load_all(
        layout: &Layout,
        settings: Settings,
        codes: &[Code<'_>],
    ) -> Vec<Result<NativeCode, LoadError>> {
        let mut outcomes: Vec<Result<NativeCode, LoadError>> =
            codes.iter().map(|_| Err(LoadError::NoMemory)).collect();
        let mut left: Vec<usize> = (0..codes.len()).collect();
        // Refused code is not copied again, so each round has fewer pieces or is the last.
        while !left.is_empty() {
            let bytes: Vec<&[u8]> = left.iter().map(|&at| codes[at].bytes).collect();
            let Ok(mut memory) = CodeMemory::copy(&bytes) else { return outcomes };
            let mut taken = Vec::with_capacity(left.len());
            for (piece, &at) in left.iter().enumerate() {
                match layout.check(Code { bytes: memory.bytes(piece), ..codes[at] }) {
                    Ok(checked) => taken.push((at, checked)),
                    Err(rejection) => outcomes[at] = Err(LoadError::Rejected(rejection)),
                }
            }
            if taken.len() < left.len() {
                left = taken.into_iter().map(|(at, _)| at).collect();
                continue;
            }
            if memory.seal().is_err() {
                return outcomes;
            }
            let memory = Arc::new(memory);
            for (piece, (at, checked)) in taken.into_iter().enumerate() {
                let memory = Arc::clone(&memory);
                outcomes[at] = Ok(NativeCode { memory, piece, checked, settings, name: None });
            }
            return outcomes;
        }
        outcomes
    }

    /// The same with a name for `perf`, and so its copies in stores.
    #[must_use]
    pub fn named(self, name: &str, names: PerfNames) -> NativeCode {
        let code = NativeCode { name: Some((name.into(), names)), ..self };
        code.tell_name();
        code
    }

    /// Writes the name, if it has one.
    fn tell_name(&self) {
        match &self.name {
            Some((name, PerfNames::Map)) => perf::write(self.entry(), self.len_bytes(), name),
            Some((name, PerfNames::Dump)) => dump::write(self.entry(), self.bytes(), name),
            None => {}
        }
    }

    /// The same code at another place, for a second function of a store (R5).
    ///
    /// # Errors
    /// If there is no memory.
    pub(crate) fn again(&self) -> Result<NativeCode, LoadError> {
        let mut memory = CodeMemory::copy(&[self.bytes()]).map_err(|_| LoadError::NoMemory)?;
        memory.seal().map_err(|_| LoadError::NoMemory)?;
        let (memory, checked, name) = (Arc::new(memory), self.checked.clone(), self.name.clone());
        let code = NativeCode { memory, piece: 0, checked, settings: self.settings, name };
        code.tell_name();
        Ok(code)
    }

    /// The kind of code.
    pub fn kind(&self) -> CodeKind {
        self.checked.kind()
    }

    /// The digest of the layout that it was checked in.
    pub fn layout_digest(&self) -> &[u8; 32] {
        self.checked.layout_digest()
    }

    /// The settings that it was compiled for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The argument cells up to the last one that it may write.
    pub(crate) fn arg_cells(&self) -> u32 {
        self.checked.arg_cells()
    }

    /// Its bytes, where they run.
    pub fn bytes(&self) -> &[u8] {
        self.memory.bytes(self.piece)
    }

    /// How many bytes it has.
    pub fn len_bytes(&self) -> usize {
        self.bytes().len()
    }

    /// Its first byte, where calls lead.
    pub(crate) fn entry(&self) -> usize {
        self.bytes().as_ptr().addr()
    }

    /// The row of the instruction at an address, which may stop the code.
    pub(crate) fn trap_at(&self, pc: usize) -> Option<TrapRow> {
        self.checked.trap_at(self.offset(pc)?)
    }

    /// The rows of the call that returns to an address; the first one names its operator.
    pub(crate) fn call_at(&self, pc: usize) -> &[CallRow] {
        self.offset(pc).map_or(&[], |offset| self.checked.call_at(offset))
    }

    fn offset(&self, pc: usize) -> Option<u32> {
        u32::try_from(pc.checked_sub(self.entry())?).ok()
    }
}

/// The ways of native code to functions of a type.
#[derive(Clone, Debug)]
pub struct Thunks {
    /// Into them.
    pub into: Arc<NativeCode>,
    /// Out of native code, to those that have none.
    pub out: Arc<NativeCode>,
}

/// The data that native code of a module's functions needs: a layout that this crate derived from
/// that module, and the thunks for functions of its types.
#[derive(Debug)]
pub struct NativeModule {
    module: Module,
    layout: Layout,
    /// Those that [`NativeModule::with_thunks`] accepted.
    thunks: Option<Vec<Option<Thunks>>>,
}

/// A type of functions that native code may call, without ways to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingWay {
    /// The type.
    pub ty: TypeIdx,
}

impl fmt::Display for MissingWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no way to functions of type {}", self.ty.0)
    }
}

impl std::error::Error for MissingWay {}

/// Whether this processor is of a level: what the check accepts for it runs as the manual says.
pub fn processor_has(level: CpuLevel) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        let v2 = has!("sse3") && has!("ssse3") && has!("sse4.1") && has!("sse4.2");
        let v2 = v2 && has!("popcnt") && has!("cmpxchg16b");
        let v3 = has!("avx") && has!("avx2") && has!("fma");
        let v3 = v3 && has!("bmi1") && has!("bmi2") && has!("lzcnt");
        v2 && (v3 || level == CpuLevel::V2)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = level;
        false
    }
}

impl NativeModule {
    /// Derives the layout of a module; without thunks yet.
    ///
    /// # Errors
    /// If there can be no native code of the module, none of this level runs here, or the check
    /// takes code that is known to be bad (`canary`).
    pub fn derive(module: &Module, config: &Config) -> Result<NativeModule, LayoutError> {
        if !processor_has(config.cpu) {
            let what = "the processor is of a lower level than the code";
            return Err(LayoutError { offset: 0, what });
        }
        if !canary::is_alive() {
            let what = "the check does not tell the canary from good code";
            return Err(LayoutError { offset: 0, what });
        }
        let layout = Layout::derive(module.bytes(), config)?;
        Ok(NativeModule { module: module.clone(), layout, thunks: None })
    }

    /// The same with the ways to functions of each type of the module in order; `None` where there
    /// can be none. Stores compare them with the layout.
    ///
    /// # Errors
    /// The first type that code may call functions of without a way there: code that calls one
    /// would go nowhere (R2). Or one whose ways are of another type.
    pub fn with_thunks(self, thunks: Vec<Option<Thunks>>) -> Result<NativeModule, MissingWay> {
        let types = 0..self.module.types().len();
        let missing = |&at: &usize| match thunks.get(at) {
            Some(Some(Thunks { into, out })) => {
                let kinds = (into.kind(), out.kind());
                kinds != (CodeKind::ThunkIn(at as u32), CodeKind::ThunkOut(at as u32))
            }
            Some(None) => self.layout.is_callable(at as u32),
            None => true,
        };
        match types.clone().find(missing) {
            Some(at) => Err(MissingWay { ty: TypeIdx(at as u32) }),
            None => Ok(NativeModule { thunks: Some(thunks), ..self }),
        }
    }

    /// The layout, in which code of the module is to be made and checked.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The ways to functions of each type; `None` before they are given.
    pub fn thunks(&self) -> Option<&[Option<Thunks>]> {
        self.thunks.as_deref()
    }

    /// Whether it is of this module, made for this (R3). Its processor is the one at hand, or an
    /// older one: that was compared when the layout was derived.
    pub(crate) fn is_of(&self, module: &Module, config: &Config) -> bool {
        let own = self.layout.config();
        self.module.is_same(module) && *own == Config { cpu: own.cpu, ..*config }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_check::canary;

    /// The test checks that refused code is in no executable page, and keeps no other code out of
    /// them.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    fn pages_become_executable_without_what_is_refused() {
        let layout = canary::layout().expect("the canary has a layout");
        let (good, bad) = (canary::code(false), canary::code(true));
        assert_ne!(good.bytes, bad.bytes);
        for codes in [vec![good, bad, good], vec![bad, bad], vec![bad, good], vec![good], vec![]] {
            let loaded = NativeCode::load_all(&layout, Settings::default(), &codes);
            assert_eq!(loaded.len(), codes.len());
            let is_good = |code: &Code<'_>| code.bytes == good.bytes;
            for (code, loaded) in codes.iter().zip(&loaded) {
                assert_eq!(loaded.is_ok(), is_good(code), "{loaded:?}");
            }
            let all = codes.iter().filter(|code| is_good(code)).count();
            for (piece, code) in loaded.iter().flatten().enumerate() {
                assert_eq!(code.bytes(), good.bytes);
                assert_eq!(code.bytes().as_ptr(), code.memory.bytes(piece).as_ptr());
                assert!(code.memory.bytes(all).is_empty(), "nothing else was copied");
            }
        }
    }
}
