//! The check by chance: it never panics, and what it accepts keeps the rules by a second, slow
//! reading of them.
//!
//! The second reading decodes again, builds the graph of edges and solves for definitely assigned
//! slots by iteration to a fixpoint, which the check avoids. Green does not show that honest code
//! is accepted.

use super::{candidate, equality, module, pairs};
use crate::candidate::{Candidate, MapEntry, Metering, Settings};
use crate::check::{Difference, Observer, Reason, Sides, observe};
use crate::encode::{CodeBuffer, Inst, decode};
use crate::ops::{Class, Kind, OPS, Role};
use crate::testing::{Random, random_code};
use crate::{CheckedBytecode, ControlHint};
use prova_module::Module;
use prova_terms::Terms;

/// Honest candidates with a few changes.
#[test]
fn no_candidate_panics() {
    let mut random = Random::new(3);
    let (mut accepted, mut refused) = (0, 0);
    for pair in pairs::PAIRS {
        let module = module(pair.module);
        for script in pair.accept {
            let (settings, honest) = candidate(&module, script);
            for _ in 0..400 {
                let (settings, candidate) = changed(&mut random, settings, &honest);
                let words = candidate.words.len();
                let form = super::super::structure(&module, &settings, &candidate).map(drop);
                // The proof of equality must not panic either; its verdict is not asked for here.
                let whole = CheckedBytecode::check(&module, &settings, candidate).map(drop);
                assert!(whole.is_err() || form.is_ok());
                match form {
                    Ok(()) => accepted += 1,
                    Err(error) => {
                        refused += 1;
                        assert!(error.word as usize <= words, "{error}");
                    }
                }
            }
        }
    }
    assert!(accepted > 500 && refused > 5_000, "{accepted} accepted, {refused} refused");
}

/// Counts what a walk shows.
#[derive(Default)]
struct Count {
    operators: usize,
    instructions: usize,
    ends: usize,
    differences: usize,
}

impl Observer for &mut Count {
    fn operator(&mut self, _: &Sides<'_>) {
        self.operators += 1;
    }

    fn instruction(&mut self, _: &Sides<'_>, _: &Inst) {
        self.instructions += 1;
    }

    fn end(&mut self, _: &Terms, difference: Option<&Difference>) {
        self.ends += 1;
        self.differences += usize::from(difference.is_some());
    }
}

/// An observed walk decides as the check does, and ends once; an error keeps the difference that
/// the observer saw.
#[test]
fn an_observed_walk_decides_as_the_check_does() {
    let mut random = Random::new(5);
    let (mut all, mut accepted, mut refused) = (Count::default(), 0, 0);
    for (module, settings, honest) in equality::honest() {
        for _ in 0..100 {
            let (settings, candidate) = changed(&mut random, settings, &honest);
            let mut count = Count::default();
            let observed = observe(&module, &settings, &candidate, &mut count);
            let verdict = CheckedBytecode::check(&module, &settings, candidate).map(drop);
            assert_eq!(observed, verdict);
            let differs = verdict
                .as_ref()
                .err()
                .is_some_and(|error| matches!(error.what, Reason::Differs { .. }));
            assert_eq!(count.differences, usize::from(differs));
            assert!(count.ends <= 1 && (verdict.is_err() || count.ends == 1));
            *(if verdict.is_ok() { &mut accepted } else { &mut refused }) += 1;
            all.operators += count.operators;
            all.instructions += count.instructions;
            all.differences += count.differences;
        }
    }
    let Count { operators, instructions, differences, .. } = all;
    let counts = format!("{accepted} accepted, {refused} refused, {differences} differences");
    assert!(accepted > 50 && refused > 2_000 && differences > 100, "{counts}");
    assert!(operators > 10_000 && instructions > 5_000, "{operators} {instructions}");
}

/// One to three changes.
fn changed(
    random: &mut Random,
    mut settings: Settings,
    honest: &Candidate,
) -> (Settings, Candidate) {
    let mut candidate = honest.clone();
    for _ in 0..=random.below(3) {
        mutate(random, &mut settings, &mut candidate);
    }
    (settings, candidate)
}

