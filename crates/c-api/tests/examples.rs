//! The programs of `examples` and `tests/programs` are compiled with the system's compilers and
//! run; they print what the file beside them says.
//!
//! Each program says which of its cases must be refused, and how. Without a compiler for a language
//! its programs are skipped, which is said.
//!
//! A green run does not show that nothing leaks or is used after it is freed:
//! `crates/c-api/valgrind.sh` asks that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of the crate.
pub(crate) fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that has the library, beside the program of these tests.
pub(crate) fn library() -> PathBuf {
    let program = env::current_exe().expect("a test knows its program");
    program.parent().expect("a program is in a folder").to_owned()
}

/// The compiler of a language, of the environment or the system's; `None` if there is none.
pub(crate) fn compiler(variable: &str, name: &str) -> Option<String> {
    let compiler = env::var(variable).unwrap_or_else(|_| name.to_owned());
    let found = Command::new(&compiler).arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(compiler);
    }
    eprintln!("skipped: there is no compiler `{compiler}` on this machine ({variable})");
    None
}

/// A folder for what is compiled.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = library().join("../c-api-tests").join(name);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

#[track_caller]
pub(crate) fn succeed(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The warnings under which the programs compile without one.
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Compiles a program with the shared library.
fn compiled(compiler: &str, standard: &str, source: &Path, folder: &Path) -> PathBuf {
    let program = folder.join(source.file_name().expect("a source has a name")).with_extension("");
    let library = library();
    let output = Command::new(compiler)
        .args([standard, "-g", "-O1"])
        .args(WARNINGS)
        .arg("-I")
        .arg(here().join("include"))
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg(format!("-L{}", library.display()))
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .args(["-lprova_c", "-lpthread"])
        .output()
        .expect("the compiler can be run");
    succeed(&format!("compiling {}", source.display()), &output);
    program
}

/// The programs with an ending, in the order of their names.
fn sources(ending: &str) -> Vec<PathBuf> {
    let folders = ["examples", "tests/programs"].map(|name| here().join(name));
    let files = folders.iter().flat_map(|name| fs::read_dir(name).expect("the folder is there"));
    let mut found: Vec<PathBuf> = files
        .map(|file| file.expect("a folder can be read").path())
        .filter(|path| path.extension().is_some_and(|own| own == ending))
        .collect();
    found.sort();
    found
}

/// Compiles and runs all programs of a language.
fn run_all(variable: &str, name: &str, ending: &str, standard: &str, at_least: usize) {
    let Some(compiler) = compiler(variable, name) else { return };
    let folder = folder(ending);
    let sources = sources(ending);
    assert!(sources.len() >= at_least, "{} programs", sources.len());
    for source in sources {
        let program = compiled(&compiler, standard, &source, &folder);
        // Cargo's own variable names a folder with the library of an earlier build.
        let output = Command::new(&program)
            .env_remove("LD_LIBRARY_PATH")
            .current_dir(here().join("examples"))
            .output()
            .expect("a program that was compiled can be run");
        succeed(&format!("running {}", source.display()), &output);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let expected = source.with_extension(format!("{ending}.out"));
        if env::var_os("PROVA_BLESS").is_some() {
            fs::write(&expected, &printed).expect("the expected output can be written");
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(printed, wanted, "{}; PROVA_BLESS=1 writes it", source.display());
    }
}

#[test]
fn programs_in_c() {
    run_all("CC", "cc", "c", "-std=c11", 13);
}

#[test]
fn programs_in_cpp() {
    run_all("CXX", "c++", "cc", "-std=c++17", 2);
}
