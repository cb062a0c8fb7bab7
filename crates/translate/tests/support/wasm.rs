//! A tiny evaluator of WebAssembly on an operand stack: the oracle of the translation tests.
//!
//! It knows no bytecode. A value is its cells, so a v128 is two entries of the stack. Covered are
//! the operators that the generators and the golden files execute; anything else panics.

use super::{BACK_EDGES_MAX, Outcome};
use prova_module::{BlockType, FuncIdx, Module, Operator, ValType, cells, cells_of, operator_cost};
use prova_num::*;

/// The operators of one body with their partners.
struct Body<'m> {
    operators: Vec<Operator<'m>>,
    /// For each block, loop, if: the index of its end; for each if: also of its else.
    ends: Vec<(usize, Option<usize>)>,
    local_cells: Vec<(usize, usize)>,
    frame_cells: usize,
    param_cells: usize,
    result_cells: usize,
}

pub(crate) struct Evaluator<'m> {
    module: &'m Module,
    bodies: Vec<Body<'m>>,
    pub(crate) globals: Vec<u64>,
    pub(crate) back_edges: u32,
    /// The cost of the operators executed.
    pub(crate) cost: u64,
}

struct Label {
    /// Where a branch goes.
    target: usize,
    arity: usize,
    height: usize,
    is_loop: bool,
}

impl<'m> Evaluator<'m> {
    pub(crate) fn new(module: &'m Module) -> Evaluator<'m> {
        let bodies = module.defined_funcs().map(|func| body(module, func)).collect();
        Evaluator {
            module,
            bodies,
            globals: vec![0; module.globals().len()],
            back_edges: 0,
            cost: 0,
        }
    }

    fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(ty) => (0, cells(ty) as usize),
            BlockType::FuncType(ty) => {
                let ty = &self.module.types()[ty as usize];
                (cells_of(&ty.params) as usize, cells_of(&ty.results) as usize)
            }
        }
    }

    /// Calls a function; takes its arguments from the stack and leaves its results there.
    pub(crate) fn run(&mut self, func: usize, stack: &mut Vec<u64>) -> Outcome {
        let body = &self.bodies[func];
        let (results, param_cells) = (body.result_cells, body.param_cells);
        self.cost += (body.frame_cells + results) as u64 / 8;
        let mut locals = stack.split_off(stack.len() - param_cells);
        locals.resize(body.frame_cells, 0);
        let bottom = stack.len();
        let end = body.operators.len() - 1;
        let mut labels =
            vec![Label { target: end, arity: results, height: bottom, is_loop: false }];
        let mut at = 0;
        while at <= end {
            let operator = self.bodies[func].operators[at].clone();
            let (block_end, block_else) = self.bodies[func].ends[at];
            self.cost += operator_cost(&operator) + carried(&operator, &labels);
            let mut branch = None;
            match operator {
                Operator::Nop => {}
                Operator::Block { blockty } => {
                    let (params, results) = self.arity(blockty);
                    let height = stack.len() - params;
                    labels.push(Label {
                        target: block_end,
                        arity: results,
                        height,
                        is_loop: false,
                    });
                }
                Operator::Loop { blockty } => {
                    let (params, _) = self.arity(blockty);
                    let height = stack.len() - params;
                    labels.push(Label { target: at + 1, arity: params, height, is_loop: true });
                }
                Operator::If { blockty } => {
                    let condition = pop32(stack);
                    let (params, results) = self.arity(blockty);
                    let height = stack.len() - params;
                    let label = Label { target: block_end, arity: results, height, is_loop: false };
                    if condition != 0 {
                        labels.push(label);
                    } else if let Some(otherwise) = block_else {
                        labels.push(label);
                        at = otherwise;
                    } else {
                        at = block_end;
                    }
                }
                // Reached from the first arm only: go to the `end`.
                Operator::Else => {
                    at = labels.last().expect("an else is in an if").target;
                    continue;
                }
                Operator::End => _ = labels.pop(),
                Operator::Br { relative_depth } => branch = Some(relative_depth),
                Operator::BrIf { relative_depth } => {
                    branch = (pop32(stack) != 0).then_some(relative_depth);
                }
                Operator::BrTable { targets } => {
                    let index = pop32(stack) as usize;
                    let all: Vec<u32> = targets.targets().map(|t| t.expect("valid")).collect();
                    branch = Some(all.get(index).copied().unwrap_or(targets.default()));
                }
                Operator::Return => branch = Some(labels.len() as u32 - 1),
                Operator::Unreachable => return Outcome::Trap,
                Operator::Call { function_index } => {
                    match self.run(function_index as usize, stack) {
                        Outcome::Done => {}
                        other => return other,
                    }
                }
                Operator::LocalGet { local_index } => {
                    let (slot, width) = self.bodies[func].local_cells[local_index as usize];
                    stack.extend_from_slice(&locals[slot..slot + width]);
                }
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    let (slot, width) = self.bodies[func].local_cells[local_index as usize];
                    let from = stack.len() - width;
                    locals[slot..slot + width].copy_from_slice(&stack[from..]);
                    if matches!(operator, Operator::LocalSet { .. }) {
                        stack.truncate(from);
                    }
                }
                Operator::GlobalGet { global_index } => {
                    stack.push(self.globals[global_index as usize]);
                }
                Operator::GlobalSet { global_index } => {
                    self.globals[global_index as usize] = pop(stack);
                }
                ref other => match numeric(other, stack) {
                    Some(()) => {}
                    None => return Outcome::Trap,
                },
            }
            if let Some(depth) = branch {
                let keep = labels.len() - depth as usize;
                labels.truncate(keep);
                let label = labels.last().expect("a branch has a label");
                let values = stack.split_off(stack.len() - label.arity);
                stack.truncate(label.height);
                stack.extend(values);
                at = label.target;
                if label.is_loop {
                    self.back_edges += 1;
                    if self.back_edges == BACK_EDGES_MAX {
                        return Outcome::Capped;
                    }
                }
            } else {
                at += 1;
            }
        }
        Outcome::Done
    }
}

