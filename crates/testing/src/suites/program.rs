//! Where the `prova` program is: built from the same sources, in the same profile as this process.
//!
//! A test of the program in another package cannot ask cargo for it beforehand, so this asks when
//! it is needed. So the program that runs is never an old build.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds `prova` in the profile of this process and says where it is. Without cargo (`CARGO` is
/// not set), the program that lies beside this one.
///
/// # Errors
/// If cargo fails, with its words, or if there is no program.
pub fn built() -> Result<PathBuf, String> {
    let exe = env::current_exe().map_err(|error| error.to_string())?;
    let folder = exe.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let folder = folder.ok_or("this program lies in no folder")?;
    if let Some(cargo) = env::var_os("CARGO") {
        build(cargo.as_ref(), folder)?;
    }
    let program = folder.join(format!("prova{}", env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is missing: build `prova-cli`", program.display()))
}

/// Asks cargo to build the program into `folder`, which is the target folder's one of a profile.
///
/// The whole workspace is named, and a test that is small, so that libraries have the features with
/// which `cargo test --workspace` has just built them: a package by itself, and programs without
/// tests, would have others, and everything would be built once more.
fn build(cargo: &Path, folder: &Path) -> Result<(), String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let profile = if name == "debug" { "dev" } else { name };
    let target = folder.parent().ok_or("the profile's folder lies in no folder")?;
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bin", "prova", "--test", "tidy"])
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(crate::root())
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
