//! The form of `docs/reference`: a page for each command, all in one order, with what `--help` has.
//!
//! Green does not show that a page is true: `docs` runs its examples, and nothing reads its prose.

use prova_optimize::Pass;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The headings of a page, in their order.
const HEADINGS: [&str; 6] = ["Synopsis", "Example", "Options", "Output", "Exit codes", "Limits"];

/// Most words of a paragraph or an item of a list, and of a cell of a table.
const WORDS_MAX: (usize, usize) = (60, 40);

/// Options of all commands with an engine: `run.md` has them, and other pages refer to it.
const ENGINE: [&str; 4] = ["--tier", "--deterministic", "--wasm", "--optimize"];
const ENGINE_LINK: &str = "(run.md#engine-options)";
/// A page with this link has the options of `prova run` there.
const RUN_LINK: &str = "](run.md#options)";

/// Parts of sentences that readers did not understand: they must not come back.
const UNCLEAR: [&str; 12] = [
    "after which that function first was another",
    "from an address that was accessed as far before",
    "a store goes that is overwritten",
    "A function that does not come through",
    "lets chance in",
    "let chance in",
    "Of two comparisons that would do alone",
    "it rests on what lies behind the memory",
    "z3 is not asked again",
    "is never folded under what is",
    "are no structure",
    "there are two copies at most",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Name and text of each page of a command, by name.
pub(super) fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| name != "README.md")
        .map(|(name, path)| (name, std::fs::read_to_string(path).expect("it can be read")))
        .collect();
    pages.sort();
    assert!(pages.len() >= 20, "{} pages", pages.len());
    pages
}

/// The lines of a page outside of its fences, with their numbers.
fn prose(page: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (at, line) in page.lines().enumerate() {
        fenced ^= line.starts_with("```");
        lines.push((at + 1, if fenced || line.starts_with("```") { "" } else { line }));
    }
    lines
}

/// The fault of a page's headings, if they have one.
fn headings(page: &str) -> Option<String> {
    let found: Vec<&str> =
        prose(page).into_iter().filter_map(|(_, line)| line.strip_prefix("## ")).collect();
    let titled = page.starts_with("# `prova ");
    (found != HEADINGS || !titled).then(|| format!("headings {found:?}, not {HEADINGS:?}"))
}

/// The paragraphs, items and cells of a page that have too many words.
fn long(page: &str) -> Vec<String> {
    let (mut long, mut paragraph, mut start) = (Vec::new(), 0, 0);
    for (at, line) in prose(page).into_iter().chain([(0, "")]) {
        let text = line.trim_start();
        let item = text.strip_prefix("- ").or_else(|| text.split_once(". ").and_then(numbered));
        if text.is_empty() || text.starts_with('|') || text.starts_with('#') || item.is_some() {
            if paragraph > WORDS_MAX.0 {
                long.push(format!("line {start}: a paragraph of {paragraph} words"));
            }
            (paragraph, start) = (0, at);
        }
        if text.starts_with('|') {
            let cells = text.split('|').map(|cell| cell.split_whitespace().count());
            let most = cells.max().unwrap_or(0);
            if most > WORDS_MAX.1 {
                long.push(format!("line {at}: a cell of {most} words"));
            }
        } else {
            paragraph += item.unwrap_or(text).split_whitespace().count();
        }
    }
    long
}

/// The text of an item of a numbered list.
fn numbered<'t>((number, text): (&str, &'t str)) -> Option<&'t str> {
    number.parse::<u32>().is_ok().then_some(text)
}

/// The help of a command.
pub(super) fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prova"));
    let output = command.args(words).arg("--help").output().expect("the program runs");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("help is text")
}

