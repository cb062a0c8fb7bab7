//! Functions and certificates that no specialiser makes: each is wrong, agrees with its certificate
//! at first sight, and must be refused.
//!
//! A green run does not show that no other wrong pair is accepted. `plants.rs` changes what the
//! specialiser makes.

use prova_module::{Features, Limits, Module};
use prova_specialize::check::{Rejection, Rule};
use prova_specialize::{Assume, Assumption, Certified, Known, Role, Row};
use prova_ssa::{Block, Value};

/// The function that is made of a body in the frame of the planted faults.
fn certified(body: &str, rows: bool) -> Certified {
    let text = include_str!("plants/frame.wat").replace("(; BODY ;)", body);
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{body}"));
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let made = if rows { Certified::with_rows } else { Certified::new };
    made(&module, 256, Assume::Trust).expect("it can be specialised")
}

/// A row of the table: a program, which must be proved, and a fault in it.
#[test]
fn forged_functions_are_refused() {
    let (mut program, mut count, mut wrong) = ("", 0, Vec::new());
    let table = include_str!("plants/forged.txt");
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("program ") {
            program = rest.split_once(" | ").expect("a program").1;
            continue;
        }
        let parts: Vec<&str> = line.splitn(3, '|').collect();
        let (rule, rows) = parts[0].trim().split_once(' ').expect("a rule and which rows");
        let text = |at: usize| {
            let text = parts[at].strip_prefix(' ').unwrap_or(parts[at]);
            text.strip_suffix(' ').unwrap_or(text).replace("\\n", "\n")
        };
        let edits = [(&*text(1), &*text(2))];
        match forged(program, rows == "rows", &edits, |_| {}) {
            Ok(_) => wrong.push(format!("proved: {line}")),
            Err(why) if why.rule.to_string() != rule => wrong.push(format!("{line}: {why}")),
            Err(_) => count += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40);
}

/// Where a store that stands next may be of two cells, or of a cell and of the program: what is
/// made is proved.
#[test]
fn stores_that_could_be_others_are_proved() {
    let at = "(i32.add (local.get $n) (i32.const 8))";
    let wrote = format!("(call $write_local {at} (i32.const 0) (local.get $l))");
    for body in [
        // Written twice, and stored where ways meet.
        format!("(if (i32.load (local.get $n)) (then {wrote} {wrote})) (i64.const 0)"),
        // Read, and then touched.
        format!(
            "{wrote} (local.set $x (call $read_local {at} (i32.const 0)))
             (i64.sub (local.get $x) (i64.load {at}))"
        ),
        // Written, and then written over by the program with the same.
        format!(
            "(call $push_stack {at} (local.get $l)) (call $write_stack {at} (i32.const 0) (local.get $l))
             (i64.store {at} (local.get $l)) (call $pop_stack {at})"
        ),
    ] {
        for rows in [false, true] {
            let proof = certified(&body, rows).prove();
            assert_eq!(proof.map(|all| all.len()), Ok(1), "{body}");
        }
    }
}

/// The proof's verdict on a function whose body's text and roles were edited.
fn forged(
    body: &str,
    rows: bool,
    edits: &[(&str, &str)],
    roles: impl FnOnce(&mut Vec<Role>),
) -> Result<Vec<Assumption>, Rejection> {
    let mut case = certified(body, rows);
    assert!(case.prove().is_ok());
    let mut text = prova_ssa::print(&case.body);
    for (old, new) in edits {
        assert!(text.contains(old), "{old}\n{text}");
        text = text.replacen(old, new, 1);
    }
    case.body = prova_ssa::parse(&prova_ssa::renumber(&text)).expect("a body");
    roles(&mut case.certificate.roles);
    case.prove()
}

const COUNTER: &str = "(loop $l
    (i64.store (local.get $n) (local.tee $x (i64.add (local.get $x) (i64.const 1))))
    (br_if $l (i32.load offset=8 (local.get $n)))) (i64.const 0)";

