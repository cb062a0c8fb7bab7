//! Faults planted in the lowering, one at a time: the check of the sandbox accepts the code of
//! each, and `prova-equal` refuses it, at the cause that `equal_plants.tsv` says.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-native --test
//! equal_plants` runs it; without the flag it has no tests. `PROVA_BLESS=1` writes the causes. Each
//! fault has a row, and code without fault of the same module is proved equal, so that it is the
//! fault that is refused. Green does not show that faults of other kinds are refused, and no code
//! runs here.

#![cfg(prova_plant)]

use prova_certify::relation::{Related, relate};
use prova_certify::{Draft, certify};
use prova_check::certificate::Certificate;
use prova_check::{Code, Config, Layout};
use prova_equal::{EqualCode, Error, Setting};
use prova_module::{Features, Limits, Module};
use prova_native::plant::{PLANTS, Plant, plant};
use prova_native::{NativeCode, Target, body};
use std::collections::{BTreeMap, BTreeSet};

const ROWS: &str = include_str!("equal_plants.tsv");

/// A row: the fault, the cause by which its code is refused, the module, whose last function it is.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROWS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [fault, cause, wat] = columns[..] else { panic!("three columns: {line}") };
        (fault, cause, wat)
    })
}

/// The code of the last function of a module, and its verdict in words.
fn judged(wat: &str, fault: Plant) -> (NativeCode, String) {
    let wasm = wat::parse_str(format!("(module {wat})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let layout = Layout::derive(module.bytes(), &Config::default()).expect("a layout");
    let func = module.defined_funcs().last().expect("a function");
    let body = body(&module, func, layout.config().metering).expect("a body");
    let target = Target::new(layout.config().cpu).expect("a target");
    plant(fault);
    let native = target.compile(&module, &layout, body.body(), false);
    plant(Plant::None);
    let native = native.expect("code");
    let (kind, bytes, traps, calls) =
        (native.kind, &native.bytes[..], &native.traps[..], &native.calls[..]);
    let certificate = match certify(&layout, &Draft { kind, bytes, traps, calls }) {
        Ok(certificate) => certificate,
        Err(rejection) => return (native.clone(), format!("sandbox: {rejection}")),
    };
    let data = Certificate::read(&certificate).map(|read| read.data).unwrap_or_default();
    let relation = relate(&body, &layout, &Related { bytes, traps, data: &data, sources: &[] });
    let setting = Setting::new(&module, &layout).expect("one module");
    let certificate = &certificate[..];
    let code = Code { kind, bytes, certificate, traps, calls };
    let verdict = match EqualCode::check(&body, &setting, code, &relation) {
        Ok(_) => "equal".to_owned(),
        Err(Error::Rejected(rejection)) => format!("sandbox: {rejection}"),
        Err(Error::Differs(difference)) => format!("{:?}", difference.cause),
    };
    (native.clone(), verdict)
}

#[test]
fn every_planted_fault_is_refused() {
    let faults: BTreeMap<String, Plant> =
        PLANTS.iter().map(|fault| (format!("{fault:?}"), *fault)).collect();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    let mut lines: Vec<String> =
        ROWS.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect();
    for (name, cause, wat) in rows() {
        let fault = *faults.get(name).unwrap_or_else(|| panic!("no fault is called {name}"));
        seen.insert(name);
        let (honest, verdict) = judged(wat, Plant::None);
        if verdict != "equal" {
            wrong.push(format!("{name}: the right code: {verdict}"));
        }
        let (faulty, verdict) = judged(wat, fault);
        lines.push(format!("{name}\t{verdict}\t{wat}"));
        if faulty.bytes == honest.bytes && faulty.traps == honest.traps {
            wrong.push(format!("{name}: the code is the same"));
        } else if verdict == "equal" || verdict.starts_with("sandbox") {
            wrong.push(format!("{name}: {verdict}"));
        } else if verdict != cause && std::env::var_os("PROVA_BLESS").is_none() {
            wrong.push(format!("{name}: {verdict}, not {cause}"));
        }
    }
    if std::env::var_os("PROVA_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal_plants.tsv");
        std::fs::write(path, lines.join("\n") + "\n").expect("the file can be written");
    }
    let missing: Vec<&String> =
        faults.keys().filter(|name| !seen.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "add a row of {missing:?} to equal_plants.tsv");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
