//! The op table read as data: an instruction → its effect, as expressions over cells that nobody
//! has looked at yet.
//!
//! `code` evaluates the expressions in a state. The rows are those that the executors run; names in
//! their expressions resolve here to constructors of nodes.
//!
//! A row's expression becomes a list of [`Node`]s, arguments before their users.

use super::terms::{NUMS, Num};
use prova_bytecode::{Inst, Kind, Op, RegClass, Role};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A node of an expression; numbers in it are places in the list of nodes.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A cell of the frame.
    Cell(u32),
    /// An accumulator.
    Accumulator(RegClass),
    /// A v128 in this cell and the next.
    Vector(u32),
    Const(u64),
    Const128(u128),
    /// The result of the effect.
    Given,
    Num(Num, Vec<usize>),
    Second(usize),
    Select([usize; 3]),
    IsNull(usize),
}

/// Where a result goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// `None`: the accumulator alone.
    pub(super) slot: Option<u32>,
    pub(super) wide: bool,
    pub(super) accumulator: Option<RegClass>,
}

/// The kind of an effect, and the bytes that an access reads or writes (0 for what is no access).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) name: &'static str,
    pub(super) bytes: u8,
}

impl Effect {
    pub(super) const fn new(name: &'static str) -> Effect {
        Effect { name, bytes: 0 }
    }

    pub(super) const fn access(name: &'static str, bytes: u8) -> Effect {
        Effect { name, bytes }
    }
}

/// The effect of an instruction.
#[derive(Clone, Debug)]
pub(super) enum Does {
    /// Nothing but writing values.
    Compute(Vec<(Place, usize)>),
    /// An effect on arguments, with a result or without.
    Act { effect: Effect, args: Vec<usize>, result: Option<(Place, usize)> },
    /// A call, or a throw, whose values lie from a slot on; `ends` if it does not come back here.
    Call { effect: Effect, window: u32, args: Vec<usize>, ends: bool },
    /// Writes a value, if any, and goes to a word where the condition is not zero.
    Branch { first: Option<(Place, usize)>, condition: usize, target: Option<u32> },
    /// Writes a value, if any, and goes to a word.
    Jump { first: Option<(Place, usize)>, target: Option<u32> },
    /// Goes to one of several words.
    Table { index: usize },
    /// Returns these values, or what is in the first cells.
    Return(Option<Vec<usize>>),
    /// A stub of the runtime.
    Stub,
}

/// An instruction read.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) nodes: Vec<Node>,
    pub(super) does: Does,
}

/// The list of nodes while it grows.
#[derive(Default)]
struct Page(RefCell<Vec<Node>>);

impl Page {
    fn node(&self, node: Node) -> Sym<'_> {
        let mut nodes = self.0.borrow_mut();
        nodes.push(node);
        Sym { page: self, at: nodes.len() - 1 }
    }
}

/// A node by its place.
#[derive(Clone, Copy)]
struct Sym<'p> {
    page: &'p Page,
    at: usize,
}

macro_rules! constructors {
    ($(($name:ident ($first:ident : $first_ty:ty $(, $arg:ident : $ty:ty)*) -> $($ret:tt)*))*) => {
        #[allow(dead_code, reason = "an operator that no row uses is still listed")]
        mod symbolic {
            use super::{Node, Num, Sym};
            $(constructors!(@ $name $first [$($arg)*] $($ret)*);)*
        }
    };
    (@ $name:ident $first:ident [$($arg:ident)*] (u64, u64)) => {
        pub(super) fn $name<'p>($first: Sym<'p> $(, $arg: Sym<'p>)*) -> (Sym<'p>, Sym<'p>) {
            let one = $first.page.node(Node::Num(Num::$name, vec![$first.at $(, $arg.at)*]));
            (one, $first.page.node(Node::Second(one.at)))
        }
    };
    (@ $name:ident $first:ident [$($arg:ident)*] $($ret:tt)*) => {
        pub(super) fn $name<'p>($first: Sym<'p> $(, $arg: Sym<'p>)*) -> Sym<'p> {
            $first.page.node(Node::Num(Num::$name, vec![$first.at $(, $arg.at)*]))
        }
    };
}
prova_num::for_each_num!(constructors);
use symbolic::*;

fn select<'p>(a: Sym<'p>, b: Sym<'p>, condition: Sym<'p>) -> Sym<'p> {
    a.page.node(Node::Select([a.at, b.at, condition.at]))
}

