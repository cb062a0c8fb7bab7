//! A module of many functions of one type, as bytes; written by hand so that millions of bodies are
//! cheap.

/// Builds a module of functions of type 0 out of bodies (operators with the final `end`, without
/// locals).
pub(crate) struct Encoder {
    types: Vec<u8>,
    type_count: u32,
    locals: Vec<u8>,
    bodies: Vec<u8>,
    pub(crate) count: u32,
}

pub(crate) const I32: u8 = 0x7f;
pub(crate) const I64: u8 = 0x7e;
pub(crate) const V128: u8 = 0x7b;

impl Encoder {
    /// `types` are the parameters and results of the types; `locals` are one group each.
    pub(crate) fn new(types: &[(&[u8], &[u8])], locals: &[(u32, u8)]) -> Encoder {
        let mut encoded = Vec::new();
        for (params, results) in types {
            encoded.push(0x60);
            for list in [params, results] {
                leb(&mut encoded, list.len() as u32);
                encoded.extend_from_slice(list);
            }
        }
        let mut groups = Vec::new();
        leb(&mut groups, locals.len() as u32);
        for &(count, ty) in locals {
            leb(&mut groups, count);
            groups.push(ty);
        }
        let type_count = types.len() as u32;
        Encoder { types: encoded, type_count, locals: groups, bodies: Vec::new(), count: 0 }
    }

    pub(crate) fn function(&mut self, operators: &[u8]) {
        leb(&mut self.bodies, (self.locals.len() + operators.len()) as u32);
        self.bodies.extend_from_slice(&self.locals);
        self.bodies.extend_from_slice(operators);
        self.count += 1;
    }

    /// The module; the encoder is empty afterwards.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        section(&mut bytes, 1, self.type_count, &self.types);
        section(&mut bytes, 3, self.count, &vec![0; self.count as usize]);
        section(&mut bytes, 10, self.count, &self.bodies);
        self.bodies.clear();
        self.count = 0;
        bytes
    }
}

fn section(bytes: &mut Vec<u8>, id: u8, count: u32, items: &[u8]) {
    let mut body = Vec::new();
    leb(&mut body, count);
    body.extend_from_slice(items);
    bytes.push(id);
    leb(bytes, body.len() as u32);
    bytes.extend_from_slice(&body);
}

pub(crate) fn leb(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
