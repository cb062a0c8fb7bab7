//! The text of a body → the body.

use super::lex::{Token, Tokens};
use super::print::{index_name, name};
use super::types::{heap_type, number_type, ref_type};
use crate::assemble::Assembler;
use crate::body::{Access, Body, Imm, Metering, Op, Origin, Place};
use crate::entity::{Block, Value};
use crate::terminator::{Arg, Call, Clause, Edge, Terminator};
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode, TagIdx, ValType};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

/// Why a text is none of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The expected text.
    pub wanted: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} should stand here", self.line, self.wanted)
    }
}

impl std::error::Error for ParseError {}

/// A parsed part, or the text expected in its place.
type Parsed<T> = Result<T, &'static str>;

/// Reads a body from the text that [`print`](crate::print) writes.
///
/// # Errors
/// The first line that is not of this form.
pub fn parse(text: &str) -> Result<Body, ParseError> {
    let mut lines = (1..).zip(text.lines());
    let at = |line| move |wanted| ParseError { line, wanted };
    let (line, head) = lines.next().unwrap_or((1, ""));
    let (func, metering) = head_of(&mut Tokens::new(head)).map_err(at(line))?;
    let mut parser = Parser { out: Assembler::new(func, metering), values: Vec::new() };
    let mut last = line;
    for (line, text) in lines {
        last = line;
        let mut tokens = Tokens::new(text);
        parser.line(&mut tokens).map_err(at(line))?;
        end(&mut tokens).map_err(at(line))?;
    }
    if parser.out.is_open() {
        return Err(at(last)("a terminator"));
    }
    Ok(parser.out.finish())
}

fn head_of(tokens: &mut Tokens<'_>) -> Parsed<(FuncIdx, Metering)> {
    if !tokens.take_word("ssa") {
        return Err("`ssa`");
    }
    let func = tokens.take_numbered("func").ok_or("a function")?;
    let fuel = tokens.take_word("fuel");
    let epoch = tokens.take_word("epoch");
    end(tokens)?;
    Ok((FuncIdx(func), Metering { fuel, epoch }))
}

fn end(tokens: &mut Tokens<'_>) -> Parsed<()> {
    if tokens.peek().is_none() { Ok(()) } else { Err("the end of the line") }
}

fn sign(tokens: &mut Tokens<'_>, sign: char, wanted: &'static str) -> Parsed<()> {
    if tokens.take(sign) { Ok(()) } else { Err(wanted) }
}

/// A number as it is printed: decimal, or hexadecimal behind `0x`.
fn number(tokens: &mut Tokens<'_>) -> Parsed<u64> {
    let Some(Token::Word(word)) = tokens.next() else { return Err("a number") };
    let number = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    number.map_err(|_| "a number")
}

fn number32(tokens: &mut Tokens<'_>) -> Parsed<u32> {
    u32::try_from(number(tokens)?).map_err(|_| "a number of 32 bits")
}

fn number8(tokens: &mut Tokens<'_>) -> Parsed<u8> {
    u8::try_from(number(tokens)?).map_err(|_| "a number of 8 bits")
}

fn offset(tokens: &mut Tokens<'_>) -> Parsed<u32> {
    sign(tokens, '@', "an offset")?;
    number32(tokens)
}

fn value_type(tokens: &mut Tokens<'_>) -> Parsed<ValType> {
    let wanted = "a type";
    if !tokens.take('(') {
        let Some(Token::Word(name)) = tokens.next() else { return Err(wanted) };
        return number_type(name).ok_or(wanted);
    }
    if !tokens.take_word("ref") {
        return Err(wanted);
    }
    let nullable = tokens.take_word("null");
    let Some(Token::Word(name)) = tokens.next() else { return Err(wanted) };
    let ty = heap_type(name).and_then(|heap| ref_type(nullable, heap)).ok_or(wanted)?;
    sign(tokens, ')', "`)`")?;
    Ok(ty)
}

/// `name=`
fn key(tokens: &mut Tokens<'_>, name: &'static str) -> Parsed<()> {
    if !tokens.take_word(name) {
        return Err(name);
    }
    sign(tokens, '=', "`=`")
}

/// The operators that stand in texts, by their mnemonics.
fn opcodes() -> &'static HashMap<&'static str, Opcode> {
    static OPCODES: OnceLock<HashMap<&'static str, Opcode>> = OnceLock::new();
    OPCODES.get_or_init(|| {
        let all = Opcode::ALL.iter().filter(|opcode| opcode.class() != Class::refused);
        all.rev().map(|&opcode| (name(opcode), opcode)).collect()
    })
}

fn opcode(tokens: &mut Tokens<'_>) -> Parsed<Opcode> {
    let Some(Token::Word(word)) = tokens.next() else { return Err("an operator") };
    let opcode = *opcodes().get(word).ok_or("an operator")?;
    // Both kinds of `select` have one mnemonic.
    let typed = opcode == Opcode::Select && tokens.peek() == Some(Token::Word("of"));
    Ok(if typed { Opcode::TypedSelect } else { opcode })
}

