//! What starts an API server, and with which flags.

use super::flag::Flag;
use super::mounted::Mounted;
use super::{kubeadm, pod, rancher, unit};
use crate::manifest::{Object, documents};

/// The API server's program.
pub(super) const SERVER: &str = "kube-apiserver";
/// The program of its store.
pub(super) const ETCD: &str = "etcd";

/// What a file with flags is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// A pod, as kubeadm and RKE2 write it for the kubelet, or as the API server mirrors it.
    Pod,
    /// A ClusterConfiguration of kubeadm.
    Kubeadm,
    /// `config.yaml` of k3s or RKE2, which start the API server themselves.
    Rancher,
    /// A systemd unit that starts kube-apiserver.
    Unit,
    /// A systemd unit that starts k3s or RKE2.
    RancherUnit,
}

/// The flags of one API server, or of one etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    /// What they were read from.
    pub launcher: Launcher,
    /// Where it runs: `master-1`, where a mirror pod says so.
    pub node: Option<String>,
    /// Its flags, in the order they are written.
    pub given: Vec<Flag>,
    /// Flags of k3s or RKE2 themselves.
    pub server: Vec<Flag>,
    /// Whether some come from a variable: what is not seen may be in there.
    pub has_variables: bool,
    /// Folders and files that it sees of its machine; none where it runs in no container.
    pub mounts: Option<Vec<String>>,
    /// What its encryption configuration is a key of, where a volume shows one of the cluster's own objects as the file.
    pub mounted: Option<Mounted>,
    /// The folder with which kubeadm patches the pods that it writes. What is in it is not seen.
    pub patches: Option<String>,
}

/// Why no flags could be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagsError {
    /// The file is something else.
    #[error(
        "nothing here starts a kube-apiserver: a static pod, a kubeadm ClusterConfiguration, the config.yaml of k3s or RKE2, or a systemd unit does"
    )]
    NotALauncher,
    /// The same, of one that was given for etcd.
    #[error("nothing here starts etcd: a static pod or a systemd unit does")]
    NotAnEtcd,
    /// The file is not the YAML it seems to be.
    #[error("not valid YAML: {0}")]
    Syntax(String),
}

impl Flags {
    /// Of a launcher, and nothing given yet.
    pub(super) fn of(launcher: Launcher) -> Self {
        Self {
            launcher,
            node: None,
            given: Vec::new(),
            server: Vec::new(),
            has_variables: false,
            mounts: None,
            mounted: None,
            patches: None,
        }
    }

    /// Reads what a file starts: one API server for each pod or configuration in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(text: &str) -> Result<Vec<Self>, FlagsError> {
        if unit::is(text) {
            return unit::read(text).map(|flags| vec![flags]).ok_or(FlagsError::NotALauncher);
        }
        let (mut found, mut patches) = (Vec::new(), None);
        for document in documents(text) {
            let tree = document.map_err(|error| FlagsError::Syntax(error.to_string()))?;
            let objects = Object::all(&tree);
            found.extend(
                objects.iter().filter_map(|object| pod::read(object, SERVER).or_else(|| kubeadm::read(object))),
            );
            if objects.is_empty() {
                found.extend(tree.root().and_then(rancher::read));
            }
            patches = objects.iter().find_map(kubeadm::patches).or(patches);
        }
        for flags in found.iter_mut().filter(|flags| flags.launcher == Launcher::Kubeadm) {
            flags.patches.clone_from(&patches);
        }
        if found.is_empty() { Err(FlagsError::NotALauncher) } else { Ok(found) }
    }

    /// Reads with which flags and variables a file starts etcd.
    ///
    /// # Errors
    /// When it starts none.
    pub fn read_etcd(text: &str) -> Result<Vec<Self>, FlagsError> {
        if unit::is(text) {
            return unit::read_etcd(text).map(|flags| vec![flags]).ok_or(FlagsError::NotAnEtcd);
        }
        let mut found = Vec::new();
        for document in documents(text) {
            let tree = document.map_err(|error| FlagsError::Syntax(error.to_string()))?;
            for object in Object::all(&tree) {
                let Some(mut flags) = pod::read(&object, ETCD) else { continue };
                let (variables, hidden) = pod::environment(&object);
                flags.given.splice(..0, variables);
                flags.has_variables |= hidden;
                found.push(flags);
            }
        }
        if found.is_empty() { Err(FlagsError::NotAnEtcd) } else { Ok(found) }
    }

    /// Whether it sees a file of its machine; a file that is not named by its whole path is not looked for.
    #[must_use]
    pub fn sees(&self, file: &str) -> bool {
        let is_in = |mount: &String| {
            let mount = mount.trim_end_matches('/');
            file.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !file.starts_with('/') || self.mounts.as_ref().is_none_or(|mounts| mounts.iter().any(is_in))
    }

    /// The flag of that name that counts: the last one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Flag> {
        last(&self.given, name)
    }

    /// The same of k3s or RKE2 themselves.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<&Flag> {
        last(&self.server, name)
    }
}

