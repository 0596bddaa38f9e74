//! What stands at the start of a line: headings, bullets, quotations, rules and table rows.

/// The content of a line without its marks; `None` for rules and the line below a table's head.
pub(super) fn content(line: &str) -> Option<&str> {
    let line = line.trim();
    if is_rule(line) {
        return None;
    }
    let line = line.trim_start_matches(['>', ' ']);
    if let Some(heading) = heading(line) {
        return Some(heading);
    }
    Some(task(bullet(line)))
}

/// The cells of a table row; any other line is one cell.
pub(super) fn cells(line: &str) -> impl Iterator<Item = &str> {
    let is_row = line.starts_with('|');
    let parts = line.split(move |c| is_row && c == '|');
    parts.map(str::trim).filter(|cell| !cell.is_empty())
}

/// Only marks: `---`, `***`, `===`, `|:--|--:|`.
fn is_rule(line: &str) -> bool {
    let marks = line.chars().filter(|c| matches!(c, '-' | '=' | '*' | '_')).count();
    let table = line.contains('|') && marks > 0;
    (marks >= 3 || table) && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '|' | ':') || c.is_whitespace())
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let is_heading = (1..=6).contains(&level) && (text.is_empty() || text.starts_with(char::is_whitespace));
    is_heading.then(|| text.trim().trim_end_matches('#').trim_end())
}

fn bullet(line: &str) -> &str {
    line.strip_prefix(['-', '*', '+', '•', '–'])
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .map_or(line, str::trim_start)
}

fn task(line: &str) -> &str {
    ["[ ] ", "[x] ", "[X] "].into_iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line)
}
