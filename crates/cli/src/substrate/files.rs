//! Files → runtimes, states, blocks. Every read has a bound.

use super::BlockArgs;
use super::options::ChainArgs;
use crate::report::{Misuse, Shown as _};
use prova_core::{Context, Result, bail};
use prova_substrate::{Block, CODE_KEY, Storage, parse_block_file, parse_state};
use std::io::Read;
use std::path::Path;

/// The greatest size of a state or block file (1 GiB).
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The runtime's blob and the state, which is empty if the file is a runtime.
pub(super) fn code_and_state(args: &ChainArgs, file: &Path) -> Result<(Vec<u8>, Storage)> {
    let bytes = read(file)?;
    let given = args.code.as_deref().map(read).transpose()?;
    if !is_json(&bytes) {
        return match given {
            None => Ok((bytes, Storage::default())),
            Some(_) => {
                bail!(Misuse(format!("`{}` is a runtime, and so is `--code`", file.shown())))
            }
        };
    }
    let of_file = || format!("failed to read the state in `{}`", file.shown());
    let storage = parse_state(&bytes, given.as_deref()).with_context(of_file)?;
    match storage.before(CODE_KEY) {
        Some(code) => Ok((code.to_vec(), storage)),
        None => bail!("the state in `{}` has no `:code`: give it with --code", file.shown()),
    }
}

/// The runtime's blob, the state and the block.
pub(super) fn block_and_state(args: &BlockArgs) -> Result<(Vec<u8>, Storage, Block)> {
    let state = args.state.as_deref().unwrap_or(&args.block);
    let block = block_of(&args.block, &read(&args.block)?)?;
    let (code, storage) = code_and_state(&args.chain, state)?;
    Ok((code, storage, block))
}

pub(super) fn block_of(file: &Path, bytes: &[u8]) -> Result<Block> {
    let of_file = || format!("failed to read the block in `{}`", file.shown());
    match parse_block_file(bytes).with_context(of_file)? {
        Some(block) => Ok(block),
        None => bail!("`{}` has no block: it has neither `block` nor `header`", file.shown()),
    }
}

/// All of a file, up to the limit.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let name = path.shown();
    let failed = || format!("failed to read `{name}`");
    let file = std::fs::File::open(path).with_context(failed)?;
    let len = file.metadata().map_or(0, |about| about.len().min(FILE_BYTES_MAX));
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0) + 1);
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("`{name}` has more than {FILE_BYTES_MAX} bytes (limit `file_bytes`)");
    }
    Ok(bytes)
}

pub(super) fn is_json(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Hexadecimal digits after `0x`.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}
