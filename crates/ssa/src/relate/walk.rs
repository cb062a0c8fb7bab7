//! The walk of one block of a new body beside the part of one block of an old body that it stands
//! for: effects in order, pure operators as numbers.
//!
//! ```text
//! old block ─ instruction by instruction ─┬─ pure ─► its number, if its operands are known
//!                                         └─ else ─► the next effect of the new block (same)
//! new block ─ up to its next effect ──────── pure ─► its number
//! ```
//!
//! * W5. *Effects.* Each effect of the old part is the next one of the new block, with the same
//!   operator, the same immediates and as many results, which are new leaves on both sides. None of
//!   the new block is left at its end.
//! * W6. *Operands* of effects are known and have equal numbers.
//! * W7. *Unknown values.* A value of the old body that is not known is no operand of anything; a
//!   pure operator with one makes unknown results. A value of the new body that is not known is a
//!   new leaf.
//!
//! A proof says how the state at a block's start is known, what edges must establish, and what else
//! an instruction may be ([`Simulate`]): passes let effects be missing, and a part may go on in
//! another block of the old body. Noticed by: the twins of each user, planted faults.

use super::ends::{Ends, Payload, Unlike, pair_ends};
use super::number::Numbers;
use super::plant::planted;
use super::values::{Operands, Values};
use crate::body::{BlockData, Body, Imm, InstData, Op};
use crate::entity::{Block, Inst, List, Value};
use crate::terminator::{ArgKind, Edge};
use prova_module::Opcode;
use prova_terms::Vn;
use std::ops::Range;

/// A place of the old body: a block, and how many of its instructions are done.
pub type Place = (Block, u32);

/// Values of the old body that become something else on an edge, rising; `None` if it is unknown.
pub type Bound = Vec<(Value, Option<Vn>)>;

/// Where a walk is, and what it knows.
pub struct Walk<'c> {
    /// The old body.
    pub old: &'c Body,
    /// The new one.
    pub new: &'c Body,
    /// The numbers of both bodies' values.
    pub numbers: Numbers,
    /// Values of the old body.
    pub olds: Values,
    /// Values of the new one.
    pub news: Values,
    /// The block of the new body.
    pub block: Block,
    /// Where the block's part of the old body begins.
    pub place: Place,
    /// The instructions of the block that are still to come.
    left: Range<u32>,
    /// The next of them with an effect, once it was looked for.
    next: Option<Inst>,
}

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// W5
    Effects,
    /// W6
    Operands,
    /// Another number of results: one of the bodies is not well formed.
    Results,
    /// W7
    Unknown,
    /// T4 to T7
    Control,
    /// Another offset of an effect, or of an end that leaves or calls.
    Offsets,
}

/// The numbers of a block's instructions.
pub fn insts_of(body: &Body, block: Block) -> Range<u32> {
    let mut insts = body.block(block).insts();
    let count = insts.len() as u32;
    let first = insts.next().map_or(0, |inst| inst.as_u32());
    first..first + count
}

impl<'c> Walk<'c> {
    /// A walk that has not begun.
    pub fn new(old: &'c Body, new: &'c Body) -> Walk<'c> {
        let (olds, news) = (Values::new(old.value_count()), Values::new(new.value_count()));
        Walk::with((old, new), Numbers::default(), (olds, news))
    }

    /// A walk that has not begun, for a proof that knows all values of the old body itself, and
    /// does not come back to an earlier state.
    pub(crate) fn beside(old: &'c Body, new: &'c Body, numbers: Numbers) -> Walk<'c> {
        let values = (Values::forward(0), Values::forward(new.value_count()));
        Walk::with((old, new), numbers, values)
    }

    fn with(
        (old, new): (&'c Body, &'c Body),
        numbers: Numbers,
        (olds, news): (Values, Values),
    ) -> Walk<'c> {
        let (block, place) = (new.entry(), (old.entry(), 0));
        Walk { old, new, numbers, olds, news, block, place, left: 0..0, next: None }
    }

    /// Goes on to a block, whose part of the old body begins at a place.
    pub fn enter(&mut self, block: Block, place: Place) {
        (self.block, self.place) = (block, place);
        self.left = insts_of(self.new, block);
        self.next = None;
    }

    /// New leaves for the parameters of the block; gives them.
    pub fn params(&mut self) -> Vec<Vn> {
        let params = self.new.block(self.block).params();
        let leaves = params.map(|param| {
            let leaf = self.numbers.leaf();
            self.news.set(param, Some(leaf));
            leaf
        });
        leaves.collect()
    }

    /// The number of a value of the new body (W7).
    pub fn our(&mut self, value: Value) -> Vn {
        match self.news.get(value) {
            Some(vn) => vn,
            None => {
                let leaf = self.numbers.leaf();
                self.news.set(value, Some(leaf));
                leaf
            }
        }
    }

    /// The instructions of the block that are still to come.
    pub fn to_come(&self) -> impl ExactSizeIterator<Item = Inst> + use<> {
        self.left.clone().map(Inst::from_u32)
    }

    /// Goes on behind the effect that stands next.
    pub fn done(&mut self) {
        self.next = None;
    }

    /// Gives the results of a pure instruction of the new body their numbers.
    pub fn bind(&mut self, inst: Inst) {
        let data = self.new.inst(inst);
        let mut args = Operands::default();
        for &value in self.new.operands(data.args) {
            args.push(self.our(value));
        }
        let Op::Wasm(opcode) = data.op else { return };
        for (result, vn) in data.results().zip(self.numbers.results(opcode, data.imm, &args)) {
            self.news.set(result, Some(vn));
        }
    }
}

