//! What templates may cost.

use std::io::{self, Write};
use std::thread::{Builder, scope};

use crate::desired::MAX_DATA;

/// Words and signs in the tags of all templates of a Secret: what there is to read for the engine.
pub const MAX_WORDS: usize = 1 << 14;

/// What all templates of a Secret may cost together; what one has used is not there for the next.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Words and signs in tags.
    pub words: usize,
    /// The engine's unit: about one instruction, or 64 bytes of data. It bounds memory to 32 MiB, and time to a fraction of a second.
    pub fuel: u64,
    /// Output.
    pub bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            words: MAX_WORDS,
            fuel: 1 << 19,
            bytes: MAX_DATA,
        }
    }
}

/// Takes so many bytes and no more.
pub struct Capped {
    bytes: Vec<u8>,
    cap: usize,
}

impl Capped {
    pub fn new(cap: usize) -> Self {
        Self {
            bytes: Vec::new(),
            cap,
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.cap - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The engine goes down a level of the stack for each `{% elif %}`, and for each list that is within another one: as deep as a text is
/// long. The longest template needs less than 16 MiB, and less than 4 MiB where the compiler optimizes; only what is used is paid for.
const STACK: usize = 32 << 20;

/// Runs this with a stack of its own. `None` where it panics, or where the system has no thread left.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    scope(|scope| {
        let thread = Builder::new().name("template".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work);
        thread.ok()?.join().ok()
    })
}
