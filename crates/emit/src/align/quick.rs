//! The first attempt: the flow of both sides and the homes of values, and no values.
//!
//! Blocks of the image come in an order in which one of the edges to each comes before it. So each
//! is given the place of the body where the first edge to it comes, by counting effects; where
//! several edges lead, it is the next block of the body to which several do, and a value that
//! begins there is the parameter with its home, or what the first edge carries. Blocks that only
//! jump on stand for their edges on both sides. Nearly all functions are aligned by this; for the
//! others it gives up, or the proof refuses what it says.

use super::graph::{is_meter, pure};
use super::negations::is_negated;
use crate::emitted::Homes;
use crate::emitted::rows::{Is, Kind, Rows};
use prova_module::Opcode;
use prova_ssa::relate::constant;
use prova_ssa::{Arg, ArgKind, Block, Body, Clause, Def, Edge, List, Op, Place, Terminator, Value};

/// Maximum number of blocks that one edge of the body leads through.
const PASSED_MAX: usize = 256;

/// Maximum number of blocks in a row that are walked on each edge.
const CHAIN_MAX: u32 = 16;

/// The facts about a block of either side.
#[derive(Clone, Copy, Default)]
struct Facts {
    effects: u32,
    edges: u32,
    /// Whether an edge leads back to it.
    is_header: bool,
}

/// One of both bodies.
struct Side<'b> {
    body: &'b Body,
    blocks: Vec<Facts>,
    is_lone: Vec<bool>,
}

impl<'b> Side<'b> {
    /// `None` if it has an operator that may have a counterpart or not.
    fn new(body: &'b Body) -> Option<Side<'b>> {
        let mut blocks = vec![Facts::default(); body.block_count()];
        for (block, data) in body.blocks() {
            let mut effects = 0;
            for inst in data.insts() {
                let inst = body.inst(inst);
                if inst.op == Op::Wasm(Opcode::RefAsNonNull) {
                    return None;
                }
                effects += u32::from(pure(inst).is_none() && !is_meter(inst));
            }
            blocks[block.as_u32() as usize].effects = effects;
            for edge in body.successors(block) {
                let to = &mut blocks[edge.block.as_u32() as usize];
                to.edges += 1;
                to.is_header |= edge.block <= block;
            }
        }
        let mut side = Side { body, blocks, is_lone: vec![false; body.block_count()] };
        side.lone();
        Some(side)
    }

    /// Blocks that do nothing but jump on, if nothing else reads what begins there, and none that
    /// an edge leads back to.
    fn lone(&mut self) {
        let body = self.body;
        let entry = body.entry();
        let is_silent = |block: Block| {
            let Facts { effects, is_header, .. } = self.facts(block);
            effects == 0 && !is_header && block != entry && self.jump(block).is_some()
        };
        let asked: Vec<bool> = body.blocks().map(|(block, _)| is_silent(block)).collect();
        if !asked.contains(&true) {
            return;
        }
        let escapes = escapes(body, &asked);
        let mut chains = vec![0_u32; body.block_count()];
        for at in (0..body.block_count()).rev().filter(|&at| asked[at] && !escapes[at]) {
            let Some(edge) = self.jump(Block::from_u32(at as u32)) else { continue };
            let chain = chains[edge.block.as_u32() as usize] + 1;
            if chain < CHAIN_MAX {
                (self.is_lone[at], chains[at]) = (true, chain);
            }
        }
    }

    fn facts(&self, block: Block) -> Facts {
        self.blocks[block.as_u32() as usize]
    }

    fn jump(&self, block: Block) -> Option<Edge> {
        match self.body.block(block).terminator {
            Terminator::Jump(edge) => Some(edge),
            _ => None,
        }
    }

    /// The clauses that an exception meets which goes along an edge.
    fn clauses(&self, edge: &Edge) -> Option<Vec<&'b Clause>> {
        let (mut all, mut next) = (Vec::new(), Some(*edge));
        for _ in 0..=self.body.block_count() {
            let Some(edge) = next else { return Some(all) };
            let Terminator::Catch { clauses, outer } = self.body.block(edge.block).terminator
            else {
                return None;
            };
            all.extend(self.body.clauses(clauses));
            next = outer;
        }
        // Handlers in a circle.
        None
    }
}

