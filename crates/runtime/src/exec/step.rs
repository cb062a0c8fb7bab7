//! The step rules: what an instruction of each class does, once for all executors.
//!
//! `step!` takes the name of a [`Registers`](super::Registers) variable and a row of the op table,
//! and expands to statements that end in `next!(registers, ip)`, in `go!(registers, ip)` where
//! control goes elsewhere, or in `return` of an exit. Each executor brings its own `next!` and
//! `go!`; everything else is shared, so the executors can differ only in dispatch.
//!
//! # Invariants
//! * P1. A step reads all its sources before it writes any result.
//! * P2. On an exit with a trap no result, memory or runtime object has been changed by the
//!   instruction, and `vm.ip` is the trapping instruction: the driver decodes it again for details.
//!   An operand that was in the integer accumulator is in `vm.value` (`exit::memory_fault`).
//! * P3. No value with a destructor is alive at `next!` or at an exit, so both are tail calls.

/// A memory fault leaves through here, with nothing but the registers.
macro_rules! fault {
    ($r:ident) => {
        return invoke!(exit::memory_fault, $r.ip, $r)
    };
}

/// A trap of a known kind.
macro_rules! trap {
    ($r:ident $kind:expr) => {{
        (*$r.cx).trap = $kind;
        return invoke!(exit::trap, $r.ip, $r);
    }};
}

/// Enters a function of the running instance.
macro_rules! enter {
    ($r:ident $entry:expr, $window:expr, $next:expr) => {
        let entry: *const FuncEntry = $entry;
        $r.acc = Accumulators::CLEAR;
        if !call::push(&mut $r, entry, $window, 0, $next) {
            trap!($r TrapKind::StackOverflow)
        }
        go!($r, (*entry).code.get());
    };
}

/// Enters any function: one of another instance, or of the host, goes through the driver.
macro_rules! enter_any {
    ($r:ident $entry:expr, $window:expr, $next:expr) => {
        let entry = $entry;
        if (*entry).instance == (*$r.cx).instance_addr {
            enter!($r entry, $window, $next);
        } else {
            $r.acc = Accumulators::CLEAR;
            if !call::push(&mut $r, entry, $window, Frame::SWITCHED, $next) {
                trap!($r TrapKind::StackOverflow)
            }
            return invoke!(exit::enter, $r.ip, $r);
        }
    };
}

/// Replaces the running frame by one of any function.
macro_rules! replace {
    ($r:ident $entry:expr, $window:expr) => {
        let entry: *const FuncEntry = $entry;
        $r.acc = Accumulators::CLEAR;
        match call::replace(&mut $r, entry, $window) {
            call::Replaced::Here => { go!($r, (*entry).code.get()); }
            call::Replaced::Elsewhere => return invoke!(exit::enter, $r.ip, $r),
            call::Replaced::Overflow => trap!($r TrapKind::StackOverflow),
        }
    };
}

/// Goes on in the caller; one in another instance, or the host, is reached through the driver.
macro_rules! leave {
    ($r:ident) => {
        $r.acc = Accumulators::CLEAR;
        match call::pop(&mut $r) {
            Some(ip) => {
                go!($r, ip);
            }
            None => return invoke!(exit::leave, $r.ip, $r),
        }
    };
}

