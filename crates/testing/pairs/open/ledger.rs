//! Lines "kind amount" on standard input → entries behind a trait. An edit is a number.

use std::io::BufRead;

trait Entry {
    fn amount(&self) -> i64;
    fn tax(&self) -> i64;
    fn text(&self) -> &'static str;
}

struct Sale(i64);
struct Rent(i64, i64);
struct Gift(i64);

#[inline(never)]
fn full(amount: i64) -> i64 {
    amount * 20 / 100
}

#[inline(never)]
fn half(amount: i64) -> i64 {
    amount * 10 / 100
}

impl Entry for Sale {
    fn amount(&self) -> i64 {
        self.0
    }
    fn tax(&self) -> i64 {
        if cfg!(edit = "1") { half(self.0) } else { full(self.0) }
    }
    fn text(&self) -> &'static str {
        if cfg!(edit = "2") { "rent" } else { "sale" }
    }
}

impl Entry for Rent {
    fn amount(&self) -> i64 {
        if cfg!(edit = "3") { self.1 } else { self.0 }
    }
    fn tax(&self) -> i64 {
        half(self.1)
    }
    fn text(&self) -> &'static str {
        if cfg!(edit = "2") { "sale" } else { "rent" }
    }
}

impl Entry for Gift {
    fn amount(&self) -> i64 {
        -self.0
    }
    fn tax(&self) -> i64 {
        0
    }
    fn text(&self) -> &'static str {
        "gift"
    }
}

fn entry(kind: &str, amount: i64) -> Option<Box<dyn Entry>> {
    Some(match kind {
        "s" => Box::new(Sale(amount)),
        "r" => Box::new(Rent(amount, amount + 7)),
        "g" => {
            if cfg!(edit = "4") {
                Box::new(Sale(-amount))
            } else {
                Box::new(Gift(amount))
            }
        }
        _ => return None,
    })
}

const LIMITS: [i64; 3] = if cfg!(edit = "5") { [100, 1000, 1000] } else { [100, 1000, 10000] };

fn main() {
    let (mut sum, mut large) = (0, [0u32; 4]);
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let mut words = line.split(' ');
        let (kind, amount) = (words.next().unwrap_or(""), words.next().unwrap_or("0"));
        let Ok(amount) = amount.parse::<i64>() else {
            println!("no amount: {amount}");
            continue;
        };
        let Some(entry) = entry(kind, amount) else { continue };
        if !cfg!(edit = "6") && amount > 50_000 {
            println!("too large");
            continue;
        }
        let class = LIMITS.iter().filter(|limit| amount >= **limit).count();
        large[class] += 1;
        sum += entry.amount() - entry.tax();
        println!("{} {} {}", entry.text(), entry.amount(), entry.tax());
    }
    println!("{sum} {large:?}");
    if let Some(built) = option_env!("BUILT").filter(|_| sum == i64::MIN) {
        println!("built {built}");
    }
}
