//! Loads whose place in an object is unknown → the values that they give, and how objects are read
//! by an index.
//!
//! A word that is read by an index is some word of its object. A use of it is a use of each word,
//! which `harmless` wants to know. An object that is read by an index only in parts of words holds
//! no addresses.

use super::doubt::Doubt;
use super::flow::Flow;
use super::known::{Offset, OffsetKind};
use super::value::{ANY, Ref, Source, Value};
use crate::numbers::image::WORD;
use prova_module::ops::Opcode;
use prova_module::walk::Site;

impl Flow<'_, '_> {
    /// Records an access whose offset may be an address. Gives the value that a load may give, or
    /// `None` if the offset is a number.
    pub(super) fn offset_is_base(
        &mut self,
        site: &Site<'_>,
        base: &Value,
        offset: u64,
    ) -> Option<Value> {
        let width = u64::from(site.row.width);
        let loads = if self.side.wide() { Opcode::I64Load } else { Opcode::I32Load };
        let is_part = width < WORD && !site.row.results.is_empty();
        let is_wide = width >= WORD && !site.row.results.is_empty();
        self.shared.named.push(offset);
        let (kind, lo) = match base.single() {
            Some(Ref { source: Source::Const(_, value), by: Some(by), .. })
                if !self.in_zone(value) =>
            {
                (OffsetKind::Address, (value as i64).saturating_add(by))
            }
            // An index that starts at a number, small or large, says nothing of the offset.
            Some(Ref { source: Source::Const(_, value), by, .. })
                if by.is_none() || !self.in_zone(value) =>
            {
                (OffsetKind::Unknown, 0)
            }
            Some(Ref { source: Source::Global(_) | Source::Const(..), .. }) => {
                (OffsetKind::Number, 0)
            }
            _ => (OffsetKind::Unknown, 0),
        };
        self.offsets.push(Offset { at: site.offset, kind, width: width as u8, lo });
        if kind != OffsetKind::Number {
            // The other part of the address is an index.
            self.mix(base, Doubt::CALCULATED);
            match (kind, is_part) {
                (OffsetKind::Unknown, true) => self.shared.halves.push(offset),
                (..) => self.shared.wholes.push(offset.wrapping_add_signed(lo)),
            }
            return Some(match (kind, site.row.opcode == loads) {
                (OffsetKind::Address, true) => {
                    Value::one(Source::Word(offset.wrapping_add_signed(lo)))
                }
                (_, true) => Value::any(Source::Any(offset)),
                (_, false) if is_wide => Value::any(Source::Any(offset)).numbered(),
                (..) => Value::default(),
            });
        }
        None
    }

    /// Notes whether objects are accessed in parts of words by an index, or otherwise.
    pub(super) fn parts(&mut self, base: &Value, offset: u64, is_part: bool) {
        if self.around.values {
            return;
        }
        for one in base.refs() {
            if let Source::Const(_, value) = one.source
                && self.in_zone(value)
            {
                match (is_part, one.by) {
                    (true, None) => self.shared.halves.push(value),
                    (_, by) => {
                        let at = value.wrapping_add_signed(by.unwrap_or_default());
                        self.shared.wholes.push(at.wrapping_add(offset));
                    }
                }
            }
        }
    }

    /// The value of a load from an unknown place of an object: some word of the object.
    pub(super) fn some_word(&self, base: &Value) -> Value {
        let source = base.refs().find_map(|one| match one.source {
            Source::Const(_, value) if self.in_zone(value) => Some(Source::Any(value)),
            Source::Param(param) => Some(Source::Field(param, ANY)),
            _ => None,
        });
        source.map(Value::any).unwrap_or_default()
    }
}
