//! Planted faults of the checkers of a program, one at a time: with each of them a test here must
//! accept what is wrong.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `misjudged!`,
//! which is a constant `false` elsewhere. Green does not show that a rule refuses all that it
//! should.

macro_rules! misjudged {
    ($name:ident) => {
        prova_ssa::planted_at!([$crate::program::plant] $name)
    };
}
pub(super) use misjudged;

#[cfg(test)]
pub(super) use faults::{Plant, is};

#[cfg(test)]
mod faults {
    use crate::program::edit::Edit;
    use crate::program::uses::{Seen, Uses};
    use crate::program::{check, same, write};
    use prova_module::{Features, FuncIdx, Limits, Module};

    prova_ssa::plants! {
        [F1] ImmediatesAlike OutsideUnread
        [F2] KnownAnyway
        [F3] OtherNumber SignLost SetAnywhere
        [F4] LocalsShared ZeroesLeftOut ReturnLeaves DepthLost TailsStand
        [T1] OtherType ImportsTurned
        [T2] GoneIsAny
        [T3] TypesUnread ImportsUnread TablesUnread MemoriesUnread GlobalsUnread ExportsUnread
            ElementsUnread StartUnread
        [T4] BytesUnread
        [T5] OperatorsAlike FirstOfSeveral
        [T6] ForeignMemories BeyondMemory
        [T7] FirstStays
        [T8] ExportsLeftOut ElementsLeftOut GlobalsLeftOut TablesLeftOut
        [T9] StartLeftOut CalleesCallNothing
        [T10] FirstCallOnly ConstantsOnly OwnCallsLeftOut EndsLeftOut SeenAnyway
    }

    fn module(text: &str) -> Module {
        let bytes = wat::parse_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        module.unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// The way from one module to another.
    enum Way {
        Edit(Edit),
        /// Of the second module, behind a look at the first.
        Seen(Edit),
        Kept(Vec<Option<FuncIdx>>),
    }

    /// `known FUNC PARAM BITS`, `inline CALLER CALLEE`, `seen` and one of these, or `kept`, then
    /// new numbers or `-`.
    fn way(text: &str) -> Way {
        let number = |word: &str| word.parse::<u64>().unwrap_or_else(|_| panic!("{text}"));
        let func = |word: &str| FuncIdx(number(word) as u32);
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["known", of, param, bits] => Way::Edit(Edit {
                known: [(func(of), vec![(number(param) as u32, number(bits))])].into(),
                ..Edit::default()
            }),
            ["inline", caller, callee] => Way::Edit(Edit {
                inlined: [(func(caller), func(callee))].into(),
                ..Edit::default()
            }),
            ["seen", ..] => match way(text.trim_start_matches("seen ")) {
                Way::Edit(edit) => Way::Seen(edit),
                Way::Seen(_) | Way::Kept(_) => panic!("{text}"),
            },
            ["kept", ref all @ ..] => {
                Way::Kept(all.iter().map(|&word| (word != "-").then(|| func(word))).collect())
            }
            _ => panic!("{text}"),
        }
    }

    /// Why one module is not what another one became.
    fn refusal(old: &Module, new: &Module, way: &Way) -> Option<String> {
        let judged = match way {
            Way::Edit(edit) => {
                let passed = Uses::of(old).passed(old, &mut Seen::default());
                check::check(old, new, edit, &passed)
            }
            Way::Seen(edit) => {
                let mut seen = Seen::default();
                Uses::of(old).passed(old, &mut seen);
                let passed = Uses::of(new).passed(new, &mut seen);
                let made = write::edited(new, edit, &Limits::default());
                made.and_then(|(made, _)| check::check(new, &made, edit, &passed))
            }
            Way::Kept(kept) => {
                same::outside(old, new, kept).and_then(|()| same::bodies(old, new, kept))
            }
        };
        judged.err()
    }

    #[test]
    fn each_fault_lets_a_wrong_program_through() {
        let text: String = include_str!("plants.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| format!("{line}\n"))
            .collect();
        let groups: Vec<&str> = text.split("== ").skip(1).collect();
        let mut wrong = Vec::new();
        for group in &groups {
            let (head, rest) = group.split_once('\n').expect("a line");
            let (name, told) = head.split_once(' ').expect("a way");
            let (old, new) = rest.split_once("-- new\n").unwrap_or((rest, ""));
            let (old, way) = (module(&format!("(module {old})")), way(told));
            let new = match &way {
                Way::Edit(edit) if new.is_empty() => {
                    write::edited(&old, edit, &Limits::default()).expect("it is written").0
                }
                Way::Edit(_) | Way::Seen(_) | Way::Kept(_) => module(&format!("(module {new})")),
            };
            let all = (0..old.func_count() as u32).map(|func| Some(FuncIdx(func))).collect();
            let honest = [Way::Edit(Edit::default()), Way::Kept(all)];
            let honest = honest.iter().find_map(|way| refusal(&old, &old, way));
            let refused = with(None, || refusal(&old, &new, &way));
            let plant = PLANTS.iter().find(|plant| format!("{plant:?}") == name);
            let planted = plant.map(|plant| with(Some(*plant), || refusal(&old, &new, &way)));
            if honest.is_some() || refused.is_none() || planted != Some(None) {
                wrong.push(format!("{name}: {honest:?}, {refused:?}, {planted:?}"));
            }
        }
        let is_there =
            |plant: &&Plant| groups.iter().any(|group| group.starts_with(&format!("{plant:?} ")));
        assert_eq!(PLANTS.iter().find(|plant| !is_there(plant)), None, "no group");
        assert!(wrong.is_empty(), "{wrong:#?}");
        let is_asked = |rule: &str| RULES.iter().any(|(of, all)| *of == rule && !all.is_empty());
        let rules = (1..=4).map(|at| format!("F{at}")).chain((1..=10).map(|at| format!("T{at}")));
        assert_eq!(rules.into_iter().find(|rule| !is_asked(rule)), None, "no fault of a rule");
    }
}
