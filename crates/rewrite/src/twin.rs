//! A module → a *twin*, which does the same with memories of another kind.
//!
//! The idea: the collection's programs have one memory of 32-bit addresses, which they define. A
//! check of machine code that shall hold for memories of every kind needs the same programs with
//! each of the others: 64-bit addresses, imported memories and tables, several memories.
//!
//! - W1. In a *wide* twin every 32-bit memory has 64-bit addresses. An address is extended before
//!   its use, with what lies above it on the stack kept in locals; sizes are wrapped. So it reads,
//!   writes and traps as the module does. It grows as far as that one does: where the module has no
//!   maximum, the twin's is what 32-bit addresses reach.
//! - W2. In an *imported* twin the memories and tables that the module defines are imports, behind
//!   all others, so that they keep their numbers. What their initial elements were is lost;
//!   functions that these named stay declared (`ref.func` of any other one is not valid).
//! - W3. In a twin with *several* memories another one comes first, which nobody uses, and each of
//!   the module's has the next number.
//!
//! Limits: a segment whose offset is more than one constant, in a wide twin, is an error. Custom
//! sections other than `name` are left out, since they may hold offsets of code. The result is not
//! validated. Work is linear in the module.
//!
//! Noticed by: `tests/twins.rs` validates twins of all kinds; `crates/testing/tests/twins.rs` runs
//! them beside their modules.

use crate::error::{Error, Fault, core_module};
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, Encode as _, EntityType,
    Function, ImportSection, Instruction, MemArg, MemorySection, MemoryType, Module, SectionId,
    TableSection, ValType,
};
use wasmparser::{
    FuncToValidate, FuncValidator, FuncValidatorAllocations, MemArgTarget, Operator, Parser,
    Payload, TableInit, TypeRef, ValidPayload, Validator, ValidatorResources, WasmFeatures,
    WasmModuleResources as _,
};

/// The kinds of a twin that its module is not of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Twin {
    /// Memories with 64-bit addresses (W1).
    pub wide: bool,
    /// Imported memories and tables (W2).
    pub imported: bool,
    /// Another memory, the first one (W3).
    pub several: bool,
}

/// The module that imported memories and tables of a twin come from.
pub const TWIN_MODULE: &str = "twin";

/// The twin of a core module.
///
/// # Errors
/// [`Fault::Malformed`] for bytes that are no valid core module; [`Fault::NoTwin`] for a module
/// that has no such twin.
pub fn twin(wasm: &[u8], what: Twin) -> Result<Vec<u8>, Error> {
    core_module(wasm)?;
    let mut maker = Maker::new(wasm, what)?;
    let mut module = Module::new();
    maker.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// Copies a module with what its twin has.
struct Maker {
    what: Twin,
    /// Whether the module imports a memory, so that one that comes first has to be imported.
    imports_memory: bool,
    /// Whether a section with imports was written.
    imports: bool,
    /// Whether a section with memories was written.
    memories: bool,
    /// Memories and tables that become imports.
    moved: Vec<TypeRef>,
    /// Functions that initial elements of such tables named, until a segment declares them.
    named: Vec<u32>,
    /// The bodies to come, the next one last.
    bodies: Vec<FuncToValidate<ValidatorResources>>,
    allocations: FuncValidatorAllocations,
    /// The access that the operator written last makes.
    access: Option<wasmparser::MemArg>,
}

impl Maker {
    fn new(wasm: &[u8], what: Twin) -> Result<Maker, Error> {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let (mut bodies, mut moved, mut imports_memory) = (Vec::new(), Vec::new(), false);
        let mut named = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let ValidPayload::Func(body, _) = validator.payload(&payload)? {
                bodies.push(body);
            }
            match payload {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imports_memory |= matches!(import?.ty, TypeRef::Memory(_));
                    }
                }
                Payload::TableSection(section) if what.imported => {
                    for table in section {
                        let table = table?;
                        moved.push(TypeRef::Table(table.ty));
                        let TableInit::Expr(init) = table.init else { continue };
                        for operator in init.get_operators_reader() {
                            if let Operator::RefFunc { function_index } = operator? {
                                named.push(function_index);
                            }
                        }
                    }
                }
                Payload::MemorySection(section) if what.imported => {
                    for memory in section {
                        moved.push(TypeRef::Memory(memory?));
                    }
                }
                _ => {}
            }
        }
        bodies.reverse();
        let (imports, memories, allocations) = (false, false, FuncValidatorAllocations::default());
        let access = None;
        Ok(Maker {
            what,
            imports_memory,
            imports,
            memories,
            moved,
            named,
            bodies,
            allocations,
            access,
        })
    }

    /// Declares what initial elements named (W2), behind all other segments.
    fn declare(&mut self, to: &mut ElementSection) {
        let named = std::mem::take(&mut self.named);
        if !named.is_empty() {
            to.declared(Elements::Functions(named.into()));
        }
    }

    /// Whether the memory that comes first is an import.
    fn first_is_imported(&self) -> bool {
        self.what.imported || self.imports_memory
    }

    /// The memory that comes first.
    fn first(&self) -> MemoryType {
        let memory64 = self.what.wide;
        MemoryType { minimum: 1, maximum: None, memory64, shared: false, page_size_log2: None }
    }

    fn add_imports(
        &mut self,
        to: &mut ImportSection,
        section: Option<wasmparser::ImportSectionReader<'_>>,
    ) -> Result<(), reencode::Error<Error>> {
        self.imports = true;
        if self.what.several && self.first_is_imported() {
            to.import(TWIN_MODULE, "first", EntityType::Memory(self.first()));
        }
        if let Some(section) = section {
            utils::parse_import_section(self, to, section)?;
        }
        for (i, ty) in self.moved.clone().into_iter().enumerate() {
            let ty = self.entity_type(ty)?;
            to.import(TWIN_MODULE, &format!("moved{i}"), ty);
        }
        Ok(())
    }

    fn add_memories(
        &mut self,
        to: &mut MemorySection,
        section: Option<wasmparser::MemorySectionReader<'_>>,
    ) -> Result<(), reencode::Error<Error>> {
        self.memories = true;
        if self.what.several && !self.first_is_imported() {
            to.memory(self.first());
        }
        match section {
            Some(section) if !self.what.imported => utils::parse_memory_section(self, to, section),
            Some(_) | None => Ok(()),
        }
    }
}

