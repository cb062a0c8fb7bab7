//! One program on several sides → the record that all share, or the first difference from the first
//! side.
//!
//! 1. Compared are, by [`difference`]: how instantiation ended; of each call its results by bits,
//!    or its trap with the whole backtrace, and the fuel that is left where both count it; at the
//!    end memories, tables and globals.
//! 2. A call that only one side left out is not compared, and neither is the end then.
//! 3. A fault of ours in the first record is a difference.
//! 4. [`Apart`] is what both need not have in common: it is taken out of both records.
//!
//! Planted faults show that differences are seen: `tests/differential.rs`, `tests/ssa_plants.rs`,
//! `tests/trip_plants.rs`, `tests/swap_plants.rs`; the tests here have a pair for each part of 1.

use super::Side;
use super::run::{Failure, Outcome, Program, Record, State};

/// The parts of a record that two sides need not have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The fuel that is left.
    pub fuel: bool,
    /// The place of each frame of a backtrace in the code; not how many there are.
    pub places: bool,
    /// Where an access missed its memory, which machine code does not tell.
    pub faults: bool,
}

impl Apart {
    /// Takes these parts out of a record.
    pub fn take(self, record: &mut Record) {
        for (outcome, left) in &mut record.calls {
            self.take_outcome(outcome);
            *left = left.filter(|_| !self.fuel);
        }
        if let Some(Failure::Trap(outcome)) = &mut record.instantiation {
            self.take_outcome(outcome);
        }
    }

    fn take_outcome(self, outcome: &mut Outcome) {
        let Outcome::Trap { fault, places, .. } = outcome else { return };
        if self.faults {
            *fault = None;
        }
        if self.places {
            places.fill((0, None));
        }
    }
}

/// The first difference from the first side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the other side.
    pub side: usize,
    /// The number of the call that differs, if one does.
    pub call: Option<usize>,
    /// The difference in words.
    pub what: String,
}

/// Runs a program on a first side and on others. Returns the record of the first.
///
/// # Errors
/// The first difference, unless it is in a part that is to stay apart.
pub fn compare(
    program: &Program<'_>,
    first: &dyn Side,
    others: &[&dyn Side],
    apart: Apart,
) -> Result<Record, Difference> {
    let expected = first.run(program);
    against(&expected, program, others, apart)?;
    Ok(expected)
}

/// Runs a program on sides, each of which is to do what a record says.
///
/// # Errors
/// The first difference.
pub fn against(
    expected: &Record,
    program: &Program<'_>,
    sides: &[&dyn Side],
    apart: Apart,
) -> Result<(), Difference> {
    let mut wanted = expected.clone();
    apart.take(&mut wanted);
    for (side, one) in sides.iter().enumerate() {
        let mut actual = one.run(program);
        apart.take(&mut actual);
        if let Some((call, what)) = first(&wanted, &actual) {
            return Err(Difference { side, call, what });
        }
    }
    Ok(())
}

/// The first difference of two records of one program, where both have something to compare.
pub fn difference(expected: &Record, actual: &Record) -> Option<String> {
    first(expected, actual).map(|(_, what)| what)
}

