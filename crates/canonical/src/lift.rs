//! Lifting: cells and bytes of a guest → values.
//!
//! # Invariants
//! 1. No byte is read twice (K4): the guest, or a thread of it, could have changed it.
//! 2. A list lies in the memory before its first element is read, by a product of 64 bits (K5).
//! 3. Elements are paid for in pieces of [`PIECE`], before the host keeps them: a guest that
//!    [charges](Guest::charge) within a bound bounds what a call can make the host allocate.
//!
//! Source: `lift_flat` and `load` of `definitions.py`.

use crate::guest::{Fault, Guest, Options};
use crate::memory::{bytes_at, read_number};
use crate::strings;
use crate::types::{
    Defined, Layout, Pointer, Type, TypeId, Types, aligned, discriminant_bytes, flags_bytes,
};
use crate::value::Val;

/// Elements of a list that are paid for at once.
pub const PIECE: u64 = 4096;

/// The values of these types in cells, or, if they take more than `most`, at the pointer that the
/// first cell is.
///
/// # Errors
/// [`Fault`], as the guest's error; what paying, or a table of handles, ends with.
pub fn lift<G: Guest>(
    guest: &mut G,
    types: &Types,
    options: Options,
    (tys, most): (&[Type], usize),
    cells: &[u64],
) -> Result<Vec<Val>, G::Error> {
    let flat = types.flat(tys, options.pointer, most);
    let mut lift = Lift { guest, types, options };
    if flat.is_some() {
        let mut cells = cells.iter().copied();
        return tys.iter().map(|&ty| lift.flat(ty, &mut cells)).collect();
    }
    let pointer = lift.next(&mut cells.iter().copied())?;
    let layout = types.layout_of_all(tys, options.pointer).ok_or(FOREIGN)?;
    lift.is_there(pointer, layout)?;
    lift.fields(tys.iter().copied(), pointer)
}

/// A type that its `Types` do not have.
pub(crate) const FOREIGN: Fault = Fault::Caller("a type of others");

struct Lift<'a, G> {
    guest: &'a mut G,
    types: &'a Types,
    options: Options,
}

