//! Artifacts in stores that already have other types: identities of types are a store's, so nothing
//! that was compiled may hold one.
//!
//! A green run does not show what modules of other processes do (`prova-cli` runs files of
//! `compile`), only that nothing depends on the order of types.

use prova::*;

const KINDS: &str = r#"(module
    (rec
      (type $a (sub (struct (field i32))))
      (type $b (sub $a (struct (field i32) (field i64)))))
    (type $c (sub final $a (struct (field i32) (field i32))))
    (type $f (func (param anyref) (result i32)))
    (table 1 funcref)
    (elem (i32.const 0) $is_c)
    (func $is_c (type $f) (ref.test (ref $c) (local.get 0)))
    (func (export "make") (param i32) (result anyref)
      (if (i32.eqz (local.get 0)) (then (return (struct.new $a (i32.const 7)))))
      (if (result anyref) (i32.eq (local.get 0) (i32.const 1))
        (then (struct.new $b (i32.const 8) (i64.const 9)))
        (else (struct.new_default $c))))
    (func (export "which") (param anyref) (result i32)
      (block $b (result (ref $b))
        (drop (block $a (result (ref $a))
          (drop (block $not (result anyref)
            (drop (br_on_cast $b anyref (ref $b) (local.get 0)))
            (br $a (br_on_cast_fail $not anyref (ref $a) (local.get 0)))))
          (return (i32.const 0))))
        (return (i32.add (i32.const 1)
          (i32.mul (i32.const 2) (call_indirect (type $f) (local.get 0) (i32.const 0))))))
      (drop) (i32.const 2)))"#;

/// Types that come before, some of which look like those above.
const OTHER_KINDS: &str = r#"(module
    (type (struct (field i64))) (type (array (mut i8)))
    (rec
      (type $a (sub (struct (field i32))))
      (type $b (sub $a (struct (field i32) (field i64))))
      (type (struct)))
    (func (export "make") (param i32) (result anyref)
      (if (result anyref) (local.get 0)
        (then (struct.new_default $b)) (else (struct.new_default $a)))))"#;

/// Types get their identities in each store: what was compiled elsewhere finds its own beside
/// others that came before, and objects of equal types are of the types of either module.
#[test]
fn an_artifact_finds_its_types_beside_others() {
    for ((_, maker), (_, engine)) in crate::all_engines().into_iter().zip(crate::all_engines()) {
        let [kinds, others] =
            [KINDS, OTHER_KINDS].map(|text| wat::parse_str(text).expect("a module"));
        let bytes = Module::new(&maker, &kinds).and_then(|module| module.serialize());
        let bytes = bytes.expect("an artifact");
        let mut store = Store::new(&engine, ());
        let mut instance = |module: Module| Instance::new(&mut store, &module, &[]).expect("it");
        let other = instance(Module::new(&engine, &others).expect("a module"));
        let stored = instance(Module::deserialize(&engine, &bytes).expect("an artifact"));
        let fresh = instance(Module::new(&engine, &kinds).expect("a module"));
        type Any = Option<Rooted<AnyRef>>;
        for (from, to) in [(stored, stored), (stored, fresh), (fresh, stored), (other, stored)] {
            let make = from.get_typed_func::<i32, Any>(&mut store, "make").expect("an export");
            let which = to.get_typed_func::<Any, i32>(&mut store, "which").expect("an export");
            for (kind, expected) in [(0, 1), (1, 2), (2, 3)] {
                let object = make.call(&mut store, kind).expect("an object");
                let found = which.call(&mut store, object).expect("a number");
                assert_eq!(found, if from == other { 0 } else { expected }, "{kind}");
            }
        }
    }
}
