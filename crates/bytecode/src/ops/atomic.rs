//! Rows of the op table: Atomic operators on unshared memories, and every access of a shared one.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! atomic_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Atomics on unshared memories: the plain access behind an alignment test.
            I32AtomicLoad "i32.atomic.load" atomic_load [d:i32 <- p:addr o:off64 k:mem] m:u32 { m }
            I64AtomicLoad "i64.atomic.load" atomic_load [d:i64 <- p:addr o:off64 k:mem] m:u64 { m }
            I32AtomicLoad8U "i32.atomic.load8_u" atomic_load [d:i32 <- p:addr o:off64 k:mem] m:u8 { i32_load8_u(m) }
            I32AtomicLoad16U "i32.atomic.load16_u" atomic_load [d:i32 <- p:addr o:off64 k:mem] m:u16 { i32_load16_u(m) }
            I64AtomicLoad8U "i64.atomic.load8_u" atomic_load [d:i64 <- p:addr o:off64 k:mem] m:u8 { i64_load8_u(m) }
            I64AtomicLoad16U "i64.atomic.load16_u" atomic_load [d:i64 <- p:addr o:off64 k:mem] m:u16 { i64_load16_u(m) }
            I64AtomicLoad32U "i64.atomic.load32_u" atomic_load [d:i64 <- p:addr o:off64 k:mem] m:u32 { i64_load32_u(m) }
            I32AtomicStore "i32.atomic.store" atomic_store [<- p:addr o:off64 k:mem v:i32] { v }
            I64AtomicStore "i64.atomic.store" atomic_store [<- p:addr o:off64 k:mem v:i64] { v }
            I32AtomicStore8 "i32.atomic.store8" atomic_store [<- p:addr o:off64 k:mem v:i32] { i32_store8(v) }
            I32AtomicStore16 "i32.atomic.store16" atomic_store [<- p:addr o:off64 k:mem v:i32] { i32_store16(v) }
            I64AtomicStore8 "i64.atomic.store8" atomic_store [<- p:addr o:off64 k:mem v:i64] { i64_store8(v) }
            I64AtomicStore16 "i64.atomic.store16" atomic_store [<- p:addr o:off64 k:mem v:i64] { i64_store16(v) }
            I64AtomicStore32 "i64.atomic.store32" atomic_store [<- p:addr o:off64 k:mem v:i64] { i64_store32(v) }
            I32AtomicRmwAdd "i32.atomic.rmw.add" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, i32_add(m, v)) }
            I64AtomicRmwAdd "i64.atomic.rmw.add" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, i64_add(m, v)) }
            I32AtomicRmw8AddU "i32.atomic.rmw8.add_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(i32_add(i32_load8_u(m), v))) }
            I32AtomicRmw16AddU "i32.atomic.rmw16.add_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(i32_add(i32_load16_u(m), v))) }
            I64AtomicRmw8AddU "i64.atomic.rmw8.add_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(i64_add(i64_load8_u(m), v))) }
            I64AtomicRmw16AddU "i64.atomic.rmw16.add_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(i64_add(i64_load16_u(m), v))) }
            I64AtomicRmw32AddU "i64.atomic.rmw32.add_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(i64_add(i64_load32_u(m), v))) }
            I32AtomicRmwSub "i32.atomic.rmw.sub" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, i32_sub(m, v)) }
            I64AtomicRmwSub "i64.atomic.rmw.sub" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, i64_sub(m, v)) }
            I32AtomicRmw8SubU "i32.atomic.rmw8.sub_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(i32_sub(i32_load8_u(m), v))) }
            I32AtomicRmw16SubU "i32.atomic.rmw16.sub_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(i32_sub(i32_load16_u(m), v))) }
            I64AtomicRmw8SubU "i64.atomic.rmw8.sub_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(i64_sub(i64_load8_u(m), v))) }
            I64AtomicRmw16SubU "i64.atomic.rmw16.sub_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(i64_sub(i64_load16_u(m), v))) }
            I64AtomicRmw32SubU "i64.atomic.rmw32.sub_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(i64_sub(i64_load32_u(m), v))) }
            I32AtomicRmwAnd "i32.atomic.rmw.and" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, i32_and(m, v)) }
            I64AtomicRmwAnd "i64.atomic.rmw.and" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, i64_and(m, v)) }
            I32AtomicRmw8AndU "i32.atomic.rmw8.and_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(i32_and(i32_load8_u(m), v))) }
            I32AtomicRmw16AndU "i32.atomic.rmw16.and_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(i32_and(i32_load16_u(m), v))) }
            I64AtomicRmw8AndU "i64.atomic.rmw8.and_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(i64_and(i64_load8_u(m), v))) }
            I64AtomicRmw16AndU "i64.atomic.rmw16.and_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(i64_and(i64_load16_u(m), v))) }
            I64AtomicRmw32AndU "i64.atomic.rmw32.and_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(i64_and(i64_load32_u(m), v))) }
            I32AtomicRmwOr "i32.atomic.rmw.or" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, i32_or(m, v)) }
            I64AtomicRmwOr "i64.atomic.rmw.or" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, i64_or(m, v)) }
            I32AtomicRmw8OrU "i32.atomic.rmw8.or_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(i32_or(i32_load8_u(m), v))) }
            I32AtomicRmw16OrU "i32.atomic.rmw16.or_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(i32_or(i32_load16_u(m), v))) }
            I64AtomicRmw8OrU "i64.atomic.rmw8.or_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(i64_or(i64_load8_u(m), v))) }
            I64AtomicRmw16OrU "i64.atomic.rmw16.or_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(i64_or(i64_load16_u(m), v))) }
            I64AtomicRmw32OrU "i64.atomic.rmw32.or_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(i64_or(i64_load32_u(m), v))) }
            I32AtomicRmwXor "i32.atomic.rmw.xor" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, i32_xor(m, v)) }
            I64AtomicRmwXor "i64.atomic.rmw.xor" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, i64_xor(m, v)) }
            I32AtomicRmw8XorU "i32.atomic.rmw8.xor_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(i32_xor(i32_load8_u(m), v))) }
            I32AtomicRmw16XorU "i32.atomic.rmw16.xor_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(i32_xor(i32_load16_u(m), v))) }
            I64AtomicRmw8XorU "i64.atomic.rmw8.xor_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(i64_xor(i64_load8_u(m), v))) }
            I64AtomicRmw16XorU "i64.atomic.rmw16.xor_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(i64_xor(i64_load16_u(m), v))) }
            I64AtomicRmw32XorU "i64.atomic.rmw32.xor_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(i64_xor(i64_load32_u(m), v))) }
            I32AtomicRmwXchg "i32.atomic.rmw.xchg" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u32 { (m, v) }
            I64AtomicRmwXchg "i64.atomic.rmw.xchg" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u64 { (m, v) }
            I32AtomicRmw8XchgU "i32.atomic.rmw8.xchg_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u8 { (i32_load8_u(m), i32_store8(v)) }
            I32AtomicRmw16XchgU "i32.atomic.rmw16.xchg_u" atomic_rmw [d:i32 <- p:addr o:off64 k:mem v:i32] m:u16 { (i32_load16_u(m), i32_store16(v)) }
            I64AtomicRmw8XchgU "i64.atomic.rmw8.xchg_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u8 { (i64_load8_u(m), i64_store8(v)) }
            I64AtomicRmw16XchgU "i64.atomic.rmw16.xchg_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u16 { (i64_load16_u(m), i64_store16(v)) }
            I64AtomicRmw32XchgU "i64.atomic.rmw32.xchg_u" atomic_rmw [d:i64 <- p:addr o:off64 k:mem v:i64] m:u32 { (i64_load32_u(m), i64_store32(v)) }
            I32AtomicRmwCmpxchg "i32.atomic.rmw.cmpxchg" atomic_cmpxchg [d:i32 <- p:addr o:off64 k:mem x:i32 v:i32] m:u32 { (m, x, v) }
            I64AtomicRmwCmpxchg "i64.atomic.rmw.cmpxchg" atomic_cmpxchg [d:i64 <- p:addr o:off64 k:mem x:i64 v:i64] m:u64 { (m, x, v) }
            I32AtomicRmw8CmpxchgU "i32.atomic.rmw8.cmpxchg_u" atomic_cmpxchg [d:i32 <- p:addr o:off64 k:mem x:i32 v:i32] m:u8 { (i32_load8_u(m), i32_store8(x), i32_store8(v)) }
            I32AtomicRmw16CmpxchgU "i32.atomic.rmw16.cmpxchg_u" atomic_cmpxchg [d:i32 <- p:addr o:off64 k:mem x:i32 v:i32] m:u16 { (i32_load16_u(m), i32_store16(x), i32_store16(v)) }
            I64AtomicRmw8CmpxchgU "i64.atomic.rmw8.cmpxchg_u" atomic_cmpxchg [d:i64 <- p:addr o:off64 k:mem x:i64 v:i64] m:u8 { (i64_load8_u(m), i64_store8(x), i64_store8(v)) }
            I64AtomicRmw16CmpxchgU "i64.atomic.rmw16.cmpxchg_u" atomic_cmpxchg [d:i64 <- p:addr o:off64 k:mem x:i64 v:i64] m:u16 { (i64_load16_u(m), i64_store16(x), i64_store16(v)) }
            I64AtomicRmw32CmpxchgU "i64.atomic.rmw32.cmpxchg_u" atomic_cmpxchg [d:i64 <- p:addr o:off64 k:mem x:i64 v:i64] m:u32 { (i64_load32_u(m), i64_store32(x), i64_store32(v)) }
            // No wait can succeed on an unshared memory, where a notification wakes nobody.
            MemoryAtomicNotify "memory.atomic.notify" effect [d:i32 <- p:addr n:i32 o:off64 k:mem] cx { cx.atomic_notify(k, p, o, n) }
            MemoryAtomicWait32 "memory.atomic.wait32" effect [d:i32 <- p:addr x:i32 n:i64 o:off64 k:mem] cx { cx.atomic_wait32(k, p, o, x, n) }
            MemoryAtomicWait64 "memory.atomic.wait64" effect [d:i32 <- p:addr x:i64 n:i64 o:off64 k:mem] cx { cx.atomic_wait64(k, p, o, x, n) }
            AtomicFence "atomic.fence" quick0 [<-] cx { cx.atomic_fence() }
            // Every access of a shared memory, by the number of its operator and lane
            // (`prova_module::SharedAccess`). Operands lie in the window, the result comes there.
            SharedAccess "shared.access" shared [<- w:win x:i32c o:off64 k:mem] {}
        } [$($rest)*] $callback }
    };
}
