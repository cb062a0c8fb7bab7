//! The structured walk with types for values, held against the validator's operand stack, and
//! bodies that do not fit their surroundings.
//!
//! A green run does not show that a domain may rely on more than types, heights and reachability:
//! the order of calls is tested on one body by hand.

use arbtest::arbitrary::Unstructured;
use prova_module::ops::{Class, Kind};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, Stop, Surroundings, Walk, walk};
use prova_module::{
    BlockKind, Catch, Features, FuncBody, FuncType, HeapType, Limits, Module, RefType, TableType,
    ValType,
};
use std::collections::HashMap;
use wasm_smith::{Config, Module as Generated};
use wasmparser::{FuncValidatorAllocations, ValidPayload, Validator, WasmFeatures};

/// The validator's operand stack before each operator of a body, where it is reachable for the
/// validator.
type Stacks = HashMap<u32, Vec<ValType>>;

/// The stacks of all bodies, by offset.
fn stacks(bytes: &[u8]) -> Stacks {
    let mut stacks = Stacks::new();
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        let payload = payload.expect("the module is valid");
        let payload = validator.payload(&payload).expect("the module is valid");
        let ValidPayload::Func(func, body) = payload else { continue };
        let mut func = func.into_validator(FuncValidatorAllocations::default());
        let mut reader = body.get_binary_reader();
        func.read_locals(&mut reader).expect("locals are valid");
        while !reader.eof() {
            let offset = reader.original_position();
            let frame = func.get_control_frame(0).expect("a body is open");
            let height = func.operand_stack_height() as usize;
            let types = (0..height).rev().map(|depth| func.get_operand_type(depth).flatten());
            if let (false, Some(types)) = (frame.unreachable, types.collect::<Option<Vec<_>>>()) {
                stacks.insert(offset as u32, types);
            }
            let operator = reader.visit_operator(&mut func.visitor(offset));
            operator.expect("it decodes").expect("it is valid");
        }
    }
    stacks
}

/// A type as both sides have it: references to defined types are told apart by their nullability
/// alone.
fn plain(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) if ty.is_concrete_type_ref() => {
            let heap = HeapType::FUNC;
            ValType::Ref(RefType::new(ty.is_nullable(), heap).expect("an abstract type fits"))
        }
        ty => ty,
    }
}

/// Types for values.
struct Types<'m> {
    body: FuncBody<'m>,
    stacks: &'m Stacks,
    seen: u64,
}

impl Types<'_> {
    /// The top of the stack before an operator has these types by the validator, too.
    fn top(&self, offset: u32, values: &[ValType]) {
        let stack = self.stacks.get(&offset).expect("reachable for the validator too");
        let top = &stack[stack.len() - values.len()..];
        let plains = |types: &[ValType]| types.iter().copied().map(plain).collect::<Vec<_>>();
        assert_eq!(plains(values), plains(top), "at {offset:#x}");
    }

    fn all(&self, offset: u32, below: &[ValType], values: &[ValType], popped: usize) {
        let stack = &self.stacks[&offset];
        assert_eq!(below.len() + values.len() + popped, stack.len(), "the height at {offset:#x}");
        let all: Vec<ValType> = below.iter().chain(values).copied().map(plain).collect();
        let theirs: Vec<ValType> = stack[..all.len()].iter().copied().map(plain).collect();
        assert_eq!(all, theirs, "at {offset:#x}");
    }
}

