//! The executors' operand reader: a cursor over the lanes of one instruction, and one reader per
//! kind of operand.
//!
//! The cursor follows the layout rule of the op table (next lane that is a multiple of the
//! operand's width, at most 4). Every position is a constant after inlining, so a handler holds
//! plain loads at fixed offsets.
//!
//! # Invariants
//! * O1. The instruction at `ip` was decoded by the check, so all its lanes lie inside the code
//!   (V4).
//! * O2. The check proved `slot + cells ≤ frame_cells` for every slot operand, so `fp + slot` lies
//!   inside the frame (V5); for one whose value is in an accumulator too, which says slot 0 (F5).
//!
//! A test below compares the cursor's lanes with [`prova_bytecode::Op::lane`] for every row of the
//! table.

use super::Registers;
use crate::vm::Cell;
use prova_bytecode::ops::kind::marker;

/// A cursor over the lanes of the instruction at `ip`.
pub(super) struct Operands {
    ip: *const u64,
    lane: usize,
    /// How many slot sources of one cell come before the one in its accumulator; no such if it is
    /// at least [`SOURCE_MAX`](prova_bytecode::Marks::SOURCE_MAX).
    before: u8,
}

impl Operands {
    /// The cursor before the first operand of the running instruction.
    #[inline(always)]
    pub(super) fn new(r: &Registers) -> Operands {
        Operands { ip: r.ip, lane: 4, before: r.marks.source().wrapping_sub(1) }
    }

    /// Whether the slot source of one cell that comes now is in its accumulator.
    #[inline(always)]
    fn is_accumulated(&mut self) -> bool {
        let here = self.before == 0;
        self.before = self.before.wrapping_sub(1);
        here && !planted!(AccumulatorUnread)
    }

    #[inline(always)]
    fn advance(&mut self, width: usize) -> *const u16 {
        let align = if width < 4 { width } else { 4 };
        let lane = self.lane.next_multiple_of(align);
        self.lane = lane + width;
        self.ip.cast::<u16>().wrapping_add(lane)
    }

    /// The next operand of one lane.
    ///
    /// # Safety
    /// O1, and the row has such an operand here; so for all readers below.
    #[inline(always)]
    pub(super) unsafe fn u16(&mut self) -> u16 {
        // SAFETY: O1.
        unsafe { self.advance(1).read() }
    }

    /// The next slot.
    #[inline(always)]
    pub(super) unsafe fn slot(&mut self) -> usize {
        // SAFETY: O1.
        let slot = unsafe { usize::from(self.u16()) };
        if planted!(SlotCut) { slot & 0x7fff } else { slot }
    }

    /// The next operand of two lanes.
    #[inline(always)]
    pub(super) unsafe fn u32(&mut self) -> u32 {
        // SAFETY: O1; the lane is even, so the address is a multiple of 4.
        unsafe { self.advance(2).cast::<u32>().read() }
    }

    /// The next operand of four lanes.
    #[inline(always)]
    pub(super) unsafe fn u64(&mut self) -> u64 {
        // SAFETY: O1; the lane is a multiple of 4, so the address is a multiple of 8.
        unsafe { self.advance(4).cast::<u64>().read() }
    }

    /// The next operand of eight lanes.
    #[inline(always)]
    pub(super) unsafe fn u128(&mut self) -> u128 {
        let at = self.advance(8).cast::<u64>();
        // SAFETY: O1; two words.
        unsafe { u128::from(at.read()) | u128::from(at.add(1).read()) << 64 }
    }

    /// The address of the next instruction (for a `br_table`: of its targets).
    #[inline(always)]
    pub(super) fn end(&self) -> *const u64 {
        self.ip.wrapping_add(self.lane.div_ceil(4))
    }
}

/// A kind of operand that an instruction reads.
pub(super) trait Source {
    /// The type of the operand's value.
    type Value;

    /// Reads the next operand: an immediate from the code, a slot's value from the frame.
    ///
    /// # Safety
    /// O1 and O2, and the row has an operand of this kind here.
    unsafe fn read(operands: &mut Operands, r: &Registers) -> Self::Value;
}

/// A kind of operand that an instruction writes.
pub(super) trait Sink {
    /// The type of the result.
    type Value;

    /// Writes a result to its slot.
    ///
    /// # Safety
    /// O2 for `slot`.
    unsafe fn put(fp: *mut Cell, slot: usize, value: Self::Value);

    /// Writes the only result: to the accumulator of its class, and, unless it is muted, to its
    /// slot.
    ///
    /// # Safety
    /// O2 for `slot`, unless the result is muted.
    unsafe fn write(r: &mut Registers, slot: usize, value: Self::Value);
}

