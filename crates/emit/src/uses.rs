//! The uses of a body's values, and the instructions that need code for them.
//!
//! * R3. Pure instructions without a live use are not emitted; neither are parameters without one.
//!   A constant of few bytes or few uses stands where it is used.
//!
//! Time: linear in instructions, operands and arguments.

use crate::code;
use crate::edges::Edges;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_ssa::{Block, Body, Def, Effects, Inst, InstData, Op, Value};

/// The properties of an operator that an emitter reads: bits of [`KINDS`].
pub(super) mod kind {
    /// It is one of Wasm's.
    pub(crate) const WASM: u8 = 1;
    /// It may be left out, repeated or moved.
    pub(crate) const PURE: u8 = 2;
    /// It is a constant.
    pub(crate) const CONSTANT: u8 = 4;
    /// It calls, and goes on to the next one.
    pub(crate) const CALL: u8 = 8;
}

/// The bits of all operators.
static KINDS: [u8; Opcode::ALL.len()] = {
    let (mut kinds, mut at) = ([kind::WASM; Opcode::ALL.len()], 0);
    while at < kinds.len() {
        let opcode = Opcode::ALL[at];
        if Effects::of_operator(opcode).is_pure() {
            kinds[at] |= kind::PURE;
        }
        if matches!(opcode.class(), Class::constant | Class::null) {
            kinds[at] |= kind::CONSTANT;
        }
        if matches!(opcode.class(), Class::call | Class::call_indirect | Class::call_ref) {
            kinds[at] |= kind::CALL;
        }
        at += 1;
    }
    kinds
};

/// The bits of an operator.
#[inline]
pub(super) fn kind(op: Op) -> u8 {
    match op {
        Op::Wasm(opcode) => KINDS[opcode as usize],
        Op::Charge | Op::Poll => 0,
    }
}

/// A value's instruction stands where it is used.
const REMAT: u8 = 1;
/// It does so however often it is used.
const SMALL: u8 = 2;

/// Maximum number of bytes by which code may grow so that a constant takes no local.
const GROWS_MAX: usize = 5;

/// By how many bytes code grows if a constant of a size is made at each use, instead of once and
/// then read from a local.
fn grows(size: usize, uses: u32) -> usize {
    let (uses, get) = (uses as usize, 2);
    (size * uses).saturating_sub(size + get * uses)
}

/// The uses of a body's values.
pub(super) struct Uses {
    /// How many live uses each value has.
    count: Vec<u32>,
    /// Bits for each value: [`REMAT`], [`SMALL`].
    made: Vec<u8>,
    /// Whether each instruction has code.
    emitted: Vec<bool>,
}

impl Uses {
    /// Counts them.
    pub(super) fn new(body: &Body, edges: &Edges) -> Uses {
        let (count, emitted) = count(body, edges);
        let mut made = vec![0; body.value_count()];
        for data in body.inst_slice() {
            if kind(data.op) & kind::CONSTANT != 0
                && let Some(value) = data.result()
            {
                let at = value.as_u32() as usize;
                let size = code::size(data);
                let is_remat = count[at] == 1 || grows(size, count[at]) <= GROWS_MAX;
                made[at] = (REMAT * u8::from(is_remat)) | (SMALL * u8::from(size <= 3));
            }
        }
        Uses { count, made, emitted }
    }

    /// How many live uses a value has.
    #[inline]
    pub(super) fn count(&self, value: Value) -> u32 {
        self.count[value.as_u32() as usize]
    }

    /// Whether anything reads a value.
    #[inline]
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.count(value) > 0
    }

    /// Whether a value is a constant that is made where it is used.
    #[inline]
    pub(super) fn is_remat(&self, value: Value) -> bool {
        self.made[value.as_u32() as usize] & REMAT != 0
    }

    /// Whether an instruction has code.
    #[inline]
    pub(super) fn is_emitted(&self, inst: Inst) -> bool {
        self.emitted[inst.as_u32() as usize]
    }

    /// Whether an instruction has code at its own place.
    #[inline]
    pub(super) fn is_step(&self, body: &Body, inst: Inst) -> bool {
        self.is_emitted(inst) && !body.inst(inst).result().is_some_and(|value| self.is_remat(value))
    }

    /// Whether an instruction has no code where it stands: it is not emitted, or its result is made
    /// anew at each use.
    pub(super) fn is_small(&self, body: &Body, inst: Inst) -> bool {
        let small = |value: Value| self.made[value.as_u32() as usize] & SMALL != 0;
        !self.is_emitted(inst) || body.inst(inst).result().is_some_and(small)
    }
}

