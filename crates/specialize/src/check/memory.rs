//! S10: constant memory: what the entry compares, and what therefore is known of loads and stores.
//!
//! ```text
//! certificate ─► Memory: bytes that are compared, windows ─┬─► conditions of the entry
//!                                                          └─► loads and stores of parts
//! ```
//!
//! * M1. A byte counts as compared only if the certificate's one [`Role::Memory`] names a word that
//!   holds it; `entry` proves that the block reads each of these words and no other.
//! * M2. The entry goes on only if all words of a buffer that end at `end` lie in memory:
//!   `buffer ≤ size - end` without a sign, where `size` is memory's size modulo 2³²; memory is
//!   never smaller than `end`, so the difference is the true one. So no read of a word traps.
//! * M3. The entry goes on only if each window and each buffer are disjoint arcs of 2³² addresses:
//!   if `window - buffer + bytes - 1 ≥ bytes + end - 1`. Offsets of loads and stores do not wrap:
//!   what would, traps.

use super::error::{Rule, Verdict, demand};
use super::part::Part;
use super::ranges::have_word;
use super::{Facts, Question};
use crate::ask::certificate::{Certificate, Compared, Range, Role, Word};
use crate::ask::request::Argument;
use prova_module::ops::Class;
use prova_module::{Opcode, ValType};
use prova_ssa::Vn;
use prova_ssa::relate::Numbers;
use prova_ssa::relate::walk::Simulate;
use prova_ssa::{Imm, InstData, Op, State, Terminator};
use std::collections::BTreeMap;

/// The words and windows that the entry compares.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// By argument, for each byte behind it: whether it is compared.
    bytes: BTreeMap<u32, Vec<bool>>,
    compared: Compared,
}

/// The operator that reads this number of bytes as an i64 without a sign.
pub(super) fn load_of(bytes: u32) -> Option<Opcode> {
    match bytes {
        1 => Some(Opcode::I64Load8U),
        2 => Some(Opcode::I64Load16U),
        4 => Some(Opcode::I64Load32U),
        8 => Some(Opcode::I64Load),
        _other => None,
    }
}

/// Whether an instruction reads a word behind its operand.
pub(super) fn reads(data: &InstData, word: Word) -> bool {
    let plain = match data.imm {
        Imm::Access(access) => access.memory == 0 && access.offset == word.offset.into(),
        _ => false,
    };
    plain && load_of(word.bytes).map(Op::Wasm) == Some(data.op)
}

/// Whether a value of a type is not these bits.
pub(super) fn differs_from(terms: &mut Numbers, ty: ValType, found: Vn, bits: u64) -> Vn {
    let (cast, differ) = match ty {
        ValType::F32 => (Some(Opcode::I32ReinterpretF32), Opcode::I32Ne),
        ValType::F64 => (Some(Opcode::I64ReinterpretF64), Opcode::I64Ne),
        ValType::I64 => (None, Opcode::I64Ne),
        ValType::I32 | ValType::V128 | ValType::Ref(_) => (None, Opcode::I32Ne),
    };
    let wanted = terms.constant(bits);
    let found = match cast {
        Some(cast) => terms.operator(cast, Imm::None, &[found]),
        None => found,
    };
    terms.operator(differ, Imm::None, &[found, wanted])
}

/// The greatest that an i32 without a sign can be, if it is masked, or masked and shifted.
fn greatest(terms: &Numbers, term: Vn) -> Option<u32> {
    let Some([of, by]) = terms.operands(term, Opcode::I32Shl) else { return masked(terms, term) };
    let by = terms.as_const(by).filter(|by| *by < 32)?;
    u32::try_from(u64::from(masked(terms, of)?) << by).ok()
}

fn masked(terms: &Numbers, term: Vn) -> Option<u32> {
    let args = terms.operands(term, Opcode::I32And)?;
    let masks = args.iter().filter_map(|&arg| terms.as_const(arg));
    masks.map(|mask| mask as u32).min()
}

