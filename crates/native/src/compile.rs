//! CLIF → machine code and its maps, or the reason why there is none.
//!
//! Invariants of what is given: no relocation; a row for each place that Cranelift says may trap,
//! in order; a row for each call; a frame within the bound of the convention. None is trusted.

use crate::abi::Abi;
use crate::compiler::no_body;
use crate::isa::Effort;
use crate::lower::{Lowered, Said, Start};
use crate::reach::Reaches;
use crate::room::Room;
use crate::sunk::{self, Loads};
use crate::{Declined, estimate, isa, lower, thunk};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::StackSlot;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::{CompiledCode, FinalizedMachCallSite, FinalizedMachExceptionHandler};
use prova_check::{CallRow, Clause, CodeKind, Layout, Says, TrapRow, offsets, traps};
use prova_module::{Module, TypeIdx};
use prova_ssa::entered::EnteredBody;
use prova_ssa::{Body, CheckedBody, Held, build_holding};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The greatest number of instructions and values of a body that is compiled.
pub const BODY_VALUES_MAX: usize = 1 << 18;

/// How much code of a module is compiled, in bytes of WebAssembly from its first function on: what
/// a hostile module can make the compiler do is bounded by it. Which functions are compiled does
/// not depend on the order in which they are asked for.
pub const MODULE_CODE_BYTES_MAX: usize = 64 << 20;

/// Machine code as it is proposed to the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeCode {
    /// The kind of code.
    pub kind: CodeKind,
    /// Code, jump tables, constants.
    pub bytes: Vec<u8>,
    /// The instructions that may trap, by offset.
    pub traps: Vec<TrapRow>,
    /// Calls, by offset.
    pub calls: Vec<CallRow>,
    /// Runs of code that are of one operator: the first byte, the end, the offset in the module.
    pub sources: Vec<(u32, u32, u32)>,
    /// Starts of the blocks that Cranelift names, ascending.
    pub blocks: Vec<u32>,
    /// Native stack that it takes, in bytes.
    pub frame_bytes: u64,
    /// The accesses of memories whose length is compared, or needs no comparison, and why.
    pub reaches: Reaches,
}

/// Compiles functions of modules in one configuration.
pub struct Target {
    /// It is not changed by a compilation, so a panic leaves it as it was.
    isa: AssertUnwindSafe<OwnedTargetIsa>,
    abi: Abi,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("isa", &self.isa.name()).finish_non_exhaustive()
    }
}

impl Target {
    /// The target of a CPU level.
    ///
    /// # Errors
    /// If Cranelift does not have it.
    pub fn new(level: prova_check::CpuLevel) -> Result<Target, Declined> {
        Target::with(level, Effort::Speed)
    }

    /// The target of a CPU level, for an effort of the optimiser.
    ///
    /// # Errors
    /// As [`Target::new`].
    pub fn with(level: prova_check::CpuLevel, effort: Effort) -> Result<Target, Declined> {
        Ok(Target { isa: AssertUnwindSafe(isa::target(level, effort)?), abi: Abi })
    }

    /// Compiles a body of a function of `module`.
    ///
    /// # Errors
    /// Why the function stays bytecode.
    pub fn compile(
        &self,
        module: &Module,
        layout: &Layout,
        body: &Body,
        deterministic: bool,
    ) -> Result<NativeCode, Declined> {
        let kind = CodeKind::Func(body.func().0);
        let start = module.body(body.func()).map_or(0, |body| body.range().start as u32);
        self.compile_body(module, layout, body, (kind, start, Start::Function), deterministic)
    }

    /// Compiles a function of `module` from a round of a loop on.
    ///
    /// # Errors
    /// Why the function goes on as bytecode.
    pub fn compile_round(
        &self,
        module: &Module,
        layout: &Layout,
        entered: &EnteredBody,
        deterministic: bool,
    ) -> Result<NativeCode, Declined> {
        let (func, offset) = (entered.body().func(), entered.offset());
        let kind = CodeKind::Loop { func: func.0, offset };
        let start = Start::Round { cells: entered.cells(), held: entered.held() };
        let as_round = (kind, offset, start);
        self.compile_body(module, layout, entered.body(), as_round, deterministic)
    }

