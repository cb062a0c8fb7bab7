//! Every operator of the modules here has the symbols that `addr2line` finds, outside code that the
//! linker removed.

use gimli::{Dwarf, EndianSlice, LittleEndian};
use prova_module::{Features, Limits, Module};
use prova_symbols::{Symbol, symbols};
use std::path::Path;

/// The modules of the folder beside.
pub(crate) const MODULES: [&str; 3] = ["cpp4.wasm", "cpp5.wasm", "rust.wasm"];

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules");
    std::fs::read(folder.join(name)).expect(name)
}

pub(crate) fn decoded(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
}

/// The offsets of all operators.
pub(crate) fn operators(module: &Module) -> Vec<u32> {
    let mut offsets = Vec::new();
    for func in module.defined_funcs() {
        let mut operators = module.body(func).expect("a body").operators();
        while !operators.eof() {
            offsets.push(u32::try_from(operators.original_position()).expect("small"));
            operators.read().expect("an operator");
        }
    }
    offsets
}

/// The symbols that `addr2line` finds.
fn others(module: &Module, offsets: &[u32]) -> Vec<Vec<Symbol>> {
    let code = module.sections().iter().find(|section| section.id == 10).expect("code");
    let dwarf = Dwarf::load(|id| {
        let found = module.custom_sections().iter().find(|section| &*section.name == id.name());
        let bytes = found.map_or(&[][..], |section| &module.bytes()[section.range.clone()]);
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    });
    let context = addr2line::Context::from_dwarf(dwarf.expect("sections")).expect("a context");
    let at = |offset: u32| {
        let address = u64::from(offset) - code.range.start as u64;
        let mut frames = context.find_frames(address).skip_all_loads().expect("frames");
        let mut found = Vec::new();
        while let Some(frame) = frames.next().expect("a frame") {
            let location = frame.location;
            let name = frame.function.map(|name| String::from_utf8_lossy(&name.name).into_owned());
            let line = location.as_ref().and_then(|at| at.line).filter(|&line| line > 0);
            found.push(Symbol {
                name,
                file: location.as_ref().and_then(|at| at.file).map(str::to_owned),
                line,
                column: location.and_then(|at| at.column).filter(|&at| at > 0 && line.is_some()),
            });
        }
        found
    };
    offsets.iter().map(|&offset| at(offset)).collect()
}

#[test]
fn operators_have_the_symbols_of_addr2line() {
    for name in MODULES {
        let module = decoded(bytes(name));
        let offsets = operators(&module);
        let (ours, theirs) = (symbols(&module, &offsets), others(&module, &offsets));
        let known = ours.iter().filter(|symbols| !symbols.is_empty()).count();
        assert!(known * 10 > offsets.len() * 9, "{name}: {known} of {}", offsets.len());
        assert!(ours.iter().any(|symbols| symbols.len() > 2), "{name}: nothing is inlined twice");
        for ((offset, ours), theirs) in offsets.iter().zip(&ours).zip(&theirs) {
            assert_eq!(ours, theirs, "{name} at {offset:#x}");
        }
    }
}
