//! The mistakes of a translator by name, as edits of emitted code: the output of a faulty
//! translator.
//!
//! `listing` is the code; `tests/plants/table.tsv` has the number of each name in the list of
//! mutations that the proof has to catch, and the rule that does; `tests/plants.rs` applies each
//! wherever it can be applied.

use super::listing::{Item, Listing, accumulator, operand_values};
use prova_bytecode::{Candidate, Class, Kind, Marks, Op, RegClass, Role, decode};
use prova_module::TagIdx;

/// The frame's sizes, which an edit may look at besides the code.
#[derive(Clone, Copy)]
struct Frame {
    /// Cells of parameters.
    params: u64,
    /// Cells of parameters and locals.
    locals: u64,
    cells: u64,
}

/// Edits the instruction at a place; `None` where it is not of the kind that the edit is about.
type Edit = fn(Frame, &mut Listing, usize) -> Option<()>;

/// All edits of instructions.
const EDITS: &[(&str, Edit)] = &[
    ("preservation dropped", |f, l, at| {
        is_preservation(f, l, at)?;
        l.remove(at);
        Some(())
    }),
    ("preservation below the branch", |f, l, at| {
        is_preservation(f, l, at)?;
        let (item, next) = (l.items[at].clone(), l.items.get(at + 1)?.op.class());
        (next == Class::branch).then(|| {
            l.remove(at);
            l.insert(at + 1, item);
        })
    }),
    ("preservation into the loop", |f, l, at| {
        is_preservation(f, l, at)?;
        let back = (at + 1..l.items.len()).any(|from| jumps(l, from).contains(&(at + 1)));
        let item = l.items[at].clone();
        back.then(|| {
            // References to the header now lead to the copy.
            l.remove(at);
            l.insert(at, item);
        })
    }),
    ("preservation into a source", |f, l, at| {
        let item = &l.items[at];
        let slot = sources(item).into_iter().find(|&slot| f.locals > 0 && slot != 0)?;
        let copy = Item { op: Op::Copy, values: vec![slot, 0], table: Vec::new() };
        l.insert(at, copy);
        Some(())
    }),
    ("one of two preservations", |f, l, at| {
        is_preservation(f, l, at)?;
        is_preservation(f, l, at + 1)?;
        (l.items[at].values[1] == l.items[at + 1].values[1]).then(|| l.remove(at + 1))
    }),
    ("half a vector", |_, l, at| become_op(l, at, &[(Op::CopyV128, Op::Copy)])),
    ("operands swapped", |_, l, at| {
        let item = &mut l.items[at];
        let ops = [Op::I32Sub, Op::I64Sub, Op::I32Shl, Op::Select, Op::SelectV128];
        ops.contains(&item.op).then(|| item.values.swap(1, 2))
    }),
    ("signedness", |_, l, at| {
        become_op(
            l,
            at,
            &[(Op::I32LtS, Op::I32LtU), (Op::I32Load8S, Op::I32Load8U), (Op::I32DivS, Op::I32DivU)],
        )
    }),
    ("width of an access", |_, l, at| {
        become_op(l, at, &[(Op::I32Load8S, Op::I32Load16S), (Op::I32Store8, Op::I32Store16)])
    }),
    ("narrow operator", |_, l, at| become_op(l, at, &[(Op::I64Add, Op::I32Add)])),
    ("branch inverted", |_, l, at| {
        become_op(l, at, &[(Op::BrIf, Op::BrIfNot), (Op::BrIfNot, Op::BrIf)])
    }),
    ("float comparison negated as an integer one", |_, l, at| {
        become_op(l, at, &[(Op::BrF32NotLt, Op::BrF32Ge)])
    }),
    ("target one further", |_, l, at| {
        let (i, target) = branch(l, at)?;
        (target + 1 < l.items.len()).then(|| l.items[at].values[i] += 1)
    }),
    ("target one nearer", |_, l, at| {
        let (i, target) = branch(l, at)?;
        (target > 0).then(|| l.items[at].values[i] -= 1)
    }),
    ("target backwards", |_, l, at| {
        let (i, target) = branch(l, at)?;
        (target > 0).then(|| l.items[at].values[i] = 0)
    }),
    ("table entries swapped", |_, l, at| {
        let table = &mut l.items[at].table;
        (table.len() > 1 && table[0] != table[1]).then(|| table.swap(0, 1))
    }),
    ("table default dropped", |_, l, at| {
        let table = &mut l.items[at].table;
        (table.len() > 1).then(|| _ = table.pop())
    }),
    ("offset of an access", |_, l, at| {
        immediate(l, at, &[Kind::off16, Kind::off32, Kind::off64], |v| v + 1)
    }),
    ("offset cut to 16 bits", |_, l, at| {
        immediate(l, at, &[Kind::off32, Kind::off64], |v| v & 0xffff)
    }),
    ("memory index", |_, l, at| immediate(l, at, &[Kind::mem], |v| v ^ 1)),
    ("global index", |_, l, at| immediate(l, at, &[Kind::global], |v| v ^ 1)),
    ("function index", |_, l, at| immediate(l, at, &[Kind::func], |v| v ^ 1)),
    ("type index", |_, l, at| immediate(l, at, &[Kind::type_], |v| v ^ 1)),
    ("table index", |_, l, at| immediate(l, at, &[Kind::table], |v| v ^ 1)),
    ("stores reordered", |_, l, at| reorder(l, at, is_store, is_store)),
    ("a store and a trap reordered", |_, l, at| reorder(l, at, is_store, |c| c == Class::trap)),
    ("a load and a store reordered", |_, l, at| reorder(l, at, is_load, is_store)),
    ("load dropped", |_, l, at| is_load(l.items[at].op.class()).then(|| l.remove(at))),
    ("store twice", |_, l, at| {
        let item = l.items[at].clone();
        is_store(item.op.class()).then(|| l.insert(at, item))
    }),
    ("constant", |_, l, at| {
        immediate(l, at, &[Kind::i32c, Kind::i64c, Kind::i64w, Kind::v128c], |v| v ^ 1)
    }),
    ("moves one after the other", |_, l, at| {
        let first = l.items[at].values.clone();
        if let (Op::Copy2, &[d, e, a, b]) = (l.items[at].op, &first[..]) {
            let copy = |to, from| Item { op: Op::Copy, values: vec![to, from], table: Vec::new() };
            return (e == a).then(|| {
                l.items[at] = copy(d, a);
                l.insert(at, copy(e, b));
            });
        }
        let second = l.items.get(at + 1)?;
        let copies = l.items[at].op == Op::Copy && second.op == Op::Copy;
        (copies && first[1] == second.values[0]).then(|| l.items.swap(at, at + 1))
    }),
    ("moves of an edge dropped", |_, l, at| {
        if matches!(l.items[at].op, Op::CopyBr | Op::Const32Br) {
            let target = *l.items[at].values.last()?;
            l.items[at] = Item { op: Op::Br, values: vec![target], table: Vec::new() };
            return Some(());
        }
        let is_move = matches!(l.items[at].op, Op::Copy | Op::Copy2 | Op::Const32);
        (is_move && l.items.get(at + 1)?.op == Op::Br).then(|| l.remove(at))
    }),
    ("window up", |_, l, at| immediate(l, at, &[Kind::win], |v| v + 1)),
    ("window down", |_, l, at| {
        let any = immediate(l, at, &[Kind::win], |v| v.wrapping_sub(1));
        any.filter(|()| l.items[at].values[0] < 1 << 16)
    }),
    ("local not zeroed", |f, l, at| {
        let locals = f.params..f.locals;
        let item = &mut l.items[at];
        let operand =
            source_values(item).into_iter().find(|&i| locals.contains(&item.values[i]))?;
        // A cell of the frame that the code has not written.
        item.values[operand] = f.cells - 1;
        Some(())
    }),
    ("comparison fused over a label", |_, l, at| {
        let (compare, test) = (&l.items[at], l.items.get(at + 1)?);
        let &[d, a, b] = &compare.values[..] else { return None };
        let fusions = [(Op::BrIf, Op::BrI32LtS), (Op::BrIfNot, Op::BrI32GeS)];
        let (_, fused) = fusions.into_iter().find(|pair| pair.0 == test.op)?;
        let label = (0..l.items.len()).any(|from| jumps(l, from).contains(&(at + 1)));
        (compare.op == Op::I32LtS && label && test.values[0] == d).then(|| {
            let target = l.items[at + 1].values[1];
            l.items[at + 1] = Item { op: fused, values: vec![a, b, target], table: Vec::new() };
        })
    }),
    ("halves of wide arithmetic swapped", |_, l, at| {
        let item = &mut l.items[at];
        matches!(item.op, Op::I64MulWideU | Op::I64MulWideS).then(|| item.values.swap(0, 1))
    }),
    ("the wrong result renamed", |f, l, at| {
        let copy = l.items.get(at + 1)?.values.clone();
        let wide = matches!(l.items[at].op, Op::I64MulWideU | Op::I64MulWideS);
        (wide && l.items[at + 1].op == Op::Copy && copy[0] < f.locals).then(|| {
            let values = &mut l.items[at].values;
            let other = usize::from(values[0] == copy[1]);
            values[other] = copy[0];
            l.remove(at + 1);
            // Who took the copy from the accumulator takes the local.
            let of_copy = accumulator(RegClass::Int);
            for value in l.items.get_mut(at + 1).into_iter().flat_map(|next| &mut next.values) {
                *value = if *value == of_copy { copy[0] } else { *value };
            }
        })
    }),
    ("charge plus one", |_, l, at| {
        (l.items[at].op == Op::Charge).then(|| l.items[at].values[0] += 1)
    }),
    ("charge twice", |_, l, at| {
        let item = l.items[at].clone();
        (item.op == Op::Charge).then(|| l.insert(at, item))
    }),
    ("charge dropped", |_, l, at| (l.items[at].op == Op::Charge).then(|| l.remove(at))),
    ("poll dropped", |_, l, at| (l.items[at].op == Op::Poll).then(|| l.remove(at))),
    ("operator of a trap", |_, l, at| {
        let entry = l.map.iter().position(|(place, _)| *place == at)?;
        let other = l.map.get(entry + 1)?.1;
        let class = l.items[at].op.class();
        (is_load(class) || is_store(class) || class == Class::trap || class == Class::call)
            .then(|| l.map[entry].1 = other)
    }),
    ("code that nothing reaches", |_, l, at| {
        let unreachable = Item { op: Op::Unreachable, values: Vec::new(), table: Vec::new() };
        let jumps = matches!(l.items[at].op.class(), Class::br | Class::pure_br);
        jumps.then(|| l.insert(at + 1, unreachable))
    }),
    ("a tail call over its arguments", |_, l, at| {
        (l.items[at].op == Op::ReturnCall).then(|| {
            let window = l.items[at].values[0];
            l.items[at].values[0] = 0;
            for to in [1, 0] {
                let values = vec![to, window + to];
                l.insert(at, Item { op: Op::Copy, values, table: Vec::new() });
            }
        })
    }),
    ("local written after the call", |f, l, at| {
        let local = slots(&l.items[at], Role::Result).iter().any(|&slot| slot < f.locals);
        (local && l.items.get(at + 2)?.op == Op::Call).then(|| {
            let item = l.items[at].clone();
            l.items[at] = l.items[at + 1].clone();
            l.items[at + 1] = l.items[at + 2].clone();
            l.items[at + 2] = item;
        })
    }),
    ("local not written before a throw", |f, l, at| {
        let written = slots(&l.items[at], Role::Result);
        let local = !written.is_empty() && written.iter().all(|&slot| slot < f.locals);
        let throws = |item: &Item| matches!(item.op.class(), Class::throw | Class::call);
        let soon = l.items[at + 1..].iter().take(3).any(throws);
        // The value goes to the frame's last cell instead.
        let result = operand_values(l.items[at].op).next()?.0;
        (local && soon && !l.handlers.is_empty()).then(|| l.items[at].values[result] = f.cells - 1)
    }),
    ("canonicalization dropped", |_, l, at| {
        l.items[at].op.mnemonic().contains("canonicalize").then(|| l.remove(at))
    }),
    ("tag of a throw", |_, l, at| immediate(l, at, &[Kind::tag], |v| v ^ 1)),
    ("sign of a packed value", |_, l, at| {
        become_op(
            l,
            at,
            &[(Op::ObjectLoad8S, Op::ObjectLoad8U), (Op::ArrayLoad16U, Op::ArrayLoad16S)],
        )
    }),
    ("width in an object", |_, l, at| {
        become_op(
            l,
            at,
            &[
                (Op::ObjectLoad8S, Op::ObjectLoad16S),
                (Op::ObjectStore32, Op::ObjectStore64),
                (Op::ArrayLoad16U, Op::ArrayLoad8U),
                (Op::ArrayStore16, Op::ArrayStore8),
            ],
        )
    }),
    ("place in an object", |_, l, at| {
        let class = l.items[at].op.class();
        let of_object = matches!(class, Class::object_load | Class::object_store);
        of_object.then(|| immediate(l, at, &[Kind::off32], |v| v ^ 4)).flatten()
    }),
    ("element for a field", |_, l, at| {
        let item = &mut l.items[at];
        (item.op == Op::ObjectLoad32).then(|| {
            item.op = Op::ArrayLoad32;
            item.values[2] = 0;
        })
    }),
    ("type of a cast", |_, l, at| {
        let cast = l.items[at].op == Op::RefCast;
        cast.then(|| immediate(l, at, &[Kind::i32c], |v| v ^ 1)).flatten()
    }),
    ("test dropped", |_, l, at| (l.items[at].op.class() == Class::guard).then(|| l.remove(at))),
    ("reference of a call", |_, l, at| {
        let item = &mut l.items[at];
        let class = item.op.class();
        matches!(class, Class::call_ref | Class::return_call_ref).then(|| item.values[1] ^= 1)
    }),
];

