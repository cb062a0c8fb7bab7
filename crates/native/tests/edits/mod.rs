//! Functions that are proved equal, edits of them, and what others see of a run of each.
//!
//! ```text
//! module ─ compile, certify, relate ─► Proved ─ edit ─► bytes ─ confined? equal? ─► accepted
//!                                        └─ tell ─► events ──┬─ differ? ◄── tell ──────┘
//! ```

pub(crate) mod claims;
pub(crate) mod make;

use crate::mutation::Original;
use crate::observer::results::{Event, differ};
use crate::observer::{Stage, Subject};
use prova_certify::relation::{Related, relate_told};
use prova_certify::{Draft, certify};
use prova_check::certificate::Certificate;
use prova_check::{CallRow, Code, CodeKind, Config, Layout, MemoryShape, Rule, TrapRow};
use prova_equal::{EqualCode, Error, Relation, Setting, Told, checked};
use prova_module::{Features, Limits, Module};
use prova_native::Target;
use prova_ssa::{CheckedBody, Metering};

/// A module in the setting of all of this.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    module: Module,
    layout: Layout,
}

/// A function whose code is proved equal, with the relation.
pub(crate) struct Proved {
    pub(crate) name: String,
    body: CheckedBody,
    pub(crate) kind: CodeKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) starts: Vec<u64>,
    pub(crate) relation: Relation,
}

/// The verdict on code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may leave its sandbox, or there is no certificate.
    Rejected,
    /// It stays in its sandbox, and reads what nobody wrote.
    Unwritten,
    /// It is not proved equal.
    Differs,
    Accepted,
}

impl Program {
    pub(crate) fn new(name: &str, wasm: Vec<u8>) -> Program {
        let mut config = Config::default();
        if std::env::var_os("PROVA_EXPLICIT").is_some() {
            config.memory = MemoryShape::Explicit;
        }
        Program::within(name, wasm, &config)
    }

    /// A module in a setting.
    pub(crate) fn within(name: &str, wasm: Vec<u8>, config: &Config) -> Program {
        let module = Module::decode(&wasm[..], &Features::default(), &Limits::default());
        let module = module.expect("a module");
        let layout = Layout::derive(module.bytes(), config).expect("a layout");
        Program { name: name.to_owned(), wasm, module, layout }
    }

    /// The functions with code of these sizes that are proved, and how many were tried.
    pub(crate) fn proved(
        &self,
        sizes: std::ops::Range<usize>,
        step: usize,
    ) -> (Vec<Proved>, usize) {
        let target = Target::new(self.layout.config().cpu).expect("a target");
        let (mut found, mut tried) = (Vec::new(), 0);
        for func in self.module.defined_funcs().step_by(step) {
            let metering = self.layout.config().metering;
            let metering = Metering { fuel: metering.fuel, epoch: metering.epoch };
            let Ok(body) = checked(&self.module, func, metering) else { continue };
            let Ok(code) = target.compile(&self.module, &self.layout, body.body(), false) else {
                continue;
            };
            if !sizes.contains(&code.bytes.len()) {
                continue;
            }
            tried += 1;
            let mut proved = Proved {
                name: format!("{} {}", self.name, func.0),
                body,
                kind: code.kind,
                bytes: code.bytes,
                traps: code.traps,
                calls: code.calls,
                starts: code.blocks.iter().map(|&at| at.into()).collect(),
                relation: Relation::default(),
            };
            let (bytes, traps) = (proved.bytes.clone(), proved.traps.clone());
            let Some(certificate) = self.certificate(&proved, &bytes, &traps) else { continue };
            proved.relation = self.relation(&proved, (&bytes, &traps), &certificate);
            if self.equal(&proved, (&bytes, &traps), &certificate, &proved.relation).is_ok() {
                found.push(proved);
            }
        }
        (found, tried)
    }

    pub(crate) fn certificate(
        &self,
        of: &Proved,
        bytes: &[u8],
        traps: &[TrapRow],
    ) -> Option<Vec<u8>> {
        certify(&self.layout, &Draft { kind: of.kind, bytes, traps, calls: &of.calls }).ok()
    }

