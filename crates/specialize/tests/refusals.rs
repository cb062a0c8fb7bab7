//! Refusals and their words: modules as a whole, and requests by themselves.
//!
//! A green run does not show that nothing panics on other input: `hostile.rs` changes bytes.

use prova_module::{Features, Limits, Module};
use prova_specialize::{
    ALL_ARGUMENT_BYTES_MAX, ARGUMENT_BYTES_MAX, Asked, Fault, Options, Outcome, REQUESTS_MAX,
    specialize,
};

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module")
}

fn specialized(text: &str) -> Result<Outcome, String> {
    specialize(&module(text), &Options::default()).map_err(|error| error.to_string())
}

/// Modules that are refused as a whole, and words of the reason.
const REFUSED: &[(&str, &str)] = &[
    (
        r#"(module (import "weval" "push.context" (func (param i64))))"#,
        "intrinsic `push.context` (import at 0x12): it has type [i64] -> [], not [i32] -> []",
    ),
    (
        r#"(module (import "weval" "push.contexts" (func (param i32))))"#,
        "there is no such intrinsic",
    ),
    (r#"(module (import "weval" "push.context" (memory 1)))"#, "it is no function"),
    (
        r#"(module (import "weval" "pop.context" (func $f)) (export "f" (func $f)))"#,
        "intrinsic `pop.context`: it is exported",
    ),
    (
        r#"(module (import "weval" "pop.context" (func $f)) (table 1 funcref)
             (elem (i32.const 0) $f))"#,
        "it is in a table",
    ),
    (r#"(module (import "weval" "pop.context" (func $f)) (start $f))"#, "it is the start function"),
    (
        r#"(module (import "weval" "pop.context" (func $f))
             (func (result funcref) (ref.func $f)) (elem declare func $f))"#,
        "it is in a table",
    ),
    (
        r#"(module (memory 1) (func (export "weval.pending.head") (result i32) (i32.load (i32.const 8))))"#,
        "`weval.pending.head` is no function of an address",
    ),
    // The export that a linker makes of it in a command that does not call its constructors.
    (
        r#"(module (memory 1) (func $ctors) (func $head (result i32) (i32.const 16))
             (func (export "weval.pending.head") (result i32) (call $ctors) (call $head)))"#,
        "no function of an address: it calls another function. The linker puts such calls into \
         all exports of a command that never calls its constructors itself: let the initialiser \
         begin with `__wasm_call_ctors()`",
    ),
    (
        r#"(module (func (export "weval.pending.head") (result i32) (i32.const 16)))"#,
        "a module without memory",
    ),
    (
        r#"(module (memory 1) (func (export "weval.pending.head") (result i32) (i32.const 65534)))"#,
        "a record at 0xfffe is not in memory",
    ),
    (
        r#"(module (memory 1) (data (i32.const 16) "\10")
             (func (export "weval.pending.head") (result i32) (i32.const 16)))"#,
        "it has no end",
    ),
    (
        r#"(module (memory 1) (func (export "weval.is.wevaled") (result i32) (i32.const -1)))"#,
        "`weval.is.wevaled` at 0xffffffff is not in memory",
    ),
    (
        r#"(module (memory 1) (func (export "weval.is.wevaled") (result i32) (i32.const 65536)))"#,
        "`weval.is.wevaled` at 0x10000 is not in memory",
    ),
    (
        r#"(module (memory 1) (func (export "weval.is.wevaled") (result i32) (i32.const 19))
             (func (export "weval.pending.head") (result i32) (i32.const 16)))"#,
        "`weval.is.wevaled` at 0x13 lies on what is at 0x10",
    ),
    (
        r#"(module (memory 1) (func (export "weval.is.wevaled") (result i32) (i32.const 95))
             (func (export "weval.pending.head") (result i32) (i32.const 16))
             (data (i32.const 16) "\40"))"#,
        "`weval.is.wevaled` at 0x5f lies on what is at 0x40",
    ),
];

#[test]
fn modules_that_are_refused() {
    for (text, words) in REFUSED {
        let error = specialized(text).map(|_| ()).expect_err(text);
        assert!(error.contains(words), "{error}\n{text}");
    }
}

#[test]
fn flags_that_are_accepted() {
    for flag in [15, 20, 65535] {
        let text = format!(
            r#"(module (memory 1) (func (export "weval.is.wevaled") (result i32) (i32.const {flag}))
                 (func (export "weval.pending.head") (result i32) (i32.const 16))
                 (data (i32.const 40) "x"))"#
        );
        let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(outcome.module.data().len(), 3);
    }
}

