//! The parts of each section that a module keeps.
//!
//! Green shows that each accessor gives back what the text says. It does not show that validation
//! is right, which is wasmparser's part and the specification suite's to test.

use crate::common::{assemble, decode};
use prova_module::{
    ConstOp, DataIdx, DataMode, ElementItems, ElementKind, ExternKind, ExternType, Features,
    FuncIdx, FuncType, GlobalIdx, GlobalType, Limits, LocalIdx, MemoryIdx, MemoryType, Module,
    Operator, RefType, TableIdx, TableType, TypeId, TypeIdx, TypeRegistry, ValType,
};

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;

#[test]
fn equal_types_of_a_module_get_equal_ids() {
    let module = decode(
        "(module (type (func)) (type (func (param i32) (result i64 f32)))
           (type (func)) (type (func (param i32))))",
    );
    assert_eq!(module.types()[1], FuncType::new([I32], [I64, ValType::F32]));
    assert_eq!(module.types()[1].to_string(), "[i32] -> [i64 f32]");
    let groups: Vec<(TypeIdx, u32)> =
        module.types().groups().iter().map(|group| (group.start, group.len)).collect();
    assert_eq!(groups, [0, 1, 2, 3].map(|start| (TypeIdx(start), 1)));
    let ids = TypeRegistry::new().intern_all(module.types()).expect("few types");
    assert_eq!(ids, [0, 1, 0, 2].map(TypeId));
}

#[test]
fn imports_come_first_in_each_index_space() {
    let module = decode(
        r#"(module
           (import "a" "f" (func (param i32)))
           (import "a" "t" (table 1 2 externref))
           (import "b" "m" (memory 1))
           (import "b" "g" (global (mut i64)))
           (table i64 3 funcref) (memory i64 4 5) (memory 0 (pagesize 1))
           (global f32 (f32.const 1)) (func (result i64) global.get 0))"#,
    );
    let imports: Vec<(&str, &str, ExternKind)> = module
        .imports()
        .iter()
        .map(|import| (&*import.module, &*import.name, import.kind.kind()))
        .collect();
    let (func, table) = (("a", "f", ExternKind::Func), ("a", "t", ExternKind::Table));
    let (memory, global) = (("b", "m", ExternKind::Memory), ("b", "g", ExternKind::Global));
    assert_eq!(imports, [func, table, memory, global]);
    assert_eq!(module.imports()[0].kind, ExternType::Func(TypeIdx(0)));
    let at = module.imports()[1].offset;
    assert_eq!(&module.bytes()[at..at + 4], b"\x01a\x01t");
    assert_eq!((module.func_count(), module.imported_func_count()), (2, 1));
    assert_eq!(module.func_type_idx(FuncIdx(1)), TypeIdx(1));
    assert_eq!(module.func_type(FuncIdx(1)), &FuncType::new([], [I64]));
    assert_eq!(module.defined_funcs().collect::<Vec<_>>(), [FuncIdx(1)]);
    let imported = TableType { ref_type: RefType::EXTERNREF, min: 1, max: Some(2), table64: false };
    let defined = TableType { ref_type: RefType::FUNCREF, min: 3, max: None, table64: true };
    assert_eq!((module.tables(), module.imported_table_count()), (&[imported, defined][..], 1));
    let memory = |min, max, memory64, page_size_log2| MemoryType {
        min,
        max,
        memory64,
        shared: false,
        page_size_log2,
    };
    let memories =
        [memory(1, None, false, 16), memory(4, Some(5), true, 16), memory(0, None, false, 0)];
    assert_eq!((module.memories(), module.imported_memory_count()), (&memories[..], 1));
    let globals =
        [GlobalType { val: I64, mutable: true }, GlobalType { val: ValType::F32, mutable: false }];
    assert_eq!((module.globals(), module.imported_global_count()), (&globals[..], 1));
    assert_eq!(module.global_init(GlobalIdx(0)), None);
    let one = [ConstOp::F32Const(1f32.to_bits())];
    assert_eq!(module.global_init(GlobalIdx(1)).unwrap().ops(), one);
    assert_eq!((module.tag_count(), module.start(), module.data_count()), (0, None, None));
    assert_eq!(module.memory(MemoryIdx(3)), None);
}

#[test]
fn exports_are_found_by_name() {
    let module = decode(
        r#"(module (func (export "z")) (memory (export "a") 0) (global (export "") i32 (i32.const 0))
           (table (export "m") 0 funcref))"#,
    );
    assert_eq!(module.exports().len(), 4);
    assert_eq!(&*module.exports()[0].name, "z");
    assert_eq!(module.export("z").unwrap().func(), Some(FuncIdx(0)));
    assert_eq!(module.export("z").unwrap().memory(), None);
    assert_eq!(module.export("a").unwrap().memory(), Some(MemoryIdx(0)));
    assert_eq!(module.export("").unwrap().global(), Some(GlobalIdx(0)));
    assert_eq!(module.export("m").unwrap().table(), Some(TableIdx(0)));
    assert_eq!(module.export("b"), None);
}

