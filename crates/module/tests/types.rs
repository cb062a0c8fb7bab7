//! Identities of types in groups, and subtyping, from the text form: what is equal beside what
//! differs in one thing.
//!
//! Green does not show that wasmparser's rules for declared subtypes are right; the specification's
//! suite does that (`tests/spec`).

use crate::common::{assemble, decode};
use prova_module::ValType::{F64, I32};
use prova_module::{
    Composite, Error, Features, FieldType, FuncType, HeapType, Limits, Module, RefKind, RefType,
    StorageType, TypeId, TypeIdx, TypeRegistry, Types, UnpackedIndex, ValType, closure,
    equal_types,
};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The identities of the types of some modules in one registry.
fn ids<const N: usize>(texts: [&str; N]) -> (TypeRegistry, [Vec<TypeId>; N]) {
    let mut registry = TypeRegistry::new();
    let all = texts.map(|text| {
        let module = decode(&format!("(module {text})"));
        registry.intern_all(module.types()).expect("few types")
    });
    (registry, all)
}

#[test]
fn a_module_has_its_groups() {
    let module = decode(
        "(module (type $i (func (param i32)))
           (rec (type $a (sub (struct (field (mut i8)) (field (ref null $b)))))
                (type $b (sub $a (struct (field (mut i8)) (field (ref $b)) (field f64)))))
           (type (array i16)))",
    );
    let types = module.types();
    let lens: Vec<u32> = types.groups().iter().map(|group| group.len).collect();
    assert_eq!((types.len(), lens), (4, vec![1, 2, 1]));
    assert_eq!(types.func(TypeIdx(0)), Some(&FuncType::new([I32], [])));
    assert!(types.names_none(TypeIdx(0)) && !types.names_none(TypeIdx(1)));
    let b = types.def(TypeIdx(2)).expect("there is one");
    assert_eq!((b.is_final, b.supertype, types.func(TypeIdx(2))), (false, Some(TypeIdx(1)), None));
    let Composite::Struct(fields) = &b.composite else { panic!("{b:?}") };
    assert_eq!(fields[0], FieldType { element_type: StorageType::I8, mutable: true });
    assert_eq!(fields[2], FieldType { element_type: StorageType::Val(F64), mutable: false });
    assert!(matches!(types.def(TypeIdx(3)).unwrap().composite, Composite::Array(_)));
    let group = types.group_of(TypeIdx(2)).expect("there is one");
    assert_eq!((group.start, group.defs.len()), (1, 2));
    assert!(types.group_of(TypeIdx(4)).is_none() && types.def(TypeIdx(4)).is_none());
}

#[test]
fn a_closure_has_the_groups_that_a_type_needs_and_no_others() {
    let module = decode(
        "(module (type (func)) (type $i (func (param i32))) (type (func (result f32)))
           (rec (type $a (func (param (ref $b)))) (type $b (func (result (ref $i)))))
           (type (func (param f64))) (type (func (param (ref null $b)))))",
    );
    let of = |index| closure(index, |index| module.types().group_of(TypeIdx(index)));
    let (types, at) = of(6);
    assert_eq!((types.len(), types.groups().len(), at), (4, 3, TypeIdx(3)));
    assert_eq!(types[0], FuncType::new([I32], []));
    assert_eq!(types[1].to_string(), "[(ref 2)] -> []");
    assert_eq!(types[3].to_string(), "[(ref null 2)] -> []");
    assert_eq!(of(3).1, TypeIdx(1), "it is not the last of its group");
    let plain: Types = [FuncType::new([I32], [])].into_iter().collect();
    assert_eq!(of(1), (plain, TypeIdx(0)));
}

#[test]
fn groups_are_equal_up_to_the_numbers_of_their_own_types() {
    let group = "(rec (type $a (sub (func (param (ref $b))))) (type $b (func (result (ref $a)))))";
    let before = format!("(type (func (param f32))) {group}");
    let (registry, [alone, behind]) = ids([group, &before]);
    assert_eq!(alone, behind[1..]);
    assert_eq!(registry.len(), 3);
}

