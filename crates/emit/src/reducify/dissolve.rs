//! The way back: a block that selects by a parameter is dissolved into its edges.
//!
//! `thread` leaves the headers of loops alone, so that reducible flow stays so. This does not: of a
//! loop around a table, as an interpreter or a state machine is, it makes the graph of its states,
//! which may be irreducible. The tests make irreducible bodies that are proved by it.
//!
//! The block must do nothing but select by a parameter, which is constant on each edge to it; what
//! it has as parameters and others read is carried to them first (`carry`).

use prova_module::Opcode;
use prova_ssa::carry::Carried;
use prova_ssa::copy::Copier;
use prova_ssa::copy::widen;
use prova_ssa::flow::{Flow, Graph};
use prova_ssa::replace::{PassRejection, Witness};
use prova_ssa::{Arg, Block, Body, CheckedBody, Def, Edge, Imm, Op, Terminator, Value};

/// Where a block goes on by a selector of these bits.
fn select(body: &Body, block: Block, bits: u32) -> Option<Edge> {
    match body.block(block).terminator {
        Terminator::Branch { then, otherwise, .. } => {
            Some(if bits != 0 { then } else { otherwise })
        }
        Terminator::Table { edges, targets, .. } => {
            let targets = body.targets(targets);
            let target = targets.get(bits as usize).or(targets.last())?;
            body.edges(edges).get(*target as usize).copied()
        }
        Terminator::Jump(_)
        | Terminator::Null { .. }
        | Terminator::Cast { .. }
        | Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => None,
    }
}

/// The number of the parameter by which a block selects, if it does nothing else.
fn selector(body: &Body, block: Block) -> Option<usize> {
    let data = body.block(block);
    let (Terminator::Branch { condition: by, .. } | Terminator::Table { index: by, .. }) =
        data.terminator
    else {
        return None;
    };
    let at = data.params().position(|param| param == by)?;
    (data.insts().len() == 0 && block != body.entry()).then_some(at)
}

fn constant(body: &Body, arg: Arg) -> Option<u32> {
    let Def::Result(inst, _) = body.value(arg.value()?).def else { return None };
    let is_constant = body.inst(inst).op == Op::Wasm(Opcode::I32Const);
    if let (true, Imm::Bits(bits)) = (is_constant, body.inst(inst).imm) {
        Some(bits as u32)
    } else {
        None
    }
}

/// A body in which no edge leads to the block, each leads on from it instead; `None` if it is no
/// block that can be dissolved.
///
/// # Errors
/// If what was made is not proved: a bug.
pub fn dissolve(before: &CheckedBody, block: Block) -> Result<Option<CheckedBody>, PassRejection> {
    let body = before.body();
    let Some(selector) = selector(body, block) else { return Ok(None) };
    let mut edges = body.blocks().flat_map(|(from, _)| body.successors(from));
    let is_known = |edge: Edge| {
        let by = body.args(&edge).get(selector).and_then(|&arg| constant(body, arg));
        let onward = by.and_then(|bits| select(body, block, bits));
        onward.is_some_and(|onward| onward.block != block)
    };
    if !edges.all(|edge| edge.block != block || is_known(edge)) {
        return Ok(None);
    }
    let flow = Flow::new(&Graph::of(body).lists());
    let values: Vec<Value> = body.block(block).params().collect();
    let targets: Vec<Block> = body.successors(block).map(|edge| edge.block).collect();
    let is_target = |to: Block| targets.contains(&to);
    let Some(carried) = Carried::new(body, &flow, (block, &values), is_target) else {
        return Ok(None);
    };
    let (wide, witness) = widen(body, &carried);
    let wide = before.undo(wide, &witness)?;
    let (made, witness) = without(wide.body(), block, selector);
    wide.replace(made, &witness).map(Some)
}

/// Where an edge leads on, and its arguments: each a parameter of the block, by number, or a value
/// of the copy.
type Onward = (Block, Vec<Result<usize, Arg>>);

/// The body without the block, which has been widened.
fn without(body: &Body, block: Block, selector: usize) -> (Body, Witness) {
    let onward = |edge: &Edge| {
        let by = body.args(edge).get(selector).and_then(|&arg| constant(body, arg));
        by.and_then(|bits| select(body, block, bits)).filter(|_| edge.block == block)
    };
    let mut after = Graph::of(body);
    for (from, _) in body.blocks() {
        let to = body.successors(from).map(|edge| onward(&edge).unwrap_or(edge).block.as_u32());
        after.succs[from.as_u32() as usize] = to.collect();
    }
    let flow = Flow::new(&after.lists());
    let none = Carried::none(body);
    let mut copier = Copier::new(body, &none);
    let mut witness = Witness { threaded: vec![block], ..Witness::default() };
    for &node in &flow.order {
        let from = Block::from_u32(node);
        copier.start(from);
        let ways: Vec<Option<Onward>> = body
            .successors(from)
            .map(|edge| {
                onward(&edge).map(|next| (next.block, sources(body, block, &next, &copier)))
            })
            .collect();
        let mut ways = ways.into_iter();
        copier.end(from, &mut |to, args| {
            let (to, args) = match ways.next().flatten() {
                None => (to, args),
                Some((to, sources)) => {
                    let arg =
                        |source: Result<usize, Arg>| source.map_or_else(|arg| arg, |at| args[at]);
                    (to, sources.into_iter().map(arg).collect())
                }
            };
            (Block::from_u32(flow.number[to.as_u32() as usize]), args)
        });
        witness.blocks.push(from);
        witness.params.extend(body.block(from).params());
    }
    (copier.assembler.finish(), witness)
}

fn sources(body: &Body, block: Block, edge: &Edge, copier: &Copier<'_>) -> Vec<Result<usize, Arg>> {
    let params: Vec<Value> = body.block(block).params().collect();
    let source = |arg: &Arg| match arg.value() {
        None => Err(*arg),
        Some(value) => {
            let at = params.iter().position(|&param| param == value);
            at.ok_or_else(|| copier.own(value).into())
        }
    };
    body.args(edge).iter().map(source).collect()
}
