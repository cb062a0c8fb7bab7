//! The witness, and its one constructor.

use crate::claims::Relation;
use crate::core_::{Core, Told};
use crate::error::{Cause, Difference, Refusal, refuse};
use crate::prove::Unproved;
use crate::state::State;
use crate::walk::{Guide, walk};
use core::fmt;
use core::sync::atomic::AtomicBool;
use prova_check::certificate::Certificate;
use prova_check::{CheckedCode, Code, CodeKind, Layout, Rejection};
use prova_module::Module;
use prova_ssa::entered::EnteredBody;
use prova_ssa::{Body, CheckedBody, Held};

/// Code that was proved to do what its body does.
#[derive(Clone, Debug)]
pub struct EqualCode {
    checked: CheckedCode,
}

/// Why code is no [`EqualCode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It may leave its sandbox.
    Rejected(Rejection),
    /// It differs from its body.
    Differs(Difference),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Rejected(rejection) => rejection.fmt(f),
            Error::Differs(difference) => difference.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

/// A module and the layout of its code.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    module: &'a Module,
    layout: &'a Layout,
    deterministic: bool,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Setting<'a> {
    /// Both.
    ///
    /// # Errors
    /// If the layout is another module's, masks accesses, or lets bases move.
    pub fn new(module: &'a Module, layout: &'a Layout) -> Result<Setting<'a>, Unproved> {
        if module.sha256() != layout.module_digest() {
            return Err(Unproved::OtherLayout);
        }
        // What is read behind a mask, or of what moves, is not proved: functions stay confined.
        if layout.masks() || layout.moves() {
            return Err(Unproved::NoProofs);
        }
        Ok(Setting { module, layout, deterministic: false, stop: None })
    }

    /// The same for code of the deterministic profile, in which results that are NaN are canonical.
    #[must_use]
    pub fn deterministic(self) -> Setting<'a> {
        Setting { deterministic: true, ..self }
    }

    /// The same, of the deterministic profile or not.
    #[must_use]
    pub fn with_deterministic(self, deterministic: bool) -> Setting<'a> {
        Setting { deterministic, ..self }
    }

    /// The same, with what another thread sets to stop proofs.
    #[must_use]
    pub fn with_stop(self, stop: &'a AtomicBool) -> Setting<'a> {
        Setting { stop: Some(stop), ..self }
    }

    /// The flag that another thread sets to stop proofs.
    pub fn stop(&self) -> Option<&'a AtomicBool> {
        self.stop
    }

    /// Whether it is of the deterministic profile.
    pub fn is_deterministic(&self) -> bool {
        self.deterministic
    }

    /// The module.
    pub fn module(&self) -> &'a Module {
        self.module
    }

    /// The layout.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }
}

impl EqualCode {
    /// Checks that code stays in its sandbox and does what a body does.
    ///
    /// # Errors
    /// The first rule of the sandbox that is broken, or the first difference.
    pub fn check(
        body: &CheckedBody,
        setting: &Setting<'_>,
        code: Code<'_>,
        relation: &Relation,
    ) -> Result<EqualCode, Error> {
        // Code and body are of one module.
        if !core::ptr::eq(body.module().bytes(), setting.module.bytes()) {
            return other(body.body(), "code of another module");
        }
        let kind = CodeKind::Func(body.body().func().0);
        prove((body.body(), None, body.held()), setting, (code, kind), relation)
    }

    /// Checks that code that is entered at a round of a loop stays in its sandbox and does what the
    /// rest of the function does from there on.
    ///
    /// # Errors
    /// As [`EqualCode::check`].
    pub fn check_round(
        body: &EnteredBody,
        setting: &Setting<'_>,
        code: Code<'_>,
        relation: &Relation,
    ) -> Result<EqualCode, Error> {
        if !core::ptr::eq(body.module().bytes(), setting.module.bytes()) {
            return other(body.body(), "code of another module");
        }
        let kind = CodeKind::Loop { func: body.body().func().0, offset: body.offset() };
        prove((body.body(), Some(body.cells()), None), setting, (code, kind), relation)
    }

