//! The server's commands: their help, their exit codes, and what they keep to themselves.

use ssm_tests::{Pair, Run, Scratch, Server, ServerOptions, canary};

const COMMANDS: [&str; 12] = [
    "serve",
    "audit",
    "backup",
    "restore",
    "migrate",
    "import-v1",
    "admin",
    "keys",
    "config",
    "healthcheck",
    "openapi",
    "completions",
];

#[tokio::test]
async fn every_command_says_what_it_does() {
    let help = Run::new(["--help"]).end().await.unwrap().ok();
    for command in COMMANDS {
        assert!(
            help.contains(&format!("  {command} ")),
            "{command} is not in: {help}"
        );
        let own = Run::new([command, "--help"]).end().await.unwrap().ok();
        assert!(own.contains("Usage: ssm-server"), "{own}");
    }
    assert!(help.contains("Exit codes:"), "{help}");
}

#[tokio::test]
async fn a_wrong_command_line_or_setting_ends_with_code_2() {
    for args in [
        &["nonsense"][..],
        &["--no-such-flag"],
        &["completions", "cobol"],
    ] {
        Run::new(args).end().await.unwrap().refused(2, &["error: "]);
    }
    let port = Run::new(["config"]).env("PORT", "eighty");
    port.end().await.unwrap().refused(2, &["PORT"]);
    let token = Run::new(["config"]).env("SSM_SETUP_TOKEN", "short");
    token
        .end()
        .await
        .unwrap()
        .refused(2, &["SSM_SETUP_TOKEN must be"]);
    let not_base64 = canary::value("not base64");
    let key = Run::new(["serve"])
        .env("ENCRYPTION_KEY", not_base64)
        .env("PORT", "0");
    key.end()
        .await
        .unwrap()
        .refused(2, &["ENCRYPTION_KEY must be 32 bytes"]);
}

#[tokio::test]
async fn a_health_check_asks_the_server_of_the_same_settings() {
    for tls in [false, true] {
        let (dir, pair) = (Scratch::new("health").unwrap(), Pair::new().unwrap());
        let (mut options, mut check) = (ServerOptions::default(), Run::new(["healthcheck"]));
        if tls {
            let (cert, key) = pair.write(dir.path()).unwrap();
            options = options.tls(&cert, &key);
            check = check.env("TLS_CERT_FILE", cert).env("TLS_KEY_FILE", key);
        }
        let mut server = Server::start(options).await.unwrap();
        check = check.env("PORT", server.port().to_string());
        check
            .clone()
            .env("BIND_HOST", "0.0.0.0")
            .end()
            .await
            .unwrap()
            .ok();
        server.stop().await.unwrap();
        check.end().await.unwrap().refused(1, &["nothing listens"]);
    }
}

#[tokio::test]
async fn config_tells_each_setting_and_where_it_is_from_but_no_secret() {
    let secret = canary::value("setup");
    let ended = Run::new(["config", "--port", "1234"])
        .env("BIND_HOST", "::1")
        .env("SSM_SETUP_TOKEN", &secret)
        .env("TOKEN_SALT_FILE", "/run/secrets/salt")
        .end()
        .await
        .unwrap();
    let told = ended.ok();
    let line = |name: &str| -> Vec<&str> {
        let line = told
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in: {told}"))
            .split_whitespace()
            .collect()
    };
    assert_eq!(line("PORT"), ["PORT", "1234", "flag"]);
    assert_eq!(line("BIND_HOST"), ["BIND_HOST", "::1", "variable"]);
    assert_eq!(line("DATA_DIR"), ["DATA_DIR", "./data", "default"]);
    assert_eq!(
        line("TOKEN_SALT_FILE"),
        ["TOKEN_SALT_FILE", "/run/secrets/salt", "variable"]
    );
    assert_eq!(
        line("SSM_SETUP_TOKEN"),
        ["SSM_SETUP_TOKEN", "[redacted]", "variable"]
    );
    assert!(!canary::is_in(&ended.stdout));
}

#[tokio::test]
async fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Run::new(["completions", shell]).end().await.unwrap().ok();
        for command in COMMANDS {
            assert!(
                script.contains(command),
                "{command} is not in the script for {shell}"
            );
        }
    }
}
