//! The tests of this crate as one program, which links once: a file is a module.

#[path = "../../ssa/tests/edit.rs"]
mod edit;
#[path = "../../ssa/tests/files/mod.rs"]
mod files;
mod passes;
mod passes_cost;
mod passes_limits;
mod passes_linear;
mod passes_more;
#[path = "../../ssa/tests/linear/shapes.rs"]
mod shapes;
mod turn;
