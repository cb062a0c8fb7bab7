//! Constant expressions as the specification defines them. Expressions that validation refuses are
//! not tried here.

use super::{Context, evaluate};
use crate::vm::GlobalVm;
use prova_module::{Features, GlobalIdx, Limits, Module};

/// The value of the last global of a module with this text, where `func5` is function 1 of the
/// module and global 0 lives at address 2 with the cells `[40, 50]`.
fn value(fields: &str) -> [u64; 2] {
    let wasm = wat::parse_str(format!("(module {fields})")).unwrap();
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).unwrap();
    let globals = [GlobalVm::default(), GlobalVm::default(), GlobalVm { cells: [40, 50] }];
    let context = Context { funcs: &[3, 5], globals: &[2], store_globals: &globals };
    let last = GlobalIdx(module.globals().len() as u32 - 1);
    evaluate(module.global_init(last).unwrap(), &context)
}

#[test]
fn constants_fill_their_cells() {
    let cases = [
        ("(global i32 (i32.const -1))", [0xffff_ffff, 0]),
        ("(global i64 (i64.const -1))", [u64::MAX, 0]),
        ("(global f32 (f32.const -0.0))", [0x8000_0000, 0]),
        ("(global f64 (f64.const 1.0))", [0x3ff0_0000_0000_0000, 0]),
        ("(global v128 (v128.const i64x2 1 2))", [1, 2]),
        ("(global externref (ref.null extern))", [0, 0]),
    ];
    for (fields, expected) in cases {
        assert_eq!(value(fields), expected, "{fields}");
    }
}

#[test]
fn names_are_looked_up_in_the_instance() {
    let import = "(import \"\" \"\" (global $g v128))";
    assert_eq!(value(&format!("{import} (global v128 (global.get $g))")), [40, 50]);
    assert_eq!(value("(func) (func $f) (global funcref (ref.func $f))"), [6, 0]);
}

#[test]
fn arithmetic_wraps_and_stays_zero_extended() {
    let i32s = "(global i32 (i32.mul (i32.sub (i32.const 1) (i32.const 2)) (i32.const 3)))";
    assert_eq!(value(i32s), [0xffff_fffd, 0]);
    let i64s = "(global i64 (i64.add (i64.mul (i64.const -1) (i64.const 5)) (i64.const 1)))";
    assert_eq!(value(i64s), [-4i64 as u64, 0]);
    let import = "(import \"\" \"\" (global $g i32))";
    let mixed = "(global i32 (i32.add (global.get $g) (i32.const 2)))";
    assert_eq!(value(&format!("{import}{mixed}")), [42, 0]);
    assert_eq!(value("(global i64 (i64.sub (i64.const 0) (i64.const 1)))"), [u64::MAX, 0]);
}
