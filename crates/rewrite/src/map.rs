//! Where operators of the new module stood in the old one.

/// The map of code offsets, in the order of the new module. It has the operators that the edit's
/// bodies note, and those of all others if [`Edit::map`](crate::Edit::map) asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeMap {
    bodies: Vec<Body>,
}

/// A function's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Body {
    /// Offset of its first byte, behind its size, in the new module.
    start: u32,
    /// Offset behind its last byte.
    end: u32,
    /// Position in the body, and offset in the old module; positions ascend.
    places: Vec<(u32, u32)>,
}

impl CodeMap {
    /// The old offset of the operator that a position belongs to: `nth` counts the defined
    /// functions of the new module, `position` the bytes of the body behind its size.
    pub fn in_body(&self, nth: usize, position: u32) -> Option<u32> {
        self.bodies.get(nth)?.old(position)
    }

    /// The old offset of the operator that a byte of the new module belongs to.
    pub fn old(&self, new: u32) -> Option<u32> {
        let at = self.bodies.partition_point(|body| body.end <= new);
        let body = self.bodies.get(at)?;
        body.old(new.checked_sub(body.start)?)
    }

    /// All operators that are noted: old offset, and the new one of the first byte that belongs to
    /// it. New offsets ascend.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        let of = |body: &'_ Body| {
            let start = body.start;
            body.places.clone().into_iter().map(move |(position, old)| (old, start + position))
        };
        self.bodies.iter().flat_map(of)
    }

    /// Adds the next body: the offset of its first byte in the code section's items, its size, the
    /// bytes before its operators, and places of its operators.
    pub(crate) fn add(&mut self, start: u32, size: u32, header: u32, places: &[(u32, u32)]) {
        let places = places.iter().map(|(at, old)| (header + at, *old)).collect();
        self.bodies.push(Body { start, end: start + size, places });
    }

    /// Turns offsets in the code section's items into those of the module: the items begin here.
    pub(crate) fn shift(&mut self, by: u32) {
        for body in &mut self.bodies {
            (body.start, body.end) = (body.start + by, body.end + by);
        }
    }
}

impl Body {
    fn old(&self, position: u32) -> Option<u32> {
        let after = self.places.partition_point(|(start, _)| *start <= position);
        Some(self.places.get(after.checked_sub(1)?)?.1)
    }
}
