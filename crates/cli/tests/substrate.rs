//! `prova substrate`: its messages and exit codes, on the tiny chain of `programs/substrate`.
//!
//! The page's examples are run by `docs.rs`. Green does not show that real chains' blocks execute:
//! `crates/substrate/tests/blocks.rs` does, where `PROVA_CASES` is set.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of one test, removed at its end.
struct Scratch(PathBuf);

/// The output of a run of the program.
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
    assert_eq!(&metadata[..4], b"meta", "without its length");
    // `name`, which is `tiny` in the state.
    let run = scratch.run(&format!("substrate call {} Tiny_get 0x6e616d65", chain("state.json")));
    assert!(run.out.starts_with("0x011074696e79\n"), "{}", run.out);
}

#[test]
fn misuse_and_bad_files_are_told() {
    let scratch = Scratch::new("substrate-misuse");
    let (state, runtime) = (chain("state.json"), chain("runtime-1.wasm"));
    scratch.write("bomb", b"\x52\xbc\x53\x76\x46\xdb\x8e\x05nothing");
    scratch.write("text", "runtime");
    scratch.write("rpc.json", r#"{"jsonrpc": "2.0", "result": []}"#);
    scratch.write("empty.json", "{}");
    scratch.write("none.json", "{\"mainTrie\": {}}");
    for (args, code, message) in [
        ("substrate version bomb".to_owned(), 1, "it begins like a compressed blob"),
        ("substrate version bomb".to_owned(), 1, "failed to load the runtime in `bomb`"),
        ("substrate version text".to_owned(), 1, "failed to load the runtime in `text`"),
        (
            format!("substrate version --code text {state}"),
            1,
            "failed to load the runtime in `text`",
        ),
        ("substrate version rpc.json".to_owned(), 1, "it is the answer of a node (JSON-RPC)"),
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
    let json = scratch.run(&format!("substrate execute-block --json --state {state} flipped.json"));
    assert_eq!(json.code, 1);
    assert!(json.out.contains("\"verdict\": \"refused\""), "{}", json.out);
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
    let upgrade = |root: &str| {
        let second = chain("block-2.json");
        scratch.run(&format!(
            "substrate upgrade --state {state} --parent-root {root} {block} {second}"
        ))
    };
    assert_eq!(upgrade(found).code, 0);
    assert_eq!(upgrade(root).code, 1);
    assert!(upgrade(root).err.contains("the expected root of the parent's state"));
    assert_eq!(upgrade("12").code, 2);
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
    // Each tier, and all.
    assert_eq!(run.out.matches("\"accepted\": true").count(), 4 + usize::from(NATIVE));
    // All agree on a block that is not accepted, too, which is no success.
    let second = chain("block-2.json");
    let run = scratch.run(&format!("substrate compare-tiers --json --state {state} {second}"));
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("\"accepted\": false") && run.out.contains("\"equal\": true"));
    assert!(!run.out.contains("\"accepted\": true"), "{}", run.out);
    let text = scratch.run(&format!("substrate compare-tiers --state {state} {second}"));
    assert_eq!(text.code, 1);
    assert!(text.out.starts_with("all tiers agree that it is not accepted\n"), "{}", text.out);
}

/// An option that a command has no use for is refused, and nothing is ignored.
#[test]
fn options_that_would_have_no_effect_are_misuse() {
    let scratch = Scratch::new("substrate-options");
    let (state, block) = (chain("state.json"), chain("block-1.json"));
    let chain = format!("--state {state} {block}");
    for key in [
        "max-memory-size=65536",
        "max-table-elements=1",
        "max-instances=1",
        "max-tables=1",
        "max-memories=1",
        "max-store-size=1",
        "trap-on-grow-failure",
        "unknown-imports-trap",
        "simd",
        "all-proposals=n",
        "nan-canonicalization=n",
    ] {
        for command in ["execute-block", "compare-tiers", "upgrade"] {
            let run = scratch.run(&format!("substrate {command} -W fuel=1000000,{key} {chain}"));
            assert_eq!(run.code, 2, "{command} {key}: {}{}", run.out, run.err);
            assert!(run.err.contains(&format!("-W {key}")), "{command} {key}: {}", run.err);
        }
    }
    for keys in ["timeout=1m", "max-wasm-stack=1048576", "nan-canonicalization=y"] {
        for command in ["execute-block", "compare-tiers", "upgrade"] {
            let run = scratch.run(&format!("substrate {command} -W fuel=1000000,{keys} {chain}"));
            assert_eq!(run.code, 0, "{command} {keys}: {}", run.err);
        }
    }
    // A limit of the stack holds in each tier: this runtime calls itself a hundred times.
    let module = r#"(module (import "env" "memory" (memory 1))
        (global (export "__heap_base") i32 (i32.const 1024))
        (data (i32.const 0) "\10deep\10deep\01\00\00\00\01\00\00\00\01\00\00\00\04\df\6a\cb\68\99\07\60\9b\04\00\00\00\01\00\00\00\01")
        (func (export "Core_version") (param i32 i32) (result i64) (i64.const 0x28_0000_0000))
        (func $deep (param i32)
            (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "Core_execute_block") (param i32 i32) (result i64)
            (call $deep (i32.const 100)) (i64.const 0)))"#;
    scratch.write("deep.wasm", wat::parse_str(module).expect("it is text"));
    scratch.write("none.json", "{\"mainTrie\": {}}");
    let deep = |bytes: u32| {
        scratch.run(&format!(
            "substrate compare-tiers --state none.json --code deep.wasm -W max-wasm-stack={bytes} {block}"
        ))
    };
    assert_eq!(deep(4096).out.matches("call stack exhausted").count(), 3 + usize::from(NATIVE));
    assert!(!deep(65_536).out.contains("call stack exhausted"), "{}", deep(65_536).out);
    for option in ["--tier reference", "-O dispatch=match"] {
        let run = scratch.run(&format!("substrate compare-tiers {option} {chain}"));
        assert_eq!(run.code, 2, "{option}: {}", run.out);
        assert!(run.err.contains("`compare-tiers` runs every tier"), "{}", run.err);
        assert_eq!(scratch.run(&format!("substrate execute-block {option} {chain}")).code, 0);
    }
}

