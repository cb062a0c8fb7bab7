//! Values of scripts: arguments, and patterns that results are compared with.
//!
//! A float pattern is a value, compared bit by bit, or a class of NaNs (specification 4.3.3):
//! *canonical*, whose payload is the highest bit alone, or *arithmetic*, whose payload has the
//! highest bit; either sign.

use prova_core::{AnyRef, ExternRef, Result, Store, StoreLimits, Val, bail};
use wast::WastArg;
use wast::WastRet;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};

/// The value of an argument.
pub(crate) fn argument(store: &mut Store<StoreLimits>, arg: &WastArg<'_>) -> Result<Val> {
    let WastArg::Core(arg) = arg else { bail!("an argument of a component") };
    Ok(match arg {
        WastArgCore::I32(x) => Val::I32(*x),
        WastArgCore::I64(x) => Val::I64(*x),
        WastArgCore::F32(x) => Val::F32(x.bits),
        WastArgCore::F64(x) => Val::F64(x.bits),
        WastArgCore::V128(x) => Val::from(u128::from_le_bytes(x.to_le_bytes())),
        WastArgCore::RefNull(ty) if is(ty, AbstractHeapType::Extern) => Val::ExternRef(None),
        WastArgCore::RefNull(ty) if is(ty, AbstractHeapType::Func) => Val::FuncRef(None),
        WastArgCore::RefNull(ty) if is(ty, AbstractHeapType::Exn) => Val::ExnRef(None),
        WastArgCore::RefNull(ty) if is_any(ty) => Val::AnyRef(None),
        WastArgCore::RefExtern(n) => Val::ExternRef(Some(ExternRef::new(store, *n)?)),
        WastArgCore::RefHost(n) => {
            let value = ExternRef::new(&mut *store, *n)?;
            Val::AnyRef(Some(AnyRef::convert_extern(store, value)?))
        }
        WastArgCore::RefNull(_) => bail!("an argument of an unsupported type: {arg:?}"),
    })
}

fn is(ty: &HeapType<'_>, wanted: AbstractHeapType) -> bool {
    matches!(ty, HeapType::Abstract { shared: false, ty } if *ty == wanted)
}

/// Whether it is a heap type of structures, arrays or small integers.
fn is_any(ty: &HeapType<'_>) -> bool {
    use AbstractHeapType::{Any, Array, Eq, I31, None, Struct};
    matches!(ty, HeapType::Abstract { shared: false, ty: Any | Array | Eq | I31 | None | Struct })
}

/// Whether `val` is one of the values that the pattern stands for.
pub(crate) fn matches(
    store: &Store<StoreLimits>,
    val: &Val,
    pattern: &WastRet<'_>,
) -> Result<bool> {
    match pattern {
        WastRet::Core(pattern) => matches_core(store, val, pattern),
        _ => bail!("a result of a component"),
    }
}

fn matches_core(store: &Store<StoreLimits>, val: &Val, pattern: &WastRetCore<'_>) -> Result<bool> {
    Ok(match (pattern, val) {
        (WastRetCore::I32(x), Val::I32(y)) => x == y,
        (WastRetCore::I64(x), Val::I64(y)) => x == y,
        (WastRetCore::F32(x), Val::F32(y)) => matches_f32(x, *y),
        (WastRetCore::F64(x), Val::F64(y)) => matches_f64(x, *y),
        (WastRetCore::V128(x), Val::V128(y)) => matches_v128(x, y.as_u128()),
        (WastRetCore::RefNull(ty), Val::FuncRef(None)) => {
            matches_null(ty.as_ref(), AbstractHeapType::Func)
        }
        (WastRetCore::RefNull(ty), Val::ExternRef(None)) => {
            matches_null(ty.as_ref(), AbstractHeapType::Extern)
        }
        (WastRetCore::RefNull(ty), Val::ExnRef(None)) => {
            matches_null(ty.as_ref(), AbstractHeapType::Exn)
        }
        (WastRetCore::RefNull(ty), Val::AnyRef(None)) => ty.as_ref().is_none_or(is_any),
        (WastRetCore::RefFunc(None), Val::FuncRef(func)) => func.is_some(),
        (WastRetCore::RefExtern(None), Val::ExternRef(value)) => value.is_some(),
        (WastRetCore::RefExtern(Some(n)), Val::ExternRef(Some(value))) => {
            value.data(store)?.and_then(|value| value.downcast_ref::<u32>()) == Some(n)
        }
        (WastRetCore::RefAny, Val::AnyRef(value)) => value.is_some(),
        (WastRetCore::RefHost(n), Val::AnyRef(Some(value))) => {
            let value = ExternRef::convert_any(store, *value)?;
            value.data(store)?.and_then(|value| value.downcast_ref::<u32>()) == Some(n)
        }
        (WastRetCore::RefI31, Val::AnyRef(Some(value))) => value.is_i31(store)?,
        (WastRetCore::RefStruct, Val::AnyRef(Some(value))) => value.is_struct(store)?,
        (WastRetCore::RefArray, Val::AnyRef(Some(value))) => value.is_array(store)?,
        (WastRetCore::RefEq, Val::AnyRef(Some(value))) => value.is_eqref(store)?,
        (WastRetCore::Either(patterns), _) => {
            for pattern in patterns {
                if matches_core(store, val, pattern)? {
                    return Ok(true);
                }
            }
            false
        }
        // Another type than the value's.
        _ => false,
    })
}

