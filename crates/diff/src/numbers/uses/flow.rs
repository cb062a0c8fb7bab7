//! One body → its uses of its constants and parameters: a domain of the structured walk.
//!
//! Invariants 1 to 3 stand in the module above.

use super::body::Uses;
use super::doubt::Doubt;
use super::known::{END, Field, Mark, Marks, Offset, Passed, Use};
use super::role::Access;
use super::shared::Shared;
use super::value::{Ref, Source, Value};
use super::variable::Locals;
use super::wasi;
use crate::numbers::image::WORD;
use crate::pair::globals::is_linkers;
use crate::pair::side::Side;
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk};
use prova_module::{BlockKind, Catch, FuncIdx};
use prova_xref::flow::{Act, act};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::LazyLock;

/// Facts about all bodies of a module.
pub(super) struct Around {
    /// Functions whose results the host gets, and whose parameters it gives.
    pub(super) exported: HashSet<u32>,
    /// As for [`Use::role`].
    pub(super) ordered: bool,
    /// Globals that are addresses, in order.
    pub(super) globals: Vec<u32>,
    /// Whether only values are asked for, and not how they are used.
    pub(super) values: bool,
}

impl Around {
    pub(super) fn new(side: &Side<'_>, ordered: bool) -> Around {
        let exports = side.module.exports().iter().filter_map(|export| export.func());
        let exported: HashSet<u32> = exports.map(|func| func.0).collect();
        Around { exported, ordered, globals: globals(side), values: false }
    }
}

/// Globals that are addresses, in order.
fn globals(side: &Side<'_>) -> Vec<u32> {
    let stack = side.map.stack_pointer.map(|(global, _)| global);
    let all = 0..side.module.globals().len() as u32;
    let own = |global: &u32| stack == Some(*global) || is_linkers(side.global_symbol(*global));
    all.filter(own).collect()
}

/// The uses of a body. Arguments of an import are numbers of the host, unless its contract says
/// otherwise. Facts that are not kept by function go to `shared`.
pub(super) fn uses(side: &Side<'_>, func: u32, around: &Around, shared: &mut Shared) -> Uses {
    let Some(body) = side.module.body(FuncIdx(func)) else {
        return Uses { params: wasi::params(side.module, func).into(), ..Uses::default() };
    };
    side.spend(body.bytes().len());
    let params = side.module.func_type(FuncIdx(func)).params.len();
    let locals = Locals::new((0..params as u32).map(|i| Value::one(Source::Param(i))));
    let found = Uses { params: vec![Use::default(); params].into(), ..Uses::default() };
    let (exported, ordered) = (around.exported.contains(&func), around.ordered);
    let mut flow = Flow {
        side,
        around,
        found,
        shared: std::mem::take(shared),
        consts: HashMap::new(),
        marks: Vec::new(),
        locals,
        exported,
        ordered,
        last: (0, 0),
        calls: Vec::new(),
        offsets: Vec::new(),
        passed: Vec::new(),
        folded: Vec::new(),
        passed_by: Vec::new(),
        dropped: Vec::new(),
        against: Vec::new(),
        rounds: Vec::new(),
        rounds_compared: Vec::new(),
        rounds_tested: Vec::new(),
        stack: HashMap::new(),
        tries: 0,
    };
    // The body is valid: the walk does not end before it.
    let _ = walk(body, &mut flow);
    for source in std::mem::take(&mut flow.dropped) {
        flow.leaves(&Value::one(source));
    }
    flow.compared();
    *shared = flow.shared;
    // What all functions leave is kept at once: nothing is kept that is larger than it holds.
    let mut found = flow.found;
    for (passed, call) in flow.passed.iter_mut().zip(flow.passed_by) {
        passed.use_result(flow.calls[call as usize]);
    }
    found.marks = Marks::new(flow.marks);
    let mut consts: Vec<(u32, (u64, Use))> = flow.consts.into_iter().collect();
    consts.sort_unstable_by_key(|(at, _)| *at);
    found.consts = consts.into();
    for (at, (_, known)) in &mut found.consts {
        found.marks.put(*at, known);
    }
    found.passed = flow.passed.into();
    found.offsets = flow.offsets.into();
    flow.folded.sort_unstable_by_key(|(at, width)| (*at, std::cmp::Reverse(*width)));
    flow.folded.dedup_by_key(|(at, _)| *at);
    found.folded = flow.folded.into();
    found
}