/// Edits of one handler of a table.
type OfHandlers = fn(&mut Listing, usize) -> Option<()>;

const OF_HANDLERS: &[(&str, OfHandlers)] = &[
    ("handler's start", |l, at| {
        l.handlers[at].1.start += 1;
        Some(())
    }),
    ("handler's end", |l, at| {
        l.handlers[at].1.end -= 1;
        Some(())
    }),
    ("handler's tag", |l, at| {
        let tag = &mut l.handlers[at].0.tag;
        *tag = Some(TagIdx(tag.as_ref()?.0 ^ 1));
        Some(())
    }),
    ("handler's window", |l, at| {
        l.handlers[at].0.slot += 1;
        Some(())
    }),
    ("handler's reference", |l, at| {
        l.handlers[at].0.with_ref ^= true;
        Some(())
    }),
    ("clauses swapped", |l, at| {
        (at + 1 < l.handlers.len() && l.handlers[at] != l.handlers[at + 1])
            .then(|| l.handlers.swap(at, at + 1))
    }),
    ("clause dropped", |l, at| {
        l.handlers.remove(at);
        Some(())
    }),
];

/// Edits of a candidate as a whole, or of words inside of instructions.
type OfCandidate = fn(&mut Candidate) -> Option<()>;

const WHOLE: &[(&str, OfCandidate)] = &[
    ("frame too small", |candidate| {
        candidate.frame_cells = candidate.frame_cells.checked_sub(1)?;
        Some(())
    }),
    ("trailing code", |candidate| {
        candidate.words.push(u64::from(Op::Unreachable.encoding(Marks::NONE)));
        Some(())
    }),
    ("target inside an instruction", |candidate| {
        // Of a branch backwards: where it leads has been read before it.
        let mut at = 0;
        while let Ok(inst) = decode(&candidate.words, at) {
            let operands = operand_values(inst.op).enumerate();
            let mut targets = operands.filter(|(_, (_, kind))| *kind == Kind::rel);
            if let Some((operand, (value, _))) = targets.next()
                && (inst.values[value] as i64) < 0
            {
                let lane = inst.op.lane(operand);
                let word = &mut candidate.words[at as usize + lane / 4];
                *word = word.wrapping_add(1 << (lane % 4 * 16));
                return Some(());
            }
            at = inst.next;
        }
        None
    }),
];

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    let edits = EDITS.iter().map(|edit| edit.0);
    edits.chain(OF_HANDLERS.iter().map(|edit| edit.0)).chain(WHOLE.iter().map(|edit| edit.0))
}