/// A module with a request for each slot, all with the same arguments, among them a buffer of
/// `buffer` bytes.
fn requests(slots: &[u32], buffer: u32) -> String {
    let bytes = |words: &[u32]| -> String {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .map(|byte| format!("\\{byte:02x}"))
            .collect()
    };
    let (first, count) = (4096, slots.len() as u32);
    let args = first + 32 * count;
    let mut records = String::new();
    for (at, &slot) in (0..).zip(slots) {
        let next = if at + 1 < count { first + 32 * (at + 1) } else { 0 };
        records += &bytes(&[next, 0, at, 0, 1, args, 32 + buffer, slot]);
    }
    let (entry, runtime) = (bytes(&[1, 4, buffer, buffer]), bytes(&[0, 255, 0, 0]));
    let (pages, end) = ((args + 32 + buffer).div_ceil(65536), args + 16 + buffer);
    format!(
        r#"(module (memory {pages}) (table 2 funcref) (elem (i32.const 1) $f)
          (func (export "weval.pending.head") (result i32) (i32.const 16))
          (func (export "weval.is.wevaled") (result i32) (i32.const 24))
          (func $f (param i32 i32) (result i64) (i64.const 0))
          (data (i32.const 16) "{}") (data (i32.const {first}) "{records}")
          (data (i32.const {args}) "{entry}") (data (i32.const {end}) "{runtime}"))"#,
        bytes(&[first])
    )
}

/// Which requests are refused, and why.
fn refused(text: &str) -> Vec<(u32, String)> {
    let outcome = specialized(text).unwrap_or_else(|error| panic!("{error}"));
    let all = outcome.requests.into_iter();
    all.filter_map(|(asked, _, state)| Some((asked.slot, state.err()?.to_string()))).collect()
}

#[test]
fn results_lie_apart_from_all_that_is_written() {
    let record = "lies on the record at 0x1000";
    for (slot, words) in [
        (13, "lies on the list's head or `weval.is.wevaled` at 0x10"),
        (16, "at 0x10"),
        (19, "at 0x10"),
        (21, "at 0x18"),
        (24, "at 0x18"),
        (4093, record),
        (4096, record),
        (4127, record),
    ] {
        let found = refused(&requests(&[slot], 8));
        let [(at, why)] = found.as_slice() else { panic!("{slot}: {found:?}") };
        assert!(*at == slot && why.contains(words), "{why}");
    }
    for slot in [12, 20, 25, 4092, 4128] {
        assert_eq!(refused(&requests(&[slot], 8)), []);
    }
}

#[test]
fn results_lie_apart_from_each_other() {
    let found = refused(&requests(&[256, 300, 303, 306, 400, 404], 8));
    let slots: Vec<u32> = found.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, [300, 303, 306]);
    assert!(found[0].1.contains("0x12c, overlaps that of another request at 0x12f"), "{found:?}");
}

#[test]
fn arguments_of_all_requests_are_limited() {
    let each = ARGUMENT_BYTES_MAX - 32;
    let found = refused(&requests(&[256, 260, 264, 268], each));
    assert_eq!(found, []);
    let found = refused(&requests(&[256, 260, 264, 268, 272, 276], each));
    let slots: Vec<u32> = found.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, [272, 276]);
    let words = format!("more than {ALL_ARGUMENT_BYTES_MAX} bytes of arguments of all requests");
    assert!(found[0].1.contains(&words), "{found:?}");
}

#[test]
fn requests_need_segments() {
    let module = module(&requests(&[256, 260, 264], 8));
    let with = |data_segments| {
        let limits = Limits { data_segments, ..Limits::default() };
        specialize(&module, &Options { limits, ..Options::default() })
    };
    // Four are the module's; the head, the flag, and two for each request.
    assert!(with(12).is_ok_and(|made| made.module.data().len() == 12));
    let error = with(11).expect_err("a segment too many").to_string();
    let words = "3 requests need 12 data segments with the module's 4, 11 may be";
    assert!(error.contains(words), "{error}");
    // Of more records than there may be none is looked at.
    let slots: Vec<u32> = (0..=REQUESTS_MAX as u32).map(|at| (4 << 20) | (4 * at)).collect();
    let error = specialized(&requests(&slots, 8)).map(|_| ()).expect_err("too many");
    assert!(error.contains("more than 49000 records"), "{error}");
}

