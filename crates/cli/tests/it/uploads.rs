//! What lies at a provider is known to the store, and gone after the next run, wherever a run was killed.

use crate::book::book;
use crate::extract::{gemini, is_clean};
use crate::support::{Answer, Desk};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

/// More than any run here passes.
const POINTS_MAX: u64 = 200;

/// A document of two sections, and a store.
struct Reader {
    desk: Desk,
    llm: String,
    store: String,
}

impl Reader {
    fn of(provider: &FakeProvider, store: &str) -> Self {
        let desk = Desk::new();
        desk.write("book.pdf", book(4, &[1, 3]));
        let llm = format!("gemini:test-model@{}", provider.base_url());
        Self { desk, llm, store: store.to_owned() }
    }

    fn configured(self, toml: &str) -> Self {
        std::fs::write(self.desk.path().join("gristmill.toml"), toml).unwrap();
        self
    }

    fn command(&self, more: &[&str]) -> std::process::Command {
        let mut command =
            self.desk.command(["extract", "docs/book.pdf", "--json", "--prompt", "x"]);
        command.args(["--llm", &self.llm, "--store", &self.store]).args(more);
        command.env("GEMINI_API_KEY", "k");
        command
    }

    fn extract(&self, more: &[&str]) -> Answer {
        self.command(more).output().unwrap().into()
    }

    fn faulty(&self, at: u64, kind: &str) -> Answer {
        let mut command = self.command(&["-q"]);
        command.env("FAULT_AT", at.to_string()).env("FAULT_KIND", kind).output().unwrap().into()
    }

    /// The next run has its results, and nothing is left of it or of the one before.
    #[track_caller]
    fn recovers(&self, provider: &FakeProvider, about: &str) {
        let next = self.extract(&[]).exits(0);
        assert_eq!(next.number("uploads_left"), 0, "{about}");
        assert_eq!(provider.files(), [""; 0], "{about}: {next:?}");
    }

    /// Kills at every point that a run passes; how many there are, and the first after which something is left.
    fn is_killed_everywhere(
        &self,
        provider: &FakeProvider,
        most: u64,
        before: &dyn Fn(),
    ) -> (u64, u64) {
        let (mut points, mut first) = (0, 0);
        while points < most {
            before();
            let answer = self.faulty(points + 1, "kill");
            if answer.code.is_some() {
                answer.exits(0);
                return (points, first);
            }
            points += 1;
            if first == 0 && !provider.files().is_empty() {
                first = points;
            }
            self.recovers(provider, &format!("killed at point {points}"));
        }
        (points, first)
    }

    /// Leaves a file at the provider, as a kill at the first such point does; which it is depends on which section is
    /// faster.
    fn leave(&self, provider: &FakeProvider, first: u64) {
        let mut kills = (first..first + 3).cycle().take(30);
        let left = |at| {
            self.faulty(at, "kill");
            !provider.files().is_empty()
        };
        assert!(kills.any(left), "no kill leaves anything");
    }

    /// Without and with something to sweep; points with it, and the first point that leaves something.
    fn survives_kills(&self, provider: &FakeProvider) -> (u64, u64) {
        // A store that is there: from now on the same point has the same number.
        self.extract(&[]).exits(0);
        let (points, first) = self.is_killed_everywhere(provider, POINTS_MAX, &|| {});
        assert!(
            (10..POINTS_MAX).contains(&points) && first > 0,
            "{points} points were passed, {first} left something"
        );
        // What was left last is swept first. What never arrived is looked for in each run, so that there are ever more
        // points at the end.
        let most = points + 3;
        let leave = || self.leave(provider, first);
        let (sweeping, _) = self.is_killed_everywhere(provider, most, &leave);
        assert!(sweeping >= points + 3, "{sweeping} points with a sweep, {points} without");
        let stats = provider.file_stats();
        assert_eq!((&stats.wrong.len(), stats.early), (&0, 0), "{stats:?}");
        (sweeping, first)
    }
}

