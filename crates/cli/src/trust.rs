//! `prova trust`: what the proofs rest on, and what keeps it; `--self-test` tries what can be tried
//! on this machine.
//!
//! The list is in `docs/trust/assumptions.md`, with the reasons; a test compares both. Exit codes:
//! 0; 1 if a trial of the self-test fails.

use crate::report::{Exit, present, print};
use clap::Args;
use prova_core::{Config, Engine, Linker, MachineCompiler, Module, Result, Store, Trap, Val};
use prova_module::FuncIdx;
use prova_native::{Layout, Ledger, MemoryShape, NativeCompiler, Target, body, premises, verdict};
use prova_report::{Node, Table};

/// Shows what the proofs rest on, and what keeps it
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Tries on this machine what can be tried
    #[arg(long)]
    self_test: bool,
}

/// An assumption: what, who keeps it, what would notice that it does not hold.
struct Assumption {
    what: &'static str,
    kept_by: &'static str,
    noticed_by: &'static str,
}

/// The assumptions of the check of machine code.
const MACHINE: [Assumption; 17] = [
    Assumption {
        what: "base + reservation + guard lies below 2^47; the zone `[0, reservation + guard)` of a memory in the guard shape is memory or faults",
        kept_by: "runtime",
        noticed_by: "crates/runtime/src/memory/tests.rs",
    },
    Assumption {
        what: "with signals the 1 MiB behind the present length of a memory with pages of 64 KiB faults, in every shape",
        kept_by: "runtime",
        noticed_by: "crates/runtime/src/memory/tests.rs: nothing_behind_the_length_can_be_accessed",
    },
    Assumption {
        what: "in the masked shape the store's word leads to a zone of 1 MiB that is never mapped, for as long as the process lives",
        kept_by: "runtime",
        noticed_by: "crates/runtime/src/native/state.rs: nowhere_is_never_mapped",
    },
    Assumption {
        what: "the word in a record that leads to code may be replaced by that of other code of the function, nothing else in it",
        kept_by: "runtime",
        noticed_by: "crates/certify/tests/attack_runtime.rs: hole_code_that_was_replaced",
    },
    Assumption {
        what: "bases of memories and tables never change, or where they may move (`-O memory-may-move`) only while code waits for a call; lengths never fall, and are at least the declared minimum and at most the maximum; no memory has more than 2^47 bytes",
        kept_by: "runtime",
        noticed_by: "invariants of crates/runtime/src/vm.rs; where they move: crates/native/tests/moves.rs",
    },
    Assumption {
        what: "context, records, type ids, builtins are at the offsets of `prova_check::offsets`, type ids are canonical: equal exactly for types that are equal with their groups; a record's code takes what its type says, and a subtype's what the supertype says",
        kept_by: "runtime",
        noticed_by: "assertions when it is built; the suites in `--tier native`",
    },
    Assumption {
        what: "each type that code may call functions of (`Layout::is_callable`) has a way in and out, and so has the type of each function that is imported, which may be a subtype: no record of such a type leads to address 0; an instance without them takes no native code",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/attach.rs, artifact.rs; crates/testing/tests/look.rs; crates/prova/tests/bulk.rs: subtypes",
    },
    Assumption {
        what: "the store's word that counts functions is at most the number of their records, each of which is one, also where its instance is still to come",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/forged.rs; objects.rs: functions_out_of_objects",
    },
    Assumption {
        what: "native stacks have 24 times the logical limit (half of the 16 for two thunks a waiting function) and at least 131,072 bytes beside it, and trampolines of builtins leave the stack soon",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/run.rs: recursion",
    },
    Assumption {
        what: "the context has the base of each memory and table that its record has, a length that each memory has or had, and the records of its functions; code is mapped at a multiple of 16, in pages that hold accepted code and `int3` alone; the processor has the level of the configuration",
        kept_by: "runtime",
        noticed_by: "runtime: sys/x64/code.rs and native/code.rs, what lies in pages; the level is compared where a layout is derived",
    },
    Assumption {
        what: "`perform` checks indices, types (of all references that a table may hold, not of their kind alone) and bounds again; `trap` does not return; builtins give callee-saved registers back",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/run.rs",
    },
    Assumption {
        what: "argument cells hold what the type says where a way in begins, and behind the builtin `call`; at a landing what the clause gets",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/mixed.rs, exceptions.rs",
    },
    Assumption {
        what: "`throw` goes on at the landing of a clause of a call that waits, whose tag is the exception's, with frame pointer and stack pointer as that call had them, or nowhere",
        kept_by: "runtime",
        noticed_by: "crates/native/tests/exceptions.rs; crates/testing/tests/exceptions.rs",
    },
    Assumption {
        what: "references in cells, globals, tables and results are 0 or a store address + 1 of their type",
        kept_by: "runtime, every tier",
        noticed_by: "the proof of bytecode; crates/native/tests/mixed.rs",
    },
    Assumption {
        what: "the decoder (iced-x86) is right about the codes of the tables, and about their widths",
        kept_by: "its authors",
        noticed_by: "its tests; crates/certify/tests/decoder.rs",
    },
    Assumption {
        what: "the processor does what the manual says; flags, low halves and the exceptions that `numeric.rs` names",
        kept_by: "its makers",
        noticed_by: "crates/runtime/tests/processor.rs; crates/native/tests/numeric.rs",
    },
    Assumption {
        what: "for the masked shape: the processor computes a conditional move from its operands and the flags, and does not predict it",
        kept_by: "its makers",
        noticed_by: "no test",
    },
];

