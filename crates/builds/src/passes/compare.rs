//! Two logs → for each function the first pass after which it differs, in text and in structure,
//! and whether that heals.
//!
//! ```text
//! log A ─ record ─┐ parts, in batches
//!                 ├─► equal in their function: counted and forgotten ─► the rest ─► align ─► Difference ─► Cluster
//! log B ─ record ─┘
//! ```
//!
//! [`record`](super::record) runs on one thread for each log. Functions are aligned each by itself,
//! for the order in which passes come to functions may differ.
//!
//! 1. Memory: of each function the parts after its first difference, those that the other log has
//!    yet to bring, at most [`PARTS_MAX`] for each log, and names. Later parts are not read, and
//!    [`Comparison::limited`] says so.
//! 2. Differences are in the order of log A; clusters are in the order of their first differences.
//!    Nothing depends on the order of a hash map.
//! 3. A part of a cut dump is not compared.
//!
//! `tests/passes.rs` has the case of two loops, healed differences, and logs of each format.

use super::align::align;
use super::hash;
use super::record::{Form, MODULE, Names, Part, record};
use super::scan::Ending;
use anyhow::{Result, anyhow};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Maximum number of parts of each log that are kept: of functions that differ, or that the logs
/// have in another order.
pub const PARTS_MAX: usize = 1 << 19;

const BATCH: usize = 1024;

/// The equal parts and the differences of two logs.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// How each log ended, A and B.
    pub endings: [Ending; 2],
    /// How many parts were equal, in each function up to its first difference.
    pub equal: u64,
    /// The most parts of one log that were kept at a time.
    pub kept_max: usize,
    /// Functions that differ, by their first difference in A.
    pub differences: Vec<Difference>,
    /// The differences by the pass that they begin at.
    pub clusters: Vec<Cluster>,
    /// Functions that only A, only B has.
    pub only: [Vec<String>; 2],
    /// One log was longer than what is kept.
    pub limited: bool,
}

/// A function that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its name.
    pub function: String,
    /// The first pass after which the texts differ.
    pub textual: Option<Divergence>,
    /// The first pass after which the structures differ.
    pub structural: Option<Divergence>,
    /// Its fate in the later passes.
    pub fate: Fate,
    /// Passes that ran on one side only: how many on A and B, and the first one.
    pub unpaired: [usize; 2],
    /// The first of them, and on which side.
    pub first_unpaired: Option<(Side, String)>,
}

/// One of two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

/// Two parts that should be equal.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The pass.
    pub pass: String,
    /// The part in A.
    pub a: Part,
    /// The part in B.
    pub b: Part,
}

/// How a difference ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The last dumps of the function differ in structure.
    Stays,
    /// The last dumps differ, but in names only.
    StaysInText,
    /// From this pass on, the texts are equal again.
    Healed(String),
    /// A log was cut or limited.
    Unknown,
}

/// Functions whose difference begins at one pass.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The pass.
    pub pass: String,
    /// It changes structure, not only names.
    pub structural: bool,
    /// Indices into [`Comparison::differences`].
    pub members: Vec<usize>,
}

impl Comparison {
    /// Nothing differs.
    pub fn equal(&self) -> bool {
        self.differences.is_empty() && self.only.iter().all(Vec::is_empty)
    }

    /// A log was cut, or there was more than was compared.
    pub fn partial(&self) -> bool {
        self.limited || self.endings.iter().any(|ending| ending.cut)
    }

    /// There are differences, but every function ends with equal dumps.
    pub fn healed(&self) -> bool {
        let healed = |difference: &Difference| matches!(difference.fate, Fate::Healed(_));
        !self.equal() && self.only.iter().all(Vec::is_empty) && self.differences.iter().all(healed)
    }

    /// The difference that comes first in A, of structure before one of names at the same place.
    pub fn first(&self) -> Option<&Difference> {
        self.differences.first()
    }
}

impl Difference {
    /// Where the difference is to be looked at: the first of structure, or else of text.
    pub fn main(&self) -> Option<&Divergence> {
        self.structural.as_ref().or(self.textual.as_ref())
    }
}

