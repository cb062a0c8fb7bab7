//! X1 by example and by chance. Green does not show that a line *means* what an executor does.

use super::*;
use crate::encode::CodeBuffer;
use crate::ops::{Class, OPS};
use crate::testing::{Random, random_code};

#[test]
fn every_op_round_trips() {
    let mut random = Random::new(1);
    for round in 0..20 {
        for &op in OPS {
            let mut code = CodeBuffer::new();
            code.emit(crate::Op::Poll, &[]);
            let at = random_code(&mut random, op, &mut code);
            let text = display(code.words()).to_string();
            assert_eq!(parse(&text).as_deref(), Ok(code.words()), "{op:?}, round {round}:\n{text}");
            let inst = decode(code.words(), at).expect("an emitted instruction decodes");
            let line = disassemble_inst(code.words(), &inst).to_string();
            assert!(text.ends_with(&format!("    1: {line}\n")), "{text}");
            assert_eq!(inst.op.class() == Class::br_table, line.starts_with("br_table"), "{line}");
        }
    }
}

#[test]
fn any_words_round_trip() {
    let mut random = Random::new(2);
    for _ in 0..2_000 {
        let words: Vec<u64> = (0..random.below(12)).map(|_| random.word()).collect();
        let text = display(&words).to_string();
        assert_eq!(parse(&text), Ok(words), "{text}");
    }
}

#[test]
fn mnemonics_are_unique() {
    let mut mnemonics: Vec<&str> = OPS.iter().map(|op| op.mnemonic()).collect();
    mnemonics.sort_unstable();
    mnemonics.dedup();
    assert_eq!(mnemonics.len(), OPS.len());
}

const TEXT: &str = "\
0x000021     0: charge 7
0x000023     2: v128.load s4:2 <- s0 +16
             4: i8x16.replace_lane s4:2 <- s4:2 s1 lane3
0x000029     6: br_i32.lt_s_imm s0 -5 -> @0
             9: br_table s0 -7 -> @0 @9 @-3
            14: call s6.. func2
            16: const128 s6:2 <- 0x000102030405060708090a0b0c0d0e0f
            20: i32.add acc <- acc s6
            22: return
";

#[test]
fn the_text_is_as_documented() {
    let (words, map) = parse_with_map(TEXT).expect("the text is right");
    assert_eq!(map.len(), 3);
    assert_eq!(display(&words).with_map(&map).to_string(), TEXT);
    assert_eq!(parse(TEXT), Ok(words));
}

#[test]
fn names_stand_for_words() {
    let named = "@top:\nbr_if s0 -> @out ; leave\nbr -> @top\n\n@out:\nreturn\n";
    let plain = "br_if s0 -> @4\nbr -> @0\nreturn\n";
    assert_eq!(parse(named), parse(plain));
    assert!(parse(named).is_ok_and(|words| !words.is_empty()));
}

/// The rejecting twins: each line with the one thing wrong that the message names.
#[test]
fn lines_that_are_no_code_are_refused() {
    for (text, message) in [
        ("i32.plus s1 <- s2 s3", "unknown mnemonic i32.plus"),
        ("3: return", "word 3 is word 0"),
        ("i32.add s1 s2 s3", "s2 where <- belongs"),
        ("i32.add s1 <- s2", "an operand is missing"),
        ("return s1", "s1 is one too many"),
        ("copy s1 <- s65536", "s65536 is no operand of kind any"),
        ("copy s1 <- s2:2", "s2:2 is no operand of kind any"),
        ("copy s1 <- 2", "2 is no operand of kind any"),
        ("i32.add_imm s1 <- s2 40000", "40000 is no operand of kind i32s"),
        ("const32 s1 <- 4294967296", "4294967296 is no operand of kind i32c"),
        ("const128 s1:2 <- 5", "5 is no v128"),
        ("br -> @nowhere", "no definition of @nowhere"),
        ("br -> @2147483648", "@2147483648 is too far away"),
        ("br_table s1 0 ->", "br_table takes at least the default target"),
        ("@a:\n@a:", "second definition of @a"),
        (".word 7", "`.word` takes one hexadecimal number"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(error.line, text.lines().count(), "{text}");
    }
}
