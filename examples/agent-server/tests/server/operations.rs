//! The page for operators, and what the server really has.

use agent_server::SETTINGS;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../docs/operations.md");
const METRICS: &str = include_str!("../../../../docs/observability.md");

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_table_of_settings_has_all_of_them_and_no_others() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Settings\n")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let told: BTreeSet<&str> = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap())).collect();
    let known: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(told, known);
}

/// Each name in an alert is one of the page on observability, `_total`, `_bucket` and units included.
#[test]
fn alerts_are_about_metrics_that_there_are() {
    let known: BTreeSet<&str> = METRICS.lines().filter(|line| line.starts_with("| `")).flat_map(quoted).collect();
    let known: BTreeSet<&str> = known.iter().map(|name| name.split('{').next().unwrap()).collect();
    let mut names = 0;
    for (at, _) in PAGE.match_indices("voice_agent_") {
        let name = &PAGE[at + "voice_agent_".len()..];
        let name = &name[..name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len())];
        let name = name.strip_suffix("_bucket").unwrap_or(name);
        assert!(known.contains(name), "{name}");
        names += 1;
    }
    assert!(names > 10, "{names}");
}
