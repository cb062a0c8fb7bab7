//! Each term computes what its operator does: terms are evaluated with `prova-num` and compared
//! with the operator itself.
//!
//! This holds every rewriting rule to be an identity, on edge values and on random ones, with each
//! mixture of constants and unknown operands; conditions are compared with their terms' truth.
//!
//! A green run does not show that two different values never get one number; `src/tests.rs` has
//! such pairs.

use prova_num::{self as num, NumError};
use prova_random::Rng;
use prova_terms::{Prim, Term, Terms, Vn};

/// Operands of any type from 128 bits.
trait Bits {
    fn from_bits(bits: u128) -> Self;
    fn bits(self) -> u128;
}

macro_rules! bits {
    ($($ty:ident)*) => {$(impl Bits for $ty {
        fn from_bits(bits: u128) -> $ty { bits as $ty }
        fn bits(self) -> u128 { self.into() }
    })*};
}
bits! { u8 u16 u32 u64 u128 }

impl Bits for f32 {
    fn from_bits(bits: u128) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> u128 {
        self.to_bits().into()
    }
}

impl Bits for f64 {
    fn from_bits(bits: u128) -> f64 {
        f64::from_bits(bits as u64)
    }
    fn bits(self) -> u128 {
        self.to_bits().into()
    }
}

/// Results: one value or two, or none where the operator traps.
trait Results {
    fn results(self) -> Option<[u128; 2]>;
}

impl<T: Bits> Results for T {
    fn results(self) -> Option<[u128; 2]> {
        Some([self.bits(), 0])
    }
}

/// Two results, and results of operators that may trap.
struct Several<T>(T);

impl<T: Bits> Results for Several<Result<T, NumError>> {
    fn results(self) -> Option<[u128; 2]> {
        Some([self.0.ok()?.bits(), 0])
    }
}

impl Results for Several<(u64, u64)> {
    fn results(self) -> Option<[u128; 2]> {
        Some([self.0.0.bits(), self.0.1.bits()])
    }
}

macro_rules! define {
    ($(($name:ident ($($arg:ident : $ty:ty),*) -> $($ret:tt)*))*) => {
        fn apply(prim: Prim, args: &[u128]) -> Option<[u128; 2]> {
            match prim {
                $(Prim::$name => {
                    let mut args = args.iter();
                    $(let $arg = <$ty as Bits>::from_bits(*args.next()?);)*
                    define!(@ [$($ret)*] num::$name($($arg),*)).results()
                })*
            }
        }

        /// The bits that each operand has.
        fn widths(prim: Prim) -> Vec<u32> {
            match prim { $(Prim::$name => vec![$(8 * size_of::<$ty>() as u32),*]),* }
        }
    };
    (@ [(u64, u64)] $e:expr) => { Several($e) };
    (@ [Result<$ty:ty, NumError>] $e:expr) => { Several($e) };
    (@ [$ty:ty] $e:expr) => { $e };
}
num::for_each_num!(define);

/// The result of a value; `params` are the values of the parameters.
fn value(terms: &Terms, vn: Vn, params: &[u128]) -> Option<u128> {
    Some(match terms.term(vn) {
        Term::Const(bits) => bits.into(),
        Term::Const128(bits) => bits,
        Term::Param(cell) => params[cell as usize],
        Term::Second(low) => {
            let Term::Pure(prim, args) = terms.term(low) else { return None };
            pure(terms, prim, args, params)?[1]
        }
        Term::Pure(prim, args) => pure(terms, prim, args, params)?[0],
        Term::Undef
        | Term::Effect(..)
        | Term::Phi(..)
        | Term::High(_)
        | Term::Join(..)
        | Term::Select(..)
        | Term::IsNull(_)
        | Term::Opaque => return None,
    })
}

fn pure(terms: &Terms, prim: Prim, args: [Vn; 4], params: &[u128]) -> Option<[u128; 2]> {
    let args = args.into_iter().take_while(|&arg| arg != Vn::UNDEF);
    let args: Option<Vec<u128>> = args.map(|arg| value(terms, arg, params)).collect();
    apply(prim, &args?)
}

const EDGES: [u64; 22] = [
    0,
    1,
    2,
    31,
    32,
    63,
    0x7f,
    0x80,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x3f80_0000,
    0x7fc0_0000,
    0x7fa0_0001,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0x7ff4_0000_0000_0001,
    0xbff0_0000_0000_0000,
];

fn operand(random: &mut Rng, width: u32) -> u128 {
    let mut half = || match random.bits() % 3 {
        0 => random.bits(),
        _ => EDGES[random.bits() as usize % EDGES.len()],
    };
    let bits = u128::from(half()) << 64 | u128::from(half());
    if width == 128 { bits } else { bits & ((1 << width) - 1) }
}

/// The operands as values: bit `i` of `constant` says whether operand `i` is a constant.
fn operands(terms: &mut Terms, prim: Prim, given: &[u128], constant: u64) -> Vec<Vn> {
    let mut args = Vec::new();
    for (i, (&bits, width)) in given.iter().zip(widths(prim)).enumerate() {
        args.push(match constant >> i & 1 {
            0 => Vn::param(i as u32),
            _ if width == 128 => terms.constant128(bits),
            _ => terms.constant(bits as u64),
        });
    }
    args
}

#[test]
fn terms_compute_what_their_operators_do() {
    let mut random = Rng::new(1);
    for &prim in Prim::ALL {
        let mut terms = Terms::new();
        for _ in 0..400 {
            let given: Vec<u128> =
                widths(prim).into_iter().map(|width| operand(&mut random, width)).collect();
            let args = operands(&mut terms, prim, &given, random.bits());
            let vn = terms.operator(prim, &args);
            assert_eq!(terms.pure_again(prim, &args), vn, "{prim:?} on the second side");
            let Some([low, high]) = apply(prim, &given) else { continue };
            let found = value(&terms, vn, &given);
            assert_eq!(found, Some(low), "{prim:?}{given:x?}");
            let second = terms.second(vn);
            let found = value(&terms, second, &given);
            assert!(high == 0 || found == Some(high), "{prim:?}{given:x?}: second is {found:x?}");
        }
    }
}

#[test]
fn a_condition_is_what_its_truth_says() {
    let mut random = Rng::new(2);
    let conditions = Prim::ALL.iter().filter(|prim| {
        let name = format!("{prim:?}");
        let scalar = ["i32_", "i64_", "f32_", "f64_"].iter().any(|ty| name.starts_with(ty));
        let compares =
            ["eq", "ne", "lt", "gt", "le", "ge"].iter().any(|op| name[4..].starts_with(op));
        scalar && compares && !name.contains("neg") && !name.contains("nearest")
    });
    let mut seen = 0;
    for &prim in conditions {
        seen += 1;
        let mut terms = Terms::new();
        for _ in 0..400 {
            let given: Vec<u128> =
                widths(prim).into_iter().map(|width| operand(&mut random, width)).collect();
            let args = operands(&mut terms, prim, &given, random.bits());
            let mut vn = terms.operator(prim, &args);
            let mut condition = apply(prim, &given).map(|[low, _]| low != 0);
            for _ in 0..random.bits() % 3 {
                vn = terms.operator(Prim::i32_eqz, &[vn]);
                condition = condition.map(|condition| !condition);
            }
            let (term, polarity) = terms.truth(vn);
            let found = value(&terms, term, &given).map(|bits| (bits != 0) == polarity);
            assert_eq!(found, condition, "{prim:?}{given:x?}");
        }
    }
    assert_eq!(seen, 34);
}
