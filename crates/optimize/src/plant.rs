//! Planted faults: what a pass gets wrong, one at a time, so that a test can show that the check
//! refuses it.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `planted!`, which
//! is a constant `false` elsewhere. Every fault must be refused on the bodies below, and none may
//! be refused without one. The parts that a pass takes from the check itself (facts about memory)
//! have no faults here: `tests/passes/twins.txt` has those as edits. Green does not show that the
//! check refuses all that such a fault can do.

macro_rules! planted {
    ($name:ident) => {
        prova_ssa::planted_at!([$crate::plant] $name)
    };
}
pub(super) use planted;

#[cfg(test)]
pub(super) use faults::{Plant, is};

#[cfg(test)]
mod faults {
    use crate::{Pass, optimize};
    use prova_module::{Features, Limits, Module};
    use prova_ssa::{CheckedBody, Metering, build};
    use std::collections::BTreeSet;

    prova_ssa::plants! {
        // dead
        TrapsAreDead LoadsAreDead StoresAreDead WritesAreDead CallsAreDead
        // fold
        CountUnmasked SignLost DivisionByZero NanChosen BranchInverted SelectInverted NegationLost
        ComparisonKept
        // params
        FirstArgument FirstConstant
        // thread
        ArgumentsMixed EffectsPassed ValuesEscape OtherArm ThreadedUnsaid
        // merge
        ManyEntries
        // hoist
        TrapsHoisted HoistedTooFar
        // gvn
        SiblingsLead Uncovered
        // near
        ReachIgnored
        // forward
        BarriersIgnored
        // stores
        StoresTrapUnseen LoadsSeeNothing CallsSeeNothing TrapsSeeNothing ReturnsSeeNothing
        OtherWayUnseen
        // rebuild
        ArgumentsReversed EdgesReversed ClaimsUnsaid
    }

    const MODULES: &[&str] = &[
        include_str!("../tests/passes/fold.wat"),
        include_str!("../tests/passes/trap.wat"),
        include_str!("../tests/passes/memory.wat"),
        include_str!("../tests/passes/barriers.wat"),
        include_str!("../tests/passes/straddle.wat"),
        include_str!("../tests/passes/sums.wat"),
        include_str!("../tests/passes/neutral.wat"),
        include_str!("../tests/passes/near.wat"),
        include_str!("../tests/passes/stores.wat"),
        include_str!("../tests/passes/hoist.wat"),
        include_str!("../tests/passes/flow.wat"),
        include_str!("../tests/passes/merge.wat"),
        include_str!("../tests/passes/plants.wat"),
        include_str!("../../ssa/tests/check/except.wat"),
        include_str!("../../ssa/tests/check/table.wat"),
    ];

    /// The refusals of the bodies, by each pass alone and by all in a row.
    fn refused() -> BTreeSet<String> {
        let mut refused = BTreeSet::new();
        for text in MODULES {
            let bytes = wat::parse_str(text).expect("a module");
            let module = Module::decode(bytes, &Features::default(), &Limits::default());
            let module = module.expect("a valid module");
            for func in module.defined_funcs() {
                let body = build(&module, func, Metering::NONE).expect("a body");
                let body = CheckedBody::check(&module, body).expect("it is proved");
                let each = Pass::ALL.map(|pass| vec![pass]);
                for passes in each.into_iter().chain([Pass::DEFAULT.to_vec()]) {
                    let (_, left_out) = optimize(body.clone(), &passes);
                    refused.extend(left_out.iter().map(|it| it.rejection.rule.to_string()));
                }
            }
        }
        refused
    }

    #[test]
    fn each_fault_is_refused() {
        assert_eq!(refused(), BTreeSet::new(), "without a fault");
        let mut missed = Vec::new();
        for &plant in PLANTS {
            if with(Some(plant), refused).is_empty() {
                missed.push(plant);
            }
        }
        assert!(missed.is_empty(), "accepted: {missed:?}");
        assert!(PLANTS.len() >= 15);
    }
}
