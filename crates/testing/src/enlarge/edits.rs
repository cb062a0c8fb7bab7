//! The merged program → known edits of some of its functions.
//!
//! `merge` gives the code of a function in A's numbers and writes B with the edits in it;
//! `tests/enlarge.rs` compares A and B by themselves and finds these edits and no others.

use super::merge::Merged;
use crate::generate::Rng;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use wasm_encoder::Instruction;

/// The effect of an edit on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One `i32.const` has another value.
    Constant,
    /// One operator is another one.
    Operator,
    /// One call is of another function of the same type.
    Callee,
    /// Two operators more stand at the start.
    Inserted,
    /// The function has another name.
    Renamed,
    /// The function is in B alone.
    Added,
}

impl Kind {
    /// Its name in the list of edits.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Constant => "constant",
            Kind::Operator => "operator",
            Kind::Callee => "callee",
            Kind::Inserted => "inserted",
            Kind::Renamed => "renamed",
            Kind::Added => "added",
        }
    }
}

/// One edit, in the terms of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its effect.
    pub kind: Kind,
    /// The function's index in A; `None` for one that is in B alone.
    pub a: Option<u32>,
    /// The function's index in B.
    pub b: u32,
    /// The function's name in A, or in B if it is there alone.
    pub name: String,
    /// The operator or name that was, and what it became; empty if there was none.
    pub change: (String, String),
}

impl fmt::Display for Edit {
    /// A line of five fields, tabs between them: kind, A's index, B's index, name, change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let a = self.a.map_or("-".to_owned(), |a| a.to_string());
        let (before, after) = &self.change;
        write!(f, "{}\t{a}\t{}\t{}\t{before} → {after}", self.kind.name(), self.b, self.name)
    }
}

/// How an edit is done; indices are of defined functions of A, without imports.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Constant { at: usize, to: i32 },
    Operator { at: usize, to: Instruction<'static> },
    Callee { at: usize, to: u32 },
    Inserted { constant: i32 },
    Renamed { to: String },
}

impl Change {
    /// Does it, in A's numbers.
    pub(super) fn apply(&self, code: &mut Vec<Instruction<'_>>) {
        match self {
            Change::Constant { at, to } => code[*at] = Instruction::I32Const(*to),
            Change::Operator { at, to } => code[*at] = to.clone(),
            Change::Callee { at, to } => code[*at] = Instruction::Call(*to),
            Change::Inserted { constant } => {
                let inserted = [Instruction::I32Const(*constant), Instruction::Drop];
                code.splice(0..0, inserted);
            }
            Change::Renamed { .. } => {}
        }
    }
}

/// All edits of a module.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By defined function of A.
    pub(super) changes: BTreeMap<u32, (Kind, Change, (String, String))>,
    /// Defined functions of A before which a changed copy of them stands in B.
    pub(super) added: Vec<u32>,
}

impl Plan {
    /// B's index of a function of A.
    pub(super) fn index_in_b(&self, imports: u32, a: u32) -> u32 {
        match a.checked_sub(imports) {
            None => a,
            Some(defined) => a + self.added.partition_point(|before| *before <= defined) as u32,
        }
    }

    /// The edits, for the reader of a report.
    pub(super) fn listed(&self, merged: &Merged<'_>) -> Vec<Edit> {
        let imports = merged.imports.len() as u32;
        let mut edits: Vec<Edit> = Vec::new();
        for (&defined, (kind, _, change)) in &self.changes {
            let a = imports + defined;
            edits.push(Edit {
                kind: *kind,
                a: Some(a),
                b: self.index_in_b(imports, a),
                name: merged.name(defined),
                change: change.clone(),
            });
        }
        for &before in &self.added {
            let b = self.index_in_b(imports, imports + before) - 1;
            let name = added_name(before);
            let change = (String::new(), format!("a copy of {}", merged.name(before)));
            edits.push(Edit { kind: Kind::Added, a: None, b, name, change });
        }
        edits.sort_by_key(|edit| edit.b);
        edits
    }
}

/// The name of the function that stands in B before a function of A.
pub(super) fn added_name(before: u32) -> String {
    format!("added.{before}")
}

/// Plans edits of `percent` of a hundred functions, of all kinds.
pub(super) fn plan(merged: &Merged<'_>, seed: u64, percent: f64) -> Result<Plan, String> {
    let count = merged.funcs.len();
    let wanted = ((count as f64 * percent / 100.0).round() as usize).clamp(1, count);
    let mut rng = Rng::of(seed, 1);
    let mut by_type: HashMap<u32, Vec<u32>> = HashMap::new();
    for (defined, func) in merged.funcs.iter().enumerate() {
        by_type.entry(func.ty).or_default().push(defined as u32);
    }
    let mut order: Vec<u32> = (0..count as u32).collect();
    for i in 0..wanted {
        let other = rng.between(i, count - 1);
        order.swap(i, other);
    }
    let mut plan = Plan::default();
    for &defined in &order[..wanted] {
        let mut kind = *rng.pick(&[
            Kind::Constant,
            Kind::Constant,
            Kind::Operator,
            Kind::Operator,
            Kind::Callee,
            Kind::Inserted,
            Kind::Renamed,
            Kind::Added,
        ]);
        if kind == Kind::Renamed && !merged.has_names {
            kind = Kind::Inserted;
        }
        if kind == Kind::Added {
            plan.added.push(defined);
            continue;
        }
        let code = merged.code(defined)?;
        let change = change(merged, &by_type, kind, defined, &code, &mut rng);
        // A function without a place for this edit gets the one that every function has a place
        // for.
        plan.changes.insert(defined, change.unwrap_or_else(|| inserted(&mut rng)));
    }
    plan.added.sort_unstable();
    Ok(plan)
}

