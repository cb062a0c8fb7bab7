//! Changed certificates by the thousand: of good code, of the same code with a fault planted, of
//! the same code in another shape of memories.
//!
//! Bad code has no certificate: the certificate of the case does not fit it, and the certifier
//! finds none. That is no proof that there is none (code that nothing reaches may be called data,
//! and the certifier does not know it), so bad code that is accepted all the same is executed under
//! the observer of `observer/`.
//!
//! A green run does not show that no certificate saves bad code: it tries changes of honest ones.

use crate::common::forge;
use crate::mutation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::observer;

use crate::common::asm::{Item, J, L, Trap, assemble, at, idx, rm, rr};
use crate::common::forge::Block;
use crate::common::hostile::apart;
use crate::common::split::Parts;
use crate::common::{Built, build, cases};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_certify::{Draft, certify};
use prova_check::{CallRow, Code, CodeKind, Config, Layout, MemoryShape, Rule, TrapRow, traps};
use prova_random::Rng;

/// Code without a certificate.
struct Bad {
    what: String,
    bytes: Vec<u8>,
    traps: Vec<TrapRow>,
    calls: Vec<CallRow>,
    explicit: bool,
}

/// A case, its certificate, and bad code that is like it.
struct Case {
    name: String,
    built: Built,
    explicit: Layout,
    certificate: Vec<u8>,
    parts: Parts,
    bad: Vec<Bad>,
}

/// The cases, each with every `every`-th mutant for which no certificate is found.
fn certified(every: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, text) in cases() {
        let built = build(&name, &text, true, "speed");
        let certificate = certify(&built.layout, &built.draft()).expect("a case");
        let parts = Parts::of(&certificate);
        assert_eq!(parts.bytes(), certificate, "{name}: the format is another");
        let config = Config { memory: MemoryShape::Explicit, ..*built.layout.config() };
        let explicit = Layout::derive(&built.wasm, &config).expect("a layout");
        let mut bad = Vec::new();
        if certify(&explicit, &built.draft()).is_err() {
            let (bytes, what) = (built.bytes.clone(), "another shape".to_owned());
            let (traps, calls) = (built.traps.clone(), built.calls.clone());
            bad.push(Bad { what, bytes, traps, calls, explicit: true });
        }
        let original = mutation::Original {
            bytes: &built.bytes,
            traps: &built.traps,
            calls: &built.calls,
            starts: &[],
        };
        let mut index = 0;
        mutation::each(&original, &mut |mutant| {
            index += 1;
            let mutation::Mutant { kind, at, bytes, traps, calls } = *mutant;
            let draft = Draft { kind: built.kind, bytes, traps, calls };
            if index % every != 0 {
                return;
            }
            let code = Code { kind: built.kind, bytes, certificate: &certificate, traps, calls };
            // Certifying gives up on some code that the case's own certificate is good for.
            if certify(&built.layout, &draft).is_err() && built.layout.check(code).is_err() {
                let (bytes, traps, calls) = (bytes.to_vec(), traps.to_vec(), calls.to_vec());
                let what = format!("{kind} at {at:#x}");
                bad.push(Bad { what, bytes, traps, calls, explicit: false });
            }
        });
        all.push(Case { name, built, explicit, certificate, parts, bad });
    }
    all
}

/// Bytes changed, taken out, put in, swapped, cut, doubled.
fn bytes_changed(random: &mut Rng, certificate: &[u8]) -> Vec<u8> {
    let mut out = certificate.to_vec();
    for _ in 0..1 + random.below(3) {
        let (a, b) = (random.below(out.len().max(1)), random.below(out.len().max(1)));
        if out.is_empty() {
            break;
        }
        match random.below(8) {
            0 => out[a] = random.below(256) as u8,
            1 => out[a] ^= 1 << random.below(8),
            2 => drop(out.splice(a..=a, [])),
            3 => out.insert(a, random.below(256) as u8),
            4 => out.swap(a, b),
            5 => out.truncate(a),
            6 => {
                let doubled = out[a.min(b)..a.max(b)].to_vec();
                out.splice(a..a, doubled.into_iter().take(20));
            }
            _ => out[a] = out[a].wrapping_add(1),
        }
    }
    out
}

