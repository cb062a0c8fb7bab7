//! The option group `-S`: what a guest gets of the host, and what WASI's calls may make it do at
//! most → [`WasiLimits`].
//!
//! Keys that Wasmtime has too mean what they mean there. Limits and what lies beyond them:
//! `docs/semantics.md`, WASI.

use super::{Opt, pairs};
use crate::report::Help;
use prova_core::Result;
use prova_core::wasi::WasiLimits;

const HELP: &str = "\
-S inherit-env[=y|n]               passes all variables of the host on (default n)
-S listenfd[=y|n]                  lets the guest accept connections to the sockets of LISTEN_FDS (default n)
-S tcplisten=ADDR                  lets the guest accept connections to ADDR:PORT; may be repeated
-S threads[=y|n]                   lets the guest start threads (wasi-threads); implies -W shared-memory (default n)
-S max-threads=N                   threads at a time besides the first one (default 1024)
-S hostcall-fuel=N                 bytes that one call may copy, or have the host keep (default 134217728)
-S max-random-size=N               bytes of one `random_get` (default 67108864)
-S max-resources=N                 descriptors open at a time (default 4096)
-S max-args-size=N                 bytes of all arguments, and of all variables (default 2097152)
-S max-listing-size=N              bytes of directory listings kept for the guest (default 67108864)
";

/// The settings of `-S`.
#[derive(Debug, Default)]
pub(crate) struct Wasi {
    pub(crate) limits: WasiLimits,
    /// Whether the guest sees the host's variables.
    pub(crate) inherit_env: bool,
    /// Whether the guest gets the listeners that Prova's parent opened.
    pub(crate) listenfd: bool,
    /// Addresses with ports on which the guest listens, in the order of its descriptors.
    pub(crate) listens: Vec<String>,
    /// Whether the guest may start threads.
    pub(crate) threads: bool,
    /// The most threads at a time, besides the first one.
    pub(crate) max_threads: Option<usize>,
}

/// The limits that `-S` sets, for commands whose guests see no variables but those of `--env`.
pub(crate) fn wasi_limits(options: &[String]) -> Result<WasiLimits> {
    for (key, value) in pairs('S', options)? {
        let what = match key {
            "inherit-env" => "this command passes variables on by `--env` alone",
            "listenfd" | "tcplisten" => "this command's guests get no network",
            "threads" | "max-threads" => "this command's guests get no threads",
            _ => continue,
        };
        return Opt { group: 'S', key, value }.misuse(what);
    }
    Ok(Wasi::parse(options)?.limits)
}

impl Wasi {
    /// The settings of `-S`; the others have their defaults.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn parse(options: &[String]) -> Result<Wasi> {
        let mut wasi = Wasi::default();
        let limits = &mut wasi.limits;
        for (key, value) in pairs('S', options)? {
            let option = Opt { group: 'S', key, value };
            match key {
                "help" => return Err(Help(HELP.to_owned()).into()),
                "hostcall-fuel" => limits.hostcall_fuel = option.number("bytes")?,
                "max-random-size" => limits.max_random_size = option.number("bytes")?,
                "max-resources" => limits.max_resources = option.number("descriptors")?,
                "max-args-size" => limits.max_args_size = option.number("bytes")?,
                "max-listing-size" => limits.max_listing_size = option.number("bytes")?,
                "threads" => wasi.threads = option.switch()?,
                "max-threads" => wasi.max_threads = Some(option.number("threads")?),
                "inherit-env" => wasi.inherit_env = option.switch()?,
                "listenfd" => wasi.listenfd = option.switch()?,
                "tcplisten" => match value {
                    Some(address) if address.contains(':') => wasi.listens.push(address.to_owned()),
                    _ => return option.misuse("it needs an address, such as 127.0.0.1:8080"),
                },
                _ => return option.unknown(HELP),
            }
        }
        Ok(wasi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Misuse;

    fn parsed(option: &str) -> Result<WasiLimits> {
        wasi_limits(&[option.to_owned()])
    }

    #[test]
    fn each_key_sets_its_limit() {
        let all =
            "hostcall-fuel=1,max-random-size=2,max-resources=3,max-args-size=4,max-listing-size=5";
        let expected = WasiLimits {
            hostcall_fuel: 1,
            max_random_size: 2,
            max_resources: 3,
            max_args_size: 4,
            max_listing_size: 5,
        };
        assert_eq!(parsed(all).expect("known keys"), expected);
        assert_eq!(wasi_limits(&[]).expect("nothing"), WasiLimits::default());
    }

    #[test]
    fn listeners_are_kept_in_their_order() {
        let options =
            ["tcplisten=127.0.0.1:1,max-resources=9".to_owned(), "tcplisten=[::1]:2".to_owned()];
        let parsed = Wasi::parse(&options).expect("known keys");
        assert_eq!(parsed.listens, ["127.0.0.1:1", "[::1]:2"]);
        for option in ["tcplisten", "tcplisten=8080"] {
            assert!(Wasi::parse(&[option.to_owned()]).expect_err(option).is::<Misuse>());
        }
        assert!(wasi_limits(&options).expect_err("no network").is::<Misuse>());
        for (option, listens) in [("listenfd", true), ("listenfd=y", true), ("listenfd=n", false)] {
            let parsed = Wasi::parse(&[option.to_owned()]).expect("a known key");
            assert_eq!(parsed.listenfd, listens, "{option}");
            assert!(wasi_limits(&[option.to_owned()]).expect_err("no network").is::<Misuse>());
        }
        assert!(Wasi::parse(&["listenfd=3".to_owned()]).expect_err("no switch").is::<Misuse>());
    }

    #[test]
    fn threads_are_asked_for() {
        let parsed = Wasi::parse(&["threads,max-threads=7".to_owned()]).expect("known keys");
        assert_eq!((parsed.threads, parsed.max_threads), (true, Some(7)));
        assert!(!Wasi::parse(&["threads=n".to_owned()]).expect("a known key").threads);
        for option in ["threads", "max-threads=7"] {
            assert!(wasi_limits(&[option.to_owned()]).expect_err("no threads").is::<Misuse>());
        }
        for option in ["threads=2", "max-threads", "max-threads=-1"] {
            let error = Wasi::parse(&[option.to_owned()]).expect_err(option);
            assert!(error.is::<Misuse>(), "{option}: {error}");
        }
    }

    #[test]
    fn nothing_is_ignored() {
        for option in ["max-resource=7", "max-resources", "max-resources=x", "hostcall-fuel=-1", ""]
        {
            let error = parsed(option).expect_err(option);
            assert!(error.is::<Misuse>(), "{option}: {error}");
        }
    }

    #[test]
    fn the_help_has_every_key_with_its_default() {
        assert!(parsed("help").expect_err("help").is::<Help>());
        let limits = WasiLimits::default();
        for (key, default) in [
            ("hostcall-fuel", limits.hostcall_fuel),
            ("max-random-size", limits.max_random_size),
            ("max-resources", limits.max_resources as u64),
            ("max-args-size", limits.max_args_size),
            ("max-listing-size", limits.max_listing_size as u64),
            ("max-threads", prova_core::wasi_threads::THREADS_MAX_DEFAULT as u64),
        ] {
            let line = HELP.lines().find(|line| line.contains(&format!("{key}=N"))).expect(key);
            assert!(line.ends_with(&format!("(default {default})")), "{line}");
        }
    }
}
