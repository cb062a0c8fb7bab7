//! A walk's output for a body: instructions, blocks, edges of the draft.
//!
//! A block of the Wasm that no branch names has no label and no block here; its operators go on in
//! the block around. The walk reports only operators that are reachable by structure, so a block is
//! open whenever it asks for something.

use super::draft::{Clause, Draft, Follows, Handler, PAYLOAD, Run, Source, Term, extend};
use super::forest::NONE;
use super::variable::{Fresh, Id, Locals, Region};
use super::{BuildReason, Forced};
use crate::body::{Imm, InstData, Metering, Op, Origin};
use crate::entity::{List, Value};
use crate::terminator::Call;
use prova_module::ops::{Class, Kind, Value as Field};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site};
use prova_module::{
    BlockKind, Catch, FuncBody, FuncFacts, FuncType, Module, Opcode, Operator, TagIdx, ValType,
    cells,
};

/// The domain's data for an open block.
pub(super) struct Label {
    /// The block of its label; [`NONE`] if no branch names it.
    block: u32,
    /// The block of the second arm of an `if` that has an `else`.
    otherwise: u32,
    /// The handler of a `try_table` that has clauses.
    handler: u32,
    /// The edge to it of the `br_table` at an offset.
    table: (u32, u32),
}

/// The builder of one body.
pub(super) struct Builder<'m> {
    pub(super) module: &'m Module,
    pub(super) body: FuncBody<'m>,
    facts: &'m FuncFacts,
    pub(super) metering: Metering,
    pub(super) draft: Draft,
    pub(super) locals: Locals,
    /// The open block.
    block: u32,
    /// The innermost handler around.
    handler: u32,
    /// The handlers around each open `try_table` with clauses, the innermost last.
    outer: Vec<u32>,
    /// The block of the function's own label, if a conditional branch leads to it.
    exit: u32,
    /// The next metering segment.
    segment: usize,
    poll_due: bool,
    /// Clauses of the `try_table` that is about to open: tag, with reference, block, values.
    catches: Vec<(Option<TagIdx>, bool, u32, u32)>,
    /// The reference that `br_on_non_null` tests.
    tested: Id,
    /// The reference that `br_on_null` leaves on the stack.
    refined: Id,
    /// The header with more parameters.
    pub(super) forced: Option<Forced<'m>>,
    /// Whether it notes the references to exceptions that the frame holds.
    pub(super) holds: bool,
    /// By the offset of a call or throw: the references to exceptions that the frame holds there.
    pub(super) held: Vec<(u32, Vec<Id>)>,
}

type Done = Result<(), BuildReason>;

