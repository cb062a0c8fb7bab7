//! The walk of one block of the image beside the part of the body that it stands for: effects,
//! operands (E3, E4), and the state in which it begins.

use super::error::{Fault, Rejection, Rule, Verdict};
use super::plant::planted;
use super::rows::{Is, Kind, Rows};
use super::{STEPS_BASE, STEPS_PER_VALUE};
use prova_module::ValType;
use prova_ssa::budget::Budget;
use prova_ssa::demand;
use prova_ssa::hash::Key;
use prova_ssa::relate::walk::Place;
use prova_ssa::relate::{Later, Numbers, Operands, Values, homes};
use prova_ssa::{Block, Body, Inst, Terminator, Value, Vn, Where};
use std::collections::HashSet;

/// Numbers of values that an edge changes.
type Changes = Vec<(Value, Option<Vn>)>;

/// Where a block begins to which one edge leads: the place of the body, and what the edge has made
/// of values of both sides.
#[derive(Debug)]
pub(super) struct Start {
    /// The last block with a row before it, and whether the body has moved since that began.
    pub(super) root: Block,
    pub(super) has_moved: bool,
    pub(super) place: Place,
    pub(super) olds: Changes,
    pub(super) news: Changes,
}

/// An effect of the image's block.
pub(super) struct Effect {
    pub(super) inst: Inst,
    pub(super) args: Operands,
    pub(super) is_met: bool,
}

/// The proof, where its walk is.
pub(super) struct Proof<'b> {
    pub(super) old: &'b Body,
    pub(super) new: &'b Body,
    pub(super) rows: &'b Rows,
    pub(super) numbers: Numbers,
    /// Values of the body.
    pub(super) olds: Values,
    /// Values of the image.
    pub(super) news: Values,
    /// Numbers of references that are not null.
    pub(super) non_null: HashSet<Vn, Key>,
    /// By value of the body: the block that makes it, if it is no constant.
    pub(super) homes: Vec<Option<Block>>,
    pub(super) later: Later,
    /// By block of the image: the last block with a row whose next dominator with a state it is,
    /// and the one before that.
    behind: Vec<(Option<Block>, Option<Block>)>,
    /// By block of the image: where it begins, if it has no row and is reached.
    pub(super) starts: Vec<Option<Start>>,
    /// By value of a row: what [`Is::Old`] is behind the block's dominator.
    pub(super) said: Vec<Option<Vn>>,
    /// How many blocks have been walked.
    walked: usize,
    /// Blocks to walk, with their depths.
    pub(super) open: Vec<(Block, u32)>,
    pub(super) depth: u32,
    /// The block of the image that is walked.
    pub(super) block: Block,
    /// The last block with a row on the way there, or the entry.
    pub(super) root: Block,
    /// The place of the body, and whether the body has moved since `root` began.
    pub(super) place: Place,
    pub(super) has_moved: bool,
    /// The effects of the block; those before `first` are met, and `met` in all.
    pub(super) effects: Vec<Effect>,
    pub(super) first: usize,
    pub(super) met: usize,
    /// Those of them that are reads behind which nothing has changed what they read.
    pub(super) reads: Vec<usize>,
    /// Payloads of the edges that are compared.
    pub(super) payloads: Vec<(u32, Vn)>,
    /// Handlers of the body on the way of an exception.
    pub(super) handlers: Vec<Block>,
    /// The arguments of an edge of the body, kept between edges.
    pub(super) wanted: Vec<Option<Vn>>,
    pub(super) budget: Budget,
}

/// Room for the effects of a block of usual size.
const EFFECTS: usize = 16;

/// Whether a type is one of references that are not null.
pub(super) fn is_non_null(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if !ty.is_nullable())
}