/// Compares two logs.
///
/// # Errors
/// If one cannot be read, or several threads have written it; the error says which.
pub fn compare(a: &mut (impl Read + Send), b: &mut (impl Read + Send)) -> Result<Comparison> {
    compare_up_to(a, b, PARTS_MAX)
}

/// [`compare`] with another limit than [`PARTS_MAX`].
///
/// # Errors
/// As with [`compare`].
pub fn compare_up_to(
    a: &mut (impl Read + Send),
    b: &mut (impl Read + Send),
    parts_max: usize,
) -> Result<Comparison> {
    let (to_a, from_a) = sync_channel(4);
    let (to_b, from_b) = sync_channel(4);
    thread::scope(|scope| {
        let reader_a = scope.spawn(|| feed(a, to_a));
        let reader_b = scope.spawn(|| feed(b, to_b));
        let gathered = gather(Stream::new(from_a), Stream::new(from_b), parts_max);
        let joined = |reader: thread::ScopedJoinHandle<'_, Result<(Names, Ending)>>, name: &str| {
            let read = reader.join().map_err(|_| anyhow!("the reader of log {name} has died"))?;
            read.map_err(|error| error.context(format!("log {name} cannot be compared")))
        };
        let (mut names, ending_a) = joined(reader_a, "A")?;
        let (names_b, ending_b) = joined(reader_b, "B")?;
        names.join(names_b);
        Ok(conclude(gathered, &names, [ending_a, ending_b]))
    })
}

/// Records a log into the channel, in batches; ends early if no one listens any more.
fn feed(log: &mut impl Read, channel: SyncSender<Vec<Part>>) -> Result<(Names, Ending)> {
    let mut batch = Vec::with_capacity(BATCH);
    let recorded = record(log, &mut |part| {
        batch.push(part);
        if batch.len() < BATCH {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
        channel.send(full).map_or(ControlFlow::Break(()), ControlFlow::Continue)
    })?;
    // If no one listens, the batch is not wanted.
    channel.send(batch).ok();
    Ok(recorded)
}

struct Stream {
    channel: Receiver<Vec<Part>>,
    batch: std::vec::IntoIter<Part>,
}

impl Stream {
    fn new(channel: Receiver<Vec<Part>>) -> Self {
        Self { channel, batch: Vec::new().into_iter() }
    }
}

impl Iterator for Stream {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        loop {
            if let Some(part) = self.batch.next() {
                return Some(part);
            }
            self.batch = self.channel.recv().ok()?.into_iter();
        }
    }
}

struct Gathered {
    equal: u64,
    parts: [Vec<Part>; 2],
    kept_max: usize,
    limited: bool,
}

/// The parts of a function that one log has had and the other has not, yet.
#[derive(Default)]
struct Pending([VecDeque<Part>; 2]);

impl Pending {
    /// Forgets what is equal at the front; how many pairs that was.
    fn cancel(&mut self) -> usize {
        let Self([a, b]) = self;
        let equal = a.iter().zip(&*b).take_while(|(a, b)| same(a, b)).count();
        a.drain(..equal);
        b.drain(..equal);
        equal
    }
}

