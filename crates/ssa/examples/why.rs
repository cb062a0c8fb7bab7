//! temp
use prova_module::*;
use prova_ssa::emit::*;
use prova_ssa::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let m = Module::decode(std::fs::read(&a[1]).unwrap(), &Features::default(), &Limits::default()).unwrap();
    let func = FuncIdx(a[2].parse().unwrap());
    let body = build(&m, func, Metering::NONE).unwrap();
    println!("{}", print(&body));
    let types = Types::new(&m);
    let (e, homes) = emit_with(&m, &types, &body).unwrap();
    let bodies: Vec<_> = m.defined_funcs().map(|o| (o == func).then_some(&e)).collect();
    let new = Module::decode(assemble(&m, &types, &bodies).bytes, &Features::default(), &Limits::default()).unwrap();
    println!("homes: {:?}", homes.iter().enumerate().filter(|x| *x.1 != u32::MAX).collect::<Vec<_>>());
    println!("emitted\n{}", print(&build(&new, func, Metering::NONE).unwrap()));
}
