//! References that machine code makes up, and bytes that it writes over objects: accepted by the
//! check, which promises no more than the sandbox, and harmless to all that meets them.
//!
//! Some functions of a module get the code of another module's functions, which has other types at
//! the same places: what is a reference in one is a number in the other. The others run as
//! bytecode, and as machine code, and do everything with what they are given: fields, elements,
//! casts, conversions, calls, tables, globals, exceptions, and collections in between.
//!
//! A run that ends shows that nothing crashed; results are traps or anything at all. That the code
//! was taken is asked first.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use prova_check::{CodeKind, Config as CheckConfig, Layout};
use prova_core::{
    CompileError, Config, Engine, Instance, MachineCode, MachineCompiler, Module, Settings, Store,
    Val,
};
use prova_module::{Features, FuncIdx, Limits};
use prova_native::NativeCompiler;

/// Makes the code of the first functions of another module; the rest of the module is bytecode, or
/// gets its own code.
struct Forger {
    inner: NativeCompiler,
    forged: prova_module::Module,
    funcs: u32,
    rest_is_native: bool,
}

impl MachineCompiler for Forger {
    fn name(&self) -> &str {
        "forger"
    }

    fn config(&self, settings: &Settings) -> CheckConfig {
        self.inner.config(settings)
    }

    fn function(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        if func.0 >= self.funcs {
            if self.rest_is_native {
                return self.inner.function(module, layout, settings, func);
            }
            return Err(CompileError::Declined("it is bytecode here".to_owned()));
        }
        let other = Layout::derive(self.forged.bytes(), layout.config()).expect("a layout");
        self.inner.function(&self.forged, &other, settings, func)
    }

    fn thunk(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        self.inner.thunk(module, layout, kind)
    }
}

/// Types of both modules; `ANY`, `S`, `A` and `F` are references in one, numbers in the other.
const TYPES: &str = r#"
    (type $f (func (result i32)))
    (type $s (struct (field (mut i32)) (field (mut FIELD)) (field (mut HOST)) (field (mut anyref))))
    (type $a (array (mut anyref)))
    (type $c (array (mut (ref null $f))))
    (type $n (struct (field (mut i64))))
    (type $t-any (func (param i64) (result ANY)))
    (type $t-s (func (param i64) (result S)))
    (type $t-a (func (param i64) (result A)))
    (type $t-c (func (param i64) (result C)))
    (type $t-i31 (func (param i64) (result I)))
    (type $t-back (func (param ANY) (result ANY)))
    (type $t-poke (func (param NODE i64)))
    (type $t-field (func (param (ref null $s) i32 i64)))"#;

/// The functions that do what their types forbid, in a context of the same form.
const FORGED: &str = r#"
    (table 4 anyref) (table 4 externref) (global (mut anyref) (ref.null any))
    (func $any (type $t-any) (local.get 0))
    (func $s (type $t-s) (local.get 0))
    (func $a (type $t-a) (local.get 0))
    (func $c (type $t-c) (local.get 0))
    (func $i31 (type $t-i31) (local.get 0))
    (func $back (type $t-back) (i64.sub (local.get 0) (i64.const 8)))
    (func $poke (type $t-poke) (struct.set $n 0 (local.get 0) (local.get 1)))
    (func $field (type $t-field) (struct.set $s 1 (local.get 0) (local.get 1))
        (struct.set $s 2 (local.get 0) (local.get 2)))"#;

/// How many they are.
const FORGED_FUNCS: u32 = 8;

/// The references to functions of the type `$f`: `$seven`, `is-forged`, `sane`.
const OF_TYPE: [u32; 3] = [FORGED_FUNCS + 1, FORGED_FUNCS + 4, FORGED_FUNCS + 5];