/// By block, whether another one reads a value that begins there, constants apart; of those that
/// are asked about.
pub(super) fn escapes(body: &Body, asked: &[bool]) -> Vec<bool> {
    let mut home = vec![u32::MAX; body.value_count()];
    for (block, data) in body.blocks().filter(|(block, _)| asked[block.as_u32() as usize]) {
        let insts = data.insts().map(|inst| body.inst(inst));
        let made = insts.filter(|inst| constant(inst).is_none());
        let made = made.flat_map(|inst| inst.results());
        data.params().chain(made).for_each(|value| home[value.as_u32() as usize] = block.as_u32());
    }
    let mut escapes = vec![false; body.block_count()];
    for (block, data) in body.blocks() {
        let mut read = |value: Value| {
            let of = home[value.as_u32() as usize];
            if of != u32::MAX && of != block.as_u32() {
                escapes[of as usize] = true;
            }
        };
        for inst in data.insts() {
            body.operands(body.inst(inst).args).iter().for_each(|&value| read(value));
        }
        body.terminator_operands(&data.terminator).iter().for_each(|&value| read(value));
        for edge in body.successors(block) {
            body.args(&edge).iter().filter_map(|arg| arg.value()).for_each(&mut read);
        }
    }
    escapes
}

/// The value of the body that a row names for a parameter which an edge gives an argument. What a
/// call or an exception gives has no other name than the parameter.
pub(super) fn source(param: Value, arg: Option<&Arg>) -> Option<Value> {
    Some(match arg?.kind() {
        ArgKind::Value(value) => value,
        ArgKind::Payload(_) => param,
    })
}

/// Where the body is: a block, and how many of its effects are met.
#[derive(Clone, Copy)]
struct Spot {
    block: Block,
    met: u32,
    /// The arguments with which it was entered, if nothing was met since.
    entered: Option<List<Arg>>,
    /// Whether a row of a block before says what these are.
    is_known: bool,
}

/// The alignment.
struct Quick<'b> {
    old: Side<'b>,
    new: Side<'b>,
    homes: &'b Homes<'b>,
    rows: Rows,
    spots: Vec<Option<Spot>>,
}

/// The rows of an image; `None` if they are not found.
pub(super) fn align(old: &Body, new: &Body, homes: &Homes<'_>) -> Option<Rows> {
    let (old, new) = (Side::new(old)?, Side::new(new)?);
    let count = new.body.block_count();
    let mut quick =
        Quick { old, new, homes, rows: Rows::with_room(count), spots: vec![None; count] };
    quick.kinds();
    let start = Spot { block: quick.old.body.entry(), met: 0, entered: None, is_known: false };
    quick.spots[0] = Some(start);
    let new = quick.new.body;
    for (block, _) in new.blocks() {
        let is_passed = matches!(quick.rows.kinds[block.as_u32() as usize], Kind::Passed);
        if !is_passed {
            quick.block(block)?;
        }
    }
    Some(quick.rows)
}

impl<'b> Quick<'b> {
    /// Blocks that are walked on each edge to them.
    fn kinds(&mut self) {
        for (block, data) in self.new.body.blocks() {
            let is_passed = match data.terminator {
                Terminator::Catch { .. } => true,
                Terminator::Return(_) => {
                    self.new.facts(block).effects == 0 && block != self.new.body.entry()
                }
                Terminator::Jump(_) => self.new.is_lone[block.as_u32() as usize],
                _ => false,
            };
            self.rows.kinds.push(if is_passed { Kind::Passed } else { Kind::Inner });
        }
    }

    fn is_passed(&self, block: Block) -> bool {
        matches!(self.rows.kinds[block.as_u32() as usize], Kind::Passed)
    }

