//! Both back ends keep S1 to S4. Green does not show what the system does when memory really runs out.

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

#[test]
fn a_reservation_between_settles_for_less_but_not_below_the_minimum() {
    let memory = super::Reservation::reserve_between(1 << 12, usize::MAX).unwrap();
    assert!(memory.reserved() >= 1 << 12);
    assert!(super::Reservation::reserve_between(1 << 60, usize::MAX).is_err());
}
