//! [`WasmCoreDump`]: the state of a store at a trap, for the embedder and as a file.
//!
//! The file is a module in the binary format with the sections of the tool conventions' core dump:
//! `core`, `coremodules`, `coreinstances`, `corestack` beside memories, globals and data. Frames
//! have their function and place; values of locals and operands are not in it, so their lists are
//! empty.

use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::externals::Global;
use crate::instance::Instance;
use crate::memory::Memory;
use crate::module::Module;
use crate::store::{AsContext, AsContextMut, StoreContextMut};
use crate::types::{GlobalType, HeapType, MemoryType, Mutability, ValType};
use crate::value::Val;
use prova_module::{GlobalIdx, MemoryIdx};
use std::collections::BTreeSet;
use std::fmt;

/// The state of a store when a trap ended a call, in the chain of the call's error where
/// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) asks for it.
///
/// Its memories and globals are those of the store: what they hold now, not at the trap.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.coredump_on_trap(true);
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module $m (memory 1) (func (export "f") (i32.store8 (i32.const 5) (i32.const 7)) unreachable))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "f")?;
/// let error = f.call(&mut store, ()).unwrap_err();
/// let dump = error.downcast_ref::<WasmCoreDump>().expect("it was asked for");
/// assert_eq!((dump.frames().len(), dump.memories()[0].data(&store)[5]), (1, 7));
/// assert!(dump.serialize(&mut store, "m.wasm").starts_with(b"\0asm"));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WasmCoreDump {
    backtrace: WasmBacktrace,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
}

/// The parts of a memory that its data segments are cut from; what is zero at their ends is left
/// out.
const CHUNK_BYTES: usize = 4096;