impl Reencode for Maker {
    type Error = Error;

    fn memory_index(&mut self, memory: u32) -> Result<u32, reencode::Error<Error>> {
        Ok(memory.saturating_add(u32::from(self.what.several)))
    }

    fn memory_type(
        &mut self,
        ty: wasmparser::MemoryType,
    ) -> Result<MemoryType, reencode::Error<Error>> {
        let ty = MemoryType::from(ty);
        if ty.memory64 || !self.what.wide {
            return Ok(ty);
        }
        let reached = match ty.page_size_log2.unwrap_or(16) {
            0 => u64::from(u32::MAX),
            log2 => (1 << 32) >> log2,
        };
        Ok(MemoryType { memory64: true, maximum: Some(ty.maximum.unwrap_or(reached)), ..ty })
    }

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<MemArg, reencode::Error<Error>> {
        self.access = Some(arg);
        utils::mem_arg(self, arg)
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        match section.name() {
            "name" => utils::parse_custom_section(self, module, section),
            _ => Ok(()),
        }
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        self.add_imports(imports, Some(section))
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        match self.what.imported {
            true => Ok(()),
            false => utils::parse_table_section(self, tables, section),
        }
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        self.add_memories(memories, Some(section))
    }

    fn parse_element_section(
        &mut self,
        elements: &mut ElementSection,
        section: wasmparser::ElementSectionReader<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        utils::parse_element_section(self, elements, section)?;
        self.declare(elements);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), reencode::Error<Error>> {
        let is_behind = |section: SectionId| before.is_none_or(|next| rank(next) > rank(section));
        if is_behind(SectionId::Import) && !self.imports {
            let mut imports = ImportSection::new();
            self.add_imports(&mut imports, None)?;
            if !imports.is_empty() {
                module.section(&imports);
            }
        }
        if is_behind(SectionId::Memory) && !self.memories {
            let mut memories = MemorySection::new();
            self.add_memories(&mut memories, None)?;
            if !memories.is_empty() {
                module.section(&memories);
            }
        }
        if is_behind(SectionId::Element) && !self.named.is_empty() {
            let mut elements = ElementSection::new();
            self.declare(&mut elements);
            module.section(&elements);
        }
        Ok(())
    }

    fn parse_data(
        &mut self,
        data: &mut DataSection,
        datum: wasmparser::Data<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        let wasmparser::DataKind::Active { memory_index, offset_expr } = &datum.kind else {
            return utils::parse_data(self, data, datum);
        };
        if !self.what.wide {
            return utils::parse_data(self, data, datum);
        }
        let mut operators = offset_expr.get_operators_reader();
        let offset = match operators.read()? {
            Operator::I32Const { value } => i64::from(value.cast_unsigned()),
            Operator::I64Const { value } => value,
            _ => return Err(no_twin("a segment whose offset is no constant")),
        };
        if !matches!(operators.read()?, Operator::End) {
            return Err(no_twin("a segment whose offset is computed"));
        }
        let memory = self.memory_index(*memory_index)?;
        data.active(memory, &ConstExpr::i64_const(offset), datum.data.iter().copied());
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        let Some(to_validate) = self.bodies.pop() else {
            return Err(no_twin("more bodies than functions"));
        };
        if !self.what.wide {
            return utils::parse_function_body(self, code, body);
        }
        let allocations = std::mem::take(&mut self.allocations);
        let mut types = to_validate.into_validator(allocations);
        types.read_locals(&mut body.get_binary_reader())?;
        let mut locals = Vec::new();
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            locals.push((count, self.val_type(ty)?));
        }
        let mut out = Widened { bytes: Vec::new(), first: types.len_locals(), kept: Vec::new() };
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let at = operators.original_position();
            let operator = operators.read()?;
            self.widened(&mut out, &types, &operator)?;
            types.op(at, &operator)?;
        }
        self.allocations = types.into_allocations();
        locals.extend(out.kept.iter().map(|&ty| (1, ty)));
        let mut function = Function::new(locals);
        function.raw(out.bytes);
        code.function(&function);
        Ok(())
    }
}