impl<'m> Domain<'m> for Types<'m> {
    type Value = ValType;
    /// Edges to the label.
    type Label = u32;
    type Error = String;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[ValType],
        results: &mut Vec<ValType>,
    ) -> Result<(), String> {
        self.seen += 1;
        self.top(site.offset, args);
        for &kind in site.row.results {
            if kind == Kind::results {
                results.extend(&site.callee.expect("a call has a callee").results);
                continue;
            }
            let of_operand = || match (kind, args) {
                // A `select` with a type has that one, which may be wider.
                (Kind::same, [a, ..]) => match site.operator {
                    prova_module::Operator::TypedSelect { ty } => Some(ty),
                    _ => Some(*a),
                },
                (Kind::non_null, [ValType::Ref(ty)]) => Some(ValType::Ref(ty.as_non_null())),
                _ => None,
            };
            let ty = site.result_type(kind, &self.body).or_else(of_operand);
            results.push(ty.ok_or_else(|| format!("no type for {kind:?}"))?);
        }
        if let (Some(after), [..]) = (self.stacks.get(&site.end), &results[..]) {
            let top = &after[after.len() - results.len()..];
            assert!(results.iter().copied().map(plain).eq(top.iter().copied().map(plain)));
        }
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&ValType>,
        params: &mut [ValType],
    ) -> Result<u32, String> {
        assert_eq!(condition.is_some(), block.kind == BlockKind::If);
        assert!(condition.is_none_or(|ty| *ty == ValType::I32));
        assert_eq!(site.is_none(), block.kind == BlockKind::Func);
        assert!(block.facts.is_some_and(|facts| facts.reachable), "a live block is reachable");
        // A parameter's type may be wider than what is there.
        params.copy_from_slice(block.types.params());
        Ok(0)
    }

    fn catch(&mut self, _: &Site<'m>, _: &Catch, to: &mut Frame<'m, u32>) -> Result<(), String> {
        to.label += 1;
        Ok(())
    }

    fn edge(
        &mut self,
        site: &Site<'m>,
        edge: Edge<'_, ValType>,
        to: &mut Frame<'m, u32>,
    ) -> Result<(), String> {
        assert_eq!(edge.values.len(), to.label_types().len());
        assert!(to.base <= edge.below.len() && edge.inner <= edge.below.len());
        let popped = match edge.how {
            How::BrIf(_) | How::BrTable(..) | How::OnNull(_) | How::OnNonNull | How::OnCast(_) => 1,
            How::Br | How::Return | How::Fall => 0,
            // The state is the one at the `if`.
            How::Skip => return Ok(()),
        };
        let mut values = edge.values;
        if let (How::OnNonNull, Some((last, others))) = (edge.how, values.split_last()) {
            assert_eq!(*last, self.non_null(*last), "it is narrowed");
            values = others;
        }
        self.all(site.offset, edge.below, values, popped);
        if !matches!(edge.how, How::Return | How::Fall) {
            to.label += 1;
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        site: &Site<'m>,
        frame: &mut Frame<'m, u32>,
        params: &mut [ValType],
    ) -> Result<(), String> {
        assert_eq!(params, frame.types.params());
        assert_eq!(frame.facts.and_then(|facts| facts.else_), Some(site.offset));
        Ok(())
    }

    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, u32>,
        exit: Exit,
        results: &mut Vec<ValType>,
    ) -> Result<(), String> {
        let facts = frame.facts.expect("a module has facts");
        assert_eq!((facts.end, facts.branched), (site.offset, frame.label > 0), "{facts:?}");
        if frame.kind != BlockKind::Func {
            assert_eq!(facts.reachable_after, exit != Exit::Never, "{facts:?}");
        }
        if exit != Exit::Never {
            results.clear();
            results.extend_from_slice(frame.types.results());
        }
        Ok(())
    }

    fn non_null(&mut self, reference: ValType) -> ValType {
        match reference {
            ValType::Ref(ty) => ValType::Ref(ty.as_non_null()),
            other => other,
        }
    }

    fn leave(&mut self, site: &Site<'m>, args: &[ValType], _: &[ValType]) -> Result<(), String> {
        self.top(site.offset, args);
        Ok(())
    }
}

fn check(bytes: &[u8]) -> u64 {
    let stacks = stacks(bytes);
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("the module is valid");
    let mut seen = 0;
    for func in module.defined_funcs() {
        let body = module.body(func).expect("a defined function has a body");
        let mut types = Types { body, stacks: &stacks, seen: 0 };
        let body = module.body(func).expect("a defined function has a body");
        walk(body, &mut types).unwrap_or_else(|stop| panic!("{func}: {stop}"));
        seen += types.seen;
    }
    seen
}

#[test]
fn types_are_those_of_the_validator_on_generated_bodies() {
    let config = Config {
        simd_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        tail_call_enabled: true,
        memory64_enabled: true,
        wide_arithmetic_enabled: true,
        exceptions_enabled: true,
        threads_enabled: false,
        gc_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        max_memories: 2,
        max_tables: 3,
        min_funcs: 1,
        max_instructions: 300,
        ..Config::default()
    };
    let seen = std::cell::Cell::new(0);
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let bytes = Generated::new(config.clone(), u)?.to_bytes();
        seen.set(seen.get() + check(&bytes));
        Ok(())
    })
    .budget_ms(1_500);
    assert!(seen.get() > 1_000, "{} operators", seen.get());
}