/// A module with one request for a function with a body, an argument of each kind and one global.
fn request(imports: &str, body: &str) -> String {
    format!(
        r#"(module {imports}
          (import "weval" "push.context" (func $push (param i32)))
          (import "weval" "update.context" (func $update (param i32)))
          (memory 1) (table 2 funcref) (elem (i32.const 1) $f)
          (global $g (mut i32) (i32.const 0))
          (func (export "weval.pending.head") (result i32) (i32.const 16))
          (func $f (param $code i32) (param $n i32) (result i64) (local $pc i32) {body})
          (data (i32.const 16) "\80")
          (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\01\00\00\00\01\00\00\00\00\02\00\00\38\00\00\00\00\01\00\00")
          (data (i32.const 512) "\01\00\00\00\01\00\00\00\2a\00\00\00\00\00\00\00"
            "\01\00\00\00\04\00\00\00\08\00\00\00\08\00\00\00" "\01\02\03\04\05\06\07\08"
            "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"))"#
    )
}

const MORE: &str = r#"
    (import "weval" "read.reg" (func $read (param i64) (result i64)))
    (import "weval" "write.reg" (func $write (param i64 i64)))
    (import "weval" "read.specialization.global" (func $global (param i32) (result i64)))
    (import "weval" "specialize.value" (func $value (param i32 i32 i32) (result i32)))
    (import "weval" "assert.const32" (func $constant (param i32 i32)))
    (import "weval" "assert.specialized" (func $inside (param i32)))
    (import "weval" "abort.specialization" (func $abort (param i32 i32)))
    (import "weval" "push.stack" (func $push_stack (param i32 i64)))
    (import "weval" "pop.stack" (func $pop_stack (param i32) (result i64)))"#;

/// Whether a join and the way to it are two places in a message, if it has a join.
fn names_two_places(text: &str) -> bool {
    let place = |before: &str| {
        let after = text.split_once(before)?.1;
        after.split(|c: char| !c.is_ascii_alphanumeric()).next()
    };
    let join = place("the join at ");
    join.is_none() || join != place("by the way from ")
}

/// The one request for a function with a body is refused; with these words.
fn refuses(body: &str, fault: Fault, words: &str) -> String {
    let text = request(MORE, body);
    let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
    let [(Asked { slot: 256, .. }, Some(_), state)] = outcome.requests.as_slice() else {
        panic!("{:?}", outcome.requests)
    };
    let refused = state.as_ref().expect_err(body);
    assert_eq!(refused.fault, fault, "{refused}");
    assert!(refused.to_string().contains(words), "{refused}\n{body}");
    assert!(names_two_places(&refused.to_string()), "{refused}");
    // The generic function remains, and its slot is what it was.
    assert!(outcome.module.data().len() >= 3);
    refused.to_string()
}

/// Ways to a counter that is not constant, `A` and `B` for its two settings: where these meet is
/// one place, and the way to it another one.
const MEETINGS: [&str; 8] = [
    "(if C (then A) (else B))",
    "(if C (then A))",
    "(if C (then) (else A))",
    "(block (br_if 0 C) A)",
    "(block A (br_if 0 C) B)",
    "(block (block (br_table 0 1 C)) A)",
    "(block (block (block (br_table 0 1 2 C)) A (br 1)) B)",
    "(loop A (br_if 0 C)) (if C (then B))",
];

