//! `prova debug`, `prova run -g`: a run that waits for a debugger and does what it asks.
//!
//! The module runs in the reference tier, whose results are those of the others. One debugger is
//! served; `prova_debug` has the protocol, `docs/reference/debug.md` a session.

use crate::args::{EngineArgs, RunArgs};
use crate::report::{Exit, Misuse, printable, warn};
use crate::run;
use clap::Args;
use prova_core::{Config, Context, Module, Result, Tier, bail};
use prova_debug::{End, Guest, Server, session};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Runs a module under a debugger that speaks the gdb remote protocol, such as LLDB
#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    /// Where to wait for the debugger: a port of this machine, 0 for any that is free
    #[arg(long, value_name = "[ADDRESS:]PORT", default_value = "1234")]
    listen: String,
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub(crate) fn run(args: &DebugArgs) -> Result<Exit> {
    if args.run.gdbstub.is_some() {
        bail!(Misuse("`-g` and `--listen` say the same: leave `-g` out".into()));
    }
    run::run(&RunArgs { gdbstub: Some(args.listen.clone()), ..args.run.clone() })
}

/// A debugger to come.
pub(crate) struct Waiting {
    listener: TcpListener,
    guest: Arc<Guest>,
    server: Server,
}

/// A debugger that is there.
pub(crate) struct Debugging {
    guest: Arc<Guest>,
    thread: JoinHandle<End>,
}

/// The engine's options for a run under a debugger.
///
/// # Errors
/// [`Misuse`] for another tier.
pub(crate) fn engine(args: &EngineArgs) -> Result<EngineArgs> {
    let reference = Tier::Reference.choice();
    let is_open = args.is_auto() || args.tier == reference;
    if !is_open {
        bail!(Misuse(format!(
            "`--tier {}`: a debugger sees the tier `{reference}`, whose results are the same",
            args.tier
        )));
    }
    Ok(EngineArgs { tier: reference.into(), ..args.clone() })
}

impl Waiting {
    /// Listens, and has the debugger asked at each step.
    ///
    /// # Errors
    /// [`Misuse`] for what is no address, and where nobody can listen there.
    pub(crate) fn listen(at: &str, config: &mut Config) -> Result<Waiting> {
        let address = match at.parse::<u16>() {
            Ok(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            Err(_) => at.parse().ok(),
        };
        let Some(address) = address else {
            bail!(Misuse(format!(
                "`{at}` is not where a debugger can be waited for: it must be a port such as 1234, or an address with one such as 127.0.0.1:1234"
            )));
        };
        let listener = TcpListener::bind(address)
            .with_context(|| format!("failed to wait for a debugger at {address}"))?;
        let (guest, server) = session();
        config.executor(guest.executor());
        Ok(Waiting { listener, guest, server })
    }

    /// Waits for the debugger, which sees these modules.
    ///
    /// # Errors
    /// Where nobody can be waited for.
    pub(crate) fn meet<'m>(
        self,
        modules: impl IntoIterator<Item = (String, &'m Module)>,
    ) -> Result<Debugging> {
        for (name, module) in modules {
            self.guest.show(&name, module.wasm());
        }
        let failed = "failed to wait for a debugger";
        let at = self.listener.local_addr().context(failed)?;
        warn(&format!(
            "note: waiting for a debugger at {at}; LLDB comes with\n  process connect --plugin wasm connect://{at}"
        ));
        let (connection, _) = self.listener.accept().context(failed)?;
        let server = self.server;
        let thread = std::thread::spawn(move || server.serve(connection));
        Ok(Debugging { guest: self.guest, thread })
    }
}

impl Debugging {
    /// Tells the debugger that the program has ended, and the user how the session did.
    pub(crate) fn finish(self, code: u8) {
        self.guest.exited(code);
        let end = self.thread.join().unwrap_or_else(|_| End::Lost("it failed".into()));
        if !matches!(end, End::Exited | End::Detached) {
            warn(&printable(&format!("note: {end}")));
        }
    }
}
