//! Wasmtime 48's builtins: where each stands in the table, what the host believes of its arguments,
//! and the answer by which it says that it failed (source: `wasmtime-environ` 48.0.8, module
//! `builtin`, and the functions of `wasmtime` 48.0.8, module `vm::libcalls`).
//!
//! A builtin that has no row here has no rule: neither its caller nor a call of it is accepted.

use crate::module::Module;
use prova_check::{Answer, Argument, Failure, Hosted};

/// How many builtins the table has.
pub(crate) const COUNT: u32 = 47;
/// The builtin that unwinds.
const RAISE: u32 = 41;
/// Traps of core modules, which come first (source: `wasmtime-environ` 48.0.8, module
/// `trap_encoding`).
const TRAPS: u8 = 17;
/// Traps that no operator has: the heap of collected objects is damaged, and a failed assertion.
const INTERNAL: [u8; 2] = [0xfe, 0xff];

/// The kind of objects that are exceptions (source: `wasmtime-environ` 48.0.8, `VMGcKind`).
const EXCEPTION: u32 = 1 << 26;
/// The bytes of a new object that each collector has written, in bounds, before it hands the object
/// out (source: `wasmtime` 48.0.8, `VMGcHeader` and `alloc_raw`). That all others lie in the heap
/// holds only as long as the heap says sizes as the host wrote them, and code writes there.
const HEADER: u32 = 8;

/// The builtin that unwinds, which has a caller only in code without signals.
pub(crate) fn raise() -> Hosted {
    Hosted {
        arguments: Vec::new(),
        answer: Answer::Never,
        index: RAISE,
        fails: None,
        quiet: true,
        anyone: false,
        listed: Vec::new(),
    }
}

/// The builtin of this name; those of collected objects have no rule without a `heap`, which the
/// host would look for in vain.
pub(crate) fn builtin(name: &str, module: &Module, heap: bool) -> Option<Hosted> {
    use Argument::{
        Byte, Bytes, Collected, Element, Index, Listed, Memory, Number, OneOf, Source, Table,
    };
    // Memories are counted from the first one that is not imported.
    let count = |list: usize| u32::try_from(list).unwrap_or(u32::MAX);
    let owned = count(module.memories.len()).saturating_sub(module.imported_memories);
    let tables = count(module.tables.len());
    let (number, none) = (Answer::Number, None);
    let minus = |n: u64| Some(Failure::Equals(n.wrapping_neg()));
    let falsy = Some(Failure::False);
    let (index, arguments, answer, fails): (u32, &[Argument], Answer, Option<Failure>) = match name
    {
        "memory_grow" => (0, &[Number, Memory(owned)], number, minus(2)),
        "memory_copy" => (1, &[Bytes(2), Source(2), Number], number, none),
        "memory_fill" => (2, &[Bytes(2), Number, Number], number, none),
        "passive_elem_segment_len" => {
            (3, &[Index(count(module.passive.len()))], Answer::Count(0), none)
        }
        "passive_elem_segment_base" => {
            (4, &[Index(count(module.passive.len()))], Answer::Elements(0), none)
        }
        "passive_elem_segment_drop" => (5, &[Index(count(module.passive.len()))], number, falsy),
        "ref_func" => (6, &[Listed], Answer::Reference(0), none),
        "table_get_lazy_init_func_ref" => {
            (7, &[Index(tables), Element(0)], Answer::Element(0), none)
        }
        "table_grow" => (8, &[Table, Number], number, minus(2)),
        "out_of_gas" => (12, &[], number, falsy),
        "new_epoch" => (13, &[], number, minus(1)),
        // Their arguments lie in vector registers.
        "ceil_f32" => (28, &[], number, none),
        "ceil_f64" => (29, &[], number, none),
        "floor_f32" => (30, &[], number, none),
        "floor_f64" => (31, &[], number, none),
        "trunc_f32" => (32, &[], number, none),
        "trunc_f64" => (33, &[], number, none),
        "nearest_f32" => (34, &[], number, none),
        "nearest_f64" => (35, &[], number, none),
        "i8x16_swizzle" => (36, &[], number, none),
        "i8x16_shuffle" => (37, &[], number, none),
        "fma_f32x4" => (38, &[], number, none),
        "fma_f64x2" => (39, &[], number, none),
        // An object of a tag: its kind, type, size, alignment.
        "gc_alloc_raw" if heap => {
            let arguments = &[OneOf(&[EXCEPTION]), Collected, Number, OneOf(&[8, 16])];
            let object = Answer::Object { memory: count(module.memories.len()), bytes: HEADER };
            (24, arguments, object, Some(Failure::Zero))
        }
        "get_instance_id" => (43, &[], number, none),
        "throw_ref" if heap => (44, &[Number], number, falsy),
        "trap" => (40, &[Byte(TRAPS, &INTERNAL)], Answer::Trap, none),
        "raise" => return Some(raise()),
        _ => return None,
    };
    let listed = match name {
        "ref_func" => module.escaped.iter().copied().collect(),
        // New elements are null. Tables are counted as memories are.
        "table_grow" => {
            let own = module.tables.iter().skip(module.imported_tables as usize).zip(0..);
            own.filter(|(table, _)| table.ty.nullable).map(|(_, n)| n).collect()
        }
        _ => Vec::new(),
    };
    let arguments = arguments.to_vec();
    let anyone = matches!(name, "memory_grow" | "table_grow" | "get_instance_id");
    Some(Hosted { arguments, answer, index, fails, quiet: is_quiet(name), anyone, listed })
}

/// Whether a builtin runs no code of modules, drops no segment, moves no memory or table: what
/// fuel, epochs, growing or a collection make the host do, its embedder may say.
fn is_quiet(name: &str) -> bool {
    matches!(
        name,
        "memory_copy"
            | "memory_fill"
            | "passive_elem_segment_len"
            | "passive_elem_segment_base"
            | "ref_func"
            | "table_get_lazy_init_func_ref"
    )
}
