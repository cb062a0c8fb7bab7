//! An address, a name, or an operator → the variables of the source, by the module's DWARF
//! (`prova_symbols`, which bounds what is read).
//!
//! A variable with a fixed address is named beside the symbols of the linker. A variable of a
//! function is where the operator that runs decides: [`at_operator`] has those of one operator.
//!
//! Names and types are hostile text, printable here.

use crate::addresses;
use crate::named;
use crate::op::mnemonic;
use crate::report::function;
use prova_builds::names::{counted, demangle, printable};
use prova_module::{Module, Operator};
use prova_report::{Node, Table};
use prova_symbols::{Holder, Place, symbols, variables_at, variables_in, variables_named};
use serde::Serialize;
use std::ops::Range;

/// Most ranges of variables of one name that a message lists.
const LISTED_MAX: usize = 8;

/// A variable of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name, with namespaces where the linker knows them.
    pub name: String,
    /// Its type in the source's words.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// Where it is: `memory at 0x400`, `memory at local2+12`, `local1`, `always 7`.
    pub place: String,
    /// Its address, if that is fixed.
    pub address: Option<u64>,
    /// The function that declares it; empty for none.
    pub function: String,
    /// File and line of its declaration; empty if they are not known.
    pub declared: String,
}

/// The variables that an operator can name.
#[derive(Clone, Debug, Serialize)]
pub struct OperatorReport {
    /// Module offset of the operator.
    pub offset: u32,
    /// Its mnemonic.
    pub operator: String,
    /// The function's index.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// File and line of the operator; empty if they are not known.
    pub at: String,
    /// The variables, outermost block first.
    pub variables: Vec<Variable>,
    /// Numbers of those whose value the operator itself reads or writes.
    pub named: Vec<usize>,
}

/// The variables that have a byte of a range of memory 0.
pub(crate) fn of_range(module: &Module, range: Range<u64>) -> Vec<Variable> {
    variables_in(module, range).iter().map(variable).collect()
}

/// The range of the variable of a name; `None` if there is none.
///
/// # Errors
/// A message, if several have it.
pub(crate) fn of_name(module: &Module, text: &str) -> Option<Result<Range<u64>, String>> {
    let is_name = |name: &str| name == text || demangle(name) == text;
    let found = variables_named(module, is_name);
    let mut ranges: Vec<(Range<u64>, String)> = Vec::new();
    for one in &found {
        let Place::Memory(start) = one.place else { continue };
        let range = start..start.saturating_add(one.bytes.unwrap_or(1).max(1));
        if !ranges.iter().any(|(known, _)| *known == range) {
            ranges.push((range, variable(one).declared));
        }
    }
    match &ranges[..] {
        [] => None,
        [(range, _)] => Some(Ok(range.clone())),
        several => {
            let listed = several.iter().take(LISTED_MAX).map(|(range, declared)| {
                format!("{:#x}..{:#x} ({declared})", range.start, range.end)
            });
            let listed = listed.collect::<Vec<_>>().join(", ");
            Some(Err(format!(
                "{} variables are called `{}`: {listed}",
                several.len(),
                printable(text)
            )))
        }
    }
}

fn variable(one: &prova_symbols::Variable) -> Variable {
    let shown = |text: &Option<String>| text.as_deref().map(printable).unwrap_or_default();
    let name = match (&one.linkage, &one.name) {
        (Some(linkage), _) => printable(&demangle(linkage)),
        (None, name) => shown(name),
    };
    let declared = match (&one.file, one.line) {
        (Some(file), Some(line)) => format!("{}:{line}", printable(file)),
        _ => String::new(),
    };
    let address = match one.place {
        Place::Memory(address) => Some(address),
        _ => None,
    };
    Variable {
        name: if name.is_empty() { "(no name)".to_owned() } else { name },
        type_name: shown(&one.type_name),
        bytes: one.bytes,
        place: one.place.to_string(),
        address,
        function: one
            .function
            .as_deref()
            .map(|name| printable(&demangle(name)))
            .unwrap_or_default(),
        declared,
    }
}

impl Variable {
    /// Whether an address is one of its bytes.
    pub fn has(&self, address: u64) -> bool {
        let start = self.address.filter(|&start| start <= address);
        start.is_some_and(|start| address - start < self.bytes.unwrap_or(1).max(1))
    }

    /// An address as a distance from the variable: `table+8`.
    pub fn named(&self, address: u64) -> String {
        let by = address.saturating_sub(self.address.unwrap_or(address));
        let by = if by == 0 { String::new() } else { format!("+{by}") };
        format!("{}{by}", self.name)
    }

