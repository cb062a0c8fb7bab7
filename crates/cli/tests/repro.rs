//! `repro`, `explain`, `isolate`: exit codes and first lines, of misuse above all.
//!
//! A green run does not show what the reports say: the tests of `prova-builds` do, and `docs.rs`
//! runs the pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path =
            std::env::temp_dir().join(format!("prova-cli-repro-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("source")).expect("a directory can be made");
        fs::write(path.join("source/in.c"), "int x;\n").expect("a file can be written");
        Place(path)
    }

    /// The code and everything that is printed.
    fn run(&self, command: &str) -> (Option<i32>, String) {
        self.run_with("", command)
    }

    /// The same, with variables set before the command.
    fn run_with(&self, environment: &str, command: &str) -> (Option<i32>, String) {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
        let cases = cases.canonicalize().expect("the cases are there").display().to_string();
        let script =
            format!("exec 2>&1\n{environment} '{}' {command}", env!("CARGO_BIN_EXE_prova"));
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&self.0)
            .env("C", cases)
            .output()
            .expect("there is a shell");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn each(&self, cases: &[(i32, &str, &str)]) {
        for (code, command, words) in cases {
            let (actual, text) = self.run(command);
            assert_eq!(actual, Some(*code), "{command}\n{text}");
            assert!(text.contains(words), "{command}\n{words}\n{text}");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn explain() {
    let place = Place::new("explain");
    place.each(&[
        (0, "explain $C/irreducible/a.wasm $C/irreducible/a.wasm", "equal: byte for byte"),
        (1, "explain $C/path-shift/a.wasm $C/path-shift/b.wasm --html page.html", "stage: source"),
        (1, "explain $C/irreducible/a.wasm $C/irreducible/b.wasm --json", "\"stage\": \"unknown\""),
        (2, "explain $C/irreducible/a.wasm", "<B.wasm>"),
        (2, "explain $C/irreducible/a.wasm nothing.wasm", "failed to read `nothing.wasm`"),
        (2, "explain source/in.c $C/irreducible/a.wasm", "failed to parse `source/in.c`"),
        (
            2,
            "explain $C/irreducible/a.wasm $C/irreducible/b.wasm --log-a $C/irreducible/a.log.gz",
            "--log-b",
        ),
        (
            2,
            "explain $C/irreducible/a.wasm $C/irreducible/b.wasm --log-a no --log-b no",
            "failed to read the log",
        ),
        (
            2,
            "explain $C/irreducible/a.wasm $C/irreducible/b.wasm --metadata source/in.c",
            "not what cargo metadata prints",
        ),
        (
            2,
            "explain $C/irreducible/a.wasm $C/irreducible/b.wasm --html no/where/page.html",
            "failed to write",
        ),
        (3, "repro explain --source source --keep k1 -- false", "failed: 1 of 1 builds"),
        (
            0,
            "repro explain --runs 2 --vary umask --source source --keep k2 -- cp in.c out.o",
            "equal: 2/2 builds",
        ),
    ]);
    let page = fs::read_to_string(place.0.join("page.html")).expect("the page is written");
    assert!(page.contains("stage: source: a path of the building machine"), "{page}");
}

#[test]
fn isolate() {
    let place = Place::new("isolate");
    place.each(&[
        (
            0,
            "isolate $C/irreducible/a.wasm $C/irreducible/b.wasm --module small",
            "verified: both validate",
        ),
        (1, "diff small/a.wat small/b.wat", "layout-only, dispatcher states permuted"),
        (2, "isolate $C/irreducible/a.wasm $C/irreducible/b.wasm", "--module"),
        (
            2,
            "isolate $C/irreducible/a.wasm $C/irreducible/b.wasm --function walk --module m",
            "no function `walk`",
        ),
        (
            2,
            "isolate $C/irreducible/a.wasm $C/irreducible/a.wasm --module m",
            "no function differs",
        ),
        (2, "isolate $C/irreducible/a.wasm $C/irreducible/b.wasm --crate c", "no v0 symbol"),
        (
            2,
            "isolate $C/irreducible/a.wasm $C/irreducible/b.wasm --module source/in.c",
            "failed to make `source/in.c`",
        ),
    ]);
    assert!(!place.0.join("m").exists() && !place.0.join("c").exists());
}

#[test]
fn searches() {
    let place = Place::new("searches");
    place.each(&[
        (2, "repro bisect -- true", "required"),
        (2, "repro bisect --toolchain a,b --features c -- true", "cannot be used with"),
        (2, "repro bisect --toolchain a --source source -- true", "two toolchains are needed"),
        (2, "repro bisect --toolchain a,b --runs 2 --source source --vary none -- cp in.c x.o", "the bad end, do not differ"),
        (2, "repro bisect --features a --runs 2 --source source --vary none -- cp in.c x.o", "where its features go"),
        (2, "repro matrix --source source -- true", "two revisions or two toolchains"),
        (2, "repro matrix --toolchain a,a --source source -- true", "stands twice"),
        (2, "repro matrix --rev nothing,HEAD --source source -- true", "rev-parse failed"),
        (0, "repro matrix --toolchain a,b --runs 2 --vary umask --source source -- cp in.c x.o", "equal: no cell differs"),
        (1, "repro matrix --toolchain a,b --runs 2 --vary umask --source source -- sh -c 'umask > x.o; [ {toolchain} = b ] || echo > x.o'", "compiler: whether builds differ"),
        (1, "repro matrix --json --toolchain a,b --runs 2 --vary umask --source source -- sh -c 'umask > x.o'", "\"verdict\": \"neither\""),
        (4, "repro matrix --toolchain a,b --runs 2 --vary umask --source source -- sh -c '[ {toolchain} = a ] && cp in.c x.o'", "inconclusive"),
        (0, "repro bisect --features a,b --runs 2 --vary umask --source source -- sh -c 'case {features} in *b*) umask > x.o;; *) echo > x.o;; esac'", "fewest features with which builds differ: b "),
        (2, "repro blame-feature --metadata source/in.c", "not what cargo metadata prints"),
        (2, "repro blame-feature --confirm", "<COMMAND>"),
        (1, "repro blame-feature --metadata $C/feature-leak/metadata.json", "const-random 0.1.18"),
        (2, "repro build --runs 1 --source source --keep k1 -- true", "between 2 and"),
        (2, "repro build --source nowhere --keep k2 -- true", "there is no `nowhere`"),
    ]);
}

#[test]
fn folders_that_nobody_asked_for_are_removed() {
    let place = Place::new("scratch");
    let left = |text: &str| -> Vec<String> {
        let entries = fs::read_dir(place.0.join("tmp")).expect("it is there");
        let names = entries.map(|entry| entry.expect("it can be listed").file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        assert!(!text.contains("failed to remove"), "{text}");
        names
    };
    fs::create_dir_all(place.0.join("tmp")).expect("a directory can be made");
    let run = |command: &str| place.run(&format!("repro {command}"));
    let environment = format!("TMPDIR={}/tmp", place.0.display());
    let (code, text) = place.run_with(
        &environment,
        "repro build --runs 2 --source source --artifact out.o -- cp in.c out.o",
    );
    assert_eq!((code, left(&text)), (Some(0), Vec::<String>::new()), "{text}");
    assert!(!text.contains("kept in"), "{text}");
    let git = "cd source && git init -q && git add -A && git -c user.name=T -c user.email=t@example.org commit -qm one && git tag one && echo 'int y;' > in.c && git -c user.name=T -c user.email=t@example.org commit -qam two && git tag two";
    let made = Command::new("sh").args(["-c", git]).current_dir(&place.0).status();
    assert!(made.is_ok_and(|status| status.success()));
    let matrix = "repro matrix --rev one,two --runs 2 --vary path --source source --artifact out.o -- cp in.c out.o";
    let (code, text) = place.run_with(&environment, matrix);
    assert_eq!((code, left(&text)), (Some(0), Vec::<String>::new()), "{text}");
    let (code, text) = run("build --runs 2 --vary everything -- true");
    assert!(code == Some(2) && left(&text).is_empty(), "{text}");
    // Outputs that differ are kept.
    let differs =
        "repro build --runs 2 --vary path --source source --artifact out.o -- sh -c 'pwd > out.o'";
    let (code, text) = place.run_with(&environment, differs);
    assert_eq!((code, left(&text).len()), (Some(1), 1), "{text}");
    assert!(text.contains(&format!("kept in {}/tmp/prova-repro-", place.0.display())), "{text}");
}
