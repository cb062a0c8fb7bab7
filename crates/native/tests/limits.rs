//! What is not compiled because it would be too much: the rest runs as bytecode.
//!
//! What green does not show: how long the compiler takes within the limits.

use prova::{CompileError, MachineCompiler, Settings};
use prova_check::Layout;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{MODULE_CODE_BYTES_MAX, NativeCompiler};

/// The bytes of a number in LEB128.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &leb(content.len())[..], content].concat()
}

/// A module of functions whose bodies have so many bytes: no locals, `nop`s, an end.
fn of_bodies(sizes: &[usize]) -> Module {
    let mut code = leb(sizes.len());
    for &size in sizes {
        code.extend(leb(size));
        code.push(0);
        code.extend(std::iter::repeat_n(0x01, size - 2));
        code.push(0x0b);
    }
    let funcs = [leb(sizes.len()), vec![0; sizes.len()]].concat();
    let wasm = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &funcs),
        section(10, &code),
    ];
    Module::decode(wasm.concat(), &Features::default(), &Limits::default()).expect("it is valid")
}

#[test]
fn code_behind_the_budget_of_a_module_stays_bytecode() {
    // From the first byte of function 0 to the last one of function 11: two bytes, ten bodies of
    // which the last fills what is left, two bytes; and the sizes between them.
    const BODY: usize = 7 << 20;
    const FILL_SIZE_BYTES: usize = 3;
    let sizes = 9 * leb(BODY).len() + FILL_SIZE_BYTES + leb(2).len();
    let fill = MODULE_CODE_BYTES_MAX - sizes - 2 - 9 * BODY - 2;
    assert_eq!(leb(fill).len(), FILL_SIZE_BYTES);
    let module = of_bodies(&[&[2][..], &[BODY; 9], &[fill, 2, 2]].concat());
    let range = |func| module.body(FuncIdx(func)).expect("a body").range();
    assert_eq!(range(11).end - range(0).start, MODULE_CODE_BYTES_MAX);
    let (compiler, settings) = (NativeCompiler::new(), Settings::default());
    let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
    let made = |func| compiler.function(&module, &layout, &settings, FuncIdx(func));
    // Whoever asks first: the order of questions does not matter, the order in the module does.
    match made(12) {
        Err(CompileError::Declined(why)) => {
            assert!(why.contains(&MODULE_CODE_BYTES_MAX.to_string()), "{why}");
        }
        other => panic!("{other:?}"),
    }
    for func in [11, 0] {
        assert!(made(func).is_ok(), "function {func}");
    }
}