pub(super) struct Flow<'s, 'm> {
    pub(super) side: &'s Side<'m>,
    pub(super) around: &'s Around,
    pub(super) found: Uses,
    pub(super) shared: Shared,
    /// Constants that are used as addresses or slots, by the offset of their operator.
    pub(super) consts: HashMap<u32, (u64, Use)>,
    /// As in [`Uses`].
    pub(super) offsets: Vec<Offset>,
    passed: Vec<Passed>,
    pub(super) folded: Vec<(u64, u64)>,
    /// Constants that are compared or calculated with.
    pub(super) marks: Vec<Mark>,
    /// Locals with known sources.
    pub(super) locals: Locals,
    /// Whether the host gets the results.
    pub(super) exported: bool,
    pub(super) ordered: bool,
    /// The last constant: its operator's offset, and the offset of the next operator.
    pub(super) last: (u32, u32),
    /// By call, how a result of it is used as a number.
    pub(super) calls: Vec<Doubt>,
    /// By passed value, the call.
    pub(super) passed_by: Vec<u32>,
    /// Sources of values that are not followed further.
    pub(super) dropped: Vec<Source>,
    /// Sources compared with a source that may be an address: they count as numbers if it is none.
    pub(super) against: Vec<(Source, Source)>,
    /// By local that a loop writes, the place of the value that it held before, and whether each
    /// round makes it of the same source.
    pub(super) rounds: Vec<(Option<u32>, bool)>,
    /// Sources compared with such a local.
    pub(super) rounds_compared: Vec<(Source, u32)>,
    /// Sources compared with a number after a loop stepped them.
    pub(super) rounds_tested: Vec<(Source, u32)>,
    /// By global that is an address and was written, the sum of the displacements since the body
    /// began, as far as it is known.
    stack: HashMap<u32, Option<i64>>,
    /// How many `try_table` are open.
    pub(super) tries: usize,
}

/// The state in which branches come to a label.
#[derive(Default)]
pub(super) struct Label {
    joined: Option<(Locals, Vec<Value>)>,
    /// The locals where an `if` or a loop opened.
    pub(super) entry: Locals,
}

impl Label {
    fn join(&mut self, locals: &Locals, values: &[Value], dropped: &mut Vec<Source>) {
        match &mut self.joined {
            None => self.joined = Some((locals.clone(), values.to_vec())),
            Some((known, results)) => {
                known.join(locals, dropped);
                for (known, value) in results.iter_mut().zip(values) {
                    *known = known.with(*value, dropped);
                }
            }
        }
    }
}

impl Flow<'_, '_> {
    pub(super) fn in_zone(&self, value: u64) -> bool {
        self.side.may_be_address(value)
    }

    /// The use of a source in this body.
    pub(super) fn used(&mut self, source: Source) -> Option<&mut Use> {
        match source {
            Source::Const(at, value) => {
                Some(&mut self.consts.entry(at).or_insert((value, Use::default())).1)
            }
            Source::Param(param) => self.found.params.get_mut(param as usize),
            Source::Word(_) | Source::Field(..) | Source::Global(_) | Source::Folded(_) => None,
            Source::Float(_) | Source::Call(_) | Source::Any(_) => None,
        }
    }

    /// Records a read whose value is not followed: `width` bytes at `offset` from the base, or
    /// bytes anywhere in the object without a width.
    fn unseen(&mut self, base: &Value, offset: u64, width: Option<u64>) {
        if self.around.values {
            return;
        }
        for one in base.refs() {
            let by = one.by.zip(width).map(|(by, width)| {
                let lo = by.wrapping_add(offset as i64);
                (lo, lo.saturating_add(width as i64))
            });
            match one.source {
                Source::Const(_, value) if self.in_zone(value) => {
                    let load = match by {
                        Some((lo, hi)) => (value.wrapping_add_signed(lo), lo.abs_diff(hi)),
                        None => (value, u64::MAX),
                    };
                    self.shared.loads.push(load);
                }
                Source::Param(param) => {
                    if let Some(known) = self.found.params.get_mut(param as usize) {
                        let (lo, hi) = by.unwrap_or((0, END));
                        known.reads(lo, hi);
                    }
                }
                Source::Word(at) => self.shared.through.push(at),
                Source::Field(param, at) => {
                    if let Some(known) = self.found.params.get_mut(param as usize) {
                        known.field(Field { at, address: false, mixed: Doubt::NONE, read: true });
                    }
                }
                Source::Const(..) | Source::Global(_) | Source::Folded(_) => {}
                Source::Float(_) | Source::Call(_) | Source::Any(_) => {}
            }
        }
    }

