//! A divergence → its class: what must stay the same while it is made smaller.
//!
//! `diverge` names the first event that differs; `reduce` compares classes.
//!
//! 1. Two divergences of one class differ in the same kind of event of an operator of the same
//!    name; where a side has no such event, it ended in the same way. So a fault of another
//!    operator or another trap is another class.
//!
//! Limits: two faults of one operator have one class.

use crate::diverge::{Divergence, Verdict};
use serde::Serialize;
use std::fmt;

/// The kind of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Class {
    /// Both sides agree in the operator's event, and then go different ways.
    pub ways: bool,
    /// The operator's name without immediates; empty if no event differs, or of an entry.
    pub operator: String,
    /// The kind of the event: `value`, `condition`, `entered with`.
    pub event: String,
    /// How a side ended that has no such event.
    pub ends: [Option<String>; 2],
}

impl Class {
    /// The class of a divergence; `None` if there is none.
    #[must_use]
    pub fn of(found: &Divergence) -> Option<Class> {
        if matches!(found.verdict, Verdict::Same | Verdict::Cut) {
            return None;
        }
        let plain = [Some(kind(&found.a.ended)), Some(kind(&found.b.ended))];
        let Some(first) = &found.first else {
            let event = if found.verdict == Verdict::Vanishes { "untraced end" } else { "end" };
            let (operator, event) = (String::new(), event.to_owned());
            return Some(Class { ways: false, operator, event, ends: plain });
        };
        let spots = [&first.a, &first.b];
        let traced = [&found.a.traced, &found.b.traced];
        let fork = first.before.last().filter(|_| first.ways);
        let event = fork.or_else(|| Some(&spots.into_iter().flatten().next()?.event));
        let name = event.and_then(|event| event.operator.split(' ').next());
        Some(Class {
            ways: fork.is_some(),
            operator: name.unwrap_or_default().to_owned(),
            event: event.map(|event| event.event.to_owned()).unwrap_or_default(),
            ends: [0, 1].map(|at| spots[at].is_none().then(|| kind(traced[at]))),
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Class { ways, operator, event, ends } = self;
        match (*ways, operator.as_str()) {
            (true, operator) => write!(f, "the way after {operator}")?,
            (false, "") => f.write_str(event)?,
            (false, operator) => write!(f, "{operator}: {event}")?,
        }
        for (side, end) in ["the first side", "the second side"].iter().zip(ends) {
            if let Some(end) = end {
                write!(f, "; {side} {end}")?;
            }
        }
        Ok(())
    }
}

/// How a run ended, without its values.
fn kind(ended: &str) -> String {
    match ended.split(' ').next() {
        Some(word @ ("returned" | "exited")) => word.to_owned(),
        _ => ended.to_owned(),
    }
}
