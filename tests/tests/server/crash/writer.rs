//! Somebody who writes, and keeps a ledger outside of the server.

use serde_json::Value;
use ssm_tests::caller::{Caller, Shop};

/// Counts two keys up, both in one write.
pub struct Writer {
    owner: Caller,
    path: String,
    keys: [String; 2],
    attempted: u64,
    /// What may be stored: the last value that was acknowledged, and those behind it of which nobody was told.
    possible: Vec<u64>,
}

/// What the server said to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// That it was written.
    Acknowledged,
    /// That it was not, and will not be.
    Refused,
    /// Nothing, or that it does not know.
    Unknown,
}

impl Writer {
    /// The one with this number, who has not written anything.
    pub fn new(owner: &Caller, shop: &Shop, number: usize) -> Self {
        Self {
            owner: owner.clone(),
            path: format!("{}/import?format=env", shop.secrets("base")),
            keys: [format!("LEFT_{number}"), format!("RIGHT_{number}")],
            attempted: 0,
            possible: vec![0],
        }
    }

    /// At another server, or the same one on another port.
    pub fn call_as(&mut self, owner: &Caller) {
        self.owner = owner.clone();
    }

    /// Writes the next value.
    pub async fn write(&mut self) -> Outcome {
        self.attempted += 1;
        let outcome = self.send(self.attempted).await;
        match outcome {
            Outcome::Acknowledged => self.possible = vec![self.attempted],
            Outcome::Refused => {}
            Outcome::Unknown => self.possible.push(self.attempted),
        }
        outcome
    }

    async fn send(&self, value: u64) -> Outcome {
        let [left, right] = &self.keys;
        let request = self
            .owner
            .request("POST", &self.path)
            .header("content-type", "text/plain")
            .body(format!("{left}={value}\n{right}={value}\n"));
        let Ok(answer) = request.send().await else {
            return Outcome::Unknown;
        };
        let status = answer.status().as_u16();
        let Ok(body) = answer.json::<Value>().await else {
            return Outcome::Unknown;
        };
        match (status, body["code"].as_str()) {
            (200, _) => Outcome::Acknowledged,
            (503, Some("unavailable")) => Outcome::Refused,
            (503, Some("outcome_unknown")) => Outcome::Unknown,
            _ => panic!("{status} {body}"),
        }
    }

    /// Takes for certain that the last attempt was, or was not, written.
    pub fn settle(&mut self, written: bool) {
        let last = self.attempted;
        if written {
            self.possible = vec![last];
        } else {
            self.possible.retain(|value| *value != last);
        }
    }

    /// Compares the ledger with what is stored, which is certain from now on.
    pub fn check(&mut self, stored: &Value, when: &str) {
        let [left, right] = self.keys.each_ref().map(|key| {
            let value = stored.get(key).and_then(Value::as_str);
            value.map_or(0, |value| value.parse::<u64>().unwrap())
        });
        assert_eq!(left, right, "{when}: half of a write is there");
        let possible = &self.possible;
        assert!(
            possible.contains(&left),
            "{when}: {left} is not in {possible:?}"
        );
        self.possible = vec![left];
    }
}
