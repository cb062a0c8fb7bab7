//! One body → what it does with its constants and parameters: a domain of the structured walk.
//!
//! Neighbours: the module above keeps what is found here, and carries it over calls; invariants 1
//! to 3 stand there.

use super::locals::Locals;
use super::{Access, Mark, Marks, Passed, Ref, Role, Source, Use, Uses, Value};
use crate::diff::side::Side;
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk};
use prova_module::{BlockKind, FuncIdx, MemArgTarget, Operator};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::LazyLock;

/// What a body does; nothing is known of an import. `exported` are the functions whose results the
/// host gets.
pub(super) fn uses(side: &Side<'_>, func: u32, exported: &HashSet<u32>) -> Uses {
    let Some(body) = side.module.body(FuncIdx(func)) else {
        let params = side.module.func_type(FuncIdx(func)).params.len();
        return Uses { params: vec![Use::default(); params], ..Uses::default() };
    };
    side.spend(body.bytes().len());
    let params = side.module.func_type(FuncIdx(func)).params.len();
    let locals = Locals::new((0..params as u32).map(|i| Value::one(Source::Param(i))));
    let found = Uses { params: vec![Use::default(); params], ..Uses::default() };
    let exported = exported.contains(&func);
    let consts = HashMap::new();
    let (marks_found, last) = (Vec::new(), (0, 0));
    let mut flow = Flow { side, found, consts, marks: marks_found, locals, exported, last };
    // The body is valid: the walk does not end before it.
    let _ = walk(body, &mut flow);
    // What all functions leave is kept at once: nothing is kept that is larger than it holds.
    let mut found = flow.found;
    found.marks = marks(flow.marks);
    found.consts = flow.consts.into_iter().collect();
    found.consts.sort_unstable_by_key(|(at, _)| *at);
    for (at, (_, known)) in &mut found.consts {
        found.marks.put(*at, known);
    }
    found.passed.shrink_to_fit();
    found.offsets.shrink_to_fit();
    found.words.shrink_to_fit();
    found.open_tables.sort_unstable();
    found.open_tables.dedup();
    found.open_tables.shrink_to_fit();
    found.named.sort_unstable();
    found.named.dedup();
    found.named.shrink_to_fit();
    found
}

/// One mark for each operator, in order.
fn marks(mut all: Vec<Mark>) -> Marks {
    all.sort_unstable_by_key(|mark| mark.at);
    all.dedup_by(|mark, kept| {
        let same = mark.at == kept.at;
        kept.mixed |= same && mark.mixed;
        kept.compared |= same && mark.compared;
        same
    });
    Marks(all.into())
}

/// What an operator does with two constants.
type Fold = fn(u32, u32) -> u32;

/// Operators that give a constant for constants.
const FOLDS: [(Opcode, Fold); 6] = [
    (Opcode::I32Add, u32::wrapping_add),
    (Opcode::I32Sub, u32::wrapping_sub),
    (Opcode::I32Mul, u32::wrapping_mul),
    (Opcode::I32Shl, u32::wrapping_shl),
    (Opcode::I32Or, |a, b| a | b),
    (Opcode::I32Xor, |a, b| a ^ b),
];

struct Flow<'s, 'm> {
    side: &'s Side<'m>,
    found: Uses,
    /// Constants that are used as addresses or slots, by the offset of their operator.
    consts: HashMap<u32, (u64, Use)>,
    /// Constants that are compared or calculated with.
    marks: Vec<Mark>,
    /// Locals with known sources.
    locals: Locals,
    /// Whether the host gets the results.
    exported: bool,
    /// The last constant: its operator's offset, and that of the next operator.
    last: (u32, u32),
}

/// What comes to a label.
#[derive(Default)]
struct Label {
    joined: Option<(Locals, Vec<Value>)>,
    /// The locals where an `if` opened.
    entry: Locals,
}

impl Label {
    fn join(&mut self, locals: &Locals, values: &[Value]) {
        match &mut self.joined {
            None => self.joined = Some((locals.clone(), values.to_vec())),
            Some((known, results)) => {
                known.join(locals);
                for (known, value) in results.iter_mut().zip(values) {
                    *known = known.with(*value);
                }
            }
        }
    }
}

impl Flow<'_, '_> {
    fn in_zone(&self, value: u64) -> bool {
        self.side.may_be_address(value)
    }

    /// A constant that is no address and added by nothing: an offset.
    fn offset(&self, value: &Value) -> Option<i64> {
        match value.single()? {
            Ref { source: Source::Const(_, value) | Source::Folded(value), by: Some(0) }
                if !self.in_zone(value) =>
            {
                Some(i64::from(value as u32 as i32))
            }
            _ => None,
        }
    }