/// The first difference: the number of the call, if it is one's, and what differs.
fn first(expected: &Record, actual: &Record) -> Option<(Option<usize>, String)> {
    if expected.instantiation != actual.instantiation {
        let (a, b) = (&expected.instantiation, &actual.instantiation);
        return Some((None, format!("instantiation: {a:?} in the reference tier, but {b:?}")));
    }
    let mut one_was_left_out = false;
    for (i, (a, b)) in expected.calls.iter().zip(&actual.calls).enumerate() {
        if (a.0 == Outcome::Skipped) != (b.0 == Outcome::Skipped) {
            one_was_left_out = true;
            continue;
        }
        let what = match (a, b) {
            ((Outcome::Fault(message), _), _) => {
                format!("a fault of the reference tier: {message}")
            }
            ((a, _), (b, _)) if a != b => format!("{a:?} in the reference tier, but {b:?}"),
            ((_, Some(a)), (_, Some(b))) if a != b => {
                format!("fuel left {a} in the reference tier, but {b}")
            }
            _ => continue,
        };
        return Some((Some(i), format!("call {i}: {what}")));
    }
    if one_was_left_out {
        return None;
    }
    if (expected.calls.len(), expected.state.len()) != (actual.calls.len(), actual.state.len()) {
        return Some((None, "another number of calls, or of objects at the end".to_owned()));
    }
    let differs = expected.state.iter().zip(&actual.state).position(|(a, b)| a != b);
    differs.map(|i| {
        let (a, b) = (&expected.state[i], &actual.state[i]);
        (None, format!("at the end, object {i} (memories, tables, globals): {}", state(a, b)))
    })
}

/// Two states that differ, in a few words.
fn state(expected: &State, actual: &State) -> String {
    match (expected, actual) {
        (State::Memory(a), State::Memory(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or_default();
            let near = |bytes: &[u8]| format!("{:02x?}", &bytes[at..bytes.len().min(at + 16)]);
            format!(
                "memory from address {at} on {} in the reference tier, but {}",
                near(a),
                near(b)
            )
        }
        (State::Memory(a), State::Memory(b)) => {
            format!("memory of {} bytes in the reference tier, but {}", a.len(), b.len())
        }
        (a, b) => format!("{a:x?} in the reference tier, but {b:x?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_runtime::TrapKind;

    fn trap(at: u32) -> Outcome {
        let places = vec![(3, Some(at))];
        Outcome::Trap { kind: TrapKind::Unreachable, fault: None, places }
    }

    fn record() -> Record {
        Record {
            instantiation: None,
            calls: vec![(Outcome::Results(vec![7]), Some(5)), (trap(4), Some(3))],
            state: vec![State::Memory(vec![1, 2]), State::Global([1, 0])],
        }
    }

    /// Each part of a record is seen, unless it is to stay apart.
    #[test]
    fn every_part_is_compared() {
        type Change = fn(&mut Record);
        let none = Apart::default();
        let all = Apart { fuel: true, places: true, faults: true };
        let changes: [(Change, Apart); 8] = [
            (|it| it.instantiation = Some(Failure::Other("no".to_owned())), none),
            (|it| it.calls[0].0 = Outcome::Results(vec![8]), none),
            (|it| it.calls[1].0 = Outcome::Results(vec![8]), none),
            (|it| it.calls[0].1 = Some(4), all),
            (|it| it.calls[1].0 = trap(5), all),
            (|it| it.state[0] = State::Memory(vec![1, 3]), none),
            (|it| it.state[1] = State::Global([1, 1]), none),
            (|it| drop(it.state.pop()), none),
        ];
        assert_eq!(difference(&record(), &record()), None);
        for (at, (change, apart)) in changes.into_iter().enumerate() {
            let (mut one, mut other) = (record(), record());
            change(&mut other);
            assert!(difference(&one, &other).is_some(), "change {at}");
            for record in [&mut one, &mut other] {
                all.take(record);
            }
            assert_eq!(difference(&one, &other).is_none(), apart == all, "change {at}");
        }
    }

    #[test]
    fn a_call_that_one_side_leaves_out_is_not_compared() {
        let mut other = record();
        other.calls[1] = (Outcome::Skipped, None);
        other.state[1] = State::Global([2, 0]);
        assert_eq!(difference(&record(), &other), None);
        let mut both = record();
        both.calls[1] = (Outcome::Skipped, None);
        assert!(difference(&both, &other).is_some(), "both left it out, and the ends differ");
        other.calls[0].0 = trap(4);
        assert!(difference(&record(), &other).is_some());
        let mut fault = record();
        fault.calls[0].0 = Outcome::Fault("ours".to_owned());
        assert!(difference(&fault, &fault).is_some());
    }
}
