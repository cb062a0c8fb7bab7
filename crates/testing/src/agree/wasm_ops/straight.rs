//! Rows of operators that go on to the next one: run in the reference tier on edge values, and held
//! against what the row says.
//!
//! Compared are results, the kind of a trap, memories, tables, the global, dropped segments and the
//! fuel used. A class also says what must happen for some values (`trap` traps, `effect` traps or
//! changes something) and what must not (`pure` never traps).

use super::Entry;
use super::expect::{access, changes, expect};
use super::model::{Model, Space};
use super::place::{Choice, DATA, ELEM, GLOBAL, Place, choices, wide_memory, wide_table};
use super::values::arguments;
use crate::sides::attach::NoBytecode;
use crate::sides::run::{Setup, store};
use prova_core::Tier;
use prova_module::ops::{Class, Kind, Row};
use prova_module::{GlobalIdx, MemoryIdx, TableIdx};
use prova_runtime::{Cell, Extern, InstanceAddr, Metering, Settings, Store, TrapKind};
use std::sync::Arc;

/// Fuel of each call.
const FUEL: u64 = 1 << 40;

/// The observations over all calls of a row.
#[derive(Default)]
struct Seen {
    trapped: bool,
    returned: bool,
    changed: bool,
}

/// The first thing that is wrong with a row.
pub(super) fn fault(entry: &Entry) -> Option<String> {
    let mut seen = Seen::default();
    for choice in choices(&entry.row) {
        if let Err(fault) = tried(entry, &choice, &mut seen) {
            return Some(fault);
        }
    }
    seen.fault(entry.row.class)
}

impl Seen {
    fn fault(&self, class: Class) -> Option<String> {
        let traps = class == Class::trap || access(class);
        let wrong = [
            (traps && !self.trapped, "it never traps"),
            (class == Class::effect && !self.trapped && !self.changed, "it has no effect"),
            (class != Class::effect && !traps && self.trapped, "it traps"),
            (class != Class::atomic_wait && !self.returned, "it never returns"),
            (!changes(class) && self.changed, "it changes something"),
        ];
        wrong
            .iter()
            .find(|(wrong, _)| *wrong)
            .map(|(_, what)| format!("class {class:?}, but {what}"))
    }
}

/// The reference tier with an instance.
struct World {
    store: Store,
    instance: InstanceAddr,
    object: Cell,
}

impl World {
    fn new(place: &Place) -> Result<World, String> {
        let settings = Settings { metering: Metering::Fuel, deterministic: true };
        let mut store = store(Setup { tier: Tier::Reference, settings });
        store.set_fuel(FUEL);
        let instance = store.instantiate(&mut (), &place.module, &[], Arc::new(NoBytecode));
        let object = store.extern_new(Box::new(()));
        Ok(World { instance: instance.map_err(|error| error.to_string())?, store, object })
    }

    /// Calls an export; a trap is its kind. Gives the fuel used too.
    fn call(&mut self, name: &str, args: &[Cell]) -> (Result<Vec<Cell>, TrapKind>, u64) {
        let func = self.store.instance(self.instance).export(name).and_then(Extern::func);
        let Some(func) = func else { return (Err(TrapKind::Bug), 0) };
        let mut results = vec![0; self.store.func_cells(func).1];
        self.store.set_fuel(FUEL);
        let outcome = self.store.call(&mut (), func, args, &mut results);
        (outcome.map(|()| results).map_err(|trap| trap.kind), FUEL - self.store.fuel())
    }

    /// The state as the model has it.
    fn observe(&self) -> Model {
        let instance = self.store.instance(self.instance);
        let memory = |k: u32| Space {
            items: self.store.memory(instance.memory_addr(MemoryIdx(k))).data().to_vec(),
            max: 3 << 16,
            wide: wide_memory(k),
        };
        let table = |t: u32| Space {
            items: self.store.table(instance.table_addr(TableIdx(t))).elements().to_vec(),
            max: 12,
            wide: wide_table(t),
        };
        let tables: Vec<Space<Cell>> = (0..4).map(table).collect();
        // Table 0 has functions 0, 1 and 2 from element 1 on.
        let first_func = tables[0].items[1];
        let [low, high] = self.store.global_get(instance.global_addr(GlobalIdx(GLOBAL)));
        let functions = [2, 3, 1].map(|func| first_func + func);
        Model {
            memories: (0..2).map(memory).collect(),
            tables,
            data: segments(DATA, b"0123456789abcdef".to_vec()),
            elements: segments(ELEM, functions.to_vec()),
            global: u128::from(low) | u128::from(high) << 64,
            first_func,
            object: self.object,
            trap: None,
            units: 0,
        }
    }

