//! A row in a place: types for its kinds, values for its immediates → a module whose function `f`
//! executes the operator once.
//!
//! The module has objects of each kind and of each index type, so that an immediate of a wrong kind
//! names something else: memories 0 (i32) and 1 (i64), tables 0 to 3 (i32 and i64, `funcref` and
//! `externref`), data segment 4, element segment 5, function 3, global 2. All other segments are
//! dropped from the start, or of another type.

use prova_module::ops::{Class, Immediate, Kind, Opcode, Row, Value};
use prova_module::{Features, Limits, Module};
use std::fmt::Write as _;

/// The choices for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The memories that its immediates name.
    pub(super) memories: [u32; 2],
    /// The tables that its immediates name.
    pub(super) tables: [u32; 2],
    /// The type of what depends on types: locals, globals, operands of `select`.
    pub(super) ty: &'static str,
    /// The lane.
    pub(super) lane: u8,
    /// The offset of an access.
    pub(super) offset: u64,
    /// The bits of a constant.
    pub(super) constant: u128,
}

/// Types of values, each with a different kind of cell.
pub(super) const TYPES: [&str; 7] = ["i32", "i64", "f32", "f64", "v128", "funcref", "externref"];

/// Objects that immediates name.
pub(super) const DATA: u32 = 4;
pub(super) const ELEM: u32 = 5;
pub(super) const FUNC: u32 = 3;
pub(super) const GLOBAL: u32 = 2;

/// Bits of constants that tell sign, width and order of bytes.
const CONSTANTS: [u128; 4] = [0, 1, u128::MAX, 0x8091_a2b3_c4d5_e6f7_0819_2a3b_4c5d_6e7f];

/// Whether a memory is indexed by i64.
pub(super) fn wide_memory(memory: u32) -> bool {
    memory == 1
}

/// Whether a table is indexed by i64.
pub(super) fn wide_table(table: u32) -> bool {
    matches!(table, 1 | 3)
}

fn element(table: u32) -> &'static str {
    if matches!(table, 1 | 2) { "externref" } else { "funcref" }
}

/// The choices that a row is tried with.
pub(super) fn choices(row: &Row) -> Vec<Choice> {
    let has = |kind| row.immediates.contains(&kind);
    let count = |kind| row.immediates.iter().filter(|&&other| other == kind).count();
    let depends = |kind: &Kind| matches!(kind, Kind::local | Kind::global | Kind::same);
    let memories: &[[u32; 2]] =
        if has(Immediate::mem) || has(Immediate::memarg) { &[[0, 1], [1, 0]] } else { &[[0, 0]] };
    let memories = if count(Immediate::mem) > 1 { &[[0, 1], [1, 0], [1, 1]] } else { memories };
    let tables: &[[u32; 2]] = match (count(Immediate::table), has(Immediate::elem)) {
        (0, _) => &[[0, 0]],
        (1, false) => &[[0, 0], [1, 1]],
        (1, true) => &[[0, 0], [3, 3]],
        (_, _) => &[[0, 3], [3, 0], [2, 1], [3, 3]],
    };
    // A `select` that names no type takes no references.
    let untyped = row.class == Class::select && row.immediates.is_empty();
    let types = match (row.params.iter().chain(row.results).any(depends), untyped) {
        (true, true) => &TYPES[..5],
        (true, false) => &TYPES[..],
        (false, _) => &TYPES[..1],
    };
    let lanes: Vec<u8> = match row.immediates.iter().find_map(|kind| kind.lanes()) {
        Some(lanes) => vec![0, lanes - 1],
        None => vec![0],
    };
    let offsets: &[u64] = if has(Immediate::memarg) { &[0, 8] } else { &[0] };
    let constants = if row.class == Class::constant { &CONSTANTS[..] } else { &CONSTANTS[..1] };
    let mut choices = Vec::new();
    for &memories in memories {
        for &tables in tables {
            for &ty in types {
                for &lane in &lanes {
                    for &offset in offsets {
                        for &constant in constants {
                            choices.push(Choice { memories, tables, ty, lane, offset, constant });
                        }
                    }
                }
            }
        }
    }
    choices
}

