//! The rows of `crates/check/tests/hostile.tsv`: a family, what is tried, where, the rule that
//! refuses it (or `ok`), rows of traps (`offset:kind`) and calls, the code's bytes, and the text
//! that they were assembled from.

use prova_check::{CallRow, Code, CodeKind, Config, CpuLevel, MemoryShape, Rule, TrapRow};

/// A row.
pub(crate) struct Row {
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) config: Config,
    pub(crate) kind: CodeKind,
    /// What refuses it; none: it is accepted.
    pub(crate) rule: Option<Rule>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
}

impl Row {
    /// The row as code with a certificate.
    pub(crate) fn code<'a>(&'a self, certificate: &'a [u8]) -> Code<'a> {
        let Row { kind, bytes, traps, calls, .. } = self;
        Code { kind: *kind, bytes, certificate, traps, calls }
    }
}

const TEXT: &str = include_str!("../../../check/tests/hostile.tsv");

/// Modules by name, and which code of them it is.
fn module(name: &str) -> (&'static str, CodeKind) {
    const FUNC: &str = "(module (memory 1) (table 4 funcref) (table 2 8 externref) \
        (global (mut i64) (i64.const 0)) (global i32 (i32.const 0)) \
        (global (mut externref) (ref.null extern)) \
        (func (param i32 i32 i64 externref) (result i64) i64.const 0) \
        (func (param i32) i32.const 0 drop))";
    const REFS: &str = "(module (type $t (func)) (type $u (func (result i32))) \
        (func (param funcref externref) (result i64) i64.const 0))";
    const MANY: &str = "(module (func) (func (param i64 i64 i64 i64 i64 i64 i64 i64)))";
    const WIDE: &str = "(module (func) \
        (func (result i64 i64 i64 i64 i64 i64 i64 i64 i64) unreachable))";
    match name {
        "func" => (FUNC, CodeKind::Func(0)),
        "long" => ("(module (memory i64 1) (func (param i32)))", CodeKind::Func(0)),
        "same" => ("(module (func (param i64)))", CodeKind::Func(0)),
        "refs" => (REFS, CodeKind::Func(0)),
        "empty" => ("(module (table 0 funcref) (func (param i32)))", CodeKind::Func(0)),
        "give" => ("(module (func (param i64) (result externref) unreachable))", CodeKind::Func(0)),
        "many" => (MANY, CodeKind::Func(0)),
        "wide" => (WIDE, CodeKind::Func(0)),
        "wider" => (WIDE, CodeKind::Func(1)),
        "outref" => ("(module (func (param externref)))", CodeKind::ThunkOut(0)),
        "in" => ("(module (func (param i32)))", CodeKind::ThunkIn(0)),
        "out" => ("(module (func (param i32)))", CodeKind::ThunkOut(0)),
        other => panic!("no module {other}"),
    }
}

/// *guard* and *explicit*, *still* and *quiet* the same without signals, *fuel*, and *v2*.
fn config(way: &str) -> Config {
    let mut config = Config::default();
    if !matches!(way, "guard" | "still" | "v2") {
        config.memory = MemoryShape::Explicit;
    }
    if way == "v2" {
        config.cpu = CpuLevel::V2;
    }
    config.signals = !matches!(way, "quiet" | "still");
    config.metering.fuel = way == "fuel";
    config
}

fn number(text: &str) -> u32 {
    u32::from_str_radix(text, 16).expect("a number")
}

fn list<T>(text: &str, item: impl Fn(&str) -> T) -> Vec<T> {
    if text == "-" { Vec::new() } else { text.split(',').map(item).collect() }
}

fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [family, name, way, named, rule, traps, calls, bytes, _] = columns[..] else {
        panic!("{line}");
    };
    let (wat, kind) = module(named);
    let rule = (rule != "ok").then(|| {
        let found = Rule::ALL.into_iter().find(|known| format!("{known:?}") == rule);
        found.unwrap_or_else(|| panic!("no rule {rule}"))
    });
    let trap = |text: &str| {
        let (at, kind) = text.split_once(':').expect("an offset and a kind");
        let kind = kind.parse().expect("a kind");
        TrapRow { code_offset: number(at), kind, wasm_offset: 0 }
    };
    let call = |text: &str| CallRow { return_offset: number(text), wasm_offset: 0 };
    let byte = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect("a byte");
    Row {
        family: family.to_owned(),
        name: format!("{family}: {name}"),
        wasm: wat::parse_str(wat).expect("a module"),
        config: config(way),
        kind,
        rule,
        bytes: (0..bytes.len()).step_by(2).map(byte).collect(),
        traps: list(traps, trap),
        calls: list(calls, call),
    }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    TEXT.lines().skip(1).map(row).collect()
}
