//! The option groups `-W`, `-O` and, each in its file, `-S`, `-C`, `-D`: `key[=val][,key…]` → typed
//! settings.
//!
//! Keys are Wasmtime's where Wasmtime has them. A key that is not known is a misuse: nothing is
//! ignored. `help` prints the keys and ends the program.

mod codegen;
mod debug;
mod foreign;
mod wasi;

use crate::report::{Help, Misuse};
use prova_builds::names::printable_message;
use prova_core::{
    Bases, Config, Dispatch, Features, Hot, MemoryShape, Proposal, Result, StoreLimits,
    StoreLimitsBuilder, Translate, bail,
};
use prova_inspect::near;
use std::time::Duration;

pub(crate) use codegen::Codegen;
pub(crate) use debug::Debug;
pub(crate) use wasi::{Wasi, wasi_limits};

/// The settings of `-W`.
#[derive(Debug, Default)]
pub(crate) struct Wasm {
    pub(crate) fuel: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) unknown_imports_trap: bool,
    max_wasm_stack: Option<usize>,
    max_memory_size: Option<usize>,
    max_table_elements: Option<usize>,
    max_instances: Option<usize>,
    max_tables: Option<usize>,
    max_memories: Option<usize>,
    max_store_size: Option<usize>,
    max_gc_heap_size: Option<usize>,
    trap_on_grow_failure: bool,
    pub(crate) nan_canonicalization: Option<bool>,
    proposals: Vec<(Proposal, bool)>,
}

/// The settings of `-O`.
#[derive(Debug, Default)]
pub(crate) struct Optimize {
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) translate: Option<Translate>,
    /// How machine code keeps accesses inside a memory.
    pub(crate) memory: MemoryShape,
    pub(crate) signals: Option<bool>,
    /// Whether memories and tables stay where they are.
    pub(crate) bases: Bases,
    /// How long machine code may be made.
    pub(crate) compile_time: Option<Duration>,
    /// When tier `auto` makes machine code.
    pub(crate) hot: Hot,
    /// Whether machine code is named for `perf`.
    pub(crate) perf_map: bool,
    /// Whether it is written for `perf`.
    pub(crate) jit_dump: bool,
}

/// The names of proposals as keys.
const PROPOSALS: &[(&str, Proposal)] = &[
    ("bulk-memory", Proposal::BulkMemory),
    ("custom-page-sizes", Proposal::CustomPageSizes),
    ("extended-const", Proposal::ExtendedConst),
    ("memory64", Proposal::Memory64),
    ("multi-memory", Proposal::MultiMemory),
    ("multi-value", Proposal::MultiValue),
    ("reference-types", Proposal::ReferenceTypes),
    ("relaxed-simd", Proposal::RelaxedSimd),
    ("saturating-float-to-int", Proposal::SaturatingFloatToInt),
    ("shared-memory", Proposal::SharedMemory),
    ("sign-extension", Proposal::SignExtension),
    ("simd", Proposal::Simd),
    ("tail-call", Proposal::TailCall),
    ("threads", Proposal::Threads),
    ("exceptions", Proposal::Exceptions),
    ("function-references", Proposal::FunctionReferences),
    ("gc", Proposal::Gc),
    ("wide-arithmetic", Proposal::WideArithmetic),
];

const WASM_HELP: &str = "\
-W fuel=N                          stop after N units of fuel (default: no end)
-W timeout=DURATION                stop after this time: 2s, 500ms, 1m (default: no end)
-W max-memory-size=SIZE            bytes of one memory: 65536, 64K, 16M, 2G; at most 68719476736 (default 17179869184, within max-store-size)
-W max-table-elements=N            elements of one table, at most 8589934592 (default 10000000)
-W max-instances=N                 instances (default 10000)
-W max-tables=N                    tables (default 10000)
-W max-memories=N                  memories (default 10000)
-W max-store-size=SIZE             bytes of all memories, tables, exceptions and objects together (default 5368709120)
-W max-gc-heap-size=SIZE           bytes of all structures and arrays (default 4294967296, within max-store-size)
-W max-wasm-stack=SIZE             bytes of the logical stack, from 4096 to 1073741824 (default 8388608)
-W trap-on-grow-failure[=y|n]      growth that fails is a trap instead of -1 (default n)
-W unknown-imports-trap[=y|n]      unknown imported functions trap when they are called (default n: they do not link)
-W nan-canonicalization[=y|n]      the same as --deterministic (default n)
-W relaxed-simd-deterministic[=y]  always so (default y)
-W all-proposals[=y|n]             all proposals below
";

