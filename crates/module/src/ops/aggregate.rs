//! Rows of the table of operators: Structures, arrays, casts.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! aggregate_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Garbage collection.
            RefEq "ref.eq" 1 aggregate [a:ref_ b:ref_ -> i32] () {}
            StructNew "struct.new" 1 allocate [a:fields -> object] (y:type_) {}
            StructNewDefault "struct.new_default" 1 allocate [-> object] (y:type_) {}
            StructGet "struct.get" 1 aggregate [a:ref_ -> field] (y:type_ i:field) {}
            StructGetS "struct.get_s" 1 aggregate [a:ref_ -> i32] (y:type_ i:field) {}
            StructGetU "struct.get_u" 1 aggregate [a:ref_ -> i32] (y:type_ i:field) {}
            StructSet "struct.set" 1 aggregate [a:ref_ v:field ->] (y:type_ i:field) {}
            ArrayNew "array.new" 1 allocate [v:element n:i32 -> object] (y:type_) {}
            ArrayNewDefault "array.new_default" 1 allocate [n:i32 -> object] (y:type_) {}
            ArrayNewFixed "array.new_fixed" 1 allocate [a:elements -> object] (y:type_ n:size) {}
            ArrayNewData "array.new_data" 1 allocate [s:i32 n:i32 -> object] (y:type_ x:data) {}
            ArrayNewElem "array.new_elem" 1 allocate [s:i32 n:i32 -> object] (y:type_ x:elem) {}
            ArrayGet "array.get" 1 aggregate [a:ref_ i:i32 -> element] (y:type_) {}
            ArrayGetS "array.get_s" 1 aggregate [a:ref_ i:i32 -> i32] (y:type_) {}
            ArrayGetU "array.get_u" 1 aggregate [a:ref_ i:i32 -> i32] (y:type_) {}
            ArraySet "array.set" 1 aggregate [a:ref_ i:i32 v:element ->] (y:type_) {}
            ArrayLen "array.len" 1 aggregate [a:ref_ -> i32] () {}
            ArrayFill "array.fill" 1 aggregate [a:ref_ i:i32 v:element n:i32 ->] (y:type_) {}
            ArrayCopy "array.copy" 1 aggregate [a:ref_ i:i32 b:ref_ s:i32 n:i32 ->] (y:type_ z:type_) {}
            ArrayInitData "array.init_data" 1 aggregate [a:ref_ i:i32 s:i32 n:i32 ->] (y:type_ x:data) {}
            ArrayInitElem "array.init_elem" 1 aggregate [a:ref_ i:i32 s:i32 n:i32 ->] (y:type_ x:elem) {}
            RefTestNonNull "ref.test" 1 aggregate [a:ref_ -> i32] (h:heap) {}
            RefTestNullable "ref.test" 1 aggregate [a:ref_ -> i32] (h:heap) {}
            RefCastNonNull "ref.cast" 1 aggregate [a:ref_ -> cast] (h:heap) {}
            RefCastNullable "ref.cast" 1 aggregate [a:ref_ -> cast] (h:heap) {}
            BrOnCast "br_on_cast" 1 br_on_cast [a:label -> label] (l:label q:ref_type r:ref_type) {}
            BrOnCastFail "br_on_cast_fail" 1 br_on_cast [a:label -> label] (l:label q:ref_type r:ref_type) {}
            AnyConvertExtern "any.convert_extern" 1 aggregate [a:ref_ -> anyref] () {}
            ExternConvertAny "extern.convert_any" 1 aggregate [a:ref_ -> externref] () {}
            RefI31 "ref.i31" 1 aggregate [a:i32 -> i31] () {}
            I31GetS "i31.get_s" 1 aggregate [a:ref_ -> i32] () {}
            I31GetU "i31.get_u" 1 aggregate [a:ref_ -> i32] () {}
            // Custom descriptors.
            StructNewDesc "struct.new_desc" 1 refused:CustomDescriptors [a:fields r:any -> any] (y:type_) {}
            StructNewDefaultDesc "struct.new_default_desc" 1 refused:CustomDescriptors [a:any -> any] (y:type_) {}
            RefGetDesc "ref.get_desc" 1 refused:CustomDescriptors [a:any -> any] (y:type_) {}
            RefCastDescEqNonNull "ref.cast_desc_eq" 1 refused:CustomDescriptors [a:any b:any -> any] (h:heap) {}
            RefCastDescEqNullable "ref.cast_desc_eq" 1 refused:CustomDescriptors [a:any b:any -> any] (h:heap) {}
            BrOnCastDescEq "br_on_cast_desc_eq" 1 refused:CustomDescriptors [a:label r:any -> label] (l:label q:ref_type r:ref_type) {}
            BrOnCastDescEqFail "br_on_cast_desc_eq_fail" 1 refused:CustomDescriptors [a:label r:any -> label] (l:label q:ref_type r:ref_type) {}
            // Shared structures and arrays.
            StructAtomicGet "struct.atomic.get" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicGetS "struct.atomic.get_s" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicGetU "struct.atomic.get_u" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicSet "struct.atomic.set" 1 refused:SharedEverythingThreads [a:any b:any ->] (o:ordering y:type_ i:field) {}
            StructAtomicRmwAdd "struct.atomic.rmw.add" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwSub "struct.atomic.rmw.sub" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwAnd "struct.atomic.rmw.and" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwOr "struct.atomic.rmw.or" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwXor "struct.atomic.rmw.xor" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwXchg "struct.atomic.rmw.xchg" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_ i:field) {}
            StructAtomicRmwCmpxchg "struct.atomic.rmw.cmpxchg" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_ i:field) {}
            ArrayAtomicGet "array.atomic.get" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_) {}
            ArrayAtomicGetS "array.atomic.get_s" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_) {}
            ArrayAtomicGetU "array.atomic.get_u" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering y:type_) {}
            ArrayAtomicSet "array.atomic.set" 1 refused:SharedEverythingThreads [a:any b:any c:any ->] (o:ordering y:type_) {}
            ArrayAtomicRmwAdd "array.atomic.rmw.add" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwSub "array.atomic.rmw.sub" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwAnd "array.atomic.rmw.and" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwOr "array.atomic.rmw.or" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwXor "array.atomic.rmw.xor" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwXchg "array.atomic.rmw.xchg" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering y:type_) {}
            ArrayAtomicRmwCmpxchg "array.atomic.rmw.cmpxchg" 1 refused:SharedEverythingThreads [a:any b:any c:any d:any -> any] (o:ordering y:type_) {}
            RefI31Shared "ref.i31_shared" 1 refused:SharedEverythingThreads [a:any -> any] () {}
        } [$($rest)*] $($callback)* }
    };
}
