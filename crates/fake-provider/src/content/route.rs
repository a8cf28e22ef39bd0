//! Which route a request is for.

use hyper::{Method, Uri};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// An upload begins.
    Start,
    /// The bytes of an upload.
    Upload {
        id: &'a str,
    },
    Get {
        name: &'a str,
    },
    Delete {
        name: &'a str,
    },
    List,
    Generate {
        model: &'a str,
    },
    Chat,
}

impl Route<'_> {
    /// As plans and records call it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Upload { .. } => "upload",
            Self::Get { .. } => "get",
            Self::Delete { .. } => "delete",
            Self::List => "list",
            Self::Generate { .. } | Self::Chat => "generate",
        }
    }

    /// Routes of one word share what a refusal says of waiting.
    pub(crate) fn group(&self) -> &'static str {
        match self {
            Self::Generate { .. } | Self::Chat => "generate",
            _ => "files",
        }
    }
}

/// None: no route of this kind.
pub(crate) fn find<'a>(method: &Method, uri: &'a Uri) -> Option<Route<'a>> {
    let path = uri.path();
    let parameter = |name: &str| {
        let pairs = uri.query().unwrap_or_default().split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
    };
    if *method == Method::POST && path == "/upload/v1beta/files" {
        return Some(match parameter("upload_id") {
            Some((_, id)) => Route::Upload { id },
            None => Route::Start,
        });
    }
    if *method == Method::POST && path == "/v1/chat/completions" {
        return Some(Route::Chat);
    }
    if let Some(model) = path
        .strip_prefix("/v1beta/models/")
        .and_then(|rest| rest.strip_suffix(":generateContent"))
        .filter(|_| *method == Method::POST)
    {
        return Some(Route::Generate { model });
    }
    if *method == Method::GET && path == "/v1beta/files" {
        return Some(Route::List);
    }
    let name = path.strip_prefix("/v1beta/").filter(|name| name.starts_with("files/"))?;
    match *method {
        Method::GET => Some(Route::Get { name }),
        Method::DELETE => Some(Route::Delete { name }),
        _ => None,
    }
}