impl<'m> Builder<'m> {
    pub(super) fn new(
        module: &'m Module,
        body: &FuncBody<'m>,
        facts: &'m FuncFacts,
        metering: Metering,
    ) -> Builder<'m> {
        let types = body.local_types();
        let params = module.func_type(body.func()).params.len();
        let mut draft = Draft::with_room(body.range().len());
        draft.types.extend_from_slice(&types[..params]);
        Builder {
            module,
            body: body.clone(),
            facts,
            metering,
            draft,
            locals: Locals::new(types, params as u32, body.range().len()),
            block: NONE,
            handler: NONE,
            outer: Vec::new(),
            exit: NONE,
            segment: 0,
            poll_due: metering.epoch,
            catches: Vec::new(),
            tested: NONE,
            refined: NONE,
            forced: None,
            holds: false,
            held: Vec::new(),
        }
    }

    fn types(&self) -> &'m FuncType {
        self.module.func_type(self.body.func())
    }

    /// Appends the metering before the operator at an offset: the poll, then the charge.
    #[inline]
    fn at(&mut self, offset: u32) {
        if std::mem::take(&mut self.poll_due) {
            self.push(Op::Poll, Imm::None, &[], 0..0, offset);
        }
        if !self.metering.fuel {
            return;
        }
        let segment = self.facts.segments.get(self.segment);
        if let Some(segment) = segment.filter(|segment| segment.offset == offset) {
            self.segment += 1;
            self.push(Op::Charge, Imm::Bits(segment.cost.into()), &[], 0..0, offset);
        }
    }

    /// Appends an instruction to the open block; its results are the newest values.
    #[inline]
    fn push(&mut self, op: Op, imm: Imm, args: &[Id], results: Run, offset: u32) {
        let args = self.draft.list(args);
        let results = (Value::from_u32(results.start), results.end - results.start);
        self.draft.insts.push(InstData::new(op, imm, args, results, offset));
    }

    fn begin(&mut self, block: u32, types: &[ValType], base: usize) {
        let params = extend(&mut self.draft.types, types.iter().copied());
        self.draft.begin(block, params, base as u32);
        self.block = block;
    }

    fn end(&mut self, term: Term, offset: u32) {
        let insts = self.draft.insts.len() as u32;
        let block = &mut self.draft.blocks[self.block as usize];
        block.insts.end = insts;
        block.term = term;
        block.end = offset;
    }

    /// Gives the header of the loop that was just opened its further parameters.
    fn force(&mut self, offset: u32, block: u32) {
        let Some(forced) = self.forced.filter(|forced| forced.offset == offset) else { return };
        self.locals.forced = block;
        for &local in forced.locals {
            let region = Region::Loop(self.locals.inside);
            let mut fresh = Fresh(&mut self.draft.types);
            let value = self.locals.phi(block, local, offset, region, &mut fresh);
            self.locals.write(local, offset, value);
        }
    }

    /// An edge from the open block; arguments may be payloads.
    fn edge_to(&mut self, to: u32, args: &[u32], offset: u32) -> u32 {
        let source = Source::Place(offset, self.locals.inside);
        self.draft.edge(self.block, to, source, args.iter().copied())
    }

    /// The edge to the innermost handler.
    fn edge_to_handler(&mut self, offset: u32) -> Option<u32> {
        let block = self.draft.handlers.get(self.handler as usize)?.block;
        Some(self.edge_to(block, &[], offset))
    }

    /// The block of a label.
    fn target(&mut self, to: &Frame<'m, Label>) -> u32 {
        if to.kind != BlockKind::Func {
            return to.label.block;
        }
        if self.exit == NONE {
            self.exit = self.draft.block(Origin::Label(0), self.facts.blocks[0].end);
        }
        self.exit
    }

    /// The block after the operator at an offset, which has ended one.
    fn after(&mut self, offset: u32) -> u32 {
        self.draft.block(Origin::After, offset)
    }

    fn operands(&mut self, values: &[Id]) -> List<Value> {
        self.draft.list(values)
    }

    /// New values for an operator's results.
    fn new_results(&mut self, site: &Site<'m>, imm: &Imm, args: &[Id]) -> Result<Run, BuildReason> {
        let start = self.draft.types.len() as u32;
        for &kind in site.row.results {
            if let Some(ty) = kind.val_type() {
                self.draft.types.push(ty);
                continue;
            }
            if kind == Kind::results {
                let results = site.callee.map_or(&[][..], |ty| &ty.results);
                self.draft.types.extend_from_slice(results);
                continue;
            }
            let value = self.draft.types.len() as u32;
            let ty = match (kind, imm) {
                (Kind::same, &Imm::Type(ty)) => Some(ty),
                (Kind::same, _) => args.first().map(|&arg| self.draft.types[arg as usize]),
                (Kind::non_null, _) => {
                    args.first().map(|&arg| self.draft.follows(value, arg, Follows::NonNull))
                }
                (Kind::anyref, _) => {
                    args.first().map(|&arg| self.draft.follows(value, arg, Follows::Any))
                }
                (Kind::externref, _) => {
                    args.first().map(|&arg| self.draft.follows(value, arg, Follows::Extern))
                }
                (..) => site.result_type(kind, &self.body),
            };
            self.draft.types.push(ty.ok_or_else(|| bug(site, "a result without type"))?);
        }
        Ok(start..self.draft.types.len() as u32)
    }

    /// An operator that reads or writes a local.
    fn local(&mut self, site: &Site<'m>, local: u32, args: &[Id], results: &mut Vec<Id>) -> Done {
        match args {
            &[value] => {
                self.locals.write(local, site.offset, value);
                results.extend((site.row.class == Class::local_tee).then_some(value));
            }
            _ => {
                let value = self.locals.read(local, &mut Fresh(&mut self.draft.types));
                results.push(value.map_err(|_| bug(site, "a local without value"))?);
            }
        }
        Ok(())
    }

    /// A call that may throw to a handler: it ends the block.
    fn invoke(&mut self, site: &Site<'m>, imm: Imm, args: &[Id], results: Run) -> Done {
        let args = self.operands(args);
        let call = Call { opcode: site.row.opcode, imm, args };
        let after = self.after(site.offset);
        let payloads = (0..results.len() as u32).map(|number| PAYLOAD | number);
        let source = Source::Place(site.offset, self.locals.inside);
        let normal = self.draft.edge(self.block, after, source, payloads);
        let handler = self.edge_to_handler(site.offset).ok_or_else(|| bug(site, "no handler"))?;
        self.end(Term::Invoke { call, normal, handler }, site.offset);
        self.draft.begin(after, results, NONE);
        self.block = after;
        Ok(())
    }

    /// A target of a `br_table`.
    fn table(
        &mut self,
        site: &Site<'m>,
        (index, position): (Id, u32),
        values: &[Id],
        to: &mut Frame<'m, Label>,
    ) -> Done {
        let immediates = site.immediates();
        let count = immediates.iter().find_map(|(_, field)| {
            if let Field::Labels(table) = field { Some(table.len()) } else { None }
        });
        let count = count.ok_or_else(|| bug(site, "a branch without table"))?;
        let (at, mut edge) = to.label.table;
        if at != site.offset {
            let block = self.target(to);
            edge = self.edge_to(block, values, site.offset);
            to.label.table = (site.offset, edge);
        }
        self.draft.targets.push(edge);
        if position < count {
            return Ok(());
        }
        // Edges of this operator follow each other; targets count from the first.
        let (end, start) =
            (self.draft.targets.len() as u32, self.draft.targets.len() as u32 - 1 - count);
        let targets = &mut self.draft.targets[start as usize..];
        let first = targets.iter().copied().min().unwrap_or(0);
        targets.iter_mut().for_each(|edge| *edge -= first);
        let edges = first..self.draft.edges.len() as u32;
        self.end(Term::Table { index, edges, targets: start..end }, site.offset);
        Ok(())
    }

    /// A branch by the type of a reference, which goes along or stays.
    fn cast(
        &mut self,
        site: &Site<'m>,
        reference: Id,
        edge: &Edge<'_, Id>,
        to: &mut Frame<'m, Label>,
    ) -> Done {
        let offset = site.offset;
        let (ty, on_fit) = match site.operator {
            Operator::BrOnCast { to_ref_type, .. } => (to_ref_type, true),
            Operator::BrOnCastFail { to_ref_type, .. } => (to_ref_type, false),
            _ => return Err(bug(site, "a branch without type")),
        };
        let Some((_, below)) = edge.values.split_last() else {
            return Err(bug(site, "a branch without reference"));
        };
        let (block, after) = (self.target(to), self.after(offset));
        let source = Source::Place(offset, self.locals.inside);
        let args = below.iter().copied().chain([PAYLOAD]);
        let taken = self.draft.edge(self.block, block, source, args);
        let rest = self.edge_to(after, &[PAYLOAD], offset);
        let (fits, otherwise) = if on_fit { (taken, rest) } else { (rest, taken) };
        self.end(Term::Cast { reference, ty, fits, otherwise }, offset);
        let value = self.draft.types.len() as u32;
        let stays = match (on_fit, ty.is_nullable()) {
            (false, _) => ValType::Ref(ty),
            (true, true) => self.draft.follows(value, reference, Follows::NonNull),
            (true, false) => self.draft.follows(value, reference, Follows::Same),
        };
        self.begin(after, &[stays], edge.below.len() + below.len());
        self.refined = value;
        Ok(())
    }

    fn return_(&mut self, values: &[Id], offset: u32) {
        let values = self.operands(values);
        self.end(Term::Return(values), offset);
    }

    /// A conditional branch whose other way is the next operator.
    fn fork(&mut self, term: impl FnOnce(u32, u32) -> Term, edges: (u32, u32), offset: u32) {
        self.end(term(edges.0, edges.1), offset);
    }

    /// The handler of the `try_table` that opens, if it has clauses.
    fn handler(&mut self, site: &Site<'m>, frame: &Frame<'m, ()>) -> u32 {
        if self.catches.is_empty() {
            return NONE;
        }
        let block = self.draft.block(Origin::Handler(frame.index as u32), site.offset);
        let id = self.draft.handlers.len() as u32;
        let end = frame.facts.map_or(site.offset, |facts| facts.end);
        let inside = self.locals.inside;
        self.draft.handlers.push(Handler { block, start: site.offset, end, inside });
        let (mut clauses, mut all) = (Vec::new(), false);
        for (tag, with_ref, to, values) in std::mem::take(&mut self.catches) {
            let payloads = (0..values).map(|number| PAYLOAD | number);
            let edge = self.draft.edge(block, to, Source::Handler(id), payloads);
            clauses.push(Clause { tag, with_ref, edge });
            all |= tag.is_none();
        }
        let around = self.draft.handlers.get(self.handler as usize).map(|handler| handler.block);
        let around = around.filter(|_| !all);
        let outer = around.map(|to| self.draft.edge(block, to, Source::Handler(id), []));
        let clauses = extend(&mut self.draft.clauses, clauses);
        let data = &mut self.draft.blocks[block as usize];
        data.term = Term::Catch { clauses, outer };
        data.end = end;
        self.outer.push(self.handler);
        self.handler = id;
        id
    }
}