/// The same as they should be, and what uses them.
const HONEST: &str = r#"
    (func $any (type $t-any) (ref.null any))
    (func $s (type $t-s) (ref.null $s))
    (func $a (type $t-a) (ref.null $a))
    (func $c (type $t-c) (ref.null $c))
    (func $i31 (type $t-i31) (ref.null i31))
    (func $back (type $t-back) (local.get 0))
    (func $poke (type $t-poke))
    (func $field (type $t-field))
    (tag $e (param anyref))
    (table $t 4 anyref)
    (table $w 4 externref)
    (global $g (mut anyref) (ref.null any))
    (data $d "0123456789abcdef")
    (elem $l anyref (item (ref.i31 (i32.const 1))))
    (func $seven (type $f) (i32.const 7))
    (func $wide (param i64 i64 i64 i64) (result i64 i64 i64) (unreachable))
    (elem declare func $seven $wide)
    (func $garbage (param $n i32)
        (loop $more
            (drop (struct.new $n (i64.const 1)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "is-forged") (result i32) (i32.eqz (ref.is_null (call $any (i64.const 16)))))
    (func (export "sane") (result i32) (local $s (ref null $s))
        (local.set $s (struct.new $s (i32.const 3) (ref.func $seven) (ref.null extern) (ref.i31 (i32.const 4))))
        (call $garbage (i32.const 100000))
        (i32.add (i32.add (struct.get $s 0 (local.get $s)) (call_ref $f (struct.get $s 1 (local.get $s))))
            (i31.get_u (ref.cast (ref i31) (struct.get $s 3 (local.get $s))))))

    (func (export "lent") (param i64 i64) (call $poke (call $any (local.get 0)) (local.get 1)))
    (func (export "made") (local $n i32)
        (loop $more
            (drop (struct.new $n (i64.const -1)))
            (drop (struct.new $s (i32.const -1) (ref.func $seven) (ref.null extern) (ref.null any)))
            (drop (array.new_fixed $a 3 (ref.null any) (ref.null any) (ref.null any)))
            (drop (array.new_fixed $c 1 (ref.func $seven)))
            (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000)))))

    (func (export "field-0") (param i64) (drop (struct.get $s 0 (call $s (local.get 0)))))
    (func (export "field-1") (param i64) (drop (call_ref $f (struct.get $s 1 (call $s (local.get 0))))))
    (func (export "field-2") (param i64) (table.set $w (i32.const 0) (struct.get $s 2 (call $s (local.get 0))))
        (drop (any.convert_extern (table.get $w (i32.const 0)))))
    (func (export "field-3") (param i64) (drop (ref.test (ref $s) (struct.get $s 3 (call $s (local.get 0))))))
    (func (export "set-0") (param i64) (struct.set $s 0 (call $s (local.get 0)) (i32.const -1)))
    (func (export "set-3") (param i64) (struct.set $s 3 (call $s (local.get 0)) (call $any (local.get 0))))
    (func (export "len") (param i64) (drop (array.len (call $a (local.get 0)))))
    (func (export "element") (param i64) (drop (array.get $a (call $a (local.get 0)) (i32.const 3))))
    (func (export "function") (param i64) (drop (call_ref $f (array.get $c (call $c (local.get 0)) (i32.const 0)))))
    (func (export "set") (param i64) (array.set $a (call $a (local.get 0)) (i32.const 1) (call $any (local.get 0))))
    (func (export "fill") (param i64) (array.fill $a (call $a (local.get 0)) (i32.const 0) (call $any (local.get 0)) (i32.const 100)))
    (func (export "copy") (param i64) (local $b (ref null $a))
        (local.set $b (array.new_default $a (i32.const 200)))
        (array.copy $a $a (local.get $b) (i32.const 0) (call $a (local.get 0)) (i32.const 0) (i32.const 200))
        (array.copy $a $a (call $a (local.get 0)) (i32.const 7) (local.get $b) (i32.const 0) (i32.const 150))
        (call $garbage (i32.const 60000)) (drop (array.len (local.get $b))))
    (func (export "init") (param i64) (array.init_elem $a $l (call $a (local.get 0)) (i32.const 0) (i32.const 0) (i32.const 1)))
    (func (export "cast") (param i64) (drop (ref.cast (ref $s) (call $any (local.get 0)))))
    (func (export "tests") (param i64)
        (drop (ref.test (ref $s) (call $any (local.get 0)))) (drop (ref.test (ref array) (call $any (local.get 0))))
        (drop (ref.test (ref struct) (call $any (local.get 0)))) (drop (ref.test (ref eq) (call $any (local.get 0))))
        (drop (ref.test (ref null none) (call $any (local.get 0)))) (drop (ref.test (ref $c) (call $any (local.get 0)))))
    (func (export "branch") (param i64)
        (block $b (result (ref $a)) (drop (br_on_cast $b anyref (ref $a) (call $any (local.get 0)))) (return))
        (drop (array.len)))
    (func (export "convert") (param i64)
        (table.set $w (i32.const 1) (extern.convert_any (call $any (local.get 0))))
        (drop (any.convert_extern (table.get $w (i32.const 1)))) (call $garbage (i32.const 60000)))
    (func (export "i31") (param i64) (drop (i31.get_s (call $i31 (local.get 0)))))
    (func (export "kept") (param i64) (local $k anyref)
        (local.set $k (call $any (local.get 0))) (global.set $g (call $any (local.get 0)))
        (table.set $t (i32.const 0) (local.get $k)) (table.fill $t (i32.const 1) (local.get $k) (i32.const 2))
        (call $garbage (i32.const 100000))
        (drop (ref.eq (ref.cast eqref (local.get $k)) (ref.cast eqref (global.get $g)))))
    (func (export "in-object") (param i64) (local $s (ref null $s))
        (local.set $s (struct.new $s (i32.const 1) (ref.null $f) (ref.null extern) (call $any (local.get 0))))
        (call $garbage (i32.const 100000))
        (drop (ref.test (ref i31) (struct.get $s 3 (local.get $s)))))
    (func (export "thrown") (param i64)
        (block $h (result anyref)
            (try_table (catch $e $h) (throw $e (call $any (local.get 0))))
            (unreachable))
        (call $garbage (i32.const 60000)) (drop (ref.test (ref $s))))
    (func (export "result") (param i64) (result anyref) (call $any (local.get 0)))
    (func (export "outer") (param i64) (result externref) (extern.convert_any (call $any (local.get 0))))

    (func (export "header") (param i64) (local $s (ref null $s)) (local $a (ref null $a))
        (local.set $s (struct.new $s (i32.const 1) (ref.func $seven) (ref.null extern) (ref.null any)))
        (local.set $a (array.new $a (local.get $s) (i32.const 5)))
        (call $poke (call $back (local.get $s)) (local.get 0))
        (call $poke (call $back (local.get $a)) (local.get 0))
        (call $garbage (i32.const 100000))
        (drop (ref.test (ref $a) (local.get $s))) (drop (ref.test (ref struct) (local.get $a)))
        (drop (array.len (local.get $a))) (drop (array.get $a (local.get $a) (i32.const 70000000)))
        (array.fill $a (local.get $a) (i32.const 0) (ref.null any) (i32.const 100000)))
    (func (export "overwritten") (param i64) (local $s (ref null $s))
        (local.set $s (struct.new $s (i32.const 1) (ref.func $seven) (ref.null extern) (ref.null any)))
        (call $field (local.get $s) (i32.wrap_i64 (local.get 0)) (local.get 0))
        (drop (any.convert_extern (struct.get $s 2 (local.get $s)))))
    (func (export "overwritten-function") (param i64) (local $s (ref null $s))
        (local.set $s (struct.new $s (i32.const 1) (ref.func $seven) (ref.null extern) (ref.null any)))
        (call $field (local.get $s) (i32.wrap_i64 (local.get 0)) (local.get 0))
        (drop (call_ref $f (struct.get $s 1 (local.get $s)))))"#;

