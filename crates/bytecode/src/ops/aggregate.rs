//! Rows of the op table: Structures, arrays, casts.
//!
//! The columns are explained in [`crate::ops`]. A field or element that is a number or a reference
//! to an object is loaded and stored by its place, as bytes of a memory are. Of the classes
//! `aggregate` and `allocate` the expression is the Wasm operator, which the runtime executes on
//! the window: operands lie there bottom first, and the result comes to its first cells. What a
//! heap type is as a number is said by [`prova_module::heap_code`].

#[doc(hidden)]
#[macro_export]
macro_rules! aggregate_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            RefEq "ref.eq" pure [d:i32 <- a:ref_ b:ref_] { i64_eq(a, b) }
            // The number is 1: a small integer is twice its value and 1.
            RefI31 "ref.i31" pure [d:ref_ <- a:i32 n:i32s] { i64_extend_i32_u(i32_or(i32_shl(a, n), n)) }
            RefTest "ref.test" quick [d:i32 <- a:ref_ h:i32c] cx { cx.ref_test(a, h) }
            // Traps unless the reference is one of the type; the value stays where it is.
            RefCast "ref.cast" guard [<- a:ref_ h:i32c] cx { cx.ref_cast(a, h) }
            // Fields, and the length of an array: the number is their place in the object.
            ObjectLoad32 "object.load32" object_load [d:i32 <- a:ref_ o:off32] m:u32 { m }
            ObjectLoad64 "object.load64" object_load [d:i64 <- a:ref_ o:off32] m:u64 { m }
            ObjectLoad8S "object.load8_s" object_load [d:i32 <- a:ref_ o:off32] m:u8 { i32_load8_s(m) }
            ObjectLoad8U "object.load8_u" object_load [d:i32 <- a:ref_ o:off32] m:u8 { i32_load8_u(m) }
            ObjectLoad16S "object.load16_s" object_load [d:i32 <- a:ref_ o:off32] m:u16 { i32_load16_s(m) }
            ObjectLoad16U "object.load16_u" object_load [d:i32 <- a:ref_ o:off32] m:u16 { i32_load16_u(m) }
            ObjectStore32 "object.store32" object_store [<- a:ref_ v:i32 o:off32] { v }
            ObjectStore64 "object.store64" object_store [<- a:ref_ v:i64 o:off32] { v }
            ObjectStore8 "object.store8" object_store [<- a:ref_ v:i32 o:off32] { i32_store8(v) }
            ObjectStore16 "object.store16" object_store [<- a:ref_ v:i32 o:off32] { i32_store16(v) }
            // Elements of an array, by their index.
            ArrayLoad32 "array.load32" array_load [d:i32 <- a:ref_ i:i32] m:u32 { m }
            ArrayLoad64 "array.load64" array_load [d:i64 <- a:ref_ i:i32] m:u64 { m }
            ArrayLoad8S "array.load8_s" array_load [d:i32 <- a:ref_ i:i32] m:u8 { i32_load8_s(m) }
            ArrayLoad8U "array.load8_u" array_load [d:i32 <- a:ref_ i:i32] m:u8 { i32_load8_u(m) }
            ArrayLoad16S "array.load16_s" array_load [d:i32 <- a:ref_ i:i32] m:u16 { i32_load16_s(m) }
            ArrayLoad16U "array.load16_u" array_load [d:i32 <- a:ref_ i:i32] m:u16 { i32_load16_u(m) }
            ArrayStore32 "array.store32" array_store [<- a:ref_ i:i32 v:i32] { v }
            ArrayStore64 "array.store64" array_store [<- a:ref_ i:i32 v:i64] { v }
            ArrayStore8 "array.store8" array_store [<- a:ref_ i:i32 v:i32] { i32_store8(v) }
            ArrayStore16 "array.store16" array_store [<- a:ref_ i:i32 v:i32] { i32_store16(v) }
            StructNew "struct.new" allocate [<- w:win y:type_] { prova_module::Opcode::StructNew }
            StructNewDefault "struct.new_default" allocate [<- w:win y:type_] { prova_module::Opcode::StructNewDefault }
            StructGet "struct.get" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructGet }
            StructSet "struct.set" aggregate [<- w:win y:type_ i:i32c] { prova_module::Opcode::StructSet }
            ArrayNew "array.new" allocate [<- w:win y:type_] { prova_module::Opcode::ArrayNew }
            ArrayNewDefault "array.new_default" allocate [<- w:win y:type_] { prova_module::Opcode::ArrayNewDefault }
            ArrayNewFixed "array.new_fixed" allocate [<- w:win y:type_ n:i32c] { prova_module::Opcode::ArrayNewFixed }
            ArrayNewData "array.new_data" allocate [<- w:win y:type_ x:data] { prova_module::Opcode::ArrayNewData }
            ArrayNewElem "array.new_elem" allocate [<- w:win y:type_ x:elem] { prova_module::Opcode::ArrayNewElem }
            ArrayGet "array.get" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayGet }
            ArraySet "array.set" aggregate [<- w:win y:type_] { prova_module::Opcode::ArraySet }
            ArrayFill "array.fill" aggregate [<- w:win y:type_] { prova_module::Opcode::ArrayFill }
            ArrayCopy "array.copy" aggregate [<- w:win y:type_ z:type_] { prova_module::Opcode::ArrayCopy }
            ArrayInitData "array.init_data" aggregate [<- w:win y:type_ x:data] { prova_module::Opcode::ArrayInitData }
            ArrayInitElem "array.init_elem" aggregate [<- w:win y:type_ x:elem] { prova_module::Opcode::ArrayInitElem }
            AnyConvertExtern "any.convert_extern" aggregate [<- w:win] { prova_module::Opcode::AnyConvertExtern }
            ExternConvertAny "extern.convert_any" aggregate [<- w:win] { prova_module::Opcode::ExternConvertAny }
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
