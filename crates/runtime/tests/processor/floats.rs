//! The check's rows of code that makes integers of floats, where nobody handles faults: what is
//! accepted reaches no `ud2` on any of these floats, and what is refused does on one.
//!
//! A green run does not show that it reaches none on other floats.

use super::{Processor, Registers, succeeds};

const ROWS: &str = include_str!("../../../check/tests/hostile/contexts.tsv");

/// Rows that are refused for their form: no float reaches their `ud2` as processes begin.
const FOR_THEIR_FORM: [&str; 2] =
    ["quiet: a float, rounded as the processor is set", "quiet: a difference that may be rounded"];

/// `movq xmm0,rdx; movq xmm3,rcx; movq xmm4,rcx`: the float, and another one.
const BEFORE: [u8; 15] =
    [0x66, 0x48, 0x0f, 0x6e, 0xc2, 0x66, 0x48, 0x0f, 0x6e, 0xd9, 0x66, 0x48, 0x0f, 0x6e, 0xe1];

/// Floats at which something changes, of 8 and of 4 bytes.
fn floats() -> Vec<u64> {
    let mut at = vec![0.0, 0.5, 1.0, f64::MIN_POSITIVE, f64::INFINITY, 9_007_199_254_740_993.0];
    for bits in [31, 32, 62, 63, 64] {
        let power = 2_f64.powi(bits);
        at.extend([power - 1.0, power - 0.5, power, power + 0.5, power + 1.0]);
    }
    let mut floats: Vec<u64> = at.iter().map(|at: &f64| at.to_bits()).collect();
    floats.extend(at.iter().map(|&at| u64::from((at as f32).to_bits())));
    // Neighbours, and NaNs behind the infinities.
    let near = |bits: u64| (0..9).map(move |by| bits.wrapping_add(by).wrapping_sub(4));
    let mut floats: Vec<u64> = floats.into_iter().flat_map(near).collect();
    let signs = [1 << 63, 1 << 31, 1 << 22, 1 << 51];
    let signed: Vec<u64> =
        floats.iter().flat_map(|bits| signs.map(|sign: u64| bits ^ sign)).collect();
    floats.extend(signed);
    floats
}

#[test]
fn accepted_conversions_of_floats_do_not_stop() {
    if !is_x86_feature_detected!("sse4.1") {
        return;
    }
    let (mut processor, floats) = (Processor::new(), floats());
    let (mut accepted, mut refused) = (0, 0);
    for line in ROWS.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, rule, _, bytes, text, ..] = columns[..] else { panic!("{line}") };
        let other = ["sd2si", "ss2si", "ucomis"].iter().all(|code| !text.contains(code));
        if other || text.contains("[rdi") {
            continue;
        }
        let byte = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect("a byte");
        let code = (0..bytes.len()).step_by(2).map(byte);
        let code: Vec<u8> = BEFORE.into_iter().chain(code).collect();
        let goes_on = succeeds(|| {
            for (i, &float) in floats.iter().enumerate() {
                let mut registers = Registers { general: [0; 16], flags: 2 };
                registers.general[2] = float;
                registers.general[1] = floats[i * 7 % floats.len()];
                processor.run(&code, &registers);
            }
            true
        });
        let wanted = rule == "ok" || FOR_THEIR_FORM.contains(&name);
        assert_eq!(goes_on, wanted, "{name}");
        if rule == "ok" { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted >= 12 && refused >= 20, "{accepted} and {refused} rows");
}
