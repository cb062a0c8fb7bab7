//! `prova substrate compare-tiers`: a block in every tier, and what they say of it.

use super::files::block_and_state;
use super::options::ChainArgs;
use super::{BlockArgs, ChainHost, check_parent, texts};
use crate::args::EngineArgs;
use crate::report::{Exit, Misuse};
use crate::run::new_engine;
use crate::watchdog;
use prova_core::{Config, Result, Tier, Trap, bail};
use prova_report::Node;
use prova_substrate::CallOptions;
use serde_json::json;

/// The configurations of the tiers that are compared, with their names.
fn tiers(chain: &ChainArgs) -> Result<Vec<(&'static str, Config)>> {
    let of = |tier| -> Result<Config> { Ok(chain.config()?.0.tier(tier).clone()) };
    let mut tiers = Vec::new();
    for tier in Tier::ALL {
        tiers.push((tier.name(), of(tier)?));
    }
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        let mut native = of(Tier::default())?;
        native.native(prova_native::NativeCompiler::new());
        tiers.push(("native", native));
    }
    Ok(tiers)
}

/// Refuses what decides how functions are executed: every tier has it as it is.
fn check_all_tiers(engine: &EngineArgs) -> Result<()> {
    let given = if engine.tier != "auto" {
        format!("--tier {}", engine.tier)
    } else if let Some(option) = engine.optimize.first() {
        format!("-O {option}")
    } else {
        return Ok(());
    };
    bail!(Misuse(format!("`{given}`: `compare-tiers` runs every tier; leave it out")))
}

pub(super) fn compare_tiers(args: &BlockArgs) -> Result<Exit> {
    check_all_tiers(&args.chain.engine)?;
    let (_, wasm) = args.chain.config()?;
    let (code, storage, block) = block_and_state(args)?;
    let mut reports: Vec<(&str, Node)> = Vec::new();
    let mut watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    let mut accepted = true;
    for (tier, config) in tiers(&args.chain)? {
        let options = CallOptions { fuel: wasm.fuel, ..CallOptions::default() };
        let (engine, runtime_options) = (new_engine(&config)?, args.chain.runtime_options());
        let host = ChainHost { engine, options, runtime_options, watchdog: watchdog.take() };
        let runtime = host.runtime(&code, args.code_file())?;
        let version = runtime.version_within(&host.options)?;
        check_parent(args.parent_root.as_deref(), &version, &storage)?;
        let report = match host.execute(&runtime, &version, &mut storage.clone(), &block) {
            Ok(executed) => texts::executed(&version, &executed),
            Err(error) if error.downcast_ref() == Some(&Trap::Interrupt) => return Err(error),
            Err(error) => {
                accepted = false;
                texts::refused(&error)
            }
        };
        watchdog = host.watchdog;
        reports.push((tier, report));
    }
    let equal = reports.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let exit = if equal && accepted { Exit::Done } else { Exit::Bad };
    let verdict = match (equal, accepted) {
        (true, true) => "all tiers agree",
        (true, false) => "all tiers agree that it is not accepted",
        (false, _) => "the tiers differ",
    };
    let tier = |(tier, report): (&str, Node)| {
        let title = format!("{tier}, {}", report.title);
        Node { title, ..report.with(json!({ "tier": tier })) }
    };
    let report = Node::of("tiers", verdict)
        .with(json!({ "accepted": accepted, "equal": equal }))
        .with_children(reports.into_iter().map(tier));
    args.chain.present(report)?;
    Ok(exit)
}