    fn compile_body(
        &self,
        module: &Module,
        layout: &Layout,
        body: &Body,
        (kind, source, start): (CodeKind, u32, Start<'_>),
        deterministic: bool,
    ) -> Result<NativeCode, Declined> {
        let func = body.func();
        let range = |func| module.body(func).map(|body| body.range());
        let first = module.defined_funcs().next().and_then(range);
        let bytes = range(func).zip(first).map_or(0, |(body, first)| body.end - first.start);
        if bytes > MODULE_CODE_BYTES_MAX {
            return Err(Declined::Budget(MODULE_CODE_BYTES_MAX));
        }
        if body.value_count().max(body.inst_count()) > BODY_VALUES_MAX {
            return Err(Declined::Limit("values", BODY_VALUES_MAX));
        }
        let facts = module.facts(func).ok_or(Declined::Bug("no facts"))?;
        let (none, holding) = (Held::default(), &mut None);
        let (body, held) = match (facts.exception_roots.is_some(), start) {
            (false, _) => (body, &none),
            (true, Start::Function) => {
                let checked = holding.insert(self::holding(module, body)?);
                (checked.body(), checked.held().unwrap_or(&none))
            }
            (true, Start::Round { held, .. }) => (body, held),
        };
        let clif = || lower::lower(module, layout, &self.abi, (body, held), start, deterministic);
        let code = self.emit(kind, source, clif)?;
        let frame_max = offsets::FRAME_RATIO * facts.charge_bytes();
        if code.frame_bytes > frame_max {
            return Err(Declined::Frame);
        }
        Ok(code)
    }

    /// The CLIF of a body, as text.
    ///
    /// # Errors
    /// As [`Target::compile`].
    pub fn clif(
        &self,
        module: &Module,
        layout: &Layout,
        body: &Body,
        deterministic: bool,
    ) -> Result<String, Declined> {
        let held = Held::default();
        let (of, start) = ((body, &held), Start::Function);
        let clif = lower::lower(module, layout, &self.abi, of, start, deterministic)?;
        Ok(clif.func.display().to_string())
    }

    /// Compiles the way into functions of a type of `module`.
    ///
    /// # Errors
    /// If there can be none, so that functions of the type stay bytecode.
    pub fn thunk_in(&self, module: &Module, ty: TypeIdx) -> Result<NativeCode, Declined> {
        let func_type = module.types().func(ty).ok_or(Declined::NoFunction)?;
        let clif = || thunk::way_in(&self.abi, func_type).map(Lowered::from);
        self.emit(CodeKind::ThunkIn(ty.0), 0, clif)
    }

    /// Compiles the way out to functions of a type of `module`.
    ///
    /// # Errors
    /// As [`Target::thunk_in`].
    pub fn thunk_out(&self, module: &Module, ty: TypeIdx) -> Result<NativeCode, Declined> {
        let func_type = module.types().func(ty).ok_or(Declined::NoFunction)?;
        let clif = || thunk::way_out(&self.abi, func_type).map(Lowered::from);
        self.emit(CodeKind::ThunkOut(ty.0), 0, clif)
    }

    fn emit(
        &self,
        kind: CodeKind,
        start: u32,
        clif: impl FnOnce() -> Result<Lowered, Declined>,
    ) -> Result<NativeCode, Declined> {
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            let Lowered { func, said } = clif()?;
            let mut room = Room::take();
            let context = room.context(func);
            let (isa, plane) = (&**self.isa, &mut ControlPlane::default());
            let refused = |error| Declined::Compiler(format!("{error:?}"));
            // As `Context::compile` does, with the estimates before what may take long.
            estimate::before_optimiser(&context.func)?;
            context.optimize(isa, plane).map_err(refused)?;
            let loads = sunk::number(&mut context.func);
            estimate::before_allocator(&context.func)?;
            let compiled = room.allocate(isa, plane).map_err(refused)?;
            room.keep();
            Ok((compiled, said, loads))
        }));
        let (compiled, said, loads) = compiled.unwrap_or_else(|panic| {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Declined::Panic(message.unwrap_or("no message").to_owned()))
        })?;
        collect((kind, start), &compiled, &said, &loads)
    }
}

/// The body of a function whose frame holds references to exceptions and objects, proved equal to
/// its Wasm, and which these are: not all of them are values of the body that was built without
/// them in mind.
fn holding(module: &Module, body: &Body) -> Result<CheckedBody, Declined> {
    let built = build_holding(module, body.func(), body.metering());
    let (body, _) = built.map_err(|error| no_body(&error))?;
    CheckedBody::check_holding(module, body).map_err(|error| Declined::Ssa(error.to_string()))
}

/// The rows of the clauses of a call, from the first that is asked.
fn rows_of_clauses(
    site: &FinalizedMachCallSite<'_>,
    clauses: &[(Option<u32>, bool)],
    rows: &mut Vec<CallRow>,
) -> Result<(), Declined> {
    for handler in site.exception_handlers {
        let &FinalizedMachExceptionHandler::Tag(number, landing) = handler else {
            return Err(Declined::Bug("a handler without a clause"));
        };
        let clause = clauses.get(number.as_u32() as usize).zip(site.frame_offset);
        let (&(tag, with_ref), frame_bytes) = clause.ok_or(Declined::Bug("no such clause"))?;
        let says = Says::Clause(Clause { tag, with_ref, landing, frame_bytes, context: None });
        rows.push(CallRow { return_offset: site.ret_addr, says });
    }
    Ok(())
}

