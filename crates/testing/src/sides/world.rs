//! A store of the runtime as the world of the SSA interpreter, over the store's safe operations
//! alone, as the reference tier uses them.

use super::ssa::Cache;
use prova_module::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx, ValType, cells_of,
    host_charge_bytes,
};
use prova_runtime::{
    Cell, Exception, FuncAddr, FuncKind, HostOutcome, InstanceAddr, MemoryAddr, MemoryFault,
    NULL_REF, Refused, Search, Store, TableAddr, TagAddr, Trap, TrapKind, func_ref,
};
use prova_ssa::interpret::{Address, Aggregate, Bits, Callee, Fault, HostEnd, World};
use std::any::Any;

/// A store with what a call brings along.
pub(super) struct StoreWorld<'s> {
    pub(super) store: &'s mut Store,
    pub(super) data: &'s mut dyn Any,
    pub(super) cache: &'s Cache,
    pub(super) search: Search,
}

type Outcome<T> = Result<T, Box<Trap>>;

fn trap<T>(result: Result<T, TrapKind>) -> Outcome<T> {
    result.map_err(|kind| Box::new(Trap::new(kind)))
}

/// Values of types from cells.
pub(super) fn read(types: &[ValType], cells: &[Cell]) -> Vec<Bits> {
    let mut cells = cells.iter().copied();
    let mut next = || Bits::from(cells.next().unwrap_or(0));
    types.iter().map(|ty| next() | if *ty == ValType::V128 { next() << 64 } else { 0 }).collect()
}

/// Values of types as cells.
pub(super) fn write(types: &[ValType], values: &[Bits]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (ty, value) in types.iter().zip(values) {
        cells.push(*value as Cell);
        cells.extend((*ty == ValType::V128).then_some((value >> 64) as Cell));
    }
    cells
}

impl StoreWorld<'_> {
    fn memory(&self, instance: InstanceAddr, memory: u32) -> MemoryAddr {
        self.store.instance(instance).memory_addr(MemoryIdx(memory))
    }

    fn table(&self, instance: InstanceAddr, table: u32) -> TableAddr {
        self.store.instance(instance).table_addr(TableIdx(table))
    }

    fn typed(
        &self,
        instance: InstanceAddr,
        ty: TypeIdx,
        reference: Cell,
    ) -> Outcome<Option<FuncAddr>> {
        let address = u32::try_from(reference - 1);
        let address = address.map_err(|_| Box::new(Trap::bug("no reference to a function")))?;
        let func = FuncAddr::from_index(address);
        let instance = self.store.instance(instance);
        Ok(self.store.func_is(func, instance.type_id(ty)).then_some(func))
    }
}

/// The positions of `len` bytes from an address on; none beyond `size`.
fn range(address: u128, len: usize, size: usize) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(address).ok()?;
    let end = start.checked_add(len)?;
    (end <= size).then_some(start..end)
}

/// The trap of an access that misses a memory of `size` bytes.
fn missed(address: u128, size: usize) -> Box<Trap> {
    let address = u64::try_from(address).unwrap_or(u64::MAX);
    let fault = MemoryFault { address, size_bytes: size as u64 };
    Box::new(Trap::new(TrapKind::MemoryOutOfBounds).with_fault(fault))
}

