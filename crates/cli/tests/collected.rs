//! A program that another compiler made for garbage collection prints what its page says, in every
//! tier but the reference, which takes half a minute, also where its heap is small.

use crate::common::Scratch;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/gc");
const PAGE: &str = include_str!("../../../programs/gc/README.md");

/// The lines that the page has behind its command.
fn wanted() -> String {
    let (_, behind) = PAGE.split_once("mix.wasm\n").expect("the page has a command");
    let behind = behind.split_once("mix.wasm\n").map_or(behind, |(_, last)| last);
    behind.split_once("```").expect("and its output").0.to_owned()
}

#[test]
fn a_program_of_another_compiler_runs_in_every_tier() {
    let (scratch, wanted) = (Scratch::new("collected"), wanted());
    assert_eq!(wanted.lines().count(), 4);
    let options = [
        "--tier interp",
        "--tier native",
        "--tier auto -O hot=100",
        "--tier native -O memory=explicit",
        "--tier native -W fuel=100000000000",
        "--tier native -W max-gc-heap-size=2097152",
    ];
    for options in options {
        let run = scratch
            .run(&format!("run {options} --preload spectest={FOLDER}/print.wat {FOLDER}/mix.wasm"));
        assert_eq!((run.code, &run.out), (0, &wanted), "{options}: {run:?}");
        assert_eq!(run.err, "", "{options}");
    }
}