#[test]
fn groups_that_differ_in_one_thing_differ() {
    let one = "(rec (type $a (sub (func))) (type $b (sub $a (func))))";
    for (what, other) in [
        ("names alone", "(rec (type $b (sub (func))) (type $a (sub $b (func))))"),
        ("a third", "(rec (type $a (sub (func))) (type $b (sub $a (func))) (type (func)))"),
        ("finality", "(rec (type $a (sub (func))) (type $b (sub final $a (func))))"),
        ("no supertype", "(rec (type $a (sub (func))) (type $b (sub (func))))"),
        ("two groups", "(type $a (sub (func))) (type $b (sub $a (func)))"),
        (
            "a parameter",
            "(rec (type $a (sub (func (param i32)))) (type $b (sub $a (func (param i32)))))",
        ),
    ] {
        let (_, [a, b]) = ids([one, other]);
        let same = a.iter().any(|id| b.contains(id));
        assert_eq!(same, what == "names alone", "{what}");
    }
    for (a, b) in [
        ("(type (struct (field i8)))", "(type (struct (field i16)))"),
        ("(type (struct (field i8)))", "(type (struct (field (mut i8))))"),
        ("(type (struct (field i32)))", "(type (struct (field i32 i32)))"),
        ("(type (struct (field i32)))", "(type (array i32))"),
        ("(type (struct))", "(type (func))"),
        ("(type (struct))", "(type (sub (struct)))"),
        ("(type (array anyref))", "(type (array (ref any)))"),
        ("(type (array anyref))", "(type (array eqref))"),
        ("(type (func (param i32)))", "(type (func (result i32)))"),
        ("(type (func (param i32 i32)))", "(type (func (param i32) (result i32)))"),
        ("(rec (type (func)) (type (array i8)))", "(rec (type (array i8)) (type (func)))"),
        // It names itself; the other names an equal type before it.
        (
            "(type $t (func (param (ref null $t))))",
            "(type $s (func)) (type (func (param (ref null $s))))",
        ),
    ] {
        let (_, [one, other]) = ids([a, b]);
        assert!(!other.contains(&one[0]), "{a} {b}");
    }
}

#[test]
fn a_type_that_names_itself_is_equal_to_one_that_does() {
    let (registry, [one, two]) = ids([
        "(type $t (func (param (ref null $t))))",
        "(type (func)) (type $t (func (param (ref null $t)))) (type (func (param (ref null $t))))",
    ]);
    assert_eq!(one[0], two[1]);
    assert_ne!(two[1], two[2], "it names another type");
    let param = registry.get(one[0]).params[0];
    assert_eq!(registry.get(two[2]).params[0], param);
}

fn reference(nullable: bool, id: TypeId, kind: RefKind) -> RefType {
    let index = match kind {
        RefKind::Func => UnpackedIndex::Module(id.0),
        _ => UnpackedIndex::RecGroup(id.0),
    };
    RefType::new(nullable, HeapType::Concrete(index)).expect("a small index")
}

#[test]
fn references_match_along_the_hierarchies() {
    let (registry, [ids]) = ids([
        "(type $s (sub (struct))) (type $t (sub $s (struct (field i32)))) (type $a (array i8))
         (type $f (sub (func))) (type $g (sub final $f (func))) (type $h (sub $f (func)))",
    ]);
    let heap = |text: &str| -> RefType {
        let module = decode(&format!("(module (global (ref null {text}) (ref.null {text})))"));
        let ValType::Ref(ty) = module.globals()[0].val else { panic!("{text}") };
        ty
    };
    let concrete =
        |i: usize| reference(true, ids[i], if i < 3 { RefKind::Any } else { RefKind::Func });
    let (s, t, a, f, g, h) =
        (concrete(0), concrete(1), concrete(2), concrete(3), concrete(4), concrete(5));
    let abstracts = ["any", "eq", "i31", "struct", "array", "none", "func", "nofunc", "extern"];
    let [any, eq, i31, st, arr, none, func, nofunc, ext] = abstracts.map(heap);
    let all = [any, eq, i31, st, arr, none, s, t, a, func, nofunc, f, g, h, ext];
    // Each with what is above it.
    let above: [(RefType, &[RefType]); 15] = [
        (any, &[]),
        (eq, &[any]),
        (i31, &[eq, any]),
        (st, &[eq, any]),
        (arr, &[eq, any]),
        (none, &[any, eq, i31, st, arr, s, t, a]),
        (s, &[st, eq, any]),
        (t, &[s, st, eq, any]),
        (a, &[arr, eq, any]),
        (func, &[]),
        (nofunc, &[func, f, g, h]),
        (f, &[func]),
        (g, &[f, func]),
        (h, &[f, func]),
        (ext, &[]),
    ];
    for (sub, supers) in above {
        for sup in all {
            let expected = sub == sup || supers.contains(&sup);
            assert_eq!(registry.ref_matches(sub, sup), expected, "{sub} {sup}");
            assert_eq!(registry.ref_matches(sub.as_non_null(), sup), expected, "{sub} {sup}");
            assert!(!registry.ref_matches(sub, sup.as_non_null()), "{sub} {sup}");
        }
    }
}