/// A cell holds bits, so what is only read otherwise is the same node.
fn cell(a: Sym<'_>) -> Sym<'_> {
    a
}
use {cell as f32_bits, cell as f32_of, cell as f64_bits, cell as f64_of, cell as i32_of};

fn ref_is_null(a: Sym<'_>) -> Sym<'_> {
    a.page.node(Node::IsNull(a.at))
}

/// Takes down the one effect of an expression.
struct Runtime<'p> {
    page: &'p Page,
    effect: Option<(&'static str, Vec<usize>)>,
}

macro_rules! runtime {
    ($($name:ident ($($arg:ident)*);)*) => {
        impl<'p> Runtime<'p> {
            $(fn $name(&mut self, $($arg: Sym<'p>),*) -> Sym<'p> {
                self.effect = Some((stringify!($name), vec![$($arg.at),*]));
                self.page.node(Node::Given)
            })*
        }
    };
}
runtime! {
    global_get (g);
    global_get_v128 (g);
    global_set (g a);
    global_set_v128 (g a);
    ref_func (f);
    ref_as_non_null (a);
    ref_test (a h);
    ref_cast (a h);
    table_get (t i);
    table_set (t i a);
    table_size (t);
    table_grow (t a n);
    table_fill (t i a n);
    table_copy (t u d s n);
    table_init (t x d s n);
    elem_drop (x);
    memory_size (k);
    memory_grow (k n);
    memory_fill (k d a n);
    memory_copy (k j d s n);
    memory_init (k x d s n);
    data_drop (x);
    atomic_fence ();
    atomic_notify (k p o n);
    atomic_wait32 (k p o x n);
    atomic_wait64 (k p o x n);
}

impl Runtime<'_> {
    fn act(self, result: Option<(Place, usize)>) -> Does {
        let (name, args) = self.effect.unwrap_or_else(|| crate::cannot("a row without its effect"));
        Does::Act { effect: Effect::new(name), args, result }
    }
}

/// The operands of an instruction in the order of its row.
struct Operands<'i> {
    inst: &'i Inst,
    next: usize,
    /// Slots of one cell read so far.
    slots: u8,
}

impl Operands<'_> {
    fn raw(&mut self) -> u64 {
        self.next += 1;
        self.inst.values[self.next - 1]
    }

    fn place(&mut self, kind: Kind) -> Place {
        let results = self.inst.op.operands().iter().filter(|o| o.role == Role::Result).count();
        let accumulator = kind.class().filter(|_| results == 1);
        let slot = self.raw() as u32;
        let slot = (!self.inst.marks.is_muted()).then_some(slot);
        Place { slot, wide: kind.cells() == 2, accumulator }
    }

    fn source<'p>(&mut self, page: &'p Page, kind: Kind) -> Sym<'p> {
        let raw = self.raw();
        if let Some(class) = kind.class() {
            self.slots += 1;
            if self.inst.marks.source() == self.slots {
                return page.node(Node::Accumulator(class));
            }
        }
        page.node(match kind {
            Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64 | Kind::ref_ | Kind::addr | Kind::any => {
                Node::Cell(raw as u32)
            }
            Kind::v128 => Node::Vector(raw as u32),
            Kind::v128c => Node::Const128(u128::from(raw) | u128::from(self.raw()) << 64),
            Kind::i64s | Kind::i64w | Kind::i64c | Kind::f64c | Kind::off64 => Node::Const(raw),
            // An i32 and an index are zero-extended, also where the decoder sign-extended.
            Kind::i32s
            | Kind::i32c
            | Kind::off16
            | Kind::off32
            | Kind::lane
            | Kind::count
            | Kind::rel
            | Kind::win
            | Kind::func
            | Kind::type_
            | Kind::table
            | Kind::mem
            | Kind::global
            | Kind::elem
            | Kind::data
            | Kind::tag => Node::Const(u64::from(raw as u32)),
        })
    }
}

