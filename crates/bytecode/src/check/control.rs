//! F6, F10 and F11: branches, returns, calls.

use super::targets::Targets;
use super::{Context, Fault, Rule, Verdict, exception, memory, metering, reference};
use crate::encode::Inst;
use crate::ops::{Class, Kind};
use prova_module::objects::Shape;
use prova_module::{FuncIdx, FuncType, MemoryIdx, SharedAccess, ValType, cells_of};

/// Checks the rules of an instruction's class; its operands are checked one by one before.
pub(super) fn check(cx: &Context<'_>, targets: &mut Targets, inst: &Inst) -> Verdict {
    match inst.op.class() {
        Class::br | Class::branch | Class::pure_branch | Class::pure_br => {
            let operands = inst.op.operands();
            for (operand, &value) in operands.iter().zip(&inst.values) {
                if operand.kind == Kind::rel {
                    branch(cx, targets, inst, value)?;
                }
            }
            Ok(())
        }
        Class::br_table => {
            let table = inst.table_targets(&cx.candidate.words);
            table.iter().try_for_each(|&target| branch(cx, targets, inst, target))
        }
        Class::return1 => returns(cx, inst, 1),
        Class::return2 => returns(cx, inst, 2),
        Class::call | Class::call_import => call(cx, inst.values[0], callee(cx, inst)),
        Class::call_indirect => {
            let ty = reference::func_type(cx, inst.values[2])?;
            reference::func_table(cx, inst.values[3])?;
            call(cx, inst.values[0], ty)
        }
        Class::return_call | Class::return_call_import => {
            tail_call(cx, inst.values[0], callee(cx, inst))
        }
        Class::return_call_indirect => {
            let ty = reference::func_type(cx, inst.values[2])?;
            reference::func_table(cx, inst.values[3])?;
            tail_call(cx, inst.values[0], ty)
        }
        Class::call_ref => call(cx, inst.values[0], reference::func_type(cx, inst.values[2])?),
        Class::return_call_ref => {
            tail_call(cx, inst.values[0], reference::func_type(cx, inst.values[2])?)
        }
        Class::throw => throw(cx, inst),
        Class::aggregate | Class::allocate => aggregate(cx, inst),
        Class::shared => shared(cx, inst),
        Class::load_far
        | Class::store_far
        | Class::atomic_load
        | Class::atomic_store
        | Class::atomic_rmw
        | Class::atomic_cmpxchg => memory::unshared(cx, inst),
        Class::stub_attach | Class::stub_host => {
            Err(Fault::new(Rule::Decoding, format!("{} in code", inst.op.mnemonic())))
        }
        Class::pure
        | Class::pure2
        | Class::trap
        | Class::load
        | Class::load_idx
        | Class::store
        | Class::quick
        | Class::quick0
        | Class::effect
        | Class::effect0
        | Class::guard
        | Class::object_load
        | Class::object_store
        | Class::array_load
        | Class::array_store
        | Class::throw_ref
        | Class::unreachable
        | Class::return_
        | Class::charge
        | Class::poll
        | Class::heat => Ok(()),
    }
}

fn branch(cx: &Context<'_>, targets: &mut Targets, inst: &Inst, offset: u64) -> Verdict {
    let target = targets.edge(inst, offset)?;
    if target <= inst.at { metering::cycle(cx, target) } else { Ok(()) }
}

/// A return of `count` cells.
fn returns(cx: &Context<'_>, inst: &Inst, count: u32) -> Verdict {
    let (op, cells) = (inst.op.mnemonic(), cx.facts.result_cells);
    if cells == count {
        return Ok(());
    }
    Err(Fault::new(Rule::Returns, format!("{op} for {cells} cells of results")))
}

/// The type of the function that a direct call names; its operand was checked (F7).
fn callee<'a>(cx: &Context<'a>, inst: &Inst) -> &'a FuncType {
    cx.module.func_type(FuncIdx(inst.values[1] as u32))
}

fn call(cx: &Context<'_>, window: u64, ty: &FuncType) -> Verdict {
    within(cx, window, cells_of(&ty.params).max(cells_of(&ty.results)))
}

fn tail_call(cx: &Context<'_>, window: u64, ty: &FuncType) -> Verdict {
    if !alike(cx, &ty.results, &cx.ty.results) {
        return Err(Fault::new(Rule::Returns, format!("a tail call of {ty} from {}", cx.ty)));
    }
    within(cx, window, cells_of(&ty.params))
}

fn throw(cx: &Context<'_>, inst: &Inst) -> Verdict {
    within(cx, inst.values[0], cells_of(&exception::tag_type(cx, inst.values[1])?.params))
}

/// The window of an operator on objects: the greater of its operands and its result. Its
/// immediates were checked where their kinds say what they are; a field, a number of elements and
/// a type to cast to are looked up here.
fn aggregate(cx: &Context<'_>, inst: &Inst) -> Verdict {
    let indices = (inst.values[1] as u32, inst.values[2] as u32);
    let shape = inst.op.opcode().and_then(|of| Shape::of(cx.module.types(), of, indices));
    let Some(shape) = shape else {
        let what = format!("{} of {} and {}", inst.op.mnemonic(), indices.0, indices.1);
        return Err(Fault::new(Rule::Indices, what));
    };
    within(cx, inst.values[0], shape.operand_cells.max(shape.result_cells))
}

/// An access of a shared memory: its number stands for one, the memory is shared, and the window
/// is the greater of its operands and its result.
fn shared(cx: &Context<'_>, inst: &Inst) -> Verdict {
    let [window, code, _, memory, ..] = inst.values;
    let Some(access) = SharedAccess::of_code(code as u32) else {
        return Err(Fault::new(Rule::Indices, format!("{code:#x} is no access")));
    };
    if !cx.module.is_shared(MemoryIdx(memory as u32)) {
        return Err(Fault::new(Rule::Kinds, format!("mem{memory} is not shared")));
    }
    within(cx, window, access.operand_cells().max(access.result_cells()))
}

/// Whether values of the types have the same cells: equal types, or references of one kind, whose
/// subtyping validation has shown.
fn alike(cx: &Context<'_>, left: &[ValType], right: &[ValType]) -> bool {
    let same = |(left, right): (&ValType, &ValType)| match (left, right) {
        (ValType::Ref(left), ValType::Ref(right)) => {
            cx.module.ref_kind(*left) == cx.module.ref_kind(*right)
        }
        _ => left == right,
    };
    left.len() == right.len() && left.iter().zip(right).all(same)
}

/// F10 for a window of `cells` cells.
fn within(cx: &Context<'_>, window: u64, cells: u32) -> Verdict {
    let (locals, frame) = (cx.facts.local_cells, cx.candidate.frame_cells);
    if u64::from(locals) <= window && window + u64::from(cells) <= u64::from(frame) {
        return Ok(());
    }
    let what = format!("a window of {cells} cells at s{window}: {locals} of locals, frame {frame}");
    Err(Fault::new(Rule::Windows, what))
}
