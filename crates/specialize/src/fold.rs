//! The specialiser's own arithmetic: an operator on constants → its result.
//!
//! Written by hand over Rust's integers and floats, apart from the table of operators, by which the
//! check evaluates for itself: where both disagree, the check refuses what was made.
//!
//! Not folded: what may trap and would; a float result that is a NaN, whose bits the machine may
//! choose; vectors. An operator that is not here is copied, which is always right.

use crate::plant::planted;
use prova_module::Opcode;

/// The result of an operator on constants; `None` if it is not folded.
pub(crate) fn fold(opcode: Opcode, args: &[u64]) -> Option<u64> {
    match *args {
        [a] => unary(opcode, a),
        [a, b] => integer32(opcode, a as u32, b as u32)
            .or_else(|| integer64(opcode, a, b))
            .or_else(|| float(opcode, a, b)),
        _ => None,
    }
}

fn unary(opcode: Opcode, a: u64) -> Option<u64> {
    use Opcode as O;
    let (short, long) = (a as u32, a);
    let (single, double) = (f32::from_bits(a as u32), f64::from_bits(a));
    let word = |value: u32| Some(u64::from(value));
    Some(match opcode {
        O::I32Eqz => u64::from(short == 0),
        O::I64Eqz => u64::from(long == 0),
        O::I32Clz => return word(short.leading_zeros()),
        O::I32Ctz => return word(short.trailing_zeros()),
        O::I32Popcnt => return word(short.count_ones()),
        O::I64Clz => u64::from(long.leading_zeros()),
        O::I64Ctz => u64::from(long.trailing_zeros()),
        O::I64Popcnt => u64::from(long.count_ones()),
        O::I32Extend8S => return word(short as i8 as u32),
        O::I32Extend16S => return word(short as i16 as u32),
        O::I64Extend8S if planted!(SignLost) => long as u8 as u64,
        O::I64Extend8S => long as i8 as u64,
        O::I64Extend16S => long as i16 as u64,
        O::I64Extend32S | O::I64ExtendI32S => short as i32 as u64,
        O::I64ExtendI32U | O::I32WrapI64 => u64::from(short),
        O::I32ReinterpretF32 | O::F32ReinterpretI32 => u64::from(short),
        O::I64ReinterpretF64 | O::F64ReinterpretI64 => long,
        O::F32Neg => return word(short ^ 0x8000_0000),
        O::F32Abs => return word(short & 0x7fff_ffff),
        O::F64Neg => long ^ (1 << 63),
        O::F64Abs => long & !(1 << 63),
        O::F64ConvertI32S => f64::from(short as i32).to_bits(),
        O::F64ConvertI32U => f64::from(short).to_bits(),
        O::F64ConvertI64S => (long as i64 as f64).to_bits(),
        O::F64ConvertI64U => (long as f64).to_bits(),
        O::F32ConvertI32S => return word((short as i32 as f32).to_bits()),
        O::F32ConvertI32U => return word((short as f32).to_bits()),
        O::F64PromoteF32 if !single.is_nan() => f64::from(single).to_bits(),
        O::F32DemoteF64 if !double.is_nan() => return word((double as f32).to_bits()),
        _ => return None,
    })
}

fn integer32(opcode: Opcode, a: u32, b: u32) -> Option<u64> {
    use Opcode as O;
    let (sa, sb) = (a as i32, b as i32);
    let truth = |value: bool| Some(u64::from(value));
    Some(u64::from(match opcode {
        O::I32Add => a.wrapping_add(b),
        O::I32Sub => a.wrapping_sub(b),
        O::I32Mul => a.wrapping_mul(b),
        O::I32And => a & b,
        O::I32Or => a | b,
        O::I32Xor => a ^ b,
        O::I32Shl if planted!(CountUnmasked) => a.checked_shl(b).unwrap_or(0),
        O::I32Shl => a.wrapping_shl(b),
        O::I32ShrU => a.wrapping_shr(b),
        O::I32ShrS => sa.wrapping_shr(b) as u32,
        O::I32Rotl => a.rotate_left(b & 31),
        O::I32Rotr => a.rotate_right(b & 31),
        O::I32DivS => sa.checked_div(sb)? as u32,
        O::I32DivU if planted!(DivisionByZero) => a.checked_div(b).unwrap_or(0),
        O::I32DivU => a.checked_div(b)?,
        O::I32RemS if b != 0 => sa.wrapping_rem(sb) as u32,
        O::I32RemU => a.checked_rem(b)?,
        O::I32Eq => return truth(a == b),
        O::I32Ne => return truth(a != b),
        O::I32LtS => return truth(sa < sb),
        O::I32LtU => return truth(a < b),
        O::I32GtS => return truth(sa > sb),
        O::I32GtU => return truth(a > b),
        O::I32LeS => return truth(sa <= sb),
        O::I32LeU => return truth(a <= b),
        O::I32GeS => return truth(sa >= sb),
        O::I32GeU => return truth(a >= b),
        _ => return None,
    }))
}

