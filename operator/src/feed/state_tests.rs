use ssm_client::{ConfigSecrets, ETag, Refusal};

use super::*;

fn config(name: &str) -> ConfigRef {
    ConfigRef {
        project: "web".into(),
        config: name.into(),
    }
}

fn resource(name: &str) -> Key {
    Key::new("shop", name)
}

fn wanted(mode: Mode, configs: &[&str]) -> Subscription {
    Subscription {
        configs: configs.iter().map(|name| config(name)).collect(),
        mode,
        interval: Duration::from_mins(5),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for an answer, which may be an error"
)]
fn export(epoch: &str, revision: u64, value: &str) -> Result<Export, Error> {
    Ok(Export::Modified(ConfigSecrets {
        secrets: [("A".to_owned(), value.into())].into(),
        revision,
        epoch: epoch.to_owned(),
        etag: ETag::of(epoch, revision),
        unresolved: Vec::new(),
    }))
}

fn empty() -> State {
    State::new(Arc::new(Copies::new(usize::MAX)))
}

/// A state with one resource that wants `prod` pushed.
fn subscribed() -> State {
    let mut state = empty();
    assert_eq!(
        state.subscribe(&resource("a"), &[], &wanted(Mode::Push, &["prod"]), &[]),
        [config("prod")]
    );
    state
}

/// Reads `prod` with this answer.
fn read(state: &mut State, answer: Result<Export, Error>) -> (ExportRequest, Answered) {
    state.want(&config("prod"), Lane::First);
    let asked = state
        .begin(&config("prod"), Lane::First)
        .expect("subscribed");
    let answered = state.answered(&config("prod"), &asked, answer, Instant::now());
    (asked, answered)
}

fn view(state: &mut State, configs: &[ConfigRef]) -> View {
    let resource = resource("a");
    state
        .view(&resource, configs, Lane::Change, Instant::now())
        .0
}

fn held(state: &mut State) -> Option<(String, u64)> {
    let snapshot = view(state, &[config("prod")]).sources.remove(0).snapshot?;
    Some((snapshot.epoch.to_string(), snapshot.revision))
}

fn unreachable() -> Error {
    Error::Transport("refused".to_owned())
}

#[test]
fn resources_share_one_read_of_a_config() {
    let mut state = subscribed();
    assert!(
        state
            .subscribe(&resource("b"), &[], &wanted(Mode::Push, &["prod"]), &[])
            .is_empty()
    );
    assert!(state.want(&config("prod"), Lane::First).is_some());
    assert!(state.want(&config("prod"), Lane::First).is_none());
    let asked = state
        .begin(&config("prod"), Lane::First)
        .expect("subscribed");
    let mut notified = state
        .answered(&config("prod"), &asked, export("e", 1, "1"), Instant::now())
        .notify;
    notified.sort();
    assert_eq!(notified, [resource("a"), resource("b")]);
}

#[test]
fn a_read_that_is_wanted_sooner_leaves_its_lane_and_is_made_once() {
    let mut state = subscribed();
    state.has_secret(&resource("a"));
    let prod = config("prod");
    let to_read = |state: &mut State, lane| {
        let resource = resource("a");
        state
            .view(&resource, &[config("prod")], lane, Instant::now())
            .1
    };
    assert_eq!(state.want(&prod, Lane::Background), Some(Lane::Background));
    assert_eq!(to_read(&mut state, Lane::Background), []);
    assert_eq!(to_read(&mut state, Lane::First), [config("prod")]);
    assert_eq!(state.want(&prod, Lane::First), Some(Lane::First));
    assert_eq!(state.want(&prod, Lane::Change), None);
    assert!(state.begin(&prod, Lane::First).is_some());
    assert!(state.begin(&prod, Lane::Background).is_none());
}

#[test]
fn what_a_resource_without_a_secret_waits_for_is_read_first() {
    let mut state = subscribed();
    let prod = config("prod");
    assert_eq!(state.want(&prod, Lane::Background), Some(Lane::First));
}

#[test]
fn an_answer_to_a_read_for_somebody_who_is_gone_ends_nobody_elses() {
    let mut state = subscribed();
    let prod = config("prod");
    read(&mut state, export("e", 5, "1"));
    state.want(&prod, Lane::First);
    let asked = state.begin(&prod, Lane::First).expect("subscribed");
    state.unsubscribe(&resource("a"), std::slice::from_ref(&prod));
    state.subscribe(&resource("a"), &[], &wanted(Mode::Push, &["prod"]), &[]);
    state.want(&prod, Lane::First);
    state.answered(&prod, &asked, Ok(Export::NotModified), Instant::now());
    let sources = view(&mut state, std::slice::from_ref(&prod)).sources;
    assert_eq!(sources[0].trouble, None);
    assert!(state.begin(&prod, Lane::First).is_some());
}