/// The rows of what the frame holds at a call of the operator at an offset.
fn rows_of_roots(
    site: &FinalizedMachCallSite<'_>,
    (roots, offset): (&BTreeMap<u32, Vec<StackSlot>>, u32),
    compiled: &CompiledCode,
    rows: &mut Vec<CallRow>,
) -> Result<(), Declined> {
    for &slot in roots.get(&offset).into_iter().flatten() {
        let layout = compiled.buffer.frame_layout();
        let layout = layout.ok_or(Declined::Bug("a frame without layout"))?;
        let below = layout.frame_to_fp_offset.checked_sub(layout.stackslots[slot].offset);
        let below = below.ok_or(Declined::Bug("a slot outside of the frame"))?;
        rows.push(CallRow { return_offset: site.ret_addr, says: Says::Root(below) });
    }
    Ok(())
}

/// The source that an instruction is near to: its own, or the last one before it that has one, and
/// of this and the sources of both neighbours it is the one in the middle. Where none stands before
/// it in its block, it is the next one in that, if there is one.
fn near(sources: &[(u32, u32, u32)], blocks: &[u32], at: u32) -> Option<u32> {
    let after = sources.partition_point(|source| source.0 <= at);
    let of = |i: Option<usize>| i.and_then(|i| sources.get(i)).map(|source| source.2);
    let here = blocks.partition_point(|block| *block <= at);
    let start = here.checked_sub(1).and_then(|block| blocks.get(block));
    let ends = |of: &(u32, u32, u32)| blocks.get(here).is_some_and(|block| *block <= of.0);
    let is_before = |of: &(u32, u32, u32)| start.is_some_and(|start| of.1 <= *start);
    let last = after.checked_sub(1).and_then(|last| sources.get(last));
    if let (true, Some(next)) = (last.is_none_or(is_before), sources.get(after))
        && !ends(next)
    {
        return Some(next.2);
    }
    let own = of(after.checked_sub(1))?;
    let (Some(before), Some(behind)) = (of(after.checked_sub(2)), of(Some(after))) else {
        return Some(own);
    };
    let mut all = [before, own, behind];
    all.sort_unstable();
    Some(all[1])
}

/// Code and maps of what Cranelift gave.
fn collect(
    (kind, start): (CodeKind, u32),
    compiled: &CompiledCode,
    said: &Said,
    loads: &Loads,
) -> Result<NativeCode, Declined> {
    let buffer = &compiled.buffer;
    if let Some(reloc) = buffer.relocs().first() {
        return Err(Declined::Relocation(format!("{:?}", reloc.target)));
    }
    let sources = buffer.get_srclocs_sorted();
    let known: Vec<_> = sources.iter().filter(|source| !source.loc.is_default()).collect();
    // The last source that begins before an offset.
    let before = |at: u32| {
        let after = known.partition_point(|source| source.start <= at);
        after.checked_sub(1).and_then(|before| known.get(before))
    };
    let source =
        |at: u32| before(at).filter(|source| at < source.end).map(|found| found.loc.bits());
    let wasm_offset = |at: u32| source(at).unwrap_or(start);
    let sources: Vec<(u32, u32, u32)> =
        known.iter().map(|source| (source.start, source.end, source.loc.bits())).collect();
    let mut blocks = compiled.bb_starts.clone();
    blocks.sort_unstable();
    let mut found: Vec<_> = buffer.traps().iter().collect();
    found.sort_unstable_by_key(|trap| trap.offset);
    let mut rows: Vec<TrapRow> = Vec::with_capacity(found.len());
    for trap in found {
        let kind = sunk::kind(trap.code);
        let kind = kind.ok_or_else(|| Declined::Compiler(format!("trap code {}", trap.code)))?;
        // An instruction without a source has the last one before it that has one.
        let own = before(trap.offset).map_or(start, |source| source.loc.bits());
        let near = near(&sources, &blocks, trap.offset).unwrap_or(own);
        let load = loads.source(trap.code, (buffer.data(), trap.offset), (own, near));
        let wasm_offset = load.unwrap_or_else(|| wasm_offset(trap.offset));
        rows.push(TrapRow { code_offset: trap.offset, kind, wasm_offset });
    }
    debug_assert!(rows.iter().all(|row| row.kind <= traps::CAST_FAILURE));
    let mut calls = Vec::new();
    for site in buffer.call_sites() {
        calls.push(CallRow::operator(site.ret_addr, wasm_offset(site.ret_addr - 1)));
        rows_of_clauses(&site, &said.clauses, &mut calls)?;
        let offset = wasm_offset(site.ret_addr - 1);
        rows_of_roots(&site, (&said.roots, offset), compiled, &mut calls)?;
    }
    // Stable: the rows of a call keep their order.
    calls.sort_by_key(|row| row.return_offset);
    // Saved frame pointer and return address lie beyond the frame.
    let frame = buffer.frame_layout().map_or(0, |layout| layout.frame_to_fp_offset);
    let frame_bytes = u64::from(frame) + 16;
    let bytes = buffer.data().to_vec();
    Ok(NativeCode {
        kind,
        bytes,
        traps: rows,
        calls,
        sources,
        blocks,
        frame_bytes,
        reaches: said.reaches.clone(),
    })
}
