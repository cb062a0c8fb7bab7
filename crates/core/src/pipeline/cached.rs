//! Machine code that earlier runs made: asked for before the compiler is, kept for the next run.
//!
//! ```text
//! Cache ─ name of module, settings, compiler ─► artifact ─ pieces ─ Code::load_once (the check) ─► NativeCode
//! compiler ─ Code::load (the check) ─► keep ─► save ─► artifact with the pieces of before ─► Cache
//! ```
//!
//! It is written when it is asked for, and while the program runs each time that there are twice as
//! many new pieces as at the last time: so a program that is killed leaves most of them, and for n
//! new pieces the whole entry, with those of before, is written at most log2 n times.
//!
//! The cache gives bytes that this user's program wrote for exactly this module, these settings and
//! this build of the program (`prova_cache`). So their code is the compiler's, as if it was made
//! now; the check looks at it all the same.
//!
//! # Invariants
//! * C1. A piece of the cache runs only after the check has accepted it, in the layout and the
//!   settings of this engine.
//! * C2. A piece that is damaged or refused is noted, left out of what is written, and its function
//!   is compiled.
//! * C3. Only what the check has accepted is written, and of functions whose code is not proved,
//!   where that is required, that there is none: a piece of no bytes, which the check refuses. Who
//!   believes it runs bytecode.

use super::Code;
use super::native::{NativeSupport, of_kind};
use crate::error::Result;
use crate::machine::MachineCode;
use prova_artifact::{Artifact, Settings, VERSION, Writer};
use prova_cache::{Cache, ENTRY_BYTES_MAX, Name};
use prova_check::{CodeKind, Layout};
use prova_equal::{Ended, Unproved};
use prova_module::FuncIdx;
use prova_runtime as rt;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The number of accepted pieces for which a running program first writes the entry.
const SOME: usize = 16;

/// The entry of a module.
pub(super) struct Cached {
    cache: Arc<Cache>,
    name: Name,
    settings: Settings,
    stored: Option<Artifact<Vec<u8>>>,
    state: Mutex<State>,
    /// Held while the entry is written, so that the newer one stays.
    writes: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Functions whose stored code was taken: those that were called, and neighbours of them.
    taken: usize,
    /// Types whose ways are stored code.
    ways: usize,
    /// Stored pieces that are not used.
    refused: BTreeSet<CodeKind>,
    /// Accepted pieces that are not stored.
    made: BTreeMap<CodeKind, MachineCode>,
    /// Their bytes.
    bytes: u64,
    /// Whether a function is among them that was not written yet.
    has_news: bool,
    /// How many were accepted when a running program last wrote the entry.
    written: usize,
    notes: Vec<String>,
}

/// The bytes that tell this build of the program from others.
fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(prova_cache::program)
}

