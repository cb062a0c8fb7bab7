//! The options of `prova run` as they are given → as they are meant: with those of `--config` and
//! `--profile`, and with the arguments that stand in `--invoke`.
//!
//! A file of `--config` has a table for each group of options, as Wasmtime's has; what the command
//! line says too is not taken from the file.

use crate::args::RunArgs;
use crate::debug;
use crate::report::{Misuse, Shown as _};
use crate::sampling::Sampling;
use prova_core::{Config, Context, Result, bail};
use std::borrow::Cow;
use std::path::Path;
use toml_edit::{DocumentMut, Item, Value};

/// The most bytes of a file of `--config`.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// The options as they are meant.
///
/// # Errors
/// [`Misuse`], and where the file cannot be read.
pub(crate) fn settled(args: &RunArgs) -> Result<Cow<'_, RunArgs>> {
    let invoked = args.invoke.as_deref().and_then(call);
    let as_given = args.config.is_none() && args.profile.is_none();
    if as_given && invoked.is_none() && args.gdbstub.is_none() {
        return Ok(Cow::Borrowed(args));
    }
    let mut args = args.clone();
    if let Some(file) = args.config.clone() {
        add_file(&mut args, &file)?;
    }
    if args.gdbstub.is_some() {
        args.engine = debug::engine(&args.engine)?;
    }
    match args.profile.as_deref() {
        None => {}
        Some(guest) if Sampling::parse(Some(guest), &mut Config::new())?.is_some() => {
            args.engine = Sampling::engine(&args.engine)?;
        }
        Some("perfmap") => args.engine.optimize.push("perf-map".into()),
        Some("jitdump") => args.engine.optimize.push("jit-dump".into()),
        Some(other) => {
            let why = match other.split([',', '=']).next().unwrap_or_default() {
                "vtune" => {
                    "there is no connection to VTune; `perfmap` names machine code for `perf`"
                }
                _ => "the strategy is `guest`, `perfmap` or `jitdump`",
            };
            bail!(Misuse(format!("`--profile {other}`: {why}")));
        }
    }
    if let Some((name, values)) = invoked {
        if args.module_and_args.len() > 1 {
            bail!(Misuse(format!(
                "`--invoke {}`: its arguments stand behind the module as well",
                args.invoke.unwrap_or_default()
            )));
        }
        args.module_and_args.extend(values.into_iter().map(Into::into));
        args.invoke = Some(name);
    }
    Ok(Cow::Owned(args))
}

/// Name and arguments of `f(1, 2)`; none if it is a name alone.
fn call(text: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = text.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let values = match inside.trim() {
        "" => Vec::new(),
        inside => inside.split(',').map(|value| value.trim().to_owned()).collect(),
    };
    Some((name.trim().to_owned(), values))
}

/// Adds the options of a file that are not given already.
fn add_file(args: &mut RunArgs, file: &Path) -> Result<()> {
    let name = file.shown();
    let size = std::fs::metadata(file).map(|about| about.len());
    if size.with_context(|| format!("failed to read `{name}`"))? > CONFIG_BYTES_MAX {
        bail!(Misuse(format!("`--config {name}`: it has more than {CONFIG_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read `{name}`"))?;
    let tables: DocumentMut = match text.parse() {
        Ok(tables) => tables,
        Err(error) => bail!(Misuse(format!("`--config {name}`: {error}"))),
    };
    for (group, table) in tables.iter() {
        let options = match group {
            "wasm" => &mut args.engine.wasm,
            "optimize" => &mut args.engine.optimize,
            "codegen" => &mut args.codegen,
            "debug" => &mut args.debug,
            "wasi" => &mut args.wasi,
            other => bail!(Misuse(format!(
                "`--config {name}`: there is no group `{other}`; the groups are [wasm], [optimize], [codegen], [debug] and [wasi]"
            ))),
        };
        let Some(table) = table.as_table_like() else {
            bail!(Misuse(format!("`--config {name}`: `{group}` is to be a table")));
        };
        let given: Vec<String> = options
            .iter()
            .flat_map(|option| option.split(','))
            .map(|pair| pair.split('=').next().unwrap_or(pair).to_owned())
            .collect();
        for (key, value) in table.iter().filter(|(key, _)| !given.iter().any(|one| one == key)) {
            let Some(value) = plain(value).filter(|value| !value.contains(',')) else {
                bail!(Misuse(format!(
                    "`--config {name}`: `{group}.{key}` is to be a string, a number, or true or false"
                )));
            };
            options.push(format!("{key}={value}"));
        }
    }
    Ok(())
}

/// A value as the command line has it.
fn plain(item: &Item) -> Option<String> {
    match item.as_value()? {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Boolean(switch) => Some(if *switch.value() { "y" } else { "n" }.to_owned()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::InlineTable(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_names() {
        let values = |text| call(text).map(|(name, values)| format!("{name}|{}", values.join("|")));
        assert_eq!(values("f(1, -2)").as_deref(), Some("f|1|-2"));
        assert_eq!(values("f()").as_deref(), Some("f|"));
        assert_eq!(values("f"), None);
        assert_eq!(values("f(1"), None);
    }
}
