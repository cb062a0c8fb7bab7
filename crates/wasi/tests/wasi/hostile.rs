//! Arguments that no honest guest passes, from a small generator: no call may panic, grow, hang,
//! pass a limit, or do more than it pays for. The counts are of the guest's observations: bytes of
//! its memory that change, descriptors, and how often it is asked whether it may go on.
//!
//! Green does not prove that the results are right, nor that a unit is worth its time.

use crate::world::*;
use prova_random::Rng;
use prova_wasi::{Captured, Exit, FUNCTIONS, FuncDef, ValKind, WasiLimits};
use std::time::Duration;

/// Arguments by chance.
pub(crate) struct Generator(pub(crate) Rng);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0.bits()
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
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

/// Fuel of one call of the campaign: a file of 128 MiB, or as many bytes as one call may move in a
/// tight world.
pub(crate) const FUEL: u64 = 4 << 20;
/// Calls whose price grows with a number that the guest may choose freely.
const SIZED: &[&str] = &[
    "fd_advise",
    "fd_allocate",
    "fd_filestat_set_size",
    "fd_pread",
    "fd_pwrite",
    "fd_read",
    "fd_write",
    "path_open",
];
const DESCRIPTORS_MAX: usize = 10;

fn tight() -> WasiLimits {
    WasiLimits {
        hostcall_fuel: 4096,
        max_random_size: 1024,
        max_resources: DESCRIPTORS_MAX,
        max_args_size: 8,
        max_listing_size: 400,
    }
}

/// Arguments for a call: edges and noise, descriptors that are open, paths that lead somewhere.
pub(crate) fn arguments(random: &mut Generator, w: &mut World, row: &FuncDef) -> Vec<u64> {
    let paths =
        ["f", "d", "d/../f", "l", "../x", "/", "", "d/", "l/", "a/b/c", ".", "..", "\u{7f}\u{300}"];
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
    args
}

/// One call; what it did must be covered by what it paid.
fn one_call(w: &mut World, row: &FuncDef, args: &[u64]) {
    let what = || format!("{} {args:?}", row.name);
    w.guest.fuel = FUEL;
    w.guest.patience = Some(Duration::from_micros(100));
    w.guest.interrupt_after(100);
    let (before, polls) = (w.guest.memory.clone(), w.guest.polls);
    match w.call(row.name, args) {
        Ok(errno) => assert!(errno <= 76, "{}: {errno}", what()),
        Err(Exit::Proc(_)) => assert_eq!(row.name, "proc_exit"),
        Err(Exit::Trap(reason)) => {
            let expected = ["max-random-size", BEYOND, "is not aligned to"];
            let known = expected.iter().any(|words| reason.contains(words));
            assert!(row.name == "proc_raise" || known, "{}: {reason}", what());
        }
        Err(Exit::Interrupt) => assert_eq!(row.name, "poll_oneoff"),
        Err(Exit::OutOfFuel) => assert!(SIZED.contains(&row.name), "{}", what()),
    }
    let paid = FUEL - w.guest.fuel;
    let (polls, waits) = (w.guest.polls - polls, row.name == "poll_oneoff");
    assert!(polls <= paid || waits, "{}: asked {polls} times for {paid}", what());
    assert_eq!(w.guest.memory.len(), MEMORY_BYTES);
    let changed = before.iter().zip(&w.guest.memory).filter(|(old, new)| old != new).count() as u64;
    // Structures of fixed size are in the price of a call.
    assert!(changed <= paid + 64, "{}: {changed} bytes for {paid}", what());
}

/// How many descriptors are open.
fn open_descriptors(w: &mut World) -> usize {
    w.guest.fuel = u64::MAX;
    w.guest.polls_max = u64::MAX;
    (0..64).filter(|fd| w.call("fd_fdstat_get", &[*fd, OUT]) == Ok(0)).count()
}

fn campaign(seed: u64, mut w: World, rounds: u32) {
    let mut random = Generator(Rng::new(seed));
    w.create("f", b"content");
    w.at("path_create_directory", 3, "d", &[]);
    for _ in 0..rounds {
        let row = random.pick(FUNCTIONS);
        let args = arguments(&mut random, &mut w, row);
        one_call(&mut w, row, &args);
    }
    assert_eq!(std::fs::read_dir(w.temp.outside()).unwrap().count(), 1, "only `inside` is there");
}

