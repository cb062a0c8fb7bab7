//! `prova compile`, `prova verify` and runs of what they wrote; who may write the file, and what
//! that gains.
//!
//! `native/tests/artifact.rs` changes the files' parts; here the files are whole, and the question
//! is what the commands say. Needs Linux on x86-64.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{OPENS, Scratch};
use prova_artifact::{Artifact, Piece, Writer};
use prova_check::{CodeKind, traps};

/// Adds, by a function that the program calls.
const ADD: &str = r#"(module (memory 1) (func $of (param i32 i32) (result i32)
        (i32.add (i32.load (i32.const 0)) (i32.add (local.get 0) (local.get 1))))
    (func (export "f") (param i32 i32) (result i32) (call $of (local.get 0) (local.get 1))))"#;

/// A folder with `add.prova`, and `sub.prova`, where the function subtracts.
fn folder(name: &str) -> Scratch {
    let folder = Scratch::new(name);
    let sub = ADD.replace("(i32.add (local.get 0)", "(i32.sub (local.get 0)");
    for (name, text) in [("add", ADD), ("sub", &sub)] {
        folder.write(&format!("{name}.wat"), text);
        let run = folder.run(&format!("compile {name}.wat -o {name}.prova"));
        assert_eq!(run.code, 0, "{run:?}");
    }
    folder
}

fn read(folder: &Scratch, name: &str) -> Vec<u8> {
    std::fs::read(folder.0.join(name)).expect("it was written")
}

