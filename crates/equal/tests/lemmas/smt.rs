//! Terms → text for z3, in bits or in integers, and its answers.
//!
//! *Bits*: words are bit vectors, floats those of the standard. *Integers*: words are integers from
//! 0 to 2^w − 1, for products with numbers and quotients by numbers, which are linear there.

use crate::text::Term;
use prova_equal::words::{Head, Prim};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The text of a query: whether two terms differ where conditions hold.
pub(crate) fn differ(integers: bool, known: &[Term], (a, b): (&Term, &Term)) -> String {
    let mut leaves = BTreeMap::new();
    for term in known.iter().chain([a, b]) {
        leaves_of(term, &mut leaves);
    }
    let mut text = String::new();
    for (leaf, bits) in leaves {
        if bits == 0 {
            let _ = writeln!(text, "(declare-const v{leaf} (Array (_ BitVec 64) (_ BitVec 8)))");
        } else if integers {
            let most = power(bits);
            let _ = writeln!(
                text,
                "(declare-const v{leaf} Int)(assert (and (<= 0 v{leaf}) (< v{leaf} {most})))"
            );
        } else {
            let _ = writeln!(text, "(declare-const v{leaf} (_ BitVec {bits}))");
        }
    }
    let write = if integers { integer } else { bits };
    let one = if integers { "1" } else { "#b1" };
    for condition in known {
        let _ = writeln!(text, "(assert (= {one} {}))", write(condition));
    }
    let _ = writeln!(text, "(assert (not (= {} {})))", write(a), write(b));
    // Each query by itself: z3 has other tactics for what nothing stood before.
    text.push_str("(check-sat)\n(reset)\n");
    text
}

fn leaves_of(term: &Term, leaves: &mut BTreeMap<u128, u8>) {
    if term.op == Head::Value {
        leaves.insert(term.n, term.bits);
    }
    term.args.iter().for_each(|arg| leaves_of(arg, leaves));
}

fn power(bits: u8) -> String {
    1_u128
        .checked_shl(bits.into())
        .map_or("340282366920938463463374607431768211456".into(), |n| n.to_string())
}

fn truth(condition: &str) -> String {
    format!("(ite {condition} #b1 #b0)")
}

/// A term as a bit vector.
fn bits(term: &Term) -> String {
    let args: Vec<String> = term.args.iter().map(bits).collect();
    let width = u32::from(term.bits);
    let call = |name: &str| format!("({name} {})", args.join(" "));
    let to = |arg: usize, by: u32| {
        let more = by - u32::from(term.args[arg].bits);
        format!("((_ zero_extend {more}) {})", args[arg])
    };
    match term.op {
        Head::Const => format!("(_ bv{} {width})", term.n),
        Head::Value => format!("v{}", term.n),
        Head::Sum => format!("(bvadd (bvmul (_ bv{} {width}) {}) {})", term.n, args[0], args[1]),
        Head::Mul => call("bvmul"),
        Head::And => call("bvand"),
        Head::Or => call("bvor"),
        Head::Xor => call("bvxor"),
        Head::Shl => format!("(bvshl {} {})", args[0], to(1, width)),
        Head::Shr => format!("(bvlshr {} {})", args[0], to(1, width)),
        Head::Sar => format!("(bvashr {} {})", args[0], to(1, width)),
        Head::Rotl => {
            let (a, by) = (&args[0], to(1, width));
            format!("(bvor (bvshl {a} {by}) (bvlshr {a} (bvsub (_ bv{width} {width}) {by})))")
        }
        Head::Slice => {
            format!("((_ extract {} {}) {})", term.n as u32 + width - 1, term.n, args[0])
        }
        Head::Zext => to(0, width),
        Head::Sext => {
            format!("((_ sign_extend {}) {})", width - u32::from(term.args[0].bits), args[0])
        }
        Head::Cat => call("concat"),
        Head::Ite => format!("(ite (= #b1 {}) {} {})", args[0], args[1], args[2]),
        Head::Zero => truth(&format!("(= {} (_ bv0 {}))", args[0], term.args[0].bits)),
        Head::Ult => truth(&call("bvult")),
        Head::Slt => truth(&call("bvslt")),
        Head::Prim => prim(term, &args),
        // The byte at the highest address comes first.
        Head::Load => {
            let byte = |i: u32| format!("(select {} (bvadd {} (_ bv{i} 64)))", args[0], args[1]);
            let bytes: Vec<String> = (0..width / 8).rev().map(byte).collect();
            if bytes.len() == 1 { bytes.concat() } else { format!("(concat {})", bytes.join(" ")) }
        }
        Head::Store => (0..u32::from(term.args[2].bits) / 8).fold(args[0].clone(), |memory, i| {
            let (at, part) = (format!("(bvadd {} (_ bv{i} 64))", args[1]), 8 * i);
            format!("(store {memory} {at} ((_ extract {} {part}) {}))", part + 7, args[2])
        }),
        other => panic!("{other:?}"),
    }
}

