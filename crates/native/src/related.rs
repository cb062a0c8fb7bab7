//! Machine code of a function → the bytes of a relation to its SSA body, by which `prova-equal`
//! proves that it does what the function says. Nothing here is trusted.

use crate::{body, code_bytes};
use prova_certify::relation::{Related, encode, pruned, relate};
use prova_check::certificate::Certificate;
use prova_check::{CodeKind, Layout};
use prova_core::MachineCode;
use prova_equal::{EqualCode, Relation, Setting};
use prova_module::{FuncIdx, Module};

/// The relation of a function's code, as far as one is found: the proof says whether it is one.
pub(crate) fn relation(module: &Module, layout: &Layout, code: &MachineCode) -> Option<Vec<u8>> {
    let CodeKind::Func(func) = code.kind else { return None };
    let body = body(module, FuncIdx(func), layout.config().metering).ok()?;
    let data = Certificate::read(&code.certificate).ok()?.data;
    let related = Related { bytes: &code.bytes, traps: &code.traps, data: &data };
    let setting = Setting::new(module, layout)?;
    let relation = relate(&body, layout, &related);
    let proves =
        |relation: &Relation| EqualCode::check(&body, &setting, code_bytes(code), relation).is_ok();
    // What proves nothing is given as it was found: the proof says where it fails.
    let relation = match proves(&relation) {
        true => pruned(&relation, &related, proves),
        false => relation,
    };
    encode(&relation)
}
