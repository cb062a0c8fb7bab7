//! The guest as gdbstub's target: reads, writes and breakpoints in the address space of the
//! protocol, and how it goes on.
//!
//! While the guest waits, each question is a job for its thread. One that runs takes no job: what a
//! debugger asks then has no answer, and going on is no news ([`Inferior::is_waiting`]).

use crate::guest::{Event, Job, Why};
use crate::monitor::{Command, USAGE};
use crate::space::{Mode, Shared};
use gdbstub::arch::lldb::{Encoding, Format, Generic, Register};
use gdbstub::common::{Endianness, Pid, Signal, Tid};
use gdbstub::stub::SingleThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::ext::host_info::{HostInfo, HostInfoOps, HostInfoResponse};
use gdbstub::target::ext::libraries::{Libraries, LibrariesOps};
use gdbstub::target::ext::lldb_register_info_override::{
    Callback, CallbackToken, LldbRegisterInfoOverride, LldbRegisterInfoOverrideOps,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::process_info::{ProcessInfo, ProcessInfoOps, ProcessInfoResponse};
use gdbstub::target::ext::wasm::{Wasm, WasmOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use gdbstub_arch::wasm::addr::{WasmAddr, WasmAddrType};
use gdbstub_arch::wasm::reg::WasmRegisters;
use gdbstub_arch::wasm::reg::id::WasmRegId;
use prova_reference::Paused;
use prova_runtime::TrapKind;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

const TRIPLE: &str = "wasm32-unknown-wasi-wasm";

/// The guest is gone: it ran to its end, or could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program has gone")
    }
}

/// The guest, as the server sees it.
pub(crate) struct Inferior {
    pub(crate) shared: Arc<Shared>,
    jobs: Sender<Job>,
    /// Where it waits: what the debugger takes for its program counter.
    pc: (usize, u32),
    /// Whether it waits for jobs.
    is_waiting: bool,
}

/// The address of code.
fn address((module, offset): (usize, u32)) -> u64 {
    let module = u32::try_from(module).ok();
    let address = module.and_then(|module| WasmAddr::new(WasmAddrType::Object, module, offset));
    address.map_or(0, WasmAddr::as_raw)
}

/// Module and offset of an address of code.
fn code_at(address: u64) -> Option<(usize, u32)> {
    let address = WasmAddr::from_raw(address)?;
    let is_code = address.addr_type() == WasmAddrType::Object;
    is_code.then(|| (address.module_index() as usize, address.offset()))
}

