//! Decodes every handler of this very process: each path must leave by an indirect jump or by a
//! jump to an exit.
//!
//! A handler that calls the next one instead returns afterwards, so a `ret` on any path is the
//! fault looked for. Handlers of the classes that call the store may call functions on the way; all
//! others may not call at all, and may not push registers. A green run does not show that the
//! release profile gives the same code (the crate is built with the same optimisation in every
//! profile of this workspace, `Cargo.toml`), or the same for another target.

use super::{BASELINE, Handler, WIDE, charging_handler, exit, is_sound};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind};
use prova_bytecode::{Class, Marks, OPS, Op};
use std::collections::BTreeSet;

/// The findings of a walk over all paths of one function.
#[derive(Default, Debug)]
struct Paths {
    returns: bool,
    calls: bool,
    pushes: bool,
    exits: BTreeSet<u64>,
    undefined: bool,
}

fn walk(start: u64, stops: &BTreeSet<u64>) -> Paths {
    let mut paths = Paths::default();
    let mut seen = BTreeSet::new();
    let mut work = vec![start];
    while let Some(mut at) = work.pop() {
        while seen.insert(at) {
            let inst = decode(at);
            paths.pushes |= inst.mnemonic() == Mnemonic::Push;
            match inst.flow_control() {
                FlowControl::Next => {}
                FlowControl::Call | FlowControl::IndirectCall => paths.calls = true,
                FlowControl::ConditionalBranch if stops.contains(&inst.near_branch_target()) => {
                    paths.exits.insert(inst.near_branch_target());
                }
                FlowControl::ConditionalBranch => work.push(inst.near_branch_target()),
                FlowControl::IndirectBranch => break,
                FlowControl::UnconditionalBranch if inst.op0_kind() == OpKind::NearBranch64 => {
                    let target = inst.near_branch_target();
                    if stops.contains(&target) {
                        paths.exits.insert(target);
                        break;
                    }
                    at = target;
                    continue;
                }
                FlowControl::Return => {
                    paths.returns = true;
                    break;
                }
                _ => {
                    paths.undefined = true;
                    break;
                }
            }
            at = inst.next_ip();
        }
    }
    paths
}

fn decode(at: u64) -> Instruction {
    // SAFETY: `at` is reached by decoding from a function of this process, whose code is readable;
    // an instruction is at most 15 bytes, and code is never the last 15 bytes of its mapping here
    // (constants and other functions follow).
    let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, 15) };
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}

fn exits() -> BTreeSet<u64> {
    let exits: [Handler; 8] = [
        exit::trap,
        exit::leave,
        exit::enter,
        exit::attach,
        exit::throw,
        exit::collect,
        exit::hot,
        exit::memory_fault,
    ];
    exits.iter().map(|&exit| exit as usize as u64).collect()
}

/// Whether a handler of the baseline may call a function on its way: operations of the store, and
/// rounding, a library function where the target's baseline has no instruction for it.
fn may_call(op: Op) -> bool {
    let rounds = ["ceil", "floor", "trunc", "nearest"].iter().any(|r| op.mnemonic().ends_with(r));
    let stores = matches!(
        op.class(),
        Class::effect | Class::effect0 | Class::aggregate | Class::allocate | Class::shared
    );
    stores || rounds || matches!(op, Op::RefTest | Op::RefCast)
}

#[test]
fn every_handler_ends_in_a_jump() {
    let mut wrong = Vec::new();
    for &op in OPS {
        for marks in (0..Marks::ALL).map(Marks::from_bits).filter(|&marks| op.takes(marks)) {
            let encoding = usize::from(op.encoding(marks));
            let (baseline, wide) = (BASELINE[encoding] as usize, WIDE[encoding] as usize);
            // A handler of the wide level has an instruction for all that it does.
            let more = (wide != baseline).then_some((wide, false));
            let charging = charging_handler(op.encoding(marks));
            let charging = charging.map(|&handler| (handler as usize, false));
            let all = [(baseline, may_call(op))].into_iter().chain(more).chain(charging);
            for (handler, may_call) in all {
                let paths = walk(handler as u64, &exits());
                if paths.returns || paths.undefined || (paths.calls && !may_call) {
                    wrong.push(format!("{op:?} {marks:?}: {paths:?}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} handlers of {} ops:\n{}",
        wrong.len(),
        OPS.len(),
        wrong.join("\n")
    );
}

/// The planted fault: a function that does return is found out.
#[test]
fn a_function_that_returns_is_seen() {
    let paths = walk(exit::trap as *const () as u64, &BTreeSet::new());
    assert!(paths.returns);
}

#[test]
fn tail_calls_hold_in_this_build() {
    assert!(is_sound());
}
