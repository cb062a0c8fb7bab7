//! Numeric operators: the operator of the same name in `prova_num`; and the code that all operators
//! without immediates share.
//!
//! An operator's meaning follows from its name. A NaN that it may compute is canonicalised in
//! deterministic mode (docs/semantics.md), which is a separate computation; an operator whose
//! function can fail is an effect without result besides.

use super::rows::{Effect, named};
use super::state::State;
use super::terms::{NUMS, Num, Term};
use super::{Fault, Plant, Walk};
use prova_module::{Operator, for_each_operator};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A numeric operator.
#[derive(Clone, Copy)]
pub(super) struct Numeric {
    num: Num,
    operands: usize,
    wide: bool,
    /// Two results of one cell.
    two: bool,
    fails: bool,
    canonical: Option<Num>,
}

static BY_NAME: LazyLock<HashMap<&str, Numeric>> = LazyLock::new(|| {
    let numeric = |&(num, name, operands, ty): &(Num, &'static str, usize, &str)| {
        let (wide, two, fails) = (ty == "u128", ty.starts_with('('), ty.starts_with("Result"));
        (name, Numeric { num, operands, wide, two, fails, canonical: canonical(name) })
    };
    NUMS.iter().map(numeric).collect()
});

/// Operators of floats whose result may be a NaN of any bits.
const COMPUTES_A_NAN: [&str; 19] = [
    "ceil",
    "floor",
    "trunc",
    "nearest",
    "sqrt",
    "add",
    "sub",
    "mul",
    "div",
    "min",
    "max",
    "demote_f64",
    "promote_f32",
    "demote_f64x2_zero",
    "promote_low_f32x4",
    "relaxed_madd",
    "relaxed_nmadd",
    "relaxed_min",
    "relaxed_max",
];

fn canonical(name: &str) -> Option<Num> {
    let (shape, operator) = name.split_once('_')?;
    let float = shape.starts_with('f') && COMPUTES_A_NAN.contains(&operator);
    if float { named(&format!("{shape}_canonicalize")) } else { None }
}

macro_rules! names {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The name of an operator as the specification has it, with underscores for dots.
        pub(super) fn name(operator: &Operator<'_>) -> &'static str {
            let name = match operator {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "",
            };
            name.strip_prefix("visit_").unwrap_or(name)
        }

        /// Whether an operator has no immediate.
        fn bare(operator: &Operator<'_>) -> bool {
            match operator {
                $(Operator::$op { .. } => concat!($($(stringify!($arg)),*)?).is_empty(),)*
                _ => false,
            }
        }
    };
}
for_each_operator!(names);

impl Walk<'_> {
    /// An operator of this family, or of vectors without immediates; says whether it is one.
    pub(super) fn numeric(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        match *operator {
            Operator::I32Const { value } => self.constant(state, u64::from(value as u32)),
            Operator::I64Const { value } => self.constant(state, value as u64),
            Operator::F32Const { value } => self.constant(state, u64::from(value.bits())),
            Operator::F64Const { value } => self.constant(state, value.bits()),
            // A cell holds bits.
            Operator::I32ReinterpretF32
            | Operator::I64ReinterpretF64
            | Operator::F32ReinterpretI32
            | Operator::F64ReinterpretI64 => Ok(true),
            _ => match BY_NAME.get(name(operator)) {
                Some(&numeric) if bare(operator) => self.compute_numeric(state, numeric, &[]),
                _ => Ok(false),
            },
        }
    }

    /// The operator of this name, with immediates after its operands.
    pub(super) fn with_immediates(
        &mut self,
        state: &mut State,
        name: &str,
        immediates: &[Term],
    ) -> Result<bool, Fault> {
        match BY_NAME.get(name) {
            Some(&numeric) => self.compute_numeric(state, numeric, immediates),
            None => Ok(false),
        }
    }

    fn compute_numeric(
        &mut self,
        state: &mut State,
        numeric: Numeric,
        immediates: &[Term],
    ) -> Result<bool, Fault> {
        let Numeric { num, operands, wide, two, fails, canonical } = numeric;
        let mut args = self.operands(state, operands - immediates.len())?;
        args.extend(immediates.iter().map(|term| self.terms.of(term.clone())));
        let mut value = self.terms.num(num, &args);
        if fails && !self.forgets(Plant::Traps) {
            self.act(state, Effect::new("trap"), vec![value])?;
        }
        if let Some(canonical) = canonical
            && self.settings.deterministic
            && !self.forgets(Plant::Canonical)
        {
            value = self.terms.num(canonical, &[value]);
        }
        state.push(value, wide);
        if two {
            let second = self.terms.of(Term::Second(value));
            state.push(second, false);
        }
        Ok(true)
    }

    pub(super) fn constant(&mut self, state: &mut State, bits: u64) -> Result<bool, Fault> {
        let value = self.terms.constant(bits);
        state.push(value, false);
        Ok(true)
    }
}