#[test]
fn a_join_and_the_way_to_it_are_two_places() {
    let settings = [
        "(local.set $pc (i32.const 7))",
        "(local.set $pc (i32.add (local.get $pc) (i32.const 9)))",
    ];
    let used = ["(call $update (local.get $pc))", "(call $push (local.get $pc))"];
    let (mut wrong, mut joins) = (Vec::new(), 0);
    for meeting in MEETINGS {
        for (one, other) in [(0, 1), (1, 0)] {
            for (used, between) in used.iter().flat_map(|used| [(used, ""), (used, "(nop)")]) {
                let ways = meeting
                    .replace('C', "(i32.load (local.get $n))")
                    .replace('A', settings[one])
                    .replace('B', settings[other]);
                let text = request(MORE, &format!("{ways} {between} {used} (i64.const 0)"));
                let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
                let [(_, _, Err(refused))] = outcome.requests.as_slice() else { continue };
                let text = refused.to_string();
                joins += usize::from(text.contains("the join at "));
                if !names_two_places(&text) {
                    wrong.push(format!("{ways}: {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {joins}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(joins >= 32, "{joins} joins");
}

#[test]
fn requests_that_are_refused() {
    for (body, fault, words) in [
        // The program counter, with where it became what it is.
        (
            "(if (i32.load (local.get $n)) (then (local.set $pc (i32.const 7)))
                 (else (local.set $pc (i32.const 9))))
             (call $update (local.get $pc)) (i64.const 0)",
            Fault::Annotation,
            "the operand of update.context is not constant (no context): at the join at",
        ),
        (
            "(call $push (i32.load (local.get $n))) (i64.const 0)",
            Fault::Annotation,
            "`i32.load` at",
        ),
        // One of the ways is the code that runs on into the join.
        (
            "(if (i32.load (local.get $n)) (then (local.set $pc (i32.const 7))))
             (call $update (local.get $pc)) (i64.const 0)",
            Fault::Annotation,
            "where the code before it runs on",
        ),
        ("(call $read (i64.const 3))", Fault::Annotation, "register 3 is not written"),
        (
            "(if (i32.load (local.get $n)) (then (call $write (i64.const 3) (i64.const 1))))
             (call $read (i64.const 3))",
            Fault::Annotation,
            "register 3 is not written on every way here",
        ),
        (
            "(call $read (i64.load (local.get $n)))",
            Fault::Annotation,
            "the number of a register is not constant",
        ),
        ("(call $global (i32.const 1))", Fault::Annotation, "no global 1 is constant"),
        (
            "(drop (call $value (i32.load (local.get $n)) (i32.const 5) (i32.const 4))) (i64.const 0)",
            Fault::Annotation,
            "5 to 4 are no 1 to 1024 values",
        ),
        (
            "(call $constant (i32.load (local.get $n)) (i32.const 77)) (i64.const 0)",
            Fault::Annotation,
            "the value of assert.const32 is not constant (line 77): `i32.load` at",
        ),
        ("(call $inside (i32.const 1)) (i64.const 0)", Fault::Annotation, "assert.specialized"),
        (
            "(call $abort (i32.const 5) (i32.const 1)) (i64.const 0)",
            Fault::Annotation,
            "the program asks for it (line 5)",
        ),
    ] {
        refuses(body, fault, words);
    }
}

/// The operands of a value are named, where they are the reason why it is not constant.
#[test]
fn reasons_that_are_named() {
    for (body, words) in [
        // An operand is not among the request's bytes.
        (
            "(call $push (i32.or (i32.load8_u offset=8 (local.get $code))
                 (i32.shl (i32.load8_u offset=9 (local.get $code)) (i32.const 8)))) (i64.const 0)",
            "makes it of what is not constant: byte 8 of argument 0 is none of the request's, which \
             has 8 (`i32.load8_u` at",
        ),
        (
            "(call $push (i32.load offset=6 (local.get $code))) (i64.const 0)",
            "not constant (no context): byte 8 of argument 0 is none of the request's",
        ),
        // An operand came by two ways.
        (
            "(if (i32.load (local.get $n)) (then (local.set $pc (i32.const 3)))
                 (else (local.set $pc (i32.const 4))))
             (call $update (i32.add (local.get $pc)
                 (i32.load8_u (i32.add (local.get $code) (local.get $pc))))) (i64.const 0)",
            "makes it of what is not constant: at the join at",
        ),
    ] {
        refuses(body, Fault::Annotation, words);
    }
    // Another operand comes at run time, so the first one is not the reason.
    for body in [
        "(call $push (i32.add (i32.load offset=6 (local.get $code)) (i32.load (local.get $n))))
         (i64.const 0)",
        "(call $push (select (i32.load offset=6 (local.get $code)) (i32.const 3)
             (i32.load (local.get $n)))) (i64.const 0)",
    ] {
        let why = refuses(body, Fault::Annotation, "makes it");
        assert!(why.ends_with(" makes it"), "{why}");
    }
}

