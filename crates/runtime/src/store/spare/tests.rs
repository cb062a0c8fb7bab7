//! Rooms come back as they should, and few; address space is for `lease::tests`.

use super::*;
use crate::attach::{Attach, AttachError, Attached};
use crate::prototype::Prototype;
use crate::store::StoreConfig;
use crate::value::FuncAddr;
use prova_module::{Features, FuncIdx, Module};
use std::sync::Arc;

fn room(capacity: usize) -> Room {
    Room { entries: Vec::with_capacity(capacity), ..Room::default() }
}

#[test]
fn rooms_come_back_empty_and_few() {
    let spare = Spare::new();
    spare.leave_room(room(0));
    assert_eq!(lock(&spare.rooms).len(), 0, "no room is none");
    spare.leave_room(room(ENTRIES_MAX + 1));
    assert_eq!(lock(&spare.rooms).len(), 0, "too great");
    let most = spare.limits().stores_max;
    for _ in 0..=most {
        spare.leave_room(room(3));
    }
    assert_eq!(lock(&spare.rooms).len(), most);
    let room = spare.take_room();
    assert!(room.entries.is_empty() && room.entries.capacity() >= 3);
    let none = Spare::with_limits(SpareLimits { stores_max: 0, ..SpareLimits::default() });
    none.leave_room(room);
    assert_eq!(lock(&none.rooms).len(), 0);
}

#[test]
fn a_store_leaves_its_room_and_not_its_functions() {
    let spare = Arc::new(Spare::new());
    let config = || StoreConfig {
        stack_bytes: 1 << 12,
        spare: Some(Arc::clone(&spare)),
        ..StoreConfig::default()
    };
    let mut store = Store::new(config());
    let host: crate::HostFunc = Arc::new(|_, _, _| crate::HostOutcome::Done);
    store.func_new(prova_module::FuncType::new([], []), host);
    drop(store);
    assert_eq!(lock(&spare.rooms).len(), 1);
    let store = Store::new(config());
    assert!(store.entries.is_empty() && store.entries.capacity() > 0);
    assert_eq!(lock(&spare.rooms).len(), 0);
}

struct NoCode;

impl Attach for NoCode {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("no bytecode for {func}").into())
    }
}

fn prototype(text: &str) -> Prototype {
    let (features, limits) = (Features::default(), prova_module::Limits::default());
    let module = Module::decode(wat::parse_str(text).unwrap(), &features, &limits).unwrap();
    Prototype::new(&module, Arc::new(NoCode), None)
}

/// A store with as many functions of the host, and then instances.
fn store_with(spare: Option<&Arc<Spare>>, hosts: usize, of: &[&Prototype]) -> Store {
    let config =
        StoreConfig { stack_bytes: 1 << 12, spare: spare.cloned(), ..StoreConfig::default() };
    let mut store = Store::new(config);
    if let [first, ..] = of {
        store.begin_with_types(first);
    }
    for _ in 0..hosts {
        let host: crate::HostFunc = Arc::new(|_, _, _| crate::HostOutcome::Done);
        store.func_new(prova_module::FuncType::new([], []), host);
    }
    for prototype in of {
        store.instantiate_prototype(&mut (), prototype, &[]).unwrap();
    }
    store
}

/// The addresses at which the entries of a store that finds what one before it left differ from
/// those of a store that finds nothing.
fn different(spare: &Arc<Spare>, hosts: usize, of: &[&Prototype]) -> Vec<usize> {
    let (found, new) = (store_with(Some(spare), hosts, of), store_with(None, hosts, of));
    assert_eq!(found.entries.len(), new.entries.len());
    let text = |entry: &FuncEntry| format!("{entry:?}");
    let pairs = found.entries.iter().zip(&new.entries).enumerate();
    pairs.filter(|(_, (a, b))| text(a) != text(b)).map(|(at, _)| at).collect()
}

/// Q2, for each sort of store before.
#[test]
fn entries_that_were_left_are_those_of_a_new_instance() {
    let one = prototype("(module (type (func (param i64))) (func) (func (type 0)) (func))");
    let two = prototype("(module (func (param f32)) (func) (func) (func))");
    let spare = Arc::new(Spare::new());
    let stores: [(usize, &[&Prototype]); 9] = [
        (2, &[&one]),
        (2, &[&one]),
        (2, &[&two]),
        (2, &[&one]),
        (1, &[&one]),
        (3, &[&one]),
        (2, &[&one, &two]),
        (2, &[&one, &one]),
        (2, &[&one]),
    ];
    for (at, (hosts, of)) in stores.into_iter().enumerate() {
        assert_eq!(different(&spare, hosts, of), [], "store {at}");
    }
}

/// The same where functions got code: what is not known to have changed would be found as it is.
#[test]
fn entries_of_functions_that_got_code_are_made_anew() {
    let one = prototype("(module (func) (func) (func))");
    let spare = Arc::new(Spare::new());
    let code = Box::leak(Box::new(0u64));
    for (known, expected) in [(true, vec![]), (false, vec![3])] {
        let mut store = store_with(Some(&spare), 2, &[&one]);
        if known {
            store.codes_mut(FuncAddr(3)).unwrap();
        }
        store.entries[3].code.set(code);
        drop(store);
        assert_eq!(different(&spare, 2, &[&one]), expected);
    }
}
