//! Builds with compilers that are shell scripts: deterministic, random, flaky, and dependent on
//! what varies.
//!
//! `README.md` says what green does not show.

mod archives;
mod attribution;
mod confirm;
mod kind;
mod scratch;
mod search;

use prova_builds::repro::bisect::{self, Sight};
use prova_builds::repro::{Options, Split, Variation, Verdict, build, lock, report};
use scratch::{Scratch, counter, run};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_deterministic_compiler_is_equal() {
    let scratch = Scratch::new();
    let outcome = scratch.build("cat in.c > out.o");
    assert_eq!(outcome.verdict(), Verdict::Equal);
    assert_eq!(outcome.split().counts(), [3]);
    let text = report::report(&outcome, None).to_text();
    assert!(text.starts_with("equal: 3/3 builds\n"), "{text}");
    assert!(text.contains("would all agree with probability 31.8 %"), "{text}");
    assert_eq!(fs::read(scratch.0.join("keep/a/out.o")).expect("it is kept"), b"int x;\n");
    assert!(!scratch.0.join("keep/work").exists());
}

#[test]
fn a_random_compiler_is_called_random() {
    let scratch = Scratch::new();
    let options = Options { attribute: true, ..scratch.options("head -c 9 /dev/urandom > out.o") };
    let outcome = run(&options);
    assert_eq!(
        (outcome.verdict(), outcome.split().to_string()),
        (Verdict::Different, "1 : 1 : 1".into())
    );
    let text = report::report(&outcome, None).to_text();
    assert!(text.contains("cause: the build is random"), "{text}");
    assert!(text.contains("of 9 bytes, the first at offset"), "{text}");
}

#[test]
fn the_split_is_that_of_the_compiler() {
    let scratch = Scratch::new();
    let script =
        counter(&scratch) + "[ $((n * 14 % 40)) -lt 14 ] && echo b > out.o || echo a > out.o";
    let options =
        Options { runs: Some(40), vary: vec![Variation::Aslr], ..scratch.options(&script) };
    let outcome = run(&options);
    assert_eq!(outcome.split().to_string(), "26 : 14");
    assert!(report::report(&outcome, None).to_text().contains("two builds alone agree with probability 55 %"));
    assert_eq!(outcome.differing(), ["out.o"]);
    for (class, text) in [("a", "b\n"), ("b", "a\n")] {
        let kept = scratch.0.join("keep").join(class).join("out.o");
        assert_eq!(fs::read_to_string(kept).expect("both are kept"), text);
    }
}

#[test]
fn what_a_compiler_depends_on_is_found() {
    for (variation, script) in [
        (Variation::Path, "pwd > out.o"),
        (Variation::Home, "echo ~ > out.o"),
        (Variation::TimeZone, "date +%z > out.o"),
        (Variation::Umask, "umask > out.o"),
        (Variation::Environment, "env | wc -c > out.o"),
        (Variation::ExecPath, "echo $PATH > out.o"),
        (Variation::Locale, "locale charmap > out.o"),
        (Variation::Cpus, "nproc > out.o"),
        (Variation::FileOrder, "ls -U > out.o"),
        (Variation::SourceTimes, "stat -c %Y in.c > out.o"),
        (Variation::HostName, "uname -n > out.o"),
    ] {
        let scratch = Scratch::new();
        fs::write(scratch.0.join("source/another.c"), "int y;\n").expect("a file can be written");
        let options = Options { runs: Some(2), attribute: true, ..scratch.options(script) };
        let outcome = run(&options);
        let effective =
            outcome.probes.iter().any(|probe| probe.variation == variation && probe.effective);
        let text = report::report(&outcome, None).to_text();
        let name = variation.name();
        // A variation that this machine has not must be said to have been none.
        if !effective {
            assert!(
                text.lines()
                    .any(|line| line.starts_with("note: not varied") && line.contains(name)),
                "{text}"
            );
            continue;
        }
        assert_eq!(outcome.verdict(), Verdict::Different, "{name}: {text}");
        assert!(text.contains(&format!("cause: {name} alone")), "{name}: {text}");
        let others: Vec<Variation> =
            Variation::ALL.into_iter().filter(|&other| other != variation).collect();
        // Paths of the home and the environment's size are part of the environment that `env`
        // counts.
        if variation != Variation::Environment {
            let scratch = Scratch::new();
            let options = Options { runs: Some(2), vary: others, ..scratch.options(script) };
            assert_eq!(run(&options).verdict(), Verdict::Equal, "{name} left out");
        }
    }
}

