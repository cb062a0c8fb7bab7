//! A module → which function names which: direct calls, and all else by which one is reached.
//!
//! * T8. A function is *taken* if an export, the start function, an element segment, a constant
//!   expression or `ref.func` names it: then calls of it may come from anywhere. Imported functions
//!   are taken.
//! * T9. A function that is not taken is entered by direct calls alone. It is *live* if it is taken
//!   or a live one calls it; no other one runs.
//! * T10. A parameter is *known* if the function is not taken and each call of it that a live one
//!   can reach passes the same constant: by the proved SSA form of the caller, in which code that
//!   cannot be reached is not. A call of a function by itself may pass the parameter on.
//!
//! T10 holds by induction over the calls of a run: the first call of the function comes from
//! another one. Functions without a proved SSA form pass anything.
//!
//! This is trusted. Time: linear in the module, with one SSA form at a time.

use super::plant::misjudged;
use crate::check::outside::names;
use prova_module::ops::Immediate;
use prova_module::{ConstExpr, ConstOp, ElementItems, ElementKind, FuncIdx, Module, Opcode};
use prova_ssa::{Body, CheckedBody, Def, Imm, List, Metering, Op, Terminator, Value, build};

/// Knowledge of a parameter over the calls that were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// There was no call.
    Nothing,
    /// The bits that each call passes.
    Constant(u64),
    /// It is not one constant.
    Anything,
}

/// A direct call that a body names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) callee: FuncIdx,
    /// Whether it is a tail call.
    pub(super) is_tail: bool,
}

/// Who names the functions of a module.
pub(super) struct Uses {
    /// By function (T8).
    pub(super) taken: Vec<bool>,
    /// By function: the direct calls in it, in their order.
    pub(super) calls: Vec<Vec<Named>>,
    /// By function: those that `ref.func` in it names.
    pub(super) references: Vec<Vec<FuncIdx>>,
    /// By function (T9).
    pub(super) live: Vec<bool>,
    /// Whether code names data segments.
    pub(super) names_data: bool,
}

impl Uses {
    /// Reads a module.
    pub(super) fn of(module: &Module) -> Uses {
        let count = module.func_count();
        let mut uses = Uses {
            taken: vec![false; count],
            calls: vec![Vec::new(); count],
            references: vec![Vec::new(); count],
            live: Vec::new(),
            names_data: false,
        };
        uses.taken[..module.imported_func_count()].fill(true);
        roots(module, &mut |func| uses.taken[func.index()] = true);
        for func in module.defined_funcs() {
            uses.body(module, func);
        }
        uses.live = uses.taken.clone();
        let mut open: Vec<usize> = (0..count).filter(|&func| uses.live[func]).collect();
        while let Some(func) = open.pop() {
            for callee in uses.calls[func].iter().map(|named| named.callee.index()) {
                let was_live = std::mem::replace(&mut uses.live[callee], true);
                if !was_live && !misjudged!(CalleesCallNothing) {
                    open.push(callee);
                }
            }
        }
        uses
    }

    fn body(&mut self, module: &Module, func: FuncIdx) {
        let Some(body) = module.body(func) else { return };
        // The body is valid: no item is an error.
        for operator in body.operators().into_iter().map_while(Result::ok) {
            let code = Opcode::of(&operator);
            self.names_data |= names(code, Immediate::data);
            if !names(code, Immediate::func) {
                continue;
            }
            let index = Imm::of(&operator).and_then(|imm| imm.index(code, Immediate::func));
            let Some(callee) = index.map(FuncIdx) else { continue };
            if code == Opcode::Call || code == Opcode::ReturnCall {
                let is_tail = code == Opcode::ReturnCall;
                self.calls[func.index()].push(Named { callee, is_tail });
            } else {
                self.taken[callee.index()] = true;
                self.references[func.index()].push(callee);
            }
        }
    }

