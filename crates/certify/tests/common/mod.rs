//! Text cases → machine code, as the native compiler would make it.
//!
//! A case is a file of Cranelift's text. Lines `;! KEY VALUE` before the function give the module
//! (`wat`), the memory shape (`shape guard|explicit`), the metering, the function's index or the
//! thunk's type.

pub(crate) mod asm;
pub(crate) mod case;
pub(crate) mod forge;
pub(crate) mod hostile;
pub(crate) mod made;
#[allow(clippy::duplicate_mod, reason = "rows are part of several programs")]
pub(crate) mod pages;
pub(crate) mod split;

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::TrapCode;
use cranelift_codegen::settings::{self, Configurable as _};
use cranelift_codegen::{Context, isa};
use prova_check::{CallRow, Code, CodeKind, Config, Layout, MemoryShape, TrapRow, traps};
use std::path::PathBuf;

/// Code with its layout.
pub(crate) struct Built {
    /// The module.
    pub(crate) wasm: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) kind: CodeKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) calls: Vec<CallRow>,
}

impl Built {
    pub(crate) fn draft(&self) -> prova_certify::Draft<'_> {
        prova_certify::Draft {
            kind: self.kind,
            bytes: &self.bytes,
            traps: &self.traps,
            calls: &self.calls,
        }
    }

    pub(crate) fn code<'a>(&'a self, bytes: &'a [u8], certificate: &'a [u8]) -> Code<'a> {
        Code { kind: self.kind, bytes, certificate, traps: &self.traps, calls: &self.calls }
    }
}

fn trap_kind(code: TrapCode) -> u8 {
    match code {
        TrapCode::HEAP_OUT_OF_BOUNDS => traps::MEMORY_OUT_OF_BOUNDS,
        TrapCode::INTEGER_OVERFLOW => traps::INTEGER_OVERFLOW,
        TrapCode::INTEGER_DIVISION_BY_ZERO => traps::INTEGER_DIVISION_BY_ZERO,
        TrapCode::BAD_CONVERSION_TO_INTEGER => traps::BAD_CONVERSION_TO_INTEGER,
        TrapCode::STACK_OVERFLOW => traps::STACK_OVERFLOW,
        code if Some(code) == TrapCode::user(6) => traps::TABLE_OUT_OF_BOUNDS,
        _ => traps::UNREACHABLE,
    }
}

/// The target, at level x86-64-v3 or v2.
pub(crate) fn target(v3: bool, opt: &str) -> isa::OwnedTargetIsa {
    let mut flags = settings::builder();
    for (key, value) in [
        ("opt_level", opt),
        ("preserve_frame_pointers", "true"),
        ("enable_probestack", "false"),
        ("enable_heap_access_spectre_mitigation", "false"),
        ("enable_table_access_spectre_mitigation", "false"),
        ("regalloc_checker", "false"),
    ] {
        flags.set(key, value).expect("a setting of Cranelift");
    }
    let mut builder = isa::lookup_by_name("x86_64-unknown-linux-gnu").expect("the x86-64 target");
    let level: &[&str] = if v3 {
        &[
            "has_sse3",
            "has_ssse3",
            "has_cmpxchg16b",
            "has_sse41",
            "has_sse42",
            "has_popcnt",
            "has_avx",
            "has_avx2",
            "has_fma",
            "has_bmi1",
            "has_bmi2",
            "has_lzcnt",
        ]
    } else {
        &["has_sse3", "has_ssse3", "has_cmpxchg16b", "has_sse41", "has_sse42", "has_popcnt"]
    };
    for flag in level {
        builder.enable(flag).expect("a flag of the target");
    }
    builder.finish(settings::Flags::new(flags)).expect("a target")
}

/// Compiles a case.
pub(crate) fn build(name: &str, text: &str, v3: bool, opt: &str) -> Built {
    let mut config = Config::default();
    let (mut wat, mut kind) = (String::from("(module)"), CodeKind::Func(0));
    for line in text.lines().filter_map(|line| line.strip_prefix(";! ")) {
        let (key, value) = line.split_once(' ').expect("a key and a value");
        match (key, value.trim()) {
            ("wat", value) => wat = value.to_owned(),
            ("shape", "explicit") => config.memory = MemoryShape::Explicit,
            ("shape", "masked") => config.memory = MemoryShape::Masked,
            ("shape", "guard") => {}
            ("metering", "fuel") => config.metering.fuel = true,
            ("metering", "epoch") => config.metering.epoch = true,
            ("signals", "off") => config.signals = false,
            ("func", value) => kind = CodeKind::Func(value.parse().expect("an index")),
            ("in", value) => kind = CodeKind::ThunkIn(value.parse().expect("an index")),
            ("out", value) => kind = CodeKind::ThunkOut(value.parse().expect("an index")),
            _ => panic!("{name}: {line}"),
        }
    }
    let mut text = text.to_owned();
    // A name may begin with another one.
    let mut rows: Vec<_> = prova_check::builtins::PERFORMED.iter().collect();
    rows.sort_by_key(|performed| std::cmp::Reverse(performed.mnemonic.len()));
    for performed in rows {
        let name = performed.mnemonic.replace('.', "_").to_uppercase();
        text = text.replace(&name, &performed.opcode.to_string());
    }
    let text = &text;
    let wasm = wat::parse_str(&wat).unwrap_or_else(|e| panic!("{name}: {e}"));
    let layout = Layout::derive(&wasm, &config).unwrap_or_else(|e| panic!("{name}: {e}"));
    let functions =
        cranelift_reader::parse_functions(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let function = functions.into_iter().next().expect("a function");
    let isa = target(v3, opt);
    let mut context = Context::for_function(function);
    let compiled = context
        .compile(&*isa, &mut ControlPlane::default())
        .unwrap_or_else(|e| panic!("{name}: {:?}", e.inner));
    assert!(compiled.buffer.relocs().is_empty(), "{name}: a relocation");
    let row = |t: &cranelift_codegen::MachTrap| TrapRow {
        code_offset: t.offset,
        kind: trap_kind(t.code),
        wasm_offset: 0,
    };
    let mut traps: Vec<TrapRow> = compiled.buffer.traps().iter().map(row).collect();
    traps.sort_by_key(|row| row.code_offset);
    let mut calls: Vec<CallRow> =
        compiled.buffer.call_sites().map(|site| CallRow::operator(site.ret_addr, 0)).collect();
    calls.sort_by_key(|row| row.return_offset);
    Built { wasm, layout, kind, bytes: compiled.code_buffer().to_vec(), traps, calls }
}

/// The cases: names and texts, sorted.
pub(crate) fn cases() -> Vec<(String, String)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "cases"].iter().collect();
    let mut cases: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "clif"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("a text"))
        })
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are cases");
    cases
}
