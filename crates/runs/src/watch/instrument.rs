//! A module and a range of addresses → the same module, which reports each access to the range.
//!
//! ```text
//! i32.load offset=8      local.tee a   i32.load offset=8
//!                        a + 8 - start + 3 <u end - start + 3 ? report(site, a + 8, 4, …)
//! call f                 stack[top] = site   top' = top + 4   call f
//! ```
//!
//! Added are three imported functions after the module's own imports, one memory that holds the
//! call stack, one global that holds its top, exports of these and of the watched memory, and
//! locals. Custom sections are left out.
//!
//! 1. An access is reported after it was done, so one that traps is not reported. The operator
//!    itself is unchanged.
//! 2. An index of a function grows by [`ADDED`] if the function is not imported; all other indices
//!    stay.
//! 3. A function reads the top when it is entered; this is its place in the call stack. Before a
//!    call it writes the site there, and sets the top to the next place for the callee. So nothing
//!    is undone at returns, and traps, tail calls and exceptions need no care.
//! 4. A call of WASI that touches memory is followed by a report of its arguments and its result.
//!    The host works on the export `memory`, so there are such reports only if that memory is the
//!    watched one.
//! 5. Of a stack deeper than [`STACK_BYTES`] / 4 calls, the innermost ones are kept: places are
//!    taken modulo its size.
//!
//! Limit: each frame has some more locals, so a program that runs into the stack limit does so a
//! little earlier. `tests/watch.rs` compares programs with themselves.

use super::effects::{ARGS_MAX, Effect, of_imports};
use prova_module::ops::{self, Class, Flow, Immediate, Immediates, Opcode, Row};
use prova_module::{ExternKind, FuncIdx, MemArgTarget, Module, Operator};
use prova_rewrite::{Code, Edit, Error, Numbers, Space, apply};
use prova_xref::op::{access, memarg};
use std::ops::Range;
use wasm_encoder::{
    ConstExpr, ExportKind, FuncType, GlobalType, Instruction, InstructionSink, MemArg, MemoryType,
    ValType,
};

/// The module of the added imports, and the start of the names of the added exports.
pub(super) const OWN: &str = "prova:watch";
/// Imported functions that are added.
const ADDED: u32 = 3;
/// The size of the memory for the call stack.
pub(super) const STACK_BYTES: u32 = 1 << 20;

/// The kinds of places of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    /// A read and a write by one atomic operator.
    Update,
    /// A call, which may be one of the host.
    Call,
}

/// A place of the code, in the module as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) func: FuncIdx,
    pub(super) offset: u32,
    pub(super) kind: Kind,
    /// The accesses of a called function of WASI to memory.
    pub(super) effects: &'static [Effect],
}

/// The module that reports.
pub(super) struct Instrumented {
    pub(super) wasm: Vec<u8>,
    /// By the number that is reported.
    pub(super) sites: Vec<Site>,
}

/// Instruments a module with this memory.
///
/// # Errors
/// If the encoder cannot write it; no valid module is known for which that is so.
pub(super) fn instrument(
    module: &Module,
    memory: u32,
    range: &Range<u64>,
) -> Result<Instrumented, String> {
    let of_host = module
        .export("memory")
        .is_some_and(|export| export.kind == ExternKind::Memory && export.index == memory);
    let (imported, count) = (module.imported_func_count() as u32, module.func_count() as u32);
    let number = |func| Some(if func < imported { func } else { func + ADDED });
    let mut instrument = Instrument {
        module,
        memory,
        range: range.clone(),
        wide: module.memories().get(memory as usize).is_some_and(|memory| memory.memory64),
        effects: if of_host { of_imports(module) } else { Vec::new() },
        numbers: Numbers::default().with(Space::Func, (0..count).map(number)),
        sites: Vec::new(),
    };
    let rewritten = instrument.edit().and_then(|edit| apply(module.bytes(), &edit));
    let rewritten =
        rewritten.map_err(|error| format!("the module cannot be instrumented: {error}"))?;
    Ok(Instrumented { wasm: rewritten.bytes, sites: instrument.sites })
}