/// Counts uses by what is live, and finds the instructions that have code.
fn count(body: &Body, edges: &Edges) -> (Vec<u32>, Vec<bool>) {
    let mut uses = Counts::new(body, edges);
    let insts = body.inst_slice();
    // Backward, as most uses are behind what they use.
    for at in (0..body.block_count() as u32).rev() {
        let data = body.block(Block::from_u32(at));
        body.terminator_operands(&data.terminator).iter().for_each(|&value| uses.add(value));
        let first = data.insts().next().map_or(0, |inst| inst.as_u32()) as usize;
        for number in (first..first + data.insts().len()).rev() {
            uses.inst(body, &insts[number], number);
        }
        uses.pass(data.params().next());
        for param in data.params() {
            if uses.is_used(param) {
                uses.args_of(param);
            }
        }
    }
    uses.place = 0;
    while let Some(value) = uses.open.pop() {
        match body.value(value).def {
            Def::Param(..) => uses.args_of(value),
            Def::Result(inst, _) => {
                let data = body.inst(inst);
                if !std::mem::replace(&mut uses.emitted[inst.as_u32() as usize], true) {
                    body.operands(data.args).iter().for_each(|&value| uses.add(value));
                }
            }
        }
    }
    (uses.uses, uses.emitted)
}

/// No argument.
const NONE: u32 = u32::MAX;

/// Uses so far.
struct Counts {
    uses: Vec<u32>,
    emitted: Vec<bool>,
    /// Values that are used first where what makes them has been passed.
    open: Vec<Value>,
    /// From this value on what makes them has been passed.
    place: u32,
    /// The arguments that each parameter has, as a chain: the newest, and each with the one before.
    newest: Vec<u32>,
    args: Vec<(Value, u32)>,
}

impl Counts {
    fn new(body: &Body, edges: &Edges) -> Counts {
        let count = body.value_count();
        let mut counts = Counts {
            uses: vec![0; count],
            emitted: vec![false; body.inst_count()],
            open: Vec::new(),
            place: count as u32,
            newest: vec![NONE; count],
            args: Vec::with_capacity(body.arg_pool().len()),
        };
        for edge in edges.all().iter().filter(|edge| !edge.args.is_empty()) {
            for (param, arg) in body.block(edge.block).params().zip(body.args(edge)) {
                if let Some(arg) = arg.value() {
                    let number = counts.args.len() as u32;
                    let newest = &mut counts.newest[param.as_u32() as usize];
                    counts.args.push((arg, std::mem::replace(newest, number)));
                }
            }
        }
        counts
    }

    #[inline]
    fn add(&mut self, value: Value) {
        let uses = &mut self.uses[value.as_u32() as usize];
        *uses += 1;
        if *uses == 1 && value.as_u32() >= self.place {
            self.open.push(value);
        }
    }

    /// An instruction is passed.
    #[inline]
    fn inst(&mut self, body: &Body, data: &InstData, number: usize) {
        self.pass(data.results().next());
        let kind = kind(data.op);
        let is_effect = kind & (kind::WASM | kind::PURE) == kind::WASM;
        if is_effect || kind != 0 && data.results().any(|value| self.is_used(value)) {
            self.emitted[number] = true;
            body.operands(data.args).iter().for_each(|&value| self.add(value));
        }
    }

    /// A parameter that is used uses its arguments.
    fn args_of(&mut self, param: Value) {
        let mut at = self.newest[param.as_u32() as usize];
        while let Some(&(arg, before)) = self.args.get(at as usize) {
            self.add(arg);
            at = before;
        }
    }

    #[inline]
    fn is_used(&self, value: Value) -> bool {
        self.uses[value.as_u32() as usize] > 0
    }

    #[inline]
    fn pass(&mut self, value: Option<Value>) {
        self.place = value.map_or(self.place, |value| self.place.min(value.as_u32()));
    }
}