/// A second copy of a loop whose row tells of what the loop computes, of its last round, and not of
/// what it computes it from: it would store the same number in every round.
#[test]
fn a_value_that_is_computed_again_is_not_what_the_row_said() {
    let again = "block4 none @0x1a8 (v80: i64, v81: i32)\n  \
        i64.store memory=0 offset=0 align=3 lane=0 v81 v80 @0x1b3\n  \
        v82: i32 = i32.load memory=0 offset=8 align=2 lane=0 v81 @0x1b8\n  \
        branch v82 block4(v80, v81) block5() @0x1bb\nblock5 none @0x1bb ()";
    let edits = [
        ("branch v20 block3(v19, v17) block4()", "branch v20 block4(v19, v17) block5()"),
        ("block4 none @0x1bb ()", again),
    ];
    // The sum is one of these; of the others the loop knows nothing.
    for sum in 5..12 {
        let row = Row {
            block: Some(Block::from_u32(1)),
            values: vec![
                (Value::from_u32(1), Known::Pointer { root: 1, offset: 0 }),
                (Value::from_u32(sum), Known::Param(0)),
            ],
            bases: vec![(1, 1)],
            ..Row::default()
        };
        let proof = forged(COUNTER, true, &edits, |roles| roles.insert(4, Role::Copy(row)));
        let rejection = proof.expect_err("it stores the same number in every round");
        assert!(matches!(rejection.rule, Rule::State | Rule::Operands), "v{sum}: {rejection}");
    }
}

const ARMS: &str = "(if (result i64) (i32.load (local.get $n))
    (then (i64.store offset=8 (local.get $n)
        (i64.extend_i32_u (i32.mul (local.get $n) (local.get $n)))) (i64.const 1))
    (else (i64.store offset=16 (local.get $n)
        (i64.extend_i32_u (i32.mul (local.get $n) (local.get $n)))) (i64.const 2)))";

/// A value that one arm computes is not there in the other, though both compute the same.
#[test]
fn a_value_of_another_arm_is_not_known() {
    for (old, new) in [
        ("offset=16 align=3 lane=0 v14 v17", "offset=16 align=3 lane=0 v14 v20"),
        ("offset=8 align=3 lane=0 v14 v20", "offset=8 align=3 lane=0 v14 v17"),
    ] {
        let proof = forged(ARMS, false, &[(old, new)], |_| {});
        let rejection = proof.expect_err("the value of another arm");
        assert_eq!(rejection.rule, Rule::Operands, "{rejection}");
    }
}

const LOADED: &str = "(local.set $i (i32.load (local.get $n)))
    (if (i32.load offset=4 (local.get $n))
        (then (i64.store offset=8 (local.get $n) (i64.load (local.get $code)))))
    (i64.load8_u (local.get $i))";

/// A row that calls a number from memory the argument that points to constant memory, so that what
/// is loaded there would be known.
#[test]
fn a_number_is_no_argument() {
    let edits = [("i64.load8_u memory=0 offset=0 align=0 lane=0 v19 @", "i64.const bits=0x1 @")];
    let proof = forged(LOADED, false, &edits, |roles| {
        let rows = roles.iter_mut().filter_map(|role| match role {
            Role::Copy(row) => Some(row),
            _other => None,
        });
        for row in rows {
            row.bases.iter_mut().filter(|base| base.0 > 3).for_each(|base| base.0 = 0);
            for (_, known) in &mut row.values {
                if let Known::Pointer { root, .. } = known
                    && *root > 3
                {
                    *root = 0;
                }
            }
        }
    });
    let rejection = proof.expect_err("a number for an argument");
    assert_eq!(rejection.rule, Rule::State, "{rejection}");
}

/// A loop that begins with a load of text, which a call may have changed: the comparison is the
/// first thing that the block with the loop's row does.
#[test]
fn text_that_is_compared_first_is_proved() {
    let body = "(loop $l
        (local.set $x (i64.add (local.get $x) (i64.load8_u (local.get $code))))
        (drop (call $other (local.get $code) (local.get $n) (local.get $k) (local.get $l)))
        (br_if $l (i32.load (local.get $n)))) (local.get $x)";
    let text = include_str!("plants/frame.wat").replace("(; BODY ;)", body);
    let wasm = wat::parse_str(&text).expect("a module");
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let case = Certified::new(&module, 256, Assume::Check).expect("it can be specialised");
    assert!(case.prove().is_ok(), "{:?}", case.prove());
}
