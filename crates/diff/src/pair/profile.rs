//! A function → its shape with indices and addresses masked, and the runs of its operators.

use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The shape of a function with its indices and addresses masked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) masked: u64,
    pub(crate) ops: u32,
    /// Direct callees in order of call sites.
    pub(crate) calls: Box<[u32]>,
}

/// The profiles of all functions of a side, computed in parallel.
pub(crate) fn profiles(side: &Side<'_>) -> Vec<Profile> {
    let imports: Vec<u64> = side.func_imports().iter().map(hash_of).collect();
    let funcs = (0..side.module.func_count() as u32).into_par_iter();
    funcs.map(|func| profile(side, &imports, func)).collect()
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn profile(side: &Side<'_>, imports: &[u64], func: u32) -> Profile {
    let Some(tokens) = Tokens::new(side, func) else { return Profile::default() };
    let mut hasher = DefaultHasher::new();
    side.type_id_of(func).hash(&mut hasher);
    let (mut ops, mut calls) = (0, Vec::new());
    let mut locals = FirstUse::default();
    for item in tokens {
        ops += 1;
        match item.tok {
            Tok::Func(code, _) => {
                code.hash(&mut hasher);
                match imports.get(item.index as usize) {
                    Some(import) => import.hash(&mut hasher),
                    None => side.type_id_of(item.index).hash(&mut hasher),
                }
                if code != 0xd2 {
                    calls.push(item.index);
                }
            }
            Tok::Local(code, local) => {
                (code, locals.of(local)).hash(&mut hasher);
            }
            Tok::Global(code, _) => code.hash(&mut hasher),
            Tok::I32(value) => masked(side, u64::from(value as u32)).hash(&mut hasher),
            Tok::I64(value) => masked(side, value as u64).hash(&mut hasher),
            Tok::Mem { code, align, memory, lane, offset } => {
                (code, align, memory, lane, masked(side, offset)).hash(&mut hasher);
            }
            Tok::Raw(_) | Tok::Indirect(..) | Tok::Typed { .. } | Tok::Block(..) | Tok::Try(..) => {
                item.tok.hash(&mut hasher);
            }
        }
    }
    Profile { masked: hasher.finish(), ops, calls: calls.into() }
}

/// Locals in the order of their first uses.
#[derive(Default)]
struct FirstUse {
    count: u32,
    /// By local below [`LOW`], one more than its place; 0 without one.
    low: Vec<u32>,
    high: HashMap<u32, u32>,
}

/// Number of locals that most functions do not exceed.
const LOW: u32 = 256;

impl FirstUse {
    /// The place of a local, which is the next one if there was no use before.
    fn of(&mut self, local: u32) -> u32 {
        let place = if local < LOW {
            if self.low.len() <= local as usize {
                self.low.resize(local as usize + 1, 0);
            }
            &mut self.low[local as usize]
        } else {
            self.high.entry(local).or_default()
        };
        if *place == 0 {
            self.count += 1;
            *place = self.count;
        }
        *place - 1
    }
}

/// The value, unless it may be an address.
fn masked(side: &Side<'_>, value: u64) -> u64 {
    let low = value & 0xffff_ffff;
    if side.may_be_address(value)
        || value > low && (side.may_be_address(low) || side.may_be_address(value >> 32))
    {
        u64::MAX
    } else {
        value
    }
}

/// Hashes of all runs of four operators, with constants and without the indices of locals and
/// functions.
pub(crate) fn grams(side: &Side<'_>, func: u32) -> Vec<u64> {
    let mut window = [0u64; 4];
    let mut grams = Vec::new();
    for (i, item) in Tokens::new(side, func).into_iter().flatten().enumerate() {
        let one = match item.tok {
            Tok::Func(code, _) => hash_of((code, side.type_id_of(item.index))),
            Tok::Local(code, _) | Tok::Global(code, _) => hash_of(code),
            Tok::I32(value) => hash_of(masked(side, u64::from(value as u32))),
            Tok::I64(value) => hash_of(masked(side, value as u64)),
            Tok::Mem { code, offset, .. } => hash_of((code, masked(side, offset))),
            Tok::Raw(_) | Tok::Indirect(..) | Tok::Typed { .. } | Tok::Block(..) | Tok::Try(..) => {
                hash_of(item.tok)
            }
        };
        window.rotate_left(1);
        window[3] = one;
        if i >= 3 {
            grams.push(hash_of(window));
        }
    }
    grams
}
