use prova_wasmtime_layout::verify_on;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let r = verify_on(2, &std::fs::read(&a[0]).unwrap(), &std::fs::read(&a[1]).unwrap(), prova_wasmtime_info::rest);
    match r {
        Ok(r) => {
            for f in &r.refused { println!("{} @{:#x} (start {:#x}) {:?}: {}", f.name, f.offset, f.start, f.rule, f.what); }
            println!("{} confined, {} refused, unchecked {:?}", r.confined, r.refused.len(), r.unchecked);
        }
        Err(e) => println!("{e}"),
    }
}
