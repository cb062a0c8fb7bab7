//! The operators that `perform` may be asked for have the numbers of the table of operators.

use prova_check::builtins::PERFORMED;
use prova_module::Opcode;

#[test]
fn numbers_are_those_of_the_table() {
    let wrong = PERFORMED.iter().filter_map(|performed| {
        let opcode = Opcode::ALL.iter().find(|op| op.mnemonic() == performed.mnemonic);
        let opcode = *opcode.unwrap_or_else(|| panic!("no operator {}", performed.mnemonic));
        let number = opcode as u16;
        (number != performed.opcode).then(|| format!("{} is {number}\n", performed.mnemonic))
    });
    let wrong: String = wrong.collect();
    assert!(wrong.is_empty(), "{wrong}");
}