/// Every version of a candidate with the edit of this name once. `cells` are those of its
/// parameters and of its locals.
pub fn versions(name: &str, honest: &Candidate, cells: (u32, u32)) -> Vec<Candidate> {
    let Some(listing) = Listing::new(honest) else { return Vec::new() };
    let (params, locals) = (cells.0.into(), cells.1.into());
    let frame = Frame { params, locals, cells: honest.frame_cells.into() };
    let mut versions = Vec::new();
    let mut offer = |edited: Listing| versions.push(edited.candidate(honest));
    for (_, edit) in EDITS.iter().filter(|edit| edit.0 == name) {
        for at in 0..listing.items.len() {
            let mut edited = listing.clone();
            if edit(frame, &mut edited, at).is_some() {
                offer(edited);
            }
        }
    }
    for (_, edit) in OF_HANDLERS.iter().filter(|edit| edit.0 == name) {
        for at in 0..listing.handlers.len() {
            let mut edited = listing.clone();
            if edit(&mut edited, at).is_some() {
                offer(edited);
            }
        }
    }
    for (_, edit) in WHOLE.iter().filter(|edit| edit.0 == name) {
        let mut edited = honest.clone();
        if edit(&mut edited).is_some() {
            versions.push(edited);
        }
    }
    versions
}

