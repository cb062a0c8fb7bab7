//! Ways through a lemma → text in SMT-LIB, in one of two theories, and the solver's answers.
//!
//! - *Bits*: words are bit vectors of 64 bits, integers of 128 bits, which saturate as `i128` does.
//! - *Integers*: words are integers from 0 to 2^64 - 1, whose operations wrap by a case or a
//!   remainder; sums saturate as those of `i128` do. It has no bitwise operations but the lowest
//!   bits. Whole derivations are quick in it. [`bridge`] has the lemmas by which its operations are
//!   those of bit vectors.
//!
//! A query asks for *one way that is possible and whose claim fails*: a lemma is proved where there
//! is none (`unsat`).

use crate::term::{Atom, Node, Ways};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// How words and integers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theory {
    /// As bit vectors.
    Bits,
    /// As integers.
    Integers,
    /// As bit vectors, some of which are read as floats.
    Floats,
}

impl Theory {
    /// Its name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Theory::Bits => "bits",
            Theory::Integers => "integers",
            Theory::Floats => "floats",
        }
    }
}

/// Which ways a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Those whose claim fails.
    Failing,
    /// Those that reach the claim.
    Reached,
}

const WORDS: &str = "18446744073709551616";
const HALF: &str = "9223372036854775808";
const INT_MAX: &str = "170141183460469231731687303715884105727";
const INT_MIN: &str = "(- 170141183460469231731687303715884105728)";

/// The text that asks for ways.
pub fn query(name: &str, theory: Theory, ways: &Ways, ask: Ask) -> String {
    let mut text = String::new();
    let logic = match theory {
        Theory::Bits => "QF_BV",
        Theory::Integers => "QF_LIA",
        Theory::Floats => "QF_BVFP",
    };
    let _ = writeln!(text, "; {name}\n(set-logic {logic})");
    for (place, node) in ways.nodes.iter().enumerate() {
        let _ = match theory {
            Theory::Bits | Theory::Floats => bits(&mut text, place, node, &ways.names),
            Theory::Integers => integers(&mut text, place, node, ways),
        };
    }
    let mut any = String::new();
    for way in &ways.ways {
        let asked = match ask {
            Ask::Failing => way.outcome == Some(false),
            Ask::Reached => way.outcome.is_some(),
        };
        if !asked {
            continue;
        }
        any.push_str("\n  (and true");
        for &(atom, yes) in &way.decided {
            let atom = match (theory, atom) {
                (_, Atom::Equal(a, b)) => format!("(= n{a} n{b})"),
                (Theory::Integers, Atom::AtMost(a, b)) => format!("(<= n{a} n{b})"),
                (_, Atom::AtMost(a, b)) if is_word(&ways.nodes[a as usize]) => {
                    format!("(bvule n{a} n{b})")
                }
                (_, Atom::AtMost(a, b)) => format!("(bvsle n{a} n{b})"),
                (_, Atom::FloatBelow(a, b)) => format!("(fp.lt {} {})", float(a), float(b)),
                (_, Atom::FloatAtMost(a, b)) => format!("(fp.leq {} {})", float(a), float(b)),
            };
            let _ = if yes { write!(any, " {atom}") } else { write!(any, " (not {atom})") };
        }
        any.push(')');
    }
    let _ = writeln!(text, "(assert (or false{any}))\n(check-sat)");
    text
}

fn is_word(node: &Node) -> bool {
    match node {
        Node::Var(_)
        | Node::Const(_)
        | Node::Add(..)
        | Node::Sub(..)
        | Node::Shl(..)
        | Node::Shr(..)
        | Node::And(..)
        | Node::Or(..)
        | Node::Xor(..)
        | Node::Lowest(..)
        | Node::Mul(..)
        | Node::Short(_)
        | Node::Wide(_)
        | Node::FloatDifference(..)
        | Node::ShortDifference(..)
        | Node::Towards0(_)
        | Node::IntegerOf(..)
        | Node::Of(_) => true,
        Node::IntVar(_)
        | Node::IntConst(_)
        | Node::Unsigned(_)
        | Node::Signed(_)
        | Node::Scaled(..)
        | Node::Plus(..)
        | Node::Minus(..)
        | Node::Floor(..)
        | Node::Lesser(..)
        | Node::Greater(..) => false,
    }
}

/// A word read as a float of 8 bytes, and its lower half as one of 4.
fn float(at: u32) -> String {
    format!("((_ to_fp 11 53) n{at})")
}

fn short(at: u32) -> String {
    format!("((_ to_fp 8 24) ((_ extract 31 0) n{at}))")
}

