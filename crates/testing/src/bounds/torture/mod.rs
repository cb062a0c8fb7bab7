//! Every operator in a loop, on a thread with a small native stack: a handler that is no tail call
//! overflows it.
//!
//! ```text
//! snippets ─► one module, a function each ─ translate, check ─► ops reached
//!                                        └─ call on a small stack, per executor and metering ─► ended | the process dies
//! ```
//!
//! `snippets` writes the bodies from the table of operators and by hand. The command runs in a
//! separate process (`tests/torture.rs` starts it), because an overflow ends the process: the last
//! line printed names the culprit.
//!
//! The second use of the same bodies: which ops of bytecode a translation of all operators has in
//! it. Those it has not are listed in `tests/torture/unreached.tsv` with a reason; the list must be
//! exact.
//!
//! A green run does not show that results are right (`differential`).

pub mod snippets;

use crate::sides::attach::Translation;
use crate::sides::host::{self, Host};
use crate::sides::run::{self, Setup};
use prova_bytecode::{OPS, Op, decode};
use prova_core::Tier;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_runtime::{Attach, Attached, Extern, InstanceAddr, Metering, Settings, Store, TrapKind};
use snippets::Snippet;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

/// The native stack of the thread that executes, in bytes.
pub const STACK_BYTES: usize = 64 << 10;

/// Iterations of each loop: at 16 bytes a frame, several stacks full.
pub const ITERATIONS: u64 = 20_000;

/// Runs all snippets in one setup; `announce` hears the name of each before it runs.
///
/// # Errors
///
/// If the module is refused, or a call does not end as its snippet says.
pub fn run(setup: Setup, announce: impl Fn(&str) + Send + Sync) -> Result<usize, String> {
    let snippets = snippets::all();
    let module = module(&snippets)?;
    let attach = Arc::new(Translation::new(setup.settings));
    // Translation has its own need of stack: all of it happens here.
    for func in module.defined_funcs() {
        attach.attach(&module, func).map_err(|error| format!("{func}: {error}"))?;
    }
    let (store, instance) = instantiate(setup, &module, attach)?;
    on_a_small_stack(|| execute(store, instance, &snippets, &announce))?
}

/// Runs something on a thread with [`STACK_BYTES`] of native stack.
///
/// # Errors
///
/// If the thread cannot be started or panics.
pub fn on_a_small_stack<R: Send>(body: impl FnOnce() -> R + Send) -> Result<R, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, body);
        let thread = thread.map_err(|error| error.to_string())?;
        thread.join().map_err(|_| "the thread panicked".to_owned())
    })
}

fn instantiate(
    setup: Setup,
    module: &Module,
    attach: Arc<dyn Attach>,
) -> Result<(Store, InstanceAddr), String> {
    let mut store = run::store(setup);
    let imports = host::imports(&mut store, module, Host::Function);
    store.set_fuel(u64::MAX);
    let instance = store.instantiate(&mut (), module, &imports, attach);
    Ok((store, instance.map_err(|error| error.to_string())?))
}

fn execute(
    mut store: Store,
    instance: InstanceAddr,
    snippets: &[Snippet],
    announce: &(impl Fn(&str) + Sync),
) -> Result<usize, String> {
    for (i, snippet) in snippets.iter().enumerate() {
        announce(&snippet.name);
        let export = store.instance(instance).export(&format!("t{i}"));
        let Some(func) = export.and_then(Extern::func) else {
            return Err(format!("{}: not exported", snippet.name));
        };
        store.set_fuel(u64::MAX);
        let mut results = [0];
        let outcome = store.call(&mut (), func, &[ITERATIONS], &mut results);
        match (outcome, snippet.trap) {
            (Ok(()), None) if results == [0] => {}
            (Err(trap), Some(kind)) if trap.kind == kind => {}
            (Ok(()), _) => return Err(format!("{}: returned {results:?}", snippet.name)),
            (Err(trap), _) => return Err(format!("{}: {trap}", snippet.name)),
        }
    }
    Ok(snippets.len())
}

/// All setups in which snippets are run.
pub fn setups() -> Vec<Setup> {
    let mut setups = Vec::new();
    for tier in [Tier::TAIL, Tier::MATCH] {
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering.has_fuel() };
            setups.push(Setup { tier, settings });
        }
    }
    setups
}

/// The ops that no translation of a snippet has in it, in any setting.
///
/// # Errors
///
/// If the module or a translation is refused.
pub fn unreached() -> Result<BTreeSet<&'static str>, String> {
    let module = module(&snippets::all())?;
    let mut missing: BTreeSet<Op> = OPS.iter().copied().collect();
    for setup in setups() {
        let attach = Translation::new(setup.settings);
        for func in module.defined_funcs() {
            let code = attach.attach(&module, func).map_err(|error| format!("{func}: {error}"))?;
            let Attached::Bytecode(code) = code else {
                return Err(format!("{func}: the translation is no bytecode"));
            };
            let mut at = 0;
            while let Ok(inst) = decode(code.words(), at) {
                missing.remove(&inst.op);
                at = inst.next;
            }
        }
    }
    Ok(missing.into_iter().map(Op::mnemonic).collect())
}

/// The module of all snippets: function `t0` is the first one, and so on.
fn module(snippets: &[Snippet]) -> Result<Module, String> {
    let wat = snippets::module_text(snippets);
    let bytes = wat::parse_str(&wat).map_err(|error| error.to_string())?;
    Module::decode(bytes, &Features::default(), &Limits::default()).map_err(|error| {
        let name = error.func.and_then(|func| culprit(snippets, func));
        format!("{error}: {}", name.unwrap_or_default())
    })
}

/// The snippet of a function.
fn culprit(snippets: &[Snippet], func: FuncIdx) -> Option<&str> {
    let index = func.index().checked_sub(snippets::FUNCS_BEFORE)?;
    snippets.get(index).map(|snippet| &*snippet.name)
}

/// The kinds of trap that a snippet may end with.
pub(crate) type Trap = Option<TrapKind>;
