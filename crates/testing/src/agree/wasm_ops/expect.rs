//! A row's prediction for one call: operands and a state → results or a trap, and the state after.

use super::Entry;
use super::evaluate::Outcome;
use super::model::Model;
use super::place::Choice;
use prova_module::ops::{Class, Row};
use prova_num as num;
use prova_num::NumError;
use prova_runtime::TrapKind;

/// Whether a class accesses a memory at an address.
pub(super) fn access(class: Class) -> bool {
    use Class as C;
    matches!(class, C::load | C::store | C::load_lane | C::store_lane) || aligned(class)
}

/// Whether the address must be aligned.
fn aligned(class: Class) -> bool {
    use Class as C;
    matches!(class, C::atomic_load | C::atomic_store | C::atomic_rmw | C::atomic_cmpxchg)
        || matches!(class, C::atomic_wait | C::atomic_notify)
}

/// Whether a class may change the state.
pub(super) fn changes(class: Class) -> bool {
    use Class as C;
    matches!(class, C::store | C::store_lane | C::atomic_store | C::atomic_rmw)
        || matches!(class, C::atomic_cmpxchg | C::global_set | C::effect)
}

/// Whether the expression of a row of this class says it all.
fn evaluated(class: Class) -> bool {
    use Class as C;
    matches!(class, C::pure | C::pure2 | C::trap | C::constant | C::select | C::quick | C::effect)
}

/// The predicted results or trap; `None` if the expression does not fit the class.
pub(super) fn expect(
    entry: &Entry,
    choice: &Choice,
    args: &[u128],
    model: &mut Model,
) -> Option<Result<Vec<u128>, TrapKind>> {
    let (row, class) = (&entry.row, entry.row.class);
    if access(class) {
        return accessed(entry, choice, args, model);
    }
    if evaluated(class) {
        let outcome = evaluate(entry, choice, args, None, model)?;
        return match (outcome, model.trap) {
            (_, Some(kind)) => Some(Err(kind)),
            (Outcome::Values(values), None) => canonical(row, values).map(Ok),
            (Outcome::Trap(error), None) => Some(Err(kind_of(error))),
        };
    }
    if entry.evaluate.is_some() || row.canonical.is_some() {
        return None;
    }
    if class == Class::global_set {
        model.global = *args.first()?;
    }
    if matches!(class, Class::drop_ | Class::nop | Class::fence | Class::global_set) {
        Some(Ok(Vec::new()))
    } else if class == Class::null {
        Some(Ok(vec![0]))
    } else if class == Class::global_get {
        Some(Ok(vec![model.global]))
    } else if matches!(class, Class::local_get | Class::local_set) {
        Some(Ok(vec![*args.first()?]))
    } else if class == Class::local_tee {
        Some(Ok(vec![*args.first()?; 2]))
    } else {
        None
    }
}

fn evaluate(
    entry: &Entry,
    choice: &Choice,
    args: &[u128],
    bits: Option<u128>,
    model: &mut Model,
) -> Option<Outcome> {
    let immediates = choice.values(&entry.row);
    entry.evaluate?(&mut args.iter().copied().chain(immediates).chain(bits), model)
}

/// The values with the bits of their NaNs fixed.
fn canonical(row: &Row, values: Vec<u128>) -> Option<Vec<u128>> {
    let fix = |value: u128| {
        Some(match row.canonical? {
            "f32_canonicalize" => {
                num::f32_canonicalize(f32::from_bits(value as u32)).to_bits().into()
            }
            "f64_canonicalize" => {
                num::f64_canonicalize(f64::from_bits(value as u64)).to_bits().into()
            }
            "f32x4_canonicalize" => num::f32x4_canonicalize(value),
            "f64x2_canonicalize" => num::f64x2_canonicalize(value),
            _ => return None,
        })
    };
    match row.canonical {
        None => Some(values),
        Some(_) => values.into_iter().map(fix).collect(),
    }
}

fn kind_of(error: NumError) -> TrapKind {
    match error {
        NumError::DivisionByZero => TrapKind::IntegerDivisionByZero,
        NumError::IntegerOverflow => TrapKind::IntegerOverflow,
        NumError::InvalidConversionToInteger => TrapKind::BadConversionToInteger,
    }
}

/// An access at the address that is the first operand.
fn accessed(
    entry: &Entry,
    choice: &Choice,
    args: &[u128],
    model: &mut Model,
) -> Option<Result<Vec<u128>, TrapKind>> {
    let (row, width) = (&entry.row, usize::from(entry.row.width));
    let memory = choice.memories[0] as usize;
    let size = model.memories.get(memory)?.items.len() as u128;
    let start = args.first()? + u128::from(choice.offset);
    if width == 0 || row.canonical.is_some() {
        return None;
    }
    if start > u64::MAX.into() {
        return Some(Err(TrapKind::MemoryOutOfBounds));
    }
    if aligned(row.class) && start % width as u128 != 0 {
        return Some(Err(TrapKind::HeapMisaligned));
    }
    if start + width as u128 > size {
        return Some(Err(TrapKind::MemoryOutOfBounds));
    }
    // Waiting and waking, on an unshared memory.
    if row.class == Class::atomic_wait {
        return Some(Err(TrapKind::ExpectedSharedMemory));
    }
    if row.class == Class::atomic_notify {
        return Some(Ok(vec![0]));
    }
    let place = start as usize..start as usize + width;
    let mut bytes = [0; 16];
    bytes[..width].copy_from_slice(&model.memories[memory].items[place.clone()]);
    let found = u128::from_le_bytes(bytes);
    let Outcome::Values(values) = evaluate(entry, choice, args, Some(found), model)? else {
        return None;
    };
    let (results, stored) = parts(row.class, &values, found)?;
    if let Some(bits) = stored {
        let bytes = bits.to_le_bytes();
        // The stored value has no more bits than the access.
        if bytes[width..].iter().any(|&byte| byte != 0) {
            return None;
        }
        model.memories[memory].items[place].copy_from_slice(&bytes[..width]);
    }
    Some(Ok(results))
}

/// The value of an access's expression as results and the bits that are stored.
fn parts(class: Class, values: &[u128], found: u128) -> Option<(Vec<u128>, Option<u128>)> {
    let loads = matches!(class, Class::load | Class::load_lane | Class::atomic_load);
    let stores = matches!(class, Class::store | Class::store_lane | Class::atomic_store);
    if let ([value], true) = (values, loads) {
        return Some((vec![*value], None));
    }
    if let ([bits], true) = (values, stores) {
        return Some((Vec::new(), Some(*bits)));
    }
    if let ([old, new], true) = (values, class == Class::atomic_rmw) {
        return Some((vec![*old], Some(*new)));
    }
    let [old, expected, new] = *values else { return None };
    let exchanged = (found == expected).then_some(new);
    (class == Class::atomic_cmpxchg).then(|| (vec![old], exchanged))
}