/// The immediates of an operator, in the shape that its row says.
fn immediates(tokens: &mut Tokens<'_>, kinds: &[Immediate]) -> Parsed<Imm> {
    use Immediate as I;
    let index = |tokens: &mut Tokens<'_>, kind| {
        key(tokens, index_name(kind))?;
        number32(tokens)
    };
    Ok(match *kinds {
        [] | [I::ordering] => Imm::None,
        [I::i32 | I::i64 | I::f32 | I::f64] => {
            key(tokens, "bits")?;
            Imm::Bits(number(tokens)?)
        }
        [I::v128 | I::lanes] => {
            key(tokens, "low")?;
            let low = number(tokens)?;
            key(tokens, "high")?;
            Imm::Wide([low, number(tokens)?])
        }
        [I::memarg] | [I::memarg, _] => Imm::Access(access(tokens)?),
        [I::lane2 | I::lane4 | I::lane8 | I::lane16] => {
            key(tokens, "lane")?;
            Imm::Lane(number8(tokens)?)
        }
        [I::val] => {
            key(tokens, "of")?;
            Imm::Type(value_type(tokens)?)
        }
        [I::heap] => {
            key(tokens, "heap")?;
            let Some(Token::Word(name)) = tokens.next() else { return Err("a heap type") };
            Imm::Heap(heap_type(name).ok_or("a heap type")?)
        }
        [kind] => Imm::Index(index(tokens, kind)?),
        [first, second] => Imm::Indices(index(tokens, first)?, index(tokens, second)?),
        _ => return Err("an operator without labels"),
    })
}

fn access(tokens: &mut Tokens<'_>) -> Parsed<Access> {
    key(tokens, "memory")?;
    let memory = number32(tokens)?;
    key(tokens, "offset")?;
    let offset = number(tokens)?;
    key(tokens, "align")?;
    let align_log2 = number8(tokens)?;
    key(tokens, "lane")?;
    Ok(Access { offset, memory, align_log2, lane: number8(tokens)? })
}

fn value(tokens: &mut Tokens<'_>) -> Parsed<Value> {
    tokens.take_numbered("v").map(Value::from_u32).ok_or("a value")
}

fn tag(tokens: &mut Tokens<'_>) -> Option<TagIdx> {
    tokens.take_numbered("tag").map(TagIdx)
}

/// The words that begin a terminator.
const TERMINATORS: [&str; 11] = [
    "jump",
    "branch",
    "table",
    "null",
    "cast",
    "invoke",
    "throw",
    "catch",
    "return",
    "tail",
    "unreachable",
];

struct Parser {
    out: Assembler,
    /// The operands of a line.
    values: Vec<Value>,
}

impl Parser {
    fn line(&mut self, tokens: &mut Tokens<'_>) -> Parsed<()> {
        if let Some(number) = tokens.take_numbered("block") {
            return self.head(tokens, number);
        }
        if !self.out.is_open() {
            return Err("the head of a block");
        }
        if let Some(terminator) = self.terminator(tokens)? {
            let offset = offset(tokens)?;
            self.out.end(terminator, offset);
            return Ok(());
        }
        self.inst(tokens)
    }

    fn head(&mut self, tokens: &mut Tokens<'_>, number: u32) -> Parsed<()> {
        if self.out.is_open() {
            return Err("a terminator");
        }
        if number as usize != self.out.body().block_count() {
            return Err("the next number of a block");
        }
        let origin = origin(tokens)?;
        let offset = offset(tokens)?;
        self.out.block(origin, offset);
        sign(tokens, '(', "`(`")?;
        let mut first = true;
        while !tokens.take(')') {
            if !std::mem::take(&mut first) {
                sign(tokens, ',', "`,` or `)`")?;
            }
            let value = value(tokens)?;
            self.next_value(value, 0)?;
            sign(tokens, ':', "`:`")?;
            let ty = value_type(tokens)?;
            let local = tokens.take_numbered("local").map(Place::Local);
            let place = local.or_else(|| tokens.take_numbered("stack").map(Place::Stack));
            self.out.param(ty, place.unwrap_or_default());
        }
        Ok(())
    }

    /// Values are numbered in the order of the text.
    fn next_value(&self, value: Value, more: usize) -> Parsed<()> {
        let next = self.out.body().value_count() + more;
        if value.as_u32() as usize == next { Ok(()) } else { Err("the next number of a value") }
    }

    fn inst(&mut self, tokens: &mut Tokens<'_>) -> Parsed<()> {
        let mut types = Vec::new();
        while let Some(number) = tokens.take_numbered("v") {
            self.next_value(Value::from_u32(number), types.len())?;
            sign(tokens, ':', "`:`")?;
            types.push(value_type(tokens)?);
            if !tokens.take(',') {
                break;
            }
        }
        if !types.is_empty() {
            sign(tokens, '=', "`=`")?;
        }
        let (op, imm) = if tokens.take_word("charge") {
            key(tokens, "bits")?;
            (Op::Charge, Imm::Bits(number(tokens)?))
        } else if tokens.take_word("poll") {
            (Op::Poll, Imm::None)
        } else {
            let opcode = opcode(tokens)?;
            (Op::Wasm(opcode), immediates(tokens, opcode.row().immediates)?)
        };
        self.values(tokens)?;
        let offset = offset(tokens)?;
        self.out.inst(op, imm, &self.values, types, offset);
        Ok(())
    }