fn float(bits: u8) -> &'static str {
    if bits == 32 { "8 24" } else { "11 53" }
}

fn prim(term: &Term, args: &[String]) -> String {
    let (width, of) = (u32::from(term.bits), term.args[0].bits);
    let is = |prim: Prim| term.n == prim as u128;
    let floats = || -> Vec<String> {
        args.iter().map(|a| format!("((_ to_fp {}) {a})", float(of))).collect()
    };
    let wide = |extend: &str| {
        let product = format!(
            "(bvmul ((_ {extend} {width}) {}) ((_ {extend} {width}) {}))",
            args[0], args[1]
        );
        format!("((_ extract {} {width}) {product})", 2 * width - 1)
    };
    let pairs = [
        (Prim::DivU, "bvudiv"),
        (Prim::DivS, "bvsdiv"),
        (Prim::RemU, "bvurem"),
        (Prim::RemS, "bvsrem"),
    ];
    if let Some((_, name)) = pairs.iter().find(|(prim, _)| is(*prim)) {
        return format!("({name} {} {})", args[0], args[1]);
    }
    let to = float(term.bits);
    match term.n {
        n if n == Prim::HighU as u128 => wide("zero_extend"),
        n if n == Prim::HighS as u128 => wide("sign_extend"),
        n if n == Prim::FloatEq as u128 => truth(&format!("(fp.eq {})", floats().join(" "))),
        n if n == Prim::FloatLt as u128 => truth(&format!("(fp.lt {})", floats().join(" "))),
        n if n == Prim::FloatLe as u128 => truth(&format!("(fp.leq {})", floats().join(" "))),
        n if n == Prim::FloatNan as u128 => {
            let either: Vec<String> = floats().iter().map(|a| format!("(fp.isNaN {a})")).collect();
            truth(&format!("(or {})", either.join(" ")))
        }
        n if n == Prim::LeadingZeros as u128 => counted(&args[0], (0..width).rev(), false),
        n if n == Prim::TrailingZeros as u128 => counted(&args[0], 0..width, false),
        n if n == Prim::Ones as u128 => counted(&args[0], 0..width, true),
        n if n == Prim::ToSigned as u128 => truncated(term, &floats()[0], false),
        n if n == Prim::ToSignedSat as u128 => truncated(term, &floats()[0], true),
        n if n == Prim::ToUnsigned as u128 || n == Prim::ToUnsignedSat as u128 => {
            unsigned(term, &floats()[0])
        }
        n if n == Prim::FromSigned as u128 => made(&format!("((_ to_fp {to}) RNE {})", args[0])),
        n if n == Prim::FromUnsigned as u128 => {
            made(&format!("((_ to_fp_unsigned {to}) RNE {})", args[0]))
        }
        n if n == Prim::FloatAdd as u128 => made(&format!("(fp.add RNE {})", floats().join(" "))),
        n if n == Prim::FloatSub as u128 => made(&format!("(fp.sub RNE {})", floats().join(" "))),
        n if n == Prim::FloatMin as u128 => extremum(args, &floats(), "bvor"),
        n if n == Prim::FloatMax as u128 => extremum(args, &floats(), "bvand"),
        n => panic!("{n}"),
    }
}

/// How many bits of a word are set, or clear before the first one that is set.
fn counted(
    a: &str,
    bits: impl ExactSizeIterator<Item = u32> + DoubleEndedIterator,
    ones: bool,
) -> String {
    let width = bits.len();
    let mut made = format!("(_ bv0 {width})");
    for bit in bits.rev() {
        let is = format!("(= ((_ extract {bit} {bit}) {a}) #b1)");
        let more = format!("(bvadd {made} (_ bv1 {width}))");
        made = if ones {
            format!("(let ((n {made})) (ite {is} (bvadd n (_ bv1 {width})) n))")
        } else {
            format!("(ite {is} (_ bv0 {width}) {more})")
        };
    }
    made
}

/// The bits of a float, which z3 does not choose for a NaN: no row asks for these.
fn made(float: &str) -> String {
    format!("(fp.to_ieee_bv {float})")
}

