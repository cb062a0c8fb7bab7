//! Names of places for messages of `prova specialize`: offsets in the file that the user has, with
//! lines of source where the file has DWARF.
//!
//! Once the initialiser has run, code is written again and stands elsewhere; its operators are the
//! same ones in the same order, so a place is found by counting them.

use prova_module::{FuncIdx, Module};
use prova_runs::diverge::source_line;
use prova_specialize::Places;
use std::collections::HashMap;
use std::sync::Mutex;

/// Names of places in a module that came of a file's.
pub(crate) fn places(file: Module, module: Module) -> Places {
    let known: Mutex<HashMap<u32, String>> = Mutex::default();
    Places::new(move |func, offset| {
        let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let name = known.entry(offset).or_insert_with(|| named(&file, &module, func, offset));
        name.clone()
    })
}

fn named(file: &Module, module: &Module, func: FuncIdx, offset: u32) -> String {
    let Some(offset) = counted(file, module, func, offset) else {
        return format!("{offset:#x} behind the initialiser");
    };
    match source_line(file, offset) {
        Some(line) => format!("{offset:#x} ({line})"),
        None => format!("{offset:#x}"),
    }
}

/// Where in the file the operator stands that stands at an offset of the module.
fn counted(file: &Module, module: &Module, func: FuncIdx, offset: u32) -> Option<u32> {
    let (mut theirs, mut ours) = (file.body(func)?.operators(), module.body(func)?.operators());
    loop {
        let (before, after) = (theirs.original_position(), ours.original_position());
        if after >= u64::from(offset) {
            return (after == u64::from(offset)).then(|| u32::try_from(before).ok()).flatten();
        }
        theirs.read().ok()?;
        ours.read().ok()?;
    }
}