impl<G: Guest> Lift<'_, G> {
    /// The next cell.
    fn cell(&self, cells: &mut dyn Iterator<Item = u64>) -> Result<u64, Fault> {
        cells.next().ok_or(Fault::Caller("too few cells"))
    }

    /// The next cell, as a pointer or length.
    fn next(&self, cells: &mut dyn Iterator<Item = u64>) -> Result<u64, Fault> {
        let cell = self.cell(cells)?;
        Ok(match self.options.pointer {
            Pointer::Narrow => u64::from(cell as u32),
            Pointer::Wide => cell,
        })
    }

    fn is_there(&mut self, pointer: u64, Layout { size, align }: Layout) -> Result<(), G::Error> {
        if !pointer.is_multiple_of(align.into()) {
            return Err(Fault::Misaligned { pointer, align }.into());
        }
        bytes_at(self.guest.memory()?, "value", pointer, size.into())?;
        Ok(())
    }

    fn layout(&self, ty: Type) -> Result<Layout, Fault> {
        self.types.layout(ty, self.options.pointer).ok_or(FOREIGN)
    }

    fn flat(&mut self, ty: Type, cells: &mut dyn Iterator<Item = u64>) -> Result<Val, G::Error> {
        let id = match ty {
            Type::String => {
                let (pointer, length) = (self.next(cells)?, self.next(cells)?);
                return self.string(pointer, length);
            }
            Type::Defined(id) => id,
            _ => return Ok(scalar(ty, self.cell(cells)?)?),
        };
        match self.types.get(id).ok_or(FOREIGN)? {
            Defined::List(element) => {
                let (pointer, length) = (self.next(cells)?, self.next(cells)?);
                Ok(Val::List(self.list(*element, pointer, length)?))
            }
            Defined::Map { key, value } => {
                let (pointer, length) = (self.next(cells)?, self.next(cells)?);
                self.map((*key, *value), pointer, length)
            }
            Defined::FixedList { element, length } => {
                let all = (0..*length).map(|_| self.flat(*element, cells));
                Ok(Val::List(all.collect::<Result<_, _>>()?))
            }
            Defined::Record(fields) => {
                let mut all = Vec::with_capacity(fields.len());
                for field in fields.iter() {
                    all.push((field.name.to_string(), self.flat(field.ty, cells)?));
                }
                Ok(Val::Record(all))
            }
            Defined::Tuple(types) => {
                let all = types.iter().map(|&ty| self.flat(ty, cells));
                Ok(Val::Tuple(all.collect::<Result<_, _>>()?))
            }
            Defined::Variant(_)
            | Defined::Enum(_)
            | Defined::Option(_)
            | Defined::Result { .. } => {
                let number = self.cell(cells)? as u32;
                let count = self.types.cells(ty).ok_or(FOREIGN)?.saturating_sub(1);
                // All cells of the widest payload are the variant's, whichever it has.
                let payload: Vec<u64> = cells.take(count).collect();
                let value = match self.payload(id, number)? {
                    Some(ty) => Some(self.flat(ty, &mut payload.into_iter())?),
                    None => None,
                };
                Ok(self.case(id, number, value)?)
            }
            Defined::Flags(names) => Ok(flags(names, self.cell(cells)?)),
            Defined::Own(_) | Defined::Borrow(_) => {
                let handle = self.cell(cells)? as u32;
                self.handle(id, handle)
            }
        }
    }

    fn load(&mut self, ty: Type, at: u64) -> Result<Val, G::Error> {
        let layout = self.layout(ty)?;
        let id = match ty {
            Type::String => {
                let (pointer, length) = self.pointed(at)?;
                return self.string(pointer, length);
            }
            Type::Defined(id) => id,
            _ => {
                let number = read_number(self.guest, at, layout.size)?;
                return Ok(scalar(ty, number)?);
            }
        };
        match self.types.get(id).ok_or(FOREIGN)? {
            Defined::List(element) => {
                let (pointer, length) = self.pointed(at)?;
                Ok(Val::List(self.list(*element, pointer, length)?))
            }
            Defined::Map { key, value } => {
                let (pointer, length) = self.pointed(at)?;
                self.map((*key, *value), pointer, length)
            }
            Defined::FixedList { element, length } => {
                Ok(Val::List(self.elements(*element, at, (*length).into())?))
            }
            Defined::Record(fields) => {
                let values = self.fields(fields.iter().map(|field| field.ty), at)?;
                let names = fields.iter().map(|field| field.name.to_string());
                Ok(Val::Record(names.zip(values).collect()))
            }
            Defined::Tuple(types) => Ok(Val::Tuple(self.fields(types.iter().copied(), at)?)),
            Defined::Variant(_)
            | Defined::Enum(_)
            | Defined::Option(_)
            | Defined::Result { .. } => {
                let tag = discriminant_bytes(self.types.cases(id).ok_or(FOREIGN)?);
                let number = read_number(self.guest, at, tag)? as u32;
                let value = match self.payload(id, number)? {
                    Some(ty) => {
                        let place = self.types.payload_at(id, self.options.pointer);
                        let place = at.saturating_add(place.ok_or(FOREIGN)?.into());
                        Some(self.load(ty, place)?)
                    }
                    None => None,
                };
                Ok(self.case(id, number, value)?)
            }
            Defined::Flags(names) => {
                let number = read_number(self.guest, at, flags_bytes(names.len()))?;
                Ok(flags(names, number))
            }
            Defined::Own(_) | Defined::Borrow(_) => {
                let handle = read_number(self.guest, at, 4)? as u32;
                self.handle(id, handle)
            }
        }
    }

    /// Values that lie one behind the other.
    fn fields(
        &mut self,
        types: impl Iterator<Item = Type>,
        pointer: u64,
    ) -> Result<Vec<Val>, G::Error> {
        let (mut at, mut values) = (0_u32, Vec::new());
        for ty in types {
            let layout = self.layout(ty)?;
            at = aligned(at, layout.align);
            values.push(self.load(ty, pointer.saturating_add(at.into()))?);
            at = at.saturating_add(layout.size);
        }
        Ok(values)
    }

    /// The pointer and the length that lie at a place.
    fn pointed(&mut self, at: u64) -> Result<(u64, u64), G::Error> {
        let bytes = self.options.pointer.bytes();
        let pointer = read_number(self.guest, at, bytes)?;
        Ok((pointer, read_number(self.guest, at.saturating_add(bytes.into()), bytes)?))
    }

    fn string(&mut self, pointer: u64, length: u64) -> Result<Val, G::Error> {
        strings::lift(self.guest, self.options, pointer, length).map(Val::String)
    }

    fn list(&mut self, element: Type, pointer: u64, length: u64) -> Result<Vec<Val>, G::Error> {
        let layout = self.layout(element)?;
        self.spans(pointer, length, layout)?;
        self.elements(element, pointer, length)
    }

    /// Elements that lie in the memory, one behind the other.
    fn elements(&mut self, element: Type, pointer: u64, length: u64) -> Result<Vec<Val>, G::Error> {
        let layout = self.layout(element)?;
        let mut all = Vec::new();
        for i in 0..length {
            if i.is_multiple_of(PIECE) {
                self.pays(length - i, layout)?;
            }
            let at = pointer.saturating_add(i.saturating_mul(layout.size.into()));
            all.push(self.load(element, at)?);
        }
        Ok(all)
    }

    fn map(
        &mut self,
        (key, value): (Type, Type),
        pointer: u64,
        length: u64,
    ) -> Result<Val, G::Error> {
        let entry = self.types.layout_of_all(&[key, value], self.options.pointer);
        let entry = entry.ok_or(FOREIGN)?;
        self.spans(pointer, length, entry)?;
        let mut all = Vec::new();
        for i in 0..length {
            if i.is_multiple_of(PIECE) {
                self.pays(length - i, entry)?;
            }
            let at = pointer.saturating_add(i.saturating_mul(entry.size.into()));
            let parts = self.fields([key, value].into_iter(), at)?;
            let [key, value] = <[Val; 2]>::try_from(parts).map_err(|_| FOREIGN)?;
            all.push((key, value));
        }
        Ok(Val::Map(all))
    }

    /// Whether a list lies in the memory.
    fn spans(
        &mut self,
        pointer: u64,
        length: u64,
        Layout { size, align }: Layout,
    ) -> Result<(), G::Error> {
        if !pointer.is_multiple_of(align.into()) {
            return Err(Fault::Misaligned { pointer, align }.into());
        }
        let bytes = length.saturating_mul(size.into());
        bytes_at(self.guest.memory()?, "list", pointer, bytes)?;
        Ok(())
    }

    /// Pays for the next piece of a list.
    fn pays(&mut self, left: u64, layout: Layout) -> Result<(), G::Error> {
        self.guest.charge(left.min(PIECE).saturating_mul(layout.size.into()))
    }

    /// The type of the payload of a case.
    fn payload(&self, id: TypeId, number: u32) -> Result<Option<Type>, Fault> {
        self.types.payload(id, number as usize).ok_or(Fault::Discriminant(number))
    }

    /// The value of a case, which there is.
    fn case(&self, id: TypeId, number: u32, payload: Option<Val>) -> Result<Val, Fault> {
        let payload = payload.map(Box::new);
        let wrong = Fault::Discriminant(number);
        Ok(match self.types.get(id).ok_or(FOREIGN)? {
            Defined::Variant(cases) => {
                let case = cases.get(number as usize).ok_or(wrong)?;
                Val::Variant(case.name.to_string(), payload)
            }
            Defined::Enum(names) => Val::Enum(names.get(number as usize).ok_or(wrong)?.to_string()),
            Defined::Option(_) => Val::Option(payload),
            Defined::Result { .. } if number == 0 => Val::Result(Ok(payload)),
            Defined::Result { .. } => Val::Result(Err(payload)),
            _ => return Err(FOREIGN),
        })
    }

    fn handle(&mut self, id: TypeId, handle: u32) -> Result<Val, G::Error> {
        match *self.types.get(id).ok_or(FOREIGN)? {
            Defined::Own(table) => Ok(Val::Resource(self.guest.lift_own(table, handle)?)),
            Defined::Borrow(table) => Ok(Val::Resource(self.guest.lift_borrow(table, handle)?)),
            _ => Err(FOREIGN.into()),
        }
    }
}

