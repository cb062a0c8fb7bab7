//! Blocks and edges (C5, C7 to C11).

use super::error::{Fault, Rule, Verdict};
use super::straight::non_null;
use super::variable::{From, Left};
use super::{Check, place};
use crate::body::{Origin, Place};
use crate::entity::{Block, Inst, List, Value};
use crate::terminator::{Arg, Edge, Terminator};
use prova_module::walk::{Exit, How, Site};
use prova_module::{Operator, ValType};

/// The head that a block must have.
pub(super) struct Head<'t> {
    pub(super) origin: Origin,
    pub(super) offset: u32,
    /// The types of its label's values.
    pub(super) types: &'t [ValType],
    /// The height of the stack below them, where they lie on it.
    pub(super) base: Option<u32>,
}

/// The block that control comes to when it does not take a branch.
pub(super) fn after(offset: u32) -> Head<'static> {
    Head { origin: Origin::After, offset, types: &[], base: None }
}

/// The values that go along an edge.
pub(super) enum Along<'v> {
    Values(&'v [Value]),
    /// This number of payloads.
    Payloads(u32),
    /// Values, then payload 0.
    Refined(&'v [Value]),
}

impl Along<'_> {
    fn at(&self, number: u32) -> Option<Arg> {
        let value = |values: &[Value]| values.get(number as usize).map(|&value| Arg::from(value));
        match self {
            Along::Values(values) => value(values),
            Along::Payloads(count) => (number < *count).then(|| Arg::payload(number)),
            Along::Refined(values) if number as usize == values.len() => Some(Arg::payload(0)),
            Along::Refined(values) => value(values),
        }
    }
}

impl Check<'_, '_> {
    /// A block is what its hints say, or they say nothing (C5, C7).
    pub(super) fn head(&self, block: Block, origin: Origin, offset: u32) -> Verdict {
        let data = self.body.block(block);
        let right = data.origin == origin || data.origin == Origin::None;
        demand!(right, Blocks, "{block} is {:?}, not {origin:?}", data.origin);
        let given = data.offset;
        demand!(given == offset, Offsets, "{block} has offset {given:#x}, not {offset:#x}");
        Ok(())
    }

    /// A block to which a first edge leads (C10).
    pub(super) fn declare(&mut self, block: Block, head: &Head<'_>) -> Verdict {
        let exists = (block.as_u32() as usize) < self.body.block_count();
        demand!(exists, Targets, "an edge to {block}, which is not there");
        self.head(block, head.origin, head.offset)?;
        let params = self.body.block(block).params();
        let (count, least) = (params.len(), head.types.len());
        demand!(count >= least, Parameters, "{block} has {count} parameters for {least} values");
        let mut before = None;
        for (number, value) in (0..).zip(params) {
            let (given, place) = (self.body.value(value).ty, place(self.body, value));
            if let Some(&ty) = head.types.get(number as usize) {
                demand!(given == ty, Parameters, "{value} is of type {given}, not {ty}");
                let stack = head.base.map(|base| Place::Stack(base + number));
                let right = place == Place::None || Some(place) == stack;
                demand!(right, Parameters, "{value} stands for {place:?}");
                continue;
            }
            let Place::Local(local) = place else {
                let what = format!("{value} of {block} stands for {place:?}, not for a local");
                return Err(Fault::new(Rule::Parameters, what));
            };
            demand!(before < Some(local), Parameters, "{value} of {block} out of order");
            let ty = self.locals.types.get(local as usize);
            demand!(ty == Some(&given), Parameters, "{value} of {block} is of type {given}");
            before = Some(local);
        }
        self.locals.declare(block, least as u32);
        Ok(())
    }

    /// An edge to a block that is declared (C11).
    pub(super) fn arguments(&mut self, edge: &Edge, along: &Along<'_>, from: From) -> Verdict {
        let block = edge.block;
        let params = self.body.block(block).params();
        let args = pool(&self.body.args, edge.args)?;
        let (given, expected) = (args.len(), params.len());
        demand!(
            given == expected,
            Arguments,
            "{given} arguments for {expected} parameters of {block}"
        );
        let values = self.locals.values_of(block);
        for ((number, param), &arg) in (0..).zip(params).zip(args) {
            let right = match place(self.body, param) {
                _ if number < values => along.at(number),
                Place::Local(local) => Some(self.locals.along(local, from)?.into()),
                Place::None | Place::Stack(_) => None,
            };
            demand!(right == Some(arg), Arguments, "{arg} for {param} of {block}, not {right:?}");
        }
        demand!(along.at(values).is_none(), Arguments, "more values than {block} has parameters");
        self.locals.add_edge(block, from);
        Ok(())
    }

