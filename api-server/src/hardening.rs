//! What the process asks of its system: that nothing of its memory gets to a disk or to another process of the same user,
//! and that it may hold as many connections as the system lets it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

/// File descriptors beside those of connections: the database's, the log's, the listener's.
const OTHER_FILES: u64 = 64;

/// Keeps the memory out of core dumps, and out of reach of debuggers that are not the system's administrator.
pub(crate) fn keep_memory_to_ourselves() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        warn!(%error, "core dumps cannot be forbidden; one would hold keys and secrets");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        warn!(%error, "other processes of this user cannot be kept from reading this one's memory");
    }
}

/// Takes as many file descriptors as the system gives, and says where they are too few for so many connections.
pub(crate) fn take_file_descriptors(connections: usize) {
    let before = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        debug!(%error, "the number of file descriptors stays as it is");
    }
    let available = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(OTHER_FILES);
    if available < wanted {
        warn!(
            available,
            wanted,
            "fewer file descriptors than MAX_CONNECTIONS asks for; raise the limit of open files (LimitNOFILE, ulimit -n), \
             or lower MAX_CONNECTIONS"
        );
    }
}
