//! Compilers with one fault each, which attribution must name; and sound ones.

use crate::scratch::{Scratch, counter, run};
use prova_builds::repro::chance::Chance;
use prova_builds::repro::{Options, Outcome, Variation, Verdict, build, report};
use std::process::{Command, Stdio};

fn attributed(scratch: &Scratch, script: &str) -> (Outcome, String) {
    let options = Options { runs: Some(3), attribute: true, ..scratch.options(script) };
    let outcome = run(&options);
    let text = report::report(&outcome, None).to_text();
    (outcome, text)
}

/// Whether a program is there; a test that needs one says what it left out.
fn has(program: &str) -> bool {
    let status =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = status.is_ok();
    if !there {
        println!("left out: there is no `{program}`");
    }
    there
}

const WRITERS: &str = "for w in 1 2 3 4; do (i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $w-$i >> out.o; done) & done; wait";

#[test]
fn each_kind_of_chance_is_named() {
    let python = "import os,sys;";
    let cases: Vec<(&str, Chance, String)> = vec![
        ("sh", Chance::Clock, "date +%s > out.o".into()),
        ("sh", Chance::Clock, "echo built at $(date) > out.o".into()),
        ("sh", Chance::Clock, "echo v1.$(date +%Y%m%dT%H%M%SZ) > out.o".into()),
        ("tar", Chance::Clock, "cp in.c new; touch new; tar -cf out.o new".into()),
        ("cc", Chance::Clock, "echo 'char t[] = __DATE__ \" \" __TIME__;' > t.c && cc -c t.c -o out.o".into()),
        ("python3", Chance::Clock, format!("python3 -c '{python} import struct,time; open(\"out.o\",\"wb\").write(bytes([255,254,0])+struct.pack(\"<I\",int(time.time())))'")),
        ("python3", Chance::Clock, "python3 -c 'import gzip,time; gzip.open(\"out.o\",\"wb\").write(b\"same\")'".into()),
        ("sh", Chance::Pid, "echo $$ > out.o".into()),
        ("python3", Chance::Pid, format!("python3 -c '{python} open(\"out.o\",\"w\").write(\"job-%d.tmp\" % os.getpid())'")),
        ("sh", Chance::Pid, "echo $$ | sha256sum > out.o".into()),
        ("sh", Chance::TemporaryName, "mktemp > out.o".into()),
        ("sh", Chance::TemporaryName, "basename $(mktemp -d) > out.o".into()),
        ("python3", Chance::TemporaryName, "python3 -c 'import tempfile; open(\"out.o\",\"w\").write(tempfile.mkdtemp()+\"/x.c\")'".into()),
        ("python3", Chance::HashSeed, "python3 -c 'open(\"out.o\",\"w\").write(str(set(str(i) for i in range(40))))'".into()),
        ("python3", Chance::HashSeed, "python3 -c 'import random; w=[str(i) for i in range(60)]; random.shuffle(w); open(\"out.o\",\"w\").write(chr(10).join(w))'".into()),
        ("sh", Chance::Random, "head -c 9 /dev/urandom > out.o".into()),
        ("sh", Chance::Random, "head -c 16 /dev/urandom | od -An -tx1 > out.o".into()),
    ];
    for (program, chance, script) in cases {
        if !has(program) {
            continue;
        }
        let scratch = Scratch::new();
        let (outcome, text) = attributed(&scratch, &script);
        assert_eq!(outcome.verdict(), Verdict::Different, "{script}: {text}");
        let attribution = outcome.attribution.expect("it was asked for");
        let told: Vec<Chance> = attribution.chances.iter().map(|told| told.chance).collect();
        assert_eq!(told, [chance], "{script}: {text}");
        assert!(text.contains("cause: the build is random"), "{text}");
        assert_eq!(
            attribution.causes.len(),
            1,
            "nothing is built after the cause is known: {text}"
        );
    }
}

#[test]
fn writers_that_run_a_race_are_named() {
    let scratch = Scratch::new();
    let (outcome, text) = attributed(&scratch, WRITERS);
    if outcome.verdict() == Verdict::Equal {
        println!("left out: the writers ran no race here");
        return;
    }
    // With one processor they may take turns, or one after the other.
    assert!(text.contains("\n  race: "), "{text}");
}

#[test]
fn two_kinds_of_chance_are_both_named() {
    let scratch = Scratch::new();
    let (outcome, text) = attributed(&scratch, "echo $$ > a.o; date +%s > b.o");
    let told = outcome.attribution.expect("it was asked for").chances;
    let kinds: Vec<Chance> = told.iter().map(|told| told.chance).collect();
    assert_eq!(kinds, [Chance::Clock, Chance::Pid], "{text}");
    assert!(told[0].evidence.starts_with("b.o has the time of each build"), "{text}");
}