    /// Records that `width` bytes at `base + offset` are touched; 0 bytes if their number is
    /// unknown.
    fn access(&mut self, base: &Value, offset: u64, width: u64) {
        if self.around.values {
            return;
        }
        for one in self.bases(base).refs().filter(|one| !one.part) {
            let exact = one.by.map(|by| by.wrapping_add(offset as i64));
            let access = match exact {
                Some(lo) if width > 0 => {
                    let hi = lo.saturating_add(width as i64);
                    Access { lo, hi, indexed: false, mixed: Doubt::NONE, low: 0 }
                }
                _ => Access::INDEXED,
            };
            match one.source {
                Source::Word(at) if one.by.is_some() => self.shared.words.push(at),
                Source::Field(param, at) => {
                    if let Some(param) = self.found.params.get_mut(param as usize) {
                        param.field(Field { at, address: true, mixed: Doubt::NONE, read: false });
                    }
                }
                // Its sum is an address that no number of the code is.
                Source::Folded(value) if exact.is_some() => {
                    let at = value.wrapping_add_signed(exact.unwrap_or_default());
                    self.folded.push((at, width.max(1)));
                }
                Source::Global(global) => {
                    // The bytes above the stack pointer belong to a caller, or to an object behind
                    // the stack.
                    let stack = self.side.map.stack_pointer.is_some_and(|(sp, _)| sp == global);
                    let above = exact.filter(|lo| stack && lo.saturating_add(width as i64) > 0);
                    let base = self.shared.global(global);
                    base.used = true;
                    base.mixed |= Doubt::CALCULATED.when(above.is_some());
                    if let (Some(lo), Some((_, start))) = (above, self.side.map.stack_pointer) {
                        self.folded.push((start.wrapping_add_signed(lo), width.max(1)));
                    }
                }
                source => {
                    if let Some(known) = self.used(source) {
                        known.access = Some(known.access.map_or(access, |all| all.and(access)));
                    }
                }
            }
        }
    }

    /// A load, store or atomic operator on memory 0; gives what a load may give.
    fn memory(&mut self, site: &Site<'_>, base: &Value, offset: u64) -> Value {
        let width = u64::from(site.row.width);
        let loads = if self.side.wide() { Opcode::I64Load } else { Opcode::I32Load };
        self.displace(base, offset);
        if let Some(Ref { source, by: Some(by), .. }) = base.single()
            && let Source::Const(_, value) | Source::Folded(value) = source
        {
            // Neither the constant nor the offset is like an address, and their sum may be one.
            let at = value.wrapping_add_signed(by).wrapping_add(offset);
            let folded = matches!(source, Source::Folded(_));
            let plain = !self.in_zone(value) && !self.in_zone(offset);
            if (folded || plain) && self.in_zone(at) {
                self.folded.push((at, width));
            }
        }
        if self.in_zone(offset)
            && let Some(given) = self.offset_is_base(site, base, offset)
        {
            return given;
        }
        self.access(base, offset, width);
        self.parts(base, offset, width < WORD && !site.row.results.is_empty());
        let known = base.single().and_then(|one| Some((one.source, one.by?)));
        if let (true, Some((source, by))) = (site.row.opcode == loads, known) {
            let at = by.wrapping_add(offset as i64);
            match source {
                Source::Const(_, value) => {
                    return Value::one(Source::Word(value.wrapping_add_signed(at)));
                }
                Source::Param(param) => return Value::one(Source::Field(param, at)),
                Source::Word(_) | Source::Field(..) | Source::Global(_) | Source::Folded(_) => {}
                Source::Float(_) | Source::Call(_) | Source::Any(_) => {}
            }
        }
        if site.row.results.is_empty() {
            return Value::default();
        }
        self.unseen(base, offset, Some(width));
        match (site.row.opcode == loads, width >= WORD) {
            (true, _) => self.some_word(base),
            (false, true) => self.some_word(base).numbered(),
            (false, false) => Value::number(),
        }
    }

