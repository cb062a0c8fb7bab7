//! Which loops are turned (H2, H3), and what is copied for which latches.

use cranelift_entity::EntityRef;
use prova_module::Opcode;
use prova_ssa::carry::{Home, uses};
use prova_ssa::flow::{Flow, Graph, NONE};
use prova_ssa::relate::constant;
use prova_ssa::{Block, Body, Def, Inst, Op, Terminator, Value};

/// The most instructions of a header that is copied.
pub const INSTS_MAX: usize = 8;

/// The most instructions of all copies of a header, if there are several.
pub const COPIED_MAX: usize = 12;

/// The most copies in a body.
pub const COPIES_MAX: usize = 1 << 12;

/// A loop that is turned.
pub(super) struct Turn {
    pub(super) header: Block,
    /// The comparison that becomes its negation, and the operator of that.
    pub(super) negated: Option<(Inst, Opcode)>,
    /// Latches that lead to one copy.
    pub(super) groups: Vec<Vec<Block>>,
}

/// The loops of a body that are turned.
pub(super) struct Plan {
    pub(super) flow: Flow,
    pub(super) turns: Vec<Turn>,
}

impl Plan {
    /// `None` if there are none.
    pub(super) fn new(body: &Body) -> Option<Plan> {
        let is_back = |block: Block| body.successors(block).any(|edge| edge.block <= block);
        if !body.blocks().any(|(block, _)| is_back(block)) {
            return None;
        }
        let flow = Flow::new(&Graph::of(body).lists());
        if !flow.is_reducible {
            return None;
        }
        let reads = reads(body);
        let mut turns = Vec::new();
        let mut copies = 0;
        for &node in flow.order.iter().filter(|&&node| flow.is_header[node as usize]) {
            if let Some(turn) = turn(body, &flow, &reads, Block::from_u32(node)) {
                copies += turn.groups.len();
                turns.push(turn);
            }
        }
        (!turns.is_empty() && copies <= COPIES_MAX).then_some(Plan { flow, turns })
    }

    /// The headers with their values that other blocks read, except constants (H4).
    pub(super) fn homes(&self, body: &Body) -> Vec<Home> {
        let mut number = vec![NONE; body.block_count()];
        for (at, turn) in (0..).zip(&self.turns) {
            number[turn.header.index()] = at;
        }
        let mut homes: Vec<Home> = self
            .turns
            .iter()
            .map(|turn| {
                let starts = body.successors(turn.header).map(|edge| edge.block).collect();
                Home { block: turn.header, values: Vec::new(), starts }
            })
            .collect();
        // By value the home that has to carry it, if another block reads it.
        let mut made = vec![NONE; body.value_count()];
        for turn in &self.turns {
            let at = number[turn.header.index()];
            let data = body.block(turn.header);
            let results = data.insts().filter(|&inst| constant(body.inst(inst)).is_none());
            let results = results.flat_map(|inst| body.inst(inst).results());
            data.params().chain(results).for_each(|value| made[value.index()] = at);
        }
        let mut is_read = vec![false; body.value_count()];
        uses(body, |value, by| {
            let at = made[value.index()];
            is_read[value.index()] |= at != NONE && at != number[by.index()];
        });
        for (value, &at) in (0..).map(Value::from_u32).zip(&made) {
            if is_read[value.index()] {
                homes[at as usize].values.push(value);
            }
        }
        homes
    }
}

/// How often each value is read.
fn reads(body: &Body) -> Vec<u32> {
    let mut reads = vec![0; body.value_count()];
    uses(body, |value, _| reads[value.index()] += 1);
    reads
}

/// Whether a node is in the loop of a header: headers outward stand ever earlier, so nothing is
/// looked at that stands before this one.
fn is_inside(flow: &Flow, header: u32, mut node: u32) -> bool {
    let number = |node: u32| flow.number[node as usize];
    while node != NONE && number(node) > number(header) {
        node = flow.inside[node as usize];
    }
    node == header
}

/// How a loop is turned; `None` if it is left as it is.
fn turn(body: &Body, flow: &Flow, reads: &[u32], header: Block) -> Option<Turn> {
    let data = body.block(header);
    let Terminator::Branch { condition, then, otherwise } = data.terminator else { return None };
    let size = data.insts().len();
    if size > INSTS_MAX {
        return None;
    }
    let node = header.as_u32();
    let stays = |block: Block| is_inside(flow, node, block.as_u32());
    let negated = match (stays(then.block), stays(otherwise.block)) {
        (true, false) => None,
        (false, true) => Some(negated(body, reads, header, condition)?),
        (true, true) | (false, false) => return None,
    };
    let preds = flow.preds.of(node).iter().filter(|&&pred| flow.is_back(pred, node));
    let preds = preds.map(|&pred| Block::from_u32(pred));
    let is_jump = |block: &Block| matches!(body.block(*block).terminator, Terminator::Jump(_));
    let latches: Vec<Block> = preds.filter(is_jump).collect();
    let groups = match latches.len() {
        0 => return None,
        several if several * size > COPIED_MAX => vec![latches],
        _each => latches.into_iter().map(|latch| vec![latch]).collect(),
    };
    Some(Turn { header, negated, groups })
}

/// The comparison of a condition that nothing else reads, which its header makes, and its negation.
fn negated(body: &Body, reads: &[u32], header: Block, condition: Value) -> Option<(Inst, Opcode)> {
    let Def::Result(inst, _) = body.value(condition).def else { return None };
    let is_own = body.block(header).insts().any(|own| own == inst) && reads[condition.index()] == 1;
    match body.inst(inst).op {
        Op::Wasm(opcode) if is_own => Some((inst, negation(opcode)?)),
        Op::Wasm(_) | Op::Charge | Op::Poll => None,
    }
}

/// The comparison that holds exactly where another one does not.
fn negation(opcode: Opcode) -> Option<Opcode> {
    use Opcode as O;
    const PAIRS: [(Opcode, Opcode); 12] = [
        (O::I32Eq, O::I32Ne),
        (O::I64Eq, O::I64Ne),
        (O::F32Eq, O::F32Ne),
        (O::F64Eq, O::F64Ne),
        (O::I32LtS, O::I32GeS),
        (O::I32LtU, O::I32GeU),
        (O::I32GtS, O::I32LeS),
        (O::I32GtU, O::I32LeU),
        (O::I64LtS, O::I64GeS),
        (O::I64LtU, O::I64GeU),
        (O::I64GtS, O::I64LeS),
        (O::I64GtU, O::I64LeU),
    ];
    PAIRS.iter().find_map(|&(one, other)| match opcode {
        _ if opcode == one => Some(other),
        _ if opcode == other => Some(one),
        _ => None,
    })
}
