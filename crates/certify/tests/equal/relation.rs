//! Text → a relation that somebody made up.
//!
//! Leaders `OFFSET BLOCK AT PASSED CLAIM …`, with `;` between. Claims are `PLACE/BITS=EXPR` (`+=`
//! where zeros are above), `is:VALUE=EXPR`, `known=EXPR` and `unknown=EXPR` (a condition that
//! holds, or does not), `flags:int=EXPR|EXPR` and `flags:float=…`; places are registers by number,
//! `x` and a number for vectors, `s` and an offset for the stack. An expression is `vN`, or
//! `OPERATOR.BITS.NUMBER(EXPR,…)`.

use prova_equal::format::HEADS;
use prova_equal::words::Head;
use prova_equal::{Claim, Expr, Leader, Place, Relation};

struct Text<'t>(&'t str);

impl<'t> Text<'t> {
    /// Takes the text before one of some signs, and the sign.
    fn until(&mut self, signs: &[char]) -> (&'t str, char) {
        let at = self.0.find(signs).unwrap_or(self.0.len());
        let (part, rest) = self.0.split_at(at);
        let sign = rest.chars().next().unwrap_or(' ');
        self.0 = rest.get(1..).unwrap_or("");
        (part, sign)
    }

    /// An expression, and the sign behind it.
    fn expr(&mut self) -> (Expr, char) {
        let (name, sign) = self.until(&['(', ',', ')']);
        if let Some(value) = name.strip_prefix('v') {
            return (Expr::Value(value.parse().expect("a value")), sign);
        }
        let parts: Vec<&str> = name.split('.').collect();
        let [head, bits, n] = parts[..] else { panic!("{name}") };
        let mut args = Vec::new();
        let mut more = sign == '(' && !self.0.starts_with(')');
        if !more {
            self.until(&[')']);
        }
        while more {
            let (arg, sign) = self.expr();
            args.push(arg);
            more = sign == ',';
        }
        let (_, sign) = self.until(&[',', ')', ' ']);
        let bits = bits.parse().expect("a width");
        let n = n.parse::<u128>().expect("a number");
        (Expr::Term(operator(head), bits, n, args.into()), sign)
    }
}

fn operator(name: &str) -> Head {
    let found = HEADS.into_iter().find(|head| format!("{head:?}") == name);
    found.unwrap_or_else(|| panic!("no operator {name}"))
}

pub(crate) fn expr(text: &str) -> Expr {
    Text(text).expr().0
}

fn claim(text: &str) -> Claim {
    let (left, right) = text.split_once('=').expect("a claim");
    match left {
        "known" => return Claim::Known(expr(right), true),
        "unknown" => return Claim::Known(expr(right), false),
        _ => {}
    }
    if let Some(value) = left.strip_prefix("is:") {
        return Claim::Is { value: value.parse().expect("a value"), expr: expr(right) };
    }
    if let Some(bytes) = left.strip_prefix("reached:") {
        return Claim::Reached { bytes: bytes.parse().expect("a number"), address: expr(right) };
    }
    if let Some(floats) = left.strip_prefix("flags:") {
        let (a, b) = right.split_once('|').expect("two words");
        return Claim::Compared { floats: floats == "float", words: Box::new((expr(a), expr(b))) };
    }
    let (place, bits) = left.split_once('/').expect("a place and a width");
    let place = match (place.strip_prefix('s'), place.strip_prefix('x')) {
        (Some(at), _) => Place::Stack(at.parse().expect("an offset")),
        (None, Some(vector)) => Place::Vector(vector.parse().expect("a number")),
        (None, None) => Place::Register(place.parse().expect("a number")),
    };
    let bits_of = bits.strip_suffix('+').unwrap_or(bits).parse().expect("a width");
    Claim::Holds { place, bits: bits_of, extended: bits.ends_with('+'), expr: expr(right) }
}

pub(crate) fn relation(text: &str) -> Relation {
    let mut relation = Relation::default();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty() && *part != "-") {
        let mut words = part.split(' ');
        let mut number = || words.next().expect("a number").parse::<u32>().expect("a number");
        let (at, block, inst, passed) = (number(), number(), number(), number());
        let claims = words.map(claim).collect();
        relation.leaders.insert(at, Leader { block, at: inst, passed, claims });
    }
    relation
}
