//! A call of WASI → the bytes that it hands to the host, as events: the bytes that `fd_write`
//! writes, and paths.
//!
//! ```text
//! vectors: for each vector   for each byte: word |= byte << 8 n   seven of them ─► event 0
//! path:    one stretch       the rest of the call                             ─► event 1
//! ```
//!
//! `instrument` writes this code into the wrapper of an imported function, before the call; the
//! table of `xref::watch` says which arguments lead to bytes that the host reads.
//!
//! 1. Vectors that follow each other are one stream: how a program cuts what it writes into vectors
//!    of one call is no difference of these events.
//! 2. The code does not trap: what lies outside of the memory ends the stream, as does
//!    [`BYTES_MAX`]. The call itself says what is wrong.
//! 3. A word is at least 2^56, so it is never taken for an address.
//!
//! Limit: memories with 64-bit addresses, and functions of other modules than
//! `wasi_snapshot_preview1`, have no such events.

use super::emit::Body;
use super::site::What;
use super::words::Word;
use crate::watch::effects::{Effect, of_name};
use prova_core::wasi::WASI_MODULE;
use prova_module::{ExternKind, FuncIdx, Module, ValType};
use wasm_encoder::{BlockType, InstructionSink, MemArg, MemArgTarget};

/// Most bytes of a stream that have events (64 MiB).
const BYTES_MAX: i64 = 64 << 20;
/// Most vectors of one call; the host takes no more.
const VECTORS_MAX: i64 = 1024;
/// Bytes of a word.
const WORD_BYTES: i64 = 7;

/// Reports the bytes that a call of an imported function hands over. The arguments are the first
/// locals.
pub(super) fn tell(body: &mut Body<'_, '_, '_>, module: &Module, func: FuncIdx) {
    let Some((_, name)) = super::func_imports(module)
        .into_iter()
        .nth(func.0 as usize)
        .filter(|(module, _)| module == WASI_MODULE)
    else {
        return;
    };
    let memory = module.export("memory").filter(|export| export.kind == ExternKind::Memory);
    let Some((memory, ty)) = memory.map(|export| export.index).and_then(|index| {
        let ty = module.memories().get(index as usize).filter(|ty| !ty.memory64)?;
        Some((index, ty))
    }) else {
        return;
    };
    let params = &module.func_type(func).params;
    let are_i32 = |all: [usize; 2]| all.iter().all(|at| params.get(*at) == Some(&ValType::I32));
    for effect in of_name(&name).unwrap_or_default() {
        let (at, len, vectors) = match *effect {
            Effect::Gathers { at, count, .. } => (at, count, true),
            Effect::Reads { at, len } => (at, len, false),
            Effect::ReadsArray { .. }
            | Effect::Scatters { .. }
            | Effect::Writes { .. }
            | Effect::Fills { .. }
            | Effect::Lists { .. } => continue,
        };
        if !are_i32([at, len]) {
            continue;
        }
        let stream = Stream::new(body, memory, ty.page_size_log2);
        match vectors {
            true => stream.vectors(at as u32, len as u32),
            false => stream.path(at as u32, len as u32),
        }
        body.free();
    }
}

/// Bytes that become words; its locals are of i64.
struct Stream<'b, 'm, 's, 'p> {
    body: &'b mut Body<'m, 's, 'p>,
    memory: u32,
    /// The size of the memory in bytes.
    size: u32,
    /// Where the next byte is, and where the stretch ends.
    at: u32,
    end: u32,
    /// The word, how many bytes it has, and how many bytes may follow.
    word: u32,
    count: u32,
    left: u32,
}

impl<'b, 'm, 's, 'p> Stream<'b, 'm, 's, 'p> {
    fn new(body: &'b mut Body<'m, 's, 'p>, memory: u32, page_log2: u32) -> Self {
        let [size, at, end, word, count, left] = [(); 6].map(|()| body.temp(ValType::I64));
        let mut to = body.to();
        to.memory_size(memory).i64_extend_i32_u().i64_const(page_log2.into()).i64_shl();
        to.local_set(size).i64_const(BYTES_MAX).local_set(left);
        to.i64_const(0).local_set(word).i64_const(0).local_set(count);
        Stream { body, memory, size, at, end, word, count, left }
    }

