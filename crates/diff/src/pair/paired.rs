//! Two modules → the same with partners: functions and globals that are each other's.

use super::globals;
use super::matching::{Matching, matching};
use super::profile::{Profile, profiles};
use super::side::Side;
use super::types::Types;
use prova_module::{Module, TypeRegistry};

/// How far before the data a number may be that is the address of something in it: compilers fold
/// the least index of a table into its address.
pub(crate) const BIAS: u64 = 512;

/// Two modules, and what is whose partner.
pub(crate) struct Paired<'m> {
    sides: (Side<'m>, Side<'m>),
    pub(crate) profiles: (Vec<Profile>, Vec<Profile>),
    pub(crate) functions: Matching,
    /// By global of A its partner in B.
    pub(crate) globals: Vec<Option<u32>>,
}

impl<'m> Paired<'m> {
    pub(crate) fn new(a: &'m Module, b: &'m Module) -> Paired<'m> {
        let (mut side_a, side_b) = sides(a, b);
        let profiles = (profiles(&side_a), profiles(&side_b));
        let functions = matching((&side_a, &side_b), (&profiles.0, &profiles.1));
        let globals = globals::partners((&side_a, &side_b));
        side_a.set_partners(&functions.a_to_b, &globals);
        side_a.types = Types::new((&side_a, &side_b));
        Paired { sides: (side_a, side_b), profiles, functions, globals }
    }

    pub(crate) fn sides(&self) -> (&Side<'m>, &Side<'m>) {
        (&self.sides.0, &self.sides.1)
    }
}

/// Both modules as they are compared.
fn sides<'m>(a: &'m Module, b: &'m Module) -> (Side<'m>, Side<'m>) {
    let mut types = TypeRegistry::new();
    let (mut side_a, mut side_b) = (Side::new(a, &mut types), Side::new(b, &mut types));
    // A number that may be an address on one side may be meant as an address on the other.
    let (x, y) = (side_a.addresses.clone(), side_b.addresses.clone());
    side_a.addresses = biased(hull(x, y));
    side_b.addresses = side_a.addresses.clone();
    (side_a, side_b)
}

/// Extends the addresses of data downwards by the numbers that may be a base before it: by at most
/// [`BIAS`] bytes, and by less where the data starts low.
fn biased(addresses: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let by = match addresses.start {
        _ if addresses.is_empty() => 0,
        start if start >= 8 * BIAS => BIAS,
        start if start >= 2 * BIAS => BIAS / 4,
        _ => 0,
    };
    addresses.start - by..addresses.end
}

/// The least range that has both.
fn hull(a: std::ops::Range<u64>, b: std::ops::Range<u64>) -> std::ops::Range<u64> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a,
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}
