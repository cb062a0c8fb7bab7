//! Constants of a body that differ → those that are lengths of text that differs.
//!
//! ```text
//! numbers of A and B ─ walk of A's body ─► how each is used ─ texts, callees ─► Length
//! ```
//!
//! `lockstep` calls it for a body that is equal except for such numbers. The walk follows values
//! through locals that are written once, so that *all* uses of a number are seen. A use that it
//! cannot follow counts as a use of another kind.
//!
//! 1. A number is a length only if every use stands beside the address of a text that differs, and
//!    it is that text's length on both sides (`texts`, 1).
//! 2. *Shown*: every use has the address directly before it, as the operands of `memory.copy`, as
//!    words that are stored one behind the other, or as parameters of a function that itself uses
//!    both so: adds them, steps both, copies, stores or passes them on.
//! 3. It is an assumption that the number is a length where the address is elsewhere among the
//!    arguments, or the callee shows nothing (an import, a line number behind a file's name).
//! 4. It is also one for a text whose end only the numbers show (`texts`, 2), for twice the length
//!    and one, as Rust writes it into formats, and for a number of 64 bits that holds an address
//!    and, above it, the text's length.
//! 5. A number with any other use (in arithmetic, a comparison, alone) is not a length, even if its
//!    value fits.
//!
//! Limits: [`NUMBERS_MAX`] numbers of a body, [`CALLEES_MAX`] callees of a number; linear in the
//! bodies with these. `tests/verdicts/lengths.txt` has a pair for each sentence.

use crate::judge::texts::Texts;
use crate::numbers::shift::Shift;
use crate::numbers::strings::Sort;
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use prova_module::ops::{Immediate, Opcode};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk};
use prova_module::{BlockKind, FuncIdx};
use prova_xref::flow::{Act, act};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::convert::Infallible;

/// Most numbers of one body that are looked at.
pub(crate) const NUMBERS_MAX: usize = 64;
/// Most callees that are asked what they do with a pointer and a length.
const CALLEES_MAX: usize = 16;
/// Stores in a row that are remembered.
const STORES_MAX: usize = 256;

/// A number that is a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) sort: Sort,
    /// The number in A and in B.
    pub(crate) pair: (u32, u32),
    /// Whether its uses show it (invariant 2).
    pub(crate) shown: bool,
}

/// Numbers of A's body that differ in B's: by the offset of A's operator, the values.
pub(crate) type Numbers = BTreeMap<u32, (u32, u32)>;

/// The lengths that the numbers are; `None` if one of them is no length.
pub(crate) fn lengths(
    sides: (&Side<'_>, &Side<'_>),
    (shift, texts): (&Shift, &Texts),
    funcs: (u32, u32),
    numbers: &Numbers,
) -> Option<Vec<Length>> {
    let constants = constants(sides, funcs)?;
    let flow = flow(sides.0, funcs.0, numbers.keys().copied().collect());
    let mut found = Vec::new();
    for (at, pair) in numbers {
        let uses = flow.uses.get(at).filter(|uses| !uses.is_empty())?;
        let text = |pointer: &u32| {
            let (x, y) = constants.get(pointer)?;
            let of = |a: u32, b: u32| {
                let (x, a) = (u64::from(*x), u64::from(a));
                texts.length(sides, shift, (x, a), (u64::from(*y), u64::from(b)))
            };
            // Rust writes a literal's length into formats with a bit behind it.
            let literal = pair.0 & pair.1 & 1 == 1;
            let literal = || of(pair.0 >> 1, pair.1 >> 1).filter(|_| literal);
            of(pair.0, pair.1).or_else(|| Some((literal()?.0, false)))
        };
        let (mut sort, mut shown) = (None, true);
        for one in uses {
            let (of, is_shown) = match one {
                Use::Beside { pointer, call } => {
                    let callee = |call: (u32, u32)| takes_text(sides.0, call);
                    let (sort, own) = text(pointer)?;
                    (sort, own && call.is_none_or(callee))
                }
                Use::Among(pointers) => (pointers.iter().find_map(text)?.0, false),
                Use::Other => return None,
            };
            sort = Some(sort.map_or(of, |known| if known == of { of } else { Sort::Text }));
            shown &= is_shown;
        }
        found.push(Length { sort: sort?, pair: *pair, shown });
    }
    Some(found)
}

