//! Loads, stores, growth, bulk operators and data segments, on three memories of different sizes
//! and contents.

use super::{get, set, some, types};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::{Class, Kind, Op, Role};

/// Sizes in bytes, by memory: so small that their whole contents are compared after each call.
const SMALL: [u64; 3] = [300, 200, 250];

/// The same with room behind the greatest 16-bit offset.
const LARGE: [u64; 3] = [70_100, 400, 66_000];

/// The same where few accesses fit, or none.
const TINY: [u64; 3] = [3, 1, 7];

/// Memories 0 and 1 have 32-bit addresses, memory 2 has 64-bit ones.
const NAMES: [&str; 3] = ["$m", "$n", "$o"];

fn memories(sizes: [u64; 3]) -> String {
    let [m, n, o] = sizes;
    format!(
        "(memory $m {m} {m} (pagesize 1)) (memory $n {n} {n} (pagesize 1)) (memory $o i64 {o} {o} (pagesize 1))"
    )
}

/// One access: an operator, what it takes besides the address, and what it gives.
pub(crate) struct Access<'a> {
    pub(crate) name: &'a str,
    /// A lane, with a space before.
    pub(crate) lane: String,
    pub(crate) values: &'a [Ty],
    pub(crate) result: Option<Ty>,
}

/// The ops of loads and stores that are not atomic.
fn access(op: Op) -> Vec<Unit> {
    if op.class() == Class::load_idx {
        return summed(op);
    }
    if let Some(name) = op.mnemonic().strip_suffix("_imm") {
        return stored(name);
    }
    let near = matches!(op.class(), Class::load | Class::store);
    let name = op.mnemonic().strip_suffix("_far").unwrap_or(op.mnemonic());
    let values: Vec<Ty> = types(op, Role::Source, Ty::I64).split_off(1);
    let result = types(op, Role::Result, Ty::I64).first().copied();
    let mut lanes = vec![String::new()];
    if op.operands().iter().any(|o| o.kind == Kind::lane) {
        lanes = (0..16 / width(name)).rev().map(|lane| format!(" {lane}")).collect();
    }
    let mut units = Vec::new();
    for lane in some(&lanes) {
        let access = Access { name, lane: lane.clone(), values: &values, result };
        if let ("f32.store" | "f64.store", true) = (name, near) {
            // The value was just computed.
            units.extend(near_units(&Access {
                name: &format!("{}.neg {name}", &name[..3]),
                ..access
            }));
            continue;
        }
        units.extend(if near { near_units(&access) } else { far_units(&access, 70_000) });
        if near && result.is_some() {
            continue;
        }
        // A cell holds bits: the float's operators are the same ops.
        let float = match name {
            "i32.load" => Access { name: "f32.load", result: Some(Ty::F32), ..access },
            "i64.load" => Access { name: "f64.load", result: Some(Ty::F64), ..access },
            "i32.store" => Access { name: "f32.store", values: &[Ty::F32], ..access },
            "i64.store" => Access { name: "f64.store", values: &[Ty::F64], ..access },
            _ => continue,
        };
        units.extend(if near { near_units(&float) } else { far_units(&float, 70_000) });
    }
    units
}