#[test]
fn what_varies_is_no_chance() {
    for (variation, script) in [
        (Variation::SourceTimes, "stat -c %Y in.c > out.o"),
        (Variation::Path, "pwd > out.o"),
        (Variation::Locale, "echo $LC_ALL > out.o"),
        (Variation::Cpus, "nproc > out.o"),
        (Variation::Umask, "umask > out.o"),
    ] {
        let scratch = Scratch::new();
        let (outcome, text) = attributed(&scratch, script);
        let name = variation.name();
        if !outcome.probes.iter().any(|probe| probe.variation == variation && probe.effective) {
            println!("left out: {name} does not vary here");
            continue;
        }
        let attribution = outcome.attribution.expect("it differs");
        assert_eq!(attribution.chances, [], "{text}");
        let causes: Vec<_> = attribution
            .causes
            .iter()
            .filter(|cause| cause.different > 0)
            .map(|cause| cause.variation)
            .collect();
        assert_eq!(causes, [Some(variation)], "{text}");
        assert!(!text.contains("race"), "{text}");
        // Variations behind the cause were not tried, as without it the first output came back.
        let last = attribution.causes.last().and_then(|cause| cause.variation);
        assert_eq!(last, Some(variation), "{text}");
    }
}

#[test]
fn links_and_directories_have_the_times_of_the_source() {
    let scratch = Scratch::new();
    let source = scratch.0.join("source");
    std::fs::create_dir_all(source.join("inner")).expect("a directory can be made");
    #[cfg(unix)]
    std::os::unix::fs::symlink("in.c", source.join("link.c")).expect("a link can be made");
    let script = "tar --no-recursion -cf out.o in.c inner link.c";
    let options = Options { vary: vec![], ..scratch.options(script) };
    assert_eq!(run(&options).verdict(), Verdict::Equal);
}

#[test]
fn a_clock_of_seconds_is_seen_in_builds_that_take_less() {
    let scratch = Scratch::new();
    let options = Options { runs: Some(2), vary: vec![], ..scratch.options("date +%s > out.o") };
    assert_eq!(run(&options).verdict(), Verdict::Different);
}

#[test]
fn every_value_of_a_variation_is_tried() {
    // The second build has GMT-14, and the third GMT+12.
    for zone in ["GMT-14", "GMT+12"] {
        let scratch = Scratch::new();
        let script = format!("[ $TZ = {zone} ] && echo 1 > out.o || echo 0 > out.o");
        let (_, text) = attributed(&scratch, &script);
        assert!(text.contains("cause: time-zone alone makes a difference"), "{zone}: {text}");
    }
    // Of lengths of the path, those that made a difference.
    for run in [1, 2] {
        let scratch = Scratch::new();
        let length = "x".repeat(1 + run);
        let script = format!(
            "case $PWD in */another-place-{length}/b) echo 1 > out.o;; *) echo 0 > out.o;; esac"
        );
        let (_, text) = attributed(&scratch, &script);
        assert!(text.contains("cause: path alone makes a difference"), "{run}: {text}");
    }
}

#[test]
fn nothing_is_built_after_the_cause_is_known() {
    let builds = |script: &str| {
        let scratch = Scratch::new();
        let script = counter(&scratch) + script;
        let mut said = Vec::new();
        let options = Options { runs: Some(2), attribute: true, ..scratch.options(&script) };
        build(&options, &mut |line| said.push(line.to_owned())).expect("it can be built");
        let count = std::fs::read_to_string(scratch.0.join("counter")).expect("it counts");
        (count.trim().parse::<usize>().expect("a number"), said)
    };
    // Two builds, one without variation that differs.
    let (count, said) = builds("date +%s%N > out.o");
    assert_eq!(count, 3, "{said:?}");
    // Two builds, four without variation, one with another path, one with all others.
    let (count, said) = builds("pwd > out.o");
    assert_eq!(count, 8, "{said:?}");
    assert!(said.last().is_some_and(|line| line.contains("all the others together")), "{said:?}");
}

#[test]
fn a_build_that_fails_under_a_variation_is_no_difference() {
    let scratch = Scratch::new();
    // Umask makes the difference; another path alone makes it fail.
    let script = "u=$(umask); case $u$PWD in 0022*/another-place*) exit 1;; esac; echo $u > out.o";
    let (outcome, text) = attributed(&scratch, script);
    let attribution = outcome.attribution.expect("it differs");
    let of = |variation| {
        let cause = attribution.causes.iter().find(|cause| cause.variation == Some(variation));
        cause.map(|cause| (cause.different > 0, cause.failed > 0))
    };
    assert_eq!(of(Variation::Path), Some((false, true)), "{text}");
    assert_eq!(of(Variation::Umask), Some((true, false)), "{text}");
    assert!(text.contains("note: with path varied 2 of 2 builds fail"), "{text}");
}

#[test]
fn sound_compilers_are_equal() {
    for script in [
        "cat in.c > out.o",
        "sort in.c > out.o; gzip -9nc in.c > packed.o",
        "tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=644 --numeric-owner -cf out.o in.c",
    ] {
        let scratch = Scratch::new();
        let (outcome, text) = attributed(&scratch, script);
        assert_eq!(outcome.verdict(), Verdict::Equal, "{script}: {text}");
        assert_eq!(outcome.attribution, None, "nothing more is built");
    }
}