/// The properties of a function's code: as bytecode, as machine code that is confined, and as
/// machine code that is proved.
const MODES: [[&str; 4]; 9] = [
    ["it stays in its sandbox", "PROVED", "PROVED", "PROVED"],
    ["results, memory, traps and their order", "PROVED", "TESTED", "PROVED"],
    ["the amount of fuel, where metered", "PROVED", "TESTED", "PROVED"],
    ["it ends where fuel or the epoch says", "PROVED", "PROVED", "PROVED"],
    ["offsets of operators in traps and backtraces", "PROVED", "TESTED", "PROVED"],
    ["bits of NaNs, with `--deterministic`", "PROVED", "TESTED", "PROVED"],
    ["the ways between bytecode and machine code", "–", "TESTED", "TESTED"],
    ["the executor, or the processor, does what the code says", "TESTED", "ASSUMED", "ASSUMED"],
    ["host addresses do not reach the guest; Spectre", "not claimed", "not claimed", "not claimed"],
];

/// Runs the command.
pub(crate) fn run(args: &TrustArgs) -> Result<Exit> {
    if args.self_test {
        return self_test();
    }
    let assumed = MACHINE.iter().map(|Assumption { what, kept_by, noticed_by }| {
        let evidence = [format!("kept by: {kept_by}"), format!("noticed by: {noticed_by}")];
        Node::of("assumption", *what).with_evidence(evidence)
    });
    let title = "proved before it runs: each function's bytecode equal to its WebAssembly; machine code confined, and with --require proved equal too";
    let mut modes =
        Table::new("what holds of the code of a function", &["", "bytecode", "confined", "proved"]);
    MODES.iter().for_each(|row| modes.push(row.map(str::to_owned), false));
    let assumed = Node::of("assumptions", "assumed of machine code").with_children(assumed);
    let report = Node::of("trust", title).with_table(modes);
    present(&report.with_children([assumed]), false)?;
    Ok(Exit::Done)
}

