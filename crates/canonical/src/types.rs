//! Types of component values, with their layout in memory.
//!
//! A type names only types that were added before it, so every walk over a type ends.
//! [`Types::add`] computes each layout once and refuses types beyond the limits.
//!
//! Source: `alignment`, `elem_size` and `flatten_type` of `definitions.py`.

use std::fmt;
use std::sync::Arc;

/// Most cells in which a function takes its parameters; more parameters go through memory.
pub const MAX_FLAT_PARAMS: usize = 16;
/// Most cells in which a function gives its results; more results go through memory.
pub const MAX_FLAT_RESULTS: usize = 1;
/// Deepest nesting of a type: bounds the recursion of every walk.
pub const TYPE_DEPTH_MAX: u32 = 100;
/// Most bytes of a value in memory, without the content of its strings and lists.
pub const VALUE_BYTES_MAX: u32 = 1 << 28;
/// Most flags of a type.
pub const FLAGS_MAX: usize = 32;

/// A type of the component model: a primitive one, or one of [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are those of the component model")]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    Float32,
    Float64,
    Char,
    String,
    Defined(TypeId),
}

/// The number of a type in its [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(u32);

/// The number of a table of handles: one resource type as one component instance sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableId(pub u32);

/// A field of a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// Its name, in kebab case.
    pub name: Arc<str>,
    /// The type of its value.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Case {
    /// Its name, in kebab case.
    pub name: Arc<str>,
    /// The type of its payload, where it has one.
    pub ty: Option<Type>,
}

/// A type made of others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are those of the component model")]
pub enum Defined {
    List(Type),
    FixedList { element: Type, length: u32 },
    Map { key: Type, value: Type },
    Record(Arc<[Field]>),
    Tuple(Arc<[Type]>),
    Variant(Arc<[Case]>),
    Enum(Arc<[Arc<str>]>),
    Option(Type),
    Result { ok: Option<Type>, err: Option<Type> },
    Flags(Arc<[Arc<str>]>),
    Own(TableId),
    Borrow(TableId),
}

/// A core type in which a part of a value is passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are those of core WebAssembly")]
pub enum FlatType {
    I32,
    I64,
    F32,
    F64,
}

/// The width of a pointer of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pointer {
    /// 4 bytes.
    Narrow,
    /// 8 bytes.
    Wide,
}

impl Pointer {
    /// Its bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Pointer::Narrow => 4,
            Pointer::Wide => 8,
        }
    }

    const fn flat(self) -> FlatType {
        match self {
            Pointer::Narrow => FlatType::I32,
            Pointer::Wide => FlatType::I64,
        }
    }
}

/// Bytes and alignment of a value in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Its bytes, a multiple of the alignment.
    pub size: u32,
    /// Its alignment in bytes: 1, 2, 4 or 8.
    pub align: u32,
}

/// A type beyond a limit, or without meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TypeError {
    /// It nests deeper than [`TYPE_DEPTH_MAX`].
    TooDeep,
    /// A value of it has more than [`VALUE_BYTES_MAX`] bytes.
    TooLarge,
    /// It names a type that was not added before it.
    Unknown,
    /// A variant, enumeration, record, tuple or fixed list without content, or flags that are none
    /// or more than [`FLAGS_MAX`].
    Count,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeError::TooDeep => write!(f, "a type nests deeper than {TYPE_DEPTH_MAX}"),
            TypeError::TooLarge => {
                write!(f, "a value of a type has more than {VALUE_BYTES_MAX} bytes")
            }
            TypeError::Unknown => f.write_str("a type names one that does not come before it"),
            TypeError::Count => {
                write!(f, "a type has no content, or more than {FLAGS_MAX} flags")
            }
        }
    }
}

impl std::error::Error for TypeError {}

/// The types of a component.
#[derive(Clone, Default, Debug)]
pub struct Types {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    defined: Defined,
    shape: Shape,
}