/// The digest equals that from a host which narrows the profile in the same way.
#[test]
fn reports_name_the_profile() {
    let scratch = Scratch::new("substrate-profile");
    let (state, block) = (chain("state.json"), chain("block-1.json"));
    let keys = "all-proposals=n,sign-extension,saturating-float-to-int";
    let digest = |report: &str| {
        let (_, rest) = report.split_once("\"sha256\": \"").expect("a digest");
        rest[..64].to_owned()
    };
    let expected = digest(&scratch.run(&format!("profile --json -W {keys}")).out);
    for command in [
        format!("version --json {state}"),
        format!("call --json {state} Tiny_get 0x6e616d65"),
        format!("execute-block --json --state {state} {block}"),
        format!("compare-tiers --json --state {state} {block}"),
        format!("upgrade --json --state {state} {block}"),
    ] {
        let named = scratch.run(&format!("substrate {command} --deterministic"));
        assert_eq!(named.code, 0, "{command}: {}", named.err);
        assert_eq!(digest(&named.out), expected, "{command}");
        assert!(named.out.contains("\"number\": 2"), "{}", named.out);
        let narrow = format!("substrate {command} --deterministic -W max-wasm-stack=1048576");
        assert_ne!(digest(&scratch.run(&narrow).out), expected, "{command}");
        let plain = scratch.run(&format!("substrate {command}"));
        assert!(!plain.out.contains("profile"), "{}", plain.out);
    }
}

/// A header that was taken with its seal.
#[test]
fn a_seal_is_told() {
    let scratch = Scratch::new("substrate-seal");
    let (state, block) = (chain("state.json"), chain("block-1.json"));
    let json = std::fs::read_to_string(&block).expect("the block is there");
    let (before, rest) = json.split_once("\"header\": \"0x").expect("a header");
    let (header, after) = rest.split_once('"').expect("its end");
    // Its digest is empty: no items, and then one.
    let bare = header.strip_suffix("00").expect("an empty digest");
    let with = |digest: &str| {
        scratch.write("sealed.json", format!("{before}\"header\": \"0x{bare}{digest}\"{after}"));
        scratch.run(&format!("substrate execute-block --state {state} sealed.json"))
    };
    let told = "its header still has a seal";
    for (digest, sealed) in [
        ("0405617572610c010203", true),
        // Behind an item of each other kind.
        ("100661757261040008000407056175726104ff", true),
        ("0c0661757261040008000407", false),
        ("0406617572610c010203", false),
    ] {
        let run = with(digest);
        assert_eq!(run.code, 1, "{digest}: {}", run.out);
        assert_eq!(run.err.contains(told), sealed, "{digest}: {}", run.err);
    }
}