const OPTIMIZE_HELP: &str = "\
-O dispatch=tail|match             how the interpreter goes from one instruction to the next (default tail where it is sound)
-O translate=lazy|eager            translate each function at its first call, or all at the start (default lazy)
-O memory=guard|explicit|masked    how machine code keeps accesses inside a memory: by a guard, by comparing, or by masking addresses, also on mispredicted paths (default guard)
-O memory-may-move[=y|n]           memories and tables move whenever they grow; machine code reads their place again behind each call (default n)
-O signals-based-traps[=y|n]       faults of machine code are traps; without, everything is tested (default y)
-O hot=N                           tier `auto` looks where the program is each N calls and rounds of loops, about (default 4096)
-O background[=y|n]                tier `auto` compiles while the program goes on; without, the program waits (default y)
-O compile-time=DURATION            functions asked for behind so much time of compiling stay bytecode (default: no end)
-O jit-dump[=y|n]                  writes machine code with its names to jit-PID.dump, for `perf inject --jit` (default n)
-O perf-map[=y|n]                  lists machine code by name in /tmp/perf-PID.map, for `perf report` (default n)
";

impl Wasm {
    pub(crate) fn parse(options: &[String]) -> Result<Wasm> {
        let mut wasm = Wasm::default();
        for (key, value) in pairs('W', options)? {
            wasm.set(key, value)?;
        }
        Ok(wasm)
    }

