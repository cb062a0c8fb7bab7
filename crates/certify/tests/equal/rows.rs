//! Rows of code, its module and its function, which several tables have: columns are separated by
//! tabs, and `rules.tsv` says what each is.

#[path = "../common/pages.rs"]
#[allow(clippy::duplicate_mod, reason = "the rows are part of two programs")]
mod pages;

use prova_certify::relation::{Related, Work, pruned, relate_told};
use prova_certify::{Draft, certify, propose};
use prova_check::certificate::Certificate;
use prova_check::{
    CallRow, Clause, Code, CodeKind, Config, Layout, MemoryShape, Rule, Says, TrapRow,
};
use prova_equal::{EqualCode, Error, Relation, Setting, Told};
use prova_module::{Features, FuncIdx, Limits, Module, Proposal};
use prova_ssa::entered::{EnteredBody, enter};
use prova_ssa::{Body, CheckedBody, Metering};
use std::sync::atomic::AtomicBool;

/// The body of a row: its function, or its last function from a round of its only loop on.
pub(crate) enum Of {
    Function(CheckedBody),
    Round(EnteredBody),
}

/// A row, with its module and body.
pub(crate) struct Row {
    pub(crate) rule: String,
    pub(crate) verdict: String,
    pub(crate) name: String,
    pub(crate) like: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) deterministic: bool,
    /// Whether a compiler made the code.
    pub(crate) is_made: bool,
    pub(crate) module: Module,
    pub(crate) body: Of,
    pub(crate) layout: Layout,
}

pub(crate) fn rows_of(text: &str) -> Vec<Row> {
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// The offsets of the operators of the last function.
pub(crate) fn operators(wasm: &[u8]) -> Vec<u32> {
    let bodies = wasmparser::Parser::new(0).parse_all(wasm).filter_map(|payload| match payload {
        Ok(wasmparser::Payload::CodeSectionEntry(body)) => Some(body),
        _ => None,
    });
    let body = bodies.last().expect("a function");
    let operators = body.get_operators_reader().expect("operators").into_iter_with_offsets();
    operators.map(|operator| operator.expect("an operator").1 as u32).collect()
}

/// The settings of a row.
fn config(modes: &[&str]) -> Config {
    let mut config = Config::default();
    for mode in modes {
        match *mode {
            "explicit" | "behind" => config.memory = MemoryShape::Explicit,
            "no-signals" => config.signals = false,
            "fuel" => config.metering.fuel = true,
            "epochs" => config.metering.epoch = true,
            "deterministic" | "round" | "pages" => {}
            other => panic!("no mode {other}"),
        }
    }
    config
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// A module, which may have shared memories.
fn decoded(wat: &str) -> Module {
    let features = Features::default().with(Proposal::SharedMemory);
    let wasm = wat::parse_str(wat).expect("a module");
    Module::decode(wasm, &features, &Limits::default()).expect("valid")
}

pub(crate) fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [rule, verdict, name, like, wat, hex, traps, text, ref rest @ ..] = columns[..] else {
        panic!("{line}")
    };
    let modes: Vec<&str> = rest.first().map_or(vec![], |modes| modes.split(' ').collect());
    let modes: Vec<&str> = modes.into_iter().filter(|mode| *mode != "-").collect();
    let wat = format!("(module {wat})");
    let behind = modes.contains(&"behind") || modes.contains(&"pages");
    let wat = if behind { wat } else { pages::of_bytes(&wat, modes.contains(&"explicit")) };
    let module = decoded(&wat);
    let func = module.defined_funcs().last().expect("a function");
    let config = config(&modes);
    let metering = Metering { fuel: config.metering.fuel, epoch: config.metering.epoch };
    let offsets = operators(module.bytes());
    let built = prova_ssa::build(&module, func, metering).expect("a body");
    let entry = built.block(built.entry()).offset;
    let at = |text: &str| if text == "e" { entry } else { offsets[number(text) as usize] };
    let body = if modes.contains(&"round") {
        let header = built.blocks().find(|(_, block)| module.bytes()[block.offset as usize] == 3);
        let (_, header) = header.expect("a loop");
        Of::Round(enter(&module, func, header.offset, metering).expect("a way in"))
    } else {
        Of::Function(prova_equal::checked(&module, func, metering).expect("the function's"))
    };
    let layout = Layout::derive(module.bytes(), &config).expect("a layout");
    let byte = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal digits");
    let trap = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        let [code_offset, kind, operator] = parts[..] else { panic!("offset:kind:operator") };
        let kind = number(kind).try_into().expect("a kind");
        TrapRow { code_offset: number(code_offset), kind, wasm_offset: at(operator) }
    };
    let call = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            [to, operator] => CallRow::operator(number(to), at(operator)),
            [to, "root", below] => {
                CallRow { return_offset: number(to), says: Says::Root(number(below)) }
            }
            [to, tag, with_ref, landing, frame] => {
                let tag = (tag != "any").then(|| number(tag));
                let (with_ref, landing) = (with_ref == "ref", number(landing));
                let (frame_bytes, context) = (number(frame), None);
                let clause = Clause { tag, with_ref, landing, frame_bytes, context };
                CallRow { return_offset: number(to), says: Says::Clause(clause) }
            }
            _ => panic!("a call's row: {text}"),
        }
    };
    let listed = |text: &str| {
        let parts = text.split(' ').filter(|text| *text != "-");
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    Row {
        rule: rule.to_owned(),
        verdict: verdict.to_owned(),
        name: name.to_owned(),
        like: like.to_owned(),
        bytes: (0..hex.len()).step_by(2).map(byte).collect(),
        traps: listed(traps).iter().map(|text| trap(text)).collect(),
        calls: listed(rest.get(1).unwrap_or(&"-")).iter().map(|text| call(text)).collect(),
        deterministic: modes.contains(&"deterministic"),
        is_made: text == "as the compiler makes it",
        module,
        body,
        layout,
    }
}