/// The second block too, on the state that the first one leaves: the new runtime in every tier.
#[test]
fn every_tier_runs_the_upgraded_chain() {
    let scratch = Scratch::new("substrate-upgrade");
    let (state, first, second) =
        (chain("state.json"), chain("block-1.json"), chain("block-2.json"));
    let mut reports = Vec::new();
    for tier in ["interp", "reference", "native"] {
        if tier == "native" && !NATIVE {
            continue;
        }
        let args = format!("substrate upgrade --tier {tier} --state {state} {first} {second}");
        let run = scratch.run(&args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{tier}");
        assert!(run.out.contains("upgrade: tiny-1 becomes tiny-2"), "{}", run.out);
        reports.push(run.out);
    }
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{reports:?}");
}

/// The blocks of `PROVA_CASES`, as `crates/substrate/tests/blocks.rs` finds them, natively too.
#[test]
fn tiers_agree_on_real_blocks() {
    let Some(cases) = std::env::var_os("PROVA_CASES") else {
        println!("skipped (PROVA_CASES is not set)");
        return;
    };
    let scratch = Scratch::new("substrate-real");
    let folder = PathBuf::from(cases).join("chain");
    let (mut files, mut blocks) = (std::fs::read_dir(&folder).expect("the folder is there"), 0);
    while let Some(Ok(file)) = files.next() {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let (block, code) = (path.display(), folder.join("runtime.wasm.zst"));
        let code = match code.exists() {
            true => format!("--code {}", code.display()),
            false => String::new(),
        };
        let run = scratch.run(&format!("substrate compare-tiers --json {code} {block}"));
        assert_eq!(run.code, 0, "{block}: {}{}", run.out, run.err);
        // Each tier, and all.
        assert_eq!(run.out.matches("\"accepted\": true").count(), 4 + usize::from(NATIVE));
        blocks += 1;
    }
    assert!(blocks > 0, "no block in the folder");
}

#[test]
fn metering_and_missing_imports_are_options() {
    let scratch = Scratch::new("substrate-metering");
    let runtime = chain("runtime-1.wasm");
    let metered = |limit: &str| {
        scratch.run(&format!("substrate metadata --stack-metering {limit} {runtime}"))
    };
    assert_eq!(metered("wasm-instrument=65536").code, 0);
    let low = metered("wasm-instrument=1");
    assert_eq!(low.code, 134);
    assert!(low.err.contains("unreachable"), "{}", low.err);
    let misuse = metered("1000");
    assert_eq!(misuse.code, 2);
    assert!(misuse.err.contains("it must be wasm-instrument=LIMIT"), "{}", misuse.err);
    let module = r#"(module (import "env" "memory" (memory 1))
        (import "env" "ext_tomorrow_version_1" (func $tomorrow))
        (global (export "__heap_base") i32 (i32.const 1024))
        (func (export "good") (param i32 i32) (result i64) (i64.const 0))
        (func (export "bad") (param i32 i32) (result i64) (call $tomorrow) (i64.const 0)))"#;
    scratch.write("future.wasm", wat::parse_str(module).expect("it is text"));
    let refused = scratch.run("substrate call future.wasm good");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("it imports `env::ext_tomorrow_version_1`"), "{}", refused.err);
    let good = scratch.run("substrate call --missing-imports trap future.wasm good");
    assert_eq!(good.code, 0, "{}", good.err);
    let bad = scratch.run("substrate call --missing-imports trap future.wasm bad");
    assert_eq!(bad.code, 134);
    assert!(
        bad.err.contains("`env::ext_tomorrow_version_1`: the runtime called it"),
        "{}",
        bad.err
    );
}

const NATIVE: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));
