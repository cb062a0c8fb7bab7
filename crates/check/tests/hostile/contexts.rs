//! The rows of `contexts.tsv`, `counts.tsv` (loops over elements), `ways.tsv` and `collected.tsv`:
//! code whose callees get contexts,
//! under a layout that is made by hand. A name, the rule that refuses the code or `ok`, rows of
//! traps, bytes, and their text; of the last two files first which code it is (`func`: function 1,
//! `func4`: function 4), and behind the traps the clauses of calls: offset behind the call,
//! landing, bytes of the frame, for some tag this and the place of the context or `none`; or the
//! offset and, behind `~`, how far below the frame's begin a reference lies. `written.tsv` has the
//! same columns and the layout of `collected.tsv`. Two more columns are a certificate, as in
//! `claims.rs`, or *data* and its range. A name that begins with *quiet* says that nobody handles
//! faults, one with *wide* that the processor has AVX-512, with *64-bit* that indices have 64 bits,
//! one with *at 8* where in the text the code begins, one with *kept* that no code writes into the
//! heap but new objects.
//!
//! ```text
//! types      0: (i32 i32 i32 i32) -> i32   1: () -> ()     2: (funcref i64) -> funcref
//!            3: eight i64 -> ()            6: () -> i64, for its way out
//!            5: (v128 externref) -> (), for the way into function 6, at F6 = 0x1400
//! functions  0: imported, type 1           1: the row's code, type 0, at 0
//!            2: type 1, at F2 = 0x1000     3: type 0, at F3 = 0x1100
//!            4: type 2, at F4 = 0x1200     5: type 3, at F5 = 0x1300     start: at S = 0x2500
//! memories   0: a page at least, in 4 GiB of zone, stays; 4 KiB of guard behind its length
//!            1: a page at least, without, moves
//! tables     0: 4 to 8 elements, moves     1: 4 elements, stays
//! globals    0: i64, mutable               1: i32            2: funcref, mutable
//! builtins   B0 = 0x2000: copies (to, from, bytes)     B1 = 0x2100: grows (pages, memory)
//!            B2 = 0x2200: initialises (table, index)   B9 = 0x2300: none that is known
//!            B3 = 0x2400: says whether there is fuel   B4 = 0x2600: notes a trap (its number)
//!            B5 = 0x2700: unwinds, number 41 of the table
//! data       two segments that may not be there
//! collected  (`collected.tsv` alone) memory 2, without a zone, moves; the store has its base and
//!            length; type 4 is of exceptions, and there is one
//!            identity more than types; tag 0: type 1; B6 = 0x2800: allocates (kind 1 << 26,
//!            type, size, alignment 8), number 24, of which the host has written 0x28 bytes;
//!            B7 = 0x2900: throws (reference), number 44
//! references (`references.tsv` alone) memory 1, tables 0 and 2 as if imported, too: owner and index
//!            at 0x130, 0x140, 0x150; B1 and GROW serve those
//!            tables 2: 4 elements of (ref 1), 3: 4 to 8 of (ref null 1);
//!            globals 3: (ref 1), not mutable, 4: (ref null 1), mutable, 5: (ref 1), mutable;
//!            element segments 0: 2 of funcref, 1: 1 of (ref 1), 2: none that has a rule
//!            NAME = 0x2a00: names a function, of 2 and 3        GROW = 0x2b00: grows table 0
//!            BASE = 0x2c00: where a segment's elements are       DROP = 0x2d00: drops a segment
//!            LEN = 0x2e00: how many elements a segment has
//! ```

use super::claims::certificate;
use super::table::{apart, bits::Bits, number};
use prova_check::certificate::VERSION;
use prova_check::{
    Activation, Answer, Area, Argument, Base, CallRow, Clause, Code, CodeKind, Config, Failure,
    Field, Global, Heap, Holds, Hosted, Layout, Memory, Parts, RefKind, RefType, Rule, Says,
    Signature, Structure, Structures, Table, TrapRow, Ty, Way, Widths,
};

const TEXT: &str = include_str!("contexts.tsv");
const COUNTS: &str = include_str!("counts.tsv");
const WAYS: &str = include_str!("ways.tsv");
const COLLECTED: &str = include_str!("collected.tsv");
const REFERENCES: &str = include_str!("references.tsv");
const WRITTEN: &str = include_str!("written.tsv");

/// Beside what all rows have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Nothing,
    Heap,
    References,
}