impl Choice {
    /// The type of one value of a kind.
    ///
    /// # Errors
    /// Of a kind that is a list, or of none.
    pub(super) fn ty(&self, kind: Kind) -> Result<&'static str, String> {
        let index = |wide: bool| if wide { "i64" } else { "i32" };
        let ([k, j], [t, u]) = (self.memories, self.tables);
        Ok(match kind {
            Kind::i32 => "i32",
            Kind::i64 => "i64",
            Kind::f32 => "f32",
            Kind::f64 => "f64",
            Kind::v128 => "v128",
            Kind::addr => index(wide_memory(k)),
            Kind::addr2 => index(wide_memory(j)),
            Kind::addr_min => index(wide_memory(k) && wide_memory(j)),
            Kind::index => index(wide_table(t)),
            Kind::index2 => index(wide_table(u)),
            Kind::index_min => index(wide_table(t) && wide_table(u)),
            Kind::elem => element(t),
            Kind::local | Kind::global | Kind::same => self.ty,
            Kind::ref_ => "funcref",
            Kind::non_null => "(ref func)",
            Kind::func_ref => "(ref $callee)",
            Kind::exn => "exnref",
            Kind::params
            | Kind::results
            | Kind::label
            | Kind::label_init
            | Kind::block_params
            | Kind::block_results
            | Kind::func_results
            | Kind::object
            | Kind::field
            | Kind::element
            | Kind::elements
            | Kind::cast
            | Kind::i31
            | Kind::anyref
            | Kind::externref
            | Kind::any
            | Kind::fields
            | Kind::many => return Err(format!("{kind:?} in a straight operator")),
        })
    }

    /// The value of the immediate at `at` of a row, as it is written in the binary format; none
    /// where that says nothing.
    fn raw(&self, row: &Row, at: usize) -> Option<u128> {
        let before = |kind| row.immediates[..at].iter().filter(|&&other| other == kind).count();
        Some(match row.immediates[at] {
            Immediate::mem => self.memories[before(Immediate::mem).min(1)].into(),
            Immediate::table => self.tables[before(Immediate::table).min(1)].into(),
            Immediate::data => DATA.into(),
            Immediate::elem => ELEM.into(),
            Immediate::func => FUNC.into(),
            Immediate::global => GLOBAL.into(),
            // The local is the one after the operands.
            Immediate::local => row.params.len() as u128,
            Immediate::lane2 | Immediate::lane4 | Immediate::lane8 | Immediate::lane16 => {
                self.lane.into()
            }
            Immediate::lanes => u128::from_le_bytes(self.shuffle()),
            Immediate::i32 | Immediate::f32 => self.constant & 0xffff_ffff,
            Immediate::i64 | Immediate::f64 => self.constant & u128::from(u64::MAX),
            Immediate::v128 => self.constant,
            Immediate::memarg | Immediate::heap | Immediate::val | Immediate::ordering => {
                return None;
            }
            Immediate::type_
            | Immediate::tag
            | Immediate::field
            | Immediate::size
            | Immediate::label
            | Immediate::labels
            | Immediate::block
            | Immediate::try_table
            | Immediate::vals
            | Immediate::ref_type
            | Immediate::resume => return None,
        })
    }

    /// The lanes of a shuffle: all different, in an order that the lane shifts.
    fn shuffle(&self) -> [u8; 16] {
        std::array::from_fn(|i| (i as u8 * 7 + self.lane) % 32)
    }

    /// The values of the immediates in the expression.
    pub(super) fn values(&self, row: &Row) -> Vec<u128> {
        (0..row.immediates.len()).map(|at| self.raw(row, at).unwrap_or(0)).collect()
    }

    /// The immediate at `at` in the text format.
    fn text(&self, row: &Row, at: usize) -> String {
        let raw = self.raw(row, at).unwrap_or(0);
        match row.immediates[at] {
            Immediate::memarg => match self.offset {
                0 => self.memories[0].to_string(),
                offset => format!("{} offset={offset}", self.memories[0]),
            },
            Immediate::heap => "func".to_owned(),
            Immediate::val => format!("(result {})", self.ty),
            Immediate::ordering => String::new(),
            Immediate::lanes => self.shuffle().map(|lane| lane.to_string()).join(" "),
            Immediate::f32 => float(raw, 8, 23),
            Immediate::f64 => float(raw, 11, 52),
            Immediate::v128 => {
                format!("i64x2 {} {}", raw as u64, (raw >> 64) as u64)
            }
            Immediate::i32
            | Immediate::i64
            | Immediate::mem
            | Immediate::table
            | Immediate::data
            | Immediate::elem
            | Immediate::func
            | Immediate::global
            | Immediate::local
            | Immediate::lane2
            | Immediate::lane4
            | Immediate::lane8
            | Immediate::lane16 => raw.to_string(),
            Immediate::type_
            | Immediate::tag
            | Immediate::field
            | Immediate::size
            | Immediate::label
            | Immediate::labels
            | Immediate::block
            | Immediate::try_table
            | Immediate::vals
            | Immediate::ref_type
            | Immediate::resume => "?".to_owned(),
        }
    }

    /// The operator with its immediates in the text format, which names a segment after what it
    /// goes to.
    fn operator(&self, row: &Row) -> String {
        let segment = |kind: Immediate| matches!(kind, Immediate::data | Immediate::elem);
        let mut order: Vec<usize> = (0..row.immediates.len()).collect();
        order.sort_by_key(|&at| segment(row.immediates[at]));
        let texts: Vec<String> = order.into_iter().map(|at| self.text(row, at)).collect();
        format!("{} {}", row.mnemonic, texts.join(" "))
    }
}

