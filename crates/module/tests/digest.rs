//! Modules are told apart by their contents, not by where they are.
//!
//! The expected digests were computed with another program from the form that `digest` gives. Green
//! does not show that SHA-256 resists collisions.

use prova_module::{Features, Limits, Module, Proposal};

const EMPTY: [u8; 8] = *b"\0asm\x01\0\0\0";

fn decode(bytes: &[u8], features: Features) -> Module {
    Module::decode(bytes, &features, &Limits::default()).expect("the module is valid")
}

#[test]
fn the_form_is_the_documented_one() {
    let digest = decode(&EMPTY, Features::WASM1).digest();
    let expected = "f178e48dbd20ab52748db816be98c0cd45f1b808ff0703cd17afb56dfb9b4a0a";
    assert_eq!(digest.to_string(), expected);
    let expected = "c0ea151eca53e3256a34ecce47d5f959229234130f48bfbceacc6187b000b8bd";
    assert_eq!(digest.extend("settings", &[1, 2]).to_string(), expected);
    assert_eq!(digest.as_bytes()[..2], [0xf1, 0x78]);
}

#[test]
fn label_and_data_do_not_run_into_each_other() {
    let digest = decode(&EMPTY, Features::WASM1).digest();
    assert_ne!(digest.extend("ab", b"c"), digest.extend("a", b"bc"));
    assert_ne!(digest.extend("a", b""), digest.extend("", b"a"));
    assert_ne!(digest.extend("", b""), digest);
}

#[test]
fn a_module_is_the_same_as_its_handles_and_as_one_of_the_same_bytes() {
    let module = decode(&EMPTY, Features::default());
    assert!(module.is_same(&module.clone()));
    assert!(module.is_same(&decode(&EMPTY, Features::default())));
}

#[test]
fn a_module_of_other_bytes_or_features_is_another() {
    let module = decode(&EMPTY, Features::default());
    // An empty custom section: the same functions (none), other bytes.
    let longer = [&EMPTY[..], &[0, 1, 0]].concat();
    assert!(!module.is_same(&decode(&longer, Features::default())));
    for &proposal in Proposal::ALL {
        let all = Features::default().with(proposal);
        let fewer = decode(&EMPTY, all.without(proposal));
        assert!(!decode(&EMPTY, all).is_same(&fewer), "{proposal}");
    }
}

#[test]
fn limits_do_not_make_another_module() {
    let strict = Limits { operand_height: 10, ..Limits::default() };
    let module = Module::decode(&EMPTY[..], &Features::default(), &strict).expect("it is valid");
    assert!(module.is_same(&decode(&EMPTY, Features::default())));
}
