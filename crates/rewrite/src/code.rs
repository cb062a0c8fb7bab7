//! A function's body in the making: declared locals, operators, and where the operators stood.

use crate::error::{Error, Fault};
use crate::numbers::Numbers;
use wasm_encoder::{Encode, Function, InstructionSink, ValType};
use wasmparser::{FunctionBody, Operator};

/// A function's body.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Groups of declared locals; `None` if `bytes` begin with them.
    locals: Option<Vec<(u32, ValType)>>,
    /// The encoded operators, up to the last `end`.
    pub bytes: Vec<u8>,
    /// Position in `bytes`, and the offset in the old module of the operator that the bytes from
    /// there on belong to; positions ascend.
    pub(crate) places: Vec<(u32, u32)>,
}

impl Code {
    /// Declares more locals, behind all others.
    ///
    /// # Errors
    /// [`Fault::Unwritable`] for types that a validator canonicalised.
    pub fn declare<T>(&mut self, count: u32, ty: T) -> Result<(), Error>
    where
        T: TryInto<ValType>,
        T::Error: std::fmt::Display,
    {
        let ty = ty.try_into().map_err(|error| Fault::Unwritable(error.to_string()))?;
        self.locals.get_or_insert_default().push((count, ty));
        Ok(())
    }

    /// Where operators are added.
    pub fn to(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.bytes)
    }

    /// Adds an operator.
    pub fn instruction(&mut self, instruction: &impl Encode) {
        instruction.encode(&mut self.bytes);
    }

    /// Bytes from here on belong to the operator at this offset of the old module.
    pub fn place(&mut self, offset: u32) {
        self.places.push((self.bytes.len() as u32, offset));
    }

    /// The entry of the code section without its size, and the bytes before the first operator.
    pub(crate) fn entry(&self) -> (Vec<u8>, u32) {
        let Some(locals) = &self.locals else { return (self.bytes.clone(), 0) };
        let mut function = Function::new(locals.iter().copied());
        let header = function.byte_len() as u32;
        function.raw(self.bytes.iter().copied());
        (function.into_raw_body(), header)
    }
}

impl From<Function> for Code {
    fn from(function: Function) -> Code {
        function.into_raw_body().into()
    }
}

impl From<Vec<u8>> for Code {
    /// An entry of the code section without its size, which is written as it is.
    fn from(bytes: Vec<u8>) -> Code {
        Code { locals: None, bytes, places: Vec::new() }
    }
}

impl Numbers {
    /// Begins a body with declared locals.
    ///
    /// # Errors
    /// Those of [`Numbers::instruction`].
    pub fn code(
        &self,
        locals: impl IntoIterator<Item = (u32, wasmparser::ValType)>,
    ) -> Result<Code, Error> {
        let mut code = Code { locals: Some(Vec::new()), ..Code::default() };
        for (count, ty) in locals {
            code.declare(count, self.val_type(ty)?)?;
        }
        Ok(code)
    }

    /// Writes the operators of a body one by one. `each` gets an operator and its offset, and
    /// returns whether it has written what stands for it; otherwise the operator is written with
    /// new indices. With `map`, each operator's place is noted ([`Code::place`]).
    ///
    /// # Errors
    /// [`Fault::Malformed`], those of [`Numbers::instruction`], and those of `each`.
    pub fn wrap<'b>(
        &self,
        code: &mut Code,
        body: &FunctionBody<'b>,
        map: bool,
        mut each: impl FnMut(&mut Code, &Operator<'b>, u32) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut reader = body.get_operators_reader()?;
        let (bytes, start) = (body.as_bytes(), body.range().start);
        let only_funcs = self.only_funcs();
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset()?;
            if map {
                code.place(offset as u32);
            }
            if each(code, &operator, offset as u32)? {
                continue;
            }
            let range = (offset - start) as usize..(reader.original_position() - start) as usize;
            match bytes.get(range).filter(|bytes| only_funcs && is_shortest(bytes)) {
                Some(bytes) => code.bytes.extend_from_slice(bytes),
                None => code.instruction(&self.instruction(operator)?),
            }
        }
        Ok(())
    }

    /// A body of the module with new indices.
    ///
    /// # Errors
    /// Those of [`Numbers::wrap`].
    pub fn copied(&self, body: &FunctionBody<'_>, map: bool) -> Result<Code, Error> {
        let locals = body.get_locals_reader()?;
        let locals = locals.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
        let mut code = self.code(locals)?;
        self.wrap(&mut code, body, map, |_, _, _| Ok(false))?;
        Ok(code)
    }
}

/// Whether an operator of these bytes would be encoded as them: no number in it can be shorter, and
/// it names no function. So most operators need not be encoded.
fn is_shortest(bytes: &[u8]) -> bool {
    match bytes {
        // `call`, `return_call`, `ref.func`.
        [0x10 | 0x12 | 0xd2, ..] => false,
        [_] | [_, _] => true,
        // A plain load or store with an alignment, and an offset of one byte.
        [0x28..=0x3e, _, _] => true,
        _ => false,
    }
}