#[test]
fn a_config_that_nobody_wants_is_forgotten() {
    let mut state = subscribed();
    read(&mut state, export("e", 1, "1"));
    state.subscribe(
        &resource("a"),
        &[config("prod")],
        &wanted(Mode::Push, &["dev"]),
        &[],
    );
    assert_eq!(state.len(), 1);
    assert!(state.begin(&config("prod"), Lane::First).is_none());
    state.unsubscribe(&resource("a"), &[config("dev")]);
    assert_eq!(state.len(), 0);
}

#[test]
fn only_what_differs_is_read_after_a_reconnect() {
    let mut state = subscribed();
    read(&mut state, export("e", 5, "1"));
    state.opened("e".to_owned());
    assert!(!state.announced(&config("prod"), 5, Instant::now()));
    assert!(!state.announced(&config("prod"), 4, Instant::now()));
    assert!(state.announced(&config("prod"), 6, Instant::now()));
    assert!(!state.announced(&config("foreign"), 6, Instant::now()));
}

#[test]
fn within_an_epoch_nothing_older_is_taken_and_newer_is_asked_for() {
    let mut state = subscribed();
    state.opened("e".to_owned());
    read(&mut state, export("e", 5, "1"));
    state.announced(&config("prod"), 6, Instant::now());
    let (asked, answered) = read(&mut state, export("e", 4, "0"));
    assert_eq!(asked.min_revision, Some(6));
    assert_eq!(held(&mut state), Some(("e".to_owned(), 5)));
    assert!(answered.notify.is_empty());
    assert!(answered.again.is_some());
    let (_, answered) = read(&mut state, export("e", 6, "2"));
    assert_eq!(
        (held(&mut state), answered.again),
        (Some(("e".to_owned(), 6)), None)
    );
}

#[test]
fn a_server_that_stays_behind_is_not_asked_for_ever() {
    let mut state = subscribed();
    state.opened("e".to_owned());
    read(&mut state, export("e", 5, "1"));
    state.announced(&config("prod"), 6, Instant::now());
    let rounds = (0..100)
        .take_while(|_| read(&mut state, Ok(Export::NotModified)).1.again.is_some())
        .count();
    assert!(rounds <= 5, "{rounds}");
}

#[test]
fn a_restored_server_may_count_from_lower_on() {
    let mut state = subscribed();
    state.opened("old".to_owned());
    state.announced(&config("prod"), 50, Instant::now());
    read(&mut state, export("old", 50, "1"));
    state.opened("new".to_owned());
    assert!(state.announced(&config("prod"), 3, Instant::now()));
    let (asked, answered) = read(&mut state, export("new", 3, "0"));
    assert_eq!(asked.min_revision, Some(3));
    assert_eq!(
        (held(&mut state), answered.again),
        (Some(("new".to_owned(), 3)), None)
    );
}

#[test]
fn a_change_during_a_read_is_read_afterwards() {
    let mut state = subscribed();
    state.want(&config("prod"), Lane::First);
    let asked = state
        .begin(&config("prod"), Lane::First)
        .expect("subscribed");
    state.opened("e".to_owned());
    assert!(state.announced(&config("prod"), 2, Instant::now()));
    assert!(state.want(&config("prod"), Lane::First).is_none());
    let answered = state.answered(&config("prod"), &asked, export("e", 1, "1"), Instant::now());
    assert!(answered.again.is_some());
}

#[test]
fn what_was_not_named_is_read_to_learn_why() {
    let mut state = subscribed();
    state.subscribe(&resource("b"), &[], &wanted(Mode::Push, &["dev"]), &[]);
    state.opened("e".to_owned());
    state.announced(&config("dev"), 1, Instant::now());
    assert_eq!(state.unnamed(), [config("prod")]);
}

