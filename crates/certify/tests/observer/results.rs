//! Stores, calls with their arguments, results and the trap of a run, as others see them.
//!
//! ```text
//! Subject, seed ─ Stage::tell ─► [Event] ─┐
//!                                         ├─ differ ─► the first event that differs
//! edited subject, seed ─ tell ─► [Event] ─┘
//! ```
//!
//! * R1. Linear memory is a function of seed, era and address, and of what was stored since: so
//!   code that reads once more, or once less, sees the same. Each call begins an era.
//! * R2. Other numbers are drawn at the entry and at calls only: two runs of one seed go alike
//!   until an event differs.
//! * R3. A run that is cut off is compared as far as both came.
//!
//! It sees stores to memories, globals, tables and argument cells in order, with their widths; so
//! it asks for more than WebAssembly says, where stores are only seen at calls and ends.

use super::judge::{Access, To};
use super::module::{Home, Ty};
use super::run::Run;
use super::world::{MEMORIES, Target, What};
use prova_random::Rng;
use std::collections::BTreeSet;

/// Something that others see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Bytes that are written.
    Stored { at: u64, bytes: Vec<u8> },
    /// A call or a tail call: the height that is passed, and the arguments; of a builtin its
    /// operands and the first argument cells.
    Called { to: String, height: u64, args: Vec<u128> },
    /// The end, with the results.
    Returned(Vec<u128>),
    /// The end by a trap: its kind, the operator's offset, the address of an access.
    Trapped { kind: u8, wasm_offset: u32, at: Option<u64> },
    /// The run was cut off.
    Running,
}

/// The events so far, and what linear memory is.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    seed: u64,
    era: u64,
    /// Words of memories that are what they are in this era.
    known: BTreeSet<u64>,
}

impl Told {
    pub(crate) fn new(seed: u64) -> Told {
        Told { events: Vec::new(), seed, era: 0, known: BTreeSet::new() }
    }
}

/// The first event in which two runs differ.
pub(crate) fn differ<'e>(a: &'e [Event], b: &'e [Event]) -> Option<(usize, &'e Event, &'e Event)> {
    let cut = |event: &Event| *event == Event::Running;
    let pairs = a.iter().zip(b).enumerate();
    let mut open = pairs.take_while(|(_, (x, y))| !cut(x) && !cut(y));
    open.find(|(_, (x, y))| x != y).map(|(i, (x, y))| (i, x, y))
}

impl Run<'_> {
    pub(crate) fn tell(&mut self, event: Event) {
        if let Some(told) = self.told.as_mut() {
            told.events.push(event);
        }
    }

    /// R1: words of linear memory that are accessed for the first time in an era.
    pub(crate) fn remember(&mut self, accesses: &[Access]) {
        let Some(told) = self.told.as_mut() else { return };
        for access in accesses.iter().filter(|access| access.to == (To::Memory { faults: false })) {
            let (first, last) = (access.at & !7, (access.at + access.bytes - 1) & !7);
            for at in (first..=last).step_by(8) {
                if !told.known.insert(at) {
                    continue;
                }
                let mixed = at ^ told.seed.rotate_left(40) ^ told.era.rotate_left(20);
                let mut rng = Rng::new(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let value = match rng.below(4) {
                    0 => rng.below(6) as u64,
                    1 => (rng.bits() as i32 as f64).to_bits(),
                    _ => self.world.number(&mut rng),
                };
                self.stage.tracee.write(at, &value.to_le_bytes());
            }
        }
    }

    /// Stores that were made.
    pub(crate) fn tell_stores(&mut self, accesses: &[Access]) {
        if self.told.is_none() {
            return;
        }
        for access in accesses.iter().filter(|access| access.writes) {
            let seen = match access.to {
                To::Memory { .. } => true,
                To::Structure(what) => {
                    matches!(what, What::Global(..) | What::Elements(_) | What::Args)
                }
                To::Nowhere | To::Frame | To::Code => false,
            };
            if seen {
                let mut bytes = self.stage.tracee.read::<32>(access.at).to_vec();
                bytes.truncate(usize::try_from(access.bytes).expect("little"));
                self.tell(Event::Stored { at: access.at, bytes });
            }
        }
    }

    /// A value of a type at its home; those on the stack lie behind `stack`.
    fn value_at(&self, vectors: &[u128; 16], (ty, home): (Ty, Home), stack: u64) -> u128 {
        let word = match home {
            Home::General(r) => self.regs.general[r].into(),
            Home::Vector(r) => vectors[r],
            Home::Stack(at) => u128::from_le_bytes(self.stage.tracee.read(stack + at)),
        };
        let bits = match ty {
            Ty::I32 | Ty::F32 => 32,
            Ty::I64 | Ty::F64 | Ty::Ref(_) => 64,
            Ty::V128 => return word,
        };
        word & ((1 << bits) - 1)
    }

    /// A call; what it does begins an era.
    pub(crate) fn tell_call(&mut self, to: Target, sp: u64) {
        if self.told.is_none() {
            return;
        }
        let vectors = self.stage.tracee.vectors();
        let args = match to {
            Target::Func(to) => {
                let (homes, _) = self.world.types[self.world.funcs[to].ty].arguments();
                homes.into_iter().map(|home| self.value_at(&vectors, home, sp)).collect()
            }
            Target::Builtin(_) => {
                let operands = [2, 1, 8].map(|r| u128::from(self.regs.general[r]));
                let cells = (0..5).map(|n| self.stage.tracee.word(self.world.args + 8 * n).into());
                operands.into_iter().chain(cells).collect()
            }
        };
        let height = self.regs.general[6];
        self.tell(Event::Called { to: format!("{to:?}"), height, args });
        if let Some(told) = self.told.as_mut() {
            told.era += 1;
            told.known.clear();
        }
    }

    /// The end with results.
    pub(crate) fn tell_results(&mut self) {
        if self.told.is_none() {
            return;
        }
        let vectors = self.stage.tracee.vectors();
        let homes = self.signature.results();
        let results = homes.into_iter().map(|home| self.value_at(&vectors, home, 0)).collect();
        self.tell(Event::Returned(results));
    }

    /// The end by a trap.
    pub(crate) fn tell_trap(&mut self, accesses: &[Access]) {
        let Some(row) = self.row() else { return };
        let faults = accesses.iter().find(|access| access.to == To::Memory { faults: true });
        let at = faults.map(|access| access.at - MEMORIES);
        self.tell(Event::Trapped { kind: row.kind, wasm_offset: row.wasm_offset, at });
    }
}
