//! S2: how a specialised function begins.

use super::edge::{Way, arrive};
use super::error::{Rule, Verdict, demand};
use super::terms::{Term, Terms};
use super::{Facts, part};
use crate::certificate::Role;
use crate::request::Argument;
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::{Block, Body, Edge, Imm, Op, Terminator, Value};
use std::collections::BTreeMap;

/// The entry.
pub(super) fn entry(facts: &Facts<'_>, block: Block) -> Verdict {
    let (body, question) = (facts.body, facts.question);
    let (mine, generic) = (types(body, block), types(question.generic, question.generic.entry()));
    demand!(mine == generic, Entry, "its parameters are {mine:?}, not {generic:?}");
    let mut terms = Terms::default();
    let mut ours = BTreeMap::new();
    let params: Vec<Term> = body
        .block(block)
        .params()
        .map(|param| {
            let leaf = terms.leaf();
            ours.insert(param, leaf);
            leaf
        })
        .collect();
    for inst in body.block(block).insts() {
        let pure = body.inst(inst).op.effects().is_pure();
        demand!(pure, Entry, "{inst} has an effect");
        part::bind(facts, &mut terms, &mut ours, inst)?;
    }
    let differs = differs(facts, &mut terms, &params, &mine);
    let on = match (body.block(block).terminator, differs) {
        (Terminator::Jump(edge), None) => edge,
        (Terminator::Branch { condition, then, otherwise }, Some(differs)) => {
            let equal = ours.get(&condition) == Some(&differs);
            demand!(equal, Entry, "{condition} is not whether a constant argument is another");
            let role = facts.certificate.roles.get(then.block.as_u32() as usize);
            let is_fallback = matches!(role, Some(Role::Fallback));
            demand!(is_fallback, Entry, "other arguments lead to {}", then.block);
            let passed = arguments(body, &ours, &then);
            demand!(
                passed == params.iter().map(|&p| Some(p)).collect::<Vec<_>>(),
                Entry,
                "the generic function gets other arguments"
            );
            otherwise
        }
        (terminator, _) => {
            return Err((Rule::Entry, format!("it ends in {}", terminator.name())));
        }
    };
    begin(facts, &mut terms, &ours, &params, &on)
}

/// Whether a constant argument is another one, as a term; `None` if there is no constant argument.
fn differs(
    facts: &Facts<'_>,
    terms: &mut Terms,
    params: &[Term],
    types: &[ValType],
) -> Option<Term> {
    let mut differs: Option<Term> = None;
    for ((&param, ty), argument) in params.iter().zip(types).zip(&facts.question.request.params) {
        let &Argument::Constant(_, bits) = argument else { continue };
        let (cast, differ) = match ty {
            ValType::F32 => (Some(Opcode::I32ReinterpretF32), Opcode::I32Ne),
            ValType::F64 => (Some(Opcode::I64ReinterpretF64), Opcode::I64Ne),
            ValType::I64 => (None, Opcode::I64Ne),
            ValType::I32 | ValType::V128 | ValType::Ref(_) => (None, Opcode::I32Ne),
        };
        let wanted = terms.constant(bits);
        let found = match cast {
            Some(cast) => terms.operator(cast, Imm::None, &[param], 0),
            None => param,
        };
        let other = terms.operator(differ, Imm::None, &[found, wanted], 0);
        differs = Some(match differs {
            None => other,
            Some(before) => terms.operator(Opcode::I32Or, Imm::None, &[before, other], 0),
        });
    }
    differs
}

/// The edge to the copy of the generic entry (S7, of the first row).
fn begin(
    facts: &Facts<'_>,
    terms: &mut Terms,
    ours: &BTreeMap<Value, Term>,
    params: &[Term],
    edge: &Edge,
) -> Verdict {
    let question = facts.question;
    let row = facts.row(edge.block)?;
    let start = row.block == Some(question.generic.entry()) && row.start == 0;
    demand!(start, Targets, "{} is no copy of the entry", edge.block);
    let empty = row.regs.is_empty() && row.stack.is_empty() && row.locals.is_empty();
    demand!(empty, State, "registers or cells at the entry");
    let types = types(question.generic, question.generic.entry());
    let bases: Vec<(u32, Term)> = (0..)
        .zip(params)
        .zip(&types)
        .filter(|(_, ty)| **ty == ValType::I32)
        .map(|((number, &param), _)| (number, param))
        .collect();
    let old: Vec<Value> = question.generic.block(question.generic.entry()).params().collect();
    // What a value of the generic function is here: an argument, or a constant that was compared.
    let mut values = BTreeMap::new();
    for (number, value) in old.into_iter().enumerate() {
        let constant = match question.request.params.get(number) {
            Some(&Argument::Constant(_, bits)) => Some(terms.constant(bits)),
            _ => None,
        };
        values.insert(value, constant.unwrap_or(params[number]));
    }
    let args: Vec<Option<Term>> = arguments(facts.body, ours, edge);
    let way = Way { args: &args, bases: &bases, params: params.len() as u32 };
    arrive(terms, row, &way, |_, value| values.get(&value).copied())
}

/// The block that calls the generic function.
pub(super) fn fallback(facts: &Facts<'_>, block: Block) -> Verdict {
    let (body, question) = (facts.body, facts.question);
    let data = body.block(block);
    let (mine, generic) = (types(body, block), types(question.generic, question.generic.entry()));
    demand!(mine == generic, Entry, "{block} has parameters {mine:?}, not {generic:?}");
    let insts: Vec<_> = data.insts().collect();
    let func: FuncIdx = question.request.func;
    let renumbered = question.intrinsics.renumbered(func);
    let (&[inst], Some(func)) = (insts.as_slice(), renumbered) else {
        return Err((Rule::Entry, format!("{block} does more than to call")));
    };
    let call = body.inst(inst);
    let params: Vec<Value> = data.params().collect();
    let calls = call.op == Op::Wasm(Opcode::Call)
        && call.imm == Imm::Index(func.0)
        && body.operands(call.args) == params;
    demand!(calls, Entry, "{block} does not call the generic function with its arguments");
    let results: Vec<Value> = call.results().collect();
    let found: Vec<ValType> = results.iter().map(|&value| body.value(value).ty).collect();
    demand!(found == question.results, Entry, "{block} has results {found:?}");
    let returns = match data.terminator {
        Terminator::Return(list) => body.operands(list) == results,
        _ => false,
    };
    demand!(returns, Entry, "{block} does not return what the generic function returns");
    Ok(())
}

fn types(body: &Body, block: Block) -> Vec<ValType> {
    body.block(block).params().map(|param| body.value(param).ty).collect()
}

/// What goes along an edge; `None` for what is no value of the block.
fn arguments(body: &Body, ours: &BTreeMap<Value, Term>, edge: &Edge) -> Vec<Option<Term>> {
    let args = body.args(edge).iter();
    args.map(|arg| arg.value().and_then(|value| ours.get(&value).copied())).collect()
}
