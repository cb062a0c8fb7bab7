//! Rows of the op table: Tables and element segments.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! table_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Indices and lengths are read as whole cells: an i32 cell is zero-extended.
            TableGet "table.get" effect [d:ref_ <- i:addr t:table] cx { cx.table_get(t, i) }
            TableSet "table.set" effect0 [<- i:addr a:ref_ t:table] cx { cx.table_set(t, i, a) }
            TableSize "table.size" effect [d:addr <- t:table] cx { cx.table_size(t) }
            TableGrow "table.grow" effect [d:addr <- a:ref_ n:addr t:table] cx { cx.table_grow(t, a, n) }
            TableFill "table.fill" effect0 [<- i:addr a:ref_ n:addr t:table] cx { cx.table_fill(t, i, a, n) }
            TableCopy "table.copy" effect0 [<- d:addr s:addr n:addr t:table u:table] cx { cx.table_copy(t, u, d, s, n) }
            TableInit "table.init" effect0 [<- d:addr s:i32 n:i32 t:table x:elem] cx { cx.table_init(t, x, d, s, n) }
            ElemDrop "elem.drop" effect0 [<- x:elem] cx { cx.elem_drop(x) }
        } [$($rest)*] $callback }
    };
}