/// A row, and the check's verdict on it.
pub(crate) struct Judged {
    pub(crate) name: String,
    /// The rule that refuses it; none if it is accepted.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) rule: Option<Rule>,
    pub(crate) verdict: Option<(Rule, &'static str)>,
}

/// The check's verdict on each row, with the row's certificate or the least one.
pub(crate) fn judged() -> Vec<Judged> {
    let of_func = CodeKind::Func(1);
    let rows = TEXT.lines().skip(1).chain(COUNTS.lines().skip(1)).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, rule, traps, bytes, _, ref claims @ ..] = columns[..] else { panic!("{line}") };
        let certificate = match claims {
            ["data", range] => {
                let (start, end) = range.split_once("..").expect("a range");
                with_data((number(start).into(), number(end).into()))
            }
            [frame, blocks] => certificate(frame, blocks),
            _ => least(),
        };
        judge((of_func, &certificate), (name, rule), ([traps, "-", bytes], More::Nothing))
    });
    let rows = rows.chain(ways(WAYS)).chain(of_kinds(COLLECTED, More::Heap));
    let rows = rows.chain(of_kinds(REFERENCES, More::References));
    let rows = rows.map(|row| Judged { verdict: apart(row.verdict), ..row });
    // These are of P10.
    rows.chain(of_kinds(WRITTEN, More::Heap)).collect()
}

/// The check's verdict on each row of ways.
pub(crate) fn ways(text: &str) -> impl Iterator<Item = Judged> + '_ {
    of_kinds(text, More::Nothing)
}

/// The check's verdict on each row of code of some kind, with a heap of collected objects or
/// without.
fn of_kinds(text: &str, heap: More) -> impl Iterator<Item = Judged> + '_ {
    text.lines().skip(1).map(move |line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, way, rule, traps, clauses, bytes, _, ref claims @ ..] = columns[..] else {
            panic!("{line}")
        };
        let name = format!("{way}: {name}");
        let certificate = match claims {
            [frame, blocks] => certificate(frame, blocks),
            _ => least(),
        };
        let columns = ([traps, clauses, bytes], heap);
        judge((kind_of(way), &certificate), (&name, rule), columns)
    })
}

fn kind_of(text: &str) -> CodeKind {
    match text.strip_prefix("func") {
        Some("") => CodeKind::Func(1),
        Some(n) => CodeKind::Func(n.parse().expect("a function")),
        None => CodeKind::Way(way_of(text)),
    }
}

fn way_of(text: &str) -> Way {
    let number = |text: &str| text.parse().expect("a number");
    match text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len())) {
        ("start", "") => Way::Start,
        ("in", "") => Way::In(None),
        ("in", func) => Way::In(Some(number(func))),
        ("out", ty) => Way::Out(number(ty)),
        ("builtin", n) => Way::Builtin(number(n)),
        _ => panic!("no way {text}"),
    }
}

/// A certificate that says that the bytes from one offset to another are data.
fn with_data((start, end): (u64, u64)) -> Vec<u8> {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(1, 0).number(start, 4).number(end - start, 4);
    out.number(0, 0).number(0, 0);
    out.bytes()
}

fn least() -> Vec<u8> {
    let mut least = Bits::default();
    least.bits(VERSION.into(), 8).number(0, 0).number(0, 0).number(0, 0);
    least.bytes()
}

fn judge(
    (kind, certificate): (CodeKind, &[u8]),
    said: (&str, &str),
    columns: ([&str; 3], More),
) -> Judged {
    let Case { name, rule, layout, bytes, traps, calls } = case(kind, said, columns);
    let (bytes, traps, calls) = (&bytes[..], &traps[..], &calls[..]);
    let verdict = layout.check(Code { kind, bytes, certificate, traps, calls });
    let verdict = verdict.err().map(|e| (e.rule, e.what));
    Judged { name, rule, verdict }
}

/// A row, read.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rule: Option<Rule>,
    pub(crate) layout: Layout,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
}

/// The rows of `counts.tsv`, of function 1 each.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn loops() -> impl Iterator<Item = Case> {
    COUNTS.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, rule, traps, bytes, ..] = columns[..] else { panic!("{line}") };
        case(CodeKind::Func(1), (name, rule), ([traps, "-", bytes], More::Nothing))
    })
}

