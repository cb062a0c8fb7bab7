//! The form of a candidate: F1 to F15, each by a separate pass over all instructions.
//!
//! These are the rules in the header of `prova_bytecode::check`, restated; the rules of equality
//! are asked by the walk.

use super::{Fault, Plant, Verdict};
use prova_bytecode::{
    Candidate, Class, Handler, Inst, Kind, Metering, Op, Role, Rule, Settings, decode,
};
use prova_module::{
    Composite, FieldType, FuncFacts, FuncIdx, FuncType, GlobalIdx, MemoryIdx, Module, RefKind,
    RefType, SharedAccess, StorageType, TableIdx, TagIdx, TypeIdx, ValType, cells_of,
};
use std::collections::BTreeSet;

/// The greatest number of words of a function's code, and what bounds it by the body's bytes.
const WORDS_MAX: usize = 1 << 28;
const WORDS_OF_ANY_BODY: usize = 1 << 21;
const WORDS_OF_A_BYTE: usize = 72;

/// The inputs of the rules.
pub(super) struct Form<'m> {
    pub(super) module: &'m Module,
    pub(super) facts: &'m FuncFacts,
    pub(super) ty: &'m FuncType,
    pub(super) settings: &'m Settings,
    pub(super) candidate: &'m Candidate,
    pub(super) plant: Option<Plant>,
}

fn fault(word: u32, rule: Rule, what: impl Into<String>) -> Fault {
    Fault { word, rule, what: what.into() }
}

/// An instruction's operands with their values.
fn operands(inst: &Inst) -> impl Iterator<Item = (Kind, Role, u64)> {
    let mut next = 0;
    inst.op.operands().iter().map(move |operand| {
        let at = next;
        next += if operand.kind == Kind::v128c { 2 } else { 1 };
        (operand.kind, operand.role, inst.values[at])
    })
}