fn body(module: &Module, func: FuncIdx) -> Body<'_> {
    let body = module.body(func).expect("a defined function has a body");
    let mut operators = Vec::new();
    let mut reader = body.operators();
    while !reader.eof() {
        operators.push(reader.read().expect("the body is valid"));
    }
    let mut ends = vec![(0, None); operators.len()];
    let mut open = Vec::new();
    for (at, operator) in operators.iter().enumerate() {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(at),
            Operator::Else => ends[*open.last().expect("an else is in an if")].1 = Some(at),
            Operator::End => {
                if let Some(start) = open.pop() {
                    ends[start].0 = at;
                }
            }
            _ => {}
        }
    }
    let ty = module.func_type(func);
    let declared = body.locals().flat_map(|(count, ty)| std::iter::repeat_n(ty, count as usize));
    let types: Vec<ValType> = ty.params.iter().copied().chain(declared).collect();
    let mut local_cells = Vec::new();
    let mut frame_cells = 0;
    for ty in types {
        local_cells.push((frame_cells, cells(ty) as usize));
        frame_cells += cells(ty) as usize;
    }
    let param_cells = cells_of(&ty.params) as usize;
    let result_cells = cells_of(&ty.results) as usize;
    Body { operators, ends, local_cells, frame_cells, param_cells, result_cells }
}

/// The cost of a branch for the cells that it takes along.
fn carried(operator: &Operator<'_>, labels: &[Label]) -> u64 {
    let depth = match operator {
        Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => *relative_depth,
        Operator::BrTable { targets } => targets.default(),
        _ => return 0,
    };
    labels[labels.len() - 1 - depth as usize].arity as u64 / 8
}

fn pop(stack: &mut Vec<u64>) -> u64 {
    stack.pop().expect("the body is valid")
}

fn pop32(stack: &mut Vec<u64>) -> u32 {
    pop(stack) as u32
}

