//! Rows of the table of operators: Loads, stores, growth, bulk operators and data segments; those
//! of `v128` are in `vector`.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! memory_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Accesses.
            I32Load "i32.load" 1 load [p:addr -> i32] (o:memarg) m:u32 { m }
            I64Load "i64.load" 1 load [p:addr -> i64] (o:memarg) m:u64 { m }
            F32Load "f32.load" 1 load [p:addr -> f32] (o:memarg) m:u32 { f32_load(m) }
            F64Load "f64.load" 1 load [p:addr -> f64] (o:memarg) m:u64 { f64_load(m) }
            I32Load8S "i32.load8_s" 1 load [p:addr -> i32] (o:memarg) m:u8 { i32_load8_s(m) }
            I32Load8U "i32.load8_u" 1 load [p:addr -> i32] (o:memarg) m:u8 { i32_load8_u(m) }
            I32Load16S "i32.load16_s" 1 load [p:addr -> i32] (o:memarg) m:u16 { i32_load16_s(m) }
            I32Load16U "i32.load16_u" 1 load [p:addr -> i32] (o:memarg) m:u16 { i32_load16_u(m) }
            I64Load8S "i64.load8_s" 1 load [p:addr -> i64] (o:memarg) m:u8 { i64_load8_s(m) }
            I64Load8U "i64.load8_u" 1 load [p:addr -> i64] (o:memarg) m:u8 { i64_load8_u(m) }
            I64Load16S "i64.load16_s" 1 load [p:addr -> i64] (o:memarg) m:u16 { i64_load16_s(m) }
            I64Load16U "i64.load16_u" 1 load [p:addr -> i64] (o:memarg) m:u16 { i64_load16_u(m) }
            I64Load32S "i64.load32_s" 1 load [p:addr -> i64] (o:memarg) m:u32 { i64_load32_s(m) }
            I64Load32U "i64.load32_u" 1 load [p:addr -> i64] (o:memarg) m:u32 { i64_load32_u(m) }
            I32Store "i32.store" 1 store [p:addr v:i32 ->] (o:memarg) m:u32 { v }
            I64Store "i64.store" 1 store [p:addr v:i64 ->] (o:memarg) m:u64 { v }
            F32Store "f32.store" 1 store [p:addr v:f32 ->] (o:memarg) m:u32 { f32_store(v) }
            F64Store "f64.store" 1 store [p:addr v:f64 ->] (o:memarg) m:u64 { f64_store(v) }
            I32Store8 "i32.store8" 1 store [p:addr v:i32 ->] (o:memarg) m:u8 { i32_store8(v) }
            I32Store16 "i32.store16" 1 store [p:addr v:i32 ->] (o:memarg) m:u16 { i32_store16(v) }
            I64Store8 "i64.store8" 1 store [p:addr v:i64 ->] (o:memarg) m:u8 { i64_store8(v) }
            I64Store16 "i64.store16" 1 store [p:addr v:i64 ->] (o:memarg) m:u16 { i64_store16(v) }
            I64Store32 "i64.store32" 1 store [p:addr v:i64 ->] (o:memarg) m:u32 { i64_store32(v) }
            // Size, growth and bulk operators.
            MemorySize "memory.size" 1 quick [-> addr] (k:mem) cx { cx.memory_size(k) }
            MemoryGrow "memory.grow" 1 effect [n:addr -> addr] (k:mem) cx { cx.memory_grow(k, n) }
            MemoryFill "memory.fill" 1 effect [d:addr a:i32 n:addr ->] (k:mem) cx { cx.memory_fill(k, d, a, n) }
            MemoryCopy "memory.copy" 1 effect [d:addr s:addr2 n:addr_min ->] (k:mem j:mem) cx { cx.memory_copy(k, j, d, s, n) }
            MemoryInit "memory.init" 1 effect [d:addr s:i32 n:i32 ->] (x:data k:mem) cx { cx.memory_init(k, x, d, s, n) }
            DataDrop "data.drop" 1 effect [->] (x:data) cx { cx.data_drop(x) }
        } [$($rest)*] $($callback)* }
    };
}
