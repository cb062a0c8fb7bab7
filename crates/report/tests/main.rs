//! One tree, presented three ways: each presenter shows each part of it, and nothing that a
//! terminal or a page would obey.
//!
//! A green run does not show that a report is good to read, nor that a browser renders the page.

use prova_report::{
    DEPTH_MAX, Form, Mark, Node, Paint, SCHEMA, Table, Tone, escape, json, printable_line,
};
use serde_json::{Value, json};

fn sample() -> Node {
    let mut table = Table::new("operators", &["name", ">went away", ">stay"]);
    table.push(["i32.add", "12", "3"].map(str::to_owned), false);
    table.push(["local.get\nand more", "4", "1234567890"].map(str::to_owned), true);
    let child = Node {
        evidence: vec!["its evidence".to_owned()],
        notes: vec!["its note".to_owned()],
        ..Node::new("a child").with_verdict("moved")
    };
    let root = Node::of("sample", "a report").with(json!({ "count": 2 }));
    let root = root.with_evidence(["a line".to_owned()]).with_table(table);
    root.with_table(Table::new("none", &["x"])).with_children([child])
}

#[test]
fn text_is_laid_out() {
    let expected = "\
a report
a line
operators
  name       went away        stay
  i32.add           12           3
> local.get          4  1234567890
  and more

moved: a child
  its evidence
  note: its note
";
    assert_eq!(sample().to_text(), expected);
}

#[test]
fn json_is_the_tree() {
    let json: serde_json::Value =
        serde_json::from_str(&sample().to_json().expect("a tree")).expect("JSON");
    assert_eq!(json["schema"], SCHEMA);
    assert_eq!(json["title"], "a report");
    assert_eq!(json["tables"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["tables"][0]["columns"][1]["align"], "right");
    assert_eq!(json["tables"][0]["rows"][1]["mark"], "here");
    assert_eq!(json["children"][0]["verdict"], "moved");
    assert_eq!(json["children"][0]["notes"][0], "its note");
    assert_eq!((&json["kind"], &json["count"]), (&"sample".into(), &2.into()));
    assert!(json.get("verdict").is_none() && json["children"][0].get("kind").is_none());
}

#[test]
fn an_empty_line_stands_around_children_that_are_long() {
    let long = |title: &str| Node::new(title).with_evidence(["1", "2"].map(str::to_owned));
    let line = |title: &str| Node::new(title).with_evidence(["1".to_owned()]);
    let short = |title: &str| Node::new(title);
    let root = Node::new("root").with_children([short("a"), short("b"), long("c"), short("d")]);
    assert_eq!(root.to_text(), "root\na\nb\n\nc\n  1\n  2\n\nd\n");
    let root = Node::new("root").with_children([line("a"), long("b")]);
    assert_eq!(root.to_text(), "root\n\na\n  1\n\nb\n  1\n  2\n");
    let root = Node::new("root").with_children([line("a"), line("b")]);
    assert_eq!(root.to_text(), "root\na\n  1\nb\n  1\n");
    let lines = Node::new("root").with_evidence(["1".to_owned()]);
    let root = lines.with_children([short("a"), long("b")]);
    assert_eq!(root.to_text(), "root\n1\n\na\n\nb\n  1\n  2\n");
    let inner = Node::new("root").with_children([Node::new("a").with_children([long("b")])]);
    assert_eq!(inner.to_text(), "root\n\na\n  b\n    1\n    2\n");
}

#[test]
fn a_long_cell_does_not_widen_its_column() {
    let mut table = Table::new("", &["", ""]);
    table.push(["x".repeat(100), "beside it".to_owned()], false);
    table.push(["short".to_owned(), "beside it".to_owned()], false);
    let text = Node::new("root").with_table(table).to_text();
    let places = text.lines().filter_map(|line| line.find("beside it"));
    assert_eq!(places.collect::<Vec<_>>(), [102, 62]);
}

#[test]
fn a_column_without_text_is_left_out_for_readers() {
    let mut table = Table::new("", &["a", "none", "b"]);
    table.push(["1", "", "2"].map(str::to_owned), false);
    table.push(["3"].map(str::to_owned), false);
    let node = Node::new("root").with_table(table);
    assert_eq!(node.to_text(), "root\na  b\n1  2\n3\n");
    let page = node.to_html();
    assert!(!page.contains(">none<") && page.matches("<td>").count() == 4, "{page}");
    let json: Value = serde_json::from_str(&node.to_json().expect("a tree")).expect("JSON");
    assert_eq!(json["tables"][0]["columns"][1]["name"], "none");
}

#[test]
fn children_with_a_verdict_have_numbers_if_they_are_asked_for() {
    let judged = |title: &str| Node::new(title).with_verdict("moved");
    let children = [Node::new("first"), judged("second"), judged("third")];
    let node = Node { numbered: true, ..Node::new("root").with_children(children) };
    assert_eq!(node.to_text(), "root\nfirst\n1. moved: second\n2. moved: third\n");
    assert!(node.to_html().contains("<h2>2. moved: third</h2>"));
    assert!(!node.to_json().expect("a tree").contains("numbered"));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let mut table = Table::new("rows", &["head", ">number"]);
    table.push(["\u{1b}[31m  ".to_owned(), "1".to_owned()], Mark::A);
    table.push(["b".to_owned()], Mark::B);
    table.push(["c\nd".to_owned()], true);
    let tones = [Tone::Plain, Tone::Good, Tone::Calm, Tone::Notice, Tone::Warning, Tone::Grave];
    let children = tones.map(|tone| {
        table.push_in(tone, ["cell".to_owned()], false);
        let node = Node::new("child \u{1b} ").with_verdict("word");
        Node { tone, ..node.with_evidence(["line".to_owned()]) }
    });
    let node = Node::new("root ").with_table(table).with_children(children);
    let (text, painted) = (node.to_text(), node.to_painted_text(Paint::Colour));
    assert!(!text.contains('\u{1b}') && painted.contains("\u{1b}[1;31mword\u{1b}[0m: "));
    let mut parts = painted.split('\u{1b}');
    let mut plain = parts.next().expect("a part").to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').expect("a sequence ends");
        assert!(code.starts_with('[') && code[1..].chars().all(|c| c.is_ascii_digit() || c == ';'));
        plain += rest;
    }
    assert_eq!(plain, text);
    assert!(painted.lines().all(|line| !line.contains('\u{1b}') || line.contains("\u{1b}[0m")));
    for code in ["31", "32", "1", "2", "36", "33", "1;33"] {
        assert!(painted.contains(&format!("\u{1b}[{code}m")), "{code}");
    }
}