/// A class's part in what a row says.
macro_rules! row {
    (pure $i:ident $p:ident [$d:ident] [$($s:ident)*] [] { $e:expr }) => {
        Does::Compute(vec![($d, $e.at)])
    };
    (pure2 $i:ident $p:ident [$d:ident $g:ident] [$($s:ident)*] [] { $e:expr }) => {{
        let (first, second) = $e;
        Does::Compute(vec![($d, first.at), ($g, second.at)])
    }};
    (trap $i:ident $p:ident [$d:ident] [$($s:ident)*] [] { $e:expr }) => {{
        let value = $e.at;
        let effect = Effect::new("trap");
        Does::Act { effect, args: vec![value], result: Some(($d, value)) }
    }};
    (branch $i:ident $p:ident [] [$a:ident $t:ident] [] { $e:expr }) => {
        Does::Branch { first: None, condition: $e.at, target: $i.target($i.values[1] as i32) }
    };
    (branch $i:ident $p:ident [] [$a:ident $b:ident $t:ident] [] { $e:expr }) => {
        Does::Branch { first: None, condition: $e.at, target: $i.target($i.values[2] as i32) }
    };
    (pure_branch $i:ident $p:ident [$d:ident] [$($s:ident)*] [] { $e:expr }) => {{
        let (value, condition) = $e;
        let offset = [$(stringify!($s)),*].len();
        let target = $i.target($i.values[offset] as i32);
        Does::Branch { first: Some(($d, value.at)), condition: condition.at, target }
    }};
    (pure_br $i:ident $p:ident [$d:ident] [$($s:ident)*] [] { $e:expr }) => {{
        let offset = [$(stringify!($s)),*].len();
        Does::Jump { first: Some(($d, $e.at)), target: $i.target($i.values[offset] as i32) }
    }};
    (load $i:ident $p:ident [$d:ident] [$a:ident $o:ident] [$m:ident : $mt:ty] { $e:expr }) => {{
        let k = $p.node(Node::Const(0));
        row!(@load "load" $p $d [k $a $o] $m $mt { $e })
    }};
    (load_idx $i:ident $p:ident [$d:ident] [$a:ident $q:ident $o:ident] [$m:ident : $mt:ty] { $e:expr }) => {{
        let k = $p.node(Node::Const(0));
        let sum = i32_add($a, $q);
        row!(@load "load" $p $d [k sum $o] $m $mt { $e })
    }};
    (load_far $i:ident $p:ident [$d:ident] [$a:ident $o:ident $k:ident $($s:ident)*] [$m:ident : $mt:ty] { $e:expr }) => {
        row!(@load "load" $p $d [$k $a $o] $m $mt { $e })
    };
    (atomic_load $i:ident $p:ident [$d:ident] [$a:ident $o:ident $k:ident] [$m:ident : $mt:ty] { $e:expr }) => {
        row!(@load "atomic_load" $p $d [$k $a $o] $m $mt { $e })
    };
    (@load $name:literal $p:ident $d:ident [$k:ident $a:ident $o:ident] $m:ident $mt:ty { $e:expr }) => {{
        let $m = $p.node(Node::Given);
        let effect = Effect::access($name, size_of::<$mt>() as u8);
        let args = vec![$k.at, $a.at, $o.at];
        Does::Act { effect, args, result: Some(($d, $e.at)) }
    }};
    (store $i:ident $p:ident [] [$a:ident $v:ident $o:ident] [] { $e:expr }) => {{
        let k = $p.node(Node::Const(0));
        row!(@store "store" $i [k $a $o] { $e })
    }};
    (store_far $i:ident $p:ident [] [$a:ident $o:ident $k:ident $($s:ident)*] [] { $e:expr }) => {
        row!(@store "store" $i [$k $a $o] { $e })
    };
    (atomic_store $i:ident $p:ident [] [$a:ident $o:ident $k:ident $v:ident] [] { $e:expr }) => {
        row!(@store "atomic_store" $i [$k $a $o] { $e })
    };
    (@store $name:literal $i:ident [$k:ident $a:ident $o:ident] { $e:expr }) => {{
        let effect = Effect::access($name, access_bytes($i.op.mnemonic()));
        let args = vec![$k.at, $a.at, $o.at, $e.at];
        Does::Act { effect, args, result: None }
    }};
    (atomic_rmw $i:ident $p:ident [$d:ident] [$a:ident $o:ident $k:ident $v:ident] [$m:ident : $mt:ty] { $e:expr }) => {{
        let $m = $p.node(Node::Given);
        let (old, new) = $e;
        let effect = Effect::access("atomic_rmw", size_of::<$mt>() as u8);
        let args = vec![$k.at, $a.at, $o.at, new.at];
        Does::Act { effect, args, result: Some(($d, old.at)) }
    }};
    (atomic_cmpxchg $i:ident $p:ident [$d:ident] [$a:ident $o:ident $k:ident $x:ident $v:ident] [$m:ident : $mt:ty] { $e:expr }) => {{
        let $m = $p.node(Node::Given);
        let (old, expected, new) = $e;
        let effect = Effect::access("atomic_cmpxchg", size_of::<$mt>() as u8);
        let args = vec![$k.at, $a.at, $o.at, expected.at, new.at];
        Does::Act { effect, args, result: Some(($d, old.at)) }
    }};
    (quick $($rest:tt)*) => { row!(effect $($rest)*) };
    (effect $i:ident $p:ident [$d:ident] [$($s:ident)*] [$c:ident] { $e:expr }) => {{
        let mut $c = Runtime { page: &$p, effect: None };
        let value = $e.at;
        $c.act(Some(($d, value)))
    }};
    (quick0 $($rest:tt)*) => { row!(effect0 $($rest)*) };
    (effect0 $i:ident $p:ident [] [$($s:ident)*] [$c:ident] { $e:expr }) => {{
        let mut $c = Runtime { page: &$p, effect: None };
        $e;
        $c.act(None)
    }};
    (guard $($rest:tt)*) => { row!(effect0 $($rest)*) };
    (object_load $($rest:tt)*) => { row!(@read "object_load" $($rest)*) };
    (array_load $($rest:tt)*) => { row!(@read "array_load" $($rest)*) };
    (@read $name:literal $i:ident $p:ident [$d:ident] [$a:ident $q:ident] [$m:ident : $mt:ty] { $e:expr }) => {{
        let $m = $p.node(Node::Given);
        let effect = Effect::access($name, size_of::<$mt>() as u8);
        Does::Act { effect, args: vec![$a.at, $q.at], result: Some(($d, $e.at)) }
    }};
    (object_store $i:ident $p:ident [] [$a:ident $v:ident $o:ident] [] { $e:expr }) => {
        row!(@write "object_store" $i [$a $o] { $e })
    };
    (array_store $i:ident $p:ident [] [$a:ident $q:ident $v:ident] [] { $e:expr }) => {
        row!(@write "array_store" $i [$a $q] { $e })
    };
    (@write $name:literal $i:ident [$a:ident $q:ident] { $e:expr }) => {{
        let effect = Effect::access($name, access_bytes($i.op.mnemonic()));
        Does::Act { effect, args: vec![$a.at, $q.at, $e.at], result: None }
    }};
    (unreachable $i:ident $p:ident [] [] [] {}) => {
        Does::Act { effect: Effect::new("unreachable"), args: Vec::new(), result: None }
    };
    (charge $i:ident $p:ident [] [$n:ident] [] {}) => {
        Does::Act { effect: Effect::new("charge"), args: vec![$n.at], result: None }
    };
    (poll $i:ident $p:ident [] [] [] {}) => {
        Does::Act { effect: Effect::new("poll"), args: Vec::new(), result: None }
    };
    (heat $i:ident $p:ident [] [] [] {}) => { Does::Compute(Vec::new()) };
    (throw_ref $i:ident $p:ident [] [$a:ident] [] {}) => {
        Does::Act { effect: Effect::new("throw_ref"), args: vec![$a.at], result: None }
    };
    (br $i:ident $p:ident [] [$t:ident] [] {}) => {
        Does::Jump { first: None, target: $i.target($i.values[0] as i32) }
    };
    (br_table $i:ident $p:ident [] [$x:ident $y:ident $n:ident] [] {}) => {
        Does::Table { index: if $i.values[1] == 0 { $x.at } else { i32_add($x, $y).at } }
    };
    (return_ $i:ident $p:ident [] [] [] {}) => { Does::Return(None) };
    (return1 $i:ident $p:ident [] [$a:ident] [] {}) => { Does::Return(Some(vec![$a.at])) };
    (return2 $i:ident $p:ident [] [$a:ident $b:ident] [] {}) => {
        Does::Return(Some(vec![$a.at, $b.at]))
    };
    (call $($rest:tt)*) => { row!(@call "call" false $($rest)*) };
    (call_import $($rest:tt)*) => { row!(@call "call" false $($rest)*) };
    (call_indirect $($rest:tt)*) => { row!(@call "call_indirect" false $($rest)*) };
    (call_ref $($rest:tt)*) => { row!(@call "call_ref" false $($rest)*) };
    (return_call $($rest:tt)*) => { row!(@call "return_call" true $($rest)*) };
    (return_call_import $($rest:tt)*) => { row!(@call "return_call" true $($rest)*) };
    (return_call_indirect $($rest:tt)*) => { row!(@call "return_call_indirect" true $($rest)*) };
    (return_call_ref $($rest:tt)*) => { row!(@call "return_call_ref" true $($rest)*) };
    (throw $($rest:tt)*) => { row!(@call "throw" true $($rest)*) };
    (aggregate $($rest:tt)*) => { row!(@objects $($rest)*) };
    (allocate $($rest:tt)*) => { row!(@objects $($rest)*) };
    (shared $i:ident $p:ident [] [$w:ident $x:ident $o:ident $k:ident] [] {}) => {
        Does::Call {
            effect: Effect::new("shared"),
            window: $i.values[0] as u32,
            args: vec![$x.at, $o.at, $k.at],
            ends: false,
        }
    };
    (@objects $i:ident $p:ident [] [$w:ident $($s:ident)*] [] { $e:expr }) => {
        Does::Call {
            effect: Effect::new($i.op.mnemonic()),
            window: $i.values[0] as u32,
            args: vec![$($s.at),*],
            ends: false,
        }
    };
    (@call $name:literal $ends:literal $i:ident $p:ident [] [$w:ident $($s:ident)*] [] {}) => {
        Does::Call {
            effect: Effect::new($name),
            window: $i.values[0] as u32,
            args: vec![$($s.at),*],
            ends: $ends,
        }
    };
    (stub_attach $($rest:tt)*) => { Does::Stub };
    (stub_host $($rest:tt)*) => { Does::Stub };
}