    /// An edge to a block that no other edge leads to.
    pub(super) fn only_edge(&mut self, edge: &Edge, head: &Head<'_>, along: &Along<'_>) -> Verdict {
        self.declare(edge.block, head)?;
        let from = From::Point(self.locals.point(self.offset));
        self.arguments(edge, along, from)
    }

    /// An edge to a label (C9).
    pub(super) fn label_edge(
        &mut self,
        edge: &Edge,
        index: usize,
        along: &Along<'_>,
        from: From,
    ) -> Verdict {
        let label = self.label(index)?;
        match label.block {
            Some(block) => {
                let given = edge.block;
                demand!(given == block, Targets, "an edge to {given}, not to {block}");
            }
            None => {
                label.block = Some(edge.block);
                let (types, kind, offset, base) = (label.types, label.kind, label.to, label.base);
                let origin = Origin::Label(index as u32);
                let head = Head { origin, offset, types: types.label(kind), base: Some(base) };
                self.declare(edge.block, &head)?;
            }
        }
        self.arguments(edge, along, from)
    }

    pub(super) fn this_place(&self) -> From {
        From::Point(self.locals.point(self.offset))
    }

    /// Goes on in a block (C7); from here on locals are its parameters, where it has some.
    pub(super) fn begin(&mut self, block: Block, pos: u32) -> Verdict {
        self.comes(block)?;
        let data = self.body.block(block);
        let first = data.insts().next().map_or(0, |inst: Inst| inst.as_u32());
        self.insts = first..first + data.insts().len() as u32;
        self.block = Some(block);
        self.here = self.block;
        for value in data.params().skip(self.locals.values_of(block) as usize) {
            if let Place::Local(local) = place(self.body, value) {
                self.locals.param(local, pos, value);
            }
        }
        Ok(())
    }

    /// A block is the next one.
    pub(super) fn comes(&mut self, block: Block) -> Verdict {
        let next = self.begun;
        demand!(block.as_u32() == next, Blocks, "{block} where block{next} is due");
        self.begun += 1;
        Ok(())
    }

    /// The parameters of a block for its label's values.
    pub(super) fn values_of(&self, block: Block) -> impl Iterator<Item = Value> + use<> {
        self.body.block(block).params().take(self.locals.values_of(block) as usize)
    }

    /// How the block ends (C2, C5).
    pub(super) fn terminate(&mut self) -> Verdict<Terminator> {
        let Some(block) = self.block.take() else {
            return Err(Fault::new(Rule::Blocks, "no block where control comes by"));
        };
        let left = self.insts.len();
        demand!(left == 0, Operators, "{left} instructions of {block} are no operators");
        let data = self.body.block(block);
        let (end, offset) = (data.end, self.offset);
        demand!(end == offset, Offsets, "{block} ends at {end:#x}, not at {offset:#x}");
        Ok(data.terminator)
    }

    /// The function is left with results (C3, C8).
    pub(super) fn return_(&mut self, values: &[Value]) -> Verdict {
        match self.terminate()? {
            Terminator::Return(list) => self.operands(list, values),
            other => Err(unlike("return", &other)),
        }
    }

    /// A jump to a label.
    pub(super) fn jump(&mut self, index: usize, values: &[Value]) -> Verdict {
        match self.terminate()? {
            Terminator::Jump(edge) => {
                self.label_edge(&edge, index, &Along::Values(values), self.this_place())
            }
            other => Err(unlike("jump", &other)),
        }
    }

