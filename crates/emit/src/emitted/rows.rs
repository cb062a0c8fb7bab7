//! Rows: which place of the body each block of the image stands for. They are hints: the proof
//! checks what they say, or refuses.

use prova_ssa::relate::walk::Place;
use prova_ssa::{Block, Value};
use std::ops::Range;

/// The meaning of a block of the image.
#[derive(Clone, Debug, Default)]
pub(crate) enum Kind {
    /// It goes on where the only edge to it has left the body.
    #[default]
    Inner,
    /// It does nothing but jump, return or hand on an exception: it is walked on each edge to it.
    Passed,
    /// It begins where the body is at a place, with what some values of the body are there: a run
    /// of [`Rows::values`].
    At(Place, Range<usize>),
}

/// A value of the body at the start of a block of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// A parameter of the block, by number.
    Param(u32),
    /// Another value of the body, as it is known behind the dominator of the block.
    Old(Value),
}

/// The rows of an image, and branches that decide nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// By block of the image.
    pub(crate) kinds: Vec<Kind>,
    /// Values of the body in runs.
    pub(crate) values: Vec<(Value, Is)>,
    /// Blocks of the body, rising, whose ends decide nothing, each with the block where all ways
    /// meet.
    pub(crate) moot: Vec<(Block, Block)>,
    /// The same of the image.
    pub(crate) moot_image: Vec<(Block, Block)>,
}

impl Rows {
    /// No rows, with room for those of this number of blocks.
    pub(crate) fn with_room(blocks: usize) -> Rows {
        Rows { kinds: Vec::with_capacity(blocks), ..Rows::default() }
    }

    /// The meaning of a block.
    pub(super) fn kind(&self, block: Block) -> &Kind {
        self.kinds.get(block.as_u32() as usize).unwrap_or(&Kind::Inner)
    }

    /// The row of a block, if it has one.
    pub(super) fn row(&self, block: Block) -> Option<(Place, &[(Value, Is)])> {
        match self.kind(block) {
            Kind::At(place, run) => Some((*place, self.values.get(run.clone()).unwrap_or(&[]))),
            Kind::Inner | Kind::Passed => None,
        }
    }

    /// Whether a block is walked on each edge to it.
    pub(super) fn is_passed(&self, block: Block) -> bool {
        matches!(self.kind(block), Kind::Passed)
    }

    /// The block of the body where all ways meet from the end of another one, if it is said to
    /// decide nothing.
    pub(super) fn meets(&self, block: Block) -> Option<Block> {
        meets(&self.moot, block)
    }

    /// The same of the image.
    pub(super) fn image_meets(&self, block: Block) -> Option<Block> {
        meets(&self.moot_image, block)
    }
}

fn meets(moot: &[(Block, Block)], block: Block) -> Option<Block> {
    let found = moot.binary_search_by_key(&block, |moot| moot.0).ok()?;
    Some(moot[found].1)
}
