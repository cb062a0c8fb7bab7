//! S2: how a specialised function begins.

use super::budget::row_len;
use super::edge::{Way, arrive};
use super::error::{Rule, Verdict, demand};
use super::{Facts, part};
use crate::ask::certificate::{Compared, Role};
use crate::ask::request::Argument;
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::Vn;
use prova_ssa::relate::Numbers;
use prova_ssa::relate::walk::Walk;
use prova_ssa::{Block, Body, Edge, Imm, Inst, Op, Terminator, Value};
use std::collections::BTreeMap;

/// New leaves for the parameters of a block that is no part; gives them. They must be those of the
/// generic function.
fn open(facts: &Facts<'_>, at: &mut Walk<'_>, block: Block, rule: Rule) -> Verdict<Vec<Vn>> {
    let (mine, generic) = (types(at.new, block), types(at.old, at.old.entry()));
    if mine != generic {
        return Err((rule, format!("its parameters are {mine:?}, not {generic:?}")));
    }
    facts.steps.spend(mine.len())?;
    at.enter(block, (at.old.entry(), 0));
    Ok(at.params())
}

/// Gives the results of a pure instruction their terms.
fn bind(facts: &Facts<'_>, at: &mut Walk<'_>, inst: Inst) -> Verdict {
    let data = facts.body.inst(inst);
    facts.steps.spend(1 + data.args.len() + data.results().len())?;
    at.bind(inst);
    Ok(())
}

/// The entry.
pub(super) fn entry(facts: &Facts<'_>, at: &mut Walk<'_>, block: Block) -> Verdict {
    let body = facts.body;
    let params = open(facts, at, block, Rule::Entry)?;
    let mine = types(body, block);
    let size = at.numbers.leaf();
    for inst in body.block(block).insts() {
        let data = body.inst(inst);
        if data.op == Op::Wasm(Opcode::MemorySize) && data.imm == Imm::Index(0) {
            data.result().into_iter().for_each(|result| at.news.set(result, Some(size)));
            continue;
        }
        demand!(data.op.effects().is_pure(), Entry, "{inst} has an effect");
        bind(facts, at, inst)?;
    }
    facts.steps.spend(facts.memory.conditions_len())?;
    let mut all = differs(facts, &mut at.numbers, &params, &mine);
    all.extend(facts.memory.conditions(&mut at.numbers, &params, size));
    let any = |a, b| at.numbers.operator(Opcode::I32Or, Imm::None, &[a, b]);
    let differs = all.into_iter().reduce(any);
    let on = match (body.block(block).terminator, differs) {
        (Terminator::Jump(edge), None) => edge,
        (Terminator::Branch { condition, then, otherwise }, Some(differs)) => {
            let equal = at.news.get(condition) == Some(differs);
            demand!(equal, Entry, "{condition} is not whether a constant argument is another");
            falls_back(facts, at, &params, &then)?;
            otherwise
        }
        (terminator, _) => {
            return Err((Rule::Entry, format!("it ends in {}", terminator.name())));
        }
    };
    if facts.memory.is_empty() {
        return begin(facts, at, &params, &on, false);
    }
    let role = facts.certificate.roles.get(on.block.as_u32() as usize);
    let compares = matches!(role, Some(Role::Memory(_)));
    demand!(compares, Memory, "{} does not compare constant memory", on.block);
    let passed = arguments(at, &on);
    let all: Vec<Option<Vn>> = params.iter().map(|&param| Some(param)).collect();
    demand!(passed == all, Memory, "constant memory is compared with other arguments");
    Ok(())
}