/// The commands that a help lists.
pub(super) fn commands(help: &str) -> Vec<&str> {
    let list = help.split_once("\nCommands:\n").map_or("", |(_, list)| list);
    let rows = list.lines().take_while(|line| line.starts_with("  "));
    let names = rows.filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

/// The long options that a text names at the start of a line of help.
fn options(help: &str) -> BTreeSet<&str> {
    let rows = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = rows.flat_map(|line| line.split(' ').take(2));
    let names = words.filter(|word| word.starts_with("--"));
    names.map(|word| word.split(['=', '[']).next().unwrap_or(word)).collect()
}

/// The long options in the first cells of the tables of a page's section on options.
fn listed(page: &str) -> BTreeSet<&str> {
    let section = page.split_once("\n## Options\n").map_or("", |(_, rest)| rest);
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let words = cells.flat_map(|cell| cell.split(['`', ' ', '=', '[', ',']));
    words.filter(|word| word.strip_prefix("--").is_some_and(|name| !name.is_empty())).collect()
}

/// Whether a page names an option, as a whole word.
fn names(page: &str, option: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    page.match_indices(option).any(|(at, _)| ends(&page[at + option.len()..]))
}

#[test]
fn every_page_has_the_headings_in_order_and_short_paragraphs() {
    let mut wrong = String::new();
    for (name, page) in pages() {
        headings(&page)
            .into_iter()
            .for_each(|what| wrong += &format!("docs/reference/{name}: {what}\n"));
        long(&page)
            .into_iter()
            .for_each(|what| wrong += &format!("docs/reference/{name}: {what}\n"));
        for words in UNCLEAR.iter().filter(|words| page.contains(**words)) {
            wrong += &format!("docs/reference/{name}: `{words}`: say it plainly\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_command_has_a_page_and_every_option_a_place_on_it() {
    let top = help(&[]);
    let commands_of_all = commands(&top);
    assert!(commands_of_all.len() >= 20, "{commands_of_all:?}");
    let pages = pages();
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("it is there");
    let run = help(&["run"]);
    let run_options = options(&run);
    let mut wrong = String::new();
    for command in &commands_of_all {
        let name = format!("{command}.md");
        let Some((_, page)) = pages.iter().find(|(page, _)| *page == name) else {
            wrong += &format!(
                "docs/reference/{name} is missing: `# `prova {command}`, then {HEADINGS:?}\n"
            );
            continue;
        };
        if !readme.contains(&format!("]({name})")) {
            wrong += &format!("docs/reference/README.md does not lead to {name}: add its row\n");
        }
        let own = help(&[command]);
        let below: Vec<String> = commands(&own).iter().map(|sub| help(&[command, sub])).collect();
        let all: BTreeSet<&str> =
            below.iter().chain([&own]).flat_map(|text| options(text)).collect();
        for option in &all {
            let known = *option == "--help" || *option == "--version";
            let engine = ENGINE.contains(option) && page.contains(ENGINE_LINK);
            let of_run = run_options.contains(option) && page.contains(RUN_LINK);
            if !known && !engine && !of_run && !names(page, option) {
                wrong += &format!("docs/reference/{name} does not name {option}\n");
            }
        }
        for option in listed(page).difference(&all) {
            wrong +=
                &format!("docs/reference/{name} lists {option}, which the command does not have\n");
        }
    }
    for (name, _) in &pages {
        if !commands_of_all.iter().any(|command| format!("{command}.md") == *name) {
            wrong += &format!("docs/reference/{name}: there is no such command\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_page_of_opt_has_the_passes_in_their_order() {
    let page = std::fs::read_to_string(folder().join("opt.md")).expect("it is there");
    let order: Vec<&str> = Pass::DEFAULT.iter().map(|pass| pass.name()).collect();
    assert!(page.contains(&format!("`{}`", order.join(","))), "{order:?}");
    let table = page.split_once("\n| pass |").expect("a table of passes").1;
    let rows: BTreeSet<&str> = table
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let passes: BTreeSet<&str> = Pass::ALL.iter().map(|pass| pass.name()).collect();
    assert_eq!(rows, passes);
}

#[test]
fn what_is_wrong_with_a_page_is_seen() {
    let good =
        "# `prova x`\n## Synopsis\n## Example\n## Options\n## Output\n## Exit codes\n## Limits\n";
    assert_eq!(headings(good), None);
    assert!(headings(&good.replace("## Options\n", "")).is_some());
    assert!(headings(&good.replace("# `prova x`", "# x")).is_some());
    assert!(headings(&good.replace("## Options\n", "```\n## Options\n```\n")).is_some());
    let words = |count: usize| vec!["word"; count].join(" ");
    assert!(long(&words(60)).is_empty() && long(&words(61)).len() == 1);
    assert!(long(&format!("{}\n- {}", words(40), words(40))).is_empty());
    assert!(long(&format!("{}\n{}", words(40), words(40))).len() == 1);
    assert!(long(&format!("1. {}\n2. {}", words(60), words(61))).len() == 1);
    assert!(long(&format!("| {} | {} |", words(40), words(40))).is_empty());
    assert!(long(&format!("| x | {} |", words(41))).len() == 1);
    assert!(long(&format!("```\n{}\n```", words(90))).is_empty());
    let help = "Runs\n\nCommands:\n  one   Does\n        more\n  help  x\n\nOptions:\n  -j, --jobs <N>\n      --stats[=<WHAT>]  with --other\n";
    assert_eq!(commands(help), ["one"]);
    assert_eq!(options(help), BTreeSet::from(["--jobs", "--stats"]));
    let page = "\n## Options\n| `--jobs N`, `-W` | `--not` |\n## Output\n| `--nor` | x |";
    assert_eq!(listed(page), BTreeSet::from(["--jobs"]));
    assert!(names("`--jobs`", "--jobs") && !names("--jobs-max", "--jobs"));
}