/// A float from its bits, in hexadecimal.
fn float(bits: u128, exponent_bits: u32, fraction_bits: u32) -> String {
    let sign = if bits >> (exponent_bits + fraction_bits) & 1 == 1 { "-" } else { "" };
    let exponent = (bits >> fraction_bits) as i64 & ((1 << exponent_bits) - 1);
    let fraction = bits & ((1 << fraction_bits) - 1);
    let all = (1 << exponent_bits) - 1;
    let bias = all / 2;
    match (exponent, fraction) {
        (0, 0) => format!("{sign}0"),
        (0, _) => format!("{sign}0x{fraction:x}p{}", 1 - bias - i64::from(fraction_bits)),
        (e, 0) if e == all => format!("{sign}inf"),
        (e, _) if e == all => format!("{sign}nan:0x{fraction:x}"),
        (e, _) => {
            let whole = fraction | 1 << fraction_bits;
            format!("{sign}0x{whole:x}p{}", e - bias - i64::from(fraction_bits))
        }
    }
}

/// A row in a module.
pub(super) struct Place {
    /// The module.
    pub(super) module: Module,
    /// The types of `f`'s parameters.
    pub(super) params: Vec<&'static str>,
    /// The types of `f`'s results.
    pub(super) results: Vec<&'static str>,
    /// Operators of cost 1 in `f` besides the row's.
    pub(super) others: u64,
    /// The cost of entering `f`: a unit for each 8 cells of parameters, locals and results.
    pub(super) frame: u64,
}

/// The text of the module around `f`.
fn surroundings(choice: &Choice) -> String {
    let pattern: String = (0..64u32).map(|i| format!("\\{:02x}", (i * 37 + 11) & 0xff)).collect();
    let global = match choice.ty {
        "funcref" => "(ref.func 1)".to_owned(),
        "externref" => "(ref.null extern)".to_owned(),
        "v128" => "(v128.const i64x2 0x1122334455667788 -2)".to_owned(),
        ty => format!("({ty}.const 77)"),
    };
    let ty = choice.ty;
    format!(
        r#"(type $callee (func (param i32 i64) (result i64 i32)))
        (memory 1 3) (memory i64 1 3)
        (table 5 12 funcref) (table i64 5 12 externref) (table 5 12 externref) (table i64 5 12 funcref)
        (global i32 (i32.const 5)) (global i64 (i64.const 6)) (global (mut {ty}) {global})
        (elem (table 0) (i32.const 1) func 0 1 2) (elem (table 3) (i64.const 2) func 2 1)
        (elem (i32.const 0) func) (elem (i32.const 0) func) (elem externref (ref.null extern)) (elem func 2 3 1)
        (data (memory 0) (i32.const 0) "{pattern}{pattern}") (data (memory 1) (i64.const 65472) "{pattern}")
        (data (memory 0) (i32.const 65472) "{pattern}") (data (memory 0) (i32.const 200) "fedcba") (data "0123456789abcdef")
        (func $g0) (func $g1) (func $g2)
        (func $g3 (type $callee) (i64.const 1) (i32.const 2))"#
    )
}

