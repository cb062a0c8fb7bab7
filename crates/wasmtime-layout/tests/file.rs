//! Files made by hand: what is read of them, and what is refused.

use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
};
use prova_check::{CallRow, Clause, Rule, Says};
use prova_wasmtime_layout::{
    Artifact, Counts, Error, File, Functions, Patches, Report, Rest, UNCHECKED, Unverified,
    Verified, Which, uncompared, verify, verify_on,
};

use sha2::{Digest, Sha256};

#[path = "file/module.rs"]
mod module;

/// `(module (memory 1) (func) (func))`, and code for both functions.
struct Made {
    os_abi: u8,
    flags: u32,
    engine: Vec<u8>,
    text: Vec<u8>,
    symbols: Vec<(&'static str, u64, u64)>,
    traps: Vec<u8>,
    exceptions: Vec<u8>,
    /// A section more.
    more: Option<&'static str>,
}

const WAT: &str = "(module (memory 1) (func) (func))";

impl Made {
    fn new() -> Made {
        let mut text = vec![0; 64];
        // `ret`; `push rbp; mov rbp, rsp; pop rbp; ret`.
        text[0] = 0xc3;
        text[32..38].copy_from_slice(&[0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3]);
        let symbols = vec![("wasm[0]::function[0]", 0, 1), ("wasm[0]::function[1]::run", 32, 6)];
        let engine = engine("48", "x86_64-unknown-linux-gnu");
        let (traps, exceptions, more) = (vec![], vec![], None);
        Made { os_abi: 200, flags: 1, engine, text, symbols, traps, exceptions, more }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        object.flags = FileFlags::Elf {
            os_abi: elf::OsAbi(self.os_abi),
            abi_version: 0,
            e_flags: elf::FileFlags(self.flags),
        };
        let mut section = |name: &str, kind, data: &[u8]| {
            let id = object.add_section(Vec::new(), name.as_bytes().to_vec(), kind);
            object.append_section_data(id, data, 16);
            id
        };
        section(".wasmtime.engine", SectionKind::ReadOnlyData, &self.engine);
        section(".wasmtime.traps", SectionKind::ReadOnlyData, &self.traps);
        section(".wasmtime.exceptions", SectionKind::ReadOnlyData, &self.exceptions);
        let text = section(".text", SectionKind::Text, &self.text);
        if let Some(name) = self.more {
            section(name, SectionKind::ReadOnlyData, &[0xc3]);
        }
        for &(name, value, size) in &self.symbols {
            object.add_symbol(Symbol {
                name: name.as_bytes().to_vec(),
                value,
                size,
                kind: SymbolKind::Text,
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(text),
                flags: SymbolFlags::None,
            });
        }
        object.write().expect("a file")
    }

    fn verified(&self) -> Result<Report, Error> {
        verify(&self.bytes(), &wat::parse_str(WAT).expect("a module"))
    }

    /// The error that says so.
    fn wrong(&self) -> String {
        let error = self.verified().expect_err("an error");
        assert_eq!(error.of, File::Compiled);
        error.to_string()
    }
}

/// The section of settings: those of Wasmtime's defaults.
fn engine(release: &str, target: &str) -> Vec<u8> {
    made_for(release, target, &V3)
}

/// Features of a processor of x86-64-v3.
const V3: [&str; 6] = ["has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_fma", "has_lzcnt"];

fn made_for(release: &str, target: &str, features: &[&str]) -> Vec<u8> {
    let mut out = vec![0, release.len() as u8];
    out.extend_from_slice(release.as_bytes());
    out.push(target.len() as u8);
    out.extend_from_slice(target.as_bytes());
    // No shared settings; of the processor's, these: truths.
    out.extend_from_slice(&[0, features.len() as u8]);
    for name in features {
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&[2, 1]);
    }
    // No collector; 4 GiB, 32 MiB, 2 GiB.
    out.push(0);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x08]);
    // Four truths, fuel, costs by default, epochs, may move, guard before, lazy tables.
    out.extend_from_slice(&[0, 0, 1, 1, 0, 1, 0, 1, 1, 1]);
    // A map of addresses, adapters, relaxed SIMD, the baseline's convention, signals.
    out.extend_from_slice(&[1, 0, 0, 0, 1]);
    // Images, inlining and its two sizes, concurrency, recordings, forced collections.
    out.extend_from_slice(&[1, 1, 50, 100, 1, 0, 0]);
    // The heap of collected objects: 4 GiB, 32 MiB, 2 GiB; its length at the beginning; may move.
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x08, 0, 1]);
    out
}

