//! Rows of the op table: Loads, stores, growth, bulk operators and data segments.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! memory_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Memory 0 with 32-bit addresses and a 32-bit offset.
            I32Load "i32.load" load [d:i32 <- p:i32 o:off32] m:u32 { m }
            I64Load "i64.load" load [d:i64 <- p:i32 o:off32] m:u64 { m }
            I32Load8S "i32.load8_s" load [d:i32 <- p:i32 o:off32] m:u8 { i32_load8_s(m) }
            I32Load8U "i32.load8_u" load [d:i32 <- p:i32 o:off32] m:u8 { i32_load8_u(m) }
            I32Load16S "i32.load16_s" load [d:i32 <- p:i32 o:off32] m:u16 { i32_load16_s(m) }
            I32Load16U "i32.load16_u" load [d:i32 <- p:i32 o:off32] m:u16 { i32_load16_u(m) }
            I64Load8S "i64.load8_s" load [d:i64 <- p:i32 o:off32] m:u8 { i64_load8_s(m) }
            I64Load8U "i64.load8_u" load [d:i64 <- p:i32 o:off32] m:u8 { i64_load8_u(m) }
            I64Load16S "i64.load16_s" load [d:i64 <- p:i32 o:off32] m:u16 { i64_load16_s(m) }
            I64Load16U "i64.load16_u" load [d:i64 <- p:i32 o:off32] m:u16 { i64_load16_u(m) }
            I64Load32S "i64.load32_s" load [d:i64 <- p:i32 o:off32] m:u32 { i64_load32_s(m) }
            I64Load32U "i64.load32_u" load [d:i64 <- p:i32 o:off32] m:u32 { i64_load32_u(m) }
            I32Store "i32.store" store [<- p:i32 v:i32 o:off32] { v }
            I64Store "i64.store" store [<- p:i32 v:i64 o:off32] { v }
            I32Store8 "i32.store8" store [<- p:i32 v:i32 o:off32] { i32_store8(v) }
            I32Store16 "i32.store16" store [<- p:i32 v:i32 o:off32] { i32_store16(v) }
            I64Store8 "i64.store8" store [<- p:i32 v:i64 o:off32] { i64_store8(v) }
            I64Store16 "i64.store16" store [<- p:i32 v:i64 o:off32] { i64_store16(v) }
            I64Store32 "i64.store32" store [<- p:i32 v:i64 o:off32] { i64_store32(v) }
            // Floats by their accumulators.
            F32Load "f32.load" load [d:f32 <- p:i32 o:off32] m:u32 { f32_of(m) }
            F64Load "f64.load" load [d:f64 <- p:i32 o:off32] m:u64 { f64_of(m) }
            F32Store "f32.store" store [<- p:i32 v:f32 o:off32] { f32_bits(v) }
            F64Store "f64.store" store [<- p:i32 v:f64 o:off32] { f64_bits(v) }
            // The address is a sum in 32 bits: of two slots, or of a slot and an immediate.
            I32LoadIdx "i32.load_idx" load_idx [d:i32 <- p:i32 q:i32 o:off16] m:u32 { m }
            I64LoadIdx "i64.load_idx" load_idx [d:i64 <- p:i32 q:i32 o:off16] m:u64 { m }
            I32Load8SIdx "i32.load8_s_idx" load_idx [d:i32 <- p:i32 q:i32 o:off16] m:u8 { i32_load8_s(m) }
            I32Load8UIdx "i32.load8_u_idx" load_idx [d:i32 <- p:i32 q:i32 o:off16] m:u8 { i32_load8_u(m) }
            I32Load16SIdx "i32.load16_s_idx" load_idx [d:i32 <- p:i32 q:i32 o:off16] m:u16 { i32_load16_s(m) }
            I32Load16UIdx "i32.load16_u_idx" load_idx [d:i32 <- p:i32 q:i32 o:off16] m:u16 { i32_load16_u(m) }
            I64Load32SIdx "i64.load32_s_idx" load_idx [d:i64 <- p:i32 q:i32 o:off16] m:u32 { i64_load32_s(m) }
            I64Load32UIdx "i64.load32_u_idx" load_idx [d:i64 <- p:i32 q:i32 o:off16] m:u32 { i64_load32_u(m) }
            I32LoadAt "i32.load_at" load_idx [d:i32 <- p:i32 q:i32s o:off16] m:u32 { m }
            I64LoadAt "i64.load_at" load_idx [d:i64 <- p:i32 q:i32s o:off16] m:u64 { m }
            I32Load8SAt "i32.load8_s_at" load_idx [d:i32 <- p:i32 q:i32s o:off16] m:u8 { i32_load8_s(m) }
            I32Load8UAt "i32.load8_u_at" load_idx [d:i32 <- p:i32 q:i32s o:off16] m:u8 { i32_load8_u(m) }
            I32Load16SAt "i32.load16_s_at" load_idx [d:i32 <- p:i32 q:i32s o:off16] m:u16 { i32_load16_s(m) }
            I32Load16UAt "i32.load16_u_at" load_idx [d:i32 <- p:i32 q:i32s o:off16] m:u16 { i32_load16_u(m) }
            I64Load32SAt "i64.load32_s_at" load_idx [d:i64 <- p:i32 q:i32s o:off16] m:u32 { i64_load32_s(m) }
            I64Load32UAt "i64.load32_u_at" load_idx [d:i64 <- p:i32 q:i32s o:off16] m:u32 { i64_load32_u(m) }
            F32LoadIdx "f32.load_idx" load_idx [d:f32 <- p:i32 q:i32 o:off16] m:u32 { f32_of(m) }
            F64LoadIdx "f64.load_idx" load_idx [d:f64 <- p:i32 q:i32 o:off16] m:u64 { f64_of(m) }
            F32LoadAt "f32.load_at" load_idx [d:f32 <- p:i32 q:i32s o:off16] m:u32 { f32_of(m) }
            F64LoadAt "f64.load_at" load_idx [d:f64 <- p:i32 q:i32s o:off16] m:u64 { f64_of(m) }
            // An immediate is stored.
            I32StoreImm "i32.store_imm" store [<- p:i32 v:i32s o:off32] { v }
            I64StoreImm "i64.store_imm" store [<- p:i32 v:i64s o:off32] { v }
            I32Store8Imm "i32.store8_imm" store [<- p:i32 v:i32s o:off32] { i32_store8(v) }
            I32Store16Imm "i32.store16_imm" store [<- p:i32 v:i32s o:off32] { i32_store16(v) }
            // Any memory, any address type, any offset. f32 and f64 use the integer forms: a cell
            // holds bits.
            I32LoadFar "i32.load_far" load_far [d:i32 <- p:addr o:off64 k:mem] m:u32 { m }
            I64LoadFar "i64.load_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u64 { m }
            I32Load8SFar "i32.load8_s_far" load_far [d:i32 <- p:addr o:off64 k:mem] m:u8 { i32_load8_s(m) }
            I32Load8UFar "i32.load8_u_far" load_far [d:i32 <- p:addr o:off64 k:mem] m:u8 { i32_load8_u(m) }
            I32Load16SFar "i32.load16_s_far" load_far [d:i32 <- p:addr o:off64 k:mem] m:u16 { i32_load16_s(m) }
            I32Load16UFar "i32.load16_u_far" load_far [d:i32 <- p:addr o:off64 k:mem] m:u16 { i32_load16_u(m) }
            I64Load8SFar "i64.load8_s_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u8 { i64_load8_s(m) }
            I64Load8UFar "i64.load8_u_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u8 { i64_load8_u(m) }
            I64Load16SFar "i64.load16_s_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u16 { i64_load16_s(m) }
            I64Load16UFar "i64.load16_u_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u16 { i64_load16_u(m) }
            I64Load32SFar "i64.load32_s_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u32 { i64_load32_s(m) }
            I64Load32UFar "i64.load32_u_far" load_far [d:i64 <- p:addr o:off64 k:mem] m:u32 { i64_load32_u(m) }
            I32StoreFar "i32.store_far" store_far [<- p:addr o:off64 k:mem v:i32] { v }
            I64StoreFar "i64.store_far" store_far [<- p:addr o:off64 k:mem v:i64] { v }
            I32Store8Far "i32.store8_far" store_far [<- p:addr o:off64 k:mem v:i32] { i32_store8(v) }
            I32Store16Far "i32.store16_far" store_far [<- p:addr o:off64 k:mem v:i32] { i32_store16(v) }
            I64Store8Far "i64.store8_far" store_far [<- p:addr o:off64 k:mem v:i64] { i64_store8(v) }
            I64Store16Far "i64.store16_far" store_far [<- p:addr o:off64 k:mem v:i64] { i64_store16(v) }
            I64Store32Far "i64.store32_far" store_far [<- p:addr o:off64 k:mem v:i64] { i64_store32(v) }
            // Size, growth and bulk operators.
            MemorySize "memory.size" effect [d:addr <- k:mem] cx { cx.memory_size(k) }
            MemoryGrow "memory.grow" effect [d:addr <- n:addr k:mem] cx { cx.memory_grow(k, n) }
            MemoryFill "memory.fill" effect0 [<- d:addr a:i32 n:addr k:mem] cx { cx.memory_fill(k, d, a, n) }
            MemoryCopy "memory.copy" effect0 [<- d:addr s:addr n:addr k:mem j:mem] cx { cx.memory_copy(k, j, d, s, n) }
            MemoryInit "memory.init" effect0 [<- d:addr s:i32 n:i32 k:mem x:data] cx { cx.memory_init(k, x, d, s, n) }
            DataDrop "data.drop" effect0 [<- x:data] cx { cx.data_drop(x) }
        } [$($rest)*] $callback }
    };
}
