//! Code that does what its function says is proved to, by the relation that is found; twins that do
//! not are refused, also with the relation of the right code.
//!
//! `rules.tsv` has for each rule of `prova-equal` accepted and refused code, `vectors.tsv` for code
//! of vectors; `mutants.tsv` the
//! edits of one bit of accepted code that are accepted, which have to be read: each does the same.
//! `PROVA_BLESS=1` writes it.
//!
//! Green says nothing of code that a compiler makes (`prova-native`, example `equal`), and no code
//! runs here.

use prova_certify::relation::{Related, encode, relate_told};
use prova_certify::{Draft, certify, propose};
use prova_check::certificate::Certificate;
use prova_check::{CallRow, Clause, Code, CodeKind, Config, Layout, MemoryShape, Says, TrapRow};
use prova_equal::format::{HEADS, above, fixed};
use prova_equal::words::{Fixed, Head};
use prova_equal::{Cause, Claim, EqualCode, Error, Expr, Leader, Place, Relation, Setting, Told};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::entered::{EnteredBody, enter};
use prova_ssa::{Body, CheckedBody, Metering};
use std::collections::BTreeMap;

const RULES: &str = include_str!("equal/rules.tsv");
const VECTORS: &str = include_str!("equal/vectors.tsv");
const MUTANTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/mutants.tsv");

/// The body of a row: its function, or its last function from a round of its only loop on.
enum Of {
    Function(CheckedBody),
    Round(EnteredBody),
}

/// A row, with its module and body.
struct Row {
    rule: String,
    verdict: String,
    name: String,
    like: String,
    bytes: Vec<u8>,
    traps: Vec<TrapRow>,
    calls: Vec<CallRow>,
    deterministic: bool,
    /// Whether a compiler made the code.
    is_made: bool,
    module: Module,
    body: Of,
    layout: Layout,
}

fn rows() -> Vec<Row> {
    rows_of(RULES)
}