/// A body with wide addresses, as far as it is written.
struct Widened {
    bytes: Vec<u8>,
    /// The number of the first added local.
    first: u32,
    /// The types of added locals.
    kept: Vec<ValType>,
}

impl Widened {
    fn push(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.bytes);
    }

    /// Added locals for values of these types, one each.
    fn locals(&mut self, types: &[ValType]) -> Vec<u32> {
        let mut used = Vec::new();
        for &ty in types {
            let free = |&i: &usize| self.kept[i] == ty && !used.contains(&i);
            let found = (0..self.kept.len()).find(free);
            used.push(found.unwrap_or(self.kept.len()));
            if found.is_none() {
                self.kept.push(ty);
            }
        }
        let number = |i: usize| self.first.saturating_add(u32::try_from(i).unwrap_or(u32::MAX));
        used.into_iter().map(number).collect()
    }

    /// Extends the operands that `wide` says, the last one first; `types` are those of all of them.
    fn extend(&mut self, types: &[ValType], wide: &[bool]) {
        let Some(deepest) = wide.iter().rposition(|&wide| wide) else { return };
        let kept = types.iter().zip(wide).take(deepest);
        let kept: Vec<ValType> =
            kept.map(|(&ty, &wide)| if wide { ValType::I64 } else { ty }).collect();
        let locals = self.locals(&kept);
        for (&local, &wide) in locals.iter().zip(wide) {
            if wide {
                self.push(&Instruction::I64ExtendI32U);
            }
            self.push(&Instruction::LocalSet(local));
        }
        self.push(&Instruction::I64ExtendI32U);
        for &local in locals.iter().rev() {
            self.push(&Instruction::LocalGet(local));
        }
    }
}

impl Maker {
    /// Writes an operator with its addresses extended.
    fn widened(
        &mut self,
        out: &mut Widened,
        types: &FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
    ) -> Result<(), reencode::Error<Error>> {
        self.access = None;
        let instruction = self.instruction(operator.clone())?;
        let narrow = |memory: u32| {
            types.resources().memory_at(memory).is_some_and(|memory| !memory.memory64)
        };
        // Operands that are addresses or lengths, the last one first.
        let accessed = self.access.map(|access| access.target);
        let wide: Vec<bool> = if let Operator::MemoryGrow { mem } = *operator {
            vec![narrow(mem)]
        } else if let Operator::MemoryFill { mem } = *operator {
            vec![narrow(mem), false, narrow(mem)]
        } else if let Operator::MemoryInit { mem, .. } = *operator {
            vec![false, false, narrow(mem)]
        } else if let Operator::MemoryCopy { dst_mem, src_mem } = *operator {
            // The length has the narrower of both types, and all are wide now.
            let (to, from) = (narrow(dst_mem), narrow(src_mem));
            vec![to || from, from, to]
        } else if let Some(MemArgTarget::Memory(memory)) = accessed
            && narrow(memory)
        {
            let (operands, _) = operator.operator_arity(types).unwrap_or_default();
            (1..=operands).map(|depth| depth == operands).collect()
        } else {
            Vec::new()
        };
        // Below what code that is not reached has put on the stack lies anything.
        let operands: Vec<ValType> = (0..wide.len())
            .map_while(|depth| types.get_operand_type(depth).flatten())
            .map_while(|ty| self.val_type(ty).ok())
            .collect();
        out.extend(&operands, &wide[..operands.len()]);
        out.push(&instruction);
        let wraps = matches!(*operator,
            Operator::MemorySize { mem } | Operator::MemoryGrow { mem } if narrow(mem));
        if wraps {
            out.push(&Instruction::I32WrapI64);
        }
        Ok(())
    }
}

/// The place of a section in the order of the specification (5.5.2).
fn rank(section: SectionId) -> u8 {
    match section {
        SectionId::Tag => 6,
        SectionId::DataCount => 11,
        SectionId::Code => 12,
        SectionId::Data => 13,
        SectionId::Custom => 0,
        other => match other as u8 {
            id @ 0..=5 => id,
            id => id.saturating_add(1),
        },
    }
}

fn no_twin(what: &'static str) -> reencode::Error<Error> {
    reencode::Error::UserError(Fault::NoTwin(what).into())
}
