//! Instructions that move lanes: shuffles by a number, interleaving, halves, and `pshufb`.

use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use crate::words::Word;
use alloc::vec::Vec;
use iced_x86::Mnemonic as M;
use prova_check::x64::{Insn, Operand};

/// Interleaving: the width of the lanes, and whether of the upper halves.
fn interleaved(code: M) -> Option<(u8, bool)> {
    Some(match code {
        M::Punpcklbw | M::Vpunpcklbw => (8, false),
        M::Punpckhbw | M::Vpunpckhbw => (8, true),
        M::Punpcklwd | M::Vpunpcklwd => (16, false),
        M::Punpckhwd | M::Vpunpckhwd => (16, true),
        M::Punpckldq | M::Vpunpckldq | M::Unpcklps | M::Vunpcklps => (32, false),
        M::Punpckhdq | M::Vpunpckhdq | M::Unpckhps | M::Vunpckhps => (32, true),
        M::Punpcklqdq | M::Vpunpcklqdq | M::Unpcklpd | M::Vunpcklpd => (64, false),
        M::Punpckhqdq | M::Vpunpckhqdq => (64, true),
        _ => return None,
    })
}

/// Four numbers of two bits.
fn quarters(n: u8) -> [usize; 4] {
    [n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3].map(usize::from)
}

