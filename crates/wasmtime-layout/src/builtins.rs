//! Wasmtime 48's builtins: where each stands in the table, what the host believes of its arguments,
//! and the answer by which it says that it failed (source: `wasmtime-environ` 48.0.8, module
//! `builtin`, and the functions of `wasmtime` 48.0.8, module `vm::libcalls`).
//!
//! A builtin that has no row here has no rule: neither its caller nor a call of it is accepted.

use crate::module::Module;
use prova_check::{Answer, Argument, Failure, Hosted, Widths};

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
/// holds only as long as the heap says sizes as the host wrote them, and code may write there, if
/// it does not keep the heap.
const HEADER: u32 = 8;

/// The same of the collector that counts references (`VMDrcHeader`): what code must not write.
const COUNTED: u32 = 0x18;

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
        widths: Widths::default(),
    }
}

/// A heap of collected objects, to code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    /// There is none.
    None,
    /// Code may write there what it likes.
    Any,
    /// Code writes there nothing but the values of new objects (H7 of the check's `hosted`).
    Kept,
}

/// The builtin of this name; those of collected objects have no rule without a heap, which the host
/// would look for in vain.
pub(crate) fn builtin(name: &str, module: &Module, heap: Heap) -> Option<Hosted> {
    use Argument::{Byte, Bytes, Element, Index, Listed, Memory, Number, Source, Table};
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
        "gc_alloc_raw" | "throw_ref" => return of_objects(name, module, heap),
        "get_instance_id" => (43, &[], number, none),
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
    let (quiet, widths) = (is_quiet(name), widths(name));
    Some(Hosted { arguments, answer, index, fails, quiet, anyone, listed, widths })
}

/// A builtin of collected objects.
fn of_objects(name: &str, module: &Module, heap: Heap) -> Option<Hosted> {
    use Argument::{Collected, Number, Object, OneOf, Size};
    let (kept, size) = match heap {
        Heap::None => return None,
        Heap::Any => (false, Number),
        Heap::Kept => (true, Size(COUNTED)),
    };
    let (arguments, index, answer, fails) = if name == "throw_ref" {
        (vec![if kept { Object } else { Number }], 44, Answer::Number, Failure::False)
    } else {
        // An object of a tag: its kind, type, size, alignment.
        let arguments = vec![OneOf(&[EXCEPTION]), Collected, size, OneOf(&[8, 16])];
        let memory = u32::try_from(module.memories.len()).unwrap_or(u32::MAX);
        let (bytes, size) = if kept { (COUNTED, Some(2)) } else { (HEADER, None) };
        (arguments, 24, Answer::Object { memory, bytes, size }, Failure::Zero)
    };
    let (fails, quiet, anyone, listed) = (Some(fails), false, false, Vec::new());
    Some(Hosted { arguments, answer, index, fails, quiet, anyone, listed, widths: widths(name) })
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

/// The bytes that arguments and result of a builtin have: those of its types, where a `bool` has
/// one (source: `wasmtime-environ` 48.0.8, module `builtin`).
fn widths(name: &str) -> Widths {
    // Arguments in general registers, in vector registers; the result in each.
    let (arguments, vectors, result, vector): (&[u8], &[u8], u8, u8) = match name {
        "memory_grow" => (&[8, 4], &[], 8, 0),
        "memory_copy" => (&[8, 8, 8], &[], 0, 0),
        "memory_fill" => (&[8, 4, 8], &[], 0, 0),
        "passive_elem_segment_len" | "passive_elem_segment_base" | "ref_func" => (&[4], &[], 8, 0),
        "passive_elem_segment_drop" | "throw_ref" => (&[4], &[], 1, 0),
        "table_get_lazy_init_func_ref" | "table_grow" => (&[4, 8], &[], 8, 0),
        "out_of_gas" => (&[], &[], 1, 0),
        "new_epoch" => (&[], &[], 8, 0),
        "ceil_f32" | "floor_f32" | "trunc_f32" | "nearest_f32" => (&[], &[4], 0, 4),
        "ceil_f64" | "floor_f64" | "trunc_f64" | "nearest_f64" => (&[], &[8], 0, 8),
        "i8x16_swizzle" => (&[], &[16, 16], 0, 16),
        "i8x16_shuffle" | "fma_f32x4" | "fma_f64x2" => (&[], &[16, 16, 16], 0, 16),
        "gc_alloc_raw" => (&[4, 4, 4, 4], &[], 4, 0),
        "get_instance_id" => (&[], &[], 4, 0),
        "trap" => (&[1], &[], 0, 0),
        _ => (&[], &[], 0, 0),
    };
    Widths { arguments: arguments.to_vec(), vectors: vectors.to_vec(), result, vector }
}
