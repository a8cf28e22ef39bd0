//! Limit groups that the configuration names: one limiter each, whatever calls through it.

use crate::settings::{LimitPolicy, Settings};
use flow::adaptive::{Adaptive, Bounds};
use flow::aimd::{Aimd, Rule};
use flow::cost::RATES;
use flow::group::Group;
use flow::policy::Policy;
use std::collections::HashMap;
use std::sync::Arc;

/// All named groups of a process. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    named: Arc<HashMap<String, Group>>,
}

impl Groups {
    /// To be made once in a process: two of them would be two limiters.
    pub(crate) fn of(settings: &Settings) -> Self {
        let own = [&settings.embed_group, &settings.content.group];
        let others = settings.endpoints.iter().map(|endpoint| &endpoint.group);
        let names = own.into_iter().chain(others).flatten();
        let named = names.map(|name| (name.clone(), Group::new(policy(settings, name))));
        Self { named: Arc::new(named.collect()) }
    }

    /// None where the name is none: a line without a group has limits of its own.
    pub(crate) fn get(&self, name: Option<&str>) -> Option<&Group> {
        self.named.get(name?)
    }
}

fn policy(settings: &Settings, name: &str) -> Box<dyn Policy> {
    match settings.embed.policy {
        LimitPolicy::Simple => Box::new(Aimd::new(Rule::REMOTE)),
        LimitPolicy::Adaptive => {
            let per_minute = per_minute(settings, name);
            Box::new(Adaptive::new(Bounds { per_minute, ..Bounds::default() }, 1))
        }
    }
}

/// What the user knows of the group: of several values the least.
fn per_minute(settings: &Settings, name: &str) -> [Option<f64>; RATES.len()] {
    let named = |group: &Option<String>| group.as_deref() == Some(name);
    let (embed, content) = (&settings.embed, &settings.content);
    let embed = Some([embed.requests_per_minute, embed.tokens_per_minute])
        .filter(|_| named(&settings.embed_group));
    let content = Some([content.requests_per_minute, content.tokens_per_minute])
        .filter(|_| named(&content.group));
    let least = |index: usize| {
        let known = [embed, content].into_iter().flatten().filter_map(|rates| rates[index]);
        known.min().map(|n| n as f64)
    };
    [least(0), least(1), None, None]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::settings;
    use flow::cost::Cost;
    use flow::group::Counted;
    use flow::policy::{Admission, Attempt, Outcome, Verdict};

    #[test]
    fn a_refusal_of_the_language_model_closes_the_gate_of_the_embedder_in_its_group() {
        let settings = settings(
            "[embed]\ngroup = \"a\"\n[content]\ngroup = \"a\"\n\
             [[endpoints]]\nembedder = \"openai:m\"\ngroup = \"b\"",
        );
        let groups = Groups::of(&settings);
        let member = |name| groups.get(name).unwrap().member(Counted::All);
        let mut asking = member(settings.content.group.as_deref());
        let mut embedding = member(settings.embed_group.as_deref());
        let mut other = member(settings.endpoints[0].group.as_deref());
        let cost = Cost::request(1.0, 1.0);
        assert_eq!(asking.can_send(0.0, &cost, 0), Admission::Send);
        let attempt = Attempt { id: 1, sent_at: 0.0, cost, in_flight: 1 };
        asking.on_sent(&attempt);
        let hint = quota::Hint { retry_after: Some(30.0), ..quota::Hint::default() };
        let refused = Outcome { hint, ..Outcome::plain(Verdict::Throttled) };
        asking.on_result(1.0, &attempt, &refused);
        let told = embedding.can_send(2.0, &cost, 0);
        assert!(matches!(told, Admission::NotBefore(at) if at > 30.0), "{told:?}");
        assert_eq!(other.can_send(2.0, &cost, 0), Admission::Send, "another group");
    }

    #[test]
    fn the_least_of_known_limits_holds() {
        let settings = settings(
            "[embed]\ngroup = \"a\"\nrequests_per_minute = 9\n\
             [content]\ngroup = \"a\"\nrequests_per_minute = 5\ntokens_per_minute = 7",
        );
        assert_eq!(per_minute(&settings, "a"), [Some(5.0), Some(7.0), None, None]);
        assert_eq!(per_minute(&settings, "b"), [None; 4]);
    }
}
