//! Lowering: values → cells and bytes of a guest.
//!
//! Values of the host need not be of their types: each is compared, and the error names both. All
//! new places come from the guest's `realloc`, whose answers `memory::place` compares (K6).
//!
//! Limits: the case of a value is looked for by name, in time linear in the cases of its type.
//!
//! Source: `lower_flat` and `store` of `definitions.py`.

use crate::guest::{Fault, Guest, Options};
use crate::lift::{FOREIGN, PIECE, canonical32, canonical64};
use crate::memory::{bytes_at, place, write_number};
use crate::strings;
use crate::types::{
    Defined, Layout, Type, TypeId, Types, aligned, discriminant_bytes, flags_bytes,
};
use crate::value::Val;

/// Parameters for a guest: cells, or, if they take more than `most`, the pointer to new bytes.
///
/// # Errors
/// [`Fault`], as the guest's error; what `realloc`, paying, or a table of handles ends with.
pub fn lower<G: Guest>(
    guest: &mut G,
    types: &Types,
    options: Options,
    (tys, most): (&[Type], usize),
    values: &[Val],
) -> Result<Vec<u64>, G::Error> {
    let mut lower = Lower { guest, types, options };
    lower.counts(tys, values)?;
    if types.flat(tys, options.pointer, most).is_some() {
        return lower.cells(tys, values);
    }
    let layout = types.layout_of_all(tys, options.pointer).ok_or(FOREIGN)?;
    lower.guest.charge(layout.size.into())?;
    let pointer = place(lower.guest, layout.align, layout.size.into())?;
    lower.fields(tys.iter().copied().zip(values), pointer)?;
    Ok(vec![pointer])
}

/// Results for a guest: cells, or, if they take more than `most`, bytes at a pointer that it gave.
///
/// # Errors
/// As [`lower`]; if the pointer is misaligned, or its bytes do not lie in the memory.
pub fn lower_results<G: Guest>(
    guest: &mut G,
    types: &Types,
    options: Options,
    (tys, most): (&[Type], usize),
    (values, pointer): (&[Val], u64),
) -> Result<Vec<u64>, G::Error> {
    let mut lower = Lower { guest, types, options };
    lower.counts(tys, values)?;
    if types.flat(tys, options.pointer, most).is_some() {
        return lower.cells(tys, values);
    }
    let Layout { size, align } = types.layout_of_all(tys, options.pointer).ok_or(FOREIGN)?;
    if !pointer.is_multiple_of(align.into()) {
        return Err(Fault::Misaligned { pointer, align }.into());
    }
    bytes_at(lower.guest.memory()?, "value", pointer, size.into())?;
    lower.fields(tys.iter().copied().zip(values), pointer)?;
    Ok(Vec::new())
}

/// The payload of a case, with its type; none if the case has none.
type Payload<'v> = Option<(Type, &'v Val)>;

struct Lower<'a, G> {
    guest: &'a mut G,
    types: &'a Types,
    options: Options,
}

