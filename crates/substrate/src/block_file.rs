//! JSON files → blocks.
//!
//! A block is an object with `header`, the SCALE encoding in hexadecimal with `0x`, and `body`, the
//! list of extrinsics; or that object under `block`. Other members are passed over: the file may
//! have the parent's state too.

use crate::block::Block;
use crate::json::{Reader, refuse};
use crate::state_file::STATE_BYTES_MAX;
use prova_core::Result;

/// Bytes counted for an extrinsic besides its own.
const EXTRINSIC_BYTES: u64 = 96;

/// The block in a file's text; `None` if it has none.
///
/// # Errors
/// [`Rule::File`](crate::Rule::File), [`Rule::StateBytes`](crate::Rule::StateBytes).
pub fn parse_block_file(json: &[u8]) -> Result<Option<Block>> {
    let (mut block, mut own, mut of_rpc) = (None, Parts::default(), false);
    Reader::read(json, STATE_BYTES_MAX, |reader, name| match name {
        "block" => {
            let mut parts = Parts::default();
            reader.object("block", |reader, name| parts.member(reader, name))?;
            set(&mut block, name, parts)
        }
        "jsonrpc" => {
            of_rpc = true;
            reader.skip()
        }
        _ => own.member(reader, name),
    })?;
    match block.unwrap_or(own) {
        Parts { header: Some(header), body: Some(body) } => Ok(Some(Block { header, body })),
        Parts { header: Some(_), body: None } => Err(refuse("block.body", "it is missing")),
        Parts { header: None, .. } if of_rpc => Err(refuse(
            "file",
            "it is the answer of a node (JSON-RPC), whose block has another form: give an object \
             with `header`, the SCALE encoding of the header in hexadecimal, and `body`, the list \
             of extrinsics",
        )),
        Parts { header: None, .. } => Ok(None),
    }
}

/// The parts of a block read so far.
#[derive(Default)]
struct Parts {
    header: Option<Vec<u8>>,
    body: Option<Vec<Vec<u8>>>,
}

impl Parts {
    fn member(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<()> {
        match name {
            "header" if reader.is_object() => Err(refuse(
                "block.header",
                "it is an object: give the SCALE encoding of the header in hexadecimal",
            )),
            "header" => {
                let header = reader.hex("block.header")?;
                set(&mut self.header, name, header)
            }
            "body" => {
                let mut body = Vec::new();
                reader.list("block.body", |reader| {
                    reader.keep(EXTRINSIC_BYTES)?;
                    body.push(reader.hex("block.body")?);
                    Ok(())
                })?;
                set(&mut self.body, name, body)
            }
            _ => reader.skip(),
        }
    }
}

/// Sets what may be there once.
pub(crate) fn set<T>(place: &mut Option<T>, name: &str, value: T) -> Result<()> {
    match place.replace(value) {
        Some(_) => Err(refuse(name, "it stands there twice")),
        None => Ok(()),
    }
}