/// The bytes of a section of settings from its end to those that say whether faults are traps and,
/// before it, whether functions have the baseline's convention.
const SIGNALS: usize = 23;
const BASELINE: usize = SIGNALS + 1;

/// The caller of a builtin that has a list.
const CALLER: &str = "wasmtime_builtin_ref_func";

/// A name of 1,024 bytes.
const LONG: &str = {
    const BYTES: [u8; 1024] = [b'x'; 1024];
    match std::str::from_utf8(&BYTES) {
        Ok(name) => name,
        Err(_) => "",
    }
};

#[test]
fn functions_are_checked_and_other_code_is_named() {
    let report = Made::new().verified().expect("a report");
    assert_eq!((report.confined, report.confined_bytes), (2, 7));
    assert_eq!((report.refused.len(), report.settings.release.as_str()), (0, "48"));
    // Which code Wasmtime enters is said by a section that is not compared.
    assert_eq!(report.unchecked, [UNCHECKED]);
    assert!(!report.is_confined());

    // Sections by which the host walks frames are compared with nothing either.
    for name in [".eh_frame", ".wasmtime.frames"] {
        let report = Made { more: Some(name), ..Made::new() }.verified().expect("a report");
        assert_eq!(report.unchecked, [name, UNCHECKED]);
    }
    for name in [".debug_info", ".rela.debug_line"] {
        let report = Made { more: Some(name), ..Made::new() }.verified().expect("a report");
        assert_eq!(report.unchecked, [".debug_*", UNCHECKED]);
    }
    let report = Made { more: Some(".name.wasm"), ..Made::new() }.verified().expect("a report");
    assert_eq!(report.unchecked, [UNCHECKED]);

    let mut made = Made::new();
    made.symbols.push(("signatures[0]::trampoline", 40, 4));
    let report = made.verified().expect("a report");
    assert_eq!(report.unchecked, ["signatures[0]::trampoline", UNCHECKED]);
}

/// A trampoline from the host's array into function 0, and its row among the exceptions.
#[test]
fn trampolines_are_checked_with_their_handlers() {
    let trampoline = [
        0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40, 0x48, 0x89, 0x5c, 0x24, 0x10, 0x4c, 0x89,
        0x64, 0x24, 0x18, 0x4c, 0x89, 0x6c, 0x24, 0x20, 0x4c, 0x89, 0x74, 0x24, 0x28, 0x4c, 0x89,
        0x7c, 0x24, 0x30, 0x48, 0x89, 0xe9, 0x48, 0x8b, 0x47, 0x08, 0x48, 0x89, 0x48, 0x48, 0x48,
        0x89, 0xe1, 0x48, 0x89, 0x48, 0x40, 0x48, 0x8d, 0x0d, 0x2c, 0x00, 0x00, 0x00, 0x48, 0x89,
        0x48, 0x50, 0xe8, 0xbd, 0x0f, 0x00, 0x00, 0xb8, 0x01, 0x00, 0x00, 0x00, 0x48, 0x8b, 0x5c,
        0x24, 0x10, 0x4c, 0x8b, 0x64, 0x24, 0x18, 0x4c, 0x8b, 0x6c, 0x24, 0x20, 0x4c, 0x8b, 0x74,
        0x24, 0x28, 0x4c, 0x8b, 0x7c, 0x24, 0x30, 0x48, 0x89, 0xec, 0x5d, 0xc3, 0x31, 0xc0, 0x48,
        0x8b, 0x5c, 0x24, 0x10, 0x4c, 0x8b, 0x64, 0x24, 0x18, 0x4c, 0x8b, 0x6c, 0x24, 0x20, 0x4c,
        0x8b, 0x74, 0x24, 0x28, 0x4c, 0x8b, 0x7c, 0x24, 0x30, 0x48, 0x89, 0xec, 0x5d, 0xc3,
    ];
    let mut made = Made::new();
    made.text = vec![0; 0x1040];
    made.text[..trampoline.len()].copy_from_slice(&trampoline);
    (made.text[0x1000], made.text[0x1020]) = (0xc3, 0xc3);
    let name = "wasm[0]::array_to_wasm_trampoline[0]";
    made.symbols = vec![
        (name, 0, trampoline.len() as u64),
        ("wasm[0]::function[0]", 0x1000, 1),
        ("wasm[0]::function[1]", 0x1020, 1),
    ];
    let row = |words: [u32; 8]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let (calls, handler, any) = (0x43, 0x66, u32::MAX);
    for (words, confined) in [
        ([1, 1, calls, 0x40, 1, any, any, handler], 3),
        // Another frame, a tag, a context, another handler, no handler.
        ([1, 1, calls, 0x38, 1, any, any, handler], 2),
        ([1, 1, calls, 0x40, 1, 0, any, handler], 2),
        ([1, 1, calls, 0x40, 1, any, 0, handler], 2),
        ([1, 1, calls, 0x40, 1, any, any, handler + 2], 2),
        ([1, 1, calls, 0x40, 0, any, any, handler], 2),
    ] {
        made.exceptions = row(words);
        let report = made.verified().expect("a report");
        assert_eq!(report.confined, confined, "{words:x?}: {report:?}");
    }
    made.exceptions = Vec::new();
    assert_eq!(made.verified().expect("a report").refused[0].name, name);
    // The trampoline of another function of the same type.
    made.exceptions = row([1, 1, calls, 0x40, 1, any, any, handler]);
    made.symbols[0].0 = "wasm[0]::array_to_wasm_trampoline[1]";
    assert_eq!(made.verified().expect("a report").refused[0].rule, Rule::Call);
}

