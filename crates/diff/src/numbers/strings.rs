//! Text that differs → what sort of text it is: a file path, a URL, the time of a build, or any
//! text.
//!
//! Strings stand close together in data, often without an end, so a *word* is looked at: the
//! characters around the run that a path may have.
//!
//! 1. `path` says that a compiler wrote the word on both sides. Either it ends in a source file's
//!    name, and nothing behind that differs; or the file of it is the same, and it is one of those
//!    that builds leave behind and lies below a folder where builds lie, or a folder of builds
//!    (`/rustc/…`, `…/build/…`) is in both. A character that no path has, or another text before
//!    the path's root, differs with no path. A route (`/api/x.json`, `/checkout/cart`), a media
//!    type, or a file that a program opens (`/usr/share/zoneinfo/UTC`) is text.
//! 2. `timestamp` says that on both sides the run lies inside one pattern of a clock or calendar:
//!    `hh:mm:ss`, `yyyy-mm-dd`, `Mmm dd yyyy`.
//! 3. Anything printable with printable bytes around it is at least `text`; no bytes that are text
//!    look random ([`is_text`]).

use std::ops::Range;

/// The sort of text that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Path,
    Url,
    Timestamp,
    Text,
}

impl Sort {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Sort::Path => "path string",
            Sort::Url => "URL",
            Sort::Timestamp => "timestamp",
            Sort::Text => "text",
        }
    }

    /// Whether one place or time of a build shows in many texts of a program.
    pub(crate) const fn is_of_build(self) -> bool {
        match self {
            Sort::Path | Sort::Timestamp => true,
            Sort::Url | Sort::Text => false,
        }
    }
}

/// How far the text around a run is looked at.
pub(crate) const AROUND: usize = 120;
/// Minimum length in bytes of the text around a run that is reported as text.
const TEXT_MIN: usize = 4;

pub(crate) fn is_printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// Whether bytes are text for a reader: UTF-8 with nothing that a terminal obeys but the ends of
/// strings and lines, and most of it characters.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let end = |c: char| matches!(c, '\0' | '\n' | '\r' | '\t');
    let (ends, all) = (text.chars().filter(|c| end(*c)).count(), text.chars().count());
    2 * ends <= all && text.chars().all(|c| end(c) || !prova_builds::names::obeyed(c))
}

/// Whether bytes have this text, with no letter before or behind it.
pub(crate) fn has_text(bytes: &[u8], text: &[u8]) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| is_printable(*byte));
    let whole = |at: usize| !letter(at.checked_sub(1)) && !letter(Some(at + text.len()));
    let places = bytes.windows(text.len().max(1)).enumerate();
    places.filter(|(_, here)| *here == text).any(|(at, _)| whole(at))
}

/// Where the characters around a run end that `of` has.
fn around(bytes: &[u8], run: &Range<usize>, of: impl Fn(u8) -> bool) -> Range<usize> {
    let before = bytes[..run.start].iter().rev().take(AROUND).take_while(|byte| of(**byte));
    let after = bytes[run.end..].iter().take(AROUND).take_while(|byte| of(**byte));
    run.start - before.count()..run.end + after.count()
}

/// The printable text that a run is part of.
pub(crate) fn surrounding(bytes: &[u8], run: &Range<usize>) -> String {
    let range = around(bytes, run, is_printable);
    let end = range.end.min(range.start + 400);
    prova_builds::names::printable(&String::from_utf8_lossy(&bytes[range.start..end]))
}

/// How far a word may reach around a run: where something is known to start, another word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Bytes before the run.
    pub(crate) before: usize,
    /// Bytes behind it.
    pub(crate) behind: usize,
    /// Whether another word starts inside of the run.
    pub(crate) inside: bool,
}

impl Cut {
    /// Nothing is known of where words start.
    pub(crate) const NONE: Cut = Cut { before: AROUND, behind: AROUND, inside: false };
}

/// Of texts on both sides that stand alone.
pub(crate) const UNCUT: (Cut, Cut) = (Cut::NONE, Cut::NONE);