/// The exported functions that take a number.
const ATTEMPTS: [&str; 28] = [
    "field-0",
    "field-1",
    "field-2",
    "field-3",
    "set-0",
    "set-3",
    "len",
    "element",
    "function",
    "set",
    "fill",
    "copy",
    "init",
    "cast",
    "tests",
    "branch",
    "convert",
    "i31",
    "kept",
    "in-object",
    "thrown",
    "header",
    "overwritten",
    "overwritten-function",
    "result",
    "outer",
    "copy",
    "kept",
];

/// Small numbers, edges of the first pages, of 32 bits and of cells, names of functions and hosts.
const NUMBERS: [u64; 34] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    16,
    24,
    0xfff8,
    0x10000,
    0x10004,
    0x10008,
    0x10010,
    0x10028,
    0x1fff8,
    0x20000,
    0x20008,
    0x10_0000,
    0x7fff_fff8,
    0xffff_0000,
    0xffff_fff8,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0002,
    0xffff_ffff_0000_0003,
    1 << 63,
    1 << 63 | 0x10000,
    u64::MAX - 7,
    u64::MAX,
];

fn types(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(TYPES.to_owned(), |text, (name, ty)| text.replace(name, ty))
}

/// The compiler, and the module of which it makes other code.
fn forger(rest_is_native: bool) -> (Forger, Vec<u8>) {
    let honest = types(&[
        ("FIELD", "(ref null $f)"),
        ("HOST", "externref"),
        ("ANY", "anyref"),
        ("NODE", "anyref"),
        ("(result S)", "(result (ref null $s))"),
        ("(result A)", "(result (ref null $a))"),
        ("(result C)", "(result (ref null $c))"),
        ("(result I)", "(result i31ref)"),
    ]);
    let forged = types(&[
        ("FIELD", "i32"),
        ("HOST", "i64"),
        ("ANY", "i64"),
        ("NODE", "(ref null $n)"),
        ("(result S)", "(result i64)"),
        ("(result A)", "(result i64)"),
        ("(result C)", "(result i64)"),
        ("(result I)", "(result i64)"),
    ]);
    let wasm = |types: &str, rest: &str| {
        wat::parse_str(format!("(module {types} {rest})")).expect("the text is well-formed")
    };
    let (honest, forged) = (wasm(&honest, HONEST), wasm(&forged, FORGED));
    let forged = prova_module::Module::decode(forged, &Features::default(), &Limits::default());
    let forger = Forger {
        inner: NativeCompiler::new(),
        forged: forged.expect("it is valid"),
        funcs: FORGED_FUNCS,
        rest_is_native,
    };
    (forger, honest)
}

