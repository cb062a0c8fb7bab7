//! Requests: records in the program's memory that name a function, constant arguments and where the
//! specialised function goes → [`Request`]s.
//!
//! ```text
//! export weval.pending.head ─► address of the list's head ─ Image ─► weval_req_t … ─► Request, …
//! ```
//!
//! The layout is weval 0.5.1's, from its header:
//!
//! * a record has 32 bytes: next, prev, user_id, num_globals, func, argbuf, arglen, specialized;
//! * arguments are entries of 16 bytes {specialize, type, value}; a buffer's bytes follow its
//!   entry, padded. The first `num_globals` are the request's globals, the others the function's
//!   parameters in order.
//!
//! Requests are in the order of their slots, the addresses that they write to, each slot once: of
//! several records for one slot the first in the list counts, as in weval, which was requested
//! last; the others are reported in notes. A record without a slot is refused.
//!
//! A result lies on no other result, record, list's head or flag (`weval.is.wevaled`): each of
//! those is written, and what was written last would stay.
//!
//! Limits: [`REQUESTS_MAX`] records, [`ARGUMENT_BYTES_MAX`] of arguments each and
//! [`ALL_ARGUMENT_BYTES_MAX`] together, counted before any is copied. A list that ends in itself,
//! or leads out of memory, is an error; a record that does not fit its function is refused by
//! itself.

use super::error::{Error, Fault, Refused};
use super::image::Image;
use prova_module::{
    ConstOp, ElementItems, ElementKind, ExternKind, FuncIdx, GlobalIdx, Module, Opcode, Operator,
    TableIdx, ValType,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most records: each takes two data segments of the result, which has 100,000 at most.
pub const REQUESTS_MAX: usize = 49_000;
/// The most bytes of arguments of one record.
pub const ARGUMENT_BYTES_MAX: u32 = 16 << 20;
/// The most bytes of arguments of all records together; records may share them.
pub const ALL_ARGUMENT_BYTES_MAX: u64 = 64 << 20;

/// The bytes of a record.
const RECORD_BYTES: u32 = 32;

/// How a request is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Its slot: where the new function's index in table 0 is stored; 0 if it has none.
    pub slot: u32,
    /// The program's own number for it.
    pub id: u32,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked { slot: 0, id } => write!(f, "request without a slot (id {id})"),
            Asked { slot, id } => write!(f, "request for slot {slot:#x} (id {id})"),
        }
    }
}

/// Fact about an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing: it comes at run time.
    Runtime,
    /// It is these bits, of this type.
    Constant(ValType, u64),
    /// It points to these bytes.
    Buffer(Vec<u8>),
}

/// A function to be specialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The program's own number for it.
    pub id: u32,
    /// The generic function.
    pub func: FuncIdx,
    /// The request's globals.
    pub globals: Vec<Argument>,
    /// The parameters of the function.
    pub params: Vec<Argument>,
    /// Where the new function's index in table 0 is stored.
    pub slot: u32,
}

/// The module's requests, and what its memory must become.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    /// The requests in the order of their slots; why a record is none.
    pub(crate) all: Vec<(Asked, Result<Request, Refused>)>,
    /// Records that do not count, because a later one names the same slot.
    pub(crate) notes: Vec<(Asked, String)>,
    /// Bytes of the image that change whether requests are refused or not.
    pub(crate) patches: BTreeMap<u32, Vec<u8>>,
}

