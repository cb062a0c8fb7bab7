//! The walk's events, each brought to the rules of its kind.
//!
//! Where the structure of the Wasm lets control through but nothing leads there (behind a label
//! that only clauses of a handler without throw name), events are skipped, until a label that an
//! edge leads to.

use super::error::{Fault, Rule, Verdict};
use super::variable::Left;
use super::{Check, Label, nothing};
use crate::entity::Value;
use prova_module::ops::Value as Field;
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site};
use prova_module::{BlockKind, Catch};

/// The number of entries of a `br_table`, without the default.
pub(super) fn table_len(site: &Site<'_>) -> Verdict<u32> {
    let count = site.immediates().iter().find_map(|(_, field)| {
        if let Field::Labels(table) = field { Some(table.len()) } else { None }
    });
    count.ok_or_else(|| Fault::new(Rule::Function, "a br_table without table"))
}

impl<'m> Check<'m, '_> {
    /// Keeps the label of a block that opens.
    fn keep(&mut self, frame: &Frame<'m, ()>) -> Verdict {
        let Frame { kind, types, base, index, .. } = *frame;
        let facts =
            frame.facts.ok_or_else(|| Fault::new(Rule::Function, "a block without facts"))?;
        let to = if kind == BlockKind::Loop { facts.start } else { facts.end };
        let slot = self.labels.get_mut(index);
        let slot = slot.ok_or_else(|| Fault::new(Rule::Function, "a block without facts"))?;
        *slot = Some(Label {
            kind,
            types,
            base: base as u32,
            to,
            block: None,
            otherwise: None,
            joins: kind == BlockKind::If || facts.branched && kind != BlockKind::Loop,
            loops: facts.branched && kind == BlockKind::Loop,
            skipped: self.skipping,
            handler: None,
            table: (u32::MAX, 0),
        });
        Ok(())
    }
}

impl<'m> Domain<'m> for Check<'m, '_> {
    type Value = Value;
    type Label = ();
    type Error = Fault;

    fn operator(&mut self, site: &Site<'m>, args: &[Value], results: &mut Vec<Value>) -> Verdict {
        self.at(site.offset)?;
        if self.skipping {
            self.no_results(site, results);
            return Ok(());
        }
        self.straight(site, args, results)
    }

    fn waits(&mut self, site: &Site<'m>, below: &[Value]) -> Verdict {
        let Some(mut noted) = self.noted.take_if(|_| !self.skipping) else { return Ok(()) };
        self.offset = site.offset;
        let get = &mut |local| self.locals.get(local, site.offset);
        noted.waits((self.facts, self.body), (site.offset, below), get)?;
        self.noted = Some(noted);
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        frame: &Frame<'m, ()>,
        condition: Option<&Value>,
        params: &mut [Value],
    ) -> Verdict {
        let Some(site) = site else {
            self.offset = frame.offset;
            self.keep(frame)?;
            return self.enter(frame.offset);
        };
        self.at(site.offset)?;
        self.keep(frame)?;
        let index = frame.index;
        if frame.kind == BlockKind::TryTable {
            let handler = self.guard(frame);
            self.label(index)?.handler = handler;
        }
        if self.skipping {
            return Ok(());
        }
        let (joins, loops) = (self.label(index)?.joins, self.label(index)?.loops);
        let facts = frame.facts;
        match frame.kind {
            BlockKind::Func => return Err(Fault::new(Rule::Function, "a body in a body")),
            BlockKind::Block | BlockKind::TryTable if joins => {
                self.locals.open_region(site.offset, Left::No);
            }
            BlockKind::Block | BlockKind::TryTable => {}
            BlockKind::Loop => {
                if loops {
                    self.header(index, facts.map_or(u64::MAX, |facts| facts.written), params)?;
                    let block = self.label(index)?.block;
                    self.begin_round(site.offset, block, frame.base, params);
                }
                self.poll_due = self.body.metering().epoch;
            }
            BlockKind::If => {
                let condition = condition.copied().unwrap_or_else(nothing);
                self.if_(index, condition, facts.and_then(|facts| facts.else_), params)?;
            }
        }
        Ok(())
    }

    fn catch(&mut self, site: &Site<'m>, clause: &Catch, to: &mut Frame<'m, ()>) -> Verdict {
        self.at(site.offset)?;
        self.clause(clause, to.index);
        Ok(())
    }

    fn edge(&mut self, site: &Site<'m>, edge: Edge<'_, Value>, to: &mut Frame<'m, ()>) -> Verdict {
        self.at(site.offset)?;
        if self.skipping {
            return Ok(());
        }
        let (index, values) = (to.index, edge.values);
        if to.kind == BlockKind::Loop {
            self.shows_below(to.offset, edge.below);
        }
        match edge.how {
            How::OnCast(&reference) => {
                let height = edge.below.len() + values.len().saturating_sub(1);
                self.cast(site, index, (reference, values), height)
            }
            // The way past an `if` left it where the `if` is.
            How::Skip => Ok(()),
            How::Return | How::Br | How::Fall if to.kind == BlockKind::Func => self.return_(values),
            How::Return | How::Br | How::Fall => self.jump(index, values),
            How::BrTable(&value, position) => self.table(site, (value, position), index, values),
            How::BrIf(_) | How::OnNull(_) | How::OnNonNull => {
                let height = edge.below.len() + values.len();
                self.fork(index, &edge.how, values, height)
            }
        }
    }

    fn otherwise(
        &mut self,
        site: &Site<'m>,
        frame: &mut Frame<'m, ()>,
        _params: &mut [Value],
    ) -> Verdict {
        self.offset = site.offset;
        let label = self.label(frame.index)?;
        let (skipped, otherwise) = (label.skipped, label.otherwise);
        self.skipping = skipped;
        if skipped {
            return Ok(());
        }
        self.locals.second_arm(site.offset);
        let block = otherwise.ok_or_else(|| Fault::new(Rule::Function, "an else without if"))?;
        self.begin(block, site.offset)
    }

    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, ()>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Verdict {
        if exit == Exit::Fallen {
            self.at(site.offset)?;
        }
        self.offset = site.offset;
        let Frame { index, kind, types, .. } = frame;
        let label = self.label(index)?;
        let (skipped, joins, loops) = (label.skipped, label.joins, label.loops);
        let handler = label.handler;
        if let Some(number) = handler {
            self.unguard(number)?;
        }
        let fill = |results: &mut Vec<Value>| {
            if exit == Exit::Joined {
                results.resize(types.results().len(), nothing());
            }
        };
        if skipped {
            fill(results);
            return Ok(());
        }
        if kind == BlockKind::Func {
            fill(results);
            return self.exit();
        }
        if loops {
            self.locals.close_loop(site.offset);
        }
        if joins {
            return self.join(index, exit, results);
        }
        demand!(exit != Exit::Joined, Function, "edges to a label that has none by the facts");
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[Value], _below: &[Value]) -> Verdict {
        self.at(site.offset)?;
        if self.skipping {
            return Ok(());
        }
        self.leaves(site, args)
    }

    fn stays(&mut self, reference: Value) -> Value {
        self.refined.take().unwrap_or(reference)
    }

    fn non_null(&mut self, reference: Value) -> Value {
        self.refined.take().unwrap_or(reference)
    }
}
