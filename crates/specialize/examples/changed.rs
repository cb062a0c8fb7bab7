//! Changes bytes of modules and of their requests at random and counts what comes of it:
//! `changed SEED COUNT`.

#[path = "../tests/changed/mod.rs"]
mod changed;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let (seed, count) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1000));
    println!("seed {seed}, {count} modules: {:?}", changed::campaign(seed, count as usize));
}
