//! State and block files: which members are read, which are passed over, which are refused by name.
//!
//! A green run does not show how much memory a file takes while it is read: that was measured by
//! hand.

use prova_substrate::{StateVersion, SubstrateError, parse_block_file, parse_state};

const STATE: &str = r#""mainTrie": {"0x01": "0x02"}"#;

fn state(json: &str) -> Result<[u8; 32], String> {
    match parse_state(json.as_bytes(), None) {
        Ok(storage) => Ok(storage.root(StateVersion::V1)),
        Err(error) => Err(error.downcast::<SubstrateError>().unwrap().to_string()),
    }
}

#[test]
fn a_state_is_found_wherever_it_stands() {
    let expected = state(&format!("{{{STATE}}}")).unwrap();
    for json in [
        // Escapes; a child without keys; versions.
        r#"{"mainTrie": {"\u0030x01": "0x02"}}"#.to_owned(),
        format!(r#"{{{STATE}, "childTries": {{"0x07": {{}}}}, "stateVersion": 1}}"#),
        r#"{"stateVersion": 1, "mainTrie": {"0x01": {"stateVersion": 1, "value": "0x02"}}}"#.into(),
        // Beside a block.
        format!(r#"{{{STATE}, "header": "0x", "body": [[7], {{}}]}}"#),
        format!(r#"{{"block": {{"header": 7}}, "parentStorage": {{{STATE}}}, "more": [1e9]}}"#),
        // A specification has many members.
        r#"{"name": "a", "id": 7, "telemetryEndpoints": null, "genesis": {"raw":
            {"top": {"0x01": "0x02"}, "childrenDefault": {}, "children": {}}}}"#
            .into(),
    ] {
        assert_eq!(state(&json), Ok(expected), "{json}");
    }
}

#[test]
fn what_is_no_member_of_a_state_is_refused_by_name() {
    for (json, at, why) in [
        (format!(r#"{{{STATE}, "childTrie": {{}}}}"#), "childTrie", "no such member"),
        (format!(r#"{{"stateversion": 0, {STATE}}}"#), "stateversion", "no such member"),
        (format!(r#"{{"parentStorage": {{{STATE}, "root": 1}}}}"#), "root", "no such member"),
        (
            r#"{"genesis": {"raw": {"top": {}, "childrendefault": {}}}}"#.into(),
            "childrendefault",
            "no such member",
        ),
        (
            r#"{"genesis": {"raw": {"top": {}, "children": {"0x": {}}}}}"#.into(),
            "children",
            "give them as `childrenDefault`",
        ),
        (
            r#"{"stateVersion": 0, "mainTrie": {"0x": {"value": "0x", "version": 1}}}"#.into(),
            "version",
            "`value` and `stateVersion` alone",
        ),
        (format!("{{{STATE}, {STATE}}}"), "mainTrie", "twice"),
        (format!(r#"{{{STATE}, "parentStorage": {{{STATE}}}}}"#), "state file", "more than one"),
        (r#"{"mainTrie": {"0x01": "0x", "0x01": "0x"}}"#.into(), "0x01", "twice"),
        (r#"{"mainTrie": {"0x02": "0x", "0x01": "0x", "0x02": "0x"}}"#.into(), "0x02", "twice"),
        (
            r#"{"mainTrie": {}, "childTries": {"0x1a": {}, "0x1A": {}}}"#.into(),
            "0x1a",
            "this child trie stands there twice",
        ),
        (r#"{"mainTrie": {"0x01": "0x0g"}}"#.into(), "0x01", "`0x0g` is not hexadecimal"),
        (r#"{"mainTrie": {"0x01": ["0x"]}}"#.into(), "0x01", "it is no string"),
        (r#"{"maintrie": {}}"#.into(), "state file", "it has neither"),
        (r#"{"mainTrie": {}} {}"#.into(), "file", "something stands behind its end"),
    ] {
        let error = state(&json).unwrap_err();
        assert!(error.starts_with(&format!("`{at}`: ")) && error.contains(why), "{json}: {error}");
    }
}

#[test]
fn files_of_other_kinds_are_told_what_to_do() {
    for (json, why) in [
        (r#"{"genesis": {"runtimeGenesis": {"code": "0x"}}}"#, "`build-spec --raw --chain FILE`"),
        (r#"{"genesis": {"runtime": {}}}"#, "`build-spec --raw --chain FILE`"),
        (r#"{"genesis": {"stateRootHash": "0x"}}"#, "with the state's root alone"),
        (r#"{"jsonrpc": "2.0", "id": 1, "result": []}"#, "it is the answer of a node (JSON-RPC)"),
    ] {
        let error = state(json).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
    let block = |json: &str| match parse_block_file(json.as_bytes()) {
        Ok(block) => Ok(block.map(|block| (block.header, block.body))),
        Err(error) => Err(error.downcast::<SubstrateError>().unwrap().to_string()),
    };
    let good = (vec![1], vec![vec![2], vec![]]);
    for json in [
        r#"{"header": "0x01", "body": ["0x02", "0x"]}"#.to_owned(),
        r#"{"block": {"body": ["0x02", "0x"], "header": "0x01", "x": 1}, "header": "0x"}"#.into(),
        format!(r#"{{"header": "0x01", {STATE}, "body": ["0x02", "0x"]}}"#),
    ] {
        assert_eq!(block(&json), Ok(Some(good.clone())), "{json}");
    }
    assert_eq!(block(&format!("{{{STATE}}}")), Ok(None));
    for (json, why) in [
        (r#"{"jsonrpc": "2.0", "result": {"block": {"header": {}}}}"#, "answer of a node"),
        (r#"{"header": {"number": "0x1"}, "body": []}"#, "`block.header`: it is an object"),
        (r#"{"header": "0x01", "header": "0x01", "body": []}"#, "`header`: it stands there twice"),
        (r#"{"block": {"header": "0x01"}}"#, "`block.body`: it is missing"),
        (r#"{"block": {"header": "0x01", "body": [7]}}"#, "`block.body`: it is no string"),
        (r#"{"block": 7}"#, "`block`: it is no object"),
    ] {
        let error = block(json).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
}
