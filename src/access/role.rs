//! Roles and what they suffice for.

use std::fmt;
use std::str::FromStr;

/// What a user is to the appliance. `docs/security.md` holds the table of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Admin,
    /// Sees all, tests connections, edits tags, groups and dashboards, acknowledges.
    Operator,
    /// Sees, but not the whole audit log.
    Viewer,
    /// A viewer who also sees the whole audit log and the reports.
    Auditor,
}

/// The least that may call something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Anybody, signed in or not.
    Public,
    /// A collector, with its own token.
    Collector,
    /// Every signed-in user.
    Viewer,
    /// Operators and administrators.
    Operator,
    /// Auditors and administrators.
    Auditor,
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Admin, Self::Operator, Self::Viewer, Self::Auditor];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
        }
    }

    /// Whether a user of this role may do what needs `need`. A collector's calls are no user's, not even an
    /// administrator's.
    pub const fn meets(self, need: Need) -> bool {
        match need {
            Need::Public | Need::Viewer => true,
            Need::Collector => false,
            Need::Operator => matches!(self, Self::Operator | Self::Admin),
            Need::Auditor => matches!(self, Self::Auditor | Self::Admin),
            Need::Admin => matches!(self, Self::Admin),
        }
    }

    /// Whether this role may do all that `other` may.
    pub fn covers(self, other: Self) -> bool {
        self == other || self == Self::Admin || other == Self::Viewer
    }

    /// The most that both roles may do.
    pub fn common_with(self, other: Self) -> Self {
        if self.covers(other) {
            other
        } else if other.covers(self) {
            self
        } else {
            Self::Viewer
        }
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a role is one of admin, operator, viewer, auditor")]
pub struct NotARole;

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NotARole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Need {
    /// The role to ask an administrator for, as refusals name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Collector => "collector",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_meets_exactly_what_the_table_of_rights_says() {
        let needs = [Need::Public, Need::Collector, Need::Viewer, Need::Operator, Need::Auditor, Need::Admin];
        let met = |role: Role| needs.map(|need| role.meets(need));
        assert_eq!(met(Role::Admin), [true, false, true, true, true, true]);
        assert_eq!(met(Role::Operator), [true, false, true, true, false, false]);
        assert_eq!(met(Role::Auditor), [true, false, true, false, true, false]);
        assert_eq!(met(Role::Viewer), [true, false, true, false, false, false]);
    }

    #[test]
    fn what_two_roles_share_is_never_more_than_either() {
        for one in Role::ALL {
            for other in Role::ALL {
                let shared = one.common_with(other);
                assert!(one.covers(shared) && other.covers(shared), "{one} and {other} share {shared}");
            }
        }
        assert_eq!(Role::Operator.common_with(Role::Auditor), Role::Viewer);
        assert_eq!(Role::Admin.common_with(Role::Auditor), Role::Auditor);
    }

    #[test]
    fn a_role_reads_back_and_nothing_else_does() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert_eq!("Admin".parse::<Role>(), Err(NotARole));
    }
}
