//! A function as data → text for a reader at a terminal.
//!
//! Operators stand at the left with their offsets, the instructions of each below it with their
//! words; behind them what the check knows there: of an operator the stack after it (`v3@s2`: in
//! its home; `v3@local 0`: still in the local; `7`: a constant; `v3@-`: part of an instruction that
//! comes later), of an instruction the slots that it writes. The values are defined at the end.

use super::view::{Event, Frame, Function, Handler, History, Label, Line, Refusal, Slot, Stack};
use prova_builds::names::printable;
use std::fmt::Write;

/// The column of what the check knows.
const NOTE: usize = 52;
/// The most entries of a stack that are shown, from the top.
const STACK: usize = 5;
/// The most slots and labels that are listed; the JSON has all.
const LISTED_MAX: usize = 100;

impl Function {
    /// The function as text. The newlines are the only characters that a terminal obeys.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        if let Some(refusal) = &self.refusal {
            out.push('\n');
            told(&mut out, refusal);
        }
        out.push_str("\nslots\n");
        list(&mut out, &self.slots, slot);
        if !self.labels.is_empty() {
            out.push_str("\nlabels (every local is in its slot)\n");
            list(&mut out, &self.labels, label);
        }
        if !self.handlers.is_empty() {
            out.push_str("\nhandlers\n");
            list(&mut out, &self.handlers, handler);
        }
        out.push_str("\ncode\n");
        for line in &self.code {
            code(&mut out, line);
        }
        if !self.values.is_empty() {
            out.push_str("\nvalues\n");
            for value in &self.values {
                writeln!(out, "  {} = {}", value.value, value.text).ok();
            }
        }
        out
    }

    fn head(&self, out: &mut String) {
        let name = self.name.demangled.as_ref().or(self.name.name.as_ref());
        let name = name.map_or("without a name".to_owned(), |name| printable(name));
        writeln!(out, "func{} {name} {}", self.index, self.ty).ok();
        if let (Some(_), Some(raw)) = (&self.name.demangled, &self.name.name) {
            writeln!(out, "  symbol {}", printable(raw)).ok();
        }
        for export in &self.exports {
            writeln!(out, "  export \"{}\"", printable(export)).ok();
        }
        let Frame { cells, charge_bytes, words, .. } = self.frame;
        let length = self.body.end - self.body.start;
        let (words, cells) = (plural(words, "word"), plural(cells as usize, "cell"));
        let (start, verdict) = (self.body.start, self.verdict);
        writeln!(
            out,
            "  {length} bytes of WebAssembly at {start:#x}, {words} of bytecode, {verdict}"
        )
        .ok();
        writeln!(out, "  a frame of {cells}, which charges {charge_bytes} bytes").ok();
        let deterministic = if self.settings.deterministic { ", deterministic" } else { "" };
        writeln!(out, "  metering: {}{deterministic}", self.settings.metering).ok();
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn list<T>(out: &mut String, all: &[T], line: impl Fn(&mut String, &T)) {
    for item in all.iter().take(LISTED_MAX) {
        line(out, item);
    }
    if all.len() > LISTED_MAX {
        writeln!(out, "  … {} more (in JSON)", all.len() - LISTED_MAX).ok();
    }
}

fn range(first: u32, last: u32) -> String {
    if first == last { format!("s{first}") } else { format!("s{first}..s{last}") }
}

fn slot(out: &mut String, slot: &Slot) {
    let slots = range(slot.first, slot.last);
    let what = match (slot.local, slot.role) {
        (Some(local), role) => format!("{role} {local}"),
        (None, "home") => "homes of the operand stack's cells, from the bottom".to_owned(),
        (None, role) => role.to_owned(),
    };
    write!(out, "  {slots:<12}{what}").ok();
    if let Some(ty) = &slot.ty {
        write!(out, "  {ty}").ok();
    }
    if let Some(name) = &slot.name {
        write!(out, "  {}", printable(name)).ok();
    }
    out.push('\n');
}

fn label(out: &mut String, label: &Label) {
    let place = match label.kind {
        "loop" => format!("loop {:#x}", label.start),
        kind => format!("end {:#x} of {kind} {:#x}", label.end, label.start),
    };
    let word = label.word.map_or(String::new(), |word| format!(" @{word}"));
    write!(out, "  {place}{word}: frozen below s{}", label.base).ok();
    if !label.values.is_empty() {
        let values: Vec<String> = label.values.iter().map(|slot| format!("s{slot}")).collect();
        write!(out, ", values in {}", values.join(" ")).ok();
    }
    out.push('\n');
}

fn handler(out: &mut String, handler: &Handler) {
    let Handler { start, end, tag, with_ref, target, slot } = handler;
    let tag = tag.map_or("all".to_owned(), |tag| format!("tag{tag}"));
    let with_ref = if *with_ref { " with reference" } else { "" };
    let target = target.map_or("return".to_owned(), |target| format!("@{target}"));
    writeln!(out, "  @{start}..@{end}: {tag}{with_ref} -> {target}, values in s{slot}..").ok();
}

fn code(out: &mut String, line: &Line) {
    let (mut text, note) = match line {
        Line::Wasm { offset, depth, text, name, reachable, stack } => {
            let name = name.as_ref().map_or(String::new(), |it| format!(" ;; {}", printable(it)));
            let indent = "  ".repeat(*depth);
            let note = match stack {
                Some(stack) => stack_text(stack),
                None => match reachable {
                    Some(true) => String::new(),
                    Some(false) => "unreachable".to_owned(),
                    None => "not checked".to_owned(),
                },
            };
            (format!("{offset:#8x}  {indent}{text}{name}"), note)
        }
        Line::Code { word, text, checked, writes, effect, .. } => {
            let mut note: Vec<String> =
                writes.iter().map(|it| format!("s{} = {}", it.slot, it.value)).collect();
            note.extend(effect.map(|effect| format!("effect #{effect}")));
            if !checked {
                note.push("not checked".to_owned());
            }
            (format!("{word:>15}: {text}"), note.join(", "))
        }
    };
    if !note.is_empty() {
        let width = text.chars().count();
        text.extend(std::iter::repeat_n(' ', NOTE.saturating_sub(width).max(2)));
        text.push_str(&note);
    }
    out.push_str(text.trim_end());
    out.push('\n');
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
fn told(out: &mut String, refusal: &Refusal) {
    let Refusal { rule, rule_name, sentence, .. } = refusal;
    writeln!(out, "refused by rule {rule} ({rule_name}): {sentence}").ok();
    for (side, history) in [("Wasm", &refusal.wasm), ("code", &refusal.code)] {
        let Some(History { value, events }) = history else { continue };
        writeln!(out, "  {side}: {value}").ok();
        for event in events {
            event_line(out, event);
        }
    }
    writeln!(out, "  the check says: {}", refusal.message).ok();
}

fn event_line(out: &mut String, event: &Event) {
    let site = match (event.offset, event.word) {
        (Some(offset), _) => format!("{offset:#x}"),
        (None, Some(word)) => format!("@{word}"),
        (None, None) => String::new(),
    };
    let text = event.text.as_deref().unwrap_or_default();
    let line = format!("    {site:>8}  {text:<30}  {}", event.what);
    writeln!(out, "{}", line.trim_end()).ok();
}
