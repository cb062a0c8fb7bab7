//! A module's memory → which addresses are stack, data, unwritten (bss) and heap.
//!
//! `diff` decides with it which constants may be addresses. The stack pointer's *initial value*
//! often equals the first data address (the stack grows down from there): they are two things, and
//! no rule here or in the callers equates an address with a global by value.

use prova_builds::names::printable;
use prova_module::{ConstOp, DataIdx, DataMode, ExternKind, GlobalIdx, Module, ValType};
use serde::Serialize;
use std::ops::Range;

/// Addresses above this are no data of any module that runs.
const ADDRESS_MAX: u64 = 1 << 48;

/// An active segment at a constant address.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// Its data segment.
    pub segment: u32,
    /// The segment's name, printable; empty if it has none.
    pub name: String,
    /// First address.
    pub start: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Span {
    /// Its addresses.
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.bytes
    }
}

/// Where things are in memory 0.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MemoryMap {
    /// Active segments in order of address.
    pub spans: Vec<Span>,
    /// The global that is the stack pointer, with its initial value.
    pub stack_pointer: Option<(u32, u64)>,
    /// Where the heap starts, if the module says so.
    pub heap_base: Option<u64>,
    /// Initial size of memory 0 in bytes.
    pub memory_bytes: u64,
}

impl MemoryMap {
    /// The map of a module's memory 0.
    pub fn new(module: &Module) -> MemoryMap {
        MemoryMap::of(module, 0)
    }

    /// The map of one of a module's memories; stack and heap are in memory 0.
    pub fn of(module: &Module, own: u32) -> MemoryMap {
        let mut spans = Vec::new();
        for (index, data) in module.data().iter().enumerate() {
            let DataMode::Active { memory, offset } = &data.mode else { continue };
            let Some(start) = constant(offset.ops()).filter(|_| memory.0 == own) else {
                continue;
            };
            // A segment that wraps around never becomes memory.
            let end = start.checked_add(data.range.len() as u64);
            if end.is_none_or(|end| end > ADDRESS_MAX) {
                continue;
            }
            let name =
                module.names().data(DataIdx(index as u32)).map(printable).unwrap_or_default();
            spans.push(Span { segment: index as u32, name, start, bytes: data.range.len() as u64 });
        }
        spans.sort_by_key(|span| (span.start, span.segment));
        let memory_bytes = module
            .memories()
            .get(own as usize)
            .map_or(0, |ty| ty.min.checked_shl(ty.page_size_log2).unwrap_or(u64::MAX));
        let heap_base = || value(module, global_named(module, "__heap_base")?);
        MemoryMap {
            spans,
            stack_pointer: if own == 0 { stack_pointer(module) } else { None },
            heap_base: if own == 0 { heap_base() } else { None },
            memory_bytes,
        }
    }

    /// From the first to the last address of a segment; `None` without active segments at constant
    /// addresses.
    pub fn data(&self) -> Option<Range<u64>> {
        let start = self.spans.first()?.start;
        let end = self.spans.iter().map(|span| span.range().end).max()?;
        Some(start..end)
    }

    /// The addresses that a constant may name: data, and unwritten memory up to the heap.
    pub fn addresses(&self) -> Option<Range<u64>> {
        let data = self.data()?;
        let end = self.heap_base.map_or(self.memory_bytes, |base| base.saturating_add(1));
        Some(data.start..end.max(data.end + 1))
    }

    /// The segment that an address is in.
    pub fn span_at(&self, address: u64) -> Option<&Span> {
        let after = self.spans.partition_point(|span| span.start <= address);
        self.spans[..after].iter().rev().take(4).find(|span| span.range().contains(&address))
    }

    /// An address in words: its segment, or the region that it lies in.
    pub fn describe(&self, address: u64) -> String {
        if let Some(span) = self.span_at(address) {
            let name = if span.name.is_empty() {
                format!("data {}", span.segment)
            } else {
                span.name.clone()
            };
            return format!("{name}+{}", address - span.start);
        }
        match (self.data(), self.stack_pointer) {
            (_, _) if self.memory_bytes <= address => "outside the initial memory".into(),
            (_, Some((_, top))) if address < top => "stack".into(),
            (Some(data), _) if address >= data.end => match self.heap_base {
                Some(base) if address >= base => "heap".into(),
                _ => "unwritten data (bss) or heap".into(),
            },
            _ => "memory".into(),
        }
    }
}

/// The value of a single constant.
pub fn constant(ops: &[ConstOp]) -> Option<u64> {
    match ops {
        [ConstOp::I32Const(value)] => Some(u64::from(*value as u32)),
        [ConstOp::I64Const(value)] => Some(*value as u64),
        _ => None,
    }
}

fn value(module: &Module, global: GlobalIdx) -> Option<u64> {
    constant(module.global_init(global)?.ops())
}

/// By name, by export; nothing but the name decides.
fn global_named(module: &Module, name: &str) -> Option<GlobalIdx> {
    let exported = module.export(name).filter(|export| export.kind == ExternKind::Global);
    let named = || (0..module.globals().len() as u32).map(GlobalIdx);
    exported
        .map(|export| GlobalIdx(export.index))
        .or_else(|| named().take(4096).find(|&global| module.names().global(global) == Some(name)))
}

/// The global named `__stack_pointer`; without names, the first, if it is a mutable i32 with an
/// initial value, as linkers make it.
fn stack_pointer(module: &Module) -> Option<(u32, u64)> {
    let by_shape = || {
        let first = module.global(GlobalIdx(0))?;
        (first.mutable && first.val == ValType::I32).then_some(GlobalIdx(0))
    };
    let global = global_named(module, "__stack_pointer").or_else(by_shape)?;
    Some((global.0, value(module, global)?))
}