    /// A call with these arguments; gives its number.
    fn pass(&mut self, callee: u32, args: &[Value]) -> u32 {
        let call = self.calls.len() as u32;
        self.calls.push(Doubt::NONE);
        for (param, value) in args.iter().enumerate() {
            if !self.is_address(value) {
                self.shared.numbers.push((callee, param as u32));
            }
            for from in value.refs() {
                if let Source::Const(_, value) = from.source {
                    self.shared.wholes.push(value);
                }
                // A number that is no address may still be a slot.
                let passes = match from.source {
                    Source::Const(_, value) => self.in_zone(value) || self.side.may_be_slot(value),
                    Source::Param(_) | Source::Word(_) | Source::Field(..) => true,
                    Source::Global(_) | Source::Any(_) => true,
                    Source::Folded(value) => {
                        if self.in_zone(value) {
                            self.folded.push((value, 1));
                        }
                        false
                    }
                    Source::Call(_) => {
                        self.mark(&Value::of(from), Mark::mixed(Doubt::KEPT));
                        false
                    }
                    Source::Float(_) => false,
                };
                if passes && let Some(passed) = Passed::new(from, callee, param) {
                    self.passed.push(passed);
                    self.passed_by.push(call);
                }
            }
        }
        call
    }

    /// The value that a call leaves. Only a single result is followed: one of several may be a
    /// number, so the results count as kept.
    fn result(&mut self, site: &Site<'_>, call: u32) -> Value {
        match site.result_count() {
            1 if self.passed_by.last() == Some(&call) => return Value::one(Source::Call(call)),
            0 | 1 => {}
            _ => self.calls[call as usize] |= Doubt::KEPT,
        }
        Value::default()
    }

    /// A call through a table, or another operator on it.
    fn table(&mut self, site: &Site<'_>, table: u32, index: Option<&Value>) {
        match index.and_then(Value::single) {
            // Directly before the call, so nothing else uses it.
            Some(Ref { source: source @ Source::Const(at, _), by: Some(0), .. })
                if self.last == (at, site.offset) =>
            {
                if let Some(known) = self.used(source) {
                    known.more().slot.get_or_insert(table);
                }
            }
            Some(Ref { source: source @ Source::Param(_), by: Some(0), .. }) => {
                self.shared.open_tables.push(table);
                if let Some(known) = self.used(source) {
                    known.more().slot.get_or_insert(table);
                }
            }
            _ => {
                self.shared.open_tables.push(table);
                // A slot is a number; one of a table in memory is compared as a slot.
                let refs = index.into_iter().flat_map(Value::refs);
                let refs: Vec<Ref> = refs.filter(|one| !one.source.is_any()).collect();
                refs.into_iter().for_each(|one| self.mix(&Value::of(one), Doubt::CALCULATED));
            }
        }
    }

    fn bulk(&mut self, site: &Site<'_>, act: Act, args: &[Value]) {
        // An argument that is not an address of memory 0 here is a number.
        match (act, args) {
            (Act::Fill(memory) | Act::Init(memory), [to, value, length]) => {
                self.mix(value, Doubt::CALCULATED);
                self.spanned((to, true), length, memory);
            }
            (Act::Copy(into, of), [to, from, length]) => {
                self.spanned((to, true), length, into);
                self.spanned((from, false), length, of);
                if of == 0 {
                    self.unseen(from, 0, self.offset(length).map(|length| length as u64));
                }
            }
            (Act::Grow, [by]) => self.mix(by, Doubt::CALCULATED),
            (Act::SetGlobal(global), [value]) => {
                self.kept(value, global);
                let own = value.single().filter(|one| one.source == Source::Global(global));
                self.stack.insert(global, own.and_then(|one| one.by));
            }
            (Act::Drop, _) => {}
            (..) if matches!(site.row.class, Class::allocate | Class::aggregate) => {
                self.object(site, args);
            }
            (..) => {
                let tables: Vec<u32> = site.immediates().indices(Immediate::table).collect();
                tables.into_iter().for_each(|table| self.table(site, table, None));
                // A value that goes elsewhere is not followed.
                args.iter().for_each(|value| self.leaves(value));
            }
        }
    }

