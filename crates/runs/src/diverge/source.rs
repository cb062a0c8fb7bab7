//! An offset in a module's code → the line of its source, where the module has debug information.

use prova_builds::names::printable;
use prova_module::Module;
use prova_symbols::symbols;

/// File, without its folder, and line of an offset in the module, in the innermost function.
#[must_use]
pub fn line(module: &Module, offset: u32) -> Option<String> {
    let innermost = symbols(module, &[offset]).into_iter().flatten().next()?;
    let file = innermost.file?;
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(format!("{}:{}", printable(name), innermost.line?))
}
