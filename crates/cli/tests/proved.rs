//! `--require proved` as a user has it: what commands say of proofs, and what somebody gains who
//! changes files and caches. In each case the same code runs where no proof is required, with
//! another result: so the case is one.
//!
//! `native/tests/proved.rs` changes proposals and relations; how much is proved is asked there.
//! Needs Linux on x86-64.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{Run, Scratch};
use prova_artifact::{Artifact, Piece, Writer};
use prova_check::CodeKind;

/// Adds, by a function that the program calls.
const ADD: &str = r#"(module
    (func $of (export "of") (param i32 i32) (result i32)
        (loop $l
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (local.get 0))
    (func (export "f") (param i32 i32) (result i32) (call $of (local.get 0) (local.get 1))))"#;

/// A function that has no machine code, beside one that has.
const WIDE: &str = r#"(module
    (func $wide (param i64) (result i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
        (local.get 0) (local.get 0) (local.get 0))
    (func (export "g") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1))))"#;

/// A folder with `add.prova`, and `sub.prova`, where the function subtracts; with proofs, and
/// without as `add-plain.prova`, `sub-plain.prova`.
fn folder(name: &str) -> Scratch {
    let folder = Scratch::new(&format!("proved-{name}"));
    for (name, text) in [("add", ADD), ("sub", &ADD.replace("i32.add", "i32.sub"))] {
        folder.write(&format!("{name}.wat"), text);
        for (file, option) in [("", "--require proved"), ("-plain", "--require confined")] {
            let run = folder.run(&format!("compile {option} {name}.wat -o {name}{file}.prova"));
            assert_eq!(run.code, 0, "{run:?}");
        }
    }
    folder
}

fn read(folder: &Scratch, name: &str) -> Vec<u8> {
    std::fs::read(folder.0.join(name)).expect("it was written")
}

/// A file with the module of one and the pieces of another, with other relations where there are
/// some for a kind.
fn mixed(module: &[u8], pieces: &[u8], other: impl Fn(CodeKind) -> Option<Vec<u8>>) -> Vec<u8> {
    let (module, from) = (Artifact::read(module), Artifact::read(pieces));
    let (module, from) = (module.expect("an artifact"), from.expect("an artifact"));
    let mut writer = Writer::new(from.settings().clone());
    for kind in from.kinds() {
        let piece = from.piece(kind).expect("it is whole").expect("it is there");
        let other = other(kind);
        let relation = other.as_deref().unwrap_or(piece.relation);
        writer.piece("a piece", &Piece { relation, ..piece });
    }
    writer.finish(module.module()).expect("it can be named").bytes
}

/// `f(7, 3)`, and how many functions ran as machine code.
fn f(folder: &Scratch, options: &str, file: &str) -> (String, String) {
    call(folder, options, "f", file)
}

fn call(folder: &Scratch, options: &str, func: &str, file: &str) -> (String, String) {
    let Run { out, err, .. } =
        folder.run(&format!("run --no-cache --stats=tiers {options} --invoke {func} {file} 7 3"));
    let count = err.split_once("machine code: ").and_then(|(_, rest)| rest.split_once(" of "));
    (out, count.map_or(err.clone(), |(count, _)| count.to_owned()))
}

#[test]
fn commands_say_what_is_proved() {
    let folder = folder("said");
    folder.write("wide.wat", WIDE);
    let without = "the code of 2 functions comes without a proof (`prova compile";
    for (args, code, parts) in [
        ("verify --require proved add.prova", 0, &["accepted", "of 2 functions, by their rel"][..]),
        ("verify --require proved add-plain.prova", 1, &["not proved in part", without]),
        (
            "check-code --require proved wide.wat",
            0,
            &["1 of 2 functions are", "proved: 1 of 1 functions (100.0 %)", "bytes of their code"],
        ),
        (
            "compile --require proved --report wide.wat -o wide.prova",
            0,
            &["machine code of 1 of 2 functions"],
        ),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, code, "{run:?}");
        let mut rest = &run.out[..];
        for part in parts {
            rest = rest.split_once(part).unwrap_or_else(|| panic!("{part}: {run:?}")).1;
        }
    }
    let run = folder.run("compile --require proved --report wide.wat -o wide.prova");
    run.says(&["functions with machine code: 1 of 2", "func0", "wide", "results"]);
    let run = folder.run("verify add-plain.prova");
    assert!(run.code == 0 && !run.out.contains("comes without a proof"), "{run:?}");
}

