//! What is sent to whom, without sending it.

use super::*;

fn line(text: &str, key_over_plain_http: KeyOverPlainHttp) -> Line {
    let options = RemoteOptions {
        dimensions: NonZeroUsize::new(2),
        items: None,
        timeout: RemoteOptions::TIMEOUT,
        key_over_plain_http,
    };
    let key = ApiKey::new("s3cret-key").unwrap();
    Line::new(&ProviderSpec::parse(text).unwrap(), Some(key), &options).unwrap()
}

fn header<'l>(line: &'l Line, name: &str) -> Option<&'l str> {
    line.headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn a_key_crosses_a_network_only_encrypted_unless_it_is_wanted() {
    for (address, wanted, sent) in [
        ("http://127.0.0.1:9/v1", KeyOverPlainHttp::Withhold, true),
        ("http://[::1]:9/v1", KeyOverPlainHttp::Withhold, true),
        ("https://example.com/v1", KeyOverPlainHttp::Withhold, true),
        ("http://10.1.2.3:8000/v1", KeyOverPlainHttp::Withhold, false),
        ("http://localhost.example.com/v1", KeyOverPlainHttp::Withhold, false),
        ("http://10.1.2.3:8000/v1", KeyOverPlainHttp::Send, true),
    ] {
        let line = line(&format!("openai:m@{address}"), wanted);
        let expected = sent.then_some("Bearer s3cret-key");
        assert_eq!(header(&line, "authorization"), expected, "{address}");
        assert_eq!(line.withheld == Withheld::No, sent, "{address}");
    }
}

#[test]
fn a_refusal_for_want_of_the_withheld_key_says_so() {
    let line = line("openai:m@http://10.1.2.3:8000/v1", KeyOverPlainHttp::Withhold);
    let reading = quota::read(401, &|_| None, b"", 0.0);
    let error = line.about(&[]).refused(401, reading);
    assert!(error.hint.contains("the key was not sent"), "{}", error.hint);
}

#[test]
fn azure_has_a_header_of_its_own() {
    let azure = line("openai:m@https://x.openai.azure.com/openai/v1", KeyOverPlainHttp::Withhold);
    assert_eq!(header(&azure, "api-key"), Some("s3cret-key"));
    assert_eq!(header(&azure, "authorization"), None);
    assert_eq!(azure.url, "https://x.openai.azure.com/openai/v1/embeddings");
    assert_eq!(azure.spec.key_variables(), ["AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"]);
}

#[test]
fn nothing_prints_the_key() {
    let line = line("gemini:gemini-embedding-001", KeyOverPlainHttp::Withhold);
    assert_eq!(header(&line, "x-goog-api-key"), Some("s3cret-key"));
    assert!(!format!("{line:?}").contains("s3cret"), "{line:?}");
    assert!(!line.url.contains("s3cret"));
}

#[test]
fn a_server_that_nobody_knows_gets_small_batches_unless_more_is_wanted() {
    let limits = |items: Option<usize>| {
        let options = RemoteOptions {
            dimensions: NonZeroUsize::new(2),
            items: items.and_then(NonZeroUsize::new),
            timeout: RemoteOptions::TIMEOUT,
            key_over_plain_http: KeyOverPlainHttp::Withhold,
        };
        let spec = ProviderSpec::parse("openai:m@http://127.0.0.1:9/v1").unwrap();
        RemoteEmbedder::new(&spec, None, &options).unwrap().limits()
    };
    let own = limits(None);
    assert_eq!(own.items, 32);
    let more = limits(Some(256));
    assert_eq!((more.items, more.tokens), (256, own.tokens * 8));
    assert_eq!(more.text_tokens, own.text_tokens);
}
