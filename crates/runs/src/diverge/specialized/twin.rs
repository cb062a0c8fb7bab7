//! The generic module and the specialised one → two modules that report the events of the functions
//! that were specialised, and differ in these functions alone.
//!
//! ```text
//! specialised module ─┬─ its functions report their events ───────────────────────► side B
//! generic module ─────┴─ in their places the generic functions, with the meanings ─► side A
//!                        of intrinsics in the places of their calls
//! ```
//!
//! 1. Both sides have the memories, tables, globals and all other functions of the specialised
//!    module. On side A these functions report bulk operators and accesses near cells, if any
//!    intrinsic writes cells.
//! 2. Six imported functions stand behind the module's own imports; `side` defines them. One
//!    function stands behind all others, and two globals are the least and the greatest address of
//!    a cell. They are on both sides, and side A alone uses them.
//! 3. Types, tables, globals, memories and segments have the same indices in both modules;
//!    functions come down by the intrinsics before them. If that is not so, the written module is
//!    not valid, and the engine refuses it.

use super::Compiled;
use super::emit::{ADDED, Body, Numbers, Own, Role};
use super::meaning::Intrinsics;
use super::site::Site;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Module, Opcode, Operator};
use prova_rewrite::{Code, CodeMap, Edit, Error, NewFunction, Space, apply};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, ConstExpr, ExportKind, FuncType, Function, GlobalType};

/// The module of the added imports, and the start of the name of the added export.
pub(super) const OWN: &str = "prova:lockstep";

/// A module that reports its events.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) wasm: Vec<u8>,
    pub(super) sites: Vec<Site>,
    imported: u32,
    /// The functions that report, by their number among defined ones: the function that the code
    /// comes from, and whether it is one of the generic module.
    told: BTreeMap<u32, (FuncIdx, bool)>,
    map: CodeMap,
}

/// A function and an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) func: FuncIdx,
    pub(super) is_generic: bool,
    pub(super) offset: u32,
}

impl Told {
    /// The function and the operator at a position in the body of a function; `None` for a function
    /// that reports nothing.
    pub(super) fn spot(&self, func: u32, position: Option<usize>) -> Option<Spot> {
        let at = func.checked_sub(ADDED)?.checked_sub(self.imported)?;
        let (func, is_generic) = *self.told.get(&at)?;
        let offset = self.map.in_body(at as usize, u32::try_from(position?).ok()?)?;
        Some(Spot { func, is_generic, offset })
    }
}

/// The modules and functions that both sides are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'p> {
    pub(super) generic: &'p Module,
    pub(super) specialized: &'p Module,
    pub(super) intrinsics: &'p Intrinsics,
    pub(super) compiled: &'p [Compiled],
    /// Whether the results of operators that compute are reported.
    pub(super) values: bool,
}

impl Pair<'_> {
    /// One of both sides: the generic functions or the specialised ones.
    ///
    /// # Errors
    /// If a function does not exist, or the encoder cannot write the module.
    pub(super) fn told(&self, generic: bool) -> Result<Told, String> {
        let module = self.specialized;
        let imported = module.imported_func_count() as u32;
        let globals = module.globals().len() as u32;
        let cell = module.func_count() as u32 + ADDED;
        let own = Own { imports: imported, cell, bounds: [globals, globals + 1] };
        let numbers = [false, true].map(|is_generic| self.numbers(is_generic));
        let (sites, told) = (Vec::new(), BTreeMap::new());
        let mut writer = Writer { pair: *self, generic, own, numbers, sites, told };
        let rewritten = writer.edit().and_then(|edit| apply(module.bytes(), &edit));
        let rewritten =
            rewritten.map_err(|error| format!("the module cannot be written: {error}"))?;
        let Writer { sites, told, .. } = writer;
        Ok(Told { wasm: rewritten.bytes, sites, imported, told, map: rewritten.map })
    }

    /// How a body of this module names functions.
    fn callees(&self, is_generic: bool) -> Numbers<'_> {
        let imported = self.specialized.imported_func_count() as u32;
        Numbers { intrinsics: is_generic.then_some(self.intrinsics), imported }
    }

    /// The same, for all of its functions.
    fn numbers(&self, is_generic: bool) -> prova_rewrite::Numbers {
        let module = if is_generic { self.generic } else { self.specialized };
        let callees = self.callees(is_generic);
        let all = (0..module.func_count() as u32)
            .map(|func| Some(callees.written(callees.specialized(func))));
        prova_rewrite::Numbers::default().with(Space::Func, all)
    }
}

