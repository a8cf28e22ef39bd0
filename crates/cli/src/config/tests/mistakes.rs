use super::*;

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "\
workers = 0
profle = \"auto\"
store = \"kb.db\"
store_wait = \"soon\"
exclude = [\"\"]
chunk = 3
max_cost = -1

[embed]
batch_itms = 3
tokens = 5

[limits]
parse_memory = \"1MB\"

[chunks]
overlap = 3

[prices]
voyage-3.5 = 1
mine = \"free\"

[[rules]]
match = \"a[\"

[[parsers]]
mach = \"*.x\"
command = []

[[hooks]]
after = \"walk\"
url = \"https://example.com/\"
";
    let variables = [
        ("GRISTMILL_CHUNK_TOKEN", "9"),
        ("GRISTMILL_PRICES_X", "1"),
        ("GRISTMILL_PROFILE", "fast"),
    ];
    let flags = [(&key::MEMORY_LIMIT, "--memory-limit", "lots")];
    let read = reading(text, variables, &flags);
    let mut told = read.mistakes();
    told.sort();
    let mut expected = [
        "GRISTMILL_CHUNK_TOKEN (environment GRISTMILL_CHUNK_TOKEN): unknown variable; the nearest known one is GRISTMILL_CHUNK_TOKENS",
        "GRISTMILL_PRICES_X (environment GRISTMILL_PRICES_X): `prices` can be set in the configuration file only",
        "chunk (gristmill.toml line 6): expected a section, written as [chunk]",
        "chunks.overlap (gristmill.toml line 17): unknown key; the nearest known key is `chunk.overlap`",
        "embed.batch_itms (gristmill.toml line 10): unknown key; the nearest known key is `embed.batch_items`",
        "embed.tokens (gristmill.toml line 11): unknown key; the nearest known key is `chunk.tokens`",
        "exclude = [\"\"] (gristmill.toml line 5): expected a list of patterns as in .gitignore",
        "hooks[1].after (gristmill.toml line 31): expected `run`",
        "hooks[1].url (gristmill.toml line 32): hooks speak plain http:// only; for https:// use command = [\"curl\", \"--json\", \"@-\", \"https://...\"]",
        "limits.parse_memory = \"1MB\" (gristmill.toml line 14): expected a size of at least 96MiB such as `1GiB`",
        "max_cost = -1 (gristmill.toml line 7): expected US dollars, zero or more",
        "memory_limit = lots (flag --memory-limit): expected a size of at least 128MB such as `512MB` or `2GiB`, or a share of the memory such as `80%`",
        "parsers[1].command (gristmill.toml line 28): expected a list of a program and its arguments, such as [\"python3\", \"mine.py\"]",
        "parsers[1].mach (gristmill.toml line 27): unknown key; the nearest known key of [[parsers]] is `match`",
        "parsers[1].match (gristmill.toml line 27): is missing; expected a pattern such as `*.foo`",
        "prices.mine = \"free\" (gristmill.toml line 21): expected US dollars per million tokens, zero or more",
        "prices.voyage-3 (gristmill.toml line 20): expected US dollars per million tokens; put a name with dots in quotes",
        "profile = fast (environment GRISTMILL_PROFILE): expected minimal, balanced, aggressive or auto",
        "profle (gristmill.toml line 2): unknown key; the nearest known key is `profile`",
        "rules[1].domain (gristmill.toml line 24): expected a `domain`, a `category`, or both",
        "rules[1].match (gristmill.toml line 24): not a pattern: unclosed character class; missing ']'",
        "store (gristmill.toml line 3): expected `sqlite:PATH` or `postgres://USER@HOST/DATABASE`",
        "store_wait = \"soon\" (gristmill.toml line 4): expected a time such as `10m`, `90s` or `500ms`",
        "workers = 0 (gristmill.toml line 1): expected a whole number from 1 to 1024",
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    let all = read.settings.unwrap_err().to_string();
    assert!(all.starts_with("the configuration has 24 mistakes\n  "), "{all}");
}

#[test]
fn every_single_mistake_is_found() {
    for (text, key) in [
        ("workers = 1.5", "workers"),
        ("workers = \"4\"", "workers"),
        ("workers = -1", "workers"),
        ("workers = 1025", "workers"),
        ("with_embeddings = \"true\"", "with_embeddings"),
        ("memory_limit = \"101%\"", "memory_limit"),
        ("memory_limit = \"0%\"", "memory_limit"),
        ("memory_limit = 1000", "memory_limit"),
        ("memory_limit = 2024-01-01", "memory_limit"),
        ("max_cost = nan", "max_cost"),
        ("max_cost = inf", "max_cost"),
        ("out = \"\"", "out"),
        ("exclude = \"*.md\"", "exclude"),
        ("exclude = [\"ok\", \"!/a[/\"]", "exclude"),
        ("embedder = \"openai:\"", "embedder"),
        ("embedder = \"local:\"", "embedder"),
        ("[[endpoints]]\nkey = \"OPENAI_API_KEY\"", "endpoints[1].embedder"),
        ("[[endpoints]]\nembedder = \"openai:m\"\nkey = \"sk-s3cret\"", "endpoints[1].key"),
        ("[embed]\npolicy = \"guess\"", "embed.policy"),
        ("[embed]\nprecision = \"f16\"", "embed.precision"),
        ("[embed]\nquery_prompt = 3", "embed.query_prompt"),
        ("embedder = \"magic\"", "embedder"),
        ("store = \"sqlite:\"", "store"),
        ("store = \"mysql://host/db\"", "store"),
        ("on_bad_chunk = \"ignore\"", "on_bad_chunk"),
        ("[chunk]\ntokens = 15", "chunk.tokens"),
        ("[chunk]\ntokens = 40", "chunk.overlap"),
        ("[chunk]\ntokens = 100\noverlap = 100", "chunk.overlap"),
        ("rules = 3", "rules"),
        ("rules = [3]", "rules"),
        ("[[rules]]\nmatch = \"*\"\ndomain = \" \"", "rules[1].domain"),
        ("[[hooks]]\nafter = \"run\"", "hooks[1].command"),
        ("[[hooks]]\nafter = \"run\"\ncommand = [\"a\"]\nurl = \"http://a\"", "hooks[1].command"),
        ("[[parsers]]\nmatch = \"*.x\"\ncommand = [\"a\", 3]", "parsers[1].command"),
        ("[serve]", "serve"),
        ("a = ", "configuration file"),
        ("workers = 1\nworkers = 2", "configuration file"),
    ] {
        let read = reading(text, [], &[]);
        let mistakes = read.settings.expect_err(text).0;
        let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(keys, [key], "{text}");
    }
}

#[test]
fn a_mistake_under_a_stronger_value_is_told_too() {
    let read = reading("workers = 0", [("GRISTMILL_WORKERS", "2")], &[]);
    assert_eq!(read.mistakes().len(), 1);
}

#[test]
fn what_cannot_be_used_is_named_without_its_secrets() {
    for (text, word) in [
        (
            "embedder = \"openai:some-model@https://me:pa55@host/v1\"",
            "user and password in an address are not sent",
        ),
        ("store = \"mysql://me:pa55@host/db\"", "expected `sqlite:PATH` or `postgres://"),
    ] {
        let told = reading(text, [], &[]).mistakes().join("\n");
        assert!(told.contains(word), "{told}");
        assert!(!told.contains("pa55"), "{told}");
    }
}
