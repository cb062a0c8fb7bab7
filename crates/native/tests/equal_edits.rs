//! Edits of code that is proved equal to its body: those that are confined and are proved too are
//! executed beside the original, and others see no difference.
//!
//! ```text
//! PROVA_EDITS=100000 cargo test -p prova-native --test equal_edits -- --nocapture
//! ```
//!
//! tries this number of edits, of the functions of `edits/functions.wat` and then of programs;
//! without it a sample. `PROVA_RELATIONS=N` tries N changed relations on code that runs show to be
//! wrong: none makes it pass. With `PROVA_EXPLICIT=1` memories have the explicit shape.
//!
//! Green says nothing of edits that no run came to (they are counted), of longer runs, and of NaN
//! bits that depend on what is not tried.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "each test uses a part")]
mod edits;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;

use edits::claims::Material;
use edits::make::{Edit, edits as all_edits, ranges};
use edits::{Program, Proved, Verdict};
use observer::Stage;
use prova_random::Rng;
use std::collections::BTreeMap;

/// Runs of each function.
const RUNS: u64 = 16;

/// Edits of a kind.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    tried: usize,
    confined: usize,
    accepted: usize,
    /// Of those accepted, at an instruction that no run came to.
    unreached: usize,
}

#[derive(Debug, Default)]
struct Tally {
    kinds: BTreeMap<&'static str, Count>,
    functions: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn total(&self) -> Count {
        let mut sum = Count::default();
        for count in self.kinds.values() {
            sum.tried += count.tried;
            sum.confined += count.confined;
            sum.accepted += count.accepted;
            sum.unreached += count.unreached;
        }
        sum
    }

    /// Edits of each function of a program: `share` of a thousand, at most `most` in all.
    fn program(&mut self, stage: &mut Stage, program: &Program, (share, most): (usize, usize)) {
        let step = if program.name == "functions" { 1 } else { 7 };
        let (proved, tried) = program.proved(20..700, step);
        self.refused += tried - proved.len();
        for of in &proved {
            if self.total().tried >= most {
                return;
            }
            self.functions += 1;
            self.function(stage, program, of, share);
        }
    }

    fn function(&mut self, stage: &mut Stage, program: &Program, of: &Proved, share: usize) {
        let told = program.told(stage, of, RUNS);
        let mut rng = Rng::new(of.bytes.len() as u64);
        let mut choice = Rng::new(of.bytes.len() as u64 + 1);
        for edit in all_edits(of, &mut rng, &mut || choice.below(1000) < share) {
            let Edit { kind, at, bytes, traps } = edit;
            let count = self.kinds.entry(kind).or_default();
            count.tried += 1;
            let verdict = program.judge(of, &bytes, &traps);
            count.confined += usize::from(matches!(verdict, Verdict::Differs | Verdict::Accepted));
            if verdict != Verdict::Accepted {
                continue;
            }
            count.accepted += 1;
            match program.beside(stage, of, (&bytes, &traps, at), &told) {
                Ok(reached) => count.unreached += usize::from(!reached),
                Err(how) => {
                    let hex = |bytes: &[u8]| -> String {
                        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
                    };
                    let (old, new) = (hex(&of.bytes), hex(&bytes));
                    self.wrong.push(format!("{} {at:#x} {kind}: {how}\n{old}\n{new}", of.name));
                }
            }
        }
    }
}

fn functions() -> Program {
    let text = include_str!("edits/functions.wat");
    Program::new("functions", wat::parse_str(text).expect("the text is well-formed"))
}

fn programs() -> impl Iterator<Item = Program> {
    let names = ["coremark-rs-1.0.0.wasm", "lua-5.4.7.wasm", "sqlite3-3.46.1.wasm"];
    names.into_iter().filter_map(|name| {
        let path = format!("{}/../../programs/bin/{name}", env!("CARGO_MANIFEST_DIR"));
        Some(Program::new(name, std::fs::read(path).ok()?))
    })
}

