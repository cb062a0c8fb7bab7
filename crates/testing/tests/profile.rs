//! The deterministic profile: a case of each rule, generated modules in every tier, the page.
//!
//! `PROVA_BLESS=1` writes what the reference tier prints into the cases. A green run does not show
//! that other machines agree; `prova-testing profile --lines` here and `--expect` there do, and so
//! do `profile-cases` and `profile-programs`.

use prova_core::{Config, Engine, MachineCompiler, Module, Profile, Tier, Translate};
use prova_module::FuncIdx;
use prova_native::NativeCompiler;
use prova_runtime::{Metering, NativeModule, Settings};
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::profile::{Way, campaign, cases, compare};
use prova_testing::root;
use prova_testing::sides::native;
use std::fs;

#[test]
fn every_case_prints_what_it_says_in_every_tier() {
    let files = cases::files(&root().join("tests/profile")).expect("the folder can be read");
    assert!(files.len() >= 14, "{} files", files.len());
    for path in files {
        let name = path.display();
        if std::env::var_os("PROVA_BLESS").is_some() {
            let file = fs::read_to_string(&path).expect("it can be read");
            let printed = cases::run(&file, Way::Tier(Tier::Reference)).expect("it can be run");
            fs::write(&path, cases::blessed(&file, &printed)).expect("it can be written");
        }
        if let Err(what) = cases::check(&path) {
            panic!("{name}: {what}");
        }
        let file = fs::read_to_string(&path).expect("it can be read");
        assert!(!cases::expected(&file).is_empty(), "{name} says nothing");
        assert!(!cases::expected(&file).contains("bug"), "{name}");
    }
}

