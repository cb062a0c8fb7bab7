//! Planted faults of the walk, one at a time: with each of them a test here must accept what is
//! wrong. Rows are forged where no aligner would make such.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `planted!`, which
//! is a constant `false` elsewhere. Green does not show that a rule refuses all that it should.

macro_rules! planted {
    ($name:ident) => {
        prova_ssa::planted_at!([$crate::emitted::plant] $name)
    };
}
pub(super) use planted;

#[cfg(test)]
pub(super) use faults::{Plant, is};

#[cfg(test)]
mod faults {
    use crate::align::Aligner;
    use crate::emitted::rows::{Is, Kind, Rows};
    use crate::emitted::{Homes, walk};
    use prova_module::{Features, Limits, Module};
    use prova_ssa::{Block, Body, Def, Metering, Place, Value, build};

    prova_ssa::plants! {
        // effects
        ImmediatesAlike OperandsAlike CommutesAnyway EffectsLeft ReadsKept
        // image
        PassedEffects OneWayKnown
        // body, edges
        FirstWayKnown ResultsAlike OneWayForAll RowsBelieved StaysAnywhere OtherWays PassedKept
        // ends, values, walk
        ClausesAlike ConstantsAlike NeverNull SomeUnwalked MadeAgain
    }

    /// The body of the last function of a module.
    fn body(text: &str) -> (Module, Body) {
        let bytes = wat::parse_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.unwrap_or_else(|e| panic!("{e}: {text}"));
        let func = module.defined_funcs().last().expect("a function");
        let body = build(&module, func, Metering::NONE).expect("a body");
        (module, body)
    }

    /// Rows by blocks: `inner`, `passed`, or `at BLOCK DONE`, then `VALUE=pPARAM` or `VALUE=VALUE`;
    /// `moot` and `image` name a block and where its ways meet.
    fn forged(text: &str) -> Rows {
        let number = |word: &str| word.parse::<u32>().unwrap_or_else(|_| panic!("{text}: {word}"));
        let mut rows = Rows::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["inner"] => rows.kinds.push(Kind::Inner),
                ["passed"] => rows.kinds.push(Kind::Passed),
                ["at", block, done, ref values @ ..] => {
                    let first = rows.values.len();
                    for pair in values {
                        let (value, is) = pair.split_once('=').expect("a pair");
                        let is = match is.strip_prefix('p') {
                            Some(param) => Is::Param(number(param)),
                            None => Is::Old(Value::from_u32(number(is))),
                        };
                        rows.values.push((Value::from_u32(number(value)), is));
                    }
                    let place = (Block::from_u32(number(block)), number(done));
                    rows.kinds.push(Kind::At(place, first..rows.values.len()));
                }
                [side @ ("moot" | "image"), from, to] => {
                    let pair = (Block::from_u32(number(from)), Block::from_u32(number(to)));
                    if side == "moot" { &mut rows.moot } else { &mut rows.moot_image }.push(pair);
                }
                _ => panic!("{line}"),
            }
        }
        rows
    }

    /// Why a function is not what another one was emitted as, by given rows or those found.
    fn refusal(old: &str, new: &str, rows: &str) -> Option<String> {
        let ((_, old), (module, new)) = (body(old), body(new));
        if !rows.is_empty() {
            let rows = forged(rows);
            assert_eq!(rows.kinds.len(), new.block_count(), "a kind for each block of {new:?}");
            return walk::prove(&old, &new, &rows).err().map(|why| why.to_string());
        }
        let home = |def| match def {
            Def::Param(_, _, Place::Local(local)) => local,
            Def::Param(..) | Def::Result(..) => u32::MAX,
        };
        let homes: Vec<u32> = old.values().map(|(_, data)| home(data.def)).collect();
        let homes = Homes(&homes);
        let mut refused = None;
        for rows in Aligner::new(&module, (&old, &new), &homes) {
            match rows.and_then(|rows| walk::prove(&old, &new, &rows)) {
                Ok(()) => return None,
                Err(why) => refused = Some(why.to_string()),
            }
        }
        refused
    }

    #[test]
    fn each_fault_lets_a_wrong_image_through() {
        let text: String = include_str!("plants.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| format!("{line}\n"))
            .collect();
        let (common, groups) = text.split_once("== ").expect("what all modules begin with");
        let groups: Vec<&str> = groups.split("== ").collect();
        let mut wrong = Vec::new();
        for group in &groups {
            let (name, rest) = group.split_once('\n').expect("a name");
            let (old, rest) = rest.split_once("-- new\n").expect("a new function");
            let (new, rows) = rest.split_once("-- rows\n").unwrap_or((rest, ""));
            let [old, new] = [old, new].map(|func| format!("(module {common} {func})"));
            let honest = with(None, || refusal(&old, &old, ""));
            let refused = with(None, || refusal(&old, &new, rows.trim_end()));
            let plant = PLANTS.iter().find(|plant| format!("{plant:?}") == name);
            let planted =
                plant.map(|plant| with(Some(*plant), || refusal(&old, &new, rows.trim_end())));
            let is_seen = match &planted {
                Some(planted) => planted.is_none(),
                None => name.starts_with("no fault: "),
            };
            if honest.is_some() || refused.is_none() || !is_seen {
                wrong.push(format!("{name}: {honest:?}, {refused:?}, {planted:?}"));
            }
        }
        let is_there =
            |plant: &&Plant| groups.iter().any(|group| group.starts_with(&format!("{plant:?}\n")));
        assert_eq!(PLANTS.iter().find(|plant| !is_there(plant)), None, "no group");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Branches that decide nothing, each on a way of the one before, on either side.
    #[test]
    fn branches_on_ways_are_followed_so_far_and_no_further() {
        for (depth, is_proved) in [(64, true), (65, false)] {
            let nested = "(if (local.get 0) (then ".repeat(depth) + &"))".repeat(depth);
            let set = "(global.set $g (i32.const 1))";
            let [empty, nested] = ["", &nested].map(|text| {
                format!(
                    "(module (global $g (mut i32) (i32.const 0)) (func (param i32) {text} {set}))"
                )
            });
            let given = [refusal(&nested, &empty, ""), refusal(&empty, &nested, "")];
            assert_eq!(given.each_ref().map(Option::is_none), [is_proved; 2], "{depth}: {given:?}");
        }
    }
}
