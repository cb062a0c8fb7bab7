//! Fuel and epochs.
//!
//! The store's word for the fuel is `!f` of the fuel `f` that is left. A charge of `n` stops if
//! `f < n`, that is if the word is above `!n`; else the word becomes the sum. What it holds is a
//! hidden value of the body, which charges make again, and calls make unknown: so code may keep it
//! in a register from charge to charge, and a claim may say so.
//!
//! A poll reads the epoch, which another thread writes: each read gives another word. It stops if
//! that word is at the deadline or behind.

use super::{Debt, Maker, Region};
use crate::words::Word;
use prova_check::{offsets, traps};

impl Maker<'_> {
    /// A charge of fuel.
    pub(super) fn charge(&mut self, units: u64) -> [Debt; 2] {
        let most = planted!(ChargeStopsEarly, !units, !(units + 1));
        let most = self.words.constant(64, most.into());
        let over = self.words.ult(most, self.fuel);
        let paid = self.words.plus(self.fuel, units.into());
        [Debt::Trap { kind: traps::OUT_OF_FUEL, when: over }, Debt::Pay(paid)]
    }

    /// A poll of the epoch.
    pub(super) fn poll(&mut self) -> [Debt; 2] {
        let due = match self.polled {
            Some(epoch) => {
                let deadline = self.store_word(offsets::STORE_DEADLINE);
                let before = self.words.ult(epoch, deadline);
                let due = self.words.not(before);
                planted!(PollsLate, due, self.words.ult(deadline, epoch))
            }
            None => planted!(PolledBefore, self.words.unknown(1), self.words.truth(false)),
        };
        [Debt::Epoch, Debt::Trap { kind: traps::INTERRUPT, when: due }]
    }

    /// A word of the store that the host may change in calls.
    fn store_word(&mut self, offset: u32) -> Word {
        let store = self.context_word(offsets::STORE);
        let at = self.words.plus(store, offset.into());
        let version = self.version(Region::Store);
        self.words.load(version, at, 64)
    }
}
