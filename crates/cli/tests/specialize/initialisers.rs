//! Initialisers that `-w` runs: what is made of one depends on nothing else, it ends, and what it
//! says is heard when it fails. And where the command writes.
//!
//! A green run does not show that directories, which may be given, are read in the same order
//! anywhere.

use super::{Place, machine, prova, text};

/// A module with an initialiser, written to a file.
fn module(place: &Place, body: &str) -> String {
    let file = place.file("module.wat");
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "clock_time_get"
            (func $clock (param i32 i64 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 200) (data (i32.const 8) "\10\00\00\00\05\00\00\00said\n")
          (func (export "wizer-initialize") (local $at i32) {body})
          (func (export "sum") (result i64) (local $at i32) (local $sum i64)
            (loop $l
              (local.set $sum (i64.add
                (i64.mul (local.get $sum) (i64.const 3)) (i64.load (local.get $at))))
              (local.set $at (i32.add (local.get $at) (i32.const 8)))
              (br_if $l (i32.lt_u (local.get $at) (i32.const 13107200))))
            (local.get $sum)))"#
    );
    std::fs::write(&file, text).expect("a file");
    file
}

/// The command's output for a module: its exit code, and its standard error.
fn made(place: &Place, file: &str, options: &[&str]) -> (Option<i32>, String) {
    let out = place.file("out.wasm");
    let made = prova(&[&["specialize", "-w", file, "-o", &out], options].concat());
    (made.status.code(), text(&made.stderr))
}

#[test]
fn random_bytes_and_clocks_are_the_same_again() {
    let place = Place::new("alike");
    let body = "(drop (call $random (i32.const 64) (i32.const 32)))
        (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 96)))
        (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 104)))";
    let file = module(&place, body);
    let [one, two] = [(); 2].map(|()| {
        assert_eq!(made(&place, &file, &[]), (Some(0), String::new()));
        std::fs::read(place.file("out.wasm")).expect("it is written")
    });
    assert_eq!(one, two);
    // They are there: 32 random bytes, and the times of two readings; their last zeros are not
    // written.
    let times = [1_000u64, 2_000].map(u64::to_le_bytes).concat();
    let at = one.windows(10).position(|window| window == &times[..10]).expect("the times");
    assert!(one[at - 32..at].iter().filter(|&&byte| byte != 0).count() > 16);
}

#[test]
fn initialisers_end() {
    let place = Place::new("end");
    let file = module(&place, "(loop $l (br $l))");
    let (code, said) = made(&place, &file, &["--fuel", "100000"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("`wizer-initialize` has used up its 100000 units of fuel"), "{said}");
    // One that takes a few units: 10 are enough.
    let file = module(&place, "(i32.store (i32.const 64) (i32.const 1))");
    assert_eq!(made(&place, &file, &["--fuel", "10"]).0, Some(0));
    assert_eq!(made(&place, &file, &["--fuel", "1"]).0, Some(1));
}

#[test]
fn what_an_initialiser_says_is_heard_if_it_fails() {
    let place = Place::new("said");
    let says = "(drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 64)))";
    let file = module(&place, &format!("{says} {says} unreachable"));
    let (code, said) = made(&place, &file, &[]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("said\nsaid\n") && said.contains("unreachable"), "{said}");
    // The last bytes of many.
    let many = format!(
        "(loop $l {says} (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $at) (i32.const 50000)))) unreachable"
    );
    let (_, said) = made(&place, &module(&place, &many), &[]);
    let count = said.matches("said").count();
    assert!((13_000..=13_108).contains(&count), "{count}");
    assert_eq!(made(&place, &module(&place, says), &[]), (Some(0), String::new()));
}

/// 200,000 bytes, each with 64 zeros behind it: more parts than a module may have segments.
#[test]
fn memory_of_many_parts_is_kept() {
    let place = Place::new("parts");
    let body = "(loop $l (i32.store8 (i32.add (local.get $at) (i32.const 64)) (i32.const 7))
        (local.set $at (i32.add (local.get $at) (i32.const 65)))
        (br_if $l (i32.lt_u (local.get $at) (i32.const 13000000))))";
    let file = module(&place, body);
    assert_eq!(made(&place, &file, &[]), (Some(0), String::new()));
    let sum = |file: &str| text(&prova(&["run", "--invoke", "sum", file]).stdout);
    let found = sum(&place.file("out.wasm"));
    // The same stores, done at run time.
    let script = std::fs::read_to_string(&file).expect("it was written");
    let start = script.replace(r#"(func (export "wizer-initialize")"#, "(start $i) (func $i");
    let other = place.file("start.wat");
    std::fs::write(&other, start).expect("a file");
    assert!(!found.is_empty() && found != "0\n");
    assert_eq!(found, sum(&other));
}

#[test]
fn nothing_is_written_over() {
    let place = Place::new("over");
    let (out, report) = (place.file("out.wasm"), place.file("report.txt"));
    let copy = place.file("copy.wasm");
    std::fs::copy(machine(), &copy).expect("a copy");
    let code = |options: &[&str]| {
        let made = prova(&[&["specialize", &copy], options].concat());
        (made.status.code(), text(&made.stderr))
    };
    let aside = place.file("./out.wasm");
    std::fs::write(&out, "").expect("a file");
    for (options, words) in [
        (["-o", "-", "--jobs", "1"], "`--output -`: it must be a file"),
        (["-o", &out, "--report", "-"], "`--report -`: it must be a file"),
        (["-o", &out, "--report", &out], "the new module has that name"),
        (["-o", &out, "--report", &aside], "the new module has that name"),
        (["-o", &out, "--report", &copy], "the module has that name"),
    ] {
        let (found, said) = code(&options);
        assert_eq!(found, Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(code(&["-o", &out, "--report", &report]).0, Some(0));
    assert_eq!(code(&["-o", &out, "--jobs", "18446744073709551615"]).0, Some(0));
    let (none, said) = code(&["-o", &out, "--jobs", "0"]);
    assert_eq!(none, Some(2), "{said}");
}
