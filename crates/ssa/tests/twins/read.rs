//! Reads the files of twins; `README.md` beside it has their format.

use crate::edit::edit;
use std::path::Path;

/// Which relation of two bodies a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A body is the SSA form of its Wasm.
    Wasm,
    /// A body does what another one does, block by block.
    Passes,
    /// The blocks of a body are copies of those of another one.
    Copies,
    /// A function's Wasm is what a body says.
    Emission,
}

/// A module, a body of one of its functions, and what is judged beside it.
pub(crate) struct Group {
    /// File and line.
    pub(crate) at: String,
    pub(crate) kind: Kind,
    pub(crate) module: String,
    pub(crate) body: String,
    pub(crate) twins: Vec<Twin>,
}

/// One body after, as lines, and its verdict.
pub(crate) struct Twin {
    /// File and line.
    pub(crate) at: String,
    pub(crate) verdict: String,
    pub(crate) title: String,
    lines: Vec<String>,
}

/// Words that make a line a claim.
const CLAIMS: &[&str] = &["is", "always", "over", "covered", "overwritten", "dying"];

fn is_claim(line: &str) -> bool {
    let is_edit = line.contains(" =>") || EDITS.iter().any(|edit| line.starts_with(edit));
    !is_edit && line.split(' ').take(2).any(|word| CLAIMS.contains(&word))
}

/// Words that begin an edit.
const EDITS: &[&str] = &["drop ", "twice ", "swap ", "after "];

impl Twin {
    /// The text after: the lines that are a whole body, or the text before with edits.
    pub(crate) fn after(&self, before: &str) -> String {
        if let Some(at) = self.lines.iter().position(|line| line.starts_with("ssa ")) {
            return self.lines[at..].iter().map(|line| format!("{line}\n")).collect();
        }
        let edits = self.lines.iter().map(|line| line.trim()).filter(|line| !is_claim(line));
        edits.fold(before.to_owned(), |text, one| edit(&text, one))
    }

    pub(crate) fn claims(&self) -> Vec<&str> {
        let lines = self.lines.iter().take_while(|line| !line.starts_with("ssa "));
        lines.map(|line| line.trim()).filter(|line| is_claim(line)).collect()
    }
}

/// All groups of all files. A body that is only a head is `built`; with `PROVA_BLESS` set it is
/// written into the file.
pub(crate) fn groups(built: impl Fn(&Group) -> Option<String>) -> Vec<Group> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twins");
    let entries = std::fs::read_dir(folder).expect("the crate carries the files");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let mut groups = read(name, &text);
        let mut new = text.clone();
        for group in &mut groups {
            if let Some(body) = built(group) {
                let part = |body: &str| format!("== body\n{body}== twins\n");
                new = new.replacen(&part(&group.body), &part(&body), 1);
                group.body = body;
            }
        }
        assert!(new == text || std::env::var_os("PROVA_BLESS").is_some(), "{name}: no body");
        if new != text {
            std::fs::write(&path, new).expect("a writable file");
        }
        all.extend(groups);
    }
    all
}

/// Where lines go.
enum Part {
    None,
    Module,
    Body,
    Twins,
}

/// The groups of a text.
fn read(name: &str, text: &str) -> Vec<Group> {
    let (mut groups, mut part): (Vec<Group>, Part) = (Vec::new(), Part::None);
    for (number, line) in (1..).zip(text.lines()) {
        let at = format!("{name}:{number}");
        if line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix("== ") {
            let kind = |kind| Group {
                at: at.clone(),
                kind,
                module: String::new(),
                body: String::new(),
                twins: Vec::new(),
            };
            part = match head {
                "body" => Part::Body,
                "twins" => Part::Twins,
                _ => {
                    groups.push(kind(match head {
                        "wasm" => Kind::Wasm,
                        "passes" => Kind::Passes,
                        "copies" => Kind::Copies,
                        "emission" => Kind::Emission,
                        _ => panic!("{at}: no part: {head}"),
                    }));
                    Part::Module
                }
            };
            continue;
        }
        let Some(group) = groups.last_mut() else { continue };
        match part {
            Part::None => {}
            Part::Module => group.module += &format!("{line}\n"),
            Part::Body => group.body += &format!("{line}\n"),
            Part::Twins => twin_line(group, at, line),
        }
    }
    groups.iter_mut().for_each(|group| group.body = group.body.trim_end().to_owned() + "\n");
    groups
}

/// A line of the part with twins: the head of one, or what belongs to the last one.
fn twin_line(group: &mut Group, at: String, line: &str) {
    let is_head = line.starts_with("accepted:") || line.starts_with("refused ");
    if let Some((verdict, title)) = line.split_once(": ").filter(|_| is_head) {
        let (verdict, title) = (verdict.to_owned(), title.to_owned());
        group.twins.push(Twin { at, verdict, title, lines: Vec::new() });
    } else if !line.is_empty() {
        let twin = group.twins.last_mut().unwrap_or_else(|| panic!("{at}: no verdict: {line}"));
        twin.lines.push(line.to_owned());
    }
}