/// Facts exchanged between blocks, entries exchanged, blocks moved, doubled, left out.
fn facts_changed(random: &mut Rng, parts: &Parts, other: &Parts) -> Vec<u8> {
    let mut parts = parts.clone();
    for _ in 0..1 + random.below(3) {
        let (blocks, entries) = (parts.blocks.len(), parts.entries.len());
        let (a, b) = (random.below(blocks), random.below(blocks));
        let (e, f) = (random.below(entries), random.below(entries));
        match random.below(12) {
            0 if blocks > 0 => parts.blocks[a].toggles = parts.blocks[b].toggles.clone(),
            1 if blocks > 0 => drop(parts.blocks[a].toggles.pop()),
            2 if blocks > 0 => parts.blocks[a].toggles.push(random.below(4) as u64),
            3 if blocks > 0 => parts.blocks[a].from = random.below(8) as u64,
            4 if blocks > 0 => parts.blocks[a].distance += random.below(9) as u64,
            5 if blocks > 0 => drop(parts.blocks.remove(a)),
            6 if blocks > 0 => parts.blocks[a].jumps = random.below(8) as u64,
            7 if entries > 0 => parts.entries.swap(e, f),
            8 if entries > 0 => parts.entries[e].0 = random.below(30) as u64,
            9 if entries > 0 => parts.entries[e].2 = parts.entries[f].2.clone(),
            10 if !other.entries.is_empty() => {
                parts.entries.push(random.pick(&other.entries).clone());
            }
            11 => parts.frame.0 = parts.frame.0.saturating_add(random.below(5) as u64),
            _ => {}
        }
    }
    let bytes = parts.bytes();
    if random.percent(10) { bytes_changed(random, &bytes) } else { bytes }
}

/// The verdicts on changed certificates.
#[derive(Debug, Default)]
struct Counts {
    good_accepted: usize,
    good_refused: usize,
    bad_refused: usize,
    /// Bad code that was accepted, a line each, and the observer's verdict on it.
    accepted: Vec<String>,
    /// Those of it that broke a rule of the observer, or were not observed.
    broken: usize,
    /// The most work that a check took, in facts walked, and the most of what it may take, in parts
    /// of a thousand. One of four is measured.
    work: u64,
    share: u64,
}

impl Counts {
    /// A check of any certificate takes no more work than its code's size allows.
    fn measure(&mut self, layout: &Layout, code: &Code<'_>) {
        let (work, most) = layout.work(code);
        assert!(work <= most, "{work} of {most}");
        (self.work, self.share) = (self.work.max(work), self.share.max(1_000 * work / most));
    }
}

/// Tries `rounds` certificates, on the bad code of [`certified`].
fn campaign(every: usize, rounds: usize) -> Counts {
    let cases = certified(every);
    let mut random = Rng::new(5);
    let mut counts = Counts::default();
    for round in 0..rounds {
        let (case, other) = (random.pick(&cases), random.pick(&cases));
        let certificate = match random.below(10) {
            0 => case.certificate.clone(),
            1..5 => bytes_changed(&mut random, &case.certificate),
            5 => bytes_changed(&mut random, &other.certificate),
            _ => facts_changed(&mut random, &case.parts, &other.parts),
        };
        if case.bad.is_empty() || random.percent(20) {
            let code = case.built.code(&case.built.bytes, &certificate);
            if round % 4 == 0 {
                counts.measure(&case.built.layout, &code);
            }
            match case.built.layout.check(code) {
                Ok(_) => counts.good_accepted += 1,
                Err(_) => counts.good_refused += 1,
            }
        } else {
            let bad = random.pick(&case.bad);
            let code = Code {
                kind: case.built.kind,
                bytes: &bad.bytes,
                certificate: &certificate,
                traps: &bad.traps,
                calls: &bad.calls,
            };
            let layout = if bad.explicit { &case.explicit } else { &case.built.layout };
            if round % 4 == 0 {
                counts.measure(layout, &code);
            }
            match layout.check(code) {
                Ok(_) => {
                    let observed = keeps_inside(case, bad);
                    counts.broken += usize::from(observed.is_err());
                    let Case { name, .. } = case;
                    let line = format!("{name}, {}: {certificate:?}: {observed:?}", bad.what);
                    counts.accepted.push(line);
                }
                Err(_) => counts.bad_refused += 1,
            }
        }
    }
    counts
}

