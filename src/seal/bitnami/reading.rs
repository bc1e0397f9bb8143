//! An object of a document as a value: what Kubernetes makes of its YAML.

use serde_yaml::{Mapping, Value};

use super::Error;
use crate::manifest::{Kind, Node};
use crate::seal::coding::shown;
use crate::seal::reading::is_other_type;

/// Deepest nesting. An anchor may hold an alias of itself.
const DEEPEST: usize = 64;
/// Most nodes, aliases written out. Aliases multiply.
const MOST: usize = 100_000;

/// The value of a node, aliases written out.
pub(super) fn value(node: Node<'_>) -> Result<Value, Error> {
    Reading { left: MOST }.value(node, DEEPEST)
}

struct Reading {
    left: usize,
}

impl Reading {
    fn value(&mut self, node: Node<'_>, deeper: usize) -> Result<Value, Error> {
        let node = node.resolve();
        let too_much = || Error::Malformed("it is nested too deeply, or its aliases stand for too much".to_owned());
        self.left = self.left.checked_sub(1).ok_or_else(too_much)?;
        let deeper = deeper.checked_sub(1).ok_or_else(too_much)?;
        match node.kind() {
            Kind::Mapping => self.mapping(node, deeper).map(Value::Mapping),
            Kind::Sequence => {
                node.items().map(|item| self.value(item, deeper)).collect::<Result<_, _>>().map(Value::Sequence)
            }
            _ => Ok(scalar(node)),
        }
    }

    fn mapping(&mut self, node: Node<'_>, deeper: usize) -> Result<Mapping, Error> {
        let mut mapping = Mapping::new();
        for (key, value) in node.entries() {
            let Some(name) = key.as_str() else {
                return Err(Error::Malformed("it has a key that is no text".to_owned()));
            };
            if name == "<<" && key.resolve().kind() == Kind::Plain {
                return Err(Error::Malformed("it takes over a mapping with <<: write out what that holds".to_owned()));
            }
            let value = self.value(value, deeper)?;
            if mapping.insert(name.into(), value).is_some() {
                return Err(Error::Malformed(format!("the key {} stands there twice: remove one", shown(name))));
            }
        }
        Ok(mapping)
    }
}

fn scalar(node: Node<'_>) -> Value {
    let text = node.as_str().unwrap_or_default();
    if node.kind() != Kind::Plain || !is_other_type(text) {
        return text.into();
    }
    match serde_yaml::from_str(text) {
        // A boolean of YAML 1.1, which Kubernetes reads: `yes`.
        Ok(Value::String(_)) | Err(_) => Value::Bool(!matches!(text.to_ascii_lowercase().as_str(), "no" | "off" | "n")),
        Ok(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn read(text: &str) -> Result<Value, String> {
        let tree = documents(text).next().unwrap().unwrap();
        value(tree.root().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_those_of_kubernetes() {
        let yaml = "a: 1\nb: 'yes'\nc: yes\nd: [~, x, 1.5]\ne: &e {f: text}\ng: *e\nh: off\n";
        let json = r#"{"a": 1, "b": "yes", "c": true, "d": [null, "x", 1.5], "e": {"f": "text"}, "g": {"f": "text"}, "h": false}"#;
        assert_eq!(read(yaml).unwrap(), serde_yaml::from_str::<Value>(json).unwrap());
        assert_eq!(read(json), read(yaml));
    }

    #[test]
    fn what_readers_could_differ_on_is_refused() {
        assert!(read("a: 1\na: 2\n").unwrap_err().ends_with("the key a stands there twice: remove one"));
        assert!(read("a: &a {b: c}\nd:\n  <<: *a\n").unwrap_err().ends_with("write out what that holds"));
        assert!(read("? [a]\n: b\n").unwrap_err().ends_with("a key that is no text"));
        let bomb: String =
            (1..20).map(|at| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", "))).collect();
        assert!(read(&format!("a0: &a0 x\n{bomb}")).unwrap_err().ends_with("stand for too much"));
    }
}
