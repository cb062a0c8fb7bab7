//! A function's body → the pieces that can be taken out of it: statements, from the outer to the
//! inner.
//!
//! A *statement* is a stretch of operators at one depth of blocks, at whose start and end the
//! operand stack is as high as its block began; so without it the body is still valid, unless it
//! was unreachable code or a value is missed by type. The caller validates.
//!
//! 1. Statements of one depth do not overlap; one of depth d + 1 lies within one of depth d.

use anyhow::{Result, anyhow};
use prova_module::Module;
use prova_module::ops::{Flow, Immediate, Opcode};
use std::ops::Range;
use wasmparser::{
    FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator, WasmFeatures,
};

/// The operators of a body and its statements.
pub(super) struct Units {
    /// The bytes before the first operator: the locals.
    pub(super) locals: Vec<u8>,
    /// Each operator's bytes.
    pub(super) operators: Vec<Vec<u8>>,
    /// Each operator's name without its immediates.
    pub(super) names: Vec<String>,
    /// The function that an operator names, by index.
    pub(super) funcs: Vec<Option<u32>>,
    /// Statements as ranges of operators, by depth.
    pub(super) statements: Vec<Vec<Range<usize>>>,
}

impl Units {
    /// Of a defined function.
    pub(super) fn read(module: &Module, func: u32) -> Result<Units> {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        for payload in Parser::new(0).parse_all(module.bytes()) {
            if let ValidPayload::Func(to_validate, body) = validator.payload(&payload?)?
                && to_validate.index == func
            {
                let mut checked = to_validate.into_validator(FuncValidatorAllocations::default());
                return units(&body, &mut checked);
            }
        }
        Err(anyhow!("function {func} has no body"))
    }

    /// The body's bytes without some operators.
    pub(super) fn without(&self, left_out: &[bool]) -> Vec<u8> {
        let kept = self.operators.iter().zip(left_out).filter(|(_, out)| !**out);
        let mut bytes = self.locals.clone();
        kept.for_each(|(operator, _)| bytes.extend(operator));
        bytes
    }
}

fn units<T: wasmparser::WasmModuleResources>(
    body: &FunctionBody<'_>,
    checked: &mut wasmparser::FuncValidator<T>,
) -> Result<Units> {
    let start = body.range().start;
    let mut reader = body.get_binary_reader();
    checked.read_locals(&mut reader)?;
    let mut reader = body.get_operators_reader()?;
    let first = reader.original_position();
    let mut ends = Vec::new();
    let mut units = Units {
        locals: body.as_bytes()[..(first - start) as usize].to_vec(),
        operators: Vec::new(),
        names: Vec::new(),
        funcs: Vec::new(),
        statements: Vec::new(),
    };
    // For each open block: where the statement under way began.
    let mut open = vec![0];
    while !reader.eof() {
        let (operator, offset) = reader.read_with_offset()?;
        checked.op(offset, &operator)?;
        let at = ends.len();
        ends.push((reader.original_position() - start) as usize);
        units.names.push(Opcode::of(&operator).mnemonic().to_owned());
        units.funcs.push(Opcode::immediates(&operator).index(Immediate::func));
        match Opcode::of(&operator).class().flow() {
            Flow::Open(_) => {
                open.push(at + 1);
                continue;
            }
            Flow::Else => {
                set_last(&mut open, at + 1);
                continue;
            }
            Flow::End => {
                open.pop();
            }
            Flow::Next | Flow::Call | Flow::Fork | Flow::Stop => {}
        }
        let (Some(begun), Some(frame)) = (open.last().copied(), checked.get_control_frame(0))
        else {
            continue;
        };
        if checked.operand_stack_height() as usize == frame.height {
            let depth = open.len() - 1;
            while units.statements.len() <= depth {
                units.statements.push(Vec::new());
            }
            units.statements[depth].push(begun..at + 1);
            set_last(&mut open, at + 1);
        }
    }
    let mut from = (first - start) as usize;
    for end in ends {
        units.operators.push(body.as_bytes()[from..end].to_vec());
        from = end;
    }
    Ok(units)
}

fn set_last(open: &mut [usize], at: usize) {
    if let Some(last) = open.last_mut() {
        *last = at;
    }
}