#[test]
fn no_arguments_harm_the_host() {
    campaign(2026, World::new(), 20_000);
}

#[test]
fn no_arguments_pass_tight_limits() {
    let mut random = Generator(Rng::new(8));
    let mut w = World::limited(tight());
    w.create("f", b"content");
    for _ in 0..200 {
        for _ in 0..50 {
            let row = random.pick(FUNCTIONS);
            let args = arguments(&mut random, &mut w, row);
            one_call(&mut w, row, &args);
        }
        assert!(open_descriptors(&mut w) <= DESCRIPTORS_MAX);
        // More of them than closing leaves time for.
        for _ in 0..DESCRIPTORS_MAX {
            let _ = w.open("f", 0, 0, READ);
        }
        assert!(open_descriptors(&mut w) <= DESCRIPTORS_MAX);
    }
}

/// Calls that once were nearly free, each for the price of its work.
#[cfg(unix)]
#[test]
fn what_is_much_work_costs_much() {
    let mut w = World::new();
    std::fs::create_dir(w.temp.inside().join("d")).unwrap();
    // 39 links of 800 detours each.
    for n in 0..39 {
        let next = if n == 38 { "d".to_owned() } else { format!("l{}", n + 1) };
        let target = format!("{}{next}", "d/../".repeat(800));
        std::os::unix::fs::symlink(target, w.temp.inside().join(format!("l{n}"))).unwrap();
    }
    for n in 0..1000 {
        std::fs::write(w.temp.inside().join(format!("d/{n}")), b"").unwrap();
    }
    let dir = w.open("d", 0, DIRECTORY, READ).unwrap();
    let file = w.create("f", b"");
    let [l0, l0_len] = w.path("l0");
    let cases: &[(&str, &[u64], u64)] = &[
        ("path_filestat_get", &[3, FOLLOW, l0, l0_len, OUT], 39 * 1600 * 64),
        ("path_open", &[3, FOLLOW, l0, l0_len, 0, READ, 0, 0, OUT], 39 * 1600 * 64),
        // One byte of it is wanted.
        ("fd_readdir", &[dir, DATA, 1, 0, OUT], 1000 * 32),
        ("fd_allocate", &[file, 0, 32 << 20], 1 << 20),
        ("fd_filestat_set_size", &[file, 0], 32 << 10),
        ("fd_write", &[1, DATA, 1024, OUT], 1024 * 32),
        ("fd_read", &[0, DATA, 1024, OUT], 1024 * 32),
        ("fd_sync", &[file], 200_000),
    ];
    for (name, args, least) in cases {
        w.put(DATA, &[0; 8192]);
        w.guest.fuel = least - 1;
        assert_eq!(w.call(name, args), Err(Exit::OutOfFuel), "{name} {args:?}");
        w.guest.fuel = u64::MAX;
        w.ok(name, args);
        let paid = u64::MAX - w.guest.fuel;
        assert!(paid >= *least, "{name} {args:?}: {paid}");
    }
}

#[test]
fn no_pointer_out_of_bounds_is_followed() {
    let mut w = World::new();
    for row in FUNCTIONS.iter().filter(|row| !row.name.starts_with("proc_")) {
        for bad in [MEMORY_BYTES as u64, 0xffff_ffff, 0xffff_fff0] {
            let args = vec![bad; row.params.len()];
            let result = w.call(row.name, &args);
            let fine = row.name == "sched_yield";
            assert_eq!(fine, result == Ok(0), "{}: {result:?}", row.name);
            assert!(!matches!(result, Ok(21)), "{}: EFAULT", row.name);
        }
    }
}

#[test]
fn a_guest_without_memory_is_survived() {
    let mut w = World::new();
    w.guest.memory = Vec::new();
    for row in FUNCTIONS.iter().filter(|row| !row.name.starts_with("proc_")) {
        let args = vec![0; row.params.len()];
        let result = w.call(row.name, &args);
        assert!(matches!(result, Ok(_) | Err(Exit::Trap(_))), "{}: {result:?}", row.name);
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