#[test]
fn an_outage_keeps_the_copy_and_blocks_until_it_ends() {
    let mut state = subscribed();
    read(&mut state, export("e", 5, "1"));
    let now = Instant::now();
    let (_, answered) = read(&mut state, Err(unreachable()));
    assert_eq!(
        (answered.block, answered.notify),
        (Some(Block::default()), vec![])
    );
    assert_eq!(held(&mut state), Some(("e".to_owned(), 5)));
    let after = Duration::from_mins(1);
    assert!(
        state
            .unreachable_at(after)
            .is_some_and(|at| at >= now + after)
    );
    assert_eq!(state.give_up(), [resource("a")]);
    assert_eq!(state.unreachable_at(after), None);
    let (_, answered) = read(&mut state, Ok(Export::NotModified));
    assert!(answered.notify.contains(&resource("a")));
    assert!(!view(&mut state, &[]).unreachable);
}

#[test]
fn whoever_was_looked_at_during_a_short_outage_hears_of_its_end() {
    let mut state = subscribed();
    state.subscribe(&resource("b"), &[], &wanted(Mode::Push, &["prod"]), &[]);
    read(&mut state, export("e", 5, "1"));
    state.failed(&unreachable(), Instant::now());
    view(&mut state, &[config("prod")]);
    assert_eq!(state.opened("e".to_owned()), [resource("a")]);
    assert!(state.opened("e".to_owned()).is_empty());
}

#[test]
fn those_who_have_nothing_yet_are_told_of_an_outage_at_once() {
    let mut state = subscribed();
    assert_eq!(
        read(&mut state, Err(unreachable())).1.notify,
        [resource("a")]
    );
    assert!(read(&mut state, Err(unreachable())).1.notify.is_empty());
}

#[test]
fn each_refusal_is_told_once_and_for_what_it_is() {
    let refusal = |code: &str| Refusal {
        code: code.to_owned(),
        ..Refusal::default()
    };
    for (error, expected) in [
        (
            Error::NotFound(refusal("config_not_found")),
            Trouble::NotFound,
        ),
        (Error::NotFound(refusal("config_deleted")), Trouble::Deleted),
        (
            Error::Forbidden(refusal("")),
            Trouble::Forbidden("no reason given".to_owned()),
        ),
        (
            Error::Redirected { status: 302 },
            Trouble::Unusable(Error::Redirected { status: 302 }.to_string()),
        ),
    ] {
        let mut state = subscribed();
        read(&mut state, export("e", 5, "1"));
        let (_, answered) = read(&mut state, Err(error.clone()));
        assert_eq!(
            (answered.notify, answered.block),
            (vec![resource("a")], None)
        );
        assert_eq!(
            view(&mut state, &[config("prod")]).sources[0].trouble,
            Some(expected)
        );
        assert_eq!(held(&mut state), Some(("e".to_owned(), 5)));
        assert!(read(&mut state, Err(error)).1.notify.is_empty());
        // A revision that is held already is still a reason to ask again.
        state.opened("e".to_owned());
        assert!(state.announced(&config("prod"), 5, Instant::now()));
        assert_eq!(
            read(&mut state, Ok(Export::NotModified)).1.notify,
            [resource("a")]
        );
    }
}

#[test]
fn a_dead_token_is_told_to_everybody_once_and_so_is_its_return() {
    let mut state = subscribed();
    state.subscribe(&resource("b"), &[], &wanted(Mode::Poll, &["dev"]), &[]);
    let (_, answered) = read(&mut state, Err(Error::Unauthorized(Refusal::default())));
    assert_eq!(
        (answered.notify.len(), answered.block),
        (2, Some(Block::default()))
    );
    assert!(state.refused().is_empty());
    assert!(view(&mut state, &[]).unauthorized);
    assert_eq!(state.opened("e".to_owned()).len(), 2);
    assert!(!view(&mut state, &[]).unauthorized);
}

#[test]
fn a_polled_config_is_left_to_its_polls() {
    let mut state = empty();
    state.subscribe(&resource("a"), &[], &wanted(Mode::Poll, &["prod"]), &[]);
    state.opened("e".to_owned());
    assert!(!state.announced(&config("prod"), 9, Instant::now()));
    assert!(state.unnamed().is_empty() && state.pushed().is_empty());
    // Somebody who wants it pushed cannot be given what was polled a while ago.
    assert_eq!(
        state.subscribe(&resource("b"), &[], &wanted(Mode::Push, &["prod"]), &[]),
        [config("prod")]
    );
}