#[test]
fn twins_that_are_accepted() {
    for body in [
        "(if (i32.load (local.get $n)) (then (call $update (i32.const 7)))
             (else (call $update (i32.const 9)))) (i64.const 0)",
        "(call $push (i32.load8_u (local.get $code))) (i64.const 0)",
        "(call $write (i64.const 3) (i64.const 1)) (call $read (i64.const 3))",
        "(call $global (i32.const 0))",
        "(drop (call $value (i32.load (local.get $n)) (i32.const 4) (i32.const 5))) (i64.const 0)",
        "(call $constant (i32.load (local.get $code)) (i32.const 77)) (i64.const 0)",
        "(call $push (i32.const 0)) (call $inside (i32.const 1)) (i64.const 0)",
        "(call $abort (i32.const 5) (i32.const 0)) (i64.const 0)",
        // The search folds the first of these values alone, the check both to 0.
        "(loop $l
           (drop (call $value (i32.const 0) (i32.const 0) (i32.const 3)))
           (drop (call $value
             (i32.trunc_sat_f64_s (f64.load (local.get $code))) (i32.const 0) (i32.const 3)))
           (call $update (i32.const 1)) (br $l))
         (i64.const 0)",
        "(call $push_stack (local.get $n) (i64.const 1)) (call $pop_stack (local.get $n))",
        // A cell that is popped at its own address, which is computed once more.
        "(local.set $pc (i32.load (local.get $n)))
         (call $push_stack (i32.add (local.get $n) (local.get $pc)) (i64.const 1))
         (call $pop_stack (i32.add (local.get $n) (local.get $pc)))",
        // A cell that is popped at another address.
        "(call $push_stack (local.get $n) (i64.const 1))
         (call $pop_stack (i32.load (local.get $n)))",
        // A pointer in front of its buffer, or behind it, is read at run time.
        "(i64.load (i32.sub (local.get $code) (i32.const 1)))",
        "(i64.load offset=1 (local.get $code))",
    ] {
        let outcome = specialized(&request(MORE, body)).unwrap_or_else(|error| panic!("{error}"));
        let [(Asked { slot: 256, .. }, Some(_), state)] = outcome.requests.as_slice() else {
            panic!("{:?}", outcome.requests)
        };
        assert!(state.is_ok(), "{state:?}\n{body}");
    }
}

/// As in weval, a parameter without an argument is the run's; and the head of the list may be a sum
/// with an immutable global, as in code that may lie anywhere.
#[test]
fn parameters_without_arguments_are_those_of_the_run() {
    let all = request(MORE, "(i64.add (i64.load (local.get $code)) (call $global (i32.const 0)))");
    let fewer = all.replace(r"\38\00\00\00\00\01\00\00", r"\28\00\00\00\00\01\00\00");
    let based = all.replace(
        "(i32.const 16))\n",
        "(i32.add (global.get $base) (i32.const 12))) (global $base i32 (i32.const 4))\n",
    );
    assert!(fewer != all && based != all);
    for text in [all, fewer, based.clone()] {
        let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
        let [(Asked { slot: 256, .. }, Some(_), Ok(_))] = outcome.requests.as_slice() else {
            panic!("{:?}", outcome.requests)
        };
    }
    // One that a run may change is no address.
    let changes = based.replace("(global $base i32", "(global $base (mut i32)");
    let error = specialized(&changes).map(|_| ()).expect_err("it may change");
    assert!(error.contains("is no function of an address"), "{error}");
}

