//! Facts a second time, slowly and by other means: reachability by search over a control-flow
//! graph, masks by scanning each block, heights by adding up the whole stack at each operator.
//!
//! Shares with the code under test only wasmparser and the cost table.

use prova_module::{
    AbstractHeapType, BlockKind, BlockType, Catch, Composite, FuncFacts, FuncIdx, FuncType,
    HeapType, Module, Operator, TagIdx, TypeIdx, UnpackedIndex, ValType, cells, cells_of,
    operator_cost,
};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    CompositeInnerType, FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures,
    WasmModuleResources,
};

/// Counts of the comparisons.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) blocks: usize,
    pub(crate) segments: usize,
    /// Cells of locals that are references to exceptions or objects.
    pub(crate) root_locals: usize,
    /// The same of operands, once for each call, throw and allocation above them.
    pub(crate) root_operands: usize,
}

/// Compares the facts of each body of `module` with the oracle's.
pub(crate) fn check(module: &Module) -> Compared {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut allocs = FuncValidatorAllocations::default();
    let mut compared = Compared::default();
    for payload in Parser::new(0).parse_all(module.bytes()) {
        let payload = payload.expect("the module is valid");
        let Ok(ValidPayload::Func(func, body)) = validator.payload(&payload) else { continue };
        let index = FuncIdx(func.index);
        let mut func = func.into_validator(allocs);
        let mut reader = body.get_binary_reader();
        func.read_locals(&mut reader).expect("the module is valid");
        let mut ops = Vec::new();
        while !reader.eof() {
            let offset = reader.original_position();
            let operator = reader.peek_operator(&func.visitor(offset)).expect("valid");
            let before = stack(&func);
            let roots = roots(&func);
            reader.visit_operator(&mut func.visitor(offset)).expect("valid").expect("valid");
            let base = func.get_control_frame(0).map_or(0, |frame| frame.height);
            let after = stack(&func);
            ops.push(Op { operator, offset: offset as u32, before, roots, after, base });
        }
        allocs = func.into_allocations();
        let facts = module.facts(index).expect("a defined function has facts");
        compare(module, index, &ops, facts, &mut compared);
        compared.blocks += facts.blocks.len();
        compared.segments += facts.segments.len();
    }
    compared
}

struct Op<'a> {
    operator: Operator<'a>,
    offset: u32,
    /// Cells of each value on the operand stack before and after.
    before: Vec<u32>,
    after: Vec<u32>,
    /// Which of the values before are references to exceptions or objects.
    roots: Vec<bool>,
    /// Values below the innermost block, after the operator.
    base: usize,
}

fn stack(func: &wasmparser::FuncValidator<wasmparser::ValidatorResources>) -> Vec<u32> {
    let height = func.operand_stack_height() as usize;
    (0..height)
        .rev()
        .map(|depth| func.get_operand_type(depth).expect("in range").map_or(1, cells))
        .collect()
}

fn roots(func: &wasmparser::FuncValidator<wasmparser::ValidatorResources>) -> Vec<bool> {
    let height = func.operand_stack_height() as usize;
    let is_func = |index| match index {
        UnpackedIndex::Id(id) => {
            let ty = &func.resources().sub_type_at_id(id).composite_type.inner;
            matches!(ty, CompositeInnerType::Func(_))
        }
        _ => panic!("the validator names types by their identities"),
    };
    let types = (0..height).rev().map(|depth| func.get_operand_type(depth).expect("in range"));
    types.map(|ty| ty.is_some_and(|ty| is_root(ty, is_func))).collect()
}

/// Whether values of a type are references to exceptions or objects.
fn is_root(ty: ValType, is_func: impl Fn(UnpackedIndex) -> bool) -> bool {
    use AbstractHeapType as A;
    let ValType::Ref(ty) = ty else { return false };
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => {
            !matches!(ty, A::Func | A::NoFunc | A::Extern | A::NoExtern)
        }
        HeapType::Concrete(index) | HeapType::Exact(index) => !is_func(index),
    }
}

