//! The addresses of A → the addresses of B: ranges with a delta each, and how a pair of numbers
//! agrees under them.
//!
//! 1. *One to one*: ranges are in order of A's addresses and do not overlap, in A or in B. A byte
//!    inside a range has one delta. Only a pointer that nothing accesses may stand for the end of
//!    one range or the start of the next.
//! 2. Between two ranges (inside a changed run) either neighbour's delta is possible. Beyond A's
//!    last piece (bss) those within [`SLACK`] bytes of the end's are: alignment rounds. Such
//!    *loose* pairs are handed to `one_to_one`, which looks at all of them together; so are those
//!    among zeros that are padding in part.
//! 3. A number that an access shows to be an address has moved exactly as the bytes that it touches
//!    have. One that did not move, or moved otherwise, does *not* agree. If it is calculated with
//!    as well, it is an assumption that it may move. If it gets an index, and its object is the
//!    last of a part of data behind which B has something else, it is an assumption that the index
//!    stays in the object.
//! 4. A number of unknown meaning agrees with an equal one, and with another one only as an
//!    *assumption*: it moved as an address would have. An equal number that is an address of
//!    something that moved is an assumption, too: that it is not an address. Debug information
//!    decides where nothing compares or calculates with the number. Then the address of a variable
//!    agrees with the address of the same variable, as a *proof*, and with no other number.

use crate::numbers::slots;
use crate::numbers::uses::{Access, Doubt, Role};
use crate::pair::paired::BIAS;
use crate::pair::side::Side;
use crate::pair::table::Entry;
use crate::pair::token::{Tok, prefixed};
use std::collections::HashMap;

/// By how much alignment may round an unwritten object's delta.
pub(crate) const SLACK: i64 = 32;

/// Most ranges without bytes that stand at one address.
const EMPTY_MAX: usize = 8;

/// Most copies before an address that are looked at.
const COPIES_MAX: usize = 64;

/// Minimum number of bytes behind the data that counts as the rest of memory. Smaller numbers are
/// more often something else.
const ROOM_MIN: u64 = 1024;

/// `start..end` of A is found `delta` bytes later in B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) delta: i64,
}

/// Consecutive zeros of A and of B, some of which are padding at an unknown place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zeros {
    /// First address, and the address behind the last.
    pub(crate) a: (u64, u64),
    pub(crate) b: (u64, u64),
}

impl Zeros {
    /// The deltas of objects that end in the zeros, and of objects that start in them.
    pub(crate) fn deltas(&self) -> (i64, i64) {
        (self.b.0.wrapping_sub(self.a.0) as i64, self.b.1.wrapping_sub(self.a.1) as i64)
    }
}

/// The map of addresses from A to B.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shift {
    pub(crate) ranges: Vec<Moved>,
    pub(crate) end_delta: i64,
    /// The ends of data in A and in B.
    pub(crate) data_end: u64,
    pub(crate) data_end_b: u64,
    /// Places where the next range has another delta: the end of a range, and the start of the
    /// next.
    pub(crate) breaks: Vec<(u64, u64)>,
    /// The same ranges in order of B's addresses: start, end, delta.
    pub(crate) back: Vec<(u64, u64, i64)>,
    /// Padding, in order of A's addresses.
    pub(crate) zeros: Vec<Zeros>,
    /// By table, whether code uses slots of it that are no constants: then numbers may be slots.
    pub(crate) open: Vec<bool>,
    /// The last address of A that code names: the object before it and behind the data ends there.
    pub(crate) last: u64,
    /// By the address of a variable in A the one in B, by debug information.
    pub(crate) variables: HashMap<u64, u64>,
    /// Variables behind the data that stand in another order.
    pub(crate) objects: Objects,
    /// The last objects of parts of data that stand in another order: B has something else behind
    /// each.
    pub(crate) tails: Vec<(u64, u64)>,
    /// Objects that one side has twice, in order of A's addresses.
    pub(crate) copied: Vec<Copied>,
}

