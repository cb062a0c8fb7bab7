//! Where code is left: returns, calls, tail calls, and what a call is answered.
//!
//! An answer is what a callee may do at most: results of its type, anything in the registers that
//! it need not give back and in its arguments, other contents of globals, tables and argument
//! cells, longer memories and tables, a list of functions elsewhere, other code for functions,
//! less fuel.

use super::module::{Home, Names, RefTy, Signature, Ty, Which};
use super::rule::{Broken, Rule};
use super::run::{End, Run};
use super::tracee::Regs;
use super::world::{CODE, MEMORIES, MEMORY_STRIDE, RETURN, Target, What, landing};
use prova_check::builtins::{PERFORMED, Performs};
use prova_check::{Bases, Clause, CodeKind, Says};

/// rbx, rbp, r12 to r15.
const GIVEN_BACK: [usize; 6] = [3, 5, 12, 13, 14, 15];

/// Callers' registers that a callee may change.
const TAKEN: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];

impl Run<'_> {
    /// Registers are as at entry.
    fn gives_back(&self) -> Result<(), Broken> {
        for r in GIVEN_BACK {
            if self.regs.general[r] != self.first.general[r] {
                return self.broken(Rule::Return, format!("register {r} is another"));
            }
        }
        // The flag of direction, and the mode of floating point.
        if self.regs.flags & 0x400 != 0 || self.stage.tracee.float_control() != 0x1f80 {
            return self.broken(Rule::Return, "a mode of the processor is another");
        }
        Ok(())
    }

    /// Behind a `ret`.
    pub(crate) fn returned(&mut self) -> Result<End, Broken> {
        if self.regs.rip != RETURN || self.regs.general[4] != self.top {
            let sp = self.regs.general[4].wrapping_sub(self.top) as i64;
            let what = format!("to {:#x}, with the stack pointer {sp:+} off", self.regs.rip);
            return self.broken(Rule::Return, what);
        }
        self.gives_back()?;
        if let CodeKind::ThunkIn(_) | CodeKind::Loop { .. } = self.subject.kind {
            let results = &self.world.types[self.world.funcs[self.own].ty].results;
            return self.cells_hold(results).map(|()| End::Returned);
        }
        for (ty, home) in self.signature.results() {
            self.holds(ty, home, 0)?;
        }
        self.tell_results();
        Ok(End::Returned)
    }

    /// A value of a type lies at a home; stack homes count from `stack`.
    fn holds(&self, ty: Ty, home: Home, stack: u64) -> Result<(), Broken> {
        let Ty::Ref(ty) = ty else { return Ok(()) };
        let value = match home {
            Home::General(r) => self.regs.general[r],
            Home::Stack(at) => self.stage.tracee.word(stack + at),
            Home::Vector(_) => return Ok(()),
        };
        if !self.world.is_ref(value, ty) {
            return self.broken(Rule::Reference, format!("{value:#x} is given for {ty:?}"));
        }
        Ok(())
    }

    /// References of these types lie in the argument cells.
    fn cells_hold(&self, types: &[Ty]) -> Result<(), Broken> {
        for (ty, cell) in Signature::cells(types) {
            self.holds(ty, Home::Stack(8 * cell), self.world.args)?;
        }
        Ok(())
    }

    /// The height that is passed; what was taken off it counts for the frame.
    fn height(&mut self, whole: bool) -> Result<(), Broken> {
        let passed = self.regs.general[6];
        let Some(taken) = self.height.checked_sub(passed) else {
            return self.broken(Rule::Height, format!("{passed:#x}, of {:#x}", self.height));
        };
        let thunk = matches!(self.subject.kind, CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_));
        if !(taken == 0 && (thunk || whole)) {
            self.charge = Some(self.charge.map_or(taken, |charge| charge.min(taken)));
        }
        Ok(())
    }

    fn call_is_metered(&self) -> Result<(), Broken> {
        // Code of a loop is nobody's callee.
        let func = matches!(self.subject.kind, CodeKind::Func(_));
        if self.is_metered() && func && !self.metered {
            return self.broken(Rule::Metering, "a call before a charge or a poll");
        }
        Ok(())
    }

    /// A function's own record is in rdi, and its arguments lie where it takes them from; gives
    /// the bytes of those on the stack. `sp` is where the return address lies.
    fn passes_arguments(&self, to: usize, sp: u64) -> Result<u64, Broken> {
        if self.regs.general[7] != self.world.funcs[to].record {
            return self.broken(Rule::Call, format!("rdi is {:#x}", self.regs.general[7]));
        }
        let (arguments, bytes) = self.world.types[self.world.funcs[to].ty].arguments();
        if sp + 8 + bytes > self.top || !(sp + 8).is_multiple_of(16) {
            return self.broken(Rule::Call, format!("the stack has no {bytes} bytes of arguments"));
        }
        for (ty, home) in arguments {
            self.holds(ty, home, sp)?;
        }
        Ok(bytes)
    }

    /// Behind a `call`, at the entry of what was called.
    pub(crate) fn call(&mut self, to: Target) -> Result<Option<End>, Broken> {
        let sp = self.regs.general[4];
        let back = self.stage.tracee.word(sp);
        let row = self.subject.calls.iter().any(|row| CODE + u64::from(row.return_offset) == back);
        if !row {
            return self.broken(Rule::Row, "a call without a row");
        }
        if !self.is_chained(sp + 8) {
            return self.broken(Rule::Chain, "a call without a frame");
        }
        if to != Target::Builtin(2) {
            self.height(false)?;
        }
        self.tell_call(to, sp);
        let (bytes, results, cells) = match to {
            Target::Func(to) => {
                let other = match self.subject.kind {
                    CodeKind::ThunkOut(_) => true,
                    CodeKind::ThunkIn(_) => to != self.own,
                    CodeKind::Func(_) | CodeKind::Loop { .. } | CodeKind::Way(_) => false,
                };
                if other {
                    return self.broken(Rule::Call, "a thunk calls another function");
                }
                self.call_is_metered()?;
                let bytes = self.passes_arguments(to, sp)?;
                (bytes, self.world.types[self.world.funcs[to].ty].results(), Vec::new())
            }
            Target::Builtin(n) => {
                let Some(cells) = self.builtin(n, sp)? else {
                    let lands = n == 3 && self.lands((back, sp + 8), 0, 80);
                    return Ok(if lands { None } else { Some(End::Stopped) });
                };
                (0, vec![(Ty::I64, Home::General(0))], cells)
            }
        };
        if matches!(to, Target::Func(_)) && self.lands((back, sp + 8), bytes, 30) {
            return Ok(None);
        }
        self.answer((back, sp), bytes, &results, &cells);
        Ok(None)
    }

    /// Lets the called function throw, in `percent` of all cases, to some clause of the call, if it
    /// has one: the stack pointer is as before the call, the frame pointer too, the cells hold what
    /// the clause gets, anything is in all other registers.
    fn lands(&mut self, (back, at): (u64, u64), bytes: u64, percent: usize) -> bool {
        let clauses = self.subject.calls.iter().filter_map(|row| match row.says {
            Says::Clause(clause) if CODE + u64::from(row.return_offset) == back => Some(clause),
            Says::Clause(_) | Says::Operator(_) | Says::Root(_) => None,
        });
        let clauses: Vec<Clause> = clauses.collect();
        if clauses.is_empty() || !self.rng.percent(percent) {
            return false;
        }
        // The arguments are the callee's, whether it comes back or not.
        let arguments = self.rng.bytes(usize::try_from(bytes).expect("little"));
        self.stage.tracee.write(at, &arguments);
        let clause = *self.rng.pick(&clauses);
        let mut types = match clause.tag {
            Some(tag) => {
                let ty = self.world.module.tags[tag as usize];
                self.world.types[ty as usize].params.clone()
            }
            None => Vec::new(),
        };
        if clause.with_ref {
            let ty = RefTy { names: Names::Exn, which: Which::Any, nullable: false };
            types.push(Ty::Ref(ty));
        }
        let mut regs = self.regs;
        for r in (0..16).filter(|r| !matches!(r, 4 | 5)) {
            regs.general[r] = self.world.number(&mut self.rng);
        }
        regs.flags = 0x202 | self.rng.bits() & 0x8d5;
        self.changes();
        self.fill_cells(&types);
        let vectors = self.vectors();
        regs.general[4] = regs.general[5].wrapping_sub(clause.frame_bytes.into());
        regs.rip = CODE + u64::from(clause.landing);
        self.stage.tracee.set_vectors(&vectors);
        self.stage.tracee.set_regs(&regs);
        self.regs = regs;
        true
    }

    /// The frame pointer leads to what it was at entry, and to the return address behind it; the
    /// stack begins at `low`.
    fn is_chained(&self, low: u64) -> bool {
        let (at, word) = (self.regs.general[5], |at| self.stage.tracee.word(at));
        let lies = self.is_stack(at) && at >= low && at + 16 <= self.top;
        lies && (word(at), word(at + 8)) == (self.first.general[5], RETURN)
    }

    /// The frame pointer where code stops: the caller's will do, where the caller has one.
    pub(crate) fn stops_in_chain(&self) -> Result<(), Broken> {
        let way_in = matches!(self.subject.kind, CodeKind::ThunkIn(_) | CodeKind::Loop { .. });
        let callers = self.regs.general[5] == self.first.general[5] && !way_in;
        if callers || self.is_chained(self.regs.general[4]) {
            return Ok(());
        }
        self.broken(Rule::Chain, format!("rbp is {:#x} where code stops", self.regs.general[5]))
    }

    /// A builtin: the types of what it leaves in the cells; none if it does not return.
    fn builtin(&self, n: u64, sp: u64) -> Result<Option<Vec<Ty>>, Broken> {
        let own = self.regs.general[7] == self.world.context;
        let other = self.regs.general[7] == self.world.foreign;
        if !(own || other && n != 1) || !(sp + 8).is_multiple_of(16) {
            return self
                .broken(Rule::Call, format!("builtin {n} with {:#x}", self.regs.general[7]));
        }
        if n == 2 {
            return Ok(None);
        }
        if n == 3 {
            self.throws(own)?;
            return Ok(None);
        }
        if n == 0 {
            let own = &self.world.funcs[self.own];
            let way_out = matches!(self.subject.kind, CodeKind::ThunkOut(_));
            if !way_out || self.regs.general[2] != own.record {
                return self.broken(Rule::Call, "the builtin `call` gets another's record");
            }
            if self.regs.general[7] != self.stage.tracee.word(own.record + 8) {
                return self.broken(Rule::Call, "the builtin `call` gets another's context");
            }
            let ty = &self.world.types[own.ty];
            self.cells_hold(&ty.params)?;
            return Ok(Some(ty.results.clone()));
        }
        let opcode = self.regs.general[2];
        let Some(performed) = PERFORMED.iter().find(|row| u64::from(row.opcode) == opcode) else {
            return self.broken(Rule::Call, format!("`perform` of {opcode:#x}"));
        };
        if let Performs::Object(gives) = performed.rule {
            let (first, second) = (self.regs.general[1], self.regs.general[8]);
            return Ok(Some(self.world.module.given(gives, first, second)));
        }
        if let Performs::Element(cell) = performed.rule {
            let table = usize::try_from(self.regs.general[1]).ok();
            let Some(table) = table.and_then(|table| self.world.module.tables.get(table)) else {
                return self.broken(Rule::Call, "`perform` on no table");
            };
            self.holds(Ty::Ref(table.ty), Home::Stack(8 * u64::from(cell)), self.world.args)?;
        }
        Ok(Some(Vec::new()))
    }

    /// The builtin `throw`: a tag and its values, or a reference to an exception.
    fn throws(&self, own: bool) -> Result<(), Broken> {
        let tag = self.regs.general[2];
        let any = RefTy { names: Names::Exn, which: Which::Any, nullable: true };
        let values = match usize::try_from(tag).ok().and_then(|tag| self.world.module.tags.get(tag))
        {
            Some(&ty) => self.world.types[ty as usize].params.clone(),
            None if tag == u64::MAX => vec![Ty::Ref(any)],
            None => return self.broken(Rule::Call, format!("a throw of tag {tag:#x}")),
        };
        if !own {
            return self.broken(Rule::Call, "a throw with another's context");
        }
        self.cells_hold(&values)
    }

    /// Behind a jump to a function's entry.
    pub(crate) fn tail_call(&mut self, to: usize) -> Result<End, Broken> {
        if !matches!(self.subject.kind, CodeKind::Func(_)) {
            return self.broken(Rule::Call, "a thunk leaves by a tail call");
        }
        self.call_is_metered()?;
        self.height(true)?;
        self.gives_back()?;
        let sp = self.regs.general[4];
        if !self.is_stack(sp) || self.stage.tracee.word(sp) != RETURN {
            return self.broken(Rule::Return, "no return address on the stack");
        }
        let bytes = self.passes_arguments(to, sp)?;
        if sp + 8 + bytes != self.top {
            return self.broken(Rule::Return, "the arguments are not taken off the stack");
        }
        let module = &self.world.module;
        let given = &self.world.types[self.world.funcs[to].ty].results;
        let wanted = &self.signature.results;
        let fit = given.iter().zip(wanted).all(|(given, wanted)| module.takes(*wanted, *given));
        if given.len() != wanted.len() || !fit {
            return self.broken(Rule::Call, "the callee's results are others");
        }
        self.tell_call(Target::Func(to), sp);
        Ok(End::TailCalled)
    }

    /// Simulates a callee: its changes and results, then the return.
    fn answer(&mut self, (back, sp): (u64, u64), bytes: u64, results: &[(Ty, Home)], cells: &[Ty]) {
        let mut regs = self.regs;
        for r in TAKEN {
            regs.general[r] = self.world.number(&mut self.rng);
        }
        regs.flags = 0x202 | self.rng.bits() & 0x8d5;
        let arguments = self.rng.bytes(usize::try_from(bytes).expect("little"));
        self.stage.tracee.write(sp + 8, &arguments);
        self.changes();
        self.fill_cells(cells);
        let mut vectors = self.vectors();
        self.results(results, &mut regs, &mut vectors);
        regs.general[4] = sp + 8 + bytes;
        regs.rip = back;
        self.stage.tracee.set_vectors(&vectors);
        self.stage.tracee.set_regs(&regs);
        self.regs = regs;
    }

    fn results(&mut self, list: &[(Ty, Home)], regs: &mut Regs, vectors: &mut [[u32; 4]; 16]) {
        for &(ty, home) in list {
            self.give(ty, home, regs, vectors, &mut []);
        }
    }

    /// Changes the store as other code may while a callee runs.
    fn changes(&mut self) {
        for n in 0..self.world.memories.len() {
            let (record, _, len, _) = self.world.memories[n];
            let more = *self.rng.pick(&[0_u64, 0, 1, 3]) << 16;
            let max = self.world.module.memories[n].max;
            let new = (len + more).min(max.max(len));
            self.world.memories[n].2 = new;
            let stays = self.world.module.memories[n].heap;
            let moves = self.subject.bases == Bases::MayMove && self.rng.percent(60) && !stays;
            if moves {
                let (from, to, words) = self.world.move_memory(n);
                self.stage.resize(from, 0);
                self.stage.resize(to, new);
                let base = self.world.memories[n].1;
                words.iter().for_each(|&word| self.stage.tracee.write(word, &base.to_le_bytes()));
            } else {
                let place = (self.world.memories[n].1 - MEMORIES) / MEMORY_STRIDE;
                self.stage.resize(usize::try_from(place).expect("few places"), new);
            }
            self.stage.tracee.write(record + 8, &new.to_le_bytes());
            // The copy in the context may be a length of before (L4).
            if self.rng.percent(50) {
                self.stage.tracee.write(self.world.lens + 8 * n as u64, &new.to_le_bytes());
            }
        }
        for n in 0..self.world.tables.len() {
            let moves = self.subject.bases == Bases::MayMove && self.rng.percent(60);
            if moves {
                let words = self.world.move_table(n);
                let base = self.world.tables[n].1;
                words.iter().for_each(|&word| self.stage.tracee.write(word, &base.to_le_bytes()));
            }
            let (record, base, len) = self.world.tables[n];
            let table = self.world.module.tables[n];
            let new = (len + self.rng.below(3) as u64).min(table.max.max(len)).min(table.min + 16);
            self.world.tables[n].2 = new.max(len);
            self.stage.tracee.write(record + 8, &new.max(len).to_le_bytes());
            let all: Vec<u8> = (0..new.max(len).min(64))
                .flat_map(|_| self.world.reference(table.ty, &mut self.rng).to_le_bytes())
                .collect();
            // References beyond the first ones stay; new elements are references as well.
            self.stage.tracee.write(base, &all);
            let from = if moves { 64 } else { len.max(64) };
            for element in from..new.max(len) {
                let value = self.world.reference(table.ty, &mut self.rng);
                self.stage.tracee.write(base + 8 * element, &value.to_le_bytes());
            }
        }
        for region in self.world.regions.clone() {
            if let What::Global(ty, true) = region.what {
                let value = self.world.value(ty, &mut self.rng);
                self.stage.tracee.write(region.start, &value.to_le_bytes());
            }
        }
        for (at, bytes) in self.world.move_list(Some(&mut self.rng)) {
            self.stage.tracee.write(at, &bytes);
        }
        for address in 0..self.world.funcs.len().min(64) {
            let entry = landing(address) + 32 * self.rng.below(2) as u64;
            self.stage.tracee.write(self.world.funcs[address].record, &entry.to_le_bytes());
        }
        let fuel = self.stage.tracee.word(self.world.store);
        let less = self.rng.below(10) as u64;
        self.set_fuel(fuel.saturating_add(less));
        let now = self.stage.tracee.word(self.world.epoch);
        let later = now.saturating_add(self.rng.below(2) as u64);
        self.stage.tracee.write(self.world.epoch, &later.to_le_bytes());
    }
}
