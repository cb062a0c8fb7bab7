//! Functions with and without machine code in one instance, hosts between them, calls that wait.
//!
//! A function that calls `$nine`, whose results do not fit registers, has no machine code.

use prova_core::{
    Caller, CodeCandidate, CompileError, Compiler, Config, Engine, Extern, Linker, Module,
    RefusalReason, ResumableCall, Settings, Store, Translate, Trap, Val,
};
use prova_native::NativeCompiler;
use std::fmt::Write as _;

fn engine(native: bool) -> Engine {
    let mut config = Config::new();
    if native {
        config.native(NativeCompiler::new());
    }
    Engine::new(&config).expect("the configuration is valid")
}

/// Runs an export in both tiers with a host that calls back; `refused` functions stay bytecode.
pub(crate) fn same(text: &str, calls: &[(&str, &[Val])], refused: usize) {
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |native: bool| {
        let engine = engine(native);
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut store = Store::new(&engine, 0u32);
        let mut linker = Linker::new(&engine);
        let back = |mut caller: Caller<'_, u32>, n: i32| -> prova_core::Result<i32> {
            *caller.data_mut() += 1;
            if n == 0 {
                return Ok(-1);
            }
            let Some(Extern::Func(func)) = caller.get_export("back") else { return Ok(-2) };
            let mut results = [Val::I32(0)];
            func.call(&mut caller, &[Val::I32(n - 1)], &mut results)?;
            Ok(results[0].i32().unwrap_or(0) + 1)
        };
        linker.func_wrap("h", "back", back).expect("a new name");
        linker
            .func_wrap("h", "fail", || -> prova_core::Result<()> { prova_core::bail!("failed") })
            .expect("");
        let instance = linker.instantiate(&mut store, &module).expect("all imports are there");
        let mut out = String::new();
        for (name, args) in calls {
            let func = instance.get_func(&mut store, name).expect("an exported function");
            let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
            match func.call(&mut store, args, &mut results) {
                Ok(()) => writeln!(out, "{results:?}"),
                Err(error) => writeln!(out, "{:?} {error:#}", error.downcast_ref::<Trap>()),
            }
            .expect("a string");
        }
        if native {
            assert_eq!(module.refusals().len(), refused, "{:?}", module.refusals());
        }
        (out, store.into_data())
    };
    assert_eq!(run(true), run(false));
}

