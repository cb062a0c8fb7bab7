//! `prova xref`: who reads, writes, or lets an address escape; with `--watch`, who does so in a
//! run; with `--at`, the variables that an operator can name.

use crate::args::XrefArgs;
use crate::progress;
use crate::report::{Exit, Misuse, misuse, present, printable};
use crate::{groups, input, run, values};
use prova_core::wasi::{WasiCtx, WasiCtxBuilder, WasiLimits};
use prova_core::{Result, bail};
use prova_diff::foreign::Foreign;
use prova_module::Module;
use prova_runs::watch::{Program, watch};
use prova_xref::{addresses, at_operator, target_in, xref_in};
use std::io;
use std::ops::Range;

/// Runs the command. A module that cannot be read is misuse, as in every investigating command.
pub(crate) fn run(args: &XrefArgs) -> Result<Exit> {
    // Before anything is read: `-S help` needs no module.
    let limits = groups::wasi_limits(&args.wasi)?;
    let features = args.proposals.features()?;
    let module = match input::decoded_with(&args.file, &features) {
        Ok(module) => module,
        Err(error) => return foreign(args, &error),
    };
    let target = args.target.as_deref();
    if let Some(offset) = &args.at {
        return match at_operator(&module, offset, target) {
            Ok(report) => present(&report.tree(), args.json).map(|()| Exit::Done),
            Err(message) => bail!(Misuse(message)),
        };
    }
    let range = match target_in(&module, args.memory, target.unwrap_or_default()) {
        Ok(range) => range,
        Err(message) => bail!(Misuse(message)),
    };
    if args.watch {
        return watched(args, &module, range, limits);
    }
    let _work = progress::start("reading", &args.file, args.json);
    let report = xref_in(&module, args.memory, range).with_variables(&module);
    present(&report.tree(), args.json)?;
    Ok(Exit::Done)
}

/// A module of a proposal that no tier runs; `error` is why it was refused.
fn foreign(args: &XrefArgs, error: &prova_core::Error) -> Result<Exit> {
    let bytes = match input::core_of(&args.file) {
        Ok(bytes) => bytes,
        Err(_) => return Err(misuse(error)),
    };
    let Ok(module) = Foreign::read(&bytes) else { return Err(misuse(error)) };
    if args.watch {
        bail!(Misuse(format!("it cannot be run: {error:#}")));
    }
    if args.at.is_some() {
        bail!(Misuse(format!("`--at` needs a module that Prova runs: {error:#}")));
    }
    let target = args.target.as_deref().unwrap_or_default();
    let range = match addresses(target) {
        Some(Ok(range)) => range,
        Some(Err(message)) => bail!(Misuse(message)),
        None => bail!(Misuse(format!(
            "`{}` is neither an address nor a range `A..B`; names are not read of a module that Prova does not run",
            printable(target)
        ))),
    };
    let report = module.xref(args.memory, range)?;
    present(&report.tree(), args.json)?;
    Ok(Exit::Done)
}

/// Runs the program and reports. A program that cannot start is misuse; how the program ends is
/// part of the report.
fn watched(
    args: &XrefArgs,
    module: &Module,
    range: Range<u64>,
    limits: WasiLimits,
) -> Result<Exit> {
    let name = args.invoke.as_deref().unwrap_or("_start");
    let program = Program {
        wasi: wasi(args, limits)?,
        invoke: args.invoke.as_deref(),
        args: &|ty| values::parse_all(name, ty, &args.args),
        fuel: args.fuel,
        first: args.first,
        memory: args.memory,
    };
    let report = match watch(module, range, program) {
        Ok(report) => report,
        Err(error) => return Err(misuse(&error)),
    };
    present(&report.tree(), args.json)?;
    Ok(Exit::Done)
}

/// The guest's grants: standard output is the report's, so the guest's goes to standard error.
fn wasi(args: &XrefArgs, limits: WasiLimits) -> Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder.limits(limits);
    builder.stdin(Box::new(io::stdin()));
    builder.stdout(Box::new(io::stderr())).stderr(Box::new(io::stderr()));
    let own_name = args.file.file_name().unwrap_or(args.file.as_os_str());
    builder.arg(own_name.as_encoded_bytes());
    if args.invoke.is_none() {
        builder.args(args.args.iter().map(|arg| arg.as_encoded_bytes()));
    }
    run::grant(&mut builder, &args.env, &args.dirs)?;
    Ok(builder.build())
}
