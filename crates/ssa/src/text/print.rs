//! A body → its text.

use super::types::{Heap, Type};
use crate::body::{Access, BlockData, Body, Def, Imm, Op, Origin, Place};
use crate::entity::{Inst, Value};
use crate::terminator::{Call, Clause, Edge, Terminator};
use prova_module::ops::Immediate;
use prova_module::{Opcode, ValType};
use std::fmt::{self, Write};

/// The text of a body.
pub fn print(body: &Body) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_body(&mut text, body);
    text
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}

fn write_body(f: &mut String, body: &Body) -> fmt::Result {
    write!(f, "ssa {}", body.func())?;
    f.push_str(if body.metering().fuel { " fuel" } else { "" });
    f.push_str(if body.metering().epoch { " epoch" } else { "" });
    f.push('\n');
    for (block, data) in body.blocks() {
        write!(f, "{block} ")?;
        write_head(f, body, data)?;
        for inst in data.insts() {
            write_inst(f, body, inst)?;
        }
        write_terminator(f, body, &data.terminator)?;
        writeln!(f, " @{:#x}", data.end)?;
    }
    Ok(())
}

fn write_head(f: &mut String, body: &Body, data: &BlockData) -> fmt::Result {
    match data.origin {
        Origin::None => f.push_str("none"),
        Origin::Entry => f.push_str("entry"),
        Origin::Label(index) => write!(f, "label{index}")?,
        Origin::Then(index) => write!(f, "then{index}")?,
        Origin::Else(index) => write!(f, "else{index}")?,
        Origin::After => f.push_str("after"),
        Origin::Handler(index) => write!(f, "handler{index}")?,
    }
    write!(f, " @{:#x} (", data.offset)?;
    let mut before = "";
    for param in data.params() {
        let value = body.value(param);
        write!(f, "{before}{param}: {}", Type(value.ty))?;
        match value.def {
            Def::Param(.., Place::Local(local)) => write!(f, " local{local}")?,
            Def::Param(.., Place::Stack(position)) => write!(f, " stack{position}")?,
            Def::Param(.., Place::None) | Def::Result(..) => {}
        }
        before = ", ";
    }
    f.push_str(")\n");
    Ok(())
}

fn write_inst(f: &mut String, body: &Body, inst: Inst) -> fmt::Result {
    let data = body.inst(inst);
    f.push_str("  ");
    let mut before = "";
    for result in data.results() {
        write!(f, "{before}{result}: {}", Type(body.value(result).ty))?;
        before = ", ";
    }
    f.push_str(if before.is_empty() { "" } else { " = " });
    f.push_str(match data.op {
        Op::Wasm(opcode) => name(opcode),
        Op::Charge | Op::Poll => data.op.mnemonic(),
    });
    let immediates = match data.op {
        Op::Wasm(opcode) => opcode.row().immediates,
        Op::Charge | Op::Poll => &[],
    };
    write_imm(f, immediates, &data.imm)?;
    write_values(f, body.operands(data.args))?;
    writeln!(f, " @{:#x}", data.offset)
}

/// The name of an operator in the text: its mnemonic, where that is not another one's too.
pub(super) fn name(opcode: Opcode) -> &'static str {
    if opcode == Opcode::RefTestNullable {
        "ref.test_null"
    } else if opcode == Opcode::RefCastNullable {
        "ref.cast_null"
    } else {
        opcode.mnemonic()
    }
}

/// The name of an index in the text.
pub(super) fn index_name(kind: Immediate) -> &'static str {
    match kind {
        Immediate::global => "global",
        Immediate::func => "func",
        Immediate::type_ => "type",
        Immediate::table => "table",
        Immediate::mem => "memory",
        Immediate::elem => "elem",
        Immediate::data => "data",
        Immediate::tag => "tag",
        Immediate::i32
        | Immediate::i64
        | Immediate::f32
        | Immediate::f64
        | Immediate::v128
        | Immediate::local
        | Immediate::field
        | Immediate::size
        | Immediate::label
        | Immediate::labels
        | Immediate::block
        | Immediate::try_table
        | Immediate::memarg
        | Immediate::lane2
        | Immediate::lane4
        | Immediate::lane8
        | Immediate::lane16
        | Immediate::lanes
        | Immediate::val
        | Immediate::vals
        | Immediate::heap
        | Immediate::ref_type
        | Immediate::ordering
        | Immediate::resume => "index",
    }
}

