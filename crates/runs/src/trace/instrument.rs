//! A module → the same module, which counts and hashes its events, and asks the host at those that
//! are wanted.
//!
//! ```text
//! event(site, a, b):  hash' = fold(hash, site, a, b)   count' = count + 1
//!                     count' = next ? next' = reached(site, a, b, count', hash')
//! ```
//!
//! Added are:
//! * imported functions after the module's own imports: two, and one that numbers objects;
//! * globals for count, hash and the number of the next event that is wanted;
//! * behind all functions `event`, and for each imported function a wrapper that reports arguments
//!   and results; at the level [`Level::Around`] such a function around each defined one, too;
//! * exports of all globals, of all memories and of the start function, which the runner calls.
//!
//! Custom sections are left out.
//!
//! 1. Functions that are defined move up by the imports that are added. A reference to an imported
//!    function becomes one to its wrapper, except in the wrapper. At the level [`Level::Around`]
//!    the same holds for defined functions, except in tail calls of them. All other indices stay.
//! 2. Wherever control may be in an instrumented function when the host is called or the program
//!    traps, [`Instrumented::place`] finds the operator of the module as it was.

use super::emit::{Body, Own, Sites};
use super::handed;
use super::site::{Level, Site, What};
use super::watch::{FACTORS, TURNS};
use prova_module::ops::{Class, Opcode};
use prova_module::{FuncIdx, Module, Operator, TypeIdx, ValType};
use prova_rewrite::{Code, CodeMap, Edit, Error, NewFunction, Numbers, Space, apply};
use std::collections::BTreeSet;
use wasm_encoder::{
    BlockType, ConstExpr, ExportKind, FuncType, Function, GlobalType, Instruction, RefType,
    SectionId,
};

/// The module of the added imports, and the start of the names of the added exports.
pub(crate) const OWN: &str = "prova:trace";
/// Imports added; one more if objects have numbers.
const ADDED: u32 = 2;

/// The state that is wanted before one execution of an operator, or behind one of a call.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) func: FuncIdx,
    /// The operator; `None` for the entry of the function.
    pub(crate) offset: Option<u32>,
    /// Whether it is the state behind the operator, which is a call.
    pub(crate) behind: bool,
    /// How many events have been before.
    pub(crate) after: u64,
    /// The types on the operand stack, bottom first.
    pub(crate) stack: Vec<ValType>,
}

/// Events and state that the instrumented module reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'p> {
    pub(crate) level: Level,
    /// Functions that report at the level [`Level::Values`].
    pub(crate) deep: &'p BTreeSet<u32>,
    /// By site, the number that its events are reported with; `None` if it is not reported. Without
    /// a list each site is reported with its index.
    pub(crate) ids: Option<&'p [Option<u32>]>,
    pub(crate) state: Option<&'p Request>,
    /// Words from the first up to below the second are reported as 0: they may be addresses, which
    /// differ between builds.
    pub(crate) mask: Option<(u64, u64)>,
    /// Whether objects have numbers, which the host gives, from [`Level::Stores`] on.
    pub(crate) numbers: bool,
}

/// A module that reports its events.
#[derive(Clone, Debug)]
pub(crate) struct Instrumented {
    pub(crate) wasm: Vec<u8>,
    pub(crate) sites: Vec<Site>,
    imported: u32,
    /// Imports added.
    added: u32,
    map: CodeMap,
}

impl Instrumented {
    /// The function and the operator of a position in the body of a function of the instrumented
    /// module; `None` of a function that was added.
    pub(crate) fn place(&self, func: u32, position: Option<usize>) -> Option<(u32, u32)> {
        let func = func.checked_sub(self.added)?;
        let nth = func.checked_sub(self.imported)? as usize;
        let position = u32::try_from(position?).ok()?;
        Some((func, self.map.in_body(nth, position)?))
    }
}

/// Instruments a module.
///
/// # Errors
/// If the encoder cannot write it; no valid module is known for which that is so.
pub(crate) fn instrument(module: &Module, plan: &Plan<'_>) -> Result<Instrumented, String> {
    let (imported, count) = (module.imported_func_count() as u32, module.func_count() as u32);
    let numbers = plan.numbers && plan.level >= Level::Stores && has_objects(module);
    let added = ADDED + u32::from(numbers);
    let event = count + added;
    // The functions around others stand behind those of imports, so at the same distance.
    let number = |func| match func < imported || plan.level == Level::Around {
        true => event + 1 + func,
        false => func + added,
    };
    let mut writer = Writer {
        module,
        plan: *plan,
        own: Own {
            event,
            dump: imported + 1,
            object: numbers.then_some(imported + 2),
            count: module.globals().len() as u32,
        },
        added,
        numbers: Numbers::default().with(Space::Func, (0..count).map(|func| Some(number(func)))),
        sites: Sites { list: Vec::new(), ids: plan.ids },
    };
    let rewritten = writer.edit().and_then(|edit| apply(module.bytes(), &edit));
    let rewritten =
        rewritten.map_err(|error| format!("the module cannot be instrumented: {error}"))?;
    let (wasm, map) = (rewritten.bytes, rewritten.map);
    Ok(Instrumented { wasm, sites: writer.sites.list, imported, added, map })
}

