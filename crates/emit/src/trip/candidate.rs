//! The emission of one function: a body that `transform` gave, in the styles of Y3, while it is
//! wanted.

use super::better::{Measure, Wanted};
use super::{Outcome, Transform};
use crate::reducify::reducify;
use crate::{EmitError, EmitReason, Emitted, Style, Types};
use prova_module::{FuncIdx, Module};
use prova_optimize::Pass;
use prova_optimize::turn::{self, turn};
use prova_ssa::{Body, CheckedBody, Metering, build};
use std::fmt;

/// A body with its bytes.
pub(super) struct Candidate {
    style: Style,
    /// Whether parameters that are one value are gone from the body.
    is_bare: bool,
    pub(super) body: CheckedBody,
    /// The body as it was before its loops were turned, if they are.
    pub(super) straight: Option<CheckedBody>,
    /// Why its turned loops are not proved, if they are not.
    pub(super) unturned: Option<String>,
    pub(super) emitted: Emitted,
    pub(super) homes: Vec<u32>,
}

/// An emitter of bodies: [`emit_with`](crate::emit_with), or a test's faulty one.
pub(super) type Emit<'e> =
    &'e (dyn Fn(Style, &Module, &Types, &Body) -> Result<(Emitted, Vec<u32>), EmitError> + Sync);

/// How candidates are made.
#[derive(Clone, Copy)]
pub(super) struct Way<'e> {
    pub(super) emit: Emit<'e>,
    /// Whether loops are turned.
    pub(super) turns: bool,
    /// The functions that are wanted; all, if it is `None`.
    pub(super) wanted: Option<Wanted<'e>>,
}

impl<'e> Way<'e> {
    pub(super) fn new(emit: Emit<'e>) -> Way<'e> {
        Way { emit, turns: false, wanted: None }
    }
}

/// A maker of candidates for a module's functions.
pub(super) struct Maker<'m> {
    pub(super) module: &'m Module,
    pub(super) types: &'m Types,
    pub(super) way: Way<'m>,
}

impl Maker<'_> {
    /// The first candidate for a function.
    pub(super) fn first(
        &self,
        func: FuncIdx,
        transform: Transform<'_>,
    ) -> Result<Candidate, Outcome> {
        if self.way.wanted.is_some_and(|wanted| !wanted.is_open(self.module, func)) {
            return Err(Outcome::Untouched);
        }
        if self.module.has_shared_memory() {
            return Err(Outcome::Shared);
        }
        let body = build(self.module, func, Metering::NONE).map_err(Outcome::NotBuilt)?;
        let body = CheckedBody::check(self.module, body).map_err(Outcome::NotProved)?;
        let mut body = transform(body).ok_or(Outcome::Untouched)?;
        let mut unturned = None;
        if let Some(turned) = self.turned(&body, &mut unturned) {
            return Ok(turned);
        }
        let mut made = self.emit(Style::Short, &body);
        if let Err(EmitError { reason: EmitReason::Irreducible, .. }) = made
            && let Some(reduced) = reducify(&body).map_err(Outcome::NotReduced)?
        {
            body = reduced;
            if let Some(turned) = self.turned(&body, &mut unturned) {
                return Ok(turned);
            }
            made = self.emit(Style::Short, &body);
        }
        let (emitted, homes) = made.map_err(Outcome::NotEmitted)?;
        let (style, is_bare, straight) = (Style::Short, false, None);
        match self.is_wanted(&emitted) {
            true => Ok(Candidate { style, is_bare, body, straight, unturned, emitted, homes }),
            false => Err(Outcome::NotBetter),
        }
    }

    /// The body with its loops turned, if that is asked for and what comes of it is wanted.
    fn turned(&self, straight: &CheckedBody, unturned: &mut Option<String>) -> Option<Candidate> {
        if !self.way.turns {
            return None;
        }
        let body = turn(straight, &turn::BEHIND).unwrap_or_else(|rejection| {
            *unturned = Some(rejection.to_string());
            None
        })?;
        let (emitted, homes) = self.emit(Style::Short, &body).ok()?;
        let (style, is_bare, straight) = (Style::Short, false, Some(straight.clone()));
        let one = Candidate { style, is_bare, body, straight, unturned: None, emitted, homes };
        self.is_wanted(&one.emitted).then_some(one)
    }

    /// The next candidate for the same function, if this is refused (Y3); `kept` if there is none.
    /// A function for which it is not wanted would have been replaced, and is no failure.
    pub(super) fn next(
        &self,
        one: &Candidate,
        why: &dyn fmt::Display,
        kept: Outcome,
    ) -> Result<Candidate, Outcome> {
        let unturned = match one.straight {
            Some(_) => Some(why.to_string()),
            None => one.unturned.clone(),
        };
        let (style, body, is_bare) = match (&one.straight, one.style, one.is_bare) {
            (Some(straight), ..) => (Style::Short, straight.clone(), one.is_bare),
            (None, Style::Short, is_bare) => (Style::Loose, one.body.clone(), is_bare),
            (None, Style::Loose, is_bare) => (Style::Plain, one.body.clone(), is_bare),
            (None, Style::Plain, true) => return Err(kept),
            (None, Style::Plain, false) => {
                let bare = Pass::Params.run(&one.body);
                let bare = bare.and_then(|(bare, witness)| one.body.replace(bare, &witness).ok());
                (Style::Short, bare.ok_or_else(|| kept.clone())?, true)
            }
        };
        let Ok((emitted, homes)) = self.emit(style, &body) else { return Err(kept) };
        if !self.is_wanted(&emitted) {
            return Err(Outcome::NotBetter);
        }
        Ok(Candidate { style, is_bare, body, straight: None, unturned, emitted, homes })
    }

    fn emit(&self, style: Style, body: &CheckedBody) -> Result<(Emitted, Vec<u32>), EmitError> {
        (self.way.emit)(style, self.module, self.types, body.body())
    }

    fn is_wanted(&self, emitted: &Emitted) -> bool {
        self.way.wanted.is_none_or(|wanted| wanted.takes(self.module, emitted))
    }

    /// Shares out by how many bytes all functions together may grow, in their order; from now on
    /// none may.
    pub(super) fn share(&mut self, found: &mut [Result<Candidate, Outcome>]) {
        let Some(wanted) = &mut self.way.wanted else { return };
        let mut room = std::mem::take(&mut wanted.room);
        if room == 0 {
            return;
        }
        for one in found {
            let Ok(Candidate { emitted, .. }) = one else { continue };
            let bytes = Measure::of_func(self.module, emitted.func).bytes;
            let more = Measure::of(&emitted.bytes).bytes.saturating_sub(bytes);
            match room.checked_sub(more) {
                Some(left) => room = left,
                None => *one = Err(Outcome::NotBetter),
            }
        }
    }
}
