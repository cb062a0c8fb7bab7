//! Operators on structures, arrays and small integers (specification 4.6.5 to 4.6.8; Wasm 3.0): a
//! *window* of cells with the operands → the same with the result.
//!
//! Every tier comes here for all of them: bytecode with a window of its frame, the reference tier
//! with one of its operand stack. Operands lie in the window bottom first, the result in its first
//! cells.
//!
//! The order is as in [`super`]: null and bounds, then the epoch and the dynamic cost
//! ([`prova_module::memory_cost`] of the bytes that are written), then the effect. An operator that
//! makes an object first says [`Refused::Collect`], where the store should forget others before
//! ([`crate::heap`]); nothing has happened then, and who called collects and tries again.
//!
//! # References as cells
//! * AG1. A reference of the `any` hierarchy is 0 for null, `2 × value + 1` in 32 bits for a small
//!   integer, the offset of an object in the heap (a multiple of 8), or `8 × index + 2` for what
//!   the host gave. It is below 2^32.
//! * AG2. A reference to what is of the `extern` hierarchy is as `value` says; one that
//!   `extern.convert_any` made of an integer or object is its cell with [`INTERNAL`]. The object
//!   is pinned: nobody follows such references.
//!
//! # Invariants
//! * G3. An object's header is the identity of its type in the low 32 bits, and of an array the
//!   length above. Nothing writes it but [`Store::make_object`].
//! * G4. A cell that validated code has as a reference to an object of a type is one to such an
//!   object, and what lies in a field is of its type. Nothing here leans on it for memory safety,
//!   since machine code that is not proved equal may write any number into the heap: accesses are
//!   compared with the region, and one outside is [`TrapKind::Bug`]; so is a reference to a
//!   function or a value of the host in a field that is none of the field's type.
//!
//! Tests: `tests/run/aggregate.wast` in every tier, `prova-testing`'s comparison of rows.

mod access;
mod host;
mod make;
mod reference;

use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, NULL_REF};
use crate::vm::Cell;
use prova_module::objects::{Place, Shape};
use prova_module::{ObjectLayout, Opcode, RefKind, RefType, Storage, TypeId, TypeIdx};
use std::sync::Arc;

/// The bit of a cell that makes a reference of the `any` hierarchy one of the `extern` hierarchy
/// (AG2).
pub const INTERNAL: Cell = 1 << 63;

/// The greatest object: the heap has 4 GiB (`heap`), the first page of which holds none.
const OBJECT_BYTES_MAX: u64 = (1 << 32) - (64 << 10);

/// The elements of an array that the host makes.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// A value, and how often it stands there.
    Same([Cell; 2], u32),
    /// The values in cells, one behind the other.
    Each(&'a [Cell]),
    /// Bytes, for elements of 8 bits.
    Bytes(&'a [u8]),
}

/// Why an operator has not been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It trapped.
    Trap(TrapKind),
    /// The store is to collect first ([`Store::collect_for_external`]); nothing has happened.
    Collect,
}

impl From<TrapKind> for Refused {
    fn from(kind: TrapKind) -> Refused {
        Refused::Trap(kind)
    }
}

/// The kind of a reference of the `any` hierarchy (AG1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyKind {
    /// Null.
    Null,
    /// A small integer: 31 bits.
    I31(u32),
    /// An object: its offset.
    Object(u32),
    /// A value of the host: its index.
    Host(u32),
}

impl AnyKind {
    /// Of a cell; `None` for one that is no such reference in any heap.
    pub fn of(cell: Cell) -> Option<AnyKind> {
        let cell = u32::try_from(cell).ok()?;
        match cell & 7 {
            _ if cell == 0 => Some(AnyKind::Null),
            low if low & 1 == 1 => Some(AnyKind::I31(cell >> 1)),
            0 => Some(AnyKind::Object(cell)),
            2 => Some(AnyKind::Host(cell >> 3)),
            _ => None,
        }
    }

    /// Its cell.
    pub fn cell(self) -> Cell {
        match self {
            AnyKind::Null => NULL_REF,
            AnyKind::I31(value) => Cell::from(value << 1 | 1),
            AnyKind::Object(offset) => offset.into(),
            AnyKind::Host(index) => Cell::from(index) << 3 | 2,
        }
    }
}

