//! A candidate and an op in it → the same code with the op's slots moved: every overlap of results
//! with sources.
//!
//! ```text
//! op d <- a b   ⟶   copy x <- a; copy y <- b; op z <- x y; copy d <- z; copy a <- x; copy b <- y
//! ```
//!
//! The sources are copied back where no result lies on them, so that a handler that writes to its
//! sources, or beside its result, is seen. The check proves the edited code as any other, so an
//! edit that would change the meaning is refused and not run.
//!
//! Operands that the candidate has in accumulators go to separate cells first; then each of the
//! marks that the op takes is put on it, with a copy of the right class before or behind it.
//!
//! The scratch cells are the last ones of the frame; where it has 65,536 cells, slots have all 16
//! bits, and cells at the same slots without the highest bit are written in between, so that a slot
//! that is cut is seen.

use prova_bytecode::{
    Candidate, Class, CodeBuffer, Kind, MapEntry, Marks, Op, RegClass, Role, decode,
};

/// Scratch cells that any layout needs at most, above the first.
pub(crate) const SCRATCH_CELLS: u32 = 28;

/// Where operands lie, from the first scratch cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    sources: Vec<u32>,
    results: Vec<u32>,
    marks: Marks,
}

/// The slot operands of an op in one role: index of the value, cells.
fn slots(op: Op, role: Role) -> Vec<(usize, u32)> {
    let mut found = Vec::new();
    let mut value = 0;
    for operand in op.operands() {
        let cells = u32::from(operand.kind.cells());
        if cells > 0 && operand.role == role {
            found.push((value, cells));
        }
        value += if operand.kind == Kind::v128c { 2 } else { 1 };
    }
    found
}

/// All layouts of an op: results apart from the sources, and on each source in every way.
pub(crate) fn layouts(op: Op) -> Vec<Layout> {
    let (sources, results) = (slots(op, Role::Source), moved_results(op));
    let mut at = 1;
    let mut starts = Vec::new();
    for (_, cells) in &sources {
        starts.push(at);
        at += cells + 1;
    }
    if sources.is_empty() && results.is_empty() {
        return Vec::new();
    }
    let mut all = vec![Layout { sources: starts.clone(), results: Vec::new(), marks: Marks::NONE }];
    for (i, (_, cells)) in results.iter().enumerate() {
        let apart = at + 3 * i as u32;
        let mut places = vec![apart];
        for ((_, width), start) in sources.iter().zip(&starts) {
            places.extend(start + 1 - cells..start + width);
        }
        all = all
            .into_iter()
            .flat_map(|layout| {
                let results = layout.results.clone();
                places.iter().filter(move |place| !results.contains(place)).map(move |&place| {
                    let mut layout = layout.clone();
                    layout.results.push(place);
                    layout
                })
            })
            .collect();
    }
    let plain = all[0].clone();
    let marked = (1..Marks::ALL).map(Marks::from_bits).filter(|&marks| op.takes(marks));
    all.extend(marked.map(|marks| Layout { marks, ..plain.clone() }));
    all
}

/// The results that can be moved: behind an instruction that also branches, no copy brings them
/// back on all paths.
fn moved_results(op: Op) -> Vec<(usize, u32)> {
    match op.class() {
        Class::pure_branch | Class::pure_br => Vec::new(),
        _ => slots(op, Role::Result),
    }
}

/// The copy of a cell that goes through the accumulator of a class.
fn copy_of(class: RegClass) -> Op {
    match class {
        RegClass::Int => Op::Copy,
        RegClass::F32 => Op::CopyF32,
        RegClass::F64 => Op::CopyF64,
    }
}

/// One instruction to be emitted, and the old word that it stands for.
struct Line {
    old: u32,
    op: Op,
    marks: Marks,
    values: Vec<u64>,
    targets: Vec<u32>,
}

/// The candidate with the slots of its first `op` as the layout says; `None` where `op` does not
/// occur.
pub(crate) fn place(
    mut candidate: Candidate,
    op: Op,
    layout: &Layout,
    frame_cells: u32,
) -> Option<Candidate> {
    let wide = moved_results(op).into_iter().zip(&layout.results);
    let wide = wide.chain(slots(op, Role::Source).into_iter().zip(&layout.sources));
    let used = wide.map(|((_, cells), place)| place + cells).max().unwrap_or(0);
    let base = u64::from(frame_cells - used);
    let (mut lines, at) = listing(&candidate, op, base)?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let subject = &mut lines[at];
    let old = subject.old;
    let copy = |to: u64, from: u64, cells: u32| Line {
        old,
        op: if cells == 2 { Op::CopyV128 } else { Op::Copy },
        marks: Marks::NONE,
        values: vec![to, from],
        targets: Vec::new(),
    };
    let mut written = Vec::new();
    for ((value, cells), &to) in moved_results(op).into_iter().zip(&layout.results) {
        after.push(copy(subject.values[value], base + u64::from(to), cells));
        written.push((subject.values[value], to, cells));
        subject.values[value] = base + u64::from(to);
    }
    for ((value, cells), &to) in slots(op, Role::Source).into_iter().zip(&layout.sources) {
        let home = subject.values[value];
        before.push(copy(base + u64::from(to), home, cells));
        let kept = written.iter().all(|&(slot, place, wide)| {
            let apart = |a: u64, b: u64| a + u64::from(cells) <= b || b + u64::from(wide) <= a;
            apart(home, slot) && apart(to.into(), place.into())
        });
        if kept {
            after.push(copy(home, base + u64::from(to), cells));
        }
        subject.values[value] = base + u64::from(to);
    }
    accumulate(layout.marks, subject, &mut before, &mut after)?;
    // Behind a branch or a return nothing is reached on all paths; a callee's frame may lie on the
    // scratch cells.
    let calls = op.operands().iter().any(|o| o.kind == Kind::win);
    let branches = matches!(op.class(), Class::branch | Class::pure_branch);
    if branches || op.class().is_terminator() || calls {
        after.clear();
    } else if frame_cells > 1 << 15 {
        // Copies for the slots without their highest bit: these are locals of a wide function,
        // which nothing reads.
        let cut = |place: u32| copy((base + u64::from(place)) & 0x7fff, 0, 1);
        before.extend(layout.sources.iter().map(|&place| cut(place)));
        after.splice(0..0, layout.results.iter().map(|&place| cut(place)));
    }
    lines.splice(at + 1..at + 1, after);
    let copies = before.len();
    lines.splice(at..at, before);
    candidate.frame_cells = frame_cells;
    Some(emit(candidate, &lines, at + copies))
}

