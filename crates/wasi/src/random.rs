//! Random bytes for the guest: the operating system's, or a seeded sequence.
//!
//! `random_get` → filled guest memory. The seeded sequence is SplitMix64 (Steele, Lea, Flood,
//! OOPSLA 2014), the same on every host and not fit for secrets. Invariant 1: bytes are taken from
//! the sequence in whole 8-byte words per call.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::lock;
use crate::guest::{Exit, Outcome, index, low, probe};
use crate::price::PIECE_BYTES;
use crate::sys;
use crate::types::Errno;
use std::sync::Mutex;

/// Where a guest's random bytes come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Randomness {
    /// The operating system.
    #[default]
    Host,
    /// The same bytes for the same seed everywhere. Not fit for secrets.
    Seeded(u64),
}

/// The source with its state.
#[derive(Default)]
pub(crate) struct RandomState(Mutex<Randomness>);

impl From<Randomness> for RandomState {
    fn from(randomness: Randomness) -> Self {
        RandomState(Mutex::new(randomness))
    }
}

/// `random_get(buf, buf_len)`.
pub(crate) fn random_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [ptr, len] = args.map(low);
    probe(call, ptr, len)?;
    let limit = call.limits().max_random_size;
    if u64::from(len) > limit {
        let reason = format!("random_get: {len} bytes are more than max-random-size ({limit})");
        return Err(Exit::Trap(reason).into());
    }
    call.pay(u64::from(len))?;
    let mut done = 0;
    while done < index(len) {
        let end = index(len).min(done + PIECE_BYTES);
        // Both are at most `len`.
        let place = ptr.checked_add(done as u32).ok_or(Errno::Fault)?;
        call.fill(place, (end - done) as u32, |piece| {
            match &mut *lock(&ctx.random.0) {
                Randomness::Host => sys::random(piece)?,
                Randomness::Seeded(state) => fill(state, piece),
            }
            Ok(piece.len())
        })?;
        done = end;
        call.poll()?;
    }
    Ok(())
}

fn fill(state: &mut u64, buffer: &mut [u8]) {
    for word in buffer.chunks_mut(8) {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        for (to, from) in word.iter_mut().zip(z.to_le_bytes()) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeded_sequence_is_splitmix64() {
        let mut state = 1234567;
        let mut buffer = [0u8; 20];
        fill(&mut state, &mut buffer);
        let word = |n: usize| u64::from_le_bytes(buffer[n * 8..n * 8 + 8].try_into().unwrap());
        // The published first outputs for this seed.
        assert_eq!([word(0), word(1)], [6457827717110365317, 3203168211198807973]);
        let mut other = [0u8; 20];
        fill(&mut 1234568, &mut other);
        assert_ne!(buffer, other);
    }
}
