//! Operators of a body → blocks: a domain of the structured walk that knows only the number of
//! values.
//!
//! One pass; code that cannot be reached makes no steps. A branch that drops operands gets a
//! [`Step::Drop`]: before an unconditional branch, in a separate block on any other edge.

use super::{Block, Catch, Graph, ITEMS_MAX, OUTSIDE, Scope, Step, Term};
use crate::pair::side::Side;
use crate::pair::token::{Item, Tok};
use prova_module::ops::{Class, Flow};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk};
use prova_module::{BlockKind, FuncIdx};

/// Where a label leads.
#[derive(Clone, Copy)]
struct Label {
    target: u32,
    /// Where control goes on after `end`; `None` for a loop, which falls through.
    follow: Option<u32>,
    /// The other arm of an `if`.
    otherwise: Option<u32>,
    /// The scope around it.
    scope: u32,
}

/// The body has more operators than a graph may.
struct TooLong;

struct Builder<'m> {
    side: &'m Side<'m>,
    blocks: Vec<Block<'m>>,
    scopes: Vec<Scope>,
    current: u32,
    scope: u32,
    /// Clauses of the `try_table` that opens next.
    catches: Vec<Catch>,
    /// Targets so far of the `br_table` under way.
    targets: Vec<u32>,
    items: usize,
}

impl<'m> Graph<'m> {
    /// The graph of a defined function, dispatchers threaded; `None` beyond the limits.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Graph<'m>> {
        let body = side.module.body(FuncIdx(func))?;
        side.spend(body.bytes().len());
        let mut builder = Builder {
            side,
            blocks: Vec::new(),
            scopes: Vec::new(),
            current: 0,
            scope: OUTSIDE,
            catches: Vec::new(),
            targets: Vec::new(),
            items: 0,
        };
        builder.current = builder.fresh();
        walk(body, &mut builder).ok()?;
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

    /// Ends the current block; what follows is in `next`.
    fn end(&mut self, term: Term, next: u32) {
        self.blocks[self.current as usize].term = term;
        self.current = next;
    }

    /// Ends the current block; nothing follows.
    fn stop(&mut self, term: Term) {
        let next = self.fresh();
        self.end(term, next);
    }

    fn item(&self, site: &Site<'m>) -> Item<'m> {
        Item::of(self.side, &site.operator, site.offset..site.end)
    }

    fn push(&mut self, item: Item<'m>, scope: u32) {
        self.blocks[self.current as usize].code.push(Step::Op { item, scope });
    }

    fn count(&mut self) -> Result<(), TooLong> {
        self.items += 1;
        if self.items > ITEMS_MAX { Err(TooLong) } else { Ok(()) }
    }

    /// The block that a conditional edge leads to: the label's, or one that drops first.
    fn landing(&mut self, target: u32, dropped: Option<Step<'m>>) -> u32 {
        let Some(step) = dropped else { return target };
        let block = self.fresh();
        self.blocks[block as usize] = Block { code: vec![step], term: Term::Goto(target) };
        block
    }
}

/// The step for the operands that an edge drops. An edge that leaves the function needs none,
/// because only results are seen after it.
fn dropped<'m>(edge: Edge<'_, ()>, to: &Frame<'_, Label>) -> Option<Step<'m>> {
    let (keep, drop) = (edge.values.len() as u32, (edge.below.len() - to.base) as u32);
    (to.kind != BlockKind::Func && drop > 0).then_some(Step::Drop { keep, drop })
}

impl<'m> Domain<'m> for Builder<'m> {
    type Value = ();
    type Label = Label;
    type Error = TooLong;

    fn operator(
        &mut self,
        site: &Site<'m>,
        _: &[()],
        results: &mut Vec<()>,
    ) -> Result<(), TooLong> {
        self.count()?;
        // `nop` does nothing wherever it stands.
        if site.row.class != Class::nop {
            let scope = if site.row.class.flow() == Flow::Call { self.scope } else { OUTSIDE };
            self.push(self.item(site), scope);
        }
        results.resize(site.result_count(), ());
        Ok(())
    }