/// A file with the module of one and the pieces of another that `keep` takes.
fn mixed(module: &[u8], pieces: &[u8], keep: impl Fn(&Piece<'_>) -> bool) -> Vec<u8> {
    let (module, from) = (Artifact::read(module), Artifact::read(pieces));
    let (module, from) = (module.expect("an artifact"), from.expect("an artifact"));
    let mut writer = Writer::new(from.settings().clone());
    for kind in from.kinds() {
        let piece = from.piece(kind).expect("it is whole").expect("it is there");
        if keep(&piece) {
            writer.piece("a piece", &piece);
        }
    }
    writer.finish(module.module()).expect("it can be named").bytes
}

fn sha256(wasm: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// No code is proved of these shapes, which says nothing of its sandbox.
#[test]
fn what_masks_or_moves_is_verified() {
    let folder = folder("verify-shapes");
    for keys in ["memory=masked", "memory-may-move", "memory=masked,memory-may-move"] {
        let run = folder.run(&format!("compile -O {keys} add.wat -o shape.prova"));
        assert_eq!(run.code, 0, "{keys}: {run:?}");
        let run = folder.run("verify --rebuild shape.prova");
        assert_eq!(run.code, 0, "{keys}: {run:?}");
        for line in [
            "shape.prova: machine code of 2 of 2 functions",
            "from the final bytes of 2 functions and 2 thunks: the code cannot leave its sandbox",
            "compiled again: the whole file has the same bytes",
        ] {
            assert!(run.out.contains(line), "{keys}: {line}: {run:?}");
        }
        let run = folder.run("run --invoke f shape.prova 1 2");
        assert!(run.err.contains("`prova compile` has `-O memory"), "{keys}: {run:?}");
        for command in [
            "run --require proved --tier native --invoke f add.wat 1 2",
            "check-code --require proved add.wat",
        ] {
            let (name, rest) = command.split_once(' ').expect("a command");
            let run = folder.run(&format!("{name} -O {keys} {rest}"));
            assert!(run.err.contains("no code is proved that masks accesses"), "{keys}: {run:?}");
        }
    }
}

#[test]
fn what_was_written_is_verified() {
    let folder = folder("verify-good");
    let run = folder.run("verify --rebuild add.prova");
    assert_eq!(run.code, 0, "{run:?}");
    for line in [
        "add.prova: machine code of 2 of 2 functions",
        "from the final bytes of 2 functions and 2 thunks: the code cannot leave its sandbox",
        "that the code computes what the WebAssembly says, pays as much fuel",
        "compiled again: the whole file has the same bytes",
    ] {
        assert!(run.out.contains(line), "{line}: {run:?}");
    }
    let run = folder.run("verify --json add.prova");
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
    assert_eq!((run.code, &json["verdict"]), (0, &"accepted".into()), "{json}");
    let run = folder.run("verify --explain of+0 add.prova");
    assert!(run.code == 0 && run.out.starts_with("0  "), "{run:?}");
    for wrong in ["of", "of+x", "of+77777", "no+0"] {
        let run = folder.run(&format!("verify --explain {wrong} add.prova"));
        assert_eq!(run.code, 2, "{wrong}: {run:?}");
    }
}

/// Replacing the file gives a confined program with the same imports, as replacing the `.wasm`
/// does; `--expect` and `--rebuild` refuse even that.
#[test]
fn another_file_is_another_confined_program() {
    let folder = folder("verify-replaced");
    let (add, sub) = (read(&folder, "add.prova"), read(&folder, "sub.prova"));
    let module = Artifact::read(&add[..]).expect("an artifact").module().to_vec();
    let (inside, whole) = (sha256(&module), sha256(&add));
    let run = |file: &str| folder.run(&format!("run --invoke f {file} 7 3"));
    let expected = |digest: &str, file: &str| {
        folder.run(&format!("run --expect {digest} --invoke f {file} 7 3"))
    };
    run("add.prova").expect(0, "10\n").silent();
    expected(&whole, "add.prova").expect(0, "10\n").silent();
    expected(&format!("sha256:{whole}"), "add.prova").expect(0, "10\n").silent();
    expected(&inside, "add.prova").expect(0, "10\n").says(&["runs as bytecode: the expected"]);
    // A module is compared, too.
    expected(&inside, "add.wat").expect(0, "10\n").silent();
    // Another module with its code: the whole file is another program.
    folder.write("evil.prova", &sub);
    run("evil.prova").expect(0, "4\n").silent();
    for digest in [&inside, &whole] {
        let words = ["another module than the expected one"];
        expected(digest, "evil.prova").expect(1, "").says(&words);
        assert_eq!(folder.run(&format!("verify --expect {digest} evil.prova")).code, 1);
    }
    // The expected module with other code that stays in its sandbox: the check accepts it. By the
    // module's digest it runs as bytecode, which is the module's.
    folder.write("evil.prova", mixed(&add, &sub, |_| true));
    run("evil.prova").expect(0, "4\n").silent();
    expected(&inside, "evil.prova").expect(0, "10\n").says(&["runs as bytecode"]);
    expected(&whole, "evil.prova").expect(1, "");
    assert_eq!(folder.run(&format!("verify --expect {inside} evil.prova")).code, 0);
    assert_eq!(folder.run(&format!("verify --expect {whole} evil.prova")).code, 1);
    let run = folder.run("verify --rebuild evil.prova");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.starts_with("not what its module compiles to: evil.prova"), "{run:?}");
    assert!(run.out.contains("compiled again: 1 piece has other bytes"), "{run:?}");
    assert!(run.out.contains("of (func0)") && run.out.contains("other code from 0x"), "{run:?}");
}

/// A guest that may write where the file is gains what it gains where the module is: the next run
/// is of another confined program. The digest of either refuses it, and compiling again tells code
/// that is not the module's.
#[test]
fn a_guest_that_replaces_the_file_gains_no_more_than_with_a_module() {
    let folder = folder("verify-guest");
    folder.write("guest.wat", OPENS);
    folder.write("add2.wat", ADD);
    let (add, sub) = (read(&folder, "add.prova"), read(&folder, "sub.prova"));
    let inside = sha256(Artifact::read(&add[..]).expect("an artifact").module());
    let replaced = |options: &str, from: &str, to: &str| {
        let run = folder.run(&format!("run {options} --no-cache guest.wat {from} {to}"));
        run.code
    };
    let f = |file: &str| folder.run(&format!("run --invoke f {file} 7 3"));
    // Without the grant nothing is replaced.
    assert_ne!(replaced("", "sub.prova", "add.prova"), 0);
    f("add.prova").expect(0, "10\n");
    folder.write("copy.wat", ADD.replace("(i32.add (local.get 0)", "(i32.sub (local.get 0)"));
    for (from, to) in [("copy.wat", "add2.wat"), ("sub.prova", "add.prova")] {
        assert_eq!(replaced("--dir .", from, to), 0);
        f(to).expect(0, "4\n").silent();
        let run = folder.run(&format!("run --expect {inside} --invoke f {to} 7 3"));
        run.expect(1, "").says(&["another module than the expected one"]);
    }
    assert_eq!(folder.run(&format!("verify --expect {inside} add.prova")).code, 1);
    assert_eq!(folder.run(&format!("verify --expect {} add.prova", sha256(&add))).code, 1);
    // The module with code of another: its digest is right, and compiling again tells.
    folder.write("mixed.prova", mixed(&add, &sub, |_| true));
    assert_eq!(replaced("--dir .", "mixed.prova", "add.prova"), 0);
    f("add.prova").expect(0, "4\n").silent();
    let run = folder.run(&format!("run --expect {inside} --invoke f add.prova 7 3"));
    run.expect(0, "10\n").says(&["runs as bytecode: the expected"]);
    assert_eq!(folder.run(&format!("verify --rebuild --expect {inside} add.prova")).code, 1);
}

/// The file of `add` with other code of its function 0 whose digest fits.
fn forged(add: &[u8]) -> Vec<u8> {
    let artifact = Artifact::read(add).expect("an artifact");
    let mut writer = Writer::new(artifact.settings().clone());
    for kind in artifact.kinds() {
        let piece = artifact.piece(kind).expect("it is whole").expect("it is there");
        let bytes = if kind == CodeKind::Func(0) { &[0x0f, 0x0b] } else { piece.bytes };
        writer.piece("a piece", &Piece { bytes, ..piece.clone() });
    }
    writer.finish(artifact.module()).expect("it can be named").bytes
}

#[test]
fn refused_and_missing_code_is_reported_and_runs_as_bytecode() {
    let folder = folder("verify-refused");
    let add = read(&folder, "add.prova");
    let run = |file: &str| folder.run(&format!("run --invoke f {file} 7 3"));
    // A damaged piece, found by where its code stands.
    let mut damaged = add.clone();
    let artifact = Artifact::read(&add[..]).expect("an artifact");
    let piece = artifact.piece(CodeKind::Func(0)).expect("it is whole").expect("it is there");
    let mut places = add.windows(piece.bytes.len());
    let at = places.position(|window| window == piece.bytes).expect("it is in the file");
    damaged[at + 5] ^= 0x10;
    folder.write("damaged.prova", &damaged);
    run("damaged.prova").expect(0, "10\n").says(&["a function runs as bytecode", "digest"]);
    let verified = folder.run("verify damaged.prova");
    assert!(verified.code == 1 && verified.out.contains("its digest differs"), "{verified:?}");
    // The check refuses the bytes.
    folder.write("forged.prova", forged(&add));
    run("forged.prova").expect(0, "10\n").says(&["was rejected by its check"]);
    let verified = folder.run("verify --rebuild forged.prova");
    let part = "machine code of 1 of 2 functions";
    assert!(verified.code == 1 && verified.out.contains(part), "{verified:?}");
    let explained = folder.run("verify --explain of+0 forged.prova");
    assert!(explained.code == 1 && explained.err.contains("is refused"), "{explained:?}");
    // A module that is instantiated first is reported, too.
    folder.write(
        "use.wat",
        r#"(module (import "lib" "f" (func (param i32 i32) (result i32)))
        (func (export "go") (result i32) (call 0 (i32.const 7) (i32.const 3))))"#,
    );
    let used = folder.run("run --preload lib=forged.prova --invoke go use.wat");
    used.expect(0, "10\n").says(&["was rejected by its check"]);
    // A way less: nothing is machine code.
    folder.write("ways.prova", mixed(&add, &add, |piece| piece.kind != CodeKind::ThunkOut(0)));
    run("ways.prova").expect(0, "10\n").says(&["the module runs as bytecode"]);
    let verified = folder.run("verify ways.prova");
    let part = "there is no way to functions of its type: all run as bytecode";
    assert!(verified.code == 1 && verified.out.contains(part), "{verified:?}");
    // A function less.
    let less = mixed(&add, &add, |piece| piece.kind != CodeKind::Func(1));
    folder.write("less.prova", less);
    run("less.prova").expect(0, "10\n");
    let verified = folder.run("verify less.prova");
    let part = "that the bytecode of 1 function is equal";
    assert!(verified.code == 0 && verified.out.contains(part), "{verified:?}");
    let verified = folder.run("verify --rebuild less.prova");
    let part = "no code, and compiling gives some";
    assert!(verified.code == 1 && verified.out.contains(part), "{verified:?}");
}