/// The same bytes at two addresses of one side, of which the other side has only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Copied {
    pub(crate) a: u64,
    pub(crate) b: u64,
    pub(crate) len: u64,
    /// B has two.
    pub(crate) in_b: bool,
}

/// A variable behind the data: its start on both sides, and the start of the next object in B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Object {
    a: u64,
    b: u64,
    end_b: u64,
}

/// Variables behind the data that code names on both sides, in order of A's addresses. Empty if all
/// moved as far as the data's end, up to alignment, or if B has more room before the first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects(Vec<Object>);

impl Objects {
    /// Of all named pairs, in order of A's addresses, those behind the ends of the data; `stack` is
    /// where A's stack starts.
    pub(crate) fn new(
        named: impl Iterator<Item = (u64, u64)>,
        ends: (u64, u64),
        stack: Option<u64>,
    ) -> Objects {
        let end_delta = ends.1.wrapping_sub(ends.0) as i64;
        let behind = named.filter(|(a, b)| *a >= ends.0 && *b >= ends.1);
        let behind: Vec<(u64, u64)> = behind.collect();
        let near = |(a, b): &(u64, u64)| {
            let delta = b.wrapping_sub(*a) as i64;
            delta == end_delta || end_delta != 0 && delta.abs_diff(end_delta) < SLACK as u64
        };
        // Where B has more room before them, nothing is seen to have taken it.
        let first = (behind.iter().map(|(a, _)| *a).min(), behind.iter().map(|(_, b)| *b).min());
        let (Some(x), Some(y)) = first else { return Objects::default() };
        if behind.iter().all(near) || y - ends.1 >= x - ends.0 + SLACK as u64 {
            return Objects::default();
        }
        let mut starts: Vec<u64> = behind.iter().map(|(_, b)| *b).collect();
        starts.sort_unstable();
        let end = |b: u64| starts.get(starts.partition_point(|at| *at <= b)).copied();
        let next = |at: usize| behind.get(at + 1).map_or(u64::MAX, |(next, _)| *next);
        let object = |(at, (a, b)): (usize, &(u64, u64))| {
            // What is before the stack's start is the stack.
            let last = at + 2 >= behind.len() || Some(next(at)) == stack;
            let room = if last { 0 } else { next(at) - a };
            let end_b = end(*b).unwrap_or(u64::MAX);
            // Up to alignment, it has the room that it had.
            let fits = (end_b - b).saturating_add(SLACK as u64) > room;
            fits.then_some(Object { a: *a, b: *b, end_b })
        };
        Objects(behind.iter().enumerate().filter_map(object).collect())
    }

    /// Whether all variables behind the data stand in one order.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The variable that an address behind A's data is in.
    fn at(&self, a: u64) -> Option<Object> {
        let after = self.0.partition_point(|object| object.a <= a);
        after.checked_sub(1).map(|at| self.0[at])
    }
}

/// The assumption about a pair of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    /// They differ as addresses of one thing would; with their other uses.
    Address(Doubt),
    /// They are addresses of one thing, but used as numbers too.
    Mixed(Doubt),
    /// They differ as slots of one function would.
    Slot,
    /// They are equal, though the bytes at that address moved by this: so they are no addresses.
    /// With their uses.
    Stays(i64, Doubt),
    /// They are the rest of memory behind something that moved.
    Room,
    /// They are where memory, or the stack, ends or starts on either side.
    End,
    /// They are addresses of an object that one side has once and the other twice.
    Copy,
    /// They are addresses of one thing that get an index, and B has another thing behind it.
    Reach,
}

/// `Some` if only all such pairs together decide a pair: the number of bytes that are touched from
/// the address on; 0 if it is unknown.
pub(crate) type Loose = Option<u64>;

