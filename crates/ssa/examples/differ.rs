//! temp
use prova_module::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let m = |p: &str| Module::decode(std::fs::read(p).unwrap(), &Features::default(), &Limits::default()).unwrap();
    let (x, y) = (m(&a[1]), m(&a[2]));
    let mut d: Vec<_> = x.defined_funcs().filter(|&f| x.body(f).unwrap().bytes() != y.body(f).unwrap().bytes()).map(|f| (x.body(f).unwrap().bytes().len(), y.body(f).unwrap().bytes().len(), f)).collect();
    d.sort();
    println!("{} of {} differ {:?}", d.len(), x.defined_funcs().len(), &d[..d.len().min(12)]);
}