#[test]
fn what_was_synced_before_a_restart_is_not_undone_within_its_epoch() {
    let before = |epoch: &str| SourceStatus {
        project: "web".into(),
        config: "prod".into(),
        epoch: epoch.into(),
        revision: 8,
        keys: 1,
    };
    let mut state = empty();
    state.subscribe(
        &resource("a"),
        &[],
        &wanted(Mode::Poll, &["prod"]),
        &[before("e")],
    );
    let (asked, answered) = read(&mut state, export("e", 7, "old"));
    assert_eq!((asked.min_revision, held(&mut state)), (None, None));
    assert!(answered.again.is_some() && answered.notify.is_empty());
    let (asked, _) = read(&mut state, export("e", 8, "new"));
    assert_eq!(
        (asked.min_revision, held(&mut state)),
        (Some(8), Some(("e".to_owned(), 8)))
    );

    // A server that stays behind is told about, and asked again now and then.
    let mut state = empty();
    state.subscribe(
        &resource("a"),
        &[],
        &wanted(Mode::Push, &["prod"]),
        &[before("e")],
    );
    let told = (0..20).find(|_| !read(&mut state, export("e", 7, "old")).1.notify.is_empty());
    assert!(told.is_some());
    assert!(matches!(
        view(&mut state, &[config("prod")]).sources[0].trouble,
        Some(Trouble::Unusable(_))
    ));

    // After a restore, the server counts anew.
    let mut state = empty();
    state.subscribe(
        &resource("a"),
        &[],
        &wanted(Mode::Poll, &["prod"]),
        &[before("e")],
    );
    read(&mut state, export("restored", 2, "1"));
    assert_eq!(held(&mut state), Some(("restored".to_owned(), 2)));
}

#[test]
fn copies_that_do_not_fit_are_dropped_and_read_again_when_they_are_needed() {
    let later = |seconds| Instant::now() + Duration::from_secs(seconds);
    let mut state = State::new(Arc::new(Copies::new(0)));
    state.subscribe(&resource("a"), &[], &wanted(Mode::Push, &["prod"]), &[]);
    state.subscribe(&resource("b"), &[], &wanted(Mode::Push, &["dev"]), &[]);
    state.opened("e".to_owned());
    read(&mut state, export("e", 5, "1"));
    assert!(held(&mut state).is_some());
    // Another one comes, and the first has not been looked at for a while.
    state.want(&config("dev"), Lane::First);
    let asked = state
        .begin(&config("dev"), Lane::First)
        .expect("subscribed");
    state.answered(&config("dev"), &asked, export("e", 1, "2"), later(6));
    // What was read is still known, so that neither the stream nor a poll reads it again.
    assert!(!state.announced(&config("prod"), 5, later(6)));
    state.want(&config("prod"), Lane::First);
    let asked = state
        .begin(&config("prod"), Lane::First)
        .expect("subscribed");
    assert_eq!(asked.if_none_match, Some(ETag::of("e", 5)));
    let answered = state.answered(&config("prod"), &asked, Ok(Export::NotModified), later(7));
    assert!(answered.again.is_none() && answered.notify.is_empty());
    // Whoever needs it has it read, whole.
    let (view, to_read) = state.view(&resource("a"), &[config("prod")], Lane::Change, later(8));
    assert!(view.sources[0].snapshot.is_none() && view.sources[0].trouble.is_none());
    assert_eq!(to_read, [config("prod")]);
    let (asked, answered) = read(&mut state, export("e", 5, "1"));
    assert_eq!(asked.if_none_match, None);
    assert_eq!(answered.notify, [resource("a")]);
    assert_eq!(held(&mut state), Some(("e".to_owned(), 5)));
}

#[test]
fn a_resource_without_a_secret_goes_first() {
    let mut state = subscribed();
    assert_eq!(state.lane_of(&resource("a")), Lane::First);
    state.has_secret(&resource("a"));
    assert_eq!(state.lane_of(&resource("a")), Lane::Change);
}

#[test]
fn the_end_of_a_token_is_told_once_and_of_a_far_one_only_those_who_may_have_heard_otherwise() {
    let mut state = subscribed();
    let near = Expiry::Near(k8s_openapi::jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(state.set_expiry(Expiry::Far), []);
    assert_eq!(state.set_expiry(near), [resource("a")]);
    assert_eq!(state.set_expiry(near), []);
    state.has_secret(&resource("a"));
    assert_eq!(state.set_expiry(Expiry::Far), [resource("a")]);
    assert_eq!(view(&mut state, &[]).expiry, Expiry::Far);
}
