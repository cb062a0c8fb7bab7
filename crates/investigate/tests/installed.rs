//! Tests with compilers and networks that not every machine has; where one is absent its test is
//! reported as ignored.
//!
//! `PROVA_ONLINE=1` allows Cargo to fetch packages; clang 9 is looked for where `clang.sh` of
//! `prova-builds` puts it, or below `PROVA_COMPILERS`. The library of wasm32-wasip1 comes with
//! `rustup target add`. Green without these shows only that they are absent.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_builds::repro::confirm::{Finding, confirm};
use prova_builds::repro::{Options, Variation, Verdict, blame};
use prova_investigate::explain::Stage;
use prova_investigate::explain::live::live;
use prova_investigate::isolate::crate_source::crate_source;
use prova_investigate::isolate::proof::{self, Instance};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let online = std::env::var_os("PROVA_ONLINE").is_some();
    let clang = clang();
    let wasm = has_target("wasm32-wasip1");
    let trials = vec![
        Trial::test("a_crate_of_one_instance_still_differs", one_instance).with_ignored_flag(!wasm),
        Trial::test("the_leaked_feature_is_confirmed_by_builds", leaked_feature)
            .with_ignored_flag(!(wasm && online)),
        Trial::test("the_pass_of_clang_9_is_named_from_the_source", {
            let clang = clang.clone();
            move || clang_9(&clang.unwrap_or_default())
        })
        .with_ignored_flag(clang.is_none()),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The program that `crates/builds/tests/compilers/clang.sh 9` prints.
fn clang() -> Option<PathBuf> {
    let cache = || {
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or(home)
            .map(|cache| cache.join("prova-compilers"))
    };
    let root = std::env::var_os("PROVA_COMPILERS").map(PathBuf::from).or_else(cache)?;
    Some(root.join("clang-9/run/clang")).filter(|clang| clang.is_file())
}

fn has_target(target: &str) -> bool {
    let output =
        Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// A directory that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("prova-installed-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("source/src")).expect("a directory can be made");
        Scratch(path)
    }

    fn options(&self, command: &[&str]) -> Options {
        Options {
            command: command.iter().map(Into::into).collect(),
            source: self.0.join("source"),
            runs: Some(2),
            vary: Variation::ALL.into(),
            artifacts: Vec::new(),
            keep: self.0.join("keep"),
            attribute: false,
            stop: true,
            env: Vec::new(),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn check(holds: bool, said: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(said.into()) }
}

/// A generic function of a local crate whose constant is drawn by each build: a symbol as it would
/// stand in a module, a crate from it, two builds, and the instance differs.
fn one_instance() -> Result<(), Failed> {
    let scratch = Scratch::new("instance");
    let library = scratch.0.join("source");
    fs::write(
        library.join("Cargo.toml"),
        "[package]\nname = \"mixer\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(
        library.join("src/lib.rs"),
        "const DRAWN: &[u8] = include_bytes!(\"/proc/sys/kernel/random/uuid\");\nconst SEED: u64 = (DRAWN[0] as u64) << 24 | (DRAWN[1] as u64) << 16 | (DRAWN[2] as u64) << 8 | DRAWN[3] as u64;\npub fn mix<T: Copy + Into<u64>>(x: T) -> u64 { x.into().wrapping_mul(SEED).rotate_left(7) ^ SEED }\n",
    )?;
    let symbol = "_RINvCsfLfy6EI15iL_5mixer3mixmE";
    let source = crate_source(
        symbol,
        &[format!("mixer = {{ path = {:?} }}", library.display().to_string())],
    )?;
    check(source.path == "mixer::mix::<u32>", &source.path)?;
    let directory = scratch.0.join("crate");
    proof::write(&source, &directory)?;
    let proof = proof::prove(&directory, &source, "wasm32-wasip1", 2, &mut |_| {})?;
    check(matches!(proof.instance, Instance::Differs(_)) && proof.differs(), &proof.text())?;
    // An instance that may not be named is said not to build.
    let hidden = crate_source(
        "_RINvCsfLfy6EI15iL_5mixer4hidemE",
        &[format!("mixer = {{ path = {:?} }}", library.display().to_string())],
    )?;
    let directory = scratch.0.join("hidden");
    proof::write(&hidden, &directory)?;
    let proof = proof::prove(&directory, &hidden, "wasm32-wasip1", 2, &mut |_| {})?;
    check(
        proof.instance == Instance::NotBuilt && proof.text().starts_with("not built: "),
        &proof.text(),
    )
}

/// The case of the seed, from its manifest: the path, and builds that agree without the feature.
fn leaked_feature() -> Result<(), Failed> {
    let scratch = Scratch::new("leak");
    let source = scratch.0.join("source");
    fs::write(
        source.join("Cargo.toml"),
        "[package]\nname = \"leaky\"\nversion = \"0.1.0\"\nedition = \"2018\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nmemory-db = { version = \"=0.20.1\", default-features = false }\nkeccak-hasher = { version = \"0.15\", default-features = false }\nhash-db = { version = \"=0.15.2\", default-features = false }\n[profile.release]\npanic = \"abort\"\n[workspace]\n",
    )?;
    fs::write(
        source.join("src/lib.rs"),
        "use hash_db::HashDB;\nuse keccak_hasher::KeccakHasher;\nuse memory_db::{HashKey, MemoryDB};\n#[no_mangle]\npub extern \"C\" fn generate(n: u32) -> u32 {\n    let mut db: MemoryDB<KeccakHasher, HashKey<KeccakHasher>, Vec<u8>> = MemoryDB::default();\n    for i in 0..n { db.insert(hash_db::EMPTY_PREFIX, &i.to_le_bytes()); }\n    db.keys().len() as u32\n}\n",
    )?;
    let metadata = blame::metadata(&source.join("Cargo.toml"), Some("wasm32-wasip1"))?;
    let leaks = blame::blame(&metadata)?;
    check(
        leaks.len() == 1 && leaks[0].source.starts_with("const-random 0.1."),
        &blame::text(&leaks),
    )?;
    let options = Options {
        artifacts: vec!["target/wasm32-wasip1/release/*.wasm".into()],
        vary: vec![Variation::Aslr, Variation::TimeZone, Variation::Umask],
        ..scratch.options(&["cargo", "build", "--quiet", "--release", "--target", "wasm32-wasip1"])
    };
    let done = confirm(&options, &metadata, &leaks[0], &mut |_| {})?;
    check(done.finding() == Finding::Confirmed, &done.text())
}

/// The case of irreducible control flow, from its source.
fn clang_9(clang: &Path) -> Result<(), Failed> {
    let scratch = Scratch::new("clang");
    fs::write(
        scratch.0.join("source/two-loops.c"),
        include_str!("../../../tests/cases/irreducible/two-loops.c"),
    )?;
    let clang = clang.display().to_string();
    let command = [
        clang.as_str(),
        "--target=wasm32-unknown-unknown",
        "-O2",
        "-c",
        "two-loops.c",
        "-o",
        "two-loops.o",
    ];
    let options = Options { runs: Some(20), ..scratch.options(&command) };
    let live = live(&options, None, &mut |_| {})?;
    check(live.outcome.verdict() == Verdict::Different, "20 builds agree")?;
    let Some((_, explanation)) = live.explanations.first() else {
        return Err("nothing is explained".into());
    };
    let text = explanation.tree().to_text();
    check(explanation.causes.len() == 1 && explanation.causes[0].stage == Stage::Pass, &text)?;
    check(text.contains("WebAssembly Fix Irreducible Control Flow"), &text)
}
