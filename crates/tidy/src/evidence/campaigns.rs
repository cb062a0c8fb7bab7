//! `docs/trust/campaigns.tsv` → the table of campaigns.
//!
//! A campaign is a run that is too long for the ordinary tests. What it found is written down once,
//! by hand, with what is known of it; what is not known is `not recorded`.

use super::table;
use std::fmt::Write;

/// The word for a field that nobody wrote down at the time.
const UNKNOWN: &str = "not recorded";

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign<'t> {
    /// The name of the campaign.
    pub campaign: &'t str,
    /// The command, without its surroundings; `not recorded` if only the form is known.
    pub command: &'t str,
    /// The day (`2026-11-23`), the day before which it ran (`before DAY`), the day of the commit
    /// that recorded it (`by DAY`), or `not recorded`.
    pub date: &'t str,
    /// The commit of the tree that ran, or `not recorded`.
    pub commit: &'t str,
    /// The processor, or `not recorded`.
    pub processor: &'t str,
    /// The result.
    pub result: &'t str,
}

impl Campaign<'_> {
    /// Reads the rows; lines that begin with `#` explain the file.
    ///
    /// # Errors
    /// A row without six fields, an empty field, a date or commit that is none, or a `|`, which
    /// would end a cell of the page.
    pub fn parse(text: &str) -> Result<Vec<Campaign<'_>>, String> {
        let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        rows.map(|row| {
            let fields: Vec<&str> = row.split('\t').collect();
            let [campaign, command, date, commit, processor, result] = fields[..] else {
                return Err(format!(
                    "not `campaign, command, date, commit, processor, result`: {row}"
                ));
            };
            if fields.iter().any(|field| field.is_empty() || field.contains('|')) {
                return Err(format!("an empty field, or a `|` in one: {row}"));
            }
            if !is_date(date) {
                return Err(format!(
                    "not a date, `before DATE`, `by DATE` or `{UNKNOWN}`: {date} in {row}"
                ));
            }
            if !is_commit(commit) {
                return Err(format!("not a commit or `{UNKNOWN}`: {commit} in {row}"));
            }
            Ok(Campaign { campaign, command, date, commit, processor, result })
        })
        .collect()
    }
}

fn is_date(text: &str) -> bool {
    let day = text.strip_prefix("before ").or_else(|| text.strip_prefix("by "));
    let day = day.unwrap_or(text);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let lengths: Vec<usize> = day.split('-').map(str::len).collect();
    text == UNKNOWN || (lengths == [4, 2, 2] && day.split('-').all(digits))
}

fn is_commit(text: &str) -> bool {
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
    text == UNKNOWN || (hex && (7..=40).contains(&text.len()))
}

/// Writes the table.
pub(super) fn section(text: &str, page: &mut String) -> Result<(), String> {
    let campaigns = Campaign::parse(text)?;
    if campaigns.is_empty() {
        return Err(format!("{} has no row", super::CAMPAIGNS));
    }
    table(
        page,
        "Campaigns",
        "Long runs, from `docs/trust/campaigns.tsv`. `prova-testing …` stands for `cargo run --release -p prova-testing -- …`. \
         *by*: recorded in a commit of that day. A dash stands for what was not recorded.",
        &["campaign", "command", "date", "commit", "processor", "result"],
    );
    let known = |text: &str| if text == UNKNOWN { "–".to_owned() } else { text.to_owned() };
    for row in campaigns {
        let command = known(row.command);
        let command = if command == "–" { command } else { format!("`{command}`") };
        let rest = [row.date, row.commit, row.processor, row.result].map(known);
        let _ = writeln!(page, "| {} | {command} | {} |", row.campaign, rest.join(" | "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "edits\tprova-testing mutations\t2026-11-20\tnot recorded\tAMD EPYC\tnone";

    #[test]
    fn rows_and_what_is_none() {
        let rows = Campaign::parse(ROW).expect("a row");
        assert_eq!((rows[0].date, rows[0].result), ("2026-11-20", "none"));
        for (from, to) in [
            ("2026-11-20", "yesterday"),
            ("2026-11-20", "2026-1-20"),
            ("not recorded", "HEAD"),
            ("not recorded", "ABCDEF0"),
            ("AMD EPYC", ""),
            ("none", "a | b"),
            ("\tnone", ""),
        ] {
            assert!(Campaign::parse(&ROW.replace(from, to)).is_err(), "{from} => {to}");
        }
        for (from, to) in [
            ("2026-11-20", "before 2026-11-20"),
            ("2026-11-20", "by 2026-11-20"),
            ("not recorded", "5b2c4f1"),
        ] {
            assert!(Campaign::parse(&ROW.replace(from, to)).is_ok(), "{from} => {to}");
        }
    }

    #[test]
    fn what_is_not_recorded_is_a_dash() {
        let mut page = String::new();
        section(ROW, &mut page).expect("a table");
        let row = "| edits | `prova-testing mutations` | 2026-11-20 | – | AMD EPYC | none |\n";
        assert!(page.ends_with(row), "{page}");
        assert!(section("# nothing\n", &mut page).is_err());
    }
}