/// Whether any of words is not what it is to be; `None` if there are none.
pub(super) fn any_differs(terms: &mut Numbers, words: &[(Vn, u64)]) -> Option<Vn> {
    if let &[(found, bits)] = words {
        return Some(differs_from(terms, ValType::I64, found, bits));
    }
    let mut any: Option<Vn> = None;
    for &(found, bits) in words {
        let wanted = terms.constant(bits);
        let differs = terms.operator(Opcode::I64Xor, Imm::None, &[found, wanted]);
        any = Some(match any {
            None => differs,
            Some(any) => terms.operator(Opcode::I64Or, Imm::None, &[any, differs]),
        });
    }
    any.map(|any| differs_from(terms, ValType::I64, any, 0))
}

/// A load of bytes that are all the request's.
pub(super) struct Found {
    pub(super) word: Word,
    /// Its result.
    pub(super) bits: u64,
}

impl Memory {
    /// The words and windows that a certificate names, if the request allows their comparison (M1).
    pub(super) fn named(question: &Question<'_>, certificate: &Certificate) -> Verdict<Memory> {
        let mut all = certificate.roles.iter().filter_map(|role| match role {
            Role::Memory(compared) => Some(compared),
            Role::Entry | Role::Fallback | Role::Copy(_) | Role::Inner(_) | Role::Broken => None,
        });
        let Some(compared) = all.next() else { return Ok(Memory::default()) };
        demand!(all.next().is_none(), Form, "constant memory is compared twice");
        let request = question.request;
        let mut bytes: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
        for word in &compared.words {
            let from = word.offset as usize;
            let place = request.buffer(word.arg).and_then(|all| {
                let bytes = bytes.entry(word.arg).or_insert_with(|| vec![false; all.len()]);
                bytes.get_mut(from..from.checked_add(word.bytes as usize)?)
            });
            let place = place.filter(|_| load_of(word.bytes).is_some());
            let Some(place) = place else {
                return Err((Rule::Memory, format!("{word:?} is none of constant memory")));
            };
            place.fill(true);
        }
        let entry = question.generic.block(question.generic.entry());
        let types: Vec<ValType> =
            entry.params().map(|param| question.generic.value(param).ty).collect();
        let is_i32 = |arg: u32| types.get(arg as usize) == Some(&ValType::I32);
        for (&arg, bytes) in &bytes {
            let fits = is_i32(arg) && bytes.len() as u64 <= question.memory_bytes;
            demand!(fits, Memory, "argument {arg} points to more than memory has");
        }
        let end = bytes.values().map(|bytes| bytes.len() as u64).max().unwrap_or(0);
        for window in &compared.apart {
            let runs = matches!(request.params.get(window.arg as usize), Some(Argument::Runtime));
            let fits = u64::from(window.bytes) + end <= u64::from(u32::MAX);
            let is_one = runs && is_i32(window.arg) && window.bytes > 0 && fits;
            demand!(is_one, Memory, "{window:?} is none that can be compared");
        }
        Ok(Memory { bytes, compared: compared.clone() })
    }

    /// Whether nothing is compared.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many conditions the entry has.
    pub(super) fn conditions_len(&self) -> usize {
        self.bytes.len() * (1 + self.compared.apart.len())
    }

    /// Conditions that the entry has to compare besides constant arguments (M2, M3): where one
    /// holds, the generic function is called.
    pub(super) fn conditions(&self, terms: &mut Numbers, params: &[Vn], size: Vn) -> Vec<Vn> {
        let mut all = Vec::new();
        let param = |arg: u32| params.get(arg as usize).copied();
        for &arg in self.bytes.keys() {
            let sixteen = terms.constant(16);
            let size = terms.operator(Opcode::I32Shl, Imm::None, &[size, sixteen]);
            let last = terms.moved(size, (self.end(arg) as u32).wrapping_neg());
            let at = param(arg).unwrap_or(size);
            all.push(terms.operator(Opcode::I32GtU, Imm::None, &[at, last]));
        }
        for window in &self.compared.apart {
            for &arg in self.bytes.keys() {
                let (at, buffer) = (param(window.arg), param(arg));
                let pair = [at.unwrap_or(size), buffer.unwrap_or(size)];
                let apart = terms.operator(Opcode::I32Sub, Imm::None, &pair);
                let apart = terms.moved(apart, (window.from as u32).wrapping_add(window.bytes - 1));
                let both = u64::from(window.bytes) + self.end(arg) - 1;
                let both = terms.constant(both);
                all.push(terms.operator(Opcode::I32LtU, Imm::None, &[apart, both]));
            }
        }
        all
    }