/// Layouts, cells and depth of a type, from which those of types with it follow.
#[derive(Clone, Copy, Debug)]
struct Shape {
    narrow: Layout,
    wide: Layout,
    /// Cells when flat, up to `MAX_FLAT_PARAMS + 1`, which stands for more.
    flat: u32,
    depth: u32,
    /// The place of the payload of a case, with pointers of 32 and of 64 bits.
    payload: [u32; 2],
}

const FLAT_MANY: u32 = MAX_FLAT_PARAMS as u32 + 1;

impl Shape {
    const fn scalar(bytes: u32) -> Shape {
        let layout = Layout { size: bytes, align: bytes };
        Shape { narrow: layout, wide: layout, flat: 1, depth: 0, payload: [0; 2] }
    }

    /// A pointer and a length.
    const POINTED: Shape = Shape {
        narrow: Layout { size: 8, align: 4 },
        wide: Layout { size: 16, align: 8 },
        flat: 2,
        depth: 0,
        payload: [0; 2],
    };

    const fn layout(&self, pointer: Pointer) -> Layout {
        match pointer {
            Pointer::Narrow => self.narrow,
            Pointer::Wide => self.wide,
        }
    }

    /// Checks the limits; one level deeper than its deepest part.
    fn within(self, parts: u32) -> Result<Shape, TypeError> {
        let depth = parts.saturating_add(1);
        if depth > TYPE_DEPTH_MAX {
            return Err(TypeError::TooDeep);
        }
        if self.narrow.size.max(self.wide.size) > VALUE_BYTES_MAX {
            return Err(TypeError::TooLarge);
        }
        Ok(Shape { depth, ..self })
    }
}

/// The least multiple of an alignment that is not below `at`.
pub(crate) const fn aligned(at: u32, align: u32) -> u32 {
    at.next_multiple_of(align)
}

