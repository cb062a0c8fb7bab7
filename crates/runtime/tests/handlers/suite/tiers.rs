//! A module of one op → the same calls in every tier, and everything that can be observed of them.
//!
//! A [`Code`] holds what is the same for all tiers: the module, and the checked bytecode of its
//! functions, the op's slots moved where a function asks for it. A [`Machine`] is a store with an
//! instance of it.

use super::form::{Form, widen};
use super::place::{SCRATCH_CELLS, place};
use super::values::push_cells;
use super::{Func, WIDE};
use prova_bytecode::{
    Candidate, CheckError, CheckedBytecode, Class, Metering, Op, Rule, Settings, decode, text,
};
use prova_module::{
    ExternType, Features, FuncIdx, GlobalIdx, Limits, MemoryIdx, Module, Proposal, TableIdx,
};
use prova_reference::Reference;
use prova_runtime::{
    Attach, AttachError, Attached, Cell, ExecutorKind, Extern, FuncAddr, HostFunc, HostOutcome,
    InstanceAddr, MemoryAddr, MemoryFault, Store, StoreConfig, TrapKind,
};
use prova_translate::Translator;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The reference tier.
pub(crate) fn reference() -> ExecutorKind {
    ExecutorKind::External(Arc::new(Reference::new()))
}

/// The epoch from which on running code is interrupted.
const DEADLINE: u64 = 70;

/// Instances of this module are imported from.
const OTHER: &str = r#"(module (memory $m 7 7 (pagesize 1))
    (func (export "mix") (param i32 i64) (result i64 i32)
        (i32.store8 (i32.const 3) (local.get 0))
        (i64.add (local.get 1) (i64.extend_i32_u (i32.load8_u (i32.const 3)))) (i32.xor (local.get 0) (i32.const 5)))
    (func (export "size") (param i32) (result i32) (i32.mul (memory.size) (local.get 0))))"#;

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Module::decode(widen(&bytes, WIDE), &features(), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Translates and checks, without any change.
struct Honest(Settings, Mutex<Translator>);

impl Attach for Honest {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        let mut translator = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let candidate = translator.translate(module, func, &self.0)?;
        Ok(CheckedBytecode::check(module, &self.0, candidate)?.into())
    }
}

/// The bytecode of one module.
struct Ready(Vec<Result<Arc<CheckedBytecode>, String>>);

impl Attach for Ready {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Ok(Attached::Bytecode(self.0[func.index() - module.imported_func_count()].clone()?))
    }
}

/// A module of an op, with its bytecode.
pub(crate) struct Code {
    module: Module,
    settings: Settings,
    ready: Arc<Ready>,
    /// The index of each function.
    funcs: Vec<FuncIdx>,
}

impl Code {
    pub(crate) fn new(text: &str, funcs: &[Func], settings: Settings) -> Code {
        let module = module(text);
        let counts = funcs.iter().any(|func| func.ops.contains(&Op::Heat));
        let mut translator = if counts { Translator::with_heat() } else { Translator::new() };
        let mut places = Vec::new();
        for n in 0..funcs.len() {
            let export = module.export(&n.to_string()).expect("functions are exported by number");
            places.push(FuncIdx(export.index));
        }
        let mut ready = Vec::new();
        for func in module.defined_funcs() {
            let mut translated = translator
                .translate(&module, func, &settings)
                .unwrap_or_else(|error| panic!("{error}\n{text}"));
            let honest = translated.clone();
            let n = places.iter().position(|index| *index == func);
            if let Some(Func { ops, layout: Some(layout), .. }) = n.map(|n| &funcs[n])
                && has_op(&translated.words, ops[0])
            {
                let facts = module.facts(func).expect("the module defines it");
                let cells = (facts.charge_bytes() / 8).min(1 << 16) as u32;
                assert!(cells >= facts.local_cells + SCRATCH_CELLS);
                translated =
                    place(translated, ops[0], layout, cells).expect("the op has been seen");
            }
            let mut checked = CheckedBytecode::check(&module, &settings, translated.clone());
            if checked.as_ref().is_err_and(|error| is_narrow_copy(&translated, error)) {
                checked = CheckedBytecode::check(&module, &settings, honest.clone());
            }
            ready.push(checked.map(Arc::new).map_err(|error| {
                format!("refused: {error}\n{}", text::display(&translated.words))
            }));
        }
        Code { module, settings, ready: Arc::new(Ready(ready)), funcs: places }
    }