#[test]
fn misuse_and_bad_files_have_their_codes() {
    let folder = folder("verify-misuse");
    folder.write("half.prova", b"\x7fELF");
    for (args, code) in [
        ("verify add.wat", 1),
        ("verify half.prova", 1),
        ("run half.prova", 1),
        ("verify none.prova", 1),
        ("verify --expect 77 add.prova", 2),
        ("run --expect 77 add.prova", 2),
        ("compile add.prova -o again.prova", 2),
        ("compile add.wat -o add.wat", 2),
        ("compile -W fuel=7 add.wat -o limited.prova", 2),
        ("compile -W timeout=7s add.wat -o limited.prova", 2),
        ("compile -O signals-based-traps=n add.wat -o quiet.prova", 2),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, code, "{args}: {run:?}");
    }
}

/// A file whose module has a shared memory is looked at where that is asked for.
#[test]
fn shared_memories_are_asked_for() {
    let folder = folder("verify-shared");
    folder.write("add.wat", SHARED);
    let made = folder.run("compile -W shared-memory add.wat -o shared.prova");
    assert_eq!(made.code, 0, "{made:?}");
    for command in ["verify", "verify --rebuild", "objdump"] {
        let run = folder.run(&format!("{command} -W shared-memory shared.prova"));
        assert!(run.code == 0 && run.out.contains("accepted"), "{command}: {run:?}");
        let run = folder.run(&format!("{command} shared.prova"));
        assert_eq!(run.code, 1, "{command}: {run:?}");
        run.says(&["unsupported: shared memories"]);
    }
    let again = folder.run("verify --rebuild -W shared-memory shared.prova");
    assert!(again.out.contains("the whole file has the same bytes"), "{again:?}");
    let other = folder.run("verify -W fuel=1 shared.prova");
    assert_eq!(other.code, 2, "{other:?}");
    for command in ["check-code", "check-code --loops", "objdump"] {
        let run = folder.run(&format!("{command} -W shared-memory add.wat"));
        assert_eq!(run.code, 0, "{command}: {run:?}");
        assert_eq!(folder.run(&format!("{command} add.wat")).code, 1, "{command}");
    }
}