impl Inferior {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Sender<Job>) -> Inferior {
        Inferior { shared, jobs, pc: (0, 0), is_waiting: false }
    }

    /// Notes where the guest has stopped, and says so in the protocol's words.
    pub(crate) fn stopped(&mut self, event: Event) -> SingleThreadStopReason<u64> {
        match event {
            Event::Exited(code) => SingleThreadStopReason::Exited(code),
            Event::Stopped { why, pc } => {
                (self.pc, self.is_waiting) = (pc, true);
                // With the thread, since only such a reply has room for the program counter.
                let signal = match why {
                    Why::Breakpoint => return SingleThreadStopReason::SwBreak(()),
                    Why::Step => Signal::SIGTRAP,
                    Why::Interrupt => Signal::SIGINT,
                    Why::Trap(kind) => signal(kind),
                };
                SingleThreadStopReason::SignalWithThread { tid: (), signal }
            }
        }
    }

    /// The program counter, as the debugger reads it.
    pub(crate) fn pc(&self) -> u64 {
        address(self.pc)
    }

    /// Lets the guest go on, if it waits.
    pub(crate) fn go_on(&mut self, mode: Mode) -> Result<(), Gone> {
        if !std::mem::take(&mut self.is_waiting) {
            return Ok(());
        }
        self.shared.set_mode(mode);
        self.jobs.send(Box::new(move |_| Some(mode))).map_err(|_| Gone)
    }

    /// Asks the guest; `None` while it runs.
    fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Paused<'_, '_>) -> Option<R> + Send + 'static,
    ) -> Result<Option<R>, Gone> {
        if !self.is_waiting {
            return Ok(None);
        }
        let (answers, answer) = channel();
        let job = move |paused: &mut Paused<'_, '_>| {
            // Nobody may wait for it any more.
            let _ = answers.send(question(paused));
            None
        };
        self.jobs.send(Box::new(job)).map_err(|_| Gone)?;
        answer.recv().map_err(|_| Gone)
    }

    /// The same for a value, whose bytes go to `buf`: how many there are, 0 for no such value.
    fn value(
        &self,
        buf: &mut [u8],
        question: impl FnOnce(&mut Paused<'_, '_>) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<usize, Gone> {
        let Some(bytes) = self.ask(question)? else { return Ok(0) };
        let Some(place) = buf.get_mut(..bytes.len()) else { return Ok(0) };
        place.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// The signal that stands for a trap.
fn signal(kind: TrapKind) -> Signal {
    match kind {
        TrapKind::Unreachable => Signal::SIGILL,
        TrapKind::IntegerDivisionByZero
        | TrapKind::IntegerOverflow
        | TrapKind::BadConversionToInteger => Signal::SIGFPE,
        TrapKind::MemoryOutOfBounds
        | TrapKind::TableOutOfBounds
        | TrapKind::ArrayOutOfBounds
        | TrapKind::StackOverflow => Signal::SIGSEGV,
        TrapKind::HeapMisaligned => Signal::SIGBUS,
        TrapKind::OutOfFuel | TrapKind::Interrupt => Signal::SIGXCPU,
        TrapKind::UndefinedElement
        | TrapKind::UninitializedElement
        | TrapKind::IndirectCallTypeMismatch
        | TrapKind::ExpectedSharedMemory
        | TrapKind::NullReference
        | TrapKind::CastFailure
        | TrapKind::AllocationTooLarge
        | TrapKind::HeapFull
        | TrapKind::UncaughtException
        | TrapKind::TooManyExceptions
        | TrapKind::GrowthFailed
        | TrapKind::Host
        | TrapKind::Suspended
        | TrapKind::Misuse
        | TrapKind::Attach
        | TrapKind::Bug => Signal::SIGABRT,
    }
}

/// No answer: no reason to end the session.
const NONE: TargetError<Gone> = TargetError::NonFatal;

impl Target for Inferior {
    type Arch = gdbstub_arch::wasm::Wasm;
    type Error = Gone;

    fn base_ops(&mut self) -> BaseOps<'_, Self::Arch, Gone> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_lldb_register_info_override(
        &mut self,
    ) -> Option<LldbRegisterInfoOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_libraries(&mut self) -> Option<LibrariesOps<'_, Self>> {
        Some(self)
    }

    fn support_host_info(&mut self) -> Option<HostInfoOps<'_, Self>> {
        Some(self)
    }

    fn support_process_info(&mut self) -> Option<ProcessInfoOps<'_, Self>> {
        Some(self)
    }

    fn support_wasm(&mut self) -> Option<WasmOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for Inferior {
    fn read_registers(&mut self, regs: &mut WasmRegisters) -> TargetResult<(), Self> {
        regs.pc = self.pc();
        Ok(())
    }

    fn write_registers(&mut self, _: &WasmRegisters) -> TargetResult<(), Self> {
        Err(NONE)
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, (), Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u64, data: &mut [u8]) -> TargetResult<usize, Self> {
        if let Some((module, offset)) = code_at(start) {
            let module = self.shared.module(module).ok_or(NONE)?;
            let from = module.bytes().get(offset as usize..).ok_or(NONE)?;
            return Ok(copy(from, data));
        }
        let at = WasmAddr::from_raw(start).ok_or(NONE)?;
        let length = data.len();
        let (memory, offset) = (at.module_index() as usize, at.offset() as usize);
        let bytes = self.ask(move |paused| paused.read_memory(memory, offset, length));
        let bytes = bytes.map_err(TargetError::Fatal)?.ok_or(NONE)?;
        Ok(copy(&bytes, data))
    }

    fn write_addrs(&mut self, start: u64, data: &[u8]) -> TargetResult<(), Self> {
        let at = WasmAddr::from_raw(start).ok_or(NONE)?;
        if at.addr_type() != WasmAddrType::Memory {
            return Err(NONE);
        }
        let (memory, offset) = (at.module_index() as usize, at.offset() as usize);
        let data = data.to_vec();
        let written = self.ask(move |paused| paused.write_memory(memory, offset, &data));
        written.map_err(TargetError::Fatal)?.ok_or(NONE)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

/// Copies as much as there is; how much that is.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
    length
}

impl SingleRegisterAccess<()> for Inferior {
    fn read_register(&mut self, (): (), _: WasmRegId, buf: &mut [u8]) -> TargetResult<usize, Self> {
        Ok(copy(&self.pc().to_le_bytes(), buf))
    }

    fn write_register(&mut self, (): (), _: WasmRegId, _: &[u8]) -> TargetResult<(), Self> {
        Err(NONE)
    }
}

impl SingleThreadResume for Inferior {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Gone> {
        self.go_on(Mode::Run)
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Inferior {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Gone> {
        self.go_on(Mode::Step)
    }
}

impl Breakpoints for Inferior {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Inferior {
    fn add_sw_breakpoint(&mut self, address: u64, _: usize) -> TargetResult<bool, Self> {
        let at = code_at(address);
        Ok(at.is_some_and(|(module, offset)| self.shared.set_breakpoint(module, offset)))
    }

    fn remove_sw_breakpoint(&mut self, address: u64, _: usize) -> TargetResult<bool, Self> {
        let at = code_at(address);
        Ok(at.is_some_and(|(module, offset)| self.shared.remove_breakpoint(module, offset)))
    }
}

impl LldbRegisterInfoOverride for Inferior {
    fn lldb_register_info<'a>(
        &mut self,
        register: usize,
        info: Callback<'a>,
    ) -> Result<CallbackToken<'a>, Gone> {
        if register != 0 {
            return Ok(info.done());
        }
        Ok(info.write(Register {
            name: "pc",
            alt_name: Some("pc"),
            bitsize: 64,
            offset: 0,
            encoding: Encoding::Uint,
            format: Format::Hex,
            set: "General Purpose Registers",
            gcc: None,
            dwarf: None,
            generic: Some(Generic::Pc),
            container_regs: None,
            invalidate_regs: None,
        }))
    }
}

impl Libraries for Inferior {
    fn get_libraries(
        &self,
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let mut list = String::from("<library-list>");
        for (i, name) in self.shared.names().iter().enumerate() {
            let at = address((i, 0));
            list.push_str(&format!("<library name=\"{}\">", attribute(name)));
            list.push_str(&format!("<section address=\"{at:#x}\"/></library>"));
        }
        list.push_str("</library-list>");
        let rest = usize::try_from(offset).ok().and_then(|offset| list.as_bytes().get(offset..));
        let length = length.min(buf.len());
        Ok(copy(rest.unwrap_or_default(), &mut buf[..length]))
    }
}

/// A name as the value of an attribute.
fn attribute(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            c if c.is_control() => text.push('?'),
            c => text.push(c),
        }
    }
    text
}