    /// Refuses keys that a command has no use for; `why` says why of one of them.
    ///
    /// # Errors
    /// [`Misuse`].
    pub(crate) fn only(options: &[String], has_use: fn(&str) -> bool, why: &str) -> Result<()> {
        for (key, value) in pairs('W', options)? {
            if !has_use(key) {
                return Opt { group: 'W', key, value }.misuse(why);
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let option = Opt { group: 'W', key, value };
        match key {
            "help" => return Err(Help(wasm_help()).into()),
            "fuel" => self.fuel = Some(option.number("units")?),
            "timeout" => self.timeout = Some(option.duration()?),
            "max-memory-size" => {
                let size = option.size()?;
                let max = StoreLimitsBuilder::MEMORY_SIZE_MAX;
                self.max_memory_size = Some(option.within(size, max, "bytes")?);
            }
            "max-table-elements" => {
                let elements = option.number("elements")?;
                let max = StoreLimitsBuilder::TABLE_ELEMENTS_MAX;
                self.max_table_elements = Some(option.within(elements, max, "elements")?);
            }
            "max-instances" => self.max_instances = Some(option.number("instances")?),
            "max-tables" => self.max_tables = Some(option.number("tables")?),
            "max-memories" => self.max_memories = Some(option.number("memories")?),
            "max-store-size" => self.max_store_size = Some(option.size()?),
            "max-gc-heap-size" => {
                self.max_gc_heap_size = Some(option.within(option.size()?, 1 << 32, "bytes")?);
            }
            "max-wasm-stack" => self.max_wasm_stack = Some(option.size()?),
            "trap-on-grow-failure" => self.trap_on_grow_failure = option.switch()?,
            "unknown-imports-trap" => self.unknown_imports_trap = option.switch()?,
            "nan-canonicalization" => self.nan_canonicalization = Some(option.switch()?),
            "relaxed-simd-deterministic" => {
                if !option.switch()? {
                    return option.misuse("relaxed vector operators are always deterministic");
                }
            }
            "all-proposals" => {
                let enable = option.switch()?;
                self.proposals.extend(Proposal::ALL.iter().map(|&proposal| (proposal, enable)));
            }
            _ => match PROPOSALS.iter().find(|(name, _)| *name == key) {
                Some(&(_, proposal)) => self.proposals.push((proposal, option.switch()?)),
                None => return option.unknown(&wasm_help()),
            },
        }
        Ok(())
    }

    /// Whether a proposal is asked for, or to be off; the last word counts.
    pub(crate) fn asks(&self, proposal: Proposal) -> Option<bool> {
        let said = self.proposals.iter().rev().find(|(named, _)| *named == proposal);
        said.map(|&(_, enable)| enable)
    }

    /// The proposals that a module may use.
    pub(crate) fn features(&self) -> Features {
        self.proposals.iter().fold(Features::default(), |features, &(proposal, enable)| {
            if enable { features.with(proposal) } else { features.without(proposal) }
        })
    }

    /// Applies the settings of the engine.
    ///
    /// # Errors
    /// If it is the opposite of `--deterministic`.
    pub(crate) fn apply(&self, config: &mut Config, deterministic: bool) -> Result<()> {
        if deterministic && self.nan_canonicalization == Some(false) {
            let message = "`--deterministic` and `-W nan-canonicalization=n` exclude each other";
            bail!(Misuse(message.into()));
        }
        config.consume_fuel(self.fuel.is_some()).epoch_interruption(self.timeout.is_some());
        config.deterministic(deterministic || self.nan_canonicalization == Some(true));
        if let Some(bytes) = self.max_wasm_stack {
            config.max_wasm_stack(bytes);
        }
        // Also where runs are replayed, traced and compared.
        if let Some(bytes) = self.max_gc_heap_size {
            config.max_gc_heap_size(bytes as u64);
        }
        if let Some(bytes) = self.max_memory_size {
            config.max_memory_size(bytes as u64);
        }
        if let Some(elements) = self.max_table_elements {
            config.max_table_elements(elements as u64);
        }
        if let Some(bytes) = self.max_store_size {
            config.max_store_size(bytes as u64);
        }
        config.trap_on_grow_failure(self.trap_on_grow_failure);
        for &(proposal, enable) in &self.proposals {
            config.wasm_proposal(proposal, enable);
        }
        Ok(())
    }

    /// The settings of the store.
    pub(crate) fn limits(&self) -> StoreLimits {
        type Set = fn(StoreLimitsBuilder, usize) -> StoreLimitsBuilder;
        let mut limits = StoreLimitsBuilder::new();
        let mut set = |limit: Option<usize>, set: Set| {
            if let Some(limit) = limit {
                limits = set(std::mem::take(&mut limits), limit);
            }
        };
        set(self.max_memory_size, StoreLimitsBuilder::memory_size);
        set(self.max_table_elements, StoreLimitsBuilder::table_elements);
        set(self.max_instances, StoreLimitsBuilder::instances);
        set(self.max_tables, StoreLimitsBuilder::tables);
        set(self.max_memories, StoreLimitsBuilder::memories);
        set(self.max_store_size, StoreLimitsBuilder::store_size);
        set(self.max_gc_heap_size, StoreLimitsBuilder::gc_heap_size);
        limits.trap_on_grow_failure(self.trap_on_grow_failure).build()
    }
}

/// Whether a key is about proposals alone, or asks for help.
pub(crate) fn is_proposal(key: &str) -> bool {
    ["all-proposals", "help"].contains(&key) || PROPOSALS.iter().any(|(name, _)| *name == key)
}

/// The key of a proposal with this name, if it is one that can be on.
pub(crate) fn proposal_key(name: &str) -> Option<&'static str> {
    PROPOSALS.iter().find(|(_, proposal)| proposal.name() == name).map(|(key, _)| *key)
}

fn wasm_help() -> String {
    let mut help = WASM_HELP.to_owned();
    for (name, proposal) in PROPOSALS {
        let default = if Features::default().has(*proposal) { "y" } else { "n" };
        help.push_str(&format!(
            "-W {:31} {proposal} (default {default})\n",
            format!("{name}[=y|n]")
        ));
    }
    help
}

impl Optimize {
    pub(crate) fn parse(options: &[String]) -> Result<Optimize> {
        let mut optimize = Optimize::default();
        for (key, value) in pairs('O', options)? {
            let option = Opt { group: 'O', key, value };
            match (key, value) {
                ("help", _) => return Err(Help(OPTIMIZE_HELP.to_owned()).into()),
                ("dispatch", name) => match name.unwrap_or_default().parse() {
                    Ok(dispatch) => optimize.dispatch = Some(dispatch),
                    Err(_) => {
                        let names = Dispatch::ALL.map(|dispatch| format!("`{dispatch}`"));
                        return option.misuse(&format!("it is {}", names.join(" or ")));
                    }
                },
                ("translate", Some("lazy")) => optimize.translate = Some(Translate::Lazy),
                ("translate", Some("eager")) => optimize.translate = Some(Translate::Eager),
                ("translate", _) => return option.misuse("it is `lazy` or `eager`"),
                ("memory", Some("guard")) => optimize.memory = MemoryShape::GUARD,
                ("memory", Some("explicit")) => optimize.memory = MemoryShape::Explicit,
                ("memory", Some("masked")) => optimize.memory = MemoryShape::Masked,
                ("memory", _) => return option.misuse("it is `guard`, `explicit` or `masked`"),
                ("memory-may-move", _) => {
                    let moves = option.switch()?;
                    optimize.bases = if moves { Bases::MayMove } else { Bases::Fixed };
                }
                ("signals-based-traps", _) => optimize.signals = Some(option.switch()?),
                ("hot", text) => match text.and_then(|text| text.parse().ok()) {
                    Some(every) if every > 0 => optimize.hot.every = every,
                    Some(_) | None => return option.misuse("it needs a number from 1 on"),
                },
                ("background", _) => optimize.hot.background = option.switch()?,
                ("compile-time", text) => match text.and_then(duration) {
                    Some(time) => optimize.compile_time = Some(time),
                    None => return option.misuse("it needs a duration, such as 500ms or 2s"),
                },
                ("perf-map", _) => optimize.perf_map = option.switch()?,
                ("jit-dump", _) => optimize.jit_dump = option.switch()?,
                _ => return option.unknown(OPTIMIZE_HELP),
            }
        }
        if optimize.memory == MemoryShape::Masked && optimize.signals == Some(false) {
            let what = "`-O memory=masked` traps by faults, so it needs `-O signals-based-traps=y`";
            return Err(Misuse(what.to_owned()).into());
        }
        Ok(optimize)
    }
}

/// The key that may stand several times: each is one more listener.
const REPEATED: (char, &str) = ('S', "tcplisten");

/// The keys and values of all options of a group; each key once, but [`REPEATED`].
fn pairs(group: char, options: &[String]) -> Result<Vec<(&str, Option<&str>)>> {
    let mut pairs: Vec<(&str, Option<&str>)> = Vec::new();
    for pair in options.iter().flat_map(|option| option.split(',')) {
        let (key, value) = match pair.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (pair, None),
        };
        if (group, key) != REPEATED && pairs.iter().any(|&(before, _)| before == key) {
            return Opt { group, key, value }.misuse("the key is given more than once");
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// One key with its value.
struct Opt<'a> {
    group: char,
    key: &'a str,
    value: Option<&'a str>,
}

impl Opt<'_> {
    /// A number of units, which are bytes or things of some kind.
    fn number<N: std::str::FromStr>(&self, units: &str) -> Result<N> {
        match self.value.and_then(|value| value.parse().ok()) {
            Some(number) => Ok(number),
            None => self.misuse(&format!("it needs a whole number of {units}, such as 65536")),
        }
    }

    /// A number of bytes, in units of 1024 where a letter says so.
    fn size(&self) -> Result<usize> {
        match self.value.and_then(size) {
            Some(bytes) => Ok(bytes),
            None => self.misuse("it needs a number of bytes, such as 65536, 64K, 16M or 2G"),
        }
    }

    /// The same number, where more than `max` is possible for nothing.
    fn within(&self, number: usize, max: u64, units: &str) -> Result<usize> {
        if number as u64 > max {
            return self.misuse(&format!("more than {max} {units} are not possible"));
        }
        Ok(number)
    }

    /// That there is no such key; `help` has those that there are.
    fn unknown<T>(&self, help: &str) -> Result<T> {
        let group = self.group;
        if let Some(why) = foreign::why(group, self.key) {
            return self.misuse(&format!("there is nothing to choose: {why}"));
        }
        let start = format!("-{group} ");
        let keys = help.lines().filter_map(|line| line.strip_prefix(&start));
        let keys = keys.filter_map(|line| line.split([' ', '=', '[']).next());
        let meant = near(self.key, keys.map(|key| (key, key)));
        let meant = meant.first().map(|key| format!("; `{key}` is near")).unwrap_or_default();
        self.misuse(&format!("there is no such key{meant} (`-{group} help` lists them)"))
    }

    fn switch(&self) -> Result<bool> {
        match self.value {
            None | Some("y" | "yes" | "true") => Ok(true),
            Some("n" | "no" | "false") => Ok(false),
            Some(_) => self.misuse("it is `y` or `n`"),
        }
    }

    fn duration(&self) -> Result<Duration> {
        match self.value.and_then(duration) {
            Some(duration) => Ok(duration),
            None => self.misuse("it needs a duration such as `2s`, `500ms` or `1m`"),
        }
    }

    fn misuse<T>(&self, what: &str) -> Result<T> {
        let Opt { group, key, value } = self;
        let value = value.map(|value| format!("={value}")).unwrap_or_default();
        let given = printable_message(&format!("{key}{value}"));
        bail!(Misuse(format!("invalid option `-{group} {given}`: {what}")))
    }
}

/// A number of bytes: with `K`, `M`, `G` or `T`, or these and `iB`, in powers of 1024.
fn size(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        "T" | "TiB" => 40,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

/// A number with a unit; seconds without one.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wasm(option: &str) -> Result<Wasm> {
        Wasm::parse(&[option.to_owned()])
    }

