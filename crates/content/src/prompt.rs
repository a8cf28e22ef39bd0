//! Prompts, some of which need the answers of others.

use crate::schema::Schema;
use std::collections::HashMap;
use std::sync::Arc;

/// One thing to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// By which other prompts take its answer, as `{{name}}`.
    pub name: Option<String>,
    pub text: String,
    /// What the answer must be, when it must be JSON.
    pub schema: Option<Arc<Schema>>,
}

/// Prompts in an order in which each comes after those whose answers it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompts {
    /// As they were given.
    given: Vec<Prompt>,
    order: Vec<usize>,
    /// Of each prompt, those whose answers it needs.
    needs: Vec<Vec<usize>>,
}

/// Prompts that cannot be asked as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPrompts {
    #[error("there is no prompt")]
    None,
    #[error("prompt {0} is empty")]
    Empty(usize),
    #[error("two prompts are called {0:?}")]
    Twice(String),
    #[error("the prompts need each other's answers in a circle: {0}")]
    Circle(String),
}

impl Prompts {
    pub fn new(prompts: Vec<Prompt>) -> Result<Self, BadPrompts> {
        if prompts.is_empty() {
            return Err(BadPrompts::None);
        }
        if let Some(at) = prompts.iter().position(|prompt| prompt.text.trim().is_empty()) {
            return Err(BadPrompts::Empty(at + 1));
        }
        let mut places = HashMap::new();
        for (place, prompt) in prompts.iter().enumerate() {
            if let Some(name) = &prompt.name
                && places.insert(name.as_str(), place).is_some()
            {
                return Err(BadPrompts::Twice(name.clone()));
            }
        }
        let needs: Vec<Vec<usize>> =
            prompts.iter().map(|prompt| needed(&prompt.text, &places)).collect();
        let order = sorted(&needs).map_err(|rest| BadPrompts::Circle(called(&prompts, &rest)))?;
        Ok(Self { given: prompts, order, needs })
    }

    /// Nothing is asked: sections are only brought to the provider.
    pub fn nothing() -> Self {
        Self { given: Vec::new(), order: Vec::new(), needs: Vec::new() }
    }

    /// One prompt without a name.
    pub fn one(text: String, schema: Option<Arc<Schema>>) -> Result<Self, BadPrompts> {
        Self::new(vec![Prompt { name: None, text, schema }])
    }

    pub(crate) fn len(&self) -> usize {
        self.given.len()
    }

    /// In the order in which they are asked.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().copied()
    }

    pub(crate) fn get(&self, place: usize) -> &Prompt {
        &self.given[place]
    }

    pub(crate) fn needs(&self, place: usize) -> &[usize] {
        &self.needs[place]
    }

    /// The text of a prompt with the answers that it needs in their places.
    pub(crate) fn filled(&self, place: usize, answer: &dyn Fn(usize) -> String) -> String {
        let mut text = self.given[place].text.clone();
        for need in self.needs(place) {
            if let Some(name) = &self.given[*need].name {
                text = text.replace(&marker(name), &answer(*need));
            }
        }
        text
    }
}

fn marker(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Only names of prompts count: other braces are the user's own.
fn needed(text: &str, places: &HashMap<&str, usize>) -> Vec<usize> {
    let mut needs: Vec<usize> = places
        .iter()
        .filter(|(name, _)| text.contains(&marker(name)))
        .map(|(_, place)| *place)
        .collect();
    needs.sort_unstable();
    needs
}

/// Each after those that it needs, otherwise as given. Error: what is left of a circle.
fn sorted(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(needs.len());
    while order.len() < needs.len() {
        let open = |place: &usize| !order.contains(place);
        let next = (0..needs.len())
            .filter(open)
            .find(|place| needs[*place].iter().all(|need| order.contains(need)));
        match next {
            Some(place) => order.push(place),
            None => return Err((0..needs.len()).filter(open).collect()),
        }
    }
    Ok(order)
}

fn called(prompts: &[Prompt], places: &[usize]) -> String {
    let names = places.iter().filter_map(|place| prompts[*place].name.clone());
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(name: &str, text: &str) -> Prompt {
        Prompt { name: Some(name.to_owned()), text: text.to_owned(), schema: None }
    }

    #[test]
    fn a_prompt_comes_after_those_whose_answers_it_needs_and_takes_them_in() {
        let prompts = Prompts::new(vec![
            prompt(
                "slides",
                "make slides of {{sections}} and {{lessons}}; keep {{this}} and {braces}",
            ),
            prompt("sections", "sections of {{lessons}}"),
            prompt("lessons", "find lessons"),
        ])
        .unwrap();
        assert_eq!(prompts.in_order().collect::<Vec<_>>(), [2, 1, 0]);
        let filled = prompts.filled(0, &|place| format!("<{place}>"));
        assert_eq!(filled, "make slides of <1> and <2>; keep {{this}} and {braces}");
    }

    #[test]
    fn prompts_that_cannot_be_asked_are_refused() {
        let refused = |prompts| Prompts::new(prompts).unwrap_err();
        assert_eq!(refused(vec![]), BadPrompts::None);
        assert_eq!(refused(vec![prompt("a", "x"), prompt("b", "  ")]), BadPrompts::Empty(2));
        assert_eq!(
            refused(vec![prompt("a", "x"), prompt("a", "y")]),
            BadPrompts::Twice("a".to_owned())
        );
        let circle = refused(vec![prompt("a", "{{b}}"), prompt("b", "{{a}}"), prompt("c", "x")]);
        assert_eq!(circle, BadPrompts::Circle("a, b".to_owned()));
        assert_eq!(refused(vec![prompt("a", "{{a}}")]), BadPrompts::Circle("a".to_owned()));
    }
}