/// The sort of text that two runs are in, cut as given; `None` if they are no text.
pub(crate) fn sort(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    cuts: (Cut, Cut),
) -> Option<Sort> {
    let text = |(bytes, run): (&[u8], &Range<usize>)| {
        bytes[run.clone()].iter().all(|byte| is_printable(*byte))
    };
    let length = |(bytes, run): (&[u8], &Range<usize>)| around(bytes, run, is_printable).len();
    if !text(a) || !text(b) || a.1.len().max(b.1.len()) == 0 || length(a).max(length(b)) < TEXT_MIN
    {
        return None;
    }
    let (word_a, word_b) = (Word::new(a, cuts.0), Word::new(b, cuts.1));
    let is_url = |of: (&[u8], &Range<usize>)| {
        let Word { text, .. } = Word::new(of, Cut::NONE);
        text.contains("://") || text.starts_with("www.")
    };
    Some(if is_url(a) || is_url(b) {
        Sort::Url
    } else if is_time(a) && is_time(b) {
        Sort::Timestamp
    } else if are_paths(&word_a, &word_b) {
        Sort::Path
    } else {
        Sort::Text
    })
}

/// Whether a path may have this character.
fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/\\:._-+~@%=?&#$".contains(&byte)
}

/// The characters around a run that a path may have, and where the run is among them.
struct Word {
    text: String,
    run: Range<usize>,
    /// Whether the run has characters of two words.
    torn: bool,
}

impl Word {
    fn new((bytes, run): (&[u8], &Range<usize>), cut: Cut) -> Word {
        let around = around(bytes, run, is_of_path);
        let start = around.start.max(run.start.saturating_sub(cut.before));
        let around = start..around.end.min(run.end.saturating_add(cut.behind));
        let text = String::from_utf8_lossy(&bytes[around.clone()]).into_owned();
        let run = run.start - around.start..run.end - around.start;
        Word { text, run, torn: cut.inside }
    }

    /// The name of the file or folder that it ends in.
    fn name(&self) -> &str {
        self.text.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// Whether all that differs may belong to one path: nothing stands before its root. Of a
    /// relative path the root is not known, so a word right before it counts as its first folder.
    fn is_one(&self) -> bool {
        let is = |byte: u8| is_of_path(byte) && !b"?&#=%".contains(&byte);
        let root = |first: &&str| {
            let folder = format!("/{first}/");
            // A character before may belong to the string before.
            self.text.match_indices(&folder).any(|(at, _)| at > 1 && self.run.start < at)
        };
        !self.torn
            && self.text.bytes().all(is)
            && self.text.contains(['/', '\\'])
            && !MACHINE.iter().any(root)
    }
}

/// Endings of files that compilers read and quote, and nobody else.
const SOURCES: &[&str] = &[
    "rs", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "go", "zig", "swift", "rlib", "rmeta", "S",
    "f90", "ml", "hs", "nim", "inc",
];

/// Endings of files that builds leave behind, and that a program may serve just as well.
const FILES: &[&str] = &[
    "kt", "java", "js", "ts", "s", "o", "a", "wat", "ll", "bc", "d", "m", "mm", "cs", "v", "d.ts",
];

/// First folders of paths that only a machine has.
const MACHINE: &[&str] =
    &["home", "tmp", "usr", "root", "var", "opt", "nix", "mnt", "Users", "rustc", "emsdk"];

/// First folders where files of builds lie.
const FOLDERS: &[&str] =
    &["build", "builds", "src", "workspace", "github", "cargo", "checkout", "rustc", "emsdk"];

/// Folders that builds make, or in which compilers keep their own sources.
const BUILDS: &[&str] = &["build", "builds", "target", "rustc", ".cargo", "CMakeFiles"];

/// Least letters of another string behind an ending; fewer make another ending of it.
const RUN_ON_MIN: usize = 4;
/// Least folders and files of a path that has no ending.
const PARTS_MIN: usize = 3;

/// Whether a word is the name alone of the source file that the other one is the path of.
fn is_name(word: &Word, of: &Word) -> bool {
    let whole = source_end(&of.text) == Some(of.text.len()) && !word.torn;
    whole && !word.text.contains(['/', '\\']) && !word.text.is_empty() && of.name() == word.text
}

/// Invariant 1.
fn are_paths(a: &Word, b: &Word) -> bool {
    if is_name(a, b) && b.is_one() || is_name(b, a) && a.is_one() {
        return true;
    }
    if !a.is_one() || !b.is_one() {
        return false;
    }
    let of_source = |word: &Word| source_end(&word.text).is_some_and(|end| word.run.end <= end);
    of_source(a) && of_source(b) || is_built(a) && is_built(b) && a.name() == b.name()
}

/// Whether a word is a path that a build leaves behind, and differs in where that was.
fn is_built(Word { text: word, run, .. }: &Word) -> bool {
    // A character before may belong to the string before.
    let rooted = [0, 1].into_iter().any(|at| {
        let rest = word.get(at..).and_then(|rest| rest.strip_prefix('/'));
        let first = rest.and_then(|rest| rest.split_once('/')).map(|(first, _)| first);
        first.is_some_and(|first| FOLDERS.contains(&first))
    });
    let last = word.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = |(name, ending): (&str, &str)| !name.is_empty() && FILES.contains(&ending);
    let file =
        last.split_once('.').is_some_and(ending) || last.rsplit_once('.').is_some_and(ending);
    let parts = word.split('/').filter(|part| !part.is_empty()).count();
    // What differs is where the folder of builds is, or the hash of the compiler's own sources.
    let folder = BUILDS.iter().any(|folder| {
        let at = word.rfind(&format!("/{folder}/")).map(|at| at + 1 + folder.len());
        at.is_some_and(|end| run.end <= end || *folder == "rustc" && end == "/rustc".len())
    });
    file && rooted || folder && parts >= PARTS_MIN
}

/// Byte offset in a word at which the name of a source file ends; `None` if the word has none.
/// Without a terminator the next string follows the name.
fn source_end(word: &str) -> Option<usize> {
    let last = word.rsplit(['/', '\\']).next().unwrap_or_default();
    let (name, ending) = last.rsplit_once('.')?;
    let start = word.len() - ending.len();
    let listed = |one: &&&str| {
        let Some(rest) = ending.strip_prefix(**one) else { return false };
        let other = rest.starts_with(|first: char| !first.is_ascii_alphanumeric());
        rest.is_empty() || other || one.len() > 1 && rest.len() >= RUN_ON_MIN
    };
    if let Some((name, ending)) = last.split_once('.')
        && !name.is_empty()
        && SOURCES.contains(&ending)
    {
        return Some(word.len());
    }
    // The longest ending is the name's: `rsc` is none, `rs` before `called` is.
    let found = SOURCES.iter().filter(listed).max_by_key(|one| one.len())?;
    (!name.is_empty()).then_some(start + found.len())
}

/// Whether a clock or calendar stands in these bytes.
pub fn tells_time(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|at| bytes[at].is_ascii_digit() && is_time((bytes, &(at..at + 1))))
}

