//! A body and the entries of its regions → the body with a dispatch for each region.
//!
//! A dispatch has the selector as its first parameter, and *slots* behind: each entry finds its
//! parameters in some of them. Entries share slots of the same type.

use super::ARGS_MAX;
use prova_module::{Opcode, ValType};
use prova_ssa::carry::Carried;
use prova_ssa::copy::Copier;
use prova_ssa::flow::Flow;
use prova_ssa::replace::Witness;
use prova_ssa::{Arg, Assembler, Block, Body, Edge, Imm, Op, Origin, Place, Terminator, Value};

/// A dispatch.
struct Dispatch {
    entries: Vec<Block>,
    slots: Vec<ValType>,
    /// For each entry the slot of each of its parameters.
    places: Vec<Vec<usize>>,
    /// The constant that a slot has where it is not used.
    idle: Vec<Value>,
}

impl Dispatch {
    fn new(body: &Body, entries: &[u32]) -> Dispatch {
        let entries: Vec<Block> = entries.iter().map(|&entry| Block::from_u32(entry)).collect();
        let (mut slots, mut places) = (Vec::new(), Vec::new());
        for &entry in &entries {
            let mut taken = vec![false; slots.len()];
            let mut place = Vec::new();
            for param in body.block(entry).params() {
                let ty = body.value(param).ty;
                let free = (0..slots.len()).find(|&slot| slots[slot] == ty && !taken[slot]);
                let slot = free.unwrap_or(slots.len());
                if free.is_none() {
                    slots.push(ty);
                    taken.push(false);
                }
                taken[slot] = true;
                place.push(slot);
            }
            places.push(place);
        }
        Dispatch { entries, slots, places, idle: Vec::new() }
    }

    /// The arguments of an edge to the dispatch that goes on to an entry.
    fn args(&self, selector: Value, entry: usize, args: &[Arg]) -> Vec<Arg> {
        let mut all: Vec<Arg> = self.idle.iter().map(|&value| value.into()).collect();
        for (&slot, &arg) in self.places[entry].iter().zip(args) {
            all[slot] = arg;
        }
        all.insert(0, selector.into());
        all
    }
}

/// The constants of the new body, all in its entry.
#[derive(Default)]
struct Constants {
    selectors: Vec<Value>,
    idle: Vec<(ValType, Value)>,
}

impl Constants {
    fn selector(&mut self, number: usize, assembler: &mut Assembler, offset: u32) -> Option<Value> {
        while self.selectors.len() <= number {
            let imm = Imm::Bits(self.selectors.len() as u64);
            let ty = ValType::I32;
            let inst = assembler.inst(Op::Wasm(Opcode::I32Const), imm, &[], [ty], offset);
            self.selectors.push(assembler.body().inst(inst).result()?);
        }
        self.selectors.get(number).copied()
    }

    /// Some constant of a type, if there is one.
    fn idle(&mut self, ty: ValType, assembler: &mut Assembler, offset: u32) -> Option<Value> {
        if let Some(&(_, value)) = self.idle.iter().find(|(other, _)| *other == ty) {
            return Some(value);
        }
        let (opcode, imm) = match ty {
            ValType::I32 => (Opcode::I32Const, Imm::Bits(0)),
            ValType::I64 => (Opcode::I64Const, Imm::Bits(0)),
            ValType::F32 => (Opcode::F32Const, Imm::Bits(0)),
            ValType::F64 => (Opcode::F64Const, Imm::Bits(0)),
            ValType::V128 => (Opcode::V128Const, Imm::Wide([0, 0])),
            ValType::Ref(ty) if ty.is_nullable() => (Opcode::RefNull, Imm::Heap(ty.heap_type())),
            ValType::Ref(_) => return None,
        };
        let inst = assembler.inst(Op::Wasm(opcode), imm, &[], [ty], offset);
        let value = assembler.body().inst(inst).result()?;
        self.idle.push((ty, value));
        Some(value)
    }
}

