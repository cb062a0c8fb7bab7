//! The cost of the roots of a state: `roots FILE [CODE] [ROUNDS]`.
//!
//! FILE has a state, and perhaps a block; CODE is the runtime if the state has none (`-` for none).
//! Prints, as the median and the least of ROUNDS (50) times in microseconds: the root of the state
//! as it stands, the root after its block was executed (with the block's changes over it), and the
//! block itself, in which the runtime asks for both of its roots.

use prova_core::{Config, Engine, Result, format_err};
use prova_substrate::{
    CODE_KEY, CallOptions, Runtime, Storage, Trie, configure, execute_block, parse_block_file,
    parse_state,
};
use std::time::Instant;

/// The median and the least of `rounds` times, in microseconds.
fn timed(rounds: usize, mut what: impl FnMut() -> Result<()>) -> Result<(f64, f64)> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        what()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], times[0]))
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or_else(|| format_err!("roots FILE [CODE] [ROUNDS]"))?;
    let code = args.next().filter(|code| code != "-").map(std::fs::read).transpose()?;
    let rounds: usize = args.next().map_or(Ok(50), |text| text.parse())?;
    let json = std::fs::read(file)?;
    let storage = parse_state(&json, code.as_deref())?;
    let mut config = Config::new();
    configure(&mut config).consume_fuel(true);
    let blob = storage.before(CODE_KEY).ok_or_else(|| format_err!("the state has no `:code`"))?;
    let runtime = Runtime::new(&Engine::new(&config)?, blob)?;
    let version = runtime.version()?;
    let trie = version.trie().ok_or_else(|| format_err!("an unknown state version"))?;
    let root = |what: &str, storage: &Storage| -> Result<()> {
        let (keys, bytes) =
            storage.pairs(&Trie::Main).fold((0, 0), |(keys, bytes), (key, value)| {
                (keys + 1, bytes + key.len() + value.len())
            });
        let (median, least) = timed(rounds, || {
            std::hint::black_box(storage.root(trie));
            Ok(())
        })?;
        println!(
            "{what}: {keys} keys of the main trie, {bytes} bytes; median {median:.0}, least {least:.0}"
        );
        Ok(())
    };
    root("state", &storage)?;
    let Some(block) = parse_block_file(&json)? else { return Ok(()) };
    let options = CallOptions::default();
    let mut after = storage.clone();
    execute_block(&runtime, trie, &mut after, &block, &options)?;
    root("state with the block's changes", &after)?;
    let (median, least) = timed(rounds, || {
        execute_block(&runtime, trie, &mut storage.clone(), &block, &options).map(drop)
    })?;
    println!("block: median {median:.0}, least {least:.0}");
    Ok(())
}