/// An address in the low half and its text's own length in the high half of two numbers. It is an
/// assumption for every use.
pub(crate) fn packed(
    sides: (&Side<'_>, &Side<'_>),
    (shift, texts): (&Shift, &Texts),
    (a, b): (u64, u64),
) -> Option<Length> {
    let half = |number: u64| (number & 0xffff_ffff, number >> 32);
    let (sort, _) = texts.length(sides, shift, half(a), half(b))?;
    let pair = ((a >> 32) as u32, (b >> 32) as u32);
    Some(Length { sort, pair, shown: false })
}

/// The constants of two bodies with the same operators, by A's offset.
fn constants(sides: (&Side<'_>, &Side<'_>), funcs: (u32, u32)) -> Option<HashMap<u32, (u32, u32)>> {
    let (a, b) = (Tokens::new(sides.0, funcs.0)?, Tokens::new(sides.1, funcs.1)?);
    let pair =
        |(x, y): (crate::pair::token::Item<'_>, crate::pair::token::Item<'_>)| match (x.tok, y.tok)
        {
            (Tok::I32(a), Tok::I32(b)) => Some((x.offset, (a as u32, b as u32))),
            _ => None,
        };
    Some(a.zip(b).filter_map(pair).collect())
}

/// Whether a function uses the parameter, and the one before it, as the length and the address of
/// one text (invariant 2).
fn takes_text(side: &Side<'_>, call: (u32, u32)) -> bool {
    let mut work = vec![call];
    let mut seen = BTreeSet::new();
    while let Some((func, length)) = work.pop() {
        if seen.len() >= CALLEES_MAX || !seen.insert((func, length)) {
            continue;
        }
        let flow = flow(side, func, HashSet::new());
        if length > 0 && [length - 1, length].iter().all(|param| flow.steps.contains(param)) {
            return true;
        }
        for (_, on) in flow.pairs.iter().filter(|(of, _)| *of == length) {
            match on {
                None => return true,
                Some(on) => work.push(*on),
            }
        }
    }
    false
}

/// A value on the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// The constant of the operator at this offset.
    Const(u32),
    Param(u32),
    /// A parameter and a constant.
    Step(u32),
    /// The value of a local, until something may write it.
    Held(u32),
    Other,
}

/// How a number is used.
#[derive(Clone, Debug)]
enum Use {
    /// Directly behind the constant `pointer`; as which argument of which function, if it is one.
    Beside {
        pointer: u32,
        call: Option<(u32, u32)>,
    },
    /// An argument of a call that has these constants too.
    Among(Vec<u32>),
    Other,
}

#[derive(Default)]
struct Flow {
    params: u32,
    /// The numbers whose uses are asked for.
    watched: HashSet<u32>,
    /// How often each local is written, and those read before.
    sets: HashMap<u32, u32>,
    read: HashSet<u32>,
    locals: HashMap<u32, Value>,
    held: u32,
    /// Stores since the last label: base, offset, value.
    stores: Vec<(Value, u64, Value)>,
    uses: BTreeMap<u32, Vec<Use>>,
    /// Parameters that are the length of the one before, by this body or by one that it calls.
    pairs: Vec<(u32, Option<(u32, u32)>)>,
    /// Parameters to which something is added, and that are then written.
    steps: BTreeSet<u32>,
}

