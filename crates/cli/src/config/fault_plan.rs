//! The fault plan of crash tests: `FAULT_AT` and `FAULT_KIND`.

use crate::config::environment::Environment;
use crate::config::mistake::{Mistake, Mistakes};
use crate::config::origin::Origin;
use fault::{Kind, Plan};

const AT: &str = "FAULT_AT";
const KIND: &str = "FAULT_KIND";

/// The plan to arm, where fault points are compiled in. A shipped binary ignores both variables: their names
/// may be another program's.
pub(crate) fn fault_plan(environment: &Environment) -> Result<Option<Plan>, Mistakes> {
    if fault::COMPILED_IN { parse(environment) } else { Ok(None) }
}

fn parse(environment: &Environment) -> Result<Option<Plan>, Mistakes> {
    let (at, kind) = match (environment.get(AT), environment.get(KIND)) {
        (None, None) => return Ok(None),
        (Some(at), Some(kind)) => (at, kind),
        (Some(_), None) => return Err(mistake(KIND, "", KIND_EXPECTED)),
        (None, Some(_)) => return Err(mistake(AT, "", AT_EXPECTED)),
    };
    let number =
        at.parse().ok().filter(|at| *at > 0).ok_or_else(|| mistake(AT, at, AT_EXPECTED))?;
    let kind = match kind {
        "kill" => Kind::Kill,
        "error" => Kind::Error,
        "disk_full" => Kind::DiskFull,
        _ => return Err(mistake(KIND, kind, KIND_EXPECTED)),
    };
    Ok(Some(Plan { at: number, kind }))
}

const AT_EXPECTED: &str = "expected the number of a fault point, from 1";
const KIND_EXPECTED: &str = "expected kill, error or disk_full";

fn mistake(variable: &str, value: &str, expected: &str) -> Mistakes {
    Mistakes(vec![Mistake {
        key: variable.to_owned(),
        value: (!value.is_empty()).then(|| value.to_owned()),
        message: expected.to_owned(),
        origin: Origin::Environment(variable.to_owned()),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variables_make_a_plan() {
        for (at, kind, expected) in [
            ("3", "kill", Some(Plan { at: 3, kind: Kind::Kill })),
            ("1", "error", Some(Plan { at: 1, kind: Kind::Error })),
            ("1", "disk_full", Some(Plan { at: 1, kind: Kind::DiskFull })),
            ("", "", None),
        ] {
            let environment = Environment::of([(AT, at), (KIND, kind)]);
            assert_eq!(parse(&environment).unwrap(), expected, "{at} {kind}");
        }
        for (at, kind) in [("0", "kill"), ("x", "kill"), ("1", "crash"), ("1", ""), ("", "kill")] {
            assert!(parse(&Environment::of([(AT, at), (KIND, kind)])).is_err(), "{at} {kind}");
        }
    }

    #[test]
    fn a_shipped_binary_has_no_plan() {
        let environment = Environment::of([(AT, "1"), (KIND, "error")]);
        assert_eq!(fault_plan(&environment).unwrap().is_some(), fault::COMPILED_IN);
    }
}
