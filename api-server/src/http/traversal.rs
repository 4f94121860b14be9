//! Paths that try to be another path once somebody has tidied them up: nothing is at any of them.

/// Whether a path has a segment that is empty, `.` or `..`, or one that holds a slash, a backslash or a control character,
/// escaped or not. A slash at the end is none of these.
pub(super) fn is_crooked(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let segments = path.strip_suffix('/').unwrap_or(path);
    !path.is_empty() && segments.split('/').any(is_crooked_segment)
}

fn is_crooked_segment(segment: &str) -> bool {
    // Nearly all of them are plain.
    if !segment.is_empty()
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    {
        return false;
    }
    let Some(bytes) = unescape(segment) else {
        return true;
    };
    let odd = |byte: &u8| b"/\\".contains(byte) || byte.is_ascii_control();
    matches!(&*bytes, b"" | b"." | b"..") || bytes.iter().any(odd)
}

/// The bytes that a segment stands for; none where an escape is not one.
fn unescape(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte == b'%' {
            let (digits, behind) = rest.split_first_chunk::<2>()?;
            let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
            bytes.push(u8::try_from(high? << 4 | low?).ok()?);
            rest = behind;
        } else {
            bytes.push(*byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::is_crooked;

    #[test]
    fn crooked_paths_are_told_from_straight_ones() {
        for path in [
            "//",
            "/api//projects",
            "/api/projects//",
            "/api/../etc",
            "/api/./projects",
            "/api/%2e%2E/x",
            "/api/.%2e",
            "/api/a%2fb",
            "/api/a%5cb",
            "/api/a\\b",
            "/api/a%00",
            "/api/a%0ab",
            "/api/a%",
            "/api/a%2",
            "/api/a%zz",
            "/api/a%+1",
        ] {
            assert!(is_crooked(path), "{path}");
        }
        for path in [
            "/",
            "/api/projects",
            "/api/projects/",
            "/api/workspace/members/ann.lee@example.com",
            "/api/workspace/members/ann%40example.com",
            "/api/projects/..web",
            "/api/projects/%C3%A4",
            "*",
        ] {
            assert!(!is_crooked(path), "{path}");
        }
    }
}