impl Row {
    pub(crate) fn kind(&self) -> CodeKind {
        let func: FuncIdx = self.module.defined_funcs().last().expect("a function");
        match &self.body {
            Of::Function(_) => CodeKind::Func(func.0),
            Of::Round(body) => CodeKind::Loop { func: func.0, offset: body.offset() },
        }
    }

    /// Things to know of the code beside its bytes.
    pub(crate) fn told(&self) -> Told<'_> {
        let (calls, deterministic) = (Some(&self.calls[..]), self.deterministic);
        let (round, held) = match &self.body {
            Of::Function(body) => (None, body.held()),
            Of::Round(body) => (Some(body.cells()), None),
        };
        Told { calls, deterministic, round, held, stop: None }
    }

    pub(crate) fn body(&self) -> &Body {
        match &self.body {
            Of::Function(body) => body.body(),
            Of::Round(body) => body.body(),
        }
    }

    /// The certificate of some bytes, if there is one.
    pub(crate) fn certificate(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let draft = Draft { kind: self.kind(), bytes, traps: &self.traps, calls: &self.calls };
        certify(&self.layout, &draft).ok()
    }

    pub(crate) fn relation(&self, bytes: &[u8], certificate: &[u8]) -> Relation {
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let code = Related { bytes, traps: &self.traps, data: &data, sources: &[] };
        relate_told((&self.module, self.body()), &self.layout, &code, self.told())
    }

    /// A relation with fewer claims that proves what one does, if that does.
    pub(crate) fn pruned(
        &self,
        bytes: &[u8],
        certificate: &[u8],
        relation: &Relation,
    ) -> Option<Relation> {
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let code = Related { bytes, traps: &self.traps, data: &data, sources: &[] };
        let mut work = Work::default();
        pruned(relation, (&self.module, self.body()), &self.layout, &code, self.told(), &mut work)
    }

    /// Whether the proof alone accepts the code, by the relation that is found: no sandbox check.
    pub(crate) fn is_proved_alone(&self) -> bool {
        let certificate = self.certificate(&self.bytes).unwrap_or_default();
        let relation = self.relation(&self.bytes, &certificate);
        self.pruned(&self.bytes, &certificate, &relation).is_some()
    }

    pub(crate) fn check(
        &self,
        bytes: &[u8],
        certificate: &[u8],
        relation: &Relation,
    ) -> Result<(), Error> {
        self.check_until(bytes, certificate, relation, &AtomicBool::new(false))
    }

    /// The same, until another thread sets `stop`.
    pub(crate) fn check_until(
        &self,
        bytes: &[u8],
        certificate: &[u8],
        relation: &Relation,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let setting = Setting::new(&self.module, &self.layout).expect("one module");
        let setting = setting.with_stop(stop);
        let setting = if self.deterministic { setting.deterministic() } else { setting };
        let (traps, calls) = (&self.traps[..], &self.calls[..]);
        let code = Code { kind: self.kind(), bytes, certificate, traps, calls };
        let equal = match &self.body {
            Of::Function(body) => EqualCode::check(body, &setting, code, relation),
            Of::Round(body) => EqualCode::check_round(body, &setting, code, relation),
        };
        equal.map(|_| ())
    }

    /// The verdict of some bytes, by the relation that is found.
    pub(crate) fn judge(&self, bytes: &[u8]) -> Result<(), Error> {
        let draft = Draft { kind: self.kind(), bytes, traps: &self.traps, calls: &self.calls };
        // What is refused is what the check says of a proposal.
        let certificate = certify(&self.layout, &draft).or_else(|_| propose(&self.layout, &draft));
        let certificate = certificate.unwrap_or_else(|error| {
            println!("{}: {error:?}", self.name);
            Vec::new()
        });
        let relation = self.relation(bytes, &certificate);
        self.check(bytes, &certificate, &relation)
    }
}

pub(crate) fn verdict(outcome: &Result<(), Error>) -> String {
    match outcome {
        Ok(()) => "ok".to_owned(),
        Err(Error::Rejected(rejection)) if rejection.rule == Rule::Unwritten => {
            "Unwritten".to_owned()
        }
        Err(Error::Rejected(rejection)) => format!("sandbox: {rejection}"),
        Err(Error::Differs(difference)) => format!("{:?}", difference.cause),
    }
}
