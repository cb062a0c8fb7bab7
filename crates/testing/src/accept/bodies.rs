//! Functions as SSA → built and proved, and the output of every pass proved: none may be refused.
//!
//! A green run does not show that a wrong body is refused (`refuse::bodies`, `refuse::passes`).

use crate::generate::module_of;
use prova_module::{FuncIdx, Module, Opcode};
use prova_optimize::{Pass, optimize};
use prova_ssa::{CheckedBody, Metering, build, print};

/// Whether a function works on objects.
fn works_on_objects(module: &Module, func: FuncIdx) -> bool {
    let operators = module.body(func).map(|body| body.operators());
    let mut operators = operators.into_iter().flatten().flatten();
    operators.any(|operator| Opcode::of(&operator).is_of_objects())
}

/// Whether a function of a module works on objects.
pub fn any_works_on_objects(module: &Module) -> bool {
    module.defined_funcs().any(|func| works_on_objects(module, func))
}

/// Builds and proves every function of a module, and the output of each pass and of all of them;
/// returns the number of functions. A module that is not valid, or not supported, has none.
///
/// # Errors
/// The first refusal.
pub fn prove(wasm: &[u8]) -> Result<u64, String> {
    let mut proved = 0;
    let Some(module) = module_of(wasm) else { return Ok(proved) };
    for func in module.defined_funcs() {
        for metering in [Metering::NONE, Metering::BOTH] {
            let body = build(&module, func, metering).map_err(|error| error.to_string())?;
            let text = || build(&module, func, metering).map(|body| print(&body));
            let checked = CheckedBody::check(&module, body)
                .map_err(|rejection| format!("{rejection}\n{}", text().unwrap_or_default()))?;
            let each = Pass::ALL.map(|pass| optimize(checked.clone(), &[pass]).1);
            let all = optimize(checked, &Pass::DEFAULT).1;
            if let Some(refused) = each.iter().flatten().chain(&all).next() {
                return Err(format!("{refused}\n{}", text().unwrap_or_default()));
            }
        }
        proved += 1;
    }
    Ok(proved)
}