/// Bytes of the number that names one of `cases`.
pub(crate) const fn discriminant_bytes(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Bytes of a number of flags, which is not above [`FLAGS_MAX`].
pub(crate) const fn flags_bytes(flags: usize) -> u32 {
    match flags {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

impl Types {
    /// Adds a type; equal types may be added twice.
    ///
    /// # Errors
    /// [`TypeError`].
    pub fn add(&mut self, defined: Defined) -> Result<Type, TypeError> {
        let shape = self.shape_of(&defined)?;
        let id = u32::try_from(self.entries.len()).map_err(|_| TypeError::TooLarge)?;
        self.entries.push(Entry { defined, shape });
        Ok(Type::Defined(TypeId(id)))
    }

    /// The parts of a type; none for a number of other `Types`.
    #[must_use]
    pub fn get(&self, id: TypeId) -> Option<&Defined> {
        self.entries.get(id.0 as usize).map(|entry| &entry.defined)
    }

    /// The layout of values of this type; none for a type of other `Types`.
    #[must_use]
    pub fn layout(&self, ty: Type, pointer: Pointer) -> Option<Layout> {
        Some(self.shape(ty).ok()?.layout(pointer))
    }

    /// The layout of values that lie one behind the other, as the fields of a record.
    #[must_use]
    pub fn layout_of_all(&self, types: &[Type], pointer: Pointer) -> Option<Layout> {
        let mut whole = Layout { size: 0, align: 1 };
        for &ty in types {
            let part = self.layout(ty, pointer)?;
            whole.align = whole.align.max(part.align);
            let at = whole.size.checked_next_multiple_of(part.align)?;
            whole.size = at.checked_add(part.size)?;
        }
        Some(Layout { size: whole.size.checked_next_multiple_of(whole.align)?, ..whole })
    }

    /// The cells in which values of these types are passed; none if they are more than `most`.
    #[must_use]
    pub fn flat(&self, types: &[Type], pointer: Pointer, most: usize) -> Option<Vec<FlatType>> {
        let mut count = 0_u32;
        for &ty in types {
            count = count.saturating_add(self.shape(ty).ok()?.flat);
        }
        if count as usize > most.min(MAX_FLAT_PARAMS) {
            return None;
        }
        let mut flat = Vec::with_capacity(count as usize);
        for &ty in types {
            self.flatten(ty, pointer, &mut flat)?;
        }
        Some(flat)
    }

    /// Cells of a type when flat; none if they are more than [`MAX_FLAT_PARAMS`].
    pub(crate) fn cells(&self, ty: Type) -> Option<usize> {
        let flat = self.shape(ty).ok()?.flat;
        (flat < FLAT_MANY).then_some(flat as usize)
    }

    fn shape(&self, ty: Type) -> Result<Shape, TypeError> {
        Ok(match ty {
            Type::Bool | Type::S8 | Type::U8 => Shape::scalar(1),
            Type::S16 | Type::U16 => Shape::scalar(2),
            Type::S32 | Type::U32 | Type::Float32 | Type::Char => Shape::scalar(4),
            Type::S64 | Type::U64 | Type::Float64 => Shape::scalar(8),
            Type::String => Shape::POINTED,
            Type::Defined(id) => self.entries.get(id.0 as usize).ok_or(TypeError::Unknown)?.shape,
        })
    }

    fn shape_of(&self, defined: &Defined) -> Result<Shape, TypeError> {
        match defined {
            Defined::List(element) => Shape::POINTED.within(self.shape(*element)?.depth),
            Defined::Map { key, value } => {
                let entry = self.in_turn(&[*key, *value])?;
                Shape::POINTED.within(entry.depth)
            }
            Defined::FixedList { element, length } => self.repeated(*element, *length),
            Defined::Record(fields) if fields.is_empty() => Err(TypeError::Count),
            Defined::Record(fields) => {
                self.in_turn(&fields.iter().map(|field| field.ty).collect::<Vec<_>>())
            }
            Defined::Tuple(types) if types.is_empty() => Err(TypeError::Count),
            Defined::Tuple(types) => self.in_turn(types),
            Defined::Variant(cases) => {
                self.one_of(&cases.iter().map(|case| case.ty).collect::<Vec<_>>())
            }
            Defined::Enum(names) => self.one_of(&vec![None; names.len()]),
            Defined::Option(some) => self.one_of(&[None, Some(*some)]),
            Defined::Result { ok, err } => self.one_of(&[*ok, *err]),
            Defined::Flags(names) if (1..=FLAGS_MAX).contains(&names.len()) => {
                Shape::scalar(flags_bytes(names.len())).within(0)
            }
            Defined::Flags(_) => Err(TypeError::Count),
            Defined::Own(_) | Defined::Borrow(_) => Shape::scalar(4).within(0),
        }
    }

    fn in_turn(&self, types: &[Type]) -> Result<Shape, TypeError> {
        let (mut flat, mut depth) = (0_u32, 0);
        for &ty in types {
            let part = self.shape(ty)?;
            flat = flat.saturating_add(part.flat).min(FLAT_MANY);
            depth = depth.max(part.depth);
        }
        let all = |pointer| self.layout_of_all(types, pointer).ok_or(TypeError::TooLarge);
        let (narrow, wide) = (all(Pointer::Narrow)?, all(Pointer::Wide)?);
        Shape { narrow, wide, flat, depth, payload: [0; 2] }.within(depth)
    }

    fn repeated(&self, element: Type, length: u32) -> Result<Shape, TypeError> {
        let part = self.shape(element)?;
        if length == 0 {
            return Err(TypeError::Count);
        }
        let times = |layout: Layout| {
            let size = layout.size.checked_mul(length).ok_or(TypeError::TooLarge)?;
            Ok(Layout { size, ..layout })
        };
        let flat = part.flat.saturating_mul(length).min(FLAT_MANY);
        let (narrow, wide) = (times(part.narrow)?, times(part.wide)?);
        Shape { narrow, wide, flat, depth: part.depth, payload: [0; 2] }.within(part.depth)
    }

    fn one_of(&self, cases: &[Option<Type>]) -> Result<Shape, TypeError> {
        if cases.is_empty() {
            return Err(TypeError::Count);
        }
        let (mut flat, mut depth) = (0, 0);
        let tag = discriminant_bytes(cases.len());
        let empty = Layout { size: 0, align: tag };
        let (mut narrow, mut wide) = (empty, empty);
        for &ty in cases.iter().flatten() {
            let part = self.shape(ty)?;
            flat = part.flat.max(flat);
            depth = part.depth.max(depth);
            for (most, part) in [(&mut narrow, part.narrow), (&mut wide, part.wide)] {
                most.size = most.size.max(part.size);
                most.align = most.align.max(part.align);
            }
        }
        let whole = |payload: Layout| {
            let size = aligned(tag, payload.align).saturating_add(payload.size);
            Layout { size: aligned(size, payload.align), ..payload }
        };
        let flat = (flat + 1).min(FLAT_MANY);
        let payload = [narrow, wide].map(|payload| aligned(tag, payload.align));
        Shape { narrow: whole(narrow), wide: whole(wide), flat, depth, payload }.within(depth)
    }

    /// The place of the payload in a variant, enumeration, option or result.
    pub(crate) fn payload_at(&self, id: TypeId, pointer: Pointer) -> Option<u32> {
        let [narrow, wide] = self.entries.get(id.0 as usize)?.shape.payload;
        Some(match pointer {
            Pointer::Narrow => narrow,
            Pointer::Wide => wide,
        })
    }

    /// The number of cases of a variant, enumeration, option or result; none for other types.
    pub(crate) fn cases(&self, id: TypeId) -> Option<usize> {
        Some(match self.get(id)? {
            Defined::Variant(cases) => cases.len(),
            Defined::Enum(names) => names.len(),
            Defined::Option(_) | Defined::Result { .. } => 2,
            _ => return None,
        })
    }

    /// The payload of a case; none if there is no such case.
    pub(crate) fn payload(&self, id: TypeId, case: usize) -> Option<Option<Type>> {
        match self.get(id)? {
            Defined::Variant(cases) => cases.get(case).map(|case| case.ty),
            Defined::Enum(names) => names.get(case).map(|_| None),
            Defined::Option(some) => [None, Some(*some)].get(case).copied(),
            Defined::Result { ok, err } => [*ok, *err].get(case).copied(),
            _ => None,
        }
    }

    fn flatten(&self, ty: Type, pointer: Pointer, flat: &mut Vec<FlatType>) -> Option<()> {
        let Type::Defined(id) = ty else {
            match ty {
                Type::S64 | Type::U64 => flat.push(FlatType::I64),
                Type::Float32 => flat.push(FlatType::F32),
                Type::Float64 => flat.push(FlatType::F64),
                Type::String => flat.extend([pointer.flat(); 2]),
                _ => flat.push(FlatType::I32),
            }
            return Some(());
        };
        match self.get(id)? {
            Defined::List(_) | Defined::Map { .. } => flat.extend([pointer.flat(); 2]),
            Defined::FixedList { element, length } => {
                for _ in 0..*length {
                    self.flatten(*element, pointer, flat)?;
                }
            }
            Defined::Record(fields) => {
                for field in fields.iter() {
                    self.flatten(field.ty, pointer, flat)?;
                }
            }
            Defined::Tuple(types) => {
                for &ty in types.iter() {
                    self.flatten(ty, pointer, flat)?;
                }
            }
            Defined::Variant(_)
            | Defined::Enum(_)
            | Defined::Option(_)
            | Defined::Result { .. } => {
                flat.push(FlatType::I32);
                let at = flat.len();
                for case in 0..self.cases(id)? {
                    let Some(ty) = self.payload(id, case)? else { continue };
                    let mut one = Vec::new();
                    self.flatten(ty, pointer, &mut one)?;
                    for (i, part) in one.into_iter().enumerate() {
                        match flat.get_mut(at + i) {
                            Some(joined) => *joined = join(*joined, part),
                            None => flat.push(part),
                        }
                    }
                }
            }
            Defined::Flags(_) | Defined::Own(_) | Defined::Borrow(_) => flat.push(FlatType::I32),
        }
        Some(())
    }
}

/// The core type that holds either of two.
fn join(a: FlatType, b: FlatType) -> FlatType {
    match (a, b) {
        _ if a == b => a,
        (FlatType::I32, FlatType::F32) | (FlatType::F32, FlatType::I32) => FlatType::I32,
        _ => FlatType::I64,
    }
}
