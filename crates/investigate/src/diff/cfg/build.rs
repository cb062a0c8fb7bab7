//! Operators of a body → blocks, with the heights of the operand stack known.
//!
//! Neighbours: `thread` removes dispatchers from what is built here. One pass; code that cannot be reached makes no steps. A branch
//! that drops operands gets a [`Step::Drop`]: before an unconditional branch, in a block of its own on any other edge.

use super::{Block, Catch, Graph, ITEMS_MAX, OUTSIDE, Scope, Step, Term};
use crate::diff::side::Side;
use crate::diff::token::{Item, Tok, Tokens};
use crate::op::fixed_arity;
use prova_module::{BlockType, FuncIdx, FuncType, Operator};

struct Frame {
    target: u32,
    /// Where control goes on after `end`; `None` for a loop, which falls through.
    follow: Option<u32>,
    otherwise: Option<u32>,
    /// Operands under its parameters.
    base: u32,
    params: u32,
    results: u32,
    /// Values that a branch to it carries.
    keep: u32,
    /// The scope around it.
    scope: u32,
    /// Whether it opens in reachable code.
    reached: bool,
}

struct Builder<'m> {
    side: &'m Side<'m>,
    blocks: Vec<Block<'m>>,
    scopes: Vec<Scope>,
    frames: Vec<Frame>,
    current: u32,
    /// Operands on the stack; without meaning in unreachable code.
    height: u32,
    scope: u32,
    reached: bool,
}

impl<'m> Graph<'m> {
    /// The graph of a defined function, dispatchers threaded; `None` beyond the limits.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Graph<'m>> {
        let mut tokens = Tokens::new(side, func)?;
        let results = side.module.func_type(FuncIdx(func)).results.len() as u32;
        let mut builder = Builder {
            side,
            blocks: Vec::new(),
            scopes: Vec::new(),
            frames: Vec::new(),
            current: 0,
            height: 0,
            scope: OUTSIDE,
            reached: true,
        };
        builder.current = builder.fresh();
        let exit = builder.fresh();
        builder.blocks[exit as usize].term = Term::Return;
        builder.frames.push(Frame {
            target: exit,
            follow: Some(exit),
            otherwise: None,
            base: 0,
            params: 0,
            results,
            keep: results,
            scope: OUTSIDE,
            reached: true,
        });
        let mut count = 0;
        while let Some((op, item)) = tokens.next_op() {
            count += 1;
            if count > ITEMS_MAX {
                return None;
            }
            builder.step(&op, item)?;
        }
        let mut graph =
            Graph { blocks: builder.blocks, scopes: builder.scopes, states: Vec::new() };
        graph.thread();
        Some(graph)
    }
}

impl<'m> Builder<'m> {
    fn fresh(&mut self) -> u32 {
        self.blocks.push(Block { code: Vec::new(), term: Term::Trap });
        self.blocks.len() as u32 - 1
    }

    /// Ends the current block; what follows is in `next`, or unreachable.
    fn end(&mut self, term: Term, next: Option<u32>) {
        if self.reached {
            self.blocks[self.current as usize].term = term;
        }
        self.reached &= next.is_some();
        self.current = next.unwrap_or_else(|| self.fresh());
    }

    fn push(&mut self, item: Item<'m>, scope: u32) {
        if self.reached {
            self.blocks[self.current as usize].code.push(Step::Op { item, scope });
        }
    }

    fn at(&self, depth: u32) -> Option<usize> {
        self.frames.len().checked_sub(1 + depth as usize)
    }