    /// The value without constants that are no addresses.
    fn bases(&self, value: &Value) -> Value {
        let mut bases = Value::default();
        for one in value.refs() {
            let is_base = match one.source {
                Source::Const(_, value) | Source::Folded(value) => self.in_zone(value),
                Source::Param(_) | Source::Word(_) | Source::Field(..) | Source::Stack => true,
            };
            if is_base {
                bases = match bases.is_known() {
                    true => bases.with(Value::of(one)),
                    false => Value::of(one),
                };
            }
        }
        bases.partial |= bases.is_known() && value.partial;
        bases
    }

    fn sum(&mut self, a: &Value, b: &Value, sign: i64) -> Value {
        self.distance(a, b);
        let (x, y) = (self.bases(a), self.bases(b));
        match (x.is_known(), y.is_known()) {
            (true, false) => x.shifted(self.offset(b).map(|by| by.wrapping_mul(sign))),
            (false, true) if sign == 1 => y.shifted(self.offset(a)),
            _ => Value::default(),
        }
    }

    /// Of two addresses the sum is a number, and so is how far they are from each other.
    fn distance(&mut self, a: &Value, b: &Value) {
        let address = |value: &Value| match value.single().map(|one| one.source) {
            Some(Source::Const(_, value)) => self.in_zone(value),
            _ => false,
        };
        if address(a) && address(b) {
            self.mix(a);
            self.mix(b);
        }
    }

    /// The use of a source in this body.
    fn used(&mut self, source: Source) -> Option<&mut Use> {
        match source {
            Source::Const(at, value) => {
                Some(&mut self.consts.entry(at).or_insert((value, Use::default())).1)
            }
            Source::Param(param) => self.found.params.get_mut(param as usize),
            Source::Word(_) | Source::Field(..) | Source::Stack | Source::Folded(_) => None,
        }
    }