/// A copy of a local into a home slot.
fn is_preservation(frame: Frame, listing: &Listing, at: usize) -> Option<()> {
    let item = listing.items.get(at)?;
    let copy = matches!(item.op, Op::Copy | Op::CopyV128);
    (copy && item.values[0] >= frame.locals && item.values[1] < frame.locals).then_some(())
}

fn become_op(listing: &mut Listing, at: usize, ops: &[(Op, Op)]) -> Option<()> {
    let item = &mut listing.items[at];
    item.op = ops.iter().find(|pair| pair.0 == item.op)?.1;
    Some(())
}

/// Changes the first immediate of one of these kinds.
fn immediate(
    listing: &mut Listing,
    at: usize,
    kinds: &[Kind],
    change: fn(u64) -> u64,
) -> Option<()> {
    let item = &mut listing.items[at];
    let (i, _) = operand_values(item.op).find(|(_, kind)| kinds.contains(kind))?;
    let new = change(item.values[i]);
    (new != item.values[i]).then(|| item.values[i] = new)
}

/// Exchanges two neighbours of these classes.
fn reorder(
    listing: &mut Listing,
    at: usize,
    first: fn(Class) -> bool,
    second: fn(Class) -> bool,
) -> Option<()> {
    let next = listing.items.get(at + 1)?;
    (first(listing.items[at].op.class()) && second(next.op.class()))
        .then(|| listing.items.swap(at, at + 1))
}

