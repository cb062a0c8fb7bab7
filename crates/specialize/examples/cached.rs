//! Specialises a module whose requests are in its data, with a cache in memory:
//! `cached IN.wasm none|empty|full [ROUNDS]`. Of `full` each round finds what one before the first
//! has made. A profiler says what that costs.

use prova_module::{Features, Limits, Module};
use prova_specialize::cache::{Key, Store};
use prova_specialize::{Options, specialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Debug, Default)]
struct Shelf(Mutex<BTreeMap<Key, Vec<u8>>>);

impl Store for Shelf {
    fn load(&self, key: &Key) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().expect("no thread has failed").get(key).cloned())
    }

    fn save(&self, key: &Key, entry: &[u8]) -> Result<(), String> {
        self.0.lock().expect("no thread has failed").insert(*key, entry.to_vec());
        Ok(())
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let rounds: usize = args.get(3).map_or(1, |arg| arg.parse().expect("a number"));
    let bytes = std::fs::read(&args[1]).expect("a file");
    let wasm = wat::parse_bytes(&bytes).expect("a module").into_owned();
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let run = |shelf: Option<&Arc<Shelf>>| {
        let cache = shelf.map(|shelf| shelf.clone() as Arc<dyn Store>);
        let options = Options { cache, ..Options::default() };
        specialize(&module, &options).unwrap_or_else(|error| panic!("{error}"))
    };
    let full = Arc::new(Shelf::default());
    if args[2] == "full" {
        run(Some(&full));
    }
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        let outcome = match &*args[2] {
            "none" => run(None),
            "empty" => run(Some(&Arc::default())),
            _full => run(Some(&full)),
        };
        let uses = outcome.cache.unwrap_or_default();
        println!("{} found, {} made, {} notes", uses.found, uses.made, uses.notes.len());
    }
    let kept: usize = full.0.lock().expect("no thread has failed").values().map(Vec::len).sum();
    println!("{:.3} s, {kept} bytes of entries", start.elapsed().as_secs_f64());
}
