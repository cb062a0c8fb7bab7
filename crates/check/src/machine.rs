//! The abstract machine of one function: what is the same for all its blocks, and how values are
//! read, narrowed and compared.
//!
//! Memory operands are in `access`, instructions in `step`, the paths behind conditions in
//! `conditions`, and edges in `claims`.

use crate::abi::regs::{RDI, RSI, RSP};
use crate::abi::{CALLEE_SAVED, Convention, Place};
use crate::claims::Names;
use crate::contract::{Callee, CodeKind, Way};
use crate::error::{Fault, Rule, fault};
use crate::facts::{Fact, Facts, Node, Path, Reading};
use crate::layout::{Layout, Signature, Ty, offsets};
use crate::rules::numeric;
use crate::state::{Answers, Flags, Loc, State, Ways};
use crate::symbols::{Def, Extent, Heap, Kind, Record, RefKind, RefType, Symbols};
use crate::value::{Base, Sym, Value};
use crate::vector::Vectors;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Maximum number of bytes of stack of a frame, no matter what it charges.
pub const FRAME_BYTES_MAX: u32 = 1 << 16;

/// Stack words that one instruction may add without counted work: what few bytes of code can.
const WORDS_FREE: usize = 16;
/// The work of a stack word more, in facts walked: as much as a claim.
const WORD_WORK: u64 = 64;

/// The abstract machine.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    /// The layout.
    pub layout: &'a Layout,
    /// The code's bytes.
    pub bytes: &'a [u8],
    /// Offsets `[start, end)` of what is data, sorted.
    pub data: Vec<(u32, u32)>,
    /// Which code it is.
    pub kind: CodeKind,
    /// The symbols.
    pub symbols: Symbols,
    /// The facts.
    pub facts: Facts,
    /// Results that its returns have, as the type says them; none for the way into functions.
    pub(crate) results: &'a [Ty],
    pub(crate) convention: &'a Convention,
    /// Where the code begins in the text, where it lies in one with others.
    pub(crate) start: Option<u32>,
    pub(crate) args_bytes: u32,
    /// The record that code is entered with.
    pub(crate) own: Value,
    /// Whether the instruction at hand has a row that lets it fault as an access to linear memory:
    /// then nobody asks whether it never does.
    pub may_fault: bool,
    pub(crate) names: Names,
    /// The deepest stack pointer, below entry.
    pub(crate) depth: u32,
    /// The least that a call has taken off the height.
    pub(crate) charge: Option<u64>,
    /// The argument cells up to the last one that is accessed.
    pub(crate) arg_cells: u32,
    /// The parts of a way that no block changes.
    pub(crate) ways: Ways,
    /// Whether a call may move a memory or a table.
    pub(crate) moves: bool,
    /// The callee of the last call.
    pub(crate) callee: Callee,
}