    #[test]
    fn keys_are_separated_by_commas() {
        let parsed = wasm("fuel=7,trap-on-grow-failure,max-memory-size=65536").expect("known keys");
        assert_eq!(parsed.fuel, Some(7));
        assert!(parsed.trap_on_grow_failure);
        assert_eq!(parsed.max_memory_size, Some(65536));
        assert_eq!(parsed.timeout, None);
    }

    #[test]
    fn nothing_is_ignored() {
        for option in
            ["fule=7", "fuel", "fuel=x", "fuel=-1", "simd=maybe", "timeout=2x", "timeout=-1s", ""]
        {
            let error = wasm(option).expect_err(option);
            assert!(error.is::<Misuse>(), "{option}: {error}");
        }
        assert!(wasm("help").expect_err("help").is::<Help>());
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        for (option, words) in [
            ("fule=7", "there is no such key; `fuel` is near (`-W help` lists them)"),
            ("quux=7", "there is no such key (`-W help` lists them)"),
            ("max-memory-size=64Q", "it needs a number of bytes, such as 65536, 64K, 16M or 2G"),
            ("max-store-size=18446744073709551615K", "it needs a number of bytes"),
            ("gcc", "there is no such key; `gc` is near (`-W help` lists them)"),
            ("fuel=1e6", "it needs a whole number of units"),
            ("max-memory-size=68719476737", "more than 68719476736 bytes are not possible"),
            ("max-table-elements=8589934593", "more than 8589934592 elements are not possible"),
        ] {
            let error = wasm(option).expect_err(option).to_string();
            assert!(error.contains(words), "{option}: {error}");
        }
        assert!(wasm("max-memory-size=68719476736,max-table-elements=8589934592").is_ok());
        let sizes =
            wasm("max-memory-size=64M,max-store-size=3GiB,max-wasm-stack=8K").expect("sizes");
        let sizes = [sizes.max_memory_size, sizes.max_store_size, sizes.max_wasm_stack];
        assert_eq!(sizes, [Some(64 << 20), Some(3 << 30), Some(8 << 10)]);
    }