pub(crate) const HEAD: &str = "(import \"h\" \"back\" (func $host (param i32) (result i32)))
    (import \"h\" \"fail\" (func $fail)) (tag $e (param i32))
    (func $nine (result i64 i64 i64 i64 i64 i64 i64 i64 i64) unreachable)";

#[test]
fn calls_go_both_ways() {
    let text = format!(
        "(module {HEAD}
        (func $byte (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
          (if (i32.eq (local.get 0) (i32.const 1000000)) (then (call $nine) (unreachable)))
          (i32.add (call $native (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (func $native (export \"f\") (param i32) (result i32)
          (i32.add (call $byte (local.get 0)) (i32.const 2)))
        (func (export \"trap\") (param i32) (result i32)
          (i32.div_s (i32.const 1) (call $sub (local.get 0))))
        (func $sub (param i32) (result i32)
          (if (local.get 0) (then (call $nine) (unreachable))) (i32.const 0)))"
    );
    let args = [0, 1, 2, 100, 5_000].map(|n| [Val::I32(n)]);
    let mut calls: Vec<(&str, &[Val])> = args.iter().map(|args| ("f", &args[..])).collect();
    // Too deep.
    let deep = [Val::I32(900_000)];
    calls.extend([("f", &deep[..]), ("f", &args[2]), ("trap", &args[0]), ("trap", &args[1])]);
    same(&text, &calls, 3);
}

#[test]
fn hosts_between() {
    let text = format!(
        "(module {HEAD}
        (func (export \"back\") (param i32) (result i32) (call $host (local.get 0)))
        (func (export \"trap\") (param i32) (result i32)
          (drop (call $host (local.get 0))) (call $fail) (i32.const 1))
        (func (export \"tail\") (param i32) (result i32) (return_call $host (local.get 0))))"
    );
    let args = [0, 1, 2, 30, 150].map(|n| [Val::I32(n)]);
    let mut calls: Vec<(&str, &[Val])> = args.iter().map(|args| ("back", &args[..])).collect();
    calls.extend([
        ("trap", &args[0][..]),
        ("trap", &args[2]),
        ("tail", &args[0]),
        ("tail", &args[2]),
    ]);
    same(&text, &calls, 0);
}

#[test]
fn tail_calls_between_both_kinds_of_code_take_no_stack() {
    let text = format!(
        "(module {HEAD}
        (func $byte (param i32 i64) (result i64)
          (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
          (if (i32.eq (local.get 0) (i32.const -1)) (then (call $nine) (unreachable)))
          (return_call $native (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1))))
        (func $native (export \"f\") (param i32 i64) (result i64)
          (return_call $byte (local.get 0) (i64.add (local.get 1) (i64.const 2)))))"
    );
    same(&text, &[("f", &[Val::I32(300_000), Val::I64(0)])], 1);
}

#[test]
fn tail_calls_may_overflow_the_stack() {
    let locals = "(local v128 v128 v128 v128 v128 v128 v128 v128)".repeat(20);
    let text = format!(
        "(module {HEAD}
        (func $large (param i32) (result i32) {locals} (local.get 0))
        (func $byte_large (param i32) (result i32) {locals}
          (if (i32.eq (local.get 0) (i32.const -1)) (then (call $nine) (unreachable)))
          (local.get 0))
        (func $down (param i32 i32) (result i32)
          (if (i32.eqz (local.get 0))
            (then (return_call $large (local.get 1))))
          (i32.add (i32.const 1)
            (call $down (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
        (func $down_byte (param i32 i32) (result i32)
          (if (i32.eqz (local.get 0))
            (then (return_call $byte_large (local.get 1))))
          (i32.add (i32.const 1)
            (call $down_byte (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
        (func (export \"native\") (param i32) (result i32) (call $down (local.get 0) (i32.const 7)))
        (func (export \"byte\") (param i32) (result i32)
          (call $down_byte (local.get 0) (i32.const 7))))"
    );
    // 8 MiB and frames of 88 and 96 bytes: some depths leave room for a small frame alone.
    let depths: Vec<[Val; 1]> = (0..12).map(|step| [Val::I32(95_200 + 20 * step)]).collect();
    let more: Vec<[Val; 1]> =
        [10, 80_000, 87_300, 87_350, 87_380, 200_000].map(|n| [Val::I32(n)]).into();
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    for args in depths.iter().chain(&more) {
        calls.extend([("native", &args[..]), ("byte", args)]);
    }
    same(&text, &calls, 1);
}

#[test]
fn backtraces_go_through_every_kind_of_frame() {
    // host ► native ► bytecode ► host ► native ► native, which traps.
    let text = format!(
        "(module {HEAD}
        (func $div (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export \"back\") (param i32) (result i32)
          (i32.add (call $div (local.get 0)) (i32.const 1)))
        (func $byte (param i32) (result i32)
          (if (i32.eq (local.get 0) (i32.const -1)) (then (call $nine) (unreachable)))
          (i32.add (call $host (local.get 0)) (i32.const 1)))
        (func $tail (param i32) (result i32) (return_call $byte (local.get 0)))
        (func (export \"f\") (param i32) (result i32)
          (i32.add (call $byte (local.get 0)) (i32.const 1)))
        (func (export \"t\") (param i32) (result i32)
          (i32.add (call $tail (local.get 0)) (i32.const 1))))"
    );
    let args = [0, 1, 2].map(|n| [Val::I32(n)]);
    let calls: Vec<(&str, &[Val])> =
        args.iter().flat_map(|args| [("f", &args[..]), ("t", args)]).collect();
    same(&text, &calls, 1);
}

#[test]
fn calls_that_wait_go_on() {
    let text = "(module (import \"h\" \"wait\" (func $wait (param i32) (result i32)))
        (func $g (param i32) (result i32) (i32.add (call $wait (local.get 0)) (i32.const 1)))
        (func (export \"f\") (param i32) (result i32)
          (i32.add (call $g (local.get 0)) (call $g (i32.mul (local.get 0) (i32.const 2))))))";
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |native: bool| {
        let engine = engine(native);
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // An error of a host function suspends a resumable call.
        let wait = |_: i32| -> prova_core::Result<i32> { prova_core::bail!("later") };
        linker.func_wrap("h", "wait", wait).expect("a new name");
        let instance = linker.instantiate(&mut store, &module).expect("all imports are there");
        let func = instance.get_func(&mut store, "f").expect("an export");
        let mut results = [Val::I32(0)];
        let mut call =
            func.call_resumable(&mut store, &[Val::I32(4)], &mut results).expect("no trap");
        let mut waits = 0;
        while let ResumableCall::HostTrap(waiting) = call {
            waits += 1;
            call =
                waiting.resume(&mut store, &[Val::I32(10 * waits)], &mut results).expect("no trap");
        }
        (waits, format!("{results:?}"))
    };
    assert_eq!(run(true), run(false));
}

/// Where there can be no machine code of a module, all its functions say so: here the layout knows
/// no memory that fills the address space.
#[test]
fn a_module_without_layout_is_told() {
    let text = "(module (memory i64 0x1000000000000) (func) (func (export \"f\")))";
    let of = |text| Module::new(&engine(true), wat::parse_str(text).expect("a module"));
    let module = of(text).expect("the module is valid");
    module.translate().expect("as bytecode");
    let reasons: Vec<String> = module
        .refusals()
        .into_iter()
        .map(|refusal| match refusal.reason {
            RefusalReason::OfModule(why) | RefusalReason::Damaged(why) => {
                format!("{}: {why}", refusal.func.0)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().all(|why| why.contains("memory beyond the address space")));
    let fine = of("(module (func))").expect("the module is valid");
    fine.translate().expect("as bytecode");
    assert!(fine.refusals().is_empty());
}

/// A compiler of bytecode that leaves each function to the one behind it, which the refusals tell.
struct Leaves;

impl Compiler for Leaves {
    fn name(&self) -> &str {
        "leaves"
    }

    fn compile(
        &self,
        _: &prova_module::Module,
        _: &Settings,
        _: prova_module::FuncIdx,
    ) -> Result<CodeCandidate, CompileError> {
        Err(CompileError::Declined("asked".to_owned()))
    }
}

/// The functions that have bytecode by now, of one without machine code and one with it.
fn with_bytecode(native: bool, ask: impl Fn(&Module)) -> Vec<u32> {
    let text = "(module
        (func (result i32 i32 i32 i32 i32 i32 i32 i32 i32) unreachable) (func (export \"f\")))";
    let mut config = Config::new();
    config.compiler(Leaves).translate(Translate::Eager);
    if native {
        config.native(NativeCompiler::new());
    }
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = Module::new(&engine, wat::parse_str(text).expect("a module"));
    let module = module.expect("the module is valid");
    ask(&module);
    let asked = module.refusals().into_iter().filter(|refusal| refusal.compiler == "leaves");
    asked.map(|refusal| refusal.func.0).collect()
}

#[test]
fn a_function_with_machine_code_has_no_bytecode_until_it_is_asked_for() {
    assert_eq!(with_bytecode(true, |_| ()), [0]);
    assert_eq!(with_bytecode(false, |_| ()), [0, 1]);
    let all =
        |module: &Module| assert_eq!(module.translate().map(|all| all.functions).ok(), Some(2));
    assert_eq!(with_bytecode(true, all), [0, 1]);
}