    /// `width` bytes at `base + offset` are touched; 0 bytes if nobody knows how many.
    fn access(&mut self, base: &Value, offset: u64, width: u64) {
        for one in self.bases(base).refs() {
            let exact = one.by.map(|by| by.wrapping_add(offset as i64));
            let access = match exact {
                Some(lo) if width > 0 => {
                    Access { lo, hi: lo.saturating_add(width as i64), indexed: false, mixed: false }
                }
                _ => Access::INDEXED,
            };
            match one.source {
                Source::Word(at) if one.by.is_some() => self.found.words.push(at),
                Source::Field(param, at) => {
                    if let Some(param) = self.found.params.get_mut(param as usize) {
                        param.field(at);
                    }
                }
                // Its sum is an address that no number of the code is.
                Source::Folded(value) if exact.is_some() => {
                    let at = value.wrapping_add_signed(exact.unwrap_or_default());
                    self.found.folded.push((at, width.max(1)));
                }
                Source::Stack => self.found.stack.0 = true,
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
        if let Some(Ref { source: Source::Const(_, value) | Source::Folded(value), by: Some(by) }) =
            base.single()
        {
            // Neither the constant nor the offset is like an address, and their sum may be one.
            let at = value.wrapping_add_signed(by).wrapping_add(offset);
            let folded = matches!(base.single(), Some(Ref { source: Source::Folded(_), .. }));
            let plain = !self.in_zone(value) && !self.in_zone(offset);
            if (folded || plain) && self.in_zone(at) {
                self.found.folded.push((at, width));
            }
        }
        if self.in_zone(offset) {
            self.found.named.push(offset);
            let role = match base.single() {
                Some(Ref { source: Source::Const(_, value), by: Some(by) })
                    if !self.in_zone(value) =>
                {
                    let lo = (value as i64).saturating_add(by);
                    let hi = lo.saturating_add(width as i64);
                    Role::Address(Access { lo, hi, indexed: false, mixed: false })
                }
                Some(Ref { source: Source::Stack | Source::Const(..), .. }) => Role::Number,
                _ => Role::Unknown,
            };
            self.found.offsets.push((site.offset, role));
            if role != Role::Number {
                return Value::default();
            }
        }
        self.access(base, offset, width);
        let loads = if self.side.wide() { Opcode::I64Load } else { Opcode::I32Load };
        let word = site.row.opcode == loads;
        match base.single() {
            Some(Ref { source, by: Some(by) }) if word => {
                let at = by.wrapping_add(offset as i64);
                match source {
                    Source::Const(_, value) => {
                        Value::one(Source::Word(value.wrapping_add_signed(at)))
                    }
                    Source::Param(param) => Value::one(Source::Field(param, at)),
                    Source::Word(_) | Source::Field(..) | Source::Stack | Source::Folded(_) => {
                        Value::default()
                    }
                }
            }
            _ => Value::default(),
        }
    }

    fn pass(&mut self, callee: u32, args: &[Value]) {
        for (param, value) in args.iter().enumerate() {
            for from in value.refs() {
                // A number that is no address may still be a slot.
                let passes = match from.source {
                    Source::Const(_, value) => self.in_zone(value) || self.side.may_be_slot(value),
                    Source::Param(_) | Source::Word(_) | Source::Field(..) => true,
                    Source::Folded(value) => {
                        if self.in_zone(value) {
                            self.found.folded.push((value, 1));
                        }
                        false
                    }
                    Source::Stack => false,
                };
                if passes {
                    self.found.passed.extend(Passed::new(from, callee, param));
                }
            }
        }
    }

    /// A call through a table, or another operator on it.
    fn table(&mut self, site: &Site<'_>, table: u32, index: Option<&Value>) {
        match index.and_then(Value::single) {
            // Directly before the call, so nothing else uses it.
            Some(Ref { source: source @ Source::Const(at, _), by: Some(0) })
                if self.last == (at, site.offset) =>
            {
                if let Some(known) = self.used(source) {
                    known.slot.get_or_insert(table);
                }
            }
            Some(Ref { source: source @ Source::Param(_), by: Some(0) }) => {
                self.found.open_tables.push(table);
                if let Some(known) = self.used(source) {
                    known.slot.get_or_insert(table);
                }
            }
            _ => self.found.open_tables.push(table),
        }
    }

    fn bulk(&mut self, site: &Site<'_>, args: &[Value]) {
        let memories: Vec<u32> = site.immediates().indices(Immediate::mem).collect();
        // What is no address of memory 0 here is a number.
        match (site.row.opcode, args, &memories[..]) {
            (Opcode::MemoryFill | Opcode::MemoryInit, [to, value, length], [memory]) => {
                self.mix(value);
                self.spanned(to, length, *memory);
            }
            (Opcode::MemoryCopy, [to, from, length], &[into, of]) => {
                self.spanned(to, length, into);
                self.spanned(from, length, of);
            }
            (Opcode::MemoryGrow, [by], _) => self.mix(by),
            (..) => {
                let tables: Vec<u32> = site.immediates().indices(Immediate::table).collect();
                tables.into_iter().for_each(|table| self.table(site, table, None));
            }
        }
    }

    /// So many bytes from `base` on are touched.
    fn spanned(&mut self, base: &Value, length: &Value, memory: u32) {
        self.mix(length);
        if memory != 0 {
            self.mix(base);
            return;
        }
        self.access(base, 0, 0);
        let at = match base.single() {
            Some(Ref { source: Source::Const(_, value), by: Some(by) }) => {
                value.wrapping_add_signed(by)
            }
            _ => return,
        };
        if let Some(Ref { source: source @ Source::Const(..), by: Some(0) }) = length.single()
            && let Some(known) = self.used(source)
        {
            known.span = Some(at);
        }
    }

    /// What an operator gives.
    fn given(&mut self, site: &Site<'_>, args: &[Value]) -> Value {
        let (class, immediates) = (site.row.class, site.immediates());
        if let Some(folded) = self.fold(site, args) {
            return Value::one(Source::Folded(folded));
        }
        match (&site.operator, args) {
            (Operator::I32Const { value }, _) => {
                return self.constant(site, u64::from(*value as u32));
            }
            (Operator::I64Const { value }, _) => return self.constant(site, *value as u64),
            (Operator::I32Add | Operator::I64Add, [a, b]) => return self.sum(a, b, 1),
            (Operator::I32Sub | Operator::I64Sub, [a, b]) => return self.sum(a, b, -1),
            // A mask of low bits makes an index, one of high bits aligns.
            (Operator::I32And | Operator::I64And, [a, mask]) => {
                let aligns = self.offset(mask).is_some_and(|mask| mask < 0);
                return if aligns { self.bases(a).shifted(None) } else { Value::default() };
            }
            (Operator::Select | Operator::TypedSelect { .. }, [a, b, _]) => return a.with(*b),
            (Operator::GlobalGet { global_index }, _) => {
                let stack = self.side.map.stack_pointer.map(|(global, _)| global);
                return match stack == Some(*global_index) {
                    true => Value::one(Source::Stack),
                    false => Value::default(),
                };
            }
            _ => {}
        }
        if matches!(class, Class::local_get | Class::local_set | Class::local_tee) {
            let local = immediates.index(Immediate::local).unwrap_or(u32::MAX);
            let Some(value) = args.first() else {
                return self.locals.get(local);
            };
            self.locals.set(local, *value);
            return *value;
        }
        if let (Some(memarg), [base, ..]) = (immediates.memarg(), args) {
            if memarg.target == MemArgTarget::Memory(0) {
                // A part of an address is a number.
                let word = if self.side.wide() { 8 } else { 4 };
                if site.row.width < word {
                    args[1..].iter().for_each(|value| self.mix(value));
                }
                return self.memory(site, base, memarg.offset);
            }
            args.iter().for_each(|value| self.mix(value));
        } else if let (Class::call, Some(callee)) = (class, immediates.index(Immediate::func)) {
            self.pass(callee, args);
        } else if let (Class::call_indirect, Some(table)) =
            (class, immediates.index(Immediate::table))
        {
            self.table(site, table, args.last());
        } else if class == Class::pure && compares(site) {
            args.iter().for_each(|value| self.compare(value));
        } else if class == Class::pure {
            args.iter().for_each(|value| self.mix(value));
        } else {
            self.bulk(site, args);
        }
        Value::default()
    }

    fn constant(&mut self, site: &Site<'_>, value: u64) -> Value {
        self.last = (site.offset, site.end);
        if self.in_zone(value) {
            self.found.named.push(value);
        }
        Value::one(Source::Const(site.offset, value))
    }

    /// What an operator on two constants gives, of which none is like an address.
    fn fold(&self, site: &Site<'_>, args: &[Value]) -> Option<u64> {
        let [a, b] = args else { return None };
        let (a, b) = (self.offset(a)? as u32, self.offset(b)? as u32);
        let (_, fold) = FOLDS.iter().find(|(opcode, _)| *opcode == site.row.opcode)?;
        Some(fold(a, b).into())
    }

    /// The value is compared, which a pointer may well be.
    fn compare(&mut self, value: &Value) {
        self.mark(value, false);
    }

    /// The value is used as a number.
    fn mix(&mut self, value: &Value) {
        self.mark(value, true);
    }

    fn mark(&mut self, value: &Value, mixed: bool) {
        for one in value.refs() {
            self.found.stack.1 |= mixed && one.source == Source::Stack;
            if let Source::Const(at, _) = one.source {
                self.marks.push(Mark { at, mixed, compared: !mixed });
            } else if let Some(known) = self.used(one.source) {
                known.mixed |= mixed;
                known.compared |= !mixed;
            }
        }
    }
}

/// Whether an operator compares: two pointers may well be compared.
fn compares(site: &Site<'_>) -> bool {
    static COMPARES: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let one = |opcode: &Opcode| {
            let verb = opcode.mnemonic().split('.').next_back().unwrap_or_default();
            ["eq", "ne", "eqz"].contains(&verb)
                || ["lt", "gt", "le", "ge"].contains(&verb.split('_').next().unwrap_or_default())
        };
        Opcode::ALL.iter().map(one).collect()
    });
    COMPARES[site.row.opcode as usize]
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
        _: Option<&Value>,
        params: &mut [Value],
    ) -> Result<Label, Infallible> {
        let mut label = Label::default();
        match block.kind {
            BlockKind::Loop => {
                params.fill(Value::default());
                // Invariant 3.
                let written = block.facts.map_or(u64::MAX, |facts| facts.written);
                for (local, value) in self.locals.iter_mut() {
                    if written >> (local % 64) & 1 == 1 {
                        *value = value.shifted(None);
                    }
                }
            }
            BlockKind::If => label.entry = self.locals.clone(),
            BlockKind::Func | BlockKind::Block | BlockKind::TryTable => {}
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
        if let How::BrTable(index, _) = edge.how {
            self.mix(index);
        }
        match (to.kind, edge.how) {
            (BlockKind::Func, _) if self.exported => {
                edge.values.iter().for_each(|value| self.mix(value));
            }
            // The caller may calculate with it.
            (BlockKind::Func, _) => edge.values.iter().for_each(|value| self.compare(value)),
            (BlockKind::Loop, _) => {}
            (_, How::Skip) => {
                let entry = std::mem::take(&mut to.label.entry);
                to.label.join(&entry, edge.values);
            }
            (..) => to.label.join(&self.locals, edge.values),
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
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, Label>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
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
            self.pass(callee, args);
        } else if let Some(table) = immediates.index(Immediate::table) {
            self.table(site, table, args.last());
        }
        Ok(())
    }
}