/// A proof that walks blocks of two bodies side by side.
pub trait Simulate<'c>: Sized {
    /// A rule that is broken.
    type Fault;

    /// Whether effects, and ends that leave or call, keep their places in the module.
    const KEEPS_OFFSETS: bool;

    /// The walk.
    fn at(&self) -> &Walk<'c>;

    /// The walk, to go on.
    fn at_mut(&mut self) -> &mut Walk<'c>;

    /// The fault of a rule that is broken.
    fn broken(&self, broken: Broken, what: String) -> Self::Fault;

    /// Takes steps.
    ///
    /// # Errors
    /// If there are not as many left.
    fn spend(&self, steps: usize) -> Result<(), Self::Fault>;

    /// Demands that an edge of the new body establishes the row that it leads to, where the old
    /// body takes an edge.
    ///
    /// # Errors
    /// If it does not.
    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Result<(), Self::Fault>;

    /// The number of a value of the old body, if that is known.
    fn known(&self, old: Value) -> Option<Vn> {
        self.at().olds.get(old)
    }

    /// The immediates of an operator of the old body, as the new one has them.
    ///
    /// # Errors
    /// If the new body cannot have them.
    fn imm(&self, _opcode: Opcode, imm: Imm) -> Result<Imm, Self::Fault> {
        Ok(imm)
    }

    /// One instruction of the old body by its number in its block; true if the part ends there.
    ///
    /// # Errors
    /// If the new block does something else.
    fn inst(&mut self, _number: u32, inst: Inst) -> Result<bool, Self::Fault> {
        let data = self.at().old.inst(inst);
        self.spend(1 + data.args.len() + data.results().len())?;
        if !self.pure(data)? {
            let args = self.theirs(data.args)?;
            self.same(data, &args)?;
        }
        Ok(false)
    }

    /// Whether the part goes on in another block of the old body, where the walk is behind the last
    /// instruction of one; then the walk is there.
    ///
    /// # Errors
    /// If it would go round.
    fn goes_on(&mut self) -> Result<bool, Self::Fault> {
        Ok(false)
    }

    /// The end of the old block.
    ///
    /// # Errors
    /// If the new block has another effect, or ends in another way.
    fn end(&mut self) -> Result<(), Self::Fault> {
        self.nothing_left()?;
        self.ends()
    }

    /// Both blocks end alike, behind their effects.
    ///
    /// # Errors
    /// If they do not.
    fn ends(&mut self) -> Result<(), Self::Fault> {
        let (old_body, new_body) = (self.at().old, self.at().new);
        let old = old_body.block(self.at().place.0);
        let new = new_body.block(self.at().block);
        let mut ends = Beside { proof: self, old, new };
        pair_ends(&mut ends, (old_body, &old.terminator), (new_body, &new.terminator))
    }

    /// Demands that something of the new body has its place in the module.
    ///
    /// # Errors
    /// If that matters and it has another.
    fn offset(&self, given: u32, offset: u32) -> Result<(), Self::Fault> {
        if given == offset || !Self::KEEPS_OFFSETS {
            return Ok(());
        }
        Err(self.broken(Broken::Offsets, format!("{given:#x}, not {offset:#x}")))
    }

    /// Walks the block; `offset` is where it is in the old body.
    ///
    /// # Errors
    /// If the new block does something else than the old part.
    fn walk(&mut self, offset: &mut Option<u32>) -> Result<(), Self::Fault> {
        let old = self.at().old;
        loop {
            let (block, start) = self.at().place;
            let insts = insts_of(old, block);
            for inst in insts.clone().skip(start as usize).map(Inst::from_u32) {
                *offset = Some(old.inst(inst).offset);
                if self.inst(inst.as_u32() - insts.start, inst)? {
                    return Ok(());
                }
            }
            *offset = Some(old.block(block).end);
            if !self.goes_on()? {
                return self.end();
            }
        }
    }

    /// The number of a value of the old body, which must be known (W7).
    ///
    /// # Errors
    /// If it is not.
    fn their(&self, value: Value) -> Result<Vn, Self::Fault> {
        let unknown = || self.broken(Broken::Unknown, format!("nothing says what {value} is"));
        self.known(value).ok_or_else(unknown)
    }

    /// The numbers of operands of the old body.
    ///
    /// # Errors
    /// If one is not known.
    fn theirs(&self, list: List<Value>) -> Result<Operands, Self::Fault> {
        let mut all = Operands::default();
        self.spend(list.len())?;
        for &value in self.at().old.operands(list) {
            all.push(self.their(value)?);
        }
        Ok(all)
    }

    /// The numbers of operands of the new body.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn ours(&mut self, list: List<Value>) -> Result<Operands, Self::Fault> {
        let mut all = Operands::default();
        self.spend(list.len())?;
        for &value in self.at().new.operands(list) {
            all.push(self.at_mut().our(value));
        }
        Ok(all)
    }

    /// The results of an instruction of the old body, if it is pure; false if it is not.
    ///
    /// # Errors
    /// If its operator is none of the new body.
    fn pure(&mut self, data: &InstData) -> Result<bool, Self::Fault> {
        let Op::Wasm(opcode) = data.op else { return Ok(false) };
        if !data.op.effects().is_pure() {
            return Ok(false);
        }
        let (old, mut args) = (self.at().old, Operands::default());
        let operands = old.operands(data.args);
        // The results of an operator with an unknown operand are unknown (W7). What was known of
        // them is of an earlier execution.
        for vn in operands.iter().map_while(|&value| self.known(value)) {
            args.push(vn);
        }
        let imm = self.imm(opcode, data.imm)?;
        let walk = self.at_mut();
        if args.len() < operands.len() {
            data.results().for_each(|result| walk.olds.set(result, None));
            return Ok(true);
        }
        for (result, vn) in data.results().zip(walk.numbers.results(opcode, imm, &args)) {
            walk.olds.set(result, Some(vn));
        }
        Ok(true)
    }

    /// The next instruction of the block that has an effect.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn effect(&mut self) -> Result<Option<Inst>, Self::Fault> {
        while self.at().next.is_none() {
            let Some(inst) = self.at_mut().left.next().map(Inst::from_u32) else {
                return Ok(None);
            };
            let data = self.at().new.inst(inst);
            if data.op.effects().is_pure() {
                self.spend(1 + data.args.len() + data.results().len())?;
                self.at_mut().bind(inst);
            } else {
                self.at_mut().next = Some(inst);
            }
        }
        Ok(self.at().next)
    }

    /// Says what the pure instructions to come make, as far as that does not depend on effects to
    /// come: what is bound too early here is bound again in its turn.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn bind_ahead(&mut self) -> Result<(), Self::Fault> {
        self.spend(self.at().to_come().len())?;
        for inst in self.at().to_come() {
            let data = self.at().new.inst(inst);
            if data.op.effects().is_pure() {
                self.spend(1 + data.args.len() + data.results().len())?;
                self.at_mut().bind(inst);
            }
        }
        Ok(())
    }

    /// Whether the next effect of the block is this one of the old body.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn stands_next(&mut self, data: &InstData, args: &[Vn]) -> Result<bool, Self::Fault> {
        let Some(inst) = self.effect()? else { return Ok(false) };
        let ours = self.at().new.inst(inst);
        let imm = wanted(self, data)?;
        Ok(ours.op == data.op && ours.imm == imm && *self.ours(ours.args)? == *args)
    }

    /// The next effect of the block is this one of the old body (W5, W6).
    ///
    /// # Errors
    /// If it is another.
    fn same(&mut self, data: &InstData, args: &[Vn]) -> Result<(), Self::Fault> {
        let wanted_name = data.op.mnemonic();
        let Some(inst) = self.effect()? else {
            return Err(self.broken(Broken::Effects, format!("`{wanted_name}` is missing")));
        };
        let ours = self.at().new.inst(inst);
        let imm = wanted(self, data)?;
        let found = ours.op.mnemonic();
        if ours.op != data.op || ours.imm != imm && !planted!(ImmediatesAlike) {
            let what = format!("{inst} is `{found}`, or has other immediates, for `{wanted_name}`");
            return Err(self.broken(Broken::Effects, what));
        }
        if *self.ours(ours.args)? != *args {
            let what = format!("{inst}, `{found}`, has other operands");
            return Err(self.broken(Broken::Operands, what));
        }
        self.offset(ours.offset, data.offset)?;
        if ours.results().len() != data.results().len() {
            let what = format!("{inst} has {} results", ours.results().len());
            return Err(self.broken(Broken::Results, what));
        }
        let walk = self.at_mut();
        for (our, their) in ours.results().zip(data.results()) {
            let leaf = walk.numbers.leaf();
            walk.news.set(our, Some(leaf));
            walk.olds.set(their, Some(leaf));
        }
        walk.next = None;
        Ok(())
    }

    /// No effect of the block is left (W5).
    ///
    /// # Errors
    /// If there is one.
    fn nothing_left(&mut self) -> Result<(), Self::Fault> {
        match self.effect()? {
            None => Ok(()),
            Some(_) if planted!(EffectsLeft) => Ok(()),
            Some(inst) => {
                let what =
                    format!("`{}` where no effect was", self.at().new.inst(inst).op.mnemonic());
                Err(self.broken(Broken::Effects, what))
            }
        }
    }

    /// The parameters of the block that an edge of the old body leads to, with what they become on
    /// the way. A payload is of this edge alone: it is known if that is `within` the edge.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn bound(&self, their: &Edge, within: bool) -> Result<Bound, Self::Fault> {
        let old = self.at().old;
        let params = old.block(their.block).params();
        self.spend(1 + params.len())?;
        let args = old.args(their).iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.known(value),
            ArgKind::Payload(number) => within.then(|| Numbers::payload(number)),
        });
        Ok(params.zip(args).collect())
    }

    /// The arguments of an edge of the new body.
    ///
    /// # Errors
    /// If it takes too many steps.
    fn given(&mut self, our: &Edge) -> Result<Vec<Vn>, Self::Fault> {
        let args = self.at().new.args(our);
        self.spend(args.len())?;
        let given = args.iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.at_mut().our(value),
            ArgKind::Payload(number) => Numbers::payload(number),
        });
        Ok(given.collect())
    }
}