struct Writer<'p> {
    pair: Pair<'p>,
    /// Whether generic functions stand in the places of specialised ones.
    generic: bool,
    own: Own,
    /// The numbers of functions in the specialised module, and in the generic one.
    numbers: [prova_rewrite::Numbers; 2],
    sites: Vec<Site>,
    told: BTreeMap<u32, (FuncIdx, bool)>,
}

impl Writer<'_> {
    /// Builds the edit: added items, and bodies that report.
    fn edit(&mut self) -> Result<Edit<'static>, Error> {
        use wasm_encoder::ValType::{I32, I64};
        let Pair { generic, specialized, compiled, .. } = self.pair;
        let first = self.first_type();
        let mut edit = Edit { numbers: self.numbers[0].clone(), ..Edit::default() };
        edit.types = vec![
            FuncType::new([I32, I64, I64, I64, I64, I64], []),
            FuncType::new([], [I64]),
            FuncType::new([I64], [I32]),
            FuncType::new([I64, I64], [I64]),
            FuncType::new([I64, I64, I64], []),
            FuncType::new([I32, I32], [I64]),
        ];
        for one in compiled {
            let results = generic.func_type(one.generic).results.iter();
            let results = results.map(|ty| self.numbers[0].val_type(*ty));
            edit.types.push(FuncType::new([], results.collect::<Result<Vec<_>, _>>()?));
        }
        edit.types.push(FuncType::new([I32], []));
        let names = ["told", "enter", "falls_back", "read_reg", "write_reg", "global"];
        edit.import_funcs(OWN, first, &names);
        let ty = GlobalType { val_type: I32, mutable: true, shared: false };
        edit.globals = [-1, 0].map(|value| (ty, ConstExpr::i32_const(value))).into();
        edit.exports = vec![(format!("{OWN} memory"), ExportKind::Memory, 0)];
        let ty = first + ADDED + compiled.len() as u32;
        edit.functions = vec![NewFunction::new(ty, self.cell())];
        for (nth, func) in (0..).zip(specialized.defined_funcs()) {
            if let Some((of, role)) = self.role(func) {
                self.told.insert(nth, (of, matches!(role, Role::Generic { .. })));
                edit.bodies.insert(func.0, self.body(of, role)?);
            }
        }
        Ok(edit)
    }

    /// The function whose code stands in the place of a function of the specialised module, and its
    /// role; `None` if the function reports nothing.
    fn role(&self, func: FuncIdx) -> Option<(FuncIdx, Role)> {
        let Pair { intrinsics, compiled, .. } = self.pair;
        let found = compiled.iter().zip(0..).find(|(one, _)| one.func == func);
        match found {
            Some((one, number)) if self.generic => {
                let fallback = intrinsics.renumbered(one.generic);
                Some((one.generic, Role::Generic { number, fallback }))
            }
            Some((_, number)) => Some((func, Role::Specialized { number })),
            None => (self.generic && intrinsics.has_cells()).then_some((func, Role::Outer)),
        }
    }

    /// The body of a function that reports its events.
    fn body(&mut self, func: FuncIdx, role: Role) -> Result<Code, Error> {
        let Pair { intrinsics, values, .. } = self.pair;
        let is_generic = matches!(role, Role::Generic { .. });
        let module = if is_generic { self.pair.generic } else { self.pair.specialized };
        let numbers = &self.numbers[usize::from(is_generic)];
        let Some(body) = module.body(func) else { return numbers.code([]) };
        let code = (numbers.code(body.locals())?, body.local_types().len() as u32);
        let mut reader = body.operators();
        let start = reader.original_position() as u32;
        let results = role.number().map(|number| self.results(module, func, number));
        let own = (self.own, self.pair.callees(is_generic), values);
        let mut out = Body::new(module, (func, role), own, &mut self.sites, code);
        out.out.place(start);
        if let Some(results) = results {
            out.begin(start, results?);
        }
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            out.out.place(offset as u32);
            match called(&op).filter(|_| is_generic).and_then(|func| intrinsics.get(func)) {
                Some(intrinsic) => out.intrinsic(intrinsic, offset as u32),
                None => {
                    let instruction = numbers.instruction(op.clone())?;
                    out.step(&op, &instruction, offset as u32);
                }
            }
        }
        out.finish()
    }

    /// The type of the block around a body; `number` is the index of the specialised function.
    fn results(&self, module: &Module, func: FuncIdx, number: u32) -> Result<BlockType, Error> {
        Ok(match &*module.func_type(func).results {
            [] => BlockType::Empty,
            [one] => BlockType::Result(self.numbers[0].val_type(*one)?),
            _ => BlockType::FunctionType(self.first_type() + ADDED + number),
        })
    }

    /// The first of the added types.
    fn first_type(&self) -> u32 {
        self.pair.specialized.types().len() as u32
    }

    /// The function that widens the bounds of addresses by a cell.
    fn cell(&self) -> Function {
        let [least, greatest] = self.own.bounds;
        let mut function = Function::new([]);
        let mut to = function.instructions();
        to.local_get(0).global_get(least).i32_lt_u().if_(BlockType::Empty);
        to.local_get(0).global_set(least).end();
        to.local_get(0).i32_const(8).i32_add().global_get(greatest).i32_gt_u();
        to.if_(BlockType::Empty);
        to.local_get(0).i32_const(8).i32_add().global_set(greatest).end().end();
        function
    }
}

