//! The order of sections in a module, for what adds sections to one while it is copied.

use wasm_encoder::SectionId;

/// Whether `section` is to be written now, if it has not been: what comes next, `None` for the end,
/// comes behind it.
pub(crate) fn is_due(section: SectionId, next: Option<SectionId>) -> bool {
    next.is_none_or(|next| rank(next) > rank(section))
}

/// The order of sections in a module.
fn rank(section: SectionId) -> u8 {
    match section {
        SectionId::Custom => 0,
        SectionId::Type => 1,
        SectionId::Import => 2,
        SectionId::Function => 3,
        SectionId::Table => 4,
        SectionId::Memory => 5,
        SectionId::Tag => 6,
        SectionId::Global => 7,
        SectionId::Export => 8,
        SectionId::Start => 9,
        SectionId::Element => 10,
        SectionId::DataCount => 11,
        SectionId::Code => 12,
        SectionId::Data => 13,
    }
}
