//! Arguments that no honest guest passes, from a small generator: no call may panic, grow or hang.
//!
//! Green does not prove that the results are right, only that the host survives.

use crate::world::*;
use prova_wasi::{Captured, Exit, FUNCTIONS, ValKind};
use std::time::Duration;

/// SplitMix64.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[(self.next() % choices.len() as u64) as usize]
    }

    /// A value near some edge, a place of interest, or noise.
    fn value(&mut self, kind: ValKind) -> u64 {
        let end = MEMORY_BYTES as u64;
        let edges = [
            0,
            1,
            2,
            3,
            4,
            5,
            7,
            8,
            31,
            32,
            47,
            1024,
            1025,
            4096,
            4097,
            PATH,
            PATH_2,
            DATA,
            IOVS,
            OUT,
            end - 64,
            end - 1,
            end,
            end + 1,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_fff8,
            0xffff_ffff,
            1 << 32,
            u64::MAX >> 1,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        let value = match self.next() % 8 {
            0..=5 => *self.pick(&edges),
            6 => self.next() % end,
            _ => self.next(),
        };
        match kind {
            ValKind::I32 => value & 0xffff_ffff,
            ValKind::I64 => value,
        }
    }
}

#[test]
fn no_arguments_harm_the_host() {
    let mut random = Generator(2026);
    let mut w = World::new();
    let paths =
        ["f", "d", "d/../f", "l", "../x", "/", "", "d/", "l/", "a/b/c", ".", "..", "\u{7f}\u{300}"];
    w.create("f", b"content");
    w.at("path_create_directory", 3, "d", &[]);
    for round in 0..40_000 {
        let row = random.pick(FUNCTIONS);
        let mut args: Vec<u64> = row.params.iter().map(|kind| random.value(*kind)).collect();
        // A descriptor that is open makes most calls go further.
        if row.name.starts_with("fd_") || row.name.starts_with("path_") {
            args[0] = random.next() % 6;
        }
        if row.name.starts_with("path_") && !random.next().is_multiple_of(4) {
            let at = row.params.iter().position(|kind| *kind == ValKind::I32).unwrap() + 1;
            let [ptr, len] = w.path(random.pick::<&str>(&paths));
            let at = if matches!(
                row.name,
                "path_open" | "path_filestat_get" | "path_filestat_set_times" | "path_link"
            ) {
                at + 1
            } else {
                at
            };
            (args[at], args[at + 1]) = (ptr, len);
        }
        if random.next().is_multiple_of(16) {
            let at = random.next() as usize % (MEMORY_BYTES - 8);
            let noise = random.value(ValKind::I64).to_le_bytes();
            w.put(at as u64, &noise);
        }
        w.guest.patience = Some(Duration::from_micros(100));
        w.guest.interrupt_after(100);
        match w.call(row.name, &args) {
            Ok(errno) => assert!(errno <= 76, "{} {args:?}: {errno}", row.name),
            Err(Exit::Proc(_)) => assert_eq!(row.name, "proc_exit"),
            Err(Exit::Trap(_)) => assert_eq!(row.name, "proc_raise"),
            Err(Exit::Interrupt) => assert_eq!(row.name, "poll_oneoff"),
            Err(Exit::OutOfFuel) => panic!("{} {args:?} took all fuel in round {round}", row.name),
        }
        assert_eq!(w.guest.memory.len(), MEMORY_BYTES);
    }
    assert_eq!(std::fs::read_dir(w.temp.outside()).unwrap().count(), 1, "only `inside` is there");
}

#[test]
fn every_pointer_out_of_bounds_is_a_fault_and_nothing_else() {
    let mut w = World::new();
    for row in FUNCTIONS.iter().filter(|row| !row.name.starts_with("proc_")) {
        for bad in [MEMORY_BYTES as u64, 0xffff_ffff, 0xffff_fff0] {
            let args = vec![bad; row.params.len()];
            let result = w.call(row.name, &args);
            let fine = row.name == "sched_yield";
            assert!(fine == (result == Ok(0)) && result.is_ok(), "{}: {result:?}", row.name);
        }
    }
}

#[test]
fn a_guest_without_memory_is_survived() {
    let mut w = World::new();
    w.guest.memory = Vec::new();
    for row in FUNCTIONS.iter().filter(|row| !row.name.starts_with("proc_")) {
        let args = vec![0; row.params.len()];
        assert!(w.call(row.name, &args).is_ok(), "{}", row.name);
    }
}

#[test]
fn captured_output_is_bounded() {
    use std::io::Write;
    let mut sink = Captured::new(5);
    assert!(sink.write(b"abc").is_ok_and(|n| n == 3));
    assert!(sink.write(b"def").is_ok_and(|n| n == 2));
    assert!(sink.write(b"g").is_err());
    assert_eq!(sink.content(), b"abcde");
}
