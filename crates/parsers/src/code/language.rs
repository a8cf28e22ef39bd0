//! The programming and configuration languages that are known by their file endings.

/// A language of `LANGUAGES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(&'static str);

/// Name, endings in lower case.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("rust", &["rs"]),
    ("python", &["py", "pyi", "pyw"]),
    ("javascript", &["js", "mjs", "cjs", "jsx"]),
    ("typescript", &["ts", "tsx", "mts", "cts"]),
    ("java", &["java"]),
    ("kotlin", &["kt", "kts"]),
    ("scala", &["scala", "sc"]),
    ("groovy", &["groovy", "gradle"]),
    ("c", &["c", "h"]),
    ("cpp", &["cc", "cpp", "cxx", "hpp", "hh", "hxx", "inl", "cu", "cuh"]),
    ("csharp", &["cs"]),
    ("fsharp", &["fs", "fsx"]),
    ("objective-c", &["m", "mm"]),
    ("go", &["go"]),
    ("swift", &["swift"]),
    ("dart", &["dart"]),
    ("zig", &["zig"]),
    ("d", &["d"]),
    ("nim", &["nim"]),
    ("php", &["php"]),
    ("ruby", &["rb", "rake"]),
    ("perl", &["pl", "pm"]),
    ("lua", &["lua"]),
    ("r", &["r"]),
    ("julia", &["jl"]),
    ("haskell", &["hs"]),
    ("ocaml", &["ml", "mli"]),
    ("elixir", &["ex", "exs"]),
    ("erlang", &["erl", "hrl"]),
    ("clojure", &["clj", "cljs", "cljc", "edn"]),
    ("lisp", &["lisp", "el", "scm", "rkt"]),
    ("shell", &["sh", "bash", "zsh", "fish"]),
    ("powershell", &["ps1", "psm1"]),
    ("batch", &["bat", "cmd"]),
    ("sql", &["sql"]),
    ("fortran", &["f90", "f95", "f03", "for"]),
    ("pascal", &["pas", "pp"]),
    ("assembler", &["asm", "s"]),
    ("verilog", &["v", "sv", "vh"]),
    ("vhdl", &["vhd", "vhdl"]),
    ("solidity", &["sol"]),
    ("protobuf", &["proto"]),
    ("graphql", &["graphql", "gql"]),
    ("css", &["css", "scss", "sass", "less"]),
    ("vue", &["vue", "svelte"]),
    ("xml", &["xml", "xsd", "xsl", "xslt", "svg", "plist"]),
    ("yaml", &["yaml", "yml"]),
    ("toml", &["toml"]),
    ("ini", &["ini", "cfg", "conf", "properties", "env"]),
    ("make", &["mk", "cmake"]),
    ("nix", &["nix"]),
    ("terraform", &["tf", "hcl"]),
    ("diff", &["diff", "patch"]),
];

/// Whole file names in lower case.
const FILE_NAMES: &[(&str, &str)] = &[
    ("makefile", "make"),
    ("gnumakefile", "make"),
    ("cmakelists.txt", "make"),
    ("dockerfile", "shell"),
    ("containerfile", "shell"),
    ("jenkinsfile", "groovy"),
    ("gemfile", "ruby"),
    ("rakefile", "ruby"),
];

impl Language {
    pub fn name(&self) -> &'static str {
        self.0
    }

    pub fn by_name(name: &str) -> Option<Self> {
        LANGUAGES.iter().find(|(own, _)| *own == name).map(|(own, _)| Self(own))
    }

    /// By a file's ending, in lower case and without the dot.
    pub fn by_ending(ending: &str) -> Option<Self> {
        LANGUAGES.iter().find(|(_, endings)| endings.contains(&ending)).map(|(own, _)| Self(own))
    }

    /// By a whole file name in lower case, such as `makefile`.
    pub fn by_file_name(name: &str) -> Option<Self> {
        let (_, language) = FILE_NAMES.iter().find(|(own, _)| *own == name)?;
        Some(Self(language))
    }

    /// Blocks of these have no signatures worth a heading.
    pub(crate) fn is_data(self) -> bool {
        matches!(self.0, "xml" | "yaml" | "toml" | "ini" | "css" | "make" | "diff" | "batch")
    }

    /// A function is `type name(arguments) {`, without a keyword.
    pub(crate) fn is_c_like(self) -> bool {
        matches!(
            self.0,
            "c" | "cpp"
                | "java"
                | "csharp"
                | "objective-c"
                | "dart"
                | "groovy"
                | "d"
                | "javascript"
                | "typescript"
                | "shell"
        )
    }
}
