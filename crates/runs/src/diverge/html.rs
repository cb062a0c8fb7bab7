//! The outcome of a search → a tree, which is presented as one HTML page.
//!
//! `report` has the same as text; the code of `translation` stands side by side here.

use super::{Divergence, First, Spot, Translation};
use crate::trace::{function, line};
use prova_builds::names::counted;
use prova_report::{Node, Table};

impl Divergence {
    /// The report as one page.
    pub fn to_html(&self) -> String {
        self.tree().to_html()
    }

    /// The report as a tree.
    pub fn tree(&self) -> Node {
        let title = format!("Where {} and {} differ", self.a.name, self.b.name);
        let mut node = Node { evidence: vec![self.headline()], ..Node::new(title) };
        if let Some(first) = &self.first {
            self.first_event(&mut node, first);
        }
        node.children.extend(self.code());
        let mut runs = Table::new("", &["", ""]);
        for side in [&self.a, &self.b] {
            let calls = counted(side.calls, "call");
            let ended = format!("{}, after {calls} of the host", side.ended);
            runs.push([side.name.clone(), ended], false);
        }
        node.children.push(Node {
            notes: self.notes.clone(),
            evidence: vec![counted(self.runs.into(), "run")],
            ..Node::new("The program, untraced").with_table(runs)
        });
        node
    }

    /// The first event that differs: the events around it, values there, callers of each side.
    fn first_event(&self, node: &mut Node, first: &First) {
        let First { number, a, b, before, state, close, .. } = first;
        let sources = [a, b].into_iter().flatten().find_map(|spot| spot.source.as_ref());
        node.evidence.extend(sources.map(|source| format!("source: {source}")));
        let close = if close.is_empty() { "" } else { ", with all values around" };
        let title = format!("Event {number} of level {}{close}", self.level);
        let mut events = Table::new("", &["", ""]);
        for event in before {
            events.push(["both".to_owned(), line(event)], false);
        }
        for (side, spot) in [(&self.a, a), (&self.b, b)] {
            let text = match spot {
                Some(spot) => line(&spot.event),
                None => format!("{} here", side.traced),
            };
            events.push([side.name.clone(), text], true);
        }
        node.children.push(Node::new(title).with_table(events));
        let mut values = Table::new("", &["", &self.a.name, &self.b.name]);
        for value in state {
            let name = value.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
            let place = format!("{}{name}", value.place);
            values.push([place, text(&value.a), text(&value.b)], value.differs);
        }
        if !values.rows.is_empty() {
            node.children.push(Node::new("Values there").with_table(values));
        }
        for (side, spot) in [(&self.a, a), (&self.b, b)] {
            node.children.extend(spot.as_ref().map(|spot| calls(&side.name, spot)));
        }
    }

    /// Both translations: in one table, if they are of the same operators.
    fn code(&self) -> Vec<Node> {
        let offsets = |one: &Translation| one.rows.iter().map(|row| row.offset).collect::<Vec<_>>();
        match self.translations.as_slice() {
            [a, b] if a.function == b.function && offsets(a) == offsets(b) => {
                vec![Node::new(format!("Code in {}", a.function)).with_table(table(&[a, b]))]
            }
            all => {
                let one = |one: &Translation| {
                    let title = format!("Code in {}", one.function);
                    Node::new(title).with_table(table(&[one]))
                };
                all.iter().map(one).collect()
            }
        }
    }
}

/// The callers of a side's event, the innermost first.
fn calls(name: &str, spot: &Spot) -> Node {
    let mut table = Table::new("", &["", "", ""]);
    for frame in &spot.stack {
        let place = function(&frame.name, frame.func);
        table.push([format!("{:#08x}", frame.offset), frame.operator.clone(), place], false);
    }
    Node::new(format!("Calls of {name}")).with_table(table)
}

/// Operators, and beside them the code of each side.
fn table(sides: &[&Translation]) -> Table {
    let names: Vec<String> =
        sides.iter().map(|side| format!("{}: {}", side.side, side.form)).collect();
    let columns = ["", "operator"].into_iter().chain(names.iter().map(String::as_str));
    let mut table = Table::new("", &columns.collect::<Vec<_>>());
    let rows = sides.first().map_or(&[][..], |first| &first.rows);
    for (at, row) in rows.iter().enumerate() {
        let operator = format!("{}{}", "  ".repeat(row.depth), row.operator);
        let mut cells = vec![format!("{:#08x}", row.offset), operator];
        let code = |side: &&Translation| side.rows.get(at).map(|row| row.code.join("\n"));
        cells.extend(sides.iter().map(|side| code(side).unwrap_or_default()));
        table.push(cells, row.here);
    }
    table
}
