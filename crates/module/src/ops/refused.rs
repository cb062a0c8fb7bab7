//! Rows of the table of operators: refused operators without a family: legacy exceptions, stack
//! switching, shared globals and tables.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! refused_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Legacy exceptions.
            Try "try" 1 refused:LegacyExceptions [a:many -> many] (b:block) {}
            Catch "catch" 1 refused:LegacyExceptions [a:many -> many] (g:tag) {}
            Rethrow "rethrow" 1 refused:LegacyExceptions [->] (l:label) {}
            Delegate "delegate" 1 refused:LegacyExceptions [a:many -> many] (l:label) {}
            CatchAll "catch_all" 1 refused:LegacyExceptions [a:many -> many] () {}
            // Memory control.
            MemoryDiscard "memory.discard" 1 refused:MemoryControl [a:any b:any ->] (k:mem) {}
            // Shared globals and tables.
            GlobalAtomicGet "global.atomic.get" 1 refused:SharedEverythingThreads [-> any] (o:ordering g:global) {}
            GlobalAtomicSet "global.atomic.set" 1 refused:SharedEverythingThreads [a:any ->] (o:ordering g:global) {}
            GlobalAtomicRmwAdd "global.atomic.rmw.add" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwSub "global.atomic.rmw.sub" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwAnd "global.atomic.rmw.and" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwOr "global.atomic.rmw.or" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwXor "global.atomic.rmw.xor" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwXchg "global.atomic.rmw.xchg" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering g:global) {}
            GlobalAtomicRmwCmpxchg "global.atomic.rmw.cmpxchg" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering g:global) {}
            TableAtomicGet "table.atomic.get" 1 refused:SharedEverythingThreads [a:any -> any] (o:ordering t:table) {}
            TableAtomicSet "table.atomic.set" 1 refused:SharedEverythingThreads [a:any b:any ->] (o:ordering t:table) {}
            TableAtomicRmwXchg "table.atomic.rmw.xchg" 1 refused:SharedEverythingThreads [a:any b:any -> any] (o:ordering t:table) {}
            TableAtomicRmwCmpxchg "table.atomic.rmw.cmpxchg" 1 refused:SharedEverythingThreads [a:any b:any c:any -> any] (o:ordering t:table) {}
            // Stack switching.
            ContNew "cont.new" 1 refused:StackSwitching [a:any -> any] (y:type_) {}
            ContBind "cont.bind" 1 refused:StackSwitching [a:many -> many] (y:type_ z:type_) {}
            Suspend "suspend" 1 refused:StackSwitching [a:many -> many] (g:tag) {}
            Resume "resume" 1 refused:StackSwitching [a:many -> many] (y:type_ r:resume) {}
            ResumeThrow "resume_throw" 1 refused:StackSwitching [a:many -> many] (y:type_ g:tag r:resume) {}
            ResumeThrowRef "resume_throw_ref" 1 refused:StackSwitching [a:many -> many] (y:type_ r:resume) {}
            Switch "switch" 1 refused:StackSwitching [a:many -> many] (y:type_ g:tag) {}
            // Acquire and release.
            Pause "pause" 1 refused:AcquireReleaseAtomics [->] () {}
        } [$($rest)*] $($callback)* }
    };
}