fn write_imm(f: &mut String, immediates: &[Immediate], imm: &Imm) -> fmt::Result {
    let name = |at: usize| immediates.get(at).map_or("index", |&kind| index_name(kind));
    match *imm {
        Imm::None => Ok(()),
        Imm::Bits(bits) => write!(f, " bits={bits:#x}"),
        Imm::Wide([low, high]) => write!(f, " low={low:#x} high={high:#x}"),
        Imm::Index(index) => write!(f, " {}={index}", name(0)),
        Imm::Indices(first, second) => write!(f, " {}={first} {}={second}", name(0), name(1)),
        Imm::Access(Access { offset, memory, align_log2, lane }) => {
            write!(f, " memory={memory} offset={offset} align={align_log2} lane={lane}")
        }
        Imm::Lane(lane) => write!(f, " lane={lane}"),
        Imm::Type(ty) => write!(f, " of={}", Type(ty)),
        Imm::Heap(heap) => write!(f, " heap={}", Heap(heap)),
    }
}

fn write_values(f: &mut String, values: &[Value]) -> fmt::Result {
    values.iter().try_for_each(|value| write!(f, " {value}"))
}

fn write_edge(f: &mut String, body: &Body, edge: &Edge) -> fmt::Result {
    write!(f, " {}(", edge.block)?;
    let mut before = "";
    for arg in body.args(edge) {
        write!(f, "{before}{arg}")?;
        before = ", ";
    }
    f.push(')');
    Ok(())
}

fn write_call(f: &mut String, body: &Body, call: &Call) -> fmt::Result {
    write_operator(f, call.opcode, &call.imm)?;
    write_values(f, body.operands(call.args))
}

fn write_operator(f: &mut String, opcode: Opcode, imm: &Imm) -> fmt::Result {
    write!(f, " {}", name(opcode))?;
    write_imm(f, opcode.row().immediates, imm)
}

fn write_terminator(f: &mut String, body: &Body, terminator: &Terminator) -> fmt::Result {
    write!(f, "  {}", terminator.name())?;
    match terminator {
        Terminator::Jump(edge) => write_edge(f, body, edge),
        Terminator::Branch { condition, then, otherwise } => {
            write!(f, " {condition}")?;
            write_edge(f, body, then)?;
            write_edge(f, body, otherwise)
        }
        Terminator::Table { index, edges, targets } => {
            write!(f, " {index}")?;
            body.edges(*edges).iter().try_for_each(|edge| write_edge(f, body, edge))?;
            f.push_str(" [");
            let mut before = "";
            for target in body.targets(*targets) {
                write!(f, "{before}{target}")?;
                before = " ";
            }
            f.push(']');
            Ok(())
        }
        Terminator::Null { reference, null, non_null } => {
            write!(f, " {reference}")?;
            write_edge(f, body, null)?;
            write_edge(f, body, non_null)
        }
        Terminator::Cast { reference, ty, fits, otherwise } => {
            write!(f, " {reference} {}", Type(ValType::Ref(*ty)))?;
            write_edge(f, body, fits)?;
            write_edge(f, body, otherwise)
        }
        Terminator::Invoke { call, normal, handler } => {
            write_call(f, body, call)?;
            write_edge(f, body, normal)?;
            write_edge(f, body, handler)
        }
        Terminator::Throw { opcode, imm, args, handler } => {
            write_operator(f, *opcode, imm)?;
            write_values(f, body.operands(*args))?;
            handler.iter().try_for_each(|edge| write_edge(f, body, edge))
        }
        Terminator::Catch { clauses, outer } => {
            for Clause { tag, with_ref, edge } in body.clauses(*clauses) {
                match tag {
                    Some(tag) => write!(f, " {tag}")?,
                    None => f.push_str(" all"),
                }
                f.push_str(if *with_ref { " ref" } else { "" });
                write_edge(f, body, edge)?;
            }
            outer.iter().try_for_each(|edge| {
                f.push_str(" outer");
                write_edge(f, body, edge)
            })
        }
        Terminator::Return(values) => write_values(f, body.operands(*values)),
        Terminator::TailCall(call) => write_call(f, body, call),
        Terminator::Unreachable => Ok(()),
    }
}
