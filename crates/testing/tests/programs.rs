//! The real programs that the repository carries, with small arguments, in every tier and dispatch,
//! run by `prova` itself.
//!
//! A green run does not cover the long forms (`prova-testing corpus`), other programs
//! (`PROVA_CORPUS`), nor the output to standard error. The program that runs is built in this
//! test's profile when the test starts.

use prova_module::{Features, Limits, Module};
use prova_testing::generate::manifest::{Case, Class, read};
use prova_testing::suites::corpus::{Engine, Outcome, row, run};
use prova_testing::suites::program;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// The short cases, and the carried ones that are short by themselves.
fn cases() -> Vec<Case> {
    let programs = prova_testing::root().join("programs");
    let mut cases = read(&programs.join("short.tsv")).expect("programs/short.tsv can be read");
    let all = read(&programs.join("manifest.tsv")).expect("programs/manifest.tsv can be read");
    let short =
        |case: &Case| matches!(case.class, Class::Test | Class::Diff) && case.id != "sqlite-mem";
    cases.extend(all.into_iter().filter(short));
    assert!(cases.len() >= 7, "{} cases", cases.len());
    cases
}

#[track_caller]
fn all_pass(options: &[&str]) {
    let engine = Engine {
        program: program::built().expect("`prova` can be built"),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        is_reference: options.contains(&"reference"),
    };
    let programs = prova_testing::root().join("programs");
    let mut failed = Vec::new();
    for case in cases() {
        let outcome = run(&engine, &programs, &case, Duration::from_secs(300));
        if !matches!(outcome, Outcome::Passed { .. }) {
            failed.push(row(&case, &options.join(" "), &outcome));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn by_tail_calls() {
    all_pass(&["--tier", "interp", "-Odispatch=tail"]);
}

#[test]
fn by_a_match() {
    all_pass(&["--tier", "interp", "-Odispatch=match"]);
}

#[test]
fn in_the_reference_tier() {
    all_pass(&["--tier", "reference"]);
}

#[test]
fn metered_and_translated_at_once() {
    all_pass(&["-Otranslate=eager", "-Wfuel=100000000000"]);
    all_pass(&["--deterministic", "-Wtimeout=300s"]);
}

/// The rejecting twin: with too little fuel, no program prints what it must.
#[test]
fn too_little_fuel_fails_every_case() {
    let engine = Engine {
        program: program::built().expect("`prova` can be built"),
        options: vec!["-Wfuel=1000".to_owned()],
        is_reference: false,
    };
    let programs = prova_testing::root().join("programs");
    for case in cases() {
        let outcome = run(&engine, &programs, &case, Duration::from_secs(300));
        let Outcome::Failed(why) = outcome else { panic!("{}: {outcome:?}", case.id) };
        assert!(why.contains("134") && why.contains("all fuel consumed"), "{}: {why}", case.id);
    }
}

#[test]
fn every_carried_program_validates() {
    let engine = Engine {
        program: program::built().expect("`prova` can be built"),
        options: Vec::new(),
        is_reference: false,
    };
    let programs = prova_testing::root().join("programs");
    for case in cases() {
        let case = Case { class: Class::Compile, ..case };
        let outcome = run(&engine, &programs, &case, Duration::from_secs(300));
        assert!(matches!(outcome, Outcome::Passed { .. }), "{}: {outcome:?}", case.id);
    }
}

/// How many functions a carried program defines, and how many of them its name section names.
fn named(bytes: Vec<u8>) -> (usize, usize) {
    let module = Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    let names = module.names();
    let named = module.defined_funcs().filter(|&func| names.func(func).is_some()).count();
    (module.defined_funcs().len(), named)
}

/// Each carried program names more than nine in ten of the functions that it defines.
#[test]
fn every_carried_program_names_its_functions() {
    let folder = prova_testing::root().join("programs/bin");
    let files = fs::read_dir(folder).expect("programs/bin can be read");
    let mut programs = 0;
    for file in files {
        let path = file.expect("an entry of programs/bin").path();
        let (defined, named) = named(fs::read(&path).expect("a program can be read"));
        let shown = path.display();
        assert!(named * 10 > defined * 9, "{shown}: {named} of {defined} functions are named");
        programs += 1;
    }
    assert!(programs >= 4, "{programs} programs");
}

/// An error in a Lua script is a trap of this build of Lua; its backtrace says how it came about.
#[test]
fn a_trap_in_a_carried_program_names_functions() {
    let program = program::built().expect("`prova` can be built");
    let lua = prova_testing::root().join("programs/bin/lua-5.4.7.wasm");
    for tier in ["interp", "reference"] {
        let mut command = Command::new(&program);
        command.args(["run", "--tier", tier]).arg(&lua).args(["-e", "error('stop')"]);
        let output = command.output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(134), "{tier}: {said}");
        let frames = said.lines().filter_map(|line| line.split_once(" - ")?.1.split_once('!'));
        let functions: Vec<&str> = frames.map(|(_, function)| function).collect();
        let innermost = ["luaD_throw", "luaG_errormsg", "lua_error", "luaB_error"];
        assert!(functions.starts_with(&innermost), "{tier}: {said}");
        assert_eq!(functions.last(), Some(&"_start"), "{tier}: {said}");
        assert!(!said.contains("<wasm function"), "{tier}: {said}");
    }
}
