//! Planted faults of the translator, as a user would meet them: what `prova run` says, what `prova inspect` tells.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-cli plants` builds the translator with its plants
//! (`prova_translate::plant`); without the flag nothing of this is compiled. The expected texts are in `tests/files/inspect/plants`;
//! `PROVA_BLESS=1` writes them.
//!
//! The faults are those by which an older translator of another engine ran programs wrongly. Green does not show that every
//! fault is told as well as these.

use super::explained;
use crate::args::Cli;
use crate::report::{advice, printable, text_of};
use clap::Parser;
use prova_investigate::inspect::{Function, find};
use prova_translate::plant::{Plant, plant};
use std::path::{Path, PathBuf};

const CASES: &[(&str, Plant)] = &[
    ("wasmi-945", Plant::NoPreservationAtRegions),
    ("wasmi-1749", Plant::NoPreservationAtLoops),
    ("wasmi-948", Plant::PreservedIntoASourceOfTheRenamed),
    ("operands", Plant::OperandsSwapped),
    ("load-dropped", Plant::DeadLoadDropped),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/inspect/plants")
}

/// What the commands say with a fault planted.
fn said(planted: Plant, file: &Path) -> String {
    let file_name = file.to_str().expect("the path is text");
    let args = Cli::parse_from(["prova", "run", "--invoke", "f", file_name, "1", "2"]);
    let Some(crate::args::Command::Run(args)) = args.command else { panic!("a run") };
    plant(planted);
    let error = crate::run::run(&args).expect_err("the function is refused");
    let engine = prova::Engine::default();
    let module = crate::input::module(&engine, file).expect("the module is valid");
    let func = find(module.wasm(), "f").expect("the export is there");
    let explained = explained(&module, func).expect("it can be translated");
    plant(Plant::None);
    let view = Function::new(module.wasm(), func, &explained).expect("it can be printed");
    let short = file.file_name().expect("a file").to_string_lossy();
    let run = format!("{}\n{}\n", text_of(&error), advice(&error).expect("it is a refusal"));
    format!("{}\n{}", run.replace(file_name, &short), printable(&view.to_text()))
}

#[test]
fn planted_faults_are_told() {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let mut wrong = String::new();
    for &(name, planted) in CASES {
        let text = said(planted, &folder().join(format!("{name}.wat")));
        let golden = folder().join(format!("{name}.txt"));
        if bless {
            std::fs::write(&golden, text).expect("a writable file");
        } else if std::fs::read_to_string(&golden).ok().as_ref() != Some(&text) {
            wrong += &format!("{name}:\n{text}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn without_a_fault_nothing_is_refused() {
    for (name, _) in CASES {
        let module =
            crate::input::module(&prova::Engine::default(), &folder().join(format!("{name}.wat")));
        let module = module.expect("the module is valid");
        let func = find(module.wasm(), "f").expect("the export is there");
        let explained = explained(&module, func).expect("it can be translated");
        let view = Function::new(module.wasm(), func, &explained).expect("printable");
        assert!(view.is_proved(), "{name}");
    }
}
