//! The dispatch over operators: the reader of a body calls a method of [`Proof`] for each.
//!
//! Each method comes from the operator's row, so that what the row says is known when this
//! compiles: `method!` has an arm for each class, and a class that has none does not compile. The
//! names and types of the methods are wasmparser's.
//!
//! [`DeadReader`] reads unreachable code, where only the nesting counts.

use super::super::effects::Effect;
use super::super::symbolic::operators::*;
use super::super::{Observer, Proof, Verdict};
use super::effect::Demand;
use prova_module::ops::{Flow, Kind, Opcode};
use prova_module::{
    BlockKind, FrameKind, FrameStack, VisitOperator, VisitSimdOperator, for_each_visit_operator,
    for_each_visit_simd_operator, wasm_op,
};

/// The body is valid, so an `else` stands in an `if`; where it did not, `Proof::else_` would refuse
/// it.
const ANY_FRAME: Option<FrameKind> = Some(FrameKind::If);

/// The method of a row: name, mnemonic and cost, which do not matter here, then class, signature,
/// immediates, binder and meaning, then the method's name and the types of its arguments.
macro_rules! method {
    ($op:ident $mn:literal $cost:literal pure [$($s:ident : $sk:ident)* -> $d:ident $(/ $canonical:ident)?]
        ($($i:ident : $ik:ident)*) { $e:expr } $visit:ident ($($ty:ty),*)) => {
        fn $visit(&mut self $(, $i: $ty)*) -> Verdict {
            let [$($s),*] = self.operands()?;
            $(let $i = self.immediate($i);)*
            let value = $e;
            $(let value = self.canonical(value, $canonical);)?
            self.push_sym(value, const { Kind::$d.is_wide() })
        }
    };
    ($op:ident $mn:literal $cost:literal pure2 [$($s:ident : $sk:ident)* -> $low:ident $high:ident]
        () { $e:expr } $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict {
            let [$($s),*] = self.operands()?;
            let (low, high) = $e;
            self.push_sym(low, const { Kind::$low.is_wide() })?;
            self.push_sym(high, const { Kind::$high.is_wide() })
        }
    };
    ($op:ident $mn:literal $cost:literal trap [$($s:ident : $sk:ident)* -> $d:ident]
        () { $e:expr } $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict {
            let [$($s),*] = self.operands()?;
            self.push_trapping($e, const { Kind::$d.is_wide() })
        }
    };
    ($op:ident $mn:literal $cost:literal constant [-> $d:ident]
        ($i:ident : $ik:ident) { $e:expr } $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict {
            let $i = self.immediate($i);
            self.push_sym($e, const { Kind::$d.is_wide() })
        }
    };
    ($op:ident $mn:literal $cost:literal null [-> ref_] ($i:ident : heap) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, _: $ty) -> Verdict {
            // The null reference is the cell 0.
            let null = self.immediate(0u32);
            self.push_sym(null, false)
        }
    };
    ($op:ident $mn:literal $cost:literal select [$a:ident : same $b:ident : same $c:ident : i32 -> same]
        ($($i:ident : $ik:ident)*) { $e:expr } $visit:ident ($($ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Verdict { self.wasm_select(|$a, $b, $c| $e) }
    };
    ($op:ident $mn:literal $cost:literal drop_ $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.wasm_drop() }
    };
    ($op:ident $mn:literal $cost:literal nop $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { Ok(()) }
    };
    ($op:ident $mn:literal $cost:literal fence $signature:tt ($i:ident : ordering) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, _: $ty) -> Verdict { self.demand(Effect::AtomicFence, []).map(drop) }
    };
    ($op:ident $mn:literal $cost:literal local_get $signature:tt ($i:ident : local) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.local_get($i) }
    };
    ($op:ident $mn:literal $cost:literal local_set $signature:tt ($i:ident : local) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.local_set($i) }
    };
    ($op:ident $mn:literal $cost:literal local_tee $signature:tt ($i:ident : local) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.local_tee($i) }
    };
    ($op:ident $mn:literal $cost:literal global_get $signature:tt ($i:ident : global) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.global_get($i) }
    };
    ($op:ident $mn:literal $cost:literal global_set $signature:tt ($i:ident : global) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.global_set($i) }
    };

    // Accesses.
    ($op:ident $mn:literal $cost:literal load $($rest:tt)*) => { method! { @load $op Load $($rest)* } };
    ($op:ident $mn:literal $cost:literal atomic_load $($rest:tt)*) => { method! { @load $op AtomicLoad $($rest)* } };
    (@load $op:ident $effect:ident [$p:ident : addr -> $d:ident]
        ($o:ident : memarg) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, 0); }
            let $m = self.loaded_bits(Effect::$effect(size_of::<$bits>() as u8), $o)?;
            self.push_sym($e, const { Kind::$d.is_wide() })
        }
    };
    ($op:ident $mn:literal $cost:literal store $($rest:tt)*) => { method! { @store $op Store $($rest)* } };
    ($op:ident $mn:literal $cost:literal atomic_store $($rest:tt)*) => { method! { @store $op AtomicStore $($rest)* } };
    (@store $op:ident $effect:ident [$p:ident : addr $v:ident : $vk:ident ->]
        ($o:ident : memarg) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, 0); }
            let [$v] = self.operands()?;
            self.store_bits(Effect::$effect(size_of::<$bits>() as u8), $o, $e)
        }
    };
    ($op:ident $mn:literal $cost:literal load_lane [$p:ident : addr $v:ident : v128 -> v128]
        ($o:ident : memarg $l:ident : $lk:ident) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty, $lty:ty)) => {
        fn $visit(&mut self, $o: $ty, $l: $lty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, $l); }
            let [$v] = self.operands()?;
            let $m = self.loaded_bits(Effect::Load(size_of::<$bits>() as u8), $o)?;
            let $l = self.immediate($l);
            self.push_sym($e, true)
        }
    };
    ($op:ident $mn:literal $cost:literal store_lane [$p:ident : addr $v:ident : v128 ->]
        ($o:ident : memarg $l:ident : $lk:ident) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty, $lty:ty)) => {
        fn $visit(&mut self, $o: $ty, $l: $lty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, $l); }
            let [$v] = self.operands()?;
            let $l = self.immediate($l);
            self.store_bits(Effect::Store(size_of::<$bits>() as u8), $o, $e)
        }
    };
    ($op:ident $mn:literal $cost:literal atomic_rmw [$p:ident : addr $v:ident : $vk:ident -> $d:ident]
        ($o:ident : memarg) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, 0); }
            let [$v] = self.operands()?;
            let $m = self.old_bits();
            self.atomic_rmw(size_of::<$bits>() as u8, $o, $e)
        }
    };
    ($op:ident $mn:literal $cost:literal atomic_cmpxchg [$p:ident : addr $x:ident : $xk:ident $v:ident : $vk:ident -> $d:ident]
        ($o:ident : memarg) $m:ident : $bits:ident { $e:expr } $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict {
            if self.is_shared($o) { return self.shared(Opcode::$op, $o, 0); }
            let [$x, $v] = self.operands()?;
            let $m = self.old_bits();
            self.atomic_cmpxchg(size_of::<$bits>() as u8, $o, $e)
        }
    };
    ($op:ident $mn:literal $cost:literal atomic_notify $signature:tt
        ($o:ident : memarg) $m:ident : $bits:ident {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict { self.atomic_notify($o) }
    };
    ($op:ident $mn:literal $cost:literal atomic_wait $signature:tt
        ($o:ident : memarg) $m:ident : $bits:ident {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $o: $ty) -> Verdict { self.atomic_wait(size_of::<$bits>() as u8, $o) }
    };

    // Operations of the store.
    ($op:ident $mn:literal $cost:literal quick $($rest:tt)*) => { method! { @effect $($rest)* } };
    ($op:ident $mn:literal $cost:literal effect $($rest:tt)*) => { method! { @effect $($rest)* } };
    (@effect [$($s:ident : $sk:ident)* -> $($d:ident)?]
        ($($i:ident : $ik:ident)*) $cx:ident { $e:expr } $visit:ident ($($ty:ty),*)) => {
        fn $visit(&mut self $(, $i: $ty)*) -> Verdict {
            let [$($s),*] = self.operands()?;
            $(let $i = self.immediate($i);)*
            let mut $cx = Demand { proof: self, fault: None };
            let _result = $e;
            $cx.fault.map_or(Ok(()), Err)?;
            $(self.push_sym(_result, const { Kind::$d.is_wide() })?;)?
            Ok(())
        }
    };

    // Objects: what these operators do is in `aggregate`.
    ($op:ident $mn:literal $cost:literal aggregate $($rest:tt)*) => { method! { @objects $op $($rest)* } };
    ($op:ident $mn:literal $cost:literal allocate $($rest:tt)*) => { method! { @objects $op $($rest)* } };
    (@objects $op:ident $signature:tt ($($i:ident : $ik:ident)*) {} $visit:ident ($($ty:ty),*)) => {
        fn $visit(&mut self $(, $i: $ty)*) -> Verdict {
            $(let $i = self.number(Opcode::$op, $i)?;)*
            self.objects(Opcode::$op, &[$($i),*])
        }
    };
    ($op:ident $mn:literal $cost:literal br_on_cast $signature:tt
        ($l:ident : label $q:ident : ref_type $r:ident : ref_type) {} $visit:ident ($ty:ty, $qty:ty, $rty:ty)) => {
        fn $visit(&mut self, $l: $ty, _: $qty, $r: $rty) -> Verdict {
            self.br_on_cast($l, $r, Opcode::$op == Opcode::BrOnCastFail)
        }
    };

    // Control: what these operators do is in `control` and `exception`.
    ($op:ident $mn:literal $cost:literal unreachable $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.wasm_unreachable() }
    };
    ($op:ident $mn:literal $cost:literal block $signature:tt ($i:ident : block) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.block(BlockKind::Block, $i) }
    };
    ($op:ident $mn:literal $cost:literal loop_ $signature:tt ($i:ident : block) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.loop_($i) }
    };
    ($op:ident $mn:literal $cost:literal if_ $signature:tt ($i:ident : block) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.if_($i) }
    };
    ($op:ident $mn:literal $cost:literal try_table $signature:tt ($i:ident : try_table) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.try_table(&$i) }
    };
    ($op:ident $mn:literal $cost:literal else_ $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.else_() }
    };
    ($op:ident $mn:literal $cost:literal end $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.end() }
    };
    ($op:ident $mn:literal $cost:literal br $signature:tt ($i:ident : label) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.br($i) }
    };
    ($op:ident $mn:literal $cost:literal br_if $signature:tt ($i:ident : label) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.br_if($i) }
    };
    ($op:ident $mn:literal $cost:literal br_on_null $signature:tt ($i:ident : label) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.br_on_null($i) }
    };
    ($op:ident $mn:literal $cost:literal br_on_non_null $signature:tt ($i:ident : label) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.br_on_non_null($i) }
    };
    ($op:ident $mn:literal $cost:literal br_table $signature:tt ($i:ident : labels) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $i: $ty) -> Verdict { self.br_table(&$i) }
    };
    ($op:ident $mn:literal $cost:literal return_ $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.wasm_return() }
    };
    ($op:ident $mn:literal $cost:literal call $signature:tt ($f:ident : func) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $f: $ty) -> Verdict { self.wasm_call($f, false) }
    };
    ($op:ident $mn:literal $cost:literal return_call $signature:tt ($f:ident : func) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $f: $ty) -> Verdict { self.wasm_call($f, true) }
    };
    ($op:ident $mn:literal $cost:literal call_indirect $signature:tt
        ($y:ident : type_ $t:ident : table) {} $visit:ident ($ty:ty, $tty:ty)) => {
        fn $visit(&mut self, $y: $ty, $t: $tty) -> Verdict { self.wasm_call_indirect($y, $t, false) }
    };
    ($op:ident $mn:literal $cost:literal return_call_indirect $signature:tt
        ($y:ident : type_ $t:ident : table) {} $visit:ident ($ty:ty, $tty:ty)) => {
        fn $visit(&mut self, $y: $ty, $t: $tty) -> Verdict { self.wasm_call_indirect($y, $t, true) }
    };
    ($op:ident $mn:literal $cost:literal call_ref $signature:tt ($y:ident : type_) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $y: $ty) -> Verdict { self.wasm_call_ref($y, false) }
    };
    ($op:ident $mn:literal $cost:literal return_call_ref $signature:tt ($y:ident : type_) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $y: $ty) -> Verdict { self.wasm_call_ref($y, true) }
    };
    ($op:ident $mn:literal $cost:literal throw $signature:tt ($g:ident : tag) {} $visit:ident ($ty:ty)) => {
        fn $visit(&mut self, $g: $ty) -> Verdict { self.wasm_throw($g) }
    };
    ($op:ident $mn:literal $cost:literal throw_ref $signature:tt () {} $visit:ident ()) => {
        fn $visit(&mut self) -> Verdict { self.wasm_throw_ref() }
    };
    ($op:ident $mn:literal $cost:literal refused $(: $proposal:ident)? [$($signature:tt)*]
        ($($i:ident : $ik:ident)*) {} $visit:ident ($($ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Verdict { Err(self.refused(Opcode::$op)) }
    };
}

macro_rules! methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(wasm_op! { $op method $visit ($($($ty),*)?) })*
    };
}

