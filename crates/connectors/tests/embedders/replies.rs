//! Replies that are no answer: each is one clear error, none becomes a vector.

use crate::server::{Server, ok};
use crate::{embed, embedder, outcome, values};
use types::error_kind::ErrorKind;

/// `data` of an `OpenAI` reply.
fn data(items: &str) -> String {
    format!(r#"{{"object":"list","data":[{items}],"model":"m"}}"#)
}

#[tokio::test]
async fn vectors_follow_their_index_not_their_place() {
    let shuffled = data(
        r#"{"index":2,"embedding":[3,1]},{"embedding":"AACAPwAAgD8=","index":0},{"index":1,"embedding":[2,1]}"#,
    );
    let got = outcome(ok(&shuffled)).await.unwrap();
    assert_eq!(values(&got), [[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]);
    assert_eq!(got.tokens, None);
}

#[tokio::test]
async fn a_reply_that_is_not_one_good_vector_per_text_fails_the_call() {
    let good = r#"{"index":0,"embedding":[1,1]},{"index":1,"embedding":[1,1]}"#;
    let huge = data(&format!(r#"{good},{{"index":2,"embedding":[1,1e999]}}"#));
    for (items, kind, told) in [
        (data(good), ErrorKind::Unavailable, "no vector for text 2"),
        (data(""), ErrorKind::Unavailable, "no vector for text 0"),
        (
            data(&format!(r#"{good},{{"index":1,"embedding":[1,1]}}"#)),
            ErrorKind::Unavailable,
            "two vectors for text 1",
        ),
        (
            data(&format!(r#"{good},{{"index":3,"embedding":[1,1]}}"#)),
            ErrorKind::Unavailable,
            "text 3 of 3",
        ),
        (
            data(&format!(r#"{good},{{"embedding":[1,1]}}"#)),
            ErrorKind::Unavailable,
            "not what the API gives",
        ),
        (
            data(&format!(r#"{good},{{"index":-1,"embedding":[1,1]}}"#)),
            ErrorKind::Unavailable,
            "not what the API gives",
        ),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":[1]}}"#)),
            ErrorKind::Conflict,
            "text 2: embedding has 1 values",
        ),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":[1,1,1]}}"#)),
            ErrorKind::Conflict,
            "3 values, the model gives 2",
        ),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":[1,null]}}"#)),
            ErrorKind::InvalidInput,
            "text 2: embedding holds a value that is not finite",
        ),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":"AADAfwAAgD8="}}"#)),
            ErrorKind::InvalidInput,
            "not finite",
        ),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":[0,-0.0]}}"#)),
            ErrorKind::InvalidInput,
            "text 2: embedding is zero",
        ),
        (huge, ErrorKind::Unavailable, "not what the API gives"),
        (
            data(&format!(r#"{good},{{"index":2,"embedding":[1,NaN]}}"#)),
            ErrorKind::Unavailable,
            "not what the API gives",
        ),
        ("{}".to_owned(), ErrorKind::Unavailable, "not what the API gives"),
        ("<html>welcome</html>".to_owned(), ErrorKind::Unavailable, "line 1"),
        (String::new(), ErrorKind::Unavailable, "not what the API gives"),
        (data(good).replace(']', ""), ErrorKind::Unavailable, "not what the API gives"),
    ] {
        let error = outcome(ok(&items)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(told), "{error} has not: {told}");
        assert!(error.message.starts_with("openai:m@http://127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn without_indexes_the_count_must_be_right() {
    for (prefix, body) in [
        ("gemini:m", r#"{"embeddings":[{"values":[1,1]},{"values":[1,1]}]}"#),
        ("cohere:m", r#"{"embeddings":{"float":[[1,1],[1,1]]}}"#),
        ("cohere:m", r#"{"embeddings":{"float":[[1,1],[1,1],[1,1],[1,1]]}}"#),
        ("cohere:m", r#"{"embeddings":{}}"#),
    ] {
        let server = Server::start([ok(body)]).await;
        let error = embed(&embedder(prefix, &server)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("vectors for 3 texts"), "{error}");
    }
}

#[tokio::test]
async fn an_error_names_the_place_and_never_what_was_sent() {
    let echo = r#"{"data":"the tide turns at noon, and so on"}"#;
    let error = outcome(ok(echo)).await.unwrap_err();
    assert!(!format!("{error:?}").contains("tide turns"), "{error:?}");
    assert!(error.message.contains("line 1, column"), "{error}");
}
