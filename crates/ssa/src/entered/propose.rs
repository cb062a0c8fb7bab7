//! The proposal of a body that begins with a round of a loop.
//!
//! The blocks that control reaches from the loop's header are copied once. What they read is made
//! by them, or was made before the round: then it is in a local or on the stack where the round
//! begins, and a parameter of the entry. A value that was made before the round and may be made
//! again (in a loop around) has two definitions then. So the body is built twice: first as it is,
//! which shows the values that are read behind the header, and the locals in which they are; then
//! with parameters of the header for these locals, so that each value has one definition again.
//! Operands below the loop get no such parameters.
//!
//! What the frame holds of references to exceptions and objects at an operator counts as read there
//! ([`Held`]), so that a store still finds in the frame what no block reads again.
//!
//! Nothing here is trusted.

use super::{EnterError, Proposal};
use crate::body::{Body, Metering, Origin, Place};
use crate::build::{Asked, Forced, Limits, build_for};
use crate::carry::Carried;
use crate::check::{self, Found, Places};
use crate::copy::Copier;
use crate::dominance::Dominators;
use crate::entity::{Block, Value};
use crate::held::Held;
use crate::terminator::{Arg, Terminator};
use cranelift_entity::EntityRef;
use prova_module::{FuncIdx, Module};
use std::collections::{BTreeMap, BTreeSet};

/// The body of a whole function, and a proposal for its rest from a round of the loop at an offset
/// on.
///
/// # Errors
/// Why there is none.
pub fn propose(
    module: &Module,
    func: FuncIdx,
    offset: u32,
    metering: Metering,
) -> Result<(Body, Proposal), EnterError> {
    let holds = module.facts(func).is_some_and(|facts| facts.exception_roots.is_some());
    let built = |forced: Option<Forced<'_>>| {
        let asked = Asked { forced, holds };
        build_for(module, func, metering, Limits::default(), asked).map_err(EnterError::Build)
    };
    let (first, held) = built(None)?;
    let no_way = || EnterError::NoWay("there is no loop, or no edge leads back to it");
    let (header, known) = check::places(module, &first, offset).ok_or_else(no_way)?;
    let rest_of_first = Rest::new(&first, &held, header);
    let dominators = Dominators::new(&first);
    let before = |home: Block| home != header && dominators.dominates(home, header);
    let needed = rest_of_first.needed(header, before);
    let local = |found: &Found| match found.place {
        Place::Local(local) if needed.contains(&found.value) => Some(local),
        Place::Local(_) | Place::Stack(_) | Place::None => None,
    };
    let locals: BTreeSet<u32> = known.0.iter().filter_map(local).collect();
    let locals: Vec<u32> = locals.into_iter().collect();
    let (whole, held) = built(Some(Forced { offset, locals: &locals }))?;
    let (header, known) = check::places(module, &whole, offset).ok_or_else(no_way)?;
    let proposal = rest((&whole, &held), header, &known, offset).map_err(EnterError::NoWay)?;
    Ok((whole, proposal))
}

/// The rest of a body from its header on.
fn rest(
    (whole, held): (&Body, &Held),
    header: Block,
    known: &Places,
    offset: u32,
) -> Result<Proposal, &'static str> {
    let rest = Rest::new(whole, held, header);
    let below = known.0.iter().filter(|found| matches!(found.place, Place::Stack(_)));
    let remade = below.map(|found| found.value).filter(|&value| rest.makes(value, header));
    let remade: BTreeSet<Value> = remade.collect();
    if remade.len() > REMADE_MAX {
        return Err("too many operands below it are made again");
    }
    if remade.iter().any(|&value| rest.reads_as_it_was(header, value)) {
        return Err("an operand below it is made again, and is read before");
    }
    let needed = rest.needed(header, |_| false);
    // The first place of each value.
    let known: BTreeMap<Value, Place> =
        known.0.iter().rev().map(|found| (found.value, found.place)).collect();
    let place = |value: &Value| known.get(value).copied();
    let places: Option<Vec<Place>> = needed.iter().map(place).collect();
    let places = places.ok_or("a value that is needed is nowhere")?;
    let none = Carried::none(whole);
    let mut copier = Copier::new(whole, &none);
    copier.assembler.block(Origin::None, offset);
    for (&value, &place) in needed.iter().zip(&places) {
        let param = copier.assembler.param(whole.value(value).ty, place);
        copier.stand(value, param);
    }
    let args: Vec<Arg> =
        whole.block(header).params().map(|param| copier.own(param).into()).collect();
    let first = copier.assembler.edge(rest.number(header), &args);
    copier.assembler.end(Terminator::Jump(first), offset);
    let mut origins = vec![header];
    let mut copies = BTreeMap::new();
    for &block in &rest.blocks {
        copier.start(block);
        // A value that is made again is read behind the block that makes it.
        for (offset, held) in held_in(whole, held, block) {
            copies.insert(offset, held.iter().map(|&value| copier.own(value)).collect());
        }
        copier.end(block, &mut |to, args| (rest.number(to), args));
        origins.push(block);
    }
    let held = Held::of(copies);
    Ok(Proposal { offset, body: copier.assembler.finish(), places, origins, held })
}

