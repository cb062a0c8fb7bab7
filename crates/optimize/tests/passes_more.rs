//! Edits of what passes leave as it is, as the check of passes accepts and refuses them: vectors,
//! references, `select`, lists of other bodies.
//!
//! Green shows that each of these edits is judged by its rule. It does not show that a pass makes
//! any of them. The last test keeps a body that a pass made, and that was not well formed.

use prova_module::{Features, FuncIdx, Limits, Module, Opcode, Proposal, ValType};
use prova_optimize::{Pass, optimize};
use prova_ssa::check::Rule;
use prova_ssa::replace::{Claim, Witness};
use prova_ssa::{
    Arg, Assembler, BlockData, Body, Call, CheckedBody, Edge, Imm, Inst, List, Metering, Place,
    Terminator, Value, build, parse, print, renumber,
};

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn proved(module: &Module, metering: Metering) -> CheckedBody {
    let func = module.defined_funcs().last().expect("a function");
    let body = build(module, func, metering).expect("a body");
    CheckedBody::check(module, body).expect("the builder's bodies are proved")
}

/// The rule that refuses an edited body in the place of the honest one, or `ok`.
fn judge(text: &str, metering: Metering, edits: &str) -> (String, String) {
    let before = proved(&module(text), metering);
    let edited = edits.split(" ; ").fold(print(before.body()), |text, edit| {
        let (from, to) = edit.split_once(" => ").unwrap_or((" ", " "));
        assert!(text.contains(from), "no {from:?} in\n{text}");
        text.replace(from, to)
    });
    let after = parse(&renumber(&edited)).unwrap_or_else(|error| panic!("{error}\n{edited}"));
    let given = before.replace(after, &Witness::identity(before.body()));
    (given.map_or_else(|rejection| rejection.rule.to_string(), |_| "ok".to_owned()), edited)
}

const VECTORS: &str = "(module (func (param v128) (result v128 v128 v128 v128)
    (i64x2.add (local.get 0) (v128.const i64x2 1 2))
    (i64x2.sub (local.get 0) (v128.const i64x2 1 3))
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 0) (local.get 0))
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 30 (local.get 0) (local.get 0))))";

/// An operator with two results.
const PAIRS: &str = "(module (func (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))";

const REFERENCES: &str =
    "(module (global $g (mut funcref) (ref.null func)) (elem declare func $f $h)
    (func $f) (func $h)
    (func (param funcref) (result i32)
        (global.set $g (ref.func $f)) (global.set $g (ref.func $h))
        (global.set $g (ref.null func)) (ref.is_null (local.get 0))))";

const SELECTS: &str = "(module (func (param i32 i32 i32) (result i32 i32)
    (select (local.get 0) (local.get 1) (local.get 2))
    (select (local.get 0) (local.get 0) (local.get 2))))";

const TWO: &str = "(module (func (param i32) (result i32) (local.get 0))
    (func (param i32) (result i32) (local.get 0)))";

const TAIL: &str = "(module (func $f (param i32) (result i32) local.get 0)
    (func (param i32) (result i32) local.get 0)
    (func (param i32) (result i32) (return_call $f (local.get 0))))";

/// Results of instructions 0 and 1, then a payload.
const CALLS: &str = "(module (tag $a) (tag $b) (func $f (result i32) i32.const 0)
    (func (result i32) (local i32 i32)
        call $f local.set 0 call $f local.set 1
        block
            try_table (result i32) (catch $a 0) call $f end
            local.get 0 i32.add local.get 1 i32.add return
        end
        i32.const 1))";

/// The result of the last instruction, then a payload.
const LAST: &str = "(module (tag $a) (func $f (result i32) i32.const 0)
    (func (result i32)
        call $f drop
        block try_table (result i32) (catch $a 0) call $f end return end
        unreachable))";

const GLOBAL: &str = "(module (global $g (mut i32) (i32.const 0)) (func (param i32) (result i32)
    (global.set $g (local.get 0)) (loop nop) (global.get $g)))";

/// Two parameters of a loop that are always equal.
const EQUAL: &str = "(module (func (param i32) (result i32) (local i32 i32)
    loop
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (local.set 2 (i32.add (local.get 2) (local.get 0)))
        (br_if 0 (local.get 1))
    end
    (local.get 2)))";

/// A parameter that is always a value from before its block.
const ABOVE: &str = "(module (func (param i32 i32) (result i32)
    (block (result i32) (br_if 0 (local.get 1) (local.get 0)))))";

