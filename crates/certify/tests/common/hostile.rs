//! The rows of `crates/check/tests/hostile.tsv`: a family, the case, where it stands, the rule that
//! refuses it (or `ok`; with a `*` only by the least certificate, where a better one declares the
//! bytes as something else), rows of traps (`offset:kind`) and calls (`call_row`), the code's bytes
//! (data behind a `|`), and the text that they were assembled from. `hostile/modules.tsv` beside it
//! has the modules.

#[path = "pages.rs"]
#[allow(clippy::duplicate_mod, reason = "the rows are part of several programs")]
mod pages;

#[path = "bits.rs"]
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) mod bits;

use bits::Bits;
use prova_check::certificate::VERSION;
use prova_check::{
    Bases, CallRow, Clause, Code, CodeKind, Config, CpuLevel, MemoryShape, Rule, Says, TrapRow,
};
use std::collections::BTreeMap;

/// A row.
pub(crate) struct Row {
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) config: Config,
    pub(crate) kind: CodeKind,
    /// The rule that refuses it; none if it is accepted.
    pub(crate) rule: Option<Rule>,
    /// Whether it is judged with its least certificate alone.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) alone: bool,
    pub(crate) bytes: Vec<u8>,
    /// Where its data begins, which is behind the code.
    data: Option<usize>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
}

impl Row {
    /// The row as code with a certificate.
    pub(crate) fn code<'a>(&'a self, certificate: &'a [u8]) -> Code<'a> {
        let Row { kind, bytes, traps, calls, .. } = self;
        Code { kind: *kind, bytes, certificate, traps, calls }
    }

    /// A verdict on it, apart from P10 if it is not a row of that rule.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) fn verdict<T>(&self, verdict: Option<(Rule, T)>) -> Option<(Rule, T)> {
        if self.family == "written" { verdict } else { apart(verdict) }
    }

    /// The least certificate for it: its data, no entries, no blocks.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) fn least(&self) -> Vec<u8> {
        let mut out = Bits::default();
        out.bits(VERSION.into(), 8).number(self.data.is_some().into(), 0);
        if let Some(start) = self.data {
            out.number(start as u64, 4).number((self.bytes.len() - start) as u64, 4);
        }
        out.number(0, 0).number(0, 0);
        out.bytes()
    }
}

/// A verdict on code that is there for other rules than P10: registers hold in it what they may, so
/// a refusal by that rule, which is the last one to be asked, is none.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn apart<T>(verdict: Option<(Rule, T)>) -> Option<(Rule, T)> {
    verdict.filter(|(rule, _)| *rule != Rule::Unwritten)
}

const TEXT: &str = include_str!("../../../check/tests/hostile.tsv");

const MODULES: &str = include_str!("../../../check/tests/hostile/modules.tsv");

/// The text of modules by name, each with the code of it that the rows are.
pub(crate) fn modules() -> BTreeMap<&'static str, (&'static str, CodeKind)> {
    let module = |line: &'static str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, kind, wat] = columns[..] else { panic!("{line}") };
        let (kind, index) = kind.split_once(' ').expect("a kind and an index");
        let index = index.parse().expect("an index");
        let kind = match kind {
            "func" => CodeKind::Func(index),
            "in" => CodeKind::ThunkIn(index),
            "out" => CodeKind::ThunkOut(index),
            // Where the loop is, the check does not ask.
            "loop" => CodeKind::Loop { func: index, offset: 0 },
            other => panic!("no kind of code {other}"),
        };
        (name, (wat, kind))
    };
    MODULES.lines().skip(1).map(module).collect()
}