#[test]
fn constant_expressions_keep_their_operators() {
    for (ty, expr, ops) in [
        ("i32", "(i32.const -1)", vec![ConstOp::I32Const(-1)]),
        ("f64", "(f64.const -0)", vec![ConstOp::F64Const(1 << 63)]),
        ("v128", "(v128.const i64x2 1 2)", vec![ConstOp::V128Const(Box::new((2 << 64) | 1))]),
        ("externref", "(ref.null extern)", vec![ConstOp::RefNull(RefType::EXTERNREF)]),
        ("funcref", "(ref.func 0)", vec![ConstOp::RefFunc(FuncIdx(0))]),
        ("i64", "(global.get 0)", vec![ConstOp::GlobalGet(GlobalIdx(0))]),
        (
            "i64",
            "(i64.mul (i64.const 2) (i64.sub (global.get 0) (i64.const 3)))",
            vec![
                ConstOp::I64Const(2),
                ConstOp::GlobalGet(GlobalIdx(0)),
                ConstOp::I64Const(3),
                ConstOp::I64Sub,
                ConstOp::I64Mul,
            ],
        ),
        (
            "i32",
            "(i32.add (i32.const 2) (i32.sub (i32.const 1) (i32.const 3)))",
            vec![
                ConstOp::I32Const(2),
                ConstOp::I32Const(1),
                ConstOp::I32Const(3),
                ConstOp::I32Sub,
                ConstOp::I32Add,
            ],
        ),
    ] {
        let module = decode(&format!(
            r#"(module (import "" "" (global i64)) (global {ty} {expr}) (func)
               (elem declare func 0))"#
        ));
        assert_eq!(module.global_init(GlobalIdx(1)).unwrap().ops(), ops, "{expr}");
    }
}

#[test]
fn segments_and_start_are_kept() {
    let module = decode(
        r#"(module
           (table 4 funcref) (table $e 4 externref) (memory 1)
           (func $f) (func $g (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0)))
           (start $f)
           (elem (i32.const 1) func $f $g)
           (elem func $g)
           (elem declare func $f)
           (elem (table $e) (i32.const 0) externref (ref.null extern) (ref.null extern))
           (data (i32.const 7) "abc") (data "xy"))"#,
    );
    assert_eq!(module.start(), Some(FuncIdx(0)));
    assert_eq!(module.table_init(TableIdx(0)), None);
    let [active, passive, declared, exprs] = module.elements() else { panic!("four segments") };
    let ElementKind::Active { table: TableIdx(0), offset } = &active.kind else {
        panic!("{active:?}")
    };
    assert_eq!(offset.ops(), [ConstOp::I32Const(1)]);
    assert_eq!(active.items, ElementItems::Funcs([FuncIdx(0), FuncIdx(1)].into()));
    assert_eq!((active.len(), active.is_empty()), (2, false));
    assert_eq!(passive.kind, ElementKind::Passive);
    assert_eq!(declared.kind, ElementKind::Declared);
    assert!(matches!(exprs.kind, ElementKind::Active { table: TableIdx(1), .. }), "{exprs:?}");
    assert_eq!((exprs.ref_type(), exprs.len()), (RefType::EXTERNREF, 2));
    assert_eq!(module.data_count(), Some(2));
    assert_eq!(module.data_bytes(DataIdx(0)), b"abc");
    assert_eq!(module.data_bytes(DataIdx(1)), b"xy");
    let DataMode::Active { memory: MemoryIdx(0), offset } = &module.data()[0].mode else {
        panic!("{:?}", module.data())
    };
    assert_eq!(offset.ops(), [ConstOp::I32Const(7)]);
    assert_eq!(module.data()[1].mode, DataMode::Passive);
}

#[test]
fn bodies_are_read_at_module_offsets() {
    let module = decode(
        r#"(module (import "" "" (func)) (func (param i64) (local i32 i32 v128) (drop (i32.const 9))))"#,
    );
    assert!(module.body(FuncIdx(0)).is_none() && module.facts(FuncIdx(0)).is_none());
    assert!(module.body(FuncIdx(2)).is_none() && module.facts(FuncIdx(2)).is_none());
    let body = module.body(FuncIdx(1)).unwrap();
    assert_eq!(body.bytes(), &module.bytes()[body.range()]);
    assert_eq!(body.locals().collect::<Vec<_>>(), [(2, I32), (1, ValType::V128)]);
    assert_eq!(body.local_types(), [I64, I32, I32, ValType::V128]);
    let mut reader = body.operators();
    let (first, offset) = reader.read_with_offset().unwrap();
    assert_eq!(first, Operator::I32Const { value: 9 });
    assert_eq!(module.bytes()[offset as usize..][..2], [0x41, 9]);
    assert_eq!(offset as u32, module.facts(FuncIdx(1)).unwrap().blocks[0].start);
}

