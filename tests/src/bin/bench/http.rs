//! As little HTTP/1.1 as a load generator needs, so that it takes little of the cores that it shares with the server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::report::median;

/// How long one measurement takes.
const FOR: Duration = Duration::from_secs(2);

/// How often two things are measured in turns.
const ROUNDS: usize = 5;

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:port`.
    pub async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Sends a request, reads the whole response, and returns the length of its body.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<usize> {
        self.stream.write_all(request).await?;
        let mut have = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[have..]).await?;
            ensure!(read > 0, "the server has closed the connection");
            have += read;
            if let Some(head) = self.buffer[..have]
                .windows(4)
                .position(|end| end == b"\r\n\r\n")
            {
                let length = body_length(&self.buffer[..head])?;
                let missing = (head + 4 + length).saturating_sub(have);
                if missing > 0 {
                    self.stream
                        .read_exact(&mut self.buffer[have..have + missing])
                        .await?;
                }
                return Ok(length);
            }
        }
    }

    /// Sends a request whose answer has no end.
    pub async fn begin(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request).await?)
    }

    /// What has arrived of an answer without an end.
    pub async fn more(&mut self) -> Result<&[u8]> {
        let read = self.stream.read(&mut self.buffer).await?;
        ensure!(read > 0, "the server has closed the connection");
        Ok(&self.buffer[..read])
    }
}

fn body_length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "304" {
        return Ok(0);
    }
    ensure!(status.starts_with('2'), "the server answers {status}");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    match length {
        Some(length) => Ok(length),
        None => bail!("the response has no length"),
    }
}

/// The bytes of a request. `more` is further headers, each with its line end.
pub fn request(method: &str, path: &str, token: &str, more: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Measures two things in turns, so that whatever else the machine does meets both, and returns the median of each.
pub async fn side_by_side(
    mut measured: impl AsyncFnMut() -> Result<f64>,
    mut reference: impl AsyncFnMut() -> Result<f64>,
) -> Result<(f64, f64)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(reference().await?);
        ours.push(measured().await?);
    }
    Ok((median(ours), median(theirs)))
}

/// Requests a second that `connections` get answered, each sending what `next` makes for it and its count.
pub async fn throughput(
    port: u16,
    connections: usize,
    next: impl Fn(usize, u64) -> Vec<u8> + Copy,
) -> Result<f64> {
    let (begin, took) = (Instant::now(), busy(port, connections, next).await?);
    let requests = u32::try_from(took.len()).context("too many requests to count")?;
    Ok(f64::from(requests) / begin.elapsed().as_secs_f64())
}

/// How long each request takes while `connections` send one after the other.
pub async fn busy(
    port: u16,
    connections: usize,
    next: impl Fn(usize, u64) -> Vec<u8> + Copy,
) -> Result<Vec<Duration>> {
    let begin = Instant::now();
    let workers = (0..connections).map(|worker| async move {
        let (mut connection, mut took) = (Connection::open(port).await?, Vec::new());
        for count in 0.. {
            let sent = Instant::now();
            if sent - begin >= FOR {
                break;
            }
            connection.exchange(&next(worker, count)).await?;
            took.push(sent.elapsed());
        }
        Ok::<_, anyhow::Error>(took)
    });
    Ok(try_join_all(workers).await?.concat())
}

/// How long each request takes while `connections` together send `rate` a second, counted from when it was due: what
/// waits for a slow one before it counts as slow, too.
pub async fn paced(port: u16, connections: u32, rate: f64, what: &[u8]) -> Result<Vec<Duration>> {
    let begin = Instant::now();
    let pace = Duration::from_secs_f64(f64::from(connections) / rate);
    let workers = (0..connections).map(|worker| async move {
        let (mut connection, mut took) = (Connection::open(port).await?, Vec::new());
        let mut due = begin + pace * worker / connections;
        while due - begin < FOR {
            sleep_until(due.into()).await;
            connection.exchange(what).await?;
            took.push(due.elapsed());
            due += pace;
        }
        Ok::<_, anyhow::Error>(took)
    });
    Ok(try_join_all(workers).await?.concat())
}