impl<'a> Machine<'a> {
    /// A machine for `bytes`; the ranges in `data` are no code.
    ///
    /// # Errors
    ///
    /// [`Rule::Limit`] if the code's function or type is unknown, or beyond a limit.
    pub fn new(
        layout: &'a Layout,
        kind: CodeKind,
        bytes: &'a [u8],
        data: Vec<(u32, u32)>,
    ) -> Result<Machine<'a>, Fault> {
        let Some((results, convention)) = returns_of(layout, kind) else {
            return fault(Rule::Limit, "the module has no such function or type");
        };
        if convention.results.is_none() {
            return fault(Rule::Limit, "results do not fit into registers");
        }
        let args_bytes = convention.stack_bytes;
        if args_bytes > FRAME_BYTES_MAX {
            return fault(Rule::Limit, "too many parameters");
        }
        let mut machine = Machine {
            layout,
            bytes,
            data,
            kind,
            // About as many as real code has.
            symbols: Symbols::new(bytes.len() >> 2),
            facts: Facts::with_space(bytes.len() >> 5, layout.masks()),
            results,
            convention,
            start: layout.text_of(kind),
            args_bytes,
            own: Value::constant(0),
            may_fault: false,
            names: Names::default(),
            depth: 0,
            charge: None,
            arg_cells: 0,
            ways: Ways::NONE,
            moves: true,
            callee: Callee::Nothing,
        };
        machine.moves = machine.some_moves();
        Ok(machine)
    }

    /// The state at the code's first instruction, as the contract of entries says.
    pub fn entry(&mut self) -> State {
        let words = (self.args_bytes / 8).saturating_add(1);
        let mut state = State {
            regs: [None; 16],
            words: alloc::vec![None; words as usize],
            fuel: None,
            cells: BTreeMap::new(),
            answers: match self.kind {
                CodeKind::ThunkIn(ty) => Answers::Arguments(ty),
                CodeKind::Loop { .. } => {
                    // Its own type is 0 in the rows that this lets through.
                    planted!(LoopTakesArguments, Answers::Unknown, Answers::Arguments(0))
                }
                CodeKind::Way(Way::In(Some(func))) => {
                    self.layout.func_type(func).map_or(Answers::Unknown, Answers::Arguments)
                }
                CodeKind::Func(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => Answers::Unknown,
            },
            flags: Flags::Unknown,
            vectors: Vectors::default(),
            path: Path::default(),
            calls: 0,
            jumps: 0,
            fresh: planted!(AllIsFresh, self.kind == CodeKind::Way(Way::Start), true),
            length: None,
            object: None,
            keeps_words: false,
            kept_words: 0,
        };
        let symbol = |sym| Some(Value::symbol(sym));
        if self.layout.contexts() {
            self.own = Value::pointer(Base::VmCtx, 0);
        } else {
            self.own = self.own_record(&mut state);
            state.set(Loc::Register(RSI), symbol(Sym::HEIGHT));
        }
        state.set(Loc::Register(RDI), Some(self.own));
        state.set(Loc::Register(RSP), Some(Value::pointer(Base::Stack, 0)));
        if let Some(way) = self.way_of() {
            self.enter_way(&mut state, way);
        }
        for r in CALLEE_SAVED {
            state.set(Loc::Register(r), symbol(saved(r)));
        }
        state.set(Loc::Word(words.saturating_sub(1)), symbol(Sym::RETURN_ADDRESS));
        for &(kind, place) in &self.convention.arguments {
            let sym = self.reference(kind);
            if let Some(Way::Out(_)) = self.way_of() {
                self.ways.passed.push(sym);
            }
            match place {
                Place::Register(r) => state.set(Loc::Register(r), symbol(sym)),
                Place::Stack(at) => {
                    if let Some(i) = self.word(i64::from(at).saturating_add(8)) {
                        state.set(Loc::Word(i), symbol(sym));
                    }
                }
                Place::Vector(_) => {}
            }
        }
        state
    }

    /// The record that rdi holds at entry: a function's own, or the record of some function of a
    /// thunk's type.
    fn own_record(&mut self, state: &mut State) -> Value {
        match self.kind {
            CodeKind::Func(func) | CodeKind::Loop { func, .. } => self.record(func),
            CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) => {
                let def = Def { lo: 1, hi: u64::MAX, kind: Kind::Ref(RefType::FUNC) };
                let sym = self.symbols.fresh(def);
                let ty = self.layout.canonical(ty);
                let fact = Fact::Type { record: Record::Ref(sym), ty };
                state.path = self.facts.push(state.path, &self.symbols, fact);
                Value { base: Base::RefRecord, sym, shift: 0, add: 0 }
            }
            // Ways get contexts.
            CodeKind::Way(_) => Value::constant(0),
        }
    }

    /// The place of the record of a function of the index space.
    pub(crate) fn record(&self, func: u32) -> Value {
        match func.checked_sub(self.layout.imported_funcs()) {
            Some(defined) => {
                Value::pointer(Base::VmCtx, u64::from(self.layout.defined_func(defined)))
            }
            None => Value::pointer(Base::Import(func), 0),
        }
    }

    /// The stack word at `offset` bytes from the stack pointer at entry.
    pub fn word(&self, offset: i64) -> Option<u32> {
        let last = i64::from(self.args_bytes);
        if offset & 7 != 0 || offset > last {
            return None;
        }
        u32::try_from(last.checked_sub(offset)? >> 3).ok()
    }

    /// Sets the stack pointer behind an instruction. Words that it adds are work.
    pub(crate) fn set_rsp(&mut self, state: &mut State, value: Option<Value>) -> Result<(), Fault> {
        let before = state.words.len();
        self.begin_rsp(state, value)?;
        self.is_above_limit(state)?;
        let more = state.words.len().saturating_sub(before);
        if more > WORDS_FREE {
            self.facts.count((more as u64).saturating_mul(WORD_WORK));
        }
        Ok(())
    }

    /// P6, where a limit is compared with: the stack pointer is above it, or within the bytes below
    /// it that all functions may take.
    fn is_above_limit(&self, state: &State) -> Result<(), Fault> {
        if !self.layout.contexts() {
            return Ok(());
        }
        let depth = state.rsp().unwrap_or(0).saturating_neg();
        if depth <= self.free_stack()
            || planted!(FrameIsNotCompared, self.has_stack(state, depth), true)
        {
            return Ok(());
        }
        fault(Rule::Height, "the stack pointer may be below the limit")
    }

    /// Whether the limit allows a stack pointer `depth` bytes below the one at entry. The height is
    /// the distance of the limit from the stack pointer before the return address was pushed; 0
    /// says that there may be none.
    pub(crate) fn has_stack(&self, state: &State, depth: i64) -> bool {
        let needs = u64::try_from(depth.saturating_add(8)).unwrap_or(0).max(1);
        self.at_least(state.path, Sym::HEIGHT, needs)
    }

    /// Sets the stack pointer: words that fall below it are gone, new ones are unknown.
    pub(crate) fn begin_rsp(
        &mut self,
        state: &mut State,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        let Some(at) = value.and_then(|v| v.offset_in(Base::Stack)) else {
            return fault(Rule::Stack, "the stack pointer becomes unknown");
        };
        let at = at as i64;
        let deepest = i64::from(FRAME_BYTES_MAX);
        let top = i64::from(self.args_bytes).saturating_add(8);
        if at < deepest.saturating_neg() || at > top || at.rem_euclid(8) != 0 {
            return fault(Rule::Stack, "the stack pointer leaves the frame");
        }
        let count = top.saturating_sub(at).checked_div(8).unwrap_or(0);
        state.resize(usize::try_from(count).unwrap_or(0));
        let depth = u32::try_from(at.saturating_neg()).unwrap_or(0);
        self.depth = self.depth.max(depth);
        state.set(Loc::Register(RSP), value);
        Ok(())
    }

    /// The value of a location; an unknown one becomes a new symbol.
    #[inline(always)]
    pub fn read_loc(&mut self, state: &mut State, loc: Loc) -> Value {
        match state.get(loc) {
            Some(value) => value,
            None => self.name_loc(state, loc),
        }
    }

    /// A new symbol in an unknown location.
    #[inline(never)]
    fn name_loc(&mut self, state: &mut State, loc: Loc) -> Value {
        let value = Value::symbol(self.symbols.fresh(Def::ANY));
        state.set(loc, Some(value));
        value
    }

    /// An unknown number of `bytes` bytes, zero-extended.
    pub(crate) fn unknown(&mut self, bytes: u32) -> Value {
        let hi = match bytes {
            1 => 0xff,
            2 => 0xffff,
            4 => 0xffff_ffff,
            _ => u64::MAX,
        };
        Value::symbol(self.symbols.fresh(Def::at_most(hi)))
    }

    /// The low half of a word, zero-extended.
    #[inline]
    pub(crate) fn low_half(&mut self, state: &State, value: Value) -> Value {
        // The bounds of the symbol's definition decide most cases, so that no facts are walked.
        let anywhere = || {
            let def = self.symbols.def(value.as_symbol()?);
            Some((i128::from(def.lo), i128::from(def.hi)))
        };
        match numeric::low(value, anywhere) {
            Some(low) => low,
            None => self.low_half_here(state, value),
        }
    }

    #[inline(never)]
    fn low_half_here(&mut self, state: &State, value: Value) -> Value {
        let path = self.sure(state.path);
        let low = |value| numeric::low(value, || self.facts.range(path, &self.symbols, value));
        let rest = || (value.base == Base::None).then(|| numeric::of_low_half(value));
        match low(value).or_else(|| rest().and_then(low)) {
            Some(low) => low,
            None => Value::symbol(self.symbols.low_half(value)),
        }
    }

    /// Whether accesses go through pointers that conditional moves make.
    #[inline]
    pub(crate) fn masks(&self) -> bool {
        self.layout.masks()
    }

    /// Of a path the facts that bound numbers: in the masked shape none that a branch gave (F4 of
    /// `facts`).
    #[inline]
    pub fn sure(&self, path: Path) -> Path {
        let none = planted!(BranchesBound, self.masks(), false);
        if none { Path::default() } else { path }
    }

    /// The least length that something has.
    pub fn least(&self, extent: Extent) -> u64 {
        self.lengths(extent).0
    }

    /// The least and the most length that something has.
    pub fn lengths(&self, extent: Extent) -> (u64, u64) {
        let lengths = match extent {
            Extent::Memory(m) => self.layout.memory_type(m).map(|m| (m.min_bytes, m.max_bytes)),
            Extent::Table(t) => self.layout.table_type(t).map(|t| (t.min, t.max)),
            Extent::Data(_) | Extent::Funcs => Some((0, u64::from(u32::MAX))),
        };
        lengths.unwrap_or((0, u64::MAX))
    }

    /// Whether `(sym << shift) + add ≤ extent` over the integers.
    pub(crate) fn within(&self, path: Path, of: Reading, extent: Extent) -> bool {
        self.facts.within(path, &self.symbols, (of, extent, self.least(extent)))
    }

    /// A new reference of this type.
    pub(crate) fn reference(&mut self, ty: RefType) -> Sym {
        let lo = u64::from(!ty.nullable);
        self.symbols.fresh(Def { lo, hi: u64::MAX, kind: Kind::Ref(ty) })
    }

    /// Whether a value is a reference of this type.
    pub(crate) fn is_ref(&self, path: Path, value: Value, ty: RefType) -> bool {
        if self.layout.is_number(ty) {
            return true;
        }
        if value.as_constant() == Some(0) {
            return ty.nullable;
        }
        self.ref_type(path, value).is_some_and(|is| self.layout.takes_ref(ty, is))
    }

    /// The reference type of a value; none if it is no reference, or null.
    pub fn ref_type(&self, path: Path, value: Value) -> Option<RefType> {
        if value.base != Base::None || value.shift != 0 {
            return None;
        }
        match (self.symbols.def(value.sym).kind, value.add) {
            (Kind::Ref(is), 0) => {
                let nullable = is.nullable && !self.at_least(path, value.sym, 1);
                Some(RefType { nullable, ..is })
            }
            (Kind::FuncAddress(record), add) => {
                let is_reference = planted!(AddressIsReference, add == 1, true);
                if !is_reference {
                    return None;
                }
                let heap = match record {
                    Record::Func(func) => self.layout.func_type(func).map_or(Heap::Any, Heap::Type),
                    Record::Ref(_) => Heap::Any,
                };
                Some(RefType { kind: RefKind::Func, heap, nullable: false })
            }
            _ => None,
        }
    }

    /// The type that covers both references; none if both are null, or one is no reference.
    pub(crate) fn either_ref(&self, path: Path, a: Value, b: Value) -> Option<RefType> {
        let null = |value: Value| value.as_constant() == Some(0);
        let (one, other) = match (null(a), null(b)) {
            (true, true) => return None,
            (true, false) => (None, Some(self.ref_type(path, b)?)),
            (false, true) => (Some(self.ref_type(path, a)?), None),
            (false, false) => (Some(self.ref_type(path, a)?), Some(self.ref_type(path, b)?)),
        };
        match (one, other) {
            (Some(a), Some(b)) if a.kind != b.kind => None,
            (Some(a), Some(b)) => {
                let heap = match (a.heap, b.heap) {
                    (a, b) if a == b => a,
                    (Heap::Nothing, heap) | (heap, Heap::Nothing) => heap,
                    (
                        Heap::Any
                        | Heap::Type(_)
                        | Heap::Eq
                        | Heap::Struct
                        | Heap::Array
                        | Heap::I31,
                        _,
                    ) => Heap::Any,
                };
                Some(RefType { heap, nullable: a.nullable || b.nullable, ..a })
            }
            (Some(is), None) | (None, Some(is)) => Some(RefType { nullable: true, ..is }),
            (None, None) => None,
        }
    }

    /// Whether a function-wide number is at least `least` on a path.
    pub(crate) fn at_least(&self, path: Path, sym: Sym, least: u64) -> bool {
        // The symbol's definition decides most cases; facts only make its bounds narrower.
        self.symbols.def(sym).lo >= least || self.facts.bounds(path, &self.symbols, sym).0 >= least
    }

    /// Keeps what a path says of the least height as a bound of its symbol.
    pub(crate) fn keep_height(&mut self, path: Path) {
        let (lo, _) = self.facts.bounds(path, &self.symbols, Sym::HEIGHT);
        let def = self.symbols.def(Sym::HEIGHT);
        self.symbols.define(Sym::HEIGHT, Def { lo, ..def });
    }

    /// `path` and `lo ≤ sym ≤ hi`.
    pub(crate) fn bounded(&mut self, path: Path, sym: Sym, (lo, hi): (u64, u64)) -> Path {
        let mut path = path;
        if lo > 0 {
            let fact = Fact::Le { a: Sym::ZERO, shift: 0, d: i128::from(lo), b: Node::Sym(sym) };
            path = self.facts.push(path, &self.symbols, fact);
        }
        if hi < u64::MAX {
            let d = i128::from(hi).saturating_neg();
            let fact = Fact::Le { a: sym, shift: 0, d, b: Node::Sym(Sym::ZERO) };
            path = self.facts.push(path, &self.symbols, fact);
        }
        path
    }

    /// Whether this code must be metered.
    pub(crate) fn is_metered(&self) -> bool {
        let metering = self.layout.config.metering;
        metering.fuel || metering.epoch
    }

    /// Bytes of native stack that a call of this code takes: arguments, return address, frame.
    pub fn frame_bytes(&self) -> u32 {
        self.args_bytes.saturating_add(8).saturating_add(self.depth)
    }

    /// P6: the frame is within the charge that its calls take off the height; a thunk's, beside
    /// its arguments, within what functions of its type are charged at least.
    pub(crate) fn frame_is_charged(&self) -> Result<(), Fault> {
        let frame = self.frame_bytes();
        if frame > FRAME_BYTES_MAX {
            return fault(Rule::Height, "the frame is too large");
        }
        if let CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) = self.kind {
            let cells = self.layout.signature(ty).map_or(0, Signature::cells);
            let charge = offsets::CHARGE_BYTES.saturating_add(cells.saturating_mul(8));
            if u64::from(self.depth) > charge.saturating_mul(offsets::THUNK_RATIO) {
                return fault(Rule::Height, "the frame of a thunk is too large");
            }
        }
        let most = self.charge.map(|charge| charge.saturating_mul(offsets::FRAME_RATIO));
        if planted!(FrameOfAnySize, most, None).is_some_and(|most| u64::from(frame) > most) {
            return fault(Rule::Height, "the frame is larger than its charge allows");
        }
        Ok(())
    }
}