/// Drops what is equal, function by function; keeps the rest. Both channels are drained in turn, so
/// no reader waits for the other.
fn gather(mut a: Stream, mut b: Stream, parts_max: usize) -> Gathered {
    let mut pending: HashMap<u64, Pending> = HashMap::new();
    let mut kept = [0; 2];
    let mut gathered =
        Gathered { equal: 0, parts: [Vec::new(), Vec::new()], kept_max: 0, limited: false };
    loop {
        let next = [a.next(), b.next()];
        if let [Some(a), Some(b)] = &next
            && same(a, b)
            && !pending.contains_key(&a.function)
        {
            gathered.equal += 1;
            continue;
        }
        if next == [None, None] {
            break;
        }
        for (side, part) in next.into_iter().enumerate() {
            let Some(part) = part else { continue };
            let of_function = pending.entry(part.function).or_default();
            of_function.0[side].push_back(part);
            kept[side] += 1;
            let equal = of_function.cancel();
            gathered.equal += equal as u64;
            kept = kept.map(|kept| kept - equal);
            if of_function.0.iter().all(VecDeque::is_empty) {
                pending.remove(&part.function);
            }
        }
        let most = kept[0].max(kept[1]);
        gathered.kept_max = gathered.kept_max.max(most);
        if most >= parts_max {
            gathered.limited = true;
            break;
        }
    }
    for Pending(sides) in pending.into_values() {
        for (parts, of_function) in gathered.parts.iter_mut().zip(sides) {
            parts.extend(of_function);
        }
    }
    // A function has one part in a dump, or several in their order.
    for parts in &mut gathered.parts {
        parts.sort_by_key(|part| (part.place.dump, part.function));
    }
    gathered
}

fn same(a: &Part, b: &Part) -> bool {
    (a.pass, a.function, a.text) == (b.pass, b.function, b.text)
}

fn conclude(gathered: Gathered, names: &Names, endings: [Ending; 2]) -> Comparison {
    let Gathered { equal, parts: [mut a, mut b], kept_max, mut limited } = gathered;
    for (parts, ending) in [(&mut a, &endings[0]), (&mut b, &endings[1])] {
        if ending.cut {
            // The last dump of a cut log is not whole (invariant 3).
            while parts.last().is_some_and(|part| part.place.dump + 1 == ending.dumps) {
                parts.pop();
            }
        }
    }
    limited &= a.len().max(b.len()) > 0;
    let partial = limited || endings.iter().any(|ending| ending.cut);
    let (by_a, by_b) = (by_function(&a), by_function(&b));
    let mut only = [Vec::new(), Vec::new()];
    let mut differences = Vec::new();
    for (&function, places) in &by_a {
        let Some(others) = by_b.get(&function) else {
            only[0].push((a[places[0] as usize].place.dump, function));
            continue;
        };
        let of_a: Vec<Part> = places.iter().map(|&at| a[at as usize]).collect();
        let of_b: Vec<Part> = others.iter().map(|&at| b[at as usize]).collect();
        differences.extend(difference(function, &of_a, &of_b, names, partial));
    }
    for (&function, places) in by_b.iter().filter(|(function, _)| !by_a.contains_key(function)) {
        only[1].push((b[places[0] as usize].place.dump, function));
    }
    let module = hash::of_name(MODULE.as_bytes());
    differences.sort_by_key(|(dump, function, _)| (*dump, *function == module, *function));
    let differences: Vec<Difference> =
        differences.into_iter().map(|(.., difference)| difference).collect();
    let only = only.map(|mut list| {
        // A function that a cut or limited log has not reached is no difference.
        if partial {
            list.clear();
        }
        list.sort_unstable();
        list.into_iter().map(|(_, function)| names.of(function)).collect()
    });
    let clusters = cluster(&differences);
    Comparison { endings, equal, kept_max, differences, clusters, only, limited }
}

fn by_function(parts: &[Part]) -> BTreeMap<u64, Vec<u32>> {
    let mut functions: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        functions.entry(part.function).or_default().push(at as u32);
    }
    functions
}