/// A null without a type matches every null; otherwise the type or the bottom of its hierarchy.
fn matches_null(wanted: Option<&HeapType<'_>>, actual: AbstractHeapType) -> bool {
    let bottom = match actual {
        AbstractHeapType::Extern => AbstractHeapType::NoExtern,
        AbstractHeapType::Exn => AbstractHeapType::NoExn,
        _ => AbstractHeapType::NoFunc,
    };
    wanted.is_none_or(|wanted| is(wanted, actual) || is(wanted, bottom))
}

fn matches_f32(pattern: &NanPattern<F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn matches_f64(pattern: &NanPattern<F64>, bits: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn matches_v128(pattern: &V128Pattern, bits: u128) -> bool {
    let lane = |index: usize, width: usize| (bits >> (index * width)) as u64;
    let mut lanes = 0..;
    let mut next = |width| lane(lanes.next().unwrap_or_default(), width);
    match pattern {
        V128Pattern::I8x16(x) => x.iter().all(|&x| x == next(8) as i8),
        V128Pattern::I16x8(x) => x.iter().all(|&x| x == next(16) as i16),
        V128Pattern::I32x4(x) => x.iter().all(|&x| x == next(32) as i32),
        V128Pattern::I64x2(x) => x.iter().all(|&x| x == next(64) as i64),
        V128Pattern::F32x4(x) => x.iter().all(|x| matches_f32(x, next(32) as u32)),
        V128Pattern::F64x2(x) => x.iter().all(|x| matches_f64(x, next(64))),
    }
}

/// A value as scripts write it; a reference as `prova run` prints it.
pub(crate) fn show(store: &Store<StoreLimits>, val: &Val) -> String {
    match val {
        Val::I32(x) => format!("(i32.const {x})"),
        Val::I64(x) => format!("(i64.const {x})"),
        Val::F32(x) => format!("(f32.const {} bits {x:#010x})", f32::from_bits(*x)),
        Val::F64(x) => format!("(f64.const {} bits {x:#018x})", f64::from_bits(*x)),
        Val::V128(x) => format!("(v128.const {:#034x})", x.as_u128()),
        Val::AnyRef(Some(value)) if value.is_i31(store).is_ok_and(|is| is) => {
            format!("(ref.i31 {})", val.text(store).unwrap_or_default())
        }
        Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) | Val::AnyRef(_) => {
            val.text(store).unwrap_or_else(|_| val.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_nans_have_two_sides() {
        for (bits, canonical, arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0x7fc0_0001, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
            (0, false, false),
        ] {
            assert_eq!(matches_f32(&NanPattern::CanonicalNan, bits), canonical, "{bits:#x}");
            assert_eq!(matches_f32(&NanPattern::ArithmeticNan, bits), arithmetic, "{bits:#x}");
        }
        for (bits, canonical, arithmetic) in [
            (0x7ff8_0000_0000_0000, true, true),
            (0xfff8_0000_0000_0000, true, true),
            (0x7ff8_0000_0000_0001, false, true),
            (0x7ff4_0000_0000_0000, false, false),
        ] {
            assert_eq!(matches_f64(&NanPattern::CanonicalNan, bits), canonical, "{bits:#x}");
            assert_eq!(matches_f64(&NanPattern::ArithmeticNan, bits), arithmetic, "{bits:#x}");
        }
    }

    #[test]
    fn every_lane_is_compared() {
        for lane in 0..16 {
            let mut lanes = [0i8; 16];
            lanes[lane] = -1;
            let bits = 0xffu128 << (8 * lane);
            assert!(matches_v128(&V128Pattern::I8x16(lanes), bits), "{lane}");
            assert!(!matches_v128(&V128Pattern::I8x16(lanes), 0), "{lane}");
        }
        assert!(matches_v128(&V128Pattern::I64x2([1, -2]), (-2i64 as u64 as u128) << 64 | 1));
        assert!(!matches_v128(&V128Pattern::I64x2([-2, 1]), (-2i64 as u64 as u128) << 64 | 1));
    }
}
