//! Rows of the table of operators: Tables and element segments.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! table_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            TableGet "table.get" 1 effect [i:index -> elem] (t:table) cx { cx.table_get(t, i) }
            TableSet "table.set" 1 effect [i:index a:elem ->] (t:table) cx { cx.table_set(t, i, a) }
            TableSize "table.size" 1 quick [-> index] (t:table) cx { cx.table_size(t) }
            TableGrow "table.grow" 1 effect [a:elem n:index -> index] (t:table) cx { cx.table_grow(t, a, n) }
            TableFill "table.fill" 1 effect [i:index a:elem n:index ->] (t:table) cx { cx.table_fill(t, i, a, n) }
            TableCopy "table.copy" 1 effect [d:index s:index2 n:index_min ->] (t:table u:table) cx { cx.table_copy(t, u, d, s, n) }
            TableInit "table.init" 1 effect [d:index s:i32 n:i32 ->] (x:elem t:table) cx { cx.table_init(t, x, d, s, n) }
            ElemDrop "elem.drop" 1 effect [->] (x:elem) cx { cx.elem_drop(x) }
        } [$($rest)*] $($callback)* }
    };
}
