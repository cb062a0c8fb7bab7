//! The table of Wasm operators: one row for each operator that the decoder knows, from which every
//! reader takes what it has to know about it.
//!
//! A row reads
//!
//! ```text
//! I32Add       "i32.add"        1 pure     [a:i32 b:i32 -> i32] ()                   { i32_add(a, b) }
//! F32Add       "f32.add"        1 pure     [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_add(a, b) }
//! I32Load8S    "i32.load8_s"    1 load     [p:addr -> i32] (o:memarg) m:u8           { i32_load8_s(m) }
//! MemoryGrow   "memory.grow"    1 effect   [n:addr -> addr] (k:mem) cx               { cx.memory_grow(k, n) }
//! BrIf         "br_if"          1 br_if    [a:label c:i32 -> label] (l:label)        {}
//! StructNew    "struct.new"     1 allocate [a:fields -> object] (y:type_)             {}
//! ContNew      "cont.new"       1 refused:StackSwitching [a:any -> any] (y:type_)    {}
//! ```
//!
//! that is
//!
//! 1. its name, which is wasmparser's too,
//! 2. its mnemonic in the text format,
//! 3. its static cost in units of fuel,
//! 4. its [`Class`]: what a reader must tell apart; of a refused operator the proposal it is from,
//!    where there is one,
//! 5. its signature: operands by name with their [`Kind`]s, bottom first, then the results' kinds;
//!    after a `/` the operator of `prova-num` that fixes the result's NaN bits in deterministic
//!    mode,
//! 6. its immediates by name with their kinds ([`Immediate`]), in the order of the binary format,
//! 7. a binder: `m`, the bits that an access moves, with their width; or `cx`, the store,
//! 8. its meaning, an expression over the functions of `prova-num`, the names of 5 to 7, `select`,
//!    `ref_is_null` and operations of `cx`. Of a load it gives the value, of a store the bits, of a
//!    read-modify-write the pair of the old value and the bits stored, of a compare-exchange the
//!    triple of the old value, the bits compared with and the bits stored. Classes of one operator
//!    or few have their meaning in their names.
//!
//! Names in the expression resolve where the macro expands, so this crate need not know
//! `prova-num`: the proof brings constructors of terms into scope, an interpreter the functions.
//!
//! Readers are `facts` and `cost` here (blocks, reachability, fuel), the Wasm side of the proof
//! (`prova-bytecode`), the walker, the tools that print and compare operators, and the generators
//! of tests. `prova-reference` and `prova-translate` do not read the table: their statements about
//! operators are independent.
//!
//! # Invariants
//! 1. There is exactly one row for each operator of [`for_each_operator!`]. The enum
//!    [`Opcode`] comes from the rows, [`Opcode::of`] from wasmparser's list: an operator that only
//!    one of them has does not compile.
//! 2. A row has as many immediates as wasmparser's operator has fields.
//! 3. An operator is refused in a module exactly if its class is [`Class::refused`].
//!
//! A wrong entry is noticed by `crates/testing/tests/wasm_ops.rs`, which holds every column of
//! every row against the reference tier, and by `tests/ops.rs` here.
//!
//! [`for_each_operator!`]: wasmparser::for_each_operator

#[macro_use]
mod aggregate;
#[macro_use]
mod atomic;
#[macro_use]
mod control;
#[macro_use]
mod exception;
#[macro_use]
mod memory;
#[macro_use]
mod numeric;
#[macro_use]
mod parametric;
#[macro_use]
mod reference;
#[macro_use]
mod refused;
#[macro_use]
mod table;
#[macro_use]
mod variable;
#[macro_use]
mod vector;

mod class;
mod kind;
mod rust_type;

pub use class::{Access, Class, Flow};
pub use immediate::{Immediate, Immediates, Value};
pub use kind::Kind;
pub use rust_type::{ref_is_null, select};

use crate::features::RefusedProposal;
use wasmparser::{Operator, ValType, for_each_operator};