#[test]
fn variations_of_the_environment_are_effective_everywhere() {
    let scratch = Scratch::new();
    let outcome = scratch.build("cat in.c > out.o");
    for variation in [
        Variation::Path,
        Variation::Home,
        Variation::TimeZone,
        Variation::Umask,
        Variation::Environment,
        Variation::ExecPath,
    ] {
        assert!(
            outcome.probes.iter().any(|probe| probe.variation == variation && probe.effective),
            "{}",
            variation.name()
        );
    }
}

#[test]
fn failures_are_failures() {
    let scratch = Scratch::new();
    let outcome = scratch.build("echo no such header; exit 3");
    assert_eq!((outcome.verdict(), outcome.runs.len()), (Verdict::Failed, 1));
    let text = report::report(&outcome, None).to_text();
    assert!(text.contains("no such header") && text.contains("exit status: 3"), "{text}");

    let scratch = Scratch::new();
    let script = counter(&scratch) + "[ $n = 1 ] && exit 1; cat in.c > out.o";
    assert_eq!(scratch.build(&script).verdict(), Verdict::Inconclusive);

    let scratch = Scratch::new();
    let error =
        build(&scratch.options("true"), &mut |_| {}).expect_err("there is nothing to compare");
    assert!(error.to_string().contains("no file that matches *.o"), "{error}");
    let error = build(&Options { runs: Some(1), ..scratch.options("true") }, &mut |_| {})
        .expect_err("one run shows nothing");
    assert!(error.to_string().contains("between 2 and"), "{error}");
    fs::create_dir_all(scratch.0.join("keep/precious")).expect("a directory can be made");
    let error = build(&scratch.options("true"), &mut |_| {}).expect_err("it is not empty");
    assert!(error.to_string().contains("not empty"), "{error}");
}

#[test]
fn old_artifacts_do_not_pass_for_new_ones() {
    let scratch = Scratch::new();
    let target = scratch.0.join("source/target");
    fs::create_dir_all(&target).expect("a directory can be made");
    fs::write(target.join("CACHEDIR.TAG"), "").expect("a file can be written");
    fs::write(target.join("old.o"), "").expect("a file can be written");
    let script = "[ -e target/old.o ] && exit 1; mkdir -p target/release/deps && cp in.c target/release/new && pwd > target/release/deps/x";
    let outcome = run(&Options { artifacts: vec![], ..scratch.options(script) });
    assert_eq!(outcome.verdict(), Verdict::Equal);
    let artifacts: Vec<&String> = outcome.classes[0].artifacts.keys().collect();
    assert_eq!(artifacts, ["target/release/new"]);
}

#[test]
fn without_a_number_all_agreeing_is_built_more_often_than_a_difference() {
    let scratch = Scratch::new();
    let outcome = run(&Options { runs: None, vary: vec![], ..scratch.options("cat in.c > out.o") });
    assert_eq!(outcome.runs.len(), 8);
    let scratch = Scratch::new();
    let outcome = run(&Options {
        runs: None,
        vary: vec![],
        ..scratch.options("head -c 9 /dev/urandom > out.o")
    });
    assert_eq!(outcome.runs.len(), 2);
}

#[test]
fn later_builds_are_held_against_the_lock_file() {
    let scratch = Scratch::new();
    let built = scratch.build("cat in.c > out.o; echo 1 > other.o").classes[0].artifacts.clone();
    let text = lock::write(&built).expect("it can be written");
    let read = lock::read(&text).expect("it can be read");
    assert_eq!((&read, lock::differences(&read, &built)), (&built, vec![]));
    let mut later = built.clone();
    later.insert("out.o".into(), "0".repeat(64));
    later.remove("other.o");
    later.insert("third.o".into(), "1".repeat(64));
    let said = lock::differences(&read, &later);
    assert_eq!(
        (said.len(), said[0].as_str(), said[2].as_str()),
        (3, "not built: other.o", "not in the lock file: third.o")
    );
    assert!(said[1].starts_with("changed: out.o: "), "{said:?}");
    let line = text.lines().last().expect("it has lines");
    for text in [
        "",
        "# nothing\n",
        "abc  out.o\n",
        "out.o\n",
        &line.to_uppercase(),
        &format!("{line}\n{line}\n"),
    ] {
        assert!(lock::read(text).is_err(), "{text:?}");
    }
    later.insert("a\nb".into(), "0".repeat(64));
    assert!(lock::write(&later).is_err());
}

