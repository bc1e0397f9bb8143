//! What one worker gathers of rights and of their use, object by object.

use super::binding::Binding;
use super::role::Role;
use super::usage::Usage;
use crate::manifest::Object;
use crate::model::Location;

/// Roles, bindings and references to Secrets, owned, to be put together with those of other workers. The order in
/// which objects come and workers are merged makes no difference to what is made of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    usage: Usage,
}

impl Facts {
    /// Takes in an object. `locate` says where it is, and is asked only for roles and bindings.
    pub fn observe(&mut self, object: &Object<'_>, locate: impl FnOnce() -> Location) {
        match object.kind {
            "Role" | "ClusterRole" => self.roles.extend(Role::read(object, locate)),
            "RoleBinding" | "ClusterRoleBinding" => self.bindings.extend(Binding::read(object, locate)),
            _ => self.usage.observe(object),
        }
    }

    /// Adds what another worker gathered.
    pub fn merge(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
        self.usage.merge(other.usage);
    }

    /// Whether there is nothing to judge: rights come from bindings alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    /// Roles and bindings, sorted and each once, and the use of Secrets.
    pub(super) fn into_parts(mut self) -> (Vec<Role>, Vec<Binding>, Usage) {
        self.roles.sort();
        self.roles.dedup();
        self.bindings.sort();
        self.bindings.dedup();
        (self.roles, self.bindings, self.usage)
    }
}