/// Code that computes what its function does, with changes: what is still accepted keeps F5, Q4 and
/// F6 by the slow reading, which knows nothing of the Wasm.
#[test]
fn accepted_code_reads_what_it_wrote() {
    let mut random = Random::new(4);
    let (mut accepted, mut refused) = (0, 0);
    for (module, settings, honest) in equality::honest() {
        assert_eq!(assigned(&module, &honest), Ok(()), "{}", listing(&honest));
        for _ in 0..400 {
            let (settings, candidate) = changed(&mut random, settings, &honest);
            match CheckedBytecode::check(&module, &settings, candidate.clone()) {
                Ok(_) => {
                    accepted += 1;
                    assert_eq!(assigned(&module, &candidate), Ok(()), "{}", listing(&candidate));
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(accepted > 250 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

fn mutate(random: &mut Random, settings: &mut Settings, candidate: &mut Candidate) {
    let words = candidate.words.len() as u64;
    let any = random.word();
    match random.below(12) {
        0..=3 => {
            let at = random.below(words.max(1)) as usize;
            if let Some(word) = candidate.words.get_mut(at) {
                *word ^= 1 << random.below(64);
            }
        }
        4 => {
            let at = random.below(words.max(1)) as usize;
            if let Some(word) = candidate.words.get_mut(at) {
                *word = any;
            }
        }
        5 => candidate.words.insert(random.below(words + 1) as usize, any),
        6 => candidate.words.truncate(random.below(words + 1) as usize),
        7 => {
            let op = OPS[random.below(OPS.len() as u64) as usize];
            let mut code = CodeBuffer::new();
            random_code(random, op, &mut code);
            candidate.words.extend(code.into_words());
        }
        8 => candidate.frame_cells ^= 1 << random.below(32),
        9 => {
            let entry = MapEntry { word: random.below(words + 2) as u32, offset: any as u32 };
            let at = random.below(candidate.map.len() as u64 + 1) as usize;
            candidate.map.insert(at, entry);
        }
        10 => {
            let (offset, word) = (random.below(80) as u32, random.below(words + 2) as u32);
            candidate.controls.push(ControlHint { offset, word });
        }
        _ => {
            settings.metering = Metering::ALL[random.below(4) as usize];
        }
    }
}

/// F5, Q4 and F6 by iteration to a fixpoint, for code whose calls have no window (those are left
/// out): `Err` says what is wrong.
fn assigned(module: &Module, candidate: &Candidate) -> Result<(), String> {
    let facts = module.facts(candidate.func).ok_or("no such function")?;
    let all = |cells: u32| -> Vec<bool> { vec![true; cells as usize] };
    let mut entry = vec![false; candidate.frame_cells as usize];
    entry[..facts.local_cells as usize].fill(true);
    let mut states: Vec<Option<Vec<bool>>> = vec![None; candidate.words.len()];
    let mut starts = vec![false; candidate.words.len()];
    let mut at = 0;
    while (at as usize) < candidate.words.len() {
        starts[at as usize] = true;
        at = decode(&candidate.words, at).map_err(|e| e.to_string())?.next;
    }
    *states.first_mut().ok_or("no code")? = Some(entry);
    let mut work = vec![0u32];
    while let Some(at) = work.pop() {
        let inst = decode(&candidate.words, at).map_err(|e| e.to_string())?;
        let mut state = states[at as usize].clone().unwrap_or_else(|| all(candidate.frame_cells));
        let mut targets: Vec<i64> = Vec::new();
        let mut results = Vec::new();
        for (operand, &value) in inst.op.operands().iter().zip(&inst.values) {
            if operand.kind == Kind::v128c {
                break;
            }
            let slots = value as usize..value as usize + usize::from(operand.kind.cells());
            if operand.kind == Kind::win {
                return Ok(());
            } else if operand.kind == Kind::rel {
                targets.push(i64::from(at) + value as i64);
            } else if operand.role == Role::Result {
                results.push(slots);
            } else if operand.kind.cells() > 0 {
                let read = state.get(slots.clone()).ok_or("a slot outside of the frame")?;
                if read.contains(&false) {
                    return Err(format!("word {at} reads {slots:?}"));
                }
            }
        }
        if inst.op.class() == Class::return_
            && state[..facts.result_cells as usize].contains(&false)
        {
            return Err(format!("word {at} returns what was not written"));
        }
        for slots in results {
            state.get_mut(slots).ok_or("a slot outside of the frame")?.fill(true);
        }
        let table = inst.table_targets(&candidate.words).iter();
        targets.extend(table.map(|&offset| i64::from(at) + i64::from(offset as i32)));
        if !inst.op.class().is_terminator() {
            targets.push(i64::from(inst.next));
        }
        for target in targets {
            let index = usize::try_from(target).ok().filter(|&t| starts.get(t) == Some(&true));
            let index = index.ok_or_else(|| format!("word {at} goes to {target}"))?;
            let met = match &states[index] {
                None => state.clone(),
                Some(old) => old.iter().zip(&state).map(|(a, b)| *a && *b).collect(),
            };
            if states[index].as_ref() != Some(&met) {
                states[index] = Some(met);
                work.push(index as u32);
            }
        }
    }
    Ok(())
}

/// The oracle's own twins: it refuses what only a path around a write shows, and accepts its
/// repair.
#[test]
fn the_slow_reading_sees_a_fault() {
    let module = module("(module (func (param i32) (result i32) local.get 0))");
    let verdict = |script| assigned(&module, &candidate(&module, script).1);
    let faulty = "br_if s0 -> @out\nconst32 s1 <- 2\n@out:\nreturn1 s1";
    assert_eq!(verdict(faulty), Err("word 4 reads 1..2".into()));
    assert_eq!(verdict("const32 s1 <- 1\nbr_if s0 -> @out\n@out:\nreturn1 s1"), Ok(()));
    assert_eq!(verdict("br_if s0 -> @3\nreturn1 s0"), Err("word 0 goes to 3".into()));
}

fn listing(candidate: &Candidate) -> String {
    format!("{}{:?}", crate::text::display(&candidate.words), candidate.controls)
}
