//! `prova verify --wasm`: what it says of a compiled module of Wasmtime's, one made by hand.
//!
//! What is accepted and refused of such files is for `wasmtime-layout/tests`; files that Wasmtime
//! wrote are for `tests/api/wasmtime` and for measurements (`benches/runs`).

use crate::common::Scratch;

const WAT: &str = r#"(module (memory 1)
    (func $get (export "get") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func $none))"#;

/// `mov rax, [rdi + 56]` (the memory's base), `mov ecx, edx`, `mov eax, [rax + rcx + 4]`, `ret`.
const GET: [u8; 11] = [0x48, 0x8b, 0x47, 0x38, 0x8b, 0xca, 0x8b, 0x44, 0x08, 0x04, 0xc3];
/// The symbol of the function that initialises instances.
const START: &str = "module_start[0]::Wasm";
/// Where `GET` accesses the memory.
const ACCESS: usize = 6;

/// The file with this code of the first function; the second one is `ret`.
fn cwasm(get: &[u8; 11]) -> Vec<u8> {
    cwasm_with(get, &[], false)
}

/// The same, with these words for exceptions, and a function that initialises instances, or none:
/// `ret`.
fn cwasm_with(get: &[u8; 11], exceptions: &[u32], starts: bool) -> Vec<u8> {
    let exceptions: Vec<u8> = exceptions.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut text = get.to_vec();
    text.resize(16, 0);
    text.push(0xc3);
    // One row in one block, which begins at the access: a trap 1, out of bounds.
    let mut traps = [1_u32, 1, ACCESS as u32, 0].map(u32::to_le_bytes).concat();
    traps.extend_from_slice(&[1, 0]);
    let names = b"\0wasm[0]::function[0]::get\0wasm[0]::function[1]\0module_start[0]::Wasm\0";
    let symbol = |name: u32, start: u64, len: u64| {
        // A function in the third section.
        let head = [&name.to_le_bytes()[..], &[0x12, 0, 3, 0]].concat();
        [head, start.to_le_bytes().to_vec(), len.to_le_bytes().to_vec()].concat()
    };
    let mut symbols = [vec![0; 24], symbol(1, 0, 11), symbol(27, 16, 1)].concat();
    if starts {
        text.push(0xc3);
        symbols.extend(symbol(48, 17, 1));
    }
    elf(&[
        (".wasmtime.engine", (1, 0, 0), &engine()),
        (".wasmtime.traps", (1, 0, 0), &traps),
        (".text", (1, 0, 0), &text),
        // Its names are in the next section, and its first global symbol is the second.
        (".symtab", (2, 5, 24), &symbols),
        (".strtab", (3, 0, 0), names),
        (".wasmtime.exceptions", (1, 0, 0), &exceptions),
    ])
}

/// A section: its name, numbers of its entry, and bytes.
type Section<'a> = (&'a str, (u32, u32, u64), &'a [u8]);

/// An ELF image of sections with name, type, linked section, bytes of an entry, and content.
fn elf(sections: &[Section<'_>]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    bytes.resize(64, 0);
    let (mut names, mut headers) = (vec![0], vec![0; 64]);
    for &(name, (kind, link, entry), data) in
        sections.iter().chain(&[(".shstrtab", (3, 0, 0), &[][..])])
    {
        let mut data = data.to_vec();
        let at = names.len() as u32;
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        if name == ".shstrtab" {
            data.clone_from(&names);
        }
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        headers.extend([at, kind].map(u32::to_le_bytes).concat());
        let place = [0, 0, bytes.len() as u64, data.len() as u64];
        headers.extend(place.map(u64::to_le_bytes).concat());
        headers.extend([link, u32::from(entry > 0)].map(u32::to_le_bytes).concat());
        headers.extend([16, entry].map(u64::to_le_bytes).concat());
        bytes.extend(data);
    }
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let table = (bytes.len() as u64).to_le_bytes();
    let count = (headers.len() / 64) as u16;
    bytes.extend(headers);
    // Relocatable, x86-64, version 1; where the table is; that it is a module; sizes and counts.
    bytes[16..24].copy_from_slice(&[1, 0, 62, 0, 1, 0, 0, 0]);
    bytes[40..48].copy_from_slice(&table);
    bytes[48] = 1;
    bytes[52] = 64;
    bytes[58] = 64;
    bytes[60..62].copy_from_slice(&count.to_le_bytes());
    bytes[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    bytes
}

/// The settings of Wasmtime's defaults, for x86-64 of the first level.
fn engine() -> Vec<u8> {
    let mut out = b"\0\x0248\x18x86_64-unknown-linux-gnu".to_vec();
    // No settings of Cranelift's, no collector; 4 GiB, 32 MiB, 2 GiB.
    out.extend_from_slice(&[0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x08]);
    out.extend_from_slice(&[0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1]);
    // Images, inlining and its sizes, and more; the heap of collected objects.
    out.extend_from_slice(&[1, 1, 50, 100, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10]);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x10, 0x80, 0x80, 0x80, 0x80, 0x08, 0, 1]);
    out
}