impl<'a, O: Observer> VisitOperator<'a> for Proof<'_, '_, O> {
    type Output = Verdict;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Verdict>> {
        Some(self)
    }

    for_each_visit_operator!(methods);
}

impl<'a, O: Observer> VisitSimdOperator<'a> for Proof<'_, '_, O> {
    for_each_visit_simd_operator!(methods);
}

impl<O: Observer> FrameStack for Proof<'_, '_, O> {
    fn current_frame(&self) -> Option<FrameKind> {
        ANY_FRAME
    }
}

/// Unreachable code: a `Block` opens a block of any kind; `Else` and `End` are those of the
/// operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Dead {
    Block,
    Else,
    End,
    Other,
}

impl Dead {
    const fn of(opcode: Opcode) -> Dead {
        match opcode.class().flow() {
            Flow::Open(_) => Dead::Block,
            Flow::Else => Dead::Else,
            Flow::End => Dead::End,
            Flow::Next | Flow::Fork | Flow::Call | Flow::Stop => Dead::Other,
        }
    }
}

/// Reads an operator of unreachable code.
pub(in super::super) struct DeadReader;

macro_rules! dead_methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(fn $visit(&mut self $(, $(_: $ty),*)?) -> Dead { const { Dead::of(Opcode::$op) } })*
    };
}

impl<'a> VisitOperator<'a> for DeadReader {
    type Output = Dead;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Dead>> {
        Some(self)
    }

    for_each_visit_operator!(dead_methods);
}

impl<'a> VisitSimdOperator<'a> for DeadReader {
    for_each_visit_simd_operator!(dead_methods);
}

impl FrameStack for DeadReader {
    fn current_frame(&self) -> Option<FrameKind> {
        ANY_FRAME
    }
}