/// Loads whose address is a sum: of two sources, or of a source and a constant.
fn summed(op: Op) -> Vec<Unit> {
    let mnemonic = op.mnemonic();
    let (name, indexed) = match mnemonic.strip_suffix("_idx") {
        Some(name) => (name, true),
        None => (mnemonic.strip_suffix("_at").unwrap_or(mnemonic), false),
    };
    let result = types(op, Role::Result, Ty::I64)[0];
    let form = |size: u64, offset: u64, by: i64, first: bool| {
        let mut form = Form::new();
        let sum = offset.wrapping_add(by as u64);
        let at = addresses(Ty::I32, size, sum, width(name));
        let at = form.source(Ty::I32, Feed::Only(at));
        let by = if indexed {
            let by = form.source(Ty::I32, Feed::List(vec![0, 1, u128::from(by as u32)]));
            format!("(local.get {by})")
        } else {
            format!("(i32.const {by})")
        };
        let dest = form.dest(result);
        let form = form.with_body(format!(
            "({name} $m offset={offset} (i32.add (local.get {at}) {by})){}",
            set(&[dest])
        ));
        if first { form } else { form.in_place() }
    };
    let mut units = Vec::new();
    for (sizes, offsets) in
        [(SMALL, &[0, 1, 16, 299, 65_535][..]), (LARGE, &[65_535, 32_768, 255]), (TINY, &[0])]
    {
        let mut forms = Vec::new();
        for (i, &offset) in some(offsets).iter().enumerate() {
            for (j, &by) in some(&[8, -1, -32_768, 32_767]).iter().enumerate() {
                forms.push(form(sizes[0], offset, by, i == 0 && j == 0));
            }
        }
        units.push(Unit::new(&memories(sizes), forms));
    }
    units
}

/// Stores of constants.
fn stored(name: &str) -> Vec<Unit> {
    let ty = &name[..3];
    let form = |size: u64, offset: u64, value: i64, first: bool| {
        let mut form = Form::new();
        let at = addresses(Ty::I32, size, offset, width(name));
        let at = form.source(Ty::I32, Feed::Only(at));
        let body = format!("({name} $m offset={offset} (local.get {at}) ({ty}.const {value}))");
        let form = form.with_body(body);
        if first { form } else { form.in_place() }
    };
    let mut units = Vec::new();
    for (sizes, offsets) in
        [(SMALL, &[0, 1, 299, 0xffff_ffff][..]), (LARGE, &[65_535, 32_768, 65_536]), (TINY, &[0])]
    {
        let mut forms = Vec::new();
        for (i, &offset) in some(offsets).iter().enumerate() {
            for (j, &value) in some(&[-1, -32_768, 32_767, 0x1234]).iter().enumerate() {
                forms.push(form(sizes[0], offset, value, i == 0 && j == 0));
            }
        }
        units.push(Unit::new(&memories(sizes), forms));
    }
    units
}

/// Memory 0 with every offset of 32 bits that matters.
fn near_units(access: &Access<'_>) -> Vec<Unit> {
    let forms = |sizes: [u64; 3], offsets: &[u64]| {
        let form = |(i, &offset): (usize, &u64)| {
            let form = access.form(0, sizes[0], offset);
            if i == 0 { form } else { form.in_place() }
        };
        Unit::new(&memories(sizes), some(offsets).iter().enumerate().map(form).collect())
    };
    vec![
        forms(SMALL, &[1, 0, 16, 0x80, 299, 65_535]),
        forms(LARGE, &[65_535, 32_768, 255, 0x1_0000, 0xffff_ffff]),
        forms(TINY, &[0]),
    ]
}

/// Every memory; memory 0 with the least offset that is too long for a near op.
pub(crate) fn far_units(access: &Access<'_>, long: u64) -> Vec<Unit> {
    let max = u64::MAX;
    let small = [(1, 0), (1, 8), (1, 3), (1, 0xffff_ffff), (2, 0), (2, 16), (2, 1 << 32)];
    let small = small.into_iter().chain([(2, max), (2, max - 7), (2, max - 63)]);
    let large = [(2, 65_536), (2, 65_535), (0, long), (0, 0xffff_ffff)];
    let forms = |list: &mut dyn Iterator<Item = (usize, u64)>, sizes: [u64; 3]| {
        let form = |(i, (memory, offset)): (usize, (usize, u64))| {
            let form = access.form(memory, sizes[memory], offset);
            if i == 0 { form } else { form.in_place() }
        };
        Unit::new(&memories(sizes), list.enumerate().map(form).collect())
    };
    let tiny = [(1, 0), (2, 0)];
    if cfg!(miri) {
        return vec![forms(&mut tiny[..1].iter().copied(), SMALL)];
    }
    vec![
        forms(&mut small.into_iter(), SMALL),
        forms(&mut large.into_iter(), LARGE),
        forms(&mut tiny.into_iter(), TINY),
    ]
}