fn git(repository: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(repository)
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .output()
        .expect("git is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn bisection_of_a_repository_finds_the_commit() {
    let scratch = Scratch::new();
    let repository = scratch.0.join("source");
    git(&repository, &["init", "-q"]);
    for number in 0..12 {
        let script = match number {
            5 => "exit 1",
            0..7 => "cat in.c > out.o",
            _ => "head -c 9 /dev/urandom > out.o",
        };
        fs::write(repository.join("build.sh"), format!("# {number}\n{script}\n"))
            .expect("a file can be written");
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", &format!("commit {number}")]);
    }
    let revisions = bisect::revisions(&repository, "HEAD~11..HEAD").expect("the range is one");
    assert_eq!(revisions.len(), 12);
    let options = Options { vary: vec![Variation::Path], ..scratch.options(". ./build.sh") };
    let found = bisect::bisect(&revisions, 3, &mut |revision, runs| {
        bisect::look(&repository, revision, runs, &options)
    })
    .expect("there is one");
    assert_eq!(
        (found.bad.as_str(), found.good.as_str()),
        (revisions[7].as_str(), revisions[6].as_str())
    );
    for range in ["HEAD", "HEAD..HEAD", "nothing..HEAD", "--help..HEAD"] {
        assert!(bisect::revisions(&repository, range).is_err(), "{range}");
    }
    let sound = bisect::bisect(&revisions[..4], 2, &mut |revision, runs| {
        bisect::look(&repository, revision, runs, &options)
    });
    assert!(sound.expect_err("no end is bad").to_string().contains("do not differ"));
}

#[test]
fn no_revision_is_built_twice_as_often_as_before() {
    // 15 of 16 look sound until they are built often: each verdict is luck, and is taken back.
    for luck in [8, 16, 32] {
        let revisions: Vec<String> = (0..16).map(|number| number.to_string()).collect();
        let mut looks = std::collections::BTreeSet::new();
        let found = bisect::bisect(&revisions, 8, &mut |revision, runs| {
            assert!(
                looks.insert((revision.to_owned(), runs)),
                "{revision} was built {runs} times already"
            );
            Ok(match revision.parse::<usize>().expect("a number") {
                0..3 => Sight::Agree,
                3..15 if runs <= luck => Sight::Agree,
                _ => Sight::Differ(Split::new([26, 14])),
            })
        })
        .expect("the ends are as they should be");
        let first: usize = found.bad.parse().expect("a number");
        assert!(first == 3 || luck > 8, "luck of {luck} runs: {first}");
    }
}

#[test]
fn a_revision_that_is_built_again_has_a_place_of_its_own() {
    let scratch = Scratch::new();
    let repository = scratch.0.join("source");
    git(&repository, &["init", "-q"]);
    fs::write(repository.join("build.sh"), "cat in.c > out.o\n").expect("a file can be written");
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "one"]);
    let options = Options { vary: vec![], ..scratch.options(". ./build.sh") };
    for _ in 0..2 {
        let seen = bisect::look(&repository, "HEAD", 2, &options).expect("it can be built again");
        assert_eq!(seen, Sight::Agree);
    }
    // No copy of the source stays.
    let kept = prova_builds::repro::tree::files(&scratch.0.join("keep")).expect("a directory");
    assert!(kept.iter().all(|path| !path.ends_with("in.c")), "{kept:?}");
}

#[test]
fn what_a_build_has_locked_is_removed() {
    let scratch = Scratch::new();
    let script = "mkdir -p cache/inner && echo > cache/inner/file && chmod 500 cache cache/inner; cat in.c > out.o";
    let outcome = scratch.build(script);
    assert_eq!(outcome.verdict(), Verdict::Equal);
    assert!(!scratch.0.join("keep/work").exists());
}

#[test]
fn luck_of_a_bad_revision_is_found_out() {
    let revisions: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let split = || Split::new([26, 14]);
    let mut looks = 0;
    let found = bisect::bisect(&revisions, 8, &mut |revision, runs| {
        looks += 1;
        let number: usize = revision.parse().expect("a number");
        // From 6 on the builds differ, but 9 hides it unless it is built more than 8 times; 5
        // cannot be built.
        Ok(match number {
            5 => Sight::Skip,
            9 if runs <= 8 => Sight::Agree,
            6.. => Sight::Differ(split()),
            _ => Sight::Agree,
        })
    })
    .expect("the ends are as they should be");
    assert_eq!((found.bad.as_str(), found.good.as_str()), ("6", "4"));
    assert_eq!(found.skipped, ["5"]);
    assert!(looks <= 15 && found.doubt < 0.2, "{looks} {}", found.doubt);
}
