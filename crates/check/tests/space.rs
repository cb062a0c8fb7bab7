//! The space that a check takes is in proportion to the code: states that are used again do not
//! carry the frames with them that they once were the states of.
//!
//! One test, since the process's greatest space is what is measured; on Linux alone.

#![cfg(target_os = "linux")]

use prova_check::{Code, CodeKind, Config, Layout, Rule, certificate};

/// The most that this process has taken, in KiB.
fn most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Code that has, `times` times: `sub rsp, bytes; add rsp, bytes`, a branch to a separate `ret`, a
/// jump to the next instruction. The state that waits for the branch takes over the place of one
/// that was large.
fn grows(times: usize, bytes: i32) -> Vec<u8> {
    let (mut code, end) = (Vec::new(), 22 * times + 1);
    for i in 0..times {
        for opcode in [[0x48, 0x81, 0xec], [0x48, 0x81, 0xc4]] {
            code.extend(opcode);
            code.extend(bytes.to_le_bytes());
        }
        code.extend([0x0f, 0x80]);
        let distance = end + i - (code.len() + 4);
        code.extend((distance as i32).to_le_bytes());
        code.extend([0xeb, 0]);
    }
    code.resize(code.len() + 1 + times, 0xc3);
    code
}

fn judge(code: &[u8]) -> Result<(), Rule> {
    let wasm = wat::parse_str("(module (func))").expect("a module");
    let layout = Layout::derive(&wasm, &Config::default()).expect("a layout");
    let certificate = [certificate::VERSION, 0b1110_0000];
    let (kind, traps, calls) = (CodeKind::Func(0), &[][..], &[][..]);
    let code = Code { kind, bytes: code, certificate: &certificate, traps, calls };
    layout.check(code).map(|_| ()).map_err(|rejection| rejection.rule)
}

#[test]
fn states_take_space_in_proportion_to_the_code() {
    assert_eq!(judge(&grows(100, 8)), Ok(()));
    let before = most();
    // The work that the code's size allows is enough for frames of 4 KiB.
    assert_eq!(judge(&grows(20_000, 4_096)), Ok(()));
    assert_eq!(judge(&grows(20_000, 8_192)), Err(Rule::Limit));
    // A few frames may be as large as frames can be.
    assert_eq!(judge(&grows(5, 65_528)), Ok(()));
    assert_eq!(judge(&grows(20_000, 65_528)), Err(Rule::Limit));
    let taken = most() - before;
    println!("{taken} KiB");
    assert!(taken < 80 << 10, "{taken} KiB");
}
