//! A module → the module that specialised functions are put into: without intrinsics, with new
//! functions whose bodies are still a trap, with their places in table 0 and in memory.
//!
//! ```text
//! Module, Intrinsics, Plan ─► Edit ─ prova_rewrite ─► bytes ─ crate::rest ─► the rest is the same
//! ```
//!
//! * W1. Types keep their indices, and so does everything but functions. An imported intrinsic is
//!   gone; every other function comes down by the number of intrinsics before it.
//! * W2. A call of an intrinsic becomes what stands for it in generic code ([`Generic`]). Where
//!   that is a store of the last of three operands, the function gets an i64 local behind its own.
//! * W3. New functions stand behind all others, have the types of their generic functions, and are
//!   the last elements of table 0, which grows by as many.
//! * W4. Bytes of memory that change are written by data segments behind all others; behind these
//!   stands one for each new function, with its index in table 0.
//! * W5. Where an intrinsic reads or writes a global, two stand behind all others.
//! * W6. Custom sections that hold offsets of code go ([`Rewritten::dropped`]).
//!
//! Nothing here is believed: `rest` compares what is made with what was there.

use crate::ask::error::Error;
use crate::ask::intrinsic::{Generic, Intrinsics};
use crate::ask::plan::Plan;
use prova_module::{BinaryReader, FuncIdx, Module, Operator, TableIdx};
use prova_rewrite::{
    Code, Customs, Edit, Elements, Fault, NewFunction, Numbers, Segment, Size, Space, apply,
};
use wasm_encoder::{ConstExpr, GlobalType, Instruction, MemArg, MemArgTarget, ValType};
use wasmparser::FunctionBody;

/// A module's new bytes.
#[derive(Clone, Debug)]
pub(crate) struct Rewritten {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The custom sections that are gone, by name.
    pub(crate) dropped: Vec<String>,
}

/// Writes the module.
///
/// # Errors
/// If it uses what cannot be carried over.
pub(crate) fn rewrite(
    module: &Module,
    intrinsics: &Intrinsics,
    plan: &Plan,
) -> Result<Rewritten, Error> {
    if module.imported_table_count() > 0 && !plan.funcs.is_empty() {
        // An imported table cannot grow here.
        return Err(Error::Unsupported("table 0 is imported".to_owned()));
    }
    let base = module.table(TableIdx(0)).map_or(0, |table| table.min) as u32;
    let writer = Writer { module, intrinsics, plan, base };
    let rewritten = writer.edit().and_then(|edit| apply(module.bytes(), &edit));
    let prova_rewrite::Rewritten { bytes, dropped, .. } = rewritten.map_err(|error| {
        Error::Unsupported(match error.fault {
            Fault::Used { .. } => {
                "an intrinsic is used as a value, or called by a tail call".to_owned()
            }
            _ => error.to_string(),
        })
    })?;
    Ok(Rewritten { bytes, dropped })
}

struct Writer<'w> {
    module: &'w Module,
    intrinsics: &'w Intrinsics,
    plan: &'w Plan,
    /// The index in table 0 of the first new function.
    base: u32,
}

