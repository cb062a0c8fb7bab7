//! A module → the module that specialised functions are put into: without intrinsics, with new
//! functions whose bodies are still a trap, with their places in table 0 and in memory.
//!
//! ```text
//! Module, Intrinsics, Plan ─ reencode ─► bytes ─ crate::rest ─► the rest is what it was
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

use crate::error::Error;
use crate::intrinsic::{Generic, Intrinsics};
use crate::plant::planted;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Module, Opcode, Operator, TableIdx, TypeIdx};
use std::collections::BTreeMap;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemArg, MemArgTarget, NameMap,
    NameSection, SectionId, TableSection, ValType,
};

/// What is added to a module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The new functions.
    pub(crate) funcs: Vec<New>,
    /// Bytes of memory 0 that change, by their address.
    pub(crate) patches: BTreeMap<u32, Vec<u8>>,
}

/// A function that is added.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) ty: TypeIdx,
    pub(crate) name: String,
    /// Where its index in table 0 is stored.
    pub(crate) slot: u32,
}

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
    let base = module.table(TableIdx(0)).map_or(0, |table| table.min);
    let (base, dropped, globals) = (base as u32, Vec::new(), intrinsics.added_globals());
    let mut writer =
        Writer { module, intrinsics, plan, base, tables: 0, bodies: 0, globals, dropped };
    let mut out = wasm_encoder::Module::new();
    let parser = wasmparser::Parser::new(0);
    writer.parse_core_module(&mut out, parser, module.bytes()).map_err(|error| match error {
        reencode::Error::UserError(error) => error,
        other => Error::Unsupported(other.to_string()),
    })?;
    Ok(Rewritten { bytes: out.finish(), dropped: writer.dropped })
}

struct Writer<'w> {
    module: &'w Module,
    intrinsics: &'w Intrinsics,
    plan: &'w Plan,
    /// The index in table 0 of the first new function.
    base: u32,
    /// How many tables are written.
    tables: u32,
    /// How many bodies are.
    bodies: usize,
    /// How many globals are to be added.
    globals: u32,
    dropped: Vec<String>,
}

type Done<T = ()> = Result<T, reencode::Error<Error>>;

