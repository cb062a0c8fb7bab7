//! Every row of the table of Wasm operators against the reference tier, and wrong rows that must
//! not pass.
//!
//! Planted is, in every row, each wrong entry of each column with different entries: the test can
//! judge every entry of the table.
//!
//! A green run does not show that `prova-num` is right, nor wasmparser, which both sides use.

use prova_module::RefusedProposal;
use prova_module::ops::{Class, Immediate, Kind, Opcode};
use prova_testing::agree::wasm_ops::{Entry, entry, fault};

/// The entries of all operators, or of those that are executed.
fn entries(refused: bool) -> impl Iterator<Item = Entry> {
    let all = Opcode::ALL.iter().map(|&opcode| entry(opcode));
    all.filter(move |entry| refused || entry.row.class != Class::refused)
}

/// Wants every planted entry to have a fault.
fn noticed(planted: impl Iterator<Item = (Entry, String)>) {
    let (mut count, mut missed) = (0, Vec::new());
    for (entry, plant) in planted {
        count += 1;
        if fault(&entry).is_none() {
            missed.push(format!("{:?}: {plant}", entry.row.opcode));
        }
    }
    assert!(missed.is_empty(), "{} of {count} missed\n{}", missed.len(), missed.join("\n"));
    assert!(count > 0);
}