    /// By function: what each parameter is known to be (T10).
    pub(super) fn passed(&self, module: &Module) -> Vec<Vec<Passed>> {
        let params = |func: usize| module.func_type(FuncIdx(func as u32)).params.len();
        let first = |func: usize| if self.taken[func] { Passed::Anything } else { Passed::Nothing };
        let mut all: Vec<Vec<Passed>> =
            (0..module.func_count()).map(|func| vec![first(func); params(func)]).collect();
        for func in module.defined_funcs().filter(|func| self.live[func.index()]) {
            if self.calls[func.index()].iter().all(|named| self.taken[named.callee.index()]) {
                continue;
            }
            let body = build(module, func, Metering::NONE).ok();
            match body.and_then(|body| CheckedBody::check(module, body).ok()) {
                Some(body) => calls(body.body(), &mut all),
                None => {
                    for named in &self.calls[func.index()] {
                        all[named.callee.index()].fill(Passed::Anything);
                    }
                }
            }
        }
        all
    }
}

/// The functions that a module names outside its bodies.
pub(super) fn roots(module: &Module, name: &mut impl FnMut(FuncIdx)) {
    let expr = |expr: &ConstExpr, name: &mut dyn FnMut(FuncIdx)| {
        for op in expr.ops() {
            if let ConstOp::RefFunc(func) = op {
                name(*func);
            }
        }
    };
    let exports = module.exports().iter().filter(|_| !misjudged!(ExportsLeftOut));
    exports.filter_map(|export| export.func()).for_each(&mut *name);
    module.start().into_iter().filter(|_| !misjudged!(StartLeftOut)).for_each(&mut *name);
    for element in module.elements().iter().filter(|_| !misjudged!(ElementsLeftOut)) {
        if let ElementKind::Active { offset, .. } = &element.kind {
            expr(offset, name);
        }
        match &element.items {
            ElementItems::Funcs(funcs) => funcs.iter().copied().for_each(&mut *name),
            ElementItems::Exprs(_, all) => all.iter().for_each(|item| expr(item, name)),
        }
    }
    let globals = (0..module.globals().len() as u32).map(prova_module::GlobalIdx);
    let globals = globals.filter(|_| !misjudged!(GlobalsLeftOut));
    globals.filter_map(|at| module.global_init(at)).for_each(|init| expr(init, name));
    let tables = (0..module.tables().len() as u32).map(prova_module::TableIdx);
    let tables = tables.filter(|_| !misjudged!(TablesLeftOut));
    tables.filter_map(|at| module.table_init(at)).for_each(|init| expr(init, name));
}

/// Adds the calls of a body.
fn calls(body: &Body, all: &mut [Vec<Passed>]) {
    for inst in body.insts() {
        let data = body.inst(inst);
        if let Op::Wasm(opcode) = data.op {
            call(body, opcode, data.imm, data.args, all);
        }
    }
    for (_, block) in body.blocks() {
        if misjudged!(EndsLeftOut) {
            continue;
        }
        if let Terminator::Invoke { call: it, .. } | Terminator::TailCall(it) = block.terminator {
            call(body, it.opcode, it.imm, it.args, all);
        }
    }
}

fn call(body: &Body, opcode: Opcode, imm: Imm, args: List<Value>, all: &mut [Vec<Passed>]) {
    if opcode != Opcode::Call && opcode != Opcode::ReturnCall {
        return;
    }
    let Some(callee) = imm.index(opcode, Immediate::func) else { return };
    let own = callee == body.func().0;
    // No other call passes these on.
    let params = own.then(|| body.block(body.entry()).params());
    let params: Vec<Value> = params.into_iter().flatten().collect();
    let args = body.operands(args);
    for (at, (seen, &arg)) in all[callee as usize].iter_mut().zip(args).enumerate() {
        if own && (params.get(at) == Some(&arg) || misjudged!(OwnCallsLeftOut)) {
            continue;
        }
        *seen = match (*seen, constant(body, arg)) {
            (Passed::Nothing, Some(bits)) => Passed::Constant(bits),
            (Passed::Constant(before), Some(bits)) if before == bits => *seen,
            (Passed::Constant(_), Some(_)) if misjudged!(FirstCallOnly) => *seen,
            (Passed::Constant(_), None) if misjudged!(ConstantsOnly) => *seen,
            (_, _) => Passed::Anything,
        };
    }
}

/// The bits of a value that is a constant.
fn constant(body: &Body, value: Value) -> Option<u64> {
    let Def::Result(inst, _) = body.value(value).def else { return None };
    let data = body.inst(inst);
    match (data.op, data.imm) {
        (
            Op::Wasm(Opcode::I32Const | Opcode::I64Const | Opcode::F32Const | Opcode::F64Const),
            Imm::Bits(bits),
        ) => Some(bits),
        (_, _) => None,
    }
}