impl Requests {
    /// Reads the requests of a module.
    ///
    /// # Errors
    /// If what there is cannot be read.
    pub(crate) fn read(module: &Module, image: &Image) -> Result<Requests, Error> {
        let mut requests = Requests::default();
        let flag = address(module, "weval.is.wevaled")?;
        if let Some(flag) = flag {
            if image.bytes(flag, 1).is_none() {
                let what = format!("`weval.is.wevaled` at {flag:#x} is not in memory");
                return Err(Error::Requests(what));
            }
            requests.patches.insert(flag, vec![1]);
        }
        let apart = |at: u32, len: u32| match flag {
            Some(flag) if flag.wrapping_sub(at) < len => Err(Error::Requests(format!(
                "`weval.is.wevaled` at {flag:#x} lies on what is at {at:#x}"
            ))),
            Some(_) | None => Ok(()),
        };
        let Some(head) = address(module, "weval.pending.head")? else {
            return Ok(requests);
        };
        let outside = |at: u32| Error::Requests(format!("a record at {at:#x} is not in memory"));
        let table = Table::of(module);
        let (mut seen, mut room) = (BTreeSet::new(), ALL_ARGUMENT_BYTES_MAX);
        let mut at = image.u32(head).ok_or_else(|| outside(head))?;
        apart(head, 4)?;
        requests.patches.insert(head, vec![0; 4]);
        while at != 0 {
            if !seen.insert(at) {
                return Err(Error::Requests("it has no end".to_owned()));
            }
            if seen.len() > REQUESTS_MAX {
                return Err(Error::Requests(format!("more than {REQUESTS_MAX} records")));
            }
            apart(at, RECORD_BYTES)?;
            let record = image.bytes(at, RECORD_BYTES).ok_or_else(|| outside(at))?;
            let word = |number: usize| {
                let bytes = &record[4 * number..4 * number + 4];
                u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
            };
            requests.patches.insert(at, vec![0; 8]);
            let asked = Asked { slot: word(7), id: word(2) };
            let request = table
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|table| Request::read(module, image, table, &word, &mut room));
            let request = match image.u32(asked.slot) {
                Some(_) if asked.slot != 0 => request,
                Some(_) => Err(Refused::new(Fault::Request, "`specialized` of its record is 0")),
                None => Err(Refused::new(Fault::Request, "its result goes nowhere in memory")),
            };
            requests.all.push((asked, request));
            at = word(0);
        }
        requests.once_each();
        requests.refuse_overlaps(&seen);
        Ok(requests)
    }

    /// Orders the requests by their slots; of those for one slot the first stays, which was
    /// requested last.
    fn once_each(&mut self) {
        self.all.sort_by_key(|(asked, _)| asked.slot);
        let notes = &mut self.notes;
        self.all.dedup_by(|(asked, _), (kept, _)| {
            let is_again = asked.slot == kept.slot && asked.slot != 0;
            if is_again {
                let what = "nothing is made for it: a later request names the same slot";
                notes.push((*asked, format!("{what} (id {})", kept.id)));
            }
            is_again
        });
    }

    /// Refuses requests whose results lie on what else is written, or on a record.
    fn refuse_overlaps(&mut self, records: &BTreeSet<u32>) {
        let slots: BTreeSet<u32> = self.all.iter().map(|(asked, _)| asked.slot).collect();
        for (asked, request) in self.all.iter_mut().filter(|(asked, _)| asked.slot != 0) {
            let slot = asked.slot;
            let behind = slot.saturating_add(4);
            let other = slots.range(slot.saturating_sub(3)..behind).find(|&&at| at != slot);
            let record = records.range(slot.saturating_sub(RECORD_BYTES - 1)..behind).next();
            let mut before = self.patches.range(slot.saturating_sub(RECORD_BYTES)..behind);
            let patch = before.find(|(at, bytes)| **at as usize + bytes.len() > slot as usize);
            let what = match (other, record, patch) {
                (Some(at), ..) => format!("overlaps that of another request at {at:#x}"),
                (None, Some(at), _) => format!("lies on the record at {at:#x}"),
                (None, None, Some((at, _))) => {
                    format!("lies on the list's head or `weval.is.wevaled` at {at:#x}")
                }
                (None, None, None) => continue,
            };
            if request.is_ok() {
                let what = format!("the place of its result, {slot:#x}, {what}");
                *request = Err(Refused::new(Fault::Request, what));
            }
        }
    }
}

impl Request {
    /// The bytes that a parameter points to, if they are constant.
    pub(crate) fn buffer(&self, param: u32) -> Option<&[u8]> {
        match self.params.get(param as usize)? {
            Argument::Buffer(bytes) => Some(bytes),
            Argument::Runtime | Argument::Constant(..) => None,
        }
    }

    fn read(
        module: &Module,
        image: &Image,
        table: &Table,
        word: &dyn Fn(usize) -> u32,
        room: &mut u64,
    ) -> Result<Request, Refused> {
        let refused = |what: String| Refused::new(Fault::Request, what);
        let (id, count, slot) = (word(2), word(3), word(7));
        let func = table.func(word(4)).ok_or_else(|| {
            refused(format!("table 0 has no function at {} that is known", word(4)))
        })?;
        if module.body(func).is_none() {
            return Err(refused(format!("{func} is imported")));
        }
        if word(6) > ARGUMENT_BYTES_MAX {
            return Err(refused(format!("{} bytes of arguments", word(6))));
        }
        *room = room.checked_sub(word(6).into()).ok_or_else(|| {
            let most = ALL_ARGUMENT_BYTES_MAX;
            let what = format!("more than {most} bytes of arguments of all requests together");
            Refused::new(Fault::Limit, what)
        })?;
        let bytes = image.bytes(word(5), word(6));
        let bytes = bytes.ok_or_else(|| refused("its arguments are not in memory".to_owned()))?;
        let mut all = arguments(&bytes).map_err(refused)?;
        let types = &module.func_type(func).params;
        // As in weval, parameters without an entry are the run's.
        let most = (count as usize).saturating_add(types.len());
        if all.len() < count as usize || all.len() > most {
            let (found, wanted) = (all.len(), types.len());
            let what =
                format!("{found} arguments for {wanted} parameters of {func} and {count} globals");
            return Err(refused(what));
        }
        let mut params = all.split_off(count as usize);
        params.resize(types.len(), Argument::Runtime);
        for (number, (param, &ty)) in params.iter().zip(types).enumerate() {
            let fits = match param {
                Argument::Runtime => true,
                Argument::Constant(found, _) => *found == ty,
                Argument::Buffer(_) => ty == ValType::I32,
            };
            if !fits {
                return Err(refused(format!("argument {number} is no {ty}")));
            }
        }
        Ok(Request { id, func, globals: all, params, slot })
    }
}