/// An operator and where it is executed.
pub(crate) struct Call {
    pub(crate) instance: InstanceAddr,
    pub(crate) first: u32,
    pub(crate) second: u32,
    /// Whether it is paid for, and the store may collect.
    pub(crate) metered: bool,
}

/// How a packed value becomes an `i32`.
#[derive(Clone, Copy)]
enum Extend {
    Zero,
    Sign,
}

impl Store {
    /// Executes an operator of class `aggregate` or `allocate` of an instance; the immediates are
    /// its first two as numbers, a heap type as its code ([`prova_module::heap_code`]).
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for what no validated code does; [`Refused::Collect`].
    pub fn aggregate(
        &mut self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        self.aggregate_of(&Call { instance, first, second, metered: true }, opcode, window)
    }

    /// The same for any call, of a constant expression too.
    pub(crate) fn aggregate_of(
        &mut self,
        call: &Call,
        opcode: Opcode,
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        use Opcode as O;
        match opcode {
            O::StructNew => self.struct_new(call, window, true)?,
            O::StructNewDefault => self.struct_new(call, window, false)?,
            O::ArrayNew => self.array_new(call, window)?,
            O::ArrayNewDefault => {
                let n = narrow(window, 0)?;
                let (object, _) = self.new_array(call, n.into())?;
                put(window, object)?;
            }
            O::ArrayNewFixed => self.array_new_fixed(call, window)?,
            O::ArrayNewData => self.array_new_data(call, window)?,
            O::ArrayNewElem => self.array_new_elem(call, window)?,
            _ => self.aggregate_without_object(call, opcode, window)?,
        }
        Ok(())
    }

    /// The operators that make no object.
    fn aggregate_without_object(
        &mut self,
        call: &Call,
        opcode: Opcode,
        window: &mut [Cell],
    ) -> Result<(), TrapKind> {
        use Opcode as O;
        let reference = cell(window, 0)?;
        match opcode {
            O::StructGet | O::StructGetU => self.struct_get(call, window, Extend::Zero),
            O::StructGetS => self.struct_get(call, window, Extend::Sign),
            O::StructSet => self.struct_set(call, window),
            O::ArrayGet | O::ArrayGetU => self.array_get(call, window, Extend::Zero),
            O::ArrayGetS => self.array_get(call, window, Extend::Sign),
            O::ArraySet => self.array_set(call, window),
            O::ArrayLen => put(window, self.array_len(reference)?.into()),
            O::ArrayFill => self.array_fill(call, window),
            O::ArrayCopy => self.array_copy(call, window),
            O::ArrayInitData => self.array_init_data(call, window),
            O::ArrayInitElem => self.array_init_elem(call, window),
            O::RefEq => put(window, (reference == cell(window, 1)?).into()),
            O::RefTestNonNull | O::RefTestNullable => {
                put(window, self.ref_test(call.instance, reference, call.first)?.into())
            }
            O::RefCastNonNull | O::RefCastNullable => {
                let fits = self.ref_test(call.instance, reference, call.first)?;
                if fits { Ok(()) } else { Err(TrapKind::CastFailure) }
            }
            O::AnyConvertExtern => put(window, self.internalize(reference)?),
            O::ExternConvertAny => put(window, self.externalize(reference)?),
            O::RefI31 => put(window, AnyKind::I31(reference as u32 & (u32::MAX >> 1)).cell()),
            O::I31GetS | O::I31GetU => {
                let value = non_null(reference)? as u32;
                let signed = opcode == O::I31GetS;
                let value = if signed { (value as i32 >> 1) as u32 } else { value >> 1 };
                put(window, value.into())
            }
            _ => Err(TrapKind::Bug),
        }
    }

    /// How many cells an operator of an instance has in its window: the greater of its operands and
    /// its result. 0 for what no module has.
    pub(crate) fn window_cells(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        immediates: (u32, u32),
    ) -> usize {
        let types = self.instance(instance).module().types();
        let shape = Shape::of(types, opcode, immediates).unwrap_or_default();
        shape.operand_cells.max(shape.result_cells) as usize
    }

