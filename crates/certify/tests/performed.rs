//! The operators that `perform` may be asked for have the numbers of the table of operators.

use prova_check::builtins::PERFORMED;
use prova_module::Opcode;

#[test]
fn numbers_are_those_of_the_table() {
    let wrong = PERFORMED.iter().filter_map(|performed| {
        let is = Opcode::ALL.get(usize::from(performed.opcode)).map(|op| op.mnemonic());
        let number = performed.opcode;
        (is != Some(performed.mnemonic)).then(|| format!("{number} is {is:?}\n"))
    });
    let wrong: String = wrong.collect();
    assert!(wrong.is_empty(), "{wrong}");
}