    fn bytecode(&self, n: usize) -> &Result<Arc<CheckedBytecode>, String> {
        &self.ready.0[self.funcs[n].index() - self.module.imported_func_count()]
    }

    /// Why there is no code of a function.
    pub(crate) fn refusal(&self, n: usize) -> Option<&str> {
        self.bytecode(n).as_ref().err().map(String::as_str)
    }

    /// Whether an op is in the code of a function.
    pub(crate) fn has_op(&self, n: usize, op: Op) -> bool {
        self.bytecode(n).as_ref().is_ok_and(|code| has_op(code.words(), op))
    }

    /// The text of a function's code.
    pub(crate) fn listing(&self, n: usize) -> String {
        self.bytecode(n)
            .as_ref()
            .map_or_else(String::clone, |c| text::display(c.words()).to_string())
    }

    /// The operand values of each of these ops in a function's code.
    pub(crate) fn operands(&self, n: usize, op: Op, mut each: impl FnMut(&[u64])) {
        let words = self.bytecode(n).as_ref().map_or(&[][..], |code| code.words());
        let mut at = 0;
        while let Ok(inst) = decode(words, at) {
            if inst.op == op {
                each(&inst.values);
            }
            at = inst.next;
        }
    }
}

fn has_op(words: &[u64], op: Op) -> bool {
    let mut at = 0;
    while let Ok(inst) = decode(words, at) {
        if inst.op == op {
            return true;
        }
        at = inst.next;
    }
    false
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Results(Vec<Cell>),
    Trap(TrapKind, Option<MemoryFault>, Vec<(u32, Option<u32>)>, usize),
    /// By a fault of ours, or values that are none of their types.
    Fault(String),
}

/// The observations of a call besides the objects of the instance.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    end: End,
    fuel: u64,
}

impl Seen {
    pub(crate) fn is_trap(&self) -> bool {
        matches!(self.end, End::Trap(..))
    }

    /// Whether the other tier saw the same.
    pub(crate) fn compare(&self, other: &Seen, ops: &[Op]) -> Result<(), String> {
        let same = match (&self.end, &other.end) {
            (End::Results(a), End::Results(b)) if ops.iter().any(|&op| makes_nan(op)) => {
                same_but_nan(a, b)
            }
            (End::Fault(_), _) => false,
            (a, b) => a == b,
        };
        if !same {
            return Err(format!("{:x?} for {:x?}", other.end, self.end));
        }
        if self.fuel != other.fuel {
            return Err(format!("{} units of fuel are left for {}", other.fuel, self.fuel));
        }
        Ok(())
    }
}

/// Whether an op may make a NaN whose bits the specification leaves open. Two builds of the same
/// operator may then differ in the payload; in deterministic mode, which is run too, they may not.
fn makes_nan(op: Op) -> bool {
    let Some((shape, operator)) = op.mnemonic().split_once('.') else { return false };
    let arithmetic = [
        "add", "sub", "mul", "div", "sqrt", "ceil", "floor", "trunc", "nearest", "min", "max",
        "demote", "promote", "relaxed",
    ];
    op.class() == Class::pure
        && shape.starts_with('f')
        && arithmetic.iter().any(|name| operator.starts_with(name))
}

