//! How rules are declared: each once, with all that is said of it.

/// Declares an enum of rules: variant, id, title, severity, pages, what it is, what to do. In the order of ids.
macro_rules! rules {
    (
        $(#[$about:meta])* $name:ident;
        $(
            $(#[$doc:meta])* $variant:ident, $id:literal, $title:literal, $severity:ident, [$($page:expr),+],
            $description:literal,
            $remediation:literal;
        )*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every rule, in the order of ids.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What it says of itself.
            #[must_use]
            pub fn rule(self) -> $crate::model::Rule {
                let (id, title, description, pages): (_, _, _, &[&'static str]) = match self {
                    $(Self::$variant => ($id, $title, $description, &[$($page),+]),)*
                };
                $crate::model::Rule {
                    id: $crate::model::RuleId::new(id),
                    title: title.into(),
                    class: $crate::model::Class::AtRest,
                    severity: self.severity(),
                    confidence: $crate::model::Confidence::High,
                    description: description.into(),
                    remediation: self.remediation().into(),
                    references: pages.iter().map(|page| (*page).into()).collect(),
                }
            }

            /// Its severity before the place is weighed.
            #[must_use]
            pub const fn severity(self) -> $crate::model::Severity {
                match self { $(Self::$variant => $crate::model::Severity::$severity,)* }
            }

            /// What to do.
            #[must_use]
            pub const fn remediation(self) -> &'static str {
                match self { $(Self::$variant => $remediation,)* }
            }
        }
    };
}

pub(super) use rules;