fn case(kind: CodeKind, (name, rule): (&str, &str), (columns, heap): ([&str; 3], More)) -> Case {
    let [traps, clauses, bytes] = columns;
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
    let mut calls: Vec<CallRow> = Vec::new();
    for text in clauses.split(',').filter(|c| *c != "-") {
        let (return_offset, says) = if let Some((at, below)) = text.split_once('~') {
            (number(at), Says::Root(number(below)))
        } else {
            let parts: Vec<&str> = text.split(':').collect();
            let [at, landing, frame, ref of_tag @ ..] = parts[..] else { panic!("{text}") };
            let some = |text: &str| (text != "none").then(|| number(text));
            let (tag, context) = match *of_tag {
                [tag, context] => (some(tag), some(context)),
                _ => (None, None),
            };
            let (landing, frame_bytes) = (number(landing), number(frame));
            (
                number(at),
                Says::Clause(Clause { tag, with_ref: false, landing, frame_bytes, context }),
            )
        };
        if calls.last().is_none_or(|last| last.return_offset != return_offset) {
            calls.push(CallRow::operator(return_offset, 0));
        }
        calls.push(CallRow { return_offset, says });
    }
    let byte = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect("a byte");
    let bytes: Vec<u8> = (0..bytes.len()).step_by(2).map(byte).collect();
    let start = if name.contains("at 8") { 8 } else { 0 };
    let (wide, keeps) = (name.starts_with("64-bit"), name.contains("kept"));
    let settings = (!name.contains("quiet"), name.contains("wide"), wide, keeps);
    let layout = layout((kind, start), settings, heap);
    Case { name: format!("contexts: {name}"), rule, layout, bytes, traps, calls }
}

/// A page at least; what lies behind it, and whether it moves.
fn memory(zone_bytes: u64, guard_bytes: u64, moves: bool) -> Memory {
    Memory { min_bytes: 1 << 16, max_bytes: 1 << 32, zone_bytes, guard_bytes, moves }
}

/// The way into a function of a vector and a reference.
const VECTOR_IN: CodeKind = CodeKind::Way(Way::In(Some(6)));

/// The types, of exceptions and of the code's own way among them.
fn types(kind: CodeKind, heap: bool) -> Vec<Option<Signature>> {
    let any = Ty::Ref(RefType::FUNC);
    let signature = |params: &[Ty], results: &[Ty]| {
        Some(Signature { params: params.to_vec(), results: results.to_vec() })
    };
    let mut types = vec![
        signature(&[Ty::I32; 4], &[Ty::I32]),
        signature(&[], &[]),
        signature(&[any, Ty::I64], &[any]),
        signature(&[Ty::I64; 8], &[]),
    ];
    types.extend(heap.then_some(None));
    if kind == CodeKind::Way(Way::Out(6)) {
        types.extend([None, signature(&[], &[Ty::I64])]);
    }
    if kind == VECTOR_IN {
        let of_host = RefType { kind: RefKind::Extern, ..RefType::FUNC };
        types.push(signature(&[Ty::V128, Ty::Ref(of_host)], &[Ty::I64, Ty::V128]));
    }
    types
}

/// The layout of a text that begins with code of this kind, with signals or without, with a heap of
/// collected objects or without.
fn layout(
    (kind, start): (CodeKind, u32),
    (signals, avx512, wide, keeps): (bool, bool, bool, bool),
    more: More,
) -> Layout {
    let heap = more == More::Heap;
    let table = |max, moves| Table { ty: RefType::FUNC, min: 4, max, moves };
    let global = |ty, mutable| Global { ty, mutable };
    let builtin = |n| CodeKind::Way(Way::Builtin(n));
    let mut text = vec![
        (0x1000, CodeKind::Func(2)),
        (0x1100, CodeKind::Func(3)),
        (0x1200, CodeKind::Func(4)),
        (0x1300, CodeKind::Func(5)),
        (0x2000, builtin(0)),
        (0x2100, builtin(1)),
        (0x2200, builtin(2)),
        (0x2300, builtin(9)),
        (0x2400, builtin(3)),
        (0x2500, CodeKind::Way(Way::Start)),
        (0x2600, builtin(5)),
        (0x2700, builtin(4)),
    ];
    let mut memories = vec![memory((4 << 30) + (32 << 20), 0x1000, false), memory(0, 0, true)];
    if heap {
        text.extend([(0x2800, builtin(6)), (0x2900, builtin(7))]);
        memories.push(Memory { min_bytes: 0, ..memory(0, 0, true) });
    }
    let mut tables = vec![table(8, true), table(4, false)];
    let mut globals =
        vec![global(Ty::I64, true), global(Ty::I32, false), global(Ty::Ref(RefType::FUNC), true)];
    let mut elements = Vec::new();
    if more == More::References {
        let last = [(0x2a00, 6), (0x2b00, 7), (0x2c00, 8), (0x2d00, 9), (0x2e00, 10)];
        text.extend(last.map(|(at, n)| (at, builtin(n))));
        text.retain(|&(at, _)| at != 0x2300);
        elements = add_references(&mut tables, &mut globals);
    }
    text.retain(|&(_, other)| other != kind);
    text.insert(0, (start, kind));
    let mut funcs = vec![1, 0, 1, 0, 2, 3];
    if kind == VECTOR_IN {
        funcs.push(5);
        text.push((0x1400, CodeKind::Func(6)));
        text.sort_by_key(|&(at, _)| at);
    }
    let parts = Parts {
        config: Config { signals, ..Config::default() },
        types: types(kind, heap),
        funcs,
        imported_funcs: 1,
        memories,
        tables,
        globals,
        elements,
        tags: vec![1; usize::from(heap)],
        structures: structures(more),
        text,
        hosted: builtins(more, keeps),
        kept: keeps.then_some(KEPT),
        free_bytes: 256,
        avx512,
        wide,
        ..Parts::default()
    };
    Layout::assemble(parts).expect("a layout")
}