/// A folder with the module, `it.cwasm`, and `out.cwasm`, whose access is indexed by an address.
fn folder(name: &str) -> Scratch {
    let folder = Scratch::new(name);
    folder.write("it.wat", WAT);
    folder.write("it.cwasm", cwasm(&GET));
    let mut out = GET;
    // `mov eax, [rax + rdi + 4]`
    out[8] = 0x38;
    folder.write("out.cwasm", cwasm(&out));
    folder
}

#[test]
fn functions_are_counted_and_refusals_named() {
    let folder = folder("cwasm-report");
    let run = folder.run("verify it.cwasm --wasm it.wat");
    assert_eq!(run.code, 1, "{run:?}");
    for line in [
        "not checked in part: it.cwasm: 2 of 3 pieces of code",
        "from the final bytes of 2 pieces: the code cannot leave its sandbox (12 bytes)",
        "made for x86_64-unknown-linux-gnu, x86-64-v2, collector none, signals, no fuel, no epochs; \
         memories: 0x100000000 bytes reserved, 0x2000000 of guard, may move",
        "holds for hosts of Wasmtime 48.0.0 to 48.0.8\n",
        "that addresses of the host do not reach the guest: ",
        "that fuel is paid: ",
        ".wasmtime.info",
    ] {
        assert!(run.out.contains(line), "{line}: {run:?}");
    }
    let one = folder.run("verify out.cwasm --wasm it.wat --jobs 1");
    let line = "get (func0)  at 0x6, 0x6 of the text: Address: the address is no known sum";
    assert!(one.code == 1 && one.out.contains(line), "{one:?}");
    let more = folder.run("verify out.cwasm --wasm it.wat --jobs 3");
    assert_eq!((one.code, one.out), (more.code, more.out));
    let json = folder.run("verify out.cwasm --wasm it.wat --json");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((&json["refused"], &json["confined"]), (&1.into(), &1.into()), "{json}");
    let refusal = serde_json::json!({
        "name": "get (func0)", "kind": "function", "function": 0, "offset": 6, "text_offset": 6, "rule": "Address",
        "what": "the address is no known sum",
    });
    assert_eq!(json["refusals"], serde_json::json!([refusal]), "{json}");
    assert_eq!(json["not_checked"][0], ".wasmtime.info", "{json}");
    assert_eq!(json["verdict"], "refused in part", "{json}");
    let patches = serde_json::json!({ "first": "48.0.0", "last": "48.0.8" });
    assert_eq!((&json["patches"], &json["made_for"]), (&patches, &().into()), "{json}");
}

/// The file, and the module, may be asked for by their digest, and the report has both.
#[test]
fn digests_and_settings_are_members() {
    let folder = folder("cwasm-digests");
    let json = folder.run("verify it.cwasm --wasm it.wat --json");
    let tree: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    let digest = |of: &str| tree[of]["sha256"].as_str().expect("a digest").to_owned();
    let other = digest("file").replace(['0', '1', '2', '3'], "4");
    assert!(digest("file") != digest("module") && other != digest("file"), "{tree}");
    for (expected, code, why) in [
        (digest("file"), 1, ""),
        (format!("sha256:{}", digest("module")), 1, ""),
        (other, 1, "has another module than the expected one"),
        ("4".to_owned(), 2, "a SHA-256 has 64 hexadecimal digits"),
    ] {
        let run = folder.run(&format!("verify it.cwasm --wasm it.wat --expect {expected}"));
        assert!(run.code == code && run.err.contains(why), "{expected}: {run:?}");
        assert_eq!(run.out.contains("2 of 3 pieces"), why.is_empty(), "{expected}: {run:?}");
    }
    let expected = serde_json::json!({
        "target": "x86_64-unknown-linux-gnu", "processor": "x86-64-v2", "collector": null,
        "signals": true, "fuel": false, "epochs": false, "debug_native": false,
        "memory_reservation": 4_294_967_296_u64, "memory_guard_size": 33_554_432,
        "memory_may_move": true, "gc_heap_reservation": 4_294_967_296_u64,
        "gc_heap_guard_size": 33_554_432, "gc_heap_may_move": true,
    });
    assert_eq!(tree["settings"], expected, "{tree}");
}

