//! The walk itself: one operator after the other, with frames, heights and reachability.

use super::read::{clear, read};
use super::{BlockTypes, Domain, Edge, Exit, Frame, How, Site, Stop, Surroundings};
use crate::facts::{BlockKind, FuncFacts};
use crate::index::TypeIdx;
use crate::ops::{Class, Flow, Immediate, Kind, Opcode};
use crate::{FuncBody, FuncType};
use wasmparser::{BlockType, Catch, Operator, OperatorsReader};

/// The greatest height of the operand stack in a walk, in values.
pub const HEIGHT_MAX: usize = 1_000_000;

/// An open block with what only the walk knows.
struct Open<'m, V, L> {
    frame: Frame<'m, L>,
    /// Whether an edge leads to its label.
    joined: bool,
    /// Of an `if` whose `else` has not come: its parameters.
    otherwise: Option<Vec<V>>,
}

/// A walk in progress.
pub struct Walk<'m, 'd, D: Domain<'m>, S> {
    around: S,
    facts: Option<&'m FuncFacts>,
    domain: &'d mut D,
    stack: Vec<D::Value>,
    frames: Vec<Open<'m, D::Value, D::Label>>,
    /// Whether the next operator is reachable.
    live: bool,
    /// Blocks opened since it is not.
    dead_depth: u32,
    /// Blocks opened so far.
    opened: usize,
    results: Vec<D::Value>,
}

type Outcome<E> = Result<(), Stop<E>>;

/// Walks over the body of a function of a module.
///
/// # Errors
/// The error with which the domain ends the walk.
pub fn walk<'m, D: Domain<'m>>(body: FuncBody<'m>, domain: &mut D) -> Outcome<D::Error> {
    let (module, func) = (body.module(), body.func());
    let (ty, facts) = (module.func_type(func), module.facts(func));
    Walk::over(body.operators(), ty, facts, body, domain)
}

impl<'m, 'd, D: Domain<'m>, S: Surroundings<'m>> Walk<'m, 'd, D, S> {
    /// Walks over the operators of a body of a function of type `ty`; `facts` must be its own.
    ///
    /// # Errors
    /// The error with which the domain ends the walk, or a mismatch between body, type and facts.
    pub fn over(
        mut operators: OperatorsReader<'m>,
        ty: &'m FuncType,
        facts: Option<&'m FuncFacts>,
        around: S,
        domain: &'d mut D,
    ) -> Outcome<D::Error> {
        let mut walk = Walk {
            around,
            facts,
            domain,
            stack: Vec::with_capacity(16),
            frames: Vec::with_capacity(8),
            live: true,
            dead_depth: 0,
            opened: 0,
            results: Vec::with_capacity(4),
        };
        let mut offset = operators.original_position() as u32;
        walk.open_block(None, BlockKind::Func, offset, BlockTypes::Body(ty), None)?;
        let row = Opcode::Nop.row();
        let mut site = Site { offset, end: offset, operator: Operator::Nop, row, callee: None };
        while !operators.eof() {
            let Some(opcode) = read(&mut operators, &mut site.operator) else {
                return malformed(offset, "no operator");
            };
            site.row = opcode.row();
            (site.offset, site.end) = (offset, operators.original_position() as u32);
            walk.step(&mut site)?;
            offset = site.end;
            clear(&mut site.operator, opcode.class());
        }
        if walk.frames.is_empty() { Ok(()) } else { malformed(offset, "a body without end") }
    }

    #[inline]
    fn step(&mut self, site: &mut Site<'m>) -> Outcome<D::Error> {
        let row = site.row;
        if self.frames.is_empty() {
            return malformed(site.offset, "an operator after the end");
        }
        if row.class == Class::refused {
            return malformed(site.offset, "an operator that no module may have");
        }
        // Most operators name none.
        site.callee = if row.names_type { self.callee(&site.operator) } else { None };
        if !self.live {
            return self.skip(site);
        }
        match row.class.flow() {
            // Only calls and allocations take or give lists.
            Flow::Next if row.class != Class::allocate => {
                self.straight(site, row.params.len(), row.results.len())
            }
            Flow::Next => {
                let takes = self.count(row.params, site)?;
                let below = self.below(takes, site)?;
                self.domain.waits(site, &self.stack[..below]).map_err(Stop::Domain)?;
                self.straight(site, takes, row.results.len())
            }
            Flow::Call => {
                let takes = self.count(row.params, site)?;
                let below = self.below(takes, site)?;
                self.domain.waits(site, &self.stack[..below]).map_err(Stop::Domain)?;
                self.straight(site, takes, self.count(row.results, site)?)
            }
            Flow::Open(kind) => self.open(site, kind),
            Flow::Else => self.otherwise(site),
            Flow::End => self.end(site),
            Flow::Fork => self.fork(site),
            Flow::Stop => {
                self.stop(site)?;
                self.live = false;
                Ok(())
            }
        }
    }