/// The statements of one row. SAFETY of the whole: V1 to V8, O1, O2 hold for checked bytecode.
macro_rules! step {
    ($r:ident pure [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident pure2 [$d:ident : $dk:ident $g:ident : $gk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let (d, g) = (operands.slot(), operands.slot());
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let (low, high) = $e;
        <marker::$dk as Sink>::put($r.fp, d, low);
        #[cfg(prova_plant)]
        let high = if planted!(SourcesReadLate) {
            let mut operands = Operands::new(&$r);
            let _ = (operands.slot(), operands.slot());
            $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
            ($e).1
        } else {
            high
        };
        <marker::$gk as Sink>::put($r.fp, g, high);
        next!($r, operands.end());
    };
    ($r:ident trap [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        match $e {
            Ok(value) => <marker::$dk as Sink>::write(&mut $r, d, value),
            Err(error) => trap!($r TrapKind::from(error)),
        }
        next!($r, operands.end());
    };
    ($r:ident branch [<- $a:ident : $ak:ident $t:ident : rel] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::$ak as Source>::read(&mut operands, &$r);
        let $t = <marker::rel as Source>::read(&mut operands, &$r);
        let taken = $e != 0;
        #[cfg(prova_plant)]
        let taken = taken != planted!(BranchInverted);
        if taken { go!($r, $r.ip.offset($t)); } else { go!($r, operands.end()); }
    };
    ($r:ident branch [<- $a:ident : $ak:ident $b:ident : $bk:ident $t:ident : rel] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::$ak as Source>::read(&mut operands, &$r);
        let $b = <marker::$bk as Source>::read(&mut operands, &$r);
        let $t = <marker::rel as Source>::read(&mut operands, &$r);
        let taken = $e != 0;
        #[cfg(prova_plant)]
        let taken = taken != planted!(BranchInverted);
        if taken { go!($r, $r.ip.offset($t)); } else { go!($r, operands.end()); }
    };
    ($r:ident pure_branch [$d:ident : $dk:ident <- $a:ident : $ak:ident $b:ident : $bk:ident $t:ident : rel] { $e:expr }) => {
        step!(@pure_branch $r $dk [$a : $ak $b : $bk] { $e })
    };
    ($r:ident pure_branch [$d:ident : $dk:ident <- $a:ident : $ak:ident $b:ident : $bk:ident $c:ident : $ck:ident $t:ident : rel] { $e:expr }) => {
        step!(@pure_branch $r $dk [$a : $ak $b : $bk $c : $ck] { $e })
    };
    (@pure_branch $r:ident $dk:ident [$($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let target = <marker::rel as Source>::read(&mut operands, &$r);
        let (value, condition) = $e;
        <marker::$dk as Sink>::write(&mut $r, d, value);
        let taken = condition != 0;
        #[cfg(prova_plant)]
        let taken = taken != planted!(BranchInverted);
        if taken { next!($r, $r.ip.offset(target)); } else { next!($r, operands.end()); }
    };
    ($r:ident pure_br [$d:ident : $dk:ident <- $a:ident : $ak:ident $t:ident : rel] { $e:expr }) => {
        step!(@pure_br $r $dk [$a : $ak] { $e })
    };
    ($r:ident pure_br [$d:ident : $dk:ident <- $a:ident : $ak:ident $b:ident : $bk:ident $t:ident : rel] { $e:expr }) => {
        step!(@pure_br $r $dk [$a : $ak $b : $bk] { $e })
    };
    (@pure_br $r:ident $dk:ident [$($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let target = <marker::rel as Source>::read(&mut operands, &$r);
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, $r.ip.offset(target));
    };
    ($r:ident load [$d:ident : $dk:ident <- $p:ident : i32 $o:ident : off32] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::i32 as Source>::read(&mut operands, &$r);
        let $o = <marker::off32 as Source>::read(&mut operands, &$r);
        let address = u64::from($p) + $o;
        let end = address + size_of::<$mt>() as u64;
        #[cfg(prova_plant)]
        let end = end + u64::from(planted!(BoundsEarly));
        if end > $r.len as u64 { fault!($r); }
        let $m: $mt = $r.mem.add(address as usize).cast::<$mt>().read_unaligned();
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident load_idx [$d:ident : $dk:ident <- $p:ident : i32 $q:ident : $qk:ident $o:ident : off16] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::i32 as Source>::read(&mut operands, &$r);
        let $q = <marker::$qk as Source>::read(&mut operands, &$r);
        let $o = <marker::off16 as Source>::read(&mut operands, &$r);
        let address = u64::from($p.wrapping_add($q)) + $o;
        if address + size_of::<$mt>() as u64 > $r.len as u64 { fault!($r); }
        let $m: $mt = $r.mem.add(address as usize).cast::<$mt>().read_unaligned();
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident store [<- $p:ident : i32 $v:ident : $vk:ident $o:ident : off32] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $p = <marker::i32 as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        let $o = <marker::off32 as Source>::read(&mut operands, &$r);
        let address = u64::from($p) + $o;
        let value = $e;
        if address + size_of_val(&value) as u64 > $r.len as u64 { fault!($r); }
        write_unaligned($r.mem.add(address as usize), value);
        next!($r, operands.end());
    };
    ($r:ident load_far [$d:ident : $dk:ident <- $p:ident : addr $o:ident : off64 $k:ident : mem $($s:ident : $sk:ident)*] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of::<$mt>()) else { fault!($r); };
        let $m: $mt = at.cast::<$mt>().read_unaligned();
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident store_far [<- $p:ident : addr $o:ident : off64 $k:ident : mem $($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let value = $e;
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of_val(&value)) else { fault!($r); };
        write_unaligned(at, value);
        next!($r, operands.end());
    };
    ($r:ident atomic_load [$d:ident : $dk:ident <- $p:ident : addr $o:ident : off64 $k:ident : mem] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        if access::misaligned($p, $o, size_of::<$mt>()) { trap!($r TrapKind::HeapMisaligned); }
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of::<$mt>()) else { fault!($r); };
        let $m: $mt = at.cast::<$mt>().read_unaligned();
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident atomic_store [<- $p:ident : addr $o:ident : off64 $k:ident : mem $v:ident : $vk:ident] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        let value = $e;
        if access::misaligned($p, $o, size_of_val(&value)) { trap!($r TrapKind::HeapMisaligned); }
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of_val(&value)) else { fault!($r); };
        write_unaligned(at, value);
        next!($r, operands.end());
    };
    ($r:ident atomic_rmw [$d:ident : $dk:ident <- $p:ident : addr $o:ident : off64 $k:ident : mem $v:ident : $vk:ident] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        if access::misaligned($p, $o, size_of::<$mt>()) { trap!($r TrapKind::HeapMisaligned); }
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of::<$mt>()) else { fault!($r); };
        let $m: $mt = at.cast::<$mt>().read_unaligned();
        let (old, new) = $e;
        at.cast::<$mt>().write_unaligned(new);
        <marker::$dk as Sink>::write(&mut $r, d, old);
        next!($r, operands.end());
    };
    ($r:ident atomic_cmpxchg [$d:ident : $dk:ident <- $p:ident : addr $o:ident : off64 $k:ident : mem $x:ident : $xk:ident $v:ident : $vk:ident] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $p = <marker::addr as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        let $x = <marker::$xk as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        if access::misaligned($p, $o, size_of::<$mt>()) { trap!($r TrapKind::HeapMisaligned); }
        let Some(at) = access::far($r.cx, $k, $p, $o, size_of::<$mt>()) else { fault!($r); };
        let $m: $mt = at.cast::<$mt>().read_unaligned();
        let (old, expected, new) = $e;
        let equal = $m == expected;
        #[cfg(prova_plant)]
        let equal = equal || planted!(ExchangeAlways);
        if equal { at.cast::<$mt>().write_unaligned(new); }
        <marker::$dk as Sink>::write(&mut $r, d, old);
        next!($r, operands.end());
    };
    ($r:ident quick [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let $c = access::Runtime::new($r.cx);
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident quick0 [<- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {
        #[allow(unused_mut, reason = "a row need not have a source")]
        let mut operands = Operands::new(&$r);
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let $c = access::Runtime::new($r.cx);
        $e;
        next!($r, operands.end());
    };
    ($r:ident effect [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let $c = access::Runtime::new($r.cx);
        $r.acc = Accumulators::CLEAR;
        match $e {
            Ok(value) => <marker::$dk as Sink>::write(&mut $r, d, value),
            Err(kind) => trap!($r kind),
        }
        #[cfg(prova_plant)]
        if planted!(MemoryStale) {
            next!($r, operands.end());
        }
        $r.mem = (*$r.cx).mem0.base;
        $r.len = (*$r.cx).mem0.len_bytes;
        next!($r, operands.end());
    };
    ($r:ident effect0 [<- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let $c = access::Runtime::new($r.cx);
        $r.acc = Accumulators::CLEAR;
        if let Err(kind) = $e { trap!($r kind); }
        $r.mem = (*$r.cx).mem0.base;
        $r.len = (*$r.cx).mem0.len_bytes;
        next!($r, operands.end());
    };
    ($r:ident guard [<- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        $(let $s = <marker::$sk as Source>::read(&mut operands, &$r);)*
        let $c = access::Runtime::new($r.cx);
        if let Err(kind) = $e { trap!($r kind); }
        next!($r, operands.end());
    };
    ($r:ident object_load [$d:ident : $dk:ident <- $a:ident : ref_ $o:ident : off32] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $o = <marker::off32 as Source>::read(&mut operands, &$r);
        let $m: $mt = match access::Runtime::new($r.cx).object_load($a, $o) {
            Ok(bits) => bits,
            Err(kind) => trap!($r kind),
        };
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident object_store [<- $a:ident : ref_ $v:ident : $vk:ident $o:ident : off32] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        let $o = <marker::off32 as Source>::read(&mut operands, &$r);
        if let Err(kind) = access::Runtime::new($r.cx).object_store($a, $o, $e) { trap!($r kind); }
        next!($r, operands.end());
    };
    ($r:ident array_load [$d:ident : $dk:ident <- $a:ident : ref_ $q:ident : i32] $m:ident : $mt:ty { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let d = operands.slot();
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $q = <marker::i32 as Source>::read(&mut operands, &$r);
        let $m: $mt = match access::Runtime::new($r.cx).array_load($a, $q) {
            Ok(bits) => bits,
            Err(kind) => trap!($r kind),
        };
        <marker::$dk as Sink>::write(&mut $r, d, $e);
        next!($r, operands.end());
    };
    ($r:ident array_store [<- $a:ident : ref_ $q:ident : i32 $v:ident : $vk:ident] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $q = <marker::i32 as Source>::read(&mut operands, &$r);
        let $v = <marker::$vk as Source>::read(&mut operands, &$r);
        if let Err(kind) = access::Runtime::new($r.cx).array_store($a, $q, $e) { trap!($r kind); }
        next!($r, operands.end());
    };
    ($r:ident unreachable [<-] {}) => { trap!($r TrapKind::Unreachable); };
    ($r:ident br [<- $t:ident : rel] {}) => {
        let mut operands = Operands::new(&$r);
        let $t = <marker::rel as Source>::read(&mut operands, &$r);
        go!($r, $r.ip.offset($t));
    };
    ($r:ident br_table [<- $i:ident : i32 $a:ident : i32s $n:ident : count] {}) => {
        let mut operands = Operands::new(&$r);
        let $i = <marker::i32 as Source>::read(&mut operands, &$r);
        let $a = <marker::i32s as Source>::read(&mut operands, &$r);
        let $i = $i.wrapping_add($a);
        let $n = <marker::count as Source>::read(&mut operands, &$r);
        let index = if $i < $n { $i } else { $n };
        #[cfg(prova_plant)]
        let index = if planted!(TableEntryNext) && index < $n { index + 1 } else { index };
        // T3: `n + 1` target words follow.
        let target = *operands.end().add(index as usize) as i32;
        go!($r, $r.ip.offset(target as isize));
    };
    ($r:ident return_ [<-] {}) => { leave!($r); };
    ($r:ident return1 [<- $a:ident : any] {}) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::any as Source>::read(&mut operands, &$r);
        *$r.fp = $a;
        leave!($r);
    };
    ($r:ident return2 [<- $a:ident : any $b:ident : any] {}) => {
        let mut operands = Operands::new(&$r);
        let $a = <marker::any as Source>::read(&mut operands, &$r);
        let $b = <marker::any as Source>::read(&mut operands, &$r);
        *$r.fp = $a;
        *$r.fp.add(1) = $b;
        leave!($r);
    };
    ($r:ident call [<- $w:ident : win $f:ident : func] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $f = <marker::func as Source>::read(&mut operands, &$r);
        let entry = (*$r.cx).defined.wrapping_add($f as usize);
        enter!($r entry, $w, operands.end());
    };
    ($r:ident call_import [<- $w:ident : win $f:ident : func] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $f = <marker::func as Source>::read(&mut operands, &$r);
        let entry = call::imported($r.cx, $f);
        enter_any!($r entry, $w, operands.end());
    };
    ($r:ident call_indirect [<- $w:ident : win $i:ident : addr $y:ident : type_ $t:ident : table] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $i = <marker::addr as Source>::read(&mut operands, &$r);
        let $y = <marker::type_ as Source>::read(&mut operands, &$r);
        let $t = <marker::table as Source>::read(&mut operands, &$r);
        match call::indirect($r.cx, $t, $i, $y) {
            Ok(entry) => { enter_any!($r entry, $w, operands.end()); }
            Err(kind) => trap!($r kind),
        }
    };
    ($r:ident return_call [<- $w:ident : win $f:ident : func] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $f = <marker::func as Source>::read(&mut operands, &$r);
        let entry = (*$r.cx).defined.wrapping_add($f as usize);
        replace!($r entry, $w);
    };
    ($r:ident return_call_import [<- $w:ident : win $f:ident : func] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $f = <marker::func as Source>::read(&mut operands, &$r);
        let entry = call::imported($r.cx, $f);
        replace!($r entry, $w);
    };
    ($r:ident return_call_indirect [<- $w:ident : win $i:ident : addr $y:ident : type_ $t:ident : table] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $i = <marker::addr as Source>::read(&mut operands, &$r);
        let $y = <marker::type_ as Source>::read(&mut operands, &$r);
        let $t = <marker::table as Source>::read(&mut operands, &$r);
        match call::indirect($r.cx, $t, $i, $y) {
            Ok(entry) => { replace!($r entry, $w); }
            Err(kind) => trap!($r kind),
        }
    };
    ($r:ident call_ref [<- $w:ident : win $a:ident : ref_ $y:ident : type_] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $y = <marker::type_ as Source>::read(&mut operands, &$r);
        match call::referenced($r.cx, $a, $y) {
            Ok(entry) => { enter_any!($r entry, $w, operands.end()); }
            Err(kind) => trap!($r kind),
        }
    };
    ($r:ident return_call_ref [<- $w:ident : win $a:ident : ref_ $y:ident : type_] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $a = <marker::ref_ as Source>::read(&mut operands, &$r);
        let $y = <marker::type_ as Source>::read(&mut operands, &$r);
        match call::referenced($r.cx, $a, $y) {
            Ok(entry) => { replace!($r entry, $w); }
            Err(kind) => trap!($r kind),
        }
    };
    // Never refused for a collection.
    ($r:ident aggregate $($rest:tt)*) => { step!($r allocate $($rest)*) };
    ($r:ident allocate [<- $w:ident : win $($s:ident : $sk:ident)*] { $e:expr }) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let immediates = [$(<marker::$sk as Source>::read(&mut operands, &$r)),*];
        $r.acc = Accumulators::CLEAR;
        let runtime = access::Runtime::new($r.cx);
        match runtime.aggregate($e, access::window($r.fp, $w), access::two(immediates)) {
            access::Objects::Done => {}
            access::Objects::Trap => return invoke!(exit::trap, $r.ip, $r),
            access::Objects::Collect => return invoke!(exit::collect, $r.ip, $r),
        }
        next!($r, operands.end());
    };
    ($r:ident shared [<- $w:ident : win $x:ident : i32c $o:ident : off64 $k:ident : mem] {}) => {
        let mut operands = Operands::new(&$r);
        let $w = <marker::win as Source>::read(&mut operands, &$r);
        let $x = <marker::i32c as Source>::read(&mut operands, &$r);
        let $o = <marker::off64 as Source>::read(&mut operands, &$r);
        let $k = <marker::mem as Source>::read(&mut operands, &$r);
        $r.acc = Accumulators::CLEAR;
        if !access::Runtime::new($r.cx).shared($k, $x, $o, access::window($r.fp, $w)) {
            return invoke!(exit::trap, $r.ip, $r);
        }
        next!($r, operands.end());
    };
    // The driver reads the operands.
    ($r:ident throw $rest:tt {}) => { return invoke!(exit::throw, $r.ip, $r); };
    ($r:ident throw_ref $rest:tt {}) => { return invoke!(exit::throw, $r.ip, $r); };
    ($r:ident charge [<- $n:ident : i64c] {}) => {
        let mut operands = Operands::new(&$r);
        let $n = <marker::i64c as Source>::read(&mut operands, &$r);
        #[cfg(prova_plant)]
        let $n = $n + u64::from(planted!(FuelPlusOne));
        match (*$r.cx).not_fuel.checked_add($n) {
            Some(sum) => (*$r.cx).not_fuel = sum,
            None => trap!($r TrapKind::OutOfFuel),
        }
        next!($r, operands.end());
    };
    ($r:ident poll [<-] {}) => {
        let epoch = (*(*$r.cx).epoch).load(Ordering::Relaxed);
        #[cfg(prova_plant)]
        let epoch = epoch - u64::from(planted!(PollLate) && epoch > 0);
        if epoch >= (*$r.cx).epoch_deadline { trap!($r TrapKind::Interrupt); }
        next!($r, $r.ip.add(1));
    };
    ($r:ident heat [<-] {}) => {
        let left = (*$r.cx).heat.wrapping_sub(1);
        (*$r.cx).heat = left;
        if left == 0 { return invoke!(exit::hot, $r.ip, $r); }
        go!($r, $r.ip.add(1));
    };
    ($r:ident stub_attach [<-] {}) => { return invoke!(exit::attach, $r.ip, $r); };
    ($r:ident stub_host [<-] {}) => { return invoke!(exit::enter, $r.ip, $r); };
}

pub(super) use {enter, enter_any, fault, leave, replace, step, trap};