/// A module with a shared memory, and a loop.
const SHARED: &str = r#"(module (memory 1 1 shared)
    (func (export "sum") (param i32) (result i32) (local i32)
        (loop $l
            (local.set 1 (i32.add (local.get 1) (i32.atomic.load (local.get 0))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 4)))))
        (local.get 1)))"#;

#[test]
fn the_interpreter_and_other_settings_have_bytecode() {
    let folder = folder("verify-interp");
    folder.run("run --tier interp --invoke f add.prova 7 3").expect(0, "10\n").silent();
    // Code for other settings is made anew, and that is said with the option of `prova compile`.
    for (options, words) in [
        (
            "--fuel 1000",
            &[
                "the machine code of the file is not used",
                "no metering",
                "(other: fuel)",
                "; `prova compile` has `--fuel` for that",
            ][..],
        ),
        ("--deterministic", &["not used", "`prova compile` has `--deterministic` for that"]),
        ("-O memory=explicit", &["not used", "`prova compile` has `-O memory` for that"]),
        ("--fuel 9 --deterministic", &["`prova compile` has `--fuel` and `--deterministic`"]),
        ("-W timeout=60s", &["not used: that code ends at a deadline"]),
        ("-O signals-based-traps=n", &["not used: that divisions do not overflow"]),
    ] {
        for tier in ["auto", "native"] {
            let run = folder.run(&format!("run --tier {tier} {options} --invoke f add.prova 7 3"));
            run.expect(0, "10\n").says(words);
        }
    }
    let fuel = folder.run("compile --fuel add.wat -o fuel.prova");
    assert_eq!(fuel.code, 0, "{fuel:?}");
    folder.run("run --fuel 1000 --invoke f fuel.prova 7 3").expect(0, "10\n").silent();
}