impl<G: Guest> Lower<'_, G> {
    fn counts(&self, tys: &[Type], values: &[Val]) -> Result<(), Fault> {
        match (tys.len(), values.len()) {
            (expected, got) if expected != got => Err(Fault::Count { expected, got }),
            _ => Ok(()),
        }
    }

    fn cells(&mut self, tys: &[Type], values: &[Val]) -> Result<Vec<u64>, G::Error> {
        let mut cells = Vec::new();
        for (&ty, value) in tys.iter().zip(values) {
            self.flat(ty, value, &mut cells)?;
        }
        Ok(cells)
    }

    fn layout(&self, ty: Type) -> Result<Layout, Fault> {
        self.types.layout(ty, self.options.pointer).ok_or(FOREIGN)
    }

    fn flat(&mut self, ty: Type, value: &Val, cells: &mut Vec<u64>) -> Result<(), G::Error> {
        let id = match (ty, value) {
            (Type::String, Val::String(text)) => {
                let (pointer, length) = strings::lower(self.guest, self.options, text)?;
                cells.extend([pointer, length]);
                return Ok(());
            }
            (Type::Defined(id), _) => id,
            _ => {
                cells.push(scalar(ty, value)?);
                return Ok(());
            }
        };
        match (self.types.get(id).ok_or(FOREIGN)?, value) {
            (Defined::List(element), Val::List(values)) => {
                let (pointer, length) = self.list(*element, values)?;
                cells.extend([pointer, length]);
            }
            (Defined::Map { key, value }, Val::Map(pairs)) => {
                let (pointer, length) = self.map([*key, *value], pairs)?;
                cells.extend([pointer, length]);
            }
            (Defined::FixedList { element, length }, Val::List(values)) => {
                self.has(*length as usize, values.len())?;
                for value in values {
                    self.flat(*element, value, cells)?;
                }
            }
            (Defined::Record(fields), Val::Record(values)) => {
                self.has(fields.len(), values.len())?;
                for (field, (name, value)) in fields.iter().zip(values) {
                    is_named(&field.name, name)?;
                    self.flat(field.ty, value, cells)?;
                }
            }
            (Defined::Tuple(types), Val::Tuple(values)) => {
                self.has(types.len(), values.len())?;
                for (&ty, value) in types.iter().zip(values) {
                    self.flat(ty, value, cells)?;
                }
            }
            (
                Defined::Variant(_)
                | Defined::Enum(_)
                | Defined::Option(_)
                | Defined::Result { .. },
                _,
            ) => {
                let end = cells.len().saturating_add(self.types.cells(ty).ok_or(FOREIGN)?);
                let (number, payload) = self.case(id, value)?;
                cells.push(number.into());
                if let Some((ty, value)) = payload {
                    self.flat(ty, value, cells)?;
                }
                cells.resize(end, 0);
            }
            (Defined::Flags(names), Val::Flags(set)) => cells.push(flags(names, set)?),
            (Defined::Own(_) | Defined::Borrow(_), _) => {
                cells.push(self.handle(id, value)?.into());
            }
            (defined, value) => return Err(mismatch(kind(defined), value).into()),
        }
        Ok(())
    }

    fn store(&mut self, ty: Type, value: &Val, at: u64) -> Result<(), G::Error> {
        let layout = self.layout(ty)?;
        let id = match (ty, value) {
            (Type::String, Val::String(text)) => {
                let pair = strings::lower(self.guest, self.options, text)?;
                return self.point(at, pair);
            }
            (Type::Defined(id), _) => id,
            _ => return write_number(self.guest, at, layout.size, scalar(ty, value)?),
        };
        match (self.types.get(id).ok_or(FOREIGN)?, value) {
            (Defined::List(element), Val::List(values)) => {
                let pair = self.list(*element, values)?;
                self.point(at, pair)
            }
            (Defined::Map { key, value }, Val::Map(pairs)) => {
                let pair = self.map([*key, *value], pairs)?;
                self.point(at, pair)
            }
            (Defined::FixedList { element, length }, Val::List(values)) => {
                self.has(*length as usize, values.len())?;
                self.fields(std::iter::repeat(*element).zip(values), at)
            }
            (Defined::Record(fields), Val::Record(values)) => {
                self.has(fields.len(), values.len())?;
                for (field, (name, _)) in fields.iter().zip(values) {
                    is_named(&field.name, name)?;
                }
                let values = values.iter().map(|(_, value)| value);
                self.fields(fields.iter().map(|field| field.ty).zip(values), at)
            }
            (Defined::Tuple(types), Val::Tuple(values)) => {
                self.has(types.len(), values.len())?;
                self.fields(types.iter().copied().zip(values), at)
            }
            (
                Defined::Variant(_)
                | Defined::Enum(_)
                | Defined::Option(_)
                | Defined::Result { .. },
                _,
            ) => {
                let (number, payload) = self.case(id, value)?;
                let tag = discriminant_bytes(self.types.cases(id).ok_or(FOREIGN)?);
                write_number(self.guest, at, tag, number.into())?;
                let Some((ty, value)) = payload else { return Ok(()) };
                let place = self.types.payload_at(id, self.options.pointer);
                self.store(ty, value, at.saturating_add(place.ok_or(FOREIGN)?.into()))
            }
            (Defined::Flags(names), Val::Flags(set)) => {
                let bits = flags(names, set)?;
                write_number(self.guest, at, flags_bytes(names.len()), bits)
            }
            (Defined::Own(_) | Defined::Borrow(_), _) => {
                let handle = self.handle(id, value)?;
                write_number(self.guest, at, 4, handle.into())
            }
            (defined, value) => Err(mismatch(kind(defined), value).into()),
        }
    }

    /// Values one behind the other.
    fn fields<'v>(
        &mut self,
        fields: impl Iterator<Item = (Type, &'v Val)>,
        pointer: u64,
    ) -> Result<(), G::Error> {
        let mut at = 0_u32;
        for (ty, value) in fields {
            let layout = self.layout(ty)?;
            at = aligned(at, layout.align);
            self.store(ty, value, pointer.saturating_add(at.into()))?;
            at = at.saturating_add(layout.size);
        }
        Ok(())
    }

    /// A pointer and a length, at a place.
    fn point(&mut self, at: u64, (pointer, length): (u64, u64)) -> Result<(), G::Error> {
        let bytes = self.options.pointer.bytes();
        write_number(self.guest, at, bytes, pointer)?;
        write_number(self.guest, at.saturating_add(bytes.into()), bytes, length)
    }

    fn list(&mut self, element: Type, values: &[Val]) -> Result<(u64, u64), G::Error> {
        let layout = self.layout(element)?;
        let pointer = self.spans(values.len(), layout)?;
        for (i, value) in (0_u64..).zip(values) {
            if i.is_multiple_of(PIECE) {
                self.pays(values.len() as u64 - i, layout)?;
            }
            let at = pointer.saturating_add(i.saturating_mul(layout.size.into()));
            self.store(element, value, at)?;
        }
        Ok((pointer, values.len() as u64))
    }

    fn map(
        &mut self,
        [key, value]: [Type; 2],
        pairs: &[(Val, Val)],
    ) -> Result<(u64, u64), G::Error> {
        let layout = self.types.layout_of_all(&[key, value], self.options.pointer);
        let layout = layout.ok_or(FOREIGN)?;
        let pointer = self.spans(pairs.len(), layout)?;
        for (i, (one, other)) in (0_u64..).zip(pairs) {
            if i.is_multiple_of(PIECE) {
                self.pays(pairs.len() as u64 - i, layout)?;
            }
            let at = pointer.saturating_add(i.saturating_mul(layout.size.into()));
            self.fields([(key, one), (value, other)].into_iter(), at)?;
        }
        Ok((pointer, pairs.len() as u64))
    }

    /// A new place for `count` elements.
    fn spans(&mut self, count: usize, layout: Layout) -> Result<u64, G::Error> {
        let bytes = (count as u64).saturating_mul(layout.size.into());
        place(self.guest, layout.align, bytes)
    }

    /// Pays for the next piece of a list.
    fn pays(&mut self, left: u64, layout: Layout) -> Result<(), G::Error> {
        self.guest.charge(left.min(PIECE).saturating_mul(layout.size.into()))
    }

    fn has(&self, expected: usize, got: usize) -> Result<(), Fault> {
        if expected == got { Ok(()) } else { Err(Fault::Count { expected, got }) }
    }

    /// The number of a value's case, and its payload with its type.
    fn case<'v>(&self, id: TypeId, value: &'v Val) -> Result<(u32, Payload<'v>), Fault> {
        let defined = self.types.get(id).ok_or(FOREIGN)?;
        let wrong = || mismatch(kind(defined), value);
        let (found, payload) = match (defined, value) {
            (Defined::Variant(cases), Val::Variant(name, payload)) => {
                (cases.iter().position(|case| *case.name == **name), payload.as_deref())
            }
            (Defined::Enum(names), Val::Enum(name)) => {
                (names.iter().position(|one| **one == **name), None)
            }
            (Defined::Option(_), Val::Option(None)) => (Some(0), None),
            (Defined::Option(_), Val::Option(Some(value))) => (Some(1), Some(&**value)),
            (Defined::Result { .. }, Val::Result(Ok(payload))) => (Some(0), payload.as_deref()),
            (Defined::Result { .. }, Val::Result(Err(payload))) => (Some(1), payload.as_deref()),
            _ => return Err(wrong()),
        };
        let at = found.ok_or_else(wrong)?;
        let payload = match (self.types.payload(id, at).flatten(), payload) {
            (Some(ty), Some(value)) => Some((ty, value)),
            (None, None) => None,
            _ => return Err(wrong()),
        };
        Ok((u32::try_from(at).unwrap_or(u32::MAX), payload))
    }

    fn handle(&mut self, id: TypeId, value: &Val) -> Result<u32, G::Error> {
        match (self.types.get(id).ok_or(FOREIGN)?, value) {
            (Defined::Own(table), Val::Resource(resource)) => {
                self.guest.lower_own(*table, *resource)
            }
            (Defined::Borrow(table), Val::Resource(resource)) => {
                self.guest.lower_borrow(*table, *resource)
            }
            (defined, value) => Err(mismatch(kind(defined), value).into()),
        }
    }
}