impl WasmCoreDump {
    /// The state of a store now.
    pub(crate) fn of<T: 'static>(
        store: &StoreContextMut<'_, T>,
        backtrace: WasmBacktrace,
    ) -> WasmCoreDump {
        let id = store.state.id;
        let mut dump = WasmCoreDump {
            backtrace,
            modules: Vec::new(),
            instances: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for (&addr, module) in &store.state.modules {
            dump.instances.push(Instance { store: id, addr });
            if !dump.modules.iter().any(|other| Module::same(other, module)) {
                dump.modules.push(module.clone());
            }
            let (memories, globals) = objects(store, addr);
            dump.memories
                .extend(memories.into_iter().filter(|it| seen.insert((0, it.addr.as_u32()))));
            dump.globals
                .extend(globals.into_iter().filter(|it| seen.insert((1, it.addr.as_u32()))));
        }
        dump
    }

    /// The frames that were active, the innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        self.backtrace.frames()
    }

    /// The modules of the store's instances.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The store's instances.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The globals of the instances.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The memories of the instances.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// The dump as a file; `name` is the program's.
    ///
    /// # Panics
    /// If it is of another store.
    pub fn serialize(&self, mut store: impl AsContextMut, name: &str) -> Vec<u8> {
        let store = store.as_context_mut();
        let mut file = b"\0asm\x01\0\0\0".to_vec();
        custom(&mut file, "core", [&[0][..], &text(name)].concat());
        // A shared memory may grow meanwhile.
        let sizes: Vec<u64> = self.memories.iter().map(|memory| memory.size(&store)).collect();
        let memories = self.memories.iter().zip(&sizes);
        let types = memories.clone().map(|(memory, pages)| memory_type(memory, *pages, &store));
        section(&mut file, 5, list(types));
        section(&mut file, 6, list(self.globals.iter().map(|global| global_of(global, &store))));
        let segments = memories.enumerate();
        let segments = segments.flat_map(|(at, (memory, pages))| data(at, memory, *pages, &store));
        section(&mut file, 11, list(segments));
        custom(&mut file, "coremodules", list(self.modules.iter().map(module_entry)));
        let instances = self.instances.iter().map(|instance| self.instance(instance, &store));
        custom(&mut file, "coreinstances", list(instances));
        let frames = list(self.frames().iter().map(|frame| self.frame(frame, &store)));
        custom(&mut file, "corestack", [&[0][..], &text("main"), &frames].concat());
        file
    }

    /// How many globals refer to something that a file does not have: they are null in it.
    ///
    /// # Panics
    /// If it is of another store.
    pub fn references(&self, mut store: impl AsContextMut) -> usize {
        let store = store.as_context_mut();
        let roots = store.rt.rooted();
        let refers = |global: &&Global| {
            matches!(
                global.get(&store),
                Val::FuncRef(Some(_))
                    | Val::ExternRef(Some(_))
                    | Val::ExnRef(Some(_))
                    | Val::AnyRef(Some(_))
            )
        };
        let count = self.globals.iter().filter(refers).count();
        store.rt.unroot(roots);
        count
    }

    fn module_index(&self, module: &Module) -> u32 {
        let at = self.modules.iter().position(|other| Module::same(other, module));
        at.map_or(u32::MAX, |at| at as u32)
    }

    fn instance<T: 'static>(&self, instance: &Instance, store: &StoreContextMut<'_, T>) -> Vec<u8> {
        let (memories, globals) = objects(store, instance.addr);
        let memory = |memory| position(&self.memories, &memory);
        let global = |global| position(&self.globals, &global);
        let mut entry = vec![0];
        let module = store.state.modules.get(&instance.addr);
        entry.extend(unsigned(module.map_or(u32::MAX, |module| self.module_index(module)).into()));
        entry.extend(list(memories.into_iter().map(memory)));
        entry.extend(list(globals.into_iter().map(global)));
        entry
    }

    /// The frame of a function in the newest instance of its module.
    fn frame<T: 'static>(&self, frame: &FrameInfo, store: &StoreContextMut<'_, T>) -> Vec<u8> {
        let module_of = |instance: &Instance| store.state.modules.get(&instance.addr);
        let is_of = |instance: &Instance| {
            module_of(instance).is_some_and(|module| frame.is_of(module.wasm()))
        };
        let instance =
            self.instances.iter().rposition(is_of).map_or(u64::from(u32::MAX), |at| at as u64);
        let offset = frame.func_offset().unwrap_or(0) as u64;
        let mut entry = vec![0];
        for number in [instance, frame.func_index().into(), offset] {
            entry.extend(unsigned(number));
        }
        // Neither locals nor operands.
        entry.extend([0, 0]);
        entry
    }
}

impl fmt::Display for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WasmCoreDump { modules, instances, memories, globals, .. } = self;
        write!(
            f,
            "core dump of {} modules, {} instances, {} memories, {} globals",
            modules.len(),
            instances.len(),
            memories.len(),
            globals.len()
        )
    }
}

/// All memories and globals of an instance, in the order of their indices.
fn objects<T: 'static>(
    store: &StoreContextMut<'_, T>,
    addr: prova_runtime::InstanceAddr,
) -> (Vec<Memory>, Vec<Global>) {
    let (id, instance) = (store.state.id, store.rt.instance(addr));
    let module = instance.module();
    let memories = (0..module.memories().len() as u32).map(MemoryIdx);
    let globals = (0..module.globals().len() as u32).map(GlobalIdx);
    (
        memories.map(|at| Memory { store: id, addr: instance.memory_addr(at) }).collect(),
        globals.map(|at| Global { store: id, addr: instance.global_addr(at) }).collect(),
    )
}

fn position<T: PartialEq>(items: &[T], item: &T) -> Vec<u8> {
    let at = items.iter().position(|other| other == item);
    unsigned(at.map_or(u64::from(u32::MAX), |at| at as u64))
}

fn memory_type(memory: &Memory, pages: u64, store: impl AsContext) -> Vec<u8> {
    let ty: MemoryType = memory.ty(&store);
    let one_byte = ty.page_size_log2() == 0;
    let flags = [ty.maximum().is_some(), ty.is_shared(), ty.is_64(), one_byte];
    let flags = (0..).zip(flags).fold(0, |all, (bit, flag)| all | u8::from(flag) << bit);
    let mut entry = vec![flags];
    for number in [Some(pages), ty.maximum(), one_byte.then_some(0)].into_iter().flatten() {
        entry.extend(unsigned(number));
    }
    entry
}

