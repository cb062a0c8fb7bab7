//! Bytes of modules and of their requests are changed at random: nothing panics, and what is made
//! is made twice alike.
//!
//! Green does not show that a module is specialised rightly. `PROVA_CASES` sets how many are tried.

use prova_module::{Features, Limits, Module};
use prova_specialize::{Options, specialize};

/// Marsaglia's generator of 64 bits (2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

#[test]
fn changed_modules_make_no_panic() {
    let cases: usize =
        std::env::var("PROVA_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(600);
    let texts = [
        include_str!("cases/values.wat"),
        include_str!("cases/loop.wat"),
        include_str!("cases/sp.wat"),
    ];
    let wasms = texts.map(|text| wat::parse_str(text).expect("a module"));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut valid, mut made, mut refused) = (0, 0, 0);
    for number in 0..cases {
        let mut wasm = wasms[number % wasms.len()].clone();
        // Requests and program text stand in the last third.
        let from = if random.below(3) == 0 { 8 } else { wasm.len() * 2 / 3 };
        for _ in 0..=random.below(3) {
            let at = from + random.below(wasm.len() - from);
            wasm[at] = match random.below(3) {
                0 => random.below(256) as u8,
                1 => wasm[at] ^ 1 << random.below(8),
                _ => random.below(8) as u8,
            };
        }
        let decoded = Module::decode(wasm, &Features::default(), &Limits::default());
        let Ok(module) = decoded else { continue };
        valid += 1;
        let Ok(outcome) = specialize(&module, &Options::default()) else { continue };
        made += outcome.requests.iter().filter(|(.., state)| state.is_ok()).count();
        refused += outcome.requests.iter().filter(|(.., state)| state.is_err()).count();
        if number % 16 == 0 {
            let again = specialize(&module, &Options { threads: 2, ..Options::default() });
            let again = again.expect("it was made once");
            assert_eq!(again.module.bytes(), outcome.module.bytes());
        }
        for (_, request, state) in &outcome.requests {
            if let Err(why) = state {
                assert_ne!(why.fault, prova_specialize::Fault::Bug, "{why}: {request:?}");
            }
        }
    }
    println!("{cases} modules, {valid} valid: {made} functions made, {refused} refused");
    assert!(valid * 4 > cases && made > 0 && refused > 0);
}
