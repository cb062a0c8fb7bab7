//! Contexts: what keeps copies of a generic block apart.
//!
//! A context is a path of program counters and of values that were specialised. It is a name and
//! nothing else: it decides how far the specialiser unrolls, never what a copy may assume, so no
//! proof knows of contexts.
//!
//! The known bytes of constant memory ([`Fresh`]) keep copies apart as well: code is copied for
//! each set.
//!
//! Invariant: equal paths have equal ids, given in the order in which the paths came up.

use crate::ask::certificate::Range;
use prova_ssa::Inst;
use prova_ssa::hash::Key;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

/// A context; [`ROOT`] is where a function starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Context(u32);

/// The empty path.
pub(crate) const ROOT: Context = Context(0);

/// The known bytes of constant memory: a name of a set of ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fresh(u32);

/// All that the entry compared is what it was.
pub(crate) const ALL: Fresh = Fresh(0);
/// Nothing is known.
pub(crate) const NONE: Fresh = Fresh(1);

/// The most ranges that are known at once.
const RANGES_MAX: usize = 16;

/// The most steps of a path that a message shows.
const STEPS_TOLD_MAX: usize = 6;
/// A path of more steps is one that grows.
const DEEP: usize = 256;
/// How many contexts a message shows of those that do not end.
const LAST_TOLD: usize = 3;

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A program counter, or a pointer's offset into its buffer.
    Loop(u32),
    /// A value, at the instruction that specialises it.
    Value(u32, u32),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Loop(pc) => write!(f, "pc {pc}"),
            Step::Value(_, value) => write!(f, "value {value}"),
        }
    }
}

/// All contexts so far.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    /// By number less one: the path without its last step, and that step.
    steps: Vec<(Context, Step)>,
    /// The instruction that made each of them first, in the same order.
    makers: Vec<Inst>,
    known: HashMap<(Context, Step), Context, Key>,
    /// By number less two: ranges, rising.
    ranges: Vec<Vec<Range>>,
}

impl Contexts {
    /// A path and one more step, which an instruction tells.
    pub(crate) fn child(&mut self, parent: Context, step: Step, maker: Inst) -> Context {
        let Contexts { steps, makers, known, .. } = self;
        *known.entry((parent, step)).or_insert_with(|| {
            steps.push((parent, step));
            makers.push(maker);
            Context(steps.len() as u32)
        })
    }

    /// The ranges that are known besides what the entry compared.
    pub(crate) fn ranges(&self, fresh: Fresh) -> &[Range] {
        let at = (fresh.0 as usize).checked_sub(2);
        at.and_then(|at| self.ranges.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The set with one more range.
    pub(crate) fn refreshed(&mut self, fresh: Fresh, range: Range) -> Fresh {
        let mut all = self.ranges(fresh).to_vec();
        if all.len() >= RANGES_MAX {
            all.clear();
        }
        all.push(range);
        all.sort();
        all.dedup_by(|next, last| {
            let joins = next.arg == last.arg && next.from <= last.to;
            if joins {
                last.to = last.to.max(next.to);
            }
            joins
        });
        let at = self.ranges.iter().position(|other| *other == all);
        let at = at.unwrap_or_else(|| {
            self.ranges.push(all);
            self.ranges.len() - 1
        });
        Fresh(at as u32 + 2)
    }

    /// The path before its innermost program counter; the root if there is none.
    pub(crate) fn popped(&self, mut context: Context) -> Context {
        while let Some((parent, step)) = self.last(context) {
            context = parent;
            if matches!(step, Step::Loop(_)) {
                break;
            }
        }
        context
    }

    fn last(&self, context: Context) -> Option<(Context, Step)> {
        self.steps.get((context.0 as usize).checked_sub(1)?).copied()
    }

    /// How many steps a path has.
    fn depth(&self, context: Context) -> usize {
        std::iter::successors(self.last(context), |(parent, _)| self.last(*parent)).count()
    }

    /// The path in words, the innermost step last; of a long one its end.
    pub(crate) fn describe(&self, mut context: Context) -> String {
        let (mut words, mut more) = (Vec::new(), 0);
        while let Some((parent, step)) = self.last(context) {
            match words.len() < STEPS_TOLD_MAX {
                true => words.push(step.to_string()),
                false => more += 1,
            }
            context = parent;
        }
        if more > 0 {
            words.push(format!("{more} more"));
        }
        words.reverse();
        if words.is_empty() { "no context".to_owned() } else { words.join(" / ") }
    }

    /// Names the cause of too many contexts: the operator that made most of them, with the last
    /// ones; `name` says which operator it is, and where. If paths grow, it is an operator that
    /// pushes.
    pub(crate) fn endless(
        &self,
        pushes: impl Fn(Inst) -> bool,
        name: impl Fn(Inst) -> String,
    ) -> Option<String> {
        let is_deep = self.depth(Context(self.steps.len() as u32)) > DEEP;
        let mut of: BTreeMap<Inst, (usize, VecDeque<Context>)> = BTreeMap::new();
        for (number, &maker) in (1..).zip(&self.makers) {
            let (count, last) = of.entry(maker).or_default();
            *count += 1;
            if last.len() == LAST_TOLD {
                last.pop_front();
            }
            last.push_back(Context(number));
        }
        let of = of.into_iter().filter(|(maker, _)| !is_deep || pushes(*maker));
        let (maker, (count, last)) = of.max_by_key(|(_, (count, _))| *count)?;
        let all = self.makers.len();
        let last: Vec<String> = last.into_iter().map(|context| self.describe(context)).collect();
        let last = last.join("), (");
        let maker = name(maker);
        Some(format!(
            "{count} of {all} contexts are told by {maker}, the last ones ({last}), and none of \
             them was there before"
        ))
    }
}
