//! Programs that other compilers made for garbage collection print what their page says, in every
//! tier but the reference, which takes half a minute, also where their heap is small.

use crate::common::Scratch;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/gc");
const PAGE: &str = include_str!("../../../programs/gc/README.md");

/// The commands of the page, from the first option on, and the lines that it has behind each.
fn wanted() -> Vec<(&'static str, &'static str)> {
    let (_, shown) = PAGE.split_once("```console\n").expect("the page has commands");
    let (shown, _) = shown.split_once("```").expect("and their output");
    let commands = shown.split("$ prova run ").skip(1);
    commands.map(|text| text.split_once('\n').expect("a line")).collect()
}

#[test]
fn programs_of_other_compilers_run_in_every_tier() {
    let (scratch, wanted) = (Scratch::new("collected"), wanted());
    assert_eq!(wanted.len(), 3);
    let options = [
        "--tier interp",
        "--tier native",
        "--tier auto -O hot=100",
        "--tier native -O memory=explicit",
        "--tier native -W fuel=100000000000",
        "--tier native -W max-gc-heap-size=4194304",
    ];
    for (command, wanted) in wanted {
        assert!(wanted.lines().count() >= 4, "{command}");
        let (before, module) = command.rsplit_once(' ').unwrap_or(("", command));
        let before = before.replace('=', &format!("={FOLDER}/"));
        for options in options {
            let run = scratch.run(&format!("run {options} {before} {FOLDER}/{module}"));
            assert_eq!((run.code, run.out.as_str()), (0, wanted), "{options} {module}: {run:?}");
            assert_eq!(run.err, "", "{options} {module}");
        }
    }
}
