//! A module and what was made of it → which function was made for which request.
//!
//! ```text
//! Module ─ Requests ─► slots ─┐
//!                             ├─ what stands in the slot, in table 0 ─► Pair, …
//! specialised Module ─ Image ─┘
//! ```
//!
//! It reads the contract that any specialiser keeps: the slot of a request holds the index in
//! table 0 of its function, or 0. So it tells nothing of how that function was made.

use super::error::Error;
use super::image::Image;
use super::intrinsic::Intrinsics;
use super::request::{Argument, Requests, Table};
use prova_module::{FuncIdx, Module};

/// A request and its function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The function, in the specialised module.
    pub func: FuncIdx,
    /// The generic function, in the module that it was made of.
    pub generic: FuncIdx,
    /// The bits of the request's globals; `None` of one that is not constant.
    pub globals: Vec<Option<u64>>,
}

/// The functions of a specialised module that were made for the requests of a module, by the
/// addresses of their slots.
///
/// # Errors
/// If requests, or what stands in their slots, cannot be read.
pub fn pairs(module: &Module, specialized: &Module) -> Result<Vec<Pair>, Error> {
    let requests = Requests::read(module, &Image::of(module)?)?;
    let first = module.func_count() - Intrinsics::find(module)?.count();
    let image = Image::of(specialized)?;
    let table = Table::of(specialized).map_err(|why| Error::Requests(why.to_string()))?;
    let mut all = Vec::new();
    for (asked, request) in requests.all {
        let index = image.u32(asked.slot).filter(|index| *index != 0);
        // A function that was there before is not a specialised one.
        let func = index.and_then(|index| table.func(index));
        let func = func.filter(|func| func.index() >= first);
        let (Some(func), Ok(request)) = (func, request) else { continue };
        let globals = request.globals.iter().map(|argument| match argument {
            Argument::Constant(_, bits) => Some(*bits),
            Argument::Runtime | Argument::Buffer(_) => None,
        });
        let (generic, globals) = (request.func, globals.collect());
        // Requests may share a function.
        let one = Pair { func, generic, globals };
        if all.iter().all(|other: &Pair| other.func != func) {
            all.push(one);
        }
    }
    Ok(all)
}
