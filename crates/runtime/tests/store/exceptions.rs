//! Exceptions that the host makes and throws: their cells are compared with the tag's type, those
//! of the host like those of a module.

use crate::{host, store};
use prova_module::{FuncType, HeapType, RefType, ValType};
use prova_runtime::{
    Cell, Exception, FuncAddr, HostOutcome, NULL_REF, Store, TagAddr, Trap, TrapKind, func_ref,
};

use ValType::{F32, I32, I64, V128};

fn tag(store: &mut Store, params: impl IntoIterator<Item = ValType>) -> TagAddr {
    store.tag_new(&FuncType::new(params, [])).unwrap()
}

fn func(store: &mut Store, ty: FuncType) -> FuncAddr {
    store.func_new(ty, host(|_, _, _| HostOutcome::Done))
}

/// A tag, cells that are values of its exceptions, and cells that are not.
type Case = (TagAddr, Vec<Vec<Cell>>, Vec<Vec<Cell>>);

fn cases(store: &mut Store) -> Vec<Case> {
    let numbers = tag(store, [I32, F32, I64, V128]);
    let unary = FuncType::new([I32], [I32]);
    let (f, g) = (func(store, unary.clone()), func(store, FuncType::new([], [])));
    let id = store.type_id(&unary);
    let to_unary = prova_module::ref_to_type(false, id).unwrap();
    assert!(matches!(to_unary.heap_type(), HeapType::Concrete(_)));
    let x = store.extern_new(Box::new(()));
    let references = tag(store, [RefType::FUNCREF, to_unary, RefType::EXTERNREF].map(ValType::Ref));
    let empty = tag(store, []);
    let exn = store.exception_new(empty, &[]).unwrap();
    let exceptions = tag(store, [ValType::Ref(RefType::EXNREF)]);
    let (f, g) = (func_ref(f), func_ref(g));
    vec![
        (
            numbers,
            vec![vec![0xffff_ffff, 1, u64::MAX, 2, 3], vec![0; 5]],
            vec![
                vec![],
                vec![0; 4],
                vec![0; 6],
                vec![1 << 32, 0, 0, 0, 0],
                vec![0, 1 << 32, 0, 0, 0],
            ],
        ),
        (
            references,
            vec![vec![NULL_REF, f, NULL_REF], vec![g, f, x]],
            vec![
                vec![g + 1_000, f, x],
                vec![f, g, x],
                vec![f, NULL_REF, x],
                vec![f, f, x + 1],
                vec![u64::MAX, f, x],
            ],
        ),
        (
            exceptions,
            vec![vec![NULL_REF], vec![exn]],
            vec![vec![exn + (1 << 32)], vec![1], vec![u64::MAX]],
        ),
        (empty, vec![vec![]], vec![vec![0]]),
    ]
}

#[test]
fn an_exception_has_the_values_that_its_tag_says() {
    let mut store = store();
    for (tag, good, bad) in cases(&mut store) {
        for cells in good {
            let exception = store.exception_new(tag, &cells).unwrap();
            assert_eq!(store.exception(exception), Some((tag, &cells[..])));
        }
        for cells in bad {
            let made = store.exception_new(tag, &cells);
            assert_eq!(made, Err(TrapKind::Misuse), "{tag} {cells:?}");
        }
    }
}

/// Throws an exception through a host function that the host calls itself.
fn throw(store: &mut Store, exception: Exception) -> Trap {
    let outcome = move |_: &mut Store, _: &mut dyn std::any::Any, _: &mut [Cell]| {
        HostOutcome::Throw(exception.clone(), Box::new(Trap::host("nothing catches it")))
    };
    let f = store.func_new(FuncType::new([], []), host(outcome));
    store.call(&mut (), f, &[], &mut []).unwrap_err()
}

#[test]
fn what_a_host_function_throws_is_compared_too() {
    let mut store = store();
    for (tag, good, bad) in cases(&mut store) {
        for cells in good {
            let exception = Exception { tag, cells: cells.into() };
            let trap = throw(&mut store, exception.clone());
            assert_eq!((trap.kind, trap.exception.as_deref()), (TrapKind::Host, Some(&exception)));
        }
        for cells in bad {
            let trap = throw(&mut store, Exception { tag, cells: cells.into() });
            assert_eq!(trap.kind, TrapKind::Misuse);
            let text = trap.to_string();
            assert!(text.contains("values of an exception") && !text.contains("bug"), "{text}");
        }
    }
    let foreign = TagAddr::from_index(1_000);
    let trap = throw(&mut store, Exception { tag: foreign, cells: Box::default() });
    assert_eq!(trap.kind, TrapKind::Misuse, "a tag of no object of this store");
}
