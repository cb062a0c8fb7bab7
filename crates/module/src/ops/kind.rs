//! The kinds of operands: the type of what an operator pops or pushes, or whence it comes.
//!
//! Types that depend on the module have separate kinds; the walker makes types of them where a
//! module is at hand.

use wasmparser::ValType;

/// The type of an operand or result, or what gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
pub enum Kind {
    /// `i32`
    i32,
    /// `i64`
    i64,
    /// `f32`
    f32,
    /// `f64`
    f64,
    /// `v128`
    v128,
    /// An address, size or length in the memory that the immediates name (the first of two).
    addr,
    /// An address in the second memory that the immediates name.
    addr2,
    /// A length in both memories: the smaller of both address types.
    addr_min,
    /// An index, size or length in the table that the immediates name (the first of two).
    index,
    /// An index in the second table that the immediates name.
    index2,
    /// A length in both tables: the smaller of both index types.
    index_min,
    /// An element of the table that the immediates name.
    elem,
    /// The local that the immediates name.
    local,
    /// The global that the immediates name.
    global,
    /// One type, the same for all operands and results of this kind.
    same,
    /// A reference; of `call_ref` to a function of the type that the immediates name, of `ref.null`
    /// to the heap type that they name.
    ref_,
    /// The reference before, which is not null.
    non_null,
    /// A reference to the function that the immediates name.
    func_ref,
    /// `exnref`
    exn,
    /// The parameters of the function, type or tag that the immediates name.
    params,
    /// The results of the function or type that the immediates name.
    results,
    /// The values of the label that the immediates name.
    label,
    /// The same without the last one.
    label_init,
    /// The parameters of the block that the operator opens or divides.
    block_params,
    /// The results of the block that the operator divides or ends.
    block_results,
    /// The results of the function around.
    func_results,
    /// A reference to a structure or array of the type that the immediates name (the first of
    /// two), not null.
    object,
    /// The values of all fields of the structure type that the immediates name.
    fields,
    /// The value of the field that the immediates name, unpacked.
    field,
    /// The value of an element of the array type that the immediates name, unpacked.
    element,
    /// As many such values as the immediates say.
    elements,
    /// A reference of the type that the immediates name.
    cast,
    /// A reference to a small integer, not null.
    i31,
    /// `anyref`, which is not null where the operand is not.
    anyref,
    /// `externref`, which is not null where the operand is not.
    externref,
    /// Of refused operators: one value.
    any,
    /// Of refused operators: a number of values that depends on types.
    many,
}

impl Kind {
    /// Whether it stands for a list of values.
    pub const fn is_many(self) -> bool {
        match self {
            Kind::params
            | Kind::results
            | Kind::label
            | Kind::label_init
            | Kind::block_params
            | Kind::block_results
            | Kind::func_results
            | Kind::fields
            | Kind::elements
            | Kind::many => true,
            Kind::i32
            | Kind::i64
            | Kind::f32
            | Kind::f64
            | Kind::v128
            | Kind::addr
            | Kind::addr2
            | Kind::addr_min
            | Kind::index
            | Kind::index2
            | Kind::index_min
            | Kind::elem
            | Kind::local
            | Kind::global
            | Kind::same
            | Kind::ref_
            | Kind::non_null
            | Kind::func_ref
            | Kind::exn
            | Kind::object
            | Kind::field
            | Kind::element
            | Kind::cast
            | Kind::i31
            | Kind::anyref
            | Kind::externref
            | Kind::any => false,
        }
    }

    /// Whether it is `v128`, a value of two cells.
    pub const fn is_wide(self) -> bool {
        matches!(self, Kind::v128)
    }

    /// The type, if the kind says it.
    pub const fn val_type(self) -> Option<ValType> {
        match self {
            Kind::i32 => Some(ValType::I32),
            Kind::i64 => Some(ValType::I64),
            Kind::f32 => Some(ValType::F32),
            Kind::f64 => Some(ValType::F64),
            Kind::v128 => Some(ValType::V128),
            Kind::addr
            | Kind::addr2
            | Kind::addr_min
            | Kind::index
            | Kind::index2
            | Kind::index_min
            | Kind::elem
            | Kind::local
            | Kind::global
            | Kind::same
            | Kind::ref_
            | Kind::non_null
            | Kind::func_ref
            | Kind::exn
            | Kind::params
            | Kind::results
            | Kind::label
            | Kind::label_init
            | Kind::block_params
            | Kind::block_results
            | Kind::func_results
            | Kind::object
            | Kind::fields
            | Kind::field
            | Kind::element
            | Kind::elements
            | Kind::cast
            | Kind::i31
            | Kind::anyref
            | Kind::externref
            | Kind::any
            | Kind::many => None,
        }
    }
}