impl Form<'_> {
    /// All instructions, if the form is right.
    pub(super) fn check(&self) -> Result<Vec<Inst>, Fault> {
        self.kept(self.size_and_frame())?;
        self.kept(self.hints())?;
        let insts = self.decode()?;
        let starts: BTreeSet<u32> = insts.iter().map(|inst| inst.at).collect();
        for inst in &insts {
            self.kept(self.slots(inst))?;
            self.kept(self.indices(inst))?;
            self.kept(self.lanes(inst))?;
            self.kept(self.windows_and_results(inst))?;
        }
        self.kept(self.targets(&insts, &starts))?;
        self.kept(self.map(&starts))?;
        self.kept(self.metering(&insts))?;
        self.kept(self.handlers(&starts))?;
        Ok(insts)
    }

    /// The verdict, ignoring a rule that is to be forgotten.
    fn kept(&self, verdict: Verdict) -> Verdict {
        verdict.or_else(|fault| match self.plant {
            Some(Plant::Form(rule)) if rule == fault.rule => Ok(()),
            _ => Err(fault),
        })
    }

    /// F3 and F4.
    fn size_and_frame(&self) -> Verdict {
        let Candidate { words, frame_cells, .. } = self.candidate;
        let body = self.module.body(self.candidate.func);
        let bytes = body.map_or(0, |body| body.bytes().len());
        if words.len() > WORDS_MAX || words.len() > WORDS_OF_ANY_BODY + WORDS_OF_A_BYTE * bytes {
            return Err(fault(0, Rule::Size, "too many words"));
        }
        let FuncFacts { local_cells, result_cells, .. } = *self.facts;
        let charge = self.facts.charge_bytes();
        if *frame_cells < local_cells
            || *frame_cells < result_cells
            || 8 * u64::from(*frame_cells) > charge
        {
            return Err(fault(0, Rule::Frame, format!("{frame_cells} cells")));
        }
        Ok(())
    }

    /// The part of F13 that concerns order.
    fn hints(&self) -> Verdict {
        let Candidate { words, controls, .. } = self.candidate;
        let wrong = |what| Err(fault(0, Rule::Hints, what));
        for pair in controls.windows(2) {
            if pair[0].offset >= pair[1].offset || pair[0].word > pair[1].word {
                return wrong("hints out of order");
            }
        }
        for hint in controls {
            if hint.word as usize > words.len() {
                return wrong("a hint behind the code");
            }
        }
        Ok(())
    }

    /// F1 and F2.
    fn decode(&self) -> Result<Vec<Inst>, Fault> {
        let words = &self.candidate.words;
        let (mut insts, mut at) = (Vec::new(), 0);
        while (at as usize) < words.len() {
            let inst = decode(words, at);
            let inst = inst.map_err(|error| fault(at, Rule::Decoding, error.to_string()))?;
            if matches!(inst.op.class(), Class::stub_attach | Class::stub_host) {
                return Err(fault(at, Rule::Decoding, "a stub"));
            }
            at = inst.next;
            insts.push(inst);
        }
        match insts.last() {
            Some(last) if last.op.class().is_terminator() => Ok(insts),
            _ => Err(fault(at, Rule::End, "control falls off the end")),
        }
    }

    /// F5.
    fn slots(&self, inst: &Inst) -> Verdict {
        for (kind, _, slot) in operands(inst) {
            let cells = u64::from(kind.cells());
            if cells > 0 && slot + cells > u64::from(self.candidate.frame_cells) {
                return Err(fault(inst.at, Rule::Slots, format!("s{slot}, {cells} cells")));
            }
        }
        Ok(())
    }

    /// F7 and F8.
    fn indices(&self, inst: &Inst) -> Verdict {
        let module = self.module;
        let class = inst.op.class();
        let mut held = Vec::new();
        let kind_of = |ty: RefType| module.ref_kind(ty);
        for (kind, _, value) in operands(inst) {
            let index = value as u32;
            let exists = match kind {
                Kind::func => {
                    let imported = (index as usize) < module.imported_func_count();
                    let here = (index as usize) < module.func_count();
                    if [Class::call, Class::return_call].contains(&class) {
                        here && !imported
                    } else if [Class::call_import, Class::return_call_import].contains(&class) {
                        imported
                    } else {
                        here && class == Class::quick
                    }
                }
                Kind::type_ => (index as usize) < module.types().len(),
                Kind::table => {
                    let table = module.table(TableIdx(index));
                    held.extend(table.map(|table| kind_of(table.ref_type)));
                    table.is_some()
                }
                Kind::elem => {
                    let element = module.elements().get(index as usize);
                    held.extend(element.map(|element| kind_of(element.ref_type())));
                    element.is_some()
                }
                Kind::mem => module.memory(MemoryIdx(index)).is_some(),
                Kind::data => (index as usize) < module.data().len(),
                Kind::tag => module.tag(TagIdx(index)).is_some(),
                Kind::global => module.global(GlobalIdx(index)).is_some(),
                _ => true,
            };
            if !exists {
                return Err(fault(inst.at, Rule::Indices, format!("{kind:?} {index}")));
            }
        }
        let wrong = |what: &str| Err(fault(inst.at, Rule::Kinds, what));
        if held.windows(2).any(|pair| pair[0] != pair[1]) {
            return wrong("references of two kinds");
        }
        let called = matches!(class, Class::call_indirect | Class::return_call_indirect);
        if called && held != [RefKind::Func] {
            return wrong("a call through a table without functions");
        }
        self.memories(inst)?;
        self.global(inst)
    }

    /// F8 of memories.
    fn memories(&self, inst: &Inst) -> Verdict {
        let (module, class) = (self.module, inst.op.class());
        let wrong = |what: &str| Err(fault(inst.at, Rule::Kinds, what));
        let near = matches!(class, Class::load | Class::load_idx | Class::store);
        if near && module.memory(MemoryIdx(0)).is_none_or(|memory| memory.memory64 || memory.shared)
        {
            return wrong("a memory 0 without 32-bit addresses");
        }
        let accesses = matches!(
            class,
            Class::load_far
                | Class::store_far
                | Class::atomic_load
                | Class::atomic_store
                | Class::atomic_rmw
                | Class::atomic_cmpxchg
                | Class::shared
        );
        let of_memory = |(kind, _, index): &(Kind, _, u64)| {
            let shared =
                module.memory(MemoryIdx(*index as u32)).is_some_and(|memory| memory.shared);
            *kind == Kind::mem && shared != (class == Class::shared)
        };
        if accesses && operands(inst).any(|operand| of_memory(&operand)) {
            return wrong("an access of a memory of the other kind");
        }
        Ok(())
    }

    fn global(&self, inst: &Inst) -> Verdict {
        let global = operands(inst).find(|(kind, ..)| *kind == Kind::global);
        let Some(global) =
            global.and_then(|(.., index)| self.module.global(GlobalIdx(index as u32)))
        else {
            return Ok(());
        };
        let wide = matches!(inst.op, Op::GlobalGetV128 | Op::GlobalSetV128);
        let sets = matches!(inst.op, Op::GlobalSet | Op::GlobalSetAddImm | Op::GlobalSetV128);
        if wide != (global.val == ValType::V128) || sets && !global.mutable {
            return Err(fault(inst.at, Rule::Kinds, inst.op.mnemonic()));
        }
        Ok(())
    }

    /// F9.
    fn lanes(&self, inst: &Inst) -> Verdict {
        for (kind, _, value) in operands(inst) {
            if kind == Kind::lane && lanes(inst.op.mnemonic()).is_none_or(|lanes| value >= lanes) {
                return Err(fault(inst.at, Rule::Lanes, format!("lane {value}")));
            }
        }
        if inst.op == Op::I8x16Shuffle {
            let lanes = operands(inst).position(|(kind, ..)| kind == Kind::v128c);
            let lanes = lanes.map_or([u64::MAX; 2], |at| [inst.values[at], inst.values[at + 1]]);
            if lanes.iter().flat_map(|half| half.to_le_bytes()).any(|lane| lane >= 32) {
                return Err(fault(inst.at, Rule::Lanes, "a shuffle of more than 32 lanes"));
            }
        }
        Ok(())
    }

    /// F10 and F11.
    fn windows_and_results(&self, inst: &Inst) -> Verdict {
        let class = inst.op.class();
        let results = self.facts.result_cells;
        if class == Class::return1 && results != 1 || class == Class::return2 && results != 2 {
            return Err(fault(inst.at, Rule::Returns, inst.op.mnemonic()));
        }
        if !operands(inst).any(|(kind, ..)| kind == Kind::win) {
            return Ok(());
        }
        if class == Class::shared {
            let access = SharedAccess::of_code(inst.values[1] as u32);
            let access = access.ok_or_else(|| fault(inst.at, Rule::Indices, "no access"))?;
            return self.window_fits(inst, access.operand_cells().max(access.result_cells()));
        }
        if matches!(class, Class::aggregate | Class::allocate) {
            let cells = self.objects(inst)?;
            return self.window_fits(inst, cells);
        }
        let mut callee = None;
        for (kind, _, index) in operands(inst) {
            let index = index as u32;
            match kind {
                Kind::func => callee = Some(self.module.func_type(FuncIdx(index))),
                Kind::type_ => callee = self.module.types().get(index as usize),
                Kind::tag => callee = self.module.tag(TagIdx(index)),
                _ => {}
            }
        }
        let Some(callee) = callee else {
            return Err(fault(inst.at, Rule::Indices, "a call of nothing"));
        };
        let mut cells = cells_of(&callee.params);
        if !class.is_terminator() {
            cells = cells.max(cells_of(&callee.results));
        } else if class != Class::throw {
            let same = callee.results.len() == self.ty.results.len();
            let alike = |(a, b): (&ValType, &ValType)| match (a, b) {
                (ValType::Ref(a), ValType::Ref(b)) => {
                    self.module.ref_kind(*a) == self.module.ref_kind(*b)
                }
                _ => a == b,
            };
            if !same || !callee.results.iter().zip(&*self.ty.results).all(alike) {
                return Err(fault(inst.at, Rule::Returns, "a tail call with other results"));
            }
        }
        self.window_fits(inst, cells)
    }

    /// The cells of the window of an operator on objects: those of its operands, or of its result.
    fn objects(&self, inst: &Inst) -> Result<u32, Fault> {
        let wrong = || fault(inst.at, Rule::Indices, inst.op.mnemonic());
        let [_, first, second, ..] = inst.values;
        let def = self.module.types().def(TypeIdx(first as u32)).map(|def| &def.composite);
        let wide =
            |field: &FieldType| u32::from(field.element_type == StorageType::Val(ValType::V128));
        let fields = || match def {
            Some(Composite::Struct(fields)) => Ok(&fields[..]),
            _ => Err(wrong()),
        };
        let field = || fields()?.get(second as usize).map(wide).ok_or_else(wrong);
        let element = || match def {
            Some(Composite::Array(element)) => Ok(wide(element)),
            _ => Err(wrong()),
        };
        Ok(match inst.op.mnemonic() {
            "struct.new" => {
                let fields = fields()?;
                (fields.len() as u32 + fields.iter().map(wide).sum::<u32>()).max(1)
            }
            "struct.new_default" => fields().map(|_| 1)?,
            "struct.get" => 1 + field()?,
            "struct.set" => 2 + field()?,
            "array.new" => 2 + element()?,
            "array.new_fixed" => {
                let cells = u64::from(second as u32) * u64::from(1 + element()?);
                u32::try_from(cells).map_err(|_| wrong())?.max(1)
            }
            "array.new_default" => element().map(|_| 1)?,
            "array.new_data" | "array.new_elem" => element().map(|_| 2)?,
            "array.get" => element().map(|_| 2)?,
            "array.set" => 3 + element()?,
            "array.fill" => 4 + element()?,
            "array.copy" => 5,
            "array.init_data" | "array.init_elem" => 4,
            _ => 1,
        })
    }

    fn window_fits(&self, inst: &Inst, cells: u32) -> Verdict {
        let window = inst.values[0];
        let frame = u64::from(self.candidate.frame_cells);
        if window < u64::from(self.facts.local_cells) || window + u64::from(cells) > frame {
            return Err(fault(inst.at, Rule::Windows, format!("s{window}, {cells} cells")));
        }
        Ok(())
    }

    /// F6, and F14 for backward branches.
    fn targets(&self, insts: &[Inst], starts: &BTreeSet<u32>) -> Verdict {
        for inst in insts {
            let rel = operands(inst).filter(|(kind, ..)| *kind == Kind::rel).map(|(.., to)| to);
            let table = inst.table_targets(&self.candidate.words).iter().copied();
            for offset in rel.chain(table) {
                let target = inst.target(offset as i32).filter(|target| starts.contains(target));
                let Some(target) = target else {
                    return Err(fault(inst.at, Rule::Targets, format!("{:+}", offset as i32)));
                };
                self.backward(inst.at, target)?;
            }
        }
        Ok(())
    }

    fn backward(&self, from: u32, target: u32) -> Verdict {
        let at = |word: u32| {
            let word = self.candidate.words.get(word as usize).map(|&word| word as u16);
            word.and_then(Op::from_encoding).map(|(op, _)| op)
        };
        let behind_heat = target + u32::from(at(target) == Some(Op::Heat));
        let poll = at(behind_heat) == Some(Op::Poll);
        if target <= from && self.settings.metering.has_epoch() && !poll {
            return Err(fault(from, Rule::Metering, "a way back without a poll"));
        }
        Ok(())
    }

    /// The part of F12 that concerns order.
    fn map(&self, starts: &BTreeSet<u32>) -> Verdict {
        let map = &self.candidate.map;
        if map.first().is_none_or(|first| first.word != 0) {
            return Err(fault(0, Rule::Map, "no entry at word 0"));
        }
        if let Some(pair) = map.windows(2).find(|pair| pair[0].word >= pair[1].word) {
            return Err(fault(pair[1].word, Rule::Map, "entries that do not ascend"));
        }
        let body = self.module.body(self.candidate.func).map_or(0..0, |body| body.range());
        let start = self.facts.blocks.first().map_or(usize::MAX, |body| body.start as usize);
        for entry in map {
            let inside = (start..body.end).contains(&(entry.offset as usize));
            if !inside || !starts.contains(&entry.word) {
                return Err(fault(entry.word, Rule::Map, format!("offset {:#x}", entry.offset)));
            }
        }
        Ok(())
    }

    /// F14 without backward branches.
    fn metering(&self, insts: &[Inst]) -> Verdict {
        let wrong = |at, what: &str| Err(fault(at, Rule::Metering, what));
        let metering = self.settings.metering;
        let counts = usize::from(insts.first().is_some_and(|inst| inst.op == Op::Heat));
        if metering.has_epoch() && insts.get(counts).is_none_or(|inst| inst.op != Op::Poll) {
            return wrong(0, "no poll at the entry");
        }
        let mut due = match metering {
            Metering::Fuel | Metering::Both => self.facts.segments.iter(),
            Metering::None | Metering::Epoch => [].iter(),
        };
        for inst in insts {
            if inst.op == Op::Poll && !metering.has_epoch() {
                return wrong(inst.at, "a poll in another mode");
            }
            if inst.op == Op::Charge {
                let here = (inst.values[0], mapped(self.candidate, inst.at));
                if due.next().map(|segment| (segment.cost.into(), segment.offset)) != Some(here) {
                    return wrong(inst.at, "a charge that is not due");
                }
            }
        }
        match due.next() {
            Some(_) => wrong(self.candidate.words.len() as u32, "a charge is missing"),
            None => Ok(()),
        }
    }

    /// F15.
    fn handlers(&self, starts: &BTreeSet<u32>) -> Verdict {
        let Candidate { handlers, words, frame_cells, .. } = self.candidate;
        let end = words.len() as u32;
        for handler in handlers {
            let Handler { start, end: to, target, slot, .. } = *handler;
            let wrong = |rule, what: &str| Err(fault(start, rule, what));
            if start > to || to > end {
                return wrong(Rule::Handlers, "a range outside of the code");
            }
            let payload = match handler.tag.map(|tag| self.module.tag(tag)) {
                None => 0,
                Some(Some(ty)) => cells_of(&ty.params),
                Some(None) => return wrong(Rule::Indices, "no such tag"),
            };
            let cells = payload + u32::from(handler.with_ref);
            let slot = u32::from(slot);
            if target == Handler::RETURN {
                if slot != 0 || cells != self.facts.result_cells {
                    return wrong(Rule::Returns, "values that are not the results");
                }
            } else if slot < self.facts.local_cells || slot + cells > *frame_cells {
                return wrong(Rule::Slots, "values outside of the frame");
            }
            if start == to {
                continue;
            }
            if !starts.contains(&start) || to != end && !starts.contains(&to) {
                return wrong(Rule::Handlers, "a range inside an instruction");
            }
            if target != Handler::RETURN {
                if !starts.contains(&target) {
                    return wrong(Rule::Targets, "a target that is no instruction");
                }
                self.backward(start, target)?;
            }
        }
        if handlers.windows(2).any(|pair| pair[0].end > pair[1].end) {
            return Err(fault(0, Rule::Handlers, "ranges that are not in the order of their ends"));
        }
        let nests = |a: &Handler, b: &Handler| {
            let apart = a.end <= b.start || b.end <= a.start;
            let inside = |a: &Handler, b: &Handler| b.start <= a.start && a.end <= b.end;
            apart || inside(a, b) || inside(b, a)
        };
        let full: Vec<&Handler> = handlers.iter().filter(|h| h.start < h.end).collect();
        for (i, a) in full.iter().enumerate() {
            if full[..i].iter().any(|b| !nests(a, b)) {
                return Err(fault(a.start, Rule::Handlers, "ranges that overlap"));
            }
        }
        Ok(())
    }
}

/// The offset that the map gives an instruction.
pub(super) fn mapped(candidate: &Candidate, word: u32) -> u32 {
    // The map is in order by now.
    let after = candidate.map.partition_point(|entry| entry.word <= word);
    candidate.map[..after].last().map_or(0, |entry| entry.offset)
}

/// The number of lanes of the shape that a mnemonic names.
fn lanes(mnemonic: &str) -> Option<u64> {
    if let Some((_, access)) =
        mnemonic.split_once("v128.load").or(mnemonic.split_once("v128.store"))
    {
        let bits: u64 = access.strip_suffix("_lane")?.parse().ok()?;
        return Some(128 / bits);
    }
    let (_, lanes) = mnemonic.split_once('.')?.0.split_once('x')?;
    lanes.parse().ok()
}
