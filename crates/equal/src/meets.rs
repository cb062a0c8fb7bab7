//! E3: a branch whose two ways meet at once needs no code.
//!
//! The ways are followed as long as nothing on them has effects, [`MEETS_MAX`] edges at most. They
//! meet where both come to one block with the same words for its parameters.

use crate::core_::Core;
use crate::error::Refusal;
use crate::state::State;
use crate::words::Word;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_ssa::{Block, Edge, Terminator, Value};

/// Edges of one way of a branch until it meets the other, at most.
const MEETS_MAX: usize = 4;

impl Core<'_> {
    /// Passes a branch whose ways meet at once: whichever is taken, the body comes to one block
    /// with the same words for its parameters, and does nothing before.
    ///
    /// A block between may dominate that block: as the head of a loop on one way, or since both
    /// ways pass it. So each parameter that a way makes is then what it is behind both, or a word
    /// that nothing is known of, which is the one or the other.
    pub(crate) fn meet(&mut self, state: &mut State) -> Result<bool, Refusal> {
        let block = self.body.block(Block::from_u32(state.block));
        let Terminator::Branch { then, otherwise, .. } = block.terminator else {
            return Ok(false);
        };
        let (ones, others) = (self.silent(then), self.silent(otherwise));
        let block = |edge: &Edge| edge.block;
        let meet = |edge: &Edge| others.iter().map(block).any(|other| other == edge.block);
        if !ones.iter().any(meet) {
            return Ok(false);
        }
        let mut ones = self.passed(state, &ones)?;
        let mut others = self.passed(state, &others)?;
        let at = |place| others.iter().position(|other| other == place);
        let found = ones.iter().enumerate().find_map(|(i, place)| Some((i, at(place)?)));
        let Some((i, j)) = found else { return Ok(false) };
        ones.truncate(i.saturating_add(1));
        others.truncate(j.saturating_add(1));
        let Some(&(block, _)) = ones.last() else { return Ok(false) };
        let mut made: BTreeMap<u32, [Option<Word>; 2]> = BTreeMap::new();
        for (way, places) in [ones, others].into_iter().enumerate() {
            for (block, words) in places {
                for (param, word) in self.body.block(block).params().zip(words) {
                    let of = made.entry(param.as_u32()).or_default().get_mut(way);
                    of.into_iter().for_each(|of| *of = Some(word));
                }
            }
        }
        for (param, words) in made {
            let param = Value::from_u32(param);
            let before = self.value(state, param)?;
            let [one, other] = words.map(|word| word.unwrap_or(before));
            let bits = self.bits_of(param);
            let apart = planted!(BetweenStays, self.words.unknown(bits), before);
            let word = if one == other { one } else { apart };
            if planted!(MeetingKeeps, true, false) {
                self.make(state, param, word);
            }
        }
        (state.block, state.at, state.passed) = (block.as_u32(), 0, 0);
        state.moved = true;
        self.settle(state)?;
        Ok(true)
    }

    /// The edges that the body takes from one on, as long as nothing between has effects.
    fn silent(&self, mut edge: Edge) -> Vec<Edge> {
        let mut edges = Vec::new();
        while edges.len() < MEETS_MAX {
            edges.push(edge);
            let block = self.body.block(edge.block);
            let Terminator::Jump(next) = block.terminator else { break };
            if planted!(
                WaysWithEffects,
                !block.insts().all(|inst| self.body.inst(inst).op.effects().is_pure()),
                false
            ) {
                break;
            }
            edge = next;
        }
        edges
    }

    /// The blocks that edges lead to, one behind the other, with the words for their parameters.
    fn passed(
        &mut self,
        state: &State,
        edges: &[Edge],
    ) -> Result<Vec<(Block, Vec<Word>)>, Refusal> {
        let mut state = self.copied(state)?;
        let mut found = Vec::new();
        for edge in edges {
            self.spend(1)?;
            self.follow(&mut state, edge, &[])?;
            let mut words = Vec::new();
            for param in self.body.block(edge.block).params() {
                words.push(self.value(&state, param)?);
            }
            found.push((edge.block, words));
        }
        Ok(found)
    }
}