struct Writer<'m, 'p> {
    module: &'m Module,
    plan: Plan<'p>,
    own: Own,
    /// Imports added.
    added: u32,
    /// Functions as code calls them: an import by its wrapper.
    numbers: Numbers,
    sites: Sites<'p>,
}

/// Whether a module has types of structures or arrays.
fn has_objects(module: &Module) -> bool {
    let mut all = (0..module.types().len() as u32).map(TypeIdx);
    all.any(|ty| module.types().def(ty).is_some_and(|def| !def.is_func()))
}

/// Whether control may be in the operator when the host is called or the program traps.
fn is_place(op: &prova_module::Operator<'_>) -> bool {
    !matches!(
        Opcode::of(op).class(),
        Class::constant
            | Class::null
            | Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::block
            | Class::loop_
            | Class::else_
            | Class::br
            | Class::return_
    )
}

/// An operator's module offset, and the kind of event that reports the nth pair of words there.
type Place = (u32, fn(u32) -> What);

impl Writer<'_, '_> {
    fn imported(&self) -> u32 {
        self.module.imported_func_count() as u32
    }

    /// The functions that have another one around them.
    fn surrounded(&self) -> impl ExactSizeIterator<Item = FuncIdx> + use<> {
        let all = self.module.func_count() as u32;
        let first = if self.plan.level == Level::Around { self.imported() } else { all };
        (first..all).map(FuncIdx)
    }

