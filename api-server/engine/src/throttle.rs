//! How often somebody may try to prove a password. An attempt counts before its outcome is known, so that none slips
//! through while others are still being checked; the first few are free, and each one more makes the next wait longer, up to
//! half a minute. Nobody is locked out for good.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use ssm_domain::credential::TokenSalt;
use ssm_domain::names::Username;
use ssm_domain::time::Timestamp;

use crate::activity::Kept;

/// The longest that anybody waits for the next attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long after the last attempt all of them are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);
/// How long an account is known to sign in from an address.
const FAMILIAR_FOR: Duration = Duration::from_hours(90 * 24);

/// An address, or the /64 of IPv6 that a household or a machine has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressGroup(IpAddr);

impl AddressGroup {
    /// The group that an address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Ipv6Addr::from_bits(network).into()
            }
        })
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Attempts that count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    attempts: u32,
    /// Before this no further attempt is let through.
    until: Timestamp,
}

/// No further attempt before this time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Count {
    /// Counts one more attempt, unless it is too early for it; then nothing changes, so that nobody makes others wait for
    /// longer by trying all the time.
    fn attempt(self, free: u32, now: Timestamp) -> Result<Self, Wait> {
        let left = self.until.as_millis().saturating_sub(now.as_millis());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        // Nobody waits for longer than the longest wait: then it is the clock that went back.
        if !left.is_zero() && left <= LONGEST_WAIT {
            return Err(Wait(left));
        }
        let attempts = self.attempts.saturating_add(1);
        // An attempt that costs no wait leaves the time alone: another at the same moment may have read the clock before it.
        let until = wait(attempts, free).map_or(self.until, |wait| now.plus(wait));
        Ok(Self { attempts, until })
    }

    /// Takes back an attempt that was a good one, or was not made.
    fn taken_back(self, now: Timestamp) -> Self {
        Self {
            attempts: self.attempts.saturating_sub(1),
            until: self.until.min(now),
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        format!("{} {}", self.attempts, self.until.as_millis()).into_bytes()
    }

    /// Reads what was kept; what cannot be read counts as nothing.
    fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let count = text.split_once(' ').and_then(|(attempts, until)| {
            Some(Self {
                attempts: attempts.parse().ok()?,
                until: Timestamp::from_millis(until.parse().ok()?),
            })
        });
        count.unwrap_or_default()
    }
}

/// How long to wait after so many attempts: after the first few not at all, then for 2^(n - free) seconds.
fn wait(attempts: u32, free: u32) -> Option<Duration> {
    let over = attempts.checked_sub(free)?;
    Some(Duration::from_secs(1 << over.min(10)).min(LONGEST_WAIT))
}

/// What attempts are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// One account from one address.
    Pair,
    /// One account from anywhere but the addresses that it is known to sign in from.
    Account,
    /// One address with whatever accounts.
    Address,
    /// Guesses of the setup token from one address.
    Setup,
}

impl Watched {
    /// How many attempts it takes until somebody waits.
    fn free(self) -> u32 {
        match self {
            Self::Pair => 3,
            Self::Setup => 5,
            Self::Account => 10,
            // A whole office may be behind it.
            Self::Address => 30,
        }
    }
}

/// The counts, by names that tell nothing about the account: somebody may have typed their password there.
pub(crate) struct Throttle<'a> {
    pub kept: &'a Kept,
    pub salt: &'a TokenSalt,
    pub now: Timestamp,
}

/// An attempt that was counted, and stays so unless it was a good one or was not made.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The names of its counts.
    counts: Vec<String>,
    /// What becomes of it if it was a good one.
    account: Option<OfAccount>,
}

#[derive(Debug)]
struct OfAccount {
    /// The count of this account and this address, which begins anew.
    pair: String,
    /// Under what it is remembered that the account signs in from this address.
    familiar: String,
}

