//! Rows of operators on structures, arrays, small integers and casts: signature and immediates as
//! the specification has them, and a function for each in the reference tier.

use super::control::{Case, run};
use prova_module::ops::{Class, Opcode, Row};
use prova_runtime::TrapKind as T;

/// Types and segments of every function; `$g` is the first function of the module.
const TYPES: &str = r#"
    (type $s (struct (field (mut i32)) (field (mut i8))))
    (type $a (array (mut i32))) (type $b (array (mut i8))) (type $f (array (mut funcref)))
    (func $g) (data $d "\01\02\83\04") (elem $m func $g $g)"#;

/// An operator: class, signature, immediates, locals, body, calls. `{op}` stands for the mnemonic.
type Entry =
    (Opcode, Class, &'static str, &'static str, &'static str, &'static str, &'static [Case]);

const NEW: Class = Class::allocate;
const USE: Class = Class::aggregate;
const CAST: Class = Class::br_on_cast;

/// Costs: one for each other operator, and for each 8 bytes begun of what is made or written; a
/// header has 8.
const ENTRIES: &[Entry] = &[
    (
        Opcode::RefEq,
        USE,
        "ref_ ref_ -> i32",
        "",
        "",
        "local.get 0 ref.i31 i32.const 5 ref.i31 {op}",
        &[(&[5], Ok(&[1]), 4), (&[6], Ok(&[0]), 4)],
    ),
    (
        Opcode::StructNew,
        NEW,
        "fields -> object",
        "type_",
        "",
        "local.get 0 i32.const 7 {op} $s struct.get $s 0",
        &[(&[9], Ok(&[9]), 5)],
    ),
    (
        Opcode::StructNewDefault,
        NEW,
        "-> object",
        "type_",
        "",
        "{op} $s struct.get $s 0",
        &[(&[9], Ok(&[0]), 3)],
    ),
    (
        Opcode::StructGet,
        USE,
        "ref_ -> field",
        "type_ field",
        "",
        "local.get 0 i32.const 7 struct.new $s {op} $s 0",
        &[(&[9], Ok(&[9]), 5)],
    ),
    (
        Opcode::StructGetS,
        USE,
        "ref_ -> i32",
        "type_ field",
        "",
        "i32.const 0 local.get 0 struct.new $s {op} $s 1",
        &[(&[0xff], Ok(&[0xffff_ffff]), 5)],
    ),
    (
        Opcode::StructGetU,
        USE,
        "ref_ -> i32",
        "type_ field",
        "",
        "i32.const 0 local.get 0 struct.new $s {op} $s 1",
        &[(&[0xff], Ok(&[0xff]), 5)],
    ),
    (
        Opcode::StructSet,
        USE,
        "ref_ field ->",
        "type_ field",
        "(local (ref null $s))",
        "struct.new_default $s local.tee 1 local.get 0 {op} $s 0 local.get 1 struct.get $s 0",
        &[(&[9], Ok(&[9]), 7)],
    ),
    (
        Opcode::ArrayNew,
        NEW,
        "element i32 -> object",
        "type_",
        "",
        "local.get 0 i32.const 3 {op} $a i32.const 2 array.get $a",
        &[(&[9], Ok(&[9]), 7)],
    ),
    (
        Opcode::ArrayNewDefault,
        NEW,
        "i32 -> object",
        "type_",
        "",
        "local.get 0 {op} $a array.len",
        &[(&[3], Ok(&[3]), 5)],
    ),
    (
        Opcode::ArrayNewFixed,
        NEW,
        "elements -> object",
        "type_ size",
        "",
        "local.get 0 i32.const 4 {op} $a 2 i32.const 0 array.get $a",
        &[(&[9], Ok(&[9]), 6)],
    ),
    (
        Opcode::ArrayNewData,
        NEW,
        "i32 i32 -> object",
        "type_ data",
        "",
        "i32.const 1 local.get 0 {op} $b $d i32.const 0 array.get_u $b",
        &[(&[2], Ok(&[2]), 6), (&[4], Err(T::MemoryOutOfBounds), 4)],
    ),
    (
        Opcode::ArrayNewElem,
        NEW,
        "i32 i32 -> object",
        "type_ elem",
        "",
        "i32.const 0 local.get 0 {op} $f $m array.len",
        &[(&[2], Ok(&[2]), 5), (&[3], Err(T::TableOutOfBounds), 3)],
    ),
    (
        Opcode::ArrayGet,
        USE,
        "ref_ i32 -> element",
        "type_",
        "",
        "i32.const 6 i32.const 2 array.new $a local.get 0 {op} $a",
        &[(&[1], Ok(&[6]), 6), (&[2], Err(T::ArrayOutOfBounds), 6)],
    ),
    (
        Opcode::ArrayGetS,
        USE,
        "ref_ i32 -> i32",
        "type_",
        "",
        "local.get 0 i32.const 1 array.new $b i32.const 0 {op} $b",
        &[(&[0xff], Ok(&[0xffff_ffff]), 6)],
    ),
    (
        Opcode::ArrayGetU,
        USE,
        "ref_ i32 -> i32",
        "type_",
        "",
        "local.get 0 i32.const 1 array.new $b i32.const 0 {op} $b",
        &[(&[0xff], Ok(&[0xff]), 6)],
    ),
    (
        Opcode::ArraySet,
        USE,
        "ref_ i32 element ->",
        "type_",
        "(local (ref null $a))",
        "i32.const 2 array.new_default $a local.tee 1 i32.const 1 local.get 0 {op} $a
            local.get 1 i32.const 1 array.get $a",
        &[(&[9], Ok(&[9]), 10)],
    ),
    (
        Opcode::ArrayLen,
        USE,
        "ref_ -> i32",
        "",
        "",
        "local.get 0 array.new_default $a {op}",
        &[(&[3], Ok(&[3]), 5)],
    ),
    (
        Opcode::ArrayFill,
        USE,
        "ref_ i32 element i32 ->",
        "type_",
        "(local (ref null $a))",
        "i32.const 4 array.new_default $a local.tee 1 i32.const 1 local.get 0 i32.const 2 {op} $a
            local.get 1 i32.const 2 array.get $a",
        &[(&[9], Ok(&[9]), 13)],
    ),
    (
        Opcode::ArrayCopy,
        USE,
        "ref_ i32 ref_ i32 i32 ->",
        "type_ type_",
        "(local (ref null $a))",
        "local.get 0 i32.const 2 array.new $a local.tee 1 i32.const 0 local.get 1 i32.const 1
            i32.const 1 {op} $a $a local.get 1 i32.const 0 array.get $a",
        &[(&[9], Ok(&[9]), 14)],
    ),
    (
        Opcode::ArrayInitData,
        USE,
        "ref_ i32 i32 i32 ->",
        "type_ data",
        "(local (ref null $b))",
        "i32.const 4 array.new_default $b local.tee 1 i32.const 0 i32.const 1 local.get 0
            {op} $b $d local.get 1 i32.const 0 array.get_u $b",
        &[
            (&[2], Ok(&[2]), 12),
            (&[4], Err(T::MemoryOutOfBounds), 11),
            (&[5], Err(T::ArrayOutOfBounds), 11),
        ],
    ),
    (
        Opcode::ArrayInitElem,
        USE,
        "ref_ i32 i32 i32 ->",
        "type_ elem",
        "(local (ref null $f))",
        "i32.const 4 array.new_default $f local.tee 1 i32.const 0 i32.const 0 local.get 0
            {op} $f $m local.get 1 i32.const 0 array.get $f ref.is_null",
        &[(&[2], Ok(&[0]), 14), (&[3], Err(T::TableOutOfBounds), 13)],
    ),
    (
        Opcode::RefTestNonNull,
        USE,
        "ref_ -> i32",
        "heap",
        "",
        "local.get 0 if (result anyref) ref.null any else i32.const 0 ref.i31 end
            {op} (ref i31)",
        &[(&[0], Ok(&[1]), 4), (&[1], Ok(&[0]), 3)],
    ),
    (
        Opcode::RefTestNullable,
        USE,
        "ref_ -> i32",
        "heap",
        "",
        "local.get 0 if (result anyref) ref.null any else i32.const 0 ref.i31 end
            {op} (ref null array)",
        &[(&[0], Ok(&[0]), 4), (&[1], Ok(&[1]), 3)],
    ),
    (
        Opcode::RefCastNonNull,
        USE,
        "ref_ -> cast",
        "heap",
        "",
        "local.get 0 if (result anyref) ref.null any else i32.const 7 ref.i31 end
            {op} (ref i31) i31.get_u",
        &[(&[0], Ok(&[7]), 5), (&[1], Err(T::CastFailure), 4)],
    ),
    (
        Opcode::RefCastNullable,
        USE,
        "ref_ -> cast",
        "heap",
        "",
        "local.get 0 if (result anyref) ref.null any else i32.const 7 ref.i31 end
            {op} (ref null array) ref.is_null",
        &[(&[0], Err(T::CastFailure), 5), (&[1], Ok(&[1]), 4)],
    ),
    (
        Opcode::BrOnCast,
        CAST,
        "label -> label",
        "label ref_type ref_type",
        "",
        "block (result (ref i31)) local.get 0 ref.i31 {op} 0 anyref (ref i31)
            drop i32.const 1 return end drop i32.const 2",
        &[(&[5], Ok(&[2]), 3)],
    ),
    (
        Opcode::BrOnCastFail,
        CAST,
        "label -> label",
        "label ref_type ref_type",
        "",
        "block (result anyref) local.get 0 ref.i31 {op} 0 anyref (ref i31)
            drop i32.const 1 return end drop i32.const 2",
        &[(&[5], Ok(&[1]), 3)],
    ),
    (
        Opcode::AnyConvertExtern,
        USE,
        "ref_ -> anyref",
        "",
        "",
        "ref.null extern {op} ref.is_null",
        &[(&[9], Ok(&[1]), 2)],
    ),
    (
        Opcode::ExternConvertAny,
        USE,
        "ref_ -> externref",
        "",
        "",
        "local.get 0 ref.i31 {op} ref.is_null",
        &[(&[9], Ok(&[0]), 3)],
    ),
    (
        Opcode::RefI31,
        USE,
        "i32 -> i31",
        "",
        "",
        "local.get 0 {op} i31.get_s",
        &[(&[5], Ok(&[5]), 2), (&[0x4000_0000], Ok(&[0xc000_0000]), 2)],
    ),
    (
        Opcode::I31GetS,
        USE,
        "ref_ -> i32",
        "",
        "",
        "local.get 0 ref.i31 {op}",
        &[(&[0x7fff_ffff], Ok(&[0xffff_ffff]), 2)],
    ),
    (
        Opcode::I31GetU,
        USE,
        "ref_ -> i32",
        "",
        "",
        "local.get 0 ref.i31 {op}",
        &[(&[0xffff_ffff], Ok(&[0x7fff_ffff]), 2)],
    ),
];

/// The names of kinds, as the table has them.
fn names<K: std::fmt::Debug>(kinds: &[K]) -> String {
    kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(" ")
}

/// The fault of a row of these classes.
pub(super) fn fault(row: &Row) -> Option<String> {
    let entry = ENTRIES.iter().find(|(opcode, ..)| *opcode == row.opcode);
    let Some((_, class, signature, immediates, locals, body, cases)) = entry else {
        return Some(format!("class {:?}, though it is no operator on objects", row.class));
    };
    let own = format!("{} -> {}", names(row.params), names(row.results));
    let own = own.trim();
    if row.class != *class || own != *signature || names(row.immediates) != *immediates {
        return Some(format!("{:?} [{own}] ({})", row.class, names(row.immediates)));
    }
    let body = body.replace("{op}", row.mnemonic);
    let ty = format!("(param i32) (result i32) {locals}");
    let text = format!(r#"(module {TYPES} (func (export "f") {ty} {body}))"#);
    run(row, &text, cases).err()
}
