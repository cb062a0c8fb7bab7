//! The operators that compute, load or store: a table of name, operand types and binary code, for generators.
//!
//! Neighbours: `body` picks from it, `torture` runs through all of it. Names and types come from
//! [`prova_num::for_each_num!`] and, for atomics, from the op table of bytecode; the encodings from the text format's
//! assembler, so that no generator has opcode numbers of its own.
//!
//! Control, parametric, variable, bulk and table operators are not here: each needs its own thought.

use prova_bytecode::{Class, Kind, OPS, Role};
use prova_module::{Features, Limits, Module};
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
}

impl Ty {
    /// The number types and `v128`.
    pub const NUMBERS: [Ty; 5] = [Ty::I32, Ty::I64, Ty::F32, Ty::F64, Ty::V128];

    /// The references.
    pub const REFERENCES: [Ty; 3] = [Ty::Func, Ty::Exn, Ty::Ref];

    /// The function type that [`Ty::Ref`] refers to.
    pub const REF_TYPE: u32 = 0;

    /// The type for the encoder.
    pub fn encoder(self) -> wasm_encoder::ValType {
        match self {
            Ty::I32 => wasm_encoder::ValType::I32,
            Ty::I64 => wasm_encoder::ValType::I64,
            Ty::F32 => wasm_encoder::ValType::F32,
            Ty::F64 => wasm_encoder::ValType::F64,
            Ty::V128 => wasm_encoder::ValType::V128,
            Ty::Func | Ty::Exn | Ty::Ref => {
                wasm_encoder::ValType::Ref(RefType { nullable: true, heap_type: self.heap_type() })
            }
        }
    }

    /// What a reference of this type refers to; that of functions for a number.
    pub fn heap_type(self) -> HeapType {
        match self {
            Ty::Exn => HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn },
            Ty::Ref => HeapType::Concrete(Ty::REF_TYPE),
            Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64 | Ty::V128 | Ty::Func => HeapType::FUNC,
        }
    }

    /// Whether it is a reference.
    pub fn is_reference(self) -> bool {
        Ty::REFERENCES.contains(&self)
    }

    /// A set of this type alone, to be joined with others.
    pub fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The cells of a value.
    pub fn cells(self) -> usize {
        if self == Ty::V128 { 2 } else { 1 }
    }
}

/// What follows the opcode.
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
    /// What it pops, bottom first; without the address of a memory operator.
    pub params: Vec<Ty>,
    /// What it pushes.
    pub results: Vec<Ty>,
    /// Its code without immediates.
    pub opcode: Vec<u8>,
    /// What follows the code.
    pub immediate: Immediate,
    /// The types of `params` and `results` together, as [`Ty::bit`]s.
    pub types: u8,
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

/// A row of [`prova_num::for_each_num!`] as text.
struct Row {
    name: &'static str,
    operands: &'static [(&'static str, &'static str)],
    result: &'static str,
}

macro_rules! rows {
    ($(($name:ident ($($operand:ident: $type:ty),*) -> $result:ty))*) => {
        &[$(Row {
            name: stringify!($name),
            operands: &[$((stringify!($operand), stringify!($type))),*],
            result: stringify!($result),
        }),*]
    };
}

const ROWS: &[Row] = prova_num::for_each_num!(rows);

fn operators() -> Vec<Plain> {
    let numeric = ROWS.iter().filter(|row| !row.name.contains("canonicalize")).map(plain_of_row);
    let atomics = OPS.iter().filter(|op| op.mnemonic().contains(".atomic.")).map(|&op| {
        let cells = |role| {
            op.operands().iter().filter(move |o| o.role == role).filter_map(|o| match o.kind {
                Kind::i32 => Some(Ty::I32),
                Kind::i64 => Some(Ty::I64),
                _ => None,
            })
        };
        let trap_only = op.class() == Class::effect && op.mnemonic().contains("wait");
        (!trap_only).then(|| Plain {
            name: op.mnemonic().to_owned(),
            params: cells(Role::Source).collect(),
            results: cells(Role::Result).collect(),
            opcode: Vec::new(),
            immediate: Immediate::Memory { align_log2: 0, lanes: 0, atomic: true },
            types: 0,
            makes_nan: false,
        })
    });
    let mut all: Vec<Plain> = numeric.chain(atomics.flatten()).collect();
    for op in &mut all {
        op.types = op.params.iter().chain(&op.results).fold(0, |set, ty| set | ty.bit());
        op.makes_nan = makes_nan(&op.name);
    }
    encode(&mut all);
    all
}

fn plain_of_row(row: &Row) -> Plain {
    let ty = |name: &str| match name {
        "u32" => Ty::I32,
        "u64" => Ty::I64,
        "f32" => Ty::F32,
        "f64" => Ty::F64,
        "u128" => Ty::V128,
        _ => crate::cannot(&format!("a number type {name}")),
    };
    let log2 = |name: &str| match name {
        "u8" => 0,
        "u16" => 1,
        "u32" | "f32" => 2,
        "u64" | "f64" => 3,
        _ => 4,
    };
    let (store, load) = (row.name.contains("_store"), row.name.contains("_load"));
    let lane = row.operands.iter().any(|o| o.0 == "lane");
    let immediate = if store || load {
        let bits = row.operands.iter().find(|o| o.0 == "bits").map_or(row.result, |o| o.1);
        let align_log2 = log2(bits);
        Immediate::Memory {
            align_log2,
            lanes: if lane { 16 >> align_log2 } else { 0 },
            atomic: false,
        }
    } else if lane {
        let count = ["x16", "x8", "x4", "x2"].iter().position(|shape| row.name.contains(shape));
        Immediate::Lane(16 >> count.unwrap_or(3))
    } else if row.name == "i8x16_shuffle" {
        Immediate::Shuffle
    } else {
        Immediate::None
    };
    let params = row.operands.iter().filter(|o| !matches!(o.0, "bits" | "lane" | "lanes"));
    // How a type prints is the compiler's choice of spaces.
    let result = row.result.replace(' ', "");
    let results = match &*result {
        _ if store => Vec::new(),
        "(u64,u64)" => vec![Ty::I64, Ty::I64],
        result => {
            let inner = result.strip_prefix("Result<").and_then(|r| r.split(',').next());
            vec![ty(inner.unwrap_or(result))]
        }
    };
    Plain {
        name: row.name.replacen('_', ".", 1),
        params: params.map(|o| ty(o.1)).collect(),
        results,
        opcode: Vec::new(),
        immediate,
        types: 0,
        makes_nan: false,
    }
}

fn makes_nan(name: &str) -> bool {
    let Some((shape, op)) = name.split_once('.') else { return false };
    const ARITHMETIC: [&str; 16] = [
        "add", "sub", "mul", "div", "sqrt", "ceil", "floor", "trunc", "nearest", "min", "max",
        "demote", "promote", "madd", "nmadd", "relaxed",
    ];
    shape.starts_with('f') && !op.starts_with('p') && ARITHMETIC.iter().any(|a| op.contains(a))
        || op.starts_with("promote")
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