#[test]
fn every_row_is_what_the_reference_tier_does() {
    let faults: Vec<String> = entries(true).filter_map(|entry| fault(&entry)).collect();
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_wrong_class_is_noticed() {
    noticed(entries(true).flat_map(|entry| {
        let others = Class::ALL.iter().filter(move |&&class| class != entry.row.class);
        others.map(move |&class| {
            let mut planted = entry;
            planted.row.class = class;
            (planted, format!("{class:?}"))
        })
    }));
}

#[test]
fn a_wrong_cost_is_noticed() {
    noticed(entries(false).map(|mut entry| {
        entry.row.cost = u64::from(entry.row.cost != 1);
        (entry, format!("{}", entry.row.cost))
    }));
}

#[test]
fn a_wrong_mnemonic_is_noticed() {
    noticed(entries(true).map(|mut entry| {
        // The next one of its class.
        let all = Opcode::ALL;
        let own = entry.row;
        let after = all.iter().cycle().skip(own.opcode as usize + 1).take(all.len());
        let mut others =
            after.map(|opcode| opcode.row()).filter(|row| row.mnemonic != own.mnemonic);
        let other = others.find(|row| row.class == own.class).unwrap_or(Opcode::Nop.row());
        entry.row.mnemonic = if own.opcode == Opcode::Nop { "drop" } else { other.mnemonic };
        (entry, entry.row.mnemonic.to_owned())
    }));
}

#[test]
fn a_wrong_signature_is_noticed() {
    let kinds = [
        Kind::i32,
        Kind::i64,
        Kind::f32,
        Kind::f64,
        Kind::v128,
        Kind::addr,
        Kind::addr2,
        Kind::addr_min,
        Kind::index,
        Kind::index2,
        Kind::index_min,
        Kind::elem,
        Kind::local,
        Kind::global,
        Kind::same,
        Kind::ref_,
        Kind::non_null,
        Kind::func_ref,
        Kind::params,
        Kind::label,
    ];
    /// The lists that differ from one in one kind, or in length.
    fn lists(list: &'static [Kind], kinds: &[Kind]) -> Vec<&'static [Kind]> {
        let mut lists: Vec<Vec<Kind>> = Vec::new();
        for at in 0..list.len() {
            for &kind in kinds.iter().filter(|&&kind| kind != list[at]) {
                let mut other = list.to_vec();
                other[at] = kind;
                lists.push(other);
            }
        }
        lists.extend(list.split_last().map(|(_, less)| less.to_vec()));
        lists.push([list, &[Kind::i32]].concat());
        lists.into_iter().map(|list| &*list.leak()).collect()
    }
    noticed(entries(false).flat_map(|entry| {
        let params = lists(entry.row.params, &kinds).into_iter().map(move |params| {
            let mut planted = entry;
            planted.row.params = params;
            (planted, format!("{params:?} ->"))
        });
        let results = lists(entry.row.results, &kinds).into_iter().map(move |results| {
            let mut planted = entry;
            planted.row.results = results;
            (planted, format!("-> {results:?}"))
        });
        params.chain(results).collect::<Vec<_>>()
    }));
}

#[test]
fn a_wrong_immediate_is_noticed() {
    let kinds = [
        Immediate::i32,
        Immediate::i64,
        Immediate::f32,
        Immediate::f64,
        Immediate::v128,
        Immediate::local,
        Immediate::global,
        Immediate::func,
        Immediate::type_,
        Immediate::table,
        Immediate::mem,
        Immediate::elem,
        Immediate::data,
        Immediate::tag,
        Immediate::label,
        Immediate::block,
        Immediate::memarg,
        Immediate::lane2,
        Immediate::lane4,
        Immediate::lane8,
        Immediate::lane16,
        Immediate::lanes,
        Immediate::heap,
        Immediate::ordering,
    ];
    noticed(entries(false).flat_map(|entry| {
        let list = entry.row.immediates;
        let mut lists = vec![[list, &[Immediate::mem]].concat()];
        lists.extend(list.split_last().map(|(_, less)| less.to_vec()));
        if let [first, second] = *list
            && first != second
        {
            lists.push(vec![second, first]);
        }
        for at in 0..list.len() {
            for &kind in kinds.iter().filter(|&&kind| kind != list[at]) {
                let mut other = list.to_vec();
                other[at] = kind;
                lists.push(other);
            }
        }
        lists.into_iter().map(move |list| {
            let mut planted = entry;
            planted.row.immediates = list.leak();
            (planted, format!("{:?}", planted.row.immediates))
        })
    }));
}

#[test]
fn a_wrong_width_is_noticed() {
    noticed(entries(false).flat_map(|entry| {
        let others = [0, 1, 2, 4, 8, 16].into_iter().filter(move |&width| width != entry.row.width);
        others.map(move |width| {
            let mut planted = entry;
            planted.row.width = width;
            (planted, format!("{width} bytes"))
        })
    }));
}

#[test]
fn a_wrong_nan_is_noticed() {
    let all = [
        None,
        Some("f32_canonicalize"),
        Some("f64_canonicalize"),
        Some("f32x4_canonicalize"),
        Some("f64x2_canonicalize"),
        Some("f32_neg"),
    ];
    noticed(entries(false).flat_map(|entry| {
        let others = all.into_iter().filter(move |&other| other != entry.row.canonical);
        others.map(move |canonical| {
            let mut planted = entry;
            planted.row.canonical = canonical;
            (planted, format!("{canonical:?}"))
        })
    }));
}

#[test]
fn a_wrong_function_is_noticed() {
    noticed(entries(false).filter(|entry| entry.evaluate.is_some()).flat_map(|entry| {
        let own = entry.row;
        let like = entries(false).map(|other| other.row).filter(move |row| {
            row.class == own.class
                && row.params == own.params
                && row.results == own.results
                && row.immediates == own.immediates
                && row.width == own.width
                && row.meaning != own.meaning
                && !same(own.opcode, row.opcode)
        });
        // The next ones in the table are the likeliest to be taken for it.
        let (before, after): (Vec<_>, Vec<_>) = like.partition(|row| row.opcode < own.opcode);
        after.into_iter().chain(before).take(3).map(move |other| {
            let mut planted = entry;
            planted.evaluate = prova_testing::agree::wasm_ops::entry(other.opcode).evaluate;
            (planted, other.meaning.to_owned())
        })
    }));
}

/// Whether two operators do the same on all operands: selections of lanes choose bits here
/// (`prova_num::relaxed`).
fn same(a: Opcode, b: Opcode) -> bool {
    let selects = |opcode| {
        matches!(
            opcode,
            Opcode::V128Bitselect
                | Opcode::I8x16RelaxedLaneselect
                | Opcode::I16x8RelaxedLaneselect
                | Opcode::I32x4RelaxedLaneselect
                | Opcode::I64x2RelaxedLaneselect
        )
    };
    selects(a) && selects(b)
}

#[test]
fn a_wrong_status_is_noticed() {
    noticed(entries(true).flat_map(|entry| {
        let all = RefusedProposal::ALL.iter().copied().map(Some).chain([None]);
        let others = all.filter(move |&proposal| proposal != entry.row.proposal);
        others.map(move |proposal| {
            let mut planted = entry;
            planted.row.proposal = proposal;
            (planted, format!("{proposal:?}"))
        })
    }));
}