/// Code of a file ends at a deadline only if that is proved.
#[test]
fn files_run_with_a_timeout_if_they_are_made_for_it() {
    let folder = folder("timeout");
    let run = folder.run("compile --require proved --epochs add.wat -o timed.prova");
    assert_eq!(run.code, 0, "{run:?}");
    let options = "--no-cache --require proved --tier native -W timeout=60s --invoke f";
    folder.run(&format!("run {options} timed.prova 7 3")).expect(0, "10\n").silent();
    folder.run(&format!("run {options} add.prova 7 3")).expect(0, "10\n").says(&[
        "warning: the machine code of the file is not used",
        "epochs",
        "`prova compile` has `--epochs` for that",
    ]);
    assert_eq!(folder.run("verify --rebuild --require proved timed.prova").code, 0);
    let run = folder.run("compile --epochs add.wat -o timed.prova");
    run.expect(2, "").says(&["`--epochs`", "`--require proved`"]);
}

/// Reports that count functions and those that show one say that a search ended, and no difference
/// of the code. Lua's `auxsort` (588) takes more than a search may.
#[test]
fn a_search_that_ended_is_told_as_such() {
    let folder = folder("ended");
    folder.write(
        "sort.lua",
        "t = {} for i = 1, 150 do t[i] = i * 37 % 101 end table.sort(t) print(t[2])",
    );
    let lua = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/bin/lua-5.4.7.wasm");
    let options = "--no-cache --require proved --tier native --stats=tiers --dir .";
    let run = folder.run(&format!("run {options} {lua} sort.lua"));
    run.expect(0, "1\n")
        .says(&["functions that stay bytecode: 1", "not proved: search ended at its bound"]);
    let run = folder.run(&format!("inspect --equal --function 588 {lua}"));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.out.contains("search ended at its bound") && !run.out.contains("demanded"),
        "{run:?}"
    );
    // The one before it is proved.
    let run = folder.run(&format!("inspect --equal --function 587 {lua}"));
    assert!(run.code == 0 && run.out.contains("proved equal"), "{run:?}");
}

#[test]
fn files_with_the_code_of_another_module_gain_nothing() {
    let folder = folder("replaced");
    for (pieces, confined) in [("sub.prova", "4\n"), ("sub-plain.prova", "4\n")] {
        let (module, pieces) = (read(&folder, "add.prova"), read(&folder, pieces));
        folder.write("other.prova", mixed(&module, &pieces, |_| None));
        for tier in ["native", "auto", "auto -O hot=1,background=n"] {
            let (out, _) = f(&folder, &format!("--tier {tier}"), "other.prova");
            assert_eq!(out, confined, "{tier}: the code is confined");
            let (out, _) = f(&folder, &format!("--require proved --tier {tier}"), "other.prova");
            assert_eq!(out, "10\n", "{tier}");
        }
        assert_eq!(folder.run("verify other.prova").code, 0);
        assert_eq!(folder.run("verify --require proved other.prova").code, 1);
    }
    // What comes from where it belongs runs.
    let good = f(&folder, "--require proved --tier native", "add.prova");
    assert_eq!(good, ("10\n".to_owned(), "2".to_owned()));
}