    /// Each key of the help has a default in its line, but the key of all proposals; those of
    /// limits are those of `docs/semantics.md`, which a test of `prova-testing` holds against the
    /// code.
    #[test]
    fn the_help_has_the_defaults() {
        let help = wasm_help() + OPTIMIZE_HELP;
        for line in help.lines() {
            assert!(line.contains("(default") || line.contains("all-proposals"), "{line}");
        }
        let page = include_str!("../../../docs/semantics.md");
        let mut limits = 0;
        for row in page.lines().filter(|row| row.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let Some((_, key)) = cells.get(3).and_then(|cell| cell.split_once("`-W max-")) else {
                continue;
            };
            let key = format!("-W max-{}=", key.trim_end_matches('`'));
            let line = help.lines().find(|line| line.starts_with(&key)).expect(row);
            let default = format!("(default {}", cells[2]);
            assert!(line.contains(&default), "{line}: {default}");
            limits += 1;
        }
        assert_eq!(limits, 8);
    }

    #[test]
    fn a_key_is_given_once() {
        let twice = |options: &[&str]| {
            let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
            let errors = [
                Wasm::parse(&options).err(),
                Optimize::parse(&options).err(),
                wasi_limits(&options).err(),
            ];
            let said = |error: prova_core::Error| {
                error.is::<Misuse>() && error.to_string().contains("more than once")
            };
            errors.into_iter().flatten().any(said)
        };
        assert!(
            twice(&["fuel=1,fuel=100"])
                && twice(&["fuel=1", "fuel=1"])
                && twice(&["simd", "simd=n"])
        );
        assert!(twice(&["translate=lazy", "translate=eager"]));
        assert!(twice(&["max-resources=1,max-resources=1"]));
        assert!(!twice(&["fuel=1,timeout=1s"]) && !twice(&["translate=lazy,dispatch=tail"]));
    }

