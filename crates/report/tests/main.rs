//! One tree, presented three ways: each presenter shows each part of it, and nothing that a
//! terminal or a page would obey.
//!
//! A green run does not show that a report is good to read, nor that a browser renders the page.

use prova_report::{DEPTH_MAX, Form, Node, SCHEMA, Table, escape, printable_line};

fn sample() -> Node {
    let mut table = Table::new("operators", &["name", ">went away", ">stay"]);
    table.push(["i32.add", "12", "3"].map(str::to_owned), false);
    table.push(["local.get\nand more", "4", "1234567890"].map(str::to_owned), true);
    let child = Node {
        evidence: vec!["its evidence".to_owned()],
        notes: vec!["its note".to_owned()],
        ..Node::new("a child").with_verdict("moved")
    };
    let root = Node { evidence: vec!["a line".to_owned()], ..Node::new("a report") };
    Node { children: vec![child], ..root.with_table(table).with_table(Table::new("none", &["x"])) }
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

  a child: moved
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
    assert_eq!(json["tables"][0]["rows"][1]["marked"], true);
    assert_eq!(json["children"][0]["verdict"], "moved");
    assert_eq!(json["children"][0]["notes"][0], "its note");
    assert!(json.get("verdict").is_none());
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
        "<h2>a child: moved</h2>",
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
    assert_eq!(escape("<&>\"'"), "&lt;&amp;&gt;&quot;&#39;");
    assert_eq!(printable_line("a\tb\nc"), "a\tb\\nc");
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
