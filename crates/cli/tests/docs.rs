//! The pages' commands, run: every `$ …` line of a `console` block, its output compared with the
//! lines below it.
//!
//! The blocks of a page run one after the other in one directory. It is a copy of the folder that
//! the page names in a line `in a copy of `FOLDER``; a page of the book (`book`) has a copy of
//! `tests/cases`, in which `bin`, `specialize`, `substrate` and `threads` of `programs` lie too. A
//! line of `> …` goes on with the command above it; a line `…` stands for any number of lines;
//! `[exit N]` ends the output of a command whose code is not 0. The directory's own name is written
//! `~/two-builds`. `PROVA_BLESS=1` writes what the commands print into the page, where it differs.
//! Of a page whose sections need different tools one section runs (`section`), after the blocks
//! above all sections.
//!
//! Every page of `docs/reference` that has a console block runs; its name stands in no list. Green
//! shows that the pages tell the truth about these commands, not that they are good pages, nor that
//! the prose is true.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const HOME: &str = "~/two-builds";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A copy of a folder, removed at the end.
struct Place(PathBuf);

impl Place {
    /// The place of a page with this name and text.
    ///
    /// # Panics
    /// If the page names a folder that is not there.
    fn new(name: &str, text: &str) -> Place {
        let path = std::env::temp_dir().join(format!("prova-docs-{}-{name}", std::process::id()));
        match folder(text) {
            Some(folder) => copy(&root().join(folder), &path),
            None => {
                copy(&root().join("tests/cases"), &path);
                for folder in ["bin", "specialize", "substrate", "threads"] {
                    copy(&root().join("programs").join(folder), &path.join(folder));
                }
            }
        }
        Place(path.canonicalize().expect("it was made"))
    }

    /// The folder that programs have as the user's cache, beside this one.
    fn cache(&self) -> PathBuf {
        self.0.with_added_extension("cache")
    }
}

/// The folder that a page names.
fn folder(text: &str) -> Option<&str> {
    text.split_once("in a copy of `")?.1.split('`').next()
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
        fs::remove_dir_all(self.cache()).ok();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        let copied = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("it can be copied");
        }
    }
}

/// The lines that a command prints, and its code.
fn run(place: &Place, command: &str) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_prova"));
    let mut path = program.parent().expect("it is in a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let date = "2020-07-01T12:00:00Z";
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(&place.0)
        .env("PATH", path)
        // What an earlier test has left in the user's cache would be taken from there.
        .env("XDG_CACHE_HOME", place.cache())
        // Settings of the Cargo that runs this test are not those of a reader's.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "You")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "you@example.org")))
        .output()
        .expect("there is a shell");
    let text =
        String::from_utf8_lossy(&output.stdout).replace(&place.0.display().to_string(), HOME);
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    match output.status.code() {
        Some(0) => {}
        code => lines.push(format!("[exit {}]", code.unwrap_or(-1))),
    }
    lines
}

/// Whether lines are as a page has them.
fn matches(expected: &[&str], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"…", rest)) => (0..=actual.len()).any(|skip| matches(rest, &actual[skip..])),
        Some((first, rest)) => {
            actual.split_first().is_some_and(|(line, after)| line == first && matches(rest, after))
        }
    }
}

/// The text of a page and the place where it runs, of this section if one is named.
fn open(path: &Path, section: &str) -> (String, Place) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // A tutorial may have the name of a page, and run at the same time.
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default();
    let name = format!("{}-{}{section}", folder.to_string_lossy(), stem.to_string_lossy());
    let place = Place::new(&name, &text);
    (text, place)
}