#[test]
fn accepted_edits_do_the_same() {
    let most = std::env::var("PROVA_EDITS").ok().and_then(|n| n.parse::<usize>().ok());
    let (mut stage, mut tally) = (Stage::new(), Tally::default());
    match most {
        None => tally.program(&mut stage, &functions(), (40, usize::MAX)),
        Some(most) => {
            tally.program(&mut stage, &functions(), (1000, most));
            for program in programs() {
                tally.program(&mut stage, &program, (300, most));
            }
        }
    }
    let Count { tried, confined, accepted, unreached } = tally.total();
    for (kind, count) in &tally.kinds {
        println!("{kind}: {count:?}");
    }
    println!(
        "{} functions ({} not proved), {tried} edits, {confined} confined, {accepted} accepted, {unreached} of these not reached",
        tally.functions, tally.refused
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert!(tally.functions > 30 && accepted - unreached > 50, "{accepted} {unreached}");
}

/// The observer sees edits that are refused: it is no empty oracle.
#[test]
fn refused_edits_are_seen() {
    let (mut stage, program) = (Stage::new(), functions());
    let (mut ran, mut seen) = (0, 0);
    for of in program.proved(20..700, 1).0.iter().step_by(4) {
        let told = program.told(&mut stage, of, RUNS);
        let mut choice = Rng::new(of.bytes.len() as u64);
        for edit in all_edits(of, &mut Rng::new(7), &mut || choice.below(1000) < 30) {
            let Edit { at, bytes, traps, .. } = edit;
            let verdict = program.judge(of, &bytes, &traps);
            // What reads what nobody wrote does no harm in a run, and is seen in most.
            if matches!(verdict, Verdict::Differs | Verdict::Unwritten) {
                ran += 1;
                let beside = program.beside(&mut stage, of, (&bytes, &traps, at), &told);
                seen += usize::from(beside.is_err());
            }
        }
    }
    println!("{seen} of {ran} refused edits differ");
    assert!(ran > 50 && 2 * seen > ran, "{seen} of {ran}");
}

/// Wrong code of a function, as a run shows: with its certificate and the relation that is found.
fn wrong_code(
    stage: &mut Stage,
    (program, of): (&Program, &Proved),
    share: usize,
) -> Vec<(Edit, Vec<u8>, prova_equal::Relation)> {
    let told = program.told(stage, of, RUNS);
    let mut choice = Rng::new(of.bytes.len() as u64);
    let mut found = Vec::new();
    for edit in all_edits(of, &mut Rng::new(5), &mut || choice.below(1000) < share) {
        let Edit { at, bytes, traps, .. } = &edit;
        let Some(certificate) = program.certificate(of, bytes, traps) else { continue };
        if program.beside(stage, of, (bytes, traps, *at), &told).is_err() {
            let relation = program.relation(of, (bytes, traps), &certificate);
            found.push((edit, certificate, relation));
        }
    }
    found
}

/// No changed relation makes wrong code pass, and none panics.
#[test]
fn changed_relations_pass_no_wrong_code() {
    let most = std::env::var("PROVA_RELATIONS").ok().and_then(|n| n.parse::<usize>().ok());
    let most = most.unwrap_or(4_000);
    let (mut stage, program) = (Stage::new(), functions());
    let proved = program.proved(20..700, 1).0;
    let mut rng = Rng::new(11);
    let (mut tried, mut codes, mut right, mut passed) = (0, 0, 0, Vec::new());
    for of in &proved {
        let share = if most > 100_000 { 60 } else { 8 };
        let wrong = wrong_code(&mut stage, (&program, of), share);
        let offsets = ranges(&of.bytes).iter().map(|&(at, _)| at as u32).collect();
        let material = Material::new(of.size(), offsets, &of.relation);
        let each = most / proved.len() / wrong.len().max(1);
        codes += wrong.len();
        for (Edit { kind, at, bytes, traps }, certificate, own) in &wrong {
            for i in 0..each {
                let base = if i % 2 == 0 { &of.relation } else { own };
                let changed = material.change(base, &mut rng);
                tried += 1;
                if program.equal(of, (bytes, traps), certificate, &changed).is_ok() {
                    passed.push(format!("{} {at:#x} {kind}: {changed:?}", of.name));
                }
                // What is right may pass or not.
                if i % 16 == 0
                    && let Some(certificate) = program.certificate(of, &of.bytes, &of.traps)
                {
                    let code = (&of.bytes[..], &of.traps[..]);
                    right += usize::from(program.equal(of, code, &certificate, &changed).is_ok());
                }
            }
        }
    }
    println!("{tried} relations on {codes} wrong codes; {right} passed the right code");
    assert!(passed.is_empty(), "{}", passed.join("\n"));
    assert!(codes > 20 && right > 0, "{codes} {right}");
}