#[test]
fn kinds_are_known_of_a_module_and_marked_in_a_registry() {
    let module = decode("(module (rec (type (func (param (ref $s)))) (type $s (struct))))");
    let param = module.types()[0].params[0];
    let ValType::Ref(ty) = param else { panic!("{param}") };
    assert_eq!(module.ref_kind(ty), RefKind::Any);
    assert_eq!(RefKind::of(ty.heap_type()), RefKind::Func, "it is not marked");
    let mut registry = TypeRegistry::new();
    let ids = registry.intern_all(module.types()).expect("few types");
    let ValType::Ref(ty) = registry.get(ids[0]).params[0] else { panic!("a reference") };
    assert_eq!(RefKind::of(ty.heap_type()), RefKind::Any);
    let (types, at) = closure(ids[0].0, |id| registry.group_of(TypeId(id)));
    let own = closure(0, |index| module.types().group_of(TypeIdx(index)));
    assert!(equal_types((&types, at), (&own.0, own.1)));
    assert_eq!(types, own.0);
}

/// 63 supertypes in a row are valid, one more is not; the walk along the chain ends.
#[test]
fn chains_of_supertypes_are_bounded() {
    let chain = |length: usize| {
        let mut text = "(module (type $0 (sub (func)))".to_owned();
        for i in 1..=length {
            write!(text, "(type ${i} (sub ${} (func)))", i - 1).expect("text");
        }
        Module::decode(assemble(&(text + ")")), &Features::default(), &Limits::default())
    };
    let module = chain(63).expect("as deep as may be");
    let mut registry = TypeRegistry::new();
    let ids = registry.intern_all(module.types()).expect("few types");
    for (i, &sub) in ids.iter().enumerate() {
        for (j, &sup) in ids.iter().enumerate() {
            assert_eq!(registry.is_subtype(sub, sup), j <= i, "{i} {j}");
        }
    }
    let error: Error = chain(64).expect_err("too deep");
    assert!(
        error.is_invalid() && error.to_string().contains("sub type hierarchy too deep"),
        "{error}"
    );
}

/// A group of 10^5 types, each of which names its neighbours: decoded, interned twice, compared and
/// closed over in time that grows with its length.
#[test]
fn a_large_group_takes_linear_time() {
    let text = |types: usize| {
        let mut text = "(module (rec".to_owned();
        for i in 0..types {
            let next = (i + 1) % types;
            write!(text, "(type (func (param (ref {next})) (result (ref null {i}))))")
                .expect("text");
        }
        text + "))"
    };
    let took = |types: usize| {
        let bytes = assemble(&text(types));
        let start = Instant::now();
        let module =
            Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
        let mut registry = TypeRegistry::new();
        let ids = registry.intern_all(module.types()).expect("within the limit");
        assert_eq!(registry.intern_all(module.types()), Some(ids.clone()));
        assert_eq!(registry.len(), types);
        let (own, at) = closure(ids[types / 2].0, |id| registry.group_of(TypeId(id)));
        assert_eq!((own.len(), at.index()), (types, types / 2));
        start.elapsed()
    };
    let small = took(10_000).max(Duration::from_millis(2));
    let large = took(100_000);
    assert!(large < small * 100, "{small:?} for a tenth, {large:?}");
}

/// As many groups, each of which names the one before it: no closure is copied for each.
#[test]
fn many_groups_take_linear_time() {
    let mut text = "(module (type (sub (func)))".to_owned();
    for i in 0..50_000 {
        write!(text, "(type (sub (func (param (ref {i})))))").expect("text");
    }
    let module = decode(&(text + ")"));
    let start = Instant::now();
    let mut registry = TypeRegistry::new();
    let ids = registry.intern_all(module.types()).expect("within the limit");
    assert_eq!(ids.len(), registry.len());
    let (own, _) = closure(50_000, |index| module.types().group_of(TypeIdx(index)));
    assert_eq!(own.len(), 50_001);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
