//! Exports for a host: registers and steps, without a main function. An edit is a number.

static NAMES: [&str; 4] = ["zero", "one", "two", "three"];
static STEPS: [fn(u32, u32) -> u32; 4] = if cfg!(edit = "1") { [sub, add, xor, pick] } else { [add, sub, xor, pick] };
static KEYS_A: [u32; 4] = [0x11, 0x22, 0x33, 0x44];
static KEYS_B: [u32; 4] = [0x55, 0x66, 0x77, 0x88];

fn add(a: u32, b: u32) -> u32 {
    a.wrapping_add(b)
}

fn sub(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b)
}

fn xor(a: u32, b: u32) -> u32 {
    a ^ if cfg!(edit = "2") { KEYS_A[b as usize & 3] } else { KEYS_B[b as usize & 3] }
}

fn pick(a: u32, b: u32) -> u32 {
    KEYS_A[a as usize & 3].rotate_left(if cfg!(edit = "3") { 5 } else { 3 }) ^ b
}

#[unsafe(no_mangle)]
pub extern "C" fn step(kind: u32, a: u32, b: u32) -> u32 {
    STEPS[kind as usize % STEPS.len()](a, b)
}

#[unsafe(no_mangle)]
pub extern "C" fn name(place: u32) -> u32 {
    let names: Vec<String> = NAMES.iter().map(|name| format!("{name}{place}")).collect();
    let length = if cfg!(edit = "4") { names.len() - 1 } else { names.len() };
    names[place as usize % length].bytes().fold(0, |sum, byte| sum * 7 + u32::from(byte))
}

#[unsafe(no_mangle)]
pub extern "C" fn run(count: u32) -> u32 {
    let mut values = vec![0u32; 8];
    for i in 0..count {
        let place = i as usize;
        // Without its check this traps.
        if cfg!(edit = "5") || place < values.len() {
            values[place] = step(i, i * 3, 5);
        }
    }
    values.iter().fold(0, |sum, value| sum.wrapping_add(*value))
}
