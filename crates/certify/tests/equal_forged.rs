//! Relations that somebody made up: right code passes with those that claim what is so, wrong code
//! with none.
//!
//! `forged.tsv` has a row for each attack and one for its twin. A row's relation is text: leaders
//! `OFFSET BLOCK AT PASSED CLAIM …`, with `;` between. Claims are `PLACE/BITS=EXPR` (`+=` where
//! zeros are above), `is:VALUE=EXPR`, `known=EXPR` and `unknown=EXPR` (a condition that holds, or
//! does not); places are registers by number, `s` and an offset for the stack. An expression is
//! `vN`, or `OPERATOR.BITS.NUMBER(EXPR,…)`.
//!
//! Green says that these relations are refused, and nothing of others.

use prova_certify::{Draft, certify};
use prova_check::traps::STACK_OVERFLOW;
use prova_check::{Code, CodeKind, Config, Layout, TrapRow};
use prova_equal::format::HEADS;
use prova_equal::words::Head;
use prova_equal::{Claim, EqualCode, Error, Expr, Leader, Place, Relation, Setting};
use prova_module::{Features, Limits, Module};
use prova_ssa::{CheckedBody, Metering, Op};

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/forged.tsv");

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

fn expr(text: &str) -> Expr {
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
    let (place, bits) = left.split_once('/').expect("a place and a width");
    let place = match place.strip_prefix('s') {
        Some(at) => Place::Stack(at.parse().expect("an offset")),
        None => Place::Register(place.parse().expect("a number")),
    };
    let bits_of = bits.strip_suffix('+').unwrap_or(bits).parse().expect("a width");
    Claim::Holds { place, bits: bits_of, extended: bits.ends_with('+'), expr: expr(right) }
}

fn relation(text: &str) -> Relation {
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

/// The verdict on a row, and the body for readers.
fn judge(line: &str) -> (Result<(), Error>, String) {
    let columns: Vec<&str> = line.split('\t').collect();
    let [_, _, _, wat, hex, traps, claims, _] = columns[..] else { panic!("{line}") };
    let wasm = wat::parse_str(format!("(module {wat})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let func = module.defined_funcs().last().expect("a function");
    let built = prova_ssa::build(&module, func, Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, built).expect("the function's");
    let layout = Layout::derive(module.bytes(), &Config::default()).expect("a layout");
    let byte = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal digits");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let trap = |text: &str| {
        let (at, kind) = text.split_once(':').expect("offset:kind");
        let (code_offset, kind) = (at.parse().expect("a number"), kind.parse().expect("a number"));
        // The stack's is the function's beginning, the other row its division's.
        let of = body.body();
        let wasm_offset = match kind {
            STACK_OVERFLOW => of.block(of.entry()).offset,
            _ => {
                let mut insts = of.blocks().flat_map(|(_, block)| block.insts());
                let divides = |op: Op| op.mnemonic().contains("div");
                let found = insts.find(|&inst| divides(of.inst(inst).op));
                of.inst(found.expect("a division")).offset
            }
        };
        TrapRow { code_offset, kind, wasm_offset }
    };
    let traps: Vec<TrapRow> = traps.split(' ').map(trap).collect();
    let charge = module.facts(func).map(|facts| facts.charge_bytes());
    let text = format!("charge {charge:?}\n{}", prova_ssa::print(body.body()));
    let kind = CodeKind::Func(func.0);
    let draft = Draft { kind, bytes: &bytes, traps: &traps, calls: &[] };
    let certificate = certify(&layout, &draft).unwrap_or_default();
    let setting = Setting::new(&module, &layout).expect("one module");
    let code = Code { kind, bytes: &bytes, certificate: &certificate, traps: &traps, calls: &[] };
    let verdict = EqualCode::check(&body, &setting, code, &relation(claims)).map(|_| ());
    (verdict, text)
}

#[test]
fn each_row_is_judged_as_it_says() {
    let (rows, mut wrong) = (std::fs::read_to_string(ROWS).expect("the rows"), Vec::new());
    for line in rows.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (verdict, text) = judge(line);
        let found = match &verdict {
            Ok(()) => "ok".to_owned(),
            Err(Error::Rejected(rejection)) => format!("sandbox: {rejection}"),
            Err(Error::Differs(difference)) => format!("{:?}", difference.cause),
        };
        if found != columns[1] {
            let why = verdict.err().map(|error| error.to_string());
            wrong.push(format!("{} {}: {found}: {why:?}\n{text}", columns[0], columns[2]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