/// Puts marks on an instruction: the copies before it and behind it go through the accumulators.
fn accumulate(
    marks: Marks,
    subject: &mut Line,
    before: &mut Vec<Line>,
    after: &mut [Line],
) -> Option<()> {
    let accumulators = &subject.op.info().accumulators;
    if let Some(n) = usize::from(marks.source()).checked_sub(1) {
        let (value, class) = accumulators.sources[n]?;
        let to = subject.values[usize::from(value)];
        let at = before.iter().position(|copy| copy.values[0] == to)?;
        let last = before.remove(at);
        before.push(Line { op: copy_of(class), ..last });
        subject.values[usize::from(value)] = 0;
    }
    if marks.is_muted() {
        let copy = after.iter_mut().find(|copy| copy.values[1] == subject.values[0])?;
        (copy.op, copy.values[1]) = (copy_of(accumulators.result?), 0);
        copy.marks = Marks::new(1, false);
        subject.values[0] = 0;
    }
    subject.marks = marks;
    Some(())
}

/// The instructions of a candidate with absolute targets, and the place of the first `op`; what is
/// in an accumulator alone goes to one of the last cells below `below`.
fn listing(candidate: &Candidate, op: Op, below: u64) -> Option<(Vec<Line>, usize)> {
    let (mut lines, mut at, mut found) = (Vec::new(), 0, None);
    // Where what is in each accumulator can be found in the frame.
    let mut held = [None; RegClass::ALL.len()];
    while (at as usize) < candidate.words.len() {
        let mut inst = decode(&candidate.words, at).ok()?;
        let accumulators = &inst.op.info().accumulators;
        if let Some(n) = usize::from(inst.marks.source()).checked_sub(1) {
            let (value, class) = accumulators.sources[n]?;
            inst.values[usize::from(value)] = held[class as usize]?;
        }
        if let Some(class) = accumulators.result {
            if inst.marks.is_muted() {
                inst.values[0] = below - 1 - class as u64;
            }
            held[class as usize] = Some(inst.values[0]);
        }
        if inst.op == op && found.is_none() {
            found = Some(lines.len());
        }
        let count = inst.op.operands().iter().map(|o| 1 + usize::from(o.kind == Kind::v128c)).sum();
        let table = inst.table_targets(&candidate.words);
        let mut targets: Vec<u32> = table.iter().filter_map(|&t| inst.target(t as i32)).collect();
        let mut value = 0;
        for operand in inst.op.operands() {
            if operand.kind == Kind::rel {
                targets.extend(inst.target(inst.values[value] as i32));
            }
            value += if operand.kind == Kind::v128c { 2 } else { 1 };
        }
        let (op, marks, values) = (inst.op, Marks::NONE, inst.values[..count].to_vec());
        lines.push(Line { old: at, op, marks, values, targets });
        at = inst.next;
    }
    Some((lines, found?))
}

/// Puts the lines together; line `subject` is the moved instruction, and its copies bear its old
/// word.
fn emit(candidate: Candidate, lines: &[Line], subject: usize) -> Candidate {
    let mut word = 0;
    let mut words = Vec::new();
    for line in lines {
        words.push(word);
        let table = if line.op.class() == Class::br_table { line.targets.len() } else { 0 };
        word += (line.op.words() + table) as u32;
    }
    // A reference to an old word becomes one to the first line of that word: the copies before the
    // moved instruction.
    let new =
        |old: u32| lines.iter().position(|line| line.old >= old).map_or(word, |line| words[line]);
    let mut code = CodeBuffer::new();
    for (line, &at) in lines.iter().zip(&words) {
        let offset = |old: u32| i64::from(new(old)) - i64::from(at);
        let mut values = line.values.clone();
        let mut value = 0;
        for operand in line.op.operands() {
            if operand.kind == Kind::rel {
                values[value] = offset(line.targets[0]) as u64;
            }
            value += if operand.kind == Kind::v128c { 2 } else { 1 };
        }
        code.emit_marked(line.op, line.marks, &values);
        if line.op.class() == Class::br_table {
            line.targets.iter().for_each(|&t| _ = code.emit_target(offset(t) as i32));
        }
    }
    // The copies before belong to the operator before, so that the map still ascends by operator.
    let old = lines[subject].old;
    let entry = |e: &MapEntry| MapEntry {
        word: if e.word == old && old > 0 { words[subject] } else { new(e.word) },
        ..*e
    };
    let map = candidate.map.iter().map(entry).collect();
    let mut controls = candidate.controls.clone();
    controls.iter_mut().for_each(|hint| hint.word = new(hint.word));
    let mut handlers = candidate.handlers.clone();
    for handler in &mut handlers {
        (handler.start, handler.end) = (new(handler.start), new(handler.end));
        handler.target = if handler.target == u32::MAX { u32::MAX } else { new(handler.target) };
    }
    Candidate { words: code.into_words(), map, controls, handlers, ..candidate }
}