/// A function is refused for the same reason by the report and where one access of it is asked for.
#[test]
fn rows_of_exceptions_are_judged_in_both() {
    let folder = folder("cwasm-exceptions");
    // A handler of what is no call, in the function that is `ret`.
    let words = [1, 1, 17, 0, 1, u32::MAX, u32::MAX, 16];
    folder.write("thrown.cwasm", cwasm_with(&GET, &words, false));
    let why = "Metadata: a call's row is missing, or is not a call's";
    let run = folder.run("verify thrown.cwasm --wasm it.wat");
    let line = format!("none (func1)  at 0x0, 0x10 of the text: {why}");
    assert!(run.code == 1 && run.out.contains(&line), "{line}: {run:?}");
    let run = folder.run("verify thrown.cwasm --wasm it.wat --explain func1+0");
    assert!(run.code == 1 && run.out.contains(why), "{run:?}");
    let run = folder.run("verify thrown.cwasm --wasm it.wat --explain func0+6");
    assert_eq!(run.code, 0, "{run:?}");
}

/// Nothing that is accepted: another verdict than of a part.
#[test]
fn a_file_without_accepted_code_is_refused() {
    let folder = folder("cwasm-refused");
    let mut out = GET;
    out[8] = 0x38;
    let words = [1, 1, 17, 0, 1, u32::MAX, u32::MAX, 16];
    folder.write("none.cwasm", cwasm_with(&out, &words, false));
    let json = folder.run("verify none.cwasm --wasm it.wat --json");
    let tree: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((json.code, &tree["verdict"]), (1, &"refused".into()), "{tree}");
}

#[test]
fn one_access_is_derived() {
    let folder = folder("cwasm-explain");
    let run = folder.run("verify it.cwasm --wasm it.wat --explain get+6");
    for line in [
        "bytes: 8b 44 08 04",
        "address: memory 0 + v",
        "rax is memory 0",
        " is a number, 0x0 to 0xffffffff",
        "allowed: P3: it ends at 0x100000007 at most; the 0x102000000 bytes from the base of \
         memory 0 on are memory, or fault",
        "of get (func0), which begins at 0x0 of the text",
    ] {
        assert!(run.code == 0 && run.out.contains(line), "{line}: {run:?}");
    }
    let run = folder.run("verify it.cwasm --wasm it.wat --explain func0+0");
    for line in ["address: context + 0x38", "allowed: P5: ", "rax is then memory 0"] {
        assert!(run.code == 0 && run.out.contains(line), "{line}: {run:?}");
    }
    // A refused function is explained, too.
    let run = folder.run("verify out.cwasm --wasm it.wat --explain get+6");
    for line in ["rdi is context", "not allowed: Address: the address is no known sum"] {
        assert!(run.code == 1 && run.out.contains(line), "{line}: {run:?}");
    }
    let json = folder.run("verify it.cwasm --wasm it.wat --explain get+6 --json");
    let tree: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((json.code, &tree["kind"]), (0, &"instruction".into()), "{tree}");
    for (wrong, why) in [
        ("get", "it must be FUNC+OFFSET"),
        (
            "get+7",
            "no instruction at 0x7 of the code: it is inside the one at 0x6, which has 4 bytes",
        ),
        ("get+b", "no instruction at 0xb of the code: the code has 0xb bytes"),
        ("get+x", "hexadecimal"),
        ("absent+0", "absent"),
        ("wasm[0]::function[2]+0", "function[2]"),
    ] {
        let run = folder.run(&format!("verify it.cwasm --wasm it.wat --explain {wrong}"));
        assert!(run.code == 2 && run.err.contains(why), "{wrong}: {run:?}");
    }
    // As `nm` and the library name it.
    for name in ["wasm[0]::function[0]", "wasm[0]::function[0]::get"] {
        let run = folder.run(&format!("verify it.cwasm --wasm it.wat --explain {name}+6"));
        let line = "of get (func0), which begins at 0x0 of the text";
        assert!(run.code == 0 && run.out.contains(line), "{name}: {run:?}");
    }
}