struct Instrument<'m> {
    module: &'m Module,
    /// The watched memory.
    memory: u32,
    range: Range<u64>,
    /// Whether the memory has 64-bit addresses.
    wide: bool,
    /// By imported function, its accesses to the memory, where they are known.
    effects: Vec<&'static [Effect]>,
    /// Functions as code names them.
    numbers: Numbers,
    sites: Vec<Site>,
}

/// Added locals: four i32, then three i64, one f32, one f64, one v128, and in functions that call
/// WASI those of [`Locals::OF_HOST`] for the arguments and the result of a call.
#[derive(Clone, Copy)]
struct Locals(u32);

impl Locals {
    const DECLARED: [(u32, ValType); 5] = [
        (4, ValType::I32),
        (3, ValType::I64),
        (1, ValType::F32),
        (1, ValType::F64),
        (1, ValType::V128),
    ];
    /// Locals of functions that call WASI. Each function of WASI has at most 7 parameters of i32
    /// and 2 of i64; the eighth i32 is for the result.
    const OF_HOST: [(u32, ValType); 2] = [(8, ValType::I32), (2, ValType::I64)];

    /// The local for the nth argument of its type, from 0: below 7 for i32, where 7 is the result,
    /// and below 2 for i64.
    fn of_host(self, wide: bool, nth: u32) -> u32 {
        self.0 + 10 + if wide { 8 + nth } else { nth }
    }

    fn result_of_host(self) -> u32 {
        self.of_host(false, 7)
    }

    /// The frame's place in the call stack.
    fn place(self) -> u32 {
        self.0
    }

    /// The nth local of a type, from 0 to 2; a float or vector type has one local for every `nth`.
    fn of(self, ty: ValType, nth: u32) -> u32 {
        self.0
            + match ty {
                ValType::I32 => 1 + nth,
                ValType::I64 => 4 + nth,
                ValType::F32 => 7,
                ValType::F64 => 8,
                ValType::V128 | ValType::Ref(_) => 9,
            }
    }
}

/// The code that an operator gets, by its kind.
enum Plan {
    Nothing,
    /// A load, store or atomic operator, with the types of the operands above the address.
    Access {
        kind: Kind,
        offset: u64,
        bytes: u64,
        above: Vec<ValType>,
    },
    Bulk(Bulk),
    Call {
        /// The imported function that is called by its index.
        host: Option<u32>,
    },
    TailCall,
}

/// An operator with three operands, the last a length.
struct Bulk {
    operands: [ValType; 3],
    /// The first operand is an address of the watched memory, where it is written.
    writes: bool,
    /// The second operand is an address of the watched memory, where it is read.
    reads: bool,
    /// Bytes that were read lie at the first operand afterwards.
    moves: bool,
}