macro_rules! rows {
    ($($name:ident $mnemonic:literal $class:ident
        [$($d:ident : $dk:ident)* <- $($s:ident : $sk:ident)*]
        $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        /// Reads an instruction.
        #[allow(unused_variables, reason = "not every operand is part of its row's expression")]
        pub(super) fn read(inst: &Inst) -> Row {
            let page = Page::default();
            let mut operands = Operands { inst, next: 0, slots: 0 };
            let does = match inst.op {
                $(Op::$name => {
                    $(let $d = operands.place(Kind::$dk);)*
                    $(let $s = operands.source(&page, Kind::$sk);)*
                    row!($class inst page [$($d)*] [$($s)*] [$($m $(: $mt)?)?] { $($e)* })
                })*
            };
            Row { nodes: page.0.into_inner(), does }
        }
    };
}
prova_bytecode::for_each_op!(rows);

/// The bytes of the access that a mnemonic names: `i64.store32` has 4, `v128.load8x8_s` 8,
/// `i32.atomic.rmw.add` 4.
pub(super) fn access_bytes(mnemonic: &str) -> u8 {
    let access = ["load", "store", "rmw"].into_iter().find_map(|name| mnemonic.split_once(name));
    let (ty, rest) = access.unwrap_or_else(|| crate::cannot(mnemonic));
    let digits = |text: &str| -> (Option<u32>, usize) {
        let len = text.bytes().take_while(u8::is_ascii_digit).count();
        (text[..len].parse().ok(), len)
    };
    let bits = match digits(rest) {
        (Some(bits), len) => {
            let lanes = rest[len..].strip_prefix('x').and_then(|rest| digits(rest).0);
            bits * lanes.unwrap_or(1)
        }
        (None, _) => digits(&ty[1..]).0.unwrap_or_else(|| crate::cannot(mnemonic)),
    };
    (bits / 8) as u8
}

/// The numeric operator of a name.
pub(super) fn named(name: &str) -> Option<Num> {
    static BY_NAME: LazyLock<HashMap<&str, Num>> =
        LazyLock::new(|| NUMS.iter().map(|row| (row.1, row.0)).collect());
    BY_NAME.get(name).copied()
}