impl Writer<'_> {
    /// Builds the edit: added items, and bodies without calls of intrinsics (W2 to W5).
    fn edit(&self) -> Result<Edit<'_>, prova_rewrite::Error> {
        let (module, plan) = (self.module, self.plan);
        let funcs = (0..module.func_count() as u32).map(FuncIdx);
        let new = funcs.map(|func| self.intrinsics.renumbered(func).map(|func| func.0));
        let numbers = Numbers::default().with(Space::Func, new);
        let mut edit = Edit { customs: Customs::Standing, ..Edit::default() };
        let ty = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        let globals = (0..self.intrinsics.added_globals()).map(|_| (ty, ConstExpr::i64_const(0)));
        edit.globals = globals.collect();
        self.bodies(&mut edit, &numbers)?;
        for (func, new) in (self.first()..).zip(&plan.funcs) {
            let mut trap = numbers.code([])?;
            trap.to().unreachable().end();
            edit.functions.push(NewFunction::new(new.ty.0, trap));
            edit.func_names.push((func, new.name.as_str().into()));
        }
        self.table(&mut edit);
        for (&at, bytes) in &plan.patches {
            let at = at + u32::from(planted!(PatchBehind));
            edit.data.push(Segment::active(0, ConstExpr::i32_const(at as i32), bytes));
        }
        let base = self.base + u32::from(planted!(SlotOfNext));
        for (index, new) in (base..).zip(&plan.funcs) {
            let at = ConstExpr::i32_const(new.slot as i32);
            edit.data.push(Segment::active(0, at, index.to_le_bytes().to_vec()));
        }
        edit.numbers = numbers;
        Ok(edit)
    }

    /// The bodies, without intrinsics (W2).
    fn bodies(&self, edit: &mut Edit<'_>, numbers: &Numbers) -> Result<(), prova_rewrite::Error> {
        for func in self.module.defined_funcs().filter(|_| self.intrinsics.count() > 0) {
            let Some(body) = self.module.body(func) else { continue };
            let mut code = numbers.code(body.locals())?;
            if self.intrinsics.needs_local(&body) {
                code.declare(1, ValType::I64)?;
            }
            // Parameters come first.
            let local = body.local_types().len() as u32;
            let bytes = BinaryReader::new(body.bytes(), body.range().start as u64);
            numbers.wrap(&mut code, &FunctionBody::new(bytes), false, |code, operator, _| {
                Ok(self.instead(operator, local, code))
            })?;
            edit.bodies.insert(func.0, code);
        }
        Ok(())
    }

    /// The places of new functions in table 0 (W3).
    fn table(&self, edit: &mut Edit<'_>) {
        let count = self.plan.funcs.len() as u32;
        if self.module.imported_table_count() == 0
            && let Some(table) = self.module.table(TableIdx(0))
        {
            let more = u64::from(count) + u64::from(planted!(TableTooBig));
            // A greatest size leaves as much room as it did.
            let max = table.max.map(|max| max.saturating_add(more));
            edit.table_sizes.insert(0, Size { min: table.min.saturating_add(more), max });
        }
        if count > 0 {
            let mut funcs: Vec<u32> = (self.first()..self.first() + count).collect();
            if planted!(ElementsTurned) {
                funcs.reverse();
            }
            let offset = Some(ConstExpr::i32_const(self.base as i32));
            edit.elements.push(Elements { offset, funcs });
        }
    }

    /// The index of the first new function.
    fn first(&self) -> u32 {
        (self.module.func_count() - self.intrinsics.count()) as u32
    }

    /// Writes the generic code of an operator that calls an intrinsic (W2) and returns true. For
    /// any other operator it writes nothing and returns false. `local` is the i64 local that the
    /// function got for this.
    fn instead(&self, operator: &Operator<'_>, local: u32, out: &mut Code) -> bool {
        let Some(intrinsic) = self.intrinsics.called(operator) else { return false };
        let count = intrinsic.signature().0.len();
        let drop = |out: &mut Code, count: usize| {
            (0..count).for_each(|_| {
                out.instruction(&Instruction::Drop);
            });
        };
        match intrinsic.generic() {
            Generic::Nothing => drop(out, count),
            Generic::First => drop(out, count - 1),
            Generic::Load => {
                drop(out, count - 1);
                out.instruction(&Instruction::I64Load(LONG));
            }
            Generic::Store if count == 2 && planted!(CellDropped) => drop(out, 2),
            Generic::Store if count == 2 => {
                out.instruction(&Instruction::I64Store(LONG));
            }
            Generic::Store => {
                out.instruction(&Instruction::LocalSet(local));
                drop(out, count - 2);
                out.instruction(&Instruction::LocalGet(local));
                out.instruction(&Instruction::I64Store(LONG));
            }
            Generic::Get(number) => {
                out.instruction(&Instruction::GlobalGet(self.intrinsics.global(number)));
            }
            Generic::Set(number) => {
                out.instruction(&Instruction::GlobalSet(self.intrinsics.global(number)));
            }
            Generic::Trap => {
                out.instruction(&Instruction::Unreachable);
            }
        }
        true
    }
}

/// An i64 access of memory 0.
const LONG: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };
