//! Rows of the op table: Structures, arrays, casts.
//!
//! The columns are explained in [`crate::ops`]. Of the classes `aggregate` and `allocate` the
//! expression is the Wasm operator, which the runtime executes on the window: operands lie there
//! bottom first, and the result comes to its first cells. What a heap type is as a number is said
//! by [`prova_module::heap_code`].

#[doc(hidden)]
#[macro_export]
macro_rules! aggregate_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            RefEq "ref.eq" pure [d:i32 <- a:ref_ b:ref_] { i64_eq(a, b) }
            // The number is 1: a small integer is twice its value and 1.
            RefI31 "ref.i31" pure [d:ref_ <- a:i32 n:i32s] { i64_extend_i32_u(i32_or(i32_shl(a, n), n)) }
            RefTest "ref.test" quick [d:i32 <- a:ref_ h:i32c] cx { cx.ref_test(a, h) }
            StructNew "struct.new" allocate [<- w:win y:type_] { prova_module::Opcode::StructNew }
            StructNewDefault "struct.new_default" allocate [<- w:win y:type_] { prova_module::Opcode::StructNewDefault }
            StructGet "struct.get" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructGet }
            StructGetS "struct.get_s" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructGetS }
            StructGetU "struct.get_u" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructGetU }
            StructSet "struct.set" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructSet }
            ArrayNew "array.new" allocate [<- w:win y:type_] { prova_module::Opcode::ArrayNew }
            ArrayNewDefault "array.new_default" allocate [<- w:win y:type_] { prova_module::Opcode::ArrayNewDefault }
            ArrayNewFixed "array.new_fixed" allocate [<- w:win y:type_ n:i32c] { prova_module::Opcode::ArrayNewFixed }
            ArrayNewData "array.new_data" allocate [<- w:win y:type_ x:data] { prova_module::Opcode::ArrayNewData }
            ArrayNewElem "array.new_elem" allocate [<- w:win y:type_ x:elem] { prova_module::Opcode::ArrayNewElem }
            ArrayGet "array.get" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayGet }
            ArrayGetS "array.get_s" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayGetS }
            ArrayGetU "array.get_u" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayGetU }
            ArraySet "array.set" aggregate [<- w:win y:type_] { prova_module::Opcode::ArraySet }
            ArrayLen "array.len" aggregate [<- w:win] { prova_module::Opcode::ArrayLen }
            ArrayFill "array.fill" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayFill }
            ArrayCopy "array.copy" aggregate [<- w:win y:type_ z:type_] { prova_module::Opcode::ArrayCopy }
            ArrayInitData "array.init_data" aggregate [<- w:win y:type_ x:data] { prova_module::Opcode::ArrayInitData }
            ArrayInitElem "array.init_elem" aggregate [<- w:win y:type_ x:elem] { prova_module::Opcode::ArrayInitElem }
            RefCastNonNull "ref.cast" aggregate [<- w:win h:i32c] { prova_module::Opcode::RefCastNonNull }
            RefCastNullable "ref.cast_null" aggregate [<- w:win h:i32c] { prova_module::Opcode::RefCastNullable }
            AnyConvertExtern "any.convert_extern" aggregate [<- w:win] { prova_module::Opcode::AnyConvertExtern }
            ExternConvertAny "extern.convert_any" aggregate [<- w:win] { prova_module::Opcode::ExternConvertAny }
            I31GetS "i31.get_s" aggregate [<- w:win] { prova_module::Opcode::I31GetS }
            I31GetU "i31.get_u" aggregate [<- w:win] { prova_module::Opcode::I31GetU }
        } [$($rest)*] $callback }
    };
}

use super::Op;
use prova_module::Opcode;

macro_rules! define_opcode {
    ($($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)?
        { $($e:tt)* })*) => {
        impl Op {
            /// The Wasm operator of an op of class `aggregate` or `allocate`.
            pub fn opcode(self) -> Option<Opcode> {
                match self {
                    $(Op::$name => define_opcode!(@of $class { $($e)* }),)*
                }
            }
        }
    };
    (@of aggregate { $e:expr }) => { Some($e) };
    (@of allocate { $e:expr }) => { Some($e) };
    (@of $class:ident $e:tt) => { None };
}
crate::for_each_op!(define_opcode);