impl Instrument<'_> {
    /// Builds the edit: added items, and bodies that report.
    fn edit(&mut self) -> Result<Edit<'static>, Error> {
        let (small, wide) = (ValType::I32, ValType::I64);
        let mut edit = Edit { numbers: self.numbers.clone(), ..Edit::default() };
        edit.types = vec![
            FuncType::new([small, wide, wide, wide, small], []),
            FuncType::new([small, small], []),
            FuncType::new([[small; 3].as_slice(), &[wide; ARGS_MAX]].concat(), []),
        ];
        let first = self.module.types().len() as u32;
        edit.import_funcs(OWN, first, &["access", "host", "wasi"]);
        let pages = u64::from(STACK_BYTES / 65_536);
        edit.memories = vec![MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        }];
        let ty = GlobalType { val_type: small, mutable: true, shared: false };
        edit.globals = vec![(ty, ConstExpr::i32_const(0))];
        edit.exports = vec![
            (format!("{OWN} memory"), ExportKind::Memory, self.memory),
            (format!("{OWN} stack"), ExportKind::Memory, self.stack()),
            (format!("{OWN} top"), ExportKind::Global, self.top()),
        ];
        for func in self.module.defined_funcs() {
            edit.bodies.extend(self.body(func)?.map(|code| (func.0, code)));
        }
        Ok(edit)
    }

    /// A function that reports; none if it has nothing to report.
    fn body(&mut self, func: FuncIdx) -> Result<Option<Code>, Error> {
        let Some(body) = self.module.body(func) else { return Ok(None) };
        let mut reader = body.operators();
        let (mut touched, mut host) = (false, false);
        while !host && !reader.eof() {
            let plan = self.plan(&reader.read()?);
            touched |= !matches!(plan, Plan::Nothing);
            host = self.host_call(&plan).is_some();
        }
        if !touched {
            return Ok(None);
        }
        let mut out = self.numbers.code(body.locals())?;
        let of_host = Locals::OF_HOST.into_iter().filter(|_| host);
        for (count, ty) in Locals::DECLARED.into_iter().chain(of_host) {
            out.declare(count, ty)?;
        }
        let locals = Locals(body.local_types().len() as u32);
        out.to().global_get(self.top()).local_set(locals.place());
        let mut reader = body.operators();
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            let plan = self.plan(&op);
            let instruction = self.numbers.instruction(op)?;
            let at = Site { func, offset: offset as u32, kind: Kind::Call, effects: &[] };
            self.step(&mut out, locals, at, plan, &instruction);
        }
        Ok(Some(out))
    }

    /// The memory that holds the call stack.
    fn stack(&self) -> u32 {
        self.module.memories().len() as u32
    }

    /// The global that holds its top.
    fn top(&self) -> u32 {
        self.module.globals().len() as u32
    }

    /// The type of addresses of a memory.
    fn address(&self, memory: u32) -> ValType {
        let wide = self.module.memories().get(memory as usize).is_some_and(|ty| ty.memory64);
        if wide { ValType::I64 } else { ValType::I32 }
    }

    fn plan(&self, op: &Operator<'_>) -> Plan {
        let (row, immediates) = (Opcode::of(op).row(), Opcode::immediates(op));
        let class = row.class;
        if class == Class::effect && row.params.first() == Some(&ops::Kind::addr) {
            return self.bulk(row, &immediates);
        }
        if class.flow() == Flow::Call {
            let imported = self.module.imported_func_count() as u32;
            let host = immediates.index(Immediate::func).filter(|callee| *callee < imported);
            return Plan::Call { host };
        }
        let tail = [Class::return_call, Class::return_call_indirect, Class::return_call_ref];
        if tail.contains(&class) { Plan::TailCall } else { plan_of_access(op, self.memory) }
    }

    /// `memory.fill`, `memory.copy`, `memory.init`; growth has one operand and is none.
    fn bulk(&self, row: &Row, immediates: &Immediates<'_>) -> Plan {
        let memories: Vec<u32> = immediates.indices(Immediate::mem).collect();
        let (&[to, ref others @ ..], &[first, second, third]) = (&memories[..], row.params) else {
            return Plan::Nothing;
        };
        let from = others.first().copied();
        let operand = |kind: ops::Kind| match kind {
            ops::Kind::addr => self.address(to),
            ops::Kind::addr2 => self.address(from.unwrap_or(to)),
            ops::Kind::addr_min if self.address(to) == self.address(from.unwrap_or(to)) => {
                self.address(to)
            }
            kind => number(kind).unwrap_or(ValType::I32),
        };
        let operands = [first, second, third].map(operand);
        let (writes, reads) = (to == self.memory, from == Some(self.memory));
        if !writes && !reads {
            return Plan::Nothing;
        }
        Plan::Bulk(Bulk { operands, writes, reads, moves: writes && from.is_some() })
    }

    /// Writes an operator with the code that its plan asks for.
    fn step(&mut self, out: &mut Code, locals: Locals, at: Site, plan: Plan, op: &Instruction<'_>) {
        match plan {
            Plan::Nothing => {
                out.instruction(op);
            }
            Plan::Call { host } => self.call(out, locals, at, host, op),
            Plan::TailCall => {
                out.to().local_get(locals.place()).global_set(self.top());
                out.instruction(op);
            }
            Plan::Access { kind, offset, bytes, above } => {
                let address = locals.of(self.address(self.memory), 0);
                let above: Vec<u32> =
                    above.into_iter().zip(1..).map(|(ty, nth)| locals.of(ty, nth)).collect();
                let mut to = out.to();
                for local in above.iter().rev() {
                    to.local_set(*local);
                }
                to.local_tee(address);
                for local in &above {
                    to.local_get(*local);
                }
                out.instruction(op);
                let site = self.site(Site { kind, ..at });
                self.check_access(&mut out.to(), locals, (address, offset, bytes), site);
            }
            Plan::Bulk(bulk) => {
                let operand = |nth: usize| locals.of(bulk.operands[nth], nth as u32);
                let mut to = out.to();
                to.local_set(operand(2)).local_set(operand(1)).local_tee(operand(0));
                to.local_get(operand(1)).local_get(operand(2));
                out.instruction(op);
                if bulk.reads {
                    let site = self.site(Site { kind: Kind::Read, ..at });
                    self.check_bulk(&mut out.to(), locals, &bulk, 1, site);
                }
                if bulk.writes {
                    let site = self.site(Site { kind: Kind::Write, ..at });
                    self.check_bulk(&mut out.to(), locals, &bulk, 0, site);
                }
            }
        }
    }

    /// The types of the parameters of a called function of WASI that touches the watched memory, if
    /// its type is one that such functions have.
    fn host_call(&self, plan: &Plan) -> Option<&[prova_module::ValType]> {
        let Plan::Call { host: Some(callee) } = plan else { return None };
        self.effects.get(*callee as usize).filter(|effects| !effects.is_empty())?;
        let ty = self.module.func_type(FuncIdx(*callee));
        let of = |one: prova_module::ValType| ty.params.iter().filter(|ty| **ty == one).count();
        let (small, wide) = (of(prova_module::ValType::I32), of(prova_module::ValType::I64));
        let fits = small <= 7 && wide <= 2 && small + wide == ty.params.len();
        (fits && *ty.results == [prova_module::ValType::I32]).then_some(&*ty.params)
    }

    /// Writes a call: it is noted in the call stack, and what the host did is asked for after it.
    fn call(
        &mut self,
        out: &mut Code,
        locals: Locals,
        at: Site,
        host: Option<u32>,
        op: &Instruction<'_>,
    ) {
        let effects = host.and_then(|callee| self.effects.get(callee as usize).copied());
        let site = self.site(Site { effects: effects.unwrap_or_default(), ..at });
        let args = self.host_call(&Plan::Call { host }).map(|params| arguments(params, locals));
        let mut to = out.to();
        for (local, _) in args.iter().flatten().rev() {
            to.local_set(*local);
        }
        for (local, _) in args.iter().flatten() {
            to.local_get(*local);
        }
        to.local_get(locals.place()).i32_const(STACK_BYTES as i32 - 4).i32_and();
        let target = wasm_encoder::MemArgTarget::Memory(self.stack());
        let memory = MemArg { offset: 0, align: 2, target, ordering: None };
        to.i32_const(site).i32_store(memory);
        to.local_get(locals.place()).i32_const(4).i32_add().global_set(self.top());
        out.instruction(op);
        if host.is_none() {
            return;
        }
        let own = self.module.imported_func_count() as u32;
        let mut to = out.to();
        if let Some(args) = args {
            let result = locals.result_of_host();
            to.local_tee(result).i32_const(site).local_get(locals.place()).local_get(result);
            for nth in 0..ARGS_MAX {
                match args.get(nth) {
                    Some((local, true)) => to.local_get(*local),
                    Some((local, false)) => to.local_get(*local).i64_extend_i32_u(),
                    None => to.i64_const(0),
                };
            }
            to.call(own + 2);
        }
        to.i32_const(site).local_get(locals.place()).call(own + 1);
    }

    fn site(&mut self, site: Site) -> i32 {
        self.sites.push(site);
        self.sites.len() as i32 - 1
    }

    /// Reports if `address + offset`, as far as `bytes`, touches the range: one comparison without
    /// a sign, for numbers below the range become very large ones.
    fn check_access(
        &self,
        to: &mut InstructionSink<'_>,
        locals: Locals,
        (address, offset, bytes): (u32, u64, u64),
        site: i32,
    ) {
        let Range { start, end } = self.range;
        let reach = bytes - 1;
        let shift = offset.wrapping_sub(start).wrapping_add(reach);
        let span = (end - start).saturating_add(reach);
        let wide = |to: &mut InstructionSink<'_>| {
            to.local_get(address);
            if !self.wide {
                to.i64_extend_i32_u();
            }
        };
        wide(to);
        to.i64_const(shift as i64).i64_add().i64_const(span as i64).i64_lt_u();
        to.if_(wasm_encoder::BlockType::Empty).i32_const(site);
        wide(to);
        to.i64_const(offset as i64).i64_add().i64_const(bytes as i64);
        wide(to);
        to.i64_const(offset as i64).i64_add();
        self.report(to, locals);
    }

    /// Reports if the range at operand `which` touches the watched one.
    fn check_bulk(
        &self,
        to: &mut InstructionSink<'_>,
        locals: Locals,
        bulk: &Bulk,
        which: usize,
        site: i32,
    ) {
        let Range { start, end } = self.range;
        let wide = |to: &mut InstructionSink<'_>, nth: usize| {
            let ty = bulk.operands[nth];
            to.local_get(locals.of(ty, nth as u32));
            if ty == ValType::I32 {
                to.i64_extend_i32_u();
            }
        };
        wide(to, which);
        to.i64_const(end as i64).i64_lt_u();
        wide(to, which);
        wide(to, 2);
        to.i64_add().i64_const(start as i64).i64_gt_u().i32_and();
        wide(to, 2);
        to.i64_eqz().i32_eqz().i32_and();
        to.if_(wasm_encoder::BlockType::Empty).i32_const(site);
        wide(to, which);
        wide(to, 2);
        wide(to, if which == 1 && bulk.moves { 0 } else { which });
        self.report(to, locals);
    }

    /// Calls the report and ends the `if`.
    fn report(&self, to: &mut InstructionSink<'_>, locals: Locals) {
        to.local_get(locals.place()).call(self.module.imported_func_count() as u32).end();
    }
}