impl World for StoreWorld<'_> {
    type Instance = InstanceAddr;
    type Func = FuncAddr;
    type Tag = TagAddr;
    type Error = Box<Trap>;

    fn deterministic(&self) -> bool {
        self.store.settings().deterministic
    }

    fn fault(&self, fault: Fault) -> Box<Trap> {
        Box::new(match fault {
            Fault::Unreachable => Trap::new(TrapKind::Unreachable),
            Fault::Numeric(error) => Trap::new(error.into()),
            Fault::Null => Trap::new(TrapKind::NullReference),
            Fault::Misaligned => Trap::new(TrapKind::HeapMisaligned),
            Fault::Unshared => Trap::new(TrapKind::ExpectedSharedMemory),
            Fault::Bug(what) => Trap::bug(what),
        })
    }

    fn uncaught(&self, tag: TagAddr, values: &[Bits], of_host: Option<Box<Trap>>) -> Box<Trap> {
        let cells = write(&self.store.tag_type(tag).params, values).into();
        let exception = Exception { tag, cells };
        Box::new(match of_host {
            Some(trap) => Trap { exception: Some(Box::new(exception)), ..*trap },
            None => Trap::uncaught(exception),
        })
    }

    fn callee(&mut self, func: FuncAddr) -> Outcome<Callee<Self>> {
        Ok(match self.store.func_kind(func) {
            FuncKind::Host => Callee::Host(host_charge_bytes(self.store.func_type(func))),
            FuncKind::Wasm { instance, func } => {
                let metering = self.store.settings().metering;
                let module = self.store.instance(instance).module();
                let code = self.cache.code(module, func, metering);
                Callee::Wasm(instance, code.map_err(|what| Box::new(Trap::bug(what)))?)
            }
        })
    }

    fn func(&self, instance: InstanceAddr, func: FuncIdx) -> FuncAddr {
        self.store.instance(instance).func_addr(func)
    }

    fn element(
        &mut self,
        instance: InstanceAddr,
        ty: TypeIdx,
        table: u32,
        index: u64,
    ) -> Outcome<FuncAddr> {
        let elements = self.store.table(self.table(instance, table)).elements();
        let element = usize::try_from(index).ok().and_then(|index| elements.get(index));
        let reference = *trap(element.ok_or(TrapKind::UndefinedElement))?;
        if reference == NULL_REF {
            return trap(Err(TrapKind::UninitializedElement));
        }
        let func = self.typed(instance, ty, reference)?;
        trap(func.ok_or(TrapKind::IndirectCallTypeMismatch))
    }

    fn referenced(
        &mut self,
        instance: InstanceAddr,
        ty: TypeIdx,
        reference: u64,
    ) -> Outcome<FuncAddr> {
        let func = self.typed(instance, ty, reference)?;
        func.ok_or_else(|| Box::new(Trap::bug("a reference to a function of another type")))
    }

    fn enter_frame(&mut self, charge_bytes: u64) -> Outcome<()> {
        trap(self.store.enter_frame(charge_bytes))
    }

    fn leave_frame(&mut self, charge_bytes: u64) {
        self.store.leave_frame(charge_bytes);
    }

    fn call_host(
        &mut self,
        caller: InstanceAddr,
        func: FuncAddr,
        args: &[Bits],
        holds: &[u64],
    ) -> Outcome<HostEnd<Self>> {
        trap(self.store.charge_host_call(func))?;
        let ty = self.store.func_type(func).clone();
        let mut cells = write(&ty.params, args);
        cells.resize(cells_of(&ty.params).max(cells_of(&ty.results)) as usize, 0);
        match self.store.call_host_from(caller, self.data, func, &mut cells, holds) {
            Ok(HostOutcome::Done) => {}
            Ok(HostOutcome::Throw(exception, error)) => {
                self.poll()?;
                let types = &self.store.tag_type(exception.tag).params;
                return Ok(HostEnd::Threw(exception.tag, read(types, &exception.cells), error));
            }
            Ok(HostOutcome::Suspend) => return trap(Err(TrapKind::Suspended)),
            Ok(HostOutcome::Trap(error)) => return Err(error),
            Err(error) => return Err(Box::new(error)),
        }
        self.poll()?;
        Ok(HostEnd::Returned(read(&ty.results, &cells)))
    }

    fn charge(&mut self, units: u64) -> Outcome<()> {
        trap(self.store.consume_fuel(units))
    }

    fn poll(&mut self) -> Outcome<()> {
        trap(self.store.poll())
    }

    fn has_exceptions(&self) -> bool {
        self.store.exception_cells() > 0
    }

    fn has_objects(&self) -> bool {
        self.store.object_count() > 0
    }

    fn aggregate(
        &mut self,
        instance: InstanceAddr,
        operator: Aggregate<'_>,
        holds: &[u64],
    ) -> Outcome<Bits> {
        let mut window = write(operator.types, operator.operands);
        // The result may have two cells.
        window.resize(window.len().max(2), 0);
        let (opcode, immediates) = (operator.opcode, operator.immediates);
        loop {
            match self.store.aggregate(instance, opcode, immediates, &mut window) {
                Ok(()) => break,
                Err(Refused::Trap(kind)) => return trap(Err(kind)),
                Err(Refused::Collect) => trap(self.store.collect_for_external(holds))?,
            }
        }
        Ok(operator.result.map_or(0, |ty| read(&[ty], &window)[0]))
    }

    fn ref_test(&self, instance: InstanceAddr, reference: u64, code: u32) -> Outcome<bool> {
        trap(self.store.ref_test(instance, reference, code))
    }

    fn tag(&self, instance: InstanceAddr, tag: TagIdx) -> TagAddr {
        self.store.instance(instance).tag_addr(tag)
    }

    fn exception_new(&mut self, tag: TagAddr, values: &[Bits], holds: &[u64]) -> Outcome<u64> {
        let cells = write(&self.store.tag_type(tag).params, values);
        trap(self.store.exception_of_external(tag, &cells, holds))
    }

    fn exception(&self, reference: u64) -> Option<(TagAddr, Vec<Bits>)> {
        let (tag, cells) = self.store.exception(reference)?;
        Some((tag, read(&self.store.tag_type(tag).params, cells)))
    }

    fn search(&mut self) {
        self.search = Search::new();
    }

    fn ask(&mut self) -> Outcome<()> {
        trap(self.search.ask(self.store))
    }

    fn pass_frame(&mut self) -> Outcome<()> {
        trap(self.search.leave_frame(self.store))
    }

    fn pay(&mut self, tag: Option<TagAddr>, made: bool) -> Outcome<()> {
        let cells = tag.map_or(0, |tag| cells_of(&self.store.tag_type(tag).params));
        trap(std::mem::take(&mut self.search).pay(self.store, cells.into(), made))
    }

    fn read(
        &self,
        (instance, memory, address): Address<Self>,
        to: &mut [u8],
        quiet: bool,
    ) -> Outcome<()> {
        let bytes = self.store.memory(self.memory(instance, memory)).data();
        match range(address, to.len(), bytes.len()) {
            Some(range) => {
                to.copy_from_slice(&bytes[range]);
                Ok(())
            }
            None if quiet => trap(Err(TrapKind::MemoryOutOfBounds)),
            None => Err(missed(address, bytes.len())),
        }
    }

    fn write(&mut self, (instance, memory, address): Address<Self>, from: &[u8]) -> Outcome<()> {
        let memory = self.memory(instance, memory);
        let bytes = self.store.memory_data_mut(memory);
        let size = bytes.len();
        let Some(range) = range(address, from.len(), size) else {
            return Err(missed(address, size));
        };
        bytes[range].copy_from_slice(from);
        Ok(())
    }

    fn global_get(&self, instance: InstanceAddr, global: u32) -> Bits {
        let global = self.store.instance(instance).global_addr(GlobalIdx(global));
        let types = [self.store.global_type(global).val];
        read(&types, &self.store.global_get(global))[0]
    }

    fn global_set(&mut self, instance: InstanceAddr, global: u32, value: Bits) -> Outcome<()> {
        let global = self.store.instance(instance).global_addr(GlobalIdx(global));
        trap(self.store.global_set(global, [value as Cell, (value >> 64) as Cell]))
    }

    fn ref_func(&mut self, instance: InstanceAddr, func: u32) -> u64 {
        func_ref(self.func(instance, FuncIdx(func)))
    }

    fn memory_size(&self, instance: InstanceAddr, memory: u32) -> u64 {
        self.store.memory_size(self.memory(instance, memory))
    }

    fn memory_grow(&mut self, instance: InstanceAddr, memory: u32, delta: u64) -> Outcome<u64> {
        let memory = self.memory(instance, memory);
        trap(self.store.memory_grow_cell(memory, delta))
    }

    fn memory_fill(
        &mut self,
        instance: InstanceAddr,
        memory: u32,
        to: u64,
        byte: u32,
        count: u64,
    ) -> Outcome<()> {
        let memory = self.memory(instance, memory);
        trap(self.store.memory_fill(memory, to, byte as u8, count))
    }

    fn memory_copy(
        &mut self,
        instance: InstanceAddr,
        (a, b): (u32, u32),
        to: u64,
        from: u64,
        count: u64,
    ) -> Outcome<()> {
        let (a, b) = (self.memory(instance, a), self.memory(instance, b));
        trap(self.store.memory_copy(a, b, to, from, count))
    }

    fn memory_init(
        &mut self,
        instance: InstanceAddr,
        (memory, data): (u32, u32),
        to: u64,
        from: u32,
        count: u32,
    ) -> Outcome<()> {
        let memory = self.memory(instance, memory);
        let (from, count) = (from.into(), count.into());
        trap(self.store.memory_init(instance, memory, DataIdx(data), to, from, count))
    }

    fn data_drop(&mut self, instance: InstanceAddr, data: u32) {
        self.store.data_drop(instance, DataIdx(data));
    }

    fn table_size(&self, instance: InstanceAddr, table: u32) -> u64 {
        self.store.table_size(self.table(instance, table))
    }

    fn table_get(&self, instance: InstanceAddr, table: u32, index: u64) -> Outcome<u64> {
        let elements = self.store.table(self.table(instance, table)).elements();
        let element = usize::try_from(index).ok().and_then(|index| elements.get(index));
        trap(element.copied().ok_or(TrapKind::TableOutOfBounds))
    }

    fn table_set(
        &mut self,
        instance: InstanceAddr,
        table: u32,
        index: u64,
        value: u64,
    ) -> Outcome<()> {
        let table = self.table(instance, table);
        trap(self.store.table_set(table, index, value))
    }

    fn table_grow(
        &mut self,
        instance: InstanceAddr,
        table: u32,
        value: u64,
        delta: u64,
    ) -> Outcome<u64> {
        let table = self.table(instance, table);
        trap(self.store.table_grow_cell(table, value, delta))
    }

    fn table_fill(
        &mut self,
        instance: InstanceAddr,
        table: u32,
        to: u64,
        value: u64,
        count: u64,
    ) -> Outcome<()> {
        let table = self.table(instance, table);
        trap(self.store.table_fill(table, to, value, count))
    }

    fn table_copy(
        &mut self,
        instance: InstanceAddr,
        (a, b): (u32, u32),
        to: u64,
        from: u64,
        count: u64,
    ) -> Outcome<()> {
        let (a, b) = (self.table(instance, a), self.table(instance, b));
        trap(self.store.table_copy(a, b, to, from, count))
    }

    fn table_init(
        &mut self,
        instance: InstanceAddr,
        (table, elem): (u32, u32),
        to: u64,
        from: u32,
        count: u32,
    ) -> Outcome<()> {
        let table = self.table(instance, table);
        let (from, count) = (from.into(), count.into());
        trap(self.store.table_init(instance, table, ElemIdx(elem), to, from, count))
    }

    fn elem_drop(&mut self, instance: InstanceAddr, elem: u32) {
        self.store.elem_drop(instance, ElemIdx(elem));
    }
}