/// The immediates of an instruction of the old body, as the new one has them.
fn wanted<'c, S: Simulate<'c>>(proof: &S, data: &InstData) -> Result<Imm, S::Fault> {
    match data.op {
        Op::Wasm(opcode) => proof.imm(opcode, data.imm),
        Op::Charge | Op::Poll => Ok(data.imm),
    }
}

/// The ends of a block of each body, behind their walk.
struct Beside<'s, 'c, S> {
    proof: &'s mut S,
    old: &'c BlockData,
    new: &'c BlockData,
}

impl<'c, S: Simulate<'c>> Ends for Beside<'_, 'c, S> {
    type Fault = S::Fault;

    fn unlike(&self, unlike: Unlike, what: String) -> S::Fault {
        let broken = match unlike {
            Unlike::Control | Unlike::Handler => Broken::Control,
            Unlike::Operands => Broken::Operands,
        };
        self.proof.broken(broken, what)
    }

    fn equal(&mut self, old: Value, new: Value) -> Result<(), S::Fault> {
        self.proof.spend(1)?;
        if self.proof.their(old)? == self.proof.at_mut().our(new) {
            return Ok(());
        }
        Err(self.proof.broken(Broken::Operands, format!("{new} is not what {old} is")))
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Result<(), S::Fault> {
        self.proof.edge(old, new, payload)
    }

    fn condition(&mut self, old: Value, new: Value) -> Result<bool, S::Fault> {
        let (was, is) = (self.proof.their(old)?, self.proof.at_mut().our(new));
        let numbers = &mut self.proof.at_mut().numbers;
        let ((was, positive), (is, same)) = (numbers.truth(was), numbers.truth(is));
        if was == is {
            return Ok(positive != same);
        }
        Err(self.proof.broken(Broken::Operands, format!("{new} is no condition that {old} is")))
    }

    fn offsets(&self) -> Result<(), S::Fault> {
        self.proof.offset(self.new.end, self.old.end)
    }

    fn imm(&self, opcode: Opcode, imm: Imm) -> Result<Imm, S::Fault> {
        self.proof.imm(opcode, imm)
    }

    fn old_constant(&self, value: Value) -> Option<u64> {
        self.proof.at().numbers.as_const(self.proof.known(value)?)
    }

    fn new_constant(&self, value: Value) -> Option<u64> {
        let walk = self.proof.at();
        walk.numbers.as_const(walk.news.get(value)?)
    }
}
