//! Hostile input: random bytes, random certificates, changed certificates. Nothing panics, and no
//! certificate makes bad code pass.
//!
//! A green run does not show that no certificate can: it tries some thousands.

use crate::common::{Built, build, cases};
use prova_check::{Code, CodeKind, Config, Layout, MemoryShape};
use prova_random::Rng;

fn bytes(random: &mut Rng, most: usize) -> Vec<u8> {
    let len = random.below(most);
    random.bytes(len)
}

#[test]
fn random_code_and_certificates_do_not_panic() {
    let wasm = wat::parse_str("(module (memory 1) (func (param i32)))").expect("a module");
    let layout = Layout::derive(&wasm, &Config::default()).expect("a layout");
    let mut random = Rng::new(1);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let code = bytes(&mut random, 60);
        let mut certificate = bytes(&mut random, 40);
        if let Some(first) = certificate.first_mut() {
            *first = prova_check::certificate::VERSION;
        }
        let kind = CodeKind::Func(0);
        let draft = prova_certify::Draft { kind, bytes: &code, traps: &[], calls: &[] };
        let honest = prova_certify::certify(&layout, &draft);
        let least = [prova_check::certificate::VERSION, 0b1110_0000];
        for certificate in [&certificate[..], &least, honest.as_deref().unwrap_or(&[])] {
            let code = Code { kind, bytes: &code, certificate, traps: &[], calls: &[] };
            accepted += usize::from(layout.check(code).is_ok());
        }
    }
    println!("{accepted} accepted");
}

#[test]
fn random_modules_do_not_panic() {
    let mut random = Rng::new(2);
    for _ in 0..5_000 {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend(bytes(&mut random, 60));
        let _ = Layout::derive(&wasm, &Config::default());
    }
}

/// A certificate with some bytes changed, taken out, doubled.
fn changed(random: &mut Rng, certificate: &[u8]) -> Vec<u8> {
    let mut out = certificate.to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(out.len().max(1));
        match random.below(5) {
            0 if at < out.len() => out[at] = random.below(256) as u8,
            1 if at < out.len() => out[at] ^= 1 << random.below(8),
            2 if at < out.len() => drop(out.remove(at)),
            3 if at <= out.len() => out.insert(at, random.below(256) as u8),
            _ if at < out.len() => out[at] = out[at].wrapping_add(1),
            _ => {}
        }
    }
    out
}

/// The cases, and the certificates of each.
fn certified() -> Vec<(Built, Vec<u8>)> {
    let built = cases().into_iter().map(|(name, text)| build(&name, &text, true, "speed"));
    let built = built.map(|built| {
        let certificate = prova_certify::certify(&built.layout, &built.draft()).expect("a case");
        (built, certificate)
    });
    built.collect()
}

/// Changed certificates never make the check panic; the code is good, so some pass.
#[test]
fn changed_certificates_do_not_panic() {
    let mut random = Rng::new(3);
    let (mut accepted, mut refused) = (0, 0);
    for (built, certificate) in certified() {
        for _ in 0..400 {
            let certificate = changed(&mut random, &certificate);
            match built.layout.check(built.code(&built.bytes, &certificate)) {
                Ok(_) => accepted += 1,
                Err(_) => refused += 1,
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(refused > accepted, "certificates matter");
}

/// Code that relies on a bound that nothing establishes, with the certificate of its good twin, and
/// with that one changed: never accepted.
#[test]
fn no_certificate_saves_bad_code() {
    let text = |zero: &str, shape: &str| {
        format!(
            ";! wat (module (memory 1) (func (param i64 i32) (result i32)))\n;! shape {shape}\n\
             function %f(i64, i64, i64, i32) -> i32 tail {{\n\
             block0(v0: i64, v1: i64, v2: i64, v3: i32):\n\
             v4 = load.i64 notrap aligned readonly can_move v0+8\n\
             v5 = load.i64 notrap aligned readonly can_move v4+32\n\
             v6 = load.i64 notrap aligned readonly can_move v5\n\
             {zero}\n\
             jump block1(v8, v3)\n\
             block1(v10: i64, v11: i32):\n\
             v12 = iadd v6, v10\n v13 = load.i32 little v12\n v14 = iconst.i32 -1\n\
             v15 = iadd v11, v14\n v16 = uextend.i64 v13\n\
             brif v15, block1(v16, v15), block2\nblock2:\n return v13\n}}\n"
        )
    };
    let good =
        build("good", &text("v7 = ireduce.i32 v2\n v8 = uextend.i64 v7", "guard"), true, "speed");
    let bad = build("bad", &text("v8 = bor v2, v2", "guard"), true, "speed");
    let certificate = prova_certify::certify(&good.layout, &good.draft()).expect("good code");
    assert!(prova_certify::certify(&bad.layout, &bad.draft()).is_err());
    // The twin is one instruction shorter: move the offsets along as far as they fit.
    let mut random = Rng::new(4);
    let explicit = Config { memory: MemoryShape::Explicit, ..Config::default() };
    let wasm = wat::parse_str("(module (memory 1) (func (param i64 i32) (result i32)))");
    let explicit = Layout::derive(&wasm.expect("a module"), &explicit).expect("a layout");
    for round in 0..30_000 {
        let mut certificate =
            if round == 0 { certificate.clone() } else { changed(&mut random, &certificate) };
        if round % 3 == 1 && certificate.len() > 1 {
            certificate.truncate(random.below(certificate.len()));
            certificate.extend(bytes(&mut random, 12));
        }
        assert!(bad.layout.check(bad.code(&bad.bytes, &certificate)).is_err(), "{certificate:?}");
        assert!(explicit.check(good.code(&good.bytes, &certificate)).is_err(), "{certificate:?}");
    }
}
