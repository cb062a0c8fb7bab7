//! Where there is no native code: the same names as `x64`, none of which gives any.

use super::OutOfMemory;
use crate::native::FuncRecord;
use crate::vm::Vm;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the names of `x64`")]
pub(crate) enum Stop {
    Returned,
    Call,
    Perform,
    Trap,
    Trapped,
    Throw,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) frame: usize,
    pub(crate) pc: usize,
}

#[derive(Debug)]
pub(crate) enum CodeMemory {}

impl CodeMemory {
    pub(crate) fn copy(_: &[&[u8]]) -> Result<CodeMemory, OutOfMemory> {
        Err(OutOfMemory)
    }

    pub(crate) fn bytes(&self, _: usize) -> &[u8] {
        match *self {}
    }

    pub(crate) fn seal(&mut self) -> Result<(), OutOfMemory> {
        match *self {}
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the names of `x64`")]
pub(crate) struct StackBytes {
    pub(crate) native: usize,
    pub(crate) values: usize,
}

#[derive(Debug)]
#[allow(dead_code, reason = "the names of `x64`")]
pub(crate) enum NativeStack {}

impl NativeStack {
    pub(crate) fn new(_: StackBytes) -> Result<NativeStack, OutOfMemory> {
        Err(OutOfMemory)
    }

    pub(crate) fn top(&self) -> usize {
        match *self {}
    }

    pub(crate) fn values(&self) -> (std::ptr::NonNull<u8>, usize) {
        match *self {}
    }

    pub(crate) fn asked(&self) -> StackBytes {
        match *self {}
    }

    pub(crate) fn renew(&mut self) -> bool {
        false
    }
}

pub(crate) fn install() -> bool {
    false
}

pub(crate) fn builtins() -> *const usize {
    std::ptr::null()
}

/// # Safety
/// None: there is no native stack, so nothing comes here.
pub(crate) unsafe fn enter(_: *mut Vm, _: usize, _: *const FuncRecord, _: u64) -> Stop {
    Stop::Trapped
}

/// # Safety
/// None: there is no native stack, so nothing comes here.
pub(crate) unsafe fn resume(_: *mut Vm, _: u64) -> Stop {
    Stop::Trapped
}

/// # Safety
/// None: there is no native stack, so nothing comes here.
pub(crate) unsafe fn land(_: *mut Vm, _: (usize, usize), _: usize) -> Stop {
    Stop::Trapped
}

pub(crate) fn map_as_code(_: &std::fs::File) -> Option<()> {
    None
}

pub(crate) fn monotonic_nanos() -> u64 {
    0
}