    /// The variable in a line: `table+8: geometry::Pair<int>[3], 24 bytes, declared at a.cpp:29`.
    pub fn line(&self, address: u64) -> String {
        let mut line = format!("variable {}", self.named(address));
        if !self.type_name.is_empty() {
            line.push_str(&format!(": {}", self.type_name));
        }
        if let Some(bytes) = self.bytes {
            line.push_str(&format!(", {}", counted(bytes, "byte")));
        }
        if !self.function.is_empty() {
            line.push_str(&format!(", of {}", self.function));
        }
        if !self.declared.is_empty() {
            line.push_str(&format!(", declared at {}", self.declared));
        }
        line
    }
}

/// The variables that the operator at an offset can name: all, or those that `only` names: a
/// variable, or what holds one (`local2`, `global0`, `operand1`).
///
/// # Errors
/// A message, if no operator stands there, or nothing is called so.
pub fn at_operator(
    module: &Module,
    text: &str,
    only: Option<&str>,
) -> Result<OperatorReport, String> {
    let not = || format!("no operator stands at `{}` of the module", printable(text));
    let offset = match addresses(text) {
        Some(Ok(range)) if range.end - range.start == 1 => u32::try_from(range.start),
        _ => return Err(not()),
    };
    let offset = offset.map_err(|_| not())?;
    let func = module.func_at(offset as usize).ok_or_else(not)?;
    let body = module.body(func).ok_or_else(not)?;
    let mut operators = body.operators().into_iter_with_offsets().map_while(Result::ok);
    let found = operators.find(|(_, at)| *at >= u64::from(offset)).ok_or_else(not)?;
    let (operator, at) = found;
    if at != u64::from(offset) {
        return Err(format!("{}: the next is at {at:#x}", not()));
    }
    let touched = touched(&operator);
    let mut report = OperatorReport {
        offset,
        operator: mnemonic(&operator),
        func: func.0,
        name: named(module, func),
        at: place_of(module, offset),
        variables: Vec::new(),
        named: Vec::new(),
    };
    for one in variables_at(module, offset) {
        let holder = match one.place {
            Place::Held(holder, _) | Place::Behind(holder, _) => Some(holder),
            _ => None,
        };
        let shown = variable(&one);
        let is_it = |only: &str| {
            holder.is_some_and(|holder| holder.to_string() == only)
                || shown.name == only
                || one.name.as_deref() == Some(only)
        };
        if only.is_none_or(is_it) {
            let is_value = matches!(one.place, Place::Held(..));
            if is_value && holder == touched {
                report.named.push(report.variables.len());
            }
            report.variables.push(shown);
        }
    }
    match only {
        Some(only) if report.variables.is_empty() => Err(format!(
            "no variable at {offset:#x} is called `{0}` or is in `{0}`",
            printable(only)
        )),
        _ => Ok(report),
    }
}

/// The local or global that an operator reads or writes.
fn touched(operator: &Operator<'_>) -> Option<Holder> {
    if let Operator::LocalGet { local_index }
    | Operator::LocalSet { local_index }
    | Operator::LocalTee { local_index } = *operator
    {
        return Some(Holder::Local(local_index));
    }
    if let Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } = *operator {
        return Some(Holder::Global(global_index));
    }
    None
}

/// File and line of an operator.
fn place_of(module: &Module, offset: u32) -> String {
    let symbols = symbols(module, &[offset]);
    let innermost = symbols.first().and_then(|symbols| symbols.first());
    match innermost.and_then(|symbol| Some((symbol.file.as_ref()?, symbol.line?))) {
        Some((file, line)) => format!("{}:{line}", printable(file)),
        None => String::new(),
    }
}

impl OperatorReport {
    /// The report as a tree.
    pub fn tree(&self) -> Node {
        let OperatorReport { offset, operator, func, name, at, variables, named } = self;
        let at = if at.is_empty() { String::new() } else { format!(", {at}") };
        let title = format!("{offset:#x} {operator} in {}{at}", function(name, *func));
        let mut table =
            Table::new("", &["name", "type", ">bytes", "place", "function", "declared"]);
        for (i, one) in variables.iter().enumerate() {
            let cells = [
                one.name.clone(),
                one.type_name.clone(),
                one.bytes.map_or(String::new(), |bytes| bytes.to_string()),
                one.place.clone(),
                one.function.clone(),
                one.declared.clone(),
            ];
            table.push(cells, named.contains(&i));
        }
        let none = variables.is_empty().then(|| {
            "no variable of the source is known here: the module has no debug information for it"
                .to_owned()
        });
        let list = Node::new(counted(variables.len() as u64, "variable")).with_table(table);
        Node { notes: none.into_iter().collect(), ..Node::of("operator", title) }
            .with(serde_json::to_value(self).unwrap_or(serde_json::Value::Null))
            .with_children([list])
    }
}