#[test]
fn functions_are_found_by_offset() {
    let module = decode(r#"(module (import "" "" (func)) (func) (func nop nop))"#);
    let [first, second] = [FuncIdx(1), FuncIdx(2)].map(|func| module.body(func).unwrap().range());
    for (offset, func) in [
        (0, None),
        (first.start - 1, None),
        (first.start, Some(FuncIdx(1))),
        (first.end - 1, Some(FuncIdx(1))),
        (first.end, None),
        (second.start, Some(FuncIdx(2))),
        (second.end - 1, Some(FuncIdx(2))),
        (second.end, None),
        (usize::MAX, None),
    ] {
        assert_eq!(module.func_at(offset), func, "{offset}");
    }
}

#[test]
fn sections_and_custom_sections_keep_their_places() {
    let module = decode(
        r#"(module (@custom "first" (before first) "1") (type (func)) (memory 0)
           (@custom "mid" (after memory) "22") (@custom "last" "333"))"#,
    );
    let ids: Vec<u8> = module.sections().iter().map(|section| section.id).collect();
    assert_eq!(ids, [0, 1, 5, 0, 0]);
    let customs: Vec<(&str, &[u8], usize)> = module
        .custom_sections()
        .iter()
        .map(|custom| (&*custom.name, &module.bytes()[custom.range.clone()], custom.placement))
        .collect();
    assert_eq!(customs, [("first", &b"1"[..], 0), ("mid", b"22", 3), ("last", b"333", 4)]);
    // Nothing lies between sections but their headers: each ends where the next header begins.
    let mut end = 8;
    for section in module.sections() {
        let header = section.range.start - end;
        assert!((2..=6).contains(&header), "{section:?}");
        assert_eq!(module.bytes()[end], section.id);
        end = section.range.end;
    }
    assert_eq!(end, module.bytes().len());
}

#[test]
fn names_are_read_leniently() {
    let text = "(module $m (func $f (param $x i32) (block $l)) (global $g i32 (i32.const 0))
                  (memory $mem 0) (table $t 0 funcref) (type $ty (func)))";
    let bytes = assemble(text);
    let module = decode(text);
    let names = module.names();
    assert_eq!(names.module(), Some("m"));
    assert_eq!(module.func_name(FuncIdx(0)), Some("f"));
    assert_eq!(module.func_name(FuncIdx(1)), None);
    assert_eq!(names.local(FuncIdx(0), LocalIdx(0)), Some("x"));
    assert_eq!(names.local(FuncIdx(0), LocalIdx(1)), None);
    assert_eq!(names.label(FuncIdx(0), 0), Some("l"));
    assert_eq!(names.global(GlobalIdx(0)), Some("g"));
    assert_eq!(names.memory(MemoryIdx(0)), Some("mem"));
    assert_eq!(names.table(TableIdx(0)), Some("t"));
    assert_eq!(names.ty(TypeIdx(0)), Some("ty"));
    // Every corruption of one byte of the section's contents leaves a valid module.
    let section = module.custom_sections()[0].clone();
    for at in section.range.clone() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            let module = Module::decode(bytes, &Features::default(), &Limits::default())
                .unwrap_or_else(|error| panic!("byte {at} = {value:#x}: {error}"));
            let _ = module.func_name(FuncIdx(0)).map(str::len);
        }
    }
}

/// A module of one `name` section.
fn name_section(contents: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend([0, contents.len() as u8 + 5, 4]);
    bytes.extend(b"name");
    bytes.extend(contents);
    bytes
}

#[test]
fn names_out_of_order_are_dropped_and_the_others_stay() {
    let entries = *b"\x01\x10\x05\x02\x01b\x05\x01a\x05\x01c\x00\x01d\x06\x01e";
    let module =
        Module::decode(name_section(&entries), &Features::default(), &Limits::default()).unwrap();
    let name = |index| module.func_name(FuncIdx(index));
    assert_eq!([name(2), name(5), name(6)], [Some("b"), Some("a"), Some("e")]);
    assert_eq!([name(0), name(1)], [None, None]);
}

#[test]
fn indices_print_with_prefixes() {
    assert_eq!(FuncIdx(12).to_string(), "func12");
    assert_eq!(format!("{:?} {}", TypeIdx(3), LocalIdx(0)), "type3 local0");
}
