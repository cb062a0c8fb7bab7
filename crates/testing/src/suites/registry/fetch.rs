//! A row → the path of its file, which the registry's ordinary client fetches if it is absent.
//!
//! A package is unpacked in `DIR/REGISTRY/PACKAGE-VERSION`, with `+` for `/`. Programs get and
//! unpack the archive (`npm`, `tar`; `python3` with `pip`), and refuse names that leave the folder.

use super::{Registry, Row};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of the row's file; its package is fetched into `dir` first unless it is there.
///
/// # Errors
/// If a client is missing, the registry has no such package, or the package no such file.
pub fn fetched(row: &Row, dir: &Path) -> Result<PathBuf, String> {
    let (folder, clients) = match row.registry {
        Registry::Tree => return Ok(crate::root().join("programs").join(&row.path)),
        Registry::Npm => ("npm", npm as fn(&Row, &Path) -> [Command; 2]),
        Registry::Pypi => ("pypi", pypi as fn(&Row, &Path) -> [Command; 2]),
    };
    let place = dir.join(folder).join(format!("{}-{}", row.package.replace('/', "+"), row.version));
    let file = place.join(&row.path);
    if file.is_file() {
        return Ok(file);
    }
    let unable = |error: std::io::Error| format!("{}: {error}", place.display());
    fs::create_dir_all(&place).map_err(unable)?;
    let [mut get, mut unpack] = clients(row, &place);
    said(&mut get)?;
    let archive = archive(&place)?;
    said(unpack.arg(archive).current_dir(&place))?;
    if !file.is_file() {
        let (package, version) = (&row.package, &row.version);
        return Err(format!("{package} {version} has no {}", row.path.display()));
    }
    Ok(file)
}

/// The archive that a client has put into a folder.
fn archive(place: &Path) -> Result<PathBuf, String> {
    let unable = |error: std::io::Error| format!("{}: {error}", place.display());
    for entry in fs::read_dir(place).map_err(unable)? {
        let path = entry.map_err(unable)?.path();
        if path.extension().is_some_and(|ext| ext == "tgz" || ext == "whl") {
            return std::path::absolute(path).map_err(unable);
        }
    }
    Err(format!("{}: no archive was fetched", place.display()))
}

fn npm(row: &Row, place: &Path) -> [Command; 2] {
    let mut get = Command::new("npm");
    get.args(["pack", "--silent", "--pack-destination"]).arg(place);
    get.arg(format!("{}@{}", row.package, row.version));
    let mut unpack = Command::new("tar");
    unpack.arg("-xzf");
    [get, unpack]
}

fn pypi(row: &Row, place: &Path) -> [Command; 2] {
    let mut get = Command::new("python3");
    get.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]);
    get.args(["--python-version", "3.13", "--dest"]).arg(place);
    get.arg(format!("{}=={}", row.package, row.version));
    let mut unpack = Command::new("python3");
    unpack.args(["-c", "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall()"]);
    [get, unpack]
}

/// Runs a client to its end.
fn said(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("{name}: {}: {last}", output.status))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::suites::registry::{Printed, Tiers};
    use crate::suites::scratch::Scratch;

    fn row(registry: Registry, path: &str) -> Row {
        Row {
            id: "a".to_owned(),
            registry,
            package: "@b/c".to_owned(),
            version: "1.0.0".to_owned(),
            path: path.into(),
            sha256: String::new(),
            bytes: 0,
            tiers: Tiers::None,
            command: vec!["validate".to_owned()],
            printed: Printed::Text(String::new()),
        }
    }

    fn words(command: &Command) -> String {
        let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn packages_are_asked_for_by_name_and_version_alone() {
        let [get, unpack] = npm(&row(Registry::Npm, "x"), Path::new("d"));
        assert_eq!(words(&get), "pack --silent --pack-destination d @b/c@1.0.0");
        assert_eq!(words(&unpack), "-xzf");
        let [get, _] = pypi(&row(Registry::Pypi, "x"), Path::new("d"));
        assert!(words(&get).contains("--no-deps --only-binary=:all:"), "{get:?}");
        assert!(words(&get).ends_with("--dest d @b/c==1.0.0"), "{get:?}");
    }

    /// An archive that a client would have got is unpacked, and a file that it lacks is an error.
    #[test]
    fn an_archive_is_unpacked_in_its_place() {
        let scratch = Scratch::new("fetch").expect("a folder");
        fs::create_dir(scratch.path.join("package")).expect("a folder");
        fs::write(scratch.path.join("package/x.wasm"), "x").expect("a file");
        let mut pack = Command::new("tar");
        pack.args(["-czf", "a.tgz", "package"]).current_dir(&scratch.path);
        said(&mut pack).expect("tar is there");
        fs::remove_dir_all(scratch.path.join("package")).expect("it is there");
        let [_, mut unpack] = npm(&row(Registry::Npm, "x"), &scratch.path);
        let found = archive(&scratch.path).expect("one");
        said(unpack.arg(found).current_dir(&scratch.path)).expect("it is unpacked");
        let text = fs::read_to_string(scratch.path.join("package/x.wasm")).expect("a file");
        assert_eq!(text, "x");
        let mut absent = Command::new("tar");
        let error = said(absent.args(["-xzf", "none.tgz"])).expect_err("there is none");
        assert!(error.starts_with("tar: exit status"), "{error}");
        assert!(archive(Path::new("nowhere")).is_err());
        let empty = Scratch::new("fetch").expect("a folder");
        assert!(archive(&empty.path).expect_err("none").contains("no archive"));
    }
}
