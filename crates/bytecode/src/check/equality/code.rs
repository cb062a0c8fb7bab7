//! The code side: one instruction → terms, an effect, cells written. The same rows that an executor
//! runs.
//!
//! Expressions of the rows are evaluated over [`Sym`]: numeric operators build terms, methods of
//! `cx` perform effects.

use super::effects::Effect;
use super::symbolic;
use super::symbolic::operators::*;
use super::width::width;
use super::{Component, Fault, Observer, Proof, Rule, Verdict};
use crate::encode::Inst;
use crate::ops::{Class, Kind, Op, RegClass};
use prova_module::ValType;
use prova_terms::Vn;

/// A term on the code's side.
pub(super) type Sym<'t> = symbolic::Sym<'t, true>;

/// The next step of the walk after an instruction.
pub(super) enum Step {
    /// Go on with the next one.
    Next,
    /// A conditional branch, taken when the condition is not zero.
    Branch { condition: Vn, target: u32 },
    /// `br`.
    Br { target: u32 },
    /// `br_table`.
    Table { index: Vn },
    /// `return`: results in the first cells.
    Return,
    /// `return1`: the result.
    Return1(Vn),
    /// `return2`: both cells of the results.
    Return2([Vn; 2]),
    /// The effect that ends the path has been performed.
    End,
}

/// Reads the operands of an instruction in order.
struct Operands<'i> {
    inst: &'i Inst,
    value: usize,
    /// How many more slots of one cell come before the one that is in its accumulator; it has been
    /// there, or there is none, if it is above [`SOURCE_MAX`](crate::ops::Marks::SOURCE_MAX).
    slots: u8,
}

impl<'i> Operands<'i> {
    /// The sources of an instruction, the first of which is operand value `value`.
    #[inline(always)]
    fn new(inst: &'i Inst, value: usize) -> Operands<'i> {
        Operands { inst, value, slots: inst.marks.source().wrapping_sub(1) }
    }

    /// Whether the slot operand that comes now is in its accumulator.
    #[inline(always)]
    fn is_accumulated(&mut self) -> bool {
        let here = self.slots == 0;
        self.slots = self.slots.wrapping_sub(1);
        here
    }

    fn raw(&mut self) -> u64 {
        self.value += 1;
        self.inst.values[self.value - 1]
    }
}

impl<'t, O: Observer> Proof<'t, '_, O> {
    /// A source operand of a kind.
    #[inline(always)]
    fn source(&mut self, operands: &mut Operands<'_>, kind: Kind) -> Result<Sym<'t>, Fault> {
        let raw = operands.raw();
        let vn = match kind {
            Kind::i32 | Kind::i64 | Kind::ref_ | Kind::addr | Kind::any => {
                self.cell(operands, raw, RegClass::Int)?
            }
            Kind::f32 => self.cell(operands, raw, RegClass::F32)?,
            Kind::f64 => self.cell(operands, raw, RegClass::F64)?,
            Kind::v128 => {
                let (low, high) = (self.read(raw as u32)?, self.read(raw as u32 + 1)?);
                self.terms.borrow_mut().join(low, high)
            }
            Kind::v128c => {
                let high = operands.raw();
                let bits = u128::from(raw) | u128::from(high) << 64;
                self.terms.borrow_mut().constant128(bits)
            }
            Kind::i32s
            | Kind::i32c
            | Kind::rel
            | Kind::off16
            | Kind::off32
            | Kind::lane
            | Kind::win
            | Kind::count
            | Kind::func
            | Kind::type_
            | Kind::table
            | Kind::mem
            | Kind::global
            | Kind::elem
            | Kind::data
            | Kind::tag => Vn::index(raw as u32),
            Kind::i64s | Kind::i64w | Kind::i64c | Kind::f64c | Kind::off64 => {
                self.terms.borrow_mut().constant(raw)
            }
        };
        Ok(Sym::new(vn, self.terms))
    }

    /// A source operand of one cell: in its slot, or in the accumulator of its class.
    #[inline(always)]
    fn cell(
        &mut self,
        operands: &mut Operands<'_>,
        slot: u64,
        class: RegClass,
    ) -> Result<Vn, Fault> {
        if !operands.is_accumulated() {
            return self.read(slot as u32);
        }
        self.read_accumulator(class)
    }

    /// A copy of 32 bits hands on the whole value: what the accumulator of f32s holds has no more,
    /// since a result of this kind put it there. Of slots this is known where they hold a parameter
    /// of 32 bits.
    pub(super) fn copies_f32(&self, inst: &Inst) -> Verdict {
        if inst.marks.source() != 0 {
            return Ok(());
        }
        let vn = self.state.code(inst.values[1] as u32);
        let params = &self.module.func_type(self.candidate.func).params;
        let at =
            self.locals[..params.len()].binary_search_by_key(&vn, |&(slot, _)| Vn::param(slot));
        let narrow = at.is_ok_and(|at| matches!(params[at], ValType::I32 | ValType::F32));
        // A read of a slot that nothing has written is refused by another rule.
        if narrow || vn == Vn::UNDEF {
            return Ok(());
        }
        Err(Fault::new(Rule::Kinds, "a copy of 32 bits of what may have more"))
    }

    /// Writes the only result, of a kind: to its accumulator, and, unless it is muted, to its slot.
    #[inline(always)]
    fn result(&mut self, inst: &Inst, kind: Kind, value: Sym<'t>) {
        if let Some(class) = kind.class() {
            self.state.accumulate(class, value.vn());
        }
        if !inst.marks.is_muted() {
            self.result_slot(inst, 0, kind, value);
        }
    }

    /// Writes a result of a kind to its slot.
    #[inline(always)]
    fn result_slot(&mut self, inst: &Inst, i: usize, kind: Kind, value: Sym<'t>) {
        let slot = inst.values[i] as u32;
        let vn = value.vn();
        self.write(slot, vn);
        if kind == Kind::v128 {
            let high = self.terms.borrow_mut().high(vn);
            self.write(slot + 1, high);
        }
    }

    /// An effect of the code.
    #[inline(always)]
    fn perform<const N: usize>(
        &mut self,
        effect: Effect,
        args: [Sym<'t>; N],
    ) -> Result<Sym<'t>, Fault> {
        let result = self.consume(effect, &args.map(Sym::vn))?;
        Ok(Sym::new(result, self.terms))
    }

    fn mem0(&self) -> Sym<'t> {
        Sym::number(0, self.terms)
    }