    /// Records that `length` bytes from `base` on are written, or read. A text that is read may
    /// have grown with its length, so the length of a read counts only behind the data.
    fn spanned(&mut self, (base, writes): (&Value, bool), length: &Value, memory: u32) {
        self.mix(length, Doubt::CALCULATED);
        if memory != 0 {
            self.mix(base, Doubt::CALCULATED);
            return;
        }
        let count = match length.single() {
            Some(Ref {
                source: Source::Const(_, count) | Source::Folded(count),
                by: Some(0),
                ..
            }) => count,
            _ => 0,
        };
        let at = match base.single() {
            Some(Ref { source: Source::Const(_, value), by: Some(by), .. }) => {
                Some(value.wrapping_add_signed(by))
            }
            _ => None,
        };
        let end = self.side.map.data().map_or(0, |data| data.end);
        let exact = writes || at.is_some_and(|at| at >= end);
        self.access(base, 0, if exact { count } else { 0 });
        let Some(at) = at else { return };
        // The number is not like an address, and the bytes reach a place that is.
        if !self.in_zone(at) && self.side.addresses.contains(&at.saturating_add(count)) {
            self.folded.push((at, count));
        }
        if let Some(Ref { source: source @ Source::Const(..), by: Some(0), .. }) = length.single()
            && let Some(known) = self.used(source)
        {
            known.more().span = Some(at);
        }
    }

    /// The value that an operator gives.
    fn given(&mut self, site: &Site<'_>, args: &[Value]) -> Value {
        self.shared.truncates |= truncates(site);
        if let Some(folded) = self.fold(site, args) {
            for value in args {
                if self.offset(value).is_none() {
                    self.mix(value, Doubt::CALCULATED);
                }
            }
            let folded = Value::one(Source::Folded(folded));
            self.displace(&folded, 0);
            return folded;
        }
        match (act(site), args) {
            (Act::I32(value), _) => return self.constant(site, u64::from(value as u32)),
            (Act::I64(value), _) => return self.constant(site, value as u64),
            (Act::F64(bits), _) => return Value::one(Source::Float(bits)),
            (Act::Sum(sign), [a, b]) => return self.summed(a, b, sign),
            (Act::Mask, [a, b]) => return self.mask(site, a, b),
            (Act::Select, [a, b, condition]) => {
                self.test(condition, 0);
                return a.with(*b, &mut self.dropped);
            }
            (Act::Global(global), _) => return self.global(global),
            (Act::Get(local) | Act::Set(local), _) => return self.local(local, args.first()),
            (Act::Access(Some(0), offset), [base, values @ ..]) => {
                // A part of an address is a number.
                let word = if self.side.wide() { 8 } else { 4 };
                for value in values {
                    if site.row.width < word {
                        self.mix(value, Doubt::CALCULATED);
                    } else {
                        self.leaves(value);
                    }
                }
                return self.memory(site, base, offset);
            }
            (Act::Access(..), _) => {
                args.iter().for_each(|value| self.mix(value, Doubt::CALCULATED))
            }
            (Act::Call(callee), _) => {
                let call = self.pass(callee, args);
                return self.result(site, call);
            }
            (Act::Indirect(table), _) => {
                self.table(site, table, args.last());
                args.iter().rev().skip(1).for_each(|value| self.leaves(value));
            }
            (Act::Compare, _) => {
                self.comparison(site, args);
                return Value::number();
            }
            (Act::Pure, _) => {
                args.iter().for_each(|value| self.mix(value, Doubt::CALCULATED));
                return Value::number();
            }
            (act, _) => self.bulk(site, act, args),
        }
        Value::default()
    }

    /// The value of a global, as far as the body shows.
    fn global(&self, global: u32) -> Value {
        match self.around.globals.binary_search(&global) {
            Ok(_) => {
                let by = self.stack.get(&global).copied().unwrap_or(Some(0));
                Value::one(Source::Global(global)).shifted(by)
            }
            Err(_) => Value::default(),
        }
    }

    /// A comparison, or a test for zero.
    fn comparison(&mut self, site: &Site<'_>, args: &[Value]) {
        if let [a, b] = args {
            let signed = site.row.opcode.mnemonic().ends_with("_s");
            self.compare(a, b, signed);
            self.compare(b, a, signed);
        } else {
            args.iter().for_each(|value| self.test(value, 0));
        }
    }

    /// A local that is read, or written with a value.
    fn local(&mut self, local: u32, value: Option<&Value>) -> Value {
        let Some(value) = value else {
            return self.locals.get(local);
        };
        if self.tries > 0 || !self.locals.set(local, *value) {
            self.leaves(value);
        }
        *value
    }

    fn constant(&mut self, site: &Site<'_>, value: u64) -> Value {
        self.last = (site.offset, site.end);
        if self.in_zone(value) {
            self.shared.named.push(value);
        }
        Value::one(Source::Const(site.offset, value))
    }
}

