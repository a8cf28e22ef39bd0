//! Which lines of source code begin a function, a class or the like.

use super::Language;

/// Words before the defining keyword.
const MODIFIERS: &[&str] = &[
    "abstract",
    "actual",
    "async",
    "case",
    "companion",
    "const",
    "data",
    "declare",
    "default",
    "expect",
    "export",
    "extern",
    "external",
    "final",
    "fileprivate",
    "inline",
    "internal",
    "local",
    "mutating",
    "open",
    "override",
    "partial",
    "private",
    "protected",
    "pub",
    "public",
    "readonly",
    "sealed",
    "static",
    "suspend",
    "unsafe",
    "virtual",
];

/// Words that define something with a name and a body.
const DEFINERS: &[&str] = &[
    "actor",
    "class",
    "contract",
    "def",
    "defmacro",
    "defmodule",
    "defn",
    "defp",
    "enum",
    "extension",
    "fn",
    "fun",
    "func",
    "function",
    "impl",
    "instance",
    "interface",
    "macro",
    "message",
    "mod",
    "module",
    "namespace",
    "object",
    "package",
    "proc",
    "procedure",
    "protocol",
    "record",
    "resource",
    "service",
    "struct",
    "sub",
    "subroutine",
    "trait",
    "type",
    "union",
];

/// Words that open a block which is no definition.
const STATEMENTS: &[&str] = &[
    "if", "for", "while", "switch", "return", "else", "do", "catch", "try", "foreach", "using",
    "elif", "case", "until", "echo", "throw", "new", "await", "import", "require",
];

/// The line as a heading, when it defines something.
pub(super) fn signature(line: &str, language: Language) -> Option<String> {
    if language.is_data() || !defines(line.trim(), language) {
        return None;
    }
    let text = line.trim().trim_end_matches(['{', '}', ':', ' ', '\t']);
    Some(text.to_owned())
}

fn defines(line: &str, language: Language) -> bool {
    if language.name() == "sql" {
        return line.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("create "));
    }
    let mut words = line.split_whitespace().skip_while(|word| is_modifier(word));
    let Some(first) = words.next() else { return false };
    // `impl<T>` and `func(` carry more than the word; what follows must be a name, not an operator.
    let (word, glued) = first.split_at(first.find(['<', '(']).unwrap_or(first.len()));
    if DEFINERS.contains(&word.trim_start_matches('(')) {
        return !glued.is_empty() || words.next().is_some_and(begins_name);
    }
    if first.starts_with('(') && DEFINERS.contains(&first.trim_start_matches('(')) {
        return true;
    }
    language.is_c_like() && is_c_function(line)
}

fn is_modifier(word: &str) -> bool {
    let (name, _) = word.split_at(word.find('(').unwrap_or(word.len()));
    MODIFIERS.contains(&name) || word == "\"C\"" || word == "(crate)"
}

fn begins_name(word: &str) -> bool {
    word.chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '(' | '<' | '*' | '\''))
}

/// `static int main(int argc, char **argv) {` or the same with the brace on the next line.
fn is_c_function(line: &str) -> bool {
    let Some((before, _)) = line.split_once('(') else { return false };
    let opens = line.ends_with('{') || (line.ends_with(')') && !line.contains(';'));
    let words: Vec<&str> = before.split_whitespace().collect();
    let Some(name) = words.last() else { return false };
    opens
        && !before.contains(['=', '"', '.', ';', '#', '/'])
        && !STATEMENTS.contains(&words[0])
        && begins_name(name.trim_start_matches(['*', '&', '~']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_told_from_other_lines() {
        let cases = [
            (
                "rust",
                "pub(crate) async fn run(x: u8) -> u8 {",
                Some("pub(crate) async fn run(x: u8) -> u8"),
            ),
            ("rust", "impl<T> Foo for Bar<T> {", Some("impl<T> Foo for Bar<T>")),
            ("rust", "let x = fn_name(1);", None),
            ("rust", "type = 3", None),
            ("python", "class Foo(Base):", Some("class Foo(Base)")),
            ("python", "    async def go(self):", Some("async def go(self)")),
            ("python", "x = 1", None),
            ("go", "func (s *Server) Run() error {", Some("func (s *Server) Run() error")),
            (
                "c",
                "static int main(int argc, char **argv) {",
                Some("static int main(int argc, char **argv)"),
            ),
            ("c", "if (x) {", None),
            ("c", "call(x);", None),
            ("c", "#define F(x) {", None),
            (
                "java",
                "public static void main(String[] args) {",
                Some("public static void main(String[] args)"),
            ),
            ("sql", "CREATE TABLE users (", Some("CREATE TABLE users (")),
            ("yaml", "type: object", None),
            ("shell", "deploy() {", Some("deploy()")),
        ];
        for (name, line, expected) in cases {
            let language = Language::by_name(name).unwrap();
            assert_eq!(signature(line, language).as_deref(), expected, "{name}: {line}");
        }
    }
}