    /// The code.
    pub fn code(&self) -> &CheckedCode {
        &self.checked
    }
}

/// Code that is none of the body's.
fn other<T>(body: &Body, what: &'static str) -> Result<T, Error> {
    let refusal = Refusal { cause: Cause::End, what, demanded: None, found: None };
    Err(Error::Differs(at_start(body, refusal)))
}

fn at_start(body: &Body, refusal: Refusal) -> Difference {
    Difference {
        func: body.func().0,
        code_offset: 0,
        wasm_offset: None,
        cause: refusal.cause,
        what: refusal.what,
        demanded: None,
        found: None,
    }
}

/// The check of code of a kind and of a body, or of one from a round of a loop on; with the
/// references that its frame holds, if they are known.
fn prove(
    (body, round, held): (&Body, Option<&[u32]>, Option<&Held>),
    setting: &Setting<'_>,
    (code, kind): (Code<'_>, CodeKind),
    relation: &Relation,
) -> Result<EqualCode, Error> {
    let layout = setting.layout;
    let checked = layout.check(code).map_err(Error::Rejected)?;
    if code.kind != kind {
        return other(body, "other code");
    }
    if let Err(refusal) = is_covered((body, held), setting) {
        return Err(Error::Differs(at_start(body, refusal)));
    }
    let (calls, deterministic) = (Some(code.calls), setting.deterministic);
    let core = Core::new((setting.module, body), layout, (code.bytes, code.traps));
    let Some(core) = core else { return other(body, "no facts") };
    let mut core = core.with(Told { calls, deterministic, round, held, stop: setting.stop });
    // The certificate was accepted, so it can be read.
    let data = Certificate::read(code.certificate).map(|read| read.data).unwrap_or_default();
    let (mut at, mut stands) = (0, None);
    let mut strict = Strict { relation };
    match walk(&mut core, &mut strict, &data, (&mut at, &mut stands)) {
        Ok(()) => Ok(EqualCode { checked }),
        Err(refusal) => {
            let show = |word: Option<crate::words::Word>| word.map(|word| core.words.show(word));
            Err(Error::Differs(Difference {
                code_offset: at,
                wasm_offset: stands,
                demanded: show(refusal.demanded),
                found: show(refusal.found),
                ..at_start(body, refusal)
            }))
        }
    }
}

/// Whether the body is metered as the code is, and it is known which references the frame holds.
fn is_covered((body, held): (&Body, Option<&Held>), setting: &Setting<'_>) -> Result<(), Refusal> {
    let (code, own) = (setting.layout.config().metering, body.metering());
    if (code.fuel, code.epoch) != (own.fuel, own.epoch) {
        return refuse(Cause::Operator, "another metering");
    }
    if setting.module.has_shared_memory() {
        return refuse(Cause::Operator, "a shared memory");
    }
    let facts = setting.module.facts(body.func());
    if facts.is_none_or(|facts| facts.exception_roots.is_some() && held.is_none()) {
        return refuse(Cause::Operator, "references to exceptions or objects in the frame");
    }
    Ok(())
}

/// The relation as it is given.
struct Strict<'r> {
    relation: &'r Relation,
}

impl Guide for Strict<'_> {
    fn is_leader(&self, at: u32) -> bool {
        self.relation.leaders.contains_key(&at)
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
        match self.relation.leaders.get(&at) {
            Some(leader) => core.begin(leader).map(Some),
            None => Ok(None),
        }
    }

    fn edge(
        &mut self,
        core: &mut Core<'_>,
        state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        let Some(leader) = self.relation.leaders.get(&at) else {
            return refuse(Cause::Merge, "no leader");
        };
        core.comes(state, leader, back)
    }

    fn refused(&mut self, _: &Core<'_>, _: &Refusal, _: (u32, Option<u32>)) -> bool {
        false
    }
}