    /// Builds the edit: added items, and bodies that report their events.
    fn edit(&mut self) -> Result<Edit<'static>, Error> {
        use wasm_encoder::ValType::{I32, I64};
        let (module, first) = (self.module, self.module.types().len() as u32);
        let mut edit = Edit { without: vec![SectionId::Start], ..Edit::default() };
        edit.types = vec![
            FuncType::new([I32, I64, I64], []),
            FuncType::new([I32, I64, I64, I64, I64], [I64]),
            FuncType::new([I32, I32, I64, I64], []),
        ];
        let mut imports = vec!["reached", "state"];
        if self.own.object.is_some() {
            edit.types
                .push(FuncType::new([wasm_encoder::ValType::Ref(RefType::ANYREF), I32], [I64]));
            imports.push("object");
        }
        edit.import_funcs(OWN, first + 1, &imports);
        let ty = GlobalType { val_type: I64, mutable: true, shared: false };
        // Count, hash, the next event: the host is asked at the first one.
        edit.globals = [0, 0, 1].map(|value| (ty, ConstExpr::i64_const(value))).into();
        edit.exports = self.exports()?;
        for func in module.defined_funcs() {
            edit.bodies.insert(func.0, self.body(func)?);
        }
        edit.functions.push(NewFunction::new(first, self.event()));
        for func in (0..self.imported()).map(FuncIdx) {
            let wrapper = self.wrapper(func)?;
            edit.functions.push(NewFunction::new(module.func_type_idx(func).0, wrapper));
        }
        for func in self.surrounded() {
            let around = self.around(func)?;
            edit.functions.push(NewFunction::new(module.func_type_idx(func).0, around));
        }
        edit.numbers = std::mem::take(&mut self.numbers);
        Ok(edit)
    }

    fn exports(&self) -> Result<Vec<(String, ExportKind, u32)>, Error> {
        let count = self.own.count;
        let mut all: Vec<(String, ExportKind, u32)> = Vec::new();
        for (index, name) in (count..).zip(["count", "hash", "next"]) {
            all.push((format!("{OWN} {name}"), ExportKind::Global, index));
        }
        for memory in 0..self.module.memories().len() as u32 {
            all.push((format!("{OWN} memory {memory}"), ExportKind::Memory, memory));
        }
        for global in 0..count {
            all.push((format!("{OWN} global {global}"), ExportKind::Global, global));
        }
        if let Some(FuncIdx(start)) = self.module.start() {
            let start = self.numbers.get(Space::Func, start)?;
            all.push((format!("{OWN} start"), ExportKind::Func, start));
        }
        Ok(all)
    }

    /// The body of a function, which reports its events.
    fn body(&mut self, func: FuncIdx) -> Result<Code, Error> {
        let Some(body) = self.module.body(func) else { return Ok(Code::default()) };
        let params = &self.module.func_type(func).params;
        let all = body.local_types();
        let deep = self.plan.deep.contains(&func.0);
        let level = if deep { Level::Values } else { self.plan.level };
        let wanted = self.plan.state.filter(|request| request.func == func);
        let mut reader = body.operators();
        let start = reader.original_position() as u32;
        let code = (self.numbers.code(body.locals())?, all.len() as u32);
        let mut out = Body::new(self.module, func, (level, self.own), &mut self.sites, code);
        out.out.place(start);
        if let Some(request) = wanted.filter(|request| request.offset.is_none()) {
            out.state(request.after, &request.stack, &all);
        }
        out.entered(start, params);
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            let offset = offset as u32;
            if is_place(&op) {
                out.out.place(offset);
            }
            if let Some(request) = wanted.filter(|request| request.offset == Some(offset)) {
                match request.behind {
                    true => out.behind(request.after, &request.stack, &all),
                    false => out.state(request.after, &request.stack, &all),
                }
            }
            let imported = self.module.imported_func_count() as u32;
            let instruction = match op {
                // What is around a function returns to its caller: chains of these calls would
                // grow.
                Operator::ReturnCall { function_index } if function_index >= imported => {
                    Instruction::ReturnCall(function_index + self.added)
                }
                _ => self.numbers.instruction(op.clone())?,
            };
            out.step(&op, &instruction, offset);
        }
        out.finish()
    }

    /// The function that counts, folds and asks.
    fn event(&self) -> Function {
        let (count, hash, next) = (self.own.count, self.own.count + 1, self.own.count + 2);
        let reached = self.module.imported_func_count() as u32;
        let mut function = Function::new([]);
        let mut to = function.instructions();
        for word in [1, 2] {
            let Some((start, end)) = self.plan.mask else { break };
            to.local_get(word).i64_const(start as i64).i64_sub();
            to.i64_const(end.saturating_sub(start) as i64).i64_lt_u();
            to.if_(BlockType::Empty).i64_const(0).local_set(word).end();
        }
        to.global_get(hash).local_get(1).i64_xor().i64_const(FACTORS[0] as i64).i64_mul();
        to.i64_const(TURNS[0].into()).i64_rotl();
        to.local_get(2).i64_xor().i64_const(FACTORS[1] as i64).i64_mul();
        to.i64_const(TURNS[1].into()).i64_rotl();
        to.local_get(0).i64_extend_i32_u().i64_xor().i64_const(FACTORS[2] as i64).i64_mul();
        to.global_set(hash);
        to.global_get(count).i64_const(1).i64_add().global_set(count);
        to.global_get(count).global_get(next).i64_eq().if_(BlockType::Empty);
        to.local_get(0).local_get(1).local_get(2).global_get(count).global_get(hash);
        to.call(reached).global_set(next).end().end();
        function
    }

    /// A function that calls an imported one, and reports its arguments, the memory that they hand
    /// over, and its results.
    fn wrapper(&mut self, func: FuncIdx) -> Result<Code, Error> {
        let level = Level::Host;
        self.calls(func, (func.0, level), [(0, What::HostCall), (0, What::HostResult)])
    }

    /// A function that calls a defined one. It reports the arguments as the entry of that function,
    /// and the results as values of its last operator.
    fn around(&mut self, func: FuncIdx) -> Result<Code, Error> {
        let body = self.module.body(func);
        let first = body.and_then(|body| {
            let (_, offset) = body.operators().read_with_offset().ok()?;
            Some((offset as u32, body.range().end.saturating_sub(1) as u32))
        });
        let (first, last) = first.unwrap_or_default();
        let called = (func.0 + self.added, Level::Calls);
        self.calls(func, called, [(first, What::Enter), (last, What::Value)])
    }

    /// A function that calls one of the type of `func`, and reports arguments and results.
    fn calls(
        &mut self,
        func: FuncIdx,
        (called, level): (u32, Level),
        [before, after]: [Place; 2],
    ) -> Result<Code, Error> {
        let ty = self.module.func_type(func);
        let (module, own) = (self.module, self.own);
        let base = ty.params.len() as u32;
        let code = (self.numbers.code([])?, base);
        let mut body = Body::new(module, func, (level, own), &mut self.sites, code);
        body.at(before.0);
        body.of_locals(before.1, &ty.params, 0);
        if level == Level::Host {
            handed::tell(&mut body, module, func);
        }
        let mut to = body.to();
        for local in 0..base {
            to.local_get(local);
        }
        to.call(called);
        body.free();
        body.at(after.0);
        body.results(after.1, &ty.results);
        body.to().end();
        body.finish()
    }
}