#[test]
fn a_kill_or_an_error_at_every_point_leaves_nothing_after_the_next_run() {
    const { assert!(fault::COMPILED_IN, "run the tests with: cargo all-tests") };
    // A provider with names of its own has one more step.
    let fake = gemini("[content]\nnames_kept = false\n");
    let reader = Reader::of(&fake, "sqlite:kb.db");
    let (points, first) = reader.survives_kills(&fake);
    for at in 1..=points {
        reader.leave(&fake, first);
        let answer = reader.faulty(at, "error");
        assert!(matches!(answer.code, Some(0 | 1 | 3)), "{at}: {answer:?}");
        reader.recovers(&fake, &format!("an error at point {at}"));
    }
}

#[test]
fn on_a_server_too_a_kill_leaves_nothing_after_the_next_run() {
    const { assert!(fault::COMPILED_IN, "run the tests with: cargo all-tests") };
    let server = postgres_server::shared();
    let fake = gemini("");
    Reader::of(&fake, &server.url(&server.database())).survives_kills(&fake);
}

#[test]
fn on_a_server_uploads_are_kept_for_other_processes_and_living_ones_keep_theirs() {
    let server = postgres_server::shared();
    let fake = gemini("");
    let reader = Reader::of(&fake, &server.url(&server.database()));
    reader.extract(&["--keep-uploads"]).exits(0);
    let kept = fake.files();
    reader.extract(&[]).exits(0);
    assert_eq!((kept.len(), fake.files()), (2, kept));
    assert_eq!(fake.file_stats().uploaded, 2, "nothing is sent twice");
}

#[test]
fn a_provider_that_is_not_there_is_told_of_and_ends_the_run() {
    let fake = gemini("");
    // Bound and never listened to by anybody else; connections to it are refused.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let llm = format!("gemini:test-model@http://127.0.0.1:{port}");
    let reader = Reader { llm, ..Reader::of(&fake, "sqlite:kb.db") }
        .configured("[content]\nprovider_wait = \"5s\"\n");
    let answer = reader.extract(&[]).exits(1);
    let json = answer.json();
    for row in json["sections"].as_array().unwrap() {
        assert_eq!((&row["error"]["class"], &row["result"]), (&json!("timeout"), &Value::Null));
    }
    assert!(answer.stderr.contains("no answer for"), "{answer:?}");
    assert_eq!(json["uploads_left"], 0, "nothing was ever sent");
}

#[test]
fn what_was_asked_has_its_price() {
    let fake = gemini("");
    let reader = Reader::of(&fake, "sqlite:kb.db");
    assert_eq!(reader.extract(&[]).exits(0).json()["provider"]["cost_usd"], Value::Null);
    let reader =
        reader.configured("[prices]\ntest-model = 1000000\n\"test-model output\" = 3000000\n");
    let answer = reader.extract(&[]).exits(0);
    let (tokens, out) = (answer.number("provider.tokens"), answer.number("provider.tokens_out"));
    let cost = answer.json()["provider"]["cost_usd"].as_f64().unwrap();
    assert!(tokens > 0 && out > 0, "{answer:?}");
    assert!((cost - (tokens + 3 * out) as f64).abs() < 1e-6, "{answer:?}");
    is_clean(&fake);
}

#[test]
fn a_key_is_not_sent_where_anybody_could_read_it() {
    let fake = gemini("");
    let reader = Reader { llm: "gemini:m@http://192.0.2.1:9".to_owned(), ..Reader::of(&fake, "sqlite:kb.db") }
        .configured("[content]\nprovider_wait = \"100ms\"\ngenerate_timeout = \"1s\"\nupload_timeout = \"1s\"\n");
    let answer = reader.extract(&[]).exits(1);
    assert!(answer.stderr.contains("is not sent: the way to it is not encrypted"), "{answer:?}");
}