impl Throttle<'_> {
    /// Counts an attempt to prove a password, or refuses it. An account that does not exist is counted like one that does;
    /// `account` is nothing where the text cannot be a username.
    pub(crate) fn sign_in(
        &self,
        account: Option<&Username>,
        address: Option<IpAddr>,
    ) -> Result<Attempt, Wait> {
        let group =
            address.map_or_else(String::new, |address| AddressGroup::of(address).to_string());
        let mut wanted = Vec::with_capacity(3);
        if address.is_some() {
            wanted.push((Watched::Address, self.name("address", &[&group])));
        }
        let account = account.map(|account| {
            let account = account.folded();
            let pair = self.name("pair", &[&account, &group]);
            let familiar = self.name("familiar", &[&account, &group]);
            wanted.push((Watched::Pair, pair.clone()));
            // Whoever keeps an account busy from everywhere does not keep its owner out.
            if self.kept.get(&familiar, self.now).is_none() {
                wanted.push((Watched::Account, self.name("account", &[&account])));
            }
            OfAccount { pair, familiar }
        });
        let counts = self.count(wanted)?;
        Ok(Attempt { counts, account })
    }

    /// Counts a guess of the setup token, or refuses it.
    pub(crate) fn setup(&self, address: Option<IpAddr>) -> Result<Attempt, Wait> {
        let group =
            address.map_or_else(String::new, |address| AddressGroup::of(address).to_string());
        let counts = self.count(vec![(Watched::Setup, self.name("setup", &[&group]))])?;
        Ok(Attempt {
            counts,
            account: None,
        })
    }

    /// The attempt was a good one.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        self.not_made(attempt);
        if let Some(OfAccount { pair, familiar }) = &attempt.account {
            self.kept.remove(pair);
            self.kept
                .put(familiar, Vec::new(), self.now.plus(FAMILIAR_FOR));
        }
    }

    /// The attempt did not come to anything.
    pub(crate) fn not_made(&self, attempt: &Attempt) {
        for id in &attempt.counts {
            self.kept.update(id, self.now, |before| {
                let count = before.map(Count::from_bytes).unwrap_or_default();
                self.record(count.taken_back(self.now))
            });
        }
    }

    /// Counts one more for each name, or for none of them.
    fn count(&self, wanted: Vec<(Watched, String)>) -> Result<Vec<String>, Wait> {
        let mut counted = Attempt {
            counts: Vec::with_capacity(wanted.len()),
            account: None,
        };
        for (watched, id) in wanted {
            let mut outcome = Ok(());
            self.kept.update(&id, self.now, |before| {
                let before = before.map(Count::from_bytes).unwrap_or_default();
                let counted = before.attempt(watched.free(), self.now);
                self.record(counted.unwrap_or_else(|wait| {
                    outcome = Err(wait);
                    before
                }))
            });
            if let Err(wait) = outcome {
                self.not_made(&counted);
                return Err(wait);
            }
            counted.counts.push(id);
        }
        Ok(counted.counts)
    }

    fn record(&self, count: Count) -> (Vec<u8>, Timestamp) {
        let forgotten_at = count.until.max(self.now).plus(FORGOTTEN_AFTER);
        (count.to_bytes(), forgotten_at)
    }

    fn name(&self, what: &str, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let digest = self.salt.digest(&format!("ssm/throttle/{what}/v1"), &parts);
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ssm_domain::credential::TokenSalt;
    use ssm_domain::time::Timestamp;

    use super::{AddressGroup, Kept, Throttle, Wait, Watched};
    use crate::activity::ActivityKind;

    const HOME: &str = "192.0.2.1";
    const ELSEWHERE: &str = "198.51.100.7";

    /// A throttle, and the time in milliseconds that it is told.
    struct World {
        kept: Kept,
        salt: TokenSalt,
        now: i64,
    }

    impl World {
        fn new() -> Self {
            let salt = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";
            Self {
                kept: Kept::new(ActivityKind::Throttle, 10_000, 1 << 24),
                salt: TokenSalt::parse(salt).unwrap(),
                now: 1_000_000,
            }
        }

        fn throttle(&self) -> Throttle<'_> {
            Throttle {
                kept: &self.kept,
                salt: &self.salt,
                now: Timestamp::from_millis(self.now),
            }
        }

        /// The seconds to wait; 0 where the attempt was let through, and failed.
        fn fails(&self, account: &str, address: &str) -> u64 {
            let account = account.parse().ok();
            let outcome = self
                .throttle()
                .sign_in(account.as_ref(), address.parse().ok());
            outcome.err().map_or(0, |Wait(left)| left.as_secs())
        }

        fn succeeds(&self, account: &str, address: &str) -> bool {
            let account = account.parse().ok();
            let throttle = self.throttle();
            let attempt = throttle.sign_in(account.as_ref(), address.parse().ok());
            attempt.map(|attempt| throttle.succeeded(&attempt)).is_ok()
        }

        fn pass(&mut self, time: Duration) {
            self.now += i64::try_from(time.as_millis()).unwrap();
        }
    }

    #[test]
    fn the_first_three_are_free_and_then_the_wait_doubles_up_to_half_a_minute() {
        let mut world = World::new();
        let mut waits = Vec::new();
        for _ in 0..10 {
            assert_eq!(world.fails("ann", HOME), 0);
            let wait = world.fails("ann", HOME);
            waits.push(wait);
            // What is refused does not count: the wait gets no longer.
            if wait > 0 {
                assert_eq!(world.fails("ann", HOME), wait);
                world.pass(Duration::from_secs(wait));
            } else {
                waits.push(0);
            }
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
    }

    #[test]
    fn names_that_differ_by_case_are_one_account_and_what_is_no_name_counts_for_its_address() {
        let world = World::new();
        for name in ["ann", "ANN", "Ann"] {
            assert_eq!(world.fails(name, HOME), 0);
        }
        assert_eq!(world.fails("aNN", HOME), 1);
        for n in 0..Watched::Address.free() - 3 {
            assert_eq!(world.fails("no name", HOME), 0, "{n}");
        }
        assert!(world.fails("no name", HOME) > 0 && world.fails("bob", HOME) > 0);
        assert_eq!(world.fails("bob", ELSEWHERE), 0);
    }

    #[test]
    fn somebody_with_many_addresses_of_one_network_is_one() {
        let world = World::new();
        for n in 1..=3 {
            assert_eq!(world.fails("ann", &format!("2001:db8:0:1::{n}")), 0);
        }
        assert!(world.fails("ann", "2001:db8:0:1:ffff::1") > 0);
        assert_eq!(world.fails("ann", "2001:db8:0:2::1"), 0);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(
            AddressGroup::of(mapped),
            AddressGroup::of(HOME.parse().unwrap())
        );
    }

    #[test]
    fn an_attack_from_everywhere_does_not_keep_the_owner_out_of_where_they_sign_in() {
        let world = World::new();
        assert!(world.succeeds("ann", HOME));
        let attack = (1..=200).map(|n| world.fails("ann", &format!("203.0.113.{n}")));
        let refused = attack.filter(|wait| *wait > 0).count();
        assert_eq!(refused, 200 - Watched::Account.free() as usize);
        assert!(world.succeeds("ann", HOME));
        assert!(!world.succeeds("ann", ELSEWHERE));
    }

    #[test]
    fn a_good_attempt_begins_anew_and_an_hour_later_so_does_a_bad_one() {
        let mut world = World::new();
        for _ in 0..10 {
            assert_eq!(world.fails("ann", HOME), 0);
            assert_eq!(world.fails("ann", HOME), 0);
            assert!(world.succeeds("ann", HOME));
        }
        for _ in 0..3 {
            world.fails("ann", HOME);
        }
        assert!(!world.succeeds("ann", HOME));
        world.pass(Duration::from_hours(1));
        assert!(world.succeeds("ann", HOME));
    }

    #[test]
    fn an_attempt_that_was_not_made_and_a_clock_that_went_back_make_nobody_wait() {
        let mut world = World::new();
        for _ in 0..50 {
            let throttle = world.throttle();
            let attempt = throttle.sign_in("ann".parse().ok().as_ref(), HOME.parse().ok());
            throttle.not_made(&attempt.unwrap());
        }
        while world.fails("ann", HOME) == 0 {}
        world.now = 0;
        assert_eq!(world.fails("ann", HOME), 0);
    }

    #[test]
    fn a_free_attempt_makes_nobody_wait_who_read_the_clock_before_it() {
        let mut world = World::new();
        for _ in 0..Watched::Setup.free() {
            let attempt = world.throttle().setup(HOME.parse().ok());
            assert!(attempt.is_ok(), "{attempt:?}");
            world.now -= 1;
        }
    }

    #[test]
    fn the_setup_token_can_be_guessed_a_few_times() {
        let world = World::new();
        let guesses = (0..10).filter(|_| world.throttle().setup(HOME.parse().ok()).is_ok());
        assert_eq!(guesses.count(), Watched::Setup.free() as usize);
        assert!(world.throttle().setup(ELSEWHERE.parse().ok()).is_ok());
    }
}
