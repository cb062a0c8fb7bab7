//! Definitions of types that changed → differences that functions follow from.

use super::{ALONE_MAX, Clusterer, Told, plain};
use crate::judge::compare::Change;
use crate::pair::side::Side;
use crate::tell::report::{Kind, Verdict};
use crate::tell::words::function::edit;
use crate::tell::words::types::{evidence, name, summary};
use prova_module::ValType;
use std::collections::BTreeSet;

impl Clusterer<'_, '_> {
    /// Adds the definitions that something follows from: a function, or a declaration. What nothing
    /// uses is no difference.
    pub(super) fn types(&mut self, told: &[Told<'_>]) {
        let side = self.sides.0;
        let changed = side.types.changed();
        let mut counts = vec![(0u64, 0u64); changed.len()];
        for one in told {
            if let Change::Types(found) = &one.outcome.change {
                counts[found.root as usize].0 += 1;
            } else if let Some(root) = edit(one.outcome).and_then(|edit| edit.types) {
                counts[root as usize].1 += 1;
            }
        }
        let declared = declared(side);
        let used = |root: usize| counts[root] != (0, 0) || declared.contains(&(root as u32));
        let roots: Vec<usize> = (0..changed.len()).filter(|root| used(*root)).collect();
        self.folded.types = roots.len() > ALONE_MAX;
        self.types = vec![None; changed.len()];
        for root in roots {
            let (one, count) = (&changed[root], counts[root]);
            let own = name(self.sides, root as u32);
            let mut difference = plain(Verdict::Changed, Kind::Type, own.clone());
            (difference.a, difference.b) = (Some(one.a.into()), Some(one.b.into()));
            difference.summary = summary(self.sides, one);
            difference.evidence = evidence(self.sides, one, count);
            difference.sites = 1;
            let cluster = match self.folded.types {
                true => self.of_types(),
                false => self.cluster(&format!("type {root}"), || {
                    format!("the definition of type {own} changed")
                }),
            };
            self.types[root] = Some(cluster);
            self.add(difference, cluster, true);
        }
    }

    /// The cluster of definitions that are too many for a cluster each.
    pub(super) fn of_types(&mut self) -> usize {
        self.cluster("types", || "the definitions of types changed".into())
    }
}

/// The definitions that types of globals, tables and tags follow from.
fn declared(side: &Side<'_>) -> BTreeSet<u32> {
    let module = side.module;
    let globals = module.globals().iter().map(|global| global.val);
    let tables = module.tables().iter().map(|table| ValType::Ref(table.ref_type));
    let vals = globals.chain(tables).map(|ty| side.types.cause_of_val(side.val_id(ty)));
    let tags = module.tags().iter().map(|ty| side.types.cause(side.type_id(ty.0)));
    vals.chain(tags).flatten().collect()
}
