//! Every access of shared memories: the cases of `memory` and `atomic`, on memories that are
//! shared.

use super::memory::{Access, far_units};
use crate::suite::form::Unit;
use crate::suite::values::Ty;
use prova_module::SharedAccess;
use prova_module::ops::{Kind, Opcode};

fn ty(kind: Kind) -> Ty {
    match kind {
        Kind::i64 => Ty::I64,
        Kind::f32 => Ty::F32,
        Kind::f64 => Ty::F64,
        Kind::v128 => Ty::V128,
        _ => Ty::I32,
    }
}

pub(crate) fn of() -> Vec<Unit> {
    let mut units = Vec::new();
    for &opcode in Opcode::ALL {
        let Some(last) = (0..16).rev().find_map(|lane| SharedAccess::new(opcode, lane)) else {
            continue;
        };
        let row = opcode.row();
        let values: Vec<Ty> = row.params[1..].iter().map(|&kind| ty(kind)).collect();
        let result = row.results.first().map(|&kind| ty(kind));
        let has_lane = opcode.mnemonic().ends_with("_lane");
        let lane = if has_lane { format!(" {}", last.lane) } else { String::new() };
        let access = Access { name: opcode.mnemonic(), lane, values: &values, result };
        for unit in far_units(&access, 8) {
            let head = unit.head.replace("(pagesize 1)", "shared (pagesize 1)");
            units.push(Unit::new(&head, unit.forms));
        }
    }
    units
}
