//! Exception operators: a throw unwinds to a clause of a `try_table` (specification 4.6.12).
//!
//! The specification reduces a throw through the contexts around it, from the inside out. Here the
//! `try_table`s around the calls of the frames are searched in this order, and only then left, so
//! that an exception that nothing catches is a trap with the throw's backtrace. The search pays for
//! each clause that it asks and each frame that it leaves. A host function throws into the code
//! that called it; what nothing catches leaves for the host as a trap with the exception.
//!
//! The store keeps exceptions that references name.
//!
//! Time: constant for each clause that is asked and each frame that is left. Noticed by: the
//! specification suite, `tests/run/exception.wast`.

use crate::decode::Clause;
use crate::machine::{Machine, Next, Stop};
use crate::value::Value;
use prova_module::{Catch, Operator, TagIdx, cells_of};
use prova_runtime::{Exception, NULL_REF, Search, TagAddr, Trap, TrapKind};

/// A thrown exception.
struct Thrown {
    tag: TagAddr,
    values: Vec<Value>,
    /// The reference of a `throw_ref`.
    reference: Option<u64>,
}

/// Where a throw goes on.
struct Place {
    /// How many frames are left.
    frames: usize,
    /// The block of the `try_table`.
    block: u32,
    clause: Clause,
}

/// Executes an exception operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<Next, Stop> {
    match *operator {
        Operator::Throw { tag_index } => {
            let tag = m.instance().tag_addr(TagIdx(tag_index));
            let values = m.stack.pop_values(m.store.tag_type(tag).params.len())?;
            throw(m, Thrown { tag, values, reference: None }, None)
        }
        Operator::ThrowRef => {
            let reference = m.stack.pop_ref()?;
            if reference == NULL_REF {
                return Err(TrapKind::NullReference.into());
            }
            let exception = m.store.exception(reference);
            let (tag, cells) = exception.ok_or(Stop::Bug("a reference to no exception"))?;
            let mut cells = cells.iter().copied();
            let types = &m.store.tag_type(tag).params;
            let values = types.iter().map(|&ty| Value::read(ty, &mut cells)).collect();
            throw(m, Thrown { tag, values, reference: Some(reference) }, None)
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no exception operator")),
    }
}

/// Throws what a host function, whose frame is gone, throws; the trap is for the case that nothing
/// catches.
pub(crate) fn throw_of_host(
    m: &mut Machine<'_>,
    exception: &Exception,
    trap: Box<Trap>,
) -> Result<Next, Stop> {
    let mut cells = exception.cells.iter().copied();
    let types = &m.store.tag_type(exception.tag).params;
    let values = types.iter().map(|&ty| Value::read(ty, &mut cells)).collect();
    throw(m, Thrown { tag: exception.tag, values, reference: None }, Some(trap))
}

/// Goes on at the innermost clause that catches.
fn throw(m: &mut Machine<'_>, thrown: Thrown, of_host: Option<Box<Trap>>) -> Result<Next, Stop> {
    let mut search = Search::new();
    let Some(Place { frames, block, clause }) = catcher(m, &mut search, thrown.tag)? else {
        search.pay(m.store, 0, false)?;
        let exception = Exception { tag: thrown.tag, cells: cells(&thrown.values) };
        return Err(Stop::Trapped(Box::new(match of_host {
            Some(trap) => Trap { exception: Some(Box::new(exception)), ..*trap },
            None => Trap::uncaught(exception),
        })));
    };
    let (with_values, with_ref) = match clause.catch {
        Catch::One { .. } => (true, false),
        Catch::OneRef { .. } => (true, true),
        Catch::All { .. } => (false, false),
        Catch::AllRef { .. } => (false, true),
    };
    let count = if with_values { cells_of(&m.store.tag_type(thrown.tag).params) } else { 0 };
    search.pay(m.store, count.into(), with_ref && thrown.reference.is_none())?;
    let reference = match (with_ref, thrown.reference) {
        (false, _) => None,
        (true, Some(reference)) => Some(reference),
        (true, None) => Some(object(m, &thrown)?),
    };
    m.unwind(frames, block)?;
    if with_values {
        m.stack.push_values(thrown.values);
    }
    m.stack.push_values(reference.map(Value::ExnRef));
    match m.branch(clause.target)? {
        // The position is one of the catching frame.
        Next::Jump(position) if frames > 0 => {
            m.frame.at = position;
            Ok(Next::Frame)
        }
        next => Ok(next),
    }
}

/// The innermost clause of this activation that catches `tag`.
fn catcher(m: &Machine<'_>, search: &mut Search, tag: TagAddr) -> Result<Option<Place>, Stop> {
    for (frames, frame) in m.frames_outwards().enumerate() {
        // A frame of the host has no clauses, and costs nothing to leave.
        if frame.replaced {
            continue;
        }
        let instance = m.store.instance(frame.instance);
        for inner in frame.code.tries_around(frame.at) {
            for &clause in &inner.clauses {
                search.ask(m.store)?;
                let catches = match clause.catch {
                    Catch::One { tag: index, .. } | Catch::OneRef { tag: index, .. } => {
                        instance.tag_addr(TagIdx(index)) == tag
                    }
                    Catch::All { .. } | Catch::AllRef { .. } => true,
                };
                if catches {
                    return Ok(Some(Place { frames, block: inner.block, clause }));
                }
            }
        }
        search.leave_frame(m.store)?;
    }
    Ok(None)
}

/// Makes the object of an exception.
fn object(m: &mut Machine<'_>, thrown: &Thrown) -> Result<u64, Stop> {
    let cells = cells(&thrown.values);
    let holds = if m.store.exceptions_full() { m.traced_references() } else { Vec::new() };
    Ok(m.store.exception_of_external(thrown.tag, &cells, &holds)?)
}

/// Values as cells.
fn cells(values: &[Value]) -> Box<[u64]> {
    let mut cells = Vec::new();
    values.iter().for_each(|value| value.write(&mut cells));
    cells.into()
}
