//! Functions that stand in another order → whether the compiler's names of them decide that order.
//!
//! Compilers put hashes into symbols: of a crate and its metadata, of a path, of a module. They
//! emit functions, and divide them among objects, in an order that depends on symbols. Other
//! hashes are therefore another order of functions, though each is compiled alike. A linker that
//! is given its inputs in another order leaves the names as they are.
//!
//! 1. A name has *another hash* if the partner's name is equal except for hashes ([`Kind`]), and
//!    neither name stands in the other module.
//! 2. A pair of functions is *exchanged* if they stand in another order in B than in A. It is the
//!    compiler's if one of the two has another hash, else the linker's.
//! 3. The order is the compiler's where most exchanged pairs are its own, or none is exchanged. The
//!    advice then names the linker too, if it exchanged some of the others.
//! 4. A cause that consists of names alone is the compiler's in any order.
//!
//! Time is linear, except for a sort. `tests/symbols.rs` has a pair for each kind, and twins in
//! which the names stay.

use prova_builds::names::{counted, printable};
use prova_diff::partners;
use prova_module::{FuncIdx, Module};
use std::collections::{BTreeSet, HashSet};

/// Kind of a hash in a symbol, by its maker and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Rust: of the crate with its metadata, the type arguments and the compiler.
    Rust,
    /// LLVM's ThinLTO: of the module that a local function was made visible for.
    ThinLto,
    /// clang's `-funique-internal-linkage-names`: of the source's path.
    Unique,
    /// Swift: of the file and the module of a private declaration.
    Swift,
    /// Digits and letters of another compiler or generator.
    Other,
}

impl Kind {
    /// Its name for a reader.
    fn words(self) -> &'static str {
        match self {
            Kind::Rust => "rustc's symbol hashes",
            Kind::ThinLto => "ThinLTO's hashes of modules (`.llvm.N`)",
            Kind::Unique => "clang's hashes of source paths (`.__uniq.N`)",
            Kind::Swift => "swiftc's hashes of files",
            Kind::Other => "hashes or numbers of the compiler in symbols",
        }
    }

    /// Advice on it.
    fn advice(self) -> &'static str {
        match self {
            Kind::Rust => {
                "give rustc one path, one toolchain and one metadata value: it hashes `-C metadata`, which Cargo makes of the package's source and version, features, profile and flags, into each symbol"
            }
            Kind::ThinLto => {
                "give the compiler the same names, paths and flags of all modules: ThinLTO hashes the module into the names of local functions"
            }
            Kind::Unique => {
                "give clang one path for each source, or map it with `-ffile-prefix-map`: `-funique-internal-linkage-names` hashes the path"
            }
            Kind::Swift => {
                "give swiftc the same file and module names: it hashes them into the names of private declarations"
            }
            Kind::Other => {
                "build in one path with one toolchain and the same flags: the compiler makes these parts of symbols of its inputs"
            }
        }
    }
}

/// Functions with other hashes in their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Symbols {
    /// The kinds of the hashes that differ.
    kinds: BTreeSet<Kind>,
    /// A function that has another hash, in A and in B.
    example: (String, String),
    /// How many functions have one.
    renamed: usize,
    /// Exchanged pairs of which one function has another hash.
    own: u64,
    /// The other exchanged pairs.
    others: u64,
}

impl Symbols {
    /// Whether they decide the order of functions (3).
    pub(super) fn decide(&self) -> bool {
        self.own > self.others || self.others == 0
    }

    /// Why a difference is the compiler's.
    pub(super) fn because(&self) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.words()).collect();
        let (a, b) = (printable(&self.example.0), printable(&self.example.1));
        let order = match self.own {
            0 => String::new(),
            own => format!(
                "; the compiler orders functions by their symbols, and {} stand in another order",
                counted(own, "pair")
            ),
        };
        format!(
            "{} differ in {}, such as `{a}` and `{b}`{order}",
            kinds.join(" and "),
            counted(self.renamed as u64, "function"),
        )
    }

    /// Advice on them.
    pub(super) fn advice(&self) -> Vec<String> {
        // rustc's ThinLTO hashes modules with the symbols in them.
        let follows = |kind: Kind| kind == Kind::ThinLto && self.kinds.contains(&Kind::Rust);
        let kinds = self.kinds.iter().filter(|kind| !follows(**kind));
        let mut advice: Vec<String> = kinds.map(|kind| kind.advice().to_owned()).collect();
        if self.others > 0 {
            advice.push(format!(
                "then look at the order of the linker's inputs: {} of functions with equal names are exchanged too",
                counted(self.others, "pair")
            ));
        }
        advice
    }
}

