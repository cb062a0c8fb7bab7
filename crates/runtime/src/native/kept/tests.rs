//! A store that finds words and records of another one has right ones, for each sort of that store.

use super::super::state::Copies;
use super::*;
use crate::attach::{Attach, AttachError, Attached};
use crate::prototype::Prototype;
use crate::store::{Spare, StoreConfig};
use crate::value::{FuncAddr, MemoryAddr};
use prova_check::Config;
use prova_module::{Features, FuncIdx, FuncType, Module};

const SETTINGS: Settings =
    Settings { deterministic: false, metering: prova_bytecode::Metering::None };

/// A layout without ways, as before there is machine code.
struct LayoutAlone(Option<Arc<NativeModule>>);

impl Attach for LayoutAlone {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("no code for {func}").into())
    }

    fn native(&self, _: &Module) -> Option<Arc<NativeModule>> {
        self.0.clone()
    }
}

fn module(text: &str) -> Module {
    let (features, limits) = (Features::default(), prova_module::Limits::default());
    Module::decode(wat::parse_str(text).unwrap(), &features, &limits).unwrap()
}

fn support(module: &Module) -> Arc<NativeModule> {
    Arc::new(NativeModule::derive(module, &Config::default()).unwrap())
}

fn prototype(text: &str) -> Prototype {
    let module = module(text);
    let support = support(&module);
    Prototype::new(&module, Arc::new(LayoutAlone(Some(support))), None)
}

/// A store with as many functions of the host, and then instances.
fn store_with(spare: &Arc<Spare>, hosts: usize, of: &[&Prototype]) -> Store {
    let mut store = Store::new(StoreConfig {
        stack_bytes: 1 << 12,
        native: Some(Config::default()),
        spare: Some(Arc::clone(spare)),
        ..StoreConfig::default()
    });
    if let [first, ..] = of {
        store.begin_with_types(first);
    }
    for _ in 0..hosts {
        let host: crate::HostFunc = Arc::new(|_, _, _| crate::HostOutcome::Done);
        store.func_new(FuncType::new([], []), host);
    }
    for prototype in of {
        store.instantiate_prototype(&mut (), prototype, &[]).unwrap();
    }
    store
}

/// The word of a function's record that nobody reads.
fn reserved(store: &Store, func: u32) -> *mut u64 {
    let record = store.native.as_ref().unwrap().record(FuncAddr(func));
    record.cast_mut().cast::<u64>().wrapping_add(3)
}

/// The faults of the store's records and words: what differs from R1 to R3, without ways.
fn wrong(store: &Store) -> Vec<String> {
    let native = store.native.as_ref().unwrap();
    let mut wrong = Vec::new();
    let mut compare = |what: String, found: usize, right: usize| {
        if found != right {
            wrong.push(format!("{what}: {found:#x}, not {right:#x}"));
        }
    };
    compare("records".into(), native.records.len(), store.entries.len());
    for (at, entry) in store.entries.iter().enumerate() {
        // SAFETY: R1.
        let record = unsafe { &*native.record(FuncAddr(at as u32)) };
        // SAFETY: the record's second word, by the convention.
        let vmctx = unsafe { *std::ptr::from_ref(record).cast::<usize>().add(1) };
        let own = native.instances.get(entry.instance as usize);
        let own = own.map(|instance| instance.words.vmctx().addr());
        compare(format!("{at}: address"), record.address() as usize, at);
        compare(format!("{at}: type"), record.type_id() as usize, entry.type_id as usize);
        compare(format!("{at}: vmctx"), vmctx, own.unwrap_or(native.nobody.vmctx().addr()));
        compare(format!("{at}: code"), record.code(), 0);
    }
    for (at, (native, instance)) in native.instances.iter().zip(&store.instances).enumerate() {
        // SAFETY: F1: the word exists, and nothing runs.
        let word = |offset: u32| unsafe { *native.words.word(offset) };
        compare(format!("{at}: store"), word(offsets::STORE), store.vm().addr());
        compare(format!("{at}: types"), word(offsets::TYPES), instance.types().addr());
        let layout = native.support.as_ref().and_then(Weak::upgrade).unwrap();
        let layout = layout.layout();
        let (memory, table, global) = (layout.memory(0), layout.table(0), layout.global(0));
        let memory_vm = &store.memory_vms[at];
        compare(format!("{at}: memory"), word(memory), std::ptr::from_ref(memory_vm).addr());
        let table_vm = std::ptr::from_ref(&store.table_vms[at]).addr();
        compare(format!("{at}: table"), word(table), table_vm);
        let global_vm = std::ptr::from_ref(&store.global_vms[at]).addr();
        compare(format!("{at}: global"), word(global), global_vm);
        compare(format!("{at}: length"), word(layout.memory_len(0)), memory_vm.len_bytes);
    }
    wrong
}

const ONE: &str = "(module (type (func (param i64)))
    (memory 1 3) (table 1 funcref) (global i32 i32.const 1)
    (func) (func (type 0)) (func))";
const TWO: &str = "(module (memory 1 3) (table 1 funcref) (global i32 i32.const 1)
    (func (param f32)) (func) (func))";