/// The memory that the heap is.
const KEPT: u32 = 2;

/// Tables and globals of typed references to functions; the element segments.
fn add_references(tables: &mut Vec<Table>, globals: &mut Vec<Global>) -> Vec<(RefType, u32)> {
    let to_run = RefType { heap: Heap::Type(1), nullable: false, ..RefType::FUNC };
    let maybe = RefType { nullable: true, ..to_run };
    tables.push(Table { ty: to_run, min: 4, max: 4, moves: false });
    tables.push(Table { ty: maybe, min: 4, max: 8, moves: true });
    let all = [(to_run, false), (maybe, true), (to_run, true)];
    globals.extend(all.map(|(ty, mutable)| Global { ty: Ty::Ref(ty), mutable }));
    vec![(RefType::FUNC, 2), (to_run, 1), (RefType::FUNC, 0)]
}

/// The bytes of arguments and result.
fn widths(index: u32) -> Widths {
    let (arguments, result): (&[u8], u8) = match index {
        1 => (&[8, 8, 8], 0),
        0 => (&[8, 4], 8),
        7 | 8 => (&[4, 8], 8),
        12 => (&[], 1),
        40 => (&[1], 0),
        3 | 4 | 6 => (&[4], 8),
        5 | 44 => (&[4], 1),
        24 => (&[4, 4, 4, 4], 4),
        _ => (&[], 0),
    };
    Widths { arguments: arguments.to_vec(), result, ..Widths::default() }
}

fn builtins(more: More, keeps: bool) -> Vec<Hosted> {
    use Argument::{
        Byte, Bytes, Collected, Element, Index, Listed, Memory, Number, OneOf, Size, Source,
    };
    let hosted = |index, arguments: &[Argument], answer, fails| Hosted {
        arguments: arguments.to_vec(),
        answer,
        index,
        fails,
        quiet: matches!(index, 1 | 3 | 7 | 4 | 6),
        anyone: matches!(index, 0 | 8) && more == More::References,
        listed: match index {
            6 => vec![2, 3],
            8 => vec![0],
            _ => Vec::new(),
        },
        widths: widths(index),
    };
    let grown = Some(Failure::Equals(2_u64.wrapping_neg()));
    let tables = if more == More::References { 2 } else { 0 };
    let mut builtins = vec![
        hosted(1, &[Bytes(2), Source(2), Number], Answer::Number, None),
        hosted(0, &[Number, Memory(2)], Answer::Number, grown),
        hosted(7, &[Index(2 + tables), Element(0)], Answer::Element(0), None),
        hosted(12, &[], Answer::Number, Some(Failure::False)),
        hosted(41, &[], Answer::Never, None),
        hosted(40, &[Byte(17, &[0xfe])], Answer::Trap, None),
    ];
    if more == More::References {
        let drop = Some(Failure::False);
        builtins.push(hosted(6, &[Listed], Answer::Reference(0), None));
        builtins.push(hosted(8, &[Argument::Table, Number], Answer::Number, grown));
        builtins.push(hosted(4, &[Index(3)], Answer::Elements(0), None));
        builtins.push(hosted(5, &[Index(3)], Answer::Number, drop));
        builtins.push(hosted(3, &[Index(3)], Answer::Count(0), None));
    }
    if more == More::Heap {
        let alloc = [OneOf(&[1 << 26]), Collected, Number, OneOf(&[8])];
        let object = Answer::Object { memory: 2, bytes: 0x28, size: None };
        let kept = Answer::Object { memory: 2, bytes: 0x18, size: Some(2) };
        let size = [OneOf(&[1 << 26]), Collected, Size(0x18), OneOf(&[8])];
        let throw = if keeps { Argument::Object } else { Number };
        let (alloc, object) = if keeps { (size, kept) } else { (alloc, object) };
        builtins.push(hosted(24, &alloc, object, Some(Failure::Zero)));
        builtins.push(hosted(44, &[throw], Answer::Number, Some(Failure::False)));
    }
    builtins
}

