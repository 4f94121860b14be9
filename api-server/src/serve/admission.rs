//! How many connections there may be, so that nobody takes all of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use ssm_engine::throttle::AddressGroup;
use tracing::warn;

use crate::config::WebConfig;
use crate::http::Gauged;

/// How often at most the log says that connections are refused.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// Who may connect now.
pub(super) struct Admission {
    most: usize,
    most_per_address: usize,
    /// Whoever is behind one of these comes from the proxy's address, like everybody else there.
    proxies: Vec<IpNet>,
    open: Arc<Mutex<Open>>,
    gauge: Gauged,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_address: HashMap<AddressGroup, usize>,
    said: Option<Instant>,
}

/// A connection that counts until this is dropped.
pub(super) struct Admitted {
    open: Arc<Mutex<Open>>,
    group: Option<AddressGroup>,
    _counted: Box<dyn Send>,
}

impl Admission {
    pub(super) fn new(web: &WebConfig, gauge: Gauged) -> Self {
        Self {
            most: web.limits.connections,
            most_per_address: web.limits.connections_per_address,
            proxies: web.trusted_proxies.clone(),
            open: Arc::default(),
            gauge,
        }
    }

    /// Counts a connection from `address` in, or refuses it.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Admitted> {
        let is_proxy = self.proxies.iter().any(|block| block.contains(&address));
        let group = (!is_proxy).then(|| AddressGroup::of(address));
        let mut open = lock(&self.open);
        let from_there = group.map_or(0, |group| {
            open.by_address.get(&group).copied().unwrap_or_default()
        });
        if open.total >= self.most || from_there >= self.most_per_address {
            let limit = if open.total >= self.most {
                "MAX_CONNECTIONS"
            } else {
                "MAX_CONNECTIONS_PER_ADDRESS"
            };
            if open.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                open.said = Some(Instant::now());
                warn!(%address, limit, "connections are refused: there are too many");
            }
            return None;
        }
        open.total += 1;
        if let Some(group) = group {
            *open.by_address.entry(group).or_default() += 1;
        }
        Some(Admitted {
            open: self.open.clone(),
            group,
            _counted: Box::new(self.gauge.count()),
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.total -= 1;
        if let Some(group) = self.group
            && let Some(count) = open.by_address.get_mut(&group)
        {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&group);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Admission, lock};
    use crate::config::{Limits, WebConfig};
    use crate::http::Metrics;

    fn admission() -> Admission {
        let web = WebConfig {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            limits: Limits {
                connections: 4,
                connections_per_address: 2,
                ..Limits::default()
            },
            ..WebConfig::default()
        };
        Admission::new(&web, Metrics::start().connections())
    }

    #[test]
    fn nobody_takes_more_than_their_share_and_a_connection_that_ends_makes_room() {
        let admission = admission();
        let admit = |address: &str| admission.admit(address.parse().unwrap());
        let first = admit("192.0.2.1");
        let _second = admit("192.0.2.1");
        assert!(first.is_some() && admit("192.0.2.1").is_none());
        assert!(admit("192.0.2.2").is_some());
        drop(first);
        assert!(admit("192.0.2.1").is_some());
    }

    #[test]
    fn the_addresses_of_one_network_count_as_one_and_a_proxy_counts_in_the_total_only() {
        let admission = admission();
        let admit = |address: &str| admission.admit(address.parse().unwrap());
        let home = [
            admit("2001:db8::1"),
            admit("2001:db8::2"),
            admit("2001:db8::3"),
        ];
        assert_eq!(home.each_ref().map(Option::is_some), [true, true, false]);
        drop(home);
        let proxied = [(); 5].map(|()| admit("10.0.0.1"));
        assert_eq!(proxied.iter().flatten().count(), 4);
        drop(proxied);
        let open = lock(&admission.open);
        assert_eq!((open.total, open.by_address.len()), (0, 0));
    }
}
