//! The claimed blocks of a certificate: which claims each has, what the frame keeps at all of them,
//! and the state in which one begins.
//!
//! Claims are numbers into one table, made when the frame stands; a block's are a range of one list
//! of such numbers. Kept values are the same at each block, so one state with these and nothing
//! else is made once and copied (T3 of `state`); only the claims are then put into the copy.
//!
//! Limits: `pass` bounds the number of claims of all blocks together. The table holds only numbers
//! that a block toggles, and no location that no state has.

use crate::abi::regs::{RBP, RSP};
use crate::certificate::{Certificate, From, base_code};
use crate::claims::{Claim, Name};
use crate::error::{Fault, Rule, fault};
use crate::machine::{FRAME_BYTES_MAX, Machine};
use crate::state::{Loc, State};
use crate::value::{Sym, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Claimed blocks: their claims as ranges of one list of numbers.
pub(crate) struct Blocks {
    pub(crate) certificate: Certificate,
    /// The values that the locations had at the frame, those that are the same in the whole
    /// function; none before the frame.
    pub(crate) frame: Option<Vec<Option<Value>>>,
    /// The contents of stack pointer, frame pointer and stack words that are the same at the frame
    /// and at every claimed block. Locations that the certificate names are left out.
    pub(crate) kept: Vec<(Loc, Value)>,
    /// How many of these are registers; they come first.
    kept_registers: usize,
    /// A state with what is kept and nothing else, if the stack pointer is.
    template: Option<Box<State>>,
    ends: Vec<usize>,
    pub(crate) active: Vec<u32>,
    /// The claims with the least numbers.
    table: Vec<Claim>,
    most: u64,
}

/// A claim that states nothing, for entries that are no claim.
const NO_CLAIM: Claim = Claim::Range { name: Name::Fixed(Sym::ZERO), lo: 0, hi: u64::MAX };
/// A claim that never holds, for a claim on a location that no state has.
const FALSE_CLAIM: Claim = Claim::Number { at: Loc::Word(u32::MAX), hi: 0 };
/// Locations of a state at most: those before the stack words, arguments, the return address and
/// what lies below it.
const LOCATIONS_MAX: u32 = 18 + FRAME_BYTES_MAX / 4;

impl Blocks {
    pub(crate) fn new(certificate: Certificate, most: u64) -> Result<Blocks, Fault> {
        let mut last = None;
        for block in &certificate.blocks {
            if last.is_some_and(|last| last >= block.offset) {
                return fault(Rule::Certificate, "blocks that are not sorted");
            }
            last = Some(block.offset);
        }
        Ok(Blocks {
            certificate,
            frame: None,
            kept: Vec::new(),
            kept_registers: 0,
            template: None,
            ends: Vec::new(),
            active: Vec::new(),
            table: Vec::new(),
            most,
        })
    }

    pub(crate) fn find(&self, offset: u32) -> Option<usize> {
        self.certificate.blocks.binary_search_by_key(&offset, |block| block.offset).ok()
    }

    pub(crate) fn offset(&self, i: usize) -> Option<u32> {
        self.certificate.blocks.get(i).map(|block| block.offset)
    }

    /// The jumps backwards that a block allows up to the next charge or poll.
    pub(crate) fn jumps(&self, i: usize) -> u8 {
        self.certificate.blocks.get(i).map_or(0, |block| block.jumps)
    }

    /// The frame stands: what it holds can be claimed, and the differences between blocks can be
    /// expanded.
    pub(crate) fn expand(&mut self, state: &State) -> Result<(), Fault> {
        let words = u32::try_from(state.words.len()).unwrap_or(0);
        let held = |n| {
            let value = state.get(Loc::numbered(n))?;
            (value.sym.0 < Sym::FIRST && base_code(value.base).is_some()).then_some(value)
        };
        let frame: Vec<Option<Value>> = (0..words.saturating_add(17)).map(held).collect();
        let entries = u32::try_from(self.certificate.dictionary.len()).unwrap_or(u32::MAX);
        let number = |n: u32| n.saturating_mul(2).saturating_add(entries);
        let mut all = Vec::new();
        for (n, value) in (0_u32..).zip(&frame) {
            let Some(value) = *value else { continue };
            if keeps(n) && self.certificate.changed.binary_search(&n).is_err() {
                self.kept.push((Loc::numbered(n), value));
            } else {
                all.push(number(n));
            }
        }
        self.frame = Some(frame);
        self.ends.reserve(self.certificate.blocks.len());
        for (i, block) in self.certificate.blocks.iter().enumerate() {
            let start = self.active.len();
            let from = match block.from {
                From::Nothing => 0..0,
                From::Frame => {
                    self.active.extend_from_slice(&all);
                    start..self.active.len()
                }
                From::Back(n) => match i.checked_sub(n as usize) {
                    Some(from) => range(&self.ends, from),
                    None => return fault(Rule::Certificate, "a block before the first one"),
                },
            };
            let (a, b) = (block.toggles.0 as usize, block.toggles.1 as usize);
            let toggles = self.certificate.toggles.get(a..b).unwrap_or(&[]);
            if toggles.is_empty() {
                if from.start != start {
                    self.active.extend_from_within(from);
                }
            } else {
                let end = self.active.len();
                toggle(&mut self.active, from, toggles);
                if end != start {
                    self.active.drain(start..end);
                }
            }
            if self.active.len() as u64 > self.most {
                return fault(Rule::Certificate, "more claims than the code's size allows");
            }
            self.ends.push(self.active.len());
        }
        let known = |&n: &u32| self.claim(n).is_some();
        if !self.certificate.toggles.iter().all(known) {
            return fault(Rule::Certificate, "a claim that is not in the dictionary");
        }
        // A number beyond those of all locations that a state may have is claimed nowhere truly.
        let most = self.certificate.toggles.iter().chain(all.last()).copied().max();
        let most = most.map_or(0, |n| n.saturating_add(1)).min(number(LOCATIONS_MAX));
        self.table = (0..most).map(|n| self.claim(n).unwrap_or(NO_CLAIM)).collect();
        Ok(())
    }

    /// The claim with a number: one of the dictionary; behind those, for each location, that it
    /// holds what it held at the frame, and that it holds a number below 2^32.
    fn claim(&self, n: u32) -> Option<Claim> {
        let entries = &self.certificate.dictionary;
        if let Some(&claim) = entries.get(n as usize) {
            return Some(claim);
        }
        let n = (n as usize).checked_sub(entries.len())?;
        let at = Loc::numbered(u32::try_from(n >> 1).ok()?);
        if n & 1 == 1 {
            return Some(Claim::Number { at, hi: 0xffff_ffff });
        }
        let value = self.frame.as_ref()?.get(n >> 1).copied().flatten()?;
        let Value { base, sym, shift, add } = value;
        Some(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add })
    }

    pub(crate) fn claims(&self, i: usize) -> impl ExactSizeIterator<Item = &Claim> + Clone + '_ {
        let active = self.active.get(range(&self.ends, i)).unwrap_or(&[]);
        // Every number was looked up before.
        let beyond = planted!(BeyondIsNothing, &FALSE_CLAIM, &NO_CLAIM);
        active.iter().map(move |&n| self.table.get(n as usize).unwrap_or(beyond))
    }

    /// The frame stands: makes the state with what is kept and nothing else.
    pub(crate) fn begin(&mut self, machine: &mut Machine<'_>) -> Result<(), Fault> {
        let registers = self.kept.iter().take_while(|(at, _)| matches!(at, Loc::Register(_)));
        self.kept_registers = registers.count();
        if !self.kept.iter().any(|(at, _)| *at == Loc::Register(RSP)) {
            return Ok(());
        }
        let mut template = Box::<State>::default();
        machine.keep(&mut template, &self.kept, None)?;
        let word = |&(at, _): &(Loc, Value)| match at {
            Loc::Word(i) => Some(i),
            Loc::Register(_) | Loc::Fuel => None,
        };
        template.keep_words(self.kept.iter().filter_map(word));
        self.template = Some(template);
        Ok(())
    }

    /// Makes a state the one at a claimed block: what is kept, what is claimed, nothing else.
    pub(crate) fn enter(
        &self,
        machine: &mut Machine<'_>,
        state: &mut State,
        block: usize,
    ) -> Result<(), Fault> {
        let claims = self.claims(block);
        match &self.template {
            Some(template) => state.become_like(template),
            None => {
                let rsp = Machine::claimed_rsp(claims.clone())?;
                machine.keep(state, &self.kept, Some(rsp))?;
            }
        }
        state.jumps = self.jumps(block);
        machine.hold(state, claims)
    }

    /// Whether a state holds all kept values. Stack words are not compared where `keeps_words` says
    /// that they are kept (T3 of `state`).
    pub(crate) fn is_kept(&self, state: &State) -> bool {
        let looked_at = if state.keeps_words { self.kept_registers } else { self.kept.len() };
        let kept = self.kept.get(..looked_at).unwrap_or(&self.kept);
        kept.iter().all(|&(at, value)| state.get(at) == Some(value))
    }
}

/// Whether a location keeps what it holds at the frame, if nothing else is said.
pub const fn keeps(n: u32) -> bool {
    n == RSP as u32 || n == RBP as u32 || n > 16
}

/// The places of the claims of a block.
fn range(ends: &[usize], i: usize) -> core::ops::Range<usize> {
    let start = i.checked_sub(1).and_then(|i| ends.get(i)).copied().unwrap_or(0);
    start..ends.get(i).copied().unwrap_or(start)
}

/// Puts behind `list` the symmetric difference of its part `a` and of `b`, both sorted.
fn toggle(list: &mut Vec<u32>, a: core::ops::Range<usize>, b: &[u32]) {
    let mut a = a;
    let mut b = b.iter().copied().peekable();
    loop {
        let x = if a.is_empty() { None } else { list.get(a.start).copied() };
        let y = b.peek().copied();
        let order = match (x, y) {
            (Some(x), Some(y)) => x.cmp(&y),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        if order != Ordering::Greater {
            a.start = a.start.saturating_add(1);
        }
        if order != Ordering::Less {
            b.next();
        }
        match order {
            Ordering::Less => list.extend(x),
            Ordering::Greater => list.extend(y),
            Ordering::Equal => {}
        }
    }
}
