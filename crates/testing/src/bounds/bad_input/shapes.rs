//! Modules made by hand to cost much: each is small for what a careless engine would spend on it.
//!
//! Every row of [`SHAPES`] says which cost it is after.

use super::Answer;
use wasm_encoder::{BlockType, Encode, Instruction};

/// A shape: what it is after, the answer to expect, and how its bytes are made.
pub type Shape = (&'static str, Answer, fn() -> Vec<u8>);

/// All shapes.
pub const SHAPES: &[Shape] = &[
    ("nothing", Answer::Invalid, Vec::new),
    ("half a header", Answer::Invalid, || b"\0asm\x01".to_vec()),
    ("a component", Answer::Unsupported, || b"\0asm\x0d\0\x01\0".to_vec()),
    ("blocks inside each other, at the limit", Answer::Accepted, || {
        nested(Instruction::Block(BlockType::Empty), 49_990)
    }),
    ("blocks inside each other, beyond the limit", Answer::Limit, || {
        nested(Instruction::Block(BlockType::Empty), 300_000)
    }),
    ("loops inside each other", Answer::Accepted, || {
        nested(Instruction::Loop(BlockType::Empty), 49_990)
    }),
    ("ifs inside each other", Answer::Accepted, nested_ifs),
    ("values below blocks inside each other", Answer::Accepted, values_below_nested),
    ("values below many blocks", Answer::Accepted, || values_below(&block_with_set(), 200_000)),
    ("values below many loops", Answer::Accepted, || values_below(&loop_with_set(), 200_000)),
    ("values below many ifs with else", Answer::Accepted, || values_below(&if_with_set(), 100_000)),
    ("many overwrites below which values stay", Answer::Accepted, overwrites),
    ("constants below many blocks", Answer::Accepted, constants_below),
    ("one branch table of many targets", Answer::Accepted, || br_tables(1, 900_000, 0)),
    ("many branch tables of many targets", Answer::Accepted, || br_tables(900, 1_000, 0)),
    ("branch tables with many values", Answer::Limit, || br_tables(20, 1_000, 1_000)),
    ("conditional branches with many values", Answer::Limit, branches_with_values),
    ("calls with many arguments", Answer::Limit, calls_with_arguments),
    ("many small blocks with many results", Answer::Limit, blocks_with_results),
    ("locals at the limit", Answer::Accepted, || locals(&[(49_990, 0x7f)])),
    ("wide locals beyond the cells of a function", Answer::Limit, || locals(&[(40_000, 0x7b)])),
    ("locals beyond any number", Answer::Invalid, || locals(&[(u32::MAX, 0x7f), (u32::MAX, 0x7e)])),
    ("many groups of no locals", Answer::Accepted, || {
        function(NO_TYPE, &vec![(0, 0x7f); 500_000], &[])
    }),
    ("a long body of constants", Answer::Limit, || {
        straight(&[Instruction::I32Const(0)], 3_500_000)
    }),
    ("a long body of values dropped", Answer::Accepted, || {
        straight(&[Instruction::LocalGet(0), Instruction::Drop], 2_000_000)
    }),
    ("a long body of nothing", Answer::Accepted, || straight(&[Instruction::Nop], 7_000_000)),
    ("a long body of little loops", Answer::Accepted, little_loops),
    ("a long body behind its end", Answer::Accepted, dead_code),
    ("many functions", Answer::Accepted, many_functions),
    ("many types", Answer::Accepted, many_types),
    ("many equal exports", Answer::Invalid, equal_exports),
    ("many sections", Answer::Accepted, || raw(&[0, 1, 0].repeat(900_000))),
    ("a name beyond the limit", Answer::Invalid, || raw(&section(2, &long_name(100_001)))),
    ("a long constant expression", Answer::Accepted, || const_expr(30_000)),
    ("a constant expression beyond the limit", Answer::Limit, || const_expr(300_000)),
    ("great memories and tables", Answer::Accepted, great_objects),
    ("many elements", Answer::Accepted, many_elements),
    ("names without end", Answer::Accepted, || {
        raw(&section(0, b"\x04name\x01\x06\xff\xff\xff\xff\x0f\x00"))
    }),
    ("a count without items: types", Answer::Invalid, || count_of(1)),
    ("a count without items: imports", Answer::Invalid, || count_of(2)),
    ("a count without items: functions", Answer::Invalid, || count_of(3)),
    ("a count without items: tables", Answer::Invalid, || count_of(4)),
    ("a count without items: memories", Answer::Invalid, || count_of(5)),
    ("a count without items: globals", Answer::Invalid, || count_of(6)),
    ("a count without items: exports", Answer::Invalid, || count_of(7)),
    ("a count without items: elements", Answer::Invalid, || count_of(9)),
    ("a count without items: code", Answer::Invalid, || count_of(10)),
    ("a count without items: data", Answer::Invalid, || count_of(11)),
    ("a count without items: data count", Answer::Limit, || count_of(12)),
    ("a count without items: tags", Answer::Invalid, || count_of(13)),
];

fn raw(sections: &[u8]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0", sections].concat()
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    contents.encode(&mut bytes);
    bytes
}

fn count_of(id: u8) -> Vec<u8> {
    raw(&section(id, b"\xff\xff\xff\xff\x0f"))
}

/// A module of one function: its type, its local groups, its code without the last `end`.
fn function(ty: &[u8], locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    (locals.len() as u32).encode(&mut body);
    for (count, ty) in locals {
        count.encode(&mut body);
        body.push(*ty);
    }
    body.extend_from_slice(code);
    body.push(0x0b);
    let mut entries = vec![1];
    body[..].encode(&mut entries);
    raw(&[section(1, ty), section(3, &[1, 0]), section(10, &entries)].concat())
}

/// The type section of `() → ()` alone.
const NO_TYPE: &[u8] = &[1, 0x60, 0, 0];

fn code(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut code = Vec::new();
    for instruction in instructions {
        instruction.encode(&mut code);
    }
    code
}

fn nested(open: Instruction<'_>, depth: usize) -> Vec<u8> {
    let mut bytes = code(&[open]).repeat(depth);
    bytes.extend(std::iter::repeat_n(0x0b, depth));
    function(NO_TYPE, &[], &bytes)
}

fn nested_ifs() -> Vec<u8> {
    let mut bytes =
        code(&[Instruction::I32Const(1), Instruction::If(BlockType::Empty)]).repeat(40_000);
    bytes.extend(code(&[Instruction::Else, Instruction::End]).repeat(40_000));
    function(NO_TYPE, &[], &bytes)
}

fn values_below_nested() -> Vec<u8> {
    let one = code(&[Instruction::LocalGet(0), Instruction::Block(BlockType::Empty)]);
    let mut bytes = one.repeat(45_000);
    bytes.extend(code(&[Instruction::I32Const(1), Instruction::LocalSet(0)]));
    bytes.extend(code(&[Instruction::End, Instruction::Drop]).repeat(45_000));
    function(NO_TYPE, &[(1, 0x7f)], &bytes)
}

fn block_with_set() -> Vec<u8> {
    code(&[
        Instruction::Block(BlockType::Empty),
        Instruction::LocalGet(1),
        Instruction::BrIf(0),
        Instruction::I32Const(1),
        Instruction::LocalSet(0),
        Instruction::End,
    ])
}

fn loop_with_set() -> Vec<u8> {
    code(&[
        Instruction::Loop(BlockType::Empty),
        Instruction::I32Const(1),
        Instruction::LocalSet(0),
        Instruction::LocalGet(1),
        Instruction::BrIf(0),
        Instruction::End,
    ])
}

fn if_with_set() -> Vec<u8> {
    code(&[
        Instruction::LocalGet(1),
        Instruction::If(BlockType::Empty),
        Instruction::I32Const(1),
        Instruction::LocalSet(0),
        Instruction::Else,
        Instruction::LocalGet(0),
        Instruction::LocalSet(1),
        Instruction::End,
    ])
}

/// Sixty thousand values on the stack, below many regions.
fn values_below(region: &[u8], count: usize) -> Vec<u8> {
    let mut bytes = code(&[Instruction::LocalGet(0)]).repeat(60_000);
    bytes.extend(region.repeat(count));
    bytes.extend(code(&[Instruction::Unreachable]));
    function(NO_TYPE, &[(2, 0x7f)], &bytes)
}

fn overwrites() -> Vec<u8> {
    let mut bytes = code(&[Instruction::LocalGet(1)]).repeat(30_000);
    let one = [Instruction::LocalGet(0), Instruction::I32Const(1), Instruction::LocalSet(0)];
    bytes.extend(code(&one).repeat(30_000));
    bytes.extend(code(&[Instruction::Unreachable]));
    function(NO_TYPE, &[(2, 0x7f)], &bytes)
}

fn constants_below() -> Vec<u8> {
    let mut bytes = code(&[Instruction::I32Const(7)]).repeat(60_000);
    bytes.extend(block_with_set().repeat(200_000));
    bytes.extend(code(&[Instruction::Unreachable]));
    function(NO_TYPE, &[(2, 0x7f)], &bytes)
}

/// Branch tables in a block that takes `values`.
fn br_tables(count: usize, targets: usize, values: usize) -> Vec<u8> {
    let mut ty = vec![1, 0x60, 0];
    values.encode(&mut ty);
    ty.extend(std::iter::repeat_n(0x7f, values));
    let table = Instruction::BrTable(vec![0; targets].into(), 0);
    let mut one = code(&[Instruction::Block(BlockType::FunctionType(0))]);
    one.extend(code(&[Instruction::I32Const(1)]).repeat(values + 1));
    one.extend(code(&[table, Instruction::End]));
    one.extend(code(&[Instruction::Drop]).repeat(values));
    let mut bytes = one.repeat(count);
    bytes.extend(code(&[Instruction::Unreachable]));
    function(&ty, &[], &bytes)
}

/// The type section of `() → (i32 × n)`.
fn results_type(n: usize) -> Vec<u8> {
    let mut ty = vec![1, 0x60, 0];
    n.encode(&mut ty);
    ty.extend(std::iter::repeat_n(0x7f, n));
    ty
}

fn branches_with_values() -> Vec<u8> {
    let mut bytes = code(&[Instruction::LocalGet(0)]).repeat(1_000);
    bytes.extend(code(&[Instruction::LocalGet(0), Instruction::BrIf(0)]).repeat(100_000));
    function(&results_type(1_000), &[(1, 0x7f)], &bytes)
}

fn blocks_with_results() -> Vec<u8> {
    let one = [
        Instruction::Block(BlockType::FunctionType(0)),
        Instruction::Unreachable,
        Instruction::End,
        Instruction::Br(0),
    ];
    function(&results_type(1_000), &[], &code(&one).repeat(100_000))
}

fn calls_with_arguments() -> Vec<u8> {
    let mut ty = vec![1, 0x60];
    1_000usize.encode(&mut ty);
    ty.extend(std::iter::repeat_n(0x7f, 1_000));
    1_000usize.encode(&mut ty);
    ty.extend(std::iter::repeat_n(0x7f, 1_000));
    let mut bytes = code(&[Instruction::LocalGet(0)]).repeat(1_000);
    bytes.extend(code(&[Instruction::Call(0)]).repeat(100_000));
    function(&ty, &[], &bytes)
}

fn locals(groups: &[(u32, u8)]) -> Vec<u8> {
    function(NO_TYPE, groups, &code(&[Instruction::LocalGet(0), Instruction::Drop]))
}

fn straight(unit: &[Instruction<'_>], count: usize) -> Vec<u8> {
    let mut bytes = code(unit).repeat(count);
    bytes.extend(code(&[Instruction::Unreachable]));
    function(NO_TYPE, &[(1, 0x7f)], &bytes)
}

fn little_loops() -> Vec<u8> {
    let one = [
        Instruction::Loop(BlockType::Empty),
        Instruction::LocalGet(0),
        Instruction::BrIf(0),
        Instruction::End,
    ];
    straight(&one, 900_000)
}

fn dead_code() -> Vec<u8> {
    let mut bytes = code(&[Instruction::Unreachable]);
    let one = [
        Instruction::Block(BlockType::Empty),
        Instruction::Unreachable,
        Instruction::I32Add,
        Instruction::Drop,
        Instruction::End,
    ];
    bytes.extend(code(&one).repeat(1_000_000));
    function(NO_TYPE, &[], &bytes)
}

fn many_functions() -> Vec<u8> {
    let count = 900_000usize;
    let (mut funcs, mut bodies) = (Vec::new(), Vec::new());
    count.encode(&mut funcs);
    funcs.extend(std::iter::repeat_n(0, count));
    count.encode(&mut bodies);
    bodies.extend([2, 0, 0x0b].repeat(count));
    raw(&[section(1, NO_TYPE), section(3, &funcs), section(10, &bodies)].concat())
}

fn many_types() -> Vec<u8> {
    let count = 900_000usize;
    let mut types = Vec::new();
    count.encode(&mut types);
    for i in 0..count {
        // Different ones, or they would be kept once.
        types.extend([0x60, 4]);
        types.extend((0..4).map(|bit| 0x7f - (i >> (2 * bit) & 3) as u8));
        types.push(0);
    }
    raw(&section(1, &types))
}

fn equal_exports() -> Vec<u8> {
    let count = 500_000usize;
    let mut exports = Vec::new();
    count.encode(&mut exports);
    exports.extend([1, b'x', 0, 0].repeat(count));
    let code = section(10, &[1, 2, 0, 0x0b]);
    raw(&[section(1, NO_TYPE), section(3, &[1, 0]), section(7, &exports), code].concat())
}

fn long_name(len: usize) -> Vec<u8> {
    let mut import = vec![1];
    "x".repeat(len).encode(&mut import);
    import.extend([0, 0, 0]);
    import
}

fn const_expr(adds: usize) -> Vec<u8> {
    let mut global = vec![1, 0x7f, 0];
    global.extend(code(&[Instruction::I32Const(1)]).repeat(adds + 1));
    global.extend(code(&[Instruction::I32Add]).repeat(adds));
    global.push(0x0b);
    raw(&section(6, &global))
}

fn great_objects() -> Vec<u8> {
    let mut tables = vec![2];
    // 32-bit and 64-bit tables with the greatest minimum.
    tables.extend([0x70, 0]);
    u32::MAX.encode(&mut tables);
    tables.extend([0x70, 4]);
    u64::MAX.encode(&mut tables);
    let mut memories = vec![2, 0];
    65_536u32.encode(&mut memories);
    memories.push(4);
    (1u64 << 48).encode(&mut memories);
    raw(&[section(4, &tables), section(5, &memories)].concat())
}

fn many_elements() -> Vec<u8> {
    let count = 3_000_000usize;
    let mut elements = vec![1, 1, 0];
    count.encode(&mut elements);
    elements.extend(std::iter::repeat_n(0, count));
    let code = section(10, &[1, 2, 0, 0x0b]);
    raw(&[section(1, NO_TYPE), section(3, &[1, 0]), section(9, &elements), code].concat())
}
