//! The type section of a module in the making: signatures → type indices, each once.
//!
//! `biased` and `body` intern, the encoder writes the section at the end.

use super::operators::Ty;
use wasm_encoder::{BlockType, TypeSection};

/// The function types of a module.
#[derive(Clone, Debug, Default)]
pub struct Types(Vec<(Vec<Ty>, Vec<Ty>)>);

impl Types {
    /// The index of a type, new if there was none.
    pub fn index(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
        let found = self.0.iter().position(|ty| ty.0 == params && ty.1 == results);
        let index = found.unwrap_or_else(|| {
            self.0.push((params.to_vec(), results.to_vec()));
            self.0.len() - 1
        });
        index as u32
    }

    /// The block type of these parameters and results.
    pub fn block(&mut self, params: &[Ty], results: &[Ty]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [result]) => BlockType::Result(result.encoder()),
            _ => BlockType::FunctionType(self.index(params, results)),
        }
    }

    /// The section.
    pub fn section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        for (params, results) in &self.0 {
            let encode = |list: &[Ty]| list.iter().map(|ty| ty.encoder()).collect::<Vec<_>>();
            section.ty().function(encode(params), encode(results));
        }
        section
    }
}