    /// The operands in a window that are followed while the store collects for the operator.
    pub(crate) fn traced_operands(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &[Cell],
    ) -> Vec<Cell> {
        let call = Call { instance, first, second, metered: true };
        let Ok((_, layout)) = self.layout_of(&call) else { return Vec::new() };
        let mut traced = Vec::new();
        match &**layout {
            ObjectLayout::Struct { fields, .. } if opcode == Opcode::StructNew => {
                let mut at = 0;
                for Place { storage, .. } in fields {
                    traced.extend(window.get(at).filter(|_| storage.is_traced()));
                    at += storage.cells() as usize;
                }
            }
            ObjectLayout::Array(of) if of.is_traced() => {
                let given = match opcode == Opcode::ArrayNewFixed {
                    true => second as usize,
                    false => usize::from(opcode == Opcode::ArrayNew),
                };
                traced.extend(window.iter().take(given));
            }
            ObjectLayout::Struct { .. } | ObjectLayout::Array(_) => {}
        }
        traced
    }

    /// How many elements an operator works on that its operands say; 0 where they say none.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    pub(crate) fn counted(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &[Cell],
    ) -> u32 {
        let call = Call { instance, first, second, metered: true };
        let value = || self.element(&call).map_or(1, Storage::cells) as usize;
        let is = |opcodes: &[Opcode]| opcodes.contains(&opcode);
        let at = if is(&[Opcode::ArrayNewDefault]) {
            0
        } else if is(&[Opcode::ArrayNew]) {
            value()
        } else if is(&[Opcode::ArrayNewData, Opcode::ArrayNewElem]) {
            1
        } else if is(&[Opcode::ArrayFill]) {
            2 + value()
        } else if is(&[Opcode::ArrayInitData, Opcode::ArrayInitElem]) {
            3
        } else if is(&[Opcode::ArrayCopy]) {
            4
        } else {
            return 0;
        };
        window.get(at).map_or(u32::MAX, |&cell| cell as u32)
    }

    /// The identity and the layout of a type of an instance.
    fn layout_of(&self, call: &Call) -> Result<(TypeId, &Arc<ObjectLayout>), TrapKind> {
        let instance = self.instance(call.instance);
        if call.first as usize >= instance.module().types().len() {
            return Err(TrapKind::Bug);
        }
        let id = instance.type_id(TypeIdx(call.first));
        let layout = self.layouts.get(id.0 as usize).and_then(Option::as_ref);
        Ok((id, layout.ok_or(TrapKind::Bug)?))
    }

    /// A field of a structure type.
    #[inline]
    fn field(&self, id: TypeId, field: usize) -> Option<Place> {
        match &**self.layouts.get(id.0 as usize)?.as_ref()? {
            ObjectLayout::Struct { fields, .. } => fields.get(field).copied(),
            ObjectLayout::Array(_) => None,
        }
    }

    fn place(&self, call: &Call) -> Result<Place, TrapKind> {
        match &**self.layout_of(call)?.1 {
            ObjectLayout::Struct { fields, .. } => {
                fields.get(call.second as usize).copied().ok_or(TrapKind::Bug)
            }
            ObjectLayout::Array(_) => Err(TrapKind::Bug),
        }
    }

    fn element(&self, call: &Call) -> Result<Storage, TrapKind> {
        match **self.layout_of(call)?.1 {
            ObjectLayout::Array(storage) => Ok(storage),
            ObjectLayout::Struct { .. } => Err(TrapKind::Bug),
        }
    }
}

fn cell(window: &[Cell], at: usize) -> Result<Cell, TrapKind> {
    window.get(at).copied().ok_or(TrapKind::Bug)
}

/// An `i32`.
fn narrow(window: &[Cell], at: usize) -> Result<u32, TrapKind> {
    Ok(cell(window, at)? as u32)
}

/// A value at a cell; the second cell is of one of two.
fn values(window: &[Cell], at: usize) -> Result<[Cell; 2], TrapKind> {
    Ok([cell(window, at)?, window.get(at + 1).copied().unwrap_or(0)])
}

fn put(window: &mut [Cell], value: Cell) -> Result<(), TrapKind> {
    *window.first_mut().ok_or(TrapKind::Bug)? = value;
    Ok(())
}

fn non_null(reference: Cell) -> Result<Cell, TrapKind> {
    if reference == NULL_REF { Err(TrapKind::NullReference) } else { Ok(reference) }
}

/// Whether a kind's references are followed by the collector.
pub(crate) fn is_traced(ty: RefType) -> bool {
    matches!(RefKind::of(ty.heap_type()), RefKind::Any | RefKind::Exn)
}