/// The entries of a buffer of arguments.
fn arguments(mut bytes: &[u8]) -> Result<Vec<Argument>, String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Some((entry, rest)) = bytes.split_at_checked(16) else {
            return Err("its arguments end in the middle of one".to_owned());
        };
        bytes = rest;
        let word = |at: usize| {
            u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
        };
        let (short, long) = (u64::from(word(8)), u64::from(word(8)) | u64::from(word(12)) << 32);
        let argument = match word(4) {
            0 => Argument::Constant(ValType::I32, short),
            1 => Argument::Constant(ValType::I64, long),
            2 => Argument::Constant(ValType::F32, short),
            3 => Argument::Constant(ValType::F64, long),
            4 => {
                let (len, padded) = (word(8) as usize, word(12) as usize);
                let Some((contents, rest)) = bytes.split_at_checked(padded) else {
                    return Err("a buffer is longer than its arguments".to_owned());
                };
                bytes = rest;
                let contents = contents.get(..len).ok_or("a buffer is longer than its padding")?;
                Argument::Buffer(contents.to_vec())
            }
            255 => Argument::Runtime,
            other => return Err(format!("there is no type {other} of arguments")),
        };
        all.push(if word(0) == 0 { Argument::Runtime } else { argument });
    }
    Ok(all)
}

/// The initial content of table 0.
pub(crate) struct Table {
    funcs: BTreeMap<u32, FuncIdx>,
}

impl Table {
    pub(crate) fn of(module: &Module) -> Result<Table, Refused> {
        let mut funcs = BTreeMap::new();
        for element in module.elements() {
            let ElementKind::Active { table: TableIdx(0), offset } = &element.kind else {
                continue;
            };
            let Some(at) = crate::ask::image::constant(offset) else {
                let what = "a segment of table 0 has an offset that is no constant";
                return Err(Refused::new(Fault::Unsupported, what));
            };
            match &element.items {
                ElementItems::Funcs(items) => {
                    funcs.extend((at..).zip(items.iter().copied()));
                }
                ElementItems::Exprs(_, exprs) => {
                    for (at, expr) in (at..).zip(exprs.iter()) {
                        match expr.ops() {
                            [ConstOp::RefFunc(func)] => funcs.insert(at, *func),
                            _other => funcs.remove(&at),
                        };
                    }
                }
            }
        }
        Ok(Table { funcs })
    }

    pub(crate) fn func(&self, index: u32) -> Option<FuncIdx> {
        self.funcs.get(&index).copied()
    }
}

/// Whether a module is what a specialiser has made: it says so itself.
///
/// # Errors
/// If its memory cannot be read.
pub fn is_specialized(module: &Module) -> Result<bool, Error> {
    let Some(flag) = address(module, "weval.is.wevaled")? else { return Ok(false) };
    let byte = Image::of(module)?.bytes(flag, 1);
    Ok(byte.is_some_and(|byte| byte != [0]))
}

/// Why an export that calls something is no address: mostly a linker has wrapped it.
fn called(name: &str) -> Error {
    Error::Requests(format!(
        "export `{name}` is no function of an address: it calls another function. The linker puts \
         such calls into all exports of a command that never calls its constructors itself: let \
         the initialiser begin with `__wasm_call_ctors()`"
    ))
}

/// The address that an exported function returns, which must do nothing else; `None` if there is
/// no such export. Read, not run: constants, immutable globals that are constants (code that may
/// lie anywhere adds its base), and sums of these.
fn address(module: &Module, name: &str) -> Result<Option<u32>, Error> {
    let Some(export) = module.export(name) else { return Ok(None) };
    let refused = || Error::Requests(format!("export `{name}` is no function of an address"));
    if export.kind != ExternKind::Func {
        return Err(refused());
    }
    let func = FuncIdx(export.index);
    let ty = module.func_type(func);
    let body = module.body(func).ok_or_else(refused)?;
    if !ty.params.is_empty() || &*ty.results != [ValType::I32].as_slice() {
        return Err(refused());
    }
    let (mut stack, mut reader): (Vec<u32>, _) = (Vec::new(), body.operators());
    while let Ok(operator) = reader.read() {
        match operator {
            Operator::Call { .. } => return Err(called(name)),
            Operator::I32Const { value } => stack.push(value as u32),
            Operator::GlobalGet { global_index } => {
                let global = GlobalIdx(global_index);
                let kept = module.global(global).filter(|global| !global.mutable);
                let init = kept.and_then(|_| module.global_init(global)).ok_or_else(refused)?;
                stack.push(crate::ask::image::constant(init).ok_or_else(refused)?);
            }
            Operator::I32Add => {
                let (b, a) = (stack.pop(), stack.pop());
                stack.push(a.zip(b).map(|(a, b)| a.wrapping_add(b)).ok_or_else(refused)?);
            }
            ref op if matches!(Opcode::of(op), Opcode::End | Opcode::Return) => {
                return stack.pop().map(Some).ok_or_else(refused);
            }
            _other => break,
        }
    }
    Err(refused())
}