/// The type of an operand whose kind says it.
fn number(kind: ops::Kind) -> Option<ValType> {
    kind.val_type().and_then(|ty| ValType::try_from(ty).ok())
}

/// The locals that keep the arguments of a call of WASI, with whether each is 64-bit.
fn arguments(params: &[prova_module::ValType], locals: Locals) -> Vec<(u32, bool)> {
    let mut counts = [0; 2];
    let local = |ty: &prova_module::ValType| {
        let wide = *ty == prova_module::ValType::I64;
        let nth = &mut counts[usize::from(wide)];
        *nth += 1;
        (locals.of_host(wide, *nth - 1), wide)
    };
    params.iter().map(local).collect()
}

fn plan_of_access(op: &Operator<'_>, memory: u32) -> Plan {
    let (Some(memarg), Some(access)) = (memarg(op), access(op)) else { return Plan::Nothing };
    if memarg.target != MemArgTarget::Memory(memory) {
        return Plan::Nothing;
    }
    let kind = match (access.reads, access.writes) {
        (true, true) => Kind::Update,
        (true, false) => Kind::Read,
        (false, _) => Kind::Write,
    };
    let above = Opcode::of(op).row().params.iter().skip(1).filter_map(|&kind| number(kind));
    Plan::Access { kind, offset: memarg.offset, bytes: access.bytes, above: above.collect() }
}
