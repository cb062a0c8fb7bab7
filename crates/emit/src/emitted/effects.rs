//! Instructions of both sides: the image's block as a whole, then the body's one after the other,
//! of which each effect is one of the block (E3, E4).

use super::error::{Fault, Rule, Verdict};
use super::plant::planted;
use super::walk::{Effect, Proof};
use prova_ssa::relate::Operands;
use prova_ssa::relate::walk::insts_of;
use prova_ssa::{Inst, InstData, Op, Vn};

/// Maximum number of reads that are remembered.
const READS_MAX: usize = 8;

impl Proof<'_> {
    /// An instruction of the image without effect, if it is one; else the numbers of its operands.
    pub(super) fn silent(&mut self, inst: Inst) -> Verdict<Option<Operands>> {
        let data = self.new.inst(inst);
        self.step(1 + data.results().len())?;
        let args = self.ours(data.args)?;
        match data.op {
            Op::Wasm(opcode) if data.op.effects().is_pure() => {
                let found = self.numbers.results(opcode, data.imm, &args);
                for (result, vn) in data.results().zip(found) {
                    self.news.set(result, Some(vn));
                }
                Ok(None)
            }
            Op::Wasm(_) if self.is_trivial(self.new, data, &args) => {
                let vn = args.first().copied();
                data.results().for_each(|result| self.news.set(result, vn));
                self.non_null.extend(vn);
                Ok(None)
            }
            Op::Wasm(_) => Ok(Some(args)),
            Op::Charge | Op::Poll => Ok(None),
        }
    }

    /// Numbers all of the image's block (E3: its effects are to be met).
    pub(super) fn number(&mut self) -> Verdict {
        self.effects.clear();
        self.reads.clear();
        (self.first, self.met) = (0, 0);
        for inst in insts_of(self.new, self.block).map(Inst::from_u32) {
            let Some(args) = self.silent(inst)? else { continue };
            let known = self.read(inst, &args)?;
            for result in self.new.inst(inst).results() {
                let vn = known.unwrap_or_else(|| self.numbers.leaf());
                self.news.set(result, Some(vn));
            }
            self.effects.push(Effect { inst, args, is_met: false });
        }
        Ok(())
    }

    /// The result of an effect of the image that changes nothing, if an earlier equal read has it,
    /// and nothing between has changed it (E4).
    fn read(&mut self, inst: Inst, args: &[Vn]) -> Verdict<Option<Vn>> {
        let (new, data) = (self.new, self.new.inst(inst));
        let effects = data.op.effects();
        self.step(self.reads.len())?;
        let all = &self.effects;
        let kept = |&at: &usize| new.inst(all[at].inst).op.effects().commutes(effects);
        if !planted!(ReadsKept) {
            self.reads.retain(kept);
        }
        if data.result().is_none() || !effects.commutes(effects) {
            return Ok(None);
        }
        let same = |&&at: &&usize| {
            let read = new.inst(all[at].inst);
            read.op == data.op && read.imm == data.imm && *all[at].args == *args
        };
        if let Some(&at) = self.reads.iter().find(same) {
            let result = new.inst(all[at].inst).result();
            return Ok(result.and_then(|value| self.news.get(value)));
        }
        if self.reads.len() < READS_MAX {
            self.reads.push(self.effects.len());
        }
        Ok(None)
    }

    /// Whether all effects of the image's block are met.
    pub(super) fn is_met(&self) -> bool {
        self.met == self.effects.len()
    }

    /// All effects of the image's block are met (E3).
    pub(super) fn nothing_left(&self) -> Verdict {
        match self.effects.get(self.first) {
            None => Ok(()),
            Some(_) if planted!(EffectsLeft) => Ok(()),
            Some(effect) => {
                let what = self.new.inst(effect.inst).op.mnemonic();
                Err(Fault::new(Rule::Effects, format!("{what} without counterpart")))
            }
        }
    }

    /// Takes one instruction of the body.
    pub(super) fn inst(&mut self, inst: Inst) -> Verdict {
        let data = self.old.inst(inst);
        self.step(1 + data.results().len())?;
        let Op::Wasm(opcode) = data.op else { return Ok(()) };
        let args = self.theirs(data.args)?;
        if data.op.effects().is_pure() {
            let found = args.map(|args| self.numbers.results(opcode, data.imm, &args));
            for (at, result) in data.results().enumerate() {
                self.know(result, found.map(|found| found[at.min(1)]));
            }
            return Ok(());
        }
        let Some(args) = args else {
            let what = format!("nothing says what an operand of {} is", data.op.mnemonic());
            return Err(Fault::new(Rule::Operands, what));
        };
        if self.is_trivial(self.old, data, &args) {
            data.results().for_each(|result| self.know(result, args.first().copied()));
            return Ok(());
        }
        self.meet(data, &args)
    }

    /// The effect of the image that one of the body is: the first that it may be, which commutes
    /// with all before it that are not met (E3, E4).
    fn meet(&mut self, data: &InstData, args: &[Vn]) -> Verdict {
        let (new, effects, wanted) = (self.new, data.op.effects(), data.op.mnemonic());
        let mut rule = Rule::Effects;
        for at in self.first..self.effects.len() {
            self.step(1)?;
            let effect = &self.effects[at];
            let ours = new.inst(effect.inst);
            let alike = ours.op == data.op && (ours.imm == data.imm || planted!(ImmediatesAlike));
            if effect.is_met {
                continue;
            }
            let is_same = *effect.args == *args || planted!(OperandsAlike);
            if alike && is_same && ours.results().len() == data.results().len() {
                for (our, their) in ours.results().zip(data.results()) {
                    let vn = self.news.get(our);
                    self.know(their, vn);
                }
                self.effects[at].is_met = true;
                self.met += 1;
                while self.effects.get(self.first).is_some_and(|effect| effect.is_met) {
                    self.first += 1;
                }
                return Ok(());
            }
            if alike {
                rule = Rule::Operands;
            }
            if !effects.commutes(ours.op.effects()) && !planted!(CommutesAnyway) {
                let what =
                    format!("{} where {wanted} of {:#x} is due", ours.op.mnemonic(), data.offset);
                return Err(Fault::new(rule, what));
            }
        }
        Err(Fault::new(rule, format!("{wanted} of {:#x} is not met", data.offset)))
    }
}
