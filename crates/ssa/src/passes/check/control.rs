//! How blocks end in both bodies (Q8, Q10, Q13), by the rules of [`relate::ends`].
//!
//! [`relate::ends`]: crate::relate::ends

use super::error::{Fault, PassRule as Rule, Verdict};
use super::walk::{Cursor, Walk};
use crate::entity::{Block, Value};
use crate::relate::ends::{Ends, Payload, Unlike, pair_ends};
use crate::terminator::Edge;
use cranelift_entity::EntityRef;
use prova_terms::Vn;

/// A leaf for the payloads of an edge that has none.
const NO_PAYLOAD: u32 = u32::MAX;

/// The ends of a block of each body, and where they stand in the module.
struct AtEnd<'w, 'c> {
    walk: &'w mut Walk<'c>,
    given: u32,
    offset: u32,
}

impl Walk<'_> {
    /// The end of a block of the new body, where the walk is at the end of an old one.
    pub(super) fn terminators(&mut self, block: Block, cursor: &Cursor) -> Verdict {
        let (old, new) = (self.before.body, self.after);
        let (was, data) = (old.block(cursor.block), new.block(block));
        let mut ends = AtEnd { walk: self, given: data.end, offset: was.end };
        pair_ends(&mut ends, (old, &was.terminator), (new, &data.terminator))
    }
}

impl Ends for AtEnd<'_, '_> {
    type Fault = Fault;

    fn unlike(&self, unlike: Unlike, what: String) -> Fault {
        let rule = match unlike {
            Unlike::Control | Unlike::Handler => Rule::Control,
            Unlike::Operands => Rule::Operands,
        };
        Fault::new(rule, what)
    }

    fn equal(&mut self, old: Value, new: Value) -> Verdict {
        let (was, is) = (self.walk.before.number[old.index()], self.walk.number[new.index()]);
        demand!(was == is && is != Vn::UNDEF, Operands, "{new} is not what {old} was");
        Ok(())
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Verdict {
        let payload = match payload {
            Payload::None => NO_PAYLOAD,
            Payload::NonNull | Payload::Results | Payload::Caught(..) => self.walk.next_payload(),
        };
        self.walk.edges(old, new, payload)
    }

    fn condition(&mut self, old: Value, new: Value) -> Verdict<bool> {
        let walk = &mut self.walk;
        let (was, is) = (walk.before.number[old.index()], walk.number[new.index()]);
        let ((old, positive), (new, same)) = (walk.numbers.truth(was), walk.numbers.truth(is));
        demand!(old == new && is != Vn::UNDEF, Operands, "another condition");
        Ok(positive != same)
    }

    fn offsets(&self) -> Verdict {
        let AtEnd { given, offset, .. } = self;
        demand!(given == offset, Offsets, "the end is at {given:#x}, not {offset:#x}");
        Ok(())
    }

    fn old_constant(&self, value: Value) -> Option<u64> {
        self.walk.numbers.as_const(self.walk.before.number[value.index()])
    }

    fn new_constant(&self, value: Value) -> Option<u64> {
        self.walk.numbers.as_const(self.walk.number[value.index()])
    }
}