impl Core<'_> {
    /// An instruction that moves lanes.
    pub(super) fn permute(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let code = insn.raw().mnemonic();
        if let Some((width, high)) = interleaved(code) {
            let (a, b) = self.both(state, insn)?;
            let at = if high { 64 } else { 0 };
            let w = &mut self.words;
            let (a, b) = (w.slice(a, at, 64), w.slice(b, at, 64));
            let mut lanes = Vec::new();
            for (x, y) in w.lanes(a, width).into_iter().zip(w.lanes(b, width)) {
                lanes.extend([x, y]);
            }
            let word = w.vector_of(&lanes);
            return self.write_vector(state, insn, word);
        }
        match code {
            M::Pshufb | M::Vpshufb => {
                let (a, b) = self.both(state, insn)?;
                let word = self.words.bytes_by(a, b);
                self.write_vector(state, insn, word)
            }
            M::Movlhps | M::Vmovlhps => {
                let (a, b) = self.both(state, insn)?;
                let w = &mut self.words;
                let (low, high) = (w.slice(a, 0, 64), w.slice(b, 0, 64));
                let word = w.cat(high, low);
                self.write_vector(state, insn, word)
            }
            M::Movhps | M::Vmovhps => self.move_high(state, insn),
            M::Insertps | M::Vinsertps => self.insert_float(state, insn),
            _ => self.shuffle(state, insn),
        }
    }

    /// An instruction that takes lanes by an immediate.
    fn shuffle(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let code = insn.raw().mnemonic();
        match code {
            M::Pshufd | M::Vpshufd => {
                let a = self.low(state, insn, 1, 128)?;
                let n = self.immediate(insn)?;
                let lanes = self.words.lanes(a, 32);
                self.chosen(state, insn, &lanes, &quarters(n))
            }
            M::Pshuflw | M::Vpshuflw | M::Pshufhw | M::Vpshufhw => {
                let a = self.low(state, insn, 1, 128)?;
                let lanes = self.words.lanes(a, 16);
                let [p, q, r, s] = quarters(self.immediate(insn)?);
                let low = matches!(code, M::Pshuflw | M::Vpshuflw);
                let high = |n: usize| n.saturating_add(4);
                let places = if low {
                    [p, q, r, s, 4, 5, 6, 7]
                } else {
                    [0, 1, 2, 3, high(p), high(q), high(r), high(s)]
                };
                self.chosen(state, insn, &lanes, &places)
            }
            M::Shufps | M::Vshufps => {
                let (a, b) = self.both(state, insn)?;
                let mut lanes = self.words.lanes(a, 32);
                lanes.extend(self.words.lanes(b, 32));
                let [p, q, r, s] = quarters(self.immediate(insn)?);
                let places = [p, q, r.saturating_add(4), s.saturating_add(4)];
                self.chosen(state, insn, &lanes, &places)
            }
            M::Shufpd | M::Vshufpd => {
                let (a, b) = self.both(state, insn)?;
                let mut lanes = self.words.lanes(a, 64);
                lanes.extend(self.words.lanes(b, 64));
                let n = self.immediate(insn)?;
                let places = [usize::from(n & 1), usize::from(n >> 1 & 1).saturating_add(2)];
                self.chosen(state, insn, &lanes, &places)
            }
            M::Palignr | M::Vpalignr => {
                // The first source is above the second one.
                let (a, b) = self.both(state, insn)?;
                let mut bytes = self.words.lanes(b, 8);
                bytes.extend(self.words.lanes(a, 8));
                let n = self.immediate(insn)?;
                let zero = self.words.constant(8, 0);
                bytes.resize(256_usize.saturating_add(16), zero);
                let places: Vec<usize> =
                    (0..16).map(|i: usize| i.saturating_add(n.into())).collect();
                self.chosen(state, insn, &bytes, &places)
            }
            M::Pblendw | M::Vpblendw => {
                let (a, b) = self.both(state, insn)?;
                let mut lanes = self.words.lanes(a, 16);
                lanes.extend(self.words.lanes(b, 16));
                let n = self.immediate(insn)?;
                let places: Vec<usize> = (0..8_usize)
                    .map(
                        |i| if n.wrapping_shr(i as u32) & 1 == 1 { i.saturating_add(8) } else { i },
                    )
                    .collect();
                self.chosen(state, insn, &lanes, &places)
            }
            _ => Core::unknown_vector(insn),
        }
    }

    /// Lanes by their numbers.
    fn chosen(
        &mut self,
        state: &mut State,
        insn: &Insn,
        lanes: &[Word],
        places: &[usize],
    ) -> Result<(), Refusal> {
        let found: Vec<Word> = places.iter().filter_map(|&n| lanes.get(n).copied()).collect();
        let word = self.words.vector_of(&found);
        self.write_vector(state, insn, word)
    }

    /// `movhps`: the upper half, to memory or from there.
    fn move_high(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        if let Ok(Operand::Memory(_)) = insn.operand(0) {
            let a = self.low(state, insn, 1, 128)?;
            let high = self.words.slice(a, 64, 64);
            return self.write(state, insn, high);
        }
        let (first, last) = self.sources(insn);
        let a = self.low(state, insn, first, 64)?;
        let high = self.low(state, insn, last, 64)?;
        let word = self.words.cat(high, a);
        self.write_vector(state, insn, word)
    }

    /// `insertps`: a lane of the second source, or what is in memory, in a lane of the first; then
    /// lanes are cleared.
    fn insert_float(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let (first, last) = self.sources(insn);
        let n = self.immediate(insn)?;
        let a = self.low(state, insn, first, 128)?;
        let part = match insn.operand(last) {
            Ok(Operand::Memory(_)) => self.low(state, insn, last, 32)?,
            _ => {
                let b = self.low(state, insn, last, 128)?;
                self.words.slice(b, (n >> 6 & 3).saturating_mul(32), 32)
            }
        };
        let zero = self.words.constant(32, 0);
        let mut lanes = self.words.lanes(a, 32);
        for (i, lane) in (0_u8..).zip(lanes.iter_mut()) {
            if i == n >> 4 & 3 {
                *lane = part;
            }
            if n.wrapping_shr(i.into()) & 1 == 1 {
                *lane = zero;
            }
        }
        if lanes.len() != 4 {
            return refuse(Cause::Instruction, "a part of a register");
        }
        let word = self.words.vector_of(&lanes);
        self.write_vector(state, insn, word)
    }
}
