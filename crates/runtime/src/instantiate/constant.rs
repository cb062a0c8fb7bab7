//! Objects of constant expressions: those of globals, tables and element segments are made behind
//! the instance, since they may find no room.
//!
//! Up to then globals and elements whose expressions make objects or small integers are null.
//! Nothing is charged, as for segments; the bytes of all objects of an instantiation are bounded by
//! [`BYTES_BASE`] and [`BYTES_PER_BYTE`] for each byte of the module, so that few bytes make no
//! long instantiation. Nothing is collected while an expression is evaluated, whose operands no
//! frame holds: one that finds no room is evaluated once more after a collection.
//!
//! Tests: `tests/run/aggregate.wast`, `tests/store/limits.rs`.

use super::segments::Pace;
use crate::global::{self, Context};
use crate::ops::{Refused, aggregate::Call};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{GlobalAddr, InstanceAddr};
use crate::vm::{Cell, GlobalVm};
use prova_module::{
    ConstExpr, ConstOp, ElementItems, GlobalIdx, Module, ObjectLayout, Opcode, Storage, TypeIdx,
};

/// The bytes that objects of constant expressions of one instantiation may have (16 MiB)…
const BYTES_BASE: u64 = 16 << 20;

/// … and as many more for each byte of the module.
const BYTES_PER_BYTE: u64 = 16;

/// Whether an expression works on objects.
fn makes(expr: &ConstExpr) -> bool {
    expr.ops().iter().any(|op| matches!(op, ConstOp::Aggregate { .. }))
}

/// Whether a global or element segment of a module has such an expression.
fn any_makes(module: &Module) -> bool {
    let globals =
        (0..module.globals().len() as u32).filter_map(|i| module.global_init(GlobalIdx(i)));
    let mut elements = module.elements().iter().map(|element| match &element.items {
        ElementItems::Funcs(_) => &[],
        ElementItems::Exprs(_, exprs) => &exprs[..],
    });
    globals.into_iter().any(makes) || elements.any(|exprs| exprs.iter().any(makes))
}

impl Store {
    /// Gives globals and element segments of an instance that was just made their values, where
    /// these are objects.
    pub(super) fn start_objects(
        &mut self,
        module: &Module,
        instance: InstanceAddr,
        pace: &mut Pace,
    ) -> Result<(), TrapKind> {
        self.constant_bytes = 0;
        if !any_makes(module) {
            return Ok(());
        }
        for index in module.imported_global_count()..module.globals().len() {
            let index = GlobalIdx(index as u32);
            let Some(init) = module.global_init(index) else { continue };
            let cells = self.constant(instance, init, pace)?;
            let global: GlobalAddr = self.instance(instance).global_addr(index);
            self.global_vms[global.index()] = GlobalVm { cells };
        }
        for (at, element) in module.elements().iter().enumerate() {
            let ElementItems::Exprs(_, exprs) = &element.items else { continue };
            for (i, expr) in exprs.iter().enumerate() {
                let value = self.constant(instance, expr, pace)?[0];
                self.instances[instance.index()].set_elem(at, i, value);
            }
        }
        Ok(())
    }

    /// The value of a constant expression of an instance, which may make objects.
    pub(super) fn constant(
        &mut self,
        instance: InstanceAddr,
        expr: &ConstExpr,
        pace: &mut Pace,
    ) -> Result<[Cell; 2], TrapKind> {
        if !makes(expr) {
            let (funcs, globals) = self.instance(instance).funcs_and_globals();
            let context = Context { funcs, globals, store_globals: &self.global_vms };
            return Ok(global::evaluate(expr, &context));
        }
        let before = self.constant_bytes;
        if self.collects_for(0) {
            self.collect()?;
        }
        let value = match self.evaluate_objects(instance, expr, pace) {
            Err(TrapKind::HeapFull) => {
                self.collect()?;
                self.constant_bytes = before;
                self.evaluate_objects(instance, expr, pace)?
            }
            value => value?,
        };
        Ok(value)
    }

