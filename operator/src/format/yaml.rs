//! YAML that every reader of version 1.1 or 1.2 takes for the same texts: keys and values are all in double quotes, since
//! without them `no`, `1e3`, `12:30:45` or `2001-01-01` is something else to one reader or another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One mapping, a key a line.
pub fn write(texts: &BTreeMap<&str, &str>) -> String {
    if texts.is_empty() {
        return "{}\n".to_owned();
    }
    let mut yaml = String::new();
    for (key, value) in texts {
        quote(key, &mut yaml);
        yaml.push_str(": ");
        quote(value, &mut yaml);
        yaml.push('\n');
    }
    yaml
}

/// A text within double quotes (YAML 1.2, section 5.7).
fn quote(text: &str, yaml: &mut String) {
    yaml.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => yaml.extend(['\\', c]),
            '\n' => yaml.push_str("\\n"),
            '\r' => yaml.push_str("\\r"),
            '\t' => yaml.push_str("\\t"),
            c if is_shown(c) => yaml.push(c),
            c => write!(yaml, "\\u{:04X}", u32::from(c)).expect("a String takes all"),
        }
    }
    yaml.push('"');
}

/// What stands for itself: what YAML calls printable, without what ends a line to some reader, and without the BOM. All that does
/// not is below U+10000.
fn is_shown(c: char) -> bool {
    let ends_a_line = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    !c.is_control() && !ends_a_line && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