/// Hands all rows of the table to the macro named by `$callback`, in one call, behind the tokens
/// after its name.
#[macro_export]
macro_rules! for_each_wasm_op {
    ($($callback:tt)*) => {
        $crate::control_wasm_ops! {
            {} [parametric_wasm_ops variable_wasm_ops table_wasm_ops memory_wasm_ops
                numeric_wasm_ops reference_wasm_ops exception_wasm_ops vector_wasm_ops
                atomic_wasm_ops aggregate_wasm_ops refused_wasm_ops finish_wasm_ops]
            $($callback)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! finish_wasm_ops {
    ({ $($rows:tt)* } [] $callback:ident $($args:tt)*) => {
        $callback! { $($args)* $($rows)* }
    };
}

/// Defines [`wasm_op!`], which looks a row up by its name.
macro_rules! define_lookup {
    ($d:tt $($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($operands:tt)*] ($($immediates:tt)*) $($binder:ident $(: $bits:ident)?)?
        { $($meaning:tt)* })*) => {
        /// `wasm_op! { I32Add callback … }` hands the row of an operator to the macro named by
        /// `callback`, before the tokens after its name.
        #[macro_export]
        macro_rules! wasm_op {
            $(($name $d callback:ident $d($d args:tt)*) => {
                $d callback! {
                    $name $mnemonic $cost $class $(: $of)? [$($operands)*] ($($immediates)*)
                    $($binder $(: $bits)?)? { $($meaning)* } $d($d args)*
                }
            };)*
        }
    };
}
for_each_wasm_op!(define_lookup $);

// Below the lookup, which it uses.
mod immediate;

/// A row of the table. The fields that every walk reads of each operator come first, and lie in one
/// line of the processor's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Row {
    /// Its name.
    pub opcode: Opcode,
    /// The class, by which readers distinguish operators.
    pub class: Class,
    /// Whether its immediates name a function, a type or a tag.
    pub names_type: bool,
    /// The type of its only result, if it has one and the kind says it.
    pub fixed: Option<ValType>,
    /// Bytes that it accesses in a memory; 0 for no access of fixed width.
    pub width: u8,
    /// The types of its operands, bottom first.
    pub params: &'static [Kind],
    /// The types of its results, bottom first.
    pub results: &'static [Kind],
    /// The immediates behind the opcode, in the order of the binary format.
    pub immediates: &'static [Immediate],
    /// Its static cost in units of fuel.
    pub cost: u64,
    /// Its name in the text format.
    pub mnemonic: &'static str,
    /// The proposal of a refused operator; `None` of one that is executed, or valid nowhere.
    pub proposal: Option<RefusedProposal>,
    /// The operator of `prova-num` that fixes the bits of its result where it may be any NaN.
    pub canonical: Option<&'static str>,
    /// Its meaning as an expression, as it stands in the table; empty where the class defines it.
    pub meaning: &'static str,
}

impl Row {
    /// How many operands it pops and pushes, if that does not depend on types.
    pub fn arity(&self) -> Option<(u32, u32)> {
        let fixed = |kinds: &[Kind]| kinds.iter().all(|kind| !kind.is_many());
        (fixed(self.params) && fixed(self.results))
            .then_some((self.params.len() as u32, self.results.len() as u32))
    }

    /// Whether it is *plain*: it costs 1, takes and gives at most three values, writes no local,
    /// and has nothing to do with blocks, branches and calls.
    pub fn is_plain(&self) -> bool {
        self.cost == 1
            && self.class.flow() == Flow::Next
            && !matches!(self.class, Class::local_set | Class::local_tee | Class::refused)
    }
}

const fn fixed(results: &[Kind]) -> Option<ValType> {
    if let [kind] = results { kind.val_type() } else { None }
}

const fn names_type(immediates: &[Immediate]) -> bool {
    use Immediate as I;
    let mut at = 0;
    while at < immediates.len() {
        if matches!(immediates[at], I::type_ | I::func | I::tag) {
            return true;
        }
        at += 1;
    }
    false
}

macro_rules! define {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($dk:ident)* $(/ $canonical:ident)?]
        ($($i:ident : $ik:ident)*) $($binder:ident $(: $bits:ty)?)? { $($meaning:tt)* })*) => {
        /// An operator of WebAssembly without its immediates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "the row of an operator is its documentation")]
        pub enum Opcode { $($name),* }

        impl Opcode {
            /// All operators, in the order of the table.
            pub const ALL: &[Opcode] = &[$(Opcode::$name),*];
        }

        // A constant would be in the program once for each place that reads a row.
        static ROWS: [Row; Opcode::ALL.len()] = [$(Row {
            opcode: Opcode::$name,
            mnemonic: $mnemonic,
            cost: $cost,
            class: Class::$class,
            proposal: define!(@first [$(RefusedProposal::$of)?]),
            params: &[$(Kind::$sk),*],
            results: &[$(Kind::$dk),*],
            canonical: define!(@first [$(stringify!($canonical))?]),
            immediates: &[$(Immediate::$ik),*],
            fixed: fixed(&[$(Kind::$dk),*]),
            names_type: names_type(&[$(Immediate::$ik),*]),
            width: 0 $($(+ size_of::<$bits>() as u8)?)?,
            meaning: stringify!($($meaning)*),
        }),*];
    };
    (@first []) => { None };
    (@first [$value:expr]) => { Some($value) };
}
for_each_wasm_op!(define);

macro_rules! define_of {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        impl Opcode {
            /// The operator without its immediates.
            #[inline(always)]
            pub fn of(operator: &Operator<'_>) -> Opcode {
                match operator {
                    $(Operator::$op { .. } => Opcode::$op,)*
                    _ => unlisted(),
                }
            }
        }
    };
}
for_each_operator!(define_of);

/// wasmparser writes the enum of operators from the list that it hands out, so that there is no
/// operator outside of the list; it only keeps the right to have one.
#[cold]
fn unlisted() -> ! {
    panic!("an operator that is not in wasmparser's list of its operators")
}

/// The classes of all operators: rows are large, and some readers ask for nothing else.
static CLASSES: [Class; Opcode::ALL.len()] = {
    let (mut classes, mut at) = ([Class::nop; Opcode::ALL.len()], 0);
    while at < classes.len() {
        classes[at] = ROWS[at].class;
        at += 1;
    }
    classes
};

impl Opcode {
    /// Its row.
    #[inline]
    pub const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The immediates of an operator.
    pub fn immediates<'o>(operator: &'o Operator<'o>) -> Immediates<'o> {
        immediate::immediates(operator)
    }

    /// Its class.
    #[inline]
    pub const fn class(self) -> Class {
        CLASSES[self as usize]
    }

    /// Its name in the text format.
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// Whether it works on structures, arrays, small integers, or tests types of references.
    #[inline]
    pub const fn is_of_objects(self) -> bool {
        matches!(self.class(), Class::aggregate | Class::allocate | Class::br_on_cast)
    }
}