/// The function that an operator calls.
fn called(op: &Operator<'_>) -> Option<FuncIdx> {
    let calls = Opcode::of(op) == Opcode::Call;
    Opcode::immediates(op).index(Immediate::func).filter(|_| calls).map(FuncIdx)
}

/// Checks that the modules belong together.
///
/// # Errors
/// The first condition that does not hold, in words.
pub(super) fn fits(pair: &Pair<'_>) -> Result<(), String> {
    let Pair { generic, specialized, intrinsics, compiled, .. } = *pair;
    let plain = specialized.memory(prova_module::MemoryIdx(0));
    if plain.is_none_or(|memory| memory.memory64) {
        return Err("the specialised module has no memory with 32-bit addresses".to_owned());
    }
    let (all, intrinsic) = (generic.func_count(), intrinsics.count());
    let last = compiled.iter().map(|one| one.func.index() + 1).max().unwrap_or_default();
    if specialized.func_count() < all - intrinsic || last > specialized.func_count() {
        return Err("the specialised module has too few functions".to_owned());
    }
    if specialized.imported_func_count() + intrinsic != generic.imported_func_count() {
        return Err("both modules import other functions, intrinsics aside".to_owned());
    }
    if generic.types().len() > specialized.types().len() {
        return Err("the specialised module has fewer types".to_owned());
    }
    for one in compiled {
        let is_defined =
            generic.body(one.generic).is_some() && specialized.body(one.func).is_some();
        let alike = is_defined && generic.func_type(one.generic) == specialized.func_type(one.func);
        if !alike {
            return Err(format!("{} and {} have other types", one.func, one.generic));
        }
    }
    Ok(())
}
