//! Helm and Jinja templates: actions masked so that what is left parses as YAML, byte for byte in place.

/// Words that begin an action which prints nothing.
const CONTROL: [&str; 12] =
    ["if", "else", "end", "range", "with", "define", "block", "break", "continue", "/*", "$", "fail"];

/// Replaces `{{ … }}`, `{% … %}` and `{# … #}` by as many bytes of filler, so that every offset stays true. An action
/// that prints a value becomes a word of underscores, one that prints nothing or a block becomes spaces. A line
/// that holds nothing but actions becomes empty lines: blanks would count as indentation. None when there is no action.
#[must_use]
pub fn mask_actions(text: &str) -> Option<String> {
    // Most texts have braces and none of these, and three searches for two bytes are quicker than a stop at each brace.
    if !["{{", "{%", "{#"].iter().any(|open| memchr::memmem::find(text.as_bytes(), open.as_bytes()).is_some()) {
        return None;
    }
    let mut masked: Option<Vec<u8>> = None;
    let mut at = 0;
    for start in memchr::memchr_iter(b'{', text.as_bytes()) {
        let Some(end) = action_end(text, start).filter(|_| start >= at) else { continue };
        let (from, filler) = match text[..start].rfind('\n').map_or(0, |line| line + 1) {
            line if alone_on_line(text, start, end) => (line, b'\n'),
            _ if prints(text, start, end) => (start, b'_'),
            _ => (start, b' '),
        };
        for byte in &mut masked.get_or_insert_with(|| text.as_bytes().to_vec())[from..end] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = filler;
            }
        }
        at = end;
    }
    // Actions begin and end at ASCII bytes, so whole characters were replaced; lossy only for the type's sake.
    let lossy = |error: std::string::FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
    masked.map(|masked| String::from_utf8(masked).unwrap_or_else(lossy))
}

fn action_end(text: &str, start: usize) -> Option<usize> {
    let close = match text.as_bytes().get(start + 1)? {
        b'{' => b"}}",
        b'%' => b"%}",
        b'#' => b"#}",
        _ => return None,
    };
    // An action rarely spans lines; a far away closer is somebody else's.
    let limit = (start + 4096).min(text.len());
    let inner = text.as_bytes().get(start + 2..limit)?;
    memchr::memmem::find(inner, close).map(|found| start + 2 + found + close.len())
}

fn prints(text: &str, start: usize, end: usize) -> bool {
    let action = &text[start..end];
    if !action.starts_with("{{") {
        return false;
    }
    let inner = action.trim_start_matches("{{").trim_start_matches('-').trim_start();
    let control = CONTROL.iter().any(|word| {
        inner.strip_prefix(word).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.') && (*word != "$" || rest.contains(":="))
        })
    }) || (inner.starts_with('$') && inner.contains(":="));
    // `labels: {{- include "labels" . | nindent 4 }}` renders a block below; more of it may be written out there.
    let block =
        ends_line(text, end) && ["nindent", "toYaml", "tplvalues.render"].iter().any(|word| inner.contains(word));
    !control && !block && !action[..action.len() - 2].contains('\n')
}

/// Whether nothing but white space and other actions shares the lines of this action.
fn alone_on_line(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].rsplit('\n').next().unwrap_or("");
    let after = text[end..].split('\n').next().unwrap_or("");
    let quiet =
        |part: &str| part.trim().is_empty() || (part.trim_start().starts_with("{{") && part.trim_end().ends_with("}}"));
    before.trim().is_empty() && quiet(after)
}

fn ends_line(text: &str, end: usize) -> bool {
    text[end..].split('\n').next().is_none_or(|rest| rest.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn a_template_reads_as_yaml_in_place() {
        let text = "{{- if .Values.on }}\nkind: Deployment\nmetadata:\n  name: {{ include \"x\" . }}-api\n  labels:\n    {{- toYaml .Values.labels | nindent 4 }}\n  env:\n    - name: P\n      value: hunter2\n{{- end }}\n";
        let masked = mask_actions(text).unwrap();
        assert_eq!(masked.len(), text.len());
        let tree = documents(&masked).next().unwrap().unwrap();
        let root = tree.root().unwrap();
        let name = root.at_path(&["metadata", "name"]).unwrap();
        assert_eq!(&text[name.range()], "{{ include \"x\" . }}-api");
        let env = root.at_path(&["metadata", "env"]).unwrap().items().next().unwrap();
        assert_eq!(env.get_str("value"), Some("hunter2"));
    }

    #[test]
    fn blocks_that_actions_begin_go_on_below() {
        let text = "labels: {{- include \"l\" . | nindent 2 }}\n  a: b\ndata:\n  x: |\n      {{- if .y }}\n    one\n{{- end }}\n    two\n";
        let masked = mask_actions(text).unwrap();
        let tree = documents(&masked).next().unwrap().unwrap();
        let root = tree.root().unwrap();
        assert_eq!(root.at_path(&["labels", "a"]).unwrap().as_str(), Some("b"));
        let block = root.at_path(&["data", "x"]).unwrap().as_str().unwrap();
        assert_eq!(block.split_whitespace().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn text_without_actions_is_left_alone() {
        assert_eq!(mask_actions("a: {b: 1}\n"), None);
        assert_eq!(mask_actions("a: '{{'\n"), None);
    }
}
