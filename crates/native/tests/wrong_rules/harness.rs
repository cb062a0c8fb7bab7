//! A module → for each function its number, a digest of its code and the verdict of `prova-equal`;
//! `run` compiles it beside a patched Cranelift. With `code` as a second argument it prints the
//! code of the last function as the files of `certify/tests/miscompiled` have it.

use prova_certify::relation::{Related, relate};
use prova_certify::{Draft, certify};
use prova_check::certificate::Certificate;
use prova_check::{Code, Config, Layout};
use prova_equal::{EqualCode, Error, Setting};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{NativeCode, Target, body};
use prova_ssa::CheckedBody;
use std::hash::{DefaultHasher, Hash, Hasher};

fn verdict(module: &Module, layout: &Layout, body: &CheckedBody, code: &NativeCode) -> String {
    let (kind, bytes, traps, calls) =
        (code.kind, &code.bytes[..], &code.traps[..], &code.calls[..]);
    let certificate = match certify(layout, &Draft { kind, bytes, traps, calls }) {
        Ok(certificate) => certificate,
        Err(rejection) => return format!("sandbox: {rejection}"),
    };
    let data = Certificate::read(&certificate).map(|read| read.data).unwrap_or_default();
    let relation = relate(body, layout, &Related { bytes, traps, data: &data, sources: &[] });
    let setting = Setting::new(module, layout).expect("one module");
    let code = Code { kind, bytes, certificate: &certificate, traps, calls };
    match EqualCode::check(body, &setting, code, &relation) {
        Ok(_) => "equal".to_owned(),
        Err(Error::Rejected(rejection)) => format!("sandbox: {rejection}"),
        Err(Error::Differs(difference)) => format!("differs: {difference}"),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1]).expect("a file");
    let bytes = wat::parse_bytes(&bytes).expect("a module").into_owned();
    let module = Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    let layout = Layout::derive(module.bytes(), &Config::default()).expect("a layout");
    let target = Target::new(layout.config().cpu).expect("a target");
    let made = |func: FuncIdx| {
        let body = body(&module, func, layout.config().metering).ok()?;
        let code = target.compile(&module, &layout, body.body(), false).ok()?;
        Some((body, code))
    };
    if args.get(2).is_some_and(|word| word == "code") {
        let (_, code) = made(module.defined_funcs().last().expect("a function")).expect("code");
        let hex: String = code.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("bytes {hex}");
        for row in &code.traps {
            println!("trap {:#x} user{}", row.code_offset, row.kind);
        }
        return;
    }
    for func in module.defined_funcs() {
        let Some((body, code)) = made(func) else { continue };
        let mut digest = DefaultHasher::new();
        (&code.bytes, format!("{:?} {:?}", code.traps, code.calls)).hash(&mut digest);
        let verdict = verdict(&module, &layout, &body, &code);
        println!("{}\t{:016x}\t{verdict}", func.0, digest.finish());
    }
}