#[test]
fn relations_of_other_functions_prove_nothing() {
    let folder = folder("swapped");
    let file = read(&folder, "add.prova");
    let artifact = Artifact::read(&file[..]).expect("an artifact");
    let of = |func| artifact.piece(CodeKind::Func(func)).expect("whole").expect("there").relation;
    let (of, caller) = (of(0).to_vec(), of(1).to_vec());
    assert_ne!(of, caller);
    let cases: [(&str, Vec<u8>, Vec<u8>, &str); 4] = [
        ("kept", of.clone(), caller.clone(), "2"),
        ("swapped", caller.clone(), of.clone(), ""),
        ("none", Vec::new(), Vec::new(), "0"),
        ("none of one", Vec::new(), caller, "1"),
    ];
    for (name, first, second, proved) in &cases {
        let changed = mixed(&file, &file, |kind| match kind {
            CodeKind::Func(0) => Some(first.clone()),
            CodeKind::Func(_) => Some(second.clone()),
            _ => None,
        });
        folder.write("changed.prova", changed);
        let run = folder.run("verify --require proved --json changed.prova");
        let json: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
        let all = json["proved"].to_string();
        assert!(proved.is_empty() || all == *proved, "{name}: {json}");
        assert_eq!(run.code == 0, all == "2", "{name}");
        let (out, _) = f(&folder, "--require proved --tier native", "changed.prova");
        assert_eq!(out, "10\n", "{name}");
    }
}

/// No proof covers the ways into functions: one that swaps two arguments is confined, and a lie.
#[test]
fn ways_that_lie_are_not_taken_from_files() {
    let folder = folder("ways");
    let file = read(&folder, "sub.prova");
    let artifact = Artifact::read(&file[..]).expect("an artifact");
    let module = prova_module::Module::decode(
        artifact.module().to_vec(),
        &Default::default(),
        &Default::default(),
    );
    let module = module.expect("it is valid");
    let layout = prova_native::layout(&artifact, &module).expect("a layout");
    let kind = CodeKind::ThunkIn(0);
    let own = artifact.piece(kind).expect("whole").expect("there").bytes.to_vec();
    // Two instructions that load arguments into `edx` and `ecx` differ in these bits.
    let pairs = (0..own.len()).flat_map(|at| (0..at).map(move |before| (before, at)));
    let lie = pairs.filter_map(|(one, other)| {
        let mut bytes = own.clone();
        bytes[one] ^= 0x18;
        bytes[other] ^= 0x18;
        let changed = with_way(&artifact, &bytes);
        let read = Artifact::read(&changed[..]).expect("an artifact");
        prova_native::judge(&read, &layout, kind).ok().map(|_| changed)
    });
    let mut lie = lie.filter(|changed| {
        folder.write("lie.prova", changed);
        call(&folder, "--tier native", "of", "lie.prova").0 == "-4\n"
    });
    lie.next().expect("a way that swaps the arguments");
    for tier in ["native", "auto"] {
        let told = call(&folder, &format!("--require proved --tier {tier}"), "of", "lie.prova");
        assert_eq!(told, ("4\n".to_owned(), "1".to_owned()), "{tier}");
    }
    assert_eq!(folder.run("verify lie.prova").code, 0);
    let run = folder.run("verify --require proved lie.prova");
    assert!(run.code == 1 && run.out.contains("1 way into functions or out of them"), "{run:?}");
}

fn with_way(artifact: &Artifact<&[u8]>, bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(artifact.settings().clone());
    for kind in artifact.kinds() {
        let piece = artifact.piece(kind).expect("whole").expect("there");
        let bytes = if kind == CodeKind::ThunkIn(0) { bytes } else { piece.bytes };
        writer.piece("a piece", &Piece { bytes, ..piece });
    }
    writer.finish(artifact.module()).expect("it can be named").bytes
}

#[test]
fn a_cache_of_confined_code_is_no_cache_of_proved_code() {
    let folder = folder("cache");
    let cached = |options: &str| {
        let options = format!("run --cache c --tier native --stats=tiers {options} --invoke f");
        let Run { out, err, .. } = folder.run(&format!("{options} add.wat 7 3"));
        assert_eq!(out, "10\n", "{err}");
        let (before, _) = err.split_once(" from the cache").expect("it is said");
        before.rsplit_once('(').expect("a number").1.to_owned()
    };
    for options in ["", "--require proved", "--require proved --fuel 1000"] {
        assert_eq!((cached(options), cached(options)), ("0".to_owned(), "2".to_owned()));
    }
}