    pub(crate) fn relation(
        &self,
        of: &Proved,
        code: (&[u8], &[TrapRow]),
        certificate: &[u8],
    ) -> Relation {
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let code = Related { bytes: code.0, traps: code.1, data: &data, sources: &[] };
        let told = Told { calls: Some(&of.calls), held: of.body.held(), ..Told::default() };
        relate_told((&self.module, of.body.body()), &self.layout, &code, told)
    }

    pub(crate) fn equal(
        &self,
        of: &Proved,
        (bytes, traps): (&[u8], &[TrapRow]),
        certificate: &[u8],
        relation: &Relation,
    ) -> Result<(), Error> {
        let setting = Setting::new(&self.module, &self.layout).expect("one module");
        let code = Code { kind: of.kind, bytes, certificate, traps, calls: &of.calls };
        EqualCode::check(&of.body, &setting, code, relation).map(|_| ())
    }

    /// The verdict on edited code: by the relation of the original, then by its own.
    pub(crate) fn judge(&self, of: &Proved, bytes: &[u8], traps: &[TrapRow]) -> Verdict {
        let draft = Draft { kind: of.kind, bytes, traps, calls: &of.calls };
        let certificate = match certify(&self.layout, &draft) {
            Ok(certificate) => certificate,
            Err(refusal) => {
                return match refusal.rule {
                    Rule::Unwritten => Verdict::Unwritten,
                    _ => Verdict::Rejected,
                };
            }
        };
        if self.equal(of, (bytes, traps), &certificate, &of.relation).is_ok() {
            return Verdict::Accepted;
        }
        let relation = self.relation(of, (bytes, traps), &certificate);
        match self.equal(of, (bytes, traps), &certificate, &relation) {
            Ok(()) => Verdict::Accepted,
            Err(_) => Verdict::Differs,
        }
    }

    fn subject<'a>(&'a self, of: &'a Proved, bytes: &'a [u8], traps: &'a [TrapRow]) -> Subject<'a> {
        let config = self.layout.config();
        Subject {
            wasm: &self.wasm,
            memory: config.memory,
            metering: config.metering,
            cpu: config.cpu,
            signals: config.signals,
            bases: config.bases,
            kind: of.kind,
            bytes,
            traps,
            calls: &of.calls,
        }
    }

    /// The events that others see of the code itself, once for each seed.
    pub(crate) fn told(&self, stage: &mut Stage, of: &Proved, runs: u64) -> Vec<Vec<Event>> {
        let subject = self.subject(of, &of.bytes, &of.traps);
        let tell = |seed| match stage.tell(&subject, seed) {
            Ok((_, events)) => events,
            Err(broken) => panic!("{}, seed {seed}: {broken}", of.name),
        };
        (0..runs).map(tell).collect()
    }

    /// Runs edited code beside the original: whether a run came to the edit, or how it differs.
    pub(crate) fn beside(
        &self,
        stage: &mut Stage,
        of: &Proved,
        (bytes, traps, at): (&[u8], &[TrapRow], u64),
        told: &[Vec<Event>],
    ) -> Result<bool, String> {
        let subject = self.subject(of, bytes, traps);
        let mut reached = false;
        for (seed, events) in (0..).zip(told) {
            let (seen, found) = match stage.tell(&subject, seed) {
                Ok(seen) => seen,
                Err(broken) => return Err(format!("seed {seed}: {broken}")),
            };
            reached |= seen.executed.contains(&at);
            if let Some((i, a, b)) = differ(events, &found) {
                return Err(format!("seed {seed}, event {i}: {a:?} becomes {b:?}"));
            }
        }
        Ok(reached)
    }
}

impl Proved {
    /// How many values and blocks its body has.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.body.body().value_count() as u32, self.body.body().block_count() as u32)
    }

    pub(crate) fn original(&self) -> Original<'_> {
        let Proved { bytes, traps, calls, starts, .. } = self;
        Original { bytes, traps, calls, starts }
    }
}