/// How two values agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agree {
    /// They are equal.
    Equal,
    /// They are addresses of the same thing.
    Moved { address: u64, delta: i64, loose: Loose },
    /// They are table slots of the same function.
    Slot,
    /// Nothing shows their meaning.
    Assumed { address: u64, delta: i64, loose: Loose, what: Assumption },
}

/// The deltas that are possible at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    One(i64),
    Two(i64, i64),
    /// Behind the data.
    Behind,
    /// Among zeros that are padding in part.
    Zeros(Zeros),
    /// Before the data: the base of something in its first [`BIAS`] bytes, with the first and the
    /// last delta there.
    Before(i64, i64),
    Outside,
}

impl Shift {
    /// The map of addresses between data that ends here in A and in B, without ranges.
    pub(crate) fn between((data_end, data_end_b): (u64, u64)) -> Shift {
        let end_delta = data_end_b.wrapping_sub(data_end) as i64;
        Shift { end_delta, data_end, data_end_b, ..Shift::default() }
    }

    /// The same map with these ranges, in order of A's addresses.
    pub(crate) fn with_ranges(self, ranges: Vec<Moved>) -> Shift {
        let place = |range: &Moved| {
            let to = |at: u64| at.wrapping_add_signed(range.delta);
            (to(range.start), to(range.end), range.delta)
        };
        let mut back: Vec<(u64, u64, i64)> = ranges.iter().map(place).collect();
        back.retain(|(start, end, _)| start < end);
        back.sort_unstable();
        let full: Vec<&Moved> = ranges.iter().filter(|range| range.start < range.end).collect();
        let breaks = full.windows(2).filter(|pair| pair[0].delta != pair[1].delta);
        let breaks = breaks.map(|pair| (pair[0].end, pair[1].start)).collect();
        Shift { ranges, breaks, back, ..self }
    }

    /// Whether any address moved, or may have, as bytes of padding are elsewhere.
    pub(crate) fn moves(&self) -> bool {
        self.end_delta != 0
            || !self.zeros.is_empty()
            || self.ranges.iter().any(|range| range.delta != 0)
    }

    /// Whether what is behind something in A is behind it in B.
    pub(crate) fn ordered(&self) -> bool {
        let full = self.ranges.iter().filter(|range| range.start < range.end);
        full.map(|range| range.start.wrapping_add_signed(range.delta)).is_sorted()
    }

    /// Whether an address of A lies behind its data.
    pub(crate) fn is_behind(&self, a: u64) -> bool {
        a >= self.data_end
    }

    /// The zeros around padding that an address of A is in.
    pub(crate) fn zeros_at(&self, a: u64) -> Option<Zeros> {
        let after = self.zeros.partition_point(|zeros| zeros.a.0 <= a);
        let zeros = self.zeros[after.checked_sub(1)?];
        (a < zeros.a.1).then_some(zeros)
    }

    /// Where a byte of A may be; as a pointer, the end of a range is part of it.
    fn place(&self, a: u64, pointer: bool) -> Place {
        if let Some(zeros) = self.zeros_at(a) {
            return Place::Zeros(zeros);
        }
        let after = self.ranges.partition_point(|range| range.start <= a);
        let here = after.checked_sub(1).map(|i| self.ranges[i]);
        let Some(range) = here else {
            let near = self.ranges.iter().take_while(|range| range.start <= a.saturating_add(BIAS));
            let near = near.filter(|range| range.start < range.end).map(|range| range.delta);
            let deltas = (near.clone().min(), near.max());
            return match deltas {
                // A mask of all bits below a power of two is no base.
                (Some(x), Some(y)) if !(a + 1).is_power_of_two() => Place::Before(x, y),
                _ => Place::Outside,
            };
        };
        if a < range.end {
            // Ranges without bytes are between those with bytes.
            let before = self.ranges[..after - 1].iter().rev().take(EMPTY_MAX);
            let before = before.copied().find(|range| range.start < range.end);
            return match before {
                Some(before) if pointer && a == range.start && before.end == a => {
                    Place::Two(before.delta, range.delta)
                }
                _ => Place::One(range.delta),
            };
        }
        match self.ranges.get(after) {
            Some(next) => Place::Two(range.delta, next.delta),
            None if pointer && a == range.end && a == self.data_end => {
                Place::Two(range.delta, self.end_delta)
            }
            None => Place::Behind,
        }
    }