    /// A stretch: its start and length are arguments.
    fn path(mut self, start: u32, len: u32) {
        let (at, end) = (self.at, self.end);
        let mut to = self.body.to();
        to.block(BlockType::Empty);
        to.local_get(start).i64_extend_i32_u().local_tee(at);
        to.local_get(len).i64_extend_i32_u().i64_add().local_set(end);
        self.stretch(0);
        self.body.to().end();
        self.rest();
    }

    /// The stretches that vectors list: the address of the first and their count are arguments.
    fn vectors(mut self, first: u32, count: u32) {
        let [vector, last] = [(); 2].map(|()| self.body.temp(ValType::I64));
        let (at, end, size, memory) = (self.at, self.end, self.size, self.memory);
        let mut to = self.body.to();
        to.local_get(first).i64_extend_i32_u().local_tee(vector);
        to.local_get(count).i64_extend_i32_u().local_tee(last).i64_const(VECTORS_MAX);
        to.local_get(last).i64_const(VECTORS_MAX).i64_lt_u().select();
        to.i64_const(8).i64_mul().i64_add().local_set(last);
        to.block(BlockType::Empty).loop_(BlockType::Empty);
        to.local_get(vector).local_get(last).i64_ge_u().br_if(1);
        to.local_get(vector).i64_const(8).i64_add().local_get(size).i64_gt_u().br_if(1);
        load(&mut to, memory, vector, Bytes::Four(0));
        to.local_tee(at);
        load(&mut to, memory, vector, Bytes::Four(4));
        to.i64_add().local_set(end);
        to.local_get(vector).i64_const(8).i64_add().local_set(vector);
        self.stretch(1);
        self.body.to().br(0).end().end();
        self.rest();
    }

    /// The bytes from `at` to `end`; where the stream ends it branches out of `depth` more blocks
    /// than the one around.
    fn stretch(&mut self, depth: u32) {
        let Stream { memory, size, at, end, word, count, left, .. } = *self;
        let outer = 2 + depth;
        let mut to = self.body.to();
        to.block(BlockType::Empty).loop_(BlockType::Empty);
        to.local_get(at).local_get(end).i64_ge_u().br_if(1);
        to.local_get(at).local_get(size).i64_ge_u().br_if(outer);
        to.local_get(left).i64_eqz().br_if(outer);
        to.local_get(left).i64_const(1).i64_sub().local_set(left);
        to.local_get(word);
        load(&mut to, memory, at, Bytes::One);
        to.local_get(count).i64_const(8).i64_mul().i64_shl().i64_or().local_set(word);
        to.local_get(at).i64_const(1).i64_add().local_set(at);
        to.local_get(count).i64_const(1).i64_add().local_tee(count);
        to.i64_const(WORD_BYTES).i64_eq().if_(BlockType::Empty);
        self.full(0);
        self.body.to().end().br(0).end().end();
    }

    /// The last bytes.
    fn rest(mut self) {
        let count = self.count;
        self.body.to().local_get(count).i64_eqz().i32_eqz().if_(BlockType::Empty);
        self.full(1);
        self.body.to().end();
    }

    /// Reports the word, and begins the next one.
    fn full(&mut self, nth: u32) {
        let Stream { word, count, .. } = *self;
        let mut to = self.body.to();
        to.local_get(word).local_get(count).i64_const(56).i64_shl().i64_or().local_set(word);
        let told = Word::Local { local: word, ty: ValType::I64, high: false };
        self.body.event(What::HostBytes(nth), told, Word::Number(0));
        let mut to = self.body.to();
        to.i64_const(0).local_set(word).i64_const(0).local_set(count);
    }
}

/// The width of a load.
enum Bytes {
    One,
    /// At this distance.
    Four(u64),
}

/// Loads from an address in a local of i64.
fn load(to: &mut InstructionSink<'_>, memory: u32, at: u32, bytes: Bytes) {
    let target = MemArgTarget::Memory(memory);
    let memarg = |offset| MemArg { offset, align: 0, target, ordering: None };
    to.local_get(at).i32_wrap_i64();
    match bytes {
        Bytes::One => to.i64_load8_u(memarg(0)),
        Bytes::Four(offset) => to.i64_load32_u(memarg(offset)),
    };
}