#[test]
fn types_are_those_of_the_validator_on_operators_that_no_generator_makes() {
    let text = r#"(module
        (type $r (func (param i32) (result i32)))
        (tag $e (param i32 i64)) (table 1 funcref) (table i64 1 externref) (memory i64 1)
        (elem declare func $f) (global $g (mut v128) (v128.const i64x2 0 0))
        (func $f (type $r)
            block (result (ref $r)) ref.func $f br_on_non_null 0 unreachable end
            drop
            block ref.null $r br_on_null 0 ref.as_non_null drop end
            (block $out (result i32 i64)
                (try_table (catch $e $out) (throw $e (i32.const 1) (i64.const 2)))
                i32.const 1 i64.const 2)
            drop drop
            local.get 0 i32.const 1 i32.const 0 select (result i32)
            (if (param i32) (result i32) (i32.const 1) (then (i32.const 2) (i32.add)))
            (if (param i32) (result i32) (i32.const 1) (then return) (else (drop) (i32.const 7)))
            (loop (param i32) (result i32) (br_if 0 (i32.const 0)))
            (drop (table.get 1 (i64.const 0)))
            (drop (table.grow 1 (ref.null extern) (i64.const 0)))
            (global.set $g (i8x16.splat (i32.const 1)))
            (drop (memory.atomic.notify (i64.const 0) (i32.const 1)))
            (block (block (br_table 0 1 0 (i32.const 1))))
            return_call $f)
        (func (param funcref i32 i64) (result i64 i32) (local v128)
            (drop (call_ref $r (i32.const 1) (ref.func $f)))
            (i64.add128 (local.get 2) (local.get 2) (local.get 2) (local.get 2))
            (drop) (local.tee 1 (i32.const 2))))"#;
    assert!(check(&wat::parse_str(text).expect("the text is well-formed")) > 20);
}

/// Writes down what happens.
#[derive(Default)]
struct Log(Vec<String>);

impl<'m> Domain<'m> for Log {
    type Value = u32;
    type Label = usize;
    type Error = String;

    fn operator(&mut self, s: &Site<'m>, args: &[u32], to: &mut Vec<u32>) -> Result<(), String> {
        if s.row.class == Class::nop {
            return Err("a nop".to_owned());
        }
        self.0.push(format!("{} {args:?}", s.row.mnemonic));
        let (_, gives) = s.row.arity().ok_or("only straight operators")?;
        to.extend((0..gives).map(|_| self.0.len() as u32));
        Ok(())
    }

    fn open(
        &mut self,
        _: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&u32>,
        params: &mut [u32],
    ) -> Result<usize, String> {
        self.0.push(format!("open {:?} {condition:?} {params:?}", block.kind));
        Ok(block.index)
    }

    fn edge(
        &mut self,
        _: &Site<'m>,
        edge: Edge<'_, u32>,
        to: &mut Frame<'m, usize>,
    ) -> Result<(), String> {
        self.0.push(format!("edge {:?} {:?} to {}", edge.how, edge.values, to.label));
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        frame: &mut Frame<'m, usize>,
        params: &mut [u32],
    ) -> Result<(), String> {
        self.0.push(format!("else of {} {params:?}", frame.label));
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, usize>,
        exit: Exit,
        results: &mut Vec<u32>,
    ) -> Result<(), String> {
        self.0.push(format!("close {} {exit:?} {results:?}", frame.label));
        if exit == Exit::Joined {
            results.extend(frame.types.results().iter().map(|_| 100));
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[u32], below: &[u32]) -> Result<(), String> {
        self.0.push(format!("{} {args:?} over {below:?}", site.row.mnemonic));
        Ok(())
    }

    fn dead(&mut self, site: &Site<'m>) -> Result<(), String> {
        self.0.push(format!("dead {}", site.row.mnemonic));
        Ok(())
    }
}

#[test]
fn calls_come_in_the_order_of_control() {
    let text = r#"(module (func (result i32)
        i32.const 5
        i32.const 6
        if (param i32) (result i32) i32.eqz br 0 i32.const 9 block end drop else i32.clz end
        block (result i32) i32.const 8 end
        drop
        i32.const 1 if nop unreachable end
        loop br 0 end))"#
        .replace("nop ", "");
    let bytes = wat::parse_str(text).expect("the text is well-formed");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("the module is valid");
    let body = module.body(prova_module::FuncIdx(0)).expect("it has a body");
    let mut log = Log::default();
    assert_eq!(walk(body, &mut log), Ok(()));
    let expected = [
        "open Func None []",
        "i32.const []",
        "i32.const []",
        "open If Some(3) [2]",
        "i32.eqz [2]",
        "edge Br [5] to 1",
        "dead i32.const",
        "dead block",
        "dead end",
        "dead drop",
        "else of 1 [2]",
        "i32.clz [2]",
        "edge Fall [12] to 1",
        "close 1 Joined []",
        "open Block None []",
        "i32.const []",
        "close 3 Fallen [16]",
        "drop [16]",
        "i32.const []",
        "open If Some(19) []",
        "unreachable [] over []",
        "edge Skip [] to 4",
        "close 4 Joined []",
        "open Loop None []",
        "edge Br [] to 5",
        "close 5 Never []",
        "close 0 Never []",
    ];
    assert_eq!(log.0, expected);
}