    fn evaluate_objects(
        &mut self,
        instance: InstanceAddr,
        expr: &ConstExpr,
        pace: &mut Pace,
    ) -> Result<[Cell; 2], TrapKind> {
        let mut stack: Vec<[Cell; 2]> = Vec::new();
        for op in expr.ops() {
            if let ConstOp::Aggregate { opcode, first, second } = *op {
                let before = self.constant_bytes;
                let value = self.make_constant(instance, opcode, (first, second), &mut stack)?;
                pace.go_on(self, (self.constant_bytes - before) as usize)?;
                stack.push([value, 0]);
            } else {
                let (funcs, globals) = self.instance(instance).funcs_and_globals();
                let context = Context { funcs, globals, store_globals: &self.global_vms };
                global::step(op, &context, &mut stack);
            }
        }
        Ok(stack.pop().unwrap_or_default())
    }

    fn make_constant(
        &mut self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        stack: &mut Vec<[Cell; 2]>,
    ) -> Result<Cell, TrapKind> {
        let mut window: Vec<Cell> = Vec::new();
        let types = self.instance(instance).module().types();
        let layout = if is_no_object(opcode) { None } else { types.layout(TypeIdx(first)) };
        let storages = operands_of(opcode, second, layout.as_ref())?;
        let from = stack.len().checked_sub(storages.len()).ok_or(TrapKind::Bug)?;
        for (&[low, high], storage) in stack[from..].iter().zip(&storages) {
            window.push(low);
            if *storage == Storage::Bits128 {
                window.push(high);
            }
        }
        stack.truncate(from);
        if window.is_empty() {
            window.push(0);
        }
        let bytes = match (&layout, opcode == Opcode::ArrayNewFixed) {
            (Some(ObjectLayout::Struct { bytes, .. }), _) => u64::from(*bytes),
            (Some(ObjectLayout::Array(of)), true) => u64::from(second) * u64::from(of.bytes()),
            (Some(ObjectLayout::Array(of)), false) => {
                let n = window.last().map_or(0, |&n| n as u32);
                u64::from(n) * u64::from(of.bytes())
            }
            (None, _) => 0,
        };
        self.constant_fits(instance, bytes.max(16))?;
        let call = Call { instance, first, second, metered: false };
        match self.aggregate_of(&call, opcode, &mut window) {
            Ok(()) => Ok(window[0]),
            Err(Refused::Trap(kind)) => Err(kind),
            Err(Refused::Collect) => Err(TrapKind::HeapFull),
        }
    }

    /// Counts bytes that an object may take.
    fn constant_fits(&mut self, instance: InstanceAddr, more: u64) -> Result<(), TrapKind> {
        let module = self.instance(instance).module().bytes().len() as u64;
        let max = BYTES_BASE + BYTES_PER_BYTE * module;
        self.constant_bytes = self.constant_bytes.saturating_add(more);
        if self.constant_bytes > max { Err(TrapKind::HeapFull) } else { Ok(()) }
    }
}

/// Whether an operator gives a reference without making an object.
fn is_no_object(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::RefI31 | Opcode::AnyConvertExtern | Opcode::ExternConvertAny)
}

/// The forms of the operands of an operator that may stand in a constant expression.
fn operands_of(
    opcode: Opcode,
    second: u32,
    layout: Option<&ObjectLayout>,
) -> Result<Vec<Storage>, TrapKind> {
    use Opcode as O;
    if is_no_object(opcode) {
        return Ok(vec![Storage::Bits32]);
    }
    Ok(match layout.ok_or(TrapKind::Bug)? {
        ObjectLayout::Struct { fields, .. } if opcode == O::StructNew => {
            fields.iter().map(|of| of.storage).collect()
        }
        ObjectLayout::Struct { .. } if opcode == O::StructNewDefault => Vec::new(),
        &ObjectLayout::Array(of) if opcode == O::ArrayNew => vec![of, Storage::Bits32],
        ObjectLayout::Array(_) if opcode == O::ArrayNewDefault => vec![Storage::Bits32],
        &ObjectLayout::Array(of) if opcode == O::ArrayNewFixed => vec![of; second as usize],
        ObjectLayout::Struct { .. } | ObjectLayout::Array(_) => return Err(TrapKind::Bug),
    })
}