#[test]
fn what_machine_code_makes_up_harms_nobody() {
    for (rest_is_native, fuel) in [(false, true), (true, true), (true, false)] {
        attempts(rest_is_native, fuel);
    }
}

fn attempts(rest_is_native: bool, fuel: bool) {
    let (forger, honest) = forger(rest_is_native);
    let mut config = Config::new();
    config.native(forger).consume_fuel(fuel);
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = Module::new(&engine, &honest).expect("it is valid");
    let mut traps = 0;
    // Headers: a length above the identity of a type.
    let lengths = [1, 5, 1000, u64::from(u32::MAX >> 1), u64::from(u32::MAX)];
    let headers = lengths.into_iter().flat_map(|len| (0..16).map(move |ty| len << 32 | ty));
    for number in NUMBERS.into_iter().chain(headers) {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let mut call = |name: &str, args: &[Val]| {
            assert_eq!(store.set_fuel(50_000_000).is_ok(), fuel);
            let func = instance.get_func(&mut store, name).expect("an exported function");
            let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
            func.call(&mut store, args, &mut results).map(|()| results)
        };
        let forged = call("is-forged", &[]).expect("it returns");
        assert!(matches!(forged[..], [Val::I32(1)]), "{forged:?}: {:?}", module.refusals());
        for name in ATTEMPTS {
            let outcome = call(name, &[Val::I64(number as i64)]);
            traps += u32::from(outcome.is_err());
            // Null and other functions are refused where they come out of the heap or are called.
            let is_right = name != "overwritten-function" || OF_TYPE.contains(&(number as u32));
            assert!(is_right || outcome.is_err(), "{number:#x}: {outcome:?}");
            // There are no values of the host.
            let is_host = name != "overwritten" || number == 0 || number > 24;
            assert!(is_host || outcome.is_err(), "{number:#x}: {outcome:?}");
        }
        let sane = call("sane", &[]).expect("it returns");
        assert!(matches!(sane[..], [Val::I32(14)]), "{number:#x}: {sane:?}");
    }
    assert!(traps > 300, "only {traps} traps");
    let rejected = module.refusals().into_iter().filter(|it| it.func.0 < FORGED_FUNCS);
    assert_eq!(rejected.collect::<Vec<_>>(), []);
}

/// The numbers by which the heap lends slots to code, written over: objects may be made anywhere.
#[test]
fn slots_that_were_never_lent() {
    let (forger, honest) = forger(true);
    let mut config = Config::new();
    config.native(forger);
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = Module::new(&engine, &honest).expect("it is valid");
    let ends = [0, 1, 8, 0x100, 0x10000, 0x10008, 0x10ff8, 0x7fff_fff8, 0xffff_fff8, 0xffff_ffff];
    let mut ran = 0;
    for class in 0..6_u32 {
        for (next, end) in ends.into_iter().flat_map(|next| ends.map(|end| (next, end))) {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
            let mut call = |name: &str, args: &[Val]| {
                let func = instance.get_func(&mut store, name).expect("an exported function");
                let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
                func.call(&mut store, args, &mut results).is_ok()
            };
            assert!(call("sane", &[]));
            // A field lies 8 bytes behind its object.
            let at = i64::from(prova_module::slots::lent_at(class as u8)) - 8;
            assert!(call("lent", &[Val::I64(at), Val::I64(end << 32 | next)]));
            // What is made lies where code says, so that anything may come of it but a crash.
            ran += u32::from(call("sane", &[])) + u32::from(call("made", &[]));
        }
    }
    assert!(ran > 0, "some run to their end");
}