/// The module of the trials: a load, and a division.
const MODULE: &str = "(module (memory 1)
    (func (export \"load\") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func (export \"divide\") (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0))))";

/// A trial: its description, and whether the result is right.
type Trial = (&'static str, fn() -> Result<bool>);

/// Tries what can be tried; each trial is a line.
fn self_test() -> Result<Exit> {
    let trials: [Trial; 4] = [
        ("a function's machine code is accepted, and runs", || Ok(runs("load", 8, true)? == "0")),
        ("an access beyond the memory is a trap", || {
            Ok(runs("load", -1, true)? == "MemoryOutOfBounds"
                && runs("load", -1, false)? == "MemoryOutOfBounds")
        }),
        ("a division by zero is a trap", || {
            Ok(runs("divide", 0, true)? == "IntegerDivisionByZero"
                && runs("divide", 0, false)? == "IntegerDivisionByZero")
        }),
        ("code without the comparison of its address is refused", comparison_is_needed),
    ];
    let mut exit = Exit::Done;
    for (what, trial) in trials {
        let good = trial()?;
        print(&format!("{}: {what}\n", if good { "ok" } else { "FAILED" }))?;
        if !good {
            exit = Exit::Bad;
        }
    }
    let (good, lemmas) = lemmas();
    print(&format!("{}: {lemmas}\n", if good { "ok" } else { "FAILED" }))?;
    Ok(if good { exit } else { Exit::Bad })
}

/// The recorded proof of the check's arithmetic, from the ledger of this build: whether all lemmas
/// are proved, and a line about them. Nothing is proved here.
fn lemmas() -> (bool, String) {
    let Ledger { lemmas, proved, enumerated, digest } = prova_native::ledger();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "of {lemmas} lemmas on the check's arithmetic {proved} are recorded as proved by z3, \
         {enumerated} tried on all small words too (not asked again here; ledger {digest})"
    );
    (lemmas > 0 && proved == lemmas, text)
}

/// The result of a function of the module as machine code, or its trap.
fn runs(name: &str, arg: i32, signals: bool) -> Result<String> {
    let mut config = Config::new();
    config.native(NativeCompiler::new()).signals_based_traps(signals);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(MODULE)?)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let mut results = [Val::I32(-1)];
    let called = match instance.get_func(&mut store, name) {
        Some(func) => func.call(&mut store, &[Val::I32(arg)], &mut results),
        None => return Ok("no export".to_owned()),
    };
    if let Some(refusal) = module.refusals().first() {
        return Ok(refusal.to_string());
    }
    Ok(match called {
        Ok(()) => results[0].to_string(),
        Err(error) => match error.downcast_ref::<Trap>() {
            Some(trap) => format!("{trap:?}"),
            None => error.to_string(),
        },
    })
}

/// Whether the check refuses a load whose comparison is taken out.
fn comparison_is_needed() -> Result<bool> {
    let config = NativeCompiler::new().with_memory(MemoryShape::Explicit);
    let config = config.config(&prova_core::Settings::default());
    let (features, limits) = (prova_core::Features::default(), prova_core::Limits::default());
    let module = prova_module::Module::decode(wat::parse_str(MODULE)?, &features, &limits)?;
    let layout = Layout::derive(module.bytes(), &config)?;
    let body = body(&module, FuncIdx(0), config.metering)?;
    let code = Target::new(config.cpu)?.compile(&module, &layout, body.body(), false)?;
    let loads = prova_native::listing(&code).into_iter().map(|line| line.offset);
    Ok(verdict(&layout, &code).is_ok()
        && loads.into_iter().any(|at| !premises(&layout, &code, at).is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modes_are_those_of_the_page() {
        let page = include_str!("../../../docs/TRUST.md");
        let rows = page.lines().skip_while(|line| !line.starts_with("| of its code |")).skip(2);
        let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
        let shown = MODES.map(|row| format!("| {} |", row.join(" | ")));
        assert_eq!(rows, shown);
    }

    #[test]
    fn the_list_is_that_of_the_page() {
        let page = include_str!("../../../docs/trust/assumptions.md");
        let rows: Vec<&str> =
            page.lines().skip_while(|line| !line.starts_with("| assumed |")).collect();
        let rows = rows.iter().skip(2).take_while(|line| line.starts_with('|'));
        let rows: Vec<&&str> = rows.collect();
        assert_eq!(rows.len(), MACHINE.len(), "{rows:#?}");
        for (row, assumption) in rows.iter().zip(&MACHINE) {
            assert!(row.contains(assumption.what), "{row}: {}", assumption.what);
            assert!(row.contains(assumption.kept_by) || assumption.kept_by.starts_with("its"));
        }
    }
}