fn flow(side: &Side<'_>, func: u32, watched: HashSet<u32>) -> Flow {
    let params = side.module.func_type(FuncIdx(func)).params.len() as u32;
    let mut flow = Flow { params, watched, ..Flow::default() };
    let (Some(body), Some(tokens)) = (side.module.body(FuncIdx(func)), Tokens::new(side, func))
    else {
        return flow;
    };
    for item in tokens {
        if let Tok::Local(SET | TEE, local) = item.tok {
            *flow.sets.entry(local).or_default() += 1;
        }
    }
    flow.locals = (0..params).map(|param| (param, Value::Param(param))).collect();
    // The body is valid: the walk does not end before it.
    let _ = walk(body, &mut flow);
    flow
}

/// The opcodes of `local.set` and `local.tee`.
const SET: u8 = 0x21;
const TEE: u8 = 0x22;

impl Flow {
    fn used(&mut self, value: Value, how: Use) {
        if let Value::Const(at) = value
            && self.watched.contains(&at)
        {
            self.uses.entry(at).or_default().push(how);
        }
    }

    fn others(&mut self, values: &[Value]) {
        values.iter().for_each(|value| self.used(*value, Use::Other));
    }

    /// A value that stands directly behind another one.
    fn beside(&mut self, before: Value, value: Value, call: Option<(u32, u32)>) -> bool {
        match (before, value) {
            (Value::Const(pointer), Value::Const(_)) if !self.watched.contains(&pointer) => {
                self.used(value, Use::Beside { pointer, call });
                true
            }
            (Value::Param(pointer), Value::Param(length)) if pointer + 1 == length => {
                self.pairs.push((length, call));
                true
            }
            _ => false,
        }
    }

    fn call(&mut self, callee: Option<u32>, args: &[Value]) {
        let is_pointer = |value: &Value| match value {
            Value::Const(at) if !self.watched.contains(at) => Some(*at),
            _ => None,
        };
        let pointers: Vec<u32> = args.iter().filter_map(is_pointer).collect();
        for (i, value) in args.iter().enumerate() {
            let before = i.checked_sub(1).map_or(Value::Other, |i| args[i]);
            let known =
                callee.is_some_and(|func| self.beside(before, *value, Some((func, i as u32))));
            if !known {
                let among = Use::Among(pointers.clone());
                self.used(*value, if pointers.is_empty() { Use::Other } else { among });
            }
        }
    }

    /// A new value for a local.
    fn hold(&mut self, local: u32) -> Value {
        self.held += 1;
        let value = Value::Held(self.held);
        self.locals.insert(local, value);
        value
    }

    fn get(&mut self, local: u32) -> Value {
        if let Some(known) = self.locals.get(&local) {
            return *known;
        }
        self.read.insert(local);
        self.hold(local)
    }

    fn set(&mut self, local: u32, value: Value) -> Value {
        let once = local >= self.params
            && self.sets.get(&local) == Some(&1)
            && !self.read.contains(&local);
        match value {
            Value::Const(_) if once => {
                self.locals.insert(local, value);
                value
            }
            Value::Step(param) if param == local => {
                self.steps.insert(param);
                self.locals.insert(local, Value::Param(param));
                Value::Param(param)
            }
            Value::Param(_) | Value::Held(_) => {
                self.locals.insert(local, value);
                value
            }
            Value::Const(_) | Value::Step(_) | Value::Other => {
                self.used(value, Use::Other);
                self.hold(local)
            }
        }
    }

    /// Judges the stores so far: words one behind the other are a pointer and a length.
    fn label(&mut self) {
        let stores = std::mem::take(&mut self.stores);
        let at: HashMap<(u32, u64), Value> = stores
            .iter()
            .filter_map(|(base, offset, value)| Some(((base.held()?, *offset), *value)))
            .collect();
        for (base, offset, value) in stores {
            let place = base.held().zip(offset.checked_sub(4));
            let before = place.and_then(|place| at.get(&place)).copied().unwrap_or(Value::Other);
            if !self.beside(before, value, None) {
                self.used(value, Use::Other);
            }
        }
        // Locals that are written more than once may have been written on another way here.
        let sets = &self.sets;
        self.locals.retain(|local, value| {
            !matches!(value, Value::Held(_)) || sets.get(local).is_none_or(|sets| *sets == 0)
        });
    }

