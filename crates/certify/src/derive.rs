//! One instruction of a code → why the check accepts its access, or refuses it, in words.
//!
//! ```text
//! draft, offset ─ attempts: flow ─► state before it ─ Machine::step ─► Derivation
//! ```
//!
//! The state comes from the search for a certificate: the same abstract machine over the same
//! bytes. The certificate itself may say less of what this access does not need.
//!
//! Nothing rests on the words: the verdict is the machine's, asked with the same instruction. What
//! the whole code needs is the check's business (`prova_native::premises` asks it, comparison by
//! comparison).

use crate::draft::{self, Draft};
use crate::flow::{self, Insns, Wanted};
use crate::need::{self, Attempt};
use crate::prepare::prepared;
use prova_check::rules::place::{self, Reach};
use prova_check::x64::{Address, Class, Insn};
use prova_check::{
    Base, Extent, Fact, Fault, Heap, Kind, Layout, Loc, Machine, Node, Record, RefKind, State, Sym,
    Value,
};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Maximum number of facts in a derivation.
const FACTS_MAX: usize = 8;

/// Why one instruction is accepted or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// The address that it accesses, or the code that it leads to, as a term; none if neither.
    pub term: Option<String>,
    /// The knowledge of the term's parts, one sentence each.
    pub known: Vec<String>,
    /// Why it is accepted, or the rule that it breaks.
    pub verdict: Result<String, Fault>,
    /// The value that it leaves in its register.
    pub gives: Option<String>,
}

/// The derivation of the instruction at an offset of a code; none if control does not reach it, as
/// far as the search comes.
pub fn derive(layout: &Layout, draft: &Draft<'_>, offset: u32) -> Option<Derivation> {
    let mut insns = Insns::new(draft.bytes);
    let mut last = None;
    for attempt in need::ATTEMPTS.into_iter().filter(|attempt| attempt.is_for(layout)) {
        let machine = draft::machine(layout, draft).ok()?;
        let reads = attempt.reads();
        let (_, tables, needs) = prepared(&machine, draft.calls, &mut insns, reads);
        let guesses = attempt.reads.is_some();
        let tables = if guesses { &tables[..] } else { &[] };
        let Attempt { carry, patience, counts, .. } = attempt;
        let wanted = Wanted { needs: guesses.then_some(&needs), carry, patience, counts, tables };
        let Some((machine, state)) = flow::watch(machine, &mut insns, (draft, wanted), offset)
        else {
            continue;
        };
        let place = insns.decode(offset).ok()?;
        let found = of(machine, *state, insns.at(place));
        if found.verdict.is_ok() {
            return Some(found);
        }
        last = Some(found);
    }
    last
}

fn of(mut machine: Machine<'_>, state: State, insn: &Insn) -> Derivation {
    let mut before = state.clone();
    let address = insn.memory().filter(|_| insn.class != Class::Lea && insn.class != Class::Nop);
    let to = address.map(|address| machine.address(&mut before, &address));
    let callee = callee(&before, insn);
    let mut after = before.clone();
    machine.may_fault = insn.class != Class::Divide;
    let effect = machine.step(&mut after, insn);
    let teller = Teller { machine: &machine, state: &before };
    let term = match (to, address) {
        (Some(to), Some(address)) => {
            let bytes = if address.size == 1 { "byte" } else { "bytes" };
            Some(format!("{}, {} {bytes}", teller.term(to), address.size))
        }
        _ => callee.map(|to| teller.term(to)),
    };
    let known = teller.known(address.as_ref(), to.or(callee));
    let verdict = effect.map(|_| match (to, address) {
        (Some(to), Some(address)) => teller.because(to, address.size),
        _ => "it accesses no memory".to_owned(),
    });
    let loads = matches!(insn.class, Class::Move | Class::ZeroExtend | Class::Pop);
    let gives = insn.first_register().filter(|_| loads && verdict.is_ok()).and_then(|(r, _)| {
        let value = after.get(Loc::Register(r))?;
        let told = Teller { machine: &machine, state: &after };
        let of = told.symbol(value.sym).map(|of| format!(" ({of})")).unwrap_or_default();
        Some(format!("{} is then {}{of}", register(r), told.term(value)))
    });
    Derivation { term, known, verdict, gives }
}

