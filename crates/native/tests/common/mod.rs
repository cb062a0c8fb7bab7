//! One module in four ways to make machine code, and as bytecode.

use prova_check::MemoryShape;
use prova_core::{
    Config, Engine, Instance, Linker, Module, Refusal, RefusalReason, Store, Trap, Val,
};
use prova_native::NativeCompiler;

/// An engine of bytecode, or of machine code in one way.
pub(crate) fn engine(way: Way, configure: impl Fn(&mut Config)) -> Engine {
    let mut config = Config::new();
    match way {
        Way::Bytecode => &mut config,
        Way::Guard => config.native(NativeCompiler::new()),
        Way::Explicit => config.native(NativeCompiler::new().with_memory(MemoryShape::Explicit)),
        Way::Masked => config.native(NativeCompiler::new().with_memory(MemoryShape::Masked)),
        Way::NoSignals => config.native(NativeCompiler::new()).signals_based_traps(false),
    };
    configure(&mut config);
    Engine::new(&config).expect("the configuration is valid")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Bytecode,
    Guard,
    Explicit,
    Masked,
    NoSignals,
}

/// The outcome of a call: results, or the trap with its backtrace.
fn call(store: &mut Store<()>, instance: &Instance, name: &str, args: &[Val]) -> Called {
    let func = instance.get_func(&mut *store, name).expect("an exported function");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    match func.call(&mut *store, args, &mut results) {
        Ok(()) => Called { what: format!("{results:?}"), fault: None },
        Err(error) => {
            let message = format!("{error:#}");
            let is_fault = |part: &&str| part.starts_with("memory fault at");
            let parts: Vec<&str> = message.split(": ").filter(|part| !is_fault(part)).collect();
            let what = format!("{:?} {}", error.downcast_ref::<Trap>(), parts.join(": "));
            Called { what, fault: message.split(": ").find(is_fault).map(str::to_owned) }
        }
    }
}

/// The outcome of a call, with the place of a memory fault apart.
#[derive(Debug)]
struct Called {
    what: String,
    fault: Option<String>,
}

/// The same, where both tell as much.
impl PartialEq for Called {
    fn eq(&self, other: &Called) -> bool {
        let faults = self.fault.as_ref().zip(other.fault.as_ref());
        self.what == other.what && faults.is_none_or(|(a, b)| a == b)
    }
}

/// Runs calls in both tiers; all functions with a body have to be native.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn same(text: &str, calls: &[(&str, &[Val])]) {
    same_with((None, text), calls, &[], |_| {});
}

/// As [`same`], with the exports of another module as imports from `e`.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn same_imported(exporter: &str, text: &str, calls: &[(&str, &[Val])]) {
    same_with((Some(exporter), text), calls, &[], |_| {});
}

/// As [`same`], with calls by value, in each of these meterings: fuel, epochs.
pub(crate) fn same_metered(
    text: &str,
    calls: &[(impl AsRef<str>, Vec<Val>)],
    meterings: &[(bool, bool)],
) {
    let calls: Vec<(&str, &[Val])> =
        calls.iter().map(|(name, args)| (name.as_ref(), args.as_slice())).collect();
    for &(fuel, epochs) in meterings {
        same_with((None, text), &calls, &[], |config| {
            config.consume_fuel(fuel).epoch_interruption(epochs);
        });
    }
}

/// Why there is no machine code for a module without signals: what is behind the end of a shared
/// memory has to fault.
const NO_FAULTS: &str = "no layout: shared memory without signals";

/// As [`same`]; the functions in `refused`, and no others, have no certificate yet.
pub(crate) fn same_with(
    (exporter, text): (Option<&str>, &str),
    calls: &[(&str, &[Val])],
    refused: &[u32],
    configure: impl Fn(&mut Config),
) {
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |(way, stored): (Way, bool)| {
        let made = engine(way, &configure);
        let module = Module::new(&made, &wasm).expect("the module is valid");
        let (engine, module) = match stored {
            false => (made, module),
            true => {
                // An engine that has no compiler.
                let engine = engine(Way::Bytecode, |config| {
                    configure(config);
                    let memory = match way {
                        Way::Guard => MemoryShape::GUARD,
                        Way::Masked => MemoryShape::Masked,
                        Way::Bytecode | Way::Explicit | Way::NoSignals => MemoryShape::Explicit,
                    };
                    config.precompiled(memory).signals_based_traps(way != Way::NoSignals);
                });
                match module.serialize() {
                    Ok(file) => {
                        let module = Module::deserialize(&engine, file);
                        (engine, module.expect("it is what was written"))
                    }
                    // There is none in these configurations.
                    Err(error) if error.to_string().contains("is not proved") => (made, module),
                    Err(error) if error.to_string().contains(NO_FAULTS) => (made, module),
                    Err(error) => panic!("there is machine code: {error:#}"),
                }
            }
        };
        let mut store = Store::new(&engine, ());
        if store.get_fuel().is_ok() {
            store.set_fuel(1_000_000).expect("it is metered");
        }
        let mut linker = Linker::new(&engine);
        if let Some(exporter) = exporter {
            let wasm = wat::parse_str(exporter).expect("the text is well-formed");
            let module = Module::new(&engine, &wasm).expect("the module is valid");
            let instance = linker.instantiate(&mut store, &module).expect("it has no imports");
            linker.instance(&mut store, "e", instance).expect("new names");
        }
        let instance = linker.instantiate(&mut store, &module).expect("its imports are there");
        let results: Vec<Called> =
            calls.iter().map(|(name, args)| call(&mut store, &instance, name, args)).collect();
        let is_known = |refusal: &&Refusal| {
            let RefusalReason::OfModule(why) = &refusal.reason else { return false };
            way == Way::NoSignals && why.contains(NO_FAULTS)
        };
        let refusals = module.refusals();
        let found: Vec<u32> =
            refusals.iter().filter(|it| !is_known(it)).map(|refusal| refusal.func.0).collect();
        let expected = if way == Way::Bytecode { &[] } else { refused };
        assert_eq!(found, expected, "{:?}", module.refusals());
        (results, store.get_fuel().ok())
    };
    let (bytecode, fuel) = run((Way::Bytecode, false));
    let ways = [Way::Guard, Way::Explicit, Way::Masked, Way::NoSignals];
    for way in ways.into_iter().flat_map(|way| [(way, false), (way, true)]) {
        let (native, left) = run(way);
        for ((call, native), bytecode) in calls.iter().zip(&native).zip(&bytecode) {
            assert_eq!(native, bytecode, "{way:?}: {call:?}");
        }
        assert_eq!(left, fuel, "{way:?}: fuel");
    }
}
