//! `docs/trust/evidence.md` is what the tree and `docs/trust/campaigns.tsv` say; `PROVA_BLESS=1`
//! writes it.
//!
//! A green run does not show that a campaign ran, nor that a counted case is a good one.

use prova_tidy::evidence::{PAGE, page};
use prova_tidy::{Tree, root};
use std::fs;

#[test]
fn the_page_is_what_the_tree_says() {
    let tree = Tree::read(&root()).expect("the repository can be read");
    let page = page(&tree).unwrap_or_else(|error| panic!("{error}"));
    let path = root().join(PAGE);
    if std::env::var_os("PROVA_BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = |&(_, (new, old)): &(i32, (&str, &str))| new != old;
    let first = (1..).zip(page.lines().zip(committed.lines())).find(differs);
    let said = |(line, (new, old))| format!("line {line}: the tree says {new:?}, the page {old:?}");
    let first = first.map_or("behind the last common line".to_owned(), said);
    assert!(
        page == committed,
        "{PAGE} is not what the tree says, first at {first}: write it with\n\
         PROVA_BLESS=1 cargo test -p prova-tidy --test evidence"
    );
}