fn integer64(opcode: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    let (sa, sb) = (a as i64, b as i64);
    let truth = |value: bool| u64::from(value);
    Some(match opcode {
        O::I64Add => a.wrapping_add(b),
        O::I64Sub => a.wrapping_sub(b),
        O::I64Mul => a.wrapping_mul(b),
        O::I64And => a & b,
        O::I64Or => a | b,
        O::I64Xor => a ^ b,
        O::I64Shl => a.wrapping_shl(b as u32),
        O::I64ShrU => a.wrapping_shr(b as u32),
        O::I64ShrS => sa.wrapping_shr(b as u32) as u64,
        O::I64Rotl => a.rotate_left(b as u32 & 63),
        O::I64Rotr => a.rotate_right(b as u32 & 63),
        O::I64DivS if planted!(DivisionRoundsDown) => sa.div_euclid(sb) as u64,
        O::I64DivS => sa.checked_div(sb)? as u64,
        O::I64DivU => a.checked_div(b)?,
        O::I64RemS if b != 0 => sa.wrapping_rem(sb) as u64,
        O::I64RemU => a.checked_rem(b)?,
        O::I64Eq => truth(a == b),
        O::I64Ne => truth(a != b),
        O::I64LtS => truth(sa < sb),
        O::I64LtU if planted!(UnsignedIsSigned) => truth(sa < sb),
        O::I64LtU => truth(a < b),
        O::I64GtS => truth(sa > sb),
        O::I64GtU => truth(a > b),
        O::I64LeS => truth(sa <= sb),
        O::I64LeU => truth(a <= b),
        O::I64GeS => truth(sa >= sb),
        O::I64GeU => truth(a >= b),
        _ => return None,
    })
}

fn float(opcode: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    let (x, y) = (f32::from_bits(a as u32), f32::from_bits(b as u32));
    let (p, q) = (f64::from_bits(a), f64::from_bits(b));
    let single = |value: f32| (!value.is_nan()).then(|| u64::from(value.to_bits()));
    let is_kept = |value: f64| !value.is_nan() || planted!(NanChosen);
    let double = |value: f64| is_kept(value).then(|| value.to_bits());
    let truth = |value: bool| Some(u64::from(value));
    match opcode {
        O::F32Add => single(x + y),
        O::F32Sub => single(x - y),
        O::F32Mul => single(x * y),
        O::F32Div => single(x / y),
        O::F64Add => double(p + q),
        O::F64Sub => double(p - q),
        O::F64Mul => double(p * q),
        O::F64Div => double(p / q),
        O::F32Eq => truth(x == y),
        O::F32Ne => truth(x != y),
        O::F32Lt => truth(x < y),
        O::F32Gt => truth(x > y),
        O::F32Le => truth(x <= y),
        O::F32Ge => truth(x >= y),
        O::F64Eq => truth(p == q),
        O::F64Ne => truth(p != q),
        O::F64Lt => truth(p < q),
        O::F64Gt => truth(p > q),
        O::F64Le => truth(p <= q),
        O::F64Ge => truth(p >= q),
        _ => None,
    }
}

/// How many bytes a plain load reads; `None` for another operator, and for vectors.
pub(crate) fn load_width(opcode: Opcode) -> Option<u32> {
    use Opcode as O;
    Some(match opcode {
        O::I32Load8S | O::I32Load8U | O::I64Load8S | O::I64Load8U => 1,
        O::I32Load16S | O::I32Load16U | O::I64Load16S | O::I64Load16U => 2,
        O::I32Load | O::F32Load | O::I64Load32S | O::I64Load32U => 4,
        O::I64Load | O::F64Load => 8,
        _ => return None,
    })
}

/// What a plain load makes of the bytes that it reads.
pub(crate) fn load(opcode: Opcode, bytes: &[u8]) -> Option<u64> {
    use Opcode as O;
    if load_width(opcode)? as usize != bytes.len() {
        return None;
    }
    let bits = bytes.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    Some(match opcode {
        O::I32Load8S => u64::from(bits as i8 as u32),
        O::I32Load16S => u64::from(bits as i16 as u32),
        O::I64Load8S => bits as i8 as u64,
        O::I64Load16S if planted!(NarrowSignLost) => bits,
        O::I64Load16S => bits as i16 as u64,
        O::I64Load32S => bits as i32 as u64,
        _ => bits,
    })
}
