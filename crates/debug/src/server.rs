//! The side of the debugger: bytes of a connection → gdbstub's state machine, and what the guest
//! tells → replies.

use crate::guest::{Event, Job};
use crate::space::{Mode, Shared};
use crate::target::{Gone, Inferior};
use gdbstub::conn::ConnectionExt as _;
use gdbstub::stub::state_machine::state::Running as IsRunning;
use gdbstub::stub::state_machine::{
    GdbStubStateMachine as Machine, GdbStubStateMachineInner as Inner,
};
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError, SingleThreadStopReason};
use gdbstub_arch::wasm::reg::id::WasmRegId;
use std::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

/// How long the guest runs between two looks whether the debugger wants it to stop.
const LOOK: Duration = Duration::from_millis(10);

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest has run to its end.
    Exited,
    /// The debugger let the guest go: it runs on by itself.
    Detached,
    /// The debugger ended the run.
    Killed,
    /// The connection failed, or what came over it was no protocol; the run was ended.
    Lost(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exited => f.write_str("the program has run to its end"),
            End::Detached => f.write_str("the debugger let the program go on"),
            End::Killed => f.write_str("the debugger ended the run"),
            End::Lost(why) => write!(f, "the debugger was lost, so the run was ended: {why}"),
        }
    }
}

/// Serves a debugger. See [`session`](crate::session).
pub struct Server {
    target: Inferior,
    events: Receiver<Event>,
}

type Failure = GdbStubError<Gone, std::io::Error>;
type Running<'a> = Inner<'a, IsRunning, Inferior, TcpStream>;

const GONE: &str = "the program has gone without a word";

impl Server {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Sender<Job>, events: Receiver<Event>) -> Server {
        Server { target: Inferior::new(shared, jobs), events }
    }

    /// Serves a debugger until it goes or the guest ends. The guest is never left waiting.
    pub fn serve(mut self, connection: TcpStream) -> End {
        let end = match self.session(connection) {
            Ok(DisconnectReason::TargetExited(_) | DisconnectReason::TargetTerminated(_)) => {
                End::Exited
            }
            Ok(DisconnectReason::Disconnect) => End::Detached,
            Ok(DisconnectReason::Kill) => End::Killed,
            Err(error) => End::Lost(error),
        };
        self.target.shared.remove_all_breakpoints();
        let mode = if end == End::Detached { Mode::Run } else { Mode::End };
        if end != End::Exited {
            self.target.shared.set_mode(mode);
            // A guest that is at its end needs no word.
            let _ = self.target.go_on(mode);
        }
        end
    }

    fn session(&mut self, connection: TcpStream) -> Result<DisconnectReason, String> {
        let target = &mut self.target;
        let Ok(first) = self.events.recv() else {
            return Err("the program could not be started".into());
        };
        if let Event::Exited(code) = first {
            return Ok(DisconnectReason::TargetExited(code));
        }
        target.stopped(first);
        let told = |error: Failure| error.to_string();
        let mut machine = GdbStub::new(connection).run_state_machine(target).map_err(told)?;
        loop {
            machine = match machine {
                Machine::Idle(mut idle) => {
                    let byte = idle.borrow_conn().read().map_err(|error| error.to_string())?;
                    idle.incoming_data(target, byte).map_err(told)?
                }
                Machine::Disconnected(end) => return Ok(end.get_reason()),
                Machine::CtrlCInterrupt(interrupted) => {
                    target.shared.interrupt();
                    let later = None::<SingleThreadStopReason<u64>>;
                    interrupted.interrupt_handled(target, later).map_err(told)?
                }
                Machine::Running(running) => running_on(target, &self.events, running)?,
            };
        }
    }
}

/// One step of a session whose guest runs: the guest's news, or else a byte of the debugger's, or
/// else a short wait.
fn running_on<'a>(
    target: &mut Inferior,
    events: &Receiver<Event>,
    mut running: Running<'a>,
) -> Result<Machine<'a, Inferior, TcpStream>, String> {
    let told = |error: Failure| error.to_string();
    let read = |error: std::io::Error| error.to_string();
    let event = match events.try_recv() {
        Ok(event) => Some(event),
        Err(TryRecvError::Disconnected) => return Err(GONE.into()),
        Err(TryRecvError::Empty) => {
            let connection = running.borrow_conn();
            if connection.peek().map_err(read)?.is_some() {
                let byte = connection.read().map_err(read)?;
                return running.incoming_data(target, byte).map_err(told);
            }
            match events.recv_timeout(LOOK) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Err(GONE.into()),
            }
        }
    };
    let Some(event) = event else { return Ok(running.into()) };
    let reason = target.stopped(event);
    let pc = target.pc().to_le_bytes();
    let mut registers = [(WasmRegId::Pc, &pc[..])].into_iter();
    running.report_stop_with_regs(target, reason, &mut registers).map_err(told)
}