impl Writer<'_> {
    /// Adds the globals of intrinsics, once.
    fn add_globals(&mut self, out: &mut GlobalSection) {
        let ty = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        for _ in 0..std::mem::take(&mut self.globals) {
            out.global(ty, &ConstExpr::i64_const(0));
        }
    }

    /// The index of the first new function.
    fn first(&self) -> u32 {
        (self.module.func_count() - self.intrinsics.count()) as u32
    }

    /// What stands for an operator that calls an intrinsic; false if it calls none. `local` is the
    /// i64 local of the function's that is free.
    fn instead(&self, operator: &Operator<'_>, local: u32, out: &mut Function) -> bool {
        let Some(intrinsic) = self.intrinsics.called(operator) else { return false };
        let count = intrinsic.signature().0.len();
        let drop = |out: &mut Function, count: usize| {
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

/// Whether an operator of so many bytes is written as it was: it names no function, and no number
/// in it can be shorter.
fn is_copied(operator: &Operator<'_>, bytes: usize) -> bool {
    let row = Opcode::of(operator).row();
    let shortest = match row.immediates {
        [Immediate::memarg] => 3,
        _ => 2,
    };
    bytes <= shortest && !row.immediates.contains(&Immediate::func)
}

/// An i64 access of memory 0.
const LONG: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

impl Reencode for Writer<'_> {
    type Error = Error;

    fn function_index(&mut self, func: u32) -> Done<u32> {
        let renumbered = self.intrinsics.renumbered(FuncIdx(func));
        let what = "an intrinsic is used as a value, or called by a tail call";
        let error = || reencode::Error::UserError(Error::Unsupported(what.to_owned()));
        Ok(renumbered.ok_or_else(error)?.0)
    }

    fn parse_import_section(
        &mut self,
        out: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Done {
        let mut func = 0;
        for import in section.into_imports() {
            let import = import?;
            if matches!(import.ty, wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_))
            {
                func += 1;
                if self.intrinsics.of(FuncIdx(func - 1)).is_some() {
                    continue;
                }
            }
            if let wasmparser::TypeRef::Table(ty) = import.ty {
                // An imported table cannot grow here.
                self.tables += 1;
                if self.tables == 1 && !self.plan.funcs.is_empty() {
                    let what = format!("table 0 is imported ({ty:?})");
                    return Err(reencode::Error::UserError(Error::Unsupported(what)));
                }
            }
            self.parse_import(out, import)?;
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        out: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Done {
        reencode::utils::parse_function_section(self, out, section)?;
        for new in &self.plan.funcs {
            out.function(new.ty.0);
        }
        Ok(())
    }

    fn parse_table(&mut self, out: &mut TableSection, mut table: wasmparser::Table<'_>) -> Done {
        if self.tables == 0 {
            let more = self.plan.funcs.len() as u64 + u64::from(planted!(TableTooBig));
            table.ty.initial = table.ty.initial.saturating_add(more);
            // A greatest size leaves as much room as it did.
            table.ty.maximum = table.ty.maximum.map(|max| max.saturating_add(more));
        }
        self.tables += 1;
        reencode::utils::parse_table(self, out, table)
    }

    fn parse_global_section(
        &mut self,
        out: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Done {
        reencode::utils::parse_global_section(self, out, section)?;
        self.add_globals(out);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut wasm_encoder::Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Done {
        let is_behind = match before {
            None => true,
            Some(section) => matches!(
                section,
                SectionId::Export
                    | SectionId::Start
                    | SectionId::Element
                    | SectionId::DataCount
                    | SectionId::Code
                    | SectionId::Data
            ),
        };
        if is_behind && self.globals > 0 {
            let mut section = GlobalSection::new();
            self.add_globals(&mut section);
            module.section(&section);
        }
        Ok(())
    }

    fn parse_element_section(
        &mut self,
        out: &mut ElementSection,
        section: wasmparser::ElementSectionReader<'_>,
    ) -> Done {
        reencode::utils::parse_element_section(self, out, section)?;
        if !self.plan.funcs.is_empty() {
            let (first, count) = (self.first(), self.plan.funcs.len() as u32);
            let mut funcs: Vec<u32> = (first..first + count).collect();
            if planted!(ElementsTurned) {
                funcs.reverse();
            }
            let at = ConstExpr::i32_const(self.base as i32);
            out.active(None, &at, Elements::Functions(funcs.into()));
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        out: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Done {
        reencode::utils::parse_code_section(self, out, section)?;
        for _ in &self.plan.funcs {
            let mut function = Function::new([]);
            function.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
            out.function(&function);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        out: &mut CodeSection,
        func: wasmparser::FunctionBody<'_>,
    ) -> Done {
        // Bodies come in the order of their functions.
        let at = FuncIdx((self.module.imported_func_count() + self.bodies) as u32);
        let body = self.module.body(at);
        self.bodies += 1;
        // Parameters come first.
        let local = body.as_ref().map_or(0, |body| body.local_types().len()) as u32;
        let needs = body.as_ref().is_some_and(|body| self.intrinsics.needs_local(body));
        let mut locals = Vec::new();
        for entry in func.get_locals_reader()? {
            let (count, ty) = entry?;
            locals.push((count, self.val_type(ty)?));
        }
        locals.extend(needs.then_some((1, ValType::I64)));
        let mut function = Function::new(locals);
        let bytes = self.module.bytes();
        let mut reader = func.get_operators_reader()?;
        // From where on operators are copied, and where the next one begins.
        let (mut from, mut at) = (reader.original_position(), reader.original_position());
        while !reader.eof() {
            let operator = reader.read()?;
            let end = reader.original_position();
            if !is_copied(&operator, (end - at) as usize) {
                function.raw(bytes[from as usize..at as usize].iter().copied());
                from = end;
                if !self.instead(&operator, local, &mut function) {
                    function.instruction(&self.instruction(operator)?);
                }
            }
            at = end;
        }
        function.raw(bytes[from as usize..at as usize].iter().copied());
        out.function(&function);
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Done<u32> {
        Ok(count + (self.plan.patches.len() + self.plan.funcs.len()) as u32)
    }

    fn parse_data_section(
        &mut self,
        out: &mut DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Done {
        reencode::utils::parse_data_section(self, out, section)?;
        for (&at, bytes) in &self.plan.patches {
            let at = at + u32::from(planted!(PatchBehind));
            out.active(0, &ConstExpr::i32_const(at as i32), bytes.iter().copied());
        }
        let base = self.base + u32::from(planted!(SlotOfNext));
        for (index, new) in (base..).zip(&self.plan.funcs) {
            out.active(0, &ConstExpr::i32_const(new.slot as i32), index.to_le_bytes());
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Done {
        let name = section.name();
        let prefixes = [".debug_", "reloc.", "metadata.code.", "sourceMappingURL", "linking"];
        if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            self.dropped.push(name.to_owned());
            return Ok(());
        }
        reencode::utils::parse_custom_section(self, module, section)
    }

    fn parse_custom_name_subsection(
        &mut self,
        names: &mut NameSection,
        section: wasmparser::Name<'_>,
    ) -> Done {
        match section {
            wasmparser::Name::Function(map) => {
                let mut kept = NameMap::new();
                for naming in map {
                    let naming = naming?;
                    if let Some(func) = self.intrinsics.renumbered(FuncIdx(naming.index)) {
                        kept.append(func.0, naming.name);
                    }
                }
                for (func, new) in (self.first()..).zip(&self.plan.funcs) {
                    kept.append(func, &new.name);
                }
                names.functions(&kept);
            }
            wasmparser::Name::Label(_) => {}
            wasmparser::Name::Local(map) => {
                let mut kept = wasm_encoder::IndirectNameMap::new();
                for naming in map {
                    let naming = naming?;
                    let Some(func) = self.intrinsics.renumbered(FuncIdx(naming.index)) else {
                        continue;
                    };
                    kept.append(func.0, &reencode::utils::name_map(naming.names, Ok)?);
                }
                names.locals(&kept);
            }
            // Segments keep their numbers, and what is new has no names.
            other => reencode::utils::parse_custom_name_subsection(self, names, other)?,
        }
        Ok(())
    }
}