    /// One block of the image, and where its edges lead.
    fn block(&mut self, block: Block) -> Option<()> {
        let mut spot = self.spots[block.as_u32() as usize]?;
        let mut left = self.new.facts(block).effects;
        if left > 0 {
            (spot.entered, spot.is_known) = (None, false);
        }
        let mut passed = 0;
        loop {
            let here = (self.old.facts(spot.block).effects - spot.met).min(left);
            (spot.met, left) = (spot.met + here, left - here);
            if left == 0 {
                break;
            }
            // A loop without effects goes on for ever.
            passed = if here == 0 { passed + 1 } else { 0 };
            let edge = self.old.jump(spot.block).filter(|_| passed < PASSED_MAX)?;
            (spot.block, spot.met) = (edge.block, 0);
        }
        let body = self.new.body;
        match &body.block(block).terminator {
            Terminator::Jump(edge) => self.jumps(edge, spot),
            end => self.ends(end, spot),
        }
    }

    /// Where an edge of the image leads behind blocks that are passed; `None` if out.
    fn landing(&self, edge: &Edge) -> Option<Edge> {
        let mut edge = *edge;
        while self.is_passed(edge.block) {
            edge = self.new.jump(edge.block)?;
        }
        Some(edge)
    }

    fn jumps(&mut self, edge: &Edge, mut spot: Spot) -> Option<()> {
        let Some(to) = self.landing(edge) else { return Some(()) };
        let at = to.block.as_u32() as usize;
        if self.spots[at].is_some() {
            return Some(());
        }
        if self.new.facts(to.block).edges == 1 {
            self.spots[at] = Some(spot);
            return Some(());
        }
        // A block that only jumps on may be the place where its row is.
        let is_done = spot.is_known
            && self.old.facts(spot.block).effects == 0
            && self.old.jump(spot.block).is_some();
        let is_lone = self.old.is_lone[spot.block.as_u32() as usize];
        let is_alone = self.old.facts(spot.block).edges == 1;
        if spot.entered.is_none() || is_alone || is_lone || is_done {
            if spot.met < self.old.facts(spot.block).effects {
                return None;
            }
            let edge = self.follow(self.old.jump(spot.block)?);
            spot = Spot { block: edge.block, met: 0, entered: Some(edge.args), is_known: false };
        }
        self.row(&to, spot);
        Some(())
    }

    /// Where an edge of the body leads behind blocks that only jump and to which one edge leads.
    fn follow(&self, mut edge: Edge) -> Edge {
        for _ in 0..PASSED_MAX {
            match self.old.jump(edge.block) {
                Some(next) if self.old.is_lone[edge.block.as_u32() as usize] => edge = next,
                _ => break,
            }
        }
        edge
    }

    /// An edge of the image goes with one of the body.
    fn pair(&mut self, ours: &Edge, theirs: &Edge) {
        let Some(to) = self.landing(theirs) else { return };
        let at = to.block.as_u32() as usize;
        if self.spots[at].is_some() {
            return;
        }
        let is_row = self.new.facts(to.block).edges > 1;
        let edge = if is_row { self.follow(*ours) } else { *ours };
        let spot = Spot { block: edge.block, met: 0, entered: Some(edge.args), is_known: false };
        match is_row {
            true => self.row(&to, spot),
            false => self.spots[at] = Some(spot),
        }
    }

    /// A block of the image to which several edges lead, where the body enters a block.
    fn row(&mut self, to: &Edge, mut spot: Spot) {
        let first = self.rows.values.len();
        let carried = spot.entered.unwrap_or(List::EMPTY);
        let carried = self.old.body.arg_list(carried);
        let params = self.old.body.block(spot.block).params();
        let mut stacked = self.stacked(to.block).into_iter();
        let carried = carried.iter().map(Some).chain([None].into_iter().cycle());
        for (value, arg) in params.zip(carried) {
            let home = self.home(spot.block, value);
            let number = match home {
                Some(home) => self.param_of(to.block, home),
                None => stacked.next(),
            };
            let other = if spot.is_known { Some(value) } else { source(value, arg) };
            let is = number.map(Is::Param).or(other.filter(|_| home.is_some()).map(Is::Old));
            self.rows.values.extend(is.map(|is| (value, is)));
        }
        let at = to.block.as_u32() as usize;
        self.rows.kinds[at] = Kind::At((spot.block, 0), first..self.rows.values.len());
        spot.is_known = true;
        self.spots[at] = Some(spot);
    }

    /// The home of a parameter of a block of the body, or of what it becomes behind a block that
    /// only jumps.
    fn home(&self, mut block: Block, mut value: Value) -> Option<u32> {
        for _ in 0..PASSED_MAX {
            if let Some(home) = self.homes.of(value) {
                return Some(home);
            }
            let edge = self.old.jump(block).filter(|_| self.old.facts(block).effects == 0)?;
            let mut args = self.old.body.args(&edge).iter();
            let at = args.position(|arg| arg.value() == Some(value))?;
            (block, value) = (edge.block, self.old.body.block(edge.block).params().nth(at)?);
        }
        None
    }

    /// The parameter of a block of the image with a home.
    fn param_of(&self, to: Block, home: u32) -> Option<u32> {
        let mut params = (0..).zip(self.new.body.block(to).params());
        let is_there = |param| {
            let def = self.new.body.value(param).def;
            matches!(def, Def::Param(_, _, Place::Local(local)) if local == home)
        };
        params.find(|&(_, param): &(u32, Value)| is_there(param)).map(|(number, _)| number)
    }

    /// The parameters of a block of the image that lie on the stack.
    fn stacked(&self, to: Block) -> Vec<u32> {
        let params = (0..).zip(self.new.body.block(to).params());
        let is_there =
            |param| matches!(self.new.body.value(param).def, Def::Param(_, _, Place::Stack(_)));
        params.filter(|&(_, param)| is_there(param)).map(|(number, _)| number).collect()
    }

    /// An end of the image that is no jump.
    fn ends(&mut self, end: &Terminator, mut spot: Spot) -> Option<()> {
        for _ in 0..PASSED_MAX {
            match self.old.jump(spot.block) {
                Some(edge) if spot.met == self.old.facts(spot.block).effects => {
                    (spot.block, spot.met) = (edge.block, 0);
                }
                _ => break,
            }
        }
        use Terminator as T;
        let (old, new) = (self.old.body, self.new.body);
        let ours = &old.block(spot.block).terminator;
        match (ours, end) {
            (
                T::Branch { condition, then: a, otherwise: b },
                &T::Branch { condition: c, then, otherwise },
            ) => {
                let swapped = is_negated(old, *condition) != is_negated(new, c);
                let (then, otherwise) = if swapped { (otherwise, then) } else { (then, otherwise) };
                self.pair(a, &then);
                self.pair(b, &otherwise);
            }
            (T::Null { null: a, non_null: b, .. }, T::Null { null, non_null, .. }) => {
                self.pair(a, null);
                self.pair(b, non_null);
            }
            (T::Table { edges: a, targets: x, .. }, T::Table { edges, targets, .. }) => {
                let (a, edges) = (old.edges(*a), new.edges(*edges));
                for (&from, &to) in old.targets(*x).iter().zip(new.targets(*targets)) {
                    self.pair(a.get(from as usize)?, edges.get(to as usize)?);
                }
            }
            (T::Invoke { normal: a, handler: b, .. }, T::Invoke { normal, handler, .. }) => {
                self.pair(a, normal);
                self.caught(b, handler)?;
            }
            (T::Throw { handler: Some(a), .. }, T::Throw { handler: Some(b), .. }) => {
                self.caught(a, b)?;
            }
            (T::Return(_), T::Return(_))
            | (T::TailCall(_), T::TailCall(_))
            | (T::Unreachable, T::Unreachable)
            | (T::Throw { handler: None, .. }, T::Throw { handler: None, .. }) => {}
            (_, _) => return None,
        }
        Some(())
    }

    fn caught(&mut self, ours: &Edge, theirs: &Edge) -> Option<()> {
        let (ours, theirs) = (self.old.clauses(ours)?, self.new.clauses(theirs)?);
        for (our, their) in ours.into_iter().zip(theirs) {
            self.pair(&our.edge, &their.edge);
        }
        Some(())
    }
}