    /// A conditional branch, whose other way is the next operator.
    pub(super) fn fork(
        &mut self,
        index: usize,
        how: &How<'_, Value>,
        values: &[Value],
        height: usize,
    ) -> Verdict {
        let from = self.this_place();
        let head = after(self.offset);
        let goes_on = match (how, self.terminate()?) {
            (How::BrIf(wanted), Terminator::Branch { condition, then, otherwise }) => {
                Self::operand(condition, **wanted)?;
                self.label_edge(&then, index, &Along::Values(values), from)?;
                self.only_edge(&otherwise, &head, &Along::Values(&[]))?;
                otherwise
            }
            (How::OnNull(wanted), Terminator::Null { reference, null, non_null: other }) => {
                Self::operand(reference, **wanted)?;
                self.label_edge(&null, index, &Along::Values(values), from)?;
                let types = self.body.values.get(reference).map(|data| [non_null(data.ty)]);
                let types = types.as_ref().map_or(&[][..], |types| &types[..]);
                let head = Head { types, base: Some(height as u32), ..head };
                self.only_edge(&other, &head, &Along::Payloads(1))?;
                self.refined = self.values_of(other.block).next();
                other
            }
            (How::OnNonNull, Terminator::Null { reference, null, non_null }) => {
                let Some((&wanted, below)) = values.split_last() else {
                    return Err(Fault::new(Rule::Function, "a branch without reference"));
                };
                Self::operand(reference, wanted)?;
                self.only_edge(&null, &head, &Along::Values(&[]))?;
                self.label_edge(&non_null, index, &Along::Refined(below), from)?;
                null
            }
            (_, other) => return Err(unlike("a conditional branch", &other)),
        };
        self.begin(goes_on.block, self.offset)
    }

    /// A branch by the type of a reference, the last of the values (C9). Where it stays, it has the
    /// type that the operator asks for, or its own, without null if null would fit.
    pub(super) fn cast(
        &mut self,
        site: &Site<'_>,
        index: usize,
        (wanted, values): (Value, &[Value]),
        height: usize,
    ) -> Verdict {
        let (asked, on_fit) = match site.operator {
            Operator::BrOnCast { to_ref_type, .. } => (to_ref_type, true),
            Operator::BrOnCastFail { to_ref_type, .. } => (to_ref_type, false),
            _ => return Err(Fault::new(Rule::Function, "a branch without type")),
        };
        let terminator = self.terminate()?;
        let Terminator::Cast { reference, ty, fits, otherwise } = terminator else {
            return Err(unlike("cast", &terminator));
        };
        Self::operand(reference, wanted)?;
        demand!(ty == asked, Operators, "a branch by {ty}, not by {asked}");
        let Some((_, below)) = values.split_last() else {
            return Err(Fault::new(Rule::Function, "a branch without reference"));
        };
        let (taken, other) = if on_fit { (fits, otherwise) } else { (otherwise, fits) };
        self.label_edge(&taken, index, &Along::Refined(below), self.this_place())?;
        let own = self.body.values.get(reference).map(|data| data.ty);
        let stays = match (on_fit, asked.is_nullable()) {
            (false, _) => Some(ValType::Ref(asked)),
            (true, true) => own.map(non_null),
            (true, false) => own,
        };
        let types = stays.as_slice();
        let head = Head { types, base: Some(height as u32), ..after(self.offset) };
        self.only_edge(&other, &head, &Along::Payloads(1))?;
        self.refined = self.values_of(other.block).next();
        self.begin(other.block, self.offset)
    }

    /// A position of a `br_table` (C9).
    pub(super) fn table(
        &mut self,
        site: &Site<'_>,
        (index, position): (Value, u32),
        label: usize,
        values: &[Value],
    ) -> Verdict {
        let count = super::domain::table_len(site)?;
        if position == 0 {
            self.seen = 0;
            let Terminator::Table { index: given, targets, .. } = self.peek()? else {
                return Err(unlike("br_table", &self.peek()?));
            };
            Self::operand(given, index)?;
            let (given, expected) = (targets.len(), count as usize + 1);
            demand!(given == expected, Targets, "{given} indices of a table, not {expected}");
        }
        let Terminator::Table { edges, targets, .. } = self.peek()? else {
            return Err(Fault::new(Rule::Control, "no table"));
        };
        let seen = self.seen;
        let entry = &mut self.label(label)?.table;
        let is_new = entry.0 != site.offset;
        if is_new {
            *entry = (site.offset, seen);
        }
        let number = entry.1;
        if is_new {
            self.seen += 1;
            let list = pool(&self.body.edges, edges)?;
            let Some(&edge) = list.get(number as usize) else {
                return Err(Fault::new(Rule::Targets, "a table without edge to a label"));
            };
            self.label_edge(&edge, label, &Along::Values(values), self.this_place())?;
        }
        let list = pool(&self.body.targets, targets)?;
        let given = list.get(position as usize).copied();
        demand!(
            given == Some(number),
            Targets,
            "index {position} goes by edge {given:?}, not {number}"
        );
        if position == count {
            let (given, seen) = (edges.len(), self.seen);
            demand!(given == seen as usize, Targets, "{given} edges for {seen} labels");
            self.terminate()?;
        }
        Ok(())
    }

