//! A function as data → a tree.
//!
//! The members are the fields of [`Function`]. The code is a table: operators with their offsets,
//! the instructions of each below it with their words; behind them what the check knows there: of
//! an operator the stack after it (`v3@s2`: in its home; `v3@local 0`: still in the local; `7`: a
//! constant; `v3@-`: part of an instruction that comes later), of an instruction the slots that it
//! writes. The values are defined at the end.

use super::view::{Event, Frame, Function, Handler, History, Label, Line, Refusal, Slot, Stack};
use prova_builds::names::{counted, printable};
use prova_report::{Node, Table};
use serde_json::{Value, to_value};

/// Maximum number of entries of a stack that are shown, from the top.
const STACK: usize = 5;
/// Maximum number of slots and labels that are listed; the JSON has all.
const LISTED_MAX: usize = 100;
/// The indentation of an instruction below its operator.
const BELOW: &str = "      ";

impl Function {
    /// The function as a tree.
    pub fn tree(&self) -> Node {
        let name = self.name.demangled.as_ref().or(self.name.name.as_ref());
        let name = name.map_or("without a name".to_owned(), |name| printable(name));
        let labels = "labels (every local is in its slot)";
        let label_columns = ["at", "word", "frozen below", "values in"];
        let slots = list("slots", &["slots", "use", "type", "name"], &self.slots, slot);
        let labels = list(labels, &label_columns, &self.labels, label);
        let columns = ["words", "exception", "goes to", "values in"];
        let handlers = list("handlers", &columns, &self.handlers, handler);
        let mut code = Table::new("", &[">offset", ">word", "code", "stack, or slots written"]);
        self.code.iter().for_each(|line| code.push(cells(line), false));
        let values = self.values.iter().map(|it| format!("{} = {}", it.value, it.text));
        let code = Node::new("code").with_table(code);
        let values = Node::new("values").with_evidence(values);
        let lists = [slots, labels, handlers, code, values].into_iter();
        let said = |node: &Node| !node.tables.is_empty() || !node.evidence.is_empty();
        Node::of("function", format!("func{} {name} {}", self.index, self.ty))
            .with_verdict(self.verdict)
            .with(to_value(self).unwrap_or(Value::Null))
            .with_evidence(self.head())
            .with_children(self.refusal.as_ref().map(refusal))
            .with_children(lists.filter(said))
    }

    fn head(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(_), Some(raw)) = (&self.name.demangled, &self.name.name) {
            lines.push(format!("symbol {}", printable(raw)));
        }
        lines.extend(self.exports.iter().map(|name| format!("export \"{}\"", printable(name))));
        let Frame { cells, charge_bytes, words, .. } = self.frame;
        let (length, start) = (self.body.end - self.body.start, self.body.start);
        let (words, cells) = (counted(words as u64, "word"), counted(u64::from(cells), "cell"));
        let deterministic = if self.settings.deterministic { ", deterministic" } else { "" };
        lines.extend([
            format!("{length} bytes of WebAssembly at {start:#x}, {words} of bytecode"),
            format!("a frame of {cells}, which charges {charge_bytes} bytes"),
            format!("metering: {}{deterministic}", self.settings.metering),
        ]);
        lines
    }
}

fn list<T>(title: &str, columns: &[&str], all: &[T], row: impl Fn(&T) -> [String; 4]) -> Node {
    let mut table = Table { shown: Some(LISTED_MAX), ..Table::new("", columns) };
    all.iter().for_each(|item| table.push(row(item), false));
    Node::new(title).with_table(table)
}

fn slot(slot: &Slot) -> [String; 4] {
    let Slot { first, last, .. } = slot;
    let slots = if first == last { format!("s{first}") } else { format!("s{first}..s{last}") };
    let what = match (slot.local, slot.role) {
        (Some(local), role) => format!("{role} {local}"),
        (None, "home") => "homes of the operand stack's cells, from the bottom".to_owned(),
        (None, role) => role.to_owned(),
    };
    let name = slot.name.as_ref().map(|name| printable(name));
    [slots, what, slot.ty.clone().unwrap_or_default(), name.unwrap_or_default()]
}

