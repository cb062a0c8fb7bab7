//! `prova diverge --specialized`: generic and specialised functions in lockstep.
//!
//! Programs that touch cells of the virtual stack are reported (`lockstep/programs.txt`), and
//! functions in which one operator was changed by hand are told apart from what they were made of.
//!
//! A green run does not show that each fault of a specialiser shows in each run: one that no run
//! meets shows in none.

use crate::common::Scratch;
use std::path::Path;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/specialize").join(name)
}

#[test]
fn programs_that_keep_their_promises_and_others() {
    let frame = include_str!("lockstep/frame.wat");
    let scratch = Scratch::new("lockstep-programs");
    let mut count = 0;
    for text in include_str!("lockstep/programs.txt").split("\n== ").skip(1) {
        let (head, rest) = text.split_once('\n').expect("a head");
        let mut head = head.split(" | ");
        let mut next = || head.next().expect("a name, a call, a code");
        let (name, call, code) = (next(), next(), next());
        let start = rest.find("\n(").expect("a body");
        let (wanted, body) = rest.split_at(start);
        std::fs::write(scratch.0.join("p.wat"), frame.replace("(; BODY ;)", body))
            .expect("it can be written");
        let (export, argument) = call.split_once(' ').expect("an export and an argument");
        let run = format!("diverge --specialized --invoke {export} p.wat {argument}");
        let ran = scratch.run(&run);
        assert_eq!(ran.code.to_string(), code, "{name}: {ran:?}");
        for line in wanted.lines() {
            assert!(ran.out.contains(line), "{name}: no `{line}` in\n{}", ran.out);
        }
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn a_refused_request_is_told() {
    let frame = include_str!("lockstep/frame.wat");
    let scratch = Scratch::new("lockstep-refused");
    // Its request names element 7 of a table that has fewer.
    let program = frame.replace("(; BODY ;)", "(local.get $n)");
    let one = "\\01\\00\\00\\00";
    let other = program.replacen(&one.repeat(3), &format!("{one}{one}\\07\\00\\00\\00"), 1);
    assert_ne!(program, other);
    scratch.write("p.wat", &other);
    let ran = scratch.run("diverge --specialized --invoke go p.wat 5");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("is refused and not compared"), "{ran:?}");
}

/// A program of `vm.wasm`, what stands in its function, what stands there then, and the operators
/// that are named on both sides.
const EDITS: [(u32, &str, &str, [&str; 2]); 6] = [
    (0, "i64.mul ", "i64.sub ", ["i64.mul: ", "i64.sub: "]),
    (4, "i64.mul ", "i64.add ", ["returns ", "i64.add: "]),
    (2, "i64.div_u ", "i64.mul ", ["i64.div_u: ", "i64.mul: "]),
    (7, "i64.rem_u ", "i64.div_u ", ["generic ", "specialised "]),
    (0, "i64.store ", "i64.store32 ", ["i64.store: ", "i64.store32: "]),
    (5, "i64.store ", "i64.store8 ", ["i64.store: ", "i64.store8: "]),
];

/// A module's text with one operator of a function as another.
fn edited(text: &str, func: u32, old: &str, new: &str) -> String {
    let mark = format!("(;{func};)");
    let (mut inside, mut done) = (false, false);
    let lines = text.lines().map(|line| {
        if line.starts_with("  (func ") {
            inside = line.contains(&mark);
        }
        let padded = format!("{line} ");
        if inside && !done && padded.contains(old) {
            done = true;
            return padded.replacen(old, new, 1);
        }
        line.to_owned()
    });
    let lines: Vec<String> = lines.collect();
    assert!(done, "no `{old}` in func{func}");
    lines.join("\n")
}

#[test]
fn changed_operators_are_named() {
    let scratch = Scratch::new("lockstep-edits");
    std::fs::copy(folder("vm.wasm"), scratch.0.join("vm.wasm")).expect("it is carried");
    assert_eq!(scratch.run("specialize -w --keep-stores vm.wasm -o compiled.wasm").code, 0);
    let compiled = std::fs::read(scratch.0.join("compiled.wasm")).expect("it is written");
    let text = wasmprinter::print_bytes(compiled).expect("it is a module");
    for (program, old, new, operators) in EDITS {
        let func = 7 + program;
        let changed = edited(&text, func, old, new);
        std::fs::write(scratch.0.join("changed.wat"), changed).expect("it can be written");
        let options = "--specialized -w --from vm.wasm --fuel 50000000 --invoke run";
        let ran = scratch.run(&format!("diverge {options} changed.wat {program} 30"));
        assert_eq!(ran.code, 1, "{program} {old}{new}: {ran:?}");
        let place = format!("(func{func}), made of ");
        for one in [place.as_str()].into_iter().chain(operators) {
            assert!(ran.out.contains(one), "{program} {old}{new}: no `{one}` in\n{}", ran.out);
        }
    }
}

/// The specialised functions equal those that they were made of, in all programs.
#[test]
fn programs_of_the_repository_agree() {
    for (name, calls) in [
        ("vm.wasm", &["0 30", "1 30", "2 30", "3 30", "4 30", "5 30", "6 30", "7 30"][..]),
        ("register.wasm", &["0 50", "1 50", "2 50", "3 50"]),
        ("first.wasm", &["5"]),
        ("machine.wasm", &["30"]),
    ] {
        let scratch = Scratch::new(&format!("lockstep-{name}"));
        std::fs::copy(folder(name), scratch.0.join(name)).expect("it is carried");
        for call in calls {
            for assume in ["check", "trust", "nothing"] {
                let run = format!("diverge --specialized -w --assume {assume} --invoke run");
                let ran = scratch.run(&format!("{run} {name} {call}"));
                assert_eq!(ran.code, 0, "{name} {call}: {ran:?}");
                assert!(ran.out.contains("\n1 activation of "), "{name} {call}: {ran:?}");
            }
        }
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let scratch = Scratch::new("lockstep-refused");
    for name in ["vm.wasm", "first.wasm"] {
        std::fs::copy(folder(name), scratch.0.join(name)).expect("it is carried");
    }
    assert_eq!(scratch.run("specialize -w vm.wasm -o compiled.wasm").code, 0);
    for (args, wanted) in [
        ("--specialized --invoke run vm.wasm 0 1", "no function was made for a request"),
        ("--specialized --invoke run compiled.wasm 0 1", "specialised already: --from must name"),
        ("--specialized -w --from first.wasm --invoke run compiled.wasm 0 1", "first.wasm"),
        ("--specialized --against vm.wasm vm.wasm", "cannot be used with"),
        ("--from vm.wasm vm.wasm", "--specialized"),
        ("--specialized -w --fuel 1000 --invoke run vm.wasm 2 100", "a limit of its run"),
    ] {
        let ran = scratch.run(&format!("diverge {args}"));
        assert_eq!(ran.code, 2, "{args}: {ran:?}");
        assert!(ran.err.contains(wanted), "{args}: {ran:?}");
    }
}