/// Invariant 2: whether the run lies inside a pattern.
fn is_time((bytes, run): (&[u8], &Range<usize>)) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    const PATTERNS: [&[u8]; 3] = [b"00:00:00", b"0000-00-00", b"Mmm 00 0000"];
    let fits = |pattern: &[u8], at: usize| {
        let Some(found) = bytes.get(at..at + pattern.len()) else { return false };
        let edge = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_none_or(|byte| !byte.is_ascii_digit())
        };
        let one = |(pattern, byte): (&u8, &u8)| match pattern {
            b'0' => byte.is_ascii_digit(),
            b'M' | b'm' => byte.is_ascii_alphabetic(),
            other => byte == other,
        };
        let month = pattern[0] == b'M';
        // `__DATE__` has a blank for the first digit of a day below ten.
        let blank = |i: usize| month && i == 4 && found[4] == b' ';
        let all = pattern.iter().zip(found).enumerate().all(|(i, pair)| blank(i) || one(pair));
        all && edge(at.checked_sub(1))
            && edge(Some(at + pattern.len()))
            && (!month || MONTHS.contains(&&found[..3]))
    };
    PATTERNS.iter().any(|pattern| {
        let low = run.end.saturating_sub(pattern.len());
        (low..=run.start).any(|at| at + pattern.len() >= run.end && fits(pattern, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sort of the change from `a` to `b`, cut to what differs.
    fn told(a: &str, b: &str) -> Option<Sort> {
        let (x, y) = (a.as_bytes(), b.as_bytes());
        let prefix = x.iter().zip(y).take_while(|(x, y)| x == y).count();
        let rest = x[prefix..].iter().rev().zip(y[prefix..].iter().rev());
        let suffix = rest.take_while(|(x, y)| x == y).count();
        let (x_run, y_run) = (prefix..x.len() - suffix, prefix..y.len() - suffix);
        sort((x, &x_run), (y, &y_run), UNCUT)
    }

    #[test]
    fn paths_are_of_files_and_what_only_has_slashes_is_text() {
        for (a, b) in [
            ("/tmp/a/b.rs", "/tmp/much-longer/name/b.rs"),
            ("at src/lib.rs: bad", "at src/inner/lib.rs: bad"),
            ("C:\\build\\x.c", "C:\\other\\x.c"),
            ("/usr/local/build/app", "/usr/local2/build/app"),
            ("/src/a/main.rscalled `Option", "/src/bc/main.rscalled `Option"),
            ("/build/a/index.js", "/build/ab/index.js"),
            ("/rustc/59807616e/library", "/rustc/48807616e/library"),
            ("/mnt/me/app/target/debug/app", "/mnt/you/app/target/debug/app"),
            ("/mnt/me/a b/x.rs", "/mnt/me/a c/x.rs"),
            ("no entry at lib/x/a.c", "no entry at a.c"),
        ] {
            assert_eq!(told(a, b), Some(Sort::Path), "{a} {b}");
        }
        for (a, b) in [
            ("/api/v1/login", "/api/v2/login"),
            ("text/html", "text/xml"),
            ("a/b ratio", "a/c ratio"),
            ("no such file", "no such text"),
            ("deadbeef01234567", "feedbeef89abcdef"),
            ("/tmp/a/b.rs", "b.rs or nothing"),
            ("/tmp/a/b.rs", "c.rs"),
            ("/tmp/a/b.rs", "xb.rs"),
            ("/tmp/a/b.cfg", "b.cfg"),
            ("deny/b.rsx", "b.rsx"),
            ("/api/x.json", "/api/y.json"),
            ("/api/x.js", "/api/y.js"),
            ("/static/app.d.ts", "/static/web.d.ts"),
            ("/checkout/cart", "/checkout/basket"),
            ("/srv/items/1", "/srv/items/2"),
            ("/opt/start", "/opt/stop"),
            ("/tmp/a", "/tmp/b"),
            ("/a/x.cfg", "/a/y.cfg"),
            ("/a/x.html", "/a/y.html"),
            ("/tmp/build/%d/unit.c", "/tmp/build/%x/unit.c"),
            ("/opt/me/a.rs/deny/opt/me/b.rs", "/opt/me/a.rs/pass/opt/me/b.rs"),
            ("/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/CET"),
            ("/usr/bin/gpg", "/usr/bin/xpg"),
            ("/var/lib/app/allow.list", "/var/lib/app/block.list"),
            ("/mnt/me/.ssh/id_rsa.pub", "/mnt/me/.ssh/other.pub"),
            ("/var/app/secret.key", "/var/app/public.key"),
            ("/opt/app/lib/real.so", "/opt/app/lib/fake.so"),
            ("/opt/build/prod/key", "/opt/build/test/key"),
            ("/opt/build/app", "/opt/build/bad"),
            ("C:\\data\\a.key", "D:\\data\\a.key"),
            ("/src/a/main.rsdenied", "/src/b/main.rsallows"),
            ("deny/mnt/a/main.rs", "pass/mnt/b/main.rs"),
            ("no file: /src/a.rs", "no entry, /src/b.rs"),
        ] {
            assert_eq!(told(a, b), Some(Sort::Text), "{a} {b}");
        }
    }

    #[test]
    fn addresses_of_the_web_and_times_are_sorts_of_their_own() {
        assert_eq!(told("https://good.example/a.c", "https://evil.example/a.c"), Some(Sort::Url));
        for (a, b) in [
            ("built 12:01:59 ok", "built 12:04:07 ok"),
            ("Nov 20 2026", "Nov  3 2026"),
            ("2026-11-20T", "2026-12-01T"),
        ] {
            assert_eq!(told(a, b), Some(Sort::Timestamp), "{a} {b}");
        }
        for (a, b) in [("ratio 12:01", "ratio 13:01"), ("Nov 20 2026 x", "Nov 20 2026 y")] {
            assert_eq!(told(a, b), Some(Sort::Text), "{a} {b}");
        }
        assert_eq!(told("Xyz 20 2026", "Xyz 21 2026"), Some(Sort::Text));
        assert_eq!(told("\u{1}\u{2}", "\u{3}\u{4}"), None);
    }
}
