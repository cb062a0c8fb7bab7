//! Cranelift's text → machine code, by an old release: `harness LEVEL FILE [SETTING=VALUE…]`, where
//! LEVEL is `sse2`, `sse41` or `avx`. Prints bytes and rows of traps. The feature says which
//! interface the release has.

use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{isa, Context};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[2]).expect("a file");
    let mut flags = settings::builder();
    for (key, value) in [("opt_level", "speed"), ("enable_probestack", "false")] {
        flags.set(key, value).expect("a setting");
    }
    for (key, value) in [("preserve_frame_pointers", "true"), ("unwind_info", "false")] {
        // Older releases have frame pointers always.
        let _ = flags.set(key, value);
    }
    for setting in &args[3..] {
        let (key, value) = setting.split_once('=').expect("a setting and its value");
        flags.set(key, value).expect("a setting");
    }
    let mut builder = isa::lookup_by_name("x86_64-unknown-linux-gnu").expect("the x86-64 target");
    let level: &[&str] = match args[1].as_str() {
        "sse2" => &[],
        "sse41" => &["has_sse3", "has_ssse3", "has_sse41"],
        _ => &["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_avx"],
    };
    for flag in level {
        builder.enable(flag).expect("a flag of the target");
    }
    let flags = settings::Flags::new(flags);
    #[cfg(feature = "from2021")]
    let isa = builder.finish(flags);
    #[cfg(not(feature = "from2021"))]
    let isa = builder.finish(flags).expect("a target");
    let function = cranelift_reader::parse_functions(&text).expect("a function").remove(0);
    let mut context = Context::for_function(function);
    let (bytes, traps) = code(&mut context, &*isa);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("bytes {hex}");
    for (offset, code) in traps {
        println!("trap {offset:#x} {code}");
    }
}

#[cfg(feature = "from2021")]
fn code(context: &mut Context, isa: &dyn isa::TargetIsa) -> (Vec<u8>, Vec<(u32, String)>) {
    use cranelift_codegen::binemit::{CodeOffset, NullRelocSink, NullStackMapSink, TrapSink};
    use cranelift_codegen::ir::{SourceLoc, TrapCode};

    struct Traps(Vec<(u32, String)>);
    impl TrapSink for Traps {
        fn trap(&mut self, offset: CodeOffset, _: SourceLoc, code: TrapCode) {
            self.0.push((offset, code.to_string()));
        }
    }
    let (mut bytes, mut traps) = (Vec::new(), Traps(Vec::new()));
    let (mut relocs, mut maps) = (NullRelocSink {}, NullStackMapSink {});
    context
        .compile_and_emit(isa, &mut bytes, &mut relocs, &mut traps, &mut maps)
        .expect("code");
    (bytes, traps.0)
}

#[cfg(feature = "from2023")]
fn code(context: &mut Context, isa: &dyn isa::TargetIsa) -> (Vec<u8>, Vec<(u32, String)>) {
    let compiled = context.compile(isa).expect("code");
    let rows = compiled.buffer.traps().iter().map(|row| (row.offset, row.code.to_string()));
    (compiled.code_buffer().to_vec(), rows.collect())
}

#[cfg(feature = "from2026")]
fn code(context: &mut Context, isa: &dyn isa::TargetIsa) -> (Vec<u8>, Vec<(u32, String)>) {
    let mut control = cranelift_codegen::control::ControlPlane::default();
    let compiled = context.compile(isa, &mut control).expect("code");
    let rows = compiled.buffer.traps().iter().map(|row| (row.offset, row.code.to_string()));
    (compiled.code_buffer().to_vec(), rows.collect())
}

#[cfg(feature = "from2022")]
fn code(context: &mut Context, isa: &dyn isa::TargetIsa) -> (Vec<u8>, Vec<(u32, String)>) {
    let mut bytes = Vec::new();
    context.compile_and_emit(isa, &mut bytes).expect("code");
    let compiled = context.mach_compile_result.as_ref().expect("what was compiled");
    let rows = compiled.buffer.traps().iter().map(|row| (row.offset, row.code.to_string()));
    (bytes, rows.collect())
}
