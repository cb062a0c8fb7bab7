//! Operands of operators on structures and arrays: which of them count elements.
//!
//! A length, an index, or the place in a segment is a number and no address. A value that
//! goes into an object may be an address: it is kept where nobody follows it.

use super::doubt::Doubt;
use super::flow::Flow;
use super::value::{Ref, Source, Value};
use prova_module::ops::{Kind, Opcode};
use prova_module::walk::Site;

impl Flow<'_, '_> {
    /// The uses of the operands of an operator on objects.
    pub(super) fn object(&mut self, site: &Site<'_>, args: &[Value]) {
        let kinds = site.row.params;
        // Operands that are fields or elements are as many as the type says.
        let alike = kinds.len() == args.len();
        for (at, value) in args.iter().enumerate() {
            let counts = alike && kinds[at] == Kind::i32 && site.row.opcode != Opcode::RefI31;
            if !counts {
                self.leaves(value);
                continue;
            }
            match value.single() {
                // Directly before the operator, so nothing else uses it.
                Some(Ref { source: source @ Source::Const(from, _), by: Some(0), .. })
                    if self.last == (from, site.offset) && at + 1 == args.len() =>
                {
                    if let Some(known) = self.used(source) {
                        known.more().counts = true;
                    }
                }
                _ => self.mix(value, Doubt::CALCULATED),
            }
        }
    }
}
