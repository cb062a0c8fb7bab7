//! A second fuel counter: the module counts its own operators, and the count is compared with the fuel that was used.
//!
//! ```text
//! Case ─┬─ run (Tail, metered by fuel) ───────────────────────► fuel used by each call ─┐
//!       └─ instrument ─ run (Reference, not metered) ─► growth of the counting global ──┴─ equal
//! ```
//!
//! Neighbours: `generate` makes the cases. Imports are functions of the host, since Wasm of another instance would use fuel that
//! nobody counts. The counter shares nothing with `prova_module::operator_cost`, the segments of
//! the facts or the charges of any tier: before each operator that costs something the rewritten code adds 1 to a
//! global, and before a bulk operator what its length costs. The price list here is by opcode byte.
//!
//! Compared are calls that return: one that traps has paid for the rest of its segment, which no operator tells. Calls
//! from the first one on that runs out of fuel are left out, because nothing ends them without metering; so are modules
//! whose start function fails.
//!
//! The planted price of `tests/fuel.rs` shows that a difference is seen.

use crate::attach::Translation;
use crate::generate::{Call, Case, Generator};
use crate::run::{self, Host, Outcome, Program, Setup};
use prova::Tier;
use prova_module::{
    BinaryReader, Features, FuncIdx, GlobalIdx, Limits, MemoryIdx, Module, Operator, TableIdx,
};
use prova_runtime::{Metering, Settings};
use std::sync::Arc;
use wasm_encoder::{CodeSection, Encode, Instruction, RawSection};

/// The price of an operator by the first byte of its code.
pub type Prices = fn(u8) -> i64;

/// The price list of Prova: free are unreachable, nop, block, loop, try_table, else, end, return and drop; all else costs 1.
pub fn prices(opcode: u8) -> i64 {
    i64::from(!matches!(opcode, 0x00 | 0x01 | 0x02 | 0x03 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1f))
}

/// What a comparison has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Functions in the modules.
    pub funcs: u64,
    /// Calls whose fuel was compared.
    pub calls: u64,
    /// Fuel that they used together.
    pub fuel: u64,
}

/// Compares at least `count` functions.
///
/// # Errors
///
/// The first difference.
pub fn campaign(
    generator: Generator,
    seed: u64,
    count: u64,
    prices: Prices,
) -> Result<Counted, String> {
    let mut counted = Counted::default();
    let mut index = 0;
    while counted.funcs < count {
        let case = generator.case(seed, index, 40);
        let one = compare(&case, prices)
            .map_err(|what| format!("{generator:?} --seed {seed}, case {index}: {what}"))?;
        counted.funcs += one.funcs;
        counted.calls += one.calls;
        counted.fuel += one.fuel;
        index += 1;
    }
    Ok(counted)
}

/// Runs a case both ways.
///
/// # Errors
///
/// A call that used other fuel than it has counted, or a fault of this file.
pub fn compare(case: &Case, prices: Prices) -> Result<Counted, String> {
    let decode = |wasm: &[u8]| Module::decode(wasm, &Features::default(), &Limits::default());
    let module = match decode(&case.wasm) {
        Ok(module) => module,
        Err(error) if error.is_invalid() => return Err(error.to_string()),
        Err(_) => return Ok(Counted { funcs: 1, ..Counted::default() }),
    };
    let used = used(&module, case);
    if used.is_empty() {
        // Nothing to compare; and where a start function ran out of fuel, nothing would end it without metering.
        return Ok(Counted { funcs: module.defined_funcs().len() as u64, ..Counted::default() });
    }
    let counting = decode(&instrument(&module, prices))
        .map_err(|error| format!("the counting module is refused: {error}"))?;
    let counted = counted(&counting, &case.calls[..used.len()])?;
    let mut total = Counted { funcs: module.defined_funcs().len() as u64, ..Counted::default() };
    for (i, (used, counted)) in used.iter().zip(&counted).enumerate() {
        if let (Some(used), Some(counted)) = (used, counted) {
            if used != counted {
                let call = &case.calls[i];
                return Err(format!(
                    "call {i} {call:?} used {used} units of fuel, but counted {counted}"
                ));
            }
            total.calls += 1;
            total.fuel += used;
        }
    }
    Ok(total)
}

