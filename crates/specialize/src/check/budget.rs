//! S12: how much work a proof may take, for any body and certificate.
//!
//! ```text
//! both bodies, certificate ─ items ─► Steps ─ spend, before a list is gone through ─► or size
//! ```
//!
//! A step is one element of a list that is gone through, or one instruction, with a search by
//! halves at most. So time and memory are linear in the steps, and the steps have a limit that is
//! linear in what was given. Outside of it are the form of the certificate and the words that are
//! compared, which are gone through once.
//!
//! Why there is one: a block of the specialised function can be a few bytes, and stand for all of a
//! large generic block; an edge can, and lead to a large row. Honest functions fold constants, so
//! they too stand for more than they are. (Measured: the example `work`.)

use super::error::{Rule, Verdict};
use crate::ask::certificate::{Certificate, Role, Row};
use crate::ask::question::Question;
use prova_ssa::budget::Budget;
use prova_ssa::{Body, Terminator};

/// Steps that every proof may take.
pub const STEPS_BASE: u64 = 1 << 22;

/// Steps for each item of both bodies and of the certificate, on top of [`STEPS_BASE`].
pub const STEPS_PER_ITEM: u64 = 64;

/// The most steps of any proof.
pub const STEPS_MAX: u64 = 1 << 28;

/// The most terms, and the most values with one, of a row and the inner blocks behind it.
pub(super) const TERMS_MAX: usize = 1 << 23;

/// How many terms are kept from one row to the next at most.
pub(super) const RENEWED_AT: usize = 1 << 20;

/// The work of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Steps.
    pub steps: u64,
    /// The most that it might have taken.
    pub most: u64,
    /// Blocks, instructions, values and arguments of both bodies, elements of the certificate.
    pub items: u64,
}

/// The steps of a proof, and what they are for.
pub(super) struct Steps {
    items: u64,
    budget: Budget,
}

impl Steps {
    /// The steps of a proof.
    pub(super) fn new(question: &Question<'_>, body: &Body, certificate: &Certificate) -> Steps {
        let said: u64 = certificate.roles.iter().map(elements).sum();
        Steps::of(items(question.generic) + items(body) + said)
    }

    /// The steps for this number of items.
    pub(super) fn of(items: u64) -> Steps {
        let most = STEPS_BASE.saturating_add(items.saturating_mul(STEPS_PER_ITEM)).min(STEPS_MAX);
        Steps { items, budget: Budget::new("steps", most) }
    }

    /// Takes steps; none may be left over for more.
    pub(super) fn spend(&self, steps: usize) -> Verdict {
        self.budget.spend(steps as u64).map_err(|over| (Rule::Size, over.to_string()))
    }

    pub(super) fn work(&self) -> Work {
        Work { steps: self.budget.spent(), most: self.budget.most(), items: self.items }
    }
}

/// How many things a body has.
fn items(body: &Body) -> u64 {
    let mut all = 0;
    for (block, data) in body.blocks() {
        all += 1 + data.params().len() + body.terminator_operands(&data.terminator).len();
        if let Terminator::Table { targets, .. } = data.terminator {
            all += body.targets(targets).len();
        }
        all += body.successors(block).map(|edge| 1 + body.args(&edge).len()).sum::<usize>();
        for inst in data.insts() {
            let inst = body.inst(inst);
            all += 1 + body.operands(inst.args).len() + inst.results().len();
        }
    }
    all as u64
}

/// How many things a role names.
fn elements(role: &Role) -> u64 {
    let all = match role {
        Role::Entry | Role::Fallback | Role::Inner(_) | Role::Broken => 1,
        Role::Memory(compared) => 1 + compared.words.len() + compared.apart.len(),
        Role::Copy(row) => row_len(row),
    };
    all as u64
}

/// The steps of going through a row.
pub(super) fn row_len(row: &Row) -> usize {
    let Row { block: _, start: _, values, bases, regs, stack, locals, fresh: _, known } = row;
    1 + values.len() + bases.len() + regs.len() + stack.len() + locals.len() + known.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::certificate::{Cell, Known, Range};
    use prova_ssa::Value;

    #[test]
    fn all_steps_may_be_taken_and_no_more() {
        for (items, most) in
            [(0, STEPS_BASE), (1, STEPS_BASE + STEPS_PER_ITEM), (u64::MAX, STEPS_MAX)]
        {
            let steps = Steps::of(items);
            assert!(steps.spend(most as usize).is_ok() && steps.spend(0).is_ok());
            assert_eq!(steps.work().steps, most);
            let more = steps.spend(1).expect_err("no step is left");
            assert_eq!(more.0, Rule::Size);
        }
        assert!(Steps::of(0).spend(usize::MAX).is_err());
    }

    /// Each line, then its number of items.
    const BODY: [(&str, u64); 9] = [
        ("ssa func0 fuel", 0),
        ("block0 entry @0x40 (v0: i32 local0, v1: i64 local1)", 1 + 2),
        ("  charge bits=0x3 @0x40", 1),
        ("  v2: i64 = i64.add v1 v1 @0x40", 1 + 2 + 1),
        ("  table v0 block1(v2) block2() [0 1 1] @0x40", 1 + 3 + 2 + 1),
        ("block1 none @0x40 (v3: i64)", 1 + 1),
        ("  return v3 @0x40", 1),
        ("block2 none @0x40 ()", 1),
        ("  unreachable @0x40", 0),
    ];

    #[test]
    fn all_that_bodies_and_rows_have_is_counted() {
        let text: String = BODY.iter().map(|(line, _)| format!("{line}\n")).collect();
        let body = prova_ssa::parse(&text).expect("a body");
        assert_eq!(items(&body), BODY.iter().map(|(_, counts)| counts).sum::<u64>());
        let cell = Cell { address: Known::Bits(0), value: Known::Bits(0) };
        let row = Row {
            values: vec![(Value::from_u32(0), Known::Bits(0)); 1],
            bases: vec![(0, 0); 2],
            regs: vec![(0, Known::Bits(0)); 4],
            locals: vec![(0, cell); 8],
            stack: vec![cell; 16],
            // Each list has its own length, and so has each sum of some.
            known: vec![Range { arg: 0, from: 0, to: 0 }; 32],
            ..Row::default()
        };
        assert_eq!(row_len(&row), 64);
        assert_eq!(elements(&Role::Copy(row)), 64);
        assert_eq!(elements(&Role::Fallback), 1);
    }
}