    /// The type of the function or tag that an operator names.
    fn callee(&self, operator: &Operator<'m>) -> Option<&'m FuncType> {
        let immediates = Opcode::immediates(operator);
        let func = || self.around.func_type_index(immediates.index(Immediate::func)?);
        let tag = || self.around.tag_type_index(immediates.index(Immediate::tag)?);
        let ty = immediates.index(Immediate::type_).or_else(func).or_else(tag)?;
        self.around.type_at(ty)
    }

    /// Counts blocks of unreachable code up to the `else` or `end` of the one that became
    /// unreachable.
    fn skip(&mut self, site: &Site<'m>) -> Outcome<D::Error> {
        match site.row.class.flow() {
            Flow::Else if self.dead_depth == 0 => return self.otherwise(site),
            Flow::End if self.dead_depth == 0 => return self.end(site),
            Flow::Open(_) => {
                self.dead_depth += 1;
                self.opened += 1;
            }
            Flow::End => self.dead_depth -= 1,
            Flow::Next | Flow::Call | Flow::Else | Flow::Fork | Flow::Stop => {}
        }
        self.domain.dead(site).map_err(Stop::Domain)
    }

    /// The height below the innermost block's own values.
    fn base(&self) -> usize {
        self.frames.last().map_or(0, |open| open.frame.base)
    }

    /// The height below the top `count` values, which are the innermost block's.
    fn below(&self, count: usize, site: &Site<'m>) -> Result<usize, Stop<D::Error>> {
        match self.stack.len().checked_sub(count) {
            Some(at) if at >= self.base() => Ok(at),
            Some(_) | None => malformed(site.offset, "an operand that is not there"),
        }
    }

    fn pop(&mut self, site: &Site<'m>) -> Result<D::Value, Stop<D::Error>> {
        self.below(1, site)?;
        self.stack.pop().ok_or(fault(site.offset, "an operand that is not there"))
    }

    /// The number of values of kinds, of which those of the callee and of an object are lists.
    fn count(&self, kinds: &[Kind], site: &Site<'m>) -> Result<usize, Stop<D::Error>> {
        let mut count = 0;
        for kind in kinds {
            count += match (kind, site.callee) {
                (Kind::params, Some(callee)) => callee.params.len(),
                (Kind::results, Some(callee)) => callee.results.len(),
                (Kind::params | Kind::results, None) => {
                    return malformed(site.offset, "a function, type or tag that is not there");
                }
                (Kind::fields, _) => {
                    let ty = Opcode::immediates(&site.operator).index(Immediate::type_);
                    let types = self.around.types();
                    match types.zip(ty).and_then(|(types, ty)| types.fields(TypeIdx(ty))) {
                        Some(fields) => fields.len(),
                        None => return malformed(site.offset, "a structure that is not there"),
                    }
                }
                (Kind::elements, _) => {
                    let immediates = Opcode::immediates(&site.operator);
                    immediates.index(Immediate::size).unwrap_or(0) as usize
                }
                (_, _) => 1,
            };
        }
        Ok(count)
    }

    /// An operator that pops `takes` values and pushes `gives`.
    #[inline(always)]
    fn straight(&mut self, site: &Site<'m>, takes: usize, gives: usize) -> Outcome<D::Error> {
        let at = self.below(takes, site)?;
        self.results.clear();
        self.domain.operator(site, &self.stack[at..], &mut self.results).map_err(Stop::Domain)?;
        if self.results.len() != gives {
            return malformed(site.offset, "a domain that gives another number of results");
        }
        self.stack.truncate(at);
        // One result is by far the most frequent.
        match self.results.as_slice() {
            [] => {}
            [one] => self.stack.push(one.clone()),
            _ => self.stack.append(&mut self.results),
        }
        self.within(site)
    }

    fn within(&self, site: &Site<'m>) -> Outcome<D::Error> {
        if self.stack.len() > HEIGHT_MAX {
            return malformed(site.offset, "an operand stack over the limit");
        }
        Ok(())
    }

    fn open(&mut self, site: &Site<'m>, kind: BlockKind) -> Outcome<D::Error> {
        let condition = if kind == BlockKind::If { Some(self.pop(site)?) } else { None };
        let ty = block_type(&site.operator).unwrap_or(BlockType::Empty);
        let Some(types) = BlockTypes::of(ty, |ty| self.around.type_at(ty)) else {
            return malformed(site.offset, "a type that is not there");
        };
        if let Operator::TryTable { try_table } = &site.operator {
            for clause in &try_table.catches {
                let at = self.frame_at(label_of(clause), site)?;
                self.frames[at].joined = true;
                self.domain
                    .catch(site, clause, &mut self.frames[at].frame)
                    .map_err(Stop::Domain)?;
            }
        }
        self.open_block(Some(site), kind, site.offset, types, condition)
    }

    fn open_block(
        &mut self,
        site: Option<&Site<'m>>,
        kind: BlockKind,
        offset: u32,
        types: BlockTypes<'m>,
        condition: Option<D::Value>,
    ) -> Outcome<D::Error> {
        let params = types.params().len();
        let base = match site {
            Some(site) => self.below(params, site)?,
            None => 0,
        };
        let index = self.opened;
        let facts = self.facts.map(|facts| facts.blocks.get(index));
        if facts.is_some_and(|facts| facts.is_none_or(|f| f.kind != kind || f.start != offset)) {
            return malformed(offset, "facts of another body");
        }
        self.opened += 1;
        let block = Frame { kind, offset, index, facts: facts.flatten(), types, base, label: () };
        let label = self
            .domain
            .open(site, &block, condition.as_ref(), &mut self.stack[base..])
            .map_err(Stop::Domain)?;
        let otherwise = (kind == BlockKind::If).then(|| self.stack[base..].to_vec());
        let Frame { facts, .. } = block;
        let frame = Frame { kind, offset, index, facts, types, base, label };
        self.frames.push(Open { frame, joined: false, otherwise });
        Ok(())
    }

    fn frame_at(&self, depth: u32, site: &Site<'m>) -> Result<usize, Stop<D::Error>> {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        at.ok_or(fault(site.offset, "a label that is not there"))
    }

    /// An edge to the label of `frames[at]`, with the values on top of the stack.
    fn edge(&mut self, site: &Site<'m>, at: usize, how: How<'_, D::Value>) -> Outcome<D::Error> {
        let count = self.frames[at].frame.label_types().len();
        let below = self.below(count, site)?;
        let inner = self.base();
        let (below, values) = self.stack.split_at(below);
        let to = &mut self.frames[at];
        to.joined = true;
        let edge = Edge { how, values, below, inner };
        self.domain.edge(site, edge, &mut to.frame).map_err(Stop::Domain)
    }

    /// A conditional branch.
    fn fork(&mut self, site: &Site<'m>) -> Outcome<D::Error> {
        let at = self.frame_at(label(&site.operator).unwrap_or(u32::MAX), site)?;
        let top = self.pop(site)?;
        if site.row.class == Class::br_on_non_null {
            let reference = self.domain.non_null(top);
            self.stack.push(reference);
            self.edge(site, at, How::OnNonNull)?;
            self.stack.pop();
            return Ok(());
        }
        if site.row.class == Class::br_on_null {
            self.edge(site, at, How::OnNull(&top))?;
            let reference = self.domain.non_null(top);
            self.stack.push(reference);
            return Ok(());
        }
        if site.row.class == Class::br_on_cast {
            self.stack.push(top.clone());
            self.edge(site, at, How::OnCast(&top))?;
            self.stack.pop();
            let reference = self.domain.stays(top);
            self.stack.push(reference);
            return Ok(());
        }
        self.edge(site, at, How::BrIf(&top))
    }

    /// Operators after which nothing is reachable.
    fn stop(&mut self, site: &Site<'m>) -> Outcome<D::Error> {
        if let Some(depth) = label(&site.operator) {
            let at = self.frame_at(depth, site)?;
            return self.edge(site, at, How::Br);
        }
        if site.row.class == Class::return_ {
            return self.edge(site, 0, How::Return);
        }
        if let Operator::BrTable { targets } = &site.operator {
            let index = self.pop(site)?;
            let depths = targets.targets().chain([Ok(targets.default())]);
            for (position, depth) in (0..).zip(depths) {
                let depth = depth.map_err(|_| fault(site.offset, "a table without end"))?;
                let at = self.frame_at(depth, site)?;
                self.edge(site, at, How::BrTable(&index, position))?;
            }
            return Ok(());
        }
        let at = self.below(self.count(site.row.params, site)?, site)?;
        let (below, args) = self.stack.split_at(at);
        if matches!(site.row.class, Class::throw | Class::throw_ref) {
            self.domain.waits(site, below).map_err(Stop::Domain)?;
        }
        let inner = self.frames.last().map_or(0, |open| open.frame.base);
        self.domain.leave(site, args, &below[inner..]).map_err(Stop::Domain)
    }

    /// The values above the base must be the results of the innermost block.
    fn fallen(&self, site: &Site<'m>) -> Outcome<D::Error> {
        let results = self.frames.last().map_or(0, |open| open.frame.types.results().len());
        if self.stack.len() != self.base() + results {
            return malformed(site.offset, "another number of values than the block's results");
        }
        Ok(())
    }

    fn otherwise(&mut self, site: &Site<'m>) -> Outcome<D::Error> {
        let params = self.frames.last_mut().and_then(|open| open.otherwise.take());
        let Some(mut params) = params else {
            return malformed(site.offset, "an else without if");
        };
        if self.live {
            self.fallen(site)?;
            self.edge(site, self.frames.len() - 1, How::Fall)?;
        }
        let base = self.base();
        self.stack.truncate(base);
        self.stack.append(&mut params);
        self.live = true;
        let (Some(open), values) = (self.frames.last_mut(), &mut self.stack[base..]) else {
            return Ok(());
        };
        self.domain.otherwise(site, &mut open.frame, values).map_err(Stop::Domain)
    }

    fn end(&mut self, site: &Site<'m>) -> Outcome<D::Error> {
        let at = self.frames.len() - 1;
        let open = &mut self.frames[at];
        let kind = open.frame.kind;
        let skipped = open.otherwise.take();
        // A branch to a loop goes to its start; the body's label is the way out of it.
        let joined = kind != BlockKind::Loop && open.joined || skipped.is_some();
        let joined = joined || kind == BlockKind::Func && self.live;
        if self.live {
            self.fallen(site)?;
            if joined {
                self.edge(site, at, How::Fall)?;
            }
        }
        let base = self.base();
        let exit = match (joined, self.live) {
            (true, _) => Exit::Joined,
            (false, true) => Exit::Fallen,
            (false, false) => Exit::Never,
        };
        let mut results = std::mem::take(&mut self.results);
        results.clear();
        if exit == Exit::Fallen {
            results.extend(self.stack.drain(base..));
        }
        self.stack.truncate(base);
        if let Some(params) = skipped {
            self.stack.extend(params);
            self.edge(site, at, How::Skip)?;
            self.fallen(site)?;
            self.stack.truncate(base);
        }
        let Some(Open { frame, .. }) = self.frames.pop() else { return Ok(()) };
        let count = if exit == Exit::Never { 0 } else { frame.types.results().len() };
        self.domain.close(site, frame, exit, &mut results).map_err(Stop::Domain)?;
        if results.len() != count {
            return malformed(site.offset, "a domain that gives another number of results");
        }
        self.stack.append(&mut results);
        self.results = results;
        self.live = exit != Exit::Never;
        self.within(site)
    }
}

/// The label of a branch to a single one, counted from the innermost block.
fn label(operator: &Operator<'_>) -> Option<u32> {
    if let Operator::Br { relative_depth }
    | Operator::BrIf { relative_depth }
    | Operator::BrOnNull { relative_depth }
    | Operator::BrOnNonNull { relative_depth }
    | Operator::BrOnCast { relative_depth, .. }
    | Operator::BrOnCastFail { relative_depth, .. } = *operator
    {
        return Some(relative_depth);
    }
    None
}

/// The type of the block that an operator opens.
fn block_type(operator: &Operator<'_>) -> Option<BlockType> {
    if let Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } =
        *operator
    {
        return Some(blockty);
    }
    if let Operator::TryTable { try_table } = operator { Some(try_table.ty) } else { None }
}

/// The label of a clause, counted from outside of its `try_table`.
fn label_of(clause: &Catch) -> u32 {
    match *clause {
        Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label } => label,
    }
}

fn fault<E>(offset: u32, what: &'static str) -> Stop<E> {
    Stop::Malformed { offset, what }
}

fn malformed<T, E>(offset: u32, what: &'static str) -> Result<T, Stop<E>> {
    Err(fault(offset, what))
}