/// The rejecting twin: other bits, other fuel and another offset are all noticed.
#[test]
fn a_case_that_says_something_else_is_noticed() {
    let file = "(module (func (export \"f\") (result f32) (f32.sqrt (f32.const -1)))\n\
                (func (export \"t\") unreachable))\n";
    let printed = cases::run(file, Way::Tier(Tier::MATCH)).expect("it can be run");
    let trap = "t: wasm trap: wasm `unreachable` instruction executed at 0x30; fuel 0\n";
    assert_eq!(printed, format!("f: 0x7fc00000; fuel 2\n{trap}"));
    let file = cases::blessed(file, &printed);
    assert_eq!(cases::expected(&file), printed);
    let folder = std::env::temp_dir().join(format!("prova-profile-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let path = folder.join("case.wat");
    for (from, to, same) in [
        ("", "", true),
        ("7fc0", "ffc0", false),
        ("fuel 2", "fuel 3", false),
        ("0x30", "0x31", false),
    ] {
        fs::write(&path, file.replace(from, to)).expect("it can be written");
        assert_eq!(cases::check(&path).is_ok(), same, "{from}");
    }
    fs::remove_dir_all(&folder).expect("it can be removed");
    assert!(cases::run(";;; stacks 7\n(module)", Way::Native(native::Way::Guard)).is_err());
    assert!(cases::run(";;; stack many\n(module)", Way::Native(native::Way::Guard)).is_err());
}

fn short(generator: Generator, jobs: usize) -> Options {
    Options { generator, seed: 14, modules: 30, funcs: 8, jobs, ..Options::default() }
}

#[test]
fn generated_modules_run_alike_in_every_tier() {
    for generator in [Generator::Biased, Generator::Smith] {
        let lines = campaign(&short(generator, 2)).expect("no difference");
        assert_eq!(lines.lines.len(), 30);
        assert!(lines.calls > 30 && lines.trapped < lines.calls, "{lines:?}");
        assert!(!cfg!(all(target_arch = "x86_64", target_os = "linux")) || lines.native > 5);
        let alone = campaign(&short(generator, 1)).expect("no difference");
        assert_eq!(lines.digest(), alone.digest(), "lines depend on threads");
    }
}

/// A difference on another machine is reported with its line.
#[test]
fn lines_of_another_machine_are_compared() {
    let here = ["a 1".to_owned(), "b 2".to_owned()];
    assert_eq!(compare(&here, "a 1\nb 2\n"), Ok(()));
    for (there, told) in [
        ("a 1\nb 3\n", "here  b 2\nthere b 3"),
        ("a 1\n", "here  b 2\nthere nothing"),
        ("a 1\nb 2\nc 3\n", "here  nothing\nthere c 3"),
    ] {
        assert_eq!(compare(&here, there), Err(told.to_owned()));
    }
}

/// D8: bytecode that is made eagerly by all threads, or lazily from the last function to the first,
/// and machine code that is made twice.
#[test]
fn code_does_not_depend_on_order_or_threads() {
    let engine = |translate| {
        let mut config = Config::new();
        config.deterministic(true).consume_fuel(true).translate(translate);
        Engine::new(&config).expect("a possible configuration")
    };
    let settings = Settings { metering: Metering::Fuel, deterministic: true };
    for index in 0..6 {
        let wasm = Generator::Biased.case(2, index, 12).wasm;
        let eager = Module::new(&engine(Translate::Eager), &wasm).expect("a valid module");
        let lazy = Module::new(&engine(Translate::Lazy), &wasm).expect("a valid module");
        let compiler = NativeCompiler::new();
        let layout = NativeModule::derive(lazy.wasm(), &compiler.config(&settings));
        let funcs: Vec<FuncIdx> = lazy.wasm().defined_funcs().collect();
        for &func in funcs.iter().rev() {
            let words = |module: &Module| module.bytecode(func).expect("it is proved");
            assert_eq!(words(&lazy).words(), words(&eager).words(), "case {index}, {func}");
            let Ok(native) = &layout else { continue };
            let code = |module: &Module, compiler: &NativeCompiler| {
                let code = compiler.function(module.wasm(), native.layout(), &settings, func);
                code.map(|code| (code.bytes, code.certificate)).ok()
            };
            assert_eq!(code(&lazy, &compiler), code(&eager, &NativeCompiler::new()), "{func}");
        }
    }
}

/// The rows of the page's table are the rules, word for word.
#[test]
fn the_page_has_the_rules() {
    let page = fs::read_to_string(root().join("docs/semantics.md")).expect("it can be read");
    let section = page.split("## Deterministic profile\n").nth(1).expect("it has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| D"));
    let rows: Vec<String> = rows.map(str::to_owned).collect();
    let rules: Vec<String> = Profile::RULES
        .iter()
        .map(|rule| format!("| {} | {} | {} |", rule.id, rule.subject, rule.rule))
        .collect();
    assert_eq!(rows, rules, "the rows should be\n{}\n", rules.join("\n"));
    assert!(section.contains(Profile::DIGEST), "{}", Profile::DIGEST);
}

/// Rules have their numbers in order, and what shows them is there.
#[test]
fn every_rule_is_shown() {
    for (number, rule) in (1..).zip(Profile::RULES) {
        assert_eq!(rule.id, format!("D{number}"));
        assert!(!rule.shown_by.is_empty(), "{}", rule.id);
        for by in rule.shown_by {
            let (path, test) =
                by.split_once(": ").map_or((*by, None), |(path, test)| (path, Some(test)));
            let file =
                fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("no {path}"));
            let named = test.is_none_or(|test| file.contains(&format!("fn {test}(")));
            assert!(named, "{}: no {by}", rule.id);
            let of_rule = format!("{}: ", rule.id);
            let case = !path.starts_with("tests/profile/");
            let twin = format!("{}, ", rule.id);
            assert!(
                case || file.contains(&of_rule) || file.contains(&twin),
                "{path} is not of {}",
                rule.id
            );
        }
    }
    let files = cases::files(&root().join("tests/profile")).expect("the folder can be read");
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let by = format!("tests/profile/{name}");
        assert!(Profile::RULES.iter().any(|rule| rule.shown_by.contains(&&*by)), "{by}");
    }
}