/// Maximum number of operands below a loop that the rest of the function makes again.
const REMADE_MAX: usize = 64;

/// The blocks that control reaches from a header.
struct Rest<'b> {
    whole: &'b Body,
    held: &'b Held,
    /// In an order in which each stands behind its immediate dominator.
    blocks: Vec<Block>,
    /// By block: the number of its copy; 0 of one that is not copied.
    numbers: Vec<u32>,
    /// By value: the block that makes it.
    home: Vec<Block>,
}

impl<'b> Rest<'b> {
    fn new(whole: &'b Body, held: &'b Held, header: Block) -> Rest<'b> {
        let mut home = vec![whole.entry(); whole.value_count()];
        for (block, data) in whole.blocks() {
            let results = data.insts().flat_map(|inst| whole.inst(inst).results());
            data.params().chain(results).for_each(|value| home[value.index()] = block);
        }
        let mut numbers = vec![0; whole.block_count()];
        // Reverse postorder, by a depth-first walk; successors stay to be visited.
        let mut blocks = Vec::new();
        let mut open = vec![(header, whole.successors(header))];
        numbers[header.index()] = 1;
        while let Some((block, successors)) = open.last_mut() {
            match successors.next() {
                Some(edge) if numbers[edge.block.index()] == 0 => {
                    numbers[edge.block.index()] = 1;
                    open.push((edge.block, whole.successors(edge.block)));
                }
                Some(_) => {}
                None => {
                    blocks.push(*block);
                    open.pop();
                }
            }
        }
        blocks.reverse();
        for (number, block) in (1..).zip(&blocks) {
            numbers[block.index()] = number;
        }
        Rest { whole, held, blocks, numbers, home }
    }

    fn number(&self, block: Block) -> Block {
        Block::from_u32(self.numbers[block.index()])
    }

    /// Whether a block makes a value, another one than the header.
    fn makes(&self, value: Value, header: Block) -> bool {
        let home = self.home[value.index()];
        home != header && self.numbers[home.index()] != 0
    }

    /// Whether a way from the header comes to a read of a value and not by the block that makes it.
    fn reads_as_it_was(&self, header: Block, value: Value) -> bool {
        let home = self.home[value.index()];
        let mut seen: BTreeSet<Block> = [header, home].into();
        let mut open = vec![header];
        while let Some(block) = open.pop() {
            let mut reads = false;
            self.reads_of(block, |read| reads |= read == value);
            if reads {
                return true;
            }
            open.extend(
                self.whole.successors(block).map(|edge| edge.block).filter(|&to| seen.insert(to)),
            );
        }
        false
    }

    /// The values that the blocks read and that are made elsewhere, or in one of these blocks; and
    /// those of the header.
    fn needed(&self, header: Block, also: impl Fn(Block) -> bool) -> BTreeSet<Value> {
        let mut needed: BTreeSet<Value> = self.whole.block(header).params().collect();
        let mut read = |value: Value| {
            let home = self.home[value.index()];
            if self.numbers[home.index()] == 0 || also(home) {
                needed.insert(value);
            }
        };
        for &block in &self.blocks {
            self.reads_of(block, &mut read);
        }
        needed
    }

    /// The values that a block reads.
    fn reads_of(&self, block: Block, mut read: impl FnMut(Value)) {
        let (whole, data) = (self.whole, self.whole.block(block));
        for inst in data.insts() {
            whole.operands(whole.inst(inst).args).iter().for_each(|&value| read(value));
        }
        whole.terminator_operands(&data.terminator).iter().for_each(|&value| read(value));
        for edge in whole.successors(block) {
            whole.args(&edge).iter().filter_map(|arg| arg.value()).for_each(&mut read);
        }
        held_in(whole, self.held, block)
            .for_each(|(_, held)| held.iter().copied().for_each(&mut read));
    }
}

/// The values that the frame holds at the operators of a block, by offset.
fn held_in<'b>(
    whole: &'b Body,
    held: &'b Held,
    block: Block,
) -> impl Iterator<Item = (u32, &'b [Value])> {
    let data = whole.block(block);
    let offsets = data.insts().map(|inst| whole.inst(inst).offset).chain([data.end]);
    let held = offsets.map(|offset| (offset, held.at(offset)));
    held.filter(|(_, held)| !held.is_empty())
}