    fn given(&mut self, site: &Site<'_>, args: &[Value]) -> Value {
        let act = act(site);
        match (act, args) {
            (Act::Get(local), _) => return self.get(local),
            (Act::Set(local), [value]) => return self.set(local, *value),
            (Act::I32(_), _) => return Value::Const(site.offset),
            (Act::Sum(_), [a, b]) if !is_wide(site) => {
                self.others(args);
                return match (*a, *b) {
                    (Value::Param(x), Value::Param(y)) if x.abs_diff(y) == 1 => {
                        self.pairs.push((x.max(y), None));
                        Value::Other
                    }
                    (Value::Param(param), Value::Const(_)) => Value::Step(param),
                    (Value::Const(_), Value::Param(param)) => Value::Step(param),
                    _ => Value::Other,
                };
            }
            (Act::Copy(..), [to, from, length]) => {
                self.others(&[*to, *from]);
                if !self.beside(*from, *length, None) {
                    self.used(*length, Use::Other);
                }
            }
            (Act::Access(memory, offset), [base, value]) if site.row.opcode == Opcode::I32Store => {
                self.used(*base, Use::Other);
                if self.stores.len() >= STORES_MAX {
                    self.label();
                }
                match memory {
                    Some(0) => self.stores.push((*base, offset, *value)),
                    Some(_) | None => self.used(*value, Use::Other),
                }
            }
            (Act::Call(callee), _) => self.call(Some(callee), args),
            (Act::Indirect(_), _) => self.call(None, args),
            // The operands of any other operator are used otherwise, the stricter answer.
            (..) => self.others(args),
        }
        Value::Other
    }
}

/// Whether an operator is one on 64 bits.
fn is_wide(site: &Site<'_>) -> bool {
    matches!(site.row.opcode, Opcode::I64Add | Opcode::I64Sub)
}

impl Value {
    /// The number of a base that stays the same between two stores.
    fn held(self) -> Option<u32> {
        match self {
            Value::Held(number) => Some(number),
            Value::Const(_) | Value::Param(_) | Value::Step(_) | Value::Other => None,
        }
    }
}

impl<'m> Domain<'m> for Flow {
    type Value = Value;
    type Label = ();
    type Error = Infallible;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        let given = self.given(site, args);
        results.resize(site.result_count(), given);
        Ok(())
    }

    fn open(
        &mut self,
        _: Option<&Site<'m>>,
        _: &Frame<'m, ()>,
        condition: Option<&Value>,
        params: &mut [Value],
    ) -> Result<(), Infallible> {
        self.others(params);
        self.others(condition.map_or(&[], std::slice::from_ref));
        params.fill(Value::Other);
        self.label();
        Ok(())
    }

    fn edge(
        &mut self,
        _: &Site<'m>,
        edge: Edge<'_, Value>,
        _: &mut Frame<'m, ()>,
    ) -> Result<(), Infallible> {
        self.others(edge.values);
        match edge.how {
            How::BrIf(value) | How::BrTable(value, _) | How::OnNull(value) | How::OnCast(value) => {
                self.used(*value, Use::Other);
            }
            How::Br | How::OnNonNull | How::Return | How::Fall | How::Skip => {}
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        _: &mut Frame<'m, ()>,
        params: &mut [Value],
    ) -> Result<(), Infallible> {
        params.fill(Value::Other);
        self.label();
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, ()>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        self.label();
        if exit == Exit::Joined {
            results.clear();
            results.resize(frame.types.results().len(), Value::Other);
        }
        if frame.kind == BlockKind::Func {
            let values = results.clone();
            self.others(&values);
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[Value], _: &[Value]) -> Result<(), Infallible> {
        self.label();
        match site.immediates().index(Immediate::func) {
            Some(callee) => self.call(Some(callee), args),
            None => self.others(args),
        }
        Ok(())
    }
}
