//! `prova inspect --equal`: a function's machine code beside its SSA form, and the relation of
//! both: where the code stands in the body, and what registers and stack words hold there. Then
//! the proof's verdict: it is equal, or where it differs first.
//!
//! An SSA line stands beside the first instruction of its operator. Exit codes: 0; 1 if the code is
//! not proved.

use crate::check_code::instruction;
use crate::inspect_ssa::lines;
use crate::report::{Exit, Misuse, present};
use prova_check::{CodeKind, Layout};
use prova_core::{MachineCompiler, Result, Settings, accepted_code, bail};
use prova_equal::{Claim, Expr, Leader, Place, Relation, Setting, prove};
use prova_module::{FuncIdx, Module};
use prova_native::{Config, NativeCompiler, body, code_bytes, lines_of};
use prova_report::{Node, Table};
use std::collections::BTreeMap;

/// Prints a function.
///
/// # Errors
/// If it has no machine code.
pub(crate) fn run(module: &Module, func: FuncIdx, config: (&Config, bool)) -> Result<Exit> {
    let (config, deterministic) = config;
    if module.body(func).is_none() {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    }
    let metering = prova_core::Metering::new(config.metering.fuel, config.metering.epoch);
    let settings = Settings { metering, deterministic };
    let layout = Layout::derive(module.bytes(), config)?;
    let Some(setting) = Setting::new(module, &layout) else {
        bail!("the layout is another module's");
    };
    let setting = setting.with_deterministic(deterministic);
    let compiler = NativeCompiler::of(config);
    let code = accepted_code(&compiler, module, &layout, &settings, CodeKind::Func(func.0));
    let code = match code {
        Ok(code) => compiler.related(module, &layout, &settings, code),
        Err(why) => bail!("there is no machine code of {func}: {why}"),
    };
    let relation = Relation::read(&code.relation, code.bytes.len()).unwrap_or_default();
    let proof = prove(&setting, code_bytes(&code), &code.relation);
    let ssa = body(module, func, config.metering)?;
    let mut of_operator: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (offset, line) in lines(ssa.body()) {
        of_operator.entry(offset).or_default().push(line);
    }
    let mut table = Table::new("", &["machine code", "SSA", "relation"]);
    for line in lines_of(&code) {
        let ssa = line.wasm_offset.and_then(|at| of_operator.remove(&at)).unwrap_or_default();
        let leader = relation.leaders.get(&line.offset).map(shown).unwrap_or_default();
        table.push([instruction(&line), ssa.join("\n"), leader], false);
    }
    let rest: Vec<String> = of_operator.into_values().flatten().collect();
    let rest = (!rest.is_empty())
        .then(|| Node::of("ssa", "SSA of operators without rows of their own").with_evidence(rest));
    let size =
        format!("{func}: {} bytes of code, {} of relation", code.bytes.len(), code.relation.len());
    let node = Node::of("equal", size);
    let node = match &proof {
        Ok(_) => node.with_verdict("proved equal"),
        Err(why) => node.with_verdict("not proved").with_evidence([why.to_string()]),
    };
    present(&node.with_table(table).with_children(rest), false)?;
    Ok(if proof.is_ok() { Exit::Done } else { Exit::Bad })
}

/// A leader: its place in the body, and its claims, a line each.
fn shown(leader: &Leader) -> String {
    let Leader { block, at, passed, claims } = leader;
    let passed = if *passed > 0 { format!(", {passed} traps passed") } else { String::new() };
    let place = format!("block{block}, instruction {at}{passed}");
    std::iter::once(place).chain(claims.iter().map(claim)).collect::<Vec<_>>().join("\n")
}

fn claim(claim: &Claim) -> String {
    match claim {
        Claim::Holds { place: at, bits, extended, expr: of } => {
            let above = if *extended { ", zeros above" } else { "" };
            format!("{} = {} ({bits} bits{above})", place(*at), expr(of))
        }
        Claim::Is { value, expr: of } => format!("v{value} = {}", expr(of)),
        Claim::Known(of, true) => expr(of),
        Claim::Known(of, false) => format!("not {}", expr(of)),
        Claim::Compared { floats, words } => {
            let floats = if *floats { " as floats" } else { "" };
            format!("flags of {} and {}{floats}", expr(&words.0), expr(&words.1))
        }
    }
}

fn place(place: Place) -> String {
    const NAMES: [&str; 16] = [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
        "r13", "r14", "r15",
    ];
    match place {
        Place::Register(r) => NAMES.get(usize::from(r)).copied().unwrap_or("?").to_owned(),
        Place::Vector(r) => format!("xmm{r}"),
        Place::Stack(at) if at < 0 => format!("[entry - {:#x}]", at.unsigned_abs()),
        Place::Stack(at) => format!("[entry + {at:#x}]"),
    }
}

fn expr(of: &Expr) -> String {
    match of {
        Expr::Value(value) => format!("v{value}"),
        Expr::Term(head, bits, n, operands) => {
            let operands: Vec<String> = operands.iter().map(expr).collect();
            let head = format!("{head:?}").to_lowercase();
            match (&head[..], &operands[..]) {
                ("const", []) => format!("{n:#x}"),
                ("sum", [a, b]) if *n == 1 => format!("({a} + {b})"),
                ("sum", [a, b]) => format!("({n:#x}·{a} + {b})"),
                (_, []) => format!("{head} {n}"),
                _ => format!("{head}{bits}[{n}]({})", operands.join(", ")),
            }
        }
    }
}