/// Code that no symbol names is code that nothing is known of.
#[test]
fn code_without_a_name_is_told() {
    let mut made = Made::new();
    made.text[50] = 0xc3;
    let report = made.verified().expect("a report");
    assert_eq!(report.unchecked, ["the text at 0x32, which no symbol names", UNCHECKED]);
    made.symbols.clear();
    assert!(made.wrong().contains("no code of function 0"));
    let mut made = Made::new();
    made.symbols.pop();
    assert!(made.wrong().contains("no code of function 1"));
}

#[test]
fn code_that_leaves_is_refused_where_it_does() {
    let mut made = Made::new();
    // `mov eax, [rdi + 0x30]` is half of the memory's base.
    made.text[0..4].copy_from_slice(&[0x8b, 0x47, 0x30, 0xc3]);
    made.symbols[0].2 = 4;
    let report = made.verified().expect("a report");
    assert_eq!(report.confined, 1);
    assert_eq!(report.refused.len(), 1);
    assert_eq!(report.refused[0].name, "wasm[0]::function[0]");
    assert_eq!(
        (report.refused[0].offset, report.refused[0].what),
        (0, "no field of its structure")
    );
    // The whole of it may be read.
    made.text[0..5].copy_from_slice(&[0x48, 0x8b, 0x47, 0x30, 0xc3]);
    made.symbols[0].2 = 5;
    assert!(made.verified().expect("a report").refused.is_empty());
}

/// A processor with AVX2 may lack `lzcnt`, which it then executes as another instruction.
#[test]
fn instructions_are_those_that_the_file_says_it_needs() {
    let mut made = Made::new();
    // `vpxor xmm0, xmm0, xmm0; ret`.
    made.text[0..5].copy_from_slice(&[0xc5, 0xf9, 0xef, 0xc0, 0xc3]);
    made.symbols[0].2 = 5;
    assert!(made.verified().expect("a report").refused.is_empty());
    for without in V3 {
        let has: Vec<&str> = V3.into_iter().filter(|name| *name != without).collect();
        made.engine = made_for("48", "x86_64-unknown-linux-gnu", &has);
        let report = made.verified().expect("a report");
        assert_eq!((report.confined, report.refused[0].offset), (1, 0), "{without}");
    }
}

/// The same of AVX-512, of which all that Cranelift knows is asked for.
#[test]
fn instructions_of_avx512_need_all_of_its_parts() {
    const PARTS: [&str; 6] = [
        "has_avx512bitalg",
        "has_avx512dq",
        "has_avx512f",
        "has_avx512vbmi",
        "has_avx512vl",
        "has_avx512vnni",
    ];
    let mut made = Made::new();
    // `vpermi2b xmm1, xmm2, xmm3; ret`.
    made.text[0..7].copy_from_slice(&[0x62, 0xf2, 0x6d, 0x08, 0x75, 0xcb, 0xc3]);
    made.symbols[0].2 = 7;
    assert_eq!(made.verified().expect("a report").refused[0].offset, 0);
    let all: Vec<&str> = V3.into_iter().chain(PARTS).collect();
    for without in [None, Some(0), Some(6), Some(8), Some(11)] {
        let mut has = all.clone();
        without.map(|n| has.remove(n));
        made.engine = made_for("48", "x86_64-unknown-linux-gnu", &has);
        let refused = made.verified().expect("a report").refused;
        assert_eq!(refused.len(), usize::from(without.is_some()), "{has:?}");
    }
}

