//! A second fuel counter: the module counts its own operators, and the count is compared with the
//! fuel that was used.
//!
//! ```text
//! Case ─┬─ run (Tail, metered by fuel) ───────────────────────► fuel used by each call ─┐
//!       └─ instrument ─ run (Reference, not metered) ─► growth of the counting global ──┴─ equal
//! ```
//!
//! Imports are functions of the host, since Wasm of another instance would use fuel that nobody
//! counts. The counter shares nothing with the costs of `prova_module`, the segments of the facts
//! or the charges of any tier: the rewritten code ([`instrument()`]) counts in a global, functions
//! of the host count their calls beside it. The price list here is by opcode byte.
//!
//! Compared are calls that return: one that traps has paid for the rest of its segment, which no
//! operator tells. Calls from the first one on that runs out of fuel are left out, because nothing
//! ends them without metering; so are modules whose start function fails.
//!
//! The planted price of `tests/fuel.rs` shows that a difference is seen.

mod instrument;

pub use instrument::instrument;

use crate::accept::bodies::any_works_on_objects;
use crate::campaign::{self, Options, Totals};
use crate::generate::{Call, Case, Generator};
use crate::sides::Side;
use crate::sides::attach::NoBytecode;
use crate::sides::host::{self, Host};
use crate::sides::run::{self, Outcome, Program, Setup};
use prova_core::Tier;
use prova_module::{Features, FuncType, GlobalIdx, Limits, Module};
use prova_runtime::{HostFunc, Metering, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The price of an operator by the first byte of its code.
pub type Prices = fn(u8) -> i64;

/// The price list of Prova: free are unreachable, nop, block, loop, try_table, else, end, return
/// and drop; all else costs 1. (Division and square root of vectors cost one more, which
/// `instrument` adds.)
pub fn prices(opcode: u8) -> i64 {
    i64::from(!matches!(opcode, 0x00 | 0x01 | 0x02 | 0x03 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1f))
}

/// The counts of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Functions in the modules.
    pub funcs: u64,
    /// Calls whose fuel was compared.
    pub calls: u64,
    /// Fuel that they used together.
    pub fuel: u64,
}

impl campaign::Tally for Counted {
    fn add(&mut self, other: Counted) {
        self.funcs += other.funcs;
        self.calls += other.calls;
        self.fuel += other.fuel;
    }
}

/// Compares at least `count` functions.
///
/// # Errors
///
/// The first difference.
pub fn campaign(
    generator: Generator,
    seed: u64,
    count: u64,
    prices: Prices,
) -> Result<Counted, String> {
    let options = Options { generator, seed, count, funcs: 40, ..Options::default() };
    let enough = |totals: &Totals<Counted>| totals.tally.funcs >= count;
    let totals = campaign::campaign(&options, enough, |index| {
        compare(&options.case(index), prices)
            .map_err(|what| format!("{generator:?} --seed {seed}, case {index}: {what}"))
    });
    totals.finding.map_or(Ok(totals.tally), Err)
}

/// Runs a case both ways.
///
/// # Errors
///
/// A call that used other fuel than it has counted, or a fault of this file.
pub fn compare(case: &Case, prices: Prices) -> Result<Counted, String> {
    let decode = |wasm: &[u8]| Module::decode(wasm, &Features::default(), &Limits::default());
    let module = match decode(&case.wasm) {
        Ok(module) => module,
        Err(error) if error.is_invalid() => return Err(error.to_string()),
        Err(_) => return Ok(Counted { funcs: 1, ..Counted::default() }),
    };
    if any_works_on_objects(&module) {
        // The counting module does not know these operators; tiers are compared over them.
        return Ok(Counted { funcs: 1, ..Counted::default() });
    }
    let used = used(&module, case);
    if used.is_empty() {
        // Nothing to compare; and where a start function ran out of fuel, nothing would end it
        // without metering.
        return Ok(Counted { funcs: module.defined_funcs().len() as u64, ..Counted::default() });
    }
    let counting = decode(&instrument(&module, prices))
        .map_err(|error| format!("the counting module is refused: {error}"))?;
    let counted = counted(&counting, &case.calls[..used.len()])?;
    let mut total = Counted { funcs: module.defined_funcs().len() as u64, ..Counted::default() };
    for (i, (used, counted)) in used.iter().zip(&counted).enumerate() {
        if let (Some(used), Some(counted)) = (used, counted) {
            if used != counted {
                let call = &case.calls[i];
                return Err(format!(
                    "call {i} {call:?} used {used} units of fuel, but counted {counted}"
                ));
            }
            total.calls += 1;
            total.fuel += used;
        }
    }
    Ok(total)
}

/// The fuel of each call that returns, in the tail executor, up to the first one that runs out.
fn used(module: &Module, case: &Case) -> Vec<Option<u64>> {
    let settings = Settings { metering: Metering::Fuel, deterministic: true };
    let program = Program::of(module, case, Host::Growing);
    let record = Setup { tier: Tier::TAIL, settings }.run(&program);
    let fueled = record.calls.iter().take_while(|(outcome, _)| !outcome.is_out_of_fuel());
    let fuel = |(outcome, left): &(Outcome, Option<u64>)| match outcome {
        Outcome::Results(_) => left.map(|left| case.fuel - left),
        Outcome::Trap { .. } | Outcome::Fault(_) | Outcome::Skipped => None,
    };
    fueled.map(fuel).collect()
}

/// The count of each call that returns, in the reference tier.
fn counted(module: &Module, calls: &[Call]) -> Result<Vec<Option<u64>>, String> {
    let settings = Settings { metering: Metering::None, deterministic: true };
    let mut store = run::store(Setup { tier: Tier::Reference, settings });
    let host = Arc::new(AtomicU64::new(0));
    let imports = host::imports_wrapped(&mut store, module, Host::Growing, &|ty, func| {
        counting(ty, func, Arc::clone(&host))
    });
    let Ok(instance) = store.instantiate(&mut (), module, &imports, Arc::new(NoBytecode)) else {
        return Ok(Vec::new());
    };
    let counter = GlobalIdx(module.globals().len() as u32 - 1);
    let counter = store.instance(instance).global_addr(counter);
    let mut counts = Vec::new();
    for call in calls {
        host.store(0, Ordering::Relaxed);
        let before = store.global_get(counter)[0];
        let outcome = run::invoke(&mut store, instance, call);
        let after = store.global_get(counter)[0];
        counts.push(match outcome {
            Outcome::Results(_) => Some(after.wrapping_sub(before) + host.load(Ordering::Relaxed)),
            Outcome::Trap { .. } | Outcome::Skipped => None,
            Outcome::Fault(message) => return Err(message),
        });
    }
    Ok(counts)
}

/// A function of the host that counts what Wasm pays for its calls; those by the host itself are
/// free.
fn counting(ty: &FuncType, func: HostFunc, counter: Arc<AtomicU64>) -> HostFunc {
    let cells = instrument::cells(&ty.params) + instrument::cells(&ty.results);
    let price = instrument::HOST_CALL + cells as u64 / 8;
    Arc::new(move |store, data, cells| {
        if store.caller().is_some() {
            counter.fetch_add(price, Ordering::Relaxed);
        }
        func(store, data, cells)
    })
}
