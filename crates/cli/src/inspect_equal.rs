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
use prova_equal::words::Head;
use prova_equal::{Claim, Expr, Leader, Place, Relation, Setting, Unproved, prove};
use prova_module::{FuncIdx, Module};
use prova_native::{Config, NativeCompiler, body, code_bytes, lines_of};
use prova_report::{Node, Table};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

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
    let setting = match Setting::new(module, &layout) {
        Ok(setting) => setting.with_deterministic(deterministic),
        Err(why) => bail!("nothing is proved: {why}"),
    };
    let compiler = NativeCompiler::of(config);
    let code = accepted_code(&compiler, module, &layout, &settings, CodeKind::Func(func.0));
    let stop = AtomicBool::new(false);
    let (code, ended) = match code {
        Ok(code) => compiler.related(module, &layout, &settings, code, &stop),
        Err(why) => bail!("there is no machine code of {func}: {why}"),
    };
    let relation = Relation::read(&code.relation, code.bytes.len()).unwrap_or_default();
    let proof = match ended {
        Some(ended) => Err(Unproved::Search(ended)),
        None => prove(&setting, code_bytes(&code), &code.relation),
    };
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
        Claim::Reached { bytes, address } => {
            format!("{bytes} bytes at {} were accessed before", expr(address))
        }
        Claim::Compared { floats, words } => {
            let floats = if *floats { " as floats" } else { "" };
            format!("flags of {} and {}{floats}", expr(&words.0), expr(&words.1))
        }
    }
}

/// The general registers by their numbers.
const REGISTERS: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];

fn register(r: usize) -> &'static str {
    REGISTERS.get(r).copied().unwrap_or("?")
}

fn place(place: Place) -> String {
    match place {
        Place::Register(r) => register(r.into()).to_owned(),
        Place::Vector(r) => format!("xmm{r}"),
        Place::Stack(at) if at < 0 => format!("[entry - {:#x}]", at.unsigned_abs()),
        Place::Stack(at) => format!("[entry + {at:#x}]"),
    }
}

/// A word that is the same all the time, by its number in a relation.
fn fixed(n: u128) -> String {
    match n {
        0 => "context".to_owned(),
        1 => "height".to_owned(),
        2 => "entry".to_owned(),
        3 => "code".to_owned(),
        0x100..0x110 => format!("{} at entry", register(n as usize - 0x100)),
        0x200..0x210 => format!("xmm{} at entry", n - 0x200),
        _ => format!("[entry + {:#x}] at entry", n as u32),
    }
}

fn expr(of: &Expr) -> String {
    let (head, bits, n, operands) = match of {
        Expr::Value(value) => return format!("v{value}"),
        Expr::Term(head, bits, n, operands) => (*head, *bits, *n, operands),
    };
    let told: Vec<String> = operands.iter().map(expr).collect();
    match (head, &told[..], &operands[..]) {
        (Head::Const, [], _) => format!("{n:#x}"),
        (Head::Fixed, [], _) => fixed(n),
        (Head::Sum, [a, _], [_, Expr::Term(Head::Const, 64, less, _)])
            if n == 1 && (*less as i64) < 0 =>
        {
            format!("({a} - {:#x})", (*less as i64).unsigned_abs())
        }
        (Head::Sum, [a, b], _) if n == 1 => format!("({a} + {b})"),
        (Head::Sum, [a, b], _) => format!("({n:#x}·{a} + {b})"),
        _ => {
            let n = if n == 0 { String::new() } else { format!("[{n}]") };
            format!("{}{bits}{n}({})", format!("{head:?}").to_lowercase(), told.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::expr;
    use prova_equal::Expr;
    use prova_equal::format::above;
    use prova_equal::words::{Fixed, Head};

    #[test]
    fn words_have_the_names_of_the_page() {
        let read = Expr::Term(Head::Read, 64, 0, Box::new([above(Fixed::Context, 40)]));
        let caller = above(Fixed::Above(16), 0);
        for (of, told) in [
            (above(Fixed::Stack, -8), "(entry - 0x8)"),
            (above(Fixed::Height, 0), "height"),
            (above(Fixed::Register(3), 0), "rbx at entry"),
            (above(Fixed::Vector(6), 0), "xmm6 at entry"),
            (caller, "[entry + 0x10] at entry"),
            (read, "read64((context + 0x28))"),
            (Expr::Term(Head::Slice, 32, 64, Box::new([Expr::Value(7)])), "slice32[64](v7)"),
        ] {
            assert_eq!(expr(&of), told);
        }
    }
}
