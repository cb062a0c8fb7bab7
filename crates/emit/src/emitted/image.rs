//! Edges of the image: where one leads behind blocks that are walked on each edge to them (E6).

use super::error::{Fault, Rule, Verdict};
use super::plant::planted;
use super::walk::Proof;
use prova_ssa::demand;
use prova_ssa::relate::walk::insts_of;
use prova_ssa::{ArgKind, Block, Edge, Inst, Terminator, Vn};

/// Where an edge of the image leads behind blocks that are passed.
#[derive(Debug)]
pub(super) enum Landing {
    /// To a block with a row, with the numbers of its parameters.
    Row(Block, Vec<Vn>),
    /// To a block without.
    Inner(Block, Vec<Vn>),
    /// Out of the function, with its results.
    Out(Vec<Vn>),
}

impl Landing {
    /// The block, if it leads to one.
    pub(super) fn block(&self) -> Option<Block> {
        match self {
            Landing::Row(block, _) | Landing::Inner(block, _) => Some(*block),
            Landing::Out(_) => None,
        }
    }
}

impl Proof<'_> {
    /// A payload of the edges that are compared.
    pub(super) fn payload(&mut self, number: u32) -> Vn {
        if let Some(known) = self.payloads.iter().find(|known| known.0 == number) {
            return known.1;
        }
        let leaf = self.numbers.leaf();
        self.payloads.push((number, leaf));
        leaf
    }

    /// The arguments of an edge of the image.
    pub(super) fn given(&mut self, edge: &Edge) -> Verdict<Vec<Vn>> {
        let args = self.new.args(edge);
        self.step(1 + args.len())?;
        let given = args.iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.our(value),
            ArgKind::Payload(number) => self.payload(number),
        });
        Ok(given.collect())
    }

    /// Parameters of a block of the image get arguments.
    pub(super) fn bind(&mut self, block: Block, given: &[Vn]) {
        for (param, &vn) in self.new.block(block).params().zip(given) {
            self.news.set(param, Some(vn));
        }
    }

    /// Where an edge of the image leads (E6).
    pub(super) fn pass(&mut self, edge: &Edge) -> Verdict<Landing> {
        let given = self.given(edge)?;
        self.land(edge.block, given, None, 0)
    }

    /// The same, where the image is about to be in a block; no further than to another one.
    pub(super) fn land(
        &mut self,
        mut block: Block,
        mut given: Vec<Vn>,
        until: Option<Block>,
        forks: u32,
    ) -> Verdict<Landing> {
        while self.rows.is_passed(block) && until != Some(block) {
            self.bind(block, &given);
            for inst in insts_of(self.new, block).map(Inst::from_u32) {
                let is_silent = self.silent(inst)?.is_none() || planted!(PassedEffects);
                demand!(is_silent, Effects, "an effect on an edge");
            }
            (block, given) = match (self.new.block(block).terminator, self.rows.image_meets(block))
            {
                (Terminator::Jump(edge), _) => (edge.block, self.given(&edge)?),
                (Terminator::Branch { .. } | Terminator::Table { .. }, Some(meet)) => {
                    (meet, self.image_merge(block, meet, forks)?)
                }
                (Terminator::Return(values), _) => {
                    return Ok(Landing::Out(self.ours(values)?.to_vec()));
                }
                (other, _) => {
                    let what = format!("{} on an edge", other.name());
                    return Err(Fault::new(Rule::Control, what));
                }
            }
        }
        Ok(match self.rows.row(block) {
            Some(_) => Landing::Row(block, given),
            None => Landing::Inner(block, given),
        })
    }

    /// All ways of the image from the end of a block meet in another one: the numbers of its
    /// parameters, new leaves for those that are not the same on all of them (E6).
    pub(super) fn image_merge(&mut self, from: Block, meet: Block, forks: u32) -> Verdict<Vec<Vn>> {
        self.is_deep(forks)?;
        let mut same: Option<Vec<Vn>> = None;
        for way in self.new.successors(from) {
            let news = self.news.mark();
            let given = self.given(&way)?;
            let landing = self.land(way.block, given, Some(meet), forks + 1)?;
            let (Landing::Row(block, given) | Landing::Inner(block, given)) = landing else {
                return Err(Fault::new(Rule::Control, "a way that leads out"));
            };
            demand!(block == meet, Control, "a way to {block}, not {meet}");
            self.news.back(news);
            same = Some(match same {
                None => given,
                Some(mut same) => {
                    let pairs = same.iter_mut().zip(given);
                    let others = pairs.filter(|(same, vn)| *same != vn && !planted!(OneWayKnown));
                    others.for_each(|(same, _)| *same = self.numbers.leaf());
                    same
                }
            });
        }
        Ok(same.unwrap_or_default())
    }
}