/// Equal cells, where NaNs of an f32, an f64, or lanes of these are equal if both are quiet.
fn same_but_nan(a: &[Cell], b: &[Cell]) -> bool {
    // Under Miri the operators of Rust give any NaN that its rules allow, signalling ones too.
    let quiet32 =
        |x: u32| x & 0x7fc0_0000 == 0x7fc0_0000 || cfg!(miri) && f32::from_bits(x).is_nan();
    let quiet64 = |x: u64| x >> 51 & 0xfff == 0xfff || cfg!(miri) && f64::from_bits(x).is_nan();
    let lane = |x: u32, y: u32| x == y || quiet32(x) && quiet32(y);
    let same = |(&x, &y): (&u64, &u64)| {
        x == y
            || quiet64(x) && quiet64(y)
            || lane(x as u32, y as u32) && lane((x >> 32) as u32, (y >> 32) as u32)
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// A store with an instance.
pub(crate) struct Machine {
    executor: ExecutorKind,
    metering: Metering,
    store: Store,
    instance: InstanceAddr,
    funcs: Vec<FuncAddr>,
    memories: Vec<MemoryAddr>,
    args: Vec<Cell>,
}

impl Machine {
    pub(crate) fn new(executor: ExecutorKind, code: &Code) -> Machine {
        let config = StoreConfig {
            settings: code.settings,
            executor: executor.clone(),
            stack_bytes: if cfg!(miri) { 16 << 10 } else { 600 << 10 },
            ..StoreConfig::default()
        };
        let mut store = Store::new(config);
        store.set_fuel(u64::MAX);
        let imports = imports(&mut store, &code.module, code.settings);
        let attach = Arc::clone(&code.ready);
        let instance = store
            .instantiate(&mut (), &code.module, &imports, attach)
            .unwrap_or_else(|error| panic!("{error}"));
        store.set_epoch_deadline(DEADLINE);
        let of = store.instance(instance);
        let funcs = code.funcs.iter().map(|func| of.func_addr(*func)).collect();
        let count = code.module.memories().len() as u32;
        let memories = (0..count).map(|i| of.memory_addr(MemoryIdx(i))).collect();
        let metering = code.settings.metering;
        Machine { executor, metering, store, instance, funcs, memories, args: Vec::new() }
    }

    /// The executor.
    pub(crate) fn executor(&self) -> &ExecutorKind {
        &self.executor
    }

    /// Gives all memories their contents.
    pub(crate) fn reset(&mut self) {
        for (i, &memory) in self.memories.iter().enumerate() {
            let data = self.store.memory_data_mut(memory);
            let len = data.len();
            data.copy_from_slice(&CONTENTS[i][..len]);
        }
    }

    /// Calls function `n`.
    pub(crate) fn call(
        &mut self,
        n: usize,
        form: &Form,
        args: &[u128],
        budget: Option<u64>,
    ) -> Seen {
        if self.memory_bytes() < SMALL_BYTES {
            self.reset();
        }
        self.args.clear();
        for (param, &value) in form.params.iter().zip(args) {
            push_cells(param.ty, value, &mut self.args);
        }
        self.store.set_fuel(budget.unwrap_or(1 << 40));
        self.store.epoch().store(budget.unwrap_or(0), Ordering::Relaxed);
        let func = self.funcs[n];
        let mut results = vec![0; self.store.func_cells(func).1];
        let end = match self.store.call(&mut (), func, &self.args, &mut results) {
            Ok(()) => End::Results(results),
            Err(trap) if trap.kind.is_bug() || trap.kind == TrapKind::Misuse => {
                End::Fault(trap.to_string())
            }
            Err(trap) => {
                let places = trap.backtrace.iter().map(|frame| (frame.func.0, frame.offset));
                End::Trap(trap.kind, trap.fault, places.collect(), trap.frames_omitted)
            }
        };
        let metered = self.metering == Metering::Fuel;
        Seen { end, fuel: if metered { self.store.fuel() } else { 0 } }
    }

    fn memory_bytes(&self) -> usize {
        let sizes = self.memories.iter().map(|&memory| self.store.memory(memory).len_bytes());
        sizes.sum::<u64>() as usize
    }

    fn contents(&self, memory: MemoryAddr) -> Vec<u8> {
        let mut bytes = vec![0; self.store.memory(memory).len_bytes() as usize];
        assert!(self.store.memory_read(memory, 0, &mut bytes));
        bytes
    }

    /// Whether the other's memories, tables and globals are as these; large memories only where
    /// `thorough`.
    pub(crate) fn compare_state(&self, other: &Machine, thorough: bool) -> Result<(), String> {
        let (ours, theirs) =
            (self.store.instance(self.instance), other.store.instance(other.instance));
        if thorough || self.memory_bytes() < SMALL_BYTES {
            for (i, (&a, &b)) in self.memories.iter().zip(&other.memories).enumerate() {
                let (a, b) = (self.contents(a), other.contents(b));
                if a != b {
                    let at = a.iter().zip(&b).position(|(a, b)| a != b);
                    return Err(format!("memory {i} differs at {at:?}"));
                }
            }
        }
        for i in 0..ours.module().tables().len() as u32 {
            let a = self.store.table(ours.table_addr(TableIdx(i))).elements();
            let b = other.store.table(theirs.table_addr(TableIdx(i))).elements();
            if a != b {
                return Err(format!("table {i} is {b:?} for {a:?}"));
            }
        }
        for i in 0..ours.module().globals().len() as u32 {
            let a = self.store.global_get(ours.global_addr(GlobalIdx(i)));
            let b = other.store.global_get(theirs.global_addr(GlobalIdx(i)));
            if a != b {
                return Err(format!("global {i} is {b:x?} for {a:x?}"));
            }
        }
        Ok(())
    }
}

/// Memories of a unit that are given their contents, and compared as a whole, at every call.
const SMALL_BYTES: usize = 4096;

/// The initial contents of memories: half of it zeros, so that comparisons with 0 hold now and
/// then; no two alike.
static CONTENTS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let byte = |memory: usize, i: usize| {
        let mixed = (i as u32 + 1).wrapping_mul(0x9e37_79b9 + (memory as u32) * 0x6789_1234);
        if (i / 16).is_multiple_of(2) { (mixed >> 16) as u8 | 1 } else { 0 }
    };
    // Under Miri every byte costs: few of them, again and again.
    let period = if cfg!(miri) { 512 } else { 71_000 };
    [0, 1, 2].map(|memory| {
        let some: Vec<u8> = (0..period).map(|i| byte(memory, i)).collect();
        some.repeat(71_000_usize.div_ceil(period))
    })
});

