//! Kinds of memories, of processors and of settings → the cells that code is made for in turn.
//!
//! A check that holds for some kinds of memories says nothing of the others. The axes are in
//! [`AXES`]. All of the first five are combined ([`cells`]): 64-bit addresses, shape, signals,
//! bases, level. The others go along so that each two values of two axes meet in some cell.
//!
//! Cells that cannot be, by [`IMPOSSIBLE`], are left out.

use prova_check::{Bases, Config, CpuLevel, MemoryShape, Metering};

/// The names of the axes, in the order of [`Cell::values`].
pub const AXES: [&str; 9] =
    ["addresses", "shape", "traps", "bases", "level", "memories", "number", "metering", "effort"];

/// Two values that cannot meet, and why.
pub const IMPOSSIBLE: [(&str, &str, &str); 2] = [
    ("guard", "calls", "a guard is noticed by faults"),
    ("masked", "calls", "a masked access is noticed by faults"),
];

/// One combination.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Whether memories have 64-bit addresses.
    pub wide: bool,
    /// Whether memories and tables are imported.
    pub imported: bool,
    /// Whether there is a memory before the module's.
    pub several: bool,
    /// Shape, signals, bases, level and metering.
    pub config: Config,
    /// Whether Cranelift's optimiser is left out.
    pub plain: bool,
}

impl Cell {
    /// The names of its values, by axis.
    pub fn values(&self) -> [&'static str; 9] {
        let either = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
        let Config { memory, metering, cpu, signals, bases } = self.config;
        [
            either(self.wide, "64-bit", "32-bit"),
            match memory {
                MemoryShape::Guard { .. } => "guard",
                MemoryShape::Explicit => "explicit",
                MemoryShape::Masked => "masked",
            },
            either(signals, "faults", "calls"),
            match bases {
                Bases::Fixed => "fixed",
                Bases::MayMove => "may move",
            },
            match cpu {
                CpuLevel::V2 => "v2",
                CpuLevel::V3 => "v3",
            },
            either(self.imported, "imported", "owned"),
            either(self.several, "several", "one"),
            match (metering.fuel, metering.epoch) {
                (false, false) => "none",
                (true, false) => "fuel",
                (false, true) => "epochs",
                (true, true) => "both",
            },
            either(self.plain, "none", "speed"),
        ]
    }
}

/// All cells.
pub fn cells() -> Vec<Cell> {
    let shapes = [MemoryShape::GUARD, MemoryShape::Explicit, MemoryShape::Masked];
    let mut found: Vec<Cell> = Vec::new();
    for wide in [false, true] {
        for memory in shapes {
            for signals in [true, false] {
                if memory.needs_signals() && !signals {
                    continue;
                }
                for bases in [Bases::Fixed, Bases::MayMove] {
                    for cpu in [CpuLevel::V2, CpuLevel::V3] {
                        let (metering, [imported, several, plain]) = others(found.len());
                        let config = Config { memory, metering, cpu, signals, bases };
                        found.push(Cell { wide, imported, several, config, plain });
                    }
                }
            }
        }
    }
    found
}

/// The values of the other axes in the cell with a number.
///
/// Eight rows have each two values of two of these axes together: a metering twice, with the other
/// three once so and once the other way round. The rows are shifted from one shape to the next, so
/// that they meet the values of the first axes too.
fn others(cell: usize) -> (Metering, [bool; 3]) {
    let row = (cell * 3 + cell / 4 + cell / 16) % 8;
    let (metering, turned) = (row >> 1, row & 1 != 0);
    let (fuel, epoch) = (metering & 1 != 0, metering & 2 != 0);
    (Metering { fuel, epoch }, [turned, fuel != turned, epoch != turned])
}

#[cfg(test)]
mod tests {
    use super::{AXES, Cell, IMPOSSIBLE, cells};
    use std::collections::BTreeSet;

    /// The first five axes are combined in all ways that can be, no way twice, and each two values
    /// of any two axes meet.
    #[test]
    fn values_meet() {
        let cells = cells();
        let firsts: BTreeSet<_> = cells.iter().map(|cell| cell.values()[..5].to_vec()).collect();
        assert_eq!((cells.len(), firsts.len()), (32, 32));
        let of = |axis: usize| -> BTreeSet<&str> {
            cells.iter().map(|cell| cell.values()[axis]).collect()
        };
        let counts: Vec<usize> = (0..AXES.len()).map(|axis| of(axis).len()).collect();
        assert_eq!(counts, [2, 3, 2, 2, 2, 2, 2, 4, 2]);
        let mut missing = Vec::new();
        for (a, first) in AXES.iter().enumerate() {
            for (b, second) in AXES.iter().enumerate().skip(a + 1) {
                for x in of(a) {
                    for y in of(b) {
                        let is = |cell: &Cell| (cell.values()[a], cell.values()[b]) == (x, y);
                        let cannot = IMPOSSIBLE.iter().any(|&(p, q, _)| (p, q) == (x, y));
                        if cells.iter().any(is) == cannot {
                            missing.push(format!("{first} {x}, {second} {y}"));
                        }
                    }
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
