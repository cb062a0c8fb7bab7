//! Machine code of generated functions, of the specification's suite and of the programs.
//!
//! The long forms are `prova-testing native`, `spec --native all` and `native-table`. For the
//! limits of a green run see `prova_testing::agree::native` and
//! `prova_testing::accept::native_table`.

use prova_core::{Config, Engine, Instance, Linker, Store};
use prova_module::{Features, Limits, Module};
use prova_testing::accept::native_table;
use prova_testing::agree::native::campaign;
use prova_testing::agree::outside;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::sides::native::Way;
use prova_testing::suites::spec;

fn cases(generator: Generator, seed: u64, modules: u64, funcs: usize) -> Options {
    Options { generator, seed, modules, funcs, ..Options::default() }
}

#[test]
fn machine_code_does_what_the_reference_tier_does() {
    let tally = campaign(&cases(Generator::Biased, 1, 40, 20), false).expect("they agree");
    assert!(tally.native > 100, "{tally:?}");
    let tally = campaign(&cases(Generator::BiasedObjects, 1, 24, 20), false).expect("they agree");
    assert!(tally.native > 100, "{tally:?}");
}

/// Functions and loops go over to machine code at rounds and calls at random, in every metering
/// mode and shape. The long form is `prova-testing native --swaps`.
#[test]
fn a_program_does_the_same_wherever_it_goes_over_to_machine_code() {
    let tally = campaign(&cases(Generator::Biased, 3, 200, 12), true).expect("they agree");
    assert!(tally.native > 100 && tally.entered > 50 && tally.looks > 1_000, "{tally:?}");
    let tally = campaign(&cases(Generator::BiasedObjects, 3, 60, 12), true).expect("they agree");
    assert!(tally.native > 50 && tally.entered > 10 && tally.looks > 300, "{tally:?}");
    let tally = campaign(&cases(Generator::Smith, 3, 300, 12), true).expect("they agree");
    assert!(tally.looks > 100, "{tally:?}");
}

/// Cases of wasm-smith by seed and number, in which functions were refused: references and tables,
/// loops of atomic operators under metering, constants beyond every memory.
const ONCE_REFUSED: [(u64, u64); 16] = [
    (1, 88),
    (1, 563),
    (1, 843),
    (2, 15),
    (2, 1_509),
    (2, 1_645),
    (2, 1_852),
    (2, 2_285),
    (2, 2_395),
    (3, 379),
    (3, 786),
    (3, 1_281),
    (3, 1_354),
    (3, 2_366),
    (6, 1_070),
    (8, 1_856),
];

