//! The rows of `contexts.tsv`: code whose callees get contexts, under a layout that is made by
//! hand. A name, the rule that refuses the code or `ok`, rows of traps, bytes, and their text.
//!
//! ```text
//! types      0: (i32 i32 i32 i32) -> i32   1: () -> ()
//! functions  0: imported, type 1           1: the row's code, type 0, at 0
//!            2: type 1, at F2 = 0x1000     3: type 0, at F3 = 0x1100
//! memories   0: a page at least, in 4 GiB of zone, stays     1: a page at least, without, moves
//! tables     0: 4 to 8 elements, moves     1: 4 elements, stays
//! globals    0: i64, mutable               1: i32            2: funcref, mutable
//! builtins   B0 = 0x2000: copies (to, from, bytes)     B1 = 0x2100: grows (pages, memory)
//!            B2 = 0x2200: initialises (table, index)   B9 = 0x2300: none that is known
//! ```

use super::table::{bits::Bits, number};
use prova_check::certificate::VERSION;
use prova_check::{
    Answer, Area, Argument, Base, Callee, Code, CodeKind, Config, Field, Global, Holds, Hosted,
    Layout, Memory, Parts, RefType, Rule, Signature, Structure, Structures, Table, TrapRow, Ty,
};

const TEXT: &str = include_str!("contexts.tsv");

/// A row, and the check's verdict on it.
pub(crate) struct Judged {
    pub(crate) name: String,
    /// The rule that refuses it; none if it is accepted.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) rule: Option<Rule>,
    pub(crate) verdict: Option<(Rule, &'static str)>,
}

/// The check's verdict on each row, with the least certificate.
pub(crate) fn judged() -> Vec<Judged> {
    let layout = layout();
    let mut least = Bits::default();
    least.bits(VERSION.into(), 8).number(0, 0).number(0, 0).number(0, 0);
    let certificate = least.bytes();
    let judge = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, rule, traps, bytes, _] = columns[..] else { panic!("{line}") };
        let rule = (rule != "ok").then(|| {
            let found = Rule::ALL.into_iter().find(|known| format!("{known:?}") == rule);
            found.unwrap_or_else(|| panic!("{name}: no rule {rule}"))
        });
        let trap = |text: &str| {
            let (at, kind) = text.split_once(':').expect("an offset and a kind");
            let kind = kind.parse().expect("a kind");
            TrapRow { code_offset: number(at), kind, wasm_offset: 0 }
        };
        let traps: Vec<TrapRow> = traps.split(',').filter(|t| *t != "-").map(trap).collect();
        let byte = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect("a byte");
        let bytes: Vec<u8> = (0..bytes.len()).step_by(2).map(byte).collect();
        let kind = CodeKind::Func(1);
        let (traps, certificate) = (&traps[..], &certificate[..]);
        let verdict = layout.check(Code { kind, bytes: &bytes, certificate, traps, calls: &[] });
        let verdict = verdict.err().map(|e| (e.rule, e.what));
        Judged { name: format!("contexts: {name}"), rule, verdict }
    };
    TEXT.lines().skip(1).map(judge).collect()
}

fn layout() -> Layout {
    let (i32, none) = (Ty::I32, Vec::new());
    let types = vec![
        Some(Signature { params: vec![i32; 4], results: vec![i32] }),
        Some(Signature { params: none.clone(), results: none }),
    ];
    let memory =
        |zone_bytes, moves| Memory { min_bytes: 1 << 16, max_bytes: 1 << 32, zone_bytes, moves };
    let table = |max, moves| Table { ty: RefType::FUNC, min: 4, max, moves };
    let global = |ty, mutable| Global { ty, mutable };
    let hosted = |arguments: &[Argument], answer| Hosted { arguments: arguments.to_vec(), answer };
    let builtins = vec![
        hosted(&[Argument::Bytes(2), Argument::Bytes(2), Argument::Number], Answer::Number),
        hosted(&[Argument::Number, Argument::Index(2)], Answer::Number),
        hosted(&[Argument::Index(2), Argument::Number], Answer::Function),
    ];
    let text = vec![
        (0, Callee::Func(1)),
        (0x1000, Callee::Func(2)),
        (0x1100, Callee::Func(3)),
        (0x2000, Callee::Builtin(0)),
        (0x2100, Callee::Builtin(1)),
        (0x2200, Callee::Builtin(2)),
        (0x2300, Callee::Builtin(9)),
    ];
    let parts = Parts {
        config: Config::default(),
        types,
        funcs: vec![1, 0, 1, 0],
        imported_funcs: 1,
        memories: vec![memory((4 << 30) + (32 << 20), false), memory(0, true)],
        tables: vec![table(8, true), table(4, false)],
        globals: vec![
            global(Ty::I64, true),
            global(i32, false),
            global(Ty::Ref(RefType::FUNC), true),
        ],
        structures: structures(),
        text,
        hosted: builtins,
        ..Parts::default()
    };
    Layout::assemble(parts).expect("a layout")
}

fn structures() -> Structures {
    let area = |at, stride, count, fields: &[(u32, u32, Holds)]| {
        let fields = fields.iter().map(|&(at, bytes, holds)| Field { at, bytes, holds });
        Area { at, stride, count, first: 0, fields: fields.collect() }
    };
    let pointer = |at, base| area(at, 8, 1, &[(0, 8, Holds::Pointer(base))]);
    let record = [(8, 8, Holds::Code), (16, 4, Holds::Type), (24, 8, Holds::Context)];
    Structures {
        context: Structure::new(vec![
            pointer(8, Base::Store),
            pointer(0x28, Base::Types),
            area(0x30, 16, 2, &[(0, 8, Holds::MemoryBase), (8, 8, Holds::MemoryLength)]),
            area(0x50, 32, 1, &record),
            area(0x70, 16, 2, &[(0, 8, Holds::TableBase), (8, 8, Holds::TableLength)]),
            area(0x90, 16, 3, &[(0, 0, Holds::Global)]),
        ]),
        store: Structure::of(&[
            (0, 8, Holds::Counter),
            (8, 8, Holds::Number),
            (0x18, 8, Holds::StackLimit),
        ]),
        types: Structure::new(vec![area(0, 4, 2, &[(0, 4, Holds::TypeId)])]),
        func: Structure::of(&record),
        ..Structures::default()
    }
}
