//! Loopback ports that nobody else takes in the meantime.
//!
//! Binding to port 0 and letting go again hands out ports which the next outgoing connection, or another test process,
//! may get too. These ports are below the range that systems draw from by themselves, and each is locked for as long as
//! this process lives, so that a server can be stopped and started again on its own.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};

use crate::paths;

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

struct Taken {
    next: u16,
    // Held for the life of the process; the system lets go of them however it ends.
    locks: Vec<File>,
}

static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

/// A TCP port on 127.0.0.1 that is free now and stays this process's own.
pub fn free_port() -> Result<u16> {
    let dir = paths::cache_dir()?.join("test-ports");
    paths::make_dir(&dir)?;
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = taken.get_or_insert_with(|| Taken {
        // Somewhere else for each process, only to try fewer ports that are taken.
        next: u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT)).unwrap_or(0),
        locks: Vec::new(),
    });
    for _ in 0..COUNT {
        let port = FIRST + taken.next;
        taken.next = (taken.next + 1) % COUNT;
        let lock = File::create(dir.join(port.to_string())).context("making a port's lock file")?;
        if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.locks.push(lock);
            return Ok(port);
        }
    }
    anyhow::bail!("no free port from {FIRST} to {}", FIRST + COUNT - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_out_twice() {
        let ports: HashSet<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 50);
    }
}