    #[test]
    fn nans_are_not_fixed_and_free_at_once() {
        let free = wasm("nan-canonicalization=n").expect("a key");
        let fixed = wasm("nan-canonicalization").expect("a key");
        let mut config = Config::new();
        assert!(free.apply(&mut config, true).expect_err("a conflict").is::<Misuse>());
        assert!(free.apply(&mut config, false).is_ok() && fixed.apply(&mut config, true).is_ok());
    }

    #[test]
    fn durations_have_units() {
        for (text, millis) in
            [("2s", 2000), ("2", 2000), ("500ms", 500), ("1.5s", 1500), ("1m", 60_000)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "1d", "1.2.3s", "1e99h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn every_proposal_has_a_key_and_is_in_the_help() {
        for proposal in Proposal::ALL {
            let named = PROPOSALS.iter().filter(|(_, named)| named == proposal).count();
            assert_eq!(named, 1, "{proposal}");
        }
        let help = wasm_help();
        assert!(PROPOSALS.iter().all(|(name, _)| help.contains(name)));
        assert!(wasm("simd=n,tail-call").is_ok());
    }

    #[test]
    fn optimize_has_five_keys() {
        let parsed = Optimize::parse(&["dispatch=match,translate=eager".to_owned()]);
        let parsed = parsed.expect("known keys");
        assert_eq!(parsed.dispatch, Some(Dispatch::Match));
        assert_eq!(parsed.translate, Some(Translate::Eager));
        let plain = (MemoryShape::GUARD, None, false);
        assert_eq!((parsed.memory, parsed.signals, parsed.perf_map), plain);
        let named = Optimize::parse(&["perf-map".to_owned()]).expect("a known key");
        assert!(named.perf_map);
        let parsed = Optimize::parse(&["memory=explicit,signals-based-traps=n".to_owned()]);
        let parsed = parsed.expect("known keys");
        assert_eq!((parsed.memory, parsed.signals), (MemoryShape::Explicit, Some(false)));
        let parsed = Optimize::parse(&["memory=masked".to_owned()]).expect("a known shape");
        assert_eq!(parsed.memory, MemoryShape::Masked);
        let parsed = Optimize::parse(&["memory-may-move".to_owned()]).expect("a known key");
        assert_eq!((parsed.bases, Optimize::default().bases), (Bases::MayMove, Bases::Fixed));
        let both = Optimize::parse(&["memory=masked,signals-based-traps=n".to_owned()]);
        assert!(both.is_err(), "a shape whose traps are faults, without faults");
        for option in ["dispatch", "dispatch=jump", "opt-level=2", "memory", "memory=mask"] {
            assert!(Optimize::parse(&[option.to_owned()]).is_err(), "{option}");
        }
    }
}