/// The word that a call or jump by register leads to.
fn callee(state: &State, insn: &Insn) -> Option<Value> {
    let by_register = matches!(insn.class, Class::CallTo | Class::JumpTo);
    let (r, _) = insn.first_register().filter(|_| by_register)?;
    state.get(Loc::Register(r))
}

/// Words for values in a state.
struct Teller<'a, 'm> {
    machine: &'a Machine<'m>,
    state: &'a State,
}

impl Teller<'_, '_> {
    /// The registers of an address, the symbols in a value, and the facts about these.
    fn known(&self, address: Option<&Address>, to: Option<Value>) -> Vec<String> {
        let of = |r: u8| {
            let is =
                self.state.get(Loc::Register(r)).map_or("unknown".to_owned(), |v| self.term(v));
            format!("{} is {is}", register(r))
        };
        let registers: BTreeSet<u8> = address
            .into_iter()
            .flat_map(|it| it.base.into_iter().chain(it.index.map(|(r, _)| r)))
            .collect();
        let mut known: Vec<String> = registers.into_iter().map(of).collect();
        let Some(sym) = to.map(|to| to.sym).filter(|&sym| sym != Sym::ZERO) else { return known };
        known.extend(self.symbol(sym).map(|of| format!("v{} is {of}", sym.0)));
        let facts = self.machine.facts.of(self.state.path, sym);
        let told = facts.filter_map(|fact| self.fact(fact, sym)).take(FACTS_MAX);
        known.extend(told.map(|fact| format!("behind branches: {fact}")));
        known
    }

    /// A value as a term.
    fn term(&self, value: Value) -> String {
        let Value { base, sym, shift, add } = value;
        let mut text = base_name(base, sym);
        if sym != Sym::ZERO && !base.by_symbol() {
            let sym = sym_name(sym);
            let sum = if text.is_empty() { "" } else { " + " };
            // A string takes all that is written.
            let _ = match shift {
                0 => write!(text, "{sum}{sym}"),
                _ => write!(text, "{sum}{sym} * {}", 1_u32 << shift),
            };
        }
        let signed = add as i64;
        match (text.is_empty(), signed) {
            (true, _) => format!("{add:#x}"),
            (false, 0) => text,
            (false, _) if signed < 0 => format!("{text} - {:#x}", signed.unsigned_abs()),
            (false, _) => format!("{text} + {add:#x}"),
        }
    }

    /// The knowledge of a symbol wherever it stands.
    fn symbol(&self, sym: Sym) -> Option<String> {
        if sym == Sym::ZERO {
            return None;
        }
        let def = self.machine.symbols.def(sym);
        let is = match def.kind {
            Kind::Number => "a number".to_owned(),
            Kind::Length(extent) => format!("a length that {} has or had", extent_name(extent)),
            Kind::Ref(ty) => {
                let of = match ty.kind {
                    RefKind::Func => "a function",
                    RefKind::Extern => "something of the host's",
                    RefKind::Exn => "an exception",
                    RefKind::Any => "a structure, array or small integer",
                };
                let ty = if let Heap::Type(n) = ty.heap {
                    format!(" of type {n}")
                } else {
                    String::new()
                };
                format!("a reference to {of}{ty}, or null")
            }
            Kind::FuncAddress(record) => format!("the store address of {}", record_name(record)),
            Kind::TypeOf(record) => format!("the type's id of {}", record_name(record)),
            Kind::TypeId(ty) => format!("the id of type {ty}"),
            Kind::Owned(extent) => format!("the index of {} at its owner", extent_name(extent)),
            Kind::Masked { extent, bytes } => {
                format!(
                    "{bytes} bytes of {}, or of a zone that is never mapped",
                    extent_name(extent)
                )
            }
            Kind::Tagged(_) => "an element of a table, with its mark".to_owned(),
            Kind::StackLimit => "the limit of the stack".to_owned(),
            Kind::Sum => "a sum that does not wrap".to_owned(),
            Kind::JumpOffset { first, count } => {
                format!("one of {count} entries of the jump table at {first:#x}")
            }
        };
        let numbers = matches!(def.kind, Kind::Number | Kind::Length(_) | Kind::Sum);
        let bounds = (numbers && (def.lo, def.hi) != (0, u64::MAX))
            .then(|| format!(", {:#x} to {:#x}", def.lo, def.hi));
        Some(is + &bounds.unwrap_or_default())
    }

