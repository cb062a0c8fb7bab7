//! Functions in an order of short numbers, without those that nothing reaches, and one for those
//! that have the same body; data without zeroes.
//!
//! Of the functions that stay, those that are named most get the numbers of one byte, the next ones
//! those of two. Inside each group they keep their order, so a module in which this was done stays
//! as it is. Imported functions keep their numbers.
//!
//! Not believed: [`super::same`] compares the result.

use super::uses::{Uses, roots};
use super::{image, same};
use prova_module::{FuncIdx, Limits, Module};
use prova_rewrite::{Customs, Edit, Numbers, Rewritten, Space, apply};
use std::collections::HashMap;

/// Numbers below these take one byte, and two.
const SHORT: [usize; 2] = [1 << 7, 1 << 14];

/// A module in order.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) module: Module,
    /// The custom sections that are gone, by name.
    pub(super) dropped: Vec<String>,
    /// By function of the module before: its number now.
    pub(super) numbers: Vec<Option<FuncIdx>>,
}

/// The module in order; `None` if it does not become smaller.
///
/// # Errors
/// What differs and should not: a fault of this file.
pub(super) fn ordered(module: &Module, limits: &Limits) -> Result<Option<Ordered>, String> {
    let kept = numbers(module);
    let mut edit = Edit { customs: Customs::Standing, ..Edit::default() };
    let list = kept.iter().map(|kept| kept.map(|func| func.0));
    edit.numbers = Numbers::default().with(Space::Func, list);
    image::packed(module, &mut edit);
    let Rewritten { bytes, dropped, .. } =
        apply(module.bytes(), &edit).map_err(|error| error.to_string())?;
    if bytes.len() >= module.bytes().len() {
        return Ok(None);
    }
    let new =
        Module::decode(bytes, module.features(), limits).map_err(|error| error.to_string())?;
    same::outside(module, &new, &kept)?;
    same::bodies(module, &new, &kept)?;
    Ok(Some(Ordered { module: new, dropped, numbers: kept }))
}

/// By function: its new number.
fn numbers(module: &Module) -> Vec<Option<FuncIdx>> {
    let uses = Uses::of(module);
    let mut count = vec![0_u64; module.func_count()];
    roots(module, &mut |func| count[func.index()] += 1);
    for func in module.defined_funcs().filter(|func| uses.live[func.index()]) {
        let named = uses.calls[func.index()].iter().map(|named| named.callee);
        let all = named.chain(uses.references[func.index()].iter().copied());
        all.for_each(|func| count[func.index()] += 1);
    }
    let imported = module.imported_func_count();
    let stands = twins(module, &uses);
    for func in imported..module.func_count() {
        if stands[func] != func {
            count[stands[func]] += count[func];
        }
    }
    let is_kept = |&func: &usize| uses.live[func] && stands[func] == func;
    let mut order: Vec<usize> = (imported..module.func_count()).filter(is_kept).collect();
    let mut from = 0;
    for short in SHORT {
        let room = short.saturating_sub(imported + from);
        if order.len() - from <= room {
            break;
        }
        order[from..].sort_by_key(|&func| (std::cmp::Reverse(count[func]), func));
        order[from..from + room].sort_unstable();
        from += room;
        order[from..].sort_unstable();
    }
    let mut kept: Vec<Option<FuncIdx>> =
        (0..imported as u32).map(|func| Some(FuncIdx(func))).collect();
    kept.resize(module.func_count(), None);
    for (number, func) in (imported as u32..).zip(order) {
        kept[func] = Some(FuncIdx(number));
    }
    for func in (imported..module.func_count()).filter(|&func| uses.live[func]) {
        kept[func] = kept[stands[func]];
    }
    kept
}

/// By function: the first live one with the same type and the same bytes.
fn twins(module: &Module, uses: &Uses) -> Vec<usize> {
    let mut first: HashMap<(u32, &[u8]), usize> = HashMap::new();
    let mut stands: Vec<usize> = (0..module.func_count()).collect();
    for func in module.defined_funcs().filter(|func| uses.live[func.index()]) {
        let Some(body) = module.body(func) else { continue };
        let key = (module.func_type_idx(func).0, body.bytes());
        stands[func.index()] = *first.entry(key).or_insert(func.index());
    }
    stands
}