fn rows_of(text: &str) -> Vec<Row> {
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// The offsets of the operators of the last function.
fn operators(wasm: &[u8]) -> Vec<u32> {
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
            "explicit" => config.memory = MemoryShape::Explicit,
            "no-signals" => config.signals = false,
            "fuel" => config.metering.fuel = true,
            "epochs" => config.metering.epoch = true,
            "deterministic" | "round" => {}
            other => panic!("no mode {other}"),
        }
    }
    config
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [rule, verdict, name, like, wat, hex, traps, text, ref rest @ ..] = columns[..] else {
        panic!("{line}")
    };
    let modes: Vec<&str> = rest.first().map_or(vec![], |modes| modes.split(' ').collect());
    let modes: Vec<&str> = modes.into_iter().filter(|mode| *mode != "-").collect();
    let wasm = wat::parse_str(format!("(module {wat})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
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
        Of::Function(CheckedBody::check(&module, built).expect("the function's"))
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
                let clause = Clause { tag, with_ref, landing, frame_bytes: number(frame) };
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
    fn kind(&self) -> CodeKind {
        let func: FuncIdx = self.module.defined_funcs().last().expect("a function");
        match &self.body {
            Of::Function(_) => CodeKind::Func(func.0),
            Of::Round(body) => CodeKind::Loop { func: func.0, offset: body.offset() },
        }
    }

    fn body(&self) -> (&Body, Option<&[u32]>) {
        match &self.body {
            Of::Function(body) => (body.body(), None),
            Of::Round(body) => (body.body(), Some(body.cells())),
        }
    }

    /// The certificate of some bytes, if there is one.
    fn certificate(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let draft = Draft { kind: self.kind(), bytes, traps: &self.traps, calls: &self.calls };
        certify(&self.layout, &draft).ok()
    }

    fn relation(&self, bytes: &[u8], certificate: &[u8]) -> Relation {
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let code = Related { bytes, traps: &self.traps, data: &data, sources: &[] };
        let (body, round) = self.body();
        let told = Told { calls: Some(&self.calls), deterministic: self.deterministic, round };
        relate_told((&self.module, body), &self.layout, &code, told)
    }

    fn check(&self, bytes: &[u8], certificate: &[u8], relation: &Relation) -> Result<(), Error> {
        let setting = Setting::new(&self.module, &self.layout).expect("one module");
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
    fn judge(&self, bytes: &[u8]) -> Result<(), Error> {
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

fn verdict(outcome: &Result<(), Error>) -> String {
    match outcome {
        Ok(()) => "ok".to_owned(),
        Err(Error::Rejected(rejection)) => format!("sandbox: {rejection}"),
        Err(Error::Differs(difference)) => format!("{:?}", difference.cause),
    }
}

#[test]
fn each_row_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for row in rows().into_iter().chain(rows_of(VECTORS)) {
        let outcome = row.judge(&row.bytes);
        if verdict(&outcome) != row.verdict {
            let why = outcome.err().map(|error| error.to_string());
            wrong.push(format!("{} {}: not {}, {why:?}", row.rule, row.name, row.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The relation of each accepted row can be written, and what is read proves the same code.
#[test]
fn relations_are_written_and_read() {
    let mut written = 0;
    for row in rows().iter().chain(&rows_of(VECTORS)).filter(|row| row.verdict == "ok") {
        let Some(certificate) = row.certificate(&row.bytes) else { continue };
        let relation = row.relation(&row.bytes, &certificate);
        let bytes = encode(&relation).unwrap_or_else(|| panic!("{}: it has no form", row.name));
        let read = Relation::read(&bytes, row.bytes.len());
        let read = read.unwrap_or_else(|fault| panic!("{}: {fault:?}", row.name));
        assert_eq!(row.check(&row.bytes, &certificate, &read), Ok(()), "{}", row.name);
        written += usize::from(!relation.leaders.is_empty());
    }
    assert!(written >= 8, "{written} with leaders");
}

/// Claims with each operator that a claim may have, and each kind of place.
#[test]
fn every_claim_has_a_form() {
    let term = |head, operands: &[Expr]| Expr::Term(head, 24, 1 << 100 | 7, operands.into());
    let mut claims: Vec<Claim> = HEADS
        .into_iter()
        .map(|head| Claim::Known(term(head, &[Expr::Value(3), term(Head::Const, &[])]), true))
        .collect();
    for place in [Place::Register(9), Place::Vector(15), Place::Stack(-48), Place::Stack(19)] {
        for (bits, extended) in [(32, true), (128, false), (33, true), (7, false)] {
            claims.push(Claim::Holds { place, bits, extended, expr: Expr::Value(70_000) });
        }
        let saved = fixed(Fixed::Register(12));
        for expr in [saved, above(Fixed::Stack, -8), above(Fixed::Context, 1 << 40)] {
            claims.push(Claim::Holds { place, bits: 64, extended: false, expr });
        }
    }
    claims.push(Claim::Compared {
        floats: true,
        words: Box::new((Expr::Value(1), term(Head::Cat, &[]))),
    });
    claims.push(Claim::Is { value: 5, expr: Expr::Value(4) });
    let leader = Leader { block: 9, at: 3, passed: 2, claims };
    let relation = Relation { leaders: [(0, Leader::default()), (77, leader)].into() };
    let bytes = encode(&relation).expect("each has a form");
    assert_eq!(Relation::read(&bytes, 1_000), Ok(relation));
}

#[test]
fn each_rule_has_both() {
    for rule in ["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"] {
        let rows = rows();
        let of = |ok: bool| rows.iter().any(|row| row.rule == rule && (row.verdict == "ok") == ok);
        assert!(of(true) && of(false), "{rule}");
    }
}

/// E4: what the right code's relation claims is not believed of other code.
#[test]
fn a_relation_of_the_right_code_does_not_help() {
    let rows = rows();
    let right: BTreeMap<&str, &Row> =
        rows.iter().filter(|row| row.verdict == "ok").map(|row| (row.name.as_str(), row)).collect();
    let mut tried = 0;
    for row in rows.iter().filter(|row| row.like != "-") {
        let other = right[row.like.as_str()];
        assert_eq!(other.bytes.len(), row.bytes.len(), "{}: leaders would move", row.name);
        let certificate = other.certificate(&other.bytes).expect("a certificate");
        let relation = other.relation(&other.bytes, &certificate);
        assert!(other.check(&other.bytes, &certificate, &relation).is_ok(), "{}", other.name);
        let certificate = row.certificate(&row.bytes).expect("a certificate");
        let Err(Error::Differs(difference)) = row.check(&row.bytes, &certificate, &relation) else {
            panic!("{}", row.name);
        };
        let by_claims = matches!(difference.cause, Cause::Claim | Cause::Result | Cause::Position);
        assert!(by_claims, "{}: {difference}", row.name);
        tried += 1;
    }
    assert!(tried > 3, "{tried}");
}

/// Code without the relation that it needs is refused, and so is code of another function.
#[test]
fn a_loop_needs_its_claims() {
    let rows = rows();
    let sum = rows.iter().find(|row| row.name == "sum").expect("a row");
    let certificate = sum.certificate(&sum.bytes).expect("a certificate");
    let relation = sum.relation(&sum.bytes, &certificate);
    assert!(sum.check(&sum.bytes, &certificate, &relation).is_ok());
    assert!(!relation.leaders.is_empty());
    let nothing = sum.check(&sum.bytes, &certificate, &Relation::default());
    assert_eq!(verdict(&nothing), "Merge");
    // Each claim alone: without it the code is accepted or refused, and never otherwise.
    let mut needed = 0;
    for (&at, leader) in &relation.leaders {
        for i in 0..leader.claims.len() {
            let mut less = relation.clone();
            less.leaders.get_mut(&at).expect("a leader").claims.remove(i);
            needed += usize::from(sum.check(&sum.bytes, &certificate, &less).is_err());
        }
        for change in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let mut other = relation.clone();
            let leader = other.leaders.get_mut(&at).expect("a leader");
            leader.block += change.0;
            leader.at += change.1;
            leader.passed += change.2;
            assert!(sum.check(&sum.bytes, &certificate, &other).is_err(), "{change:?}");
        }
    }
    assert!(needed >= 2, "{needed}");
}

/// Each edit of one bit of accepted code: those that are accepted, to be read.
#[test]
fn accepted_edits_are_listed() {
    let mut lines = vec![
        "# Edits of one bit of the accepted rows of `rules.tsv` that are accepted too: the row, the offset,".to_owned(),
        "# the byte before and after. Each was read: it does the same. Rows that a compiler made are left out.".to_owned(),
    ];
    let (mut tried, mut confined) = (0, 0);
    for row in rows().iter().filter(|row| row.verdict == "ok" && !row.is_made) {
        for at in 0..row.bytes.len() {
            for bit in 0..8 {
                let mut bytes = row.bytes.clone();
                bytes[at] ^= 1 << bit;
                tried += 1;
                let Some(certificate) = row.certificate(&bytes) else { continue };
                confined += 1;
                let relation = row.relation(&bytes, &certificate);
                if row.check(&bytes, &certificate, &relation).is_ok() {
                    let (before, after) = (row.bytes[at], bytes[at]);
                    lines.push(format!("{}\t{at:#x}\t{before:02x}\t{after:02x}", row.name));
                }
            }
        }
    }
    println!("{tried} edits, {confined} confined, {} accepted", lines.len() - 2);
    let found = lines.join("\n") + "\n";
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(MUTANTS, &found).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(MUTANTS).unwrap_or_default();
    assert!(found == wanted, "other edits are accepted than before:\n{found}");
}