impl Place {
    /// Puts a row into a module; `instead` replaces the type of one operand (`Ok`) or result
    /// (`Err`).
    ///
    /// # Errors
    /// Why there is no valid module that executes the operator as its row says.
    pub(super) fn new(
        row: &Row,
        choice: &Choice,
        instead: Option<(Result<usize, usize>, &'static str)>,
    ) -> Result<Place, String> {
        let ty = |kind: &Kind| choice.ty(*kind);
        let mut params: Vec<&'static str> = row.params.iter().map(ty).collect::<Result<_, _>>()?;
        let mut results: Vec<&'static str> =
            row.results.iter().map(ty).collect::<Result<_, _>>()?;
        match instead {
            Some((Ok(at), ty)) => params[at] = ty,
            Some((Err(at), ty)) => results[at] = ty,
            None => {}
        }
        let mut body = String::new();
        for at in 0..params.len() {
            // Writing to a string does not fail.
            let _ = write!(body, "local.get {at} ");
        }
        let mut others = params.len() as u64;
        let _ = write!(body, "{} ", choice.operator(row));
        let local = row.params.len();
        let mut declared = String::new();
        // The local that is read is a parameter, the one that is written is read.
        if row.class == Class::local_get {
            params.push(choice.ty);
        } else if matches!(row.class, Class::local_set | Class::local_tee) {
            declared = format!("(local {})", choice.ty);
            let _ = write!(body, "local.get {local} ");
            results.push(choice.ty);
            others += 1;
        }
        let list = |name: &str, types: &[&str]| match types {
            [] => String::new(),
            types => format!("({name} {})", types.join(" ")),
        };
        let text = format!(
            r#"(module {} (func (export "f") {} {} {declared} {body})
            (func (export "data") (memory.init 0 {DATA} (i32.const 0) (i32.const 0) (i32.const 1)))
            (func (export "elem") (table.init 0 {ELEM} (i32.const 0) (i32.const 0) (i32.const 1))))"#,
            surroundings(choice),
            list("param", &params),
            list("result", &results),
        );
        let bytes = wat::parse_str(&text).map_err(|error| format!("no text: {error}\n{body}"))?;
        let module = Module::decode(bytes, &Features::default(), &Limits::default())
            .map_err(|error| format!("no valid module: {error}\n{body}"))?;
        holds(&module, row, choice)?;
        let cells =
            |types: &[&str]| types.iter().map(|ty| 1 + u64::from(*ty == "v128")).sum::<u64>();
        let locals = if declared.is_empty() { 0 } else { cells(&[choice.ty]) };
        let frame = (cells(&params) + locals + cells(&results)) / 8;
        Ok(Place { module, params, results, others, frame })
    }
}

/// Whether `f` has the row's operator, with the immediates that were chosen.
fn holds(module: &Module, row: &Row, choice: &Choice) -> Result<(), String> {
    let f = module.defined_funcs().nth(4).and_then(|func| module.body(func));
    let mut operators = f.ok_or("there is no `f`")?.operators();
    let own = usize::from(!matches!(row.class, Class::local_get)) * row.params.len();
    for _ in 0..own {
        operators.read().map_err(|error| error.to_string())?;
    }
    let operator = operators.read().map_err(|error| error.to_string())?;
    let opcode = Opcode::of(&operator);
    if opcode != row.opcode {
        return Err(format!("`{}` is the mnemonic of {opcode:?}", row.mnemonic));
    }
    let immediates = Opcode::immediates(&operator);
    if immediates.iter().count() != row.immediates.len() {
        return Err("the number of its immediates".to_owned());
    }
    for (at, (_, value)) in immediates.iter().enumerate() {
        let found = match value {
            Value::Index(index) => Some(u128::from(*index)),
            Value::Lane(lane) => Some(u128::from(*lane)),
            Value::Lanes(lanes) => Some(u128::from_le_bytes(*lanes)),
            Value::I32(value) => Some(u128::from(*value as u32)),
            Value::I64(value) => Some(u128::from(*value as u64)),
            Value::F32(value) => Some(value.bits().into()),
            Value::F64(value) => Some(value.bits().into()),
            Value::V128(value) => Some(u128::from_le_bytes(*value.bytes())),
            Value::Labels(_)
            | Value::Block(_)
            | Value::TryTable(_)
            | Value::MemArg(_)
            | Value::Val(_)
            | Value::Vals(_)
            | Value::Heap(_)
            | Value::Ref(_)
            | Value::Ordering(_)
            | Value::Resume(_) => None,
        };
        if found != choice.raw(row, at) {
            return Err(format!("{:?} is not immediate {at}", row.immediates[at]));
        }
    }
    Ok(())
}