/// The operations of floats; the bits of a NaN are any.
fn of_floats(node: &Node) -> Option<String> {
    Some(match *node {
        Node::Short(a) => {
            format!("((_ zero_extend 32) (fp.to_ieee_bv ((_ to_fp 8 24) RNE {})))", float(a))
        }
        Node::Wide(a) => format!("(fp.to_ieee_bv ((_ to_fp 11 53) RNE {}))", short(a)),
        Node::FloatDifference(a, b) => {
            format!("(fp.to_ieee_bv (fp.sub RNE {} {}))", float(a), float(b))
        }
        Node::ShortDifference(a, b) => {
            format!("((_ zero_extend 32) (fp.to_ieee_bv (fp.sub RNE {} {})))", short(a), short(b))
        }
        Node::Towards0(a) => format!("(fp.to_ieee_bv (fp.roundToIntegral RTZ {}))", float(a)),
        Node::IntegerOf(a, bits) => {
            let end = |sign: u64| {
                let bits = sign << 63 | (1023 + u64::from(bits) - 1) << 52;
                format!("((_ to_fp 11 53) (_ bv{bits} 64))")
            };
            let whole = format!("(fp.roundToIntegral RTZ {})", float(a));
            format!(
                "((_ zero_extend {}) (ite (and (fp.leq {} {whole}) (fp.lt {whole} {})) ((_ \
                 fp.to_sbv {bits}) RTZ {}) (_ bv{} {bits})))",
                64 - bits,
                end(1),
                end(0),
                float(a),
                1_u64 << (bits - 1)
            )
        }
        _ => return None,
    })
}

/// The integer of a constant.
fn decimal(n: i128) -> String {
    if n < 0 { format!("(- {})", n.unsigned_abs()) } else { n.to_string() }
}

fn bits(text: &mut String, place: usize, node: &Node, names: &[String]) -> std::fmt::Result {
    let zero = "(_ bv0 64)";
    let sort = if is_word(node) { "(_ BitVec 64)" } else { "(_ BitVec 128)" };
    // A sum that saturates: the sign of the result is neither's, where both have the same.
    let saturated = |op: &str, a: u32, b: u32, same: &str| {
        format!(
            "(let ((s ({op} n{a} n{b}))) (ite (and ({same} (bvslt n{a} (_ bv0 128)) (bvslt n{b} \
             (_ bv0 128))) (distinct (bvslt s (_ bv0 128)) (bvslt n{a} (_ bv0 128)))) (ite (bvslt \
             n{a} (_ bv0 128)) (_ bv170141183460469231731687303715884105728 128) (_ bv{INT_MAX} \
             128)) s))"
        )
    };
    let body = match *node {
        Node::Var(name) | Node::IntVar(name) => {
            let name = &names[name as usize];
            return writeln!(
                text,
                "(declare-const {name} {sort})\n(define-fun n{place} () {sort} {name})"
            );
        }
        Node::Const(n) => format!("(_ bv{n} 64)"),
        Node::IntConst(n) => format!("(_ bv{} 128)", n as u128),
        Node::Add(a, b) => format!("(bvadd n{a} n{b})"),
        Node::Sub(a, b) => format!("(bvsub n{a} n{b})"),
        Node::Shl(a, by) => format!("(bvshl n{a} (_ bv{by} 64))"),
        Node::Shr(a, by) => format!("(bvlshr n{a} (_ bv{by} 64))"),
        Node::And(a, b) => format!("(bvand n{a} n{b})"),
        Node::Or(a, b) => format!("(bvor n{a} n{b})"),
        Node::Xor(a, b) => format!("(bvxor n{a} n{b})"),
        Node::Lowest(a, by) => format!("(bvand n{a} (_ bv{} 64))", (1_u64 << by) - 1),
        Node::Mul(a, b) => format!("(bvmul n{a} n{b})"),
        Node::Short(_)
        | Node::Wide(_)
        | Node::FloatDifference(..)
        | Node::ShortDifference(..)
        | Node::Towards0(_)
        | Node::IntegerOf(..) => of_floats(node).unwrap_or_default(),
        Node::Of(a) => format!("((_ extract 63 0) n{a})"),
        Node::Unsigned(a) => format!("(concat {zero} n{a})"),
        Node::Signed(a) => format!("((_ sign_extend 64) n{a})"),
        Node::Scaled(a, by) => format!("(bvshl (concat {zero} n{a}) (_ bv{by} 128))"),
        Node::Plus(a, b) => saturated("bvadd", a, b, "="),
        Node::Minus(a, b) => saturated("bvsub", a, b, "distinct"),
        Node::Floor(a, by) => format!("(bvashr n{a} (_ bv{by} 128))"),
        Node::Lesser(a, b) => format!("(ite (bvsle n{a} n{b}) n{a} n{b})"),
        Node::Greater(a, b) => format!("(ite (bvsle n{a} n{b}) n{b} n{a})"),
    };
    writeln!(text, "(define-fun n{place} () {sort} {body})")
}

