//! Logical stack metering: a module → the same module that traps where its stack gets too high.
//!
//! Validators of parachains bound a module's stack in *values*, not in bytes of some machine, since
//! where a stack overflows is part of consensus. They rewrite the module (`wasm-instrument` 0.4.0,
//! `inject_stack_limiter`), and the height that a call costs is that rewriting's, faults included.
//! This one traps at the same calls and executes the same operators, so fuel is the same too.
//!
//! ```text
//! cost(f)  = locals declared + greatest operand height + 2      (parameters count nothing)
//! call f   ─► height += cost(f); height > LIMIT ? unreachable; call f; height -= cost(f)
//! exports, elements, start ─► a thunk with that around a call of f
//! ```
//!
//! `height` is a new global, the last one; thunks are new functions behind all others, so nothing
//! is renumbered. Imported functions cost nothing.
//!
//! # Invariants
//! * M1. The input has passed validation as WebAssembly 1.0 with sign extension; for any other
//!   input the outcome is an error and never a panic. The output is validated again.
//! * M2. Each call of a defined function adds its cost before and subtracts it after, so `height`
//!   is the sum of the costs of the frames that are active.
//!
//! # Limits
//! [`METERED_BYTES_MAX`]. Modules that the original refuses are refused (saturating conversions),
//! and so are modules with imported globals, where it takes a wrong global for its own.

mod height;
pub(crate) mod reader;

use crate::error::{Rule, broken};
use prova_core::Result;
use reader::{Reader, signed, unsigned, vector};
use std::collections::BTreeMap;

/// The greatest size of a metered module, in bytes (200 MiB).
pub const METERED_BYTES_MAX: usize = 200 << 20;

/// The limit that validators of Polkadot's parachains have, in values.
pub const STACK_VALUES_DEFAULT: u32 = 65_536;

/// Makes a module trap where its stack would have more than `limit` values.
///
/// # Errors
/// [`Rule::Metering`], with what the module has that is not metered.
pub fn meter_stack(wasm: &[u8], limit: u32) -> Result<Vec<u8>> {
    let metered = Module::read(wasm).and_then(|module| module.metered(wasm, limit));
    metered.map_err(|why| broken("stack metering", Rule::Metering(why)))
}

/// Why a module is not metered.
pub(crate) type Why = String;

/// The parts of a module that metering reads.
#[derive(Default)]
struct Module<'a> {
    /// The numbers of parameters and results.
    types: Vec<(u32, u32)>,
    /// The type of each function, the imported ones first.
    funcs: Vec<u32>,
    imported: usize,
    globals: u32,
    bodies: Vec<Body<'a>>,
    /// Functions that are called from outside or through the table.
    roots: Vec<u32>,
}

/// A function's body.
struct Body<'a> {
    /// The declarations of locals, as they stand.
    declared: &'a [u8],
    locals: u32,
    code: &'a [u8],
}

/// Numbers of sections.
pub(crate) mod section {
    pub(crate) const CUSTOM: u8 = 0;
    pub(crate) const TYPE: u8 = 1;
    pub(crate) const IMPORT: u8 = 2;
    pub(crate) const FUNCTION: u8 = 3;
    pub(crate) const TABLE: u8 = 4;
    pub(crate) const MEMORY: u8 = 5;
    pub(crate) const GLOBAL: u8 = 6;
    pub(crate) const EXPORT: u8 = 7;
    pub(crate) const START: u8 = 8;
    pub(crate) const ELEMENT: u8 = 9;
    pub(crate) const CODE: u8 = 10;
    pub(crate) const DATA: u8 = 11;
}

/// The sections of a module: their numbers and contents.
pub(crate) fn sections(wasm: &[u8]) -> Result<Vec<(u8, &[u8])>, Why> {
    let mut reader = Reader::new(wasm.get(8..).unwrap_or_default());
    let mut sections = Vec::new();
    while !reader.is_empty() {
        sections.push((reader.byte()?, reader.vector()?));
    }
    Ok(sections)
}

