//! x
#[test]
fn t() { let _ = cranelift_reader::parse_functions(""); let _ = cranelift_codegen::isa::lookup_by_name("x86_64"); }
