//! Lemmas on accesses: what a rule places lies where it says.
//!
//! Memories and tables begin at `base`; the assumption about them (`docs/trust/assumptions.md`) is
//! that what belongs to them does not wrap around the end of the address space.

use crate::proof::{Proof, bounded, int, meaning, number};
use crate::smt::Theory::{self, Integers};
use crate::table::{Lemma, lemma};
use prova_check::rules::order::Reading;
use prova_check::rules::place::{Reach, element, entries, linear, masked};
use prova_check::word::Int;
use prova_check::{Base, Sym, Value};

const S: Sym = Sym(20);

/// The number of a reading.
pub fn reading_of<W: Proof>(of: Reading<W::Int>) -> W::Int {
    number::<W>(of.sym).scaled(of.shift).plus(of.add)
}

/// A memory: `(least length, zone, length)`, none of which wraps.
pub fn memory<W: Proof>() -> Option<(W, W, W::Int)> {
    let (base, min) = (W::any("base").unsigned(), W::any("min"));
    let len = W::any("len").unsigned();
    given!(min.unsigned() <= len, base.plus(len) <= W::MAX.unsigned());
    let zone = W::any("zone");
    given!(base.plus(zone.unsigned()) <= W::MAX.unsigned());
    Some((min, zone, len))
}

/// Whether an access of `size` bytes at the word of `to` lies in the `bytes` bytes from `base` on.
pub fn lies<W: Proof>(to: Value<W>, size: u32, base: W, bytes: W::Int) -> bool {
    let (at, base) = (meaning(to).unsigned(), base.unsigned());
    base <= at && at.plus(int::<W>(i64::from(size))) <= base.plus(bytes)
}

/// An access to a memory lies inside it, or in its zone. The case: the shift (4: no symbol), the
/// bytes, which of the two. `within` answers as well as anything can that is right.
fn access<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (sym, shift) = if case[0] == 4 { (Sym::ZERO, 0) } else { (S, case[0] as u8) };
    let to = Value { base: Base::Memory(0), sym, shift, add: W::any("disp") };
    let bounds = bounded::<W>(sym)?;
    let (min, zone, len) = memory::<W>()?;
    let within = |of: Reading<W::Int>| case[2] == 1 && reading_of::<W>(of) <= len;
    let reach = linear((to, case[1]), bounds, (min, zone), within);
    let size = case[1] + u32::from(twin);
    match (reach, case[2]) {
        (Reach::Inside, 0 | 1) => Some(lies(to, size, W::any("base"), len)),
        (Reach::Zone, 2) => Some(lies(to, size, W::any("base"), zone.unsigned())),
        _ => None,
    }
}

/// An access behind a masked pointer lies in the bytes that were compared. The case: its bytes.
fn behind<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (disp, bytes) = (W::any("disp"), W::any("bytes"));
    given!(masked((disp, case[0]), bytes));
    let size = int::<W>(i64::from(case[0] + u32::from(twin)));
    Some(disp.unsigned().plus(size) <= bytes.unsigned())
}

/// An access to a table is one of its elements.
fn table<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (sym, shift) = [(S, 3), (Sym::ZERO, 0), (S, 2)][case[0] as usize];
    let base = W::any("base");
    let to = Value { base: Base::Table(0), sym, shift, add: W::any("disp") };
    let (lo, _) = bounded::<W>(sym)?;
    let elements = W::any("len");
    let end = base.unsigned().plus(elements.scaled(3));
    given!(end <= W::MAX.unsigned());
    let within = |of: Reading<W::Int>| reading_of::<W>(of) <= elements.unsigned();
    given!(element(to, lo, within));
    let distance = meaning(to).wrapping_sub(base);
    let whole = distance.lowest(3) == W::ZERO;
    Some(whole && lies(to, 8 + 8 * u32::from(twin), base, elements.scaled(3)))
}

/// A read by an index stays in the data that its entries lie in. The case: shift and bytes.
fn indexed<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (base, start, end) = (W::any("base"), W::any("start"), W::any("end"));
    let to = Value { base: Base::Code, sym: S, shift: case[0] as u8, add: W::any("disp") };
    let bounds = bounded::<W>(S)?;
    given!(base.unsigned().plus(end.unsigned()) <= W::MAX.unsigned());
    let (first, bytes) = entries(to, bounds, case[1]);
    given!(start <= first, first.unsigned().plus(bytes) <= end.unsigned());
    Some(lies(to, case[1] + u32::from(twin), base, end.unsigned()))
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, theory: Theory, case: &[u32], runs| {
        all.push(lemma(name, theory, case, runs));
    };
    for shift in 0..5 {
        for (which, name) in [(0, "least"), (1, "edge"), (2, "zone")] {
            for bytes in [1, 4, 16] {
                let name = format!("access.{name}.{shift}.{bytes}");
                add(name, Integers, &[shift, bytes, which], runs!(access));
            }
        }
    }
    for (case, name) in [(0, "indexed"), (1, "constant")] {
        add(format!("element.{name}"), Integers, &[case], runs!(table));
    }
    for bytes in [1, 4, 16] {
        add(format!("masked.{bytes}"), Integers, &[bytes], runs!(behind));
    }
    for (shift, bytes) in [(0, 1), (1, 2), (2, 4), (3, 8), (0, 16)] {
        add(format!("entries.{shift}.{bytes}"), Integers, &[shift, bytes], runs!(indexed));
    }
    all
}