/// Two functions that are partners.
struct Pair<'m> {
    names: (&'m str, &'m str),
    place: u32,
    /// The kinds of the hashes in which the names differ.
    kinds: BTreeSet<Kind>,
}

/// The functions that have other hashes in B, if there are any.
pub(super) fn found(a: &Module, b: &Module) -> Option<Symbols> {
    let [of_a, of_b] = [a, b].map(|module| {
        let funcs = (0..module.func_count() as u32).map(FuncIdx);
        funcs.filter_map(|func| module.func_name(func)).collect::<HashSet<&str>>()
    });
    let defined = |module: &Module, func: u32| module.body(FuncIdx(func)).is_some();
    let mut pairs = Vec::new();
    for (func, partner) in (0..).zip(partners(a, b)) {
        let Some(place) = partner.filter(|&place| defined(a, func) && defined(b, place)) else {
            continue;
        };
        let (Some(one), Some(other)) = (a.func_name(FuncIdx(func)), b.func_name(FuncIdx(place)))
        else {
            continue;
        };
        let is_new = !of_b.contains(one) && !of_a.contains(other);
        let kinds = if is_new { other_hashes(one, other) } else { BTreeSet::new() };
        pairs.push(Pair { names: (one, other), place, kinds });
    }
    let all = exchanged(pairs.iter().map(|pair| pair.place));
    let others =
        exchanged(pairs.iter().filter(|pair| pair.kinds.is_empty()).map(|pair| pair.place));
    let own = all - others;
    let renamed = pairs.iter().filter(|pair| !pair.kinds.is_empty());
    let example = renamed.clone().min_by_key(|pair| pair.names.0.len())?;
    Some(Symbols {
        kinds: renamed.clone().flat_map(|pair| &pair.kinds).copied().collect(),
        example: (example.names.0.to_owned(), example.names.1.to_owned()),
        renamed: renamed.count(),
        own,
        others,
    })
}

/// Number of pairs of different numbers in falling order, by a merge sort.
fn exchanged(places: impl Iterator<Item = u32>) -> u64 {
    let mut places: Vec<u32> = places.collect();
    let (mut sorted, mut count, mut width) = (places.clone(), 0_u64, 1);
    while width < places.len() {
        for start in (0..places.len()).step_by(2 * width) {
            let (middle, end) =
                ((start + width).min(places.len()), (start + 2 * width).min(places.len()));
            let (mut left, mut right) = (start, middle);
            for slot in &mut sorted[start..end] {
                let takes_right = left == middle || right < end && places[right] < places[left];
                if takes_right {
                    count += (middle - left) as u64;
                    *slot = places[right];
                    right += 1;
                } else {
                    *slot = places[left];
                    left += 1;
                }
            }
        }
        std::mem::swap(&mut places, &mut sorted);
        width *= 2;
    }
    count
}

/// The kinds of hashes in which two names differ; none if they are equal, or differ otherwise.
fn other_hashes(a: &str, b: &str) -> BTreeSet<Kind> {
    let (parts_a, parts_b) = (parts(a), parts(b));
    let mut kinds = BTreeSet::new();
    if parts_a.len() != parts_b.len() {
        return kinds;
    }
    for pair in parts_a.iter().zip(&parts_b) {
        match pair {
            ((text_a, None), (text_b, None)) if text_a == text_b => {}
            ((text_a, Some(of_a)), (text_b, Some(of_b))) if of_a == of_b => {
                if text_a != text_b {
                    kinds.insert(*of_a);
                }
            }
            _ => return BTreeSet::new(),
        }
    }
    kinds
}

