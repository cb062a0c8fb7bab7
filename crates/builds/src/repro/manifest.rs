//! A package's manifest and a dependency → the same manifest that asks for other features of it.
//!
//! [`confirm`](super::confirm) patches with it. The rest of the manifest stays as it is, comments
//! included (`toml_edit`).
//!
//! 1. A form that is not understood is an error, never a manifest that asks for the same as before.

use anyhow::{Context, Result, bail, ensure};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value, value};

/// The manifest with `dependency` asked for without default features, but with these.
///
/// # Errors
/// If the manifest is no TOML, has no such dependency, or inherits it from a workspace.
pub fn with_features(manifest: &str, dependency: &str, features: &[String]) -> Result<String> {
    let mut document: DocumentMut = manifest.parse().context("the manifest is no TOML")?;
    let mut found = asked(document.as_table_mut(), dependency, features)?;
    if let Some(targets) = document.get_mut("target").and_then(Item::as_table_like_mut) {
        for (_, target) in targets.iter_mut() {
            let target = target.as_table_like_mut().context("a target is no table")?;
            found += asked(target, dependency, features)?;
        }
    }
    ensure!(found > 0, "the manifest has no dependency `{dependency}`");
    Ok(document.to_string())
}

/// Changes the dependency where `tables` asks for it, but not for development; how often that was.
fn asked(tables: &mut dyn TableLike, dependency: &str, features: &[String]) -> Result<usize> {
    let mut found = 0;
    for kind in ["dependencies", "build-dependencies"] {
        let list = tables.get_mut(kind).and_then(Item::as_table_like_mut);
        if let Some(item) = list.and_then(|list| list.get_mut(dependency)) {
            ask(item, features).with_context(|| format!("dependency `{dependency}`"))?;
            found += 1;
        }
    }
    Ok(found)
}

/// Changes one dependency: a version alone, an inline table, or a table.
fn ask(item: &mut Item, features: &[String]) -> Result<()> {
    if let Item::Value(Value::String(version)) = item {
        let mut table = InlineTable::new();
        table.insert("version", version.value().as_str().into());
        *item = value(table);
    }
    let Some(table) = item.as_table_like_mut() else { bail!("neither a version nor a table") };
    ensure!(!table.contains_key("workspace"), "it is inherited from the workspace");
    for key in ["default-features", "default_features", "features"] {
        table.remove(key);
    }
    table.insert("default-features", value(false));
    table.insert("features", value(features.iter().collect::<Array>()));
    table.fmt();
    Ok(())
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
                "[dependencies.a]\nversion = \"1\"\ndefault-features = false\nfeatures = [\"std\"]\n\n[features]\na = []\n",
            ),
            (
                "[target.\"cfg(unix)\".dependencies.a]\nversion = \"1\"\n",
                "[target.\"cfg(unix)\".dependencies.a]\nversion = \"1\"\ndefault-features = false\nfeatures = [\"std\"]\n",
            ),
            (
                "# why\n[build-dependencies]\n\"a\" = { features = [\"]\"], version = '1' } # kept\n",
                "# why\n[build-dependencies]\n\"a\" = { version = '1', default-features = false, features = [\"std\"] } # kept\n",
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
            "[dependencies]\na = \"1\n",
        ] {
            assert!(with_features(manifest, "a", &[]).is_err(), "{manifest}");
        }
    }
}
