//! Searches over toolchains, features and both at once, with scripts in place of compilers and with
//! made-up answers.

use crate::git;
use crate::scratch::{Scratch, run};
use prova_builds::repro::bisect::{self, Sight, sight};
use prova_builds::repro::matrix::{Blame, Matrix, matrix};
use prova_builds::repro::{Options, Split, Variation, features, toolchain};
use std::ffi::OsString;
use std::fs;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn differ() -> Sight {
    Sight::Differ(Split::new([1, 1]))
}

#[test]
fn the_first_bad_toolchain_is_found_and_absent_ones_are_passed_over() {
    let scratch = Scratch::new();
    let list = toolchain::toolchains("night-2020-01-01..night-2020-01-12").expect("a range");
    // From the 7th on the compiler is random; those of the 4th and 5th are not there.
    let script = "day={toolchain}; [ $day = \"$RUSTUP_TOOLCHAIN\" ] || exit 1; case $day in *04|*05) exit 1;; *0[1-6]) cp in.c x.o;; *) head -c 9 /dev/urandom > x.o;; esac";
    let options = Options { vary: vec![Variation::Path], ..scratch.options(script) };
    let found = bisect::bisect(&list, 2, &mut |name, runs| {
        let keep = options.keep.join(format!("{name}-{runs}"));
        Ok(sight(&run(&Options {
            keep,
            runs: Some(runs),
            stop: true,
            ..toolchain::with(&options, name)
        })))
    })
    .expect("the ends are as they should be");
    assert_eq!((found.good.as_str(), found.bad.as_str()), ("night-2020-01-06", "night-2020-01-07"));
    assert_eq!(found.skipped, Vec::<String>::new());
}

#[test]
fn the_fewest_features_are_found_where_two_are_needed() {
    let all: Vec<String> = (0..12).map(|number| format!("f{number}")).collect();
    let mut looks = 0;
    let found = features::smallest(&all, &mut |set| {
        looks += 1;
        let has = |name: &str| set.iter().any(|one| one == name);
        // f8 does not build without f1.
        Ok(match () {
            () if has("f8") && !has("f1") => Sight::Skip,
            () if has("f2") && has("f9") => differ(),
            () => Sight::Agree,
        })
    })
    .expect("all together are bad");
    assert_eq!(found.features, ["f2", "f9"]);
    assert!(looks < 60 && found.failed > 0, "{looks} {found:?}");
    let found = features::smallest(&all, &mut |_| Ok(differ())).expect("bad");
    assert!(found.features.is_empty() && found.sets == 2, "{found:?}");
    assert!(features::smallest(&all, &mut |_| Ok(Sight::Agree)).is_err());
    let found = features::smallest(&names(&["one"]), &mut |set| {
        Ok(if set.is_empty() { Sight::Agree } else { differ() })
    });
    assert_eq!(found.expect("bad").features, ["one"]);
}

#[test]
fn features_go_into_the_command() {
    let command = |list: &[&str], set: &[&str]| {
        let argv: Vec<OsString> = list.iter().map(OsString::from).collect();
        features::command(&argv, &names(set)).map(|argv| {
            argv.iter().map(|one| one.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        })
    };
    let said =
        command(&["cargo", "rustc", "--release", "--", "-Cx"], &["a", "b"]).expect("Cargo's");
    assert_eq!(said, "cargo rustc --release --no-default-features --features a,b -- -Cx");
    assert_eq!(
        command(&["/x/cargo", "build"], &[]).expect("Cargo's"),
        "/x/cargo build --no-default-features"
    );
    assert_eq!(
        command(&["sh", "b.sh", "-f={features}"], &["a", "b"]).expect("it says where"),
        "sh b.sh -f=a,b"
    );
    assert!(command(&["make"], &["a"]).is_err());
    let metadata = r#"{"workspace_members":["p"],"packages":[{"id":"p","name":"p","features":{"default":["a"],"a":[],"b":[]}},{"id":"q","name":"q","features":{"c":[]}}]}"#;
    assert_eq!(features::features(metadata).expect("Cargo's"), ["a", "b"]);
    assert!(features::features("{}").is_err());
}

#[test]
fn each_pattern_of_cells_has_its_verdict() {
    let cell = |c: char| match c {
        'x' => differ(),
        '?' => Sight::Skip,
        _ => Sight::Agree,
    };
    for (rows, blame) in [
        (["..", ".."], Blame::None),
        (["xx", "xx"], Blame::Neither),
        (["..", "xx"], Blame::Source),
        ([".x", ".x"], Blame::Compiler),
        (["..", ".x"], Blame::Both),
        (["x.", ".x"], Blame::Both),
        (["..", ".?"], Blame::Inconclusive),
        (["?x", "xx"], Blame::Inconclusive),
        (["?.", ".x"], Blame::Both),
        (["??", "??"], Blame::Inconclusive),
    ] {
        let table = Matrix {
            revisions: names(&["old", "new"]),
            toolchains: names(&["one", "two"]),
            cells: rows.iter().map(|row| row.chars().map(cell).collect()).collect(),
            runs: 8,
        };
        assert_eq!(table.blame(), blame, "{rows:?}");
        assert!(table.report().to_text().starts_with(&format!("{}: ", blame.words().0)), "{}", table.report().to_text());
        assert_eq!(table.report().members["cells"].as_array().map(Vec::len), Some(4));
    }
    let none = matrix(&names(&["a"]), &names(&["b"]), 2, &mut |_, _| Ok(Sight::Agree));
    assert!(
        none.expect_err("one cell shows nothing")
            .to_string()
            .contains("two revisions or two toolchains")
    );
}

#[test]
fn a_fault_that_needs_new_source_and_new_compiler_is_called_so() {
    let scratch = Scratch::new();
    let repository = scratch.0.join("source");
    git(&repository, &["init", "-q"]);
    for source in ["simple", "with a map"] {
        fs::write(repository.join("in.c"), source).expect("a file can be written");
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", source]);
    }
    let script = "cp in.c x.o; case {toolchain}-$(cat in.c) in new-*map*) head -c 9 /dev/urandom >> x.o;; esac";
    let options = Options { vary: vec![Variation::Path], ..scratch.options(script) };
    let mut number = 0;
    let table =
        matrix(&names(&["HEAD~1", "HEAD"]), &names(&["old", "new"]), 3, &mut |revision, name| {
            number += 1;
            let keep = options.keep.join(number.to_string());
            bisect::look(
                &repository,
                revision,
                3,
                &Options { keep, ..toolchain::with(&options, name) },
            )
        })
        .expect("all can be built");
    assert_eq!(table.blame(), Blame::Both, "{}", table.report().to_text());
    assert!(table.report().to_text().contains("HEAD    agree  differ 1 : 1"), "{}", table.report().to_text());
    assert!(
        bisect::known(&repository, "HEAD").is_ok()
            && bisect::known(&repository, "nothing").is_err()
    );
}
