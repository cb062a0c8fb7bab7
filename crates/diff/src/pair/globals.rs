//! Globals of both modules → which are each other's; and the sense of a global's name and of its
//! initial expression.

use crate::pair::side::Side;
use prova_module::{ConstOp, ExternKind, GlobalIdx};
use std::collections::HashMap;

/// Partners of globals: by import, export, name, then in order among those of one type.
pub(crate) fn partners(sides: (&Side<'_>, &Side<'_>)) -> Vec<Option<u32>> {
    let count = |side: &Side<'_>| side.module.globals().len();
    let mut partners = vec![None; count(sides.0)];
    let mut taken = vec![false; count(sides.1)];
    let mut pair = |a: usize, b: usize, partners: &mut Vec<Option<u32>>| {
        if partners[a].is_none() && !taken[b] {
            partners[a] = Some(b as u32);
            taken[b] = true;
        }
    };
    let keys = |side: &Side<'_>| -> Vec<Vec<String>> {
        let mut keys = vec![Vec::new(); count(side)];
        for (i, (module, name)) in side.global_imports().iter().enumerate() {
            keys[i].push(format!("import {module} {name}"));
        }
        for export in
            side.module.exports().iter().filter(|export| export.kind == ExternKind::Global)
        {
            keys[export.index as usize].push(format!("export {}", export.name));
        }
        for (i, keys) in keys.iter_mut().enumerate() {
            keys.extend(
                side.module.names().global(GlobalIdx(i as u32)).map(|name| format!("name {name}")),
            );
        }
        keys
    };
    let keys_b = keys(sides.1);
    let by_key: HashMap<&str, usize> = keys_b
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(i, keys)| keys.iter().map(move |key| (key.as_str(), i)))
        .collect();
    for (a, keys) in keys(sides.0).iter().enumerate() {
        if let Some(&b) = keys.iter().find_map(|key| by_key.get(key.as_str())) {
            pair(a, b, &mut partners);
        }
    }
    let mut by_type: HashMap<_, Vec<usize>> = HashMap::new();
    for (b, ty) in sides.1.module.globals().iter().enumerate().rev() {
        by_type.entry(*ty).or_default().push(b);
    }
    let imported = (sides.0.module.imported_global_count(), sides.1.module.imported_global_count());
    for (a, ty) in sides.0.module.globals().iter().enumerate().skip(imported.0) {
        while partners[a].is_none() {
            let Some(b) = by_type.get_mut(ty).and_then(Vec::pop) else { break };
            if b >= imported.1 {
                pair(a, b, &mut partners);
            }
        }
    }
    partners
}

/// The stack pointer's name, which is a linker's.
pub(crate) const STACK_POINTER: &str = "__stack_pointer";

/// Globals that linkers define as addresses (wasm-ld, LLVM `lld/wasm/Symbols.h`).
const ADDRESSES: [&str; 9] = [
    STACK_POINTER,
    "__heap_base",
    "__heap_end",
    "__data_end",
    "__global_base",
    "__dso_handle",
    "__stack_low",
    "__stack_high",
    "__memory_base",
];

/// Whether a global's name is a linker's for an address.
pub(crate) fn is_linkers(name: &str) -> bool {
    // Where code is independent of its place, linkers write `GOT.data.internal.__heap_base`.
    ADDRESSES.contains(&name.rsplit('.').next().unwrap_or_default())
}

/// The value of an initial expression that has constants only; `None` for any other.
pub(crate) fn computed(ops: &[ConstOp]) -> Option<u64> {
    let mut stack: Vec<(u64, bool)> = Vec::new();
    for op in ops {
        let value = match op {
            ConstOp::I32Const(value) => (u64::from(*value as u32), false),
            ConstOp::I64Const(value) => (*value as u64, true),
            op => {
                let ((y, _), (x, wide)) = (stack.pop()?, stack.pop()?);
                let value = match op {
                    ConstOp::I32Add | ConstOp::I64Add => x.wrapping_add(y),
                    ConstOp::I32Sub | ConstOp::I64Sub => x.wrapping_sub(y),
                    ConstOp::I32Mul | ConstOp::I64Mul => x.wrapping_mul(y),
                    _ => return None,
                };
                (if wide { value } else { u64::from(value as u32) }, wide)
            }
        };
        stack.push(value);
    }
    stack.pop().map(|(value, _)| value)
}
