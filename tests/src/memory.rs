//! What is in the memory of a process that this one has started.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use anyhow::{Context as _, Result};

/// Read at a time.
const CHUNK: u64 = 1 << 20;

/// How often `part` is in the memory that the process can write to: its heap, its stacks, its statics.
pub fn sightings(pid: u32, part: &[u8]) -> Result<usize> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).context("reading its map")?;
    let memory = File::open(format!("/proc/{pid}/mem")).context("opening its memory")?;
    let mut found = 0;
    for (from, to) in maps.lines().filter_map(writable) {
        found += in_range(&memory, from, to, part);
    }
    Ok(found)
}

/// Where a line of the map begins and ends, if the process can write there.
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    words.next().filter(|rights| rights.starts_with("rw"))?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?))
}

fn in_range(memory: &File, from: u64, to: u64, part: &[u8]) -> usize {
    let (mut found, mut at) = (0, from);
    let mut buffer = Vec::new();
    while at < to {
        // Somewhat more, for what lies across the border.
        let length = (to - at).min(CHUNK + part.len() as u64 - 1);
        buffer.resize(usize::try_from(length).unwrap_or_default(), 0);
        // A part that is gone meanwhile holds nothing.
        let read = memory.read_at(&mut buffer, at).unwrap_or_default();
        let windows = buffer[..read].windows(part.len());
        found += windows.filter(|window| *window == part).count();
        at += CHUNK;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::sightings;

    #[test]
    fn what_is_in_memory_is_found_and_what_is_not_is_not() {
        let mut child = Command::new("sleep")
            .arg("60")
            .env("MARK", "in memory, in memory")
            .spawn()
            .unwrap();
        let there = sightings(child.id(), b"in memory, in memory");
        let absent = sightings(child.id(), b"in memory, not in memory");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(there.unwrap() > 0);
        assert_eq!(absent.unwrap(), 0);
    }
}