/// *guard*, *explicit* and *masked*; *still*, *quiet* and *dark* the same without signals; *fuel*
/// and *epoch*, whose accesses are compared explicitly; *v2*; *moves* and *adrift*, which are
/// *guard* and *masked* with bases that may move; *behind*, which is *explicit* and leans on what
/// faults behind a memory's length (in the others no row does).
fn config(way: &str) -> Config {
    let mut config = Config::default();
    if !matches!(way, "guard" | "still" | "v2") {
        config.memory = MemoryShape::Explicit;
    }
    match way {
        "guard" | "explicit" | "behind" => {}
        "masked" => config.memory = MemoryShape::Masked,
        "moves" => (config.memory, config.bases) = (MemoryShape::GUARD, Bases::MayMove),
        "adrift" => (config.memory, config.bases) = (MemoryShape::Masked, Bases::MayMove),
        "dark" => (config.memory, config.signals) = (MemoryShape::Masked, false),
        "still" | "quiet" => config.signals = false,
        "fuel" => config.metering.fuel = true,
        "epoch" => config.metering.epoch = true,
        "v2" => config.cpu = CpuLevel::V2,
        other => panic!("no way {other}"),
    }
    config
}

/// A hexadecimal number.
pub(crate) fn number(text: &str) -> u32 {
    u32::from_str_radix(text, 16).expect("a number")
}

fn list<T>(text: &str, item: impl Fn(&str) -> T) -> Vec<T> {
    if text == "-" { Vec::new() } else { text.split(',').map(item).collect() }
}

/// A row of the call map: `return` (it names the operator), `return=tag>landing/frame` with `all`
/// for any tag and an `r` behind it where the clause takes a reference, or `return~below`.
fn call_row(text: &str) -> CallRow {
    if let Some((at, below)) = text.split_once('~') {
        return CallRow { return_offset: number(at), says: Says::Root(number(below)) };
    }
    let Some((at, clause)) = text.split_once('=') else {
        return CallRow::operator(number(text), 0);
    };
    let (tag, landing) = clause.split_once('>').expect("a tag and a landing");
    let (landing, frame_bytes) = landing.split_once('/').expect("a landing and a frame");
    let (tag, with_ref) = tag.strip_suffix('r').map_or((tag, false), |tag| (tag, true));
    let tag = (tag != "all").then(|| number(tag));
    let (landing, frame_bytes) = (number(landing), number(frame_bytes));
    let says = Says::Clause(Clause { tag, with_ref, landing, frame_bytes, context: None });
    CallRow { return_offset: number(at), says }
}

/// The row of a line of nine columns.
pub(crate) fn row(line: &str, modules: &BTreeMap<&str, (&str, CodeKind)>) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [family, name, way, named, rule, traps, calls, bytes, _] = columns[..] else {
        panic!("{line}");
    };
    let Some((wat, kind)) = modules.get(named) else {
        panic!("{family}: {name}: no module {named}")
    };
    let of_bytes = match way {
        "behind" => None,
        "explicit" | "masked" | "fuel" | "epoch" | "adrift" => Some(true),
        _ => Some(false),
    };
    let wat = of_bytes.map_or(wat.to_string(), |all| pages::of_bytes(wat, all));
    let wasm = wat::parse_str(wat).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (code, data) = bytes.split_once('|').unwrap_or((bytes, ""));
    let bytes = format!("{code}{data}");
    let (rule, alone) = rule.strip_suffix('*').map_or((rule, false), |rule| (rule, true));
    let rule = (rule != "ok").then(|| {
        let found = Rule::ALL.into_iter().find(|known| format!("{known:?}") == rule);
        found.unwrap_or_else(|| panic!("{family}: {name}: no rule {rule}"))
    });
    let trap = |text: &str| {
        let (at, kind) = text.split_once(':').expect("an offset and a kind");
        let kind = kind.parse().expect("a kind");
        TrapRow { code_offset: number(at), kind, wasm_offset: 0 }
    };
    let byte = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect("a byte");
    Row {
        family: family.to_owned(),
        name: format!("{family}: {name}"),
        wasm,
        config: config(way),
        kind: *kind,
        rule,
        alone,
        bytes: (0..bytes.len()).step_by(2).map(byte).collect(),
        data: (!data.is_empty()).then_some(code.len() / 2),
        traps: list(traps, trap),
        calls: list(calls, call_row),
    }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let modules = modules();
    TEXT.lines().skip(1).map(|line| row(line, &modules)).collect()
}