/// Whether an operator makes an integer of a float.
fn truncates(site: &Site<'_>) -> bool {
    static TRUNCATES: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let one = |opcode: &Opcode| {
            let (to, verb) = opcode.mnemonic().split_once('.').unwrap_or_default();
            ["i32", "i64"].contains(&to) && verb.starts_with("trunc")
        };
        Opcode::ALL.iter().map(one).collect()
    });
    TRUNCATES[site.row.opcode as usize]
}

impl<'m> Domain<'m> for Flow<'_, 'm> {
    type Value = Value;
    type Label = Label;
    type Error = Infallible;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        let given = self.given(site, args);
        results.resize(site.result_count(), given);
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&Value>,
        params: &mut [Value],
    ) -> Result<Label, Infallible> {
        let mut label = Label::default();
        if let Some(condition) = condition {
            self.test(condition, 0);
        }
        match block.kind {
            BlockKind::Loop => {
                // The displacement in a later round is not known.
                self.around.globals.iter().for_each(|global| {
                    self.stack.insert(*global, None);
                });
                params.iter().for_each(|value| self.leaves(value));
                params.fill(Value::default());
                // Invariant 3.
                let written = block.facts.map_or(u64::MAX, |facts| facts.written);
                let rounds = &mut self.rounds;
                for value in self.locals.masked(written) {
                    *value = value.shifted(None);
                    rounds.push((value.round, true));
                    value.round = Some(rounds.len() as u32 - 1);
                }
                label.entry = self.locals.clone();
            }
            BlockKind::If => label.entry = self.locals.clone(),
            BlockKind::TryTable => self.tries += 1,
            BlockKind::Func | BlockKind::Block => {}
        }
        debug_assert!(site.is_some() || block.kind == BlockKind::Func);
        Ok(label)
    }

    fn edge(
        &mut self,
        _: &Site<'m>,
        edge: Edge<'_, Value>,
        to: &mut Frame<'m, Label>,
    ) -> Result<(), Infallible> {
        match edge.how {
            How::BrTable(index, _) => self.mix(index, Doubt::CALCULATED),
            How::BrIf(condition) => self.test(condition, 0),
            How::Br | How::OnNull(_) | How::OnNonNull | How::OnCast(_) => {}
            How::Return | How::Fall | How::Skip => {}
        }
        match (to.kind, edge.how) {
            (BlockKind::Func, _) => edge.values.iter().for_each(|value| self.returns(value)),
            (BlockKind::Loop, _) => {
                edge.values.iter().for_each(|value| self.leaves(value));
                self.again(to);
            }
            (_, How::Skip) => {
                let entry = std::mem::take(&mut to.label.entry);
                to.label.join(&entry, edge.values, &mut self.dropped);
            }
            (..) => to.label.join(&self.locals, edge.values, &mut self.dropped),
        }
        Ok(())
    }

    fn catch(
        &mut self,
        _: &Site<'m>,
        _: &Catch,
        to: &mut Frame<'m, Label>,
    ) -> Result<(), Infallible> {
        if to.kind == BlockKind::Loop {
            self.again(to);
        } else if to.kind != BlockKind::Func {
            let values = vec![Value::default(); to.label_types().len()];
            to.label.join(&self.locals, &values, &mut self.dropped);
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        frame: &mut Frame<'m, Label>,
        _: &mut [Value],
    ) -> Result<(), Infallible> {
        self.locals = std::mem::take(&mut frame.label.entry);
        self.stack.values_mut().for_each(|by| *by = None);
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, Label>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        self.tries -= usize::from(frame.kind == BlockKind::TryTable);
        self.stack.values_mut().for_each(|by| *by = None);
        if exit == Exit::Joined {
            let count = frame.types.results().len();
            let (locals, values) = frame.label.joined.unwrap_or_default();
            self.locals = locals;
            results.clear();
            results.extend(values);
            results.resize(count, Value::default());
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[Value], _: &[Value]) -> Result<(), Infallible> {
        let immediates = site.immediates();
        if let Some(callee) = immediates.index(Immediate::func) {
            let call = self.pass(callee, args);
            self.calls[call as usize] |= Doubt::KEPT;
            return Ok(());
        }
        if let Some(table) = immediates.index(Immediate::table) {
            self.table(site, table, args.last());
        }
        // Thrown, or given to a function that is not known.
        args.iter().for_each(|value| self.leaves(value));
        Ok(())
    }
}
