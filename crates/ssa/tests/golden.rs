//! The files of `tests/files/ssa`: Wasm in, SSA out. The limits of a green run stand in the README
//! there.

use prova_module::{Features, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build, parse, print, verify};

use crate::files;

fn built(source: &str, name: &str) -> String {
    let settings = source.lines().find_map(|line| line.strip_prefix(";; settings: "));
    let has = |word| settings.is_some_and(|settings| settings.split(' ').any(|w| w == word));
    let metering = Metering { fuel: has("fuel"), epoch: has("epoch") };
    let bytes = wat::parse_str(source).unwrap_or_else(|e| panic!("{name}: {e}"));
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut all = String::new();
    for func in module.defined_funcs() {
        let body = build(&module, func, metering).unwrap_or_else(|e| panic!("{name}: {e}"));
        verify(&module, &body).unwrap_or_else(|e| panic!("{name}: {func}: {e}\n{body}"));
        let text = print(&body);
        assert_eq!(parse(&text).as_ref(), Ok(&body), "{name}: {func}");
        let proved = CheckedBody::check(&module, body);
        assert!(proved.is_ok(), "{name}: {func}: {}", proved.unwrap_err());
        all.push_str(&text);
    }
    all
}

#[test]
fn the_files_build_to_their_text() {
    // One for each family of instructions.
    assert!(files::files_hold("ssa", built) >= 10);
}
