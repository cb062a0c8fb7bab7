//! A guest without an engine: a memory, and a `realloc` that lies as a test asks.

use prova_canonical::{Fault, Guest, HandleFault, ResourceAny, ResourceTypeId, TableId};

/// How `realloc` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// New bytes, behind those of before.
    Honest,
    /// One byte further than it should.
    Odd,
    /// The end of the memory.
    Beyond,
}

pub(crate) struct Bytes {
    pub(crate) memory: Vec<u8>,
    pub(crate) next: u64,
    pub(crate) answer: Answer,
    pub(crate) left: u64,
    /// The representations that were lifted and lowered.
    pub(crate) seen: Vec<String>,
}

impl Bytes {
    /// A memory of `bytes` bytes, of which `realloc` gives those from 16 on.
    pub(crate) fn new(bytes: usize) -> Bytes {
        let (next, answer) = (16, Answer::Honest);
        Bytes { memory: vec![0; bytes], next, answer, left: u64::MAX, seen: Vec::new() }
    }
}

impl Guest for Bytes {
    type Error = Fault;

    fn memory(&mut self) -> Result<&mut [u8], Fault> {
        Ok(&mut self.memory)
    }

    fn realloc(&mut self, align: u32, bytes: u64) -> Result<u64, Fault> {
        let at = self.next.next_multiple_of(align.into());
        self.next = at + bytes;
        Ok(match self.answer {
            Answer::Honest => at,
            Answer::Odd => at + 1,
            Answer::Beyond => (self.memory.len() as u64).next_multiple_of(align.into()),
        })
    }

    fn charge(&mut self, units: u64) -> Result<(), Fault> {
        self.left = self.left.checked_sub(units).ok_or(Fault::Caller("out of fuel"))?;
        Ok(())
    }

    fn lift_own(&mut self, table: TableId, handle: u32) -> Result<ResourceAny, Fault> {
        self.seen.push(format!("lift own {} {handle}", table.0));
        Ok(ResourceAny { ty: ResourceTypeId(table.0.into()), number: handle.into(), owned: true })
    }

    fn lift_borrow(&mut self, table: TableId, handle: u32) -> Result<ResourceAny, Fault> {
        self.seen.push(format!("lift borrow {} {handle}", table.0));
        Ok(ResourceAny { ty: ResourceTypeId(table.0.into()), number: handle.into(), owned: false })
    }

    fn lower_own(&mut self, table: TableId, resource: ResourceAny) -> Result<u32, Fault> {
        if !resource.owned {
            return Err(Fault::Handle(HandleFault::Borrowed(resource.number as u32)));
        }
        self.seen.push(format!("lower own {} {}", table.0, resource.number));
        Ok(resource.number as u32)
    }

    fn lower_borrow(&mut self, table: TableId, resource: ResourceAny) -> Result<u32, Fault> {
        self.seen.push(format!("lower borrow {} {}", table.0, resource.number));
        Ok(resource.number as u32)
    }
}