    /// The delta of the range that an address of B is in.
    fn found_at(&self, b: u64) -> Option<i64> {
        let after = self.back.partition_point(|(start, ..)| *start <= b);
        let (_, end, delta) = self.back[after.checked_sub(1)?];
        (b < end).then_some(delta)
    }

    /// Whether a range of A starts or ends here.
    fn is_edge(&self, a: u64) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= a);
        let here = after.checked_sub(1).map(|at| self.ranges[at]);
        let before = after.checked_sub(2).map(|at| self.ranges[at]);
        here.is_some_and(|range| range.start == a || range.end == a)
            || before.is_some_and(|range| range.end == a)
    }

    /// Whether `a` may be found `delta` bytes later; and if so, whether that is loose.
    fn allows(&self, a: u64, delta: i64, pointer: bool) -> Option<bool> {
        if let Some(object) = self.objects.at(a).filter(|_| self.is_behind(a)) {
            let b = a.wrapping_add_signed(delta);
            let inside = b >= object.b && (b < object.end_b || pointer && b == object.end_b);
            if inside && b - object.b == a - object.a {
                return Some(true);
            }
            if a != self.data_end {
                return None;
            }
        }
        let place = self.place(a, pointer);
        if let Place::Zeros(zeros) = place {
            let (tail, head) = zeros.deltas();
            let b = a.wrapping_add_signed(delta);
            let known = (delta == tail || delta == head) && (zeros.b.0..zeros.b.1).contains(&b);
            return known.then_some(tail != head);
        }
        // One to one: nothing else of A is found there, but that a range may start where one ends.
        let edge = pointer
            && match place {
                Place::Before(..) => true,
                Place::One(_) | Place::Two(..) => self.is_edge(a),
                Place::Behind | Place::Outside | Place::Zeros(_) => false,
            };
        let other = self.found_at(a.wrapping_add_signed(delta)).filter(|found| *found != delta);
        if other.is_some() && !edge {
            return None;
        }
        match place {
            Place::One(only) => (only == delta).then_some(false),
            Place::Two(x, y) if x == y && a != self.data_end => (x == delta).then_some(false),
            // An object that starts where the data ends lies behind it.
            Place::Two(x, y) if a == self.data_end => (x == delta || y == delta).then_some(true),
            // A pointer at a boundary is no byte; a byte in a changed run is loose.
            Place::Two(x, y) => (x == delta || y == delta).then_some(!pointer),
            Place::Before(x, y) if x == y => (x == delta).then_some(false),
            Place::Before(x, y) => (x <= delta && delta <= y).then_some(true),
            Place::Behind if self.end_delta == 0 => (delta == 0).then_some(false),
            Place::Behind => {
                let near = (delta - self.end_delta).abs() < SLACK;
                (near && a.wrapping_add_signed(delta) >= self.data_end_b).then_some(true)
            }
            Place::Outside | Place::Zeros(_) => (delta == 0).then_some(false),
        }
    }

    /// How the same access at a known address of both sides agrees: `None` if a byte of it moved.
    /// Behind the data on both sides it is an assumption that it names the same, as the end of
    /// memory stays where objects before it move.
    pub(crate) fn computed(&self, (at, width): (u64, u64)) -> Option<Agree> {
        let last = at.saturating_add(width.max(1) - 1);
        let stays = |at: u64| self.allows(at, 0, false).is_some();
        let whole = width <= 16 || self.together(at, width);
        if !self.moves() || stays(at) && stays(last) && whole {
            return Some(Agree::Equal);
        }
        let behind = at >= self.data_end.max(self.data_end_b);
        let what = Assumption::Stays(self.end_delta, Doubt::KEPT);
        behind.then_some(Agree::Assumed { address: at, delta: 0, loose: None, what })
    }

    /// By how much an address moved, if it lies in a range that is found in B.
    pub(crate) fn delta_at(&self, a: u64) -> Option<i64> {
        match self.place(a, false) {
            Place::One(delta) => Some(delta),
            Place::Two(..) | Place::Behind | Place::Zeros(_) => None,
            Place::Before(..) | Place::Outside => None,
        }
    }

    /// Whether all bytes of A from `at` on moved alike, as far as data goes.
    fn together(&self, at: u64, bytes: u64) -> bool {
        let after = self.breaks.partition_point(|(end, _)| *end <= at);
        self.breaks.get(after).is_none_or(|(end, _)| *end >= at.saturating_add(bytes))
    }

    /// How number `a` of A agrees with `b` of B, in this role.
    pub(crate) fn agree(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        role: Role,
        a: u64,
        b: u64,
    ) -> Option<Agree> {
        match role {
            Role::Number => (a == b).then_some(Agree::Equal),
            Role::Address(access) => self.address(sides, access, a, b),
            Role::Slot(table) => {
                let same = same_slot(sides, table as usize, a, b);
                match (a == b, same) {
                    (true, Some(true) | None) => Some(Agree::Equal),
                    (false, Some(true)) => Some(Agree::Slot),
                    (_, Some(false)) | (false, None) => None,
                }
            }
            Role::Unknown => self.unknown(sides, (a, b), None),
            Role::Span(at) => (a == b && self.together(at, a)).then_some(Agree::Equal),
            Role::Mixed(doubt) => self.unknown(sides, (a, b), Some(doubt)),
        }
        .or_else(|| {
            let delta = b.wrapping_sub(a) as i64;
            let number = matches!(role, Role::Number | Role::Slot(_) | Role::Span(_));
            let open = matches!(role, Role::Unknown | Role::Mixed(_));
            // Relative to the end of memory, code may well access the bytes before it.
            let memory = (a, b) == (sides.0.map.memory_bytes, sides.1.map.memory_bytes);
            let open = open || memory && !number;
            let end = open && self.moves() && Shift::is_end(sides, a, b);
            let copy = !number && self.is_copy(a, b);
            let what = if copy { Assumption::Copy } else { Assumption::End };
            (end || copy).then_some(Agree::Assumed { address: a, delta, loose: None, what })
        })
    }

    /// Invariant 3.
    fn address(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        access: Access,
        a: u64,
        b: u64,
    ) -> Option<Agree> {
        let delta = b.wrapping_sub(a) as i64;
        if !self.moves() {
            return (delta == 0).then_some(Agree::Equal);
        }
        // The address that all pairs together have to tell of, if there is one.
        let reaches = access.indexed && self.is_last(a);
        let mut named = a;
        let loose = if access.lo < access.hi {
            let low = a.wrapping_add_signed(access.lo);
            let high = a.wrapping_add_signed(access.hi - 1);
            let apart =
                access.hi - access.lo > 2 && !self.together(low, access.hi.abs_diff(access.lo));
            if apart && reaches && self.byte(sides, low, delta).is_some() {
                let what = Assumption::Reach;
                return Some(Agree::Assumed { address: a, delta, loose: Some(0), what });
            }
            if apart {
                return None;
            }
            let loose = (self.byte(sides, low, delta)?, self.byte(sides, high, delta)?);
            match loose {
                (true, _) => named = low,
                (false, true) => named = high,
                (false, false) => {}
            }
            loose.0 || loose.1
        } else if sides.0.may_be_address(a) {
            // A number that gets an index is accessed, though nobody sees how far: it is no end.
            self.allows(a, delta, !access.indexed)?
        } else {
            (delta == 0).then_some(false)?
        };
        let end = if access.lo < access.hi { access.hi } else { 1 };
        if Shift::outside(sides, a.wrapping_add_signed(end), b.wrapping_add_signed(end)) {
            return None;
        }
        let address = named;
        let loose = loose.then_some(access.touched(a, named));
        // An indexed access may reach the last address that code names, and from there the end of
        // memory.
        let reach = if a < self.last { self.last } else { sides.0.map.memory_bytes };
        let leaves = access.indexed
            && self.is_behind(a)
            && Shift::outside(sides, reach, reach.wrapping_add_signed(delta));
        Some(match (delta, loose) {
            (0, _) if reaches => Agree::Assumed { address, delta, loose, what: Assumption::Reach },
            (0, _) if loose.is_none() => Agree::Equal,
            (0, _) => Agree::Moved { address, delta, loose },
            _ => {
                let low = delta.trailing_zeros() < access.low.into();
                let low = Doubt::of_low(access.low).when(low);
                let doubt = access.mixed | low | Doubt::CALCULATED.when(leaves);
                let what = match doubt.any() {
                    true => Some(Assumption::Mixed(doubt)),
                    false => reaches.then_some(Assumption::Reach),
                };
                match what {
                    Some(what) => Agree::Assumed { address, delta, loose, what },
                    None => Agree::Moved { address, delta, loose },
                }
            }
        })
    }

    fn byte(&self, (a, _): (&Side<'_>, &Side<'_>), at: u64, delta: i64) -> Option<bool> {
        match a.may_be_address(at) {
            true => self.allows(at, delta, false),
            false => (delta == 0).then_some(false),
        }
    }

    /// Whether B has another thing behind the object at an address.
    pub(crate) fn is_last(&self, a: u64) -> bool {
        let after = self.tails.partition_point(|(start, _)| *start <= a);
        let part = after.checked_sub(1).is_some_and(|at| a < self.tails[at].1);
        part || self.is_behind(a) && !self.objects.is_empty()
    }

    /// Whether two numbers are addresses in an object that one side has twice.
    fn is_copy(&self, a: u64, b: u64) -> bool {
        let inside = |copy: &Copied| {
            let at = (a.wrapping_sub(copy.a), b.wrapping_sub(copy.b));
            at.0 == at.1 && at.0 < copy.len
        };
        let after = self.copied.partition_point(|copy| copy.a <= a);
        self.copied[..after].iter().rev().take(COPIES_MAX).any(inside)
    }

    /// Whether two numbers are where memory ends, or where the stack starts or ends, and not one.
    fn is_end((x, y): (&Side<'_>, &Side<'_>), a: u64, b: u64) -> bool {
        let stack = |side: &Side<'_>| side.map.stack_pointer.map(|(_, start)| start);
        let (Some(p), Some(q)) = (stack(x), stack(y)) else {
            return a != b && (a, b) == (x.map.memory_bytes, y.map.memory_bytes);
        };
        // Before the data, the stack ends at zero.
        let low = (p.saturating_sub(q), q.saturating_sub(p));
        let ends = [(x.map.memory_bytes, y.map.memory_bytes), (p, q), low];
        a != b && ends.contains(&(a, b))
    }

    /// Whether the address may belong to an object that moved as well as to one that did not.
    fn open_at(&self, a: u64) -> bool {
        match self.place(a, true) {
            Place::Before(x, y) | Place::Two(x, y) => x != y,
            Place::Zeros(zeros) => zeros.deltas() != (0, 0),
            Place::Behind => self.end_delta != 0,
            Place::One(_) | Place::Outside => false,
        }
    }

    /// Whether the bytes that a number touches from here on lie behind B's memory, and in A's.
    fn outside((a, b): (&Side<'_>, &Side<'_>), at: u64, other: u64) -> bool {
        at <= a.map.memory_bytes && other > b.map.memory_bytes
    }

    /// Invariant 4; the assumption has the number's other uses where debug information does not
    /// decide.
    fn unknown(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        (a, b): (u64, u64),
        mixed: Option<Doubt>,
    ) -> Option<Agree> {
        let (variables, doubt) = (mixed.is_none(), mixed.unwrap_or_default());
        let delta = b.wrapping_sub(a) as i64;
        let may = sides.0.may_be_address(a) && sides.1.may_be_address(b) && self.moves();
        let variable = self.variables.get(&a).filter(|_| variables && may);
        if variable.is_some_and(|other| *other != b) {
            return None;
        }
        if a == b {
            let open = self.open_at(a);
            let stays = !may || !open && self.allows(a, 0, true).is_some();
            if stays && may && self.is_last(a) {
                // Code that adds an index to it may reach the object behind.
                let what = Assumption::Reach;
                return Some(Agree::Assumed { address: a, delta, loose: None, what });
            }
            if stays {
                return Some(Agree::Equal);
            }
            let other = |(x, y): (i64, i64)| if x == 0 { y } else { x };
            let by = match self.place(a, true) {
                Place::One(by) => by,
                Place::Zeros(zeros) => other(zeros.deltas()),
                Place::Two(x, y) | Place::Before(x, y) => other((x, y)),
                Place::Behind | Place::Outside => self.end_delta,
            };
            let what = Assumption::Stays(by, doubt);
            return Some(Agree::Assumed { address: a, delta: 0, loose: None, what });
        }
        if may && let Some(loose) = self.allows(a, delta, true) {
            let loose = loose.then_some(0);
            if variable.is_some() {
                return Some(Agree::Moved { address: a, delta, loose });
            }
            let what = Assumption::Address(doubt);
            return Some(Agree::Assumed { address: a, delta, loose, what });
        }
        if self.is_room(sides, a, b) {
            let what = Assumption::Room;
            return Some(Agree::Assumed { address: a, delta, loose: None, what });
        }
        let tables = 0..sides.0.tables.len().min(sides.1.tables.len());
        let slot = |&table: &usize| {
            let private = sides.0.tables[table].private && sides.1.tables[table].private;
            let open = self.open.get(table).copied().unwrap_or(false);
            private && open && same_slot(sides, table, a, b) == Some(true)
        };
        tables.into_iter().find(slot)?;
        let what = Assumption::Slot;
        Some(Agree::Assumed { address: a, delta, loose: None, what })
    }

    /// Whether two numbers may be the rest of memory behind something that moved: the distance from
    /// an address behind the data to the end of memory, which is the same on both sides.
    fn is_room(&self, sides: (&Side<'_>, &Side<'_>), a: u64, b: u64) -> bool {
        let end = sides.0.map.memory_bytes;
        let shrank = a.wrapping_sub(b) as i64;
        let (Some(from), Some(to)) = (end.checked_sub(a), end.checked_sub(b)) else { return false };
        end == sides.1.map.memory_bytes
            && a.min(b) >= ROOM_MIN
            && shrank % 16 == 0
            && from >= self.data_end
            && to >= self.data_end_b
            && self.allows(from, shrank, false).is_some()
    }

    /// As [`agree`](Shift::agree), for 64-bit constants that may hold two 32-bit values.
    pub(crate) fn agree_wide(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        role: Role,
        a: u64,
        b: u64,
    ) -> Option<Agree> {
        if sides.0.wide() || a >> 32 == 0 && b >> 32 == 0 {
            return self.agree(sides, role, a, b);
        }
        let kept = Some(Doubt::PART);
        let low = self.unknown(sides, (a & 0xffff_ffff, b & 0xffff_ffff), kept)?;
        let high = self.unknown(sides, (a >> 32, b >> 32), kept)?;
        Some(if low == Agree::Equal { high } else { low })
    }

    /// How equal bytes agree that may be numbers side by side: a vector, the bits of a float.
    pub(crate) fn lanes(&self, sides: (&Side<'_>, &Side<'_>), bytes: &[u8]) -> Agree {
        let size = if sides.0.wide() { 8 } else { 4 };
        let lane = |lane: &[u8]| lane.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
        let mut agreed = bytes.chunks(size).map(|bytes| {
            let value = lane(bytes);
            self.unknown(sides, (value, value), Some(Doubt::PART)).unwrap_or(Agree::Equal)
        });
        agreed.find(|agree| *agree != Agree::Equal).unwrap_or(Agree::Equal)
    }

    /// How equal floats agree that may become addresses: those that are whole numbers.
    pub(crate) fn float(&self, sides: (&Side<'_>, &Side<'_>), bytes: &[u8]) -> Agree {
        let value = match bytes {
            [a, b, c, d] => f64::from(f32::from_le_bytes([*a, *b, *c, *d])),
            _ => match bytes.try_into() {
                Ok(bytes) => f64::from_le_bytes(bytes),
                Err(_) => return Agree::Equal,
            },
        };
        // A float with a fraction is no address; one below zero is 0.
        let whole = value as u64;
        match whole as f64 == value {
            true => {
                let kept = Some(Doubt::PART);
                self.unknown(sides, (whole, whole), kept).unwrap_or(Agree::Equal)
            }
            false => Agree::Equal,
        }
    }

    /// How two tokens agree when locals are compared by the caller; `role` is the role of A's
    /// number.
    pub(crate) fn tokens(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        role: Role,
        a: &Tok<'_>,
        b: &Tok<'_>,
    ) -> Option<Agree> {
        match (a, b) {
            (Tok::I32(a), Tok::I32(b)) => {
                self.agree(sides, role, u64::from(*a as u32), u64::from(*b as u32))
            }
            (Tok::I64(a), Tok::I64(b)) => self.agree_wide(sides, role, *a as u64, *b as u64),
            (
                Tok::Mem { code: ca, align: la, memory: ma, lane: na, offset: a },
                Tok::Mem { code: cb, align: lb, memory: mb, lane: nb, offset: b },
            ) => {
                let same = (ca, la, ma, na) == (cb, lb, mb, nb);
                let other = *ma != 0;
                let role = if other { Role::Number } else { role };
                let agree = same.then(|| self.agree(sides, role, *a, *b))?;
                // A table slot is no offset.
                let slot = |agree: &Agree| {
                    let assumed = matches!(agree, Agree::Assumed { what: Assumption::Slot, .. });
                    *agree == Agree::Slot || assumed
                };
                agree.filter(|agree| !slot(agree))
            }
            (Tok::Raw(x), Tok::Raw(_)) if a == b => Some(match constant_bytes(x) {
                Some(bytes) if self.moves() => match self.lanes(sides, bytes) {
                    Agree::Equal => self.float(sides, bytes),
                    agree => agree,
                },
                _ => Agree::Equal,
            }),
            _ => (a == b).then_some(Agree::Equal),
        }
    }
}

/// `v128.const`, with its prefix in the high half.
const V128_CONST: u32 = 0xfd << 16 | 12;

/// The value in the bytes of `f32.const`, `f64.const` or `v128.const`.
pub(crate) fn constant_bytes(raw: &[u8]) -> Option<&[u8]> {
    match raw.first()? {
        0x43 | 0x44 => raw.get(1..),
        0xfd if prefixed(raw) == V128_CONST => raw.get(raw.len().checked_sub(16)?..),
        _ => None,
    }
}

/// Whether slot `a` of A's table has the same content as slot `b` of B's; `None` if neither is a
/// slot.
fn same_slot(sides: (&Side<'_>, &Side<'_>), table: usize, a: u64, b: u64) -> Option<bool> {
    let entry = |side: &Side<'_>, slot| side.tables.get(table).and_then(|table| table.entry(slot));
    match (entry(sides.0, a), entry(sides.1, b)) {
        (Some(x), Some(y)) => Some(match (x, y) {
            (Entry::Null, Entry::Null) => a == b,
            (x, y) => slots::same(sides, x, y),
        }),
        (None, None) => None,
        _ => Some(false),
    }
}