/// The results that code returns, and the convention that it is entered and returns by; none if the
/// module has no such code.
fn returns_of(layout: &Layout, kind: CodeKind) -> Option<(&[Ty], &Convention)> {
    let of = |ty| Some((&layout.signature(ty)?.results[..], layout.convention(ty)?));
    let of_func =
        |func: u32| of(layout.func_type(func).filter(|_| func >= layout.imported_funcs())?);
    // Arguments and results lie elsewhere.
    let empty = (&[][..], Convention::EMPTY);
    match (kind, layout.contexts()) {
        (CodeKind::Func(func), _) => of_func(func),
        (CodeKind::Loop { func, .. }, false) => of_func(func).map(|_| empty),
        (CodeKind::ThunkIn(ty), false) => of(ty).map(|_| empty),
        (CodeKind::ThunkOut(ty), false) => of(ty),
        (CodeKind::Way(Way::In(Some(func))), true) => of_func(func).map(|_| empty),
        (CodeKind::Way(Way::Out(ty)), true) => of(ty),
        (CodeKind::Way(Way::In(None) | Way::Builtin(_) | Way::Start), true) => Some(empty),
        (CodeKind::Way(_), false) => None,
        (CodeKind::Loop { .. } | CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_), true) => None,
    }
}

/// The symbol of what a callee-saved register was at entry.
pub(crate) const fn saved(register: u8) -> Sym {
    Sym(Sym::SAVED.saturating_add(register as u32))
}