#[test]
fn limits_are_of_readers_alone() {
    let mut table = Table { shown: Some(1), ..Table::new("", &["", ""]) };
    table.push(["1".to_owned(), "old".to_owned()], Mark::A);
    table.push(["1".to_owned(), "new".to_owned()], Mark::B);
    let children = ["first", "second", "third"].map(Node::new);
    let node = Node { shown: Some(2), ..Node::new("root").with_table(table) };
    let node = node.with_children(children);
    assert_eq!(node.to_text(), "root\n- 1  old\n  … 1 more\nfirst\nsecond\n… 1 more\n");
    let page = node.to_html();
    assert!(page.contains("<tr class=\"a\">") && !page.contains("new"), "{page}");
    assert!(!page.contains("third") && page.matches("… 1 more").count() == 2, "{page}");
    let json: Value = serde_json::from_str(&node.to_json().expect("a tree")).expect("JSON");
    assert_eq!(json["tables"][0]["rows"][1]["mark"], "b");
    assert_eq!(json["children"][2]["title"], "third");
}

#[test]
fn the_page_shows_every_part() {
    let page = sample().to_html();
    for part in [
        "<h1>a report</h1>",
        "<p>a line</p>",
        "<caption>operators</caption>",
        "<th scope=\"col\" class=\"n\">stay</th>",
        "<tr class=\"here\"><td>local.get\nand more</td><td class=\"n\">4</td>",
        "<h2>moved: a child</h2>",
        "<p>note: its note</p>",
        "default-src 'none'",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("none</caption>"), "an empty table is left out");
}

#[test]
fn hostile_text_is_data() {
    let text = "<script>\u{1b}[31m\u{202e}\"'&\r";
    let mut table = Table::new(text, &[text]);
    table.push([text.to_owned(), "lost".to_owned()], false);
    let node = Node {
        verdict: Some(text.to_owned()),
        evidence: vec![text.to_owned()],
        notes: vec![text.to_owned()],
        ..Node::new(text).with_table(table)
    };
    for shown in [node.to_text(), node.to_html()] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
        assert!(!shown.contains("lost"), "{shown}");
    }
    assert!(!node.to_html().contains("<script>"));
    let shown = node.to_json().expect("a tree");
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
    let read: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(read["title"], text);
    assert_eq!(json(&"\u{e0001}").expect("a string"), "\"\\udb40\\udc01\"");
    assert_eq!(escape("<&>\"'"), "&lt;&amp;&gt;&quot;&#39;");
    assert_eq!(printable_line("a\tb\nc"), "a\tb\\nc");
}

#[test]
fn a_long_page_begins_with_its_parts() {
    let page = |count: usize| {
        let names = (0..count).map(|at| Node::new(format!("<{at}>\"")));
        Node::new("root").with_children(names).to_html()
    };
    assert!(!page(7).contains("<nav>") && !page(7).contains(" id="));
    let long = page(8);
    assert!(long.contains("<summary>8 parts</summary>"), "{long}");
    assert!(long.contains("<li><a href=\"#part7\">&lt;7&gt;&quot;</a></li>"), "{long}");
    assert!(long.contains("<section id=\"part7\"><h2>&lt;7&gt;&quot;</h2>"), "{long}");
}

#[test]
fn a_page_of_wide_tables_is_wide() {
    let page = |columns: &[&str]| {
        let mut table = Table::new("", columns);
        table.push(columns.iter().map(|name| (*name).to_owned()), false);
        Node::new("root").with_children([Node::new("child").with_table(table)]).to_html()
    };
    assert!(page(&["a", "b", "c", "d", "e", "f"]).contains("<body class=\"wide\">"));
    assert!(page(&["a", "b", "c", "d", "e"]).contains("<body>"));
}

#[test]
fn depth_is_bounded() {
    let nest = |depth| {
        (0..depth)
            .fold(Node::new("leaf"), |node, _| Node { children: vec![node], ..Node::new("node") })
    };
    let (fits, deep) = (nest(DEPTH_MAX - 1), nest(DEPTH_MAX));
    for (fits, deep) in [(fits.to_text(), deep.to_text()), (fits.to_html(), deep.to_html())] {
        assert!(fits.contains("leaf") && !fits.contains("too deep"));
        assert!(!deep.contains("leaf") && deep.contains("1 below, too deep"));
    }
}

#[test]
fn the_ending_of_a_name_chooses_the_form() {
    let node = sample();
    for (ending, begins) in [
        (Some("json"), "{"),
        (Some("html"), "<!DOCTYPE html>"),
        (Some("txt"), "a report"),
        (None, "a report"),
    ] {
        let shown = node.present(Form::of(ending)).expect("a tree");
        assert!(shown.starts_with(begins) && shown.ends_with('\n'), "{ending:?}");
    }
}
