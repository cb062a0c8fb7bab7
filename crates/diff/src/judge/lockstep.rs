//! Two matched bodies, operator by operator → the differences that renumbering and moving explains,
//! or the first place that they do not explain.
//!
//! Linear in the bodies.

use crate::judge::assumption::{Assumed, Sort, Taken, Written};
use crate::judge::lengths::{Length, NUMBERS_MAX, Numbers, lengths, packed};
use crate::judge::texts::Texts;
use crate::numbers::shift::{Agree, Assumption, Loose, Shift};
use crate::numbers::uses::{Doubt, Role, Roles};
use crate::pair::side::Side;
use crate::pair::token::{Item, Tok, Tokens};
use prova_module::FuncIdx;

/// Maximum number of loose pairs of addresses that are kept of one function.
const LOOSE_MAX: usize = 4096;

/// Differences between two bodies that do the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Same {
    /// Operators whose index differs but names the same thing.
    pub(crate) renumbered: u32,
    /// Operators whose local was renamed.
    pub(crate) locals: u32,
    /// Constants that name a moved address.
    pub(crate) moved: u32,
    /// The first address that moved, by A, and the delta; also of an assumption.
    pub(crate) first_moved: Option<(u64, i64)>,
    /// Numbers that agree only if they are, or are not, addresses or slots.
    pub(crate) assumed: u32,
    /// Of these, addresses that are used as numbers too.
    pub(crate) mixed: u32,
    /// Of these, numbers that stay though they would name another thing.
    pub(crate) stays: u32,
    /// Of these, numbers that are the rest of memory.
    pub(crate) room: u32,
    /// Numbers that changed as slots did, shown to be slots or not.
    pub(crate) slots: u32,
    /// All that is assumed.
    pub(crate) taken: Vec<Taken>,
    /// Addresses that moved, each shown to be one.
    pub(crate) shown: Vec<(u64, u64)>,
    /// The first assumption.
    pub(crate) first_assumed: Option<Assumed>,
    /// Pairs of addresses that only all functions together can tell to be one to one, with how
    /// many bytes are touched from there on, if that is known.
    pub(crate) loose: Vec<(u64, u64, u64)>,
    /// Lengths of text that differs.
    pub(crate) lengths: Vec<Length>,
}

impl Same {
    pub(crate) fn identical(&self) -> bool {
        self.renumbered + self.locals + self.moved + self.assumed == 0
            && self.loose.is_empty()
            && self.lengths.is_empty()
    }

    pub(crate) fn note(&mut self, agree: Agree) {
        match agree {
            Agree::Equal => {}
            Agree::Moved { address, delta, loose } => {
                if delta != 0 || loose.is_some() {
                    self.shown.push((address, address.wrapping_add_signed(delta)));
                }
                if delta != 0 {
                    self.moved += 1;
                    self.first_moved.get_or_insert((address, delta));
                }
                self.loosely(loose, address, delta);
            }
            Agree::Slot => {
                self.renumbered += 1;
                self.slots += 1;
            }
            Agree::Assumed { address, delta, loose, what } => {
                self.assumed += 1;
                self.mixed += u32::from(matches!(what, Assumption::Mixed(_)));
                self.stays += u32::from(matches!(what, Assumption::Stays(..)));
                self.room += u32::from(what == Assumption::Room);
                let by = if let Assumption::Stays(by, _) = what { by } else { delta };
                self.taken.push(Taken::new(what, address, address.wrapping_add_signed(delta)));
                if what == Assumption::Slot {
                    self.slots += 1;
                } else {
                    self.first_moved.get_or_insert((address, by));
                }
                self.first_assumed.get_or_insert(Assumed { address, delta, what });
                self.loosely(loose, address, delta);
            }
        }
    }

    /// The same of two numbers, by how they are written.
    pub(crate) fn noted(&mut self, agree: Agree, how: Written) {
        let known = self.taken.len();
        self.note(agree);
        self.taken[known..].iter_mut().for_each(|one| one.written = how);
    }

    fn loosely(&mut self, loose: Loose, address: u64, delta: i64) {
        let Some(bytes) = loose else { return };
        let other = address.wrapping_add_signed(delta);
        if self.loose.len() < LOOSE_MAX {
            self.loose.push((address, other, bytes));
        } else {
            self.assumed += 1;
            self.taken.push(Taken::of(Sort::Global, address, other));
        }
    }
}

/// A renaming of locals: one to one, and of equal types.
pub(crate) struct Locals {
    /// Ids that both sides share.
    types: (Vec<u32>, Vec<u32>),
    params: u32,
    /// By local of A the one of B, and the other way round; [`NO_LOCAL`] if that is open.
    forward: Vec<u32>,
    back: Vec<u32>,
}

/// No function has as many locals.
const NO_LOCAL: u32 = u32::MAX;

