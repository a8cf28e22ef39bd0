//! Azure `OpenAI`: `OpenAI`'s replies, refusals of its own.

use super::times::whole_secs;
use super::{Told, openai};
use crate::ask::Ask;
use crate::plan::Body;
use crate::refusal::Refusal;
use quota::Dimension;
use serde_json::{Value, json};

pub(super) fn read<'a>(path: &'a str, body: &'a [u8]) -> Result<Ask<'a>, Refusal> {
    if path == "/openai/v1/embeddings" {
        return openai::read_body(body, None);
    }
    let deployment = path
        .strip_prefix("/openai/deployments/")
        .and_then(|rest| rest.strip_suffix("/embeddings"))
        .ok_or(Refusal::NoSuchPath)?;
    openai::read_body(body, Some(deployment))
}

pub(super) fn refusal(told: &Told<'_>) -> (u16, Value) {
    match told.refusal {
        Refusal::NoSuchPath => (404, error("404", "Resource not found")),
        Refusal::NoSuchModel(_) => (
            404,
            error(
                "DeploymentNotFound",
                "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
            ),
        ),
        Refusal::Unauthorized => (
            401,
            error(
                "401",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
            ),
        ),
        Refusal::Forbidden => {
            (403, error("403", "Access denied due to Virtual Network/Firewall rules."))
        }
        Refusal::Limited(wall) => {
            let which = match wall.state.dimension {
                Dimension::InputTokens => "token",
                _ => "call",
            };
            let again = match (told.body, wall.wait) {
                (Body::Right, Some(wait)) => {
                    format!(" Please retry after {} seconds.", whole_secs(wait))
                }
                _ => String::new(),
            };
            let message = format!(
                "Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded {which} rate limit of your current OpenAI S0 pricing tier.{again} Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
            );
            (429, error("429", &message))
        }
        Refusal::SlowDown { status, .. } => (
            *status,
            error(
                &status.to_string(),
                "The service is currently experiencing high demand. Please try again later.",
            ),
        ),
        Refusal::Broken { status, .. } => (
            *status,
            error(
                &status.to_string(),
                "The service is temporarily unable to process your request. Please try again later.",
            ),
        ),
        Refusal::BadRequest(_)
        | Refusal::Spent
        | Refusal::TooManyItems { .. }
        | Refusal::TooManyTokens { .. }
        | Refusal::TextTooLong { .. }
        | Refusal::Poisoned { .. } => openai::refusal(told),
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}