impl Access<'_> {
    pub(crate) fn form(&self, memory: usize, size: u64, offset: u64) -> Form {
        let width = width(self.name);
        let mut form = Form::new();
        let ty = if memory == 2 { Ty::I64 } else { Ty::I32 };
        let mut names = vec![form.source(ty, Feed::Only(addresses(ty, size, offset, width)))];
        for &ty in self.values {
            names.push(form.source(ty, Feed::List(values(ty))));
        }
        let dest: Vec<String> = self.result.map(|ty| form.dest(ty)).into_iter().collect();
        let (get, set) = (get(&names), set(&dest));
        let (memory, lane) = (NAMES[memory], &self.lane);
        form.with_body(format!("{get} {} {memory} offset={offset}{lane}{set}", self.name))
    }
}

/// The bytes that an operator accesses, from its name.
pub(crate) fn width(name: &str) -> u64 {
    let (ty, rest) = name.split_once('.').unwrap_or((name, ""));
    let rest = rest.trim_start_matches("atomic.");
    let rest = ["load", "store", "rmw", "notify", "wait"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
        .unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let halves = rest[digits.len()..].starts_with('x');
    match (digits.parse::<u64>(), ty) {
        _ if halves => 8,
        (Ok(bits), _) => bits / 8,
        (Err(_), "v128") => 16,
        (Err(_), "i64" | "f64") => 8,
        (Err(_), _) => 4,
    }
}

/// Addresses around both ends of the memory, around where address and offset wrap, and unaligned
/// ones.
pub(crate) fn addresses(ty: Ty, size: u64, offset: u64, width: u64) -> Vec<u128> {
    let last = size.wrapping_sub(offset).wrapping_sub(width);
    if cfg!(miri) {
        return vec![16, last.into(), size.into()];
    }
    let mut list: Vec<u64> = (0..9).chain([16, 24, 33]).collect();
    list.extend([last.wrapping_sub(8), last.wrapping_sub(1), last, last.wrapping_add(1)]);
    list.extend([size.wrapping_sub(offset), size - 1, size]);
    list.extend([0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]);
    let wrap = 0u64.wrapping_sub(offset);
    list.extend([wrap.wrapping_sub(1), wrap, wrap.wrapping_add(8)]);
    if ty == Ty::I64 {
        list.extend([1 << 32, (1 << 32) + 8, 1 << 63, u64::MAX, u64::MAX - width]);
    }
    let mask = if ty == Ty::I32 { 0xffff_ffff } else { u64::MAX };
    let mut list: Vec<u128> = list.into_iter().map(|at| (at & mask).into()).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// Values whose bytes differ, with signs in every width; and zeros, of which memories are half
/// full.
fn values(ty: Ty) -> Vec<u128> {
    match ty {
        Ty::I32 | Ty::F32 => vec![0, 0x8192_a3b4, 0x7fa0_0001, 0xffff_ff00],
        Ty::I64 | Ty::F64 => vec![
            0,
            0x8192_a3b4_c5d6_e7f8,
            0x7ff4_0000_0000_0001,
            u128::MAX >> 64 << 8 & u128::from(u64::MAX),
        ],
        Ty::V128 => vec![0x8192_a3b4_c5d6_e7f8_090a_1b2c_3d4e_5f60, u128::MAX],
        Ty::Func | Ty::Eq => edges(Ty::Func),
    }
}

const GROWING: &str = "(memory $m 100 900 (pagesize 1)) (memory $n 64 700 (pagesize 1)) (memory $o i64 50 600 (pagesize 1))
  (data $bytes \"0123456789abcdef\") (data $gone \"zyxw\")";

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let forms = match op.mnemonic() {
        "memory.size" => sizes("memory.size"),
        "memory.grow" => growth(),
        "memory.fill" => bulk("memory.fill", &[Ty::I64, Ty::I32, Ty::I64], &["$m", "$n", "$o"]),
        "memory.copy" => {
            let types = [Ty::I64, Ty::I64, Ty::I64];
            bulk("memory.copy", &types, &["$m $m", "$m $n", "$n $m", "$o $o", "$o $m", "$m $o"])
        }
        "memory.init" => {
            let memories = ["$m $bytes", "$n $bytes", "$o $bytes"];
            bulk("memory.init", &[Ty::I64, Ty::I32, Ty::I32], &memories)
        }
        "data.drop" => {
            let mut forms = bulk("memory.init", &[Ty::I64, Ty::I32, Ty::I32], &["$m $gone"]);
            forms[0].body.insert_str(0, "data.drop $gone ");
            forms
        }
        _ => return access(op),
    };
    vec![Unit::new(GROWING, forms)]
}

fn sizes(name: &str) -> Vec<Form> {
    let form = |(memory, ty): (&str, Ty)| {
        let mut form = Form::new();
        let dest = form.dest(ty);
        form.with_body(format!("{name} {memory}{}", set(&[dest])))
    };
    [("$m", Ty::I32), ("$n", Ty::I32), ("$o", Ty::I64)].map(form).to_vec()
}

/// Growth, and an access behind it: where the memory was, and in what has come to it.
fn growth() -> Vec<Form> {
    let form = |(memory, ty, load): (&str, Ty, &str)| {
        let mut form = Form::new();
        let mut deltas = vec![0, 1, 7, 50, 1000, 0x8000_0000, 0xffff_ffff];
        if ty == Ty::I64 {
            deltas.extend([1 << 32, 1 << 63, u64::MAX.into()]);
        }
        let delta = form.source(ty, Feed::Only(deltas));
        let at =
            form.source(Ty::I32, Feed::Only(vec![0xffff_fffe, 0xffff_ffff, 0, 1, 6, 7, 49, 50]));
        let (size, byte) = (form.dest(ty), form.dest(Ty::I32));
        let grow =
            format!("{} memory.grow {memory}{}", get(&[delta]), set(std::slice::from_ref(&size)));
        // From the old size on.
        let wrap = if ty == Ty::I64 { "i32.wrap_i64" } else { "" };
        let (at, byte) = (format!("{} {wrap} {} i32.add", get(&[size]), get(&[at])), set(&[byte]));
        let store = if memory == "$m" {
            format!("{at} (i32.const 0xa5) i32.store8 $m")
        } else {
            String::new()
        };
        form.with_body(format!("{grow} {at} {load}{byte} {store}"))
    };
    let list = [
        ("$m", Ty::I32, "i32.load8_u $m"),
        ("$m", Ty::I32, "i32.load8_s $m offset=2"),
        ("$n", Ty::I32, "i32.load8_u $n"),
        ("$o", Ty::I64, "i64.extend_i32_u i32.load8_u $o"),
    ];
    list.map(form).to_vec()
}

/// A bulk operator on memories: `I64` stands for the address type of the memory where the operand
/// belongs.
fn bulk(name: &str, operands: &[Ty], memories: &[&str]) -> Vec<Form> {
    let wide = |memory: Option<&str>| if memory == Some("$o") { Ty::I64 } else { Ty::I32 };
    let form = |memories: &&str| {
        let mut parts = memories.split(' ');
        let (to, from) = (wide(parts.next()), parts.next());
        let from = if name == "memory.copy" { wide(from) } else { to };
        let mut form = Form::new();
        let mut names = Vec::new();
        for (i, &ty) in operands.iter().enumerate() {
            let ty = match (ty, i) {
                (Ty::I64, 0) => to,
                (Ty::I64, 1) => from,
                (Ty::I64, _) if to == from => to,
                _ => Ty::I32,
            };
            let mut list =
                vec![0, 1, 2, 3, 8, 15, 16, 17, 40, 50, 64, 99, 100, 0x1_00, 0xffff_ffff];
            list.extend(if ty == Ty::I64 { vec![1 << 32, u64::MAX.into()] } else { vec![] });
            names.push(form.source(ty, Feed::Only(list)));
        }
        form.with_body(format!("{} {name} {memories}", get(&names)))
    };
    memories.iter().map(form).collect()
}