#[test]
fn records_that_do_not_fit() {
    let good = request("", "(i64.const 0)");
    for (old, new, words) in [
        // No global, four; no function; no such function; arguments outside; one of another type.
        (
            r"\01\00\00\00\01\00\00\00\01\00\00\00\00\02",
            r"\01\00\00\00\00\00\00\00\01\00\00\00\00\02",
            "3 arguments for 2 parameters of",
        ),
        (
            r"\01\00\00\00\01\00\00\00\01\00\00\00\00\02",
            r"\01\00\00\00\04\00\00\00\01\00\00\00\00\02",
            "3 arguments for 2 parameters of",
        ),
        (
            r"\01\00\00\00\01\00\00\00\01\00\00\00\00\02",
            r"\01\00\00\00\01\00\00\00\00\00\00\00\00\02",
            "table 0 has no function at 0",
        ),
        (
            r"\00\02\00\00\38\00\00\00",
            r"\00\02\00\80\38\00\00\00",
            "its arguments are not in memory",
        ),
        (r"\00\02\00\00\38\00\00\00", r"\00\02\00\00\37\00\00\00", "end in the middle of one"),
        (r"\38\00\00\00\00\01\00\00", r"\38\00\00\00\00\01\00\80", "its result goes nowhere"),
        (
            r"\38\00\00\00\00\01\00\00",
            r"\38\00\00\00\00\00\00\00",
            "`specialized` of its record is 0",
        ),
        (r"\01\00\00\00\04\00\00\00\08", r"\01\00\00\00\09\00\00\00\08", "there is no type 9"),
        (r"\04\00\00\00\08\00\00\00\08", r"\04\00\00\00\09\00\00\00\08", "longer than its padding"),
        (
            r"\04\00\00\00\08\00\00\00\08",
            r"\04\00\00\00\08\00\00\00\88",
            "longer than its arguments",
        ),
    ] {
        assert!(good.contains(old), "{old}");
        let outcome =
            specialized(&good.replace(old, new)).unwrap_or_else(|error| panic!("{error}"));
        let [(Asked { id: 1, .. }, _, Err(refused))] = outcome.requests.as_slice() else {
            panic!("{new}: {:?}", outcome.requests)
        };
        assert_eq!(refused.fault, Fault::Request);
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

/// Of several requests for one slot the last one counts, and the others are reported in notes; so
/// is a function that tells no context.
#[test]
fn what_is_hardly_meant_is_told() {
    let context = r#"(import "weval" "pop.context" (func $pop))"#;
    for (body, func) in [
        ("(call $push (i32.const 0)) (call $pop) (i64.const 0)", None),
        ("(i64.const 0)", None),
        (
            "(call $f (local.get $code) (local.get $n))",
            Some("func4 tells no context, and calls in it are not followed"),
        ),
    ] {
        let one = request(context, body);
        let other = |slot: &str| {
            let one =
                one.replace(r#"(data (i32.const 16) "\80")"#, r#"(data (i32.const 16) "\c0")"#);
            let record = format!(
                r#"(data (i32.const 192) "\80\00\00\00\00\00\00\00\05\00\00\00\01\00\00\00"
                   "\01\00\00\00\00\02\00\00\38\00\00\00{slot}\00\00")"#
            );
            format!("{})\n", one.strip_suffix(')').expect("a module").to_owned() + &record)
        };
        let later = "a later request names the same slot (id 5)";
        for (text, ids, told) in [
            (one.clone(), vec![1], None),
            (other(r"\00\01"), vec![5], Some(later)),
            (other(r"\04\01"), vec![1, 5], None),
        ] {
            let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
            let found: Vec<u32> = outcome.requests.iter().map(|(asked, ..)| asked.id).collect();
            assert!(found == ids && outcome.requests.iter().all(|(.., state)| state.is_ok()));
            let bare = outcome.requests.iter().filter_map(|_| func);
            let wanted: Vec<&str> = told.into_iter().chain(bare).collect();
            let notes: Vec<&String> = outcome.notes.iter().map(|(_, note)| note).collect();
            assert_eq!(notes.len(), wanted.len(), "{notes:?}");
            assert!(
                notes.iter().zip(&wanted).all(|(note, words)| note.contains(words)),
                "{notes:?}"
            );
            if told.is_some() {
                assert_eq!(outcome.notes[0].0, Asked { slot: 256, id: 1 });
            }
        }
        // Without a slot both are refused.
        let none = other(r"\00\00").replace(r"\38\00\00\00\00\01", r"\38\00\00\00\00\00");
        let outcome = specialized(&none).unwrap_or_else(|error| panic!("{error}"));
        let refused = outcome.requests.iter().filter(|(asked, _, state)| {
            asked.to_string().starts_with("request without a slot (id ") && state.is_err()
        });
        assert_eq!((refused.count(), outcome.notes.len()), (2, 0));
    }
}

/// A request that is refused has the places that were not folded, if they are asked for.
#[test]
fn places_of_a_refused_request() {
    let body = "(if (i32.load (local.get $n)) (then (call $push (i32.const 7)))
                    (else (call $push (i32.load (local.get $n))))) (i64.const 0)";
    for (tally, count) in [(true, 1), (false, 0)] {
        let options = Options { tally, ..Options::default() };
        let outcome = specialize(&module(&request("", body)), &options);
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        let [(_, _, Err(refused))] = outcome.requests.as_slice() else {
            panic!("{:?}", outcome.requests)
        };
        let sites: Vec<&str> = refused.sites.keys().map(|(_, name)| name.as_str()).collect();
        assert_eq!(sites, vec!["br_if"; count]);
    }
}
