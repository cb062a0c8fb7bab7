//! Accepted code with one thing wrong: each kind of fault that code generators have had, at every
//! place of the cases where it can be planted.
//!
//! A mutant is certified again, so that the certificate is the best that there is for it, and then
//! checked. `mutants.tsv` says for each kind how many are refused. Those that pass are executed
//! under an observer by `observed.rs`. The counts are exact, so that a check that becomes weaker
//! is seen.

use crate::mutation;

use crate::common::{build, cases};
use crate::mutation::Original;
use iced_x86::{Decoder, DecoderOptions};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Refused and all.
type Count = (usize, usize);

#[test]
fn mutants_are_refused() {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    let survivors = std::env::var_os("PROVA_SURVIVORS").is_some();
    for (name, text) in cases() {
        let built = build(&name, &text, true, "speed");
        let original =
            Original { bytes: &built.bytes, traps: &built.traps, calls: &built.calls, starts: &[] };
        mutation::each(&original, &mut |mutant| {
            let draft = prova_certify::Draft {
                bytes: mutant.bytes,
                traps: mutant.traps,
                calls: mutant.calls,
                kind: built.kind,
            };
            let refused = prova_certify::certify(&built.layout, &draft).is_err();
            let entry = counts.entry(mutant.kind).or_default();
            entry.0 += usize::from(refused);
            entry.1 += 1;
            if survivors && !refused {
                let insn = |bytes: &[u8]| {
                    let from = &bytes[mutant.at as usize..];
                    Decoder::with_ip(64, from, mutant.at, DecoderOptions::NONE).decode()
                };
                let (old, new) = (insn(&built.bytes), insn(mutant.bytes));
                println!("{name}\t{}\t{:#x}\t{old}\t->\t{new}", mutant.kind, mutant.at);
            }
        });
    }
    let mut table = String::from("kind\trefused\tall\n");
    for (kind, (refused, all)) in &counts {
        writeln!(table, "{kind}\t{refused}\t{all}").expect("a string");
    }
    let wanted = include_str!("mutants.tsv");
    assert!(table == wanted, "mutants.tsv should be\n{table}");
}