/// The operations of words over the integers.
fn wrapped(node: &Node) -> Option<String> {
    Some(match *node {
        Node::Add(a, b) => {
            format!("(let ((s (+ n{a} n{b}))) (ite (>= s {WORDS}) (- s {WORDS}) s))")
        }
        Node::Sub(a, b) => format!("(let ((d (- n{a} n{b}))) (ite (< d 0) (+ d {WORDS}) d))"),
        Node::Shl(a, by) => format!("(mod (* n{a} {}) {WORDS})", 1_u128 << by),
        Node::Shr(a, by) => format!("(div n{a} {})", 1_u128 << by),
        Node::Lowest(a, by) => format!("(mod n{a} {})", 1_u128 << by),
        Node::Signed(a) => format!("(ite (>= n{a} {HALF}) (- n{a} {WORDS}) n{a})"),
        Node::Scaled(a, by) => format!("(* n{a} {})", 1_u128 << by),
        _ => return None,
    })
}

fn integers(text: &mut String, place: usize, node: &Node, ways: &Ways) -> std::fmt::Result {
    let saturated = |op: &str, a: u32, b: u32| {
        format!(
            "(let ((s ({op} n{a} n{b}))) (ite (> s {INT_MAX}) {INT_MAX} (ite (< s {INT_MIN}) \
             {INT_MIN} s)))"
        )
    };
    let body = match *node {
        Node::Var(name) => {
            let name = &ways.names[name as usize];
            writeln!(
                text,
                "(declare-const {name} Int)\n(assert (and (<= 0 {name}) (< {name} {WORDS})))"
            )?;
            name.clone()
        }
        Node::IntVar(name) => {
            let name = &ways.names[name as usize];
            writeln!(
                text,
                "(declare-const {name} Int)\n(assert (and (<= {INT_MIN} {name}) (<= {name} {INT_MAX})))"
            )?;
            name.clone()
        }
        Node::Const(n) => n.to_string(),
        Node::IntConst(n) => decimal(n),
        Node::And(a, b) => {
            // Only the lowest bits: a constant of ones.
            let ones = |at: u32| match ways.nodes[at as usize] {
                Node::Const(n) if (n & n.wrapping_add(1)) == 0 => Some(u128::from(n) + 1),
                _ => None,
            };
            let (of, most) = match (ones(a), ones(b)) {
                (_, Some(most)) => (a, most),
                (Some(most), None) => (b, most),
                (None, None) => panic!("a bitwise operation among integers"),
            };
            format!("(mod n{of} {most})")
        }
        Node::Or(..) | Node::Xor(..) => panic!("a bitwise operation among integers"),
        Node::Mul(..)
        | Node::Short(_)
        | Node::Wide(_)
        | Node::FloatDifference(..)
        | Node::ShortDifference(..)
        | Node::Towards0(_)
        | Node::IntegerOf(..) => panic!("a float or a product among integers"),
        Node::Of(a) | Node::Unsigned(a) => format!("n{a}"),
        Node::Plus(a, b) => saturated("+", a, b),
        Node::Minus(a, b) => saturated("-", a, b),
        Node::Floor(a, by) => format!("(div n{a} {})", 1_u128 << by),
        Node::Lesser(a, b) => format!("(ite (<= n{a} n{b}) n{a} n{b})"),
        Node::Greater(a, b) => format!("(ite (<= n{a} n{b}) n{b} n{a})"),
        Node::Add(..)
        | Node::Sub(..)
        | Node::Shl(..)
        | Node::Shr(..)
        | Node::Lowest(..)
        | Node::Signed(_)
        | Node::Scaled(..) => wrapped(node).unwrap_or_default(),
    };
    writeln!(text, "(define-fun n{place} () Int {body})")
}

