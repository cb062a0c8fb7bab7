//! What a module says of itself.

use wasmi::{Engine, Error, ExternType, Module};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "a" "f" (func (param i32 i64) (result f32)))
            (import "a" "m" (memory 1 2))
            (import "b" "t" (table 3 externref))
            (import "b" "g" (global (mut f64)))
            (func (export "g") (param i32))
            (memory (export "own") 5)
            (@custom "note" "some bytes"))"#,
    )?;
    // wasmi has them by kind.
    let mut imports: Vec<_> = module.imports().collect();
    imports.sort_by_key(|import| (import.module(), import.name()));
    for import in imports {
        println!("{} {}: {}", import.module(), import.name(), kind(&import.ty().clone()));
    }
    println!("{} imports", module.imports().len());
    for export in module.exports() {
        println!("{}: {}", export.name(), kind(&export.ty().clone()));
    }
    for section in module.custom_sections() {
        println!("{}: {}", section.name(), String::from_utf8_lossy(section.data()));
    }
    println!("{} {}", module.get_export("g").is_some(), module.get_export("h").is_some());
    println!("{}", Module::validate(&engine, b"\0asm\x01\0\0\0").is_ok());
    println!("{}", Module::validate(&engine, b"\0asm\x01\0\0\0\x01").is_ok());
    println!("{}", Engine::same(module.engine(), &engine));
    let weak = engine.weak();
    println!("{}", weak.upgrade().is_some());
    drop((engine, module));
    println!("{}", weak.upgrade().is_some());
    Ok(())
}

fn kind(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => format!("{} to {}", ty.params().len(), ty.results().len()),
        ExternType::Memory(ty) => format!("{} to {:?} pages", ty.minimum(), ty.maximum()),
        ExternType::Table(ty) => format!("{} to {:?} elements", ty.minimum(), ty.maximum()),
        ExternType::Global(ty) => format!("{:?}", ty.mutability()),
        #[allow(unreachable_patterns, reason = "Prova has tags")]
        _ => "another".into(),
    }
}
