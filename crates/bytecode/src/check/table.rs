//! F7 and F8 for tables and element segments.

use super::{Context, Fault, Rule, Verdict};
use prova_module::{RefKind, RefType, TableIdx};

/// The kind of reference that the tables and element segments of one instruction hold.
#[derive(Default)]
pub(super) struct Elements(Option<RefKind>);

impl Elements {
    /// A table operand.
    pub(super) fn table(&mut self, cx: &Context<'_>, index: u64) -> Verdict {
        match cx.module.table(TableIdx(index as u32)) {
            Some(table) => self.same(cx, table.ref_type),
            None => Err(Fault::new(Rule::Indices, format!("there is no table{index}"))),
        }
    }

    /// An element segment operand.
    pub(super) fn segment(&mut self, cx: &Context<'_>, index: u64) -> Verdict {
        match cx.module.elements().get(index as usize) {
            Some(element) => self.same(cx, element.ref_type()),
            None => Err(Fault::new(Rule::Indices, format!("there is no elem{index}"))),
        }
    }

    fn same(&mut self, cx: &Context<'_>, ty: RefType) -> Verdict {
        let ty = cx.module.ref_kind(ty);
        match self.0.replace(ty) {
            Some(other) if other != ty => {
                Err(Fault::new(Rule::Kinds, format!("references of two kinds: {other:?}, {ty:?}")))
            }
            _ => Ok(()),
        }
    }
}