/// The imports of units: functions of the host, and of an instance of [`OTHER`].
fn imports(store: &mut Store, module: &Module, settings: Settings) -> Vec<Extern> {
    let mut other = None;
    let mut imports = Vec::new();
    for import in module.imports() {
        let ExternType::Func(ty) = import.kind else { continue };
        if &*import.module == "other" {
            let instance = *other.get_or_insert_with(|| {
                let attach = Arc::new(Honest(settings, Mutex::default()));
                store
                    .instantiate(&mut (), &OTHER_MODULE, &[], attach)
                    .unwrap_or_else(|error| panic!("{error}"))
            });
            imports.extend(store.instance(instance).export(&import.name));
            continue;
        }
        let ty = module.types()[ty.index()].clone();
        let host: HostFunc = match &*import.name {
            "grow" => Arc::new(grow),
            _ => Arc::new(|_, _, cells| {
                (cells[0], cells[1]) = (cells[1].wrapping_mul(3), cells[0] ^ 0x55);
                HostOutcome::Done
            }),
        };
        imports.push(Extern::Func(store.func_new(ty, host)));
    }
    imports
}

static OTHER_MODULE: LazyLock<Module> = LazyLock::new(|| module(OTHER));

/// Grows memory 0 of the caller by as many bytes as its argument says, where it can, and gives the
/// new size.
fn grow(store: &mut Store, _: &mut dyn std::any::Any, cells: &mut [Cell]) -> HostOutcome {
    if let Some(caller) = store.caller() {
        let memory = store.instance(caller).memory_addr(MemoryIdx(0));
        let _ = store.memory_grow(memory, cells[0] % 4);
        cells[0] = store.memory_size(memory);
    }
    HostOutcome::Done
}

/// Whether a refusal is of a `copy_f32` from a slot that the check does not know to hold 32 bits
/// (F8): the slots of such code stay where they are.
fn is_narrow_copy(candidate: &Candidate, error: &CheckError) -> bool {
    let inst = decode(&candidate.words, error.word);
    error.rule == Rule::Kinds && inst.is_ok_and(|inst| inst.op == Op::CopyF32)
}

/// The proposals of the default, and shared memories.
pub(crate) fn features() -> Features {
    Features::default().with(Proposal::SharedMemory)
}
