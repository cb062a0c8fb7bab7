//! wip
/// The compiler.
#[derive(Debug)]
pub struct NativeCompiler;