    /// A fact that names a symbol.
    fn fact(&self, fact: Fact, sym: Sym) -> Option<String> {
        match fact {
            Fact::Le { a, shift, d, b } => {
                let right = match b {
                    Node::Sym(b) => (b != Sym::ZERO).then(|| sym_name(b)),
                    Node::Extent(extent) => Some(length_name(extent)),
                };
                if a != sym && b != Node::Sym(sym) {
                    return None;
                }
                let left = (a != Sym::ZERO).then(|| match shift {
                    0 => sym_name(a),
                    _ => format!("{} * {}", sym_name(a), 1_u32 << shift),
                });
                Some(match (left, right) {
                    (Some(left), Some(right)) if d >= 0 => format!("{left} + {d:#x} ≤ {right}"),
                    (Some(left), Some(right)) => format!("{left} ≤ {right} + {:#x}", -d),
                    (Some(left), None) => format!("{left} ≤ {}", integer(-d)),
                    (None, Some(right)) => format!("{} ≤ {right}", integer(d)),
                    (None, None) => return None,
                })
            }
            Fact::Apart { sym: of, word } => {
                (of == sym).then(|| format!("{} is not {word:#x}", sym_name(of)))
            }
            Fact::Whole { word } => (word == sym).then(|| format!("{} is a sum", sym_name(word))),
            Fact::Type { record, ty } => match record {
                Record::Ref(of) if of == sym => {
                    Some(format!("{} has type {ty}", record_name(record)))
                }
                Record::Ref(_) | Record::Func(_) => None,
            },
        }
    }

    /// Why an access of `size` bytes is allowed, which the machine has found.
    fn because(&self, to: Value, size: u32) -> String {
        match to.base {
            Base::Memory(m) => self.linear(m, to, size),
            Base::Table(t) => format!("P4: an element of table {t}"),
            Base::Global(g) => format!("P5: the cell of global {g}"),
            Base::Stack => {
                let (at, sign) = (to.add as i64, if (to.add as i64) < 0 { "-" } else { "" });
                format!(
                    "P6: a place of the frame, {sign}{:#x} from the entry on",
                    at.unsigned_abs()
                )
            }
            Base::Code => "P9: data of this code".to_owned(),
            Base::Args => "P6: a cell of arguments".to_owned(),
            Base::None => match self.machine.symbols.def(to.sym).kind {
                Kind::Masked { bytes, .. } => {
                    format!("P3: within the {bytes} bytes that a conditional move has bounded")
                }
                _ => "P8: a field of the record that a reference names".to_owned(),
            },
            _ => "P5: a field of this place and width".to_owned(),
        }
    }

    /// P3, derivation by derivation.
    fn linear(&self, m: u32, to: Value, size: u32) -> String {
        let Machine { layout, symbols, facts, .. } = self.machine;
        let (min, zone) = layout.memory_type(m).map_or((0, 0), |it| (it.min_bytes, it.zone_bytes));
        let bounds = facts.bounds(self.state.path, symbols, to.sym);
        let scaled = |bound: u64| i128::from(bound) << to.shift.min(3);
        let end = scaled(bounds.1) + i128::from(to.add as i64) + i128::from(size);
        let mut by_edge = false;
        let reach = place::linear((to, size), bounds, (min, zone), |reading| {
            by_edge = facts.within(self.state.path, symbols, (reading, Extent::Memory(m), min));
            by_edge
        });
        let ends = format!("P3: it ends at {} at most", integer(end));
        match reach {
            Reach::Inside if by_edge => {
                format!(
                    "P3: a comparison shows that it ends within {}",
                    length_name(Extent::Memory(m))
                )
            }
            Reach::Inside => format!("{ends}, and memory {m} has {min:#x} bytes at least"),
            Reach::Zone => format!(
                "{ends}; the {zone:#x} bytes from the base of memory {m} on are memory, or fault"
            ),
            Reach::Below | Reach::Beyond => format!(
                "P3: a comparison shows that it ends within {}, or in the {:#x} bytes behind it, which fault",
                length_name(Extent::Memory(m)),
                layout.memory_type(m).map_or(0, |it| it.guard_bytes)
            ),
        }
    }
}

