//! The routes.

use crate::answer::{Answer, event};
use crate::problem::Problem;
use crate::request::{self, Analyze, OfSections};
use crate::{Response, Site, guard};
use bytes::Bytes;
use content::wire::{SectionSpec, failure_json, left_out_json, result_json, section_json};
use content::{Extract, Extracted, Keep, Prompts, Section, SectionResult, Way};
use flow::interrupt::Interrupt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use types::failure::{Failure, FailureClass};

/// A list of sections with prompts; documents are not in it.
const REQUEST_BYTES_MAX: usize = 4 << 20;

/// A client has so long for its request.
const BODY_WAIT: Duration = Duration::from_secs(30);

/// More sections than any document has pages worth asking about.
const SECTIONS_MAX: usize = 10_000;

pub(crate) async fn respond(site: Arc<Site>, request: Request<Incoming>) -> Response {
    match route(site, request).await {
        Ok(response) => response,
        Err(problem) => problem.response(),
    }
}

async fn route(site: Arc<Site>, request: Request<Incoming>) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    guard::check(&head.headers)?;
    match (head.uri.path(), &head.method) {
        ("/livez", &Method::GET) => return Ok(fine(&json!({"status": "ok"}))),
        ("/analyze" | "/split" | "/extract", &Method::POST) => {}
        ("/analyze" | "/split" | "/extract", _) => return Ok(only_post()),
        (path, _) => {
            let detail = format!("there is no {path}");
            return Err(Problem::new(StatusCode::NOT_FOUND, detail, "see docs/content-api.md"));
        }
    }
    let body = whole_body(body).await?;
    match head.uri.path() {
        "/analyze" => analyze(&site, &body).await,
        "/split" => Job::read(&site, &body, Kind::Split)?.answer(site, &head.headers).await,
        _ => Job::read(&site, &body, Kind::Extract)?.answer(site, &head.headers).await,
    }
}

async fn whole_body(body: Incoming) -> Result<Bytes, Problem> {
    let too_long = || {
        let detail = format!("the request is longer than {REQUEST_BYTES_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail, "ask about fewer sections")
    };
    if body.size_hint().lower() > REQUEST_BYTES_MAX as u64 {
        return Err(too_long());
    }
    let read = Limited::new(body, REQUEST_BYTES_MAX).collect();
    match tokio::time::timeout(BODY_WAIT, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(_)) => Err(Problem::bad_request("the request is cut off")),
        Err(_) => {
            let detail = format!("the request did not come within {} s", BODY_WAIT.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail, "send it again"))
        }
    }
}