/// The fuel of each call that returns, in the tail executor, up to the first one that runs out.
fn used(module: &Module, case: &Case) -> Vec<Option<u64>> {
    let settings = Settings { metering: Metering::Fuel, deterministic: true };
    let setup = Setup { tier: Tier::TAIL, settings };
    let attach = Arc::new(Translation::new(settings));
    let (calls, fuel, skip_from) = (&case.calls[..], case.fuel, case.calls.len());
    let program = Program { module, calls, fuel, skip_from, host: Host::Growing };
    let record = program.run(setup, Some(attach));
    let fueled = record.calls.iter().take_while(|(outcome, _)| !outcome.is_out_of_fuel());
    let fuel = |(outcome, left): &(Outcome, Option<u64>)| match outcome {
        Outcome::Results(_) => left.map(|left| case.fuel - left),
        Outcome::Trap { .. } | Outcome::Fault(_) | Outcome::Skipped => None,
    };
    fueled.map(fuel).collect()
}

/// What each call that returns has counted, in the reference tier.
fn counted(module: &Module, calls: &[Call]) -> Result<Vec<Option<u64>>, String> {
    let settings = Settings { metering: Metering::None, deterministic: true };
    let mut store = run::store(Setup { tier: Tier::Reference, settings });
    let imports = run::imports(&mut store, module, Host::Growing);
    let attach = Arc::new(crate::attach::NoBytecode);
    let Ok(instance) = store.instantiate(&mut (), module, &imports, attach) else {
        return Ok(Vec::new());
    };
    let counter = GlobalIdx(module.globals().len() as u32 - 1);
    let counter = store.instance(instance).global_addr(counter);
    let mut counts = Vec::new();
    for call in calls {
        let before = store.global_get(counter)[0];
        let outcome = run::invoke(&mut store, instance, call);
        let after = store.global_get(counter)[0];
        counts.push(match outcome {
            Outcome::Results(_) => Some(after.wrapping_sub(before)),
            Outcome::Trap { .. } | Outcome::Skipped => None,
            Outcome::Fault(message) => return Err(message),
        });
    }
    Ok(counts)
}

/// The same module with one more global, the counter, which its code raises.
pub fn instrument(module: &Module, prices: Prices) -> Vec<u8> {
    let mut encoded = wasm_encoder::Module::new();
    let mut globals_done = false;
    for section in module.sections().iter().filter(|section| section.id != 0) {
        // The order of sections: globals stand before exports and what follows.
        if !globals_done && matches!(section.id, 6..=12) {
            encoded.section(&RawSection { id: 6, data: &globals(module) });
            globals_done = true;
        }
        match section.id {
            6 => {}
            10 => _ = encoded.section(&code(module, prices)),
            id => {
                let data = &module.bytes()[section.range.clone()];
                encoded.section(&RawSection { id, data });
            }
        }
    }
    if !globals_done {
        encoded.section(&RawSection { id: 6, data: &globals(module) });
    }
    encoded.finish()
}

/// The contents of the global section: the globals that there are, and the counter.
fn globals(module: &Module) -> Vec<u8> {
    let old = module.sections().iter().find(|section| section.id == 6);
    let old = old.map_or(&[0][..], |old| &module.bytes()[old.range.clone()]);
    let (count, rest) = counted_items(old);
    let mut section = Vec::new();
    (count + 1).encode(&mut section);
    section.extend_from_slice(rest);
    // A mutable i64 that starts as `i64.const 0`.
    section.extend_from_slice(&[0x7e, 0x01, 0x42, 0x00, 0x0b]);
    section
}

/// A vector's count and the bytes of its items; valid modules have a count.
fn counted_items(bytes: &[u8]) -> (u32, &[u8]) {
    let mut reader = BinaryReader::new(bytes, 0);
    let count = reader.read_var_u32().unwrap_or_default();
    (count, &bytes[reader.original_position() as usize..])
}

fn code(module: &Module, prices: Prices) -> CodeSection {
    let mut section = CodeSection::new();
    for func in module.defined_funcs() {
        section.raw(&Counting::new(module, func, prices).body(func));
    }
    section
}

/// A body in the making.
struct Counting<'m> {
    module: &'m Module,
    prices: Prices,
    /// The counter's index.
    global: u32,
    /// More locals: an i32 and two i64.
    locals: [u32; 3],
    code: Vec<u8>,
}