/// Names stand in the file, and no piece has them: only the whole file shows that they differ.
#[test]
fn the_whole_file_is_compared() {
    let folder = folder("verify-whole");
    let add = read(&folder, "add.prova");
    let at = add.windows(4).position(|four| four == b"of@0").expect("a symbol");
    let mut named = add.clone();
    named[at..at + 4].copy_from_slice(b"fo@0");
    folder.write("named.prova", &named);
    assert_eq!(folder.run("verify named.prova").code, 0);
    let run = folder.run("verify --rebuild named.prova");
    assert_eq!(run.code, 1, "{run:?}");
    let words = format!("every piece has the same bytes, and the file has others from {at:#x} on");
    assert!(run.out.contains(&words), "{run:?}");
    let run = folder.run("verify --rebuild --json named.prova");
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
    assert_eq!((&json["changed"], &json["same_file"]), (&0.into(), &false.into()), "{json}");
    let run = folder.run("verify --rebuild --json add.prova");
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
    assert_eq!((&json["changed"], &json["same_file"]), (&0.into(), &true.into()), "{json}");
}

/// Pieces of what the module does not have are counted, however many there are.
#[test]
fn stray_pieces_are_told_in_one_row() {
    let folder = folder("verify-stray");
    let add = read(&folder, "add.prova");
    let artifact = Artifact::read(&add[..]).expect("an artifact");
    let mut writer = Writer::new(artifact.settings().clone());
    for kind in artifact.kinds() {
        writer.piece("a piece", &artifact.piece(kind).expect("it is whole").expect("it is there"));
    }
    let piece = artifact.piece(CodeKind::Func(0)).expect("it is whole").expect("it is there");
    for stray in 0..50_000 {
        writer.piece(
            "",
            &Piece {
                kind: CodeKind::Func(1000 + stray),
                bytes: b"",
                certificate: b"",
                ..piece.clone()
            },
        );
    }
    folder.write("stray.prova", writer.finish(artifact.module()).expect("it can be named").bytes);
    folder.run("run --invoke f stray.prova 7 3").expect(0, "10\n").silent();
    for options in ["", "--rebuild"] {
        let run = folder.run(&format!("verify {options} stray.prova"));
        assert_eq!(run.code, 1, "{run:?}");
        let words = "func1000  the module does not have what it is of (nor what 49999 more are of)";
        assert!(run.out.contains(words), "{run:?}");
        assert!(run.out.lines().count() < 30, "{run:?}");
    }
}