/// Without signals a fault of the processor ends the process, and nothing else.
#[test]
fn code_without_signals_may_not_stop() {
    let mut made = Made::new();
    // `ud2`, with a row.
    made.text[0..2].copy_from_slice(&[0x0f, 0x0b]);
    made.symbols[0].2 = 2;
    made.traps = vec![1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0];
    let refused = |made: &Made| made.verified().expect("a report").refused;
    assert_eq!(refused(&made), []);
    *made.engine.iter_mut().nth_back(SIGNALS).expect("a byte") = 0;
    assert_eq!(refused(&made)[0].what, "code may stop by `ud2`, without signals");
}

/// The host counts memories from the first one that is not imported.
#[test]
fn memories_that_grow_are_the_modules_own() {
    let wasm = wat::parse_str(r#"(module (import "m" "m" (memory 1)) (memory 1) (func))"#);
    let wasm = wasm.expect("a module");
    let mut made = Made::new();
    made.symbols =
        vec![("wasm[0]::function[0]", 0, 0x2c), ("wasmtime_builtin_memory_grow", 0x80, 1)];
    // A row for the `ud2`.
    made.traps = vec![1, 0, 0, 0, 1, 0, 0, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (memory, confined) in [(0, 1), (1, 0)] {
        // The comparison with the limit; `xor esi, esi; mov edx, memory; call 0x80`; the end.
        made.text = vec![0; 0x81];
        made.text[..0x2c].copy_from_slice(&[
            0x55, 0x48, 0x89, 0xe5, 0x4c, 0x8b, 0x57, 0x08, 0x4d, 0x8b, 0x52, 0x18, 0x49, 0x83,
            0xc2, 0x20, 0x49, 0x39, 0xe2, 0x0f, 0x87, 0x11, 0, 0, 0, 0x31, 0xf6, 0xba, memory, 0,
            0, 0, 0xe8, 0x5b, 0, 0, 0, 0x48, 0x89, 0xec, 0x5d, 0xc3, 0x0f, 0x0b,
        ]);
        let report = verify(&made.bytes(), &wasm).expect("a report");
        assert_eq!(report.confined, confined, "{report:?}");
    }
}

/// Sums of indices of 64 bits may wrap, however short a memory or a table is.
#[test]
fn sums_of_wide_indices_are_followed() {
    let mut made = Made::new();
    // `lea rcx, [rdx+0x28]; xor eax, eax; mov rsi, [rdi+0x38]; lea r10, [rsi+rcx];
    // mov r11d, 16 MiB; cmp rcx, r11; cmova r10, rax; mov byte ptr [r10], 1; ret`.
    let code = [
        0x48, 0x8d, 0x4a, 0x28, 0x31, 0xc0, 0x48, 0x8b, 0x77, 0x38, 0x4c, 0x8d, 0x14, 0x0e, 0x41,
        0xbb, 0, 0, 0, 1, 0x4c, 0x39, 0xd9, 0x4c, 0x0f, 0x47, 0xd0, 0x41, 0xc6, 0x02, 1, 0xc3,
    ];
    made.text[..code.len()].copy_from_slice(&code);
    made.symbols = vec![("wasm[0]::function[0]", 0, code.len() as u64)];
    // A row for the `mov`.
    made.traps = vec![1, 0, 0, 0, 1, 0, 0, 0, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1, 0];
    let wide = "(module (memory i64 1 10) (func (param i64)))";
    let by_table = "(module (memory 1) (table i64 0 1 funcref) (func (param i64)))";
    let narrow = "(module (memory 1) (table 0 1 funcref) (func (param i64)))";
    for (wat, confined) in [(wide, 1), (by_table, 1), (narrow, 0)] {
        let wasm = wat::parse_str(wat).expect("a module");
        let report = verify(&made.bytes(), &wasm).expect("a report");
        assert_eq!(report.confined, confined, "{wat}: {report:?}");
    }
}

/// Callers of builtins of collected objects have a rule where the file says that there is a heap.
#[test]
fn builtins_of_collected_objects_need_their_heap() {
    let wasm = wat::parse_str(WAT).expect("a module");
    let mut made = Made::new();
    made.symbols.push(("wasmtime_builtin_throw_ref", 48, 1));
    made.symbols.push(("wasmtime_builtin_gc_alloc_raw", 56, 1));
    (made.text[48], made.text[56]) = (0xc3, 0xc3);
    fn counted<const HEAP: bool>(_: &Artifact<'_>, _: &[u8], _: &[u8]) -> Result<Rest, Error> {
        let counts = Some(Counts { records: 0, segments: 0, heap: HEAP, older: false });
        Ok(Rest { counts, ..Rest::default() })
    }
    let report = |compare| verify_on(1, &made.bytes(), &wasm, compare).expect("a report");
    let names = ["wasmtime_builtin_throw_ref", "wasmtime_builtin_gc_alloc_raw"];
    let without = report(counted::<false>);
    assert_eq!((without.refused.len(), &without.unchecked[..]), (0, &names.map(str::to_owned)[..]));
    let with = report(counted::<true>);
    assert_eq!((with.refused.len(), with.unchecked.len()), (2, 0), "{with:?}");
}

/// Fields behind an odd number of tags lie elsewhere from 48.0.6 on: the report knows code of older
/// patch levels from code that is right for none.
#[test]
fn patch_levels_with_other_structures_are_told_apart() {
    fn counted<const SEGMENTS: u32>(_: &Artifact<'_>, _: &[u8], _: &[u8]) -> Result<Rest, Error> {
        let counts = Counts { records: 0, segments: SEGMENTS, heap: false, older: false };
        Ok(Rest { counts: Some(counts), ..Rest::default() })
    }
    let (all, newer, older) = (Patches::ALL, Patches::NEWER, Patches::OLDER);
    let (none, one, two) = ("", "(tag)", "(tag) (tag)");
    let imported = r#"(import "" "" (tag))"#;
    for (tags, segments, at, patches, confined, made_for) in [
        (none, 1, 0x58, all, 2, None),
        (one, 1, 0x60, newer, 2, None),
        (one, 1, 0x5c, newer, 1, Some(older)),
        (one, 1, 0x64, newer, 1, None),
        (one, 0, 0x60, all, 1, None),
        (two, 1, 0x60, all, 2, None),
        (two, 1, 0x5c, all, 1, None),
        (imported, 1, 0x68, all, 2, None),
    ] {
        let wat = format!("(module {tags} (memory 1) (func) (func))");
        let wasm = wat::parse_str(&wat).expect("a module");
        let mut made = Made::new();
        // `mov eax, [rdi + …]`, the first segment's length; `ret`.
        made.text[..4].copy_from_slice(&[0x8b, 0x47, at, 0xc3]);
        made.symbols[0].2 = 4;
        let compare = if segments == 0 { counted::<0> } else { counted::<1> };
        let report = verify_on(1, &made.bytes(), &wasm, compare).expect("a report");
        let found = (report.patches, report.confined, report.made_for);
        assert_eq!(found, (patches, confined, made_for), "{tags} {at:#x}");
        let verified = Verified::check(made.bytes(), &wasm, (1, compare));
        let said = "code was refused, which is right for Wasmtime 48.0.0 to 48.0.5: ";
        let says = verified.is_err_and(|error| error.to_string().starts_with(said));
        assert_eq!(says, made_for.is_some(), "{tags} {at:#x}");
    }
}

/// Rows of handlers belong to calls.
#[test]
fn a_handler_of_what_is_no_call_is_refused() {
    let mut made = Made::new();
    let words = [1_u32, 1, 37, 0, 1, u32::MAX, u32::MAX, 38];
    made.exceptions = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let report = made.verified().expect("a report");
    assert_eq!((report.confined, report.refused.len()), (1, 1));
    assert_eq!((report.refused[0].rule, report.refused[0].offset), (Rule::Metadata, 36));
}

/// The piece that `--explain` shows is judged with the same rows as in the report.
#[test]
fn a_piece_has_the_rows_of_its_function() {
    let mut made = Made::new();
    let words = [1_u32, 2, 37, 0x10, 2, 3, u32::MAX, 8, u32::MAX, 40, 4];
    made.exceptions = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let wasm = wat::parse_str(WAT).expect("a module");
    let piece = |func| {
        let which = Which::Func(func);
        let piece = prova_wasmtime_layout::piece(&made.bytes(), &wasm, which, uncompared);
        piece.expect("a file").expect("a function")
    };
    let clause = |tag, context, landing| {
        let clause = Clause { tag, with_ref: false, landing, frame_bytes: 0x10, context };
        CallRow { return_offset: 5, says: Says::Clause(clause) }
    };
    let beyond = 4_u32.wrapping_sub(32);
    let rows = [CallRow::operator(5, 0), clause(Some(3), Some(8), 8), clause(None, None, beyond)];
    assert_eq!((piece(1).calls, piece(0).calls), (rows.to_vec(), Vec::new()));
}

#[test]
fn files_that_are_not_wasmtimes_are_refused_by_name() {
    type Case = (fn(&mut Made), &'static str);
    let cases: [Case; 19] = [
        (|made| made.os_abi = 0, "no compiled module"),
        (|made| made.flags = 2, "a component"),
        (|made| made.engine = engine("47", "x86_64-unknown-linux-gnu"), "Wasmtime \"47\""),
        (|made| made.engine = engine("48", "aarch64-unknown-linux-gnu"), "aarch64"),
        (
            |made| made.engine = engine("48", "x86_64-pc-windows-msvc"),
            "calls and frames of Windows",
        ),
        (
            |made| {
                // Behind the target: how many shared settings there are, and the first.
                let at = 4 + 1 + "x86_64-unknown-linux-gnu".len();
                let pinned = [b"\x01\x11", &b"enable_pinned_reg"[..], &[2, 1]].concat();
                made.engine.splice(at..=at, pinned);
            },
            "a pinned register has no rule",
        ),
        (|made| *made.engine.iter_mut().nth_back(BASELINE).expect("a byte") = 1, "baseline"),
        (|made| made.engine.truncate(40), "malformed"),
        (|made| made.engine.clear(), "too short"),
        (|made| made.traps = vec![1, 0, 0, 0, 9], "malformed"),
        (|made| made.exceptions = vec![1, 0, 0, 0], "malformed"),
        (|made| made.symbols[0].2 = 0, "empty"),
        (|made| made.symbols[1].0 = "wasm[0]::function[0]", "twice"),
        (|made| made.symbols.extend([40, 44].map(|at| (CALLER, at, 1))), "twice"),
        (|made| made.symbols[0].2 = 33, "overlaps"),
        (|made| made.symbols[1].2 = 33, "overlaps"),
        // Wasmtime takes the last section of a name.
        (|made| made.more = Some(".text"), "two sections .text"),
        (|made| made.more = Some(".wasmtime.engine"), "two sections .wasmtime.engine"),
        // Many symbols share one long name.
        (|made| made.symbols = (40..64).map(|at| (LONG, at, 1)).collect(), "more bytes"),
    ];
    for (change, what) in cases {
        let mut made = Made::new();
        change(&mut made);
        let error = made.wrong();
        assert!(error.contains(what), "{error}: {what}");
    }
    let mut made = Made::new();
    made.more = Some(".debug_info");
    made.symbols.push((LONG, 40, 1));
    made.symbols.push((CALLER, 44, 1));
    assert_eq!(made.verified().expect("a report").confined, 2);
    let wasm = wat::parse_str(WAT).expect("a module");
    assert!(verify(&[], &wasm).is_err());
    assert!(verify(b"\x7fELF", &wasm).is_err());
}

#[test]
fn modules_with_what_the_derivation_does_not_know_are_refused() {
    let bytes = Made::new().bytes();
    for wat in [
        "(module (memory 1 1 shared) (func) (func))",
        "(module (func (param anyref)) (func))",
        "(module (func (param externref)) (func))",
        "(module (global externref (ref.null extern)) (func) (func))",
        "(module (table 1 exnref) (func) (func))",
        "(module (type (struct)) (func) (func))",
        "(module (type (sub (func))) (func) (func))",
        "(module (table i64 0x10_0000_0000_0001 funcref) (func) (func))",
        "(module (rec (type (func)) (type (func))) (func) (func))",
    ] {
        let wasm = wat::parse_str(wat).expect("a module");
        let error = verify(&bytes, &wasm).expect_err(wat);
        assert_eq!(error.of, File::Wasm, "{wat}: {error}");
    }
    // Another module than the code's: the first function may not read a memory there.
    let mut made = Made::new();
    made.text[0..5].copy_from_slice(&[0x48, 0x8b, 0x47, 0x30, 0xc3]);
    made.symbols[0].2 = 5;
    let wasm = wat::parse_str("(module (func) (func))").expect("a module");
    let report = verify(&made.bytes(), &wasm).expect("a report");
    assert_eq!(report.refused.len(), 1);
}

/// Every byte of a file changed: nothing panics.
#[test]
fn changed_bytes_do_no_harm() {
    let wasm = wat::parse_str(WAT).expect("a module");
    let bytes = Made::new().bytes();
    let mut read = 0;
    for at in 0..bytes.len() {
        for value in [0, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(0x40)] {
            let mut changed = bytes.clone();
            changed[at] = value;
            read += usize::from(verify(&changed, &wasm).is_ok());
        }
    }
    assert!(read > 100, "{read}");
}

/// The witness owns what was checked; of a file with parts that have no check it says so.
#[test]
fn what_was_checked_is_owned() {
    let (wasm, bytes) = (wat::parse_str(WAT).expect("a module"), Made::new().bytes());
    let checked = Functions::check(bytes.clone(), &wasm, (1, uncompared))
        .expect("all functions are accepted");
    assert_eq!((checked.bytes(), checked.unchecked()), (&bytes[..], &[UNCHECKED.to_owned()][..]));
    // That is no whole file.
    let unverified =
        Verified::check(bytes.clone(), &wasm, (2, uncompared)).expect_err("a part has no check");
    assert_eq!(unverified.to_string(), "parts were not checked: .wasmtime.info");
    assert_eq!(unverified, Unverified::Unchecked(Box::new(checked.clone())));
    assert_eq!(checked.into_bytes(), bytes);
    // What is compared and may only confuse does not count.
    let confusing = |_: &Artifact<'_>, _: &[u8], _: &[u8]| {
        Ok(Rest { confusing: vec![".eh_frame".to_owned()], ..Rest::default() })
    };
    let whole = Verified::check(bytes.clone(), &wasm, (1, confusing)).expect("all is compared");
    assert_eq!(
        (whole.bytes(), &whole.report().confusing[..]),
        (&bytes[..], &[".eh_frame".to_owned()][..])
    );
    let digest = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
    assert_eq!((whole.file_sha256(), whole.wasm_sha256()), (digest(&bytes), digest(&wasm)));
    assert_ne!(whole.file_sha256(), whole.wasm_sha256());
    assert_eq!(whole.into_bytes(), bytes);
    // A comparison that fails is the file's error.
    let differs = |artifact: &Artifact<'_>, _: &[u8], _: &[u8]| {
        let at = artifact.symbols[0].name.clone();
        Err(Error { of: File::Compiled, at, what: "differs".to_owned() })
    };
    let unread = Verified::check(bytes.clone(), &wasm, (1, differs));
    assert!(matches!(unread, Err(Unverified::Unread(_))), "{unread:?}");

    // `mov [rdx], eax; ret`
    let mut made = Made::new();
    made.text[32..35].copy_from_slice(&[0x89, 0x02, 0xc3]);
    made.symbols[1].2 = 3;
    let refused =
        Functions::check(made.bytes(), &wasm, (1, uncompared)).expect_err("it stores anywhere");
    let text = refused.to_string();
    assert!(
        text.starts_with("code was refused: wasm[0]::function[1]::run+0x0 (at 0x20 of"),
        "{text}"
    );
    assert_eq!(Verified::check(made.bytes(), &wasm, (1, uncompared)), Err(refused));
    let unread = Functions::check(Vec::new(), &wasm, (1, uncompared));
    assert!(matches!(unread, Err(Unverified::Unread(_))), "{unread:?}");
}

#[test]
fn threads_change_no_report() {
    let mut made = Made::new();
    made.text[0] = 0xcc;
    let (bytes, wasm) = (made.bytes(), wat::parse_str(WAT).expect("a module"));
    let report = verify(&bytes, &wasm).expect("a report");
    assert_eq!((report.confined, report.refused.len()), (1, 1));
    for jobs in [0, 2, 7] {
        assert_eq!(verify_on(jobs, &bytes, &wasm, uncompared).as_ref(), Ok(&report));
    }
}
