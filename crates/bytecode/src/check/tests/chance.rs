//! The check by chance: it never panics, and what it accepts keeps the rules by a second, slow
//! reading of them.
//!
//! The second reading decodes again, builds the graph of edges and solves for definitely assigned
//! slots by iteration to a fixpoint, which the check avoids. Green does not show that honest code
//! is accepted.

use super::{candidate, module, pairs};
use crate::candidate::{Candidate, MapEntry, Metering, Settings};
use crate::encode::{CodeBuffer, decode};
use crate::ops::{Class, Kind, OPS, Op, Role};
use crate::testing::{Random, random_code};
use crate::{CheckedBytecode, ControlHint};
use prova_module::Module;

/// Words by chance, and honest candidates with a few changes.
#[test]
fn no_candidate_panics() {
    let mut random = Random::new(3);
    let (mut accepted, mut refused) = (0, 0);
    for pair in pairs::PAIRS {
        let module = module(pair.module);
        for script in pair.accept {
            let (settings, honest) = candidate(&module, script);
            for _ in 0..400 {
                let mut candidate = honest.clone();
                let mut settings = settings;
                for _ in 0..=random.below(3) {
                    mutate(&mut random, &mut settings, &mut candidate);
                }
                let slow = candidate.clone();
                // The proof of equality must not panic either; its verdict is not asked for here.
                let form = super::super::structure(&module, &settings, &candidate).map(drop);
                let whole = CheckedBytecode::check(&module, &settings, candidate).map(drop);
                assert!(whole.is_err() || form.is_ok());
                match form {
                    Ok(()) => {
                        accepted += 1;
                        assert_eq!(assigned(&module, &slow), Ok(()), "{}", listing(&slow));
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(error.word as usize <= slow.words.len(), "{error}");
                    }
                }
            }
        }
    }
    assert!(accepted > 500 && refused > 5_000, "{accepted} accepted, {refused} refused");
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
            candidate.controls.push(ControlHint { offset, word, constants: 0..any as u32 & 1 });
        }
        _ => {
            settings.metering =
                [Metering::None, Metering::Epoch, Metering::Fuel][random.below(3) as usize];
        }
    }
}

/// Blocks with results around code by chance: the two readings of C6 differ in no accepted
/// candidate.
#[test]
fn accepted_code_reads_what_it_wrote() {
    let module = module(
        "(module (func (param i32) (result i32)
            block (result i32 i32) i32.const 1
                block (result i32) i32.const 2 local.get 0 br_if 0 local.get 0 br_if 0 drop i32.const 3 end
                local.get 0 if (param i32) (result i32) else end
            end drop loop (param i32) (result i32) local.get 0 br_if 0 end))",
    );
    let mut random = Random::new(4);
    let ends = ends(&module);
    let (mut accepted, mut joins) = (0, 0);
    for _ in 0..60_000 {
        let candidate = random_candidate(&mut random, &module, &ends);
        let slow = candidate.clone();
        if crate::check::structure(&module, &Settings::default(), &candidate).is_ok() {
            accepted += 1;
            joins += u32::from(!slow.controls.is_empty());
            assert_eq!(assigned(&module, &slow), Ok(()), "{}", listing(&slow));
        }
    }
    assert!(accepted > 2_000 && joins > 500, "{accepted} accepted, {joins} with hints");
}

fn ends(module: &Module) -> Vec<u32> {
    let func = module.defined_funcs().next().expect("the module defines a function");
    let facts = module.facts(func).expect("a defined function has facts");
    let mut ends: Vec<u32> = facts.blocks.iter().map(|block| block.end).collect();
    ends.sort_unstable();
    ends
}

/// Up to 14 short instructions over five slots, and hints for the ends of all blocks at random
/// words in order.
fn random_candidate(random: &mut Random, module: &Module, ends: &[u32]) -> Candidate {
    let func = module.defined_funcs().next().expect("the module defines a function");
    let length = 3 + random.below(12);
    let slot = |random: &mut Random| random.below(5);
    let mut code = CodeBuffer::new();
    for _ in 0..length {
        let (a, b) = (slot(random), slot(random));
        let to = random.below(length + 1) as i64 - i64::from(code.position());
        match random.below(9) {
            0..=2 => code.emit(Op::Const32, &[a, 1]),
            3 => code.emit(Op::Copy, &[a, b]),
            4 => code.emit(Op::Br, &[to as u64]),
            5 => code.emit(Op::BrIf, &[0, to as u64]),
            6 => code.emit(Op::BrIfNot, &[a, to as u64]),
            7 => code.emit(Op::CopyV128, &[a, b]),
            _ => code.emit(Op::Return1, &[b]),
        };
    }
    code.emit(Op::Return1, &[slot(random)]);
    let mut words: Vec<u64> = ends.iter().map(|_| random.below(length + 1)).collect();
    words.sort_unstable();
    let hints = ends.iter().zip(words);
    let controls = if random.below(4) == 0 {
        Vec::new()
    } else {
        hints
            .map(|(&offset, word)| ControlHint { offset, word: word as u32, constants: 0..0 })
            .collect()
    };
    Candidate {
        func,
        words: code.into_words(),
        frame_cells: 6,
        map: vec![MapEntry { word: 0, offset: ends[0] }],
        controls,
        constants: Vec::new(),
        handlers: Vec::new(),
    }
}

/// C5, C6 and C7 by iteration to a fixpoint, for code whose calls have no window (those are left
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
    assert_eq!(verdict(faulty), Err("word 2 reads 1..2".into()));
    assert_eq!(verdict("const32 s1 <- 1\nbr_if s0 -> @out\n@out:\nreturn1 s1"), Ok(()));
    assert_eq!(verdict("br_if s0 -> @3\nreturn1 s0"), Err("word 0 goes to 3".into()));
}

fn listing(candidate: &Candidate) -> String {
    format!("{}{:?}", crate::text::display(&candidate.words), candidate.controls)
}
