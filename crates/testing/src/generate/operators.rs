//! The operators that compute, load or store: a table of name, operand types and binary code, for
//! generators.
//!
//! `body` picks from it, `torture` runs through all of it. Names, types and immediates come from
//! the table of Wasm operators ([`prova_module::ops`]); the encodings from the text format's
//! assembler, so that no generator has opcode numbers.
//!
//! Control, parametric, variable, bulk and table operators are not here: each needs its own
//! thought.

use prova_module::ops::{self, Class, Kind, Opcode, Row};
use prova_module::{Features, Limits, Module, ValType};
use std::fmt::Write as _;
use std::sync::LazyLock;
use wasm_encoder::{AbstractHeapType, HeapType, RefType};

/// A value type of generated code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ty {
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `v128`
    V128,
    /// `funcref`
    Func,
    /// `exnref`
    Exn,
    /// `(ref null $r)`, where `$r` is type [`Ty::REF_TYPE`] of a generated module, `(i32) → (i32)`.
    Ref,
    /// `anyref`, in modules with objects, as the next two.
    Any,
    /// `(ref null $pair)`, where `$pair` is type [`Ty::PAIR`].
    Pair,
    /// `(ref null $bytes)`, where `$bytes` is type [`Ty::BYTES`].
    Bytes,
}

impl Ty {
    /// The number types and `v128`.
    pub const NUMBERS: [Ty; 5] = [Ty::I32, Ty::I64, Ty::F32, Ty::F64, Ty::V128];

    /// The references.
    pub const REFERENCES: [Ty; 3] = [Ty::Func, Ty::Exn, Ty::Ref];

    /// The references to objects.
    pub const OBJECTS: [Ty; 3] = [Ty::Any, Ty::Pair, Ty::Bytes];

    /// The function type that [`Ty::Ref`] refers to.
    pub const REF_TYPE: u32 = 0;

    /// An array of bytes.
    pub const BYTES: u32 = 1;

    /// A structure.
    pub const PAIR: u32 = 2;

    /// The type for the encoder.
    pub fn encoder(self) -> wasm_encoder::ValType {
        match self {
            Ty::I32 => wasm_encoder::ValType::I32,
            Ty::I64 => wasm_encoder::ValType::I64,
            Ty::F32 => wasm_encoder::ValType::F32,
            Ty::F64 => wasm_encoder::ValType::F64,
            Ty::V128 => wasm_encoder::ValType::V128,
            Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => {
                wasm_encoder::ValType::Ref(RefType { nullable: true, heap_type: self.heap_type() })
            }
        }
    }

    /// The heap type of a reference type; `func` for a number.
    pub fn heap_type(self) -> HeapType {
        match self {
            Ty::Exn => HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn },
            Ty::Ref => HeapType::Concrete(Ty::REF_TYPE),
            Ty::Any => HeapType::ANY,
            Ty::Pair => HeapType::Concrete(Ty::PAIR),
            Ty::Bytes => HeapType::Concrete(Ty::BYTES),
            Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64 | Ty::V128 | Ty::Func => HeapType::FUNC,
        }
    }

    /// Whether it is a reference.
    pub fn is_reference(self) -> bool {
        Ty::REFERENCES.contains(&self) || Ty::OBJECTS.contains(&self)
    }

    /// A set of this type alone, to be joined with others.
    pub fn bit(self) -> u16 {
        1 << self as u8
    }

    /// The cells of a value.
    pub fn cells(self) -> usize {
        if self == Ty::V128 { 2 } else { 1 }
    }
}

/// The immediate behind the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Immediate {
    /// Nothing.
    None,
    /// A lane below this.
    Lane(u8),
    /// The lanes of `i8x16.shuffle`.
    Shuffle,
    /// A memory operand with this natural alignment; with the number of lanes where a lane follows.
    Memory {
        /// log2 of the access's size in bytes.
        align_log2: u8,
        /// The number of lanes of a lane access, else 0.
        lanes: u8,
        /// Whether the address must be aligned.
        atomic: bool,
    },
}

/// One operator.
#[derive(Clone, Debug)]
pub struct Plain {
    /// Its name in the text format.
    pub name: String,
    /// The types of its operands, bottom first; without the address of a memory operator.
    pub params: Vec<Ty>,
    /// The types of its results.
    pub results: Vec<Ty>,
    /// Its code without immediates.
    pub opcode: Vec<u8>,
    /// Its immediate.
    pub immediate: Immediate,
    /// The types of `params` and `results` together, as [`Ty::bit`]s.
    pub types: u16,
    /// Whether it may make a NaN whose bits the specification leaves open.
    pub makes_nan: bool,
}

impl Plain {
    /// Whether it accesses a memory.
    pub fn is_memory(&self) -> bool {
        matches!(self.immediate, Immediate::Memory { .. })
    }
}

/// All operators, in the order of their lists.
pub static OPERATORS: LazyLock<Vec<Plain>> = LazyLock::new(operators);

