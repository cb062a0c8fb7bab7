//! Both back ends keep S1 to S4. Green does not show what the system does when memory really runs
//! out.

/// The same tests for a back end.
macro_rules! backend_tests {
    ($name:ident, $path:path) => {
        mod $name {
            use super::super::OutOfMemory;
            use $path as Reservation;

            #[test]
            fn commits_from_the_start_in_place_and_zeroed() {
                let mut memory = Reservation::reserve(1 << 16).unwrap();
                let base = memory.base();
                assert_eq!((base.as_ptr() as usize % 4096, memory.committed()), (0, 0));
                memory.commit(1).unwrap();
                let first = memory.committed();
                assert!(first >= 1 && first <= memory.reserved());
                // SAFETY: S2: the first bytes are committed, and nothing else refers to them.
                let bytes = unsafe { std::slice::from_raw_parts_mut(base.as_ptr(), first) };
                assert!(bytes.iter().all(|&byte| byte == 0));
                bytes.fill(7);
                memory.commit(1 << 16).unwrap();
                assert_eq!((memory.base(), memory.committed()), (base, 1 << 16));
                // SAFETY: S2, as above.
                let bytes = unsafe { std::slice::from_raw_parts(base.as_ptr(), 1 << 16) };
                assert!(bytes[..first].iter().all(|&byte| byte == 7));
                assert!(bytes[first..].iter().all(|&byte| byte == 0));
            }

            #[test]
            fn refuses_to_commit_more_than_reserved_and_stays_usable() {
                let mut memory = Reservation::reserve(1 << 13).unwrap();
                let reserved = memory.reserved();
                assert_eq!(memory.commit(reserved + 1), Err(OutOfMemory));
                assert_eq!(memory.commit(usize::MAX), Err(OutOfMemory));
                assert_eq!(memory.commit(reserved), Ok(()));
                assert_eq!(memory.commit(1), Ok(()), "a smaller commit changes nothing");
                assert_eq!(memory.committed(), reserved);
            }

            #[test]
            fn nothing_is_a_reservation_too() {
                let mut memory = Reservation::reserve(0).unwrap();
                assert_eq!((memory.reserved(), memory.committed()), (0, 0));
                assert_eq!(memory.commit(0), Ok(()));
                assert_eq!(memory.commit(1), Err(OutOfMemory));
            }

            #[test]
            fn too_much_is_refused() {
                for bytes in [usize::MAX, isize::MAX as usize, 1 << 60] {
                    assert_eq!(Reservation::reserve(bytes).err(), Some(OutOfMemory), "{bytes}");
                }
            }
        }
    };
}

backend_tests!(plain, super::super::plain::Reservation);
#[cfg(all(unix, not(miri)))]
backend_tests!(unix, super::super::unix::Reservation);

/// The system's entry for the pages from `address` on: the end of the range that they are in, and
/// its permissions.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn pages_at(address: usize) -> Option<(usize, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the list of mappings");
    maps.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        let (start, end) = (hex(start)?, hex(end)?);
        (start..end).contains(&address).then(|| Some((end, words.next()?.to_owned())))?
    })
}

/// Asserts that bytes `0..committed` from `base` can be used and the `GUARD_BYTES` from `reserved`
/// on cannot.
#[cfg(all(target_os = "linux", not(miri)))]
#[track_caller]
pub(crate) fn assert_guarded(base: usize, committed: usize, reserved: usize) {
    let mut at = base;
    while at < base + committed {
        let (end, access) = pages_at(at).expect("a mapping");
        assert_eq!(access, "rw-p", "{at:#x}");
        at = end;
    }
    while at < base + reserved + super::GUARD_BYTES {
        let (end, access) = pages_at(at).expect("a mapping");
        assert_eq!(access, "---p", "{at:#x}");
        at = end;
    }
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_guard_lies_behind_every_reservation() {
    for bytes in [0, 1, 1 << 12, 3 << 16] {
        let mut memory = super::Reservation::reserve(bytes).unwrap();
        let (base, reserved) = (memory.base().as_ptr() as usize, memory.reserved());
        for committed in [0, bytes / 2, bytes] {
            memory.commit(committed).unwrap();
            assert_guarded(base, memory.committed(), reserved);
        }
    }
}

/// The process of this test ends where it writes behind a reservation, at every distance inside the
/// guard.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_write_behind_a_reservation_ends_the_process() {
    const NAME: &str = "sys::tests::a_write_behind_a_reservation_ends_the_process";
    const VARIABLE: &str = "PROVA_TEST_WRITE_BEHIND";
    if let Ok(distance) = std::env::var(VARIABLE) {
        let mut memory = super::Reservation::reserve(1 << 16).unwrap();
        memory.commit(1 << 16).unwrap();
        let distance: usize = distance.parse().unwrap();
        let at = memory.base().as_ptr().wrapping_add((1 << 16) + distance);
        // SAFETY: none: what is tested is that this faults (S5).
        unsafe { at.write_volatile(1) };
        return;
    }
    for distance in [0, super::GUARD_BYTES - 1] {
        let program = std::env::current_exe().unwrap();
        let child = std::process::Command::new(program)
            .args([NAME, "--exact", "--test-threads=1"])
            .env(VARIABLE, distance.to_string())
            .output()
            .unwrap();
        use std::os::unix::process::ExitStatusExt;
        let signal = child.status.signal();
        assert!(matches!(signal, Some(7 | 11)), "{distance}: {:?}", child.status);
    }
}