    fn target(&self, inst: &Inst, offset: u64) -> Result<u32, Fault> {
        inst.target(offset as i32)
            .ok_or_else(|| Fault::new(Rule::Labels, "a branch before the code"))
    }
}

/// Performs the effects in the expressions of the rows.
struct Runtime<'p, 't, 'f, O> {
    proof: &'p mut Proof<'t, 'f, O>,
    fault: Option<Fault>,
}

macro_rules! runtime {
    ($($name:ident $effect:ident ($($arg:ident)*);)*) => {
        impl<'t, O: Observer> Runtime<'_, 't, '_, O> {
            $(fn $name(&mut self, $($arg: Sym<'t>),*) -> Sym<'t> {
                match self.proof.perform(Effect::$effect, [$($arg),*]) {
                    Ok(result) => result,
                    Err(fault) => {
                        self.fault = Some(fault);
                        Sym::new(Vn::UNDEF, self.proof.terms)
                    }
                }
            })*
        }
    };
}

for_each_store_operation!(runtime);
runtime! {
    global_get GlobalGet (g);
    global_get_v128 GlobalGetV128 (g);
    global_set GlobalSet (g a);
    global_set_v128 GlobalSetV128 (g a);
    ref_as_non_null RefAsNonNull (a);
    ref_test RefTest (a h);
    ref_cast RefCast (a h);
    atomic_fence AtomicFence ();
    atomic_notify AtomicNotify (k p o n);
    atomic_wait32 AtomicWait32 (k p o x n);
    atomic_wait64 AtomicWait64 (k p o x n);
}

/// One row, symbolically: the mirror of the executors' `step!`, class by class.
macro_rules! step {
    ($p:ident $i:ident pure [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {{
        #[allow(unused_mut, unused_variables, reason = "a row need not have a source")]
        let mut operands = Operands::new($i, 1);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let value = $e;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident pure2 [$d:ident : $dk:ident $g:ident : $gk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {{
        let mut operands = Operands::new($i, 2);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let (low, high) = $e;
        $p.result_slot($i, 0, Kind::$dk, low);
        $p.result_slot($i, 1, Kind::$gk, high);
        Step::Next
    }};
    ($p:ident $i:ident trap [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let value = $e;
        $p.perform(Effect::Trap, [value])?;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident branch [<- $a:ident : $ak:ident $t:ident : rel] { $e:expr }) => {
        step!(@branch $p $i [$a : $ak] { $e })
    };
    ($p:ident $i:ident branch [<- $a:ident : $ak:ident $b:ident : $bk:ident $t:ident : rel] { $e:expr }) => {
        step!(@branch $p $i [$a : $ak $b : $bk] { $e })
    };
    (@branch $p:ident $i:ident [$($s:ident : $sk:ident)*] { $e:expr }) => {{
        let mut operands = Operands::new($i, 0);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let condition = $e.vn();
        let offset = $i.values[$i.op.operands().len() - 1];
        Step::Branch { condition, target: $p.target($i, offset)? }
    }};
    ($p:ident $i:ident pure_branch [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {{
        #[allow(unused_variables, reason = "the target comes last, and is no part of the expression")]
        let (value, condition) = {
            let mut operands = Operands::new($i, 1);
            $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
            $e
        };
        $p.result($i, Kind::$dk, value);
        let offset = $i.values[$i.op.operands().len() - 1];
        Step::Branch { condition: condition.vn(), target: $p.target($i, offset)? }
    }};
    ($p:ident $i:ident pure_br [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] { $e:expr }) => {{
        #[allow(unused_variables, reason = "the target comes last, and is no part of the expression")]
        let value = {
            let mut operands = Operands::new($i, 1);
            $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
            $e
        };
        $p.result($i, Kind::$dk, value);
        let offset = $i.values[$i.op.operands().len() - 1];
        Step::Br { target: $p.target($i, offset)? }
    }};
    ($p:ident $i:ident load [$d:ident : $dk:ident <- $a:ident : $ak:ident $o:ident : $ok:ident] $m:ident : $mt:ty { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let mem = $p.mem0();
        let $m = $p.perform(Effect::Load(width($i.op)), [mem, $a, $o])?;
        let value = $e;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident load_idx [$d:ident : $dk:ident <- $a:ident : $ak:ident $q:ident : $qk:ident $o:ident : $ok:ident] $m:ident : $mt:ty { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $q = $p.source(&mut operands, Kind::$qk)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let mem = $p.mem0();
        let $m = $p.perform(Effect::Load(width($i.op)), [mem, i32_add($a, $q), $o])?;
        let value = $e;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident store [<- $a:ident : $ak:ident $v:ident : $vk:ident $o:ident : $ok:ident] { $e:expr }) => {{
        let mut operands = Operands::new($i, 0);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $v = $p.source(&mut operands, Kind::$vk)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let mem = $p.mem0();
        let value = $e;
        $p.perform(Effect::Store(width($i.op)), [mem, $a, $o, value])?;
        Step::Next
    }};
    ($p:ident $i:ident load_far $rest:tt $m:ident : $mt:ty { $e:expr }) => { step!(@load $p $i Load $rest $m { $e }) };
    ($p:ident $i:ident atomic_load $rest:tt $m:ident : $mt:ty { $e:expr }) => { step!(@load $p $i AtomicLoad $rest $m { $e }) };
    (@load $p:ident $i:ident $effect:ident
        [$d:ident : $dk:ident <- $a:ident : $ak:ident $o:ident : $ok:ident $k:ident : mem $($s:ident : $sk:ident)*] $m:ident { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let $k = $p.source(&mut operands, Kind::mem)?;
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let $m = $p.perform(Effect::$effect(width($i.op)), [$k, $a, $o])?;
        let value = $e;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident store_far $rest:tt { $e:expr }) => { step!(@store $p $i Store $rest { $e }) };
    ($p:ident $i:ident atomic_store $rest:tt { $e:expr }) => { step!(@store $p $i AtomicStore $rest { $e }) };
    (@store $p:ident $i:ident $effect:ident
        [<- $a:ident : $ak:ident $o:ident : $ok:ident $k:ident : mem $($s:ident : $sk:ident)*] { $e:expr }) => {{
        let mut operands = Operands::new($i, 0);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let $k = $p.source(&mut operands, Kind::mem)?;
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let value = $e;
        $p.perform(Effect::$effect(width($i.op)), [$k, $a, $o, value])?;
        Step::Next
    }};
    ($p:ident $i:ident atomic_rmw [$d:ident : $dk:ident <- $a:ident : $ak:ident $o:ident : $ok:ident $k:ident : mem $v:ident : $vk:ident] $m:ident : $mt:ty { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let $k = $p.source(&mut operands, Kind::mem)?;
        let $v = $p.source(&mut operands, Kind::$vk)?;
        let $m = $p.loaded()?;
        let (old, new) = $e;
        $p.perform(Effect::AtomicRmw(width($i.op)), [$k, $a, $o, new])?;
        $p.result($i, Kind::$dk, old);
        Step::Next
    }};
    ($p:ident $i:ident atomic_cmpxchg [$d:ident : $dk:ident <- $a:ident : $ak:ident $o:ident : $ok:ident $k:ident : mem $x:ident : $xk:ident $v:ident : $vk:ident] $m:ident : $mt:ty { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let $k = $p.source(&mut operands, Kind::mem)?;
        let $x = $p.source(&mut operands, Kind::$xk)?;
        let $v = $p.source(&mut operands, Kind::$vk)?;
        let $m = $p.loaded()?;
        let (old, expected, new) = $e;
        $p.perform(Effect::AtomicCmpxchg(width($i.op)), [$k, $a, $o, expected, new])?;
        $p.result($i, Kind::$dk, old);
        Step::Next
    }};
    ($p:ident $i:ident quick $rest:tt $c:ident { $e:expr }) => { step!(@get $p $i $rest $c { $e }) };
    ($p:ident $i:ident effect $rest:tt $c:ident { $e:expr }) => {{
        $p.state.forget_accumulators();
        step!(@get $p $i $rest $c { $e })
    }};
    (@get $p:ident $i:ident [$d:ident : $dk:ident <- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let mut $c = Runtime { proof: &mut *$p, fault: None };
        let value = $e;
        $c.fault.map_or(Ok(()), Err)?;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident quick0 $rest:tt $c:ident { $e:expr }) => { step!(@act $p $i $rest $c { $e }) };
    ($p:ident $i:ident effect0 $rest:tt $c:ident { $e:expr }) => {{
        $p.state.forget_accumulators();
        step!(@act $p $i $rest $c { $e })
    }};
    (@act $p:ident $i:ident [<- $($s:ident : $sk:ident)*] $c:ident { $e:expr }) => {{
        #[allow(unused_mut, unused_variables, reason = "a row need not have a source")]
        let mut operands = Operands::new($i, 0);
        $(let $s = $p.source(&mut operands, Kind::$sk)?;)*
        let mut $c = Runtime { proof: &mut *$p, fault: None };
        $e;
        $c.fault.map_or(Ok(()), Err)?;
        Step::Next
    }};
    ($p:ident $i:ident guard $rest:tt $c:ident { $e:expr }) => { step!(@act $p $i $rest $c { $e }) };
    ($p:ident $i:ident object_load $rest:tt $m:ident : $mt:ty { $e:expr }) => { step!(@read $p $i ObjectLoad $rest $m { $e }) };
    ($p:ident $i:ident array_load $rest:tt $m:ident : $mt:ty { $e:expr }) => { step!(@read $p $i ArrayLoad $rest $m { $e }) };
    (@read $p:ident $i:ident $effect:ident
        [$d:ident : $dk:ident <- $a:ident : $ak:ident $o:ident : $ok:ident] $m:ident { $e:expr }) => {{
        let mut operands = Operands::new($i, 1);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let $m = $p.perform(Effect::$effect(width($i.op)), [$a, $o])?;
        let value = $e;
        $p.result($i, Kind::$dk, value);
        Step::Next
    }};
    ($p:ident $i:ident object_store [<- $a:ident : $ak:ident $v:ident : $vk:ident $o:ident : $ok:ident] { $e:expr }) => {{
        let mut operands = Operands::new($i, 0);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $v = $p.source(&mut operands, Kind::$vk)?;
        let $o = $p.source(&mut operands, Kind::$ok)?;
        let value = $e;
        $p.perform(Effect::ObjectStore(width($i.op)), [$a, $o, value])?;
        Step::Next
    }};
    ($p:ident $i:ident array_store [<- $a:ident : $ak:ident $q:ident : $qk:ident $v:ident : $vk:ident] { $e:expr }) => {{
        let mut operands = Operands::new($i, 0);
        let $a = $p.source(&mut operands, Kind::$ak)?;
        let $q = $p.source(&mut operands, Kind::$qk)?;
        let $v = $p.source(&mut operands, Kind::$vk)?;
        let value = $e;
        $p.perform(Effect::ArrayStore(width($i.op)), [$a, $q, value])?;
        Step::Next
    }};
    ($p:ident $i:ident unreachable [<-] {}) => {{
        $p.perform(Effect::Unreachable, [])?;
        Step::End
    }};
    ($p:ident $i:ident br [<- $t:ident : rel] {}) => {
        Step::Br { target: $p.target($i, $i.values[0])? }
    };
    ($p:ident $i:ident br_table [<- $x:ident : i32 $y:ident : i32s $n:ident : count] {}) => {{
        let mut operands = Operands::new($i, 0);
        let $x = $p.source(&mut operands, Kind::i32)?;
        let $y = $p.source(&mut operands, Kind::i32s)?;
        // A sum with zero is no operator of the Wasm.
        Step::Table { index: if $i.values[1] == 0 { $x.vn() } else { i32_add($x, $y).vn() } }
    }};
    ($p:ident $i:ident return_ [<-] {}) => { Step::Return };
    ($p:ident $i:ident return1 [<- $a:ident : any] {}) => {{
        let mut operands = Operands::new($i, 0);
        Step::Return1($p.source(&mut operands, Kind::any)?.vn())
    }};
    ($p:ident $i:ident return2 [<- $a:ident : any $b:ident : any] {}) => {{
        let mut operands = Operands::new($i, 0);
        let first = $p.source(&mut operands, Kind::any)?.vn();
        Step::Return2([first, $p.source(&mut operands, Kind::any)?.vn()])
    }};
    ($p:ident $i:ident call $rest:tt {}) => { step!(@call $p $i Call) };
    ($p:ident $i:ident call_import $rest:tt {}) => { step!(@call $p $i Call) };
    (@call $p:ident $i:ident $effect:ident) => {{
        let callee = Sym::number($i.values[1], $p.terms);
        $p.call($i, Effect::$effect, [callee])?;
        Step::Next
    }};
    ($p:ident $i:ident call_indirect $rest:tt {}) => {{
        $p.call_indirect($i, Effect::CallIndirect)?;
        Step::Next
    }};
    ($p:ident $i:ident return_call $rest:tt {}) => { step!(@tail $p $i) };
    ($p:ident $i:ident return_call_import $rest:tt {}) => { step!(@tail $p $i) };
    (@tail $p:ident $i:ident) => {{
        let callee = Sym::number($i.values[1], $p.terms);
        $p.call($i, Effect::ReturnCall, [callee])?;
        Step::End
    }};
    ($p:ident $i:ident return_call_indirect $rest:tt {}) => {{
        $p.call_indirect($i, Effect::ReturnCallIndirect)?;
        Step::End
    }};
    ($p:ident $i:ident call_ref $rest:tt {}) => {{
        $p.call_ref($i, Effect::CallRef)?;
        Step::Next
    }};
    ($p:ident $i:ident return_call_ref $rest:tt {}) => {{
        $p.call_ref($i, Effect::ReturnCallRef)?;
        Step::End
    }};
    // The store may collect, and the executor begin again without accumulators.
    ($p:ident $i:ident aggregate $rest:tt { $e:expr }) => { step!(@objects $p $i $rest { $e }) };
    ($p:ident $i:ident allocate $rest:tt { $e:expr }) => { step!(@objects $p $i $rest { $e }) };
    (@objects $p:ident $i:ident [<- $w:ident : win $($s:ident : $sk:ident)*] { $e:expr }) => {{
        #[allow(unused_mut, unused_variables, reason = "a row need not have an immediate")]
        let mut operands = Operands::new($i, 1);
        let args = [$($p.source(&mut operands, Kind::$sk)?),*];
        $p.state.forget_accumulators();
        $p.call($i, Effect::Objects($e), args)?;
        Step::Next
    }};
    ($p:ident $i:ident shared [<- $w:ident : win $x:ident : i32c $o:ident : off64 $k:ident : mem] {}) => {{
        let mut operands = Operands::new($i, 1);
        let $x = $p.source(&mut operands, Kind::i32c)?;
        let $o = $p.source(&mut operands, Kind::off64)?;
        let $k = $p.source(&mut operands, Kind::mem)?;
        $p.state.forget_accumulators();
        $p.call($i, Effect::Shared, [$k, $o, $x])?;
        Step::Next
    }};
    ($p:ident $i:ident throw $rest:tt {}) => {{
        let tag = Sym::number($i.values[1], $p.terms);
        $p.call($i, Effect::Throw, [tag])?;
        Step::End
    }};
    ($p:ident $i:ident throw_ref [<- $a:ident : ref_] {}) => {{
        let mut operands = Operands::new($i, 0);
        let exception = $p.source(&mut operands, Kind::ref_)?;
        $p.perform(Effect::ThrowRef, [exception])?;
        Step::End
    }};
    ($p:ident $i:ident charge [<- $n:ident : i64c] {}) => {{
        let mut operands = Operands::new($i, 0);
        let units = $p.source(&mut operands, Kind::i64c)?;
        $p.perform(Effect::Charge, [units])?;
        Step::Next
    }};
    // The embedder may be asked here, and the executor goes on without accumulators.
    ($p:ident $i:ident poll [<-] {}) => {{
        $p.perform(Effect::Poll, [])?;
        $p.state.forget_accumulators();
        Step::Next
    }};
    // The driver may look at the program here, and the executor goes on without accumulators.
    ($p:ident $i:ident heat [<-] {}) => {{
        $p.state.forget_accumulators();
        Step::Next
    }};
    ($p:ident $i:ident stub_attach [<-] {}) => { return Err(Fault::new(Rule::Effects, "a stub")) };
    ($p:ident $i:ident stub_host [<-] {}) => { return Err(Fault::new(Rule::Effects, "a stub")) };
}

macro_rules! execute {
    ($($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        impl<'t, O: Observer> Proof<'t, '_, O> {
            /// Executes one instruction symbolically.
            pub(super) fn execute(&mut self, inst: &Inst) -> Result<Step, Fault> {
                let proof = self;
                Ok(match inst.op {
                    $(Op::$name => step!(proof inst $class [$($o)*] $($m $(: $mt)?)? { $($e)* }),)*
                })
            }
        }
    };
}
crate::for_each_op!(execute);

impl<'t, O: Observer> Proof<'t, '_, O> {
    /// The arguments of a call at its window, then the effect; the results come to the window.
    fn call<const N: usize>(&mut self, inst: &Inst, effect: Effect, args: [Sym<'t>; N]) -> Verdict {
        let window = inst.values[0] as u32;
        let tail = matches!(
            inst.op.class(),
            Class::return_call
                | Class::return_call_import
                | Class::return_call_indirect
                | Class::return_call_ref
                | Class::throw
        );
        // M3 of `state`; the arguments themselves are popped already.
        if !tail && window < self.state.top() {
            let live = self.state.top();
            return Err(Fault::new(
                Rule::Live,
                format!("window s{window} below s{live}, which is live"),
            ));
        }
        for i in 0..self.call_args.len() {
            let (want, slot) = (self.call_args[i], window + i as u32);
            let have = self.read(slot)?;
            if have != want {
                let component = Component::CallArgument { index: i as u32, slot };
                return Err(Fault::differs(Rule::Effects, component, want, have));
            }
        }
        self.perform(effect, args)?;
        if !tail {
            self.state.clobber(window);
            for i in 0..self.call_results.len() {
                self.write(window + i as u32, self.call_results[i]);
            }
        }
        Ok(())
    }

    fn call_ref(&mut self, inst: &Inst, effect: Effect) -> Verdict {
        let mut operands = Operands::new(inst, 1);
        let reference = self.source(&mut operands, Kind::ref_)?;
        let ty = self.source(&mut operands, Kind::type_)?;
        self.call(inst, effect, [reference, ty])
    }

    fn call_indirect(&mut self, inst: &Inst, effect: Effect) -> Verdict {
        let mut operands = Operands::new(inst, 1);
        let index = self.source(&mut operands, Kind::addr)?;
        let ty = self.source(&mut operands, Kind::type_)?;
        let table = self.source(&mut operands, Kind::table)?;
        self.call(inst, effect, [index, ty, table])
    }
}
