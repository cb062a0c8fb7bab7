//! Names on the command line → what rules say of them. An edit is a number, `--cfg edit="1"`.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Allow,
    Ask,
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Allow => if cfg!(edit = "1") { "deny!" } else { "allow" },
            Verdict::Ask => "ask",
            Verdict::Deny => if cfg!(edit = "1") { "allow" } else { "deny!" },
        })
    }
}

struct Rule {
    prefix: &'static str,
    length: usize,
    verdict: Verdict,
}

static RULES: [Rule; 4] = [
    Rule { prefix: "adm", length: if cfg!(edit = "2") { 6 } else { 5 }, verdict: Verdict::Ask },
    Rule { prefix: "x", length: 0, verdict: if cfg!(edit = "3") { Verdict::Ask } else { Verdict::Deny } },
    Rule { prefix: "tmp", length: 4, verdict: Verdict::Allow },
    Rule { prefix: "", length: 9, verdict: Verdict::Ask },
];

#[inline(never)]
fn applies(rule: &Rule, name: &str) -> bool {
    let long = if cfg!(edit = "4") { name.len() > rule.length } else { name.len() >= rule.length };
    name.starts_with(rule.prefix) && long
}

fn judge(name: &str) -> Verdict {
    let skip = usize::from(cfg!(edit = "5"));
    let found = RULES.iter().skip(skip).filter(|rule| applies(rule, name)).map(|rule| rule.verdict);
    found.max().unwrap_or(Verdict::Allow)
}

fn main() {
    let mut counts = [0u32; 3];
    for name in std::env::args().skip(1) {
        let verdict = judge(&name);
        counts[verdict as usize] += 1;
        println!("{name}: {verdict}");
    }
    println!("{:?} {}", counts, counts[if cfg!(edit = "6") { 1 } else { 2 }]);
    if let Some(built) = option_env!("BUILT").filter(|_| counts[0] == 77) {
        println!("built {built}");
    }
}