#[test]
fn refused_of_generated() {
    let none = |generator, seed, cases| {
        let row = native_table::generated(generator, seed, cases, 20).expect("layouts");
        assert!(row.refused.is_empty() && row.declined.is_empty(), "{row:?}");
        row.native
    };
    assert!(none(Generator::Biased, 1, 0..24) > 200);
    assert!(none(Generator::Narrow, 1, 0..24) > 200);
    for (seed, case) in ONCE_REFUSED {
        assert!(none(Generator::Smith, seed, case..case + 1) > 0, "seed {seed}, case {case}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("digits"));
    digits.map(|two| u8::from_str_radix(two, 16).expect("a byte")).collect()
}

/// A case of `outside` with its driver, as bytecode.
fn start(
    engine: &Engine,
    (host, name): (&prova_core::Module, &str),
    case: [&str; 2],
) -> Option<(Store<()>, Instance)> {
    let [case, driver] =
        case.map(|hex| prova_core::Module::new(engine, bytes(hex)).expect("a module"));
    let (mut store, mut linker) = (Store::new(engine, ()), Linker::new(engine));
    linker.module(&mut store, name, host).expect("the host");
    linker.module(&mut store, "case", &case).ok()?;
    let driver = linker.instantiate(&mut store, &driver).expect("the driver");
    Some((store, driver))
}

/// The memory that a call of a driver leaves; none where it traps.
fn left(of: &mut (Store<()>, Instance), name: &str, count: usize) -> Option<Vec<u8>> {
    let (store, driver) = of;
    let call = driver.get_typed_func::<(), ()>(&mut *store, name).expect("a function");
    call.call(&mut *store, ()).ok()?;
    let memory = driver.get_memory(&mut *store, "out").expect("a memory");
    Some(memory.data(&*store)[..count].to_vec())
}

/// The lines for another engine say what their drivers do.
#[test]
fn drivers_do_what_the_lines_say() {
    let mut lines = Vec::new();
    let mut keep = |line: &str| {
        lines.push(line.to_owned());
        Ok(())
    };
    outside::write(Generator::Biased, 1, 0..4, 12, &mut keep).expect("the tiers agree");
    let mut config = Config::new();
    config.deterministic(true);
    let engine = Engine::new(&config).expect("an engine");
    let (mut host, mut running, mut compared, mut trapped) = (None, None, 0, 0);
    for line in &lines {
        let words: Vec<&str> = line.split('\t').collect();
        match words[..] {
            ["host", name, module] => {
                host = Some((
                    prova_core::Module::new(&engine, bytes(module)).expect("a module"),
                    name,
                ));
            }
            ["case", _, case, driver] => {
                let (host, name) = host.as_ref().expect("it is first");
                running = start(&engine, (host, name), [case, driver]);
            }
            ["call", k, "returned", expected] => {
                let running = running.as_mut().expect("it is instantiated");
                let found = left(running, &format!("c{k}"), expected.len() / 2);
                assert_eq!(found, Some(bytes(expected)), "{line}");
                compared += 1;
            }
            ["call", k, ..] => {
                let running = running.as_mut().expect("it is instantiated");
                assert_eq!(left(running, &format!("c{k}"), 0), None, "{line}");
                trapped += 1;
            }
            ["globals", expected] => {
                let running = running.as_mut().expect("it is instantiated");
                assert_eq!(left(running, "globals", expected.len() / 2), Some(bytes(expected)));
            }
            ["memory" | "end", ..] => {}
            _ => panic!("{line}"),
        }
    }
    assert!(compared > 60 && trapped > 5, "{compared} {trapped}");
}

/// The suite as machine code: as in the interpreter, and of its functions no more and no fewer
/// refused than the stored table says.
fn suite(way: Way) {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    let (differing, row) = spec::native(way, "", jobs).expect("the table can be read");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    let stored = std::fs::read_to_string(native_table::suite_path()).expect("it is there");
    let is_of =
        |line: &&str| line.starts_with(way.name()) || line.starts_with(&format!("suite\t{way}\t"));
    let wanted: Vec<&str> = stored.lines().filter(is_of).collect();
    let found = native_table::suite_lines(way, &row);
    assert_eq!(found, wanted, "keep it with `prova-testing spec --native all --bless`");
    assert!(row.native > 10_000, "{}", row.counts());
}

/// The suite in tier auto, where all goes over as soon as it runs: as in the interpreter. Each way
/// has some of the files; all files in all ways are `prova-testing spec --native all --swaps`.
#[test]
fn the_suite_with_swaps() {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    for (way, part) in Way::STORED.into_iter().zip(["/br", "/l", "/call"]) {
        let differing = spec::swaps(way, part, jobs).expect("the table can be read");
        assert!(differing.is_empty(), "{}", differing.join("\n"));
    }
}

#[test]
fn the_suite_with_guards() {
    suite(Way::Guard);
}

#[test]
fn the_suite_with_explicit_bounds() {
    suite(Way::Explicit);
}

#[test]
fn the_suite_without_signals() {
    suite(Way::NoSignals);
}

/// Programs whose functions are few enough for this test; the command takes them all.
const SMALL: [&str; 2] = ["coremark-rs-1.0.0", "pair-a"];

#[test]
fn functions_of_programs_are_native_as_the_table_says() {
    let stored = std::fs::read_to_string(native_table::table_path()).expect("it is there");
    let mut found = vec![native_table::HEAD.to_owned()];
    for (name, bytes) in native_table::programs().expect("they can be read") {
        if !SMALL.contains(&name.as_str()) {
            continue;
        }
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        for way in Way::STORED {
            let row = native_table::module(&module, way, Default::default(), 2).expect("a layout");
            found.push(native_table::line(&name, way, Default::default(), &row));
        }
    }
    let is_small = |line: &&str| SMALL.iter().any(|name| line.starts_with(name));
    let wanted: Vec<&str> =
        stored.lines().filter(|line| *line == native_table::HEAD || is_small(line)).collect();
    assert_eq!(found, wanted, "keep it with `prova-testing native-table --bless`");
}
