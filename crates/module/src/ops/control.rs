//! Rows of the table of operators: Blocks, branches, calls.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! control_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            Unreachable "unreachable" 0 unreachable [->] () {}
            Nop "nop" 0 nop [->] () {}
            Block "block" 0 block [a:block_params -> block_params] (b:block) {}
            Loop "loop" 0 loop_ [a:block_params -> block_params] (b:block) {}
            If "if" 1 if_ [a:block_params c:i32 -> block_params] (b:block) {}
            Else "else" 0 else_ [a:block_results -> block_params] () {}
            End "end" 0 end [a:block_results -> block_results] () {}
            Br "br" 1 br [a:label ->] (l:label) {}
            BrIf "br_if" 1 br_if [a:label c:i32 -> label] (l:label) {}
            BrTable "br_table" 1 br_table [a:label i:i32 ->] (t:labels) {}
            BrOnNull "br_on_null" 1 br_on_null [a:label r:ref_ -> label non_null] (l:label) {}
            BrOnNonNull "br_on_non_null" 1 br_on_non_null [a:label_init r:ref_ -> label_init] (l:label) {}
            Return "return" 0 return_ [a:func_results ->] () {}
            Call "call" 1 call [a:params -> results] (f:func) {}
            CallIndirect "call_indirect" 1 call_indirect [a:params i:index -> results] (y:type_ t:table) {}
            CallRef "call_ref" 1 call_ref [a:params r:ref_ -> results] (y:type_) {}
            ReturnCall "return_call" 1 return_call [a:params ->] (f:func) {}
            ReturnCallIndirect "return_call_indirect" 1 return_call_indirect [a:params i:index ->] (y:type_ t:table) {}
            ReturnCallRef "return_call_ref" 1 return_call_ref [a:params r:ref_ ->] (y:type_) {}
        } [$($rest)*] $($callback)* }
    };
}
