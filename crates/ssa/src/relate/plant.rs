//! Planted faults of the rules that proofs of two bodies share, one at a time: with each of them a
//! test here must accept what is wrong.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `planted!`, which
//! is a constant `false` elsewhere. Green does not show that a rule refuses all that it should.

macro_rules! planted {
    ($name:ident) => {
        $crate::planted_at!([$crate::relate::plant] $name)
    };
}
pub(crate) use planted;

#[cfg(test)]
pub(super) use faults::with;
#[cfg(test)]
pub(crate) use faults::{Plant, is};

#[cfg(test)]
mod faults {
    use crate::replace::{LooseBody, Witness};
    use crate::{Block, parse};
    use prova_module::{Features, Limits, Module};

    crate::plants! {
        // number (its tests)
        RootsAlike DistanceReplaced
        // ends
        OneWayForAll NegationLost LabelsOnce
        // walk
        ImmediatesAlike EffectsLeft
        // inherit
        OnlyWayEverywhere OneCopyLooked HandlersLeftOut
        // copies
        ParametersStay
    }

    /// Whether a new body is accepted for an old one; `kind` says how they correspond.
    fn is_accepted(module: &str, kind: &str, old: &str, new: &str) -> bool {
        let bytes = wat::parse_str(module).expect("a module");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let [old, new] =
            [old, new].map(|text| parse(text).unwrap_or_else(|e| panic!("{e}: {text}")));
        let witness = Witness::identity(&new);
        let old = LooseBody::check(&module, old).expect("a well-formed body");
        assert!(LooseBody::check(&module, new.clone()).is_ok());
        let origins = kind.strip_prefix("copies ").map(|all| {
            let numbers = all.split(' ').map(|number| number.parse().expect("a number"));
            numbers.map(Block::from_u32).collect::<Vec<Block>>()
        });
        match origins {
            Some(origins) => old.copied(new, &origins).is_ok(),
            None => old.replace(new, &witness).is_ok(),
        }
    }

    #[test]
    fn each_fault_lets_a_wrong_body_through() {
        let mut wrong = Vec::new();
        let text: String = include_str!("plants.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| format!("{line}\n"))
            .collect();
        let groups: Vec<&str> = text.split("== ").skip(1).collect();
        for plant in PLANTS.iter().skip(2) {
            let name = format!("{plant:?} ");
            let group = groups.iter().find_map(|group| group.strip_prefix(&name));
            let group = group.unwrap_or_else(|| panic!("nothing for {plant:?}"));
            let (kind, rest) = group.split_once('\n').expect("a module");
            let (module, rest) = rest.split_once("-- old\n").expect("an old body");
            let (old, new) = rest.split_once("-- new\n").expect("a new body");
            let itself: Vec<String> =
                (0..old.matches("\nblock").count()).map(|at| at.to_string()).collect();
            let honest = if kind == "passes" {
                kind.to_owned()
            } else {
                format!("copies {}", itself.join(" "))
            };
            let found = [
                is_accepted(module, &honest, old, old),
                is_accepted(module, kind, old, new),
                with(Some(*plant), || is_accepted(module, kind, old, new)),
            ];
            if found != [true, false, true] {
                wrong.push(format!("{plant:?}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(groups.len(), PLANTS.len() - 2);
    }
}