    /// How many bytes behind an argument lie in memory, and apart from all windows.
    fn end(&self, arg: u32) -> u64 {
        self.bytes.get(&arg).map_or(0, |bytes| bytes.len() as u64)
    }

    /// Whether all bytes of a word are compared.
    fn has(&self, word: Word) -> bool {
        let from = word.offset as usize;
        let bytes = self
            .bytes
            .get(&word.arg)
            .and_then(|all| all.get(from..from.checked_add(word.bytes as usize)?));
        bytes.is_some_and(|bytes| bytes.iter().all(|&compared| compared))
    }
}

impl Part<'_> {
    /// The argument that a term lies behind, and how far.
    fn behind(&self, term: Vn) -> Option<(u32, u32)> {
        let (root, by) = self.at.numbers.distance(term);
        let base = self.bases.iter().find(|(_, base)| *base == root)?;
        Some((base.0, by))
    }

    /// The steps of looking for an address among bases and windows.
    pub(super) fn places_len(&self) -> usize {
        4 * self.bases.len() + self.facts.memory.compared.apart.len()
    }

    /// The result of a load that reads the request's bytes and no others.
    pub(super) fn constant_memory(&self, code: Opcode, imm: Imm, args: &[Vn]) -> Option<Found> {
        let Imm::Access(access) = imm else { return None };
        let (arg, by) = self.behind(*args.first()?)?;
        let bytes = self.facts.question.request.buffer(arg)?;
        // From inside of the buffer on, no address wraps: the buffer lies in memory.
        let inside = access.memory == 0 && by as usize <= bytes.len();
        let from = u64::from(by).checked_add(access.offset)?;
        let word = Word { arg, offset: u32::try_from(from).ok()?, bytes: code.row().width.into() };
        let end = from.checked_add(word.bytes.into())?;
        let found = bytes.get(usize::try_from(from).ok()?..usize::try_from(end).ok()?);
        found.filter(|_| inside && word.bytes <= 8)?;
        let bits = prova_ssa::constants::load(code, word.bits(self.facts.question.request))?;
        Some(Found { word, bits })
    }

    /// Whether a load may be gone (S10 a and b).
    pub(super) fn is_known(&mut self, found: &Found) -> bool {
        if !self.facts.question.promises.memory_is_compared {
            self.assumptions
                .insert(crate::ask::promise::Assumption::ConstantMemory(found.word.arg));
            return true;
        }
        self.kept.fresh && self.facts.memory.has(found.word)
            || have_word(self.kept.known.all(), found.word)
    }

    /// The effect of an instruction of both sides on constant memory (S10 b).
    pub(super) fn change(&mut self, data: &InstData, args: &[Vn]) {
        if data.op.effects().writes.meets(State::MEMORY) {
            self.stored(self.is_apart(data, args));
        }
    }

    /// The effect of a store on constant memory; `apart`: it lies in a window.
    pub(super) fn stored(&mut self, apart: bool) {
        if !apart {
            self.kept.fresh = false;
            self.kept.known.clear();
        }
    }

    /// The effect of a store to a cell at an address on constant memory.
    pub(super) fn stored_cell(&mut self, address: Vn) -> Verdict {
        self.spend(self.places_len())?;
        self.stored(self.is_in_window(address, 0, 8));
        Ok(())
    }

    /// Whether an instruction is a store that lies in a window.
    fn is_apart(&self, data: &InstData, args: &[Vn]) -> bool {
        let (Ok(code), Imm::Access(access), Some(&address)) =
            (super::part::opcode(data), data.imm, args.first())
        else {
            return false;
        };
        let plain = code.class() == Class::store && access.memory == 0;
        plain && self.is_in_window(address, access.offset, code.row().width.into())
    }

    /// Whether `bytes` bytes at an address and an offset lie in a window. The address is a distance
    /// from an argument, or such a distance and a masked number.
    pub(super) fn is_in_window(&self, address: Vn, offset: u64, bytes: u32) -> bool {
        let mut known = self.behind(address).map(|(arg, by)| (arg, by, 0));
        if let (None, Some([a, b])) = (known, self.at.numbers.operands(address, Opcode::I32Add)) {
            known = [(a, b), (b, a)].into_iter().find_map(|(base, number)| {
                let (arg, by) = self.behind(base)?;
                Some((arg, by, greatest(&self.at.numbers, number)?))
            });
        }
        let Some((arg, by, greatest)) = known else { return false };
        // Distances of a window are small and have signs.
        let from = i128::from(by as i32) + i128::from(offset);
        let to = from + i128::from(greatest) + i128::from(bytes);
        self.facts.memory.compared.apart.iter().any(|window| {
            let start = i128::from(window.from);
            window.arg == arg && start <= from && to <= start + i128::from(window.bytes)
        })
    }

    /// The end at a comparison of constant memory, before a load of a word of it (S10 c).
    pub(super) fn refreshed(&mut self, number: u32, word: Word) -> Verdict {
        let body = self.facts.body;
        let request = self.facts.question.request;
        let mut words: Vec<(Vn, u64)> = Vec::new();
        while let Some(inst) = self.effect()? {
            let data = body.inst(inst);
            if self.facts.body.inst(inst).op.effects().writes.meets(State::MEMORY) {
                self.one_done(inst)?;
                continue;
            }
            let args = self.ours(data.args)?;
            self.spend(self.places_len())?;
            let Some((found, range)) = self.word_of(data, &args) else {
                return Err((Rule::Memory, format!("{inst} reads no constant memory")));
            };
            let leaf = self.at.numbers.leaf();
            data.result().into_iter().for_each(|result| self.at.news.set(result, Some(leaf)));
            words.push((leaf, found.bits(request)));
            self.kept.known.insert(self.facts.steps, range)?;
            self.at.done();
        }
        let Terminator::Branch { condition, otherwise, .. } = &body.block(self.at.block).terminator
        else {
            return Err((Rule::Memory, "constant memory is not compared".to_owned()));
        };
        let Some(differs) = any_differs(&mut self.at.numbers, &words) else {
            return Err((Rule::Memory, "nothing is compared".to_owned()));
        };
        let same = self.at.our(*condition) == differs;
        demand!(same, Memory, "a branch by something else than constant memory");
        // Else the next block might compare it again, and so on.
        let known = match self.facts.role(otherwise.block) {
            Some(Role::Copy(row)) => &row.known,
            _inner => self.kept.known.all(),
        };
        demand!(have_word(known, word), Memory, "what is compared is not what is loaded");
        self.lead(otherwise, (self.at.place.0, number), Vec::new())
    }

    /// The word of constant memory that an instruction reads, which the entry has found to lie in
    /// memory.
    fn word_of(&self, data: &InstData, args: &[Vn]) -> Option<(Word, Range)> {
        let Imm::Access(access) = data.imm else { return None };
        let (arg, 0) = self.behind(*args.first()?)? else { return None };
        let offset = u32::try_from(access.offset).ok()?;
        let all = [1, 2, 4, 8].map(|bytes| Word { arg, offset, bytes });
        let word = all.into_iter().find(|word| reads(data, *word))?;
        let range = Range { arg, from: offset, to: offset.checked_add(word.bytes)? };
        (u64::from(range.to) <= self.facts.memory.end(arg)).then_some((word, range))
    }

    /// Whether the block ends with a comparison of constant memory, before this instruction of the
    /// generic function.
    pub(super) fn is_refreshed(&self, number: u32) -> bool {
        let facts: &Facts<'_> = &self.facts;
        let Terminator::Branch { then, otherwise, .. } =
            &facts.body.block(self.at.block).terminator
        else {
            return false;
        };
        let role = facts.certificate.roles.get(then.block.as_u32() as usize);
        let traps = matches!(role, Some(Role::Broken));
        let goes_on = match facts.role(otherwise.block) {
            Some(Role::Copy(row)) => row.block == Some(self.at.place.0) && row.start == number,
            Some(Role::Inner(start)) => *start == number,
            _other => false,
        };
        traps && goes_on
    }
}
