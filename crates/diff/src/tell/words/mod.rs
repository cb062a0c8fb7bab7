//! Findings in words.

pub(crate) mod assumption;
pub(crate) mod debug;
pub(crate) mod function;
pub(crate) mod section;
pub(crate) mod types;

use crate::judge::extract::Obstacle;
use crate::judge::whole::Unequal;

/// Why a function cannot be run alone.
fn obstacle(why: &Obstacle) -> String {
    match why {
        Obstacle::Import => "it is an import".into(),
        Obstacle::Operator(name) => format!("it uses `{name}`"),
        Obstacle::SecondMemory => "it uses a second memory".into(),
        Obstacle::Wide => "its memory is 64-bit".into(),
        Obstacle::TypedReferences => "it uses typed references".into(),
        Obstacle::Absent(what) => format!("no {what}"),
        Obstacle::Engine(words) => format!("it cannot be run alone: {words}"),
    }
}

/// The first thing that two modules differ in.
pub(crate) fn unequal(what: Unequal) -> String {
    match what {
        Unequal::Types => "types differ, and references name them".into(),
        Unequal::Part(part) => format!("{part} differ"),
        Unequal::Body(func) => format!("the body of {func} differs"),
    }
}
