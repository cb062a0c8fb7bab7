//! The witness, and its one constructor.

use crate::claims::Relation;
use crate::core_::Core;
use crate::error::{Cause, Difference, Refusal, refuse};
use crate::state::State;
use crate::walk::{Guide, walk};
use core::fmt;
use prova_check::certificate::Certificate;
use prova_check::{CheckedCode, Code, CodeKind, Layout, Rejection, Says};
use prova_module::Module;
use prova_ssa::CheckedBody;

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
}

impl<'a> Setting<'a> {
    /// Both; nothing if the layout is another module's.
    pub fn new(module: &'a Module, layout: &'a Layout) -> Option<Setting<'a>> {
        (module.sha256() == layout.module_digest()).then_some(Setting { module, layout })
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
        let layout = setting.layout;
        let checked = layout.check(code).map_err(Error::Rejected)?;
        let func = body.body().func().0;
        let (mut at, mut stands) = (0, None);
        let at_start = |refusal: Refusal| Difference {
            func,
            code_offset: 0,
            wasm_offset: None,
            cause: refusal.cause,
            what: refusal.what,
            demanded: None,
            found: None,
        };
        let differs = |refusal| Err(Error::Differs(at_start(refusal)));
        // Code and body are of one module and one function.
        if code.kind != CodeKind::Func(func) {
            return differs(Refusal {
                cause: Cause::End,
                what: "other code",
                demanded: None,
                found: None,
            });
        }
        if let Err(refusal) = is_covered(body, setting) {
            return differs(refusal);
        }
        // A clause is a way into the code that the walk does not take.
        if code.calls.iter().any(|row| !matches!(row.says, Says::Operator(_))) {
            return differs(Refusal {
                cause: Cause::Call,
                what: "a row of a handler",
                demanded: None,
                found: None,
            });
        }
        let core = Core::new((body.module(), body.body()), layout, (code.bytes, code.traps));
        let Some(mut core) = core else {
            return differs(Refusal {
                cause: Cause::End,
                what: "no facts",
                demanded: None,
                found: None,
            });
        };
        // The certificate was accepted, so it can be read.
        let data = Certificate::read(code.certificate).map(|read| read.data).unwrap_or_default();
        let mut strict = Strict { relation };
        match walk(&mut core, &mut strict, &data, (&mut at, &mut stands)) {
            Ok(()) => Ok(EqualCode { checked }),
            Err(refusal) => {
                let show =
                    |word: Option<crate::words::Word>| word.map(|word| core.words.show(word));
                Err(Error::Differs(Difference {
                    code_offset: at,
                    wasm_offset: stands,
                    demanded: show(refusal.demanded),
                    found: show(refusal.found),
                    ..at_start(refusal)
                }))
            }
        }
    }

    /// The code.
    pub fn code(&self) -> &CheckedCode {
        &self.checked
    }
}

/// Whether the module and the settings are covered.
fn is_covered(body: &CheckedBody, setting: &Setting<'_>) -> Result<(), Refusal> {
    let layout = setting.layout;
    let config = layout.config();
    if config.metering.fuel || config.metering.epoch {
        return refuse(Cause::Operator, "metering");
    }
    if !config.signals {
        return refuse(Cause::Operator, "traps without signals");
    }
    let metering = body.body().metering();
    if metering.fuel || metering.epoch {
        return refuse(Cause::Operator, "metering");
    }
    if !core::ptr::eq(body.module().bytes(), setting.module.bytes()) {
        return refuse(Cause::End, "code of another module");
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
        mut state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        let Some(leader) = self.relation.leaders.get(&at) else {
            return refuse(Cause::Merge, "no leader");
        };
        core.arrives(&mut state, leader, back)?;
        for claim in &leader.claims {
            core.shows(&state, claim)?;
        }
        Ok(state.moved)
    }

    fn refused(&mut self, _: &Core<'_>, _: &Refusal, _: u32) -> bool {
        false
    }
}
