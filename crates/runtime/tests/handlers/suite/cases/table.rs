//! Tables and element segments: two tables with 32-bit indices and one with 64-bit ones.

use super::{get, set};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const TABLES: &str = "(func $zero) (func $one) (func $two)
  (table $t 4 9 funcref) (table $u 6 12 funcref) (table $o i64 5 10 funcref)
  (elem (table $t) (i32.const 0) func $zero $one $two) (elem (table $u) (i32.const 2) func $two $zero)
  (elem (table $o) (i64.const 1) func $one) (elem $passive func $two $one $zero) (elem $gone func $one)";

/// Tables with the type of their indices.
const EACH: [(&str, Ty); 3] = [("$t", Ty::I32), ("$u", Ty::I32), ("$o", Ty::I64)];

/// Indices and lengths: inside, at the end, beyond, and so that sums wrap.
fn indices(ty: Ty) -> Feed {
    let mut list: Vec<u128> = (0..8).collect();
    list.extend([9, 10, 12, 13, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]);
    if ty == Ty::I64 {
        list.extend([0x1_0000_0000, 0x1_0000_0001, (1 << 63), u64::MAX.into()]);
    }
    Feed::Only(list)
}

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let name = op.mnemonic();
    let funcs = || Feed::List(edges(Ty::Func));
    let mut forms = Vec::new();
    for (table, index) in EACH {
        let mut form = Form::new();
        let mut source = |ty: Ty| {
            let feed = if ty == Ty::Func { funcs() } else { indices(ty) };
            form.source(ty, feed)
        };
        let (sources, result, operands): (Vec<String>, Option<Ty>, String) = match name {
            "table.get" => (vec![source(index)], Some(Ty::Func), table.to_owned()),
            "table.set" => (vec![source(index), source(Ty::Func)], None, table.to_owned()),
            "table.size" => (Vec::new(), Some(index), table.to_owned()),
            "table.grow" => (vec![source(Ty::Func), source(index)], Some(index), table.to_owned()),
            "table.fill" => {
                (vec![source(index), source(Ty::Func), source(index)], None, table.to_owned())
            }
            "table.copy" => {
                (vec![source(index), source(Ty::I32), source(Ty::I32)], None, format!("{table} $u"))
            }
            "table.init" | "elem.drop" => {
                let sources = vec![source(index), source(Ty::I32), source(Ty::I32)];
                (sources, None, format!("{table} $passive"))
            }
            _ => return Vec::new(),
        };
        let dest: Vec<String> = result.map(|ty| form.dest(ty)).into_iter().collect();
        let body = if name == "elem.drop" {
            format!("elem.drop $gone {} table.init {table} $gone", get(&sources))
        } else {
            format!("{} {name} {operands}{}", get(&sources), set(&dest))
        };
        forms.push(form.with_body(body));
    }
    if name == "table.copy" {
        let mut form = Form::new();
        let names: Vec<String> = (0..3).map(|_| form.source(Ty::I64, indices(Ty::I64))).collect();
        forms.push(form.with_body(format!("{} table.copy $o $o", get(&names))));
    }
    vec![Unit::new(TABLES, forms)]
}