/// Compares a body and its image by its rows.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn prove(old: &Body, new: &Body, rows: &Rows) -> Result<(), Rejection> {
    let size = |body: &Body| (body.value_count() + body.inst_count()) as u64;
    let steps = STEPS_BASE + STEPS_PER_VALUE * (size(old) + size(new));
    let mut starts = Vec::new();
    starts.resize_with(new.block_count(), || None);
    let mut proof = Proof {
        old,
        new,
        rows,
        numbers: Numbers::with_room(new.inst_count()),
        olds: Values::new(old.value_count()),
        news: Values::new(new.value_count()),
        non_null: HashSet::default(),
        homes: homes(old),
        later: Later::new(new, old.block_count()),
        behind: Vec::new(),
        starts,
        said: vec![None; rows.values.len()],
        walked: 0,
        open: Vec::new(),
        depth: 0,
        block: new.entry(),
        root: new.entry(),
        place: (old.entry(), 0),
        has_moved: false,
        effects: Vec::with_capacity(EFFECTS),
        first: 0,
        met: 0,
        reads: Vec::new(),
        payloads: Vec::new(),
        handlers: Vec::new(),
        wanted: Vec::new(),
        // The last of them is not taken.
        budget: Budget::new("steps", steps - 1),
    };
    proof.run().map_err(|fault| {
        let (block, image) = (Some(proof.place.0), Some(proof.block));
        fault.at(old.func(), Where { block, image, offset: None })
    })
}