    /// Reads operands to `values`.
    fn values(&mut self, tokens: &mut Tokens<'_>) -> Parsed<()> {
        self.values.clear();
        while matches!(tokens.peek(), Some(Token::Word(word)) if word.starts_with('v')) {
            self.values.push(value(tokens)?);
        }
        Ok(())
    }

    fn edge(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Edge> {
        let block = tokens.take_numbered("block").ok_or("an edge")?;
        sign(tokens, '(', "`(`")?;
        let mut args = Vec::new();
        while !tokens.take(')') {
            if !args.is_empty() {
                sign(tokens, ',', "`,` or `)`")?;
            }
            args.push(match tokens.take_numbered("p") {
                Some(number) => Arg::payload(number),
                None => value(tokens)?.into(),
            });
        }
        Ok(self.out.edge(Block::from_u32(block), &args))
    }

    /// An edge, if one stands here.
    fn edge_or_none(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Option<Edge>> {
        match tokens.peek() {
            Some(Token::Word(word)) if word.starts_with("block") => self.edge(tokens).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    fn call(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Call> {
        let opcode = opcode(tokens)?;
        let imm = immediates(tokens, opcode.row().immediates)?;
        self.values(tokens)?;
        Ok(Call { opcode, imm, args: self.out.operands(&self.values) })
    }

    /// A terminator, if the line is one.
    fn terminator(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Option<Terminator>> {
        let Some(Token::Word(word)) = tokens.peek() else { return Err("an instruction") };
        if !TERMINATORS.contains(&word) {
            return Ok(None);
        }
        tokens.next();
        Ok(Some(match word {
            "jump" => Terminator::Jump(self.edge(tokens)?),
            "branch" => {
                let condition = value(tokens)?;
                let (then, otherwise) = (self.edge(tokens)?, self.edge(tokens)?);
                Terminator::Branch { condition, then, otherwise }
            }
            "table" => self.table(tokens)?,
            "null" => {
                let reference = value(tokens)?;
                let (null, non_null) = (self.edge(tokens)?, self.edge(tokens)?);
                Terminator::Null { reference, null, non_null }
            }
            "cast" => {
                let (reference, ValType::Ref(ty)) = (value(tokens)?, value_type(tokens)?) else {
                    return Err("a reference type");
                };
                let (fits, otherwise) = (self.edge(tokens)?, self.edge(tokens)?);
                Terminator::Cast { reference, ty, fits, otherwise }
            }
            "invoke" => {
                let call = self.call(tokens)?;
                let (normal, handler) = (self.edge(tokens)?, self.edge(tokens)?);
                Terminator::Invoke { call, normal, handler }
            }
            "throw" => {
                let Call { opcode, imm, args } = self.call(tokens)?;
                let handler = self.edge_or_none(tokens)?;
                Terminator::Throw { opcode, imm, args, handler }
            }
            "catch" => self.catch(tokens)?,
            "return" => {
                self.values(tokens)?;
                Terminator::Return(self.out.operands(&self.values))
            }
            "tail" => Terminator::TailCall(self.call(tokens)?),
            "unreachable" => Terminator::Unreachable,
            _ => return Err("a terminator"),
        }))
    }

    fn table(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Terminator> {
        let index = value(tokens)?;
        let (mut edges, mut targets) = (Vec::new(), Vec::new());
        while let Some(edge) = self.edge_or_none(tokens)? {
            edges.push(edge);
        }
        sign(tokens, '[', "`[`")?;
        while !tokens.take(']') {
            targets.push(number32(tokens)?);
        }
        let (edges, targets) = (self.out.edges(&edges), self.out.targets(&targets));
        Ok(Terminator::Table { index, edges, targets })
    }

    fn catch(&mut self, tokens: &mut Tokens<'_>) -> Parsed<Terminator> {
        let mut clauses = Vec::new();
        let outer = loop {
            if tokens.take_word("outer") {
                break Some(self.edge(tokens)?);
            }
            let tag = tag(tokens);
            if tag.is_none() && !tokens.take_word("all") {
                break None;
            }
            let with_ref = tokens.take_word("ref");
            clauses.push(Clause { tag, with_ref, edge: self.edge(tokens)? });
        };
        Ok(Terminator::Catch { clauses: self.out.clauses(&clauses), outer })
    }
}

fn origin(tokens: &mut Tokens<'_>) -> Parsed<Origin> {
    for (name, origin) in
        [("none", Origin::None), ("entry", Origin::Entry), ("after", Origin::After)]
    {
        if tokens.take_word(name) {
            return Ok(origin);
        }
    }
    let label = tokens.take_numbered("label").map(Origin::Label);
    let then = label.or_else(|| tokens.take_numbered("then").map(Origin::Then));
    let else_ = then.or_else(|| tokens.take_numbered("else").map(Origin::Else));
    let handler = else_.or_else(|| tokens.take_numbered("handler").map(Origin::Handler));
    handler.ok_or("what the block is")
}
