//! Compiles the functions of the modules named, and says how many are proved equal to their bodies:
//! by function, by instruction, and the first difference of each other, grouped by cause.
//!
//! ```text
//! cargo run --release -p prova-native --example equal -- \
//!     [--all] [--dump] [--times] [--walks N] [--only N] [--plain] [MODE…] programs/bin/*.wasm
//! ```
//!
//! `--all` shows every difference, not two of each cause; `--only` takes one function; `--dump`
//! prints its body, its code with both maps, and the relation; `--times` says of each function how
//! long the search for its relation took, and what took claims out of that, each with its work in
//! walks of the proof; `--walks` bounds that; `--plain` compiles without Cranelift's optimiser, as
//! the second attempt does. Modes: `--explicit`, `--no-signals`, `--fuel`, `--epochs`,
//! `--deterministic`, `--v2` (x86-64-v2); without one, the guard shape with signals, without
//! metering, at x86-64-v3. A file may be text.

use prova_certify::relation::{Related, SEARCH_WALKS, Work, encode, pruned, relate_within};
use prova_certify::{Draft, certify, propose};
use prova_check::certificate::Certificate;
use prova_check::{Code, Config, CpuLevel, Layout, MemoryShape};
use prova_equal::{EqualCode, Error, Relation, Setting, Told};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{Effort, Target, body};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Count {
    functions: u64,
    proved: u64,
    bytes: u64,
    proved_bytes: u64,
    compile: Duration,
    search: Duration,
    prune: Duration,
    check: Duration,
    /// The longest check, and whose it is.
    longest: (Duration, u32),
    causes: BTreeMap<String, Vec<String>>,
    dump: bool,
    times: bool,
    deterministic: bool,
    walks: u64,
}