impl<'m> Counting<'m> {
    fn new(module: &'m Module, func: FuncIdx, prices: Prices) -> Counting<'m> {
        let locals = module.body(func).map_or(0, |body| body.local_types().len() as u32);
        let (global, code) = (module.globals().len() as u32, Vec::new());
        Counting { module, prices, global, locals: [locals, locals + 1, locals + 2], code }
    }

    /// The code entry without its size.
    fn body(mut self, func: FuncIdx) -> Vec<u8> {
        let Some(body) = self.module.body(func) else { return self.code };
        let start = body.range().start;
        let operators = body.operators().original_position() as usize;
        let (count, groups) = counted_items(&self.module.bytes()[start..operators]);
        (count + 2).encode(&mut self.code);
        self.code.extend_from_slice(groups);
        // One i32, two i64.
        self.code.extend_from_slice(&[1, 0x7f, 2, 0x7e]);
        let mut reader = body.operators();
        while !reader.eof() {
            let at = reader.original_position() as usize;
            let Ok(operator) = reader.read() else { break };
            let bytes = &self.module.bytes()[at..reader.original_position() as usize];
            self.operator(&operator, bytes);
        }
        self.code
    }

    fn operator(&mut self, operator: &Operator<'_>, bytes: &[u8]) {
        let price = (self.prices)(bytes[0]);
        if price != 0 {
            self.emit(&[Instruction::I64Const(price)]);
            self.count();
        }
        let memory64 = |i: u32| self.module.memory(MemoryIdx(i)).is_some_and(|ty| ty.memory64);
        let table64 = |i: u32| self.module.table(TableIdx(i)).is_some_and(|ty| ty.table64);
        match *operator {
            Operator::MemoryFill { mem } => self.length(memory64(mem), true),
            Operator::MemoryInit { .. } => self.length(false, true),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.length(memory64(dst_mem) && memory64(src_mem), true);
            }
            Operator::TableFill { table } => self.length(table64(table), false),
            Operator::TableInit { .. } => self.length(false, false),
            Operator::TableCopy { dst_table, src_table } => {
                self.length(table64(dst_table) && table64(src_table), false);
            }
            Operator::TableGrow { table } => return self.table_grow(table64(table), bytes),
            _ => {}
        }
        self.code.extend_from_slice(bytes);
    }

    /// Counts what the length on top of the stack costs: a unit for each element, or for each 8 bytes begun.
    fn length(&mut self, wide: bool, bytes: bool) {
        self.top_as_i64(wide);
        if bytes {
            // (n + 7) / 8 without overflow: n / 8, and 1 if there is a rest.
            let long = self.locals[1];
            self.emit(&[
                Instruction::LocalTee(long),
                Instruction::I64Const(3),
                Instruction::I64ShrU,
                Instruction::LocalGet(long),
                Instruction::I64Const(7),
                Instruction::I64And,
                Instruction::I64Const(0),
                Instruction::I64Ne,
                Instruction::I64ExtendI32U,
                Instruction::I64Add,
            ]);
        }
        self.count();
    }

    /// Growth costs by its length where it succeeds.
    fn table_grow(&mut self, wide: bool, bytes: &[u8]) {
        let [short, long, result] = self.locals;
        self.top_as_i64(wide);
        self.emit(&[Instruction::LocalSet(long)]);
        self.code.extend_from_slice(bytes);
        if wide {
            self.emit(&[
                Instruction::LocalTee(result),
                Instruction::LocalGet(result),
                Instruction::I64Const(-1),
                Instruction::I64Ne,
            ]);
        } else {
            self.emit(&[
                Instruction::LocalTee(short),
                Instruction::LocalGet(short),
                Instruction::I32Const(-1),
                Instruction::I32Ne,
            ]);
        }
        let length = Instruction::LocalGet(long);
        self.emit(&[Instruction::I64ExtendI32U, length, Instruction::I64Mul]);
        self.count();
    }

    /// Leaves the top of the stack and pushes it as an i64.
    fn top_as_i64(&mut self, wide: bool) {
        let [short, long, _] = self.locals;
        if wide {
            self.emit(&[Instruction::LocalTee(long), Instruction::LocalGet(long)]);
        } else {
            self.emit(&[
                Instruction::LocalTee(short),
                Instruction::LocalGet(short),
                Instruction::I64ExtendI32U,
            ]);
        }
    }

    /// Pops an i64 and adds it to the counter.
    fn count(&mut self) {
        let global = self.global;
        self.emit(&[
            Instruction::GlobalGet(global),
            Instruction::I64Add,
            Instruction::GlobalSet(global),
        ]);
    }

    fn emit(&mut self, instructions: &[Instruction<'_>]) {
        for instruction in instructions {
            instruction.encode(&mut self.code);
        }
    }
}
