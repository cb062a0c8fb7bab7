//! The size of a function's SSA form grows as the function does, for shapes that grow.
//!
//! A green run does not show how long building and checking take: `examples/linear.rs` measures
//! that over the same shapes. The proof's searches are counted and limited (C14), so that an
//! accepted body has been proved within the limit.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build};

pub(crate) mod shapes;

/// Bytes of the function of a text, and the size of its body, which is proved.
fn sizes(text: &str) -> (usize, usize) {
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let wasm = module.body(FuncIdx(0)).map_or(0, |body| body.bytes().len());
    let body = build(&module, FuncIdx(0), Metering::BOTH).expect("a body");
    let checked = CheckedBody::check(&module, body).unwrap_or_else(|why| panic!("{why}"));
    (wasm, shapes::size(checked.body()))
}

#[test]
fn bodies_grow_as_their_functions() {
    for shape in shapes::SHAPES {
        let [(first, least), .., (last, most)] = shape.sizes.map(|size| sizes(&(shape.make)(size)));
        let (before, after) = (least as f64 / first as f64, most as f64 / last as f64);
        assert!(after <= before * 1.5, "{}: {before:.2} then {after:.2} for a byte", shape.name);
    }
}