fn integer(n: i128) -> String {
    if n < 0 { format!("-{:#x}", n.unsigned_abs()) } else { format!("{n:#x}") }
}

fn sym_name(sym: Sym) -> String {
    match sym {
        Sym::HEIGHT => "the stack height at entry".to_owned(),
        Sym::RETURN_ADDRESS => "the return address".to_owned(),
        Sym(n) if (Sym::SAVED..Sym::FIRST).contains(&n) => {
            format!("{} at entry", register((n - Sym::SAVED) as u8))
        }
        Sym(n) => format!("v{n}"),
    }
}

fn extent_name(extent: Extent) -> String {
    match extent {
        Extent::Memory(m) => format!("memory {m}"),
        Extent::Table(t) => format!("table {t}"),
        Extent::Data(n) => format!("data segment {n}"),
        Extent::Funcs => "the store's functions".to_owned(),
    }
}

fn length_name(extent: Extent) -> String {
    format!("the length of {}", extent_name(extent))
}

fn record_name(record: Record) -> String {
    match record {
        Record::Func(func) => format!("function {func}"),
        Record::Ref(sym) => format!("the function that {} names", sym_name(sym)),
    }
}

/// The name of a base; none of numbers.
fn base_name(base: Base, sym: Sym) -> String {
    let of = sym_name(sym);
    match base {
        Base::None => String::new(),
        Base::Stack => "stack".to_owned(),
        Base::VmCtx => "context".to_owned(),
        Base::Store => "store".to_owned(),
        Base::Builtins => "builtins".to_owned(),
        Base::Builtin(n) => format!("builtin {n}"),
        Base::Types => "types".to_owned(),
        Base::Import(n) => format!("record of import {n}"),
        Base::FuncCode(n) => format!("code of function {n}"),
        Base::FuncContext(n) => format!("context of function {n}"),
        Base::RefRecord => format!("record of {of}"),
        Base::RefCode => format!("code of {of}"),
        Base::RefContext => format!("context of {of}"),
        Base::MemoryRecord(n) => format!("record of memory {n}"),
        Base::Memory(n) => format!("memory {n}"),
        Base::TableRecord(n) => format!("record of table {n}"),
        Base::Table(n) => format!("table {n}"),
        Base::Global(n) => format!("global {n}"),
        Base::Args => "argument cells".to_owned(),
        Base::Funcs(_) => "records of functions".to_owned(),
        Base::Epoch => "epoch".to_owned(),
        Base::Code => "this code".to_owned(),
        Base::Nowhere => "nowhere".to_owned(),
        Base::CallerContext => "the caller's context".to_owned(),
        Base::HostContext => "the context of the host's function".to_owned(),
        Base::HostCode => "code of the host".to_owned(),
        Base::Data(n) => format!("data segment {n}"),
        Base::MemoryOwner(n) => format!("context of the owner of memory {n}"),
        Base::TableOwner(n) => format!("context of the owner of table {n}"),
        Base::TagOwner(n) => format!("context of the owner of tag {n}"),
        Base::Elements(n) => format!("elements of segment {n}"),
        Base::MaybeElements(n) => format!("elements of segment {n}, which may have been dropped"),
    }
}

fn register(r: u8) -> &'static str {
    const NAMES: [&str; 16] = [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
        "r13", "r14", "r15",
    ];
    NAMES[usize::from(r) & 15]
}
