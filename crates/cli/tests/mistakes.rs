//! Slips on the command line: what is advised is right, nothing is ignored silently, and a report
//! has no line of the guest's.
//!
//! `hints` has the messages for what a module needs. A green run does not cover other slips.

use crate::common::{Run, Scratch, demo};

fn silent_of_tips(run: &Run) -> bool {
    !run.err.contains("tip:")
}

#[test]
fn advice_on_an_unknown_option_is_right_or_absent() {
    let demo = demo("unknown-options");
    for (args, near) in [
        ("--dri . demo.wat", "--dir"),
        ("run --dri . demo.wat", "--dir"),
        ("--invok f demo.wat", "--invoke"),
        ("--envv A demo.wat", "--env"),
        ("--fule 3 demo.wat", "--fuel"),
        ("debug --lisen 0 demo.wat", "--listen"),
        ("diff --alow x a b", "--allow"),
        ("inspect --functions x demo.wat", "--function"),
        ("trace --levle x demo.wat", "--level"),
    ] {
        let told = demo.run(args);
        told.expect(2, "").says(&["unexpected argument '--", near]);
        assert!(told.err.contains(&format!("a similar argument exists: '{near}'")), "{told:?}");
        // No advice makes a module of an option.
        assert!(!told.err.contains("as a value"), "{told:?}");
    }
    for args in ["--nonsense demo.wat", "-X demo.wat", "diff -x a b", "trace --evnts x demo.wat"] {
        let told = demo.run(args);
        told.expect(2, "").says(&["unexpected argument", "Usage: prova"]);
        assert!(silent_of_tips(&told), "{told:?}");
    }
    for (args, why) in [
        ("--target x demo.wat", "there is no target to choose"),
        ("compile --target x demo.wat -o y", "there is no target to choose"),
        ("--mapdir /a::. demo.wat", "`--dir HOST::GUEST`"),
        ("--entrypoint f demo.wat", "`--invoke FUNCTION`"),
    ] {
        let told = demo.run(args);
        told.expect(2, "").says(&["unexpected argument '--", why]);
        assert!(!told.err.contains("--stats") && !told.err.contains("as a value"), "{told:?}");
    }
}

#[test]
fn an_option_of_the_command_behind_the_module_is_told() {
    let demo = demo("behind-commands");
    let stands = "stands behind the module, so it goes to the guest";
    for (args, option) in [
        ("debug --listen 0 --invoke none demo.wat --listen 3", "`--listen`"),
        ("debug --listen 0 --invoke none demo.wat --dir=.", "`--dir=.`"),
        ("trace demo.wat --level values", "`--level`"),
        ("trace demo.wat --emit x", "`--emit`"),
        ("diverge demo.wat --sides tail,match", "`--sides`"),
        ("shrink --out small demo.wat --budget 3", "`--budget`"),
    ] {
        demo.run(args).says(&["warning: ", option, stands]);
    }
    // Another command's option is the guest's, as is what stands behind `--`.
    for args in
        ["run demo.wat --listen 3", "trace demo.wat --listen", "trace -- demo.wat --level x"]
    {
        let told = demo.run(args);
        assert!(!told.err.contains(stands), "{args}: {told:?}");
    }
}

#[test]
fn a_variable_that_is_not_set_is_told() {
    let demo = demo("unset");
    let unset = "PROVA_TEST_OF_A_VARIABLE_THAT_NOBODY_SETS";
    let warning = format!("warning: `--env {unset}`: the variable is not set here");
    for command in ["", "run", "trace", "diverge"] {
        let args = format!("{command} --env={unset} demo.wat");
        demo.run(&args).says(&[&warning]);
    }
    demo.run(&format!("xref demo.wat 8 --watch --env {unset}")).says(&[&warning]);
    for given in ["PATH", "NEW=", "NEW=x"] {
        demo.run(&format!("--env={given} demo.wat")).expect(0, "hello\n").silent();
    }
}

#[test]
fn an_argument_that_is_no_value_is_named_with_its_type_and_what_is_accepted() {
    let demo = demo("arguments");
    let text = r#"(module (func (export "f") (param i32 i64 f32 f64 externref)))"#;
    demo.write("f.wat", text);
    for (args, number, text, ty, accepted) in [
        ("48x 2 3 4 null", 1, "48x", "i32", "an integer from -2147483648 to 4294967295"),
        ("1 x 3 4 null", 2, "x", "i64", "an integer from -9223372036854775808 to"),
        ("1 2 x 4 null", 3, "x", "f32", "a number such as `1.5` or `1e3`"),
        ("1 2 3 x null", 4, "x", "f64", "a number such as `1.5` or `1e3`"),
        ("1 2 3 4 x", 5, "x", "externref", "`null`"),
        ("4294967296 2 3 4 null", 1, "4294967296", "i32", "does not fit in 32 bits: it must be"),
    ] {
        let first = format!("argument {number} of `f`: invalid argument `{text}` of type {ty}");
        demo.run(&format!("--invoke f f.wat {args}")).expect(1, "").says(&[&first, accepted]);
    }
    demo.run("--invoke f f.wat 1 2 3 4 null").expect(0, "").silent();
    demo.run("--invoke f f.wat -1 0x10 -inf nan null").expect(0, "").silent();
}

/// The words stand in one table of the program; a file of the name goes before.
#[test]
fn a_word_that_is_taken_for_a_command_is_explained() {
    let folder = Scratch::new("words");
    let source = include_str!("../src/hint.rs");
    let table = source.split_once("const FOREIGN_COMMANDS").expect("the table").1;
    let table = table.split_once("];").expect("its end").0;
    let words: Vec<&str> = table.split('(').filter_map(|row| row.split('"').nth(1)).collect();
    assert!(words.len() >= 20 && words.contains(&"bench"), "{words:?}");
    for word in words {
        let why = format!("there is no command `{word}`: ");
        folder.run(&format!("{word} x.wasm")).expect(1, "").says(&[&why]);
    }
    folder.run("record x.wasm").says(&["`prova run --record FILE MODULE`", "`prova replay FILE`"]);
    folder.write("record", "(module (func (export \"_start\")))");
    folder.run("record x.wasm").expect(0, "").silent();
}

/// A guest that prints what looks like a report.
#[test]
fn output_of_the_guest_is_not_mixed_into_the_report_of_two_runs() {
    let demo = demo("mixed");
    for args in ["diverge demo.wat", "shrink --out small demo.wat", "diverge --json demo.wat"] {
        let run = demo.run(args);
        assert!(!run.out.contains("hello") && !run.err.contains("hello"), "{args}: {run:?}");
    }
    // Of one run it goes to standard error.
    demo.run("trace demo.wat").says(&["hello\n"]);
}
