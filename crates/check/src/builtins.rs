//! The builtins that code may call, and the operators that the builtin `perform` may be asked for.
//!
//! Convention: System V; context in rdi, height in rsi, operands in rdx, rcx, r8; the result in rax
//! is a number. Values lie in the argument cells from cell 0, a `v128` in two.
//!
//! - `call(context, height, record)`: calls the function of the record; arguments and results in
//!   the cells.
//! - `perform(context, height, opcode, first, second)`: performs an operator of the module on
//!   indices. The runtime checks indices, types and bounds again, as if nobody had; what the check
//!   adds is that the opcode is one of [`PERFORMED`] and that references are references. The result
//!   of an operator on objects lies in the first cells, of the type that its immediates say.
//! - `trap(context, height, kind)`: does not return.
//! - `throw(context, height, tag)`: does not return; the values in the cells. With
//!   [`THROW_REF`](crate::offsets::THROW_REF) in the place of a tag it throws the exception that
//!   the reference in cell 0 names. Control goes on at a landing (P14), in this code or in a
//!   caller's.

/// An operator that `perform` may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Performed {
    /// Its number in the table of operators.
    pub opcode: u16,
    /// Its name.
    pub mnemonic: &'static str,
    /// The demands on its operands, and the knowledge of its result.
    pub rule: Performs,
}

/// A rule of an operator that is performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Performs {
    /// Its operands and its result are numbers.
    Numbers,
    /// The reference in this cell goes to the table of the first index.
    Element(u32),
    /// It works on objects: all its operands may be any numbers, since the runtime looks at each
    /// reference that comes out of the heap.
    Object(Gives),
}

/// The result of an operator on objects, in the first cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A number, or nothing.
    Number,
    /// A value of the field that the second index names, of the structure type of the first.
    Field,
    /// A value of the array type of the first index.
    Element,
    /// A reference of the `extern` hierarchy.
    Extern,
    /// A reference of the type whose code the first index is.
    Cast,
}

const fn row(opcode: u16, mnemonic: &'static str, element: Option<u32>) -> Performed {
    let rule = match element {
        Some(cell) => Performs::Element(cell),
        None => Performs::Numbers,
    };
    Performed { opcode, mnemonic, rule }
}

const fn object(opcode: u16, mnemonic: &'static str, gives: Gives) -> Performed {
    Performed { opcode, mnemonic, rule: Performs::Object(gives) }
}

/// The operators that may be performed. A test holds the numbers against the table of operators.
pub const PERFORMED: &[Performed] = &[
    row(59, "memory.size", None),
    row(60, "memory.grow", None),
    row(61, "memory.fill", None),
    row(62, "memory.copy", None),
    row(63, "memory.init", None),
    row(64, "data.drop", None),
    row(31, "table.grow", Some(0)),
    row(32, "table.fill", Some(1)),
    row(33, "table.copy", None),
    row(34, "table.init", None),
    row(35, "elem.drop", None),
    row(472, "memory.atomic.notify", None),
    row(473, "memory.atomic.wait32", None),
    row(474, "memory.atomic.wait64", None),
    row(504, "i32.atomic.rmw.and", None),
    row(505, "i64.atomic.rmw.and", None),
    row(506, "i32.atomic.rmw8.and_u", None),
    row(507, "i32.atomic.rmw16.and_u", None),
    row(508, "i64.atomic.rmw8.and_u", None),
    row(509, "i64.atomic.rmw16.and_u", None),
    row(510, "i64.atomic.rmw32.and_u", None),
    row(511, "i32.atomic.rmw.or", None),
    row(512, "i64.atomic.rmw.or", None),
    row(513, "i32.atomic.rmw8.or_u", None),
    row(514, "i32.atomic.rmw16.or_u", None),
    row(515, "i64.atomic.rmw8.or_u", None),
    row(516, "i64.atomic.rmw16.or_u", None),
    row(517, "i64.atomic.rmw32.or_u", None),
    row(518, "i32.atomic.rmw.xor", None),
    row(519, "i64.atomic.rmw.xor", None),
    row(520, "i32.atomic.rmw8.xor_u", None),
    row(521, "i32.atomic.rmw16.xor_u", None),
    row(522, "i64.atomic.rmw8.xor_u", None),
    row(523, "i64.atomic.rmw16.xor_u", None),
    row(524, "i64.atomic.rmw32.xor_u", None),
    object(539, "ref.eq", Gives::Number),
    object(540, "struct.new", Gives::Number),
    object(541, "struct.new_default", Gives::Number),
    object(542, "struct.get", Gives::Field),
    object(543, "struct.get_s", Gives::Number),
    object(544, "struct.get_u", Gives::Number),
    object(545, "struct.set", Gives::Number),
    object(546, "array.new", Gives::Number),
    object(547, "array.new_default", Gives::Number),
    object(548, "array.new_fixed", Gives::Number),
    object(549, "array.new_data", Gives::Number),
    object(550, "array.new_elem", Gives::Number),
    object(551, "array.get", Gives::Element),
    object(552, "array.get_s", Gives::Number),
    object(553, "array.get_u", Gives::Number),
    object(554, "array.set", Gives::Number),
    object(555, "array.len", Gives::Number),
    object(556, "array.fill", Gives::Number),
    object(557, "array.copy", Gives::Number),
    object(558, "array.init_data", Gives::Number),
    object(559, "array.init_elem", Gives::Number),
    object(560, "ref.test", Gives::Number),
    object(561, "ref.test", Gives::Number),
    object(562, "ref.cast", Gives::Cast),
    object(563, "ref.cast", Gives::Cast),
    object(566, "any.convert_extern", Gives::Number),
    object(567, "extern.convert_any", Gives::Extern),
    object(568, "ref.i31", Gives::Number),
    object(569, "i31.get_s", Gives::Number),
    object(570, "i31.get_u", Gives::Number),
];