/// Inserts dispatches. `flow` is the flow of the blocks with the dispatches behind. Returns the
/// body, and the witness that threading makes the one without dispatches of it. `None` beyond the
/// limits.
pub(super) fn insert(body: &Body, entries: &[Vec<u32>], flow: &Flow) -> Option<(Body, Witness)> {
    let count = body.block_count() as u32;
    let mut dispatches: Vec<Dispatch> =
        entries.iter().map(|entries| Dispatch::new(body, entries)).collect();
    // For each block the dispatch before it, and its number there.
    let mut before: Vec<Option<(usize, usize)>> = vec![None; count as usize];
    let mut args = 0;
    for (at, dispatch) in dispatches.iter().enumerate() {
        for (number, entry) in dispatch.entries.iter().enumerate() {
            before[entry.as_u32() as usize] = Some((at, number));
        }
        let into = flow.preds.of(count + at as u32).len();
        args += (1 + dispatch.slots.len()) * into;
    }
    if args > ARGS_MAX {
        return None;
    }
    let new = |node: u32| Block::from_u32(flow.number[node as usize]);
    let none = Carried::none(body);
    let mut copier = Copier::new(body, &none);
    let mut constants = Constants::default();
    for &node in &flow.order {
        let Some(at) = node.checked_sub(count) else {
            let block = Block::from_u32(node);
            copier.start(block);
            if block == body.entry() {
                let offset = body.block(block).end;
                prepare(&mut constants, &mut dispatches, &mut copier.assembler, offset)?;
            }
            copier.end(block, &mut |to, args| match before[to.as_u32() as usize] {
                None => (new(to.as_u32()), args),
                Some((at, number)) => {
                    let selector = constants.selectors[number];
                    let args = dispatches[at].args(selector, number, &args);
                    (new(count + at as u32), args)
                }
            });
            continue;
        };
        write(&dispatches[at as usize], body, &mut copier.assembler, &new);
    }
    let mut threaded: Vec<Block> = (count..count + entries.len() as u32).map(new).collect();
    threaded.sort_unstable();
    let witness = Witness {
        blocks: body.blocks().map(|(block, _)| new(block.as_u32())).collect(),
        params: body.blocks().flat_map(|(block, _)| copier.params_of(block)).collect(),
        threaded,
        ..Witness::default()
    };
    Some((copier.assembler.finish(), witness))
}

/// Writes the constants of all dispatches.
fn prepare(
    constants: &mut Constants,
    dispatches: &mut [Dispatch],
    assembler: &mut Assembler,
    offset: u32,
) -> Option<()> {
    for dispatch in dispatches {
        constants.selector(dispatch.entries.len() - 1, assembler, offset)?;
        for &ty in &dispatch.slots {
            dispatch.idle.push(constants.idle(ty, assembler, offset)?);
        }
    }
    Some(())
}

/// Writes a dispatch: a branch to two entries, else a table.
fn write(dispatch: &Dispatch, body: &Body, assembler: &mut Assembler, new: &impl Fn(u32) -> Block) {
    let offset = dispatch.entries.first().map_or(0, |&entry| body.block(entry).offset);
    assembler.block(Origin::None, offset);
    let selector = assembler.param(ValType::I32, Place::None);
    let slots: Vec<Value> =
        dispatch.slots.iter().map(|&ty| assembler.param(ty, Place::None)).collect();
    let mut edges: Vec<Edge> = Vec::new();
    for (entry, places) in dispatch.entries.iter().zip(&dispatch.places) {
        let args: Vec<Arg> = places.iter().map(|&slot| slots[slot].into()).collect();
        edges.push(assembler.edge(new(entry.as_u32()), &args));
    }
    let terminator = match edges[..] {
        [otherwise, then] => Terminator::Branch { condition: selector, then, otherwise },
        _ => {
            let targets: Vec<u32> = (0..edges.len() as u32).collect();
            let edges = assembler.edges(&edges);
            Terminator::Table { index: selector, edges, targets: assembler.targets(&targets) }
        }
    };
    assembler.end(terminator, offset);
}