fn structures(more: More) -> Structures {
    let area = |at, stride, count, fields: &[(u32, u32, Holds)]| {
        let fields = fields.iter().map(|&(at, bytes, holds)| Field { at, bytes, holds });
        Area { at, stride, count, first: 0, fields: fields.collect() }
    };
    let pointer = |at, base| area(at, 8, 1, &[(0, 8, Holds::Pointer(base))]);
    let heap = more == More::Heap;
    // Behind all others.
    let (tables, globals) = if more == More::References { (2, 3) } else { (0, 0) };
    let owners = if more == More::References { 1 } else { 0 };
    let owner = |context, index| [(0, 8, context), (8, 4, index)];
    let behind = |area: Area, first| Area { first, ..area };
    let record = [(8, 8, Holds::Code), (16, 4, Holds::Type), (24, 8, Holds::Context)];
    Structures {
        context: Structure::new(vec![
            pointer(8, Base::Store),
            pointer(0x10, Base::Builtins),
            pointer(0x28, Base::Types),
            area(0x30, 16, 2, &[(0, 8, Holds::MemoryBase), (8, 8, Holds::MemoryLength)]),
            area(0x50, 32, 1, &record),
            area(0x70, 16, 2, &[(0, 8, Holds::TableBase), (8, 8, Holds::TableLength)]),
            area(0x90, 16, 3, &[(0, 0, Holds::Global)]),
            area(0xc0, 8, 2, &[(0, 8, Holds::Data)]),
            area(0xd0, 4, 2, &[(0, 4, Holds::DataLength)]),
            behind(
                area(0xe0, 16, tables, &[(0, 8, Holds::TableBase), (8, 8, Holds::TableLength)]),
                2,
            ),
            behind(area(0x100, 16, globals, &[(0, 0, Holds::Global)]), 3),
            // As if memory 1 and tables 0 and 2 were imported.
            behind(area(0x130, 16, owners, &owner(Holds::MemoryOwner, Holds::MemoryIndex)), 1),
            behind(area(0x140, 16, owners, &owner(Holds::TableOwner, Holds::TableIndex)), 0),
            behind(area(0x150, 16, owners, &owner(Holds::TableOwner, Holds::TableIndex)), 2),
            area(0x160, 16, owners, &owner(Holds::TagOwner, Holds::Number)),
        ]),
        store: store(heap),
        builtins: Structure::new(vec![area(0, 8, 48, &[(0, 8, Holds::Builtin)])]),
        caller: Structure::of(&[
            (8, 8, Holds::Pointer(Base::Store)),
            (0x10, 8, Holds::Pointer(Base::Builtins)),
        ]),
        host: Structure::of(&[(8, 8, Holds::HostCode)]),
        types: Structure::new(vec![area(0, 4, if heap { 6 } else { 2 }, &[(0, 4, Holds::TypeId)])]),
        func: Structure::of(&record),
        ..Structures::default()
    }
}

fn store(heap: bool) -> Structure {
    let field = |at, holds| Field { at, bytes: 8, holds };
    let mut fields = vec![
        field(0, Holds::Counter),
        field(8, Holds::Number),
        field(0x18, Holds::StackLimit),
        field(0x30, Holds::Activation(Activation::ExitFrame)),
        field(0x38, Holds::Activation(Activation::ExitAddress)),
        field(0x40, Holds::Activation(Activation::EntryStack)),
        field(0x48, Holds::Activation(Activation::EntryFrame)),
        field(0x50, Holds::Activation(Activation::EntryHandler)),
        field(0x88, Holds::Settable(1)),
    ];
    if heap {
        fields.push(field(0x20, Holds::MemoryBase));
        fields.push(field(0x28, Holds::MemoryLength));
    }
    let first = if heap { 2 } else { 0 };
    Structure::new(vec![Area { at: 0, stride: u32::MAX, count: 1, first, fields }])
}