    /// What a branch to a frame drops: nothing on the way out, where only results are seen.
    fn dropped(&self, frame: usize) -> Option<Step<'m>> {
        let Frame { base, keep, .. } = self.frames[frame];
        let drop = self.height.saturating_sub(base + keep);
        (frame > 0 && drop > 0 && self.reached).then_some(Step::Drop { keep, drop })
    }

    /// The block that an edge leads to: the frame's target, or one that drops first.
    fn edge(&mut self, depth: u32) -> Option<u32> {
        let frame = self.at(depth)?;
        let target = self.frames[frame].target;
        let Some(step) = self.dropped(frame) else { return Some(target) };
        let block = self.fresh();
        self.blocks[block as usize] = Block { code: vec![step], term: Term::Goto(target) };
        Some(block)
    }

    fn types(&self, ty: BlockType) -> Option<(u32, u32)> {
        match ty {
            BlockType::Empty => Some((0, 0)),
            BlockType::Type(_) => Some((0, 1)),
            BlockType::FuncType(ty) => Some(arity(self.side.module.types().get(ty as usize)?)),
        }
    }

    fn open(&mut self, ty: BlockType, target: u32, follow: Option<u32>) -> Option<&mut Frame> {
        let (params, results) = self.types(ty)?;
        let base = self.height.saturating_sub(params);
        let keep = if follow.is_none() { params } else { results };
        let (scope, reached) = (self.scope, self.reached);
        let otherwise = None;
        self.frames.push(Frame {
            target,
            follow,
            otherwise,
            base,
            params,
            results,
            keep,
            scope,
            reached,
        });
        self.frames.last_mut()
    }

    /// Takes operands from the stack and puts results on it.
    fn arity(&mut self, (takes, gives): (u32, u32)) {
        self.height = self.height.saturating_sub(takes) + gives;
    }

    fn step(&mut self, op: &Operator<'_>, item: Item<'m>) -> Option<()> {
        match op {
            Operator::Block { blockty } => {
                let follow = self.fresh();
                self.open(*blockty, follow, Some(follow))?;
            }
            Operator::TryTable { try_table } => {
                let catches = try_table.catches.iter().map(|catch| self.catch(catch));
                let catches = catches.collect::<Option<Vec<Catch>>>()?;
                let follow = self.fresh();
                self.open(try_table.ty, follow, Some(follow))?;
                self.scopes.push(Scope { catches, outer: self.scope });
                self.scope = self.scopes.len() as u32 - 1;
            }
            Operator::Loop { blockty } => {
                let header = self.fresh();
                self.end(Term::Goto(header), Some(header));
                self.open(*blockty, header, None)?;
            }
            Operator::If { blockty } => {
                let (then, otherwise, follow) = (self.fresh(), self.fresh(), self.fresh());
                self.arity((1, 0));
                self.end(Term::Cond { nonzero: then, zero: otherwise }, Some(then));
                self.open(*blockty, follow, Some(follow))?.otherwise = Some(otherwise);
            }
            Operator::Else => {
                let frame = self.frames.last_mut()?;
                let (follow, otherwise) = (frame.follow?, frame.otherwise.take()?);
                let (height, reached) = (frame.base + frame.params, frame.reached);
                self.end(Term::Goto(follow), Some(otherwise));
                (self.height, self.reached) = (height, reached);
            }
            Operator::End => self.close()?,
            Operator::Br { relative_depth } => {
                let frame = self.at(*relative_depth)?;
                let dropped = self.dropped(frame);
                self.blocks[self.current as usize].code.extend(dropped);
                self.end(Term::Goto(self.frames[frame].target), None);
            }
            Operator::BrIf { relative_depth } => {
                self.arity((1, 0));
                let (nonzero, zero) = (self.edge(*relative_depth)?, self.fresh());
                self.end(Term::Cond { nonzero, zero }, Some(zero));
            }
            Operator::BrOnNull { relative_depth } | Operator::BrOnNonNull { relative_depth } => {
                let null = matches!(op, Operator::BrOnNull { .. });
                self.on_reference(null, *relative_depth, item)?;
            }
            Operator::BrTable { targets } => {
                self.arity((1, 0));
                let mut blocks = Vec::new();
                for depth in targets.targets() {
                    blocks.push(self.edge(depth.ok()?)?);
                }
                blocks.push(self.edge(targets.default())?);
                self.end(Term::Table(blocks), None);
            }
            Operator::Return => self.end(Term::Return, None),
            Operator::Unreachable => self.end(Term::Trap, None),
            // `nop` does nothing wherever it stands.
            Operator::Nop => {}
            op => self.plain(op, item)?,
        }
        Some(())
    }

    /// A branch on a reference that is null, or is not: on one edge the reference is an operand more, and the step says which edge
    /// that is.
    fn on_reference(&mut self, null: bool, depth: u32, item: Item<'m>) -> Option<()> {
        self.push(without_depth(item)?, OUTSIDE);
        self.arity((u32::from(null), 0));
        let taken = self.edge(depth)?;
        self.height = if null { self.height + 1 } else { self.height.saturating_sub(1) };
        let next = self.fresh();
        self.end(Term::Cond { nonzero: taken, zero: next }, Some(next));
        Some(())
    }

    /// Operators that go on to the next one, or leave the function.
    fn plain(&mut self, op: &Operator<'_>, item: Item<'m>) -> Option<()> {
        let module = self.side.module;
        let of = |ty: u32| Some(arity(module.types().get(ty as usize)?));
        match op {
            Operator::Call { function_index } => {
                self.push(item, self.scope);
                self.arity(arity(module.func_type(FuncIdx(*function_index))));
            }
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.push(item, self.scope);
                let (params, results) = of(*type_index)?;
                self.arity((params + 1, results));
            }
            Operator::Throw { .. } | Operator::ThrowRef => {
                self.push(item, self.scope);
                self.end(Term::Leave, None);
            }
            // The frame, and its handlers with it, is gone before the call.
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                self.push(item, OUTSIDE);
                self.end(Term::Leave, None);
            }
            op => {
                self.push(item, OUTSIDE);
                self.arity(fixed_arity(op)?);
            }
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let frame = self.frames.pop()?;
        self.scope = frame.scope;
        if let (Some(otherwise), Some(follow)) = (frame.otherwise, frame.follow) {
            self.blocks[otherwise as usize].term = Term::Goto(follow);
        }
        if let Some(follow) = frame.follow {
            self.end(Term::Goto(follow), Some(follow));
            self.reached = frame.reached;
        }
        self.height = frame.base + frame.results;
        Some(())
    }

    fn catch(&self, catch: &prova_module::Catch) -> Option<Catch> {
        use prova_module::Catch as C;
        let (kind, tag, label) = match *catch {
            C::One { tag, label } => (0, tag, label),
            C::OneRef { tag, label } => (1, tag, label),
            C::All { label } => (2, 0, label),
            C::AllRef { label } => (3, 0, label),
        };
        let frame = &self.frames[self.at(label)?];
        Some(Catch { kind, tag, target: frame.target, height: frame.base })
    }
}

/// `br_on_null`, `br_on_non_null`: the opcode without the depth, which is an edge here.
fn without_depth(item: Item<'_>) -> Option<Item<'_>> {
    match item.tok {
        Tok::Raw(raw) => Some(Item { tok: Tok::Raw(raw.get(..1)?), ..item }),
        _ => None,
    }
}

fn arity(ty: &FuncType) -> (u32, u32) {
    (ty.params.len() as u32, ty.results.len() as u32)
}