/// The flags whose bits are set; bits behind the last flag say nothing.
fn flags(names: &[std::sync::Arc<str>], bits: u64) -> Val {
    let set = names.iter().enumerate().filter(|(i, _)| bits >> i & 1 != 0);
    Val::Flags(set.map(|(_, name)| name.to_string()).collect())
}

/// The value of a primitive type but strings; bits above its width say nothing.
fn scalar(ty: Type, bits: u64) -> Result<Val, Fault> {
    Ok(match ty {
        Type::Bool => Val::Bool(bits as u32 != 0),
        Type::S8 => Val::S8(bits as i8),
        Type::U8 => Val::U8(bits as u8),
        Type::S16 => Val::S16(bits as i16),
        Type::U16 => Val::U16(bits as u16),
        Type::S32 => Val::S32(bits as i32),
        Type::U32 => Val::U32(bits as u32),
        Type::S64 => Val::S64(bits as i64),
        Type::U64 => Val::U64(bits),
        Type::Float32 => Val::Float32(canonical32(f32::from_bits(bits as u32))),
        Type::Float64 => Val::Float64(canonical64(f64::from_bits(bits))),
        Type::Char => {
            let number = bits as u32;
            Val::Char(char::from_u32(number).ok_or(Fault::Char(number))?)
        }
        Type::String | Type::Defined(_) => return Err(FOREIGN),
    })
}

/// The float, or the one NaN that components see.
pub(crate) fn canonical32(x: f32) -> f32 {
    if x.is_nan() { f32::from_bits(0x7fc0_0000) } else { x }
}

/// The float, or the one NaN that components see.
pub(crate) fn canonical64(x: f64) -> f64 {
    if x.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { x }
}
