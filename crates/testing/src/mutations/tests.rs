//! The classes: for each a pair of codes that it explains, and wrong twins, real changes of
//! behaviour that nothing may explain.

use super::class::classify;
use prova_bytecode::{Candidate, Handler, text};
use prova_module::{Features, FuncIdx, Limits, Module, TagIdx};

/// Two parameters s0 and s1, a local s2, home slots from s3 on.
const MODULE: &str = "(module (memory 1) (tag (param i32)) (global (mut i32) (i32.const 0))
    (func (param i32 i32) (result i32) (local i32) i32.const 0))";

/// The handler of the cases that have one: words 1 to 6, tag 0, values at s3 of word 8.
const HANDLER: Handler =
    Handler { start: 2, end: 10, tag: Some(TagIdx(0)), with_ref: false, target: 14, slot: 3 };

fn candidate(code: &str, handlers: &[Handler]) -> Candidate {
    let (words, map) = text::parse_with_map(code).unwrap_or_else(|error| panic!("{error}: {code}"));
    let (func, handlers) = (FuncIdx(0), handlers.to_vec());
    Candidate { func, words, frame_cells: 10, map, controls: Vec::new(), handlers }
}

fn class_of(before: &Candidate, after: &Candidate) -> Option<&'static str> {
    let bytes = wat::parse_str(MODULE).expect("the text is a module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    classify(&module, before, after)
}

