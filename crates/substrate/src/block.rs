//! A block on its parent's state → the state after it, or why the runtime refuses it.
//!
//! `Core_execute_block` gets the header and the extrinsics and checks everything itself: it traps
//! if the state root or the root of the extrinsics is not the header's. [`execute_block`] compares
//! the state root once more with the one that the host has computed, and says of a refused block
//! which roots were expected.

use crate::error::{Rule, broken};
use crate::runtime::{CallOptions, Failure, Outcome, Runtime};
use crate::storage::{Storage, hex};
use crate::trie::StateVersion;
use crate::version::compact;
use parity_scale_codec::{Compact, Decode};
use prova_core::Result;

/// The fields read of a block's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The hash of the parent's header.
    pub parent: [u8; 32],
    /// The number of the block.
    pub number: u32,
    /// The root of the state after the block.
    pub state_root: [u8; 32],
    /// The root of the list of extrinsics.
    pub extrinsics_root: [u8; 32],
}

/// A block as it is executed: without its seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The SCALE encoding of the header.
    pub header: Vec<u8>,
    /// The SCALE encodings of the extrinsics, each with its length before it.
    pub body: Vec<Vec<u8>>,
}

/// The outcome of a block.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Of the call.
    pub outcome: Outcome,
    /// The header.
    pub header: Header,
    /// The root of the state after the block, as the host computed it.
    pub state_root: [u8; 32],
}

impl Block {
    /// Decodes the header; its digest is left to the runtime.
    ///
    /// # Errors
    /// [`Rule::Encoding`].
    pub fn header(&self) -> Result<Header> {
        let input = &mut self.header.as_slice();
        let mut decode = || {
            let parent = <[u8; 32]>::decode(input)?;
            let Compact(number) = Compact::<u32>::decode(input)?;
            let state_root = <[u8; 32]>::decode(input)?;
            let extrinsics_root = <[u8; 32]>::decode(input)?;
            Ok(Header { parent, number, state_root, extrinsics_root })
        };
        let header: Result<Header, parity_scale_codec::Error> = decode();
        header.map_err(|_| {
            broken(
                "header of the block",
                Rule::File("its bytes are no SCALE encoding of a header".into()),
            )
        })
    }

    /// Whether the header has a seal, which is no part of what a runtime executes.
    fn is_sealed(&self) -> bool {
        let input = &mut self.header.as_slice();
        let mut decode = || -> Result<bool, parity_scale_codec::Error> {
            <[u8; 32]>::decode(input)?;
            Compact::<u32>::decode(input)?;
            <[[u8; 32]; 2]>::decode(input)?;
            let Compact(items) = Compact::<u32>::decode(input)?;
            for _ in 0..items {
                match u8::decode(input)? {
                    5 => return Ok(true),
                    8 => {}
                    0 => drop(Vec::<u8>::decode(input)?),
                    // An engine's name and its bytes.
                    _ => drop(<([u8; 4], Vec<u8>)>::decode(input)?),
                }
            }
            Ok(false)
        };
        decode().unwrap_or(false)
    }

    /// The input of `Core_execute_block`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.header.clone();
        out.extend(compact(self.body.len() as u64));
        self.body.iter().for_each(|extrinsic| out.extend(extrinsic));
        out
    }
}

/// Compares the root of a state with the one in the parent's header.
///
/// A runtime checks the root after the block only, so it does not notice a value that is wrong and
/// that the block overwrites without reading it. This does.
///
/// # Errors
/// [`Rule::StateRoot`].
pub fn check_parent_state(
    storage: &Storage,
    version: StateVersion,
    expected: &[u8; 32],
) -> Result<()> {
    let found = storage.root(version);
    if found == *expected {
        return Ok(());
    }
    let (expected, found) = (hex(expected), hex(&found));
    Err(broken("parent's state", Rule::StateRoot { expected, found }))
}

/// Executes a block on the state of its parent. Its changes stay in `storage`, which the caller
/// applies or discards; `version` is the runtime's.
///
/// # Errors
/// [`Rule::Block`] with the expected roots, around the trap or error that the runtime ended with;
/// [`Rule::File`] for the header; where fuel or time ended, which says nothing of the block, that
/// trap alone. `storage` is then what it was.
pub fn execute_block(
    runtime: &Runtime,
    version: StateVersion,
    storage: &mut Storage,
    block: &Block,
    options: &CallOptions,
) -> Result<Executed> {
    let header = block.header()?;
    let called = runtime.try_call(storage, "Core_execute_block", &block.encode(), options);
    let outcome = match called {
        Ok(outcome) => outcome,
        Err(failure) => return Err(refused(block, &header, *failure)),
    };
    // Not the last one that the runtime asked for: it may have changed the state behind that.
    let state_root = storage.root(version);
    if state_root != header.state_root {
        storage.discard();
        let rule = Rule::Block(expected(block, &header, Some(state_root)));
        let error = broken("Core_execute_block", rule);
        return Err(error.context("the runtime accepted it"));
    }
    Ok(Executed { outcome, header, state_root })
}

/// The error of a block that the runtime does not accept.
fn refused(block: &Block, header: &Header, failure: Failure) -> prova_core::Error {
    let Failure { error, log, last_root } = failure;
    if matches!(
        error.downcast_ref(),
        Some(prova_core::Trap::OutOfFuel | prova_core::Trap::Interrupt)
    ) {
        return error.context(format!("block {} was not executed to its end", header.number));
    }
    let said = log.iter().rev().find(|line| line.level == 0);
    let error = match said {
        Some(line) => error.context(format!("the runtime said: {}", line.message)),
        None => error,
    };
    error.context(crate::SubstrateError::new(
        format!("block {}", header.number),
        Rule::Block(expected(block, header, last_root)),
    ))
}

/// The roots of the header beside the one that was computed, and what may be the cause.
fn expected(block: &Block, header: &Header, found: Option<[u8; 32]>) -> String {
    let seal = match block.is_sealed() {
        true => {
            "; its header still has a seal (an item 5 in its digest), which the runtime does not \
             expect: take it out, and make the number of items one less"
        }
        false => "",
    };
    let wanted = hex(&header.state_root);
    let extrinsics = hex(&header.extrinsics_root);
    let roots = match found {
        Some(found) if found == header.state_root => format!(
            "it is refused, though the state root is the expected {wanted}; the expected root of \
             its extrinsics is {extrinsics}"
        ),
        Some(found) => {
            format!("its header expects the state root {wanted}, execution gave {}", hex(&found))
        }
        None => format!(
            "its header expects the state root {wanted} and the root {extrinsics} of its \
             extrinsics; execution ended before a state root was computed"
        ),
    };
    roots + seal
}
