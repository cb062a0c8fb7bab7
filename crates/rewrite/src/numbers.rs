//! Old index → new index, by index space; an operator → the same one with new indices.
//!
//! A space without a list keeps its numbers, and its indices are not checked. A space with a list
//! has one entry for each thing of the module, imports first; the entry `None` takes the thing out
//! (R4).

use crate::error::{Error, Fault};
use std::fmt;
use wasm_encoder::Instruction;
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::Operator;

/// An index space of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Types.
    Type,
    /// Functions.
    Func,
    /// Tables.
    Table,
    /// Memories.
    Memory,
    /// Globals.
    Global,
    /// Tags of exceptions.
    Tag,
    /// Element segments.
    Element,
    /// Data segments.
    Data,
}

/// How many spaces there are.
pub(crate) const SPACES: usize = 8;

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Space::Type => "type",
            Space::Func => "function",
            Space::Table => "table",
            Space::Memory => "memory",
            Space::Global => "global",
            Space::Tag => "tag",
            Space::Element => "element segment",
            Space::Data => "data segment",
        })
    }
}

/// The new numbers of a module's things. The default keeps all.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    lists: [Option<Vec<Option<u32>>>; SPACES],
}

impl Numbers {
    /// The same with new numbers for a space: one entry for each of its things, in their order.
    #[must_use]
    pub fn with(mut self, space: Space, new: impl IntoIterator<Item = Option<u32>>) -> Numbers {
        self.lists[space as usize] = Some(new.into_iter().collect());
        self
    }

    /// The new number of a thing.
    ///
    /// # Errors
    /// [`Fault::Used`] if it is taken out, [`Fault::Absent`] if its space has a list without it.
    pub fn get(&self, space: Space, index: u32) -> Result<u32, Error> {
        let Some(list) = &self.lists[space as usize] else { return Ok(index) };
        match list.get(index as usize) {
            Some(Some(new)) => Ok(*new),
            Some(None) => Err(Fault::Used { space, index }.into()),
            None => Err(Fault::Absent { space, index }.into()),
        }
    }

    /// The same operator with new indices.
    ///
    /// # Errors
    /// Those of [`Numbers::get`]; [`Fault::Unwritable`] for types that a validator canonicalised.
    pub fn instruction<'o>(&self, operator: Operator<'o>) -> Result<Instruction<'o>, Error> {
        Ok(Renumber(self).instruction(operator)?)
    }

    /// The same type with new indices, as the encoder has it.
    ///
    /// # Errors
    /// Those of [`Numbers::instruction`].
    pub fn val_type(&self, ty: wasmparser::ValType) -> Result<wasm_encoder::ValType, Error> {
        Ok(Renumber(self).val_type(ty)?)
    }

    /// Whether a thing stays; also what the list of its space does not have.
    pub(crate) fn keeps(&self, space: Space, index: u32) -> bool {
        let list = self.lists[space as usize].as_deref().unwrap_or_default();
        list.get(index as usize).is_none_or(Option::is_some)
    }

    /// How many things of a space are taken out.
    pub(crate) fn taken_out(&self, space: Space) -> usize {
        let list = self.lists[space as usize].as_deref().unwrap_or_default();
        list.iter().filter(|new| new.is_none()).count()
    }

    /// Whether at most functions have new numbers.
    pub(crate) fn only_funcs(&self) -> bool {
        let func = Space::Func as usize;
        self.lists.iter().enumerate().all(|(space, list)| space == func || list.is_none())
    }
}

/// The encoder's walk over types, expressions and operators, with new indices.
pub(crate) struct Renumber<'n>(pub(crate) &'n Numbers);

macro_rules! indices {
    ($($method:ident $space:ident;)*) => {
        $(fn $method(&mut self, index: u32) -> Result<u32, reencode::Error<Error>> {
            self.0.get(Space::$space, index).map_err(reencode::Error::UserError)
        })*
    };
}

impl Reencode for Renumber<'_> {
    type Error = Error;

    indices! {
        type_index Type;
        function_index Func;
        table_index Table;
        memory_index Memory;
        global_index Global;
        tag_index Tag;
        element_index Element;
        data_index Data;
    }
}