/// A block by positions of operators; the body is one whose start is `None`.
struct Block {
    start: Option<usize>,
    else_: Option<usize>,
    end: usize,
}

/// All blocks in order of their opening, and for each operator the open blocks around it.
fn structure(ops: &[Op<'_>]) -> (Vec<Block>, Vec<Vec<usize>>) {
    let mut blocks = vec![Block { start: None, else_: None, end: 0 }];
    let (mut open, mut around) = (vec![0], Vec::new());
    for (at, op) in ops.iter().enumerate() {
        around.push(open.clone());
        match op.operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => {
                open.push(blocks.len());
                blocks.push(Block { start: Some(at), else_: None, end: 0 });
            }
            Operator::Else => blocks[*open.last().expect("inside an if")].else_ = Some(at),
            Operator::End => blocks[open.pop().expect("inside a block")].end = at,
            _ => {}
        }
    }
    (blocks, around)
}

/// The labels that `operator` can branch to.
fn labels(operator: &Operator<'_>) -> Vec<u32> {
    match operator {
        Operator::Br { relative_depth }
        | Operator::BrIf { relative_depth }
        | Operator::BrOnCast { relative_depth, .. }
        | Operator::BrOnCastFail { relative_depth, .. } => {
            vec![*relative_depth]
        }
        Operator::BrTable { targets } => {
            let mut labels: Vec<u32> =
                targets.targets().map(|label| label.expect("valid")).collect();
            labels.push(targets.default());
            labels
        }
        Operator::TryTable { try_table } => {
            let label = |catch: &Catch| match *catch {
                Catch::One { label, .. }
                | Catch::OneRef { label, .. }
                | Catch::All { label }
                | Catch::AllRef { label } => label,
            };
            try_table.catches.iter().map(label).collect()
        }
        _ => Vec::new(),
    }
}

fn is_terminator(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
    )
}