impl Proof<'_> {
    fn run(&mut self) -> Verdict {
        let (old, new) = (self.old, self.new);
        self.form()?;
        let params = |body: &Body| body.block(body.entry()).params().collect::<Vec<Value>>();
        let (ours, theirs) = (params(old), params(new));
        demand!(ours.len() == theirs.len(), Arguments, "entries with other parameters");
        let leaves: Vec<Vn> = ours.iter().map(|_| self.numbers.leaf()).collect();
        let known = |params: Vec<Value>| {
            params.into_iter().zip(&leaves).map(|(param, &leaf)| (param, Some(leaf))).collect()
        };
        let (olds, news) = (known(ours), known(theirs));
        let place = (old.entry(), 0);
        let start = Start { root: self.root, has_moved: false, place, olds, news };
        self.starts[new.entry().as_u32() as usize] = Some(start);
        self.open.push((new.entry(), 0));
        let mut marks: Vec<(usize, usize)> = Vec::new();
        while let Some((block, depth)) = self.open.pop() {
            // What the dominators of the block know, and nothing of blocks beside it.
            marks.truncate(depth as usize);
            let mark = marks.last().copied().unwrap_or_default();
            self.olds.back(mark.0);
            self.news.back(mark.1);
            (self.block, self.depth) = (block, depth);
            self.begin()?;
            self.walk()?;
            marks.push((self.olds.mark(), self.news.mark()));
        }
        let count = new.blocks().filter(|&(block, _)| !self.rows.is_passed(block)).count();
        let all = self.walked == count || planted!(SomeUnwalked);
        demand!(all, Targets, "{} of {count} blocks are reached", self.walked);
        match self.later.broken() {
            None => Ok(()),
            Some(_) if planted!(MadeAgain) => Ok(()),
            Some((old, block)) => {
                let what = format!("values of {old} may be others behind {block}");
                Err(Fault::new(Rule::Targets, what))
            }
        }
    }

    /// E6: rows name what exists. Finds the dominator behind which each block with a row begins.
    fn form(&mut self) -> Verdict {
        let (old, new) = (self.old, self.new);
        let entry = new.entry();
        let is_inner = self.rows.row(entry).is_none() && !self.rows.is_passed(entry);
        demand!(is_inner, Targets, "the entry is another place");
        self.behind = vec![(None, None); new.block_count()];
        let mut above = vec![entry; new.block_count()];
        let mut taken = vec![false; self.rows.values.len()];
        for (block, data) in new.blocks().skip(1) {
            self.step(1)?;
            // A dominator comes first.
            let dominator = self.later.above(block).unwrap_or(entry);
            above[block.as_u32() as usize] = match self.rows.is_passed(dominator) {
                true => above[dominator.as_u32() as usize],
                false => dominator,
            };
            let Some((place, values)) = self.rows.row(block) else { continue };
            let exists = (place.0.as_u32() as usize) < old.block_count()
                && place.1 as usize <= old.block(place.0).insts().len();
            demand!(exists, Targets, "{block} is at no place");
            let first = self.first_of(block);
            for (at, &(value, is)) in values.iter().enumerate() {
                let is_taken = std::mem::replace(&mut taken[first + at], true);
                demand!(!is_taken, Arguments, "a row of {block} is another one's too");
                let named = match is {
                    Is::Param(number) => (number as usize) < data.params().len(),
                    Is::Old(other) => (other.as_u32() as usize) < old.value_count(),
                };
                let is_known = named && (value.as_u32() as usize) < old.value_count();
                demand!(is_known, Arguments, "a row of {block} is of no value");
            }
            let at = above[block.as_u32() as usize].as_u32() as usize;
            self.behind[block.as_u32() as usize].1 = self.behind[at].0.replace(block);
        }
        Ok(())
    }

    pub(super) fn step(&self, steps: usize) -> Verdict {
        Ok(self.budget.spend(steps as u64)?)
    }

    /// The state at the start of the block.
    fn begin(&mut self) -> Verdict {
        let (block, rows) = (self.block, self.rows);
        let row = rows.row(block);
        self.walked += 1;
        self.later.enter(block, self.depth, row.is_some());
        self.olds.begin(self.depth);
        let Some((place, values)) = row else {
            let start = self.starts[block.as_u32() as usize].take();
            let Some(start) = start else {
                return Err(Fault::new(Rule::Targets, "a block that begins nowhere"));
            };
            (self.place, self.root, self.has_moved) = (start.place, start.root, start.has_moved);
            self.later.runs(start.place.0, block);
            self.step(start.olds.len() + start.news.len())?;
            start.news.iter().for_each(|&(value, vn)| self.news.set(value, vn));
            start.olds.iter().for_each(|&(value, vn)| self.know(value, vn));
            self.starts[block.as_u32() as usize] = Some(start);
            return Ok(());
        };
        (self.place, self.root, self.has_moved) = (place, block, false);
        self.later.runs(place.0, block);
        let params = self.new.block(block).params();
        self.step(params.len() + values.len())?;
        let mut leaves: Vec<Vn> = Vec::with_capacity(params.len());
        for param in params {
            let leaf = self.numbers.leaf();
            self.news.set(param, Some(leaf));
            leaves.push(leaf);
        }
        if place.1 == 0 {
            self.old.block(place.0).params().for_each(|param| self.olds.set(param, None));
        }
        let first = self.first_of(block);
        for (at, &(value, is)) in values.iter().enumerate() {
            let vn = match is {
                Is::Param(number) => leaves.get(number as usize).copied(),
                Is::Old(_) => self.said[first + at],
            };
            self.know(value, vn);
        }
        Ok(())
    }

    /// Where the values of a row stand among all.
    pub(super) fn first_of(&self, block: Block) -> usize {
        match self.rows.kind(block) {
            Kind::At(_, run) => run.start,
            Kind::Inner | Kind::Passed => 0,
        }
    }

    /// The numbers that values of the body have here, which rows of blocks behind it name.
    pub(super) fn lend(&mut self) -> Verdict {
        let mut next = self.behind[self.block.as_u32() as usize].0;
        while let Some(block) = next {
            next = self.behind[block.as_u32() as usize].1;
            let Some((_, values)) = self.rows.row(block) else { continue };
            let first = self.first_of(block);
            self.step(1 + values.len())?;
            for (at, &(_, is)) in values.iter().enumerate() {
                if let Is::Old(value) = is {
                    self.said[first + at] = self.number_of(value);
                }
            }
            self.open.push((block, self.depth + 1));
        }
        Ok(())
    }

    /// A block that one edge leads to is walked behind this one.
    pub(super) fn open(&mut self, block: Block) {
        self.open.push((block, self.depth + 1));
    }

    /// Walks the block: its instructions, then its end.
    fn walk(&mut self) -> Verdict {
        self.number()?;
        let (block, new) = (self.block, self.new);
        let end = &new.block(block).terminator;
        self.payloads.clear();
        let news = self.news.mark();
        match (end, self.rows.image_meets(block)) {
            (Terminator::Jump(edge), _) => {
                let given = self.given(edge)?;
                self.jump(edge.block, given, news)
            }
            (Terminator::Branch { .. } | Terminator::Table { .. }, Some(meet)) => {
                let given = self.image_merge(block, meet, 0)?;
                self.jump(meet, given, news)
            }
            (end, _) => self.end(end),
        }
    }
}
