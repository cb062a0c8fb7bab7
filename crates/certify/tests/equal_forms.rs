//! Expressions of claims: what each operator makes of which widths, and which it refuses.
//!
//! `equal/forms.tsv` has for each expression over the parameters of a function the term at its
//! entry, or the refusal (`PROVA_BLESS=1` writes it): `v0` and `v1` have 32 bits, `v2` and `v3` 64,
//! `v4` and `v5` are floats of 64. A term of other widths than its operator's would be one without
//! the identities that the constructors of terms rest on.
//!
//! Green says nothing of what terms mean (`prova-equal`'s lemmas do).

use crate::equal::relation::expr;
use crate::equal::rows::rows_of;
use prova_equal::Core;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/forms.tsv");
const FUNCTION: &str = "-\t-\t-\t-\t(memory 1) (func (param i32 i32 i64 i64 f64 f64))\tc3\t-\t-";

#[test]
fn each_form_is_as_the_table_says() {
    let rows = rows_of(FUNCTION);
    let row = rows.first().expect("a row");
    let body = row.body();
    let read = || std::fs::read_to_string(ROWS).unwrap_or_default();
    let wanted = read();
    let mut found = String::new();
    let (mut made, mut refused) = (0, 0);
    for line in wanted.lines() {
        let text = line.split('\t').next().unwrap_or_default();
        if line.starts_with('#') {
            found.push_str(line);
            found.push('\n');
            continue;
        }
        let core = Core::new((&row.module, body), &row.layout, (&row.bytes, &[]));
        let mut core = core.expect("a function");
        let state = core.entry().expect("an entry");
        let is = match core.evaluate(&state, &expr(text)) {
            Ok(word) => {
                made += 1;
                format!("{} of {}", core.words.show(word), core.words.bits(word))
            }
            Err(refusal) => {
                refused += 1;
                refusal.what.to_owned()
            }
        };
        found.push_str(&format!("{text}\t{is}\n"));
    }
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(ROWS, &found).expect("the file can be written");
    }
    assert!(made > 30 && refused > 30, "{made} {refused}");
    assert!(found == read(), "other forms than before:\n{found}");
}
