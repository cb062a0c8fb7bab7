//! A package's manifest and a dependency → the same manifest that asks for other features of it.
//!
//! Neighbours: [`confirm`](super::confirm) patches with it. No TOML parser is needed: of the three forms a dependency has (`name = "1"`,
//! `name = { … }`, a table `[dependencies.name]`) each is found by its line, and the keys `default-features` and `features` are replaced. Whatever
//! else is in the manifest stays byte for byte.
//!
//! 1. A form that is not understood is an error, never a manifest that asks for the same as before.

use anyhow::{Result, bail, ensure};

/// The manifest with `dependency` asked for without default features, but with these.
///
/// # Errors
/// If the manifest has no such dependency, or inherits it from a workspace.
pub fn with_features(manifest: &str, dependency: &str, features: &[String]) -> Result<String> {
    let list: Vec<String> = features.iter().map(|feature| format!("{feature:?}")).collect();
    let keys = format!("default-features = false, features = [{}]", list.join(", "));
    let mut out: Vec<String> = Vec::new();
    let (mut section, mut found) = (String::new(), 0);
    for line in logical_lines(manifest) {
        let trimmed = line.trim();
        if let Some(header) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = header.trim_start_matches('[').trim().to_owned();
            out.push(line.clone());
            if own_table(&section, dependency) {
                out.push("default-features = false".to_owned());
                out.push(format!("features = [{}]", list.join(", ")));
                found += 1;
            }
            continue;
        }
        let key = trimmed.split('=').next().unwrap_or_default().trim().trim_matches('"').to_owned();
        if own_table(&section, dependency) {
            ensure!(key != "workspace", "`{dependency}` is inherited from the workspace");
            if !is_features(&key) {
                out.push(line.clone());
            }
        } else if dependencies(&section) && key == dependency {
            out.push(inline(trimmed, &keys)?);
            found += 1;
        } else {
            out.push(line.clone());
        }
    }
    ensure!(found > 0, "the manifest has no dependency `{dependency}`");
    Ok(out.join("\n") + "\n")
}

fn is_features(key: &str) -> bool {
    matches!(key, "default-features" | "default_features" | "features")
}

/// `dependencies`, `target.….dependencies`, but not those of development.
fn dependencies(section: &str) -> bool {
    let last = section.rsplit('.').next().unwrap_or_default();
    matches!(last, "dependencies" | "build-dependencies")
}

/// `[dependencies.name]` and the like.
fn own_table(section: &str, dependency: &str) -> bool {
    let name = section.rsplit('.').next().unwrap_or_default().trim_matches('"');
    section.len() > name.len()
        && name == dependency
        && section.rsplit_once('.').is_some_and(|(before, _)| dependencies(before))
}

/// A dependency in one line.
fn inline(line: &str, keys: &str) -> Result<String> {
    let Some((name, value)) = line.split_once('=') else { bail!("`{line}` is no dependency") };
    let (name, value) = (name.trim(), value.trim());
    if value.starts_with('"') || value.starts_with('\'') {
        return Ok(format!("{name} = {{ version = {value}, {keys} }}"));
    }
    let Some(inside) = value.strip_prefix('{').and_then(|rest| rest.trim_end().strip_suffix('}'))
    else {
        bail!("`{line}` is not understood")
    };
    let mut kept = Vec::new();
    for entry in entries(inside) {
        let key = entry.split('=').next().unwrap_or_default().trim();
        ensure!(key != "workspace", "`{name}` is inherited from the workspace");
        if !is_features(key) && !entry.trim().is_empty() {
            kept.push(entry.trim().to_owned());
        }
    }
    kept.push(keys.to_owned());
    Ok(format!("{name} = {{ {} }}", kept.join(", ")))
}

/// The entries of an inline table, without the commas between them.
fn entries(inside: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    found.push(&inside[start..]);
    found
}

/// Lines, where an array over several lines is one.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = 0i32;
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default();
        let is_header = open == 0 && code.trim_start().starts_with('[');
        match lines.last_mut().filter(|_| open > 0) {
            Some(last) => {
                last.push(' ');
                last.push_str(code.trim());
            }
            None => lines.push(line.to_owned()),
        }
        if !is_header {
            let count = |c: char| code.matches(c).count() as i32;
            open = (open + count('[') - count(']')).max(0);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_dependency_asks_for_the_new_features() {
        let new = ["std".to_owned()];
        for (old, expected) in [
            (
                "[dependencies]\na = \"1\"\nb = \"2\"\n",
                "[dependencies]\na = { version = \"1\", default-features = false, features = [\"std\"] }\nb = \"2\"\n",
            ),
            (
                "[dependencies]\na = { version = \"1\", features = [\"x\", \"y\"], optional = true }\n",
                "[dependencies]\na = { version = \"1\", optional = true, default-features = false, features = [\"std\"] }\n",
            ),
            (
                "[dependencies.a]\nversion = \"1\"\nfeatures = [\n  \"x\",\n]\n\n[features]\na = []\n",
                "[dependencies.a]\ndefault-features = false\nfeatures = [\"std\"]\nversion = \"1\"\n\n[features]\na = []\n",
            ),
            (
                "[target.\"cfg(unix)\".dependencies.a]\nversion = \"1\"\n",
                "[target.\"cfg(unix)\".dependencies.a]\ndefault-features = false\nfeatures = [\"std\"]\nversion = \"1\"\n",
            ),
        ] {
            assert_eq!(with_features(old, "a", &new).expect("it is there"), expected);
        }
    }

    #[test]
    fn what_cannot_be_changed_is_an_error() {
        for manifest in [
            "",
            "[dependencies]\nb = \"1\"\n",
            "[dev-dependencies]\na = \"1\"\n",
            "[dependencies]\na = { workspace = true }\n",
            "[dependencies.a]\nworkspace = true\n",
            "[dependencies]\na = 1\n",
        ] {
            assert!(with_features(manifest, "a", &[]).is_err(), "{manifest}");
        }
    }
}