/// The parts of a name in their order: hashes with their kinds, and what stands between them.
fn parts(name: &str) -> Vec<(&str, Option<Kind>)> {
    let (mut parts, mut at, mut plain) = (Vec::new(), 0, 0);
    while at < name.len() {
        let found = name.is_char_boundary(at).then(|| hash(name, at)).flatten();
        let Some((len, kind)) = found else {
            at += 1;
            continue;
        };
        parts.push((&name[plain..at], None));
        parts.push((&name[at..at + len], Some(kind)));
        (at, plain) = (at + len, at + len);
    }
    parts.push((&name[plain..], None));
    parts
}

/// The least number of characters of a hash that no marker announces.
const OTHER_MIN: usize = 8;

/// The most characters that are looked at from one place, more than a hash has. Names come from
/// outside and may be one word of megabytes.
const HASH_MAX: usize = 160;

/// The length and the kind of the hash that begins at a place of a name.
fn hash(name: &str, at: usize) -> Option<(usize, Kind)> {
    let (before, rest) = name.split_at(at);
    let run = |is: fn(&u8) -> bool| rest.bytes().take(HASH_MAX).take_while(is).count();
    let digits = run(u8::is_ascii_digit);
    if digits > 0 && before.ends_with(".llvm.") {
        return Some((digits, Kind::ThinLto));
    }
    if digits > 0 && before.ends_with(".__uniq.") {
        return Some((digits, Kind::Unique));
    }
    // `17h<16 hex>E`, and `::h<16 hex>` where the linker has demangled it.
    let hex = run(u8::is_ascii_hexdigit);
    if hex >= 16 && before.ends_with("17h") {
        return Some((16, Kind::Rust));
    }
    let demangled = rest.strip_prefix('h').filter(|_| before.ends_with("::"));
    let is_hex = |rest: &str| rest.bytes().take(16).filter(u8::is_ascii_hexdigit).count() == 16;
    if demangled.is_some_and(is_hex) {
        return Some((17, Kind::Rust));
    }
    // `Cs<base 62>_` of mangling v0, and `crate[<hex>]` where it is demangled.
    let word = run(u8::is_ascii_alphanumeric);
    let is_v0 = before.starts_with("_R") && before.ends_with("Cs");
    if is_v0 && word > 0 && rest[word..].starts_with('_') {
        return Some((word, Kind::Rust));
    }
    let is_crate = before.strip_suffix('[').is_some_and(|name| name.ends_with(is_word));
    if is_crate && (OTHER_MIN..=16).contains(&hex) && rest[hex..].starts_with(']') {
        return Some((hex, Kind::Rust));
    }
    let upper = run(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte));
    if upper >= 32 && before.ends_with("33_") {
        return Some((32, Kind::Swift));
    }
    // Zig and others number what has no name.
    if digits > 0 && before.ends_with("__anon_") {
        return Some((digits, Kind::Other));
    }
    let is_start = !before.ends_with(is_word);
    let is_length = (OTHER_MIN..HASH_MAX).contains(&word);
    let is_hash = is_start && is_length && looks_hashed(name, &rest[..word]);
    is_hash.then_some((word, Kind::Other))
}

/// The prefixes of mangled names, in which words have lengths and codes beside letters.
const MANGLED: [&str; 5] = ["_Z", "_R", "$s", "$S", "_T"];