fn main() -> ExitCode {
    let (mut all, mut dump, mut times, mut only) = (false, false, false, None);
    let (mut config, mut deterministic, mut plain) = (Config::default(), false, false);
    let mut walks = SEARCH_WALKS;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--all" => all = true,
            "--dump" => dump = true,
            "--times" => times = true,
            "--explicit" => config.memory = MemoryShape::Explicit,
            "--no-signals" => config.signals = false,
            "--fuel" => config.metering.fuel = true,
            "--epochs" => config.metering.epoch = true,
            "--deterministic" => deterministic = true,
            "--plain" => plain = true,
            "--v2" => config.cpu = CpuLevel::V2,
            "--walks" => walks = args.next().and_then(|n| n.parse().ok()).unwrap_or(walks),
            "--only" => only = args.next().and_then(|n| n.parse().ok()),
            file => {
                if let Err(error) =
                    share(file, (&config, deterministic, plain), (all, dump, times), (only, walks))
                {
                    eprintln!("{file}: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn share(
    file: &str,
    (config, deterministic, plain): (&Config, bool, bool),
    (all, dump, times): (bool, bool, bool),
    (only, walks): (Option<u32>, u64),
) -> Result<(), Box<dyn std::error::Error>> {
    let module = Module::decode(wat::parse_file(file)?, &Features::default(), &Limits::default())?;
    let layout = Layout::derive(module.bytes(), config)?;
    let effort = if plain { Effort::None } else { Effort::Speed };
    let target = Target::with(layout.config().cpu, effort)?;
    let setting = Setting::new(&module, &layout).map_err(|why| why.to_string())?;
    let setting = if deterministic { setting.deterministic() } else { setting };
    let mut count = Count { dump, times, deterministic, walks, ..Count::default() };
    for func in module.defined_funcs().filter(|func| only.is_none_or(|only| func.0 == only)) {
        function(&mut count, (&module, &layout, setting), &target, func);
    }
    println!(
        "{file}: {} of {} functions proved ({:.1} %), {} of {} bytes ({:.1} %)",
        count.proved,
        count.functions,
        100.0 * count.proved as f64 / count.functions.max(1) as f64,
        count.proved_bytes,
        count.bytes,
        100.0 * count.proved_bytes as f64 / count.bytes.max(1) as f64,
    );
    let times = [count.compile, count.search, count.prune, count.check];
    let [compile, search, prune, check] = times.map(|time| time.as_secs_f64());
    let ratio = (search + prune + check) / compile.max(1e-9);
    println!(
        "     compile {compile:.2} s, search {search:.2} s, fewer claims {prune:.2} s, proof {check:.2} s: \
         {ratio:.2} times of compile"
    );
    let (time, func) = count.longest;
    println!("     the longest check: {:.2} s, of function {func}", time.as_secs_f64());
    let mut causes: Vec<_> = count.causes.into_iter().collect();
    causes.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    for (cause, list) in causes {
        println!("  {:4} {cause}", list.len());
        let shown = if all { list.len() } else { 2 };
        for line in list.iter().take(shown) {
            println!("         {line}");
        }
    }
    Ok(())
}

fn dump(relation: &Relation) {
    for (at, leader) in &relation.leaders {
        println!("{at:#x}: block{} inst {} passed {}", leader.block, leader.at, leader.passed);
        leader.claims.iter().for_each(|claim| println!("    {claim:?}"));
    }
}

fn function(
    count: &mut Count,
    (module, layout, setting): (&Module, &Layout, Setting<'_>),
    target: &Target,
    func: FuncIdx,
) {
    let start = Instant::now();
    let Ok(body) = body(module, func, layout.config().metering) else { return };
    let Ok(code) = target.compile(module, layout, body.body(), count.deterministic) else { return };
    let (kind, bytes, traps) = (code.kind, &code.bytes[..], &code.traps[..]);
    let (calls, sources) = (&code.calls[..], &code.sources[..]);
    let draft = Draft { kind, bytes, traps, calls };
    let Ok(certificate) = propose(layout, &draft) else { return };
    count.compile += start.elapsed();
    let data = Certificate::read(&certificate).map(|read| read.data).unwrap_or_default();
    count.functions += 1;
    count.bytes += bytes.len() as u64;
    let start = Instant::now();
    let deterministic = count.deterministic;
    let told = Told { calls: Some(calls), deterministic, ..Told::default() };
    let mut work = Work::within(count.walks);
    let related = Related { bytes, traps, data: &data, sources };
    let of = (body.module(), body.body());
    let relation = relate_within(of, layout, &related, told, &mut work);
    let of_search = work.spent();
    count.search += start.elapsed();
    let searched = start.elapsed();
    if count.dump {
        println!("{}", prova_ssa::print(body.body()));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{hex}\n{traps:?}\n{calls:?}");
        dump(&relation);
    }
    let start = Instant::now();
    let fewer = pruned(&relation, of, layout, &related, told, &mut work);
    count.prune += start.elapsed();
    if count.times {
        let (time, found) = (start.elapsed(), fewer.is_some());
        let walks = |units: u64| units as f64 / work.walk() as f64;
        println!(
            "func {} {} bytes: {searched:?} and {time:?}, {:.1} and {:.1} walks of {} units, \
             {found}, {:?}",
            func.0,
            bytes.len(),
            walks(of_search),
            walks(work.spent() - of_search),
            work.walk(),
            work.ended()
        );
    }
    // As it is written and read.
    let written = fewer.as_ref().and_then(encode);
    let read = written.and_then(|written| Relation::read(&written, bytes.len()).ok());
    let relation = read.unwrap_or(relation);
    let start = Instant::now();
    let check = |certificate: &[u8]| {
        let code = Code { kind, bytes, certificate, traps, calls };
        EqualCode::check(&body, &setting, code, &relation)
    };
    let mut equal = check(&certificate);
    // Where the sandbox check refuses the certificate that was proposed, the next ones are tried.
    if let Err(Error::Rejected(_)) = equal
        && let Ok(certificate) = certify(layout, &draft)
    {
        equal = check(&certificate);
    }
    count.check += start.elapsed();
    count.longest = count.longest.max((start.elapsed(), func.0));
    said(count, (func, bytes.len()), equal, fewer.is_some());
}

/// Counts what the proof says of a function.
fn said(
    count: &mut Count,
    (func, bytes): (FuncIdx, usize),
    equal: Result<EqualCode, Error>,
    is_fewer: bool,
) {
    match equal {
        Ok(_) if !is_fewer => {
            let list = count.causes.entry("no claim can be left out".to_owned()).or_default();
            list.push(format!("function {}", func.0));
        }
        Ok(_) => {
            count.proved += 1;
            count.proved_bytes += bytes as u64;
        }
        Err(Error::Rejected(rejection)) => {
            let list = count.causes.entry("sandbox".to_owned()).or_default();
            list.push(format!("{rejection} ({bytes} bytes)"));
        }
        Err(Error::Differs(difference)) => {
            let cause = format!("{}: {}", difference.cause.text(), difference.what);
            let line = format!("{bytes} bytes, {difference}");
            count.causes.entry(cause).or_default().push(line);
        }
    }
}