    /// The terminator of the block.
    fn peek(&self) -> Verdict<Terminator> {
        let none = || Fault::new(Rule::Blocks, "no block where control comes by");
        Ok(self.body.block(self.block.ok_or_else(none)?).terminator)
    }

    /// The function's own label (C8).
    pub(super) fn exit(&mut self) -> Verdict {
        let Some(block) = self.label(0)?.block else { return Ok(()) };
        self.begin(block, self.offset)?;
        let values: Vec<Value> = self.values_of(block).collect();
        self.return_(&values)
    }

    /// A block opens whose label is a loop's header.
    pub(super) fn header(&mut self, index: usize, mask: u64, params: &mut [Value]) -> Verdict {
        self.jump(index, params)?;
        let Some(block) = self.label(index)?.block else { return Ok(()) };
        self.locals.open_loop(self.offset, mask, block);
        self.begin(block, self.offset)?;
        params.iter_mut().zip(self.values_of(block)).for_each(|(param, value)| *param = value);
        Ok(())
    }

    /// An `if` (C8).
    pub(super) fn if_(
        &mut self,
        index: usize,
        wanted: Value,
        else_: Option<u32>,
        params: &[Value],
    ) -> Verdict {
        let terminator = self.terminate()?;
        let Terminator::Branch { condition, then, otherwise } = terminator else {
            return Err(unlike("if", &terminator));
        };
        Self::operand(condition, wanted)?;
        let (offset, none) = (self.offset, Along::Values(&[]));
        let arm = |origin, offset| Head { origin, offset, types: &[], base: None };
        self.only_edge(&then, &arm(Origin::Then(index as u32), offset), &none)?;
        match else_ {
            Some(at) => {
                self.only_edge(&otherwise, &arm(Origin::Else(index as u32), at), &none)?;
                self.label(index)?.otherwise = Some(otherwise.block);
            }
            None => {
                self.label_edge(&otherwise, index, &Along::Values(params), self.this_place())?
            }
        }
        self.locals.open_region(offset, Left::No);
        if else_.is_some() {
            self.locals.open_region(offset, Left::No);
        }
        self.begin(then.block, offset)
    }

    /// A block ends whose label edges lead to, or an `if`, whose arms may fall out.
    pub(super) fn join(&mut self, index: usize, exit: Exit, results: &mut Vec<Value>) -> Verdict {
        if exit == Exit::Fallen && !self.skipping {
            self.jump(index, results)?;
        }
        let block = self.label(index)?.block;
        self.locals.close_region(self.offset, block.map_or(Left::No, Left::Joined));
        if let Some(block) = block {
            self.skipping = false;
            self.begin(block, self.offset)?;
            results.clear();
            results.extend(self.values_of(block));
        } else if exit == Exit::Joined {
            self.skipping = true;
            results.resize(self.label(index)?.types.results().len(), super::nothing());
        }
        Ok(())
    }
}

/// The terminator is another one than the operator's (C8).
pub(super) fn unlike(wanted: &str, given: &Terminator) -> Fault {
    Fault::new(Rule::Control, format!("{}, not {wanted}", given.name()))
}

/// A list of a body, whose range may lie outside of the pool.
pub(super) fn pool<T>(pool: &[T], list: List<T>) -> Verdict<&[T]> {
    let found = pool.get(list.range());
    found.ok_or_else(|| Fault::new(Rule::Function, "a list that the body does not have"))
}
