//! Parametric operators: `drop`, `select` (specification 4.6.4).
//!
//! Time: constant. Noticed by: `tests/control.rs`.

use crate::machine::Stop;
use crate::stack::Stack;
use prova_module::Operator;

/// Executes a parametric operator.
pub(crate) fn execute(s: &mut Stack, operator: &Operator<'_>) -> Result<(), Stop> {
    match operator {
        Operator::Drop => {
            s.pop()?;
            Ok(())
        }
        Operator::Select | Operator::TypedSelect { .. } => {
            let condition = s.pop_number::<u32>()?;
            let second = s.pop()?;
            let first = s.pop()?;
            if !first.same_type(second) {
                return Err(Stop::Bug("`select` of two types"));
            }
            s.push(if condition != 0 { first } else { second });
            Ok(())
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no parametric operator")),
    }
}
