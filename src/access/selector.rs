//! A label selector, as aggregated ClusterRoles have them.

use std::collections::BTreeMap;

use super::rule::strings;
use crate::manifest::Node;

/// `matchLabels` and `matchExpressions`: all must hold. Upstream: `LabelSelectorAsSelector` in
/// staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
    /// Written wrongly: the server refuses the object, so nothing is selected.
    Never,
}

impl LabelSelector {
    /// Reads a selector. One without requirements selects everything.
    #[must_use]
    pub fn read(node: Node<'_>) -> Self {
        let labels = node.get("matchLabels").into_iter().flat_map(Node::entries).map(|(key, value)| {
            match (key.as_str(), value.as_str()) {
                (Some(key), Some(value)) => Requirement::In(key.to_owned(), vec![value.to_owned()]),
                _ => Requirement::Never,
            }
        });
        let expressions = node.get("matchExpressions").into_iter().flat_map(Node::items).map(Requirement::read);
        Self(labels.chain(expressions).collect())
    }

    /// Selects what has a label of this value.
    pub(super) fn label(key: &str, value: &str) -> Self {
        Self(vec![Requirement::In(key.to_owned(), vec![value.to_owned()])])
    }

    /// Whether it selects an object with these labels.
    #[must_use]
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn read(node: Node<'_>) -> Self {
        let Some(key) = node.get_str("key").map(str::to_owned) else { return Self::Never };
        let values = strings(node.get("values"));
        match (node.get_str("operator"), values.is_empty()) {
            (Some("In"), false) => Self::In(key, values),
            (Some("NotIn"), false) => Self::NotIn(key, values),
            (Some("Exists"), true) => Self::Exists(key),
            (Some("DoesNotExist"), true) => Self::DoesNotExist(key),
            _ => Self::Never,
        }
    }

    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            // An object without the label is not in the set.
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::DoesNotExist(key) => !labels.contains_key(key),
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn every_operator() {
        let selects = |selector: &str, labels: &[(&str, &str)]| {
            let tree = documents(selector).next().unwrap().unwrap();
            let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            LabelSelector::read(tree.root().unwrap()).selects(&labels)
        };
        assert!(selects("{}", &[]));
        assert!(selects("{matchLabels: {a: b}}", &[("a", "b"), ("c", "d")]));
        assert!(!selects("{matchLabels: {a: b, c: e}}", &[("a", "b"), ("c", "d")]));
        let expression = |rest| format!("{{matchExpressions: [{{key: a, {rest}}}]}}");
        assert!(selects(&expression("operator: In, values: [x, b]"), &[("a", "b")]));
        assert!(!selects(&expression("operator: In, values: [x]"), &[]));
        assert!(selects(&expression("operator: NotIn, values: [x]"), &[]));
        assert!(!selects(&expression("operator: NotIn, values: [b]"), &[("a", "b")]));
        assert!(selects(&expression("operator: Exists"), &[("a", "")]));
        assert!(selects(&expression("operator: DoesNotExist"), &[("b", "")]));
        assert!(!selects(&expression("operator: DoesNotExist"), &[("a", "")]));
        for wrong in ["operator: In", "operator: Exists, values: [b]", "operator: Has"] {
            assert!(!selects(&expression(wrong), &[("a", "b")]), "{wrong}");
        }
        assert!(!selects(
            "{matchLabels: {a: b}, matchExpressions: [{key: a, operator: NotIn, values: [b]}]}",
            &[("a", "b")]
        ));
    }
}