fn fine(json: &Value) -> Response {
    let mut response = hyper::Response::new(Answer::whole(json.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn only_post() -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only POST is answered", "use POST");
    let mut response = problem.response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn analyze(site: &Site, body: &Bytes) -> Result<Response, Problem> {
    let asked: Analyze = request::read(body)?;
    let document = site.documents.open(&asked.file_id)?;
    let prompt = asked.prompt_text.as_deref();
    let found = site.extractor.analyze(&document, Way::Auto, prompt).await?;
    Ok(fine(&json!({
        "success": true,
        "result": {
            "storage_file_id": asked.file_id,
            "originalDriveFileId": asked.file_id,
            "file_name": name_of(&asked.file_id),
            "pages": found.pages,
            "sections": found.sections.iter().map(section_json).collect::<Vec<_>>(),
            "left_out": found.left_out.iter().map(left_out_json).collect::<Vec<_>>(),
            "genai_file_name": null,
        },
        "error_info": null,
    })))
}

fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Sections are uploaded and stay, to be asked about later.
    Split,
    Extract,
}

/// Sections of one document, as far as they can be worked on.
struct Job {
    asked: OfSections,
    extract: Extract,
    /// Of each section that was asked for: its place among those that are worked on, or what is wrong with it.
    places: Vec<Result<usize, Failure>>,
}

impl Job {
    fn read(site: &Site, body: &Bytes, kind: Kind) -> Result<Self, Problem> {
        let asked: OfSections = request::read(body)?;
        if asked.sections.is_empty() || asked.sections.len() > SECTIONS_MAX {
            let detail =
                format!("{} sections; 1 to {SECTIONS_MAX} are possible", asked.sections.len());
            return Err(Problem::bad_request(detail));
        }
        let document = site.documents.open(&asked.file_id)?;
        let (mut wanted, mut places): (Vec<Section>, Vec<_>) = (Vec::new(), Vec::new());
        for (spec, place) in asked.sections.iter().zip(1..) {
            match spec.section(place) {
                Ok(section) => {
                    places.push(Ok(wanted.len()));
                    wanted.push(section);
                }
                Err(bad) => places.push(Err(Failure::new(
                    FailureClass::BadItem,
                    bad.to_string(),
                    "correct this section",
                ))),
            }
        }
        let (prompts, keep) = match (kind, &asked.prompt) {
            (Kind::Split, _) => (Some(Prompts::nothing()), Keep::Yes),
            (Kind::Extract, prompt) => {
                let prompt = prompt.as_ref().map(|prompt| prompt.prompt().map(|one| vec![one]));
                let prompt =
                    prompt.transpose().map_err(|bad| Problem::bad_request(bad.to_string()))?;
                let prompts = prompt.map(Prompts::new).transpose();
                let prompts = prompts.map_err(|bad| Problem::bad_request(bad.to_string()))?;
                (prompts, if asked.keep_uploads { Keep::Yes } else { Keep::No })
            }
        };
        if kind == Kind::Split {
            for section in &mut wanted {
                section.prompts = None;
            }
        }
        let prompts = prompts.map(Arc::new);
        Ok(Self { asked, extract: Extract { document, sections: wanted, prompts, keep }, places })
    }

    async fn answer(self, site: Arc<Site>, headers: &HeaderMap) -> Result<Response, Problem> {
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accepts.contains("text/event-stream") {
            return Ok(self.events(site));
        }
        let extract = self.extract.clone();
        let done = site.extractor.extract(extract, &Interrupt::default(), &mut |_| {}).await?;
        Ok(fine(&self.whole(&done)))
    }

    /// Each section as it finishes, then the whole. The channel has room for all of them, so that nobody waits.
    fn events(self, site: Arc<Site>) -> Response {
        let (tell, events) = mpsc::channel(self.places.len() + 1);
        let work = async move {
            for unusable in self.unusable() {
                drop(tell.try_send(event("section", &unusable)));
            }
            let (extract, sections) = (self.extract.clone(), self.extract.sections.clone());
            let mut told = |result: &SectionResult| {
                let row = row(&sections[result.index], result);
                // A client that has gone needs nothing; its connection drops this work.
                drop(tell.try_send(event("section", &row)));
            };
            let done = site.extractor.extract(extract, &Interrupt::default(), &mut told).await;
            match done {
                Ok(done) => event("done", &self.whole(&done)),
                Err(failure) => event("error", &failure_json(&failure)),
            }
        };
        let answer = Answer::Events { work: Some(Box::pin(work)), events, last: Bytes::new() };
        let mut response = hyper::Response::new(answer);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(hyper::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Sections that cannot be worked on as they were asked for.
    fn unusable(&self) -> impl Iterator<Item = Value> {
        let places = self.asked.sections.iter().zip(&self.places);
        places.filter_map(|(spec, place)| Some(unusable(spec, place.as_ref().err()?)))
    }

    fn whole(&self, done: &Extracted) -> Value {
        let rows = self.asked.sections.iter().zip(&self.places).map(|(spec, place)| match place {
            Ok(at) => row(&self.extract.sections[*at], &done.sections[*at]),
            Err(failure) => unusable(spec, failure),
        });
        let rows: Vec<Value> = rows.collect();
        let id = &self.asked.file_id;
        json!({
            "success": done.sections.iter().any(|section| section.result.is_ok()),
            "storage_file_id": id,
            "originalDriveFileId": id,
            "file_name": self.asked.file_name.as_deref().unwrap_or_else(|| name_of(id)),
            "pages": done.pages,
            "sections": rows,
            "prompt": self.asked.prompt,
            "genai_file_name": null,
        })
    }
}

fn unusable(spec: &SectionSpec, failure: &Failure) -> Value {
    json!({
        "section_name": spec.section_name,
        "page_range": spec.page_range,
        "result": null,
        "error": failure_json(failure),
        "attempts": 0,
        "seconds": 0.0,
        "genai_file_name": null,
    })
}

fn row(section: &Section, result: &SectionResult) -> Value {
    let mut row = result_json(section, result);
    row["genai_file_name"] = json!(result.kept_as);
    row
}