/// From a pipe, too; and for processors of a lower level.
#[test]
fn standard_input_and_levels_of_the_processor() {
    let folder = folder("verify-input");
    let add = read(&folder, "add.prova");
    let run = |args: &str, input: &[u8]| folder.run_with(args, input);
    run("run --invoke f - 7 3", &add).expect(0, "10\n").silent();
    run(&format!("run --expect {} --invoke f - 7 3", sha256(&add)), &add)
        .expect(0, "10\n")
        .silent();
    run(&format!("run --expect {} --invoke f - 7 3", sha256(b"")), &add).expect(1, "");
    run("run --invoke f - 7 3", ADD.as_bytes()).expect(0, "10\n").silent();
    run("run --invoke f - 7 3", &add[..add.len() / 2]).expect(1, "");
    let verified = run("verify --rebuild -", &add);
    assert!(
        verified.code == 0 && verified.out.contains("the whole file has the same"),
        "{verified:?}"
    );
    assert_eq!(run("verify -", ADD.as_bytes()).code, 1);
    assert_eq!(run("compile - -o again.prova", &add).code, 2);
    let made = run("compile --check-reproducible - -o again.prova", ADD.as_bytes());
    assert!(
        made.code == 0 && made.out.contains("the same on another number of threads"),
        "{made:?}"
    );
    assert_eq!(read(&folder, "again.prova"), add);
    let low = folder.run("compile --cpu x86-64-v2 add.wat -o low.prova");
    assert_eq!(low.code, 0, "{low:?}");
    let verified = folder.run("verify --rebuild low.prova");
    assert!(verified.code == 0 && verified.out.contains("x86-64-v2"), "{verified:?}");
    folder.run("run --invoke f low.prova 7 3").expect(0, "10\n").silent();
    assert_eq!(folder.run("compile --cpu x86-64-v4 add.wat -o low.prova").code, 2);
}

/// A file's code that stops at a number that no trap has: the file is at fault, not Prova.
#[test]
fn a_stop_that_is_no_trap_is_the_files_fault() {
    let folder = folder("verify-stop");
    let text = ADD.replace(
        "(i32.add (i32.load",
        "(if (local.get 1) (then (unreachable))) (i32.add (i32.load",
    );
    folder.write("div.wat", text);
    assert_eq!(folder.run("compile div.wat -o div.prova").code, 0);
    let div = read(&folder, "div.prova");
    let artifact = Artifact::read(&div[..]).expect("an artifact");
    let mut writer = Writer::new(artifact.settings().clone());
    for kind in artifact.kinds() {
        let mut piece = artifact.piece(kind).expect("it is whole").expect("it is there");
        for row in piece.traps.iter_mut().filter(|row| row.kind == traps::UNREACHABLE) {
            row.kind = traps::BUG;
        }
        writer.piece("a piece", &piece);
    }
    folder.write("stop.prova", writer.finish(artifact.module()).expect("it can be named").bytes);
    folder.run("run --invoke f div.prova 7 3").expect(134, "").says(&["`unreachable`"]);
    let run = folder.run("run --invoke f stop.prova 7 3");
    run.expect(1, "")
        .says(&["machine code stopped where its maker says that it never is (stop 15)"]);
    assert!(!run.err.contains("bug in Prova"), "{run:?}");
}

/// A file of Wasmtime's needs its module, and the error for a damaged one names it.
#[test]
fn files_of_wasmtimes_are_told_apart() {
    let folder = folder("verify-wasmtime");
    let mut header = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    header.resize(64, 0);
    std::fs::write(folder.0.join("it.cwasm"), &header).expect("it is written");
    let cases = [
        (
            "verify it.cwasm",
            2,
            "a compiled module of Wasmtime's: name its WebAssembly with `--wasm`",
        ),
        ("verify it.cwasm --wasm add.wat --rebuild", 2, "no `--rebuild`"),
        ("verify it.cwasm --wasm add.wat --require proved", 2, "no proof can be required"),
        ("verify it.cwasm --wasm add.wat", 1, "failed to verify `it.cwasm`"),
        ("verify it.cwasm --wasm absent.wasm", 1, "absent.wasm"),
        ("verify add.prova --wasm add.wat", 2, "leave `--wasm` out"),
    ];
    for (command, code, message) in cases {
        let run = folder.run(command);
        assert_eq!(run.code, code, "{command}: {run:?}");
        assert!(run.err.contains(message), "{command}: {run:?}");
    }
}
