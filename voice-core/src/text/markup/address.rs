//! Addresses of pages: said as the name of the site.

/// Length in bytes of the address that `text` begins with, and the site it names.
pub(super) fn leading_address(text: &str) -> Option<(usize, &str)> {
    let scheme = ["https://", "http://", "www."].into_iter().find(|scheme| starts_with_ignoring_case(text, scheme))?;
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '|' | '`')).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '_', '\'']);
    let rest = address.get(if scheme == "www." { 0 } else { scheme.len() }..)?;
    let host = &rest[..rest.find(['/', '?', '#', ':']).unwrap_or(rest.len())];
    let site = if starts_with_ignoring_case(host, "www.") { &host[4..] } else { host };
    (!site.is_empty()).then_some((address.len(), site))
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
