//! Bytes → debug information of a module with one function; its places are looked up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prova_module::{Features, Limits, Module};
use prova_symbols::symbols;

/// `(module (func (drop (i32.const 1))))`.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x07\x01\x05\0\x41\x01\x1a\x0b";
/// The sections that are cut from the input, each with its length in front.
const SECTIONS: [&str; 8] = [
    ".debug_info",
    ".debug_abbrev",
    ".debug_line",
    ".debug_str",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_line_str",
    ".debug_addr",
];

fn leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fuzz_target!(|input: [Vec<u8>; 8]| {
    let mut bytes = MODULE.to_vec();
    for (name, contents) in SECTIONS.iter().zip(&input) {
        let mut section = vec![name.len() as u8];
        section.extend(name.as_bytes());
        section.extend(contents);
        bytes.push(0);
        leb(&mut bytes, section.len());
        bytes.extend(section);
    }
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let Ok(module) = module else { panic!("the module is one: {module:?}") };
    let _ = symbols(&module, &[26, 28, 29]);
});