/// Runs a page, or of its sections (`## NAME`) one; the page as it should be, and what was wrong.
fn page(path: &Path, text: &str, place: &Place, section: Option<&str>) -> (String, String) {
    let lines: Vec<&str> = text.lines().collect();
    let (mut page, mut wrong, mut at, mut commands) = (String::new(), String::new(), 0, 0);
    let mut runs = true;
    while at < lines.len() {
        writeln!(page, "{}", lines[at]).ok();
        at += 1;
        if let Some(heading) = lines[at - 1].strip_prefix("## ") {
            runs = section.is_none_or(|section| section == heading);
        }
        if lines[at - 1] != "```console" || !runs {
            continue;
        }
        while at < lines.len() && lines[at] != "```" {
            let mut command = lines[at]
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("{}:{}: no command", path.display(), at + 1))
                .to_owned();
            writeln!(page, "{}", lines[at]).ok();
            at += 1;
            while let Some(more) = lines.get(at).and_then(|line| line.strip_prefix("> ")) {
                write!(command, "\n{more}").ok();
                writeln!(page, "{}", lines[at]).ok();
                at += 1;
            }
            let until =
                (at..lines.len()).find(|&at| lines[at].starts_with("$ ") || lines[at] == "```");
            let expected = &lines[at..until.unwrap_or(lines.len())];
            let actual = run(place, &command);
            commands += 1;
            if matches(expected, &actual) {
                expected.iter().for_each(|line| writeln!(page, "{line}").unwrap_or_default());
            } else {
                actual.iter().for_each(|line| writeln!(page, "{line}").unwrap_or_default());
                writeln!(wrong, "{}:{}: $ {command}\n{}", path.display(), at, actual.join("\n"))
                    .ok();
            }
            at += expected.len();
        }
    }
    assert!(commands > 0, "{} has no command", path.display());
    (page, wrong)
}

/// Runs a page of `docs`.
pub(crate) fn check(name: &str) {
    check_all(&[name.to_owned()]);
}

/// Runs pages of `docs`, all of them, before it says what was wrong.
fn check_all(names: &[String]) {
    let mut all = String::new();
    for name in names {
        let path = root().join("docs").join(name);
        let (text, place) = open(&path, "");
        let (page, wrong) = page(&path, &text, &place, None);
        match is_blessed() {
            true => fs::write(&path, page).expect("the page can be written"),
            false => all.push_str(&wrong),
        }
    }
    nothing_wrong(&all);
}

/// Runs one section of a page of `docs`, if this command ends well in the place where it runs.
///
/// # Errors
/// What that command printed, if it did not.
pub(crate) fn section(name: &str, section: &str, needs: &str) -> Result<(), String> {
    static PAGE: Mutex<()> = Mutex::new(());
    // Sections that are blessed write the same page.
    let _held = is_blessed().then(|| PAGE.lock().unwrap_or_else(PoisonError::into_inner));
    let path = root().join("docs").join(name);
    let (text, place) = open(&path, section);
    assert!(text.contains(&format!("\n## {section}\n")), "{name} has no section {section}");
    let said = run(&place, needs);
    if said.last().is_some_and(|line| line.starts_with("[exit ")) {
        return Err(said.join("\n"));
    }
    let (page, wrong) = page(&path, &text, &place, Some(section));
    match is_blessed() {
        true => fs::write(&path, page).expect("the page can be written"),
        false => nothing_wrong(&wrong),
    }
    Ok(())
}

fn is_blessed() -> bool {
    std::env::var_os("PROVA_BLESS").is_some()
}

/// # Panics
/// If a command has printed something else than its page says.
fn nothing_wrong(all: &str) {
    assert!(
        all.is_empty(),
        "a command prints something else than its page has; if that is right, \
         PROVA_BLESS=1 cargo test -p prova-cli --test cli TEST (this test's name) rewrites the \
         page\n{all}"
    );
}

/// How many tests share the pages of `docs/reference`.
const PARTS: usize = 5;

/// Every fifth page of `docs/reference` that has a console block, beginning with this one.
fn reference(part: usize) {
    let pages: Vec<String> = super::pages::pages()
        .into_iter()
        .filter(|(_, text)| text.contains("```console\n"))
        .map(|(name, text)| {
            assert!(folder(&text).is_some(), "{name} does not say in a copy of which folder");
            format!("reference/{name}")
        })
        .collect();
    assert!(pages.len() >= 3 * PARTS, "{pages:?}");
    check_all(&pages.into_iter().skip(part).step_by(PARTS).collect::<Vec<_>>());
}

#[test]
fn reference_1_of_5() {
    reference(0);
}

#[test]
fn reference_2_of_5() {
    reference(1);
}

#[test]
fn reference_3_of_5() {
    reference(2);
}

#[test]
fn reference_4_of_5() {
    reference(3);
}

#[test]
fn reference_5_of_5() {
    reference(4);
}

#[test]
fn an_ellipsis_stands_for_lines_and_nothing_else_does() {
    let actual = ["a", "b", "c"].map(String::from);
    assert!(
        matches(&["a", "…", "c"], &actual)
            && matches(&["…"], &actual)
            && matches(&["a", "b", "c", "…"], &actual)
    );
    assert!(
        !matches(&["a", "…", "d"], &actual)
            && !matches(&["a", "c"], &actual)
            && !matches(&[], &actual)
    );
}