impl Cached {
    fn open(code: &Code) -> Option<Cached> {
        let cache = Arc::clone(code.compilers.cache.as_ref()?);
        let (compiler, config) = code.compilers.native.as_ref()?;
        let deterministic = code.settings.deterministic;
        let settings = Settings { config: *config, deterministic, maker: compiler.maker() };
        let digest = code.module.digest();
        let version = VERSION.to_le_bytes();
        let name = Name::of(&[
            b"machine code",
            &version,
            digest.as_bytes(),
            &settings.encode(),
            // Code for those who require a proof may be other code.
            &[u8::from(code.compilers.proved)],
            program(),
        ]);
        let mut state = State::default();
        let stored = match cache.load(&name) {
            Ok(stored) => stored.and_then(|bytes| {
                let read = Artifact::read(bytes);
                read.map_err(|error| state.notes.push(error.to_string())).ok()
            }),
            Err(bad) => {
                state.notes.push(bad.to_string());
                None
            }
        };
        let stored = stored.filter(|stored| {
            let same = *stored.settings() == settings;
            if !same {
                state.notes.push(format!("`{}`: it is for other settings", name.file()));
            }
            same
        });
        Some(Cached {
            cache,
            name,
            settings,
            stored,
            state: Mutex::new(state),
            writes: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stored piece that is not known to be bad.
    fn piece(&self, kind: CodeKind) -> Option<MachineCode> {
        let stored = self.stored.as_ref()?;
        if self.state().refused.contains(&kind) {
            return None;
        }
        let piece = match stored.piece(kind) {
            Ok(piece) => piece?,
            Err(error) => {
                self.refuse(kind, &error);
                return None;
            }
        };
        Some(MachineCode::of(&piece))
    }

    /// Notes that a stored piece is not used (C2).
    fn refuse(&self, kind: CodeKind, why: &dyn std::fmt::Display) {
        let mut state = self.state();
        if state.refused.insert(kind) {
            state.notes.push(format!("`{}`: {kind:?}: {why}", self.name.file()));
        }
    }

    /// Writes the entry with what is new, if something is; whether it did.
    fn write(&self) -> io::Result<bool> {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match self.entry() {
            Ok(None) => return Ok(false),
            Ok(Some(entry)) => self.cache.store(&self.name, &entry),
            Err(error) => Err(io::Error::other(error)),
        };
        self.state().has_news |= written.is_err();
        written.map(|()| true)
    }

    /// The entry with what is new, which is news no longer; none if nothing is.
    fn entry(&self) -> Result<Option<Vec<u8>>, prova_artifact::Error> {
        let mut state = self.state();
        if !std::mem::take(&mut state.has_news) {
            return Ok(None);
        }
        let mut writer = Writer::new(self.settings.clone());
        if let Some(stored) = &self.stored {
            for kind in stored.kinds().filter(|kind| !state.refused.contains(kind)) {
                // One that is damaged is made anew when it is needed.
                if let Ok(Some(piece)) = stored.piece(kind) {
                    writer.piece("", &piece);
                }
            }
        }
        for code in state.made.values() {
            writer.piece("", &code.piece());
        }
        // The entry's name says which module it is.
        Ok(Some(writer.finish(&[])?.bytes))
    }
}

impl Code {
    /// The entry of this module, if there is a cache; read at the first call.
    fn cached(&self) -> Option<&Cached> {
        self.compilers.cache.as_ref()?;
        self.cached.get_or_init(|| Cached::open(self)).as_ref()
    }

    /// Whether there is an entry of earlier runs.
    pub(super) fn has_cached_code(&self) -> bool {
        self.cached().is_some_and(|cached| cached.stored.is_some())
    }

    /// Whether earlier runs made code of a function.
    pub(super) fn is_cached(&self, func: FuncIdx) -> bool {
        self.is_stored(func) == Some(true)
    }

    /// Whether earlier runs found no proof of a function's code: to search again takes long, and
    /// finds none.
    pub(super) fn is_known_unproved(&self, func: FuncIdx) -> bool {
        self.is_stored(func) == Some(false)
    }

    /// Whether what is stored of a function is code, if something is.
    fn is_stored(&self, func: FuncIdx) -> Option<bool> {
        let stored = self.cached().and_then(|cached| cached.stored.as_ref())?;
        let kind = CodeKind::Func(func.0);
        // Proved code has a relation.
        let is_code = !self.compilers.proved || stored.relation_bytes(kind) > 0;
        stored.has(kind).then_some(is_code)
    }

    /// Loads stored pieces together: for each kind, the code that the check accepts (C1).
    fn load_cached(&self, layout: &Layout, kinds: &[CodeKind]) -> Vec<Option<Arc<rt::NativeCode>>> {
        let Some(cached) = self.cached().filter(|cached| cached.stored.is_some()) else {
            return vec![None; kinds.len()];
        };
        let found: Vec<Option<MachineCode>> =
            kinds.iter().map(|&kind| of_kind(cached.piece(kind)?, kind).ok()).collect();
        let is_found: Vec<bool> = found.iter().map(Option::is_some).collect();
        let codes: Vec<MachineCode> = found.into_iter().flatten().collect();
        let mut loaded = self.load_once(layout, &codes).into_iter();
        let accepted = |(&kind, is_found): (&CodeKind, bool)| {
            if !is_found {
                return None;
            }
            loaded.next()?.map_err(|why| cached.refuse(kind, &why)).ok()
        };
        kinds.iter().zip(is_found).map(accepted).collect()
    }

    /// Stored ways to functions of types, in their order.
    pub(super) fn cached_thunks(
        &self,
        layout: &Layout,
        types: Range<u32>,
    ) -> Vec<Option<rt::Thunks>> {
        if !self.has_cached_code() {
            return Vec::new();
        }
        let kinds: Vec<CodeKind> =
            types.flat_map(|ty| [CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)]).collect();
        let loaded = self.load_cached(layout, &kinds);
        let (pairs, _) = loaded.as_chunks::<2>();
        let both = |[into, out]: &[Option<Arc<rt::NativeCode>>; 2]| {
            Some(rt::Thunks { into: into.clone()?, out: out.clone()? })
        };
        let found: Vec<Option<rt::Thunks>> = pairs.iter().map(both).collect();
        if let Some(cached) = self.cached() {
            cached.state().ways = found.iter().flatten().count();
        }
        found
    }

    /// Stored code of functions, in their order.
    pub(super) fn cached_funcs(
        &self,
        support: &NativeSupport,
        funcs: &[FuncIdx],
    ) -> Vec<Option<Arc<rt::NativeCode>>> {
        if !self.has_cached_code() {
            return vec![None; funcs.len()];
        }
        let has_ways =
            |func: FuncIdx| !support.refusals.contains_key(&self.module.func_type_idx(func).0);
        let is_asked = |func: FuncIdx| has_ways(func) && self.is_cached(func);
        let asked = funcs.iter().copied().filter(|&func| is_asked(func));
        let kinds: Vec<CodeKind> = asked.map(|func| CodeKind::Func(func.0)).collect();
        let mut loaded = self.load_cached(support.module.layout(), &kinds).into_iter();
        let next = |&func: &FuncIdx| if is_asked(func) { loaded.next()? } else { None };
        let codes: Vec<_> = funcs.iter().map(next).collect();
        if let Some(cached) = self.cached() {
            cached.state().taken += codes.iter().flatten().count();
        }
        codes
    }

    /// Keeps accepted code that is not stored (C3). The code of loops is for the call that waits
    /// for it.
    pub(super) fn keep(&self, code: MachineCode) {
        let is_func = match code.kind {
            CodeKind::Func(_) => true,
            CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) => false,
            CodeKind::Loop { .. } | CodeKind::Way(_) => return,
        };
        let Some(cached) = self.cached() else { return };
        let mut state = cached.state();
        let bytes = (code.bytes.len() + code.certificate.len() + code.relation.len()) as u64;
        if state.bytes.saturating_add(bytes) <= ENTRY_BYTES_MAX / 2 {
            state.bytes += bytes;
            state.has_news |= is_func;
            state.made.insert(code.kind, code);
        }
    }

    /// Keeps that the search for a proof of a function's code found none (C3).
    pub(super) fn keep_unproved(&self, kind: CodeKind, why: &Unproved) {
        // Without a relation nothing was searched, or the time for it was over.
        let is_final = matches!(why, Unproved::Fails(_) | Unproved::Search(Ended::Bound));
        if matches!(kind, CodeKind::Func(_)) && is_final {
            let (bytes, certificate, relation) = (Vec::new(), Vec::new(), Vec::new());
            let (traps, calls) = (Vec::new(), Vec::new());
            let sources = Vec::new();
            self.keep(MachineCode { kind, bytes, certificate, traps, calls, relation, sources });
        }
    }

    /// Of how many functions stored code was taken, and how many types have stored ways.
    pub(super) fn taken_from_cache(&self) -> (usize, usize) {
        let cached = self.cached.get().and_then(Option::as_ref);
        cached.map_or((0, 0), |cached| {
            let state = cached.state();
            (state.taken, state.ways)
        })
    }

    /// Why stored code is not used, as far as it is not.
    pub(crate) fn cache_notes(&self) -> Vec<String> {
        // Who never asked for machine code did not look.
        let cached = self.cached.get().and_then(Option::as_ref);
        cached.map(|cached| cached.state().notes.clone()).unwrap_or_default()
    }

    /// Writes the entry, if there is code that it lacks; whether it did.
    pub(crate) fn save(&self) -> io::Result<bool> {
        self.cached.get().and_then(Option::as_ref).map_or(Ok(false), Cached::write)
    }

    /// Writes the entry while the program runs, if there is much that it lacks. What fails now is
    /// said by the next [`Code::save`].
    pub(super) fn save_some(&self) {
        let Some(cached) = self.cached.get().and_then(Option::as_ref) else { return };
        let is_much = {
            let mut state = cached.state();
            let made = state.made.len();
            let is_much = made >= SOME.max(2 * state.written);
            if is_much {
                state.written = made;
            }
            is_much
        };
        if is_much {
            cached.write().ok();
        }
    }
}
