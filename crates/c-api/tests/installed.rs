//! The files of `install.sh` are found by pkg-config and CMake, and programs are built with them,
//! shared and static.
//!
//! A green run does not show that other linkers take the archive.

use crate::examples::{compiler, folder, here, library, succeed};
use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that is there, or the word that it is not.
fn tool(name: &str) -> Option<&str> {
    let found = Command::new(name).arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(name);
    }
    eprintln!("skipped: there is no `{name}` on this machine");
    None
}

/// Installs into a new folder.
fn installed(name: &str) -> PathBuf {
    let prefix = folder("installed").join(name);
    drop(fs::remove_dir_all(&prefix));
    let script = here().join("install.sh");
    let output = Command::new(script).arg(&prefix).arg(library()).output().expect("it can be run");
    succeed("install.sh", &output);
    prefix
}

/// Runs a program that was built of the example `hello`.
fn says_hello(program: &Path, prefix: &Path) {
    let path = prefix.join("lib");
    let output = Command::new(program).env("LD_LIBRARY_PATH", path).output().expect("it was built");
    succeed("hello", &output);
    let wanted = fs::read(here().join("examples/hello.c.out")).expect("the example has a text");
    assert_eq!(output.stdout, wanted);
}

/// Whether the compiler makes programs that need no shared library, which it says.
fn links_statically(compiler: &str, folder: &Path) -> bool {
    let source = folder.join("nothing.c");
    fs::write(&source, "int main(void) { return 0; }\n").expect("the target folder can be written");
    let program = folder.join("nothing");
    let built = Command::new(compiler).arg("-static").arg(&source).arg("-o").arg(program).output();
    let can = built.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped: `{compiler} -static` links nothing on this machine");
    }
    can
}

#[test]
fn pkg_config_finds_both_libraries() {
    let Some(compiler) = compiler("CC", "cc") else { return };
    let Some(pkg_config) = tool("pkg-config") else { return };
    let prefix = installed("pkg-config");
    let mut cases = vec![("prova", "-pie"), ("prova-static", "-pie")];
    if links_statically(&compiler, &prefix) {
        cases.push(("prova-static", "-static"));
    }
    for (name, option) in cases {
        let asked = Command::new(pkg_config)
            .args(["--cflags", "--libs", name])
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .output()
            .expect("pkg-config can be run");
        succeed("pkg-config", &asked);
        let flags = String::from_utf8(asked.stdout).expect("flags are text");
        let program = prefix.join(format!("{name}{option}"));
        let built = Command::new(&compiler)
            .arg(option)
            .arg(here().join("examples/hello.c"))
            .arg("-o")
            .arg(&program)
            .args(flags.split_whitespace())
            .output()
            .expect("the compiler can be run");
        succeed(name, &built);
        says_hello(&program, &prefix);
    }
}

#[test]
fn cmake_finds_both_libraries() {
    let Some(cmake) = tool("cmake") else { return };
    let prefix = installed("cmake");
    let source = prefix.join("source");
    fs::create_dir_all(&source).expect("the target folder can be written");
    let hello = here().join("examples/hello.c");
    let text = format!(
        "cmake_minimum_required(VERSION 3.16)\nproject(hello C)\nfind_package(Prova 0.1 REQUIRED)\n\
         foreach(kind Prova Static)\n  add_executable(hello-${{kind}} {})\n\
         \x20 target_link_libraries(hello-${{kind}} Prova::${{kind}})\nendforeach()\n",
        hello.display()
    );
    fs::write(source.join("CMakeLists.txt"), text).expect("the target folder can be written");
    let run = |args: &[&std::ffi::OsStr]| {
        let output = Command::new(cmake).args(args).output().expect("cmake can be run");
        succeed("cmake", &output);
    };
    let build = prefix.join("build");
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    run(&["-S".as_ref(), source.as_ref(), "-B".as_ref(), build.as_ref(), found.as_ref()]);
    run(&["--build".as_ref(), build.as_ref()]);
    for kind in ["Prova", "Static"] {
        says_hello(&build.join(format!("hello-{kind}")), &prefix);
    }
}

/// Programs that run have the library mapped: a newer one is another file.
#[test]
fn a_newer_library_is_another_file() {
    let prefix = installed("twice");
    let library = prefix.join("lib/libprova_c.so");
    let mapped = fs::File::open(&library).expect("it is installed");
    let script = here().join("install.sh");
    let again = Command::new(script).arg(&prefix).arg(self::library()).output();
    succeed("install.sh", &again.expect("it can be run"));
    let number = |of: std::io::Result<fs::Metadata>| of.expect("a file has metadata").ino();
    assert_ne!(number(mapped.metadata()), number(fs::metadata(&library)));
}

#[test]
fn without_libraries_nothing_is_installed() {
    let prefix = folder("installed").join("nothing");
    drop(fs::remove_dir_all(&prefix));
    let script = here().join("install.sh");
    let empty = env::temp_dir().join("no folder of libraries");
    let output = Command::new(&script).arg(&prefix).arg(&empty).output().expect("it can be run");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cargo build --release"));
    assert!(!prefix.join("include").exists());
    assert_eq!(Command::new(&script).output().expect("it can be run").status.code(), Some(2));
}
