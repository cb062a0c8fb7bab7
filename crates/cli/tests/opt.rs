//! `prova opt`: what it writes runs as before, and what it refuses.
//!
//! A green run does not show that every module is optimised rightly: the proofs do, function by
//! function, and their tests are in `prova-ssa`, `prova-optimize` and `prova-emit`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova")).args(args).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The standard error of a command.
fn text_of(output: &Output) -> String {
    text(&output.stderr)
}

/// A path for this test's files, which are removed with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("prova-opt-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory can be made");
        Place(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_program_runs_as_before() {
    let place = Place::new("lua");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let lua = folder.join("lua-5.4.7.wasm").display().to_string();
    let script = "local s = 0 for i = 1, 1000 do s = s + i * i end print(s, ('x'):rep(3))";
    let expected = prova(&["run", &lua, "-e", script]);
    assert!(expected.status.success(), "{}", text(&expected.stderr));
    for passes in ["none", "params,fold,thread,merge,gvn,forward,fold,dead,params"] {
        let out = place.file("lua.wasm");
        let made = prova(&["opt", &lua, "-o", &out, "--passes", passes]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        assert!(!text(&made.stderr).contains("pass `"), "{}", text(&made.stderr));
        let ran = prova(&["run", &out, "-e", script]);
        assert_eq!(text(&ran.stdout), text(&expected.stdout), "{}", text(&ran.stderr));
    }
}

/// Functions stand where they are called, know their callers, and go; the program prints what it
/// did. With their numbers kept they stay.
#[test]
fn a_program_is_optimised_as_a_whole() {
    let place = Place::new("whole");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let lua = folder.join("lua-5.4.7.wasm").display().to_string();
    let script = "local t = {} for i = 1, 200 do t[#t + 1] = ('%d:%s'):format(i, i % 7 == 0) end
        table.sort(t) print(#table.concat(t), t[17], string.rep('x', 3), pcall == nil)";
    let expected = prova(&["run", &lua, "-e", script]);
    let sizes = [&[][..], &["--keep-functions"]].map(|options| {
        let out = place.file("lua.wasm");
        let made = prova(&[&["opt", &lua, "-o", &out, "--strict"], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text_of(&made));
        assert_eq!(text_of(&made), "");
        for tier in ["interp", "native"] {
            let ran = prova(&["run", "--tier", tier, &out, "-e", script]);
            assert_eq!(text(&ran.stdout), text(&expected.stdout), "{tier}: {}", text_of(&ran));
        }
        let listed = text(&prova(&["inspect", &out]).stdout);
        (std::fs::read(&out).expect("it is written").len(), listed.lines().count())
    });
    let [(whole, few), (apart, many)] = sizes;
    assert!(whole + 6_000 < apart && few + 150 < many, "{sizes:?}");
}

/// Traps, exceptions, tail calls and references of a program that is made of small functions.
#[test]
fn a_program_of_small_functions_does_the_same() {
    let place = Place::new("small");
    let (file, out) = (place.file("m.wat"), place.file("m.wasm"));
    let source = r#"(module (memory 1) (table 2 funcref) (elem (i32.const 0) $in_table)
        (tag $t (param i32)) (global $count (mut i32) (i32.const 0))
        (func $in_table (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (func $count (param i32) (global.set $count (i32.add (global.get $count) (local.get 0))))
        (func $div (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
        (func $throws (param i32 i32) (result i32)
            (if (local.get 0) (then (throw $t (local.get 1)))) (i32.const 4))
        (func $early (param i32 i32) (result i32) (local i32)
            (call $count (local.get 1))
            (block (loop (br_if 1 (i32.eqz (local.get 0)))
                (if (i32.eq (local.get 0) (i32.const 5)) (then (return (i32.const 50))))
                (local.set 2 (i32.add (local.get 2) (local.get 0)))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)))
            (local.get 2))
        (func $tail (param i32) (result i32) (return_call $in_table (local.get 0)))
        (func $catches (param i32) (result i32)
            (block $h (result i32) (try_table (result i32) (catch $t $h)
                (call $throws (local.get 0) (i32.const 9)))))
        (func (export "run") (param i32) (result i32) (local i32)
            (loop (local.set 1 (i32.add (local.get 1) (call $early (local.get 0) (i32.const 3))))
                (br_if 0 (i32.lt_u (global.get $count) (i32.const 9))))
            (i32.add (call $catches (local.get 0))
                (i32.add (call $tail (local.get 1))
                    (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))
                        (call $div (local.get 1) (i32.sub (local.get 0) (i32.const 3))))))))"#;
    std::fs::write(&file, source).expect("a file");
    let made = prova(&["opt", &file, "-o", &out, "--strict"]);
    assert_eq!(made.status.code(), Some(0), "{}", text_of(&made));
    let told = text_of(&made);
    assert_eq!(told, "");
    for tier in ["reference", "interp", "native"] {
        for argument in ["0", "1", "2", "3", "5", "7", "9"] {
            let run = |file: &str| {
                let options = ["run", "-W", "exceptions=y,tail-call=y", "--tier", tier];
                let ran = prova(&[&options[..], &["--invoke", "run", file, argument]].concat());
                (text_of(&ran).contains("divide by zero"), text(&ran.stdout))
            };
            assert_eq!(run(&out), run(&file), "{tier} {argument}");
        }
    }
}

#[test]
fn misuse_is_told() {
    let place = Place::new("misuse");
    let (input, out) = (place.file("m.wat"), place.file("out.wasm"));
    std::fs::write(&input, "(module (func (export \"f\")))").expect("a file");
    let made = prova(&["opt", &input, "-o", &out, "--passes", "gvn,inline"]);
    assert_eq!(made.status.code(), Some(2));
    assert!(text(&made.stderr).contains("there is no pass `inline`; the passes are params,"));
    assert!(!Path::new(&out).exists());
    let without = prova(&["opt", &input]);
    assert_eq!(without.status.code(), Some(2));
    std::fs::write(&input, "(module (func (result i32)))").expect("a file");
    let bad = prova(&["opt", &input, "-o", &out]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(!Path::new(&out).exists());
    let alone = prova(&["inspect", "--ssa", &input]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn a_module_goes_to_standard_output() {
    let place = Place::new("output");
    let (file, out) = (place.file("m.wat"), place.file("m.wasm"));
    std::fs::write(&file, "(module (func (export \"f\") (result i32) i32.const 7))")
        .expect("a file");
    let to_file = prova(&["opt", &file, "-o", &out]);
    assert_eq!(to_file.status.code(), Some(0), "{}", text(&to_file.stderr));
    let to_output = prova(&["opt", &file, "-o", "-"]);
    assert_eq!(to_output.status.code(), Some(0), "{}", text(&to_output.stderr));
    assert_eq!(to_output.stdout, std::fs::read(&out).expect("it is written"));
    assert!(text(&to_output.stderr).contains("1 of 1 functions proved equal"));
}

/// Names of custom sections, and whether a module with one is linked.
const SECTIONS: [(&str, bool); 9] = [
    ("linking", false),
    ("reloc.CODE", false),
    ("reloc.DATA", false),
    ("reloc..debug_info", false),
    ("reloc.a", false),
    ("dylink.0", true),
    ("relocations", true),
    ("linking.old", true),
    ("debug_linking", true),
];

/// Places of a custom section among the others.
const PLACES: [&str; 7] = [
    "before first",
    "after type",
    "after func",
    "after memory",
    "after export",
    "before code",
    "after last",
];

/// Nothing is written of a module that is still to be linked, by any command that would move its
/// code, with the section at any place, empty or not; a shared library is linked.
#[test]
fn a_relocatable_module_is_refused() {
    let place = Place::new("object");
    let (file, out) = (place.file("m.wat"), place.file("m.wasm"));
    let commands: [&[&str]; 4] =
        [&["opt"], &["opt", "--passes", "none"], &["specialize"], &["specialize", "-w"]];
    let mut wrong = Vec::new();
    for (section, is_linked) in SECTIONS {
        for (at, command) in PLACES.iter().flat_map(|at| commands.map(|command| (at, command))) {
            let bytes = if at.starts_with("after") { "\\00" } else { "" };
            let text = format!(
                "(module (func (export \"f\") (result i32) (nop) (i32.const 7))
                (memory 1) (data (i32.const 0) \"x\") (func (export \"wizer-initialize\"))
                (@custom \"{section}\" ({at}) \"{bytes}\"))"
            );
            std::fs::write(&file, text).expect("a file");
            std::fs::remove_file(&out).ok();
            let made = prova(&[command, &[&file, "-o", &out]].concat());
            let told = text_of(&made);
            let why = format!("it is relocatable (custom section `{section}`)");
            let right = match is_linked {
                true => made.status.success() && Path::new(&out).exists(),
                false => {
                    made.status.code() == Some(1)
                        && !Path::new(&out).exists()
                        && told.contains(&why)
                        && told.contains("link it first")
                }
            };
            if !right {
                let written = Path::new(&out).exists();
                wrong.push(format!("{command:?}, {section} {at}: written {written}, {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Twice gives the same bytes, and none is larger; also of what an older version made larger.
#[test]
fn an_optimised_module_stays_as_it_is() {
    let place = Place::new("again");
    let (file, once, twice) = (place.file("m.wat"), place.file("1.wasm"), place.file("2.wasm"));
    let loops = "(local $i i32) (loop $top
        (if (i32.lt_u (local.get $i) (local.get $n)) (then
            (i32.store (local.get $i) (local.get $n))
            (local.set $i (i32.add (local.get $i) (i32.const 4)))
            (br $top))))";
    let text = format!(
        "(module (memory 1) (func (export \"f\") (param $n i32) {loops})
        (func (param $n i32) {loops} (nop) (nop) (nop) (nop) (nop) (nop))
        (func (param i32) (result i32) (local.get 0)))"
    );
    std::fs::write(&file, text).expect("a file");
    let size = |file: &str| std::fs::read(file).expect("a file");
    let start = place.file("0.wasm");
    let made = prova(&["opt", &file, "-o", &start, "--passes", "none"]);
    assert_eq!(made.status.code(), Some(0), "{}", text_of(&made));
    for passes in [&[][..], &["--passes", "none"]] {
        assert!(prova(&[&["opt", &file, "-o", &once], passes].concat()).status.success());
        assert!(prova(&[&["opt", &once, "-o", &twice], passes].concat()).status.success());
        assert_eq!(size(&once), size(&twice));
        assert!(size(&once).len() <= size(&start).len());
    }
}
