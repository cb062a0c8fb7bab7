//! Machine code of a function → the bytes of a relation to its SSA body, by which `prova-equal`
//! proves that it does what the function says. Nothing here is trusted.

use prova_certify::relation::{Related, SEARCH_WALKS, Work, encode, pruned, relate_within};
use prova_check::CodeKind;
use prova_check::certificate::Certificate;
use prova_core::MachineCode;
use prova_equal::{Setting, Told, checked};
use prova_module::FuncIdx;
use prova_ssa::entered::{EnteredBody, enter};
use prova_ssa::{Body, CheckedBody, Held, Metering};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The body that code is proved against.
enum Of {
    Func(CheckedBody),
    Round(EnteredBody),
}

impl Of {
    fn body(&self) -> &Body {
        match self {
            Of::Func(body) => body.body(),
            Of::Round(body) => body.body(),
        }
    }

    fn held(&self) -> Option<&Held> {
        match self {
            Of::Func(body) => body.held(),
            Of::Round(_) => None,
        }
    }

    fn round(&self) -> Option<&[u32]> {
        match self {
            Of::Func(_) => None,
            Of::Round(body) => Some(body.cells()),
        }
    }
}

/// The relation of a function's code, as far as one is found within the bound of the search,
/// and whether it proves it. A panic of the search is a bug, and nothing is found.
pub(crate) fn relation(
    setting: &Setting<'_>,
    code: &MachineCode,
    work: (&mut Work<'_>, u64),
) -> Option<(Vec<u8>, bool)> {
    catch_unwind(AssertUnwindSafe(|| found(setting, code, work))).unwrap_or_default()
}

fn found(
    setting: &Setting<'_>,
    code: &MachineCode,
    (work, walks): (&mut Work<'_>, u64),
) -> Option<(Vec<u8>, bool)> {
    let (module, layout) = (setting.module(), setting.layout());
    let metering = layout.config().metering;
    let of = match code.kind {
        CodeKind::Func(func) => {
            let metering = Metering { fuel: metering.fuel, epoch: metering.epoch };
            Of::Func(checked(module, FuncIdx(func), metering).ok()?)
        }
        CodeKind::Loop { func, offset } => {
            let metering = Metering { fuel: metering.fuel, epoch: metering.epoch };
            Of::Round(enter(module, FuncIdx(func), offset, metering).ok()?)
        }
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => return None,
    };
    let data = Certificate::read(&code.certificate).ok()?.data;
    let (traps, sources) = (&code.traps[..], &code.sources[..]);
    let related = Related { bytes: &code.bytes, traps, data: &data, sources };
    let (calls, deterministic) = (Some(&code.calls[..]), setting.is_deterministic());
    let told = Told { calls, deterministic, round: of.round(), held: of.held(), stop: None };
    let of = (module, of.body());
    work.until(walks);
    let relation = relate_within(of, layout, &related, told, work);
    let fewer = match work.ended() {
        None => {
            work.until(SEARCH_WALKS);
            pruned(&relation, of, layout, &related, told, work)
        }
        Some(_) => None,
    };
    let proved = fewer.is_some();
    // What proves nothing is given as it was found: the proof says where it fails.
    Some((encode(&fewer.unwrap_or(relation))?, proved))
}