fn is_load(class: Class) -> bool {
    matches!(class, Class::load | Class::load_idx | Class::load_far)
}

fn is_store(class: Class) -> bool {
    matches!(class, Class::store | Class::store_far)
}

/// The operand of an instruction that is a branch offset, and the place it names.
fn branch(listing: &Listing, at: usize) -> Option<(usize, usize)> {
    let item = &listing.items[at];
    let (i, _) = operand_values(item.op).find(|(_, kind)| *kind == Kind::rel)?;
    Some((i, item.values[i] as usize))
}

/// The places that an instruction may branch to.
fn jumps(listing: &Listing, at: usize) -> Vec<usize> {
    let target = branch(listing, at).map(|(_, target)| target);
    target.into_iter().chain(listing.items[at].table.iter().copied()).collect()
}

/// The operands of an instruction that are slots it reads.
fn source_values(item: &Item) -> Vec<usize> {
    operand_values(item.op)
        .zip(item.op.operands())
        .filter(|(_, operand)| operand.role == Role::Source && operand.kind.cells() > 0)
        .map(|((i, _), _)| i)
        .collect()
}

fn sources(item: &Item) -> Vec<u64> {
    source_values(item).into_iter().map(|i| item.values[i]).collect()
}

/// The slots of an instruction's operands in a role.
fn slots(item: &Item, role: Role) -> Vec<u64> {
    operand_values(item.op)
        .zip(item.op.operands())
        .filter(|(_, operand)| operand.role == role && operand.kind.cells() > 0)
        .map(|((i, _), _)| item.values[i])
        .collect()
}