/// That the operations of words over the integers are those of bit vectors: for each a query that
/// asks for words for which they differ (`unsat`), and a twin, one operation for another (`sat`).
/// Integers are bit vectors of 80 bits here, which no operation leaves.
pub fn bridge() -> Vec<(String, [String; 2])> {
    let wide = |n: &str| format!("(concat (_ bv0 16) {n})");
    // The places of the operands are 0 and 1, in both notations.
    let ops: [(&str, Node, &str); 13] = [
        ("add", Node::Add(0, 1), "(bvadd x y)"),
        ("sub", Node::Sub(0, 1), "(bvsub x y)"),
        ("shl1", Node::Shl(0, 1), "(bvshl x (_ bv1 64))"),
        ("shl2", Node::Shl(0, 2), "(bvshl x (_ bv2 64))"),
        ("shl3", Node::Shl(0, 3), "(bvshl x (_ bv3 64))"),
        ("shr1", Node::Shr(0, 1), "(bvlshr x (_ bv1 64))"),
        ("shr2", Node::Shr(0, 2), "(bvlshr x (_ bv2 64))"),
        ("shr3", Node::Shr(0, 3), "(bvlshr x (_ bv3 64))"),
        ("lowest3", Node::Lowest(0, 3), "(bvand x (_ bv7 64))"),
        ("lowest32", Node::Lowest(0, 32), "(bvand x (_ bv4294967295 64))"),
        ("signed", Node::Signed(0), ""),
        ("scaled1", Node::Scaled(0, 1), ""),
        ("scaled3", Node::Scaled(0, 3), ""),
    ];
    let mut all = Vec::new();
    for (name, node, bits) in ops {
        let over = wrapped(&node).unwrap_or_default();
        let over = in_wide_bits(&over);
        let word = match node {
            Node::Signed(_) => "((_ sign_extend 16) x)".to_owned(),
            Node::Scaled(_, by) => format!("(bvshl {} (_ bv{by} 80))", wide("x")),
            _ => wide(bits),
        };
        let text = |word: &str| {
            format!(
                "; bridge.{name}\n(set-logic QF_BV)\n(declare-const x (_ BitVec 64))\n(declare-const \
                 y (_ BitVec 64))\n(define-fun n0 () (_ BitVec 80) {})\n(define-fun n1 () (_ BitVec \
                 80) {})\n(assert (distinct {over} {word}))\n(check-sat)\n",
                wide("x"),
                wide("y")
            )
        };
        let twin = format!("(bvadd {word} (_ bv1 80))");
        all.push((format!("bridge.{name}"), [text(&word), text(&twin)]));
    }
    // Orders.
    for (name, over, bits) in [("at_most", "bvule", "bvule"), ("twin of order", "bvule", "bvsle")] {
        let text = format!(
            "; bridge.{name}\n(set-logic QF_BV)\n(declare-const x (_ BitVec 64))\n(declare-const y (_ \
             BitVec 64))\n(assert (distinct ({over} {} {}) ({bits} x y)))\n(check-sat)\n",
            wide("x"),
            wide("y")
        );
        match all.last_mut() {
            Some((_, queries)) if name == "twin of order" => queries[1] = text,
            _ => all.push((format!("bridge.{name}"), [text, String::new()])),
        }
    }
    all
}

/// The text of an operation over the integers, its numbers and operators those of bit vectors of 80
/// bits, signed.
fn in_wide_bits(text: &str) -> String {
    let spaced = text.replace('(', "( ").replace(')', " )");
    let words = spaced.split_whitespace().map(|word| match word {
        "+" => "bvadd".to_owned(),
        "-" => "bvsub".to_owned(),
        "*" => "bvmul".to_owned(),
        "mod" => "bvurem".to_owned(),
        "div" => "bvudiv".to_owned(),
        ">=" => "bvsge".to_owned(),
        "<" => "bvslt".to_owned(),
        number if number.bytes().all(|b| b.is_ascii_digit()) => format!("(_ bv{number} 80)"),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// z3, which reads queries and writes answers.
#[derive(Debug)]
pub struct Solver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Solver {
    /// The solver, if this machine has it.
    pub fn start() -> Option<Solver> {
        let mut child = Command::new("z3")
            .args(["-in", "-smt2"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Solver { child, input, output })
    }

    /// `sat`, `unsat`, or what else it says; at most `millis` are spent.
    pub fn ask(&mut self, query: &str, millis: u32) -> String {
        let whole =
            format!("(reset)\n(set-option :timeout {millis})\n{query}(echo \"answered\")\n");
        self.input.write_all(whole.as_bytes()).expect("z3 reads");
        self.input.flush().expect("z3 reads");
        let mut answers = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("z3 writes");
            assert_ne!(read, 0, "z3 ended: {answers:?}");
            match line.trim() {
                "answered" => return answers.join(" "),
                line => answers.push(line.to_owned()),
            }
        }
    }
}

impl Drop for Solver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