/// Code, what it became, and the class.
type Case = (&'static str, &'static str, Option<&'static str>);

const UNREAD: Option<&str> = Some("what nobody reads, the order of what is independent");
const COMMUTING: Option<&str> = Some("commuting operands");
const COPIED: Option<&str> = Some("a slot with the same value");
const CONSTANT: Option<&str> = Some("a constant that is there already");
const SELECT: Option<&str> = Some("a select between equal values");
const FORM: Option<&str> = Some("another form of the same op");
const SEVERAL: Option<&str> = Some("several of these");
const MAP: Option<&str> = Some("map entries and handlers of what cannot trap");

const CASES: &[Case] = &[
    // Dead writes and order.
    ("copy s3 <- s0\nreturn1 s0", "return1 s0", UNREAD),
    ("copy s3 <- s0\nreturn1 s3", "return1 s3", None),
    ("return1 s0", "return1 s1", None),
    (
        "i32.add s3 <- s0 s1\ni32.sub s4 <- s0 s1\nreturn2 s3 s4",
        "i32.sub s4 <- s0 s1\ni32.add s3 <- s0 s1\nreturn2 s3 s4",
        UNREAD,
    ),
    (
        "i32.add s3 <- s0 s1\ni32.sub s4 <- s3 s1\nreturn2 s3 s4",
        "i32.sub s4 <- s3 s1\ni32.add s3 <- s0 s1\nreturn2 s3 s4",
        None,
    ),
    // Over a charge, whose operator goes on.
    (
        "charge 2\ni32.add s0 <- s0 s1\nreturn1 s0",
        "i32.add s0 <- s0 s1\ncharge 2\nreturn1 s0",
        UNREAD,
    ),
    ("charge 2\nreturn1 s0", "charge 3\nreturn1 s0", None),
    // Effects: each once, in their order, on the same values.
    ("i32.load s3 <- s0 +0\nreturn1 s0", "return1 s0", None),
    ("i32.load s3 <- s0 +0\nreturn1 s0", "i32.load s4 <- s0 +0\nreturn1 s0", UNREAD),
    ("i32.load s3 <- s0 +0\nreturn1 s3", "i32.load s3 <- s0 +4\nreturn1 s3", None),
    ("i32.load s3 <- s0 +0\nreturn1 s3", "i32.load s3 <- s1 +0\nreturn1 s3", None),
    (
        "i32.store s0 s1 +0\ni32.store s1 s0 +0\nreturn1 s0",
        "i32.store s1 s0 +0\ni32.store s0 s1 +0\nreturn1 s0",
        None,
    ),
    ("i32.store s0 s1 +0\nreturn1 s0", "i32.store s0 s1 +0\ni32.store s0 s1 +0\nreturn1 s0", None),
    ("i32.div_s s3 <- s0 s1\nreturn1 s0", "i32.div_u s3 <- s0 s1\nreturn1 s0", None),
    // A division that does not trap may be repeated or moved.
    (
        "i32.div_s s3 <- s0 s1\ni32.div_s s4 <- s0 s1\nreturn2 s3 s4",
        "i32.div_s s4 <- s0 s1\ni32.div_s s3 <- s0 s1\nreturn2 s3 s4",
        UNREAD,
    ),
    (
        "i32.div_s s3 <- s0 s1\ncopy s0 <- s1\ni32.div_s s4 <- s0 s1\nreturn2 s3 s4",
        "i32.div_s s4 <- s0 s1\ncopy s0 <- s1\ni32.div_s s3 <- s0 s1\nreturn2 s3 s4",
        None,
    ),
    // A load may give something else the second time: memory is not modelled.
    (
        "i32.load s3 <- s0 +0\ni32.load s4 <- s0 +0\nreturn2 s3 s4",
        "i32.load s4 <- s0 +0\ni32.load s3 <- s0 +0\nreturn2 s3 s4",
        None,
    ),
    // Commuting.
    ("i32.add s3 <- s0 s1\nreturn1 s3", "i32.add s3 <- s1 s0\nreturn1 s3", COMMUTING),
    ("i32.sub s3 <- s0 s1\nreturn1 s3", "i32.sub s3 <- s1 s0\nreturn1 s3", None),
    ("f32.add s3 <- s0 s1\nreturn1 s3", "f32.add s3 <- s1 s0\nreturn1 s3", None),
    ("i32.lt_s s3 <- s0 s1\nreturn1 s3", "i32.gt_s s3 <- s1 s0\nreturn1 s3", COMMUTING),
    ("i32.lt_s s3 <- s0 s1\nreturn1 s3", "i32.gt_s s3 <- s0 s1\nreturn1 s3", None),
    ("i32.lt_s s3 <- s0 s1\nreturn1 s3", "i32.ge_s s3 <- s1 s0\nreturn1 s3", None),
    ("f32.le s3 <- s0 s1\nreturn1 s3", "f32.ge s3 <- s1 s0\nreturn1 s3", COMMUTING),
    ("f32.le s3 <- s2 s2\nreturn1 s3", "const32 s4 <- 0\nf32.ge s3 <- s2 s4\nreturn1 s3", SEVERAL),
    // Copies, straight on, over a loop and not over a write.
    ("copy s3 <- s0\nreturn1 s3", "copy s3 <- s0\nreturn1 s0", COPIED),
    (
        "copy s3 <- s0\nconst32 s0 <- 1\nreturn1 s3",
        "copy s3 <- s0\nconst32 s0 <- 1\nreturn1 s0",
        None,
    ),
    (
        "copy s3 <- s0\n@l:\ncharge 1\nbr_if s1 -> @l\nreturn1 s3",
        "copy s3 <- s0\n@l:\ncharge 1\nbr_if s1 -> @l\nreturn1 s0",
        COPIED,
    ),
    (
        "copy s3 <- s0\n@l:\ncharge 1\nconst32 s0 <- 7\nbr_if s1 -> @l\nreturn1 s3",
        "copy s3 <- s0\n@l:\ncharge 1\nconst32 s0 <- 7\nbr_if s1 -> @l\nreturn1 s0",
        None,
    ),
    // The copy moved into the loop (wasmi#1749).
    (
        "copy s3 <- s0\n@l:\ncharge 1\nconst32 s0 <- 7\nbr_if s1 -> @l\nreturn1 s3",
        "@l:\ncharge 1\ncopy s3 <- s0\nconst32 s0 <- 7\nbr_if s1 -> @l\nreturn1 s3",
        None,
    ),
    // Half a vector.
    ("copy_v128 s3:2 <- s0:2\nreturn2 s3 s4", "copy_v128 s3:2 <- s0:2\nreturn2 s3 s1", COPIED),
    ("copy_v128 s3:2 <- s0:2\nreturn2 s3 s4", "copy s3 <- s0\nreturn2 s3 s4", None),
    // Constants.
    ("return1 s2", "const32 s2 <- 0\nreturn1 s2", CONSTANT),
    ("return1 s2", "const32 s2 <- 1\nreturn1 s2", None),
    ("return1 s0", "const32 s0 <- 0\nreturn1 s0", None),
    ("const64_s32 s3 <- 5\nreturn1 s3", "const64 s3 <- 5\nreturn1 s3", CONSTANT),
    ("const64_s32 s3 <- -5\nreturn1 s3", "const64 s3 <- 5\nreturn1 s3", None),
    ("const64_s32 s3 <- -5\nreturn1 s3", "const32 s3 <- -5\nreturn1 s3", None),
    // Selects.
    ("select s3 <- s0 s0 s1\nreturn1 s3", "select s3 <- s0 s0 s2\nreturn1 s3", SELECT),
    ("select s3 <- s0 s1 s1\nreturn1 s3", "select s3 <- s0 s1 s2\nreturn1 s3", None),
    ("select s3 <- s0 s1 s2\nreturn1 s3", "select s3 <- s1 s0 s2\nreturn1 s3", None),
    // Forms, of computations and of branches.
    ("i32.eqz s3 <- s0\nreturn1 s3", "i32.eq_imm s3 <- s0 0\nreturn1 s3", FORM),
    ("i32.eqz s3 <- s0\nreturn1 s3", "i32.eq_imm s3 <- s0 1\nreturn1 s3", None),
    (
        "i32.add_imm s3 <- s2 5\nreturn1 s3",
        "const32 s3 <- 5\ni32.add s3 <- s3 s2\nreturn1 s3",
        SEVERAL,
    ),
    ("i32.add_imm s3 <- s2 -1\nreturn1 s3", "i32.add_imm32 s3 <- s2 65535\nreturn1 s3", None),
    (
        "br_if_not s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "br_i32.eq_imm s0 0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        FORM,
    ),
    (
        "br_if_not s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "br_if s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        None,
    ),
    // A constant's difference is a sum: of one width, on the right, with a zero local, too.
    (
        "const32 s3 <- 5\ni32.sub s4 <- s0 s3\nreturn1 s4",
        "i32.add_imm s4 <- s0 -5\nreturn1 s4",
        SEVERAL,
    ),
    (
        "const32 s3 <- 5\ni32.sub s4 <- s0 s3\nreturn1 s4",
        "i32.add_imm s4 <- s0 5\nreturn1 s4",
        None,
    ),
    (
        "const32 s3 <- 5\ni32.sub s4 <- s3 s0\nreturn1 s4",
        "i32.add_imm s4 <- s0 -5\nreturn1 s4",
        None,
    ),
    (
        "const64_s32 s3 <- 5\ni64.sub s4 <- s0 s3\nreturn1 s4",
        "i64.add_imm s4 <- s0 -5\nreturn1 s4",
        SEVERAL,
    ),
    (
        "const64_s32 s3 <- 5\ni64.sub s4 <- s0 s3\nreturn1 s4",
        "i32.add_imm s4 <- s0 -5\nreturn1 s4",
        None,
    ),
    ("i32.add s3 <- s0 s2\nreturn1 s3", "i32.sub s3 <- s0 s2\nreturn1 s3", SEVERAL),
    ("i32.add s3 <- s0 s1\nreturn1 s3", "i32.sub s3 <- s0 s1\nreturn1 s3", None),
    ("f32.add s3 <- s0 s2\nreturn1 s3", "f32.sub s3 <- s0 s2\nreturn1 s3", None),
    // Of a select, which operand the immediate is.
    ("select_imm s3 <- s0 5 s1\nreturn1 s3", "select_imm32 s3 <- s0 5 s1\nreturn1 s3", FORM),
    ("select_imm s3 <- s0 -5 s1\nreturn1 s3", "select_imm32 s3 <- s0 -5 s1\nreturn1 s3", None),
    ("imm_select s3 <- 5 s0 s1\nreturn1 s3", "imm32_select s3 <- 5 s0 s1\nreturn1 s3", FORM),
    ("imm_select s3 <- 5 s0 s1\nreturn1 s3", "select_imm s3 <- s0 5 s1\nreturn1 s3", None),
    ("select_imm s3 <- s0 5 s0\nreturn1 s3", "return1 s0", None),
    (
        "select_imm s3 <- s0 5 s1\nreturn1 s3",
        "const32 s4 <- 5\nselect s3 <- s0 s4 s1\nreturn1 s3",
        SEVERAL,
    ),
    // Floats are cells, except for the accumulator.
    ("i64.store s0 s1 +0\nreturn1 s0", "f64.store s0 s1 +0\nreturn1 s0", FORM),
    ("i32.store s0 s1 +0\nreturn1 s0", "f64.store s0 s1 +0\nreturn1 s0", None),
    ("i32.load s3 <- s0 +0\nreturn1 s3", "f32.load s3 <- s0 +0\nreturn1 s3", FORM),
    ("i32.load s3 <- s0 +0\nreturn1 acc", "f32.load s3 <- s0 +0\nreturn1 acc", None),
    // Two operators in one: a result that nobody reads, what is read before it is written.
    (
        "const32_br_if_not s3 <- 1 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "const32_br_if_not s3 <- 2 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        UNREAD,
    ),
    (
        "const32_br_if_not s3 <- 1 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s3",
        "const32_br_if_not s3 <- 2 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s3",
        None,
    ),
    (
        "const32_br_if_not s3 <- 1 s0 -> @l\nreturn1 acc\n@l:\nreturn1 s0",
        "const32_br_if_not s3 <- 2 s0 -> @l\nreturn1 acc\n@l:\nreturn1 s0",
        None,
    ),
    (
        "i32.add_imm_br_ne s0 <- s0 1 s1 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "i32.add_imm s0 <- s0 1\nbr_i32.ne s0 s1 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        COPIED,
    ),
    (
        "i32.add_imm_br_ne s0 <- s0 1 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "i32.add_imm s0 <- s0 1\nbr_i32.ne s0 s0 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        None,
    ),
    (
        "i32.add_imm_br_lt_u s0 <- s0 1 s1 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        "i32.add_imm_br_lt_s s0 <- s0 1 s1 -> @l\nreturn1 s1\n@l:\nreturn1 s0",
        None,
    ),
    (
        "br_if s1 -> @l\nconst32_br s0 <- 5 -> @m\n@l:\nreturn1 s1\n@m:\nreturn1 s0",
        "br_if s1 -> @l\nconst32_br s0 <- 6 -> @m\n@l:\nreturn1 s1\n@m:\nreturn1 s0",
        None,
    ),
    (
        "br_if s1 -> @l\nconst32_br s3 <- 5 -> @m\n@l:\nreturn1 s1\n@m:\nreturn1 s0",
        "br_if s1 -> @l\nbr -> @m\n@l:\nreturn1 s1\n@m:\nreturn1 s0",
        UNREAD,
    ),
    (
        "global.get_add_imm s3 <- global0 1\nreturn1 s0",
        "global.get_add_imm s3 <- global0 2\nreturn1 s0",
        UNREAD,
    ),
    (
        "global.get_add_imm s3 <- global0 1\nreturn1 s3",
        "global.get_add_imm s3 <- global0 2\nreturn1 s3",
        None,
    ),
    ("global.get_add_imm s3 <- global0 1\nreturn1 s0", "return1 s0", None),
    (
        "global.set_add_imm s3 <- global0 s0 1\nreturn1 s0",
        "global.set_add_imm s3 <- global0 s0 2\nreturn1 s0",
        None,
    ),
    (
        "global.set_add_imm s3 <- global0 s0 1\nreturn1 s3",
        "i32.add_imm s4 <- s0 1\nglobal.set global0 s4\nreturn1 s4",
        COPIED,
    ),
    // Jumps: to a jump, and elsewhere.
    (
        "br_if s0 -> @l\nreturn1 s1\n@l:\nbr -> @m\n@m:\nreturn1 s0",
        "br_if s0 -> @m\nreturn1 s1\n@l:\nbr -> @m\n@m:\nreturn1 s0",
        UNREAD,
    ),
    (
        "br_if s0 -> @l\n@l:\nconst32 s0 <- 1\n@m:\nreturn1 s0",
        "br_if s0 -> @m\n@l:\nconst32 s0 <- 1\n@m:\nreturn1 s0",
        None,
    ),
    (
        "br_table s0 0 -> @a @b\n@a:\nreturn1 s0\n@b:\nreturn1 s1",
        "br_table s0 0 -> @b @a\n@a:\nreturn1 s0\n@b:\nreturn1 s1",
        None,
    ),
    ("br_table s0 0 -> @a @a\n@a:\nreturn1 s0", "br_table s1 0 -> @a @a\n@a:\nreturn1 s0", None),
    // Calls: the window's values, what a call destroys.
    (
        "copy2 s3 s4 <- s0 s1\ncall s3.. func0\nreturn1 s3",
        "copy2 s3 s4 <- s1 s0\ncall s3.. func0\nreturn1 s3",
        None,
    ),
    (
        "copy2 s3 s4 <- s0 s1\ncall s3.. func0\nreturn1 s0",
        "copy2 s3 s4 <- s0 s1\ncall s3.. func0\nreturn1 s3",
        None,
    ),
    (
        "copy s8 <- s0\ncopy2 s3 s4 <- s0 s1\ncall s3.. func0\nreturn1 s0",
        "copy s8 <- s0\ncopy2 s3 s4 <- s0 s1\ncall s3.. func0\nreturn1 s8",
        None,
    ),
    (
        "copy2 s3 s4 <- s0 s1\nreturn_call s3.. func0",
        "copy2 s3 s4 <- s0 s0\nreturn_call s3.. func0",
        None,
    ),
    (
        "copy2 s3 s4 <- s0 s1\nreturn_call s3.. func0",
        "copy2 s3 s4 <- s0 s1\ncopy s5 <- s0\nreturn_call s3.. func0",
        UNREAD,
    ),
    // The operators that a backtrace shows.
    (
        "0x20 i32.load s3 <- s0 +0\n0x24 return1 s3",
        "0x20 i32.load s3 <- s0 +0\n0x23 return1 s3",
        MAP,
    ),
    (
        "0x20 i32.load s3 <- s0 +0\n0x24 return1 s3",
        "0x21 i32.load s3 <- s0 +0\n0x24 return1 s3",
        None,
    ),
];

#[test]
fn each_class_explains_its_case_and_no_wrong_twin() {
    let mut faults = Vec::new();
    for &(before, after, class) in CASES {
        let found = class_of(&candidate(before, &[]), &candidate(after, &[]));
        if found != class {
            faults.push(format!("{before}\n→\n{after}\n{found:?}, not {class:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    for class in [UNREAD, COMMUTING, COPIED, CONSTANT, SELECT, FORM, SEVERAL, MAP] {
        assert!(CASES.iter().any(|case| case.2 == class), "{class:?}");
    }
}

/// Calls, then returns; the handler reads s2 and the value that is caught.
const THROWING: &str = "const32 s2 <- 5\ncopy2 s3 s4 <- s0 s1\ncall s3.. func0\nconst32 s2 <- 9\n\
    const32 s5 <- 1\nconst32 s6 <- 1\nreturn1 s3\n@h:\nreturn2 s2 s3";

#[test]
fn what_a_handler_reads_is_read() {
    let honest = candidate(THROWING, &[HANDLER]);
    assert_eq!(honest.words.len(), 16, "the handler's words");
    let edited = |from: &str, to: &str| candidate(&THROWING.replace(from, to), &[HANDLER]);
    let cases = [
        ("const32 s5 <- 1", "const32 s5 <- 2", UNREAD),
        ("const32 s2 <- 9", "const32 s2 <- 5", UNREAD),
        ("const32 s2 <- 5", "const32 s2 <- 6", None),
        ("return2 s2 s3", "return2 s2 s4", None),
    ];
    for (from, to, class) in cases {
        assert_eq!(class_of(&honest, &edited(from, to)), class, "{from} → {to}");
    }
}

#[test]
fn another_handler_is_another_function() {
    let honest = candidate(THROWING, &[HANDLER]);
    let with = |handlers: &[Handler]| class_of(&honest, &candidate(THROWING, handlers));
    assert_eq!(
        with(&[HANDLER, HANDLER]),
        None,
        "a second clause of the tag is never asked, but is no dead code"
    );
    assert_eq!(with(&[]), None);
    assert_eq!(with(&[Handler { tag: None, ..HANDLER }]), None);
    assert_eq!(with(&[Handler { with_ref: true, ..HANDLER }]), None);
    assert_eq!(with(&[Handler { slot: 4, ..HANDLER }]), None);
    assert_eq!(with(&[Handler { target: 12, ..HANDLER }]), None);
    assert_eq!(with(&[Handler { target: Handler::RETURN, ..HANDLER }]), None);
    // The call is word 4; what is around it throws nothing.
    assert_eq!(with(&[Handler { start: 4, end: 6, ..HANDLER }]), MAP);
    assert_eq!(with(&[Handler { start: 6, ..HANDLER }]), None);
    let all = Handler { tag: None, with_ref: true, ..HANDLER };
    let caught = candidate(THROWING, &[all]);
    assert_eq!(
        class_of(&caught, &candidate(THROWING, &[all, HANDLER])),
        MAP,
        "behind a clause for all"
    );
}

#[test]
fn hints_and_frames_have_classes_of_their_own() {
    let honest = candidate("return1 s0", &[]);
    let mut hint = honest.clone();
    hint.controls.push(prova_bytecode::ControlHint { offset: 7, word: 0 });
    assert_eq!(class_of(&honest, &hint), Some("a hint"));
    let mut frame = honest.clone();
    frame.frame_cells += 1;
    assert_eq!(class_of(&honest, &frame), Some("a frame's size"));
}
