//! Planted faults of a checker or a pass: the list of them, and which one this thread has.
//!
//! A crate declares its faults by `plants!` in a module that its tests alone compile, and asks for
//! one by `planted!` in the code that can go wrong: a constant `false` elsewhere, since both are
//! expanded where they stand. The crates above this one use the same two.

/// Declares an `enum Plant`, all of it as `PLANTS`, `is` (whether this thread has a fault), and
/// `with` (does something with one, or without any). In groups by rules, those are `RULES`.
#[doc(hidden)]
#[macro_export]
macro_rules! plants {
    ($($name:ident)*) => {
        /// A fault; the name says what is wrong, the place how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Plant { $($name),* }

        /// All faults.
        pub(crate) const PLANTS: &[Plant] = &[$(Plant::$name),*];

        ::std::thread_local! {
            static PLANTED: ::core::cell::Cell<Option<Plant>> =
                const { ::core::cell::Cell::new(None) };
        }

        /// Whether this thread has a fault.
        pub(crate) fn is(plant: Plant) -> bool {
            PLANTED.get() == Some(plant)
        }

        /// Does something with a fault, or without any.
        pub(crate) fn with<T>(plant: Option<Plant>, run: impl FnOnce() -> T) -> T {
            PLANTED.set(plant);
            let found = run();
            PLANTED.set(None);
            found
        }
    };
    ($([$rule:ident] $($name:ident)*)*) => {
        $crate::plants! { $($($name)*)* }

        /// By rule.
        const RULES: &[(&str, &[Plant])] = &[$((stringify!($rule), &[$(Plant::$name),*])),*];
    };
}

/// Whether this thread has a fault of the module at a path.
#[doc(hidden)]
#[macro_export]
macro_rules! planted_at {
    ([$($path:tt)*] $name:ident) => {{
        #[cfg(test)]
        let planted = $($path)*::is($($path)*::Plant::$name);
        #[cfg(not(test))]
        let planted = false;
        planted
    }};
}