impl<'a> Module<'a> {
    fn read(wasm: &'a [u8]) -> Result<Module<'a>, Why> {
        let mut module = Module::default();
        for (id, content) in sections(wasm)? {
            let mut reader = Reader::new(content);
            match id {
                section::TYPE => reader.each(|reader| module.read_type(reader))?,
                section::IMPORT => reader.each(|reader| module.read_import(reader))?,
                section::FUNCTION => {
                    let types = &mut module.funcs;
                    reader.each(|reader| reader.unsigned().map(|ty| types.push(ty)))?;
                }
                section::GLOBAL => module.globals = reader.unsigned()?,
                section::EXPORT => reader.each(|reader| {
                    let (_, kind, index) = (reader.vector()?, reader.byte()?, reader.unsigned()?);
                    module.roots.extend((kind == 0).then_some(index));
                    Ok(())
                })?,
                section::START => module.roots.push(reader.unsigned()?),
                section::ELEMENT => reader.each(|reader| {
                    reader.segment()?;
                    reader.each(|reader| reader.unsigned().map(|index| module.roots.push(index)))
                })?,
                section::CODE => reader.each(|reader| module.read_body(reader.vector()?))?,
                section::CUSTOM | section::TABLE | section::MEMORY | section::DATA => {}
                _ => return Err(format!("it has a section {id}")),
            }
        }
        Ok(module)
    }

    fn read_type(&mut self, reader: &mut Reader<'a>) -> Result<(), Why> {
        if reader.byte()? != 0x60 {
            return Err("it has a type that is no function's".to_owned());
        }
        let (params, results) = (reader.vector()?.len() as u32, reader.vector()?.len() as u32);
        self.types.push((params, results));
        Ok(())
    }

    fn read_import(&mut self, reader: &mut Reader<'a>) -> Result<(), Why> {
        reader.vector()?;
        reader.vector()?;
        match reader.byte()? {
            0 => {
                self.funcs.push(reader.unsigned()?);
                self.imported += 1;
            }
            1 => {
                reader.byte()?;
                reader.limits()?;
            }
            2 => reader.limits()?,
            _ => return Err("it imports a global".to_owned()),
        }
        Ok(())
    }

    fn read_body(&mut self, bytes: &'a [u8]) -> Result<(), Why> {
        let mut reader = Reader::new(bytes);
        let mut locals = 0u32;
        reader.each(|reader| {
            locals = locals.checked_add(reader.unsigned()?).ok_or("it has too many locals")?;
            reader.byte().map(drop)
        })?;
        let (declared, code) = bytes.split_at(reader.at());
        self.bodies.push(Body { declared, locals, code });
        Ok(())
    }

    /// The parameters and results of a function.
    fn signature(&self, func: u32) -> Result<(u32, u32), Why> {
        let ty = self.funcs.get(func as usize).and_then(|&ty| self.types.get(ty as usize));
        ty.copied().ok_or_else(|| format!("func{func} has no type"))
    }

    /// The cost of each function; imported ones cost nothing.
    fn costs(&self) -> Result<Vec<u32>, Why> {
        let mut costs = vec![0; self.imported];
        for (i, body) in self.bodies.iter().enumerate() {
            let func = (self.imported + i) as u32;
            let (_, results) = self.signature(func)?;
            let height = height::greatest(body.code, results, self)
                .map_err(|why| format!("func{func}: {why}"))?;
            costs.push(body.locals.checked_add(height).ok_or("a function costs too much")?);
        }
        Ok(costs)
    }

    fn metered(&self, wasm: &[u8], limit: u32) -> Result<Vec<u8>, Why> {
        let meter = Meter { height: self.globals, limit, costs: self.costs()? };
        let mut thunks = BTreeMap::new();
        for &func in &self.roots {
            if meter.cost(func)? > 0 {
                thunks.insert(func, 0);
            }
        }
        let first = self.funcs.len() as u32;
        thunks.values_mut().zip(first..).for_each(|(index, next)| *index = next);
        let mut out = wasm.get(..8).unwrap_or_default().to_vec();
        let mut has_global = false;
        for (id, content) in sections(wasm)? {
            if !has_global && id >= section::GLOBAL {
                has_global = true;
                if id != section::GLOBAL {
                    put(&mut out, section::GLOBAL, &with_global(&[0])?);
                }
            }
            let mut reader = Reader::new(content);
            match id {
                section::FUNCTION => {
                    put(&mut out, id, &self.function_section(&mut reader, &thunks)?);
                }
                section::GLOBAL => put(&mut out, id, &with_global(content)?),
                section::EXPORT => put(&mut out, id, &export_section(&mut reader, &thunks)?),
                section::START => {
                    let start = reader.unsigned()?;
                    let start = thunks.get(&start).copied().unwrap_or(start);
                    put(&mut out, id, &unsigned(start));
                }
                section::ELEMENT => put(&mut out, id, &element_section(&mut reader, &thunks)?),
                section::CODE => put(&mut out, id, &self.code_section(&meter, &thunks)?),
                _ => put(&mut out, id, content),
            }
        }
        Ok(out)
    }

    fn function_section(&self, reader: &mut Reader<'_>, thunks: &Thunks) -> Result<Vec<u8>, Why> {
        let mut out = unsigned(reader.unsigned()? + thunks.len() as u32);
        out.extend(reader.rest());
        for &func in thunks.keys() {
            let ty = self.funcs.get(func as usize).ok_or("a function without a type")?;
            out.extend(unsigned(*ty));
        }
        Ok(out)
    }

    fn code_section(&self, meter: &Meter, thunks: &Thunks) -> Result<Vec<u8>, Why> {
        let mut out = unsigned((self.bodies.len() + thunks.len()) as u32);
        for body in &self.bodies {
            let mut metered = body.declared.to_vec();
            meter.body(body.code, &mut metered)?;
            vector(&mut out, &metered);
            if out.len() > METERED_BYTES_MAX {
                return Err(format!("metered, it has more than {METERED_BYTES_MAX} bytes"));
            }
        }
        for &func in thunks.keys() {
            let (params, _) = self.signature(func)?;
            let mut thunk = vec![0];
            for param in 0..params {
                thunk.push(0x20);
                thunk.extend(unsigned(param));
            }
            meter.call(func, &mut thunk)?;
            thunk.push(0x0b);
            vector(&mut out, &thunk);
        }
        Ok(out)
    }
}

/// Functions with a thunk, and the thunks.
type Thunks = BTreeMap<u32, u32>;

/// The data for the code put around calls.
struct Meter {
    /// The global that has the height.
    height: u32,
    limit: u32,
    costs: Vec<u32>,
}

impl Meter {
    fn cost(&self, func: u32) -> Result<u32, Why> {
        let cost = self.costs.get(func as usize);
        cost.copied().ok_or_else(|| format!("func{func} is not there"))
    }

