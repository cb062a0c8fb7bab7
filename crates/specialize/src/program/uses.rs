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
//! This is trusted. Time: linear in the module, with one SSA form at a time, of bodies that were
//! not seen before ([`Seen`]).

use super::plant::misjudged;
use crate::check::outside::names;
use prova_module::ops::Immediate;
use prova_module::{ConstExpr, ConstOp, ElementItems, ElementKind, FuncIdx, Module, Opcode};
use prova_ssa::{Body, CheckedBody, Def, Imm, List, Metering, Op, Terminator, Value, build};
use std::collections::BTreeMap;

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

    /// By function: what each parameter is known to be (T10). `seen` is of a module that is the
    /// same except bodies, and is of this one then.
    pub(super) fn passed(&self, module: &Module, seen: &mut Seen) -> Vec<Vec<Passed>> {
        let params = |func: usize| module.func_type(FuncIdx(func as u32)).params.len();
        let first = |func: usize| if self.taken[func] { Passed::Anything } else { Passed::Nothing };
        let mut all: Vec<Vec<Passed>> =
            (0..module.func_count()).map(|func| vec![first(func); params(func)]).collect();
        let mut now = Seen { module: Some(module.clone()), ..Seen::default() };
        for func in module.defined_funcs().filter(|func| self.live[func.index()]) {
            if self.calls[func.index()].iter().all(|named| self.taken[named.callee.index()]) {
                continue;
            }
            let sent = seen.take(module, func).unwrap_or_else(|| sent(module, func));
            match &sent {
                Some(sent) => sent.iter().for_each(|it| it.add(&mut all[it.callee.index()])),
                None => {
                    for named in &self.calls[func.index()] {
                        all[named.callee.index()].fill(Passed::Anything);
                    }
                }
            }
            now.sent.insert(func, sent);
        }
        *seen = now;
        all
    }
}

/// The calls in bodies of a module, as far as they were asked for: a body with the same bytes, in a
/// module that is the same except bodies, has the same SSA form and sends the same.
#[derive(Default)]
pub(super) struct Seen {
    module: Option<Module>,
    /// By function; `None` where there is no proved SSA form.
    sent: BTreeMap<FuncIdx, Option<Vec<Sent>>>,
}

impl Seen {
    /// Takes what a function sends, if it has the same bytes.
    fn take(&mut self, module: &Module, func: FuncIdx) -> Option<Option<Vec<Sent>>> {
        let before = self.module.as_ref()?.body(func)?;
        if before.bytes() != module.body(func)?.bytes() && !misjudged!(SeenAnyway) {
            return None;
        }
        self.sent.remove(&func)
    }
}

/// A call, with what it passes.
struct Sent {
    callee: FuncIdx,
    args: Vec<Arg>,
}

/// An argument.
enum Arg {
    /// The function's own parameter, in a call of itself: no other call passes it on.
    Own,
    Constant(u64),
    Anything,
}

impl Sent {
    /// Adds the call to what is known of its callee's parameters.
    fn add(&self, all: &mut [Passed]) {
        for (seen, arg) in all.iter_mut().zip(&self.args) {
            *seen = match (*seen, arg) {
                (_, Arg::Own) => *seen,
                (Passed::Nothing, Arg::Constant(bits)) => Passed::Constant(*bits),
                (Passed::Constant(before), Arg::Constant(bits)) if before == *bits => *seen,
                (Passed::Constant(_), Arg::Constant(_)) if misjudged!(FirstCallOnly) => *seen,
                (Passed::Constant(_), Arg::Anything) if misjudged!(ConstantsOnly) => *seen,
                (_, Arg::Constant(_) | Arg::Anything) => Passed::Anything,
            };
        }
    }
}

/// The calls of a function, by its proved SSA form if it has one.
fn sent(module: &Module, func: FuncIdx) -> Option<Vec<Sent>> {
    let body = build(module, func, Metering::NONE).ok()?;
    CheckedBody::check(module, body).ok().map(|body| calls(body.body()))
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

/// The calls of a body.
fn calls(body: &Body) -> Vec<Sent> {
    let mut all = Vec::new();
    for inst in body.insts() {
        let data = body.inst(inst);
        if let Op::Wasm(opcode) = data.op {
            all.extend(call(body, opcode, data.imm, data.args));
        }
    }
    for (_, block) in body.blocks() {
        if misjudged!(EndsLeftOut) {
            continue;
        }
        if let Terminator::Invoke { call: it, .. } | Terminator::TailCall(it) = block.terminator {
            all.extend(call(body, it.opcode, it.imm, it.args));
        }
    }
    all
}

fn call(body: &Body, opcode: Opcode, imm: Imm, args: List<Value>) -> Option<Sent> {
    if opcode != Opcode::Call && opcode != Opcode::ReturnCall {
        return None;
    }
    let callee = FuncIdx(imm.index(opcode, Immediate::func)?);
    let own = callee == body.func();
    let params = own.then(|| body.block(body.entry()).params());
    let params: Vec<Value> = params.into_iter().flatten().collect();
    let arg = |(at, &arg): (usize, &Value)| match constant(body, arg) {
        _ if own && (params.get(at) == Some(&arg) || misjudged!(OwnCallsLeftOut)) => Arg::Own,
        Some(bits) => Arg::Constant(bits),
        None => Arg::Anything,
    };
    Some(Sent { callee, args: body.operands(args).iter().enumerate().map(arg).collect() })
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
