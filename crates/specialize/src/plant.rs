//! Planted faults: what the specialiser gets wrong, one at a time, so that a test can show that
//! nothing of it comes through.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `planted!`, which
//! is a constant `false` elsewhere. `tests/plants/code.txt` says of each fault on which program it
//! shows, and by which words it is refused. Faults in what is made, and in certificates, are in
//! `tests/plants.rs`. A green run does not show that every effect of such a fault is refused.

macro_rules! planted {
    ($name:ident) => {
        prova_ssa::planted_at!([$crate::plant] $name)
    };
}

#[cfg(test)]
pub(crate) use faults::{KEYS, Plant, is, with};

#[cfg(test)]
mod faults {
    use crate::{Assume, Options, specialize};
    use prova_module::{Features, Limits, Module};

    prova_ssa::plants! {
        // walk
        CallKeepsCells ReturnKeepsCells CaseIsNext ArmOfConstantTurned BeyondTableIsFirst
        WindowUntold StoreKeepsText MaskForgotten RootTwice
        // touch
        TouchedCellStays TouchedByFirstByte
        // results
        SelectTurned PointerMovesBack RootsConfused EqualTurned TextOfNext
        // fold
        SignLost CountUnmasked DivisionByZero DivisionRoundsDown UnsignedIsSigned NanChosen
        NarrowSignLost
        // cells
        PopFromBelow DepthIsOneMore WriteStackLost SyncForgets RegisterStays GlobalOfNext
        CellKeepsText LocalOfNext OtherCellTaken
        // state, explore, generic
        MeetKeepsFirst MeetDropsTop NotAgain BitTurned OperandsAreDead ConditionUnneeded
        // guard
        WordMissing WindowShort WordBeyondText
        // residual
        DistanceDropped ArmsTurned LeastNotSubtracted BeyondIsLastCase TextUnread TableTurned
        SpillForgotten SpillMore ArgumentsTurned StoredTwice NotRenumbered OtherGlobal
        // inner, fill
        InnerOfMany InnerKnowsOther OthersTurned
        // entry
        FirstGuardOnly GuardTurned OutsideByOne WindowTurned WordHasSign FallsToNext
        // rewrite
        TableTooBig ElementsTurned SlotOfNext PatchBehind CellDropped
        // cache: B8; these show in a second run, in `cache/tests.rs`
        KeyWithoutFunction KeyWithoutText KeyWithoutConstants KeyWithoutPromises KeyWithoutMemory
    }

    /// Faults of a cache's keys.
    pub(crate) const KEYS: [Plant; 5] = [
        Plant::KeyWithoutFunction,
        Plant::KeyWithoutText,
        Plant::KeyWithoutConstants,
        Plant::KeyWithoutPromises,
        Plant::KeyWithoutMemory,
    ];

    const CASES: &[(&str, &str)] = &[
        ("values", include_str!("../tests/cases/values.wat")),
        ("loop", include_str!("../tests/cases/loop.wat")),
        ("sp", include_str!("../tests/cases/sp.wat")),
        ("text", include_str!("../tests/cases/text.wat")),
        ("irreducible", include_str!("../tests/cases/irreducible.wat")),
        ("generic", include_str!("../tests/cases/generic.wat")),
        ("globals", include_str!("../tests/cases/globals.wat")),
    ];

    /// A module with one request for a function with a body: 8 bytes of text, a pointer that comes
    /// at run time, the constants 7 and -9; the globals 42 and 43.
    fn module(body: &str) -> Module {
        let text = match CASES.iter().find(|(name, _)| body == *name) {
            Some((_, text)) => (*text).to_owned(),
            None => include_str!("../tests/plants/frame.wat").replace("(; BODY ;)", body),
        };
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{body}"));
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module")
    }

    /// The refusals, in words, and the bytes of the result.
    fn outcome(body: &str, assume: Assume) -> (Vec<String>, Vec<u8>) {
        let options = Options { assume, ..Options::default() };
        match specialize(&module(body), &options) {
            Err(error) => (vec![error.to_string()], Vec::new()),
            Ok(outcome) => {
                let refused = outcome.requests.iter().filter_map(|(_, _, state)| {
                    state.as_ref().err().map(|refused| refused.to_string())
                });
                (refused.collect(), outcome.module.bytes().to_vec())
            }
        }
    }

    /// The rows of the table: a fault, what the program is trusted with, the words, the program.
    fn rows() -> Vec<(Plant, Assume, &'static str, &'static str)> {
        let table = include_str!("../tests/plants/code.txt");
        let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let row = |line: &'static str| {
            let parts: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
            let plant = PLANTS.iter().find(|plant| format!("{plant:?}") == parts[0]);
            let assume = match parts[1] {
                "check" => Assume::Check,
                "trust" => Assume::Trust,
                other => panic!("{other}"),
            };
            (*plant.unwrap_or_else(|| panic!("{line}")), assume, parts[2], parts[3])
        };
        lines.map(row).collect()
    }

    #[test]
    fn each_fault_is_refused() {
        let rows = rows();
        let mut wrong = Vec::new();
        for &(plant, assume, words, body) in &rows {
            let right = outcome(body, assume);
            assert_eq!(right.0, Vec::<String>::new(), "without a fault: {body}");
            let found = with(Some(plant), || outcome(body, assume));
            let as_said = match words.strip_prefix("harmless:") {
                // The result is another function, and is proved.
                Some(_) => found.0.is_empty() && found.1 != right.1,
                None => found.0.iter().any(|why| why.contains(words)),
            };
            if !as_said {
                let differs = found.1 != right.1;
                wrong.push(format!("{plant:?} | {words}: {:?}, differs: {differs}", found.0));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for plant in PLANTS.iter().filter(|plant| !KEYS.contains(plant)) {
            assert!(rows.iter().any(|row| row.0 == *plant), "{plant:?} is in no row");
        }
        assert!(PLANTS.len() >= 35);
    }

    /// Every fault on every program: either it is refused, or nothing differs, or a row says why.
    #[test]
    fn no_fault_comes_through() {
        let rows = rows();
        let mut bodies: Vec<&str> = rows.iter().map(|row| row.3).collect();
        bodies.sort_unstable();
        bodies.dedup();
        let mut wrong = Vec::new();
        for body in bodies {
            for assume in [Assume::Check, Assume::Trust, Assume::Nothing] {
                let right = outcome(body, assume);
                for &plant in PLANTS {
                    let found = with(Some(plant), || outcome(body, assume));
                    let said = rows.iter().any(|(other, _, words, program)| {
                        (*other, *program) == (plant, body) && words.starts_with("harmless")
                    });
                    if found.0 == right.0 && found.1 != right.1 && !said {
                        wrong.push(format!("{plant:?}, {assume:?}: {body}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