    /// Copies code, with each call of a defined function metered.
    fn body(&self, code: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
        let mut reader = Reader::new(code);
        let mut copied = 0;
        while !reader.is_empty() {
            let at = reader.at();
            let Some(callee) = height::Operator::read(&mut reader)?.callee() else { continue };
            if self.cost(callee)? > 0 {
                out.extend(code.get(copied..at).unwrap_or_default());
                self.call(callee, out)?;
                copied = reader.at();
            }
        }
        out.extend(code.get(copied..).unwrap_or_default());
        Ok(())
    }

    /// A metered call.
    fn call(&self, callee: u32, out: &mut Vec<u8>) -> Result<(), Why> {
        let (get, set) = (0x23, 0x24);
        let global = |out: &mut Vec<u8>, op: u8| {
            out.push(op);
            out.extend(unsigned(self.height));
        };
        let constant = |out: &mut Vec<u8>, value: u32| {
            out.push(0x41);
            out.extend(signed(value as i32));
        };
        let cost = self.cost(callee)?;
        global(out, get);
        constant(out, cost);
        out.push(0x6a);
        global(out, set);
        global(out, get);
        constant(out, self.limit);
        // i32.gt_u, if, unreachable, end
        out.extend([0x4b, 0x04, 0x40, 0x00, 0x0b]);
        out.push(0x10);
        out.extend(unsigned(callee));
        global(out, get);
        constant(out, cost);
        out.push(0x6b);
        global(out, set);
        Ok(())
    }
}

/// A section.
fn put(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    vector(out, content);
}

/// The globals, and behind them a mutable `i32` that is 0.
fn with_global(content: &[u8]) -> Result<Vec<u8>, Why> {
    let mut reader = Reader::new(content);
    let mut out = unsigned(reader.unsigned()? + 1);
    out.extend(reader.rest());
    out.extend([0x7f, 0x01, 0x41, 0x00, 0x0b]);
    Ok(out)
}

/// The exports, functions by their thunks.
fn export_section(reader: &mut Reader<'_>, thunks: &Thunks) -> Result<Vec<u8>, Why> {
    let mut out = unsigned(reader.clone().unsigned()?);
    reader.each(|reader| {
        let (name, kind, index) = (reader.vector()?, reader.byte()?, reader.unsigned()?);
        let thunk = thunks.get(&index).filter(|_| kind == 0);
        vector(&mut out, name);
        out.push(kind);
        out.extend(unsigned(thunk.copied().unwrap_or(index)));
        Ok(())
    })?;
    Ok(out)
}

/// The segments of the table, functions by their thunks.
fn element_section(reader: &mut Reader<'_>, thunks: &Thunks) -> Result<Vec<u8>, Why> {
    let mut out = unsigned(reader.clone().unsigned()?);
    reader.each(|reader| {
        out.extend(reader.segment()?);
        out.extend(unsigned(reader.clone().unsigned()?));
        reader.each(|reader| {
            let index = reader.unsigned()?;
            out.extend(unsigned(thunks.get(&index).copied().unwrap_or(index)));
            Ok(())
        })
    })?;
    Ok(out)
}