/// A plain operator; `None` is a trap.
fn numeric(operator: &Operator<'_>, stack: &mut Vec<u64>) -> Option<()> {
    macro_rules! table {
        (i32 { $($i:ident $ifn:ident)* } i64 { $($l:ident $lfn:ident)* } i64_test { $($t:ident $tfn:ident)* }
         f32 { $($f:ident $ffn:ident)* } f32_test { $($g:ident $gfn:ident)* }
         wide { $($w:ident $wfn:ident)* }) => {
            match *operator {
                $(Operator::$i => {
                    let (b, a) = (pop32(stack), pop32(stack));
                    stack.push($ifn(a, b).into());
                })*
                $(Operator::$l => {
                    let (b, a) = (pop(stack), pop(stack));
                    stack.push($lfn(a, b));
                })*
                $(Operator::$t => {
                    let (b, a) = (pop(stack), pop(stack));
                    stack.push($tfn(a, b).into());
                })*
                $(Operator::$f => {
                    let (b, a) = (f32::from_bits(pop32(stack)), f32::from_bits(pop32(stack)));
                    stack.push($ffn(a, b).to_bits().into());
                })*
                $(Operator::$g => {
                    let (b, a) = (f32::from_bits(pop32(stack)), f32::from_bits(pop32(stack)));
                    stack.push($gfn(a, b).into());
                })*
                $(Operator::$w => {
                    let (y, x, b, a) = (pop(stack), pop(stack), pop(stack), pop(stack));
                    let (low, high) = $wfn(a, b, x, y);
                    stack.extend([low, high]);
                })*
                Operator::I32DivS => {
                    let (b, a) = (pop32(stack), pop32(stack));
                    stack.push(i32_div_s(a, b).ok()?.into());
                }
                Operator::I32Eqz => {
                    let a = pop32(stack);
                    stack.push(i32_eqz(a).into());
                }
                Operator::I64Eqz => {
                    let a = pop(stack);
                    stack.push(i64_eqz(a).into());
                }
                Operator::I32WrapI64 => {
                    let a = pop(stack);
                    stack.push(i32_wrap_i64(a).into());
                }
                Operator::I64ExtendI32U => {
                    let a = pop32(stack);
                    stack.push(i64_extend_i32_u(a));
                }
                Operator::I32Const { value } => stack.push((value as u32).into()),
                Operator::I64Const { value } => stack.push(value as u64),
                Operator::F32Const { value } => stack.push(value.bits().into()),
                Operator::F64Const { value } => stack.push(value.bits()),
                Operator::V128Const { value } => {
                    let bits = u128::from_le_bytes(*value.bytes());
                    stack.extend([bits as u64, (bits >> 64) as u64]);
                }
                Operator::V128Xor => {
                    let (d, c, b, a) = (pop(stack), pop(stack), pop(stack), pop(stack));
                    stack.extend([a ^ c, b ^ d]);
                }
                Operator::I64x2ExtractLane { lane } => {
                    let (b, a) = (pop(stack), pop(stack));
                    stack.push(if lane == 0 { a } else { b });
                }
                Operator::I32ReinterpretF32 | Operator::F32ReinterpretI32 => {}
                Operator::Drop => _ = pop(stack),
                Operator::Select => {
                    let (c, b, a) = (pop32(stack), pop(stack), pop(stack));
                    stack.push(if c != 0 { a } else { b });
                }
                ref other => panic!("{other:?} is not in this evaluator"),
            }
        };
    }
    table! {
        i32 {
            I32Add i32_add I32Sub i32_sub I32Mul i32_mul I32And i32_and I32Or i32_or I32Xor i32_xor
            I32Shl i32_shl I32ShrS i32_shr_s I32ShrU i32_shr_u I32Rotl i32_rotl I32Rotr i32_rotr
            I32Eq i32_eq I32Ne i32_ne I32LtS i32_lt_s I32LtU i32_lt_u I32GtS i32_gt_s
            I32GtU i32_gt_u I32LeS i32_le_s I32LeU i32_le_u I32GeS i32_ge_s I32GeU i32_ge_u
        }
        i64 {
            I64Add i64_add I64Sub i64_sub I64Mul i64_mul I64And i64_and I64Or i64_or I64Xor i64_xor
            I64Shl i64_shl I64ShrS i64_shr_s I64ShrU i64_shr_u
        }
        i64_test {
            I64Eq i64_eq I64Ne i64_ne I64LtS i64_lt_s I64LtU i64_lt_u I64GtS i64_gt_s
            I64GtU i64_gt_u I64LeS i64_le_s I64LeU i64_le_u I64GeS i64_ge_s I64GeU i64_ge_u
        }
        f32 { F32Add f32_add }
        f32_test { F32Eq f32_eq F32Ne f32_ne F32Lt f32_lt F32Gt f32_gt F32Le f32_le F32Ge f32_ge }
        wide { I64Add128 i64_add128 I64Sub128 i64_sub128 }
    }
    Some(())
}