#[test]
fn claims_name_what_comes_before() {
    let (equal, above) = (module(EQUAL), module(ABOVE));
    let [equal, above] = [&equal, &above].map(|module| proved(module, Metering::NONE));
    let number = Value::from_u32;
    let claimed = |before: &CheckedBody, claims: &[(u32, u32)], params: &[(usize, u32)]| {
        let mut witness = Witness::identity(before.body());
        let claim = |&(param, value)| (number(param), Claim::Value(number(value)));
        witness.claims = claims.iter().map(claim).collect();
        params.iter().for_each(|&(at, value)| witness.params[at] = number(value));
        let given = before.replace(before.body().clone(), &witness);
        given.map_or_else(|rejection| rejection.rule.to_string(), |_| "ok".to_owned())
    };
    let text = print(equal.body());
    assert!(text.contains("(v2: i32 local1, v3: i32 local2)"), "{text}");
    assert_eq!(claimed(&equal, &[(3, 2)], &[]), "ok");
    assert_eq!(claimed(&equal, &[(2, 3)], &[]), "claims");
    assert_eq!(claimed(&equal, &[(2, 2)], &[]), "claims");
    let text = print(above.body());
    assert!(text.contains("(v2: i32 stack0)"), "{text}");
    assert_eq!(claimed(&above, &[(2, 1)], &[(2, 1)]), "ok");
    assert_eq!(claimed(&above, &[(2, 0)], &[]), "claims");
}

#[test]
fn a_cover_behind_the_last_instruction_is_refused() {
    let text = "(module (func (param i32) (result i32) (i32.div_u (local.get 0) (local.get 0))))";
    let before = proved(&module(text), Metering::NONE);
    let mut witness = Witness::identity(before.body());
    witness.covers = vec![(Inst::from_u32(0), Inst::from_u32(1))];
    let given = before.replace(before.body().clone(), &witness).expect_err("a refusal");
    assert_eq!(given.rule.to_string(), "covers");
}

/// A poll lets others write globals; a charge does not.
#[test]
fn what_is_known_of_globals_ends_at_a_poll() {
    let fuel = Metering { fuel: true, epoch: false };
    let epoch = Metering { fuel: false, epoch: true };
    for (rule, metering) in [("ok", Metering::NONE), ("ok", fuel), ("operands", epoch)] {
        let (given, text) = judge(GLOBAL, metering, "return v1 => return v0");
        assert_eq!(given, rule, "{text}");
    }
}

