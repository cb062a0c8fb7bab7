//! Code that old releases of Cranelift made wrongly, or a wrong rule planted in the present one:
//! `prova-equal` refuses it, and accepts what the mended release makes of the same.
//!
//! `miscompiled/NAME-VERSION.code` has the module, whose last function it is, the bytes and the
//! rows of traps; `miscompiled/make` made it from `NAME.clif`. `miscompiled/table.tsv` says what
//! becomes of it: `equal`, `sandbox` if the check of the sandbox refuses it, or the offset and the
//! cause of the difference. `PROVA_BLESS=1` writes it. Texts have the words of the module's
//! convention (where its memory begins, what its frame is charged), in the convention of System V,
//! which is `Tail`'s for as many parameters.
//!
//! A green run does not show that other faults of old releases would be seen.

use prova_certify::relation::{Related, relate};
use prova_certify::{Draft, certify};
use prova_check::certificate::Certificate;
use prova_check::{Code, CodeKind, Config, Layout, TrapRow, traps};
use prova_equal::{EqualCode, Error, Setting};
use prova_module::{Features, Limits, Module};
use prova_ssa::{Body, CheckedBody, Imm, Metering};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/miscompiled")
}

fn number(hex: &str) -> u32 {
    u32::from_str_radix(hex.trim_start_matches("0x"), 16).expect("a number")
}

fn trap_kind(name: &str) -> u8 {
    match name {
        "heap_oob" => traps::MEMORY_OUT_OF_BOUNDS,
        other => other.strip_prefix("user").and_then(|kind| kind.parse().ok()).expect("a kind"),
    }
}

/// The parts of a file.
#[derive(Default)]
struct Case {
    wasm: Vec<u8>,
    bytes: Vec<u8>,
    rows: Vec<TrapRow>,
}

fn case(text: &str) -> Case {
    let mut case = Case::default();
    for line in text.lines() {
        let (key, value) = line.trim_start_matches(";! ").split_once(' ').expect("key and value");
        match key {
            "fault" => {}
            "wat" => case.wasm = wat::parse_str(value).expect("a module"),
            "bytes" => {
                let digits = (0..value.len()).step_by(2);
                case.bytes = digits.map(|at| number(&value[at..at + 2]) as u8).collect();
            }
            "trap" => {
                let (at, code) = value.split_once(' ').expect("an offset and a code");
                let (code_offset, kind) = (number(at), trap_kind(code));
                case.rows.push(TrapRow { code_offset, kind, wasm_offset: 0 });
            }
            _ => panic!("{line}"),
        }
    }
    case
}

/// Rows name the operator that they are of: accesses come in the body's order, and the test of the
/// frame's charge belongs to the function's beginning.
fn name_operators(body: &Body, rows: &mut [TrapRow]) {
    let insts = body.blocks().flat_map(|(_, block)| block.insts());
    let mut accesses = insts
        .map(|inst| body.inst(inst))
        .filter(|inst| matches!(inst.imm, Imm::Access(_)))
        .map(|inst| inst.offset);
    rows.sort_by_key(|row| row.code_offset);
    for row in rows {
        row.wasm_offset = match row.kind {
            traps::MEMORY_OUT_OF_BOUNDS => accesses.next().expect("an access"),
            _ => body.block(body.entry()).offset,
        };
    }
}

/// Judges the code of a file: the verdict in the table's words, and the difference.
fn judge(text: &str) -> (String, String) {
    let Case { wasm, bytes, mut rows } = case(text);
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let func = module.defined_funcs().last().expect("a function");
    let built = prova_ssa::build(&module, func, Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, built).expect("the function's");
    let layout = Layout::derive(module.bytes(), &Config::default()).expect("a layout");
    name_operators(body.body(), &mut rows);
    let (kind, bytes, traps, calls) = (CodeKind::Func(func.0), &bytes[..], &rows[..], &[][..]);
    let sandbox = |why: String| ("sandbox".to_owned(), why);
    let certificate = match certify(&layout, &Draft { kind, bytes, traps, calls }) {
        Ok(certificate) => certificate,
        Err(rejection) => return sandbox(rejection.to_string()),
    };
    let data = Certificate::read(&certificate).map(|read| read.data).unwrap_or_default();
    let relation = relate(&body, &layout, &Related { bytes, traps, data: &data, sources: &[] });
    let setting = Setting::new(&module, &layout).expect("one module");
    let code = Code { kind, bytes, certificate: &certificate, traps, calls };
    match EqualCode::check(&body, &setting, code, &relation) {
        Ok(_) => ("equal".to_owned(), "-".to_owned()),
        Err(Error::Rejected(rejection)) => sandbox(rejection.to_string()),
        Err(Error::Differs(difference)) => {
            let verdict = format!("{:#x} {:?}", difference.code_offset, difference.cause);
            (verdict, difference.to_string())
        }
    }
}

#[test]
fn what_was_miscompiled_is_refused_and_its_mend_accepted() {
    let path = folder().join("table.tsv");
    let table = std::fs::read_to_string(&path).expect("the table");
    let (head, rows): (Vec<&str>, Vec<&str>) =
        table.lines().partition(|line| line.starts_with('#'));
    let mut listed = BTreeSet::new();
    let mut lines: Vec<String> = head.into_iter().map(str::to_owned).collect();
    for row in rows {
        let name = row.split('\t').next().expect("a file");
        listed.insert(name.to_owned());
        let text = std::fs::read_to_string(folder().join(name)).expect(name);
        let (verdict, why) = judge(&text);
        println!("{name}: {verdict}, {why}");
        lines.push(format!("{name}\t{verdict}"));
    }
    let found = lines.join("\n") + "\n";
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(&path, &found).expect("the file can be written");
    }
    let table = std::fs::read_to_string(&path).expect("the table");
    assert!(found == table, "other verdicts than before:\n{found}");
    let names = std::fs::read_dir(folder()).expect("the folder");
    let names = names.map(|one| one.expect("an entry").file_name().to_string_lossy().into_owned());
    let files: BTreeSet<String> = names.filter(|name| name.ends_with(".code")).collect();
    assert_eq!(files, listed, "each file has a row");
}

/// No code with a fault is proved equal, and most code without it is: the rest has operators
/// without rule.
#[test]
fn no_fault_is_proved_equal() {
    let verdict = |name: &str, version: &str| {
        let file = format!("{name}-{version}.code");
        let text = std::fs::read_to_string(folder().join(&file)).expect("a file");
        judge(&text).0
    };
    let released = include_str!("miscompiled/faults.tsv").lines();
    let planted = include_str!("miscompiled/wrong_rules.tsv").lines();
    let (mut wrong, mut right) = (0, Vec::new());
    for fault in released.chain(planted).filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = fault.split('\t').collect();
        let (name, with, without) = match columns[..] {
            [name, with, without, _, _] => (name, with, without),
            [name, _] => (name, "wrong", "right"),
            _ => panic!("{fault}"),
        };
        assert_ne!(verdict(name, with), "equal", "{name}");
        wrong += 1;
        if verdict(name, without) == "equal" {
            right.push(name);
        }
    }
    assert!(wrong > 20 && right.len() > 15, "{wrong} {right:?}");
}