fn is_loop(ops: &[Op<'_>], block: &Block) -> bool {
    block.start.is_some_and(|at| matches!(ops[at].operator, Operator::Loop { .. }))
}

fn is_if(ops: &[Op<'_>], block: &Block) -> bool {
    block.start.is_some_and(|at| matches!(ops[at].operator, Operator::If { .. }))
}

/// Which positions control can reach, by search; the position after the last is the function's
/// return by falling through or branching to its label.
fn reachable(ops: &[Op<'_>], blocks: &[Block], around: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; ops.len() + 1];
    let mut work = vec![0];
    while let Some(at) = work.pop() {
        if at > ops.len() || std::mem::replace(&mut seen[at], true) || at == ops.len() {
            continue;
        }
        let operator = &ops[at].operator;
        for label in labels(operator) {
            let block = &blocks[around[at][around[at].len() - 1 - label as usize]];
            work.push(if is_loop(ops, block) {
                block.start.expect("a loop has a start") + 1
            } else {
                block.end + 1
            });
        }
        if let Operator::If { .. } = operator {
            let block = blocks.iter().find(|block| block.start == Some(at)).expect("opened here");
            work.push(block.else_.unwrap_or(block.end) + 1);
        }
        match operator {
            Operator::Else => {
                work.push(blocks[*around[at].last().expect("inside an if")].end + 1);
            }
            _ if is_terminator(operator) => {}
            _ => work.push(at + 1),
        }
    }
    seen
}

fn compare(
    module: &Module,
    index: FuncIdx,
    ops: &[Op<'_>],
    facts: &FuncFacts,
    compared: &mut Compared,
) {
    let (blocks, around) = structure(ops);
    let live = reachable(ops, &blocks, &around);
    let mut branched = vec![false; blocks.len()];
    for at in (0..ops.len()).filter(|&at| live[at]) {
        for label in labels(&ops[at].operator) {
            branched[around[at][around[at].len() - 1 - label as usize]] = true;
        }
    }
    assert_eq!(facts.blocks.len(), blocks.len(), "{index}");
    for (number, (block, fact)) in blocks.iter().zip(&facts.blocks).enumerate() {
        let context = format!("{index} block {number} at {:#x}", fact.start);
        assert_eq!(fact.start, ops[block.start.unwrap_or(0)].offset, "{context}");
        assert_eq!(fact.else_, block.else_.map(|at| ops[at].offset), "{context}");
        assert_eq!(fact.end, ops[block.end].offset, "{context}");
        let inside = block.start.unwrap_or(0)..=block.end;
        let written = ops[inside].iter().fold(0, |mask, op| match op.operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                mask | 1u64 << (local_index % 64)
            }
            _ => mask,
        });
        assert_eq!(fact.written, written, "{context}");
        assert_eq!(fact.branched, branched[number], "{context}");
        assert_eq!(fact.reachable, block.start.is_none_or(|at| live[at]), "{context}");
        assert_eq!(fact.reachable_after, live[block.end + 1], "{context}");
        let (kind, ty) = match block.start.map(|at| &ops[at].operator) {
            Some(Operator::Block { blockty }) => (BlockKind::Block, *blockty),
            Some(Operator::Loop { blockty }) => (BlockKind::Loop, *blockty),
            Some(Operator::If { blockty }) => (BlockKind::If, *blockty),
            Some(Operator::TryTable { try_table }) => (BlockKind::TryTable, try_table.ty),
            _ => (BlockKind::Func, BlockType::FuncType(module.func_type_idx(index).0)),
        };
        assert_eq!((fact.kind, fact.ty), (kind, ty), "{context}");
        if let Some(at) = block.start.filter(|&at| live[at]) {
            let height: u32 = ops[at].after[..ops[at].base].iter().sum();
            assert_eq!(fact.height_cells, height, "{context}");
        }
    }
    let mut costs: Vec<u64> = ops.iter().map(|op| operator_cost(&op.operator)).collect();
    for (at, op) in ops.iter().enumerate().filter(|&(at, _)| live[at]) {
        // A `try_table` has labels, but branches to none.
        let branch = !matches!(op.operator, Operator::TryTable { .. });
        if let Some(label) = labels(&op.operator).first().filter(|_| branch) {
            let block = &blocks[around[at][around[at].len() - 1 - *label as usize]];
            costs[at] += u64::from(label_cells(module, index, ops, block)) / 8;
        }
    }
    for (at, op) in ops.iter().enumerate() {
        if let Operator::Throw { tag_index } = op.operator {
            let ty = module.tag(TagIdx(tag_index)).expect("valid");
            costs[at] += u64::from(cells_of(&ty.params)) / 8;
        }
    }
    costs[0] += u64::from(facts.local_cells + facts.result_cells) / 8;
    assert_eq!(segments(ops, &costs, &blocks, &live, &branched), listed(facts), "{index}");
    compare_frame(module, index, ops, &live, facts);
    compare_roots(module, index, ops, &live, facts, compared);
}

/// The values that a call, throw or allocation takes.
fn taken(module: &Module, operator: &Operator<'_>) -> Option<usize> {
    Some(match *operator {
        Operator::Call { function_index } => module.func_type(FuncIdx(function_index)).params.len(),
        Operator::CallIndirect { type_index, .. } => {
            module.types()[type_index as usize].params.len() + 1
        }
        Operator::Throw { tag_index } => module.tag(TagIdx(tag_index)).expect("valid").params.len(),
        Operator::StructNew { struct_type_index } => {
            match &module.types().def(TypeIdx(struct_type_index)).expect("valid").composite {
                Composite::Struct(fields) => fields.len(),
                other => panic!("{other:?}"),
            }
        }
        Operator::StructNewDefault { .. } => 0,
        Operator::ArrayNewDefault { .. } => 1,
        Operator::ArrayNewFixed { array_size, .. } => array_size as usize,
        Operator::ArrayNew { .. }
        | Operator::ArrayNewData { .. }
        | Operator::ArrayNewElem { .. } => 2,
        _ => return None,
    })
}

/// References to exceptions and objects: every local by itself, and the whole stack at each call,
/// throw and allocation.
fn compare_roots(
    module: &Module,
    index: FuncIdx,
    ops: &[Op<'_>],
    live: &[bool],
    facts: &FuncFacts,
    compared: &mut Compared,
) {
    let all = module.body(index).expect("defined").local_types();
    let params = module.func_type(index).params.len();
    let is_late = |local: usize| local >= params && !all[local].is_defaultable();
    let roots_by = |is: &dyn Fn(usize) -> bool| {
        let values = all.iter().enumerate();
        let values = values.map(|(at, &ty)| (is_root_in(module, ty) && is(at), cells(ty)));
        roots_of(values, 0)
    };
    let locals = roots_by(&|local| !is_late(local));
    let late_at = initialised(ops);
    let mut points = BTreeMap::new();
    let mut late = BTreeMap::new();
    for ((op, _), set) in ops.iter().zip(live).zip(&late_at).filter(|((_, live), _)| **live) {
        let Some(taken) = taken(module, &op.operator) else { continue };
        let set = roots_by(&|local| is_late(local) && set.contains(&(local as u32)));
        if !set.is_empty() {
            late.insert(op.offset, set);
        }
        let below = op.roots.len() - taken;
        let below = op.roots.iter().copied().zip(op.before.iter().copied()).take(below);
        let mut roots = roots_of(below, facts.local_cells);
        roots.reverse();
        if !roots.is_empty() {
            points.insert(op.offset, roots);
        }
    }
    let Some(facts) = &facts.exception_roots else {
        assert!(locals.is_empty() && points.is_empty(), "{index}: {locals:?} {points:?}");
        assert!(late.is_empty(), "{index}: {late:?}");
        return;
    };
    assert_eq!(facts.locals().collect::<Vec<u32>>(), locals, "{index}");
    let listed = |of: &dyn Fn(u32) -> Vec<u32>| -> BTreeMap<u32, Vec<u32>> {
        let lists = facts.offsets().map(|offset| (offset, of(offset)));
        lists.filter(|(_, list)| !list.is_empty()).collect()
    };
    assert_eq!(listed(&|offset| facts.operands(offset).collect()), points, "{index}");
    let by_cell = |offset| {
        let mut cells: Vec<u32> = facts.initialised(offset).collect();
        cells.sort_unstable();
        cells
    };
    assert_eq!(listed(&by_cell), late, "{index}");
    for offset in facts.offsets() {
        assert_eq!(facts.has_locals(offset), !locals.is_empty() || late.contains_key(&offset));
    }
    compared.root_locals += locals.len() + late.values().map(Vec::len).sum::<usize>();
    compared.root_operands += points.values().map(Vec::len).sum::<usize>();
}

/// Whether values of a type that a module names are references to exceptions or objects.
fn is_root_in(module: &Module, ty: ValType) -> bool {
    is_root(ty, |index| match index {
        UnpackedIndex::Module(ty) => {
            module.types().def(TypeIdx(ty)).expect("valid").composite == Composite::Func
        }
        _ => panic!("a module names types by their indices"),
    })
}

/// Of values with their cells, the first cells of those that are roots.
fn roots_of(values: impl Iterator<Item = (bool, u32)>, first: u32) -> Vec<u32> {
    let mut cell = first;
    let mut roots = Vec::new();
    for (is_root, cells) in values {
        if is_root {
            roots.push(cell);
        }
        cell += cells;
    }
    roots
}

/// Before each operator, the locals that have been written in the blocks and arms around.
fn initialised(ops: &[Op<'_>]) -> Vec<BTreeSet<u32>> {
    let mut open = vec![BTreeSet::new()];
    let mut before = Vec::new();
    for op in ops {
        let innermost: BTreeSet<u32> = open.last().cloned().unwrap_or_default();
        before.push(innermost.clone());
        match op.operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                open.last_mut().expect("a block is open").insert(local_index);
            }
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => open.push(innermost),
            Operator::Else => {
                open.pop();
                open.push(open.last().cloned().expect("an arm is in a block"));
            }
            Operator::End => drop(open.pop()),
            _ => {}
        }
    }
    before
}

/// The cells of the values that a branch to a block's label takes.
fn label_cells(module: &Module, func: FuncIdx, ops: &[Op<'_>], block: &Block) -> u32 {
    let (is_loop, ty) = match block.start.map(|at| &ops[at].operator) {
        Some(Operator::Loop { blockty }) => (true, *blockty),
        Some(Operator::Block { blockty } | Operator::If { blockty }) => (false, *blockty),
        Some(Operator::TryTable { try_table }) => (false, try_table.ty),
        _ => return cells_of(&module.func_type(func).results),
    };
    match ty {
        BlockType::Empty => 0,
        BlockType::Type(ty) => {
            if is_loop {
                0
            } else {
                cells(ty)
            }
        }
        BlockType::FuncType(ty) => {
            let FuncType { params, results } = &module.types()[ty as usize];
            cells_of(if is_loop { params } else { results })
        }
    }
}

fn listed(facts: &FuncFacts) -> Vec<(u32, u64)> {
    facts.segments.iter().map(|segment| (segment.offset, segment.cost.into())).collect()
}

/// Segments from the set of their first operators.
fn segments(
    ops: &[Op<'_>],
    op_costs: &[u64],
    blocks: &[Block],
    live: &[bool],
    branched: &[bool],
) -> Vec<(u32, u64)> {
    let mut leaders = vec![false; ops.len() + 1];
    leaders[0] = true;
    for (at, op) in ops.iter().enumerate() {
        leaders[at + 1] |= matches!(
            op.operator,
            Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::BrIf { .. }
                | Operator::BrOnCast { .. }
                | Operator::BrOnCastFail { .. }
                | Operator::Call { .. }
                | Operator::CallIndirect { .. }
        );
    }
    for (block, &branched) in blocks.iter().zip(branched) {
        leaders[block.end + 1] |= is_if(ops, block) || (branched && !is_loop(ops, block));
    }
    let mut costs: BTreeMap<usize, u64> = BTreeMap::new();
    let mut leader = 0;
    for at in 0..ops.len() {
        if leaders[at] {
            leader = at;
        }
        if live[at] {
            *costs.entry(leader).or_default() += op_costs[at];
        }
    }
    costs
        .into_iter()
        .filter(|&(_, cost)| cost > 0)
        .map(|(leader, cost)| (ops[leader].offset, cost))
        .collect()
}

fn compare_frame(
    module: &Module,
    index: FuncIdx,
    ops: &[Op<'_>],
    live: &[bool],
    facts: &FuncFacts,
) {
    let FuncType { params, results } = module.func_type(index);
    let locals = module.body(index).expect("defined").local_types();
    assert_eq!(facts.local_cells, cells_of(&locals), "{index}");
    assert_eq!((facts.param_cells, facts.result_cells), (cells_of(params), cells_of(results)));
    let heights = (0..ops.len()).filter(|&at| live[at]).flat_map(|at| {
        let after = if live[at + 1] && !is_terminator(&ops[at].operator) {
            ops[at].after.iter().sum()
        } else {
            0
        };
        // The outcome of the test lies on top of the reference.
        let tests =
            matches!(ops[at].operator, Operator::BrOnCast { .. } | Operator::BrOnCastFail { .. });
        [ops[at].before.iter().sum::<u32>() + u32::from(tests), after]
    });
    let height = heights.max().unwrap_or(0).max(facts.result_cells);
    assert_eq!(facts.max_height_cells, height, "{index}");
    assert_eq!(facts.charge_bytes(), 8 * u64::from(facts.local_cells + height) + 64);
}