/// The difference of a function, its number and the dump of A where the difference begins.
fn difference(
    function: u64,
    a: &[Part],
    b: &[Part],
    names: &Names,
    partial: bool,
) -> Option<(u64, u64, Difference)> {
    let keys = |parts: &[Part]| parts.iter().map(|part| part.pass).collect::<Vec<_>>();
    let pairs = align(&keys(a), &keys(b));
    let mut unpaired = [a.len() - pairs.len(), b.len() - pairs.len()];
    let mut first_unpaired = unpaired_first(a, b, &pairs, names);
    if partial {
        // A log says nothing about parts that it has not reached; only those before the last pair
        // count.
        let (end_a, end_b) = pairs.last().map_or((0, 0), |&(i, j)| (i + 1, j + 1));
        unpaired = [end_a - pairs.len(), end_b - pairs.len()];
        first_unpaired = unpaired_first(&a[..end_a], &b[..end_b], &pairs, names);
    }
    let divergence =
        |&(i, j): &(usize, usize)| Divergence { pass: names.of(a[i].pass), a: a[i], b: b[j] };
    let textual = pairs.iter().find(|&&(i, j)| a[i].text != b[j].text).map(divergence);
    let structural = pairs.iter().find(|&&(i, j)| a[i].structure != b[j].structure).map(divergence);
    if textual.is_none() && first_unpaired.is_none() {
        return None;
    }
    let begins = match (&textual, unpaired_place(a, b, &pairs)) {
        (Some(textual), _) => textual.a.place.dump,
        (None, Some(dump)) => dump,
        (None, None) => 0,
    };
    let fate = fate(a, b, &pairs, names, partial);
    let function_name = names.of(function);
    let difference =
        Difference { function: function_name, textual, structural, fate, unpaired, first_unpaired };
    Some((begins, function, difference))
}

/// The fate of a difference. Dumps without a body say nothing about it, nor does the intermediate
/// representation once there is machine code.
fn fate(a: &[Part], b: &[Part], pairs: &[(usize, usize)], names: &Names, partial: bool) -> Fate {
    let is = |form: Form, (i, j): (usize, usize)| a[i].form == form || b[j].form == form;
    let machine = pairs.iter().position(|&pair| is(Form::Machine, pair)).unwrap_or(pairs.len());
    let ir = pairs[..machine].iter().filter(|&&pair| is(Form::Ir, pair));
    let code = pairs[machine..].iter().filter(|&&pair| is(Form::Machine, pair));
    let told: Vec<_> = ir.chain(code).copied().collect();
    let Some(&(i, j)) = told.last() else {
        return if partial { Fate::Unknown } else { Fate::Stays };
    };
    let differs = told.iter().rposition(|&(i, j)| a[i].text != b[j].text);
    match differs.map(|at| told.get(at + 1)) {
        _ if partial => Fate::Unknown,
        // Passes differ, but no dump does.
        None => Fate::Healed(names.of(a[i].pass)),
        Some(Some(&(from, _))) => Fate::Healed(names.of(a[from].pass)),
        Some(None) if a[i].structure == b[j].structure => Fate::StaysInText,
        Some(None) => Fate::Stays,
    }
}

fn unpaired_first(
    a: &[Part],
    b: &[Part],
    pairs: &[(usize, usize)],
    names: &Names,
) -> Option<(Side, String)> {
    let step = pairs.iter().zip(0..).take_while(|&(&pair, at)| pair == (at, at)).count();
    let pair = pairs.get(step).copied();
    let (next_a, next_b) = pair.unwrap_or((a.len(), b.len()));
    if next_a > step {
        return Some((Side::A, names.of(a[step].pass)));
    }
    (next_b > step).then(|| (Side::B, names.of(b[step].pass)))
}

fn unpaired_place(a: &[Part], b: &[Part], pairs: &[(usize, usize)]) -> Option<u64> {
    let step = pairs.iter().zip(0..).take_while(|&(&pair, at)| pair == (at, at)).count();
    a.get(step).or(b.get(step)).map(|part| part.place.dump)
}

fn cluster(differences: &[Difference]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut known: HashMap<(String, bool), usize> = HashMap::new();
    for (at, difference) in differences.iter().enumerate() {
        let pass = match (difference.main(), &difference.first_unpaired) {
            (Some(divergence), _) => divergence.pass.clone(),
            (None, Some((_, pass))) => pass.clone(),
            (None, None) => continue,
        };
        let structural = difference.structural.is_some() || difference.textual.is_none();
        let cluster = *known.entry((pass.clone(), structural)).or_insert_with(|| {
            clusters.push(Cluster { pass, structural, members: Vec::new() });
            clusters.len() - 1
        });
        clusters[cluster].members.push(at);
    }
    clusters
}