fn label(label: &Label) -> [String; 4] {
    let place = match label.kind {
        "loop" => format!("loop {:#x}", label.start),
        kind => format!("end {:#x} of {kind} {:#x}", label.end, label.start),
    };
    let word = label.word.map_or(String::new(), |word| format!("@{word}"));
    let values: Vec<String> = label.values.iter().map(|slot| format!("s{slot}")).collect();
    [place, word, format!("s{}", label.base), values.join(" ")]
}

fn handler(handler: &Handler) -> [String; 4] {
    let Handler { start, end, tag, with_ref, target, slot } = handler;
    let tag = tag.map_or("all".to_owned(), |tag| format!("tag{tag}"));
    let with_ref = if *with_ref { " with reference" } else { "" };
    let target = target.map_or("return".to_owned(), |target| format!("@{target}"));
    [format!("@{start}..@{end}"), format!("{tag}{with_ref}"), target, format!("s{slot}..")]
}

fn cells(line: &Line) -> [String; 4] {
    match line {
        Line::Wasm { offset, depth, text, name, reachable, stack } => {
            let name = name.as_ref().map_or(String::new(), |it| format!(" ;; {}", printable(it)));
            let note = match (stack, reachable) {
                (Some(stack), _) => stack_text(stack),
                (None, Some(true)) => String::new(),
                (None, Some(false)) => "unreachable".to_owned(),
                (None, None) => "not checked".to_owned(),
            };
            let indent = "  ".repeat(*depth);
            [format!("{offset:#x}"), String::new(), format!("{indent}{text}{name}"), note]
        }
        Line::Code { word, text, checked, writes, effect, .. } => {
            let writes = writes.iter().map(|it| format!("s{} = {}", it.slot, it.value));
            let note = writes
                .chain(effect.map(|effect| format!("effect #{effect}")))
                .chain((!checked).then(|| "not checked".to_owned()));
            let note: Vec<String> = note.collect();
            [String::new(), word.to_string(), format!("{BELOW}{text}"), note.join(", ")]
        }
    }
}

fn stack_text(stack: &Stack) -> String {
    let shown = &stack.top[stack.top.len().saturating_sub(STACK)..];
    let entries = shown.iter().map(|entry| match (entry.place, entry.local) {
        ("constant", _) => entry.value.clone(),
        ("home", _) => format!("{}@s{}", entry.value, entry.slot),
        (_, Some(local)) => format!("{}@local {local}", entry.value),
        _ => format!("{}@-", entry.value),
    });
    let mut entries: Vec<String> = entries.collect();
    let hidden = stack.height - shown.len();
    if hidden > 0 {
        entries.insert(0, format!("… {hidden} more"));
    }
    format!("[{}]", entries.join(", "))
}

/// The refusal with both histories.
fn refusal(refusal: &Refusal) -> Node {
    let Refusal { rule, rule_name, sentence, .. } = refusal;
    let sides = [("Wasm", &refusal.wasm), ("code", &refusal.code)].into_iter();
    let sides = sides.filter_map(|(side, history)| {
        let History { value, events } = history.as_ref()?;
        let mut table = Table::new("", &[">", "", ""]);
        events.iter().for_each(|it| table.push(event(it), false));
        Some(Node::new(format!("{side}: {value}")).with_table(table))
    });
    Node::new(format!("refused by rule {rule} ({rule_name}): {sentence}"))
        .with_evidence([format!("the check says: {}", refusal.message)])
        .with_children(sides)
}

fn event(event: &Event) -> [String; 3] {
    let site = match (event.offset, event.word) {
        (Some(offset), _) => format!("{offset:#x}"),
        (None, Some(word)) => format!("@{word}"),
        (None, None) => String::new(),
    };
    [site, event.text.clone().unwrap_or_default(), event.what.clone()]
}
