//! Functions that change labels, and the labels of what is absent.

use regex::Regex;

use super::Evaluator;
use crate::promql::error::{Error, Result};
use crate::promql::expr::{Condition, Expr, Matcher, Ranged};
use crate::promql::labels::{Labels, NAME, is_label_name};
use crate::promql::series::{Series, Steps, Vectors};
use crate::promql::text::pattern_of;

fn text(args: &[Expr], at: usize) -> &str {
    match args.get(at) {
        Some(Expr::Text(text)) => text,
        _ => "",
    }
}

impl Evaluator<'_> {
    /// `label_replace(v, to, replacement, from, pattern)`
    pub(super) fn label_replace(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        let [to, replacement, from, pattern] = [1, 2, 3, 4].map(|at| text(args, at));
        let vector = self.vector(&args[0], steps)?;
        let compiled = pattern_of(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$")));
        let Ok(compiled) = compiled else {
            let rule = format!("invalid regular expression in label_replace(): {pattern}");
            return Err(Error::Execution(rule));
        };
        if !is_label_name(to) {
            let rule = format!("invalid destination label name in label_replace(): {to}");
            return Err(Error::Execution(rule));
        }
        self.relabel(vector, steps, |labels| match compiled.captures(labels.get(from)) {
            None => labels.clone(),
            Some(captures) => {
                let mut value = String::new();
                captures.expand(replacement, &mut value);
                labels.with(to, &value)
            }
        })
    }

    /// `label_join(v, to, separator, from, from, ...)`
    pub(super) fn label_join(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        let (to, separator) = (text(args, 1), text(args, 2));
        let from: Vec<_> = (3..args.len()).map(|at| text(args, at)).collect();
        let vector = self.vector(&args[0], steps)?;
        let wrong = from.iter().find(|name| !is_label_name(name)).map(|name| ("source", *name));
        let wrong = wrong.or((!is_label_name(to)).then_some(("destination", to)));
        if let Some((which, name)) = wrong {
            return Err(Error::Execution(format!("invalid {which} label name in label_join(): {name}")));
        }
        self.relabel(vector, steps, |labels| {
            let values: Vec<_> = from.iter().map(|name| labels.get(name)).collect();
            labels.with(to, &values.join(separator))
        })
    }

    fn relabel(
        &self,
        vector: Vec<Series>,
        steps: Steps,
        of: impl Fn(&Labels) -> Labels,
    ) -> Result<Vec<Series>> {
        let mut renamed = Vectors::new(steps.count);
        for Series { labels, values } in vector {
            self.budget.work(values.len())?;
            renamed.add(Series { labels: of(&labels), values })?;
        }
        Ok(renamed.finish())
    }
}

/// The labels that a series would have if it were there, as far as its selector says.
pub(super) fn labels_when_absent(expr: &Expr) -> Labels {
    let matchers: &[Matcher] = match expr {
        Expr::Select(selector) | Expr::Range(Ranged { of: selector, .. }) => &selector.matchers,
        _ => &[],
    };
    let mut labels = Labels::default();
    let mut known: Vec<&str> = Vec::new();
    for Matcher { label, condition } in matchers.iter().filter(|matcher| matcher.label != NAME) {
        // what is said twice is not certain
        let value = match condition {
            Condition::Is(value) if !known.contains(&label.as_str()) => value,
            _ => "",
        };
        known.push(label);
        labels = labels.with(label, value);
    }
    labels
}