/// Surroundings of nothing but one function type.
struct Bare<'m>(&'m FuncType);

impl<'m> Surroundings<'m> for Bare<'m> {
    fn func_type_index(&self, func: u32) -> Option<u32> {
        (func == 0).then_some(0)
    }
    fn tag_type_index(&self, _: u32) -> Option<u32> {
        None
    }
    fn type_at(&self, ty: u32) -> Option<&'m FuncType> {
        (ty == 0).then_some(self.0)
    }
    fn types(&self) -> Option<&'m prova_module::Types> {
        None
    }
    fn memory64(&self, _: u32) -> Option<bool> {
        None
    }
    fn table(&self, _: u32) -> Option<TableType> {
        None
    }
    fn global(&self, _: u32) -> Option<ValType> {
        None
    }
    fn local(&self, _: u32) -> Option<ValType> {
        None
    }
}

/// Walks over bytes that nobody has validated.
fn bare(code: &[u8]) -> Result<(), Stop<String>> {
    let ty = FuncType::new([], [ValType::I32]);
    let reader = prova_module::OperatorsReader::new(prova_module::BinaryReader::new(code, 0));
    Walk::over(reader, &ty, None, Bare(&ty), &mut Log::default())
}

#[test]
fn bodies_need_no_module_and_bad_ones_are_refused() {
    const CONST: [u8; 2] = [0x41, 0x00];
    assert_eq!(bare(&[0x41, 0x00, 0x0b]), Ok(()));
    let what = |code: &[u8]| match bare(code) {
        Err(Stop::Malformed { what, .. }) => what,
        other => panic!("{code:x?}: {other:?}"),
    };
    assert_eq!(what(&CONST), "a body without end");
    assert_eq!(what(&[0x0b]), "another number of values than the block's results");
    assert_eq!(what(&[0x41, 0x00, 0x0b, 0x01]), "no operator");
    assert_eq!(what(&[0x6a, 0x0b]), "an operand that is not there");
    assert_eq!(what(&[0x41, 0, 0x02, 0x40, 0x1a, 0x0b, 0x0b]), "an operand that is not there");
    assert_eq!(what(&[0x05]), "no operator");
    assert_eq!(what(&[0x0c, 0x01, 0x0b]), "a label that is not there");
    assert_eq!(what(&[0x0c, 0x00, 0x0b]), "an operand that is not there");
    assert_eq!(what(&[0x10, 0x05, 0x0b]), "a function, type or tag that is not there");
    assert_eq!(what(&[0x02, 0x07, 0x0b]), "a type that is not there");
    assert_eq!(what(&[0xfb, 0x00, 0x00, 0x0b]), "a structure that is not there");
    assert_eq!(what(&[0xfb, 0x08, 0x00, 0x01, 0x0b]), "an operand that is not there");
    assert_eq!(what(&[0xe0, 0x00, 0x0b]), "an operator that no module may have");
    assert_eq!(what(&[0x20]), "no operator");
    assert_eq!(bare(&[0x01, 0x0b]), Err(Stop::Domain("a nop".to_owned())));
    // The facts of another body.
    let bytes = wat::parse_str("(module (func (block)))").expect("the text is well-formed");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("the module is valid");
    let facts = module.facts(prova_module::FuncIdx(0));
    let ty = FuncType::new([], []);
    let code = [0x03, 0x40, 0x0b, 0x0b];
    let start = facts.map_or(0, |facts| facts.blocks[0].start.into());
    let reader = prova_module::BinaryReader::new(&code, start);
    let reader = prova_module::OperatorsReader::new(reader);
    let outcome = Walk::over(reader, &ty, facts, Bare(&ty), &mut Log::default());
    assert!(matches!(outcome, Err(Stop::Malformed { what: "facts of another body", .. })));
}