    fn open(
        &mut self,
        _: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        _: Option<&()>,
        _: &mut [()],
    ) -> Result<Label, TooLong> {
        self.count()?;
        let scope = self.scope;
        let target = self.fresh();
        let mut label = Label { target, follow: Some(target), otherwise: None, scope };
        match block.kind {
            BlockKind::Func => self.blocks[target as usize].term = Term::Return,
            BlockKind::Block => {}
            BlockKind::Loop => {
                label.follow = None;
                self.end(Term::Goto(target), target);
            }
            BlockKind::If => {
                let (then, otherwise) = (self.fresh(), self.fresh());
                label.otherwise = Some(otherwise);
                self.end(Term::Cond { nonzero: then, zero: otherwise }, then);
            }
            BlockKind::TryTable => {
                let catches = std::mem::take(&mut self.catches);
                self.scopes.push(Scope { catches, outer: scope });
                self.scope = self.scopes.len() as u32 - 1;
            }
        }
        Ok(label)
    }

    fn catch(
        &mut self,
        _: &Site<'m>,
        clause: &prova_module::Catch,
        to: &mut Frame<'m, Label>,
    ) -> Result<(), TooLong> {
        use prova_module::Catch as C;
        let (kind, tag) = match *clause {
            C::One { tag, .. } => (0, tag),
            C::OneRef { tag, .. } => (1, tag),
            C::All { .. } => (2, 0),
            C::AllRef { .. } => (3, 0),
        };
        let (target, height) = (to.label.target, to.base as u32);
        self.catches.push(Catch { kind, tag, target, height });
        Ok(())
    }

    fn edge(
        &mut self,
        site: &Site<'m>,
        edge: Edge<'_, ()>,
        to: &mut Frame<'m, Label>,
    ) -> Result<(), TooLong> {
        let (target, step) = (to.label.target, dropped(edge, to));
        match edge.how {
            How::Br => {
                self.count()?;
                self.blocks[self.current as usize].code.extend(step);
                self.stop(Term::Goto(target));
            }
            How::Return => {
                self.count()?;
                self.stop(Term::Return);
            }
            How::BrIf(_) | How::OnNull(_) | How::OnNonNull | How::OnCast(_) => {
                self.count()?;
                // Of a branch on a reference the step says on which edge that is an operand more.
                if !matches!(edge.how, How::BrIf(_)) {
                    self.push(without_depth(self.item(site)), OUTSIDE);
                }
                let nonzero = self.landing(target, step);
                let zero = self.fresh();
                self.end(Term::Cond { nonzero, zero }, zero);
            }
            How::BrTable(_, position) => {
                let block = self.landing(target, step);
                self.targets.push(block);
                let last = match &site.operator {
                    prova_module::Operator::BrTable { targets } => targets.len(),
                    _ => position,
                };
                if position == last {
                    self.count()?;
                    let targets = std::mem::take(&mut self.targets);
                    self.stop(Term::Table(targets));
                }
            }
            How::Fall => self.blocks[self.current as usize].term = Term::Goto(target),
            How::Skip => {
                if let Some(otherwise) = to.label.otherwise {
                    self.blocks[otherwise as usize].term = Term::Goto(target);
                }
            }
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        frame: &mut Frame<'m, Label>,
        _: &mut [()],
    ) -> Result<(), TooLong> {
        self.count()?;
        if let Some(otherwise) = frame.label.otherwise {
            self.current = otherwise;
        }
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, Label>,
        exit: Exit,
        results: &mut Vec<()>,
    ) -> Result<(), TooLong> {
        self.count()?;
        self.scope = frame.label.scope;
        match (exit, frame.label.follow) {
            (Exit::Joined, Some(follow)) => {
                results.resize(frame.types.results().len(), ());
                self.current = follow;
            }
            (Exit::Joined | Exit::Fallen | Exit::Never, _) => {}
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, _: &[()], _: &[()]) -> Result<(), TooLong> {
        self.count()?;
        if site.row.class == Class::unreachable {
            self.stop(Term::Trap);
            return Ok(());
        }
        // Before a tail call the frame, and its handlers with it, is gone.
        let throws = matches!(site.row.class, Class::throw | Class::throw_ref);
        let scope = if throws { self.scope } else { OUTSIDE };
        self.push(self.item(site), scope);
        self.stop(Term::Leave);
        Ok(())
    }

    fn dead(&mut self, _: &Site<'m>) -> Result<(), TooLong> {
        self.count()
    }
}

/// A branch on a reference without the depth, which is an edge here; `br_on_cast` has its types.
fn without_depth(item: Item<'_>) -> Item<'_> {
    match item.tok {
        Tok::Raw(raw) => Item { tok: Tok::Raw(raw.get(..1).unwrap_or_default()), ..item },
        Tok::Typed { code, types, .. } => {
            Item { tok: Tok::Typed { code, types, rest: [0; 2] }, ..item }
        }
        tok => Item { tok, ..item },
    }
}