/// S10: the block that compares constant memory. (Where it is reached from is the entry's to say:
/// it is no copy, so no other edge leads to it.)
pub(super) fn memory(
    facts: &Facts<'_>,
    at: &mut Walk<'_>,
    block: Block,
    compared: &Compared,
) -> Verdict {
    let (body, question) = (facts.body, facts.question);
    let params = open(facts, at, block, Rule::Memory)?;
    let (mut words, mut all) = (compared.words.iter(), Vec::new());
    for inst in body.block(block).insts() {
        let data = body.inst(inst);
        if data.op.effects().is_pure() {
            bind(facts, at, inst)?;
            continue;
        }
        let Some(word) = words.next() else {
            return Err((Rule::Memory, format!("{inst} is no word that is named")));
        };
        facts.steps.spend(1 + body.operands(data.args).len())?;
        let args = body.operands(data.args).iter().map(|&value| at.news.get(value));
        let args: Vec<Option<Vn>> = args.collect();
        let pointer = params.get(word.arg as usize).copied();
        let same = super::memory::reads(data, *word) && args == [pointer];
        demand!(same, Memory, "{inst} does not read {} bytes at {}", word.bytes, word.offset);
        let found = at.numbers.leaf();
        data.result().into_iter().for_each(|result| at.news.set(result, Some(found)));
        all.push((found, word.bits(question.request)));
    }
    demand!(words.next().is_none(), Memory, "a word that is named is not read");
    let Some(differs) = super::memory::any_differs(&mut at.numbers, &all) else {
        return Err((Rule::Memory, format!("{block} compares nothing")));
    };
    let Terminator::Branch { condition, then, otherwise } = body.block(block).terminator else {
        return Err((Rule::Memory, format!("{block} does not branch")));
    };
    let equal = at.news.get(condition) == Some(differs);
    demand!(equal, Memory, "{condition} is not whether a word is another");
    falls_back(facts, at, &params, &then)?;
    begin(facts, at, &params, &otherwise, true)
}

/// An edge to the fallback, with the function's own arguments.
fn falls_back(facts: &Facts<'_>, at: &Walk<'_>, params: &[Vn], then: &Edge) -> Verdict {
    let role = facts.certificate.roles.get(then.block.as_u32() as usize);
    let is_fallback = matches!(role, Some(Role::Fallback));
    demand!(is_fallback, Entry, "other arguments lead to {}", then.block);
    let passed = arguments(at, then);
    let all: Vec<Option<Vn>> = params.iter().map(|&param| Some(param)).collect();
    demand!(passed == all, Entry, "the generic function gets other arguments");
    Ok(())
}

/// Whether each constant argument is another one, as terms.
fn differs(facts: &Facts<'_>, terms: &mut Numbers, params: &[Vn], types: &[ValType]) -> Vec<Vn> {
    let mut all = Vec::new();
    for ((&param, &ty), argument) in params.iter().zip(types).zip(&facts.question.request.params) {
        if let &Argument::Constant(_, bits) = argument {
            all.push(super::memory::differs_from(terms, ty, param, bits));
        }
    }
    all
}

/// The edge to the copy of the generic entry (S7, of the first row).
fn begin(facts: &Facts<'_>, at: &mut Walk<'_>, params: &[Vn], edge: &Edge, fresh: bool) -> Verdict {
    let question = facts.question;
    let row = facts.row(edge.block)?;
    demand!(
        (fresh || !row.fresh) && row.known.is_empty(),
        Memory,
        "constant memory is not compared"
    );
    let start = row.block == Some(question.generic.entry()) && row.start == 0;
    demand!(start, Targets, "{} is no copy of the entry", edge.block);
    let empty = row.regs.is_empty() && row.stack.is_empty() && row.locals.is_empty();
    demand!(empty, State, "registers or cells at the entry");
    let types = types(question.generic, question.generic.entry());
    let bases: Vec<(u32, Vn)> = (0..)
        .zip(params)
        .zip(&types)
        .filter(|(_, ty)| **ty == ValType::I32)
        .map(|((number, &param), _)| (number, param))
        .collect();
    let old: Vec<Value> = question.generic.block(question.generic.entry()).params().collect();
    // The terms of the generic function's parameters here: arguments, or constants that were
    // compared.
    let mut values = BTreeMap::new();
    for (number, value) in old.into_iter().enumerate() {
        let constant = match question.request.params.get(number) {
            Some(&Argument::Constant(_, bits)) => Some(at.numbers.constant(bits)),
            _ => None,
        };
        values.insert(value, constant.unwrap_or(params[number]));
    }
    let args: Vec<Option<Vn>> = arguments(at, edge);
    facts.steps.spend(row_len(row))?;
    let way = Way { args: &args, bases: &bases, params: params.len() as u32 };
    arrive(&mut at.numbers, row, &way, |value| values.get(&value).copied())
}

/// The block that calls the generic function.
pub(super) fn fallback(facts: &Facts<'_>, block: Block) -> Verdict {
    let (body, question) = (facts.body, facts.question);
    let data = body.block(block);
    facts.steps.spend(2 * part::params_of(facts) as usize + data.insts().len())?;
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

/// The arguments of an edge; `None` for one that is no value of the block.
fn arguments(at: &Walk<'_>, edge: &Edge) -> Vec<Option<Vn>> {
    let args = at.new.args(edge).iter();
    args.map(|arg| arg.value().and_then(|value| at.news.get(value))).collect()
}
