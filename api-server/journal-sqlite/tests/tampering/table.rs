//! A table in memory, to be changed in every way and written back.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use ssm_domain::command::AuthStore;
use ssm_engine::verify::{AccessPlace, Named};

/// What is known of a table.
pub struct Table {
    pub name: &'static str,
    /// The columns that hold something. Those that only order what is a single row anyway are left out of changes.
    pub columns: &'static [&'static str],
    /// How many of them, from the first, may be changed.
    pub changeable: usize,
    /// What can be done to a row besides changing it.
    pub rows: &'static [RowChange],
    /// By what a change of this column of this row may be found.
    pub names: fn(&[Value], usize) -> Vec<Named>,
}

/// What can be done to whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    Delete,
    Truncate,
    Insert,
}

use RowChange::{Delete, Insert, Truncate};

pub const TABLES: &[Table] = &[
    Table {
        name: "journal",
        columns: &["seq", "hash", "entry", "project", "config"],
        changeable: 5,
        rows: &[Delete, Truncate, Insert],
        names: |row, column| match column {
            3 | 4 => vec![Named::Index(seq(row, 0))],
            // What is about an entry that is gone tells, too.
            _ => about(seq(row, 0)),
        },
    },
    Table {
        name: "touched",
        columns: &["seq", "config"],
        changeable: 2,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Index(seq(row, 0))],
    },
    Table {
        name: "signatures",
        columns: &["seq", "public_key", "previous", "signature"],
        changeable: 4,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Signature(seq(row, 0))],
    },
    Table {
        name: "sealed_values",
        columns: &["digest", "sealed"],
        changeable: 2,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Value(hex(&row[0]))],
    },
    Table {
        name: "credentials",
        columns: &["id", "body"],
        changeable: 2,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Record(AuthStore::Credentials, text(&row[0]))],
    },
    Table {
        name: "tokens",
        columns: &["id", "body"],
        changeable: 2,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Record(AuthStore::Tokens, text(&row[0]))],
    },
    Table {
        name: "keys",
        columns: &["id", "body"],
        changeable: 2,
        rows: &[Delete, Truncate, Insert],
        names: |row, _| vec![Named::Record(AuthStore::Keys, text(&row[0]))],
    },
    Table {
        name: "snapshots",
        columns: &["seq"],
        changeable: 1,
        // One that is gone costs time at the next start, and nothing else.
        rows: &[Insert],
        names: |row, _| vec![Named::Snapshot(seq(row, 0))],
    },
    Table {
        name: "snapshot_chunks",
        columns: &["seq", "bytes", "chunk"],
        changeable: 2,
        rows: &[Delete],
        names: |row, _| vec![Named::Snapshot(seq(row, 0))],
    },
    Table {
        name: "access",
        columns: &[
            "server",
            "seq",
            "hash",
            "record",
            "epoch",
            "public_key",
            "signature",
            "at",
            "until",
            "id",
            "project",
            "config",
            "key",
            "actor",
            "action",
            "status",
        ],
        changeable: 16,
        // What can be deleted from either end of a chain depends on what is signed, so that is done elsewhere.
        rows: &[Insert],
        names: |row, _| vec![access(row)],
    },
];

/// The access record of a row.
pub fn access(row: &[Value]) -> Named {
    let Value::Integer(seq) = row[1] else {
        panic!("a position is a number")
    };
    Named::Access(AccessPlace {
        chain: hex(&row[0]),
        seq,
    })
}

/// Everything that may tell of an entry that is not there.
pub fn about(seq: u64) -> Vec<Named> {
    vec![Named::Entry(seq), Named::Signature(seq), Named::Index(seq)]
}

pub fn seq(row: &[Value], column: usize) -> u64 {
    match row[column] {
        Value::Integer(seq) => seq.unsigned_abs(),
        _ => panic!("a position is a number"),
    }
}

pub fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        // The table will not take it.
        Value::Null => String::new(),
        _ => panic!("an id is a text"),
    }
}

pub fn blob(value: &Value) -> &[u8] {
    match value {
        Value::Blob(bytes) => bytes,
        _ => panic!("these are bytes"),
    }
}

fn hex(value: &Value) -> String {
    use std::fmt::Write as _;
    blob(value).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// The rows of a table.
pub type Rows = Vec<Vec<Value>>;

impl Table {
    pub fn named(name: &str) -> &'static Self {
        TABLES.iter().find(|table| table.name == name).unwrap()
    }

    pub fn read(&self, db: &Connection) -> Rows {
        let columns = self.columns.join(", ");
        let sql = format!("SELECT {columns} FROM {} ORDER BY {columns}", self.name);
        let mut statement = db.prepare(&sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..self.columns.len()).map(|at| row.get(at)).collect();
        let rows = statement.query_map([], row).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Puts these rows in the place of all. False where the table cannot hold them.
    pub fn write(&self, db: &Connection, rows: &Rows) -> bool {
        let transaction = db.unchecked_transaction().unwrap();
        let delete = format!("DELETE FROM {}", self.name);
        transaction.execute_batch(&delete).unwrap();
        let places = vec!["?"; self.columns.len()].join(", ");
        let columns = self.columns.join(", ");
        let insert = format!("INSERT INTO {} ({columns}) VALUES ({places})", self.name);
        let all = rows
            .iter()
            .all(|row| transaction.execute(&insert, params_from_iter(row)).is_ok());
        if all {
            transaction.commit().unwrap();
        }
        all
    }
}

/// Something else than what was there, of the same kind.
pub fn altered(value: &Value, rng: &mut StdRng) -> Value {
    match value {
        Value::Null => Value::Text("web".into()),
        Value::Integer(number) => {
            Value::Integer(number + *[-2, -1, 1, 2, 1_000].choose(rng).unwrap())
        }
        Value::Text(text) => {
            let mut bytes = text.clone().into_bytes();
            if bytes.is_empty() || rng.random_ratio(1, 8) {
                return Value::Null;
            }
            let at = rng.random_range(0..bytes.len());
            bytes[at] = if bytes[at] == b'e' { b'f' } else { b'e' };
            Value::Text(String::from_utf8(bytes).unwrap())
        }
        Value::Blob(bytes) => Value::Blob(altered_bytes(bytes, rng)),
        Value::Real(_) => panic!("no column holds one"),
    }
}

fn altered_bytes(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match rng.random_range(0..4) {
        0 if !bytes.is_empty() => {
            bytes.truncate(rng.random_range(0..bytes.len()));
        }
        1 => bytes.push(rng.next_u32().to_le_bytes()[0]),
        _ if !bytes.is_empty() => {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        _ => bytes.push(0),
    }
    bytes
}