/// Whether a word of a name looks like a hash: it is a number, hexadecimal with both digits and
/// letters or, in a name that is not mangled, changes often from one to the other.
fn looks_hashed(name: &str, word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = word.as_bytes();
    let changes = bytes.windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit());
    let is_mangled = MANGLED.iter().any(|prefix| name.starts_with(prefix));
    digits > 0 && (hex || !is_mangled && changes.count() >= 3)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names with the kinds in which they differ; none if they differ in more than hashes.
    const NAMES: &[(&str, &str, &[Kind])] = &[
        ("_ZN1r4main17ha38b640654fb0bbbE", "_ZN1r4main17h39192db00a35412cE", &[Kind::Rust]),
        ("r::main::ha38b640654fb0bbb", "r::main::h39192db00a35412c", &[Kind::Rust]),
        (
            "_ZN1r1f17ha38b640654fb0bbbE.llvm.413713290011",
            "_ZN1r1f17h39192db00a35412cE.llvm.72",
            &[Kind::Rust, Kind::ThinLto],
        ),
        ("_RNvCsdr0BNxlvj8E_1r4main", "_RNvCs8a1_1r4main", &[Kind::Rust]),
        (
            "_RINvNtCs7z_4core3ptr13drop_in_placeNtCsa1_1r1YEBD_",
            "_RINvNtCs7z_4core3ptr13drop_in_placeNtCsb2222_1r1YEBD_",
            &[Kind::Rust],
        ),
        ("r[d90a8c6f8e3f5a1b]::main", "r[1b90a8c6f8e3f5a1]::main", &[Kind::Rust]),
        ("_ZL1fi.llvm.123", "_ZL1fi.llvm.98765432109876", &[Kind::ThinLto]),
        ("f(int) (.llvm.123)", "f(int) (.llvm.456)", &[Kind::ThinLto]),
        ("_ZL1fi.__uniq.1234", "_ZL1fi.__uniq.99", &[Kind::Unique]),
        (
            "$s4main1f33_0123456789ABCDEF0123456789ABCDEFLLyyF",
            "$s4main1f33_F123456789ABCDEF0123456789ABCDE0LLyyF",
            &[Kind::Swift],
        ),
        ("main.f__anon_1234", "main.f__anon_77", &[Kind::Other]),
        ("_GLOBAL__N__a1b2c3d4_1f", "_GLOBAL__N__d4c3b2a1_1f", &[Kind::Other]),
        ("handler_9bXq3kd01", "handler_4aYk7me22", &[Kind::Other]),
        // Equal, or different in more.
        ("_ZN1r4main17ha38b640654fb0bbbE", "_ZN1r4main17ha38b640654fb0bbbE", &[]),
        ("_ZN1r4main17ha38b640654fb0bbbE", "_ZN1r4mean17h39192db00a35412cE", &[]),
        ("_ZN1r4main17ha38b640654fb0bbbE", "_ZN1r4main17h39192db00a35412zE", &[]),
        ("_RNvCsdr0BNxlvj8E_1r4main", "_RNvCsdr0BNxlvj8E_1s4main", &[]),
        ("_ZL1fi.llvm.123", "_ZL1gi.llvm.456", &[]),
        ("first_function", "other_function", &[]),
        ("parse_v1", "parse_v2", &[]),
        ("_Z12encode_utf8ai3v12f64x2", "_Z12decode_utf8ai3v12f64x2", &[]),
        ("load_i32x4_f64x2_16", "load_i64x2_f64x2_16", &[]),
        ("f", "g", &[]),
        ("éé", "éa", &[]),
        ("", "", &[]),
    ];

    #[test]
    fn hashes_are_told_from_names() {
        for (a, b, kinds) in NAMES {
            let found: Vec<Kind> = other_hashes(a, b).into_iter().collect();
            assert_eq!(found, *kinds, "{a} {b}");
            let again: Vec<Kind> = other_hashes(b, a).into_iter().collect();
            assert_eq!(again, *kinds, "{b} {a}");
        }
    }

    /// One word of megabytes is no hash and takes no quadratic time: a word of 100,000 characters
    /// took minutes.
    #[test]
    fn a_long_name_takes_linear_time() {
        for word in ["A", "1", "x", "Cs", "__anon_", "::h"] {
            let name = word.repeat((1 << 19) / word.len());
            let other = name.clone() + "ha38b640654fb0bbb";
            assert!(other_hashes(&name, &other).is_empty(), "{word}");
        }
        let long = "a1".repeat(HASH_MAX);
        assert!(other_hashes(&long, &long.replace('1', "2")).is_empty());
        let short = "a1".repeat(HASH_MAX / 2 - 1);
        assert_eq!(other_hashes(&short, &short.replace('1', "2")).len(), 1);
    }

    #[test]
    fn exchanged_pairs_are_counted() {
        let slow = |places: &[u32]| {
            let pairs = places.iter().enumerate();
            pairs.map(|(at, one)| places[at..].iter().filter(|two| *two < one).count()).sum()
        };
        let mut state = 1_u32;
        for len in 0..40 {
            let places: Vec<u32> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state >> 27
                })
                .collect();
            let expected: usize = slow(&places);
            assert_eq!(exchanged(places.iter().copied()), expected as u64, "{places:?}");
        }
    }
}