/// Runs accepted code under the observer. Returns the number of runs.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn keeps_inside(case: &Case, bad: &Bad) -> Result<u64, String> {
    const RUNS: u64 = 200;
    let config = if bad.explicit { case.explicit.config() } else { case.built.layout.config() };
    let code = (case.built.kind, &bad.bytes[..], &bad.traps[..], &bad.calls[..]);
    observer::keeps_inside(&case.built.wasm, config, code, RUNS).map(|()| RUNS)
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn keeps_inside(_: &Case, _: &Bad) -> Result<u64, String> {
    Err("there is no observer for this platform".to_owned())
}

/// A sample; with `PROVA_ROUNDS=N` N certificates, and all mutants that are refused.
#[test]
fn changed_certificates_save_no_bad_code() {
    let rounds = std::env::var("PROVA_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let counts = rounds.map_or_else(|| campaign(7, 12_000), |rounds| campaign(1, rounds));
    println!("{counts:?}");
    assert!(counts.broken == 0, "{}", counts.accepted.join("\n"));
    assert!(counts.good_accepted > 100 && counts.good_refused > 100, "{counts:?}");
    assert!(counts.bad_refused > 5_000, "{counts:?}");
    // Some work is measured, and changed certificates of cases do not come near the limit.
    assert!(counts.work > 1_000 && counts.share < 100, "{counts:?}");
}

/// Loads at `edx` behind a comparison with the length; `beside` leads to the load around it.
fn behind_a_branch(beside: bool) -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, RAX, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RCX, at(RAX, 0x20)),
        rm(C::Mov_r64_rm64, RAX, at(RCX, 0)),
        rm(C::Mov_r64_rm64, RCX, at(RCX, 8)),
        rr(C::Mov_r32_rm32, EDX, EDX),
        rm(C::Lea_r64_m, R8, at(RDX, 4)),
        rr(C::Cmp_r64_rm64, R8, RCX),
        J(C::Ja_rel32_64, if beside { 1 } else { 2 }),
        rr(C::Test_rm32_r32, EDX, EDX),
        J(C::Je_rel32_64, 1),
        rm(C::Mov_r32_rm32, R9D, idx(RAX, RDX, 1, 0)),
        L(1),
        rm(C::Mov_r32_rm32, R9D, idx(RAX, RDX, 1, 0)),
        Trap(traps::UNREACHABLE),
        L(2),
        Trap(traps::MEMORY_OUT_OF_BOUNDS),
    ]
}

/// A fact of a branch is claimed where two ways meet: accepted where both ways pass the branch,
/// refused at the edge that does not.
#[test]
fn a_planted_fact_outside_of_its_branch_is_refused() {
    let wasm = wat::parse_str("(module (memory 1) (func (param i32)))").expect("a module");
    let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
    let layout = Layout::derive(&wasm, &config).expect("a layout");
    let judge = |beside: bool, fact: bool| {
        let items = behind_a_branch(beside);
        let (bytes, traps, calls) = assemble(&items);
        let before = items.iter().position(|item| matches!(item, L(1))).expect("a label");
        let (start, _, _) = assemble(&items[..before]);
        // rax holds the memory's base; edx is a number of 32 bits; edx + 4 is at most the length.
        let mut claims = vec![forge::hold_memory(0), forge::number_of(2, 0xffff_ffff)];
        claims.extend(fact.then(|| forge::below(2, 4)));
        claims.push(forge::hold_rsp(0));
        let blocks = vec![Block::same(start.len() as u32, 0)];
        let certificate = forge::certificate(0, &claims, blocks);
        let (kind, certificate) = (CodeKind::Func(0), &certificate[..]);
        let code = Code { kind, bytes: &bytes, certificate, traps: &traps, calls: &calls };
        let verdict = layout.check(code).err().map(|rejection| (rejection.rule, ()));
        apart(verdict).map_or(Ok(()), |(rule, ())| Err(rule))
    };
    assert_eq!(judge(false, true), Ok(()));
    assert_eq!(judge(false, false), Err(Rule::Memory), "the fact is needed");
    assert_eq!(judge(true, true), Err(Rule::Claim), "it does not hold on the other way");
    assert_eq!(judge(true, false), Err(Rule::Memory));
}
