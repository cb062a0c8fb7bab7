//! A pinned configuration and the limits of a store → the lines of a profile.
//!
//! Prices and formulas are written as what the code computes for some arguments, so that the digest
//! changes with the code and not with what is said of it. Of operators, those that cost something
//! else than one unit are listed: an operator of a later proposal that costs one changes nothing.

use super::rules::RULES;
use super::{PROPOSALS, Profile};
use crate::config::Config;
use crate::limits::StoreLimits;
use prova_module as module;
use prova_module::ops::Class;
use prova_module::{Limits, Opcode, TypeRegistry};
use prova_runtime as runtime;
use std::fmt::{Display, Write};

/// The text, whose lines end with a line feed each.
pub(super) fn text(config: &Config, store: &StoreLimits) -> String {
    let mut text = String::new();
    line(&mut text, "profile", format_args!("deterministic {}", Profile::VERSION));
    for rule in &RULES {
        let words = format_args!("{} {}: {}", rule.id, rule.subject, rule.rule);
        line(&mut text, "rule", words);
    }
    for proposal in PROPOSALS.into_iter().filter(|&proposal| config.features.has(proposal)) {
        line(&mut text, "proposal", proposal);
    }
    of_modules(&mut text, &config.limits);
    of_stores(&mut text, store);
    of_stack(&mut text, config.stack_bytes as u64);
    of_fuel(&mut text);
    text
}

/// A line: what it is of, and the words.
fn line(text: &mut String, of: &str, words: impl Display) {
    // A string takes everything.
    let _ = writeln!(text, "{of} {words}");
}

/// A line for each of these fields.
macro_rules! fields {
    ($text:ident, $of:literal, $limits:ident, $($field:ident)*) => {
        $(line($text, $of, format_args!("{} {}", stringify!($field), $limits.$field));)*
    };
}

fn of_modules(text: &mut String, limits: &Limits) {
    fields! { text, "limit", limits,
        module_bytes sections types params results imports functions tables memories globals tags
        exports element_segments element_items data_segments const_expr_ops name_bytes body_bytes
        locals_per_function control_depth br_table_targets operand_height function_cells
        work_per_byte
    }
    line(text, "limit", format_args!("work_base {}", Limits::WORK_BASE));
    line(text, "limit", format_args!("work_of_move {}", Limits::WORK_OF_MOVE));
}

fn of_stores(text: &mut String, store: &StoreLimits) {
    let limits = &store.limits;
    fields! { text, "store", limits,
        memory_bytes_max table_elements_max store_bytes_max heap_bytes_max instances_max
        memories_max tables_max globals_max tags_max funcs_max
    }
    line(text, "store", format_args!("types_max {}", TypeRegistry::TYPES_MAX));
    line(text, "store", format_args!("exception_cells_max {}", runtime::EXCEPTION_CELLS_MAX));
    let words = if store.trap_on_grow_failure { "traps" } else { "gives -1" };
    line(text, "store", format_args!("growth beyond one of these limits {words}"));
}

fn of_stack(text: &mut String, stack_bytes: u64) {
    let depth = runtime::StoreConfig::default().host_depth_max;
    line(text, "stack", format_args!("stack_bytes {stack_bytes}"));
    line(text, "stack", format_args!("host_depth_max {depth}"));
    computed(text, "stack frame_charge_bytes", &[0, 1, 7, 65_535], module::frame_charge_bytes);
}

fn of_fuel(text: &mut String) {
    let rows = || Opcode::ALL.iter().map(|op| op.row()).filter(|row| row.class != Class::refused);
    let mut costs: Vec<u64> = rows().map(|row| row.cost).filter(|&cost| cost != 1).collect();
    costs.sort_unstable();
    costs.dedup();
    for cost in costs {
        let names = rows().filter(|row| row.cost == cost).map(|row| row.mnemonic);
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        line(text, "fuel", format_args!("{cost} {}", names.join(" ")));
    }
    line(text, "fuel", "1 every other operator of the proposals");
    let sizes = &[0, 1, 8, 9, 64, 65, 65_536];
    computed(text, "fuel memory_cost", sizes, module::memory_cost);
    computed(text, "fuel memory_growth_cost", sizes, module::memory_growth_cost);
    computed(text, "fuel table_cost", &[0, 1, 8, 9], module::table_cost);
    let cells = &[0, 7, 8, 15, 16, 1_000];
    computed(text, "fuel frame_cost", cells, |n| module::frame_cost(n as u32, 0));
    computed(text, "fuel frame_cost of results", cells, |n| module::frame_cost(0, n as u32));
    computed(text, "fuel branch_cost", cells, |n| module::branch_cost(n as u32));
    computed(text, "fuel throw_cost", cells, |n| module::throw_cost(n as u32));
    computed(text, "fuel catch_cost", cells, module::catch_cost);
    computed(text, "fuel host_call_cost", cells, |n| module::host_call_cost(n, 0));
    computed(text, "fuel host_call_cost of results", cells, |n| module::host_call_cost(0, n));
    computed(text, "fuel forgetting_cost", cells, |n| module::forgetting_cost(n, 0));
    computed(text, "fuel forgetting_cost of bytes", cells, |n| module::forgetting_cost(0, n));
    line(text, "fuel", format_args!("frame_left {}", module::FRAME_LEFT_COST));
    line(text, "fuel", format_args!("clause_asked {}", module::CLAUSE_ASKED_COST));
}

/// The results of a function for these arguments.
fn computed(text: &mut String, name: &str, arguments: &[u64], function: impl Fn(u64) -> u64) {
    let values = arguments.iter().map(|&n| format!("{n}:{}", function(n)));
    line(text, name, values.collect::<Vec<String>>().join(" "));
}