/// R6, for each sort of store before; `found`: whether the words are those that were left.
#[test]
fn words_that_were_left_are_those_of_a_new_instance() {
    let (one, two) = (prototype(ONE), prototype(TWO));
    let spare = Arc::new(Spare::new());
    let stores: [(usize, &[&Prototype], bool); 9] = [
        (2, &[&one], false),
        (2, &[&one], true),
        (2, &[&two], false),
        (2, &[&one], false),
        (1, &[&one], false),
        (3, &[&one], false),
        (3, &[&one, &two], true),
        (2, &[&one, &one], false),
        (2, &[&one], false),
    ];
    for (at, (hosts, of, found)) in stores.into_iter().enumerate() {
        let mut store = store_with(&spare, hosts, of);
        assert_eq!(wrong(&store), [""; 0], "store {at}");
        let mark = reserved(&store, hosts as u32);
        // SAFETY: R1: the word exists, and nothing runs.
        assert_eq!(unsafe { mark.replace(7) } == 7, found, "store {at}");
        // The copy of the memory's length follows it (R3).
        assert_eq!(store.memory_grow(MemoryAddr(0), 1), Some(1));
        assert_eq!(wrong(&store), [""; 0], "store {at}, grown");
    }
}

/// Records of functions that got code lead there no more; one that is not known to have changed
/// would be found as it is.
#[test]
fn records_of_functions_that_got_code_lead_nowhere() {
    let one = prototype(ONE);
    let spare = Arc::new(Spare::new());
    for (known, expected) in [(true, vec![]), (false, vec!["3: code: 0x7, not 0x0"])] {
        let mut store = store_with(&spare, 2, &[&one]);
        if known {
            store.codes_mut(FuncAddr(3)).unwrap();
        }
        let record = store.native.as_ref().unwrap().record(FuncAddr(3));
        // SAFETY: R1; nothing calls the function.
        unsafe { (*record).set_code(7) };
        drop(store);
        let store = store_with(&spare, 2, &[&one]);
        assert_eq!(wrong(&store), expected);
        // As at first, for the other stores.
        // SAFETY: as above.
        unsafe { (*store.native.as_ref().unwrap().record(FuncAddr(3))).set_code(0) };
    }
}

/// Words are for the ways and the layout that they were made with, as long as those are there.
#[test]
fn other_support_is_told_apart() {
    let one = module(ONE);
    let kept = |support: Option<&Arc<NativeModule>>| Kept {
        words: Words::new(0, (0, 0), std::ptr::null_mut(), std::ptr::null(), std::ptr::null()),
        support: support.map(Arc::downgrade),
        thunks: BTreeMap::new(),
        pieces: BTreeMap::new(),
        codes: Left::default(),
        settings: SETTINGS,
    };
    let is_with =
        |kept: &Kept, support: Option<&Arc<NativeModule>>| kept.is_with(support, SETTINGS);
    let (first, second) = (support(&one), support(&one));
    assert!(is_with(&kept(None), None) && is_with(&kept(Some(&first)), Some(&first)));
    assert!(!is_with(&kept(None), Some(&first)) && !is_with(&kept(Some(&first)), None));
    assert!(!is_with(&kept(Some(&first)), Some(&second)));
    let other = Settings { deterministic: !SETTINGS.deterministic, ..SETTINGS };
    assert!(!kept(Some(&first)).is_with(Some(&first), other));
    let of_first = kept(Some(&first));
    drop(first);
    assert!((0..100).all(|_| !is_with(&of_first, Some(&support(&one)))));
}

/// R7: cells that a store wrote are 0 in the next one; those that it did not say it writes would
/// be found as they are.
#[test]
fn argument_cells_that_were_written_are_zero_again() {
    let one = prototype(ONE);
    for (said, found) in [(5, 0), (3, 2), (2048, 0), (usize::MAX, 0)] {
        let spare = Arc::new(Spare::new());
        let mut store = store_with(&spare, 2, &[&one]);
        let native = store.native.as_mut().unwrap();
        let args = native.args_for(said);
        // SAFETY: F1: these cells are the store's, and no code runs.
        unsafe { args.write_bytes(7, 5) };
        drop(store);
        let store = store_with(&spare, 2, &[&one]);
        let native = store.native.as_ref().unwrap();
        assert_eq!(native.args.iter().filter(|&&cell| cell != 0).count(), found, "{said}");
    }
}

/// Words of the first memories, and of others that more than one instance has.
#[test]
fn copies_of_lengths_are_found_by_memory() {
    let mut words = [0usize; 5];
    let at = std::array::from_fn::<_, 5, _>(|at| &raw mut words[at]);
    let mut copies = Copies::default();
    for (memory, word) in [(2, 0), (0, 1), (2, 2), (7, 3), (2, 4)] {
        copies.push(memory, at[word]);
    }
    let of = |copies: &Copies, memory| copies.of(memory).collect::<Vec<_>>();
    assert_eq!(of(&copies, 2), [at[0], at[2], at[4]]);
    assert_eq!((of(&copies, 0), of(&copies, 7)), (vec![at[1]], vec![at[3]]));
    assert_eq!((of(&copies, 1), of(&copies, 8)), (vec![], vec![]));
    copies.clear();
    assert!((0..9).all(|memory| of(&copies, memory).is_empty()));
}