impl Locals {
    pub(crate) fn new(sides: (&Side<'_>, &Side<'_>), funcs: (u32, u32)) -> Locals {
        let types = |side: &Side<'_>, func| -> Option<Vec<u32>> {
            let body = side.module.body(FuncIdx(func))?;
            Some(body.local_types().into_iter().map(|ty| side.val_id(ty)).collect())
        };
        let params = sides.0.module.func_type(FuncIdx(funcs.0)).params.len() as u32;
        let types = (
            types(sides.0, funcs.0).unwrap_or_default(),
            types(sides.1, funcs.1).unwrap_or_default(),
        );
        let open = |types: &[u32]| vec![NO_LOCAL; types.len()];
        let (forward, back) = (open(&types.0), open(&types.1));
        Locals { types, params, forward, back }
    }

    /// Whether `a` can be `b`, and from now on is.
    pub(crate) fn unify(&mut self, a: u32, b: u32) -> bool {
        if (a < self.params || b < self.params) && a != b {
            return false;
        }
        if self.types.0.get(a as usize) != self.types.1.get(b as usize) {
            return false;
        }
        // The bodies are valid: both have these locals.
        let to = self.forward.get_mut(a as usize);
        let (Some(to), Some(from)) = (to, self.back.get_mut(b as usize)) else { return false };
        if *to == NO_LOCAL {
            *to = b;
        }
        if *to != b {
            return false;
        }
        if *from == NO_LOCAL {
            *from = a;
        }
        *from == a
    }
}

/// Whether a number is written in the least bytes on both sides, though both linkers write
/// addresses in five: if one side is honest, it is no address there.
fn is_written(sides: (&Side<'_>, &Side<'_>), a: &Item<'_>, b: &Item<'_>) -> bool {
    let short = |item: &Item<'_>| item.end - item.offset < 6;
    short(a) && short(b) && sides.0.pads() && sides.1.pads()
}

/// The way in which two numbers are written, if both linkers leave room for addresses.
pub(crate) fn written(sides: (&Side<'_>, &Side<'_>), a: &Item<'_>, b: &Item<'_>) -> Written {
    // An operator, an alignment, and a number of five bytes.
    let room = |item: &Item<'_>| match item.tok {
        Tok::I32(_) => Some(item.is_padded()),
        Tok::Mem { .. } => Some(item.is_padded() && item.end - item.offset >= 7),
        _ => None,
    };
    match (room(a), room(b)) {
        (Some(true), Some(true)) => Written::Address,
        (Some(false), Some(false)) if sides.0.pads() && sides.1.pads() => Written::Plain,
        _ => Written::Unknown,
    }
}

/// Compares two defined functions of one type in lockstep; `None` where they differ by more than
/// names of things.
pub(crate) fn lockstep(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    texts: &Texts,
    funcs: (u32, u32),
) -> Option<Same> {
    let mut same = Same::default();
    for access in roles.folded(funcs.0) {
        same.note(shift.computed(*access)?);
    }
    let mut locals = Locals::new(sides, funcs);
    let mut numbers = Numbers::new();
    let (mut a, mut b) = (Tokens::new(sides.0, funcs.0)?, Tokens::new(sides.1, funcs.1)?);
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => break,
            (Some(x), Some(y)) => (x, y),
            _ => return None,
        };
        if let (Tok::Local(op_a, la), Tok::Local(op_b, lb)) = (x.tok, y.tok) {
            if op_a != op_b || !locals.unify(la, lb) {
                return None;
            }
            same.locals += u32::from(la != lb);
            continue;
        }
        // Nothing else has a role.
        let role = match x.tok {
            Tok::I32(_) | Tok::I64(_) | Tok::Mem { .. } => roles.of(funcs.0, &x, &y),
            Tok::Raw(_) | Tok::Func(..) | Tok::Indirect(..) | Tok::Typed { .. } => Role::Unknown,
            Tok::Block(..) | Tok::Try(..) | Tok::Local(..) | Tok::Global(..) => Role::Unknown,
        };
        match (shift.tokens(sides, role, &x.tok, &y.tok), x.tok, y.tok) {
            (Some(agree), ..) => same.noted(agree, written(sides, &x, &y)),
            // A number for which neither linker left room is no address that they wrote.
            (None, Tok::I32(a), Tok::I32(b))
                if a == b && matches!(role, Role::Address(_)) && is_written(sides, &x, &y) =>
            {
                let (address, what) =
                    (u64::from(a as u32), Assumption::Stays(shift.end_delta, Doubt::NONE));
                let agree = Agree::Assumed { address, delta: 0, loose: None, what };
                same.noted(agree, Written::Plain);
            }
            // It may be a length, which its uses in the whole body show.
            (None, Tok::I32(a), Tok::I32(b))
                if matches!(
                    role,
                    Role::Unknown | Role::Mixed(_) | Role::Number | Role::Span(_)
                ) && numbers.len() < NUMBERS_MAX
                    && texts.any_grew() =>
            {
                numbers.insert(x.offset, (a as u32, b as u32));
            }
            // An address and a length, which are stored at once.
            (None, Tok::I64(a), Tok::I64(b)) => {
                let packed = packed(sides, (shift, texts), (a as u64, b as u64));
                same.lengths.push(packed.filter(|_| same.lengths.len() < NUMBERS_MAX)?);
            }
            (None, ..) => return None,
        }
        same.renumbered += u32::from(x.index != y.index);
    }
    if !numbers.is_empty() {
        same.lengths.extend(lengths(sides, (shift, texts), funcs, &numbers)?);
    }
    Some(same)
}