fn inserted(rng: &mut Rng) -> (Kind, Change, (String, String)) {
    let constant = fresh(rng);
    let text = format!("i32.const {constant}, drop");
    (Kind::Inserted, Change::Inserted { constant }, (String::new(), text))
}

/// A constant that is no address, and that real programs do not have.
fn fresh(rng: &mut Rng) -> i32 {
    -(0x1000_0000 + rng.below(0x1000_0000) as i32)
}

type Planned = (Kind, Change, (String, String));

fn change(
    merged: &Merged<'_>,
    by_type: &HashMap<u32, Vec<u32>>,
    kind: Kind,
    defined: u32,
    code: &[Instruction<'_>],
    rng: &mut Rng,
) -> Option<Planned> {
    let imports = merged.imports.len() as u32;
    match kind {
        Kind::Constant => {
            let plain = |op: &Instruction<'_>| matches!(op, Instruction::I32Const(value) if !merged.addresses.contains(&(*value as u32)));
            let at = one_of(code, plain, rng)?;
            let Instruction::I32Const(before) = code[at] else { return None };
            let to = fresh(rng);
            let text = (format!("i32.const {before}"), format!("i32.const {to}"));
            Some((kind, Change::Constant { at, to }, text))
        }
        Kind::Operator => {
            let at = one_of(code, |op| other_operator(op).is_some(), rng)?;
            let (to, before, after) = other_operator(&code[at])?;
            Some((kind, Change::Operator { at, to }, (before.to_owned(), after.to_owned())))
        }
        Kind::Callee => {
            let at = one_of(code, |op| matches!(op, Instruction::Call(f) if *f >= imports), rng)?;
            let Instruction::Call(before) = code[at] else { return None };
            let same_type = by_type.get(&merged.funcs[(before - imports) as usize].ty)?;
            let to = *rng.pick(same_type);
            if to + imports == before || to == defined {
                return None;
            }
            let text = (merged.name(before - imports), merged.name(to));
            let text = (format!("call {}", text.0), format!("call {}", text.1));
            Some((kind, Change::Callee { at, to: to + imports }, text))
        }
        Kind::Renamed => {
            let to = format!("renamed.{defined}");
            Some((kind, Change::Renamed { to: to.clone() }, (merged.name(defined), to)))
        }
        Kind::Inserted | Kind::Added => None,
    }
}

/// The place of one of the operators that are meant.
fn one_of(
    code: &[Instruction<'_>],
    meant: impl Fn(&Instruction<'_>) -> bool,
    rng: &mut Rng,
) -> Option<usize> {
    let places: Vec<usize> = (0..code.len()).filter(|at| meant(&code[*at])).collect();
    (!places.is_empty()).then(|| *rng.pick(&places))
}

/// An operator of the same type that does something else, with the names of both.
pub(super) fn other_operator(
    op: &Instruction<'_>,
) -> Option<(Instruction<'static>, &'static str, &'static str)> {
    Some(match op {
        Instruction::I32Add => (Instruction::I32Sub, "i32.add", "i32.sub"),
        Instruction::I32Sub => (Instruction::I32Mul, "i32.sub", "i32.mul"),
        Instruction::I32Mul => (Instruction::I32Add, "i32.mul", "i32.add"),
        Instruction::I32And => (Instruction::I32Or, "i32.and", "i32.or"),
        Instruction::I32Or => (Instruction::I32Xor, "i32.or", "i32.xor"),
        Instruction::I32Xor => (Instruction::I32And, "i32.xor", "i32.and"),
        Instruction::I32ShrU => (Instruction::I32ShrS, "i32.shr_u", "i32.shr_s"),
        Instruction::I32LtS => (Instruction::I32LeU, "i32.lt_s", "i32.le_u"),
        Instruction::I32GtU => (Instruction::I32GeS, "i32.gt_u", "i32.ge_s"),
        Instruction::I64Add => (Instruction::I64Sub, "i64.add", "i64.sub"),
        Instruction::I64And => (Instruction::I64Or, "i64.and", "i64.or"),
        Instruction::F64Add => (Instruction::F64Sub, "f64.add", "f64.sub"),
        Instruction::F64Mul => (Instruction::F64Div, "f64.mul", "f64.div"),
        _ => return None,
    })
}
