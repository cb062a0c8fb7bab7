//! Two modules → whether they are one module in other bytes: every section compared, in order, by
//! itself.
//!
//! This is the proof behind *the binary encoding alone differs*. It knows no partners, no moved
//! addresses and no names, so it shares no fault with the comparisons that found nothing. If it
//! finds a difference that no other comparison reported, the answer is `changed`.
//!
//! 1. Equal here means: the same imports in the same order; the same types of functions, tables,
//!    memories, tags and globals, by index; the same initial values; the same exports, in any
//!    order; the same start; the same element and data segments in order; and the same operators
//!    and groups of locals in every body. Custom sections are not looked at (`sections` compares
//!    them).
//! 2. Of types only those count that something has: a list of types may hold others.

use prova_module::{ConstOp, Element, ElementItems, ElementKind, ExternType, FuncIdx, Module};
use prova_module::{DataIdx, GlobalIdx, TableIdx, ValType};

/// The first difference of two modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unequal {
    /// References name types, and the lists of types differ.
    Types,
    /// A part of the module.
    Part(&'static str),
    Body(FuncIdx),
}

/// `Ok` if both are the same module.
///
/// # Errors
/// The first difference.
pub(crate) fn same(a: &Module, b: &Module) -> Result<(), Unequal> {
    // References to types by index have no meaning across modules with other lists.
    let types = a.types() == b.types();
    if !types && (concrete(a) || concrete(b)) {
        return Err(Unequal::Types);
    }
    let parts: [(&'static str, bool); 10] = [
        ("imports", imports(a, b)),
        ("types of functions", funcs(a) == funcs(b)),
        ("tables", a.tables() == b.tables() && inits(a) == inits(b)),
        ("memories", a.memories() == b.memories()),
        ("tags", tags(a) == tags(b)),
        ("globals", globals(a) == globals(b)),
        ("exports", exports(a) == exports(b)),
        ("the start function", a.start() == b.start()),
        ("element segments", elements(a) == elements(b)),
        ("data segments", data(a) == data(b)),
    ];
    if let Some((what, _)) = parts.into_iter().find(|(_, same)| !same) {
        return Err(Unequal::Part(what));
    }
    match a.defined_funcs().find(|func| !bodies(a, b, *func)) {
        Some(func) => Err(Unequal::Body(func)),
        None => Ok(()),
    }
}

/// Whether any type of the module names another by index.
fn concrete(module: &Module) -> bool {
    let is = |ty: &ValType| matches!(ty, ValType::Ref(ty) if ty.is_concrete_type_ref());
    let types = module.types().iter().any(|ty| ty.params.iter().chain(&ty.results).any(is));
    let tables = module.tables().iter().any(|ty| ty.ref_type.is_concrete_type_ref());
    let globals = module.globals().iter().any(|ty| is(&ty.val));
    let locals = |func| module.body(func).is_some_and(|body| body.locals().any(|(_, ty)| is(&ty)));
    types || tables || globals || module.defined_funcs().any(locals)
}

fn imports(a: &Module, b: &Module) -> bool {
    let same = |(x, y): (&prova_module::Import, &prova_module::Import)| {
        let kinds = match (x.kind, y.kind) {
            (ExternType::Func(x), ExternType::Func(y))
            | (ExternType::Tag(x), ExternType::Tag(y)) => {
                a.types().get(x.index()) == b.types().get(y.index())
            }
            (x, y) => x == y,
        };
        (&x.module, &x.name) == (&y.module, &y.name) && kinds
    };
    a.imports().len() == b.imports().len() && a.imports().iter().zip(b.imports()).all(same)
}

fn funcs(module: &Module) -> Vec<&prova_module::FuncType> {
    (0..module.func_count() as u32).map(|func| module.func_type(FuncIdx(func))).collect()
}

fn inits(module: &Module) -> Vec<Option<&[ConstOp]>> {
    let tables = 0..module.tables().len() as u32;
    tables.map(|table| module.table_init(TableIdx(table)).map(|expr| expr.ops())).collect()
}

fn tags(module: &Module) -> Vec<Option<&prova_module::FuncType>> {
    module.tags().iter().map(|ty| module.types().get(ty.index())).collect()
}

fn globals(module: &Module) -> Vec<(prova_module::GlobalType, Option<&[ConstOp]>)> {
    let init = |i: usize| module.global_init(GlobalIdx(i as u32)).map(|expr| expr.ops());
    module.globals().iter().enumerate().map(|(i, ty)| (*ty, init(i))).collect()
}

fn exports(module: &Module) -> Vec<(&str, prova_module::ExternKind, u32)> {
    let one = |export: &'_ prova_module::Export| (export.kind, export.index);
    let mut list: Vec<_> = module
        .exports()
        .iter()
        .map(|export| (&*export.name, one(export).0, one(export).1))
        .collect();
    list.sort_unstable();
    list
}

/// Items as constant expressions, so that both forms of a list of functions are alike.
fn elements(module: &Module) -> Vec<(&ElementKind, prova_module::RefType, Vec<Vec<ConstOp>>)> {
    let items = |element: &Element| match &element.items {
        ElementItems::Funcs(funcs) => {
            funcs.iter().map(|func| vec![ConstOp::RefFunc(*func)]).collect()
        }
        ElementItems::Exprs(_, exprs) => exprs.iter().map(|expr| expr.ops().to_vec()).collect(),
    };
    let one = |element| (items(element), element);
    let all = module.elements().iter().map(one);
    all.map(|(items, element)| (&element.kind, element.ref_type(), items)).collect()
}

fn data(module: &Module) -> Vec<(&prova_module::DataMode, &[u8])> {
    let all = module.data().iter().enumerate();
    all.map(|(i, data)| (&data.mode, module.data_bytes(DataIdx(i as u32)))).collect()
}

fn bodies(a: &Module, b: &Module, func: FuncIdx) -> bool {
    let (Some(x), Some(y)) = (a.body(func), b.body(func)) else { return false };
    if x.bytes() == y.bytes() && a.types() == b.types() {
        return true;
    }
    // Types are named by operators too; with other lists only equal bytes would do, and do not.
    if a.types() != b.types() || x.local_types() != y.local_types() {
        return false;
    }
    let (mut x, mut y) = (x.operators(), y.operators());
    loop {
        match (x.eof(), y.eof()) {
            (true, true) => return true,
            (false, false) => match (x.read(), y.read()) {
                (Ok(x), Ok(y)) if same_operator(&x, &y) => {}
                _ => return false,
            },
            _ => return false,
        }
    }
}

fn same_operator(a: &prova_module::Operator<'_>, b: &prova_module::Operator<'_>) -> bool {
    use prova_module::Operator::BrTable;
    match (a, b) {
        (BrTable { targets: x }, BrTable { targets: y }) => {
            let labels = |targets: &prova_module::BrTable<'_>| -> Option<Vec<u32>> {
                targets.targets().collect::<Result<_, _>>().ok()
            };
            x.default() == y.default() && labels(x) == labels(y)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn module(text: &str) -> Module {
        let bytes = wat::parse_str(text).expect(text);
        Module::decode(bytes, &Features::default(), &Limits::default()).expect(text)
    }

    /// One module, and for each part an edit of it that this part alone tells.
    #[test]
    fn each_part_is_compared() {
        let text = r#"(module (type $t (func (param i32) (result i32)))
            (import "a" "f" (func $f (type $t))) (import "a" "g" (func $g (type $t)))
            (tag (param i32)) (table 4 funcref (ref.func $f)) (memory 1 2)
            (global $n (mut i32) (i32.const 7)) (global $v v128 (v128.const i32x4 1 2 3 4))
            (export "f" (func $f)) (start $s) (elem (i32.const 1) $f $g) (elem declare func $g)
            (data (i32.const 8) "ab") (data "passive")
            (func $s) (func $h) (func (export "h") (param i32) (result i32) (local i64 f32)
              block block local.get 0 br_table 0 1 1 end end
              i32.const 3 f32.const 1 drop (i32.load offset=4 (local.get 0)) i32.add))"#;
        let a = module(text);
        assert_eq!(same(&a, &module(text)), Ok(()));
        for (from, to, what) in [
            (r#""a" "g""#, r#""a" "x""#, "imports"),
            ("(tag (param i32))", "(tag (param i64))", "tags"),
            ("(table 4 ", "(table 5 ", "tables"),
            ("(ref.func $f)", "(ref.func $g)", "tables"),
            ("(memory 1 2)", "(memory 1 3)", "memories"),
            ("(mut i32)", "i32", "globals"),
            ("(i32.const 7)", "(i32.const 9)", "globals"),
            ("i32x4 1 2", "i32x4 1 5", "globals"),
            (r#"(export "f" (func $f))"#, r#"(export "f" (func $g))"#, "exports"),
            (r#"(export "f" (func $f))"#, r#"(export "x" (func $f))"#, "exports"),
            ("(start $s)", "(start $h)", "the start function"),
            ("$f $g) (elem", "$g $f) (elem", "element segments"),
            ("(elem (i32.const 1)", "(elem (i32.const 2)", "element segments"),
            ("declare func $g", "func $g", "element segments"),
            (r#""ab""#, r#""aB""#, "data segments"),
            ("(data (i32.const 8)", "(data (i32.const 9)", "data segments"),
            ("(local i64 f32)", "(local f32 i64)", "the body of func4"),
            ("br_table 0 1 1", "br_table 1 0 1", "the body of func4"),
            ("br_table 0 1 1", "br_table 0 1 0", "the body of func4"),
            ("i32.const 3", "i32.const 4", "the body of func4"),
            ("f32.const 1", "f32.const -1", "the body of func4"),
            ("offset=4", "offset=5", "the body of func4"),
        ] {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            let told = same(&a, &module(&text.replace(from, to))).expect_err(to);
            let part = match told {
                Unequal::Body(func) => format!("the body of {func}"),
                Unequal::Part(part) => part.to_owned(),
                Unequal::Types => "types".to_owned(),
            };
            assert_eq!(part, what, "{from} => {to}");
        }
    }
}