fn is_named(expected: &str, got: &str) -> Result<(), Fault> {
    if expected == got {
        return Ok(());
    }
    Err(Fault::Mismatch { expected: format!("the field `{expected}`"), got: "another field" })
}

fn mismatch(expected: &str, value: &Val) -> Fault {
    Fault::Mismatch { expected: expected.to_owned(), got: value.kind() }
}

/// The kind of a type, for messages.
fn kind(defined: &Defined) -> &'static str {
    match defined {
        Defined::List(_) => "list",
        Defined::FixedList { .. } => "list of a fixed length",
        Defined::Map { .. } => "map",
        Defined::Record(_) => "record",
        Defined::Tuple(_) => "tuple",
        Defined::Variant(_) => "variant, one of its cases",
        Defined::Enum(_) => "enum, one of its cases",
        Defined::Option(_) => "option",
        Defined::Result { .. } => "result",
        Defined::Flags(_) => "flags",
        Defined::Own(_) | Defined::Borrow(_) => "resource",
    }
}

/// The bits of flags, each of which the type has.
fn flags(names: &[std::sync::Arc<str>], set: &[String]) -> Result<u64, Fault> {
    let mut bits = 0;
    for flag in set {
        let at = names.iter().position(|name| **name == **flag);
        let at = at.ok_or_else(|| Fault::Mismatch {
            expected: "flags of the type".to_owned(),
            got: "another flag",
        })?;
        bits |= 1_u64 << at;
    }
    Ok(bits)
}

/// The bits of a value of a primitive type but strings, with zeros above.
fn scalar(ty: Type, value: &Val) -> Result<u64, Fault> {
    Ok(match (ty, value) {
        (Type::Bool, Val::Bool(x)) => u64::from(*x),
        (Type::S8, Val::S8(x)) => u64::from(i32::from(*x) as u32),
        (Type::U8, Val::U8(x)) => u64::from(*x),
        (Type::S16, Val::S16(x)) => u64::from(i32::from(*x) as u32),
        (Type::U16, Val::U16(x)) => u64::from(*x),
        (Type::S32, Val::S32(x)) => u64::from(*x as u32),
        (Type::U32, Val::U32(x)) => u64::from(*x),
        (Type::S64, Val::S64(x)) => *x as u64,
        (Type::U64, Val::U64(x)) => *x,
        (Type::Float32, Val::Float32(x)) => u64::from(canonical32(*x).to_bits()),
        (Type::Float64, Val::Float64(x)) => canonical64(*x).to_bits(),
        (Type::Char, Val::Char(x)) => u64::from(u32::from(*x)),
        (ty, value) => {
            let expected = format!("{ty:?}").to_lowercase();
            return Err(mismatch(&expected, value));
        }
    })
}