/// The minimum or maximum of two floats that are no NaN; of two that are equal, which zeros of two
/// signs are, by their bits.
fn extremum(args: &[String], floats: &[String], equal: &str) -> String {
    let [a, b] = args else { panic!("two operands") };
    let (first, second) = if equal == "bvor" { (a, b) } else { (b, a) };
    let [x, y] = floats else { panic!("two floats") };
    format!("(ite (fp.eq {x} {y}) ({equal} {a} {b}) (ite (fp.lt {x} {y}) {first} {second}))")
}

/// A float as an unsigned word, saturating; 0 for a NaN.
fn unsigned(term: &Term, x: &str) -> String {
    let (width, of) = (u32::from(term.bits), float(term.args[0].bits));
    let beyond = format!("((_ to_fp {of}) RTZ {}.0)", 1_u128 << width);
    let minus = format!("((_ to_fp {of}) RTZ (- 1.0))");
    let fits = format!("(and (fp.lt {minus} {x}) (fp.lt {x} {beyond}))");
    let value = format!("((_ fp.to_ubv {width}) RTZ (fp.roundToIntegral RTZ {x}))");
    let zero = format!("(ite (fp.leq {x} {minus}) (_ bv0 {width}) (bvnot (_ bv0 {width})))");
    format!("(ite (fp.isNaN {x}) (_ bv0 {width}) (ite {fits} {value} {zero}))")
}

/// A float as a signed word; the least number where it does not fit, or saturating.
fn truncated(term: &Term, x: &str, saturates: bool) -> String {
    let (width, of) = (u32::from(term.bits), float(term.args[0].bits));
    let bound = |sign: &str| {
        let power = 1_u128 << (width - 1);
        format!("((_ to_fp {of}) RTZ ({sign} {power}.0))")
    };
    let (least, beyond) = (bound("-"), bound("+"));
    let whole = format!("(fp.roundToIntegral RTZ {x})");
    let fits = format!("(and (fp.leq {least} {whole}) (fp.lt {whole} {beyond}))");
    let value = format!("((_ fp.to_sbv {width}) RTZ {x})");
    let min = format!("(_ bv{} {width})", 1_u128 << (width - 1));
    let max = format!("(_ bv{} {width})", (1_u128 << (width - 1)) - 1);
    let other = if saturates {
        format!("(ite (fp.isNaN {x}) (_ bv0 {width}) (ite (fp.isNegative {x}) {min} {max}))")
    } else {
        min
    };
    format!("(ite {fits} {value} {other})")
}

/// A word as a signed integer.
fn signed(arg: &str, bits: u8) -> String {
    let half = 1_u128 << (bits - 1);
    format!("(let ((s {arg})) (ite (< s {half}) s (- s {})))", power(bits))
}

/// A term as an integer.
fn integer(term: &Term) -> String {
    let args: Vec<String> = term.args.iter().map(integer).collect();
    let all = power(term.bits);
    let of = term.args.first().map_or(0, |arg| arg.bits);
    let is = |prim: Prim| term.n == prim as u128;
    match term.op {
        Head::Const => term.n.to_string(),
        Head::Value => format!("v{}", term.n),
        Head::Sum => format!("(mod (+ (* {} {}) {}) {all})", term.n, args[0], args[1]),
        Head::Slice => format!("(mod (div {} {}) {all})", args[0], power(term.n as u8)),
        Head::Zext => args[0].clone(),
        Head::Sext => format!("(mod {} {all})", signed(&args[0], of)),
        Head::Shr => {
            let by = term.args[1].n as u8;
            format!("(div {} {})", args[0], power(by))
        }
        Head::Sar => {
            let by = term.args[1].n as u8;
            format!("(mod (div {} {}) {all})", signed(&args[0], of), power(by))
        }
        Head::Prim if is(Prim::HighU) => format!("(div (* {}) {all})", args.join(" ")),
        Head::Prim if is(Prim::HighS) => {
            let (a, b) = (signed(&args[0], of), signed(&args[1], of));
            format!("(mod (div (* {a} {b}) {all}) {all})")
        }
        Head::Prim if is(Prim::DivU) => format!("(div {} {})", args[0], args[1]),
        // Rounded to zero.
        Head::Prim if is(Prim::DivS) => {
            let a = signed(&args[0], of);
            let d = signed(&args[1], of);
            format!("(mod (let ((t {a})) (ite (< t 0) (- (div (- t) {d})) (div t {d}))) {all})")
        }
        other => panic!("{other:?} in integers"),
    }
}

/// The answers to queries, in their order; nothing if there is no z3.
pub(crate) fn ask(queries: &[String]) -> Option<Vec<String>> {
    let mut command = Command::new("z3");
    command.args(["-in", "-t:60000"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut input = child.stdin.take()?;
    let text = queries.concat();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().expect("the writer ends").ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(str::to_owned).collect())
}