/// A global with its value; references are null in it.
fn global_of(global: &Global, store: impl AsContext) -> Vec<u8> {
    let ty: GlobalType = global.ty(&store);
    let (code, null) = match ty.content() {
        ValType::I32 => (0x7f, 0),
        ValType::I64 => (0x7e, 0),
        ValType::F32 => (0x7d, 0),
        ValType::F64 => (0x7c, 0),
        ValType::V128 => (0x7b, 0),
        ValType::Ref(ty) => match ty.heap_type().top() {
            HeapType::Func => (0x70, 0x70),
            HeapType::Extern => (0x6f, 0x6f),
            HeapType::Exn => (0x69, 0x69),
            _ => (0x6e, 0x6e),
        },
    };
    let mut entry = vec![code, u8::from(ty.mutability() == Mutability::Var)];
    // What is looked at is not kept.
    let roots = store.as_context().rt.rooted();
    let value = global.get(&store);
    store.as_context().rt.unroot(roots);
    match value {
        Val::I32(x) => entry.extend([&[0x41][..], &signed(x.into())].concat()),
        Val::I64(x) => entry.extend([&[0x42][..], &signed(x)].concat()),
        Val::F32(x) => entry.extend([&[0x43][..], &x.to_le_bytes()].concat()),
        Val::F64(x) => entry.extend([&[0x44][..], &x.to_le_bytes()].concat()),
        Val::V128(x) => entry.extend([&[0xfd, 12][..], &x.as_u128().to_le_bytes()].concat()),
        Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) | Val::AnyRef(_) => {
            entry.extend([0xd0, null]);
        }
    }
    entry.push(0x0b);
    entry
}

/// Data segments of what is not zero in the first pages of a memory.
fn data(at: usize, memory: &Memory, pages: u64, store: &impl AsContext) -> Vec<Vec<u8>> {
    let (ty, context) = (memory.ty(store), store.as_context());
    let (is_64, len) = (ty.is_64(), (pages * ty.page_size()) as usize);
    let segment = |offset: usize| {
        let mut bytes = vec![0; CHUNK_BYTES.min(len - offset)];
        if !context.rt.memory_read(memory.addr, offset as u64, &mut bytes) {
            return None;
        }
        let start = bytes.iter().position(|byte| *byte != 0)?;
        let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
        let offset = offset + start;
        let mut entry = [&[2][..], &unsigned(at as u64)].concat();
        entry.push(if is_64 { 0x42 } else { 0x41 });
        entry.extend(if is_64 {
            signed(offset as i64)
        } else {
            signed((offset as u32 as i32).into())
        });
        entry.push(0x0b);
        entry.extend(unsigned((end - start) as u64));
        entry.extend(&bytes[start..end]);
        Some(entry)
    };
    (0..len).step_by(CHUNK_BYTES).filter_map(segment).collect()
}

fn module_entry(module: &Module) -> Vec<u8> {
    [&[0][..], &text(module.name().unwrap_or("<unnamed>"))].concat()
}

fn unsigned(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn signed(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if (number == 0 && low & 0x40 == 0) || (number == -1 && low & 0x40 != 0) {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn text(text: &str) -> Vec<u8> {
    [&unsigned(text.len() as u64), text.as_bytes()].concat()
}

fn list(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<Vec<u8>> = items.collect();
    [unsigned(items.len() as u64), items.concat()].concat()
}

fn section(file: &mut Vec<u8>, id: u8, content: Vec<u8>) {
    file.push(id);
    file.extend(unsigned(content.len() as u64));
    file.extend(content);
}

fn custom(file: &mut Vec<u8>, name: &str, content: Vec<u8>) {
    section(file, 0, [text(name), content].concat());
}
