//! Arguments of `--invoke` → values. (Results print themselves: [`Val`]'s `Display`.)
//!
//! The formats are Wasmtime's: integers decimal or, after `0x`, hexadecimal; floats as Rust reads
//! them. Beyond that, integers may be given as unsigned, vectors as a number of 128 bits, and
//! `null` is a null reference.

use prova_core::{Context, FuncType, Ref, Result, Val, ValType, bail, format_err};
use std::ffi::OsString;

/// How a vector is written.
const VECTOR: &str = "\na v128 is one integer of 128 bits, whose lowest bits are lane 0: for `i32x4 1 2 3 4` write\n\
     0x00000004000000030000000200000001";

/// The values of `args` for a function of type `ty` that is known to the user as `name`.
///
/// # Errors
/// If there are too few or too many, or one is no value of its type.
pub(crate) fn parse_all(name: &str, ty: &FuncType, args: &[OsString]) -> Result<Vec<Val>> {
    let wanted = ty.params().len();
    if args.len() != wanted {
        let amount = if args.len() < wanted { "not enough" } else { "too many" };
        let vector = if ty.params().any(|ty| matches!(ty, ValType::V128)) { VECTOR } else { "" };
        let got = args.len();
        bail!("{amount} arguments for `{name}{ty}`: it takes {wanted}, got {got}{vector}");
    }
    (1..)
        .zip(ty.params())
        .zip(args)
        .map(|((number, ty), arg)| {
            let text =
                arg.to_str().ok_or_else(|| format_err!("argument is not valid UTF-8: {arg:?}"))?;
            let vector = if matches!(ty, ValType::V128) { VECTOR } else { "" };
            parse(&ty, text).with_context(|| {
                format!(
                    "argument {number} of `{name}`: invalid argument `{text}` of type {ty}{vector}"
                )
            })
        })
        .collect()
}

/// The value of a type that a text stands for.
///
/// # Errors
/// If it is none: what is accepted.
fn parse(ty: &ValType, text: &str) -> Result<Val> {
    let value = match ty {
        ValType::I32 => integer(text, 32).map(|value| Val::I32(value as i32)),
        ValType::I64 => integer(text, 64).map(|value| Val::I64(value as i64)),
        ValType::F32 => text.parse::<f32>().ok().map(Val::from),
        ValType::F64 => text.parse::<f64>().ok().map(Val::from),
        ValType::V128 => match hexadecimal(text) {
            Some(digits) => u128::from_str_radix(digits, 16).ok().map(Val::from),
            None => text.parse::<u128>().ok().map(Val::from),
        },
        ValType::Ref(ty) => (text == "null").then(|| Ref::null(ty.heap_type()).into()),
    };
    let bits = match ty {
        ValType::I32 => 32,
        ValType::I64 => 64,
        ValType::F32 | ValType::F64 | ValType::V128 | ValType::Ref(_) => 0,
    };
    value.ok_or_else(|| match bits > 0 && integer(text, 126).is_some() {
        true => format_err!("it does not fit in {bits} bits: it must be {}", accepted(ty)),
        false => format_err!("it must be {}", accepted(ty)),
    })
}

/// The texts that are accepted as a value of a type, in words.
fn accepted(ty: &ValType) -> &'static str {
    match ty {
        ValType::I32 => {
            "an integer from -2147483648 to 4294967295, decimal or, after `0x`, hexadecimal"
        }
        ValType::I64 => {
            "an integer from -9223372036854775808 to 18446744073709551615, decimal or, after `0x`, hexadecimal"
        }
        ValType::F32 | ValType::F64 => "a number such as `1.5` or `1e3`, `inf`, `-inf` or `nan`",
        ValType::V128 => "an integer of 128 bits, decimal or, after `0x`, hexadecimal",
        ValType::Ref(_) => "`null`: other references cannot be given",
    }
}

fn hexadecimal(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// An integer of digits alone.
fn unsigned(digits: &str, radix: u32) -> Option<u128> {
    let is_signed = digits.starts_with(['-', '+']);
    u128::from_str_radix(digits, radix).ok().filter(|_| !is_signed)
}

/// An integer of `bits` bits, signed or not.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let value = match hexadecimal(digits) {
        Some(digits) => unsigned(digits, 16)?,
        None => unsigned(digits, 10)?,
    };
    let value = sign * i128::try_from(value).ok()?;
    (value >= -(1 << (bits - 1)) && value < 1 << bits).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_fit_or_are_refused() {
        for (text, value) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("0x10", Some(16)),
            ("-0X10", Some(-16)),
            ("2147483648", Some(i32::MIN)),
            ("4294967295", Some(-1)),
            ("-2147483648", Some(i32::MIN)),
            ("4294967296", None),
            ("-2147483649", None),
            ("", None),
            ("0x", None),
            ("--1", None),
            ("0x-1", None),
            ("1.0", None),
            ("99999999999999999999999999999999999999999", None),
        ] {
            let parsed = parse(&ValType::I32, text).ok().map(|val| val.unwrap_i32());
            assert_eq!(parsed, value, "{text}");
        }
        assert_eq!(
            parse(&ValType::I64, "18446744073709551615").ok().map(|v| v.unwrap_i64()),
            Some(-1)
        );
    }

    #[test]
    fn other_types() {
        assert_eq!(parse(&ValType::F32, "1e3").expect("a float").unwrap_f32(), 1000.0);
        assert!(parse(&ValType::F64, "nan").expect("a float").unwrap_f64().is_nan());
        assert!(parse(&ValType::F64, "one").is_err());
        assert_eq!(parse(&ValType::V128, "0xff").expect("a vector").unwrap_v128().as_u128(), 255);
        assert!(parse(&ValType::EXTERNREF, "null").is_ok());
        assert!(parse(&ValType::FUNCREF, "0").is_err());
    }
}
