//! The search of relations on code, maps and sources that nobody made.

use super::RULES;
use super::rows::{Row, operators, rows_of};
use prova_certify::relation::{Related, relate_told};
use prova_check::TrapRow;
use prova_random::Rng;

/// For all code, data, traps and sources the search ends, and what it finds can be checked.
#[test]
fn any_code_can_be_searched() {
    let rows: Vec<Row> = rows_of(RULES).into_iter().filter(|row| row.verdict == "ok").collect();
    let mut random = Rng::new(5);
    let (mut jumps_before, mut found) = (0, 0);
    for round in 0..4_000 {
        let row = &rows[random.below(rows.len())];
        let mut bytes = row.bytes.clone();
        match round % 4 {
            0 => bytes = [&[0xeb, 0x80], &random.bytes(20)[..]].concat(),
            1 => {}
            _ => {
                let at = random.below(bytes.len());
                bytes[at] = random.bits() as u8;
            }
        }
        jumps_before += usize::from(bytes.starts_with(&[0xeb, 0x80]));
        let len = bytes.len() as u32;
        let some = |random: &mut Rng| {
            let near = random.below(len as usize + 4) as u32;
            [near, near, near, u32::MAX][random.below(4)]
        };
        let operators = operators(row.module.bytes());
        let operator = |random: &mut Rng| operators[random.below(operators.len())];
        let mut sources: Vec<(u32, u32, u32)> = (0..random.below(6))
            .map(|_| (some(&mut random), some(&mut random), operator(&mut random)))
            .collect();
        let mut data: Vec<(u32, u32)> =
            (0..random.below(3) / 2).map(|_| (some(&mut random), some(&mut random))).collect();
        let mut traps = row.traps.clone();
        if round % 5 == 0 {
            let (code_offset, wasm_offset) = (some(&mut random), operator(&mut random));
            traps.push(TrapRow { code_offset, kind: 1, wasm_offset });
        }
        sources.sort_unstable();
        data.sort_unstable();
        traps.sort_unstable_by_key(|row| row.code_offset);
        let code = Related { bytes: &bytes, traps: &traps, data: &data, sources: &sources };
        let relation = relate_told((&row.module, row.body()), &row.layout, &code, row.told());
        found += usize::from(!relation.leaders.is_empty());
        let certificate = row.certificate(&bytes).unwrap_or_default();
        let _ = row.check(&bytes, &certificate, &relation);
    }
    assert!(jumps_before >= 1_000 && found > 200, "{jumps_before} {found}");
}