fn last<'a>(flags: &'a [Flag], name: &str) -> Option<&'a Flag> {
    flags.iter().rfind(|flag| flag.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let all = Flags::read(text).unwrap();
        all.iter()
            .map(|flags| {
                let given = flags.given.iter().chain(&flags.server);
                let words = given.map(|flag| {
                    assert!(text.is_char_boundary(flag.place.start) && flag.place.end <= text.len());
                    format!("{}={}", flag.name, flag.value.as_deref().unwrap_or("-"))
                });
                format!("{:?} {}", flags.launcher, words.collect::<Vec<_>>().join(" "))
            })
            .collect()
    }

    #[test]
    fn static_pods_have_flags_in_command_or_args() {
        let pod = |fields: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: x\n    image: y\n{fields}"
            )
        };
        assert_eq!(shown(&pod("    command: [kube-apiserver, --a=1, --b, '2']\n")), ["Pod a=1 b=2"]);
        assert_eq!(shown(&pod("    command: [kube-apiserver]\n    args: [--a=1]\n")), ["Pod a=1"]);
        assert_eq!(shown(&pod("    command: [/usr/bin/kube-apiserver]\n    args: [--a=1]\n")), ["Pod a=1"]);
        assert_eq!(
            shown(&pod("    command: [/bin/sh, -c, 'exec kube-apiserver --a=1 --b=2 1>>/var/log/x 2>&1']\n")),
            ["Pod a=1 b=2"]
        );
        assert_eq!(Flags::read(&pod("    command: [kube-scheduler, --a=1]\n")), Err(FlagsError::NotALauncher));
    }

    #[test]
    fn kubeadm_has_a_mapping_or_a_list() {
        let config = |args: &str| {
            format!("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs: {args}\n")
        };
        assert_eq!(shown(&config("{a: '1', b: x=y}")), ["Kubeadm a=1 b=x=y"]);
        assert_eq!(shown(&config("[{name: a, value: '1'}]")), ["Kubeadm a=1"]);
    }

    #[test]
    fn kubeadm_reaches_an_etcd_of_somebody_else() {
        let config = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\netcd:\n  external:\n    endpoints: [http://a:2379, http://b:2379]\n    caFile: /ca\n";
        assert_eq!(shown(config), ["Kubeadm etcd-servers=http://a:2379,http://b:2379 etcd-cafile=/ca"]);
    }

    #[test]
    fn patches_of_kubeadm_are_not_seen() {
        let cluster = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
        let init = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\npatches: {directory: /p}\n";
        for text in [format!("{cluster}---\n{init}"), format!("{init}---\n{cluster}")] {
            let flags = &Flags::read(&text).unwrap()[0];
            assert_eq!((flags.patches.as_deref(), flags.has_variables), (Some("/p"), false));
        }
    }

    #[test]
    fn a_file_is_seen_through_a_mount() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: x\n    command: [kube-apiserver]\n    volumeMounts: [{name: a, mountPath: /etc/enc/}, {name: b, mountPath: /one.yaml}]\n";
        let flags = &Flags::read(pod).unwrap()[0];
        for (file, expected) in [
            ("/etc/enc/a.yaml", true),
            ("/one.yaml", true),
            ("/etc/encoded.yaml", false),
            ("/two.yaml", false),
            ("a", true),
        ] {
            assert_eq!(flags.sees(file), expected, "{file}");
        }
        let config = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraVolumes: [{name: a, hostPath: /h, mountPath: /enc}]\n";
        let flags = &Flags::read(config).unwrap()[0];
        assert!(flags.sees("/enc/a.yaml") && flags.sees("/etc/kubernetes/pki/a.yaml") && !flags.sees("/h/a.yaml"));
        let unit = &Flags::read("[Service]\nExecStart=/usr/local/bin/kube-apiserver --a=1\n").unwrap()[0];
        assert!(unit.sees("/anything"));
    }

    #[test]
    fn k3s_and_rke2_pass_arguments_on() {
        let config = "token: t\nsecrets-encryption: true\nkube-apiserver-arg:\n- a=1\n- --b=2\n";
        assert_eq!(shown(config), ["Rancher a=1 b=2 token=t secrets-encryption=true"]);
        assert_eq!(shown("kube-apiserver-arg: a=1\n"), ["Rancher a=1"]);
        assert_eq!(shown("tls-san: a\ncni: [calico]\n"), ["Rancher tls-san=a cni=-"]);
        assert_eq!(Flags::read("a: 1\n"), Err(FlagsError::NotALauncher));
    }

    #[test]
    fn units_continue_their_lines() {
        let unit = "[Service]\nEnvironment=A=b\nExecStartPre=/bin/true --no\nExecStart=/usr/local/bin/kube-apiserver \\\n  --a=1 \\\n  '--b=2'\nRestart=always\n";
        assert_eq!(shown(unit), ["Unit a=1 b=2"]);
        let k3s = "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--secrets-encryption' \\\n\t'--kube-apiserver-arg=a=1' \\\n\t'--kube-apiserver-arg' 'b=2'\n";
        assert_eq!(
            shown(k3s),
            ["RancherUnit a=1 b=2 secrets-encryption=- kube-apiserver-arg=a=1 kube-apiserver-arg=b=2"]
        );
        assert_eq!(Flags::read("[Service]\nExecStart=/usr/bin/k3s agent\n"), Err(FlagsError::NotALauncher));
    }

    #[test]
    fn units_may_start_it_by_a_shell() {
        for command in [
            "/bin/sh -c \"exec /usr/bin/kube-apiserver --a=1 --b=2 >>/var/log/x 2>&1\"",
            "/usr/bin/env bash -ec 'source /etc/x; exec kube-apiserver --a=1 --b=2; exit 1'",
            "-/bin/sh -c 'kube-apiserver \\\n  --a=1 \\\n  --b=2'",
            "-/usr/bin/kube-apiserver --a=1 --b=2",
            "+:/usr/bin/kube-apiserver --a=1 --b=2",
        ] {
            let unit = format!("[Service]\nExecStart={command}\nRestart=always\n");
            assert_eq!(shown(&unit), ["Unit a=1 b=2"], "{unit}");
            let flags = &Flags::read(&unit).unwrap()[0];
            assert_eq!(&unit[flags.given[1].place.clone()], "--b=2", "{unit}");
        }
        let k3s = "[Service]\nExecStart=/bin/sh -c 'exec /usr/local/bin/k3s server $EXTRA --secrets-encryption'\n";
        assert_eq!(shown(k3s), ["RancherUnit secrets-encryption=-"]);
        assert!(Flags::read(k3s).unwrap()[0].has_variables);
        assert!(Flags::read("[Service]\nExecStart=/bin/sh -c 'echo kube-apiserver-x'\n").is_err());
    }

    #[test]
    fn the_last_of_two_counts() {
        let flags = &Flags::read("kube-apiserver-arg: [a=1, a=2]\n").unwrap()[0];
        assert_eq!(flags.get("a").unwrap().value.as_deref(), Some("2"));
    }
}
