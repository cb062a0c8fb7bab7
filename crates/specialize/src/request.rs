//! Requests: records in the program's memory that name a function, constant arguments and where the
//! specialised function goes → [`Request`]s.
//!
//! ```text
//! export weval.pending.head ─► address of the list's head ─ Image ─► weval_req_t … ─► Request, …
//! ```
//!
//! The layout is that of weval 0.5.1's header:
//!
//! * a record has 32 bytes: next, prev, user_id, num_globals, func, argbuf, arglen, specialized;
//! * arguments are entries of 16 bytes {specialize, type, value}; a buffer's bytes follow its
//!   entry, padded. The first `num_globals` are the request's globals, the others the function's
//!   parameters in order.
//!
//! Requests are in the order of the addresses that they write to, each address once (of several
//! records for one address the first in the list counts, which was requested last).
//!
//! Limits: [`REQUESTS_MAX`] records, [`ARGUMENT_BYTES_MAX`] of arguments each. A list that ends in
//! itself, or leads out of memory, is an error; a record that does not fit its function is refused
//! by itself.

use crate::error::{Error, Fault, Refused};
use crate::image::Image;
use prova_module::{
    ConstOp, ElementItems, ElementKind, ExternKind, FuncIdx, Module, Opcode, Operator, TableIdx,
    ValType,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most records.
pub const REQUESTS_MAX: usize = 100_000;
/// The most bytes of arguments of one record.
pub const ARGUMENT_BYTES_MAX: u32 = 16 << 20;

/// What is known of an argument.
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
    pub(crate) all: Vec<(u32, Result<Request, Refused>)>,
    /// Bytes of the image that change whatever becomes of the requests.
    pub(crate) patches: BTreeMap<u32, Vec<u8>>,
}

impl Requests {
    /// Reads the requests of a module.
    ///
    /// # Errors
    /// If what there is cannot be read.
    pub(crate) fn read(module: &Module, image: &Image) -> Result<Requests, Error> {
        let mut requests = Requests::default();
        if let Some(flag) = address(module, "weval.is.wevaled")? {
            requests.patches.insert(flag, vec![1]);
        }
        let Some(head) = address(module, "weval.pending.head")? else {
            return Ok(requests);
        };
        let outside = |at: u32| Error::Requests(format!("a record at {at:#x} is not in memory"));
        let table = Table::of(module);
        let mut seen = BTreeSet::new();
        let mut slots: BTreeMap<u32, Result<Request, Refused>> = BTreeMap::new();
        let mut at = image.u32(head).ok_or_else(|| outside(head))?;
        requests.patches.insert(head, vec![0; 4]);
        while at != 0 {
            if !seen.insert(at) || seen.len() > REQUESTS_MAX {
                return Err(Error::Requests("it has no end".to_owned()));
            }
            let record = image.bytes(at, 32).ok_or_else(|| outside(at))?;
            let word = |number: usize| {
                let bytes = &record[4 * number..4 * number + 4];
                u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
            };
            requests.patches.insert(at, vec![0; 8]);
            let slot = word(7);
            let request = table
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|table| Request::read(module, image, table, &word));
            let request = match image.u32(slot) {
                Some(_) => request,
                None => Err(Refused::new(Fault::Request, "its result goes nowhere in memory")),
            };
            slots.entry(slot).or_insert(request);
            at = word(0);
        }
        requests.all = slots.into_iter().collect();
        Ok(requests)
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
        let bytes = image.bytes(word(5), word(6));
        let bytes = bytes.ok_or_else(|| refused("its arguments are not in memory".to_owned()))?;
        let mut all = arguments(&bytes).map_err(refused)?;
        let types = &module.func_type(func).params;
        if all.len() != count as usize + types.len() {
            let (found, wanted) = (all.len(), types.len());
            let what =
                format!("{found} arguments for {wanted} parameters of {func} and {count} globals");
            return Err(refused(what));
        }
        let params = all.split_off(count as usize);
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

/// What table 0 starts with.
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
            let Some(at) = crate::image::constant(offset) else {
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

/// The address that an exported function returns, which must do nothing else; `None` if there is
/// no such export. Read, not run: `i32.const`, and perhaps `i32.const`, `i32.add` behind it.
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
            Operator::I32Const { value } => stack.push(value as u32),
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
