//! `prova substrate`: its messages and exit codes, on the tiny chain of `programs/substrate`.
//!
//! The page's examples are run by `pages.rs`. Green does not show that real chains' blocks execute:
//! `crates/substrate/tests/blocks.rs` does, where `PROVA_CASES` is set.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of one test, removed at its end.
struct Scratch(PathBuf);

/// What a run of the program left.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Scratch {
    fn new(test: &str) -> Scratch {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the target directory can be written");
        Scratch(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).expect("the target directory can be written");
    }

    /// Runs the program in the directory, with arguments separated by spaces.
    fn run(&self, args: &str) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_prova"))
            .args(args.split_whitespace())
            .current_dir(&self.0)
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().expect("no signal");
        Run { code, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn chain(name: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/substrate");
    folder.join(name).canonicalize().expect("the file is there").display().to_string()
}

#[test]
fn versions_and_calls() {
    let scratch = Scratch::new("substrate-versions");
    let runtime = chain("runtime-1.wasm");
    let run = scratch.run(&format!("substrate version {runtime}"));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("tiny-1\n"), "{}", run.out);
    let run = scratch.run(&format!("substrate version --json {}", chain("state.json")));
    assert!(run.out.contains("\"spec_version\": 1"), "{}", run.out);
    let run = scratch.run(&format!("substrate metadata {runtime} -o metadata"));
    assert_eq!(run.code, 0, "{}", run.err);
    let metadata = std::fs::read(scratch.0.join("metadata")).expect("it was written");
    assert_eq!(&metadata[1..5], b"meta");
    // `name`, which is `tiny` in the state.
    let run = scratch.run(&format!("substrate call {} Tiny_get 0x6e616d65", chain("state.json")));
    assert!(run.out.starts_with("0x011074696e79\n"), "{}", run.out);
}

#[test]
fn misuse_and_bad_files_are_told() {
    let scratch = Scratch::new("substrate-misuse");
    let (state, runtime) = (chain("state.json"), chain("runtime-1.wasm"));
    scratch.write("bomb", b"\x52\xbc\x53\x76\x46\xdb\x8e\x05nothing");
    scratch.write("empty.json", "{}");
    scratch.write("none.json", "{\"mainTrie\": {}}");
    for (args, code, message) in [
        ("substrate version bomb".to_owned(), 1, "it begins like a compressed blob"),
        ("substrate version empty.json".to_owned(), 1, "it has neither `genesis.raw.top`"),
        ("substrate version none.json".to_owned(), 1, "has no `:code`: give it with --code"),
        (format!("substrate version --code {runtime} {runtime}"), 2, "and so is `--code`"),
        (format!("substrate call {state} Tiny_get 0x1"), 2, "must be hexadecimal"),
        (format!("substrate call {state} Tiny_put"), 1, "exports no such entry point"),
        (format!("substrate call {state} -W fuel=10 Tiny_get"), 134, "all fuel consumed"),
        (format!("substrate execute-block {state}"), 1, "has no block"),
    ] {
        let run = scratch.run(&args);
        assert_eq!(run.code, code, "{args}: {}", run.err);
        assert!(run.err.contains(message), "{args}: {}", run.err);
    }
}

#[test]
fn a_refused_block_has_its_own_exit_code_and_names_the_root() {
    let scratch = Scratch::new("substrate-refused");
    let (state, block) = (chain("state.json"), chain("block-1.json"));
    let run = scratch.run(&format!("substrate execute-block --state {state} {block}"));
    assert_eq!(run.code, 0, "{}", run.err);
    let root = run.out.split_whitespace().find(|word| word.len() == 66).expect("a root");
    let json = std::fs::read_to_string(&block).expect("the block is there");
    let last = &root[root.len() - 8..];
    let flipped = format!("{}{}", &last[..7], if last.ends_with('0') { '1' } else { '0' });
    scratch.write("flipped.json", json.replacen(last, &flipped, 1));
    let run = scratch.run(&format!("substrate execute-block --state {state} flipped.json"));
    assert_eq!(run.code, 1, "{}", run.out);
    let expected = format!("its header expects the state root {}{flipped}", &root[..58]);
    assert!(run.err.contains(&expected), "{}", run.err);
    assert!(run.err.contains("Storage root must match that calculated."), "{}", run.err);
    // The parent's root, and another one.
    let check = |root: &str| {
        let args = format!("substrate execute-block --state {state} {block} --parent-root {root}");
        scratch.run(&args)
    };
    let wrong = check(root);
    assert_eq!(wrong.code, 1);
    let found = wrong.err.rsplit("the state has ").next().expect("it is told");
    let found = &found[..66];
    assert_eq!(check(found).code, 0, "{found}");
    assert_eq!(check("0x12").code, 2);
    // The second block alone does not fit the state.
    let upgrade = format!("substrate upgrade --state {state} {}", chain("block-2.json"));
    assert_eq!(scratch.run(&upgrade).code, 1);
}

#[test]
fn tiers_agree() {
    let scratch = Scratch::new("substrate-tiers");
    let (state, block) = (chain("state.json"), chain("block-1.json"));
    let run = scratch.run(&format!("substrate compare-tiers --json --state {state} {block}"));
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("\"equal\": true"), "{}", run.out);
    assert_eq!(run.out.matches("\"accepted\": true").count(), 3 + usize::from(NATIVE));
}

const NATIVE: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));
