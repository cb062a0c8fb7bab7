//! Rows of the table of operators: Structures, arrays, casts: all of them refused.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! aggregate_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Garbage collection.
            RefEq "ref.eq" 1 refused:Gc [a:any b:any -> any] () {}
            StructNew "struct.new" 1 refused:Gc [a:fields -> any] (y:type_) {}
            StructNewDefault "struct.new_default" 1 refused:Gc [-> any] (y:type_) {}
            StructGet "struct.get" 1 refused:Gc [a:any -> any] (y:type_ i:field) {}
            StructGetS "struct.get_s" 1 refused:Gc [a:any -> any] (y:type_ i:field) {}
            StructGetU "struct.get_u" 1 refused:Gc [a:any -> any] (y:type_ i:field) {}
            StructSet "struct.set" 1 refused:Gc [a:any b:any ->] (y:type_ i:field) {}
            ArrayNew "array.new" 1 refused:Gc [a:any b:any -> any] (y:type_) {}
            ArrayNewDefault "array.new_default" 1 refused:Gc [a:any -> any] (y:type_) {}
            ArrayNewFixed "array.new_fixed" 1 refused:Gc [a:many -> any] (y:type_ n:size) {}
            ArrayNewData "array.new_data" 1 refused:Gc [a:any b:any -> any] (y:type_ x:data) {}
            ArrayNewElem "array.new_elem" 1 refused:Gc [a:any b:any -> any] (y:type_ x:elem) {}
            ArrayGet "array.get" 1 refused:Gc [a:any b:any -> any] (y:type_) {}
            ArrayGetS "array.get_s" 1 refused:Gc [a:any b:any -> any] (y:type_) {}
            ArrayGetU "array.get_u" 1 refused:Gc [a:any b:any -> any] (y:type_) {}
            ArraySet "array.set" 1 refused:Gc [a:any b:any c:any ->] (y:type_) {}
            ArrayLen "array.len" 1 refused:Gc [a:any -> any] () {}
            ArrayFill "array.fill" 1 refused:Gc [a:any b:any c:any d:any ->] (y:type_) {}
            ArrayCopy "array.copy" 1 refused:Gc [a:any b:any c:any d:any e:any ->] (y:type_ z:type_) {}
            ArrayInitData "array.init_data" 1 refused:Gc [a:any b:any c:any d:any ->] (y:type_ x:data) {}
            ArrayInitElem "array.init_elem" 1 refused:Gc [a:any b:any c:any d:any ->] (y:type_ x:elem) {}
            RefTestNonNull "ref.test" 1 refused:Gc [a:any -> any] (h:heap) {}
            RefTestNullable "ref.test" 1 refused:Gc [a:any -> any] (h:heap) {}
            RefCastNonNull "ref.cast" 1 refused:Gc [a:any -> any] (h:heap) {}
            RefCastNullable "ref.cast" 1 refused:Gc [a:any -> any] (h:heap) {}
            BrOnCast "br_on_cast" 1 refused:Gc [a:label -> label] (l:label q:ref_type r:ref_type) {}
            BrOnCastFail "br_on_cast_fail" 1 refused:Gc [a:label -> label] (l:label q:ref_type r:ref_type) {}
            AnyConvertExtern "any.convert_extern" 1 refused:Gc [a:any -> any] () {}
            ExternConvertAny "extern.convert_any" 1 refused:Gc [a:any -> any] () {}
            RefI31 "ref.i31" 1 refused:Gc [a:any -> any] () {}
            I31GetS "i31.get_s" 1 refused:Gc [a:any -> any] () {}
            I31GetU "i31.get_u" 1 refused:Gc [a:any -> any] () {}
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