macro_rules! slots {
    ($($kind:ident $acc:ident $value:ty, |$cell:ident| $get:expr, |$v:ident| $put:expr,
       |$a:ident| $of:expr, |$w:ident| $to:expr;)*) => {$(
        impl Source for marker::$kind {
            type Value = $value;
            #[inline(always)]
            unsafe fn read(operands: &mut Operands, r: &Registers) -> $value {
                // SAFETY: O1.
                let slot = unsafe { operands.slot() };
                // SAFETY: O2, which holds of the slot of a value that is elsewhere too.
                let $cell = unsafe { *r.fp.add(slot) };
                let $a = r.acc.$acc;
                let (here, there) = ($of, $get);
                // Where it is not known when a handler is compiled, a jump is foreseen badly.
                std::hint::select_unpredictable(operands.is_accumulated(), here, there)
            }
        }
        impl Sink for marker::$kind {
            type Value = $value;
            #[inline(always)]
            unsafe fn put(fp: *mut Cell, slot: usize, $v: $value) {
                // SAFETY: O2.
                unsafe {
                    *fp.add(slot) = $put;
                    // The value stack has slack behind the greatest frame.
                    #[cfg(prova_plant)]
                    if planted!(NeighbourWritten) {
                        *fp.add(slot + 1) = $put;
                    }
                }
            }
            #[inline(always)]
            unsafe fn write(r: &mut Registers, slot: usize, value: $value) {
                if !planted!(AccumulatorUnwritten) {
                    let $w = value;
                    r.acc.$acc = $to;
                }
                if !r.marks.is_muted() {
                    // SAFETY: O2.
                    unsafe { Self::put(r.fp, slot, value) }
                }
            }
        }
    )*};
}

// T2: 32-bit values are zero-extended in their cell, and in the integer accumulator.
slots! {
    i32 int u32, |cell| cell as u32,
        |v| if planted!(NotZeroExtended) { v as i32 as u64 } else { u64::from(v) },
        |acc| acc as u32,
        |v| if planted!(NotZeroExtended) { v as i32 as u64 } else { u64::from(v) };
    i64 int u64, |cell| cell, |v| v, |acc| acc, |v| v;
    f32 f32 f32, |cell| f32::from_bits(cell as u32), |v| u64::from(v.to_bits()), |acc| acc, |v| v;
    f64 f64 f64, |cell| f64::from_bits(cell), |v| v.to_bits(), |acc| acc, |v| v;
    ref_ int u64, |cell| cell, |v| v, |acc| acc, |v| v;
    addr int u64, |cell| cell, |v| v, |acc| acc, |v| v;
    any int u64, |cell| cell, |v| v, |acc| acc, |v| v;
}

impl Source for marker::v128 {
    type Value = u128;
    #[inline(always)]
    unsafe fn read(operands: &mut Operands, r: &Registers) -> u128 {
        // SAFETY: O1, O2: both cells lie inside the frame.
        unsafe { r.fp.add(operands.slot()).cast::<u128>().read_unaligned() }
    }
}

impl Sink for marker::v128 {
    type Value = u128;
    #[inline(always)]
    unsafe fn put(fp: *mut Cell, slot: usize, value: u128) {
        // SAFETY: O2: both cells lie inside the frame.
        unsafe {
            #[cfg(prova_plant)]
            if planted!(HighCellLost) {
                *fp.add(slot) = value as u64;
                return;
            }
            fp.add(slot).cast::<u128>().write_unaligned(value)
        }
    }
    #[inline(always)]
    unsafe fn write(r: &mut Registers, slot: usize, value: u128) {
        // SAFETY: O2. There is no accumulator of this class, so it is not muted.
        unsafe { Self::put(r.fp, slot, value) }
    }
}

macro_rules! immediates {
    ($($kind:ident $value:ty, |$o:ident| $get:expr;)*) => {$(
        impl Source for marker::$kind {
            type Value = $value;
            #[inline(always)]
            unsafe fn read($o: &mut Operands, _r: &Registers) -> $value {
                // SAFETY: O1.
                unsafe { $get }
            }
        }
    )*};
}

immediates! {
    i32s u32, |o| if planted!(ImmediateUnsigned) { o.u16().into() } else { i32::from(o.u16() as i16) as u32 };
    i64s u64, |o| i64::from(o.u16() as i16) as u64;
    i32c u32, |o| o.u32();
    i64w u64, |o| if planted!(LongImmediateUnsigned) { o.u32().into() } else { i64::from(o.u32() as i32) as u64 };
    i64c u64, |o| o.u64();
    f64c f64, |o| f64::from_bits(o.u64());
    v128c u128, |o| o.u128();
    rel isize, |o| o.u32() as i32 as isize;
    off16 u64, |o| u64::from(if planted!(OffsetCut) { o.u16() & 0x7f } else { o.u16() });
    off32 u64, |o| u64::from(if planted!(OffsetCut) { o.u32() & 0x7fff } else { o.u32() });
    off64 u64, |o| o.u64();
    lane u8, |o| if planted!(LaneCut) { o.u16() as u8 & 1 } else { o.u16() as u8 };
    win u32, |o| u32::from(o.u16());
    count u32, |o| o.u32();
    func u32, |o| o.u32();
    type_ u32, |o| o.u32();
    table u32, |o| o.u32();
    mem u32, |o| o.u32();
    global u32, |o| o.u32();
    elem u32, |o| o.u32();
    data u32, |o| o.u32();
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_bytecode::OPS;

    /// The cursor reads every operand of every row at the lane that the table gives.
    #[test]
    fn cursor_agrees_with_the_table() {
        for &op in OPS {
            let code = [0u64; 8];
            let mut operands = Operands { ip: code.as_ptr(), lane: 4, before: u8::MAX };
            for (i, operand) in op.operands().iter().enumerate() {
                let at = operands.advance(usize::from(operand.kind.lanes()));
                let lane = (at as usize - code.as_ptr() as usize) / 2;
                assert_eq!(lane, op.lane(i), "{op:?} operand {i}");
            }
            let words = (operands.end() as usize - code.as_ptr() as usize) / 8;
            assert_eq!(words, op.words(), "{op:?}");
        }
    }
}