impl HostInfo for Inferior {
    fn host_info(&self, write: &mut dyn FnMut(&HostInfoResponse<'_>)) -> Result<(), Gone> {
        write(&HostInfoResponse::Triple(TRIPLE));
        write(&HostInfoResponse::Endianness(Endianness::Little));
        write(&HostInfoResponse::PointerSize(4));
        Ok(())
    }
}

impl ProcessInfo for Inferior {
    fn process_info(&self, write: &mut dyn FnMut(&ProcessInfoResponse<'_>)) -> Result<(), Gone> {
        write(&ProcessInfoResponse::Pid(Pid::MIN));
        write(&ProcessInfoResponse::Triple(TRIPLE));
        write(&ProcessInfoResponse::Endianness(Endianness::Little));
        write(&ProcessInfoResponse::PointerSize(4));
        Ok(())
    }
}

impl Wasm for Inferior {
    fn wasm_call_stack(&self, _: Tid, next_pc: &mut dyn FnMut(u64)) -> Result<(), Gone> {
        let shared = Arc::clone(&self.shared);
        let frames = self.ask(move |paused| {
            let outer = paused.frames().skip(1).take(FRAMES_MAX);
            let frames = outer.map(|frame| (shared.index(&frame.module), frame.pc));
            Some(frames.collect::<Vec<_>>())
        })?;
        [self.pc].into_iter().chain(frames.unwrap_or_default()).for_each(|pc| next_pc(address(pc)));
        Ok(())
    }

    fn read_wasm_local(
        &self,
        _: Tid,
        frame: usize,
        local: usize,
        buf: &mut [u8],
    ) -> Result<usize, Gone> {
        self.value(buf, move |paused| paused.local(frame, local))
    }

    fn read_wasm_stack(
        &self,
        _: Tid,
        frame: usize,
        index: usize,
        buf: &mut [u8],
    ) -> Result<usize, Gone> {
        self.value(buf, move |paused| paused.operand(frame, index))
    }

    fn read_wasm_global(
        &self,
        _: Tid,
        frame: usize,
        global: usize,
        buf: &mut [u8],
    ) -> Result<usize, Gone> {
        self.value(buf, move |paused| paused.global(frame, global))
    }
}

impl MonitorCmd for Inferior {
    fn handle_monitor_cmd(&mut self, text: &[u8], mut out: ConsoleOutput<'_>) -> Result<(), Gone> {
        let Some(command) = Command::read(text) else {
            out.write_raw(USAGE.as_bytes());
            return Ok(());
        };
        let answer = self.ask(move |paused| command.answer(paused))?;
        let answer = answer.unwrap_or_else(|| "there is no such value".to_owned());
        out.write_raw(format!("{answer}\n").as_bytes());
        Ok(())
    }
}

/// Most frames of callers that a debugger gets.
const FRAMES_MAX: usize = 4096;