    /// Whether segments are dropped exactly where the model's are. Afterwards the state is another.
    fn drops(&mut self, model: &Model) -> bool {
        let dropped = [self.call("data", &[]).0.is_err(), self.call("elem", &[]).0.is_err()];
        dropped == [model.data[DATA as usize].is_empty(), model.elements[ELEM as usize].is_empty()]
    }
}

/// The segments up to one, which is the only one that is not dropped.
fn segments<T>(at: u32, items: Vec<T>) -> Vec<Vec<T>> {
    let mut all: Vec<Vec<T>> = (0..at).map(|_| Vec::new()).collect();
    all.push(items);
    all
}

fn tried(entry: &Entry, choice: &Choice, seen: &mut Seen) -> Result<(), String> {
    let row = &entry.row;
    let place = Place::new(row, choice, None)?;
    narrow(row, choice)?;
    let mut world = World::new(&place)?;
    let start = world.observe();
    let mut all = arguments(row, &place, choice, &start).peekable();
    while let Some(args) = all.next() {
        let case = |what: String| Err(format!("{what}, on {args:x?} with {choice:?}"));
        let mut model = start.clone();
        let Some(expected) = expect(entry, choice, &args, &mut model) else {
            return Err("its expression does not fit".to_owned());
        };
        let (results, used) = world.call("f", &cells(&args, &place.params));
        let want = expected.map(|values| cells(&values, &place.results));
        if results != want {
            return case(format!("{results:x?}, should be {want:x?}"));
        }
        let units = if results.is_ok() { model.units } else { 0 };
        if used != place.others + row.cost + units + place.frame {
            return case(format!("it costs {used}"));
        }
        seen.trapped |= results.is_err();
        seen.returned |= results.is_ok();
        if !changes(row.class) && all.peek().is_some() {
            continue;
        }
        if let Some(what) = world.observe().differs(&model) {
            return case(format!("{what} should be another"));
        }
        if changes(row.class) {
            if !world.drops(&model) {
                return case("a segment should be dropped, or not".to_owned());
            }
            seen.changed |= model.changed(&start);
            world = World::new(&place)?;
        }
    }
    Ok(())
}

/// A kind is as narrow as it can be: an operand of a wider type is invalid, and a result is of no
/// narrower one.
fn narrow(row: &Row, choice: &Choice) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (at, kind) in row.params.iter().enumerate() {
        if matches!(kind, Kind::non_null | Kind::func_ref) {
            wrong.push((Ok(at), "funcref"));
        }
    }
    for (at, kind) in row.results.iter().enumerate() {
        if *kind == Kind::ref_ {
            wrong.push((Err(at), "(ref func)"));
        } else if *kind == Kind::non_null {
            wrong.push((Err(at), "(ref $callee)"));
        }
    }
    for (at, ty) in wrong {
        if Place::new(row, choice, Some((at, ty))).is_ok() {
            return Err(format!("{ty} is as good as its own type"));
        }
    }
    // A lane beyond the last is invalid.
    if let Some(lanes) = row.immediates.iter().find_map(|kind| kind.lanes().filter(|&n| n <= 16)) {
        let beyond = Choice { lane: lanes, ..*choice };
        if Place::new(row, &beyond, None).is_ok() {
            return Err(format!("lane {lanes} is valid"));
        }
    }
    Ok(())
}

/// Values as cells: a `v128` has two.
fn cells(values: &[u128], types: &[&str]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (value, ty) in values.iter().zip(types) {
        cells.push(*value as u64);
        if *ty == "v128" {
            cells.push((value >> 64) as u64);
        }
    }
    cells
}
