//! Roles and what they suffice for.

use crate::names::named;

named!(
    /// What a user is to the appliance. `docs/security.md` holds the table of rights.
    Role, "a role", {
    /// Everything.
    Admin = "admin",
    /// Sees all, tests connections, edits tags, groups and dashboards, acknowledges.
    Operator = "operator",
    /// Sees, but not the whole audit log.
    Viewer = "viewer",
    /// A viewer who also sees the whole audit log and the reports.
    Auditor = "auditor",
});

named!(
    /// The least that may call something. The text is the role to ask an administrator for.
    Need, "a need", {
    /// Anybody, signed in or not.
    Public = "public",
    /// A program on the daemon's own machine, or every signed-in user.
    Local = "local",
    /// A collector, with its own token.
    Collector = "collector",
    /// Every signed-in user.
    Viewer = "viewer",
    /// Operators and administrators.
    Operator = "operator",
    /// Auditors and administrators.
    Auditor = "auditor",
    Admin = "admin",
});

impl Role {
    /// Whether a user of this role may do what needs `need`. A collector's calls are no user's, not even an
    /// administrator's.
    pub const fn meets(self, need: Need) -> bool {
        match need {
            Need::Public | Need::Local | Need::Viewer => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_meets_exactly_what_the_table_of_rights_says() {
        let met = |role: Role| Need::ALL.iter().map(|need| role.meets(*need)).collect::<Vec<_>>();
        assert_eq!(met(Role::Admin), [true, true, false, true, true, true, true]);
        assert_eq!(met(Role::Operator), [true, true, false, true, true, false, false]);
        assert_eq!(met(Role::Auditor), [true, true, false, true, false, true, false]);
        assert_eq!(met(Role::Viewer), [true, true, false, true, false, false, false]);
    }

    #[test]
    fn what_two_roles_share_is_never_more_than_either() {
        for one in Role::ALL.iter().copied() {
            for other in Role::ALL.iter().copied() {
                let shared = one.common_with(other);
                assert!(one.covers(shared) && other.covers(shared), "{one} and {other} share {shared}");
            }
        }
        assert_eq!(Role::Operator.common_with(Role::Auditor), Role::Viewer);
        assert_eq!(Role::Admin.common_with(Role::Auditor), Role::Auditor);
    }
}