impl Builder<'_> {
    /// Whether a store follows values of a type.
    fn is_traced(&self, ty: ValType) -> bool {
        self.module.types().is_traced(ty)
    }
}

fn bug(site: &Site<'_>, what: &'static str) -> BuildReason {
    BuildReason::Bug { offset: site.offset, what }
}

impl<'m> Domain<'m> for Builder<'m> {
    type Value = Id;
    type Label = Label;
    type Error = BuildReason;

    fn operator(&mut self, site: &Site<'m>, args: &[Id], results: &mut Vec<Id>) -> Done {
        self.at(site.offset);
        if let Operator::LocalGet { local_index: local }
        | Operator::LocalSet { local_index: local }
        | Operator::LocalTee { local_index: local } = site.operator
        {
            return self.local(site, local, args, results);
        }
        let class = site.row.class;
        if matches!(class, Class::drop_ | Class::nop) {
            return Ok(());
        }
        // Not copied before it must be: what was written in parts is slow to read as a whole.
        let Some(imm) = &Imm::at(site) else { return Err(bug(site, "no immediates")) };
        let run = match site.row.fixed {
            Some(ty) => {
                let value = self.draft.types.len() as u32;
                self.draft.types.push(ty);
                results.push(value);
                value..value + 1
            }
            None => {
                let run = self.new_results(site, imm, args)?;
                results.extend(run.clone());
                run
            }
        };
        if self.handler != NONE
            && matches!(class, Class::call | Class::call_indirect | Class::call_ref)
        {
            return self.invoke(site, *imm, args, run);
        }
        self.push(Op::Wasm(site.row.opcode), *imm, args, run, site.offset);
        Ok(())
    }

    fn waits(&mut self, site: &Site<'m>, below: &[Id]) -> Done {
        if !self.holds {
            return Ok(());
        }
        let mut held = Vec::new();
        let roots = self.facts.exception_roots.as_deref();
        // Of locals without a default value those that are initialised count.
        let mut late: Vec<u32> =
            roots.map(|roots| roots.initialised(site.offset).collect()).unwrap_or_default();
        late.sort_unstable();
        let (params, mut cell) = (self.types().params.len(), 0);
        for local in 0..self.locals.types.len() {
            let (ty, at) = (self.locals.types[local], cell);
            cell += cells(ty);
            let from_start = local < params || ty.is_defaultable();
            if self.is_traced(ty) && (from_start || late.binary_search(&at).is_ok()) {
                let value = self.locals.read(local as u32, &mut Fresh(&mut self.draft.types));
                held.push(value.map_err(|_| bug(site, "an initialised local without a value"))?);
            }
        }
        held.extend(below.iter().filter(|&&id| self.is_traced(self.draft.types[id as usize])));
        if !held.is_empty() {
            self.held.push((site.offset, held));
        }
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        frame: &Frame<'m, ()>,
        condition: Option<&Id>,
        params: &mut [Id],
    ) -> Result<Label, BuildReason> {
        let mut label = Label { block: NONE, otherwise: NONE, handler: NONE, table: (NONE, NONE) };
        let Some(site) = site else {
            let entry = self.draft.block(Origin::Entry, frame.offset);
            let params = 0..self.types().params.len() as u32;
            self.draft.begin(entry, params, 0);
            self.block = entry;
            return Ok(label);
        };
        self.at(site.offset);
        let facts = frame.facts.ok_or_else(|| bug(site, "a block without facts"))?;
        let (branched, index) = (facts.branched, frame.index as u32);
        match frame.kind {
            BlockKind::Func => return Err(bug(site, "a body in a body")),
            BlockKind::Block | BlockKind::TryTable => {
                if frame.kind == BlockKind::TryTable {
                    label.handler = self.handler(site, frame);
                }
                if branched {
                    label.block = self.draft.block(Origin::Label(index), facts.end);
                    self.locals.open_join(site.offset, label.block);
                }
            }
            BlockKind::Loop => {
                self.poll_due = self.metering.epoch;
                if branched {
                    label.block = self.draft.block(Origin::Label(index), site.offset);
                    let edge = self.edge_to(label.block, params, site.offset);
                    self.end(Term::Jump(edge), site.offset);
                    self.begin(label.block, frame.types.params(), frame.base);
                    let header = self.draft.blocks[label.block as usize].params.clone();
                    params.iter_mut().zip(header).for_each(|(param, header)| *param = header);
                    let around =
                        |forced: &Forced<'_>| (facts.start..facts.end).contains(&forced.offset);
                    let written =
                        if self.forced.as_ref().is_some_and(around) { !0 } else { facts.written };
                    self.locals.open_loop(site.offset, written, label.block);
                    self.force(site.offset, label.block);
                }
            }
            BlockKind::If => {
                let condition = *condition.ok_or_else(|| bug(site, "no condition"))?;
                label.block = self.draft.block(Origin::Label(index), facts.end);
                let arm = self.draft.block(Origin::Then(index), site.offset);
                let then = self.edge_to(arm, &[], site.offset);
                let otherwise = match facts.else_ {
                    Some(offset) => {
                        label.otherwise = self.draft.block(Origin::Else(index), offset);
                        self.edge_to(label.otherwise, &[], site.offset)
                    }
                    None => self.edge_to(label.block, params, site.offset),
                };
                self.end(Term::Branch { condition, then, otherwise }, site.offset);
                self.begin(arm, &[], frame.base);
                self.locals.open_join(site.offset, label.block);
            }
        }
        Ok(label)
    }

    fn catch(&mut self, site: &Site<'m>, clause: &Catch, to: &mut Frame<'m, Label>) -> Done {
        self.at(site.offset);
        let (tag, with_ref) = match *clause {
            Catch::One { tag, .. } => (Some(TagIdx(tag)), false),
            Catch::OneRef { tag, .. } => (Some(TagIdx(tag)), true),
            Catch::All { .. } => (None, false),
            Catch::AllRef { .. } => (None, true),
        };
        let block = self.target(to);
        self.catches.push((tag, with_ref, block, to.label_types().len() as u32));
        Ok(())
    }

    fn edge(&mut self, site: &Site<'m>, edge: Edge<'_, Id>, to: &mut Frame<'m, Label>) -> Done {
        self.at(site.offset);
        let (offset, values) = (site.offset, edge.values);
        let is_body = to.kind == BlockKind::Func;
        match edge.how {
            How::Skip => {}
            How::OnCast(&reference) => self.cast(site, reference, &edge, to)?,
            How::Return | How::Br | How::Fall if is_body => self.return_(values, offset),
            How::Return | How::Br | How::Fall => {
                let block = self.target(to);
                let edge = self.edge_to(block, values, offset);
                self.end(Term::Jump(edge), offset);
            }
            How::BrTable(&index, position) => self.table(site, (index, position), values, to)?,
            How::BrIf(&condition) => {
                let (block, after) = (self.target(to), self.after(offset));
                let edges = (self.edge_to(block, values, offset), self.edge_to(after, &[], offset));
                let term = |then, otherwise| Term::Branch { condition, then, otherwise };
                self.fork(term, edges, offset);
                self.begin(after, &[], 0);
            }
            How::OnNull(&reference) => {
                let (block, after) = (self.target(to), self.after(offset));
                let null = self.edge_to(block, values, offset);
                let edges = (null, self.edge_to(after, &[PAYLOAD], offset));
                self.fork(|null, non_null| Term::Null { reference, null, non_null }, edges, offset);
                let value = self.draft.types.len() as u32;
                let ty = self.draft.follows(value, reference, Follows::NonNull);
                self.begin(after, &[ty], edge.below.len() + values.len());
                self.refined = value;
            }
            How::OnNonNull => {
                let (block, after) = (self.target(to), self.after(offset));
                let Some((_, below)) = values.split_last() else {
                    return Err(bug(site, "a branch without reference"));
                };
                let reference = std::mem::replace(&mut self.tested, NONE);
                let source = Source::Place(offset, self.locals.inside);
                let args = below.iter().copied().chain([PAYLOAD]);
                let non_null = self.draft.edge(self.block, block, source, args);
                let edges = (self.edge_to(after, &[], offset), non_null);
                self.fork(|null, non_null| Term::Null { reference, null, non_null }, edges, offset);
                self.begin(after, &[], 0);
            }
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        site: &Site<'m>,
        frame: &mut Frame<'m, Label>,
        _params: &mut [Id],
    ) -> Done {
        self.begin(frame.label.otherwise, &[], frame.base);
        self.locals.alternate(site.offset);
        Ok(())
    }

    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, Label>,
        exit: Exit,
        results: &mut Vec<Id>,
    ) -> Done {
        if exit == Exit::Fallen {
            self.at(site.offset);
        }
        let Frame { kind, types, base, label, .. } = frame;
        if let Some(handler) = self.draft.handlers.get(label.handler as usize) {
            self.draft.layout.push(handler.block);
            self.handler = self.outer.pop().unwrap_or(NONE);
        }
        if kind == BlockKind::Func {
            let types = types.results();
            if self.exit != NONE {
                self.begin(self.exit, types, 0);
                let params: Vec<Id> =
                    self.draft.blocks[self.exit as usize].params.clone().collect();
                self.return_(&params, site.offset);
            }
            // The results of the body are returned already, so the walk gets placeholders.
            results.resize(if exit == Exit::Never { 0 } else { types.len() }, 0);
            return Ok(());
        }
        if label.block == NONE {
            return Ok(());
        }
        if kind == BlockKind::Loop {
            self.locals.close_loop(site.offset);
            return Ok(());
        }
        if exit == Exit::Fallen {
            // An `if` with one arm that falls out: for the walk its values stay, here it is a join
            // as any other.
            let edge = self.edge_to(label.block, results, site.offset);
            self.end(Term::Jump(edge), site.offset);
            results.clear();
        }
        self.locals.close_join(site.offset);
        if exit != Exit::Never {
            self.begin(label.block, types.results(), base);
            results.extend(self.draft.blocks[label.block as usize].params.clone());
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[Id], _below: &[Id]) -> Done {
        self.at(site.offset);
        let offset = site.offset;
        let imm = Imm::of(&site.operator).ok_or_else(|| bug(site, "no immediates"))?;
        let opcode: Opcode = site.row.opcode;
        let args = self.operands(args);
        let class = site.row.class;
        let term = if class == Class::unreachable {
            Term::Unreachable
        } else if matches!(class, Class::throw | Class::throw_ref) {
            let handler = self.edge_to_handler(offset);
            Term::Throw { opcode, imm, args, handler }
        } else {
            Term::TailCall(Call { opcode, imm, args })
        };
        self.end(term, offset);
        Ok(())
    }

    fn stays(&mut self, reference: Id) -> Id {
        match std::mem::replace(&mut self.refined, NONE) {
            NONE => reference,
            refined => refined,
        }
    }

    fn non_null(&mut self, reference: Id) -> Id {
        match std::mem::replace(&mut self.refined, NONE) {
            NONE => {
                self.tested = reference;
                reference
            }
            refined => refined,
        }
    }
}