#[test]
fn edits_are_judged_by_their_rules() {
    let mut wrong = String::new();
    for (rule, text, edits) in [
        ("ok", VECTORS, ""),
        ("operands", VECTORS, "i64x2.sub v0 v3 => i64x2.sub v0 v1"),
        ("operands", VECTORS, "return v2 v4 v5 v6 => return v2 v4 v5 v5"),
        ("operands", VECTORS, "return v2 v4 v5 v6 => return v2 v4 v6 v6"),
        ("ok", PAIRS, ""),
        ("operands", PAIRS, "return v4 v5 => return v4 v4"),
        ("operands", PAIRS, "return v4 v5 => return v5 v4"),
        ("ok", REFERENCES, ""),
        ("operands", REFERENCES, "global=0 v2 => global=0 v1"),
        ("operands", REFERENCES, "global=0 v3 => global=0 v1"),
        ("operands", REFERENCES, "ref.is_null v0 => ref.is_null v1"),
        ("ok", SELECTS, ""),
        ("ok", SELECTS, "return v3 v4 => return v3 v0"),
        ("operands", SELECTS, "return v3 v4 => return v0 v4"),
        ("operands", SELECTS, "return v3 v4 => return v1 v4"),
        ("operands", SELECTS, "return v3 v4 => return v3 v1"),
        ("ok", TAIL, ""),
        ("control", TAIL, "func=0 => func=1"),
        ("ok", CALLS, ""),
        ("arguments", CALLS, "(p0) => (v0)"),
        ("arguments", CALLS, "(p0) => (v1)"),
        ("ok", LAST, ""),
        ("arguments", LAST, "(p0) => (v0)"),
        ("control", CALLS, "tag0 => tag1"),
        ("form", TWO, "ssa func1 => ssa func0"),
        ("form", TWO, "ssa func1 => ssa func1 fuel"),
    ] {
        let (given, edited) = judge(text, Metering::NONE, edits);
        if given != rule {
            wrong += &format!("{given}, not {rule}: {edits}\n{edited}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each kind of list that reaches beyond the body's own, alone.
#[test]
fn lists_of_other_bodies_are_refused() {
    let module =
        module("(module (tag $t (param i32)) (func (param i32) (result i32) (local.get 0)))");
    let before = proved(&module, Metering::NONE);
    let func = FuncIdx(0);
    let (value, entry) = (Value::from_u32(0), before.body().entry());
    let mut other = Assembler::new(func, Metering::NONE);
    let far_values = {
        other.operands(&[value; 40]);
        other.operands(&[value; 40])
    };
    other.edge(entry, &[Arg::payload(0); 40]);
    let far = Edge { block: entry, args: other.edge(entry, &[Arg::payload(0); 40]).args };
    let near = Edge { block: entry, args: List::EMPTY };
    other.edges(&[near; 40]);
    let far_edges = other.edges(&[near; 40]);
    other.targets(&[0; 40]);
    let far_targets = other.targets(&[0; 40]);
    let call = |args| Call { opcode: Opcode::Call, imm: Imm::Index(0), args };
    let (opcode, imm) = (Opcode::Throw, Imm::Index(0));
    let none = List::EMPTY;
    let ends = |far_first: bool| {
        let (a, b) = if far_first { (far, near) } else { (near, far) };
        [
            Terminator::Branch { condition: value, then: a, otherwise: b },
            Terminator::Null { reference: value, null: a, non_null: b },
            Terminator::Invoke { call: call(none), normal: a, handler: b },
        ]
    };
    let mut all: Vec<Terminator> = [true, false].into_iter().flat_map(ends).collect();
    all.extend([
        Terminator::Jump(far),
        Terminator::Table { index: value, edges: far_edges, targets: List::EMPTY },
        Terminator::Table { index: value, edges: List::EMPTY, targets: far_targets },
        Terminator::Invoke { call: call(far_values), normal: near, handler: near },
        Terminator::Throw { opcode, imm, args: far_values, handler: None },
        Terminator::Throw { opcode, imm, args: none, handler: Some(far) },
        Terminator::Catch { clauses: List::EMPTY, outer: Some(far) },
        Terminator::Return(far_values),
        Terminator::TailCall(call(far_values)),
    ]);
    let body = |terminator| -> Body {
        let mut out = Assembler::new(func, Metering::NONE);
        let data = before.body().block(entry);
        out.block(data.origin, data.offset);
        out.param(ValType::I32, Place::Local(0));
        out.end(terminator, data.end);
        out.finish()
    };
    for terminator in all {
        let witness = Witness::identity(before.body());
        let given = before.replace(body(terminator), &witness).expect_err("a refusal");
        assert_eq!(given.rule.to_string(), "form", "{terminator:?}");
        assert!(given.what.contains("list"), "{terminator:?}: {}", given.what);
    }
}

/// A handler's parameter that is another block's is not made a constant in the handler, which has
/// no instructions: not even where that other one becomes a constant later, by the handler's own
/// edge around the loop.
#[test]
fn a_handlers_parameter_is_no_constant_in_the_handler() {
    let text = "(module (tag $e) (import \"m\" \"g\" (func $g))
        (func (param $a i32) (result i32) (local $x i32)
            (loop $l
                (block $h
                    (try_table (catch $e $h)
                        (call $g)
                        (local.set $x (block $b (result i32)
                            (br_if $b (local.get $x) (local.get $a))))
                        (call $g))
                    (return (i32.const 1)))
                (br_if $l (local.get $a)))
            (local.get $x)))";
    for metering in [Metering::NONE, Metering::BOTH] {
        let body = proved(&module(text), metering);
        let catches = |body: &Body| {
            let catch = |data: &BlockData| matches!(data.terminator, Terminator::Catch { .. });
            let all = body.blocks().filter(|(_, data)| catch(data));
            all.map(|(_, data)| data.params().count()).collect::<Vec<_>>()
        };
        // The handler has a parameter, or this is no witness.
        assert_eq!(catches(body.body()), [1]);
        let (made, refused) = optimize(body.clone(), &[Pass::Params]);
        assert!(refused.is_empty(), "{}", refused[0]);
        assert_eq!(catches(made.body()), [0]);
        let (_, refused) = optimize(body, &Pass::DEFAULT);
        assert!(refused.is_empty(), "{}", refused[0]);
    }
}

/// Two loads of one place, which a pass makes one. Of a shared memory another thread may write
/// between them: there no pass takes place, and a body with one load is not the function.
#[test]
fn two_loads_are_one_where_the_memory_is_not_shared() {
    let text = "(module (memory 1 1) (func (param i32) (result i32)
        (i32.sub (i32.load (local.get 0)) (i32.load (local.get 0)))))";
    let alone = module(text);
    let before = proved(&alone, Metering::NONE);
    let body = before.body().clone();
    let loads = |body: &Body| print(body).matches("i32.load").count();
    let (after, refused) = optimize(before, &[Pass::Forward]);
    assert!(refused.is_empty(), "{}", refused[0]);
    assert_eq!((loads(&body), loads(after.body())), (2, 1));

    let bytes = wat::parse_str(text.replace("1 1", "1 1 shared")).expect("a module");
    let features = Features::default().with(Proposal::SharedMemory);
    let shared = Module::decode(bytes, &features, &Limits::default()).expect("a valid module");
    let (kept, refused) = optimize(proved(&shared, Metering::NONE), &[Pass::Forward]);
    assert_eq!((loads(kept.body()), refused.len()), (2, 1));
    assert!(refused[0].to_string().contains("a shared memory"), "{}", refused[0]);
    assert!(CheckedBody::check(&shared, body).is_ok());
    let rejection = CheckedBody::check(&shared, after.body().clone()).expect_err("one load");
    assert_eq!(rejection.rule, Rule::Operators, "{rejection}");
}
