//! Trips with turned loops: what is made is proved, settles, and goes straight over a limit.
//!
//! The files (`tests/files/turn`) are those of `crates/optimize/tests/turn.rs`, which has their
//! twins. A green run does not show that every wrong copy is refused.

use prova_emit::trip::{self, Options, Outcome};
use prova_module::{Features, FuncIdx, Limits, Module};
use std::path::Path;

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// Sends the module of a text on its trip, and again.
fn sent(source: &str, name: &str) {
    let module = module(source);
    let limits = Limits::default();
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    let trip = trip::turned(&module, &options).expect("a trip");
    assert!(trip.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Replaced), "{name}");
    assert_eq!(trip.unturned, [], "{name}");
    // A turned loop stays so.
    let again = trip::turned(&trip.module, &options).expect("a trip");
    assert_eq!(again.unturned, [], "{name}");
    let sizes = [&trip, &again].map(|trip| trip.module.bytes().len());
    assert!(sizes[1] <= sizes[0], "{name}: {sizes:?}");
}

#[test]
fn the_files_go_on_their_trip() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/turn");
    let entries = std::fs::read_dir(folder).expect("the repository carries the files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut count = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|it| it == "wat")) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let source = text.split("\n;; ssa\n").next().expect("a module");
        sent(source, &path.display().to_string());
        count += 1;
    }
    assert!(count >= 6, "{count} files");
}

/// Bodies that are over a limit with their loops turned are emitted with the loops as they were
/// (Y3), few and many, and leave the others alone.
#[test]
fn what_is_over_a_limit_goes_straight() {
    let ask = "(br_if 1 (i32.ge_u (local.get 0) (local.get 1)))";
    let step = "(local.set 0 (i32.add (local.get 0) (i32.load (local.get 0))))";
    let func = format!("(func (param i32 i32) (block (loop {ask} {step} (br 0))))");
    for count in [1, 20] {
        let module = module(&format!("(module (memory 1) {} (func))", func.repeat(count)));
        let trip = |limits: &Limits, turns: bool| {
            let options = Options { transform: &Some, threads: 1, limits };
            let trip = if turns { trip::turned } else { trip::module };
            trip(&module, &options).expect("a trip")
        };
        let straight = trip(&Limits::default(), false).module;
        let body = straight.body(FuncIdx(0)).expect("it is defined").range();
        let limits = Limits { body_bytes: body.len() as u64, ..Limits::default() };
        let made = trip(&limits, true);
        let replaced = made.outcomes.iter().filter(|(_, it)| *it == Outcome::Replaced).count();
        assert_eq!((replaced, made.unturned.len()), (count + 1, count));
        assert_eq!(made.module.bytes(), straight.bytes());
    }
}