/// A file that is missing, empty, cut or another is a bad one; a call that asks for what there is
/// not is misuse.
#[test]
fn bad_files_and_bad_calls_have_their_codes() {
    let folder = folder("cwasm-codes");
    let whole = cwasm(&GET);
    folder.write("empty", "");
    folder.write("text", "not a file of Wasmtime's\n");
    for bytes in [4, 7, 8, 64, 100, whole.len() - 1] {
        folder.write(&format!("cut{bytes}"), &whole[..bytes]);
    }
    folder.write("other.wat", "(module (memory 1) (func) (func) (func))");
    folder.write("own.wat", WAT);
    assert_eq!(folder.run("compile own.wat -o own.prova").code, 0);
    for (files, code, why) in [
        ("absent --wasm it.wat", 1, "failed to read `absent`"),
        ("empty --wasm it.wat", 1, "does not begin as a compiled module"),
        ("text --wasm it.wat", 1, "does not begin as a compiled module"),
        ("cut4 --wasm it.wat", 1, "does not begin as a compiled module"),
        ("cut7 --wasm it.wat", 1, "does not begin as a compiled module"),
        ("cut8 --wasm it.wat", 1, "failed to verify `cut8`"),
        ("cut64 --wasm it.wat", 1, "failed to verify `cut64`"),
        ("cut100 --wasm it.wat", 1, "failed to verify `cut100`"),
        ("it.wat --wasm it.wat", 1, "does not begin as a compiled module"),
        ("it.cwasm --wasm absent.wat", 1, "failed to read `absent.wat`"),
        ("it.cwasm --wasm other.wat", 1, "function 2; is the file made of this WebAssembly?"),
        ("- --wasm it.wat", 2, "does not come from standard input: name its file"),
        ("own.prova --wasm it.wat", 2, "has its module inside: leave `--wasm` out"),
        ("it.cwasm", 2, "name its WebAssembly with `--wasm`"),
        ("it.cwasm --wasm it.wat -W shared-memory", 2, "`-W`: `it.cwasm`"),
        ("it.cwasm --wasm it.wat --rebuild", 2, "no `--rebuild`"),
        ("it.cwasm --wasm it.wat --require proved", 2, "no proof can be required"),
    ] {
        let run = folder.run(&format!("verify {files}"));
        assert!(run.code == code && run.err.contains(why), "{files}: {run:?}");
    }
    // What is asked for of all files.
    let run = folder.run("verify it.cwasm --wasm it.wat --require confined");
    assert!(run.code == 1 && run.out.contains("2 of 3 pieces"), "{run:?}");
    let last = folder.run(&format!("verify cut{} --wasm it.wat", whole.len() - 1));
    assert_eq!((last.code, &*last.out), (1, ""), "{last:?}");
}

/// Code that is no function is named as the report names it, by its symbol.
#[test]
fn other_code_is_explained_by_its_symbol() {
    let folder = Scratch::new("cwasm-start");
    folder.write("it.wat", WAT);
    // A handler of what is no call.
    let words = [1, 1, 18, 0, 1, u32::MAX, u32::MAX, 17];
    folder.write("starts.cwasm", cwasm_with(&GET, &words, true));
    let json = folder.run("verify starts.cwasm --wasm it.wat --json");
    let tree: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    let refusal = &tree["refusals"][0];
    assert_eq!(refusal["kind"], "initialisation", "{tree}");
    assert_eq!((&refusal["name"], &refusal["function"]), (&START.into(), &().into()), "{tree}");
    let explain = format!("verify starts.cwasm --wasm it.wat --explain {START}+0");
    let run = folder.run(&explain);
    for line in [&*format!("of {START}, which begins at 0x11 of the text"), "Metadata"] {
        assert!(run.code == 1 && run.out.contains(line), "{line}: {run:?}");
    }
    folder.write("starts.cwasm", cwasm_with(&GET, &[], true));
    let run = folder.run(&explain);
    assert_eq!(run.code, 0, "{run:?}");
    // A file without it has no code of that name.
    folder.write("starts.cwasm", cwasm(&GET));
    assert_eq!(folder.run(&explain).code, 2);
}

#[test]
fn no_threads_are_misuse() {
    let folder = folder("cwasm-jobs");
    for command in ["verify it.cwasm --wasm it.wat", "check-code it.wat", "opt it.wat -o o.wasm"] {
        let run = folder.run(&format!("{command} --jobs 0"));
        assert!(run.code == 2 && run.err.contains("--jobs"), "{command}: {run:?}");
    }
}