fn operators() -> Vec<Plain> {
    let mut all: Vec<Plain> = Opcode::ALL.iter().filter_map(|opcode| plain(opcode.row())).collect();
    encode(&mut all);
    all
}

/// Whether operators of a class compute, load or store, and may do so wherever their operands are.
fn is_generated(class: Class) -> bool {
    use Class as C;
    matches!(class, C::pure | C::pure2 | C::trap | C::load | C::store | C::load_lane)
        || matches!(class, C::store_lane | C::atomic_load | C::atomic_store | C::atomic_rmw)
        || matches!(class, C::atomic_cmpxchg | C::atomic_notify)
}

/// The operator of a row, without its code; none if it is not generated here, as those on
/// references.
fn plain(row: &Row) -> Option<Plain> {
    let number = |kind: &Kind| match kind.val_type()? {
        ValType::I32 => Some(Ty::I32),
        ValType::I64 => Some(Ty::I64),
        ValType::F32 => Some(Ty::F32),
        ValType::F64 => Some(Ty::F64),
        ValType::V128 => Some(Ty::V128),
        ValType::Ref(_) => None,
    };
    let address = usize::from(row.params.first() == Some(&Kind::addr));
    let params: Vec<Ty> = row.params[address..].iter().map(number).collect::<Option<_>>()?;
    let results: Vec<Ty> = row.results.iter().map(number).collect::<Option<_>>()?;
    if !is_generated(row.class) {
        return None;
    }
    let lanes = row.immediates.iter().find_map(|kind| kind.lanes()).unwrap_or(0);
    let atomic = row.mnemonic.contains(".atomic.");
    let immediate = match (row.immediates.first(), lanes) {
        (None, _) => Immediate::None,
        (Some(ops::Immediate::memarg), lanes) => {
            Immediate::Memory { align_log2: row.width.ilog2() as u8, lanes, atomic }
        }
        (Some(ops::Immediate::lanes), _) => Immediate::Shuffle,
        (Some(_), lanes) => Immediate::Lane(lanes),
    };
    let types = params.iter().chain(&results).fold(0, |set, ty| set | ty.bit());
    Some(Plain {
        name: row.mnemonic.to_owned(),
        params,
        results,
        opcode: Vec::new(),
        immediate,
        types,
        makes_nan: row.canonical.is_some(),
    })
}

/// Assembles every operator in dead code, where any operands are there, and takes its bytes.
fn encode(all: &mut [Plain]) {
    let mut wat = String::from("(module (memory 1)");
    for op in &*all {
        let lanes = match op.immediate {
            Immediate::Shuffle => " 0".repeat(16),
            Immediate::Lane(_) => " 0".to_owned(),
            Immediate::Memory { lanes, .. } if lanes > 0 => " 0".to_owned(),
            Immediate::None | Immediate::Memory { .. } => String::new(),
        };
        // Writing to a string does not fail.
        let _ = write!(wat, "(func unreachable {}{lanes} unreachable)", op.name);
    }
    wat.push(')');
    let assembled = wat::parse_str(&wat).unwrap_or_else(|error| crate::cannot(&error.to_string()));
    let module = Module::decode(assembled, &Features::default(), &Limits::default())
        .unwrap_or_else(|error| crate::cannot(&error.to_string()));
    for (op, func) in all.iter_mut().zip(module.defined_funcs()) {
        let body = module.body(func).map_or(&[][..], |body| body.bytes());
        // No locals, `unreachable` … `unreachable end`.
        let code = &body[2..body.len() - 2];
        let tail = match &mut op.immediate {
            Immediate::None => 0,
            Immediate::Lane(_) => 1,
            Immediate::Shuffle => 16,
            Immediate::Memory { align_log2, lanes, .. } => {
                let tail = 2 + usize::from(*lanes > 0);
                *align_log2 = code[code.len() - tail];
                tail
            }
        };
        op.opcode = code[..code.len() - tail].to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_all_operators_with_codes_of_their_own() {
        let all = &*OPERATORS;
        assert!(all.len() > 470, "{}", all.len());
        let mut codes: Vec<&[u8]> = all.iter().map(|op| &*op.opcode).collect();
        codes.sort();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        let named = |name: &str| all.iter().find(|op| op.name == name).expect(name);
        assert_eq!(named("i32.add").opcode, [0x6a]);
        assert_eq!(named("i64.mul_wide_s").results, [Ty::I64, Ty::I64]);
        assert_eq!(named("i32.atomic.rmw.add").params, [Ty::I32]);
        let nans = ["f32x4.min", "f64.add", "f64x2.promote_low_f32x4", "f32x4.relaxed_madd"];
        assert!(nans.iter().all(|name| named(name).makes_nan));
        let clean = ["f32x4.pmin", "f64.copysign", "f32.load", "f64x2.splat", "i32.trunc_f64_s"];
        assert!(clean.iter().all(|name| !named(name).makes_nan));
        let lane = Immediate::Memory { align_log2: 1, lanes: 8, atomic: false };
        assert_eq!(named("v128.store16_lane").immediate, lane);
    }
}
